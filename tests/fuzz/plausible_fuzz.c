/*
 * Any bytes as a request of Plausible's tracker. Adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/plausible.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_options options = {
		.plausible = {.anonymous_id = "a", .user_id = "u", .analytics = "c", .profile = "p"}};
	return source_fuzz_tracker(data, size, "/api/event", "none", plausible_read, &options);
}

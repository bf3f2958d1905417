/*
 * Any bytes as a request of Brevo's webhooks. Scheme, adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/brevo.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_options options = {.page_ping_ms = 10000};
	static const char *const headers[] = {"Authorization", NULL};
	return source_fuzz_hook(data, size, "brevo", hook_password, brevo_read, &options, headers);
}

/*
 * Any bytes as a request of Dynamics 365's webhooks. Scheme, adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/dynamics.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const won[] = {"closedwon", "Closed Won"}, *const fields[] = {"phased_profile",
											 "new_profile"};
	static const struct source_options options = {.crm = {.won_stages = won,
							      .won_stages_count = 2,
							      .profile_fields = fields,
							      .profile_fields_count = 2}};
	static const char *const headers[] = {"Authorization", "X-Phased-Secret", NULL};
	return source_fuzz_hook(data, size, "dynamics", dynamics_scheme, dynamics_read, &options, headers);
}

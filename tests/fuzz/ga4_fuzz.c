/*
 * Any bytes as a request by the Measurement Protocol. Adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/ga4.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct form forms[] = {{.id = "f", .field = {[FORM_EMAIL] = "email", [FORM_PROFILE] = "p"}}};
	static const struct source_options options = {.forms = {.count = 1, .forms = forms},
						      .ga4 = {.analytics = "analytics_storage", .profile = "p"}};
	return source_fuzz_tracker(data, size, ga4_paths[0], "measurement_id", ga4_read, &options);
}

/*
 * Any bytes as a request of PostHog's clients: JSON, a form with JSON, base64 or what is packed in it, and in its last line when it
 * was sent. An odd number of them is about a person. Adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/posthog.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const extensions[] = {"pdf"};
	static const char *const analytics[] = {"analytics"}, *const profiles[] = {"profiling"};
	static const struct source_options options = {.download_extensions = extensions,
						      .download_extensions_count = 1,
						      .segment = {.analytics_scopes = analytics,
								  .analytics_scopes_count = 1,
								  .profile_scopes = profiles,
								  .profile_scopes_count = 1}};
	return source_fuzz_tracker(data, size, size % 2 == 1 ? "/engage/" : "/e/", "_", posthog_read, &options);
}

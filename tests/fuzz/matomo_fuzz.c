/*
 * Any bytes as a request of Matomo's trackers: a form or a bulk, and in its last line whose browser it was. Adapter, screen, encoder
 * (source_fuzz.h).
 */
#include "collector/source/matomo.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const extensions[] = {"pdf"};
	static const struct source_options options = {.download_extensions = extensions,
						      .download_extensions_count = 1};
	return source_fuzz_tracker(data, size, "/matomo.php", "ua", matomo_read, &options);
}

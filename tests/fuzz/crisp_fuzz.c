/*
 * Any bytes as a request of Crisp's webhooks. Scheme, adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/crisp.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_options options = {.page_ping_ms = 10000};
	static const char *const headers[] = {"X-Crisp-Signature", "X-Crisp-Request-Timestamp", NULL};
	return source_fuzz_hook(data, size, "crisp", crisp_scheme, crisp_read, &options, headers);
}

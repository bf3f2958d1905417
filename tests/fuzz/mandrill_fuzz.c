/*
 * Any bytes as a request of Mandrill's webhooks. Scheme, adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/mandrill.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_options options = {.page_ping_ms = 10000};
	static const char *const headers[] = {"X-Mandrill-Signature", NULL};
	return source_fuzz_hook(data, size, "mandrill", mandrill_scheme, mandrill_read, &options, headers);
}

/*
 * Any bytes as a request of Chatwoot's webhooks. Scheme, adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/chatwoot.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_options options = {.page_ping_ms = 10000};
	static const char *const headers[] = {"X-Chatwoot-Signature", "X-Chatwoot-Timestamp", NULL};
	return source_fuzz_hook(data, size, "chatwoot", chatwoot_scheme, chatwoot_read, &options, headers);
}

/*
 * Any bytes as a request of Zendesk's webhooks. Scheme, adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/zendesk.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_options options = {.page_ping_ms = 10000};
	static const char *const headers[] = {"X-Zendesk-Webhook-Signature",
					      "X-Zendesk-Webhook-Signature-Timestamp", NULL};
	return source_fuzz_hook(data, size, "zendesk", zendesk_scheme, zendesk_read, &options, headers);
}

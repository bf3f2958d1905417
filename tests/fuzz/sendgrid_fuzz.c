/*
 * Any bytes as a request of SendGrid's webhooks. Scheme, adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/sendgrid.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_options options = {.page_ping_ms = 10000};
	static const char *const headers[] = {"X-Twilio-Email-Event-Webhook-Signature",
					      "X-Twilio-Email-Event-Webhook-Timestamp", NULL};
	return source_fuzz_hook(data, size, "sendgrid", sendgrid_scheme, sendgrid_read, &options, headers);
}

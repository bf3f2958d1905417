/*
 * Any bytes as a request of Amazon's notifications. Scheme, adapter, screen, encoder (source_fuzz.h); and what it may make the
 * log say, or ask of whoever reads it.
 */
#include "collector/source/ses.h"
#include "collector/source/sns.h"
#include "tests/fuzz/source_fuzz.h"

static void is_fit_to_show(const char *text)
{
	CHECK(text != NULL && strlen(text) < 400 && text_is_utf8(text, strlen(text)));
	CHECK(!text_has_controls(text, strlen(text)) && !text_has_address(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_options options = {.page_ping_ms = 10000};
	static const char *const headers[] = {"X-Amz-Sns-Message-Id", NULL};
	static struct arena arena;
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)64 << 20));
	arena_reset(&arena, (size_t)1 << 20);
	struct source_request request = {.body = (const char *)data, .body_size = size, .proof = HOOK_UNKNOWN};
	struct sns_message message;
	struct source_items items;
	is_fit_to_show(sns_detail(&request, &arena));
	request.proof = HOOK_FOREIGN;
	is_fit_to_show(sns_detail(&request, &arena));
	if (sns_open(&request, &arena, &message, &items) && items.notice != NULL) {
		is_fit_to_show(items.notice->about);
	}
	return source_fuzz_hook(data, size, "ses", sns_scheme, ses_read, &options, headers);
}

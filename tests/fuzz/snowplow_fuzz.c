/*
 * Any bytes as a request of a Snowplow tracker: body, adapter, visitor, screen, encoder. The first byte says how they came: as
 * a body, or as a query, with which headers and consents; and whether they are the User-Agent and the cookies too. Beyond not crashing: a refusal names its reason in showable text, and what
 * is sent is an event that the daemon takes as it is, with no address in it but where it may be.
 */
#include <string.h>

#include "collector/source/snowplow.h"
#include "collector/visitor.h"
#include "tests/fuzz/source_fuzz.h"

#define PAIRS_MAX 64

enum flag { FLAG_QUERY = 1, FLAG_ANONYMOUS = 2, FLAG_HEAD = 4, FLAG_REQUIRE = 8, FLAG_HEADERS = 16 };

static const struct form forms[] = {
	{.id = "demo-request",
	 .field = {[FORM_EMAIL] = "email",
		   [FORM_NAME] = "name",
		   [FORM_TITLE] = "title",
		   [FORM_ROLE] = "role",
		   [FORM_COMPANY] = "company",
		   [FORM_PROFILE] = "consent_profile",
		   [FORM_CONTACT] = "consent_contact"}},
};
static const char *const extensions[] = {"pdf"};
static const struct source_options source = {.forms = {.count = 1, .forms = forms},
					     .download_extensions = extensions,
					     .download_extensions_count = 1,
					     .page_ping_ms = 10000};
static const struct identity_key key = {.bytes = "0123456789abcdef0123456789abcdef", .size = 32};

static size_t split(char *query, struct source_pair *ret_pairs)
{
	size_t count = 0;
	for (char *at = query; at != NULL && count < PAIRS_MAX; count++) {
		char *next = strchr(at, '&');
		if (next != NULL) {
			*next++ = '\0';
		}
		char *value = strchr(at, '=');
		if (value != NULL) {
			*value++ = '\0';
		}
		ret_pairs[count] = (struct source_pair){at, value != NULL ? value : ""};
		at = next;
	}
	return count;
}

/* A public tracker verifies nobody. */
static void check_item(struct source_item *item, int flags, struct arena *arena)
{
	CHECK(item->event == NULL || !item->event->identity.verified);
	source_fuzz_item(item, flags & FLAG_REQUIRE, arena);
}

/* Each cookie that is set is one header, with an id that is one. */
static void check_visitor(const struct source_request *request, const char *cookies, struct source_items *items,
			  struct arena *arena)
{
	static const char *const domains[] = {"acme.test"};
	const struct visitor_options options = {
		.name = "sp", .days = 365, .domains = domains, .domains_count = 1, .is_secure = true, .key = &key};
	struct visitor visitor;
	struct visitor_cookies said;
	struct uuid id;
	if (!visitor_settle(&options, request, cookies, items, arena, &visitor)) {
		return;
	}
	visitor_cookies(&options, &visitor, cookies, &said);
	CHECK(visitor.what == VISITOR_SILENT || uuid_read(visitor.id, &id));
	CHECK(visitor.what == VISITOR_SILENT || request->header[SOURCE_SP_ANONYMOUS][0] == '\0');
	for (size_t i = 0; i < said.count; i++) {
		CHECK(strpbrk(said.lines[i], "\r\n@") == NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)64 << 20));
	arena_reset(&arena, (size_t)1 << 20);
	if (size == 0) {
		return 0;
	}
	int flags = data[0];
	char *text = arena_text(&arena, (const char *)data + 1, size - 1);
	const char *header = arena_text(&arena, text, strlen(text));
	struct source_pair pairs[PAIRS_MAX];
	struct source_request request = {
		.is_head = flags & FLAG_HEAD, .body = "", .received_us = SOURCE_FUZZ_NOW_US};
	for (size_t i = 0; i < SOURCE_HEADER_COUNT; i++) {
		request.header[i] = "";
	}
	request.header[SOURCE_SP_ANONYMOUS] = flags & FLAG_ANONYMOUS ? "*" : "";
	request.header[SOURCE_REFERER] = "https://acme.test/from?utm_source=x";
	if (flags & FLAG_QUERY) {
		request.arguments_count = split(text, pairs);
		request.arguments = pairs;
	} else {
		request.arguments = pairs;
		if (body_kind(text, size - 1, &request.body, &request.body_size) == BODY_FORM &&
		    body_form(request.body, request.body_size, PAIRS_MAX, &arena, pairs,
			      &request.arguments_count)) {
			request.body_size = 0;
		}
	}
	struct source_items items;
	if (snowplow_read(&request, &source, &arena, &items)) {
		CHECK(items.count <= SOURCE_EVENTS_MAX);
		check_visitor(&request, flags & FLAG_HEADERS ? header : "", &items, &arena);
		screen_machine(&request, flags & FLAG_HEADERS ? header : NULL, &(struct screen_options){0});
		for (size_t i = 0; i < items.count; i++) {
			check_item(&items.items[i], flags, &arena);
		}
	}
	return 0;
}

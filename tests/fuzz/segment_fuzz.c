/*
 * Any bytes as a request of Segment's, RudderStack's and Jitsu's trackers. The first byte says by which path they came, the
 * second with which options; the last line is the value of its headers too. Adapter, screen, encoder (source_fuzz.h).
 */
#include "collector/source/segment.h"
#include "tests/fuzz/source_fuzz.h"

enum flag { FLAG_REQUIRE = 1, FLAG_HEADERS = 2, FLAG_SITES = 4 };

static const struct form forms[] = {{.id = "demo-request",
				     .field = {[FORM_EMAIL] = "email",
					       [FORM_NAME] = "name",
					       [FORM_PROFILE] = "consent_profile",
					       [FORM_CONTACT] = "consent_contact"}}};
static const char *const extensions[] = {"pdf"};
static const char *const analytics[] = {"analytics"}, *const profiles[] = {"profiling"};
static const struct source_site sites[] = {{"WK1", "shop"}, {"k1", "app"}};

static const char *path_of(unsigned number)
{
	const char *const *const lists[] = {segment_paths, segment_pixel_paths, segment_jitsu_paths};
	for (;;) {
		for (size_t i = 0; i < COUNT_OF(lists); i++) {
			for (size_t j = 0; lists[i][j] != NULL; j++) {
				if (number-- == 0) {
					return lists[i][j];
				}
			}
		}
	}
}

static void check_items(struct source_items *items, int flags, struct arena *arena)
{
	CHECK(items->count <= SOURCE_EVENTS_MAX);
	for (size_t i = 0; i < items->count; i++) {
		const struct event *event = items->items[i].event;
		CHECK(event == NULL || (!event->identity.verified && event->id[0] != '\0'));
		CHECK(event == NULL || !(flags & FLAG_SITES) || event->site[0] != '\0');
		source_fuzz_item(&items->items[i], flags & FLAG_REQUIRE, arena);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)64 << 20));
	arena_reset(&arena, (size_t)1 << 20);
	if (size < 2) {
		return 0;
	}
	int flags = data[1];
	const struct source_options options = {.forms = {.count = 1, .forms = forms},
					       .download_extensions = extensions,
					       .download_extensions_count = 1,
					       .page_ping_ms = 10000,
					       .segment = {.sites = sites,
							   .sites_count = flags & FLAG_SITES ? COUNT_OF(sites) : 0,
							   .analytics_scopes = analytics,
							   .analytics_scopes_count = 1,
							   .profile_scopes = profiles,
							   .profile_scopes_count = 1}};
	char *body = malloc(size - 1); /* ends where the bytes end */
	CHECK(body != NULL);
	memcpy(body, data + 2, size - 2);
	body[size - 2] = '\0';
	const char *line = flags & FLAG_HEADERS ? memrchr(body, '\n', size - 2) : NULL;
	struct source_pair more[SOURCE_MORE_HEADERS_MAX], pairs[SOURCE_FUZZ_PAIRS_MAX];
	struct source_request request = {.path = path_of(data[0]),
					 .arguments = pairs,
					 .more_headers = more,
					 .body = "",
					 .received_us = SOURCE_FUZZ_NOW_US};
	for (size_t i = 0; i < SOURCE_HEADER_COUNT; i++) {
		request.header[i] = "";
	}
	for (; segment_headers[request.more_headers_count] != NULL; request.more_headers_count++) {
		more[request.more_headers_count] = (struct source_pair){
			segment_headers[request.more_headers_count], line != NULL ? line + 1 : ""};
	}
	if (body_kind(body, size - 2, &request.body, &request.body_size) == BODY_FORM &&
	    body_form(request.body, request.body_size, SOURCE_FUZZ_PAIRS_MAX, &arena, pairs,
		      &request.arguments_count)) {
		request.body_size = 0;
	}
	struct source_items items;
	if (segment_read(&request, &options, &arena, &items)) {
		check_items(&items, flags, &arena);
	}
	free(body);
	return 0;
}

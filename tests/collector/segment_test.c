/*
 * collector/source/segment.h: what cases of single requests (cases/segment.txt) do not show. Ids that are made are the same
 * in a retry and others otherwise; the source of an event, too; without configured keys each key is taken.
 */
#include "collector/source/segment.h"

#include <string.h>

#include "core/base/arena.h"
#include "tests/table.h"

#define RECEIVED_US INT64_C(1795316000000000)

static struct arena arena;

static void setup(void)
{
	ck_assert(arena_init(&arena, (size_t)4 << 20));
}

static const struct event *event_of(const char *path, const char *header, const char *value, const char *body,
				    int64_t received_us)
{
	const struct source_pair headers[] = {{header, value}};
	struct source_request request = {.path = path,
					 .more_headers = headers,
					 .more_headers_count = 1,
					 .body = body,
					 .body_size = strlen(body),
					 .received_us = received_us};
	struct source_items items;
	for (size_t i = 0; i < SOURCE_HEADER_COUNT; i++) {
		request.header[i] = "";
	}
	ck_assert(segment_read(&request, &(struct source_options){.page_ping_ms = 1}, &arena, &items));
	ck_assert_uint_eq(items.count, 1);
	ck_assert_ptr_nonnull(items.items[0].event);
	return items.items[0].event;
}

static const char *id_of(const char *body, int64_t received_us)
{
	return event_of("/v1/track", "", "", body, received_us)->id;
}

START_TEST(a_retry_has_the_same_id_and_another_event_another_one)
{
	static const char first[] = "{\"event\":\"x\",\"userId\":\"u\",\"timestamp\":\"2026-11-22T02:50:00Z\","
				    "\"sentAt\":\"2026-11-22T02:50:00Z\",\"properties\":{\"a\":{\"b\":[1,2]}}}";
	static const char again[] = "{\"event\":\"x\",\"userId\":\"u\",\"timestamp\":\"2026-11-22T02:50:00Z\","
				    "\"sentAt\":\"2026-11-22T02:51:00Z\",\"_metadata\":{\"retryCount\":1},"
				    "\"properties\":{\"a\":{\"b\":[1,2]}}}";
	static const char *const others[] = {
		"{\"event\":\"y\",\"userId\":\"u\",\"timestamp\":\"2026-11-22T02:50:00Z\","
		"\"properties\":{\"a\":{\"b\":[1,2]}}}",
		"{\"event\":\"x\",\"userId\":\"u\",\"timestamp\":\"2026-11-22T02:50:01Z\","
		"\"properties\":{\"a\":{\"b\":[1,2]}}}",
		"{\"event\":\"x\",\"userId\":\"u\",\"timestamp\":\"2026-11-22T02:50:00Z\","
		"\"properties\":{\"a\":{\"b\":[1,3]}}}",
		"{\"event\":\"x\",\"userId\":\"u\",\"timestamp\":\"2026-11-22T02:50:00Z\","
		"\"properties\":{\"a\":{\"c\":[1,2]}}}",
	};
	const char *id = id_of(first, RECEIVED_US);
	ck_assert_str_eq(id_of(again, RECEIVED_US + 90000000), id);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		ck_assert_str_ne(id_of(others[i], RECEIVED_US), id);
	}
}
END_TEST

START_TEST(what_has_no_time_is_the_same_within_a_second)
{
	static const char body[] = "{\"event\":\"x\",\"userId\":\"u\",\"writeKey\":\"k\"}";
	const char *id = id_of(body, RECEIVED_US);
	ck_assert_str_eq(id_of(body, RECEIVED_US + 999999), id);
	ck_assert_str_ne(id_of(body, RECEIVED_US + 1000000), id);
}
END_TEST

START_TEST(the_source_is_the_same_by_whatever_way)
{
	static const char single[] =
		"{\"type\":\"track\",\"event\":\"x\",\"messageId\":\"m\",\"anonymousId\":\"a\","
		"\"originalTimestamp\":\"2026-11-22T02:50:00Z\"}";
	static const char batch[] =
		"{\"batch\":[{\"type\":\"track\",\"event\":\"x\",\"messageId\":\"m\",\"anonymousId\":\"a\","
		"\"originalTimestamp\":\"2026-11-22T02:50:00Z\"}]}";
	const struct event *events[] = {
		event_of("/v1/track", "AnonymousId", "YQ==", single, RECEIVED_US),
		event_of("/v1/track", "", "", single, RECEIVED_US),
		event_of("/v1/batch", "", "", batch, RECEIVED_US),
		event_of("/beacon/v1/batch", "", "", batch, RECEIVED_US),
	};
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		ck_assert_str_eq(events[i]->source, "rudderstack");
		ck_assert_str_eq(events[i]->id, "m");
		ck_assert_int_eq(events[i]->stamped_us, events[0]->stamped_us);
	}
}
END_TEST

START_TEST(without_configured_keys_the_key_is_the_site)
{
	static const struct {
		const char *path, *header, *value, *body, *site;
	} rows[] = {
		{"/v1/track", "", "", "{\"event\":\"x\",\"writeKey\":\"WK\"}", "WK"},
		{"/v1/track", "", "", "{\"event\":\"x\"}", ""},
		{"/v1/track", "Authorization", "Basic V0sxOg==", "{\"event\":\"x\",\"writeKey\":\"WK\"}", "WK1"},
		{"/v1/track", "Authorization", "basic V0sxOnB3", "{\"event\":\"x\"}", "WK1"},
		{"/v1/track", "Authorization", "Basic !", "{\"event\":\"x\",\"writeKey\":\"WK\"}", "WK"},
		{"/api/s/track", "X-Write-Key", "id:secret", "{\"event\":\"x\",\"writeKey\":\"WK\"}", "id"},
		{"/api/s/track", "", "", "{\"event\":\"x\",\"writeKey\":\"WK\"}", ""},
		{"/v1/track", "X-Write-Key", "id:secret", "{\"event\":\"x\"}", ""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct event *event =
			event_of(rows[i].path, rows[i].header, rows[i].value, rows[i].body, RECEIVED_US);
		ck_assert_msg(strcmp(event->site, rows[i].site) == 0, "row %zu: \"%s\"", i, event->site);
	}
	char body[256];
	snprintf(body, sizeof(body), "{\"event\":\"x\",\"writeKey\":\"%0100d\"}", 0);
	ck_assert_uint_eq(strlen(event_of("/v1/track", "", "", body, RECEIVED_US)->site), 64);
}
END_TEST

START_TEST(a_batch_has_its_limit)
{
	static char body[4096];
	for (size_t count = 1000; count <= 1001; count++) {
		size_t used = (size_t)snprintf(body, sizeof(body), "{\"batch\":[5");
		for (size_t i = 1; i < count; i++) {
			used += (size_t)snprintf(body + used, sizeof(body) - used, ",5");
		}
		snprintf(body + used, sizeof(body) - used, "]}");
		struct source_request request = {
			.path = "/v1/batch", .body = body, .body_size = strlen(body), .received_us = RECEIVED_US};
		struct source_items items;
		ck_assert(segment_read(&request, &(struct source_options){.page_ping_ms = 1}, &arena, &items));
		ck_assert_uint_eq(items.count, count <= 1000 ? 1000 : 1);
		ck_assert_int_eq(items.items[0].reject.reason,
				 count <= 1000 ? OUTCOME_bad_value : OUTCOME_too_large);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("segment");
	TCase *all = tcase_create("all");
	tcase_add_checked_fixture(all, setup, NULL);
	tcase_add_test(all, a_retry_has_the_same_id_and_another_event_another_one);
	tcase_add_test(all, what_has_no_time_is_the_same_within_a_second);
	tcase_add_test(all, the_source_is_the_same_by_whatever_way);
	tcase_add_test(all, without_configured_keys_the_key_is_the_site);
	tcase_add_test(all, a_batch_has_its_limit);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}

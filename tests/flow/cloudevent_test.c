/*
 * core/flow/decode.h, CloudEvents on the topics: ours are read as they are in either mode, those of other types by the map, or refused
 * by their name where there is none.
 */
#include "core/model/cloudevent.h"

#include <string.h>

#include "core/flow/decode.h"
#include "tests/flow/decode_table.h"

#define TOLD_US INT64_C(1795600801000002)
#define OWN \
	"{\"id\":\"e-1\",\"source\":\"app\",\"channel\":\"WEB\",\"action\":\"PAGE_VIEW\",\"occurred_us\":" \
	"1795600800000000," \
	"\"content\":{\"title\":\"Prices of ann@acme.test\"}}"
#define ENVELOPE(more) "{\"specversion\":\"1.0\",\"source\":\"/s\",\"id\":\"o-1\"," more "}"
#define AT "\"time\":\"2026-11-25T10:00:00Z\","

static const struct cloudevent_field *field_of(const char *name)
{
	for (size_t i = 0; i < cloudevent_fields_count; i++) {
		if (strcmp(cloudevent_fields[i].name, name) == 0) {
			return &cloudevent_fields[i];
		}
	}
	ck_abort_msg("%s", name);
	return NULL;
}

static struct cloudevent_map map_of(struct cloudevent_pair pairs[static 5])
{
	pairs[0] = (struct cloudevent_pair){field_of("title"), "", "page.title"};
	pairs[1] = (struct cloudevent_pair){field_of("user_id"), "", "who"};
	pairs[2] = (struct cloudevent_pair){field_of("profile"), "", "may"};
	pairs[3] = (struct cloudevent_pair){field_of("value"), "", "total"};
	pairs[4] = (struct cloudevent_pair){NULL, "plan", "plan"};
	return (struct cloudevent_map){
		.channel = CHANNEL_CHAT, .subject = CLOUDEVENT_CRM_ID, .pairs = pairs, .count = 5};
}

/* "outcome field" or "source label title user crm email value plan occurred". */
static const char *told(const struct message *message, const struct cloudevent_map *map)
{
	static char text[512];
	struct arena scratch;
	struct event event;
	struct reject reject;
	ck_assert(arena_init(&scratch, (size_t)1 << 20));
	size_t before = test_arena()->used;
	enum outcome outcome = decode_event_into(message, map, test_arena(), &scratch, NULL, &event, &reject);
	ck_assert_uint_eq(scratch.used, 0);
	arena_finish(&scratch); /* whoever looks there now dies */
	if (outcome != OUTCOME_NONE) {
		ck_assert_uint_eq(test_arena()->used, before);
		snprintf(text, sizeof(text), "%s %s", outcome_about[outcome].name, reject.field);
		return text;
	}
	bool has_plan = event.properties_count > 0;
	snprintf(text, sizeof(text), "%s|%s|%s|%s|%s|%s|%g|%s|%d|%lld", event.source, event.label,
		 event.content.title, event.identity.user_id, event.identity.crm_id, event.identity.email,
		 event.has_value ? event.value : -1, has_plan ? event.properties[0].value : "",
		 (int)event.consent.profile, (long long)(event.occurred_us - TOLD_US));
	ck_assert(!event.identity.verified && event.id[0] != '\0');
	return text;
}

START_TEST(an_envelope_is_opened)
{
	static const struct {
		const char *value, *with_map, *without;
	} rows[] = {
		{ENVELOPE("\"type\":\"io.phased.behaviour.v1\",\"data\":" OWN),
		 "app||Prices of *************||||-1||0|-1000002",
		 "app||Prices of *************||||-1||0|-1000002"},
		{ENVELOPE(AT "\"type\":\"com.acme.seen\",\"subject\":\"k-1\",\"data\":{\"page\":{\"title\":\"A "
			     "ann@acme.test\"},\"who\":7,"
			     "\"may\":\"yes\",\"total\":2.5,\"plan\":\"pro\",\"other\":\"x\"}"),
		 "cloudevents|com.acme.seen|A *************|7|k-1||2.5|pro|1|-1000002",
		 "unreadable type.com.acme.seen"},
		{ENVELOPE("\"type\":\"com.acme.seen\",\"subject\":\"ann@acme.test\""),
		 "cloudevents|com.acme.seen||||ann@acme.test|-1||0|0", "unreadable type.com.acme.seen"},
		{ENVELOPE("\"type\":\"a\\u0001ann@acme.test\""), NULL, "unreadable type.a?*************"},
		{ENVELOPE("\"type\":\"t\",\"data_base64\":\"eyJwbGFuIjoicHJvIn0=\""),
		 "cloudevents|t|||||-1|pro|0|0", NULL},
		{ENVELOPE("\"type\":\"io.phased.behaviour.v1\""), "bad_value data", "bad_value data"},
		{ENVELOPE("\"type\":\"io.phased.behaviour.v1\",\"data\":{\"id\":\"1\",\"typo\":1}"),
		 "unreadable typo", "unreadable typo"},
		{ENVELOPE("\"type\":\"io.phased.behaviour.v1\",\"datacontenttype\":\"application/"
			  "protobuf\",\"data_base64\":\"e30=\""),
		 "unreadable content-type", "unreadable content-type"},
		{ENVELOPE("\"type\":5"), "bad_value type", "bad_value type"},
		{ENVELOPE("\"subject\":\"k-1\""), "bad_value type", "bad_value type"},
		{ENVELOPE("\"type\":\"t\",\"time\":\"soon\""), "bad_value time", "unreadable type.t"},
		{ENVELOPE("\"type\":\"t\",\"time\":\"2036-11-25T10:00:00Z\""), "time_out_of_range occurred_us",
		 "unreadable type.t"},
		{"{\"specversion\":\"0.3\",\"type\":\"t\"}", "bad_value specversion", "bad_value specversion"},
		{"{\"specversion\":", "unreadable specversion", "unreadable specversion"},
		{"[]", "bad_value specversion", "bad_value specversion"},
		{"", "unreadable ", "unreadable "},
	};
	struct cloudevent_pair pairs[5];
	const struct cloudevent_map map = map_of(pairs), none = {.channel = CHANNEL_WEB};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct message message = {.timestamp_us = TOLD_US,
						.form = FORM_CLOUDEVENT,
						.value = (const uint8_t *)rows[i].value,
						.size = strlen(rows[i].value)};
		if (rows[i].with_map != NULL) {
			ck_assert_msg(strcmp(told(&message, &map), rows[i].with_map) == 0, "row %zu: %s", i,
				      told(&message, &map));
		}
		if (rows[i].without != NULL) {
			ck_assert_msg(strcmp(told(&message, &none), rows[i].without) == 0, "row %zu: %s", i,
				      told(&message, &none));
			ck_assert_str_eq(told(&message, NULL), rows[i].without);
		}
	}
}
END_TEST

START_TEST(headers_say_what_binary_data_belongs_to)
{
	static const struct {
		struct message_cloud cloud;
		enum message_form form;
		const char *value, *with_map;
	} rows[] = {
		{{"com.acme.seen", "/s", "1", "k-1", "2026-11-25T10:00:00Z"},
		 FORM_JSON,
		 "{\"plan\":\"pro\"}",
		 "cloudevents|com.acme.seen|||k-1||-1|pro|0|-1000002"},
		{{"com.acme.seen", "/s", "1", "k-1", ""},
		 FORM_PROTOBUF,
		 "\x08\x01",
		 "cloudevents|com.acme.seen|||k-1||-1||0|0"},
		{{"com.acme.seen", "/s", "1", "k-1", ""},
		 FORM_UNKNOWN,
		 "",
		 "cloudevents|com.acme.seen|||k-1||-1||0|0"},
		{{"com.acme.seen", "/s", "1", "k-1", ""}, FORM_JSON, "{", "unreadable "},
		{{"com.acme.seen", "/s", "", "", ""}, FORM_JSON, "{}", "bad_value id"},
		{{"", "/s", "1", "", ""}, FORM_JSON, "{}", "bad_value type"},
		{{"com.acme.seen", "/s\xff", "1", "", ""}, FORM_JSON, "{}", "bad_text source"},
		{{"com.acme.seen", "/s", "1", "k\xff", ""}, FORM_JSON, "{}", "bad_text subject"},
	};
	struct cloudevent_pair pairs[5];
	const struct cloudevent_map map = map_of(pairs);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct message message = {.timestamp_us = TOLD_US,
						.form = rows[i].form,
						.value = (const uint8_t *)rows[i].value,
						.size = strlen(rows[i].value),
						.cloud = &rows[i].cloud};
		ck_assert_msg(strcmp(told(&message, &map), rows[i].with_map) == 0, "row %zu: %s", i,
			      told(&message, &map));
	}
}
END_TEST

/* So that a copy is one, by whatever mode it comes, and another source's event is another one. */
START_TEST(source_and_id_together_make_the_id)
{
	static const struct {
		const char *source, *id;
		bool is_same;
	} rows[] = {{"/s", "1", true}, {"/s", "2", false}, {"/s2", "1", false}, {"/s", "1", true}};
	struct cloudevent_pair pairs[5];
	const struct cloudevent_map map = map_of(pairs);
	const char *first = NULL;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct message_cloud cloud = {"t", rows[i].source, rows[i].id, "", ""};
		const struct message message = {.timestamp_us = TOLD_US + (int64_t)i,
						.form = FORM_JSON,
						.value = (const uint8_t *)"{}",
						.size = 2,
						.cloud = &cloud};
		struct event event;
		struct reject reject;
		ck_assert_int_eq(decode_event_into(&message, &map, test_arena(), test_arena(), NULL, &event,
						   &reject),
				 OUTCOME_NONE);
		first = i == 0 ? event.id : first;
		ck_assert_msg((strcmp(event.id, first) == 0) == rows[i].is_same, "row %zu", i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cloudevent");
	TCase *all = tcase_create("all");
	tcase_add_test(all, an_envelope_is_opened);
	tcase_add_test(all, headers_say_what_binary_data_belongs_to);
	tcase_add_test(all, source_and_id_together_make_the_id);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}

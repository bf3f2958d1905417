/* core/flow/decode.h: what is good comes through whole, in both forms. decode_bad_test.c has what is not. */
#include "core/flow/decode.h"

#include <math.h>

#include "core/flow/field_limits.h"
#include "tests/flow/decode_table.h"

/* What tests/flow/data/full.* say. */
static void check_full(const struct event *event)
{
	ck_assert_str_eq(event->id, "a-1");
	ck_assert_str_eq(event->source, "snowplow");
	ck_assert_str_eq(event->site, "nordlys");
	ck_assert_int_eq(event->channel, CHANNEL_WEB);
	ck_assert_int_eq(event->action, ACTION_FORM_SUBMIT);
	ck_assert_str_eq(event->label, "Demo Requested");
	ck_assert_int_eq(event->occurred_us, 1795600800123456);
	ck_assert_int_eq(event->stamped_us, 1795600800000001);
	ck_assert_int_eq(event->received_us, 1795600801000002);
	ck_assert_int_eq(event->party, PARTY_PERSON);
	ck_assert_uint_eq(event->machine_reasons, MACHINE_PROVIDER_FLAG | MACHINE_PREFETCH);
	ck_assert_str_eq(event->session_id, "s-1");
	ck_assert_str_eq(event->thread_id, "t-1");
	ck_assert_str_eq(event->process, "tender");
	ck_assert(event->has_value && event->value == 0);
	ck_assert(event->has_rating && event->rating == -1.5);
	ck_assert_uint_eq(event->engaged_ms, 31000);
	ck_assert_uint_eq(event->scroll_percent, 100);
}

static void check_full_person(const struct event *event)
{
	ck_assert_str_eq(event->identity.anonymous_id, "cookie-1");
	ck_assert_str_eq(event->identity.visitor_id, "visitor-1");
	ck_assert_str_eq(event->identity.recipient_id, "recipient-1");
	ck_assert_str_eq(event->identity.email, "birgit@skibsvaerft.test");
	ck_assert(!event->identity.has_email_actor);
	ck_assert_str_eq(event->identity.user_id, "u-1");
	ck_assert_str_eq(event->identity.crm_id, "crm-1");
	ck_assert_str_eq(event->identity.previous_id, "was-1");
	ck_assert_str_eq(event->identity.name, "Birgit Bl\xc3\xa5vand");
	ck_assert_str_eq(event->identity.title, "\xc3\x98konomichef");
	ck_assert_str_eq(event->identity.role, "CFO");
	ck_assert_str_eq(event->identity.company, "Skibsv\xc3\xa6rft");
	ck_assert_str_eq(event->identity.company_domain, "skibsvaerft.test");
	ck_assert(event->identity.verified);
	ck_assert_int_eq(event->consent.analytics, STATEMENT_GRANTED);
	ck_assert_int_eq(event->consent.profile, STATEMENT_DENIED);
	ck_assert_int_eq(event->consent.contact, STATEMENT_WITHDRAWN);
	ck_assert_str_eq(event->consent.policy, "2026-1");
	ck_assert(event->consent.gpc && event->consent.dnt && event->consent.anonymous);
}

static void check_full_content(const struct event *event)
{
	ck_assert_str_eq(event->content.url, "https://nordlys.test/demo?utm_source=news");
	ck_assert_str_eq(event->content.title, "Book a demo");
	ck_assert_str_eq(event->content.content_id, "c-1");
	ck_assert_str_eq(event->content.form_id, "demo");
	ck_assert_str_eq(event->content.target_url, "https://nordlys.test/files/guide.pdf");
	ck_assert_str_eq(event->content.search, "plotter");
	ck_assert_str_eq(event->content.topic, "delivery,price");
	ck_assert_str_eq(event->content.language, "da");
	ck_assert_str_eq(event->content.referrer, "https://search.test/");
	ck_assert_str_eq(event->campaign.source, "news");
	ck_assert_str_eq(event->campaign.medium, "mail");
	ck_assert_str_eq(event->campaign.name, "autumn");
	ck_assert_str_eq(event->campaign.term, "radar");
	ck_assert_str_eq(event->campaign.content, "top");
	ck_assert_str_eq(event->campaign.message_id, "<m-1@mail.test>");
}

static void check_full_rest(const struct event *event)
{
	static const char *const properties[][2] = {
		/* clang-format off */
		{"plan", "pro"}, {"seats", "-12"}, {"length", "0.1"}, {"trial", "true"}, {"empty", ""},
		/* clang-format on */
	};
	ck_assert(event->opportunity.present);
	ck_assert_str_eq(event->opportunity.id, "o-1");
	ck_assert_str_eq(event->opportunity.stage, "Proposal");
	ck_assert_int_eq(event->opportunity.state, OPPORTUNITY_OPEN);
	ck_assert(event->opportunity.probability == 0.25 && event->opportunity.amount == 125000.5);
	ck_assert_str_eq(event->opportunity.currency, "DKK");
	ck_assert_int_eq(event->opportunity.close_us, 1801353600000000);
	ck_assert_str_eq(event->opportunity.owner, "seller-1");
	ck_assert_uint_eq(event->opportunity.contact_ids_count, 2);
	ck_assert_str_eq(event->opportunity.contact_ids[1], "crm-2");
	ck_assert_uint_eq(event->opportunity.left_contact_ids_count, 1);
	ck_assert_str_eq(event->opportunity.left_contact_ids[0], "crm-3");
	ck_assert_uint_eq(event->properties_count, COUNT_OF(properties));
	for (size_t i = 0; i < COUNT_OF(properties); i++) {
		ck_assert_str_eq(event->properties[i].key, properties[i][0]);
		ck_assert_str_eq(event->properties[i].value, properties[i][1]);
	}
}

static void check_all(const struct event *event)
{
	check_full(event);
	check_full_person(event);
	check_full_content(event);
	check_full_rest(event);
}

START_TEST(every_field_comes_through_in_both_forms)
{
	const struct message messages[] = {
		test_file(FORM_JSON, "tests/flow/data/full.json"),
		test_file(FORM_JSON, "tests/flow/data/full_camel.json"),
		test_file(FORM_PROTOBUF, "tests/flow/data/full.binpb"),
	};
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		check_all(test_decode(&messages[i]));
	}
}
END_TEST

START_TEST(an_event_needs_nothing_of_what_it_was_read_through)
{
	const struct message messages[] = {
		test_file(FORM_JSON, "tests/flow/data/full.json"),
		test_file(FORM_JSON, "tests/flow/data/full_camel.json"),
		test_file(FORM_PROTOBUF, "tests/flow/data/full.binpb"),
	};
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		struct arena scratch;
		ck_assert(arena_init(&scratch, (size_t)1 << 20));
		ck_assert_ptr_nonnull(arena_take(&scratch, 100)); /* is somebody else's */
		size_t before = test_arena()->used, scratch_before = scratch.used;
		struct event event;
		struct reject reject;
		ck_assert_int_eq(decode_event_into(&messages[i], NULL, test_arena(), &scratch, NULL, &event,
						   &reject),
				 OUTCOME_NONE);
		ck_assert_uint_eq(scratch.used, scratch_before);
		arena_finish(&scratch); /* whoever looks there now dies */
		check_all(&event);
		ck_assert_uint_le(test_arena()->used - before,
				  1088); /* texts and three lists: 600 bytes, each aligned */
	}
}
END_TEST

START_TEST(what_is_encoded_decodes_to_the_same)
{
	struct message message = test_file(FORM_PROTOBUF, "tests/flow/data/full.binpb");
	const uint8_t *first, *second;
	size_t first_size, second_size;
	ck_assert(encode_event(test_decode(&message), test_arena(), &first, &first_size));
	message = test_message(FORM_PROTOBUF, first, first_size);
	struct event *event = test_decode(&message);
	check_all(event);
	ck_assert(encode_event(event, test_arena(), &second, &second_size));
	ck_assert(first_size == second_size && memcmp(first, second, first_size) == 0);
}
END_TEST

#define LEAST \
	"\"id\":\"1\",\"source\":\"s\",\"channel\":\"WEB\",\"action\":\"PAGE_VIEW\",\"occurred_us\":" \
	"1795600800000000"

START_TEST(what_is_not_said_is_filled_in)
{
	struct event *event = test_decode_json("{" LEAST "}");
	ck_assert_int_eq(event->stamped_us, 1795600800000000);
	ck_assert_int_eq(event->received_us, NOW_US);
	ck_assert_int_eq(event->party, PARTY_PERSON);
	ck_assert_str_eq(event->identity.email, "");
	ck_assert_str_eq(event->identity.anonymous_id, "");
	ck_assert_str_eq(event->content.url, "");
	ck_assert_str_eq(event->campaign.message_id, "");
	ck_assert_str_eq(event->opportunity.id, "");
	ck_assert(!event->opportunity.present && !event->has_value && !event->has_rating);
	ck_assert(isnan(event->opportunity.probability) && isnan(event->opportunity.amount));
	ck_assert_uint_eq(event->properties_count, 0);

	event->opportunity.present = true; /* says nothing, and is there all the same */
	const uint8_t *bytes;
	size_t size;
	ck_assert(encode_event(event, test_arena(), &bytes, &size));
	struct message message = test_message(FORM_PROTOBUF, bytes, size);
	event = test_decode(&message);
	ck_assert(event->opportunity.present && isnan(event->opportunity.amount));
}
END_TEST

START_TEST(an_address_may_travel_as_its_actor_id)
{
	static const char *const forms[] = {"+/+/AAECAwQFBgcICQoLDA==", "-_-_AAECAwQFBgcICQoLDA=="};
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		char json[300];
		snprintf(json, sizeof(json), "{" LEAST ",\"identity\":{\"email_actor\":\"%s\"}}", forms[i]);
		struct event *event = test_decode_json(json);
		const uint8_t *bytes;
		size_t size;
		ck_assert(encode_event(event, test_arena(), &bytes, &size));
		struct message message = test_message(FORM_PROTOBUF, bytes, size);
		event = test_decode(&message);
		ck_assert(event->identity.has_email_actor);
		ck_assert_str_eq(event->identity.email, "");
		ck_assert_mem_eq(event->identity.email_actor,
				 "\xfb\xff\xbf\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c", 16);
	}
}
END_TEST

START_TEST(json_is_read_in_every_way_that_the_mapping_allows)
{
	static const struct {
		const char *fields, *like; /* the second: the plainest way to say the first */
	} rows[] = {
		/* clang-format off */
		{"\"engagedMs\":\"7\"", "\"engaged_ms\":7"},
		{"\"engagedMs\":7.0", "\"engaged_ms\":7"},
		{"\"engagedMs\":70e-1", "\"engaged_ms\":7"},
		{"\"party\":2", "\"party\":\"AGENT\""},
		{"\"party\":2.0", "\"party\":\"AGENT\""},
		{"\"party\":\"2\"", "\"party\":\"AGENT\""},
		{"\"rating\":\"-15e-1\"", "\"rating\":-1.5"},
		{"\"label\":null,\"identity\":null,\"properties\":null,\"value\":null", "\"site\":\"\""},
		{"\"identity\":{}", "\"site\":\"\""},
		{"\"identity\":{\"email\":null,\"email_actor\":\"AAAAAAAAAAAAAAAAAAAAAA\"}",
		 "\"identity\":{\"emailActor\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}"},
		{"\"identity\":{\"email_actor\":\"\"}", "\"site\":\"\""},
		{"\"received_us\":\"2026-11-25T11:00:01.5+01:00\"", "\"received_us\":1795600801500000"},
		{"\"received_us\":\"1795600801500000\"", "\"received_us\":1795600801500000"},
		{"\"received_us\":1.7956008015e15", "\"received_us\":1795600801500000"},
		{"\"label\":\"\\ud83d\\udea2\"", "\"label\":\"\xf0\x9f\x9a\xa2\""},
		{"\"properties\":[{\"key\":\"n\",\"number\":1e21}]", "\"properties\":[{\"key\":\"n\",\"text\":\"1e+21\"}]"},
		{"\"properties\":[{\"key\":\"n\",\"number\":100000000000000000000000}]",
		 "\"properties\":[{\"key\":\"n\",\"text\":\"1e+23\"}]"},
		{"\"properties\":[{\"key\":\"n\",\"number\":0.1}]", "\"properties\":[{\"key\":\"n\",\"text\":\"0.1\"}]"},
		{"\"properties\":[{\"key\":\"n\",\"integer\":\"-9223372036854775808\"}]",
		 "\"properties\":[{\"key\":\"n\",\"text\":\"-9223372036854775808\"}]"},
		{"\"properties\":[{\"key\":\"n\",\"flag\":false}]", "\"properties\":[{\"key\":\"n\",\"text\":\"false\"}]"},
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *const forms[] = {rows[i].fields, rows[i].like};
		const uint8_t *bytes[2];
		size_t sizes[2];
		for (size_t j = 0; j < 2; j++) {
			char json[400];
			snprintf(json, sizeof(json), "{" LEAST ",%s}", forms[j]);
			ck_assert(encode_event(test_decode_json(json), test_arena(), &bytes[j], &sizes[j]));
		}
		ck_assert_msg(sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], sizes[0]) == 0, "row %zu", i);
	}
}
END_TEST

START_TEST(what_looks_like_an_address_is_masked_in_what_rules_look_at)
{
	struct event *event = test_decode_json(
		"{" LEAST ",\"site\":\"a@b.test\",\"label\":\"to ann@acme.test\",\"process\":\"c@d.test\","
		"\"session_id\":\"x@y.test\",\"thread_id\":\"<1@mail.test>\",\"identity\":{\"name\":\"n@n.test\"},"
		"\"content\":{\"url\":\"https://a.test/ann%40acme.test/"
		"x\",\"title\":\"t@t.test\",\"content_id\":\"e@f.test\","
		"\"form_id\":\"g@h.test\",\"target_url\":\"mailto:i@j.test\",\"search\":\"k@l.test\",\"topic\":"
		"\"m@n.test\","
		"\"referrer\":\"https://o.test/"
		"p@q.test\"},\"campaign\":{\"medium\":\"y\xef\xbc\xa0z.test\",\"term\":\"r@s.test\",\"message_"
		"id\":\"<2@mail.test>\"},"
		"\"opportunity\":{\"id\":\"o@p.test\",\"stage\":\"q@r.test\",\"owner\":\"Mr s@t.test\"},"
		"\"properties\":[{\"key\":\"u@v.test\",\"text\":\"is w@x.test\"}]}");
	ck_assert_str_eq(event->site, "********");
	ck_assert_str_eq(event->label, "to *************");
	ck_assert_str_eq(event->process, "********");
	ck_assert_str_eq(event->content.url, "https://a.test/***************/x");
	ck_assert_str_eq(event->content.title, "********");
	ck_assert_str_eq(event->content.content_id, "********");
	ck_assert_str_eq(event->content.form_id, "********");
	ck_assert_str_eq(event->content.target_url, "mailto:********");
	ck_assert_str_eq(event->content.search, "********");
	ck_assert_str_eq(event->content.topic, "********");
	ck_assert_str_eq(event->content.referrer, "https://o.test/********");
	ck_assert_str_eq(event->campaign.term, "********");
	ck_assert_str_eq(event->campaign.medium, "**********"); /* a full-width sign, and no other */
	ck_assert_str_eq(event->opportunity.id, "********");
	ck_assert_str_eq(event->opportunity.stage, "********");
	ck_assert_str_eq(event->opportunity.owner, "Mr ********"); /* a seller's: nobody needs it */
	ck_assert_str_eq(event->properties[0].key, "********");
	ck_assert_str_eq(event->properties[0].value, "is ********");
	/* Not looked at by rules, and broken when masked. */
	ck_assert_str_eq(event->session_id, "x@y.test");
	ck_assert_str_eq(event->thread_id, "<1@mail.test>");
	ck_assert_str_eq(event->campaign.message_id, "<2@mail.test>");
	ck_assert_str_eq(event->identity.name, "n@n.test");
}
END_TEST

START_TEST(fields_of_a_newer_version_are_left_out_and_counted)
{
	struct message message = test_file(FORM_PROTOBUF, "tests/flow/data/full.binpb");
	const uint8_t *plain, *bytes;
	size_t plain_size, size;
	ck_assert(encode_event(test_decode(&message), test_arena(), &plain, &plain_size));
	static const uint8_t newer[] = "\xf8\x07\x05"
				       "\xfd\x07"
				       "1234"
				       "\xf9\x07"
				       "12345678"
				       "\xfa\x07\x02\xff\x00"
				       "\x7a\x06\x08\x00\xfa\x07\x01"
				       "x"; /* the last one inside `machine` */
	uint8_t all[2048];
	memcpy(all, plain, plain_size);
	/* `machine` may stand only once: leave its own out. */
	struct event *event = test_decode(&message);
	event->machine_reasons = 0;
	ck_assert(encode_event(event, test_arena(), &plain, &plain_size));
	memcpy(all, plain, plain_size);
	memcpy(all + plain_size, newer, sizeof(newer) - 1);
	message = test_message(FORM_PROTOBUF, all, plain_size + sizeof(newer) - 1);
	struct decode_count count = {.unknown_fields = 1};
	struct reject reject;
	ck_assert_int_eq(decode_event(&message, test_arena(), &count, &event, &reject), OUTCOME_NONE);
	ck_assert_uint_eq(count.unknown_fields, 6);
	ck_assert(encode_event(event, test_arena(), &bytes, &size));
	ck_assert(size == plain_size && memcmp(bytes, plain, size) == 0);
}
END_TEST

START_TEST(the_event_id_is_of_source_site_and_id)
{
	/* printf 'snowplow\0nordlys\0a-1' | sha256sum */
	struct message message = test_file(FORM_PROTOBUF, "tests/flow/data/full.binpb");
	ck_assert_uint_eq(decode_event_id(test_decode(&message)), UINT64_C(0xd23a2ca42caca6f1));
	struct event *a = test_decode_json("{\"id\":\"c\",\"source\":\"a\",\"site\":\"b\",\"channel\":1,"
					   "\"action\":100,\"occurred_us\":1795600800000000}");
	struct event *b = test_decode_json(
		"{\"id\":\"bc\",\"source\":\"a\",\"channel\":1,\"action\":100,\"occurred_us\":1795600800000000}");
	ck_assert_uint_ne(decode_event_id(a), decode_event_id(b));
}
END_TEST

/* As the collector writes it, and as `json` says the same: read it is what it was, all of it. */
static void expect_travels(const struct reject *reject, const char *source, const char *json)
{
	static const int64_t sent_us = INT64_C(1795600801000002);
	const uint8_t *bytes;
	size_t size;
	ck_assert(encode_rejected(reject, sent_us, source, test_arena(), &bytes, &size));
	const struct message messages[] = {test_message(FORM_PROTOBUF, bytes, size),
					   test_message(FORM_JSON, json, strlen(json))};
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		struct reject read = {0};
		int64_t received_us = 0;
		const char *from = NULL;
		ck_assert_int_eq(decode_rejected(&messages[i], test_arena(), &read, &received_us, &from),
				 OUTCOME_NONE);
		ck_assert_int_eq(read.reason, reject->reason);
		ck_assert_str_eq(read.field, reject->field);
		ck_assert_uint_eq(read.size, reject->size);
		ck_assert_uint_eq(read.hash, reject->hash);
		ck_assert_uint_eq(read.count, reject->count);
		ck_assert_uint_eq(read.denied, reject->denied);
		ck_assert_str_eq(read.site != NULL ? read.site : "", reject->site != NULL ? reject->site : "");
		ck_assert_int_eq(read.channel, reject->channel);
		ck_assert_int_eq(received_us, sent_us);
		ck_assert_str_eq(from, source);
	}
}

START_TEST(a_reject_travels_in_both_forms)
{
	expect_travels(&(struct reject){.reason = OUTCOME_too_large,
					.field = "content.url",
					.size = 70000,
					.hash = UINT64_C(0xf123456789abcdef)},
		       "segment",
		       "{\"reason\":\"too_large\",\"field\":\"content.url\",\"source\":\"segment\",\"size\":70000,"
		       "\"hash\":\"17375808098319191535\",\"receivedUs\":\"1795600801000002\"}");
}
END_TEST

START_TEST(a_count_of_what_was_dropped_travels_in_both_forms)
{
	expect_travels(
		&(struct reject){.reason = OUTCOME_no_consent,
				 .count = 70000,
				 .denied = 300,
				 .site = "acme-web",
				 .channel = CHANNEL_CHAT},
		"snowplow",
		"{\"reason\":\"no_consent\",\"source\":\"snowplow\",\"site\":\"acme-web\",\"channel\":\"CHAT\","
		"\"count\":70000,\"denied\":300,\"receivedUs\":\"1795600801000002\"}");
}
END_TEST

START_TEST(a_reject_is_distrusted_too)
{
	static const struct {
		const char *json, *field;
		enum outcome outcome,
			reason; /* outcome NONE: the reason that comes out; field: then the rejected one */
	} rows[] = {
		/* clang-format off */
		{"{\"reason\":\"unreadable\"}", "", OUTCOME_NONE, OUTCOME_unreadable},
		{"{\"reason\":\"of_tomorrow\",\"field\":\"x of a@b.test\"}", "x of ********", OUTCOME_NONE, OUTCOME_uncollected},
		{"{\"reason\":\"applied\"}", "", OUTCOME_NONE, OUTCOME_uncollected},
		{"{}", "reason", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"A b\"}", "reason", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"refused\",\"source\":\"a@b.test\"}", "source", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"refused\",\"hash\":\"18446744073709551616\"}", "hash", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"refused\",\"size\":2147483648}", "size", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"no_consent\",\"count\":1}", "", OUTCOME_NONE, OUTCOME_no_consent},
		{"{\"reason\":\"no_consent\",\"count\":0}", "", OUTCOME_NONE, OUTCOME_uncollected},
		{"{\"reason\":\"applied\",\"count\":1}", "reason", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"refused\",\"count\":1}", "reason", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"no_consent\",\"count\":2147483648}", "count", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"no_consent\",\"count\":1,\"denied\":1}", "", OUTCOME_NONE, OUTCOME_no_consent},
		{"{\"reason\":\"no_consent\",\"count\":1,\"denied\":2}", "denied", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"refused\",\"denied\":1}", "denied", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"no_consent\",\"count\":1,\"channel\":9}", "channel", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"refused\",\"size\":-1}", "size", OUTCOME_bad_value, OUTCOME_bad_value},
		{"{\"reason\":\"refused\",\"received_us\":\"9999-12-31T23:59:60Z\"}", "received_us", OUTCOME_time_out_of_range,
		 OUTCOME_time_out_of_range},
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct message message = test_message(FORM_JSON, rows[i].json, strlen(rows[i].json));
		struct reject reject = {0};
		int64_t received_us = 0;
		const char *source = NULL;
		enum outcome outcome = decode_rejected(&message, test_arena(), &reject, &received_us, &source);
		ck_assert_msg(outcome == rows[i].outcome && reject.reason == rows[i].reason &&
				      strcmp(reject.field, rows[i].field) == 0,
			      "row %zu: %s, %s at \"%s\"", i, outcome_about[outcome].name,
			      outcome_about[reject.reason].name, reject.field);
		ck_assert(outcome != OUTCOME_NONE || received_us == NOW_US);
	}
}
END_TEST

/* The table of limits has a row for each field of the proto, in its order, and the kind of limit its type needs. */
static void check_limits(const struct limits *limits, unsigned depth)
{
	const ProtobufCMessageDescriptor *about = limits->descriptor;
	ck_assert_uint_lt(depth, EVENT_DEPTH_MAX);
	ck_assert_uint_le(about->n_fields, LIMITS_FIELDS_MAX);
	for (unsigned i = 0; i < about->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &about->fields[i];
		const struct limit *limit = &limits->fields[i];
		bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
		bool is_text = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES;
		bool is_message = field->type == PROTOBUF_C_TYPE_MESSAGE;
		size_t size = strlen(field->name);
		bool is_moment = size > 3 && strcmp(field->name + size - 3, "_us") == 0;
		ck_assert_str_eq(limit->name, field->name);
		ck_assert_msg(is_text == (limit->size_max > 0), "%s.%s", about->short_name, field->name);
		ck_assert_msg(is_list == (limit->count_max > 0), "%s.%s", about->short_name, field->name);
		ck_assert_msg(!is_list || is_message || field->type == PROTOBUF_C_TYPE_STRING, "%s.%s",
			      about->short_name, field->name);
		ck_assert_msg(is_moment == ((limit->flags & LIMIT_MOMENT) != 0), "%s.%s", about->short_name,
			      field->name);
		ck_assert_msg(is_message == (limit->message != NULL), "%s.%s", about->short_name, field->name);
		if (is_message) {
			ck_assert_ptr_eq(limit->message->descriptor, field->descriptor);
			check_limits(limit->message, depth + 1);
		}
	}
}

START_TEST(every_field_has_its_limit)
{
	check_limits(&limits_event, 0);
	check_limits(&limits_rejected, 0);
}
END_TEST

TEST_MAIN("decode", every_field_comes_through_in_both_forms, an_event_needs_nothing_of_what_it_was_read_through,
	  what_is_encoded_decodes_to_the_same, what_is_not_said_is_filled_in,
	  an_address_may_travel_as_its_actor_id, json_is_read_in_every_way_that_the_mapping_allows,
	  what_looks_like_an_address_is_masked_in_what_rules_look_at,
	  fields_of_a_newer_version_are_left_out_and_counted, the_event_id_is_of_source_site_and_id,
	  a_reject_travels_in_both_forms, a_count_of_what_was_dropped_travels_in_both_forms,
	  a_reject_is_distrusted_too, every_field_has_its_limit)

/*
 * core/flow/decode.h: a row for every kind of bad input. Each ends in its outcome, names the field, and moves nothing:
 * no event, no arena, no count.
 */
#include "core/flow/decode.h"

#include "core/base/hash.h"
#include "tests/flow/decode_table.h"

static void check_bad(const char *what, size_t row, const struct message *message, enum outcome outcome,
		      const char *field)
{
	struct event *const nobody = (struct event *)&row;
	struct event *event = nobody;
	struct decode_count count = {.unknown_fields = 7};
	struct reject reject = {0};
	struct arena *arena = test_arena();
	size_t used = arena->used;
	enum outcome got = decode_event(message, arena, &count, &event, &reject);
	ck_assert_msg(got == outcome && strcmp(reject.field, field) == 0, "%s, row %zu: %s at \"%s\"", what, row,
		      outcome_about[got].name, reject.field);
	ck_assert_msg(reject.reason == outcome && reject.size == message->size, "%s, row %zu", what, row);
	struct hash_piece whole = {message->value, message->size};
	ck_assert_msg(reject.hash == hash_64(&whole, 1), "%s, row %zu", what, row);
	ck_assert_msg(event == nobody && count.unknown_fields == 7 && arena->used == used, "%s, row %zu", what,
		      row);
}

/* An event that has all that is required, as the start of a message: id "1", source "s", WEB, PAGE_VIEW, a time. */
static const char least[] = "\x0a\x01"
			    "1"
			    "\x12\x01"
			    "s"
			    "\x20\x01\x28\x64\x38\x80\xa0\xbd\xbd\xdc\xc5\xb0\x06";

static size_t put(uint8_t *to, size_t at, const void *bytes, size_t size)
{
	memcpy(to + at, bytes, size);
	return at + size;
}

#define WIRE(bytes, outcome, field) \
	{ \
		bytes, sizeof(bytes) - 1, OUTCOME_##outcome, field \
	}

START_TEST(broken_wire_bytes_are_refused)
{
	static const struct {
		const char *bytes; /* behind a good event */
		size_t size;
		enum outcome outcome;
		const char *field;
	} rows[] = {
		/* clang-format off */
		/* Cut off. */
		WIRE("\x32", unreadable, "label"),
		WIRE("\x32\x05" "abc", unreadable, "label"),
		WIRE("\x80", unreadable, ""),
		WIRE("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", unreadable, ""),
		WIRE("\xa1\x01" "1234567", unreadable, "value"),
		WIRE("\x38\x80\x80", unreadable, "occurred_us"),
		WIRE("\x5a\x06\x22\x04" "a@b", unreadable, "identity"),
		WIRE("\x5a\x05\x22\x04" "a@b", unreadable, "identity.email"),
		WIRE("\x5a\x04\x22\x04" "a@", unreadable, "identity.email"),
		WIRE("\xf8\x07", unreadable, ""),
		WIRE("\xfa\x07\x05" "abc", unreadable, ""),
		WIRE("\x32\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" "abc", unreadable, "label"),
		/* No such varint, number or wire type. */
		WIRE("\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", unreadable, "occurred_us"),
		WIRE("\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", unreadable, "occurred_us"),
		WIRE("\x00\x01", unreadable, ""),
		WIRE("\x80\x80\x80\x80\x10\x01", unreadable, ""),
		WIRE("\x30\x01", unreadable, "label"),
		WIRE("\x3a\x01" "x", unreadable, "occurred_us"),
		WIRE("\x58\x01", unreadable, "identity"),
		WIRE("\xa5\x01" "1234", unreadable, "value"),
		WIRE("\x5b\x5c", unreadable, "identity"),
		WIRE("\xfb\x07\xfc\x07", unreadable, ""),
		WIRE("\x7e\x01", unreadable, "machine"),
		WIRE("\x7f", unreadable, "machine"),
		/* A message twice. */
		WIRE("\x5a\x00\x5a\x00", unreadable, "identity"),
		/* Texts. */
		WIRE("\x32\x02\xc3\x28", bad_text, "label"),
		WIRE("\x32\x01\xff", bad_text, "label"),
		WIRE("\x32\x03\xed\xa0\x80", bad_text, "label"),
		WIRE("\x32\x03" "a\0b", bad_text, "label"),
		WIRE("\x32\x01\0", bad_text, "label"),
		WIRE("\x5a\x03\x22\x01\xff", bad_text, "identity.email"),
		WIRE("\x9a\x01\x03\x4a\x01\0", bad_text, "opportunity.contact_ids"),
		WIRE("\x9a\x01\x03\x52\x01\0", bad_text, "opportunity.left_contact_ids"),
		WIRE("\xc2\x01\x05\x0a\x00\x12\x01\xff", bad_text, "properties.text"),
		/* Values. */
		WIRE("\x12\x00", bad_value, "source"),
		WIRE("\x20\x00", bad_value, "channel"),
		WIRE("\x20\x06", bad_value, "channel"),
		WIRE("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", bad_value, "channel"),
		WIRE("\x28\x00", bad_value, "action"),
		WIRE("\x28\x08", unknown_action, "action"),
		WIRE("\x28\xe7\x07", unknown_action, "action"),
		WIRE("\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", unknown_action, "action"),
		WIRE("\x50\x05", bad_value, "party"),
		WIRE("\x62\x02\x08\x04", bad_value, "consent.analytics"),
		WIRE("\x9a\x01\x02\x18\x05", bad_value, "opportunity.state"),
		WIRE("\x5a\x11\x2a\x0f" "123456789012345", bad_value, "identity.email_actor"),
		WIRE("\x5a\x13\x2a\x11" "12345678901234567", bad_value, "identity.email_actor"),
		WIRE("\xa1\x01\x00\x00\x00\x00\x00\x00\xf8\x7f", bad_value, "value"),
		WIRE("\xa9\x01\x00\x00\x00\x00\x00\x00\xf0\xff", bad_value, "rating"),
		WIRE("\x9a\x01\x09\x21\x00\x00\x00\x00\x00\x00\xf0\x7f", bad_value, "opportunity.probability"),
		WIRE("\x9a\x01\x09\x21\x01\x00\x00\x00\x00\x00\xf0\x3f", bad_value, "opportunity.probability"),
		WIRE("\xb8\x01\x65", bad_value, "scroll_percent"),
		WIRE("\xc2\x01\x00", bad_value, "properties.key"),
		WIRE("\xc2\x01\x0c\x0a\x01k\x19\x00\x00\x00\x00\x00\x00\xf8\xff", bad_value, "properties.number"),
		/* Moments: INT64_MIN, INT64_MAX. */
		WIRE("\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", time_out_of_range, "occurred_us"),
		WIRE("\x38\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", time_out_of_range, "occurred_us"),
		WIRE("\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", time_out_of_range, "stamped_us"),
		WIRE("\x48\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", time_out_of_range, "received_us"),
		WIRE("\x9a\x01\x0b\x38\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", time_out_of_range, "opportunity.close_us"),
		/* clang-format on */
	};
	struct message good = test_message(FORM_PROTOBUF, least, sizeof(least) - 1);
	test_decode(&good);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[128];
		size_t size = put(bytes, put(bytes, 0, least, sizeof(least) - 1), rows[i].bytes, rows[i].size);
		struct message message = test_message(FORM_PROTOBUF, bytes, size);
		check_bad("wire", i, &message, rows[i].outcome, rows[i].field);
	}
}
END_TEST

START_TEST(a_message_cut_at_any_byte_is_refused)
{
	/* The last field is a required one, so that no cut leaves a good event; 652 bytes with every kind of field. */
	struct message message = test_file(FORM_PROTOBUF, "tests/flow/data/full.binpb");
	struct event *event = test_decode(&message);
	const char *source = event->source;
	event->source = "";
	const uint8_t *bytes;
	size_t size;
	ck_assert(encode_event(event, test_arena(), &bytes, &size));
	uint8_t whole[2048];
	size_t start = put(whole, 0, bytes, size);
	size = put(whole, start, "\x12\x08", 2);
	size = put(whole, size, source, 8);
	message = test_message(FORM_PROTOBUF, whole, size);
	test_decode(&message);
	unsigned readable = 0;
	for (size_t cut = 0; cut < size; cut++) {
		message.size = cut;
		struct reject reject = {0};
		enum outcome outcome = decode_event(&message, test_arena(), NULL, &event, &reject);
		ck_assert_msg(outcome == OUTCOME_unreadable || outcome == OUTCOME_bad_value, "cut at %zu: %s", cut,
			      outcome_about[outcome].name);
		if (outcome == OUTCOME_bad_value) { /* between two fields */
			readable++;
			ck_assert_str_eq(reject.field, cut < 5 ? "id" : "source");
		}
		check_bad("cut", cut, &message, outcome, reject.field);
	}
	ck_assert_uint_eq(readable, 28); /* top-level fields and properties, and the empty message */
}
END_TEST

START_TEST(json_cut_at_any_byte_is_refused)
{
	struct message message = test_file(FORM_JSON, "tests/flow/data/full.json");
	size_t size = message.size;
	ck_assert(size > 0 && message.value[size - 1] == '\n');
	for (size_t cut = 0; cut < size - 1; cut++) {
		message.size = cut;
		struct event *event;
		struct reject reject = {0};
		enum outcome outcome = decode_event(&message, test_arena(), NULL, &event, &reject);
		/* Inside a character is bad text. */
		bool inside = cut > 0 && (message.value[cut] & 0xc0) == 0x80;
		check_bad("cut", cut, &message, inside ? OUTCOME_bad_text : OUTCOME_unreadable, reject.field);
		ck_assert_int_ne(outcome, OUTCOME_NONE);
	}
}
END_TEST

#define J(fields) \
	"{\"id\":\"1\",\"source\":\"s\",\"channel\":\"WEB\",\"action\":\"PAGE_VIEW\",\"occurred_us\":" \
	"1795600800000000," fields "}"
#define JSON(text, outcome, field) \
	{ \
		text, sizeof(text) - 1, OUTCOME_##outcome, field \
	}

START_TEST(wrong_json_is_refused)
{
	static const struct {
		const char *text;
		size_t size;
		enum outcome outcome;
		const char *field;
	} rows[] = {
		/* clang-format off */
		/* Not JSON, or not an object. */
		JSON("", unreadable, ""), JSON(" ", unreadable, ""), JSON("null", unreadable, ""), JSON("[]", unreadable, ""),
		JSON("\"id\"", unreadable, ""), JSON("17", unreadable, ""), JSON("{} {}", unreadable, ""),
		JSON("\xef\xbb\xbf{}", unreadable, ""), JSON("{id:1}", unreadable, ""), JSON("id=1&source=s", unreadable, ""),
		JSON(J("\"label\":'x'"), unreadable, "label"), JSON(J("\"label\":\"x\","), unreadable, ""),
		JSON(J("\"rating\":NaN"), unreadable, "rating"), JSON(J("\"engaged_ms\":0x10"), unreadable, "engaged_ms"),
		/* Keys. */
		JSON(J("\"lable\":\"x\""), unreadable, "lable"), JSON(J("\"Label\":\"x\""), unreadable, "Label"),
		JSON(J("\"identity\":{\"emial\":\"a@b.test\"}"), unreadable, "identity.emial"),
		JSON(J("\"properties\":[{\"kez\":\"a\"}]"), unreadable, "properties.kez"),
		JSON(J("\"ann@acme.test\":1"), unreadable, "*************"),
		JSON(J("\"a\\nb\":1"), unreadable, "a?b"), JSON(J("\"\":1"), unreadable, ""),
		JSON(J("\"k123456789k123456789k123456789k123456789k123456789k123456789k123456789k123456789k123456789k123456789\":1"),
		     unreadable, "k123456789k123456789k123456789k123456789k123456789k123456789k123456789k123456789k123456789k1234"),
		JSON(J("\"label\":\"x\",\"label\":\"x\""), unreadable, "label"),
		JSON(J("\"content\":{\"url\":\"\",\"url\":\"\"}"), unreadable, "content.url"),
		JSON(J("\"session_id\":\"x\",\"sessionId\":\"x\""), unreadable, "session_id"),
		JSON(J("\"identity\":{\"email\":\"\",\"email_actor\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}"), unreadable, "identity.email_actor"),
		JSON(J("\"properties\":[{\"key\":\"k\",\"flag\":true,\"text\":\"x\"}]"), unreadable, "properties.text"),
		/* Types. */
		JSON(J("\"label\":1"), unreadable, "label"), JSON(J("\"label\":{}"), unreadable, "label"),
		JSON(J("\"label\":[\"x\"]"), unreadable, "label"), JSON(J("\"label\":true"), unreadable, "label"),
		JSON(J("\"identity\":[]"), unreadable, "identity"), JSON(J("\"identity\":\"x\""), unreadable, "identity"),
		JSON(J("\"identity\":{\"verified\":\"true\"}"), unreadable, "identity.verified"),
		JSON(J("\"identity\":{\"verified\":1}"), unreadable, "identity.verified"),
		JSON(J("\"identity\":{\"email_actor\":\"AAA*\"}"), unreadable, "identity.email_actor"),
		JSON(J("\"identity\":{\"email_actor\":\"AAAAA\"}"), unreadable, "identity.email_actor"),
		JSON(J("\"identity\":{\"email_actor\":[0]}"), unreadable, "identity.email_actor"),
		JSON(J("\"properties\":{}"), unreadable, "properties"), JSON(J("\"properties\":[1]"), unreadable, "properties"),
		JSON(J("\"properties\":[null]"), unreadable, "properties"),
		JSON(J("\"opportunity\":{\"contact_ids\":[\"a\",2]}"), unreadable, "opportunity.contact_ids"),
		JSON(J("\"opportunity\":{\"contact_ids\":[null]}"), unreadable, "opportunity.contact_ids"),
		JSON(J("\"engaged_ms\":true"), unreadable, "engaged_ms"), JSON(J("\"engaged_ms\":1.5"), unreadable, "engaged_ms"),
		JSON(J("\"engaged_ms\":\"1.5\""), unreadable, "engaged_ms"), JSON(J("\"engaged_ms\":\"\""), unreadable, "engaged_ms"),
		JSON(J("\"engaged_ms\":\" 1\""), unreadable, "engaged_ms"), JSON(J("\"engaged_ms\":\"-\""), unreadable, "engaged_ms"),
		JSON(J("\"engaged_ms\":\"2026-11-25T10:00:00Z\""), unreadable, "engaged_ms"),
		JSON(J("\"received_us\":\"2026-11-25 at ten\""), unreadable, "received_us"),
		JSON(J("\"received_us\":\"2026-02-29T10:00:00Z\""), unreadable, "received_us"),
		JSON(J("\"rating\":\"1,5\""), unreadable, "rating"), JSON(J("\"rating\":\"inf\""), unreadable, "rating"),
		JSON(J("\"rating\":\"0x1p3\""), unreadable, "rating"), JSON(J("\"rating\":\"\""), unreadable, "rating"),
		JSON(J("\"rating\":\"1e\""), unreadable, "rating"), JSON(J("\"rating\":[]"), unreadable, "rating"),
		JSON(J("\"party\":true"), unreadable, "party"), JSON(J("\"party\":1.5"), unreadable, "party"),
		/* Texts. */
		JSON(J("\"label\":\"\xff\""), bad_text, "label"), JSON(J("\"label\":\"a\0b\""), bad_text, "label"),
		JSON(J("\"label\":\"a\\u0000b\""), bad_text, "label"),
		JSON(J("\"identity\":{\"email\":\"\xc3\x28\"}"), bad_text, "identity.email"),
		JSON(J("\"lab\\u0000el\":\"x\""), bad_text, "?"), JSON(J("\"label\":\"\\ud800\""), unreadable, "label"),
		/* Values. */
		JSON("{\"source\":\"s\",\"channel\":1,\"action\":100,\"occurred_us\":1795600800000000}", bad_value, "id"),
		JSON("{\"id\":\"\",\"source\":\"s\",\"channel\":1,\"action\":100,\"occurred_us\":1795600800000000}", bad_value, "id"),
		JSON("{\"id\":null,\"source\":\"s\",\"channel\":1,\"action\":100,\"occurred_us\":1795600800000000}", bad_value, "id"),
		JSON("{\"id\":\"1\",\"channel\":1,\"action\":100,\"occurred_us\":1795600800000000}", bad_value, "source"),
		JSON("{\"id\":\"1\",\"source\":\"S\",\"channel\":1,\"action\":100,\"occurred_us\":1795600800000000}", bad_value, "source"),
		JSON("{\"id\":\"1\",\"source\":\"a b\",\"channel\":1,\"action\":100,\"occurred_us\":1795600800000000}", bad_value, "source"),
		JSON("{\"id\":\"1\",\"source\":\"s\",\"action\":100,\"occurred_us\":1795600800000000}", bad_value, "channel"),
		JSON("{\"id\":\"1\",\"source\":\"s\",\"channel\":1,\"occurred_us\":1795600800000000}", bad_value, "action"),
		JSON("{\"id\":\"1\",\"source\":\"s\",\"channel\":\"web\",\"action\":100,\"occurred_us\":1795600800000000}", bad_value, "channel"),
		JSON("{\"id\":\"1\",\"source\":\"s\",\"channel\":1,\"action\":\"PAGE_EATEN\",\"occurred_us\":1795600800000000}", unknown_action, "action"),
		JSON("{\"id\":\"1\",\"source\":\"s\",\"channel\":1,\"action\":99,\"occurred_us\":1795600800000000}", unknown_action, "action"),
		JSON("{\"id\":\"1\",\"source\":\"s\",\"channel\":1,\"action\":[],\"occurred_us\":1795600800000000}", unreadable, "action"),
		JSON(J("\"party\":\"ROBOT\""), bad_value, "party"), JSON(J("\"party\":17"), bad_value, "party"),
		JSON(J("\"party\":2147483648"), bad_value, "party"), JSON(J("\"party\":\"\""), bad_value, "party"),
		JSON(J("\"consent\":{\"profile\":\"YES\"}"), bad_value, "consent.profile"),
		JSON(J("\"opportunity\":{\"state\":-1}"), bad_value, "opportunity.state"),
		JSON(J("\"engaged_ms\":-1"), bad_value, "engaged_ms"), JSON(J("\"engaged_ms\":4294967296"), bad_value, "engaged_ms"),
		JSON(J("\"engaged_ms\":\"4294967296\""), bad_value, "engaged_ms"),
		JSON(J("\"engaged_ms\":1e300"), bad_value, "engaged_ms"), JSON(J("\"engaged_ms\":1e999"), bad_value, "engaged_ms"),
		JSON(J("\"stamped_us\":9223372036854775808"), bad_value, "stamped_us"),
		JSON(J("\"stamped_us\":\"-9223372036854775809\""), bad_value, "stamped_us"),
		JSON(J("\"stamped_us\":99999999999999999999999999"), bad_value, "stamped_us"),
		JSON(J("\"stamped_us\":\"99999999999999999999999999\""), bad_value, "stamped_us"),
		JSON(J("\"rating\":\"NaN\""), bad_value, "rating"), JSON(J("\"rating\":\"Infinity\""), bad_value, "rating"),
		JSON(J("\"rating\":\"-Infinity\""), bad_value, "rating"), JSON(J("\"rating\":\"1e999\""), bad_value, "rating"),
		JSON(J("\"rating\":-1e999"), bad_value, "rating"),
		JSON(J("\"opportunity\":{\"probability\":-0.01}"), bad_value, "opportunity.probability"),
		JSON(J("\"opportunity\":{\"amount\":\"NaN\"}"), bad_value, "opportunity.amount"),
		JSON(J("\"scroll_percent\":101"), bad_value, "scroll_percent"),
		JSON(J("\"machine\":{\"reasons\":2147483648}"), bad_value, "machine.reasons"),
		JSON(J("\"properties\":[{\"text\":\"x\"}]"), bad_value, "properties.key"),
		JSON(J("\"properties\":[{\"key\":\"k\",\"number\":\"NaN\"}]"), bad_value, "properties.number"),
		JSON(J("\"identity\":{\"email_actor\":\"AAAA\"}"), bad_value, "identity.email_actor"),
		/* Depth: 9 lists and maps inside each other. */
		JSON(J("\"x\":[[[[[[[[]]]]]]]]"), too_large, "x"),
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct message message = test_message(FORM_JSON, rows[i].text, rows[i].size);
		check_bad("JSON", i, &message, rows[i].outcome, rows[i].field);
	}
}
END_TEST

#define AT(us) \
	"{\"id\":\"1\",\"source\":\"s\",\"channel\":\"WEB\",\"action\":\"PAGE_VIEW\",\"occurred_us\":" us "}"

START_TEST(times_out_of_range_are_refused)
{
	static const struct {
		const char *json, *field; /* field NULL: good */
	} rows[] = {
		/* clang-format off */
		{AT("\"0001-01-01T00:00:00Z\""), "occurred_us"},
		{AT("\"1999-12-31T23:59:59.999999Z\""), "occurred_us"},
		{AT("\"2000-01-01T00:00:00Z\""), NULL},
		{AT("\"2026-11-25T10:03:40Z\""), NULL},	/* two minutes after NOW_US */
		{AT("\"2026-11-25T10:03:40.000001Z\""), "occurred_us"},
		{AT("\"9999-12-31T23:59:59Z\""), "occurred_us"},
		{AT("\"0001-01-01T00:00:00+01:00\""), "occurred_us"},	/* in year 0 */
		{AT("0"), "occurred_us"},
		{AT("null"), "occurred_us"},
		{J("\"stamped_us\":\"0001-01-01T00:00:00Z\""), NULL},	/* a sender's clock may say what it likes */
		{J("\"stamped_us\":\"9999-12-31T23:59:59Z\""), NULL},
		{J("\"stamped_us\":\"9999-12-31T23:59:60Z\""), "stamped_us"},
		{J("\"received_us\":\"2026-11-25T09:58:00Z\""), NULL},	/* J occurred at 10:00 */
		{J("\"received_us\":\"2026-11-25T09:57:59.999999Z\""), "occurred_us"},
		{J("\"received_us\":\"0001-01-01T00:00:00Z\""), "occurred_us"},
		{J("\"received_us\":-1"), "occurred_us"},
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct message message = test_message(FORM_JSON, rows[i].json, strlen(rows[i].json));
		if (rows[i].field == NULL) {
			test_decode(&message);
		} else {
			check_bad("time", i, &message, OUTCOME_time_out_of_range, rows[i].field);
		}
	}
}
END_TEST

START_TEST(a_record_s_timestamp_is_distrusted_too)
{
	static const int64_t rows[] = {INT64_MAX, INT64_MIN, INT64_C(253402300800000000),
				       INT64_C(-62135596800000001)};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct message message = test_message(FORM_PROTOBUF, least, sizeof(least) - 1);
		message.timestamp_us = rows[i];
		check_bad("timestamp", i, &message, OUTCOME_time_out_of_range, "received_us");
	}
}
END_TEST

/* The pattern with the text in place of its '$'. */
static struct message fill(uint8_t *bytes, size_t size, const char *pattern, const char *text)
{
	const char *place = strchr(pattern, '$');
	ck_assert_ptr_nonnull(place);
	int used = snprintf((char *)bytes, size, "%.*s%s%s", (int)(place - pattern), pattern, text, place + 1);
	ck_assert(used > 0 && (size_t)used < size);
	return test_message(FORM_JSON, bytes, (size_t)used);
}

/* {"<outer>": {"<name>": "xx…"}} in both forms: `size` bytes of text. */
static struct message long_text(enum message_form form, unsigned outer, unsigned number, const char *pattern,
				size_t size)
{
	static uint8_t bytes[4096];
	static char text[2048];
	memset(text, 'x', size);
	text[size] = '\0';
	if (form == FORM_JSON) {
		return fill(bytes, sizeof(bytes), pattern, text);
	}
	uint8_t inner[2048];
	size_t at = 0;
	inner[at++] = (uint8_t)(number << 3 | 2);
	inner[at++] = (uint8_t)(0x80 | (size & 0x7f));
	inner[at++] = (uint8_t)(size >> 7);
	at = put(inner, at, text, size);
	size_t used = put(bytes, 0, least, sizeof(least) - 1);
	if (outer != 0) {
		uint32_t tag = outer << 3 | 2;
		bytes[used++] = (uint8_t)(tag | (tag > 0x7f ? 0x80 : 0));
		if (tag > 0x7f) {
			bytes[used++] = (uint8_t)(tag >> 7);
		}
		bytes[used++] = (uint8_t)(0x80 | (at & 0x7f));
		bytes[used++] = (uint8_t)(at >> 7);
	}
	return test_message(form, bytes, put(bytes, used, inner, at));
}

START_TEST(texts_over_their_size_are_refused)
{
	static const struct {
		unsigned outer, number;
		size_t size_max;
		const char *json, *field;
	} rows[] = {
		/* clang-format off */
		{0, 6, 128, J("\"label\":\"$\""), "label"},
		{0, 3, 64, J("\"site\":\"$\""), "site"},
		{0, 18, 32, J("\"process\":\"$\""), "process"},
		{0, 17, 128, J("\"thread_id\":\"$\""), "thread_id"},
		{11, 1, 256, J("\"identity\":{\"anonymous_id\":\"$\"}"), "identity.anonymous_id"},
		{11, 4, 254, J("\"identity\":{\"email\":\"$\"}"), "identity.email"},
		{11, 9, 128, J("\"identity\":{\"name\":\"$\"}"), "identity.name"},
		{12, 4, 64, J("\"consent\":{\"policy\":\"$\"}"), "consent.policy"},
		{13, 1, 1024, J("\"content\":{\"url\":\"$\"}"), "content.url"},
		{13, 2, 256, J("\"content\":{\"title\":\"$\"}"), "content.title"},
		{13, 8, 16, J("\"content\":{\"language\":\"$\"}"), "content.language"},
		{14, 6, 128, J("\"campaign\":{\"message_id\":\"$\"}"), "campaign.message_id"},
		{19, 6, 3, J("\"opportunity\":{\"currency\":\"$\"}"), "opportunity.currency"},
		{19, 9, 256, J("\"opportunity\":{\"contact_ids\":[\"$\"]}"), "opportunity.contact_ids"},
		{19, 10, 256, J("\"opportunity\":{\"left_contact_ids\":[\"$\"]}"), "opportunity.left_contact_ids"},
		{24, 1, 64, J("\"properties\":[{\"key\":\"$\"}]"), "properties.key"},
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int form = FORM_PROTOBUF; form <= FORM_JSON; form++) {
			if (form == FORM_PROTOBUF && rows[i].number > 15) {
				continue; /* long_text() writes a tag of one byte */
			}
			struct message message = long_text((enum message_form)form, rows[i].outer, rows[i].number,
							   rows[i].json, rows[i].size_max);
			test_decode(&message);
			message = long_text((enum message_form)form, rows[i].outer, rows[i].number, rows[i].json,
					    rows[i].size_max + 1);
			check_bad("text", i, &message, OUTCOME_too_large, rows[i].field);
		}
	}
}
END_TEST

START_TEST(id_and_source_have_their_size_too)
{
	static const struct {
		const char *json, *field;
		size_t size_max;
	} rows[] = {
		/* clang-format off */
		{"{\"id\":\"$\",\"source\":\"s\",\"channel\":1,\"action\":100,\"occurred_us\":1795600800000000}", "id", 128},
		{"{\"id\":\"1\",\"source\":\"$\",\"channel\":1,\"action\":100,\"occurred_us\":1795600800000000}", "source", 32},
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct message message = long_text(FORM_JSON, 0, 0, rows[i].json, rows[i].size_max);
		test_decode(&message);
		message = long_text(FORM_JSON, 0, 0, rows[i].json, rows[i].size_max + 1);
		check_bad("text", i, &message, OUTCOME_too_large, rows[i].field);
	}
}
END_TEST

/* `count` times `item` behind the good event, or in a JSON list. */
static struct message long_list(enum message_form form, const char *item, size_t item_size, const char *pattern,
				unsigned count)
{
	static uint8_t bytes[8192];
	char list[4096];
	size_t used = 0;
	if (form == FORM_PROTOBUF) {
		used = put(bytes, 0, least, sizeof(least) - 1);
		for (unsigned i = 0; i < count; i++) {
			used = put(bytes, used, item, item_size);
		}
		return test_message(form, bytes, used);
	}
	for (unsigned i = 0; i < count; i++) {
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ",", item);
	}
	return fill(bytes, sizeof(bytes), pattern, list);
}

START_TEST(lists_over_their_count_are_refused)
{
	static const char property[] = "\xc2\x01\x03\x0a\x01k";
	struct message message =
		long_list(FORM_PROTOBUF, property, sizeof(property) - 1, NULL, EVENT_PROPERTIES_MAX);
	ck_assert_uint_eq(test_decode(&message)->properties_count, EVENT_PROPERTIES_MAX);
	message = long_list(FORM_PROTOBUF, property, sizeof(property) - 1, NULL, EVENT_PROPERTIES_MAX + 1);
	check_bad("list", 0, &message, OUTCOME_too_large, "properties");

	static const char json[] = J("\"properties\":[$]");
	message = long_list(FORM_JSON, "{\"key\":\"k\"}", 0, json, EVENT_PROPERTIES_MAX);
	ck_assert_uint_eq(test_decode(&message)->properties_count, EVENT_PROPERTIES_MAX);
	message = long_list(FORM_JSON, "{\"key\":\"k\"}", 0, json, EVENT_PROPERTIES_MAX + 1);
	check_bad("list", 1, &message, OUTCOME_too_large, "properties");

	static const char left[] = J("\"opportunity\":{\"left_contact_ids\":[$]}");
	message = long_list(FORM_JSON, "\"c\"", 0, left, EVENT_CONTACT_IDS_MAX + 1);
	check_bad("list", 4, &message, OUTCOME_too_large, "opportunity.left_contact_ids");

	static const char ids[] = J("\"opportunity\":{\"contact_ids\":[$]}");
	message = long_list(FORM_JSON, "\"c\"", 0, ids, EVENT_CONTACT_IDS_MAX);
	struct event *event = test_decode(&message);
	ck_assert_uint_eq(event->opportunity.contact_ids_count, EVENT_CONTACT_IDS_MAX);
	message = long_list(FORM_JSON, "\"c\"", 0, ids, EVENT_CONTACT_IDS_MAX + 1);
	check_bad("list", 2, &message, OUTCOME_too_large, "opportunity.contact_ids");
	static const char *many[EVENT_CONTACT_IDS_MAX + 1];
	for (size_t i = 0; i < COUNT_OF(many); i++) {
		many[i] = "c";
	}
	event->opportunity.contact_ids = many;
	event->opportunity.contact_ids_count = COUNT_OF(many);
	const uint8_t *bytes;
	size_t size;
	ck_assert(encode_event(event, test_arena(), &bytes, &size));
	message = test_message(FORM_PROTOBUF, bytes, size);
	check_bad("list", 3, &message, OUTCOME_too_large, "opportunity.contact_ids");
}
END_TEST

START_TEST(a_message_over_64_kib_is_refused)
{
	static uint8_t bytes[EVENT_MESSAGE_SIZE_MAX + 1];
	memset(bytes, ' ', sizeof(bytes));
	static const char json[] = J("\"label\":\"x\"");
	memcpy(bytes, json, sizeof(json) - 1);
	struct message message = test_message(FORM_JSON, bytes, sizeof(bytes) - 1);
	test_decode(&message);
	message.size++;
	check_bad("size", 0, &message, OUTCOME_too_large, "");

	/* One unknown field fills the message. */
	size_t at = put(bytes, 0, least, sizeof(least) - 1);
	size_t body = EVENT_MESSAGE_SIZE_MAX - at - 5;
	const uint8_t head[] = {0xfa, 0x07, (uint8_t)(0x80 | (body & 0x7f)), (uint8_t)(0x80 | (body >> 7 & 0x7f)),
				(uint8_t)(body >> 14)};
	put(bytes, at, head, sizeof(head));
	message = test_message(FORM_PROTOBUF, bytes, EVENT_MESSAGE_SIZE_MAX);
	test_decode(&message);
	message.size++;
	check_bad("size", 1, &message, OUTCOME_too_large, "");
}
END_TEST

START_TEST(an_unknown_content_type_is_refused)
{
	struct message message = test_message(FORM_UNKNOWN, least, sizeof(least) - 1);
	check_bad("content type", 0, &message, OUTCOME_unreadable, "content-type");
	message.form = FORM_JSON; /* protobuf that says it is JSON, and the other way round */
	check_bad("content type", 1, &message, OUTCOME_bad_text, "");
	static const char json[] = J("\"label\":\"x\"");
	message = test_message(FORM_PROTOBUF, json, sizeof(json) - 1);
	check_bad("content type", 2, &message, OUTCOME_unreadable, "content-type");
	message = test_message(FORM_PROTOBUF, "", 0);
	check_bad("empty", 3, &message, OUTCOME_bad_value, "id");
}
END_TEST

START_TEST(a_full_arena_is_too_large)
{
	struct message whole[] = {test_file(FORM_PROTOBUF, "tests/flow/data/full.binpb"),
				  test_file(FORM_JSON, "tests/flow/data/full.json")};
	for (size_t i = 0; i < COUNT_OF(whole); i++) {
		size_t before = test_arena()->used;
		test_decode(&whole[i]);
		size_t need = test_arena()->used - before;
		for (size_t limit = 4096; limit < need; limit += 512) {
			struct arena small = {.base = test_arena()->base + test_arena()->used, .limit = limit};
			small.base += -(uintptr_t)small.base & 15;
			struct event *event = NULL;
			struct reject reject = {0};
			ck_assert_int_eq(decode_event(&whole[i], &small, NULL, &event, &reject),
					 OUTCOME_too_large);
			ck_assert_uint_eq(small.used, 0);
		}
	}
}
END_TEST

START_TEST(a_message_that_does_not_fit_gives_back_both_arenas)
{
	struct message whole = test_file(FORM_JSON, "tests/flow/data/full.json");
	struct message broken = whole;
	broken.size /= 2;
	struct event event;
	struct reject reject;
	struct arena scratch;
	ck_assert(arena_init(&scratch, (size_t)1 << 20));
	size_t before = test_arena()->used;
	ck_assert_int_eq(decode_event_into(&broken, NULL, test_arena(), &scratch, NULL, &event, &reject),
			 OUTCOME_unreadable);
	ck_assert_uint_eq(test_arena()->used, before);
	ck_assert_uint_eq(scratch.used, 0);
	ck_assert_int_eq(decode_event_into(&whole, NULL, test_arena(), &scratch, NULL, &event, &reject),
			 OUTCOME_NONE);
	size_t need = test_arena()->used - before;
	for (size_t limit = 0; limit < need; limit += 16) {
		struct arena small = {.base = test_arena()->base + before, .limit = limit};
		ck_assert_int_eq(decode_event_into(&whole, NULL, &small, &scratch, NULL, &event, &reject),
				 OUTCOME_too_large);
		ck_assert_uint_eq(small.used, 0);
		ck_assert_uint_eq(scratch.used, 0);
	}
	arena_finish(&scratch);
}
END_TEST

TEST_MAIN("decode_bad", broken_wire_bytes_are_refused, a_message_cut_at_any_byte_is_refused,
	  json_cut_at_any_byte_is_refused, wrong_json_is_refused, times_out_of_range_are_refused,
	  a_record_s_timestamp_is_distrusted_too, texts_over_their_size_are_refused,
	  id_and_source_have_their_size_too, lists_over_their_count_are_refused, a_message_over_64_kib_is_refused,
	  an_unknown_content_type_is_refused, a_full_arena_is_too_large,
	  a_message_that_does_not_fit_gives_back_both_arenas)

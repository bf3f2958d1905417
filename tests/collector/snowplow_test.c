/*
 * collector/source/snowplow.h: the cases of snowplow_cases.txt in each of the three ways that trackers send them, and
 * what a whole request may be.
 */
#include "collector/source/snowplow.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "collector/source/snowplow_event.h"
#include "collector/source/snowplow_iglu.h"
#include "core/base/arena.h"
#include "core/base/moment.h"
#include "tests/collector/told.h"
#include "tests/table.h"

#define RECEIVED_US INT64_C(1795316000000000)
#define PAIRS_MAX 64
#define TEXT_SIZE 16384

static struct arena arena;

static const struct form forms[] = {
	{.id = "demo-request",
	 .field = {[FORM_EMAIL] = "email",
		   [FORM_NAME] = "name",
		   [FORM_ROLE] = "role",
		   [FORM_PROFILE] = "consent_profile",
		   [FORM_CONTACT] = "consent_contact"}},
};
static const char *const extensions[] = {"pdf", "zip"};
static const char *const scopes[] = {"analytics", "statistics"};
static const struct source_options options = {.forms = {.count = 1, .forms = forms},
					      .download_extensions = extensions,
					      .download_extensions_count = 2,
					      .consent_scopes = scopes,
					      .consent_scopes_count = 2,
					      .page_ping_ms = 10000};

struct pairs {
	struct source_pair items[PAIRS_MAX];
	size_t count;
};

struct one_case {
	char about[256];
	unsigned line;
	struct pairs payload, headers;
	char expected[TEXT_SIZE];
};

/* --- the file --- */

/* $S, $U{…} and $C[…] written out, into the arena. */
static const char *expand(const char *text)
{
	static const char snowplow[] = "iglu:com.snowplowanalytics.snowplow";
	const char *kind = strncmp(text, "$U", 2) == 0	 ? "unstruct_event"
			   : strncmp(text, "$C", 2) == 0 ? "contexts"
							 : NULL;
	const char *whole = kind == NULL
				    ? arena_text(&arena, text, strlen(text))
				    : arena_print(&arena, "{\"schema\":\"$S/%s/jsonschema/1-0-0\",\"data\":%s}",
						  kind, text + 2);
	for (const char *at; (at = strstr(whole, "$S")) != NULL;) {
		whole = arena_print(&arena, "%.*s%s%s", (int)(at - whole), whole, snowplow, at + 2);
		ck_assert_ptr_nonnull(whole);
	}
	return whole;
}

static void put(struct pairs *pairs, const char *name, const char *value)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (strcmp(pairs->items[i].name, name) == 0) {
			pairs->items[i].value = value;
			return;
		}
	}
	ck_assert_uint_lt(pairs->count, PAIRS_MAX);
	pairs->items[pairs->count++] = (struct source_pair){name, value};
}

static void put_line(struct pairs *pairs, const char *line)
{
	const char *equals = strchr(line, '=');
	ck_assert_msg(equals != NULL, "%s", line);
	put(pairs, arena_text(&arena, line, (size_t)(equals - line)), expand(equals + 1));
}

static void drop_absent(struct pairs *pairs)
{
	size_t kept = 0;
	for (size_t i = 0; i < pairs->count; i++) {
		if (strcmp(pairs->items[i].value, "-") != 0) {
			pairs->items[kept++] = pairs->items[i];
		}
	}
	pairs->count = kept;
}

static void begin(struct one_case *one, const char *about, unsigned line)
{
	static const struct source_pair defaults[] = {
		{"stm", "1795316000000"}, {"eid", "0b1c"}, {"tv", "js-4.10.1"}, {"p", "web"},
		{"dtm", "1795315999500"},
	};
	memset(one, 0, sizeof(*one));
	snprintf(one->about, sizeof(one->about), "%s", about);
	one->line = line;
	for (size_t i = 0; i < COUNT_OF(defaults); i++) {
		put(&one->payload, defaults[i].name, defaults[i].value);
	}
}

typedef void each_case(struct one_case *one);

static unsigned walk_cases(each_case *each)
{
	FILE *file = fopen("tests/collector/snowplow_cases.txt", "r");
	ck_assert_ptr_nonnull(file);
	static struct one_case one;
	static char line[TEXT_SIZE];
	unsigned cases = 0;
	for (unsigned number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
		line[strcspn(line, "\n")] = '\0';
		size_t used = strlen(one.expected);
		if (line[0] == '=') {
			arena_reset(&arena, 0);
			begin(&one, line + 2, number);
		} else if (line[0] == '~') {
			put_line(&one.headers, line + 2);
		} else if (line[0] == '>' || line[0] == '!') {
			snprintf(one.expected + used, sizeof(one.expected) - used, "%s\n", line);
		} else if (line[0] != '#' && line[0] != '\0') {
			put_line(&one.payload, line);
		}
		int next = fgetc(file);
		if (one.line != 0 && (next == '=' || next == EOF)) {
			drop_absent(&one.payload);
			each(&one);
			cases++;
			one.line = 0;
		}
		ungetc(next, file);
	}
	fclose(file);
	return cases;
}

/* --- what came out --- */

static char told[TOLD_SIZE];

static void tell_item(const struct source_item *item)
{
	static const struct told_usual usual = {.source = "snowplow",
						.id = "0b1c",
						.channel = CHANNEL_WEB,
						.occurred_us = RECEIVED_US - 500000,
						.stamped_us = RECEIVED_US - 500000,
						.received_us = RECEIVED_US,
						.site = ""};
	told[0] = '\0';
	told_item(item, &usual, told);
	ck_assert(item->event == NULL || !item->event->identity.verified);
}

/* --- the three ways --- */

static void read_request(struct source_request *request, const struct pairs *headers,
			 struct source_items *ret_items)
{
	request->received_us = RECEIVED_US;
	for (size_t i = 0; i < SOURCE_HEADER_COUNT; i++) {
		request->header[i] = "";
		for (size_t j = 0; headers != NULL && j < headers->count; j++) {
			if (strcmp(headers->items[j].name, source_header_names[i]) == 0) {
				request->header[i] = headers->items[j].value;
			}
		}
	}
	ck_assert(snowplow_read(request, &options, &arena, ret_items));
}

static const char *base64url(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t size = strlen(text), used = 0;
	char *out = arena_take(&arena, size * 4 / 3 + 4);
	for (size_t i = 0; i < size; i += 3) {
		unsigned bits = (unsigned)(unsigned char)text[i] << 16;
		bits |= i + 1 < size ? (unsigned)(unsigned char)text[i + 1] << 8 : 0;
		bits |= i + 2 < size ? (unsigned)(unsigned char)text[i + 2] : 0;
		for (unsigned j = 0; j < 4 && i + j <= size; j++) {
			out[used++] = digits[bits >> (18 - 6 * j) & 63];
		}
	}
	out[used] = '\0';
	return out;
}

/* As tracker v3 and every GET send it. */
static void encode(const struct pairs *pairs, struct pairs *ret)
{
	*ret = *pairs;
	for (size_t i = 0; i < ret->count; i++) {
		struct source_pair *pair = &ret->items[i];
		const char *name = strcmp(pair->name, "ue_pr") == 0 ? "ue_px"
				   : strcmp(pair->name, "co") == 0  ? "cx"
								    : NULL;
		if (name != NULL) {
			*pair = (struct source_pair){name, base64url(pair->value)};
		}
	}
}

static const char *envelope(const struct pairs *pairs)
{
	json_t *payload = json_object();
	for (size_t i = 0; i < pairs->count; i++) {
		json_object_set_new(payload, pairs->items[i].name, json_string(pairs->items[i].value));
	}
	json_t *root =
		json_pack("{s:s,s:[o]}", "schema",
			  "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data", payload);
	char *text = json_dumps(root, JSON_COMPACT);
	ck_assert_ptr_nonnull(text);
	const char *copy = arena_text(&arena, text, strlen(text));
	free(text);
	json_decref(root);
	return copy;
}

static void check(const struct one_case *one, const char *way, struct source_request *request,
		  const char *expected)
{
	struct source_items items;
	read_request(request, &one->headers, &items);
	ck_assert_uint_eq(items.count, 1);
	tell_item(&items.items[0]);
	ck_assert_msg(strcmp(told, expected) == 0, "line %u: %s (%s)\nexpected:\n%sgot:\n%s", one->line,
		      one->about, way, expected, told);
}

static void run_case(struct one_case *one)
{
	/* Where it is named in base64, it is at fault under that name. */
	const char *name = strstr(one->expected, " co\n") != NULL ? "cx" : "ue_px";
	char *fault = strstr(one->expected, " co\n") != NULL ? strstr(one->expected, "co\n")
							     : strstr(one->expected, "ue_pr\n");
	bool is_named = one->expected[0] == '!' && fault != NULL && strstr(one->about, "without one") == NULL;
	const char *encoded =
		is_named ? arena_print(&arena, "%.*s%s\n", (int)(fault - one->expected), one->expected, name)
			 : one->expected;
	struct pairs v3;
	encode(&one->payload, &v3);
	if (strstr(one->about, "without one") != NULL) {
		encoded = "! unreadable ue_px\n";
	}
	const char *body = envelope(&one->payload);
	check(one, "POST v4", &(struct source_request){.body = body, .body_size = strlen(body)},
	      strstr(one->about, "without one") != NULL ? encoded : one->expected);
	body = envelope(&v3);
	check(one, "POST v3", &(struct source_request){.body = body, .body_size = strlen(body)}, encoded);
	check(one, "GET", &(struct source_request){.arguments = v3.items, .arguments_count = v3.count, .body = ""},
	      encoded);
}

START_TEST(every_case_gives_the_same_by_every_way)
{
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
	ck_assert_uint_gt(walk_cases(run_case), 60);
}
END_TEST

/* --- whole requests --- */

#define SCHEMA "\"schema\":\"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4\""

static struct source_items read_body(const char *body, size_t size)
{
	struct source_items items;
	read_request(&(struct source_request){.body = body, .body_size = size}, NULL, &items);
	return items;
}

START_TEST(a_request_that_cannot_be_read_is_one_reject)
{
	static const struct {
		const char *body, *expected;
	} rows[] = {
		{"x", "! unreadable \n"},
		{"{", "! unreadable \n"},
		{"[]", "! unreadable schema\n"},
		{"{}", "! unreadable schema\n"},
		{"{\"schema\":7,\"data\":[{}]}", "! unreadable schema\n"},
		{"{\"schema\":\"iglu:a/b/jsonschema/1-0-0\",\"data\":[{}]}", "! unreadable schema\n"},
		{"{\"schema\":\"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/"
		 "2-0-0\",\"data\":[{}]}",
		 "! unreadable schema\n"},
		{"{" SCHEMA "}", "! unreadable data\n"},
		{"{" SCHEMA ",\"data\":{}}", "! unreadable data\n"},
		{"{" SCHEMA ",\"data\":[]}", "! unreadable data\n"},
		{"{" SCHEMA ",\"data\":[{\"e\":\"\xff\"}]}", "! bad_text data.e\n"},
		{"{" SCHEMA ",\"data\":[{\"e\":\"\\u0000\"}]}", "! bad_text data.e\n"},
		{"{" SCHEMA
		 ",\"data\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
		 "! too_large data\n"},
	};
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct source_items items = read_body(rows[i].body, strlen(rows[i].body));
		ck_assert_uint_eq(items.count, 1);
		tell_item(&items.items[0]);
		ck_assert_msg(strcmp(told, rows[i].expected) == 0, "row %zu: %s", i, told);
		ck_assert_uint_eq(items.items[0].reject.size, strlen(rows[i].body));
	}
}
END_TEST

START_TEST(one_bad_event_costs_itself_alone)
{
	static const char body[] =
		"{" SCHEMA ",\"data\":[{\"e\":\"pv\",\"eid\":\"a\"},{\"e\":\"pv\",\"eid\":[]},7,"
		"{\"e\":\"pv\",\"eid\":\"b\",\"vid\":3}]}";
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	struct source_items items = read_body(body, sizeof(body) - 1);
	ck_assert_uint_eq(items.count, 4);
	ck_assert_str_eq(items.items[0].event->id, "a");
	ck_assert_ptr_null(items.items[1].event);
	ck_assert_str_eq(items.items[1].reject.field, "eid");
	ck_assert_ptr_null(items.items[2].event);
	ck_assert_str_eq(items.items[2].reject.field, "data");
	ck_assert_str_eq(items.items[3].event->id, "b");
}
END_TEST

START_TEST(a_batch_has_a_limit)
{
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
	static char body[SOURCE_EVENTS_MAX * 32 + 256];
	for (size_t count = SOURCE_EVENTS_MAX; count <= SOURCE_EVENTS_MAX + 1; count++) {
		size_t used = (size_t)snprintf(body, sizeof(body), "{" SCHEMA ",\"data\":[");
		for (size_t i = 0; i < count; i++) {
			used += (size_t)snprintf(body + used, sizeof(body) - used,
						 "%s{\"e\":\"pv\",\"eid\":\"%zu\"}", i > 0 ? "," : "", i);
		}
		used += (size_t)snprintf(body + used, sizeof(body) - used, "]}");
		struct source_items items = read_body(body, used);
		ck_assert_uint_eq(items.count, count == SOURCE_EVENTS_MAX ? count : 1);
		ck_assert((items.items[0].event != NULL) == (count == SOURCE_EVENTS_MAX));
	}
}
END_TEST

START_TEST(the_query_wins_over_the_body)
{
	static const char body[] =
		"{" SCHEMA ",\"data\":[{\"e\":\"pv\",\"eid\":\"a\",\"aid\":\"body\",\"page\":\"P\"}]}";
	const struct source_pair arguments[] = {{"aid", "query"}};
	struct source_items items;
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	read_request(
		&(struct source_request){
			.body = body, .body_size = sizeof(body) - 1, .arguments = arguments, .arguments_count = 1},
		NULL, &items);
	ck_assert_str_eq(items.items[0].event->site, "query");
	ck_assert_str_eq(items.items[0].event->content.title, "P");
}
END_TEST

static const char *made_id(const char *url, const char *sent, int64_t received_us)
{
	const struct source_pair arguments[] = {
		{"stm", sent}, {"e", "pv"}, {"url", url}, {"dtm", sent[0] ? "5" : ""}};
	struct source_request request = {.arguments = arguments, .arguments_count = 4, .body = ""};
	struct source_items items;
	read_request(&request, NULL, &items);
	request.received_us = received_us;
	ck_assert(snowplow_read(&request, &options, &arena, &items));
	return items.items[0].event->id;
}

START_TEST(a_made_id_is_the_same_in_a_retry_and_another_next_time)
{
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	const char *first = made_id("https://a.test/1", "10", RECEIVED_US);
	ck_assert_str_eq(first, made_id("https://a.test/1", "99", RECEIVED_US + MOMENT_DAY_US));
	ck_assert_str_ne(first, made_id("https://a.test/2", "10", RECEIVED_US));
	const char *clockless = made_id("https://a.test/1", "", RECEIVED_US);
	ck_assert_str_eq(clockless, made_id("https://a.test/1", "", RECEIVED_US + 1));
	ck_assert_str_ne(clockless, made_id("https://a.test/1", "", RECEIVED_US + MOMENT_SECOND_US));
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused)
{
	static const char *const names[] = {"page", "url", "duid", "eid"};
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct source_pair arguments[] = {{"e", "pv"}, {names[i], "bl\xe5"}};
		struct source_items items;
		read_request(&(struct source_request){.arguments = arguments, .arguments_count = 2, .body = ""},
			     NULL, &items);
		tell_item(&items.items[0]);
		ck_assert_msg(strncmp(told, "! bad_text ", 11) == 0, "%s: %s", names[i], told);
	}
}
END_TEST

START_TEST(a_full_arena_is_told_and_harms_nothing)
{
	static const char body[] = "{" SCHEMA ",\"data\":[{\"e\":\"pv\",\"eid\":\"a\"}]}";
	unsigned full = 0, refused = 0, read = 0;
	for (size_t limit = 256; limit < (size_t)16 * 1024; limit += 64) {
		struct source_items items;
		struct source_request request = {
			.body = body, .body_size = sizeof(body) - 1, .received_us = RECEIVED_US};
		for (size_t i = 0; i < SOURCE_HEADER_COUNT; i++) {
			request.header[i] = "";
		}
		ck_assert(arena_init(&arena, limit));
		if (!snowplow_read(&request, &options, &arena, &items)) {
			full++;
		} else if (items.items[0].event == NULL) {
			ck_assert_int_eq(items.items[0].reject.reason, OUTCOME_too_large);
			refused++;
		} else {
			read++;
		}
		arena_finish(&arena);
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_gt(read, 0);
}
END_TEST

START_TEST(iglu_uris_are_told_apart)
{
	static const struct {
		const char *uri;
		bool good;
	} rows[] = {
		{"iglu:v/n/jsonschema/1-0-0", true},
		{"iglu:v/n/jsonschema/1-12-345", true},
		{"iglu:v/n/jsonschema/2-0-0", false},
		{"iglu:v/n/jsonschema/11-0-0", false},
		{"iglu:v/n/jsonschema/1", false},
		{"iglu:v/n/jsonschema/-0-0", false},
		{"iglu:v/n/avro/1-0-0", false},
		{"iglu:v/nn/jsonschema/1-0-0", false},
		{"iglu:vv/n/jsonschema/1-0-0", false},
		{"v/n/jsonschema/1-0-0", false},
		{"iglu:v", false},
		{"iglu:", false},
		{"", false},
		{NULL, false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(iglu_is(rows[i].uri, "v", "n", 1) == rows[i].good, "row %zu", i);
	}
}
END_TEST

TEST_MAIN("snowplow", every_case_gives_the_same_by_every_way, a_request_that_cannot_be_read_is_one_reject,
	  one_bad_event_costs_itself_alone, a_batch_has_a_limit, the_query_wins_over_the_body,
	  a_made_id_is_the_same_in_a_retry_and_another_next_time, bytes_that_are_no_text_are_refused,
	  a_full_arena_is_told_and_harms_nothing, iglu_uris_are_told_apart)

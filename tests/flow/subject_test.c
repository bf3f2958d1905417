/* core/flow/subject.h: what a touch was about, and nothing else. */
#include "core/flow/subject.h"

#include "tests/flow/decode_table.h"

START_TEST(urls_fall_into_host_and_path)
{
	static const struct {
		const char *url, *host, *path;
	} rows[] = {
		/* clang-format off */
		{"https://Nordlys.Test/Price?utm_source=x#top", "nordlys.test", "/Price"},
		{"HTTP://nordlys.test", "nordlys.test", "/"},
		{"http://nordlys.test?x", "nordlys.test", "/"},
		{"http://nordlys.test#x", "nordlys.test", "/"},
		{"http://nordlys.test:80/", "nordlys.test", "/"},
		{"https://nordlys.test:443/a/b/", "nordlys.test", "/a/b/"},
		{"http://nordlys.test:/a", "nordlys.test", "/a"},
		{"http://127.0.0.1:8081/a", "127.0.0.1:8081", "/a"},
		{"http://[::1]:8081/a", "[::1]:8081", "/a"},
		{"http://[::1]/a", "[::1]", "/a"},
		{"https://user:secret@nordlys.test/a", "nordlys.test", "/a"},
		{"https://a/b@c", "a", "/b@c"},
		{"", "", ""}, {"/price", "", ""}, {"nordlys.test/price", "", ""}, {"ftp://nordlys.test/x", "", ""},
		{"mailto:********", "", ""}, {"http://", "", ""}, {"http:///x", "", ""}, {"https://user@/x", "", ""},
		{"https:/x", "", ""},
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *host, *path;
		ck_assert(subject_url_parts(rows[i].url, test_arena(), &host, &path));
		ck_assert_msg(strcmp(host, rows[i].host) == 0 && strcmp(path, rows[i].path) == 0,
			      "row %zu: \"%s\" \"%s\"", i, host, path);
	}
}
END_TEST

START_TEST(engagement_falls_into_five_classes)
{
	static const struct {
		uint32_t ms;
		int class;
	} rows[] = {{0, 0},	 {9999, 0},   {10000, 1},  {29999, 1},	{30000, 2},
		    {119999, 2}, {120000, 3}, {599999, 3}, {600000, 4}, {UINT32_MAX, 4}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(subject_engagement(rows[i].ms) == rows[i].class, "row %zu", i);
	}
}
END_TEST

#define LEAST \
	"\"id\":\"1\",\"source\":\"s\",\"channel\":\"WEB\",\"action\":\"PAGE_VIEW\",\"occurred_us\":" \
	"1795600800000000"

static const char *const keys[] = {"plan", "seats"};

static struct subject subject_of(const char *fields)
{
	char json[600];
	snprintf(json, sizeof(json), "{" LEAST "%s}", fields);
	struct subject subject;
	ck_assert(subject_from_event(test_decode_json(json), keys, COUNT_OF(keys), test_arena(), &subject));
	return subject;
}

START_TEST(a_subject_is_what_rules_look_at)
{
	struct message message = test_file(FORM_PROTOBUF, "tests/flow/data/full.binpb");
	struct subject subject;
	ck_assert(subject_from_event(test_decode(&message), keys, COUNT_OF(keys), test_arena(), &subject));
	ck_assert_str_eq(subject.source, "snowplow");
	ck_assert_str_eq(subject.site, "nordlys");
	ck_assert_int_eq(subject.channel, CHANNEL_WEB);
	ck_assert_str_eq(subject.process, "tender");
	ck_assert_int_eq(subject.action, ACTION_FORM_SUBMIT);
	ck_assert_str_eq(subject.label, "Demo Requested");
	ck_assert_str_eq(subject.host, "nordlys.test");
	ck_assert_str_eq(subject.path, "/demo");
	ck_assert_str_eq(subject.title, "Book a demo");
	ck_assert_str_eq(subject.content_id, "c-1");
	ck_assert_str_eq(subject.form_id, "demo");
	ck_assert_str_eq(subject.target_host, "nordlys.test");
	ck_assert_str_eq(subject.target_path, "/files/guide.pdf");
	ck_assert_str_eq(subject.topic, "delivery,price");
	ck_assert_int_eq(subject.engagement, 2);
	ck_assert_uint_eq(subject.properties_count, 2);
	ck_assert_str_eq(subject.property_keys[0], "plan");
	ck_assert_str_eq(subject.property_values[0], "pro");
	ck_assert_str_eq(subject.property_values[1], "-12");
}
END_TEST

/* As table subject has it: the values alone. */
START_TEST(properties_are_found_again_by_their_values)
{
	static const char *const many[] = {"a", "b", "c", "plan", "seats"};
	static const struct {
		const char *properties, *lines;
	} rows[] = {
		{"", ""},
		{"{\"key\":\"seats\",\"text\":\"7\"}", "7"},
		{"{\"key\":\"b\",\"text\":\"7\"}", "7"},
		{"{\"key\":\"b\",\"text\":\"7\"},{\"key\":\"plan\",\"text\":\"7\"}", "7\n7"},
		{"{\"key\":\"c\",\"text\":\"x y\"},{\"key\":\"a\",\"text\":\"pro\"}", "pro\nx y"},
		{"{\"key\":\"c\",\"text\":\"x\\ny\\n\"},{\"key\":\"a\",\"text\":\"p\\nq\"}", "p\nq\nx\ny\n"},
		{"{\"key\":\"b\",\"text\":\"\\n\"}", "\n"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event *event = test_decode_json(
			arena_print(test_arena(), "{" LEAST ",\"properties\":[%s]}", rows[i].properties));
		struct subject subject, bare;
		ck_assert(subject_from_event(event, many, COUNT_OF(many), test_arena(), &subject));
		bare = subject;
		bare.properties_count = 0;
		ck_assert_msg(subject_give_properties(&bare, many, COUNT_OF(many), rows[i].lines, test_arena()) &&
				      bare.properties_count == subject.properties_count,
			      "row %zu", i);
		for (unsigned k = 0; k < bare.properties_count; k++) {
			ck_assert_str_eq(bare.property_keys[k], subject.property_keys[k]);
			ck_assert_str_eq(bare.property_values[k], subject.property_values[k]);
		}
		ck_assert(!subject_give_properties(&bare, many, COUNT_OF(many), "no such value", test_arena()));
		ck_assert(!subject_give_properties(&bare, many, COUNT_OF(many), "1\n2\n3\n4\n5\n6", test_arena()));
	}
}
END_TEST

static struct subject subject_from(const struct event *event)
{
	struct subject subject;
	ck_assert(subject_from_event(event, keys, COUNT_OF(keys), test_arena(), &subject));
	return subject;
}

static bool is_known_again(const struct event *known, const struct event *event)
{
	const struct subject_keys named = {keys, COUNT_OF(keys)};
	struct subject_look made, look;
	subject_look(known, &named, &made);
	subject_look(event, &named, &look);
	ck_assert(made.size > 0 && look.size > 0);
	return made.size == look.size && memcmp(made.bytes, look.bytes, made.size) == 0;
}

START_TEST(each_of_its_fields_makes_another_subject)
{
	static const char *const rows[] = {
		/* clang-format off */
		"", ",\"site\":\"a\"", ",\"process\":\"a\"", ",\"label\":\"a\"", ",\"content\":{\"url\":\"http://a.test/\"}",
		",\"content\":{\"url\":\"http://a.test/a\"}", ",\"content\":{\"title\":\"a\"}", ",\"content\":{\"content_id\":\"a\"}",
		",\"content\":{\"form_id\":\"a\"}", ",\"content\":{\"target_url\":\"http://a.test/\"}",
		",\"content\":{\"target_url\":\"http://a.test/a\"}", ",\"content\":{\"topic\":\"a\"}", ",\"engaged_ms\":10000",
		",\"properties\":[{\"key\":\"plan\",\"text\":\"a\"}]", ",\"properties\":[{\"key\":\"seats\",\"text\":\"a\"}]",
		/* clang-format on */
	};
	struct event events[COUNT_OF(rows) + 3];
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		events[count++] = *test_decode_json(arena_print(test_arena(), "{" LEAST "%s}", rows[i]));
	}
	events[count] = events[count + 1] = events[count + 2] = events[0];
	events[count++].source = "t";
	events[count++].channel = CHANNEL_EMAIL;
	events[count++].action = ACTION_CUSTOM;
	for (size_t i = 0; i < count; i++) {
		struct subject subject = subject_from(&events[i]);
		for (size_t j = 0; j < count; j++) {
			struct subject other = subject_from(&events[j]);
			ck_assert_msg((subject.id == other.id) == (i == j), "%zu and %zu", i, j);
			ck_assert_msg(is_known_again(&events[i], &events[j]) == (i == j), "%zu and %zu", i, j);
		}
	}
}
END_TEST

START_TEST(it_is_known_again_by_what_it_is_made_from)
{
	static const struct {
		const char *a, *b;
	} rows[] = {
		/* clang-format off */
		{",\"engaged_ms\":10000", ",\"engaged_ms\":29999"},
		{",\"content\":{\"url\":\"http://a.test/a?b#c\"}", ",\"content\":{\"url\":\"http://a.test/a#b?c\"}"},
		{",\"content\":{\"url\":\"http://a.test/a\",\"search\":\"x\"}", ",\"content\":{\"url\":\"http://a.test/a?\"}"},
		{",\"properties\":[{\"key\":\"plan\",\"text\":\"a\"},{\"key\":\"other\",\"text\":\"b\"}]",
		 ",\"properties\":[{\"key\":\"seats\",\"text\":\"\"},{\"key\":\"plan\",\"text\":\"a\"}]"},
		{",\"properties\":[{\"key\":\"other\",\"text\":\"b\"}]", ""},
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct event *a = test_decode_json(arena_print(test_arena(), "{" LEAST "%s}", rows[i].a));
		const struct event *b = test_decode_json(arena_print(test_arena(), "{" LEAST "%s}", rows[i].b));
		ck_assert_msg(is_known_again(a, b) && is_known_again(b, a), "row %zu", i);
		ck_assert_msg(subject_from(a).id == subject_from(b).id, "row %zu", i);
	}
}
END_TEST

START_TEST(what_rules_do_not_look_at_makes_no_other_subject)
{
	uint64_t id = subject_of("").id;
	static const char *const rows[] = {
		/* clang-format off */
		",\"identity\":{\"anonymous_id\":\"c\"}", ",\"session_id\":\"s\"", ",\"thread_id\":\"t\"", ",\"value\":3",
		",\"campaign\":{\"source\":\"x\"}", ",\"content\":{\"search\":\"x\"}", ",\"content\":{\"referrer\":\"http://x.test/\"}",
		",\"engaged_ms\":9999", ",\"stamped_us\":1", ",\"consent\":{\"analytics\":1}", ",\"machine\":{\"reasons\":1}",
		",\"party\":\"AGENT\"", ",\"properties\":[{\"key\":\"other\",\"text\":\"a\"}]",
		",\"properties\":[{\"key\":\"plan\",\"text\":\"\"}]",
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(subject_of(rows[i]).id == id, "row %zu", i);
	}
	ck_assert_uint_eq(
		subject_of(
			",\"properties\":[{\"key\":\"seats\",\"text\":\"a\"},{\"key\":\"plan\",\"text\":\"b\"}]")
			.id,
		subject_of(
			",\"properties\":[{\"key\":\"plan\",\"text\":\"b\"},{\"key\":\"seats\",\"text\":\"a\"}]")
			.id);
}
END_TEST

START_TEST(a_subject_id_never_changes)
{
	/* It is a key of tables. SHA-256 of "s", "", "web", "", "100", "", "a.test", "/b", seven empty ones less one, "0". */
	ck_assert_uint_eq(subject_of(",\"content\":{\"url\":\"http://a.test/b\"}").id,
			  UINT64_C(0x9bb72e5d9da27586));
}
END_TEST

TEST_MAIN("subject", urls_fall_into_host_and_path, engagement_falls_into_five_classes,
	  a_subject_is_what_rules_look_at, properties_are_found_again_by_their_values,
	  each_of_its_fields_makes_another_subject, it_is_known_again_by_what_it_is_made_from,
	  what_rules_do_not_look_at_makes_no_other_subject, a_subject_id_never_changes)

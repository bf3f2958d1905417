/* core/edge/conf.h: the schema, its file and its errors. PHASED_UPDATE=1 writes conf/phased.yaml from the schema. */
#include "core/edge/conf.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/log.h"
#include "tests/edge/conf_files.h"
#include "tests/edge/conf_keys.h"
#include "tests/table.h"

static struct arena arena;

static void start(void)
{
	ck_assert(arena_init(&arena, CONF_ARENA_SIZE));
}

static bool parse(const char *text, struct conf *ret_conf, struct fail *fail)
{
	return conf_parse(text, strlen(text), "dir/phased.yaml", &arena, ret_conf, fail);
}

START_TEST(file_in_the_tree_is_what_the_schema_says)
{
	start();
	conf_file_is("conf/phased.yaml", conf_schema_default_text(&conf_schema, &arena));
}
END_TEST

START_TEST(man_page_lists_what_the_schema_says)
{
	conf_manual_is("docs/man/phased.yaml.5", &conf_schema);
}
END_TEST

START_TEST(each_key_is_documented)
{
	conf_keys_are_documented(&conf_schema);
}
END_TEST

START_TEST(each_key_is_taken_over_or_takes_a_restart)
{
	static const struct conf_change changes[] = {
		{"cloudevents.map", "cloudevents: {map: {url: a}}\n", "cloudevents: {map: {url: b}}\n"},
		{0},
	};
	conf_keys_are_reloaded(&conf_schema, changes);
}
END_TEST

START_TEST(bad_files_change_nothing)
{
	conf_bad_files_change_nothing(&conf_schema);
}
END_TEST

START_TEST(list_of_changes_is_cut_between_keys)
{
	conf_changes_are_cut(
		&conf_schema,
		"kafka: {brokers: a, group: g, instance_id: i, client_id: c, buffer_mb: 5, session_ms: 2000,\n"
		"  topics: {web: w, email: e, chat: c, crm: r, rejected: j, erasure: z, more: [m]}}\n"
		"postgres: {conninfo: dbname=x, password_file: f, connect_ms_max: 200, reply_ms_max: 200}\n"
		"identity: {key_file: k}\n"
		"subject: {property_keys: [a]}\n"
		"batch: {lanes: 3}\n"
		"breaker: {messages: 5}\n"
		"http: {listen: \"\", connections_max: 5, request_s_max: 5}\n",
		"kafka.brokers, kafka.group, kafka.instance_id, kafka.client_id, kafka.topics.web, "
		"kafka.topics.email, kafka.topics.chat, kafka.topics.crm, kafka.topics.rejected, "
		"kafka.topics.erasure, kafka.topics.more, kafka.buffer_mb, kafka.session_ms, postgres.conninfo, "
		"postgres.password_file, postgres.connect_ms_max, postgres.reply_ms_max, identity.key_file, "
		"subject.property_keys, batch.lanes, breaker.messages, http.listen, http.connections_max, "
		"http.request_s_max");
}
END_TEST

START_TEST(each_key_is_checked)
{
	conf_keys_are_checked(&conf_schema);
}
END_TEST

/* Lines such as "  #buffer_mb: 92" lose their '#'. */
static char *uncomment(const char *text)
{
	char *all = arena_text(&arena, text, strlen(text));
	for (char *at = strchr(all, '#'); at != NULL; at = strchr(at + 1, '#')) {
		if (at[1] != ' ') {
			memmove(at, at + 1, strlen(at));
		}
	}
	return all;
}

static void compare(const struct conf *a, const struct conf *b)
{
	ck_assert_str_eq(conf_schema_text(&conf_schema, a, &arena), conf_schema_text(&conf_schema, b, &arena));
}

START_TEST(commented_defaults_are_those_in_force)
{
	start();
	struct conf nothing, all;
	struct fail fail;
	ck_assert_msg(parse("", &nothing, &fail), "%s", fail.text);
	char *text = uncomment(conf_schema_default_text(&conf_schema, &arena));
	ck_assert_ptr_nonnull(strstr(text, "\n  buffer_mb: 92\n"));
	ck_assert_msg(parse(text, &all, &fail), "%s", fail.text);
	compare(&nothing, &all);
}
END_TEST

START_TEST(defaults_are_as_designed)
{
	start();
	struct conf conf;
	struct fail fail;
	ck_assert_msg(parse("", &conf, &fail), "%s", fail.text);
	ck_assert_uint_eq(conf.kafka.topics.count, 5);
	ck_assert_str_eq(conf.kafka.topics.items[0], "phased.web");
	ck_assert_str_eq(conf.kafka.topics.items[4], "phased.rejected");
	ck_assert_str_eq(conf.kafka.topic[CONF_REJECTED], "phased.rejected");
	ck_assert_str_eq(conf.kafka.topic[CONF_ERASURE], "phased.erasure");
	ck_assert_int_eq(conf.kafka.buffer_mb, 92);
	ck_assert_int_eq(conf.kafka.session_ms, 10000);
	ck_assert_ptr_null(conf.kafka.properties[0]);
	ck_assert(conf.postgres.synchronous_commit);
	ck_assert_int_eq(conf.batch.events_min, 500);
	ck_assert_int_eq(conf.batch.events_max, 10000);
	ck_assert_int_eq(conf.breaker.messages, 10000);
	ck_assert_int_eq(conf.breaker.percent, 50);
	ck_assert_int_eq(conf.review.until_us, INT64_MAX);
	ck_assert_int_eq(conf.stop.seconds, 10);
	static const int consent[CHANNEL_COUNT] = {
		[CHANNEL_UNSAID] = CONSENT_REQUIRE, [CHANNEL_WEB] = CONSENT_REQUIRE,
		[CHANNEL_EMAIL] = CONSENT_ALLOW,    [CHANNEL_CHAT] = CONSENT_ALLOW,
		[CHANNEL_CRM] = CONSENT_ALLOW,	    [CHANNEL_OFFLINE] = CONSENT_ALLOW,
	};
	for (int i = 0; i < CHANNEL_COUNT; i++) {
		ck_assert_int_eq(conf.consent.unsaid[i], consent[i]);
	}
	ck_assert_int_eq(conf.consent.gpc, CONSENT_UNLESS_GRANTED);
	ck_assert_int_eq(conf.consent.dnt, CONSENT_UNLESS_GRANTED);
	ck_assert_int_eq(conf.consent.unsubscribe, CONSENT_REVIEW);
}
END_TEST

START_TEST(what_is_written_holds)
{
	start();
	struct conf conf, again;
	struct fail fail;
	ck_assert_msg(
		parse("kafka:\n"
		      "  brokers: a.test:9092,b.test:9092\n"
		      "  topics: {web: one, email: \"\", chat: \"\", crm: \"\", rejected: \"\", more: [two]}\n"
		      "  properties:\n"
		      "    security.protocol: ssl\n"
		      "    linger.ms: 7\n"
		      "identity: {blocked: [N/A, ÆØÅ], key_file: keys/id}\n"
		      "subject: {property_keys: [plan, colour]}\n"
		      "consent: {chat: require}\n"
		      "postgres: {conninfo: \"host='/run/x y' user=\\\"z\\\"\", synchronous_commit: off}\n"
		      "http: {listen: \"\"}\n"
		      "model: {path: /etc/m.yaml}\n"
		      "log: {level: debug}\n",
		      &conf, &fail),
		"%s", fail.text);
	ck_assert_str_eq(conf.kafka.brokers, "a.test:9092,b.test:9092");
	ck_assert_uint_eq(conf.kafka.topics.count, 2);
	ck_assert_str_eq(conf.kafka.topics.items[0], "two");
	ck_assert_str_eq(conf.kafka.topics.items[1], "one");
	ck_assert_str_eq(conf.kafka.topic[CONF_CHAT], "");
	ck_assert_str_eq(conf.kafka.properties[0], "security.protocol");
	ck_assert_str_eq(conf.kafka.properties[1], "ssl");
	ck_assert_str_eq(conf.kafka.properties[2], "linger.ms");
	ck_assert_str_eq(conf.kafka.properties[3], "7");
	ck_assert_ptr_null(conf.kafka.properties[4]);
	ck_assert_str_eq(conf.identity.blocked.items[0], "n/a");
	ck_assert_str_eq(conf.identity.key_file, "dir/keys/id");
	ck_assert_str_eq(conf.subject.property_keys.items[0], "colour");
	ck_assert_str_eq(conf.subject.property_keys.items[1], "plan");
	ck_assert_int_eq(conf.consent.unsaid[CHANNEL_CHAT], CONSENT_REQUIRE);
	ck_assert_str_eq(conf.postgres.conninfo, "host='/run/x y' user=\"z\"");
	ck_assert(!conf.postgres.synchronous_commit);
	ck_assert_str_eq(conf.http.listen, "");
	ck_assert_str_eq(conf.model.path, "/etc/m.yaml");
	ck_assert_int_eq(conf.log.level, LOG_LEVEL_DEBUG);

	const char *text = conf_schema_text(&conf_schema, &conf, &arena);
	ck_assert_msg(conf_parse(text, strlen(text), "phased.yaml", &arena, &again, &fail), "%s in %s", fail.text,
		      text);
	ck_assert_str_eq(again.postgres.conninfo, conf.postgres.conninfo);
	ck_assert_ptr_nonnull(strstr(text, "values not shown: security.protocol, linger.ms\n"));
	again.kafka.properties_node = conf.kafka.properties_node; /* never printed, so not read back */
	compare(&conf, &again);
}
END_TEST

START_TEST(secrets_are_not_shown)
{
	static const struct {
		const char *conninfo;
		bool shown;
	} rows[] = {
		{"host=x password=hunter2", false},
		{"postgresql://ann:hunter2@x.test/phased", false},
		{"postgresql://ann:hunter2@x.test:5433,y.test/phased", false},
		{"postgresql://ann@x.test/phased", true},
		{"postgresql://x.test:5433/phased", true},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		start();
		struct conf conf;
		struct fail fail;
		char text[200];
		snprintf(text, sizeof(text),
			 "kafka: {properties: {sasl.password: hunter2}}\npostgres: {conninfo: \"%s\"}\n",
			 rows[i].conninfo);
		ck_assert(parse(text, &conf, &fail));
		const char *shown = conf_schema_text(&conf_schema, &conf, &arena);
		ck_assert_ptr_null(strstr(shown, "hunter2"));
		ck_assert_msg((strstr(shown, rows[i].conninfo) != NULL) == rows[i].shown, "row %zu", i);
	}
}
END_TEST

START_TEST(key_is_looked_for_among_credentials)
{
	start();
	struct conf conf;
	struct fail fail;
	unsetenv("CREDENTIALS_DIRECTORY");
	ck_assert(parse("", &conf, &fail));
	ck_assert_str_eq(conf.identity.key_file, "dir/identity.key");
	ck_assert_str_eq(conf.model.path, "dir/model");
	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/phased.service", 1);
	ck_assert(parse("", &conf, &fail));
	ck_assert_str_eq(conf.identity.key_file, "/run/credentials/phased.service/identity.key");
	ck_assert(parse("identity: {key_file: /root/id}\n", &conf, &fail));
	ck_assert_str_eq(conf.identity.key_file, "/root/id");
}
END_TEST

START_TEST(errors_name_line_and_key)
{
	static const struct {
		const char *text, *place, *named;
	} rows[] = {
		{"kafka:\n  broker: x\n", "dir/phased.yaml:2: ", "did you mean \"brokers\"?"},
		{"\nkafak: {}\n", "dir/phased.yaml:2: ", "did you mean \"kafka\"?"},
		{"kafka:\n\n  buffer_mb: 0\n", "dir/phased.yaml:3: ", "kafka.buffer_mb"},
		{"kafka:\n  buffer_mb: lots\n", "dir/phased.yaml:2: ", "whole number"},
		{"kafka:\n  brokers: \"\"\n", "dir/phased.yaml:2: ", "kafka.brokers"},
		{"kafka:\n  topics: [a]\n", "dir/phased.yaml:2: ", "kafka.topics"},
		{"kafka:\n  topics: {web: a, email: a}\n", "dir/phased.yaml:2: ", "twice"},
		{"kafka:\n  topics: {web: a, erasure: a}\n", "dir/phased.yaml:2: ", "twice"},
		{"kafka:\n  topics: {web: a b}\n", "dir/phased.yaml:2: ", "no name for a topic"},
		{"kafka:\n  topics: {erasure: a b}\n", "dir/phased.yaml:2: ", "no name for a topic"},
		{"kafka:\n  topics:\n    wbe: a\n", "dir/phased.yaml:3: ", "did you mean \"web\"?"},
		{"kafka:\n  topics: {web: \"\", email: \"\", chat: \"\", crm: \"\", rejected: \"\"}\n",
		 "dir/phased.yaml:2: ", "1 to 16 topics"},
		{"kafka:\n  topics: {more: [1,2,3,4,5,6,7,8,9,10,11,12]}\n", "dir/phased.yaml:2: ", "16"},
		{"kafka:\n  properties: [a]\n", "dir/phased.yaml:2: ", "kafka.properties"},
		{"kafka:\n  properties:\n    a: [b]\n", "dir/phased.yaml:3: ", "kafka.properties.a"},
		{"consent:\n  web: alow\n", "dir/phased.yaml:2: ", "did you mean \"allow\"?"},
		{"log:\n  level: loud\n", "dir/phased.yaml:2: ", "log.level"},
		{"batch:\n  events_min: 501\n  events_max: 500\n", "dir/phased.yaml:2: ", "events_max"},
		{"subject:\n  property_keys: [a, b, a]\n", "dir/phased.yaml:2: ", "subject.property_keys"},
		{"postgres:\n  synchronous_commit: maybe\n", "dir/phased.yaml:2: ", "yes or no"},
		{"review:\n  until: yesterday\n", "dir/phased.yaml:2: ", "review.until"},
		{"stop: 10\n", "dir/phased.yaml:1: ", "stop"},
	};
	start();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conf conf = {.stop.seconds = 77};
		struct fail fail = {0};
		ck_assert_msg(!parse(rows[i].text, &conf, &fail), "%s", rows[i].text);
		ck_assert_msg(strncmp(fail.text, rows[i].place, strlen(rows[i].place)) == 0, "%s", fail.text);
		ck_assert_msg(strstr(fail.text, rows[i].named) != NULL, "%s", fail.text);
		ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
		ck_assert_int_eq(conf.stop.seconds, 77);
	}
}
END_TEST

TEST_MAIN("conf", file_in_the_tree_is_what_the_schema_says, man_page_lists_what_the_schema_says,
	  each_key_is_documented, each_key_is_checked, each_key_is_taken_over_or_takes_a_restart,
	  bad_files_change_nothing, list_of_changes_is_cut_between_keys, commented_defaults_are_those_in_force,
	  defaults_are_as_designed, what_is_written_holds, secrets_are_not_shown,
	  key_is_looked_for_among_credentials, errors_name_line_and_key)

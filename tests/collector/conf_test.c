/* collector/conf.h: the schema, its file and its errors. PHASED_UPDATE=1 writes conf/collect.yaml from the schema. */
#include "collector/conf.h"

#include <string.h>
#include <unistd.h>

#include "collector/visitor.h"
#include "core/base/arena.h"
#include "core/edge/conf_live.h"
#include "tests/edge/conf_files.h"
#include "tests/edge/conf_keys.h"
#include "tests/table.h"

#define TOPIC "arn:aws:sns:eu-west-1:123456789012:ses-events"
#define CERTIFICATE "a/SimpleNotificationService-0a1b.pem"

static struct arena arena;

static bool parse(const char *text, struct collect_conf *ret_conf, struct fail *fail)
{
	if (arena.base == NULL) {
		ck_assert(arena_init(&arena, CONF_ARENA_SIZE));
	}
	return collect_conf_parse(text, strlen(text), "dir/collect.yaml", &arena, ret_conf, fail);
}

START_TEST(file_in_the_tree_is_what_the_schema_says)
{
	ck_assert(arena_init(&arena, CONF_ARENA_SIZE));
	conf_file_is("conf/collect.yaml", collect_conf_default_text(&arena));
}
END_TEST

START_TEST(man_page_lists_what_the_schema_says)
{
	conf_manual_is("docs/man/collect.yaml.5", &collect_conf_schema);
}
END_TEST

START_TEST(each_key_is_documented)
{
	conf_keys_are_documented(&collect_conf_schema);
}
END_TEST

START_TEST(each_key_is_taken_over_or_takes_a_restart)
{
	static const struct conf_change changes[] = {
		{"cloudevents.map", "cloudevents: {map: {url: a}}\n", "cloudevents: {map: {url: b}}\n"},
		{"hooks", "hooks: {news: {source: ses, topics: [" TOPIC "]}}\n",
		 "hooks: {news: {source: ses, topics: [" TOPIC "], certificates: [" CERTIFICATE "]}}\n"},
		{"hooks", "hooks: {news: {source: mailgun, secret_file: a}}\n",
		 "hooks: {news: {source: mailgun, secret_file: b}}\n"},
		{"segment.keys", "segment: {keys: {WK: a}}\n", "segment: {keys: {WK: b}}\n"},
		{"snowplow.cookie.secure", "snowplow: {cookie: {same_site: lax}}\n",
		 "snowplow: {cookie: {same_site: lax, secure: no}}\n"},
		{0},
	};
	conf_keys_are_reloaded(&collect_conf_schema, changes);
}
END_TEST

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

START_TEST(what_is_made_of_keys_is_taken_over_with_them)
{
	char directory[] = "/tmp/phased-conf-XXXXXX", path[64];
	struct conf_live live;
	struct collect_conf conf;
	struct conf_changes changes;
	struct fail fail;
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/collect.yaml", directory);
	write_file(path, "forms: {a: {email: mail}}\n");
	ck_assert_msg(conf_live_start(&live, &collect_conf_schema, path, &conf, &fail), "%s", fail.text);
	ck_assert_ptr_nonnull(form_find(&conf.forms, "a"));
	const struct http_network *network = conf.http.proxies.items;
	for (int i = 0; i < 3; i++) {
		write_file(path, "forms: {b: {email: other}}\nhttp: {trusted_proxies: [10.0.0.0/8]}\n");
		ck_assert_msg(conf_live_reload(&live, &changes, &fail), "%s", fail.text);
		ck_assert_ptr_null(form_find(&conf.forms, "a"));
		ck_assert_str_eq(form_find(&conf.forms, "b")->field[FORM_EMAIL], "other");
		ck_assert_uint_eq(conf.http.proxies.count, 1);
		ck_assert_ptr_ne(conf.http.proxies.items, network);
		write_file(path, "forms: {a: {email: mail}}\n");
		ck_assert_msg(conf_live_reload(&live, &changes, &fail), "%s", fail.text);
		ck_assert_str_eq(form_find(&conf.forms, "a")->field[FORM_EMAIL], "mail");
		ck_assert_uint_eq(conf.http.proxies.count, 3);
	}
	conf_live_finish(&live);
	unlink(path);
	rmdir(directory);
}
END_TEST

START_TEST(bad_files_change_nothing)
{
	conf_bad_files_change_nothing(&collect_conf_schema);
}
END_TEST

START_TEST(each_key_is_checked)
{
	conf_keys_are_checked(&collect_conf_schema);
}
END_TEST

START_TEST(file_in_the_tree_maps_the_demos_forms_and_changes_nothing_else)
{
	struct collect_conf file, empty;
	struct fail fail;
	ck_assert(arena_init(&arena, CONF_ARENA_SIZE));
	ck_assert_msg(parse(conf_file_text("conf/collect.yaml", &arena), &file, &fail), "%s", fail.text);
	ck_assert_msg(parse("", &empty, &fail), "%s", fail.text);
	ck_assert_uint_eq(empty.forms.count, 0);
	ck_assert_uint_eq(file.forms.count, 3);
	static const char *const ids[] = {"demo-request", "quote-request", "newsletter"};
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		const struct form *form = form_find(&file.forms, ids[i]);
		ck_assert_ptr_nonnull(form);
		ck_assert_str_eq(form->field[FORM_EMAIL], "email");
		ck_assert_str_eq(form->field[FORM_NAME], "name");
		ck_assert_str_eq(form->field[FORM_ROLE], "role");
		ck_assert_str_eq(form->field[FORM_PROFILE], "consent_profile");
		ck_assert_str_eq(form->field[FORM_CONTACT], "consent_contact");
		ck_assert_ptr_null(form->field[FORM_COMPANY]);
	}
	ck_assert_ptr_null(form_find(&file.forms, "spec-calculator"));
	ck_assert_str_eq(file.http.listen, empty.http.listen);
	ck_assert_uint_eq(file.machine.user_agents.count, empty.machine.user_agents.count);
	ck_assert_uint_eq(file.machine.known_agents.count, empty.machine.known_agents.count);
}
END_TEST

START_TEST(values_reach_their_places)
{
	struct collect_conf conf;
	struct fail fail;
	ck_assert_msg(parse("http: {listen: \"[::1]:0\", admin_listen: \"\"}\n"
			    "kafka: {topics: {web: a.web, rejected: a.rejected}, properties: {a: b}}\n"
			    "identity: {key_file: k}\n"
			    "consent: {web: allow}\n"
			    "snowplow: {post_paths: [/a/b], get_paths: [], cookie: {name: id, domains: "
			    "[acme.test], secure: false, "
			    "same_site: lax}}\n"
			    "segment: {keys: {WK1: shop, \"k:s\": app}, profile_scopes: [Persona]}\n"
			    "machine: {user_agents: [MyBot], known_agents: [Pingdom]}\n"
			    "forms: {f: {email: mail}}\n",
			    &conf, &fail),
		      "%s", fail.text);
	ck_assert_str_eq(conf.http.listen, "[::1]:0");
	ck_assert_str_eq(conf.http.admin_listen, "");
	ck_assert_str_eq(conf.kafka.topic[CHANNEL_WEB], "a.web");
	ck_assert_str_eq(conf.kafka.topic[CHANNEL_UNSAID], "a.rejected");
	ck_assert_str_eq(conf.kafka.topic[CHANNEL_OFFLINE], "phased.crm");
	ck_assert_str_eq(conf.kafka.properties[0], "a");
	ck_assert_str_eq(conf.identity.key_file, "dir/k");
	ck_assert_int_eq(conf.consent.unsaid[CHANNEL_WEB], CONSENT_ALLOW);
	ck_assert_uint_eq(conf.snowplow.get_paths.count, 0);
	ck_assert_str_eq(conf.snowplow.cookie.name, "id");
	ck_assert_int_eq(conf.snowplow.cookie.days, 365);
	ck_assert_str_eq(conf.snowplow.cookie.domains.items[0], "acme.test");
	ck_assert(!conf.snowplow.cookie.is_secure);
	ck_assert_int_eq(conf.snowplow.cookie.same_site, VISITOR_SAME_SITE_LAX);
	ck_assert_uint_eq(conf.segment.sites_count, 2);
	ck_assert_str_eq(conf.segment.sites[1].key, "k:s");
	ck_assert_str_eq(conf.segment.sites[1].name, "app");
	ck_assert_str_eq(conf.segment.profile_scopes.items[0], "persona");
	ck_assert_str_eq(conf.segment.analytics_scopes.items[1], "statistics");
	ck_assert_str_eq(conf.machine.user_agents.items[0], "mybot");
	ck_assert_str_eq(conf.machine.known_agents.items[0], "pingdom");
	ck_assert_str_eq(conf.forms.forms[0].field[FORM_EMAIL], "mail");
}
END_TEST

START_TEST(what_is_wrong_is_named_with_its_line)
{
	static const struct {
		const char *text, *complaint;
	} rows[] = {
		{"http:\n  lisen: x\n", "dir/collect.yaml:2: "},
		{"http:\n  lisen: x\n", "listen"},
		{"http: {request_s_max: 0}\n", "request_s_max"},
		{"http: {body_kib_max: 9000}\n", "body_kib_max"},
		{"consent: {web: maybe}\n", "require"},
		{"\nkafka:\n  topics: {web: a b}\n", "dir/collect.yaml:3: "},
		{"snowplow: {post_paths: [tp2]}\n", "snowplow.post_paths"},
		{"snowplow: {get_paths: [/i?x]}\n", "snowplow.get_paths"},
		{"snowplow: {get_paths: [/metrics]}\n", "one of ours"},
		{"snowplow: {cookie: {name: \"a;b\"}}\n", "snowplow.cookie.name"},
		{"snowplow: {cookie: {domains: [.acme.test]}}\n", "snowplow.cookie.domains"},
		{"snowplow: {cookie: {domains: [\"a.test; Secure\"]}}\n", "snowplow.cookie.domains"},
		{"snowplow: {cookie: {domains: [test]}}\n", "snowplow.cookie.domains"},
		{"snowplow: {cookie: {secure: false}}\n", "same_site none needs secure"},
		{"crm: {won_stages: [a, b], lost_stages: [c, B]}\n", "is one of crm.won_stages, too"},
		{"snowplow: {cookie: {same_site: maybe}}\n", "strict"},
		{"machine: {user_agents: [\"\"]}\n", "empty value"},
		{"segment: {keys: [WK]}\n", "\"segment.keys\" must be a map"},
		{"segment:\n  keys:\n    WK: [a]\n", "dir/collect.yaml:3: \"segment.keys\" must be write keys"},
		{"segment: {keys: {WK: \"\"}}\n", "name of its site"},
		{"segment: {keys: {\"\": shop}}\n", "name of its site"},
		{"segment: {analytics_scopes: [\"\"]}\n", "empty value"},
		{"forms: [a]\n", "\"forms\" must be a map"},
		{"forms: {f: [a]}\n", "\"forms.f\" must be a map"},
		{"forms:\n  f:\n    emial: x\n", "dir/collect.yaml:3: "},
		{"forms:\n  f:\n    emial: x\n", "email"},
		{"forms: {f: {email: [x]}}\n", "must name a field"},
		{"kafka: {properties: [a]}\n", "kafka.properties"},
		{"cloudevents: {map: [a]}\n", "must be a map of at most 64 fields"},
		{"cloudevents: {map: {ulr: a}}\n", "\"ulr\" is no field of an event"},
		{"cloudevents: {map: {emial: a}}\n", "do you mean \"email\"?"},
		{"cloudevents: {map: {property.: a}}\n", "nor property.NAME"},
		{"cloudevents: {map: {url: [a]}}\n", "must be keys of the data"},
		{"cloudevents: {channel: phone}\n", "cloudevents.channel"},
		{"hooks: [a]\n", "\"hooks\" must be a map"},
		{"hooks: {news: a}\n", "\"hooks.news\" must be a map"},
		{"hooks:\n  news:\n    source: malgun\n    secret_file: s\n", "dir/collect.yaml:3: "},
		{"hooks:\n  news:\n    source: malgun\n    secret_file: s\n", "do you mean \"mailgun\"?"},
		{"hooks: {news: {source: snowplow, secret_file: s}}\n", "no source of webhooks"},
		{"hooks: {news: {secret_file: s}}\n", "no source of webhooks"},
		{"hooks: {news: {source: mailgun}}\n", "needs secret_file"},
		{"hooks: {news: {source: mailgun, secret_file: \"\"}}\n", "hooks.news.secret_file"},
		{"hooks: {news: {source: mailgun, secret: s}}\n", "secret_file"},
		{"hooks: {news: {source: mailgun, secret_file: s, proof: none}}\n", "signature or secret"},
		{"hooks: {news: {source: mandrill, secret_file: s}}\n", "needs url"},
		{"hooks: {news: {source: brevo, secret_file: s, proof: signature}}\n", "signs nothing"},
		{"hooks: {news: {source: ses, proof: secret}}\n", "needs secret_file"},
		{"hooks: {news: {source: ses, secret_file: s, topics: [" TOPIC "]}}\n", "in place of secret_file"},
		{"hooks: {news: {source: ses, certificates: [" CERTIFICATE "]}}\n", "needs topics"},
		{"hooks: {news: {source: ses, topics: []}}\n", "needs topics"},
		{"hooks: {news: {source: ses, topics: " TOPIC "}}\n", "must be a list of at most 16 texts"},
		{"hooks: {news: {source: ses, topics: [" TOPIC ":4711]}}\n", "arn:aws:sns:REGION:ACCOUNT:NAME"},
		{"hooks: {news: {source: ses, topics: [news]}}\n", "arn:aws:sns:REGION:ACCOUNT:NAME"},
		{"hooks:\n  news:\n    source: ses\n    topics: [" TOPIC "]\n    certificates: [sns.pem]\n",
		 "dir/collect.yaml:5: "},
		{"hooks: {news: {source: ses, topics: [" TOPIC "], certificates: [a/sns.pem]}}\n",
		 "SimpleNotificationService-"},
		{"hooks: {news: {source: ses, proof: secret, secret_file: s, topics: [" TOPIC "]}}\n",
		 "without proof: secret"},
		{"hooks: {news: {source: mailgun, secret_file: s, certificates: [" CERTIFICATE "]}}\n",
		 "of sources that sign by certificates"},
		{"hooks: {\"a/b\": {source: mailgun, secret_file: s}}\n", "a-z, 0-9, _ and -"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct collect_conf conf;
		struct fail fail;
		ck_assert_msg(!parse(rows[i].text, &conf, &fail), "row %zu", i);
		ck_assert_msg(strstr(fail.text, rows[i].complaint) != NULL, "row %zu: %s", i, fail.text);
		ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
	}
}
END_TEST

TEST_MAIN("collect_conf", file_in_the_tree_is_what_the_schema_says, man_page_lists_what_the_schema_says,
	  each_key_is_documented, each_key_is_checked, each_key_is_taken_over_or_takes_a_restart,
	  what_is_made_of_keys_is_taken_over_with_them, bad_files_change_nothing,
	  file_in_the_tree_maps_the_demos_forms_and_changes_nothing_else, values_reach_their_places,
	  what_is_wrong_is_named_with_its_line)

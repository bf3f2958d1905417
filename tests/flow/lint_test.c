/* core/flow/lint.h: rules for what no rule takes, put where they say, take all that they were made from. */
#include "core/flow/lint.h"

#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "tests/random.h"
#include "tests/table.h"

#define SUBJECTS 60

static struct arena arena;

static const char plain_text[] =
	"process: standard\n"
	"phases: [{name: none, prior: .5}, {name: look, main: early, prior: .5, entry: 1}]\n"
	"rules:\n"
	"- {name: web.form, match: [{action: FORM_SUBMIT, form: {is: known}}], example: {action: FORM_SUBMIT, "
	"form_id: known}}\n"
	"- {name: web.other, match: [{action: FORM_SUBMIT}], example: {action: FORM_SUBMIT, form_id: x}}\n"
	"- {name: web.a, match: [{path: {starts: /known/}}], example: {action: PAGE_VIEW, url: "
	"'http://x.test/known/'}}\n"
	"- {name: chat.a, match: [{topic: price}], example: {action: CHAT_MESSAGE, topic: price}}\n";

/* Rules behind an `other` with many conditions, from which a rule before it could take something. */
#define VIEW ", example: {action: PAGE_VIEW, url: 'http://y.test"
static const char strict_text[] =
	"process: standard\n"
	"phases: [{name: none, prior: .5}, {name: look, main: early, prior: .5, entry: 1}]\n"
	"contents: [{name: thing, path: {is: /a/2}}]\n"
	"rules:\n"
	"- name: web.other\n"
	"  match:\n"
	"  - {host: www.x.test, label: {starts: k}}\n"
	"  - {path: {glob: '/a*'}, engaged: 30s, source: s}\n"
	"  - {target_host: x.test, target: {starts: /a}, title: '^k'}\n"
	"  - {form: '^a$'}\n"
	"  - {host: x.test, site: t}\n"
	"  - {content: thing}\n"
	"  - {action: SITE_SEARCH}\n"
	"  example: {action: SITE_SEARCH, url: 'http://y.test/'}\n"
	"- {name: web.home, match: [{path: {is: /}}]" VIEW "/'}}\n"
	"- {name: web.da, match: [{path: {starts: /da/}}]" VIEW "/da/'}}\n"
	"- {name: web.known, match: [{label: known}, {title: known}, {form: known}]" VIEW "/', title: known}}\n"
	"- {name: web.a, match: [{path: {is: /a/1}}, {target: {is: /a/1}}]" VIEW "/a/1'}}\n"
	"- name: email.other\n"
	"  match: [{topic: b}, {target_host: x.test}]\n"
	"  example: {action: EMAIL_CLICK, target_url: 'http://x.test/'}\n"
	"- {name: email.a, match: [{topic: a}, {target: {starts: /a}}], example: {action: EMAIL_REPLY, topic: "
	"a}}\n"
	"- {name: chat.other, match: [{topic: b, label: known}], example: {action: CHAT_MESSAGE, topic: b, label: "
	"known}}\n"
	"- {name: chat.a, match: [{topic: a}, {topic: c}], example: {action: CHAT_MESSAGE, topic: a}}\n";

static struct model *parse_text(const char *text)
{
	struct model *model = NULL;
	struct fail fail;
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
	ck_assert_msg(model_file_parse(text, strlen(text), &arena, &model, &fail), "%s", fail.text);
	return model;
}

static struct model *parse(void)
{
	return parse_text(plain_text);
}

static struct subject empty(enum channel channel, int action)
{
	return (struct subject){.source = "",
				.site = "",
				.channel = (int)channel,
				.process = "",
				.action = action,
				.label = "",
				.host = "",
				.path = "",
				.title = "",
				.content_id = "",
				.form_id = "",
				.target_host = "",
				.target_path = "",
				.topic = ""};
}

static void match_all(const struct matcher *matcher, struct seen_subject *subjects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		matcher_match(matcher, &subjects[i].subject, &subjects[i].match);
	}
}

static struct lint make(const struct matcher *matcher, const struct seen_subject *subjects, size_t count,
			size_t limit, uint64_t touches_min)
{
	struct lint lint;
	const struct model_seen seen = {.matcher = matcher, .subjects = subjects, .count = count};
	ck_assert(lint_make(&seen, limit, touches_min, &arena, &lint));
	return lint;
}

/* ---- Names, groups, limits ---- */

START_TEST(pages_of_a_folder_become_one_rule_and_others_stay_apart)
{
	struct model *model = parse();
	struct matcher *matcher = matcher_create(model, NULL);
	static const struct {
		const char *path;
		uint64_t touches;
	} pages[] = {{"/a/1", 50}, {"/", 40},	   {"/b/1", 30},     {"/A/2", 20},    {"/da/x/1", 10}, {"/a/3", 9},
		     {"/b/2", 8},  {"/da/y/1", 7}, {"/%C3%B8l/", 6}, {"/known/x", 5}, {"/rare", 1}};
	struct seen_subject seen[COUNT_OF(pages)] = {0};
	for (size_t i = 0; i < COUNT_OF(pages); i++) {
		seen[i].subject = empty(CHANNEL_WEB, ACTION_PAGE_VIEW);
		seen[i].subject.path = pages[i].path;
		seen[i].touches = pages[i].touches;
	}
	match_all(matcher, seen, COUNT_OF(pages));
	struct lint lint = make(matcher, seen, COUNT_OF(pages), 7, 2);
	static const struct {
		const char *name, *text;
		enum model_kind kind;
		uint64_t touches;
	} wanted[] = {{"web.a_2", "/a/", MODEL_STARTS, 79}, {"web.home", "/", MODEL_IS, 40},
		      {"web.b_1", "/b/1", MODEL_IS, 30},    {"web.da_x_1", "/da/x/1", MODEL_IS, 10},
		      {"web.b_2", "/b/2", MODEL_IS, 8},	    {"web.da_y_1", "/da/y/1", MODEL_IS, 7},
		      {"web.l", "/%C3%B8l/", MODEL_IS, 6}};
	ck_assert_uint_eq(lint.count, COUNT_OF(wanted));
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		ck_assert_str_eq(lint.rules[i].name, wanted[i].name);
		ck_assert_str_eq(lint.rules[i].condition.path.text, wanted[i].text);
		ck_assert_int_eq(lint.rules[i].condition.path.kind, wanted[i].kind);
		ck_assert_uint_eq(lint.rules[i].touches, wanted[i].touches);
	}
	ck_assert_ptr_eq(lint.rules[0].example, &seen[0]);
	ck_assert_uint_eq(lint.rules[0].texts, 3);
	ck_assert_uint_eq(lint.touches, 181);
	ck_assert_uint_eq(lint.rare, 1);
	ck_assert_uint_eq(lint.unknowable, 0);
	ck_assert_uint_eq(make(matcher, seen, COUNT_OF(pages), 1, 2).rare, 102);
	matcher_destroy(matcher);
}
END_TEST

START_TEST(a_folder_is_cut_where_it_ends_however_its_pages_are_written)
{
	struct model *model = parse();
	struct matcher *matcher = matcher_create(model, NULL);
	static const char *const paths[] = {"/\xc5\xbf/2", "/s/1",
					    "/S/3"}; /* a long s, which is an s, of two bytes */
	struct seen_subject seen[COUNT_OF(paths)] = {0};
	for (size_t i = 0; i < COUNT_OF(seen); i++) {
		seen[i].subject = empty(CHANNEL_WEB, ACTION_PAGE_VIEW);
		seen[i].subject.path = paths[i];
		seen[i].touches = 10 - i;
	}
	match_all(matcher, seen, COUNT_OF(seen));
	struct lint lint = make(matcher, seen, COUNT_OF(seen), 10, 1);
	ck_assert_uint_eq(lint.count, 1);
	ck_assert_str_eq(lint.rules[0].condition.path.text, "/s/");
	matcher_destroy(matcher);
}
END_TEST

START_TEST(what_cannot_be_written_down_is_left_out)
{
	struct model *model = parse();
	struct matcher *matcher = matcher_create(model, NULL);
	static char path[1030];
	static char host[MODEL_TEXT_SIZE_MAX + 2];
	struct seen_subject seen[4] = {0};
	path[0] = '/';
	memset(path + 1, 'x', sizeof(path) - 2);
	memset(host, 'x', sizeof(host) - 1);
	for (size_t i = 0; i < COUNT_OF(seen); i++) {
		seen[i].subject = empty(CHANNEL_WEB, ACTION_PAGE_VIEW);
		seen[i].touches = 10;
	}
	seen[0].subject.title = "two\nlines";
	seen[0].subject.path = "/x";
	seen[1].subject.path = path; /* no URL can be as long */
	seen[3].subject.action = ACTION_LINK_OUT;
	seen[3].subject.target_host = host; /* no condition's text can */
	seen[3].subject.target_path = "/x";
	match_all(matcher, seen, COUNT_OF(seen));
	struct lint lint = make(matcher, seen, COUNT_OF(seen), 10, 1);
	ck_assert_uint_eq(lint.count, 0);
	ck_assert_uint_eq(lint.unknowable, 40);
	matcher_destroy(matcher);
}
END_TEST

START_TEST(the_host_of_a_link_is_asked_for_without_its_port)
{
	struct model *model = parse();
	struct matcher *matcher = matcher_create(model, NULL);
	static const char *const hosts[] = {"x.test:8443", "x.test", "[2001:db8::1]:8443", "[2001:db8::1]"};
	struct seen_subject seen[COUNT_OF(hosts)] = {0};
	for (size_t i = 0; i < COUNT_OF(seen); i++) {
		seen[i].subject = empty(CHANNEL_WEB, ACTION_LINK_OUT);
		seen[i].subject.target_host = hosts[i];
		seen[i].subject.target_path = "/x";
		seen[i].touches = 10 - i;
	}
	match_all(matcher, seen, COUNT_OF(seen));
	struct lint lint = make(matcher, seen, COUNT_OF(seen), 10, 1);
	ck_assert_uint_eq(lint.count, 2);
	ck_assert_str_eq(lint.rules[0].condition.target_host, "[2001:db8::1]");
	ck_assert_str_eq(lint.rules[1].condition.target_host, "x.test");
	ck_assert_uint_eq(lint.rules[0].touches, 8 + 7);
	ck_assert_uint_eq(lint.rules[1].touches, 10 + 9);
	matcher_destroy(matcher);
}
END_TEST

START_TEST(before_other_a_rule_asks_for_all_that_other_asks_for)
{
	static const struct {
		const char *other; /* a condition that takes the page */
		const char *host, *path;
		int engagement_min;
	} rows[] = {
		{"{host: x.test}", "x.test", "/", 0},
		{"{engaged: 30s, path: {starts: /}}", NULL, "/", 2},
		{"{action: PAGE_VIEW, title: ^jobs}", NULL, "/", 0},
		{"{path: ^/$}", NULL, NULL, 0}, /* two patterns for a path cannot be asked for */
		{"{property: {key: lot, value: a}}", NULL, NULL, 0}, /* examples show none */
	};
	static const char *const keys[] = {"lot"}, *const values[] = {"a"};
	struct seen_subject seen = {.subject = empty(CHANNEL_WEB, ACTION_PAGE_VIEW), .touches = 10};
	seen.subject.host = "x.test";
	seen.subject.path = "/";
	seen.subject.title = "Jobs";
	seen.subject.engagement = 3;
	seen.subject.properties_count = 1;
	seen.subject.property_keys = keys;
	seen.subject.property_values = values;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char about[512];
		snprintf(about, sizeof(about),
			 "process: standard\nphases: [{name: none, prior: .5}, {name: look, main: early, prior: "
			 ".5, "
			 "entry: 1}]\nrules:\n- {name: web.other, match: [%s]" VIEW "/'}}\n",
			 rows[i].other);
		struct matcher *matcher = matcher_create(parse_text(about), NULL);
		match_all(matcher, &seen, 1);
		struct lint lint = make(matcher, &seen, 1, 10, 1);
		ck_assert_uint_eq(lint.unknowable, rows[i].path != NULL ? 0 : 10);
		ck_assert_uint_eq(lint.count, rows[i].path != NULL);
		if (lint.count > 0) {
			const struct model_condition *condition = &lint.rules[0].condition;
			ck_assert_uint_eq(lint.rules[0].condition.line, 4);
			ck_assert_pstr_eq(condition->host, rows[i].host);
			ck_assert_str_eq(condition->path.text, rows[i].path);
			ck_assert_int_eq(condition->path.kind, MODEL_IS);
			ck_assert_int_eq(condition->engagement_min, rows[i].engagement_min);
		}
		matcher_destroy(matcher);
		arena_finish(&arena);
	}
}
END_TEST

/* ---- Whatever was seen ---- */

static const char *one_of(uint64_t *state, const char *const *words, size_t count)
{
	return words[random_below(state, count)];
}

#define ONE_OF(words) one_of(state, words, COUNT_OF(words))

static struct subject random_subject(uint64_t *state)
{
	static const char *const paths[] = {"",	    "/",    "/a",   "/A",      "/a/",	  "/a/1",    "/a/2",
					    "/A/3", "/b/1", "/b/2", "/da/a/1", "/da/a/2", "/da/a/3", "/known/1"};
	static const char *const hosts[] = {"",		 "x.test",	 "www.x.test",	    "ax.test",
					    "x.test:81", "ax.test:8443", "www.x.test:8443", "[::1]:81"};
	static const char *const words[] = {"", "", "known", "Known", "a", "/a", "b c"};
	static const char *const topics[] = {"", "a", "a,b", "b", "b,c", "c", "price", "a,price"};
	static const int actions[][8] = {
		{ACTION_PAGE_VIEW, ACTION_PAGE_ENGAGED, ACTION_FORM_SUBMIT, ACTION_FORM_START, ACTION_CUSTOM,
		 ACTION_LINK_OUT, ACTION_SITE_SEARCH, ACTION_BUTTON_CLICK},
		{ACTION_EMAIL_CLICK, ACTION_EMAIL_CLICK, ACTION_EMAIL_REPLY, ACTION_EMAIL_FORWARD,
		 ACTION_EMAIL_OPEN, ACTION_EMAIL_CLICK, ACTION_EMAIL_REPLY, ACTION_EMAIL_CLICK},
		{ACTION_CHAT_MESSAGE, ACTION_CHAT_MESSAGE, ACTION_CHAT_MESSAGE, ACTION_CHAT_MESSAGE,
		 ACTION_CHAT_MESSAGE, ACTION_CHAT_MESSAGE, ACTION_CHAT_MESSAGE, ACTION_CHAT_MESSAGE},
	};
	enum channel channel = (enum channel)(CHANNEL_WEB + random_below(state, 3));
	struct subject subject = empty(channel, actions[channel - CHANNEL_WEB][random_below(state, 8)]);
	subject.path = ONE_OF(paths);
	subject.host = subject.path[0] != '\0' ? hosts[1 + random_below(state, COUNT_OF(hosts) - 1)] : "";
	subject.target_path = ONE_OF(paths);
	subject.target_host =
		subject.target_path[0] != '\0' ? hosts[1 + random_below(state, COUNT_OF(hosts) - 1)] : "";
	subject.title = ONE_OF(words);
	subject.label = ONE_OF(words);
	subject.form_id = ONE_OF(words);
	subject.topic = ONE_OF(topics);
	subject.engagement = (int)random_below(state, 5);
	subject.source = random_below(state, 2) > 0 ? "s" : "r";
	subject.site = random_below(state, 2) > 0 ? "t" : "";
	return subject;
}

/* The model with the rules put where they say. */
static struct model *with_rules(const struct model *model, const struct lint *lint)
{
	const struct model_process *process = &model->processes[0];
	struct model *whole = arena_zero(&arena, 1, sizeof(*whole));
	struct model_process *own = arena_zero(&arena, 1, sizeof(*own));
	struct model_rule *rules = arena_zero(&arena, process->rule_count + lint->count, sizeof(*rules));
	unsigned count = 0;
	for (unsigned r = 0; r <= process->rule_count; r++) {
		bool end = r == process->rule_count;
		for (size_t i = 0; i < lint->count; i++) {
			const struct lint_rule *rule = &lint->rules[i];
			if (end ? rule->condition.line == 0
				: rule->condition.line > 0 && r == (unsigned)rule->example->match.rule) {
				rules[count++] = (struct model_rule){
					.name = rule->name,
					.channel = (enum channel)rule->example->subject.channel,
					.condition_count = 1,
					.conditions = &rule->condition};
			}
		}
		if (!end) {
			rules[count++] = process->rules[r];
		}
	}
	ck_assert_uint_eq(count, process->rule_count + lint->count);
	*own = *process;
	own->rules = rules;
	own->rule_count = count;
	*whole = *model;
	whole->processes = own;
	return whole;
}

static uint64_t touches_of(const struct model *model, const struct seen_subject *seen, const char *rule)
{
	uint64_t touches = 0;
	for (size_t i = 0; i < SUBJECTS; i++) {
		if (strcmp(model->processes[0].rules[seen[i].match.rule].name, rule) == 0) {
			touches += seen[i].touches;
		}
	}
	return touches;
}

static void paste_what_was_seen_at_random(const char *about)
{
	uint64_t state = 3, rules = 0, before_other = 0;
	struct model *model = parse_text(about);
	struct fail fail;
	struct matcher *matcher = matcher_create(model, &fail);
	size_t mark = arena.used;
	for (unsigned round = 0; round < 500; round++) {
		struct seen_subject seen[SUBJECTS] = {0}, after[SUBJECTS];
		arena_back(&arena, mark);
		for (size_t i = 0; i < SUBJECTS; i++) {
			seen[i].subject = random_subject(&state);
			seen[i].touches = 1000 - i;
		}
		match_all(matcher, seen, SUBJECTS);
		struct lint lint = make(matcher, seen, SUBJECTS, SUBJECTS, 1);
		struct model *whole = with_rules(model, &lint);
		struct matcher *pasted = matcher_create(whole, &fail);
		ck_assert_msg(pasted != NULL, "%s", fail.text);
		memcpy(after, seen, sizeof(after));
		match_all(pasted, after, SUBJECTS);
		uint64_t left = 0;
		for (size_t i = 0; i < SUBJECTS; i++) {
			const struct model_rule *before = &model->processes[0].rules[seen[i].match.rule];
			const struct model_rule *now = &whole->processes[0].rules[after[i].match.rule];
			left += now->other ? seen[i].touches : 0;
			ck_assert_msg(before->other || strcmp(before->name, now->name) == 0, "%s became %s",
				      before->name, now->name);
		}
		ck_assert_uint_le(left, lint.unknowable); /* a rule for others may take some of them, too */
		for (size_t i = 0; i < lint.count; i++) {
			const struct seen_subject *example = &after[lint.rules[i].example - seen];
			ck_assert_str_eq(whole->processes[0].rules[example->match.rule].name, lint.rules[i].name);
			before_other += lint.rules[i].condition.line > 0;
			ck_assert_uint_ge(touches_of(whole, after, lint.rules[i].name), lint.rules[i].touches);
		}
		rules += lint.count;
		matcher_destroy(pasted);
	}
	ck_assert_uint_gt(rules, 5000);
	ck_assert_uint_gt(before_other, 500);
	matcher_destroy(matcher);
	arena_finish(&arena);
}

START_TEST(rules_in_their_places_take_all_that_they_were_made_from_and_nothing_else)
{
	paste_what_was_seen_at_random(plain_text);
	paste_what_was_seen_at_random(strict_text);
}
END_TEST

TEST_MAIN("lint", pages_of_a_folder_become_one_rule_and_others_stay_apart,
	  a_folder_is_cut_where_it_ends_however_its_pages_are_written, what_cannot_be_written_down_is_left_out,
	  the_host_of_a_link_is_asked_for_without_its_port, before_other_a_rule_asks_for_all_that_other_asks_for,
	  rules_in_their_places_take_all_that_they_were_made_from_and_nothing_else)

/* core/flow/match.h: exact texts, beginnings, globs, regular expressions; and that what is filed is found as if each were
 * asked. */
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "core/flow/match.h"
#include "tests/random.h"
#include "tests/table.h"

static struct arena arena;

#define PHASES "phases: [{name: none, prior: .5}, {name: look, main: early, prior: .5, entry: 1}]\n"

static struct matcher *make(const char *text, struct model **ret_model)
{
	struct fail fail;
	if (arena.base == NULL) {
		ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
	}
	ck_assert_msg(model_file_parse(text, strlen(text), &arena, ret_model, &fail), "%s", fail.text);
	struct matcher *matcher = matcher_create(*ret_model, &fail);
	ck_assert_msg(matcher != NULL, "%s", fail.text);
	return matcher;
}

static struct subject page(const char *path, const char *title)
{
	return (struct subject){.source = "",
				.site = "",
				.channel = CHANNEL_WEB,
				.process = "",
				.action = ACTION_CUSTOM,
				.label = "",
				.host = "",
				.path = path,
				.title = title,
				.content_id = "",
				.form_id = "",
				.target_host = "",
				.target_path = "",
				.topic = ""};
}

static const char *rule_of(const struct matcher *matcher, const struct model *model, const struct subject *subject)
{
	struct match match;
	matcher_match(matcher, subject, &match);
	return model->processes[match.process].rules[match.rule].name;
}

/* ---- Each kind ---- */

START_TEST(each_kind_fits_what_it_says)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
		{"{is: /a/}", "/a/", true},
		{"{is: /a/}", "/A/", true},
		{"{is: /a/}", "/a/b", false},
		{"{is: /a/}", "/a", false},
		{"{is: 'K\xc3\x98"
		 "B'}",
		 "k\xc3\xb8"
		 "b",
		 true},
		{"{is: Stra\xc3\x9f"
		 "e}",
		 "STRASSE", true},
		{"{is: \xce\xbf\xce\xb4\xcf\x8c\xcf\x82}", "\xce\x9f\xce\x94\xce\x8c\xce\xa3",
		 true},				       /* οδός, ΟΔΌΣ */
		{"{is: \xc3\xa5}", "a\xcc\x8a", true}, /* å, written as two */
		{"{is: a.c}", "abc", false},
		{"{starts: /blog/}", "/blog/", true},
		{"{starts: /blog/}", "/BLOG/x", true},
		{"{starts: /blog/}", "/blog", false},
		{"{starts: /blog/}", "/da/blog/", false},
		{"{glob: '/a/*'}", "/a/", true},
		{"{glob: '/a/*'}", "/a/b/c", true},
		{"{glob: '/a/*'}", "/a", false},
		{"{glob: '*.pdf'}", "/x/y.PDF", true},
		{"{glob: '*.pdf'}", "/x/y.pdf2", false},
		{"{glob: '/*/prices/*'}", "/da/prices/", true},
		{"{glob: '/*/prices/*'}", "/prices/", false},
		{"{glob: '/*/prices/*'}", "/a/prices/prices/x", true},
		{"{glob: '*a*b*c'}", "xaxbxbxc", true},
		{"{glob: '*a*b*c'}", "xaxbxbxcx", false},
		{"{glob: '/?/'}", "/a/", true},
		{"{glob: '/?/'}", "/\xc3\xb8/", true},
		{"{glob: '/?/'}", "//", false},
		{"{glob: '/?/'}", "/ab/", false},
		{"{glob: '*?"
		 "?'}",
		 "\xc3\xb8", false},
		{"{glob: '*?"
		 "?'}",
		 "\xc3\xb8\xc3\xb8", true},
		{"{glob: '/\\*\\?\\\\'}", "/*?\\", true},
		{"{glob: '/\\*\\?\\\\'}", "/ab\\", false},
		{"{glob: '*'}", "", true},
		{"{glob: '[a]'}", "a", false},
		{"{glob: '[a]'}", "[a]", true},
		{"{regex: '^/a(/|$)'}", "/A", true},
		{"{regex: '^/a(/|$)'}", "/ab", false},
		{"{starts: '^/a'}", "/a", false},
		{"{is: /a}", "", false},
		{"{glob: 'a*'}", "a\xff", false}, /* no UTF-8 */
	};
	static const char *const fields[] = {"path", "title", "label", "form", "target", "property"};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t f = 0; f < COUNT_OF(fields); f++) {
			char text[1024];
			struct model *model;
			bool property = f == COUNT_OF(fields) - 1;
			snprintf(text, sizeof(text),
				 "process: standard\n" PHASES
				 "rules: [{name: web.x, match: [{%s: %s%s%s}], example: {action: CUSTOM}}]\n",
				 fields[f], property ? "{key: plan, value: " : "", rows[i].pattern,
				 property ? "}" : "");
			struct matcher *matcher = make(text, &model);
			static const char *const key[] = {"plan"};
			struct subject subject = page("", "");
			const char **texts[] = {&subject.path, &subject.title, &subject.label, &subject.form_id,
						&subject.target_path};
			if (property) {
				subject.properties_count = 1;
				subject.property_keys = key;
				subject.property_values = &rows[i].text;
			} else {
				*texts[f] = rows[i].text;
			}
			bool fits = strcmp(rule_of(matcher, model, &subject), "web.x") == 0;
			ck_assert_msg(fits == rows[i].fits, "row %zu: %s, %s %s", i, rows[i].pattern, fields[f],
				      rows[i].text);
			matcher_destroy(matcher);
			arena_reset(&arena, arena.limit);
		}
	}
}
END_TEST

/* A text that folded does not fit into the room with the others fits no exact text, beginning or glob. */
START_TEST(texts_without_room_fit_regular_expressions_only)
{
	struct model *model;
	struct matcher *matcher = make("process: standard\n" PHASES "rules:\n"
				       "- {name: web.a, match: [{property: {key: last, value: {starts: a}}}], "
				       "example: {action: CUSTOM}}\n"
				       "- {name: web.b, match: [{property: {key: last, value: ^a}}], example: "
				       "{action: CUSTOM}}\n",
				       &model);
	static char large[16 * 1024];
	memset(large, 'a', sizeof(large) - 1);
	large[16 * 1024 - 15] = '\0';
	const char *keys[] = {"first", "last"}, *values[] = {large, "abc"};
	struct subject subject = page("", "");
	subject.properties_count = 2;
	subject.property_keys = keys;
	subject.property_values = values;
	ck_assert_str_eq(rule_of(matcher, model, &subject), "web.b");
	large[16 * 1024 - 100] = '\0';
	ck_assert_str_eq(rule_of(matcher, model, &subject), "web.a");
	matcher_destroy(matcher);
}
END_TEST

/* ---- What is filed is found ---- */

#define RULES 120
#define TRIES 40
#define SUBJECTS 400

static uint64_t seed = 20261126;

/* A few short texts, so that they are often equal and often begin each other. */
static const char *some_text(void)
{
	static const char *const texts[] = {"/",   "/a",   "/a/",  "/a/b", "/a/b/", "/b",    "/b/a",
					    "/ab", "/aba", "/abb", "/A/c", "/a/bb", "/a/b/c"};
	return texts[random_below(&seed, COUNT_OF(texts))];
}

static size_t add_pattern(char *text, size_t size, const char *field)
{
	static const struct {
		const char *kind, *before, *behind;
	} kinds[] = {{"is", "", ""}, {"starts", "", ""}, {"glob", "", "*"}, {"glob", "*", ""}, {"regex", "^", ""}};
	size_t k = random_below(&seed, COUNT_OF(kinds));
	return (size_t)snprintf(text, size, "%s: {%s: '%s%s%s'}, ", field, kinds[k].kind, kinds[k].before,
				some_text(), kinds[k].behind);
}

static size_t add_condition(char *text, size_t size)
{
	static const char *const fields[] = {"path", "title", "label", "form", "target"};
	static const char *const others[] = {"action: PAGE_VIEW, ", "topic: a, ", "topic: b, ", "content: c, ",
					     "engaged: 30s, "};
	size_t used = (size_t)snprintf(text, size, "{");
	size_t first = random_below(&seed, COUNT_OF(fields));
	used += add_pattern(text + used, size - used, fields[first]);
	if (random_below(&seed, 2) == 0) {
		used += add_pattern(text + used, size - used, fields[(first + 1) % COUNT_OF(fields)]);
	}
	if (random_below(&seed, 3) == 0) {
		used += (size_t)snprintf(text + used, size - used, "%s",
					 others[random_below(&seed, COUNT_OF(others))]);
	}
	if (random_below(&seed, 4) == 0) {
		used += (size_t)snprintf(text + used, size - used, "property: {key: k, value: {is: '%s'}}, ",
					 some_text());
	}
	return used + (size_t)snprintf(text + used, size - used, "}");
}

static void make_rules(char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size,
				       "process: standard\n" PHASES
				       "contents: [{name: c, content_id: c, path: {starts: /a/b}}]\nrules:\n");
	for (unsigned r = 0; r < RULES; r++) {
		used += (size_t)snprintf(text + used, size - used, "- {name: web.r%u, match: [", r);
		for (uint64_t i = 0; i <= random_below(&seed, 3); i++) {
			used += add_condition(text + used, size - used);
			used += (size_t)snprintf(text + used, size - used, ", ");
		}
		used += (size_t)snprintf(text + used, size - used, "], example: {action: CUSTOM}}\n");
	}
}

/* The definition, for plain ASCII; of a glob only a star at either end is known, of regular expressions only ^. */
static bool fits(const struct model_pattern *pattern, const char *text)
{
	const char *wanted = pattern->text;
	size_t size = wanted == NULL ? 0 : strlen(wanted), text_size = strlen(text);
	if (wanted == NULL) {
		return true;
	}
	if (pattern->kind == MODEL_IS) {
		return strcasecmp(wanted, text) == 0;
	}
	if (wanted[0] == '*') {
		return text_size >= size - 1 && strcasecmp(text + text_size - (size - 1), wanted + 1) == 0;
	}
	wanted += pattern->kind == MODEL_REGEX;
	size -= pattern->kind == MODEL_REGEX || pattern->kind == MODEL_GLOB;
	return strncasecmp(wanted, text, size) == 0;
}

static bool holds(const struct model_condition *condition, const struct subject *subject)
{
	bool in_topics = condition->topic == NULL || strcmp(subject->topic, "a,b") == 0 ||
			 strcmp(subject->topic, condition->topic) == 0;
	bool is_content =
		strcmp(subject->content_id, "c") == 0 ||
		strncasecmp(subject->path[0] != '\0' ? subject->path : subject->target_path, "/a/b", 4) == 0;
	return (condition->action == 0 || condition->action == subject->action) && in_topics &&
	       (condition->content == NULL || is_content) && subject->engagement >= condition->engagement_min &&
	       fits(&condition->path, subject->path) && fits(&condition->title, subject->title) &&
	       fits(&condition->label, subject->label) && fits(&condition->form, subject->form_id) &&
	       fits(&condition->target, subject->target_path) &&
	       (condition->property_key == NULL ||
		(subject->properties_count > 0 && fits(&condition->property_value, subject->property_values[0])));
}

static const char *asked_one_by_one(const struct model_process *process, const struct subject *subject)
{
	for (unsigned r = 0; r < process->rule_count; r++) {
		const struct model_rule *rule = &process->rules[r];
		for (unsigned i = 0; i < rule->condition_count; i++) {
			if (rule->channel == CHANNEL_WEB && holds(&rule->conditions[i], subject)) {
				return rule->name;
			}
		}
	}
	return "web.other";
}

START_TEST(what_is_filed_is_found_as_if_each_were_asked)
{
	static const char *const key[] = {"k"};
	static const char *const topics[] = {"", "", "a", "b", "a,b"};
	size_t others = 0;
	for (unsigned try = 0; try < TRIES; try++) {
		static char text[256 * 1024];
		struct model *model;
		make_rules(text, sizeof(text));
		struct matcher *matcher = make(text, &model);
		for (unsigned i = 0; i < SUBJECTS; i++) {
			struct subject subject = page(some_text(), some_text());
			const char *value = some_text();
			subject.label = random_below(&seed, 2) == 0 ? some_text() : "";
			subject.form_id = random_below(&seed, 2) == 0 ? some_text() : "";
			subject.target_path = random_below(&seed, 2) == 0 ? some_text() : "";
			subject.path = random_below(&seed, 8) == 0 ? "" : subject.path;
			subject.topic = topics[random_below(&seed, COUNT_OF(topics))];
			subject.content_id = random_below(&seed, 8) == 0 ? "c" : "";
			subject.action = random_below(&seed, 2) == 0 ? ACTION_PAGE_VIEW : ACTION_CUSTOM;
			subject.engagement = (int)random_below(&seed, 5);
			subject.properties_count = (unsigned)random_below(&seed, 2);
			subject.property_keys = key;
			subject.property_values = &value;
			const char *wanted = asked_one_by_one(&model->processes[0], &subject);
			ck_assert_str_eq(rule_of(matcher, model, &subject), wanted);
			others += strcmp(wanted, "web.other") == 0;
		}
		matcher_destroy(matcher);
		arena_reset(&arena, arena.limit);
	}
	ck_assert_uint_gt(others, 0);
	ck_assert_uint_lt(others, TRIES * SUBJECTS / 2);
}
END_TEST

TEST_MAIN("match_kinds", each_kind_fits_what_it_says, texts_without_room_fit_regular_expressions_only,
	  what_is_filed_is_found_as_if_each_were_asked)

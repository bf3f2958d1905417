/* core/flow: what a model says and does not mean. Claims of "never" are held against what patterns do take. */
#include "core/flow/model_check.h"

#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/findings.h"
#include "core/edge/model_file.h"
#include "core/flow/match_cover.h"
#include "core/flow/match_pattern.h"
#include "core/flow/match_probe.h"
#include "tests/random.h"
#include "tests/table.h"

static struct arena arena;

static void setup(void)
{
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
}

/* ---- One pattern takes all that another one takes ---- */

static struct cover_pattern cover_of(const struct model_pattern *model)
{
	struct cover_pattern pattern;
	ck_assert(cover_pattern_init(&pattern, model, &arena));
	return pattern;
}

START_TEST(what_one_pattern_takes_of_another_is_known)
{
	setup();
	static const struct {
		struct model_pattern wide, narrow;
		bool covers;
	} rows[] = {
		{{"/a", MODEL_IS}, {"/A", MODEL_IS}, true},
		{{"/a", MODEL_IS}, {"/ab", MODEL_IS}, false},
		{{"/a", MODEL_STARTS}, {"/ab", MODEL_IS}, true},
		{{"/a", MODEL_STARTS}, {"/ab", MODEL_STARTS}, true},
		{{"/ab", MODEL_STARTS}, {"/a", MODEL_STARTS}, false},
		{{"/a", MODEL_IS}, {"/a", MODEL_STARTS}, false},
		{{"/a*", MODEL_GLOB}, {"/ab", MODEL_STARTS}, true},
		{{"/a?", MODEL_GLOB}, {"/a", MODEL_STARTS}, false},
		{{"/a?", MODEL_GLOB}, {"/ab", MODEL_IS}, true},
		{{"/a?", MODEL_GLOB}, {"/a*", MODEL_GLOB}, false},
		{{"/a*", MODEL_GLOB}, {"/a?", MODEL_GLOB}, true},
		{{"*.pdf", MODEL_GLOB}, {"/lib/*.PDF", MODEL_GLOB}, true},
		{{"*.pdf", MODEL_GLOB}, {"/lib/*", MODEL_GLOB}, false},
		{{"*b*", MODEL_GLOB}, {"a?b?c", MODEL_GLOB}, true},
		{{"*bb*", MODEL_GLOB}, {"a*b*b", MODEL_GLOB}, false},
		{{"\\*", MODEL_GLOB}, {"*", MODEL_GLOB}, false},
		{{"*", MODEL_GLOB}, {"\\*", MODEL_GLOB}, true},
		{{"/\xc3\xb8", MODEL_STARTS}, {"/\xc3\x98x", MODEL_IS}, true},
		{{"/?", MODEL_GLOB}, {"/\xc3\xb8", MODEL_IS}, true},
		{{"^/a", MODEL_REGEX}, {"^/a", MODEL_REGEX}, true},
		{{"^/a", MODEL_REGEX}, {"^/ab", MODEL_REGEX}, false}, /* true, and not proven */
		{{"^/a", MODEL_REGEX}, {"/ab", MODEL_IS}, false},
		{{"*", MODEL_GLOB}, {"^/a", MODEL_REGEX}, false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cover_pattern wide = cover_of(&rows[i].wide), narrow = cover_of(&rows[i].narrow);
		ck_assert_msg(cover_pattern(&wide, &narrow) == rows[i].covers, "row %zu", i);
	}
}
END_TEST

static const char *random_text(uint64_t *state, const char *letters, size_t size_max)
{
	size_t size = 1 + random_below(state, size_max);
	char *text = arena_take(&arena, size + 1);
	for (size_t i = 0; i < size; i++) {
		text[i] = letters[random_below(state, strlen(letters))];
	}
	text[size] = '\0';
	return text;
}

static bool fits(const struct match_patterns *patterns, const struct model_pattern *model, const char *text)
{
	char why[128], room[64];
	struct match_pattern pattern;
	struct match_text looked;
	ck_assert(match_pattern_init(&pattern, model, &arena, why, sizeof(why)));
	match_pattern_text(&looked, text, room, sizeof(room));
	bool good = match_pattern_fits(patterns, &pattern, &looked);
	match_pattern_finish(&pattern);
	return good;
}

START_TEST(what_is_said_to_be_taken_is_taken)
{
	setup();
	uint64_t state = 11;
	unsigned covered = 0, taken = 0;
	struct match_patterns patterns;
	ck_assert(match_patterns_init(&patterns));
	size_t mark = arena.used;
	for (unsigned round = 0; round < 20000; round++) {
		struct model_pattern model[2];
		struct cover_pattern cover[2];
		arena_back(&arena, mark);
		for (int i = 0; i < 2; i++) {
			model[i].kind = (enum model_kind)(MODEL_IS + random_below(&state, 3));
			model[i].text = random_text(&state, model[i].kind == MODEL_GLOB ? "ab*?*" : "ab", 4);
			cover[i] = cover_of(&model[i]);
		}
		if (!cover_pattern(&cover[0], &cover[1])) {
			continue;
		}
		covered++;
		for (unsigned i = 0; i < 20; i++) {
			const char *text = random_text(&state, "abc", 5);
			if (fits(&patterns, &model[1], text)) {
				taken++;
				ck_assert_msg(fits(&patterns, &model[0], text), "%s takes all of %s, but not %s",
					      model[0].text, model[1].text, text);
			}
		}
	}
	ck_assert_msg(covered > 1000 && taken > 1000, "%u, %u", covered, taken);
	match_patterns_finish(&patterns);
}
END_TEST

START_TEST(expressions_that_run_away_are_found_and_others_are_let_be)
{
	setup();
	static const struct {
		const char *regex, *example;
		bool runs;
	} rows[] = {
		{"(a+)+$", NULL, true},
		{"^/x/([a-z]+)*$", NULL, true},
		{"^/[xy]+/([a-z]+)*$", "/xy/z", true},
		{"(a|aa)+$", NULL, true},
		{"(.*)*x$", NULL, true},
		{"^(\\w+\\s?)*$", NULL, true},
		{"([a-zA-Z0-9]+)*@", NULL, true},
		{"(\\d+-?)+z", NULL, true},
		{"(x+x+)+y", NULL, true},
		{"^([^/]+/?)+$", NULL, true},
		{"(\xc3\xa5+)+$", NULL, true},
		{"^/x(x\xc3\xa5{3,}y?|(bl\xc3\xa5\xc3\xa5\xc3\xa5r?)+)+$", "/x\xc3\xa5\xc3\xa5", true},
		{"^/bl\xc3\xa5(/|$).*", NULL, false},
		{"^/a(/|$)", NULL, false},
		{".*price.*", NULL, false},
		{"^/blog/[0-9]+/", NULL, false},
		{"(a|b)+c", NULL, false},
		{"^(/[a-z]{2}(-[a-z]{2})?)?/x", NULL, false},
		{"\\bprice\\b.*list", NULL, false},
		{"^/(en|da)/.*/price$", NULL, false},
	};
	struct match_patterns patterns;
	ck_assert(match_patterns_init(&patterns));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char why[128];
		size_t size = 0;
		struct match_pattern pattern;
		const struct model_pattern model = {rows[i].regex, MODEL_REGEX};
		ck_assert(match_pattern_init(&pattern, &model, &arena, why, sizeof(why)));
		ck_assert_msg(match_probe(&patterns, &pattern, rows[i].regex, rows[i].example, 1024, &size) ==
				      rows[i].runs,
			      "%s", rows[i].regex);
		ck_assert(size <= 1024 && (size > 0) == rows[i].runs);
		match_pattern_finish(&pattern);
	}
	match_patterns_finish(&patterns);
}
END_TEST

/* ---- A model ---- */

#define HEAD \
	"process: standard\n" \
	"phases: [{name: none, prior: .5}, {name: look, main: early, prior: .25, entry: 1}, {name: buy, main: " \
	"late, prior: .25}]\n"
#define EXAMPLE ", example: {action: PAGE_VIEW, url: 'http://x.test/a'}}\n"

static const char *told(const char *text)
{
	static const char *const topics[] = {"price", "delivery"};
	struct model *model;
	struct fail fail;
	struct findings findings;
	const char *said = "";
	ck_assert_msg(model_file_parse(text, strlen(text), &arena, &model, &fail), "%s", fail.text);
	struct matcher *matcher = matcher_create(model, &fail);
	ck_assert_msg(matcher != NULL, "%s", fail.text);
	ck_assert(findings_init(&findings, 20, &arena));
	model_check_rules(model, &findings);
	model_check_contents(model, matcher, &findings);
	model_check_topics(model, topics, COUNT_OF(topics), &findings);
	matcher_destroy(matcher);
	findings_sort(&findings);
	for (size_t i = 0; i < findings.count; i++) {
		said = arena_print(&arena, "%s%u %s: %s%s%s\n", said, findings.items[i].line,
				   finding_grade_name(findings.items[i].grade), findings.items[i].what,
				   findings.items[i].instead[0] != '\0' ? " | " : "", findings.items[i].instead);
	}
	return said;
}

START_TEST(conditions_that_earlier_ones_leave_nothing_are_named_and_no_others)
{
	setup();
	static const struct {
		const char *rules, *told;
	} rows[] = {
		{"- {name: web.a, match: [{path: {starts: /a/}}]" EXAMPLE
		 "- name: web.b\n  match:\n  - {path: {is: /a/b}}\n  - {path: {is: /b}}\n  example: {action: "
		 "PAGE_VIEW}\n",
		 "7 warning: rule \"web.b\": this condition never takes anything: rule \"web.a\", which stands "
		 "before it, takes "
		 "all of it (line 4) | put \"web.b\" before \"web.a\", or leave line 7 out\n"},
		{"- name: web.a\n  match:\n  - {path: {starts: /a/}}\n  - {path: {is: /a/b}}\n  example: {action: "
		 "PAGE_VIEW}\n",
		 "7 advice: rule \"web.a\": this condition takes nothing that the one on line 6 does not take "
		 "already | leave "
		 "line 7 out\n"},
		/* an action, a host above, less attention */
		{"- {name: web.a, match: [{action: FORM_SUBMIT, host: x.test}]" EXAMPLE
		 "- {name: web.b, match: [{label: z}, {action: FORM_SUBMIT, host: www.X.test, form: y, engaged: "
		 "30s}]" EXAMPLE,
		 "5 warning: rule \"web.b\": this condition never takes anything: rule \"web.a\", which stands "
		 "before it, takes all of it (line 4) | put \"web.b\" before \"web.a\", or leave line 5 out\n"},
		/* what the other one asks for besides */
		{"- {name: web.a, match: [{path: {starts: /a/}, action: FORM_SUBMIT}]" EXAMPLE
		 "- {name: web.b, match: [{path: {is: /a/b}}]" EXAMPLE,
		 ""},
		{"- {name: web.a, match: [{path: {starts: /a/}, engaged: 30s}]" EXAMPLE
		 "- {name: web.b, match: [{path: {is: /a/b}, engaged: 10s}]" EXAMPLE,
		 ""},
		{"- {name: web.a, match: [{host: x.test}]" EXAMPLE
		 "- {name: web.b, match: [{host: yx.test}]" EXAMPLE,
		 ""},
		{"- {name: web.a, match: [{title: {starts: a}}]" EXAMPLE
		 "- {name: web.b, match: [{label: {starts: ab}}]" EXAMPLE,
		 ""},
		/* the finer one first; another channel; a regular expression that may be anything */
		{"- {name: web.b, match: [{path: {is: /a/b}}]" EXAMPLE
		 "- {name: web.a, match: [{path: {starts: /a/}}]" EXAMPLE,
		 ""},
		{"- {name: web.a, match: [{target: {starts: /a}}]" EXAMPLE
		 "- {name: email.b, match: [{target: {is: /a}}], example: {action: EMAIL_CLICK, target_url: "
		 "'http://x.test/a'}}\n",
		 ""},
		{"- {name: web.a, match: [{path: '^/a'}]" EXAMPLE
		 "- {name: web.b, match: [{path: '^/ab'}]" EXAMPLE,
		 ""},
		/* a rule that claims does so though another one takes the touch */
		{"- {name: web.a, match: [{path: {starts: /a/}}]" EXAMPLE
		 "- {name: web.b, claims: yes, match: [{path: {is: /a/b}}]" EXAMPLE,
		 ""},
		/* points */
		{"- {name: web.a, points: {none: 2, look: 2, buy: 2}, match: [{path: a}]" EXAMPLE,
		 "4 advice: rule \"web.a\" gives every phase the same 2 points, which says nothing | more points "
		 "for some phases "
		 "than for others, or no points\n"},
		{"- {name: web.a, points: {look: 2, buy: 2}, match: [{path: a}]" EXAMPLE, ""},
		/* topics */
		{"- {name: chat.a, match: [{topic: prise}], example: {action: CHAT_MESSAGE, topic: prise}}\n"
		 "- {name: chat.b, match: [{topic: xyzzy}, {topic: price}], example: {action: CHAT_MESSAGE, "
		 "topic: price}}\n",
		 "4 warning: rule \"chat.a\": topic \"prise\" is none that topics.yaml has words for | did you "
		 "mean \"price\"?\n"
		 "5 warning: rule \"chat.b\": topic \"xyzzy\" is none that topics.yaml has words for | words for "
		 "it in "
		 "topics.yaml, unless the sender names it himself\n"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *text = arena_print(&arena, HEAD "rules:\n%s", rows[i].rules), *said = told(text);
		ck_assert_msg(strcmp(said, rows[i].told) == 0, "row %zu: %swanted: %s", i, said, rows[i].told);
	}
}
END_TEST

#define LATE_RULE \
	"rules:\n- {name: web.price, points: {buy: 3}, match: [{path: {starts: /price}}], example: {action: " \
	"PAGE_VIEW, " \
	"url: 'http://x.test/prices'}}\n"

START_TEST(contents_that_no_rule_takes_are_named_and_no_others)
{
	setup();
	static const struct {
		const char *contents, *told;
	} rows[] = {
		{"[{name: p, phase: late, path: {is: /prices}}]\n" LATE_RULE, ""},
		{"[{name: p, phase: late, path: {is: /calc}}]\n" LATE_RULE,
		 "3 warning: content \"p\" serves late, but no rule takes it: whoever reads it says nothing by "
		 "that | \"- {content: "
		 "p}\" below \"match\" of a rule that speaks for late; or \"phase: all\"\n"},
		{"[{name: p, phase: all, path: {is: /calc}}]\n" LATE_RULE, ""},
		{"[{name: p, phase: late, path: {starts: /c}}]\n" LATE_RULE, ""},
		{"[{name: p, phase: late, content_id: x}]\n" LATE_RULE,
		 "3 warning: content \"p\" serves late, but no rule takes it: whoever reads it says nothing by "
		 "that | \"- {content: "
		 "p}\" below \"match\" of a rule that speaks for late; or \"phase: all\"\n"},
		{"[{name: p, phase: late, content_id: x}]\n" LATE_RULE
		 "- {name: web.calc, points: {buy: 1}, match: [{content: p, host: x.test}]" EXAMPLE,
		 ""},
		{"[{name: p, phase: late, path: {is: /calc}, title: 'Calc it'}]\n" LATE_RULE
		 "- {name: web.calc, points: {buy: 1}, match: [{title: ^calc, source: s, engaged: 10s}]" EXAMPLE,
		 ""},
		{"[{name: p, phase: late, path: {is: /calc}}]\n" LATE_RULE
		 "- {name: email.calc, points: {buy: 1}, match: [{target: ^/calc}], example: {action: "
		 "EMAIL_CLICK, target_url: "
		 "'http://x.test/calc'}}\n",
		 ""},
		{"[{name: p, phase: early, path: {is: /prices}}]\n" LATE_RULE,
		 "3 advice: content \"p\" serves early, but rule \"web.price\" (line 5), which takes it, has no "
		 "points for early | a "
		 "rule of its own before \"web.price\", points for early there, or another \"phase\" here\n"},
		{"[{name: p, path: {starts: /a}}, {name: q, path: {is: /ab}}, {name: r, path: {is: /b}, "
		 "content_id: b},\n"
		 " {name: s, path: {is: /b}}, {name: t, content_id: b, path: {is: /t}}]\n" LATE_RULE,
		 "3 warning: content \"q\" is never found: \"p\" on line 3, which stands before it, is known by "
		 "the same | put the one "
		 "that is known by less first, or leave one of them out\n"
		 "4 warning: content \"s\" is never found: \"r\" on line 3, which stands before it, is known by "
		 "the same | put the one "
		 "that is known by less first, or leave one of them out\n"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *text = arena_print(&arena, HEAD "contents: %s", rows[i].contents), *said = told(text);
		ck_assert_msg(strstr(text, "\nrules:") != NULL && strcmp(said, rows[i].told) == 0,
			      "row %zu: %swanted: %s", i, said, rows[i].told);
	}
}
END_TEST

START_TEST(of_the_models_that_ship_there_is_nothing_to_say)
{
	setup();
	struct model *model;
	struct fail fail;
	struct findings findings;
	ck_assert_msg(model_file_read("conf/model", &arena, &model, &fail), "%s", fail.text);
	struct matcher *matcher = matcher_create(model, &fail);
	ck_assert_ptr_nonnull(matcher);
	ck_assert(findings_init(&findings, 20, &arena));
	model_check_rules(model, &findings);
	model_check_contents(model, matcher, &findings);
	ck_assert_msg(findings.count == 0, "%s", findings.items[0].what);
	matcher_destroy(matcher);
}
END_TEST

TEST_MAIN("model_check", what_one_pattern_takes_of_another_is_known, what_is_said_to_be_taken_is_taken,
	  expressions_that_run_away_are_found_and_others_are_let_be,
	  conditions_that_earlier_ones_leave_nothing_are_named_and_no_others,
	  contents_that_no_rule_takes_are_named_and_no_others, of_the_models_that_ship_there_is_nothing_to_say)

/* The section "learned" of a model file: read, refused, written again, put in and taken out. */
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "core/flow/fold.h"
#include "tests/table.h"

#define HEAD \
	"process: standard\nphases: [{name: none, prior: .5}, {name: a, main: early, prior: .25, entry: .5}, " \
	"{name: b, main: late, prior: .25, entry: .5}]\n"
#define RULES \
	HEAD "rules:\n" \
	     "- {name: web.x, points: {a: 2}, match: [{path: x}], example: {action: PAGE_VIEW, url: " \
	     "'https://n.test/x'}}\n" \
	     "- {name: email.open, evidence: ignored, match: [{action: EMAIL_OPEN}], example: {action: " \
	     "EMAIL_OPEN}}\n"
/* A line of the file's own map ends the section. */
#define UNIT "unit: 0.5\n"

static struct arena arena;

static const struct model *parse(const char *text)
{
	struct model *model = NULL;
	struct fail fail;
	ck_assert_msg(model_file_parse(text, strlen(text), &arena, &model, &fail), "%s", fail.text);
	return model;
}

static void setup(void)
{
	ck_assert(arena_init(&arena, (size_t)16 * 1024 * 1024));
}

START_TEST(what_was_learned_multiplies_what_points_weigh)
{
	setup();
	static struct fold_process plain, learned;
	fold_process_init(&plain, &parse(RULES)->processes[0]);
	fold_process_init(&learned, &parse(RULES "learned: {web.x: {a: 3}}\n")->processes[0]);
	/* web: x and other; of state a, x weighs three times as much beside other as before. */
	double before = plain.factor[0][1] / plain.factor[2][1],
	       after = learned.factor[0][1] / learned.factor[2][1];
	ck_assert_double_eq_tol(after, 3 * before, 1e-12);
	ck_assert_double_eq_tol(learned.factor[0][1] + learned.factor[2][1], 1, 1e-12);
	for (unsigned k = 0; k < PHASE_STATES; k += 2) { /* of other states it says what it said */
		ck_assert(learned.factor[0][k] == plain.factor[0][k]);
	}
	arena_finish(&arena);
}
END_TEST

START_TEST(it_is_part_of_the_meaning_and_survives_the_canonical_text)
{
	setup();
	const struct model *plain = parse(RULES),
			   *one = parse(RULES "learned: {web.x: {a: 1, b: 1.0}, web.other: {}}\n");
	ck_assert_uint_eq(plain->version, one->version); /* 1 says nothing */
	const struct model *learned =
		parse(RULES "learned: {web.x: {b: 0.123456, none: 7}, web.other: {a: 1e-3}}\n");
	ck_assert(learned->version != plain->version);
	const struct model *again = parse(learned->text);
	ck_assert_uint_eq(again->version, learned->version);
	ck_assert(again->processes[0].rules[0].learned[0] == 7 && again->processes[0].rules[0].learned[1] == 1 &&
		  again->processes[0].rules[0].learned[2] == 0.123456);
	ck_assert(again->processes[0].rules[2].learned[1] == 1e-3);
	ck_assert_ptr_null(again->processes[0].rules[3].learned);
	arena_finish(&arena);
}
END_TEST

START_TEST(a_wrong_section_names_line_and_what_was_expected)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"learned: [a]\n", "model:6: \"learned\" must be a map of rules"},
		{"learned: {web.y: {a: 1}}\n",
		 "model:6: \"learned\": \"web.y\" is not a word for it (did you mean \"web.x\"?)"},
		{"learned: {web.x: 2}\n", "model:6: \"learned.web.x\" must be a map of phases"},
		{"learned:\n  web.x: {early: 2}\n",
		 "model:7: \"learned\": \"early\" is not a word for it (known: none, a, b)"},
		{"learned: {web.x: {a: 0}}\n",
		 "model:6: \"learned.web.x.a\" must be a number from 1e-06 to 1e+06"},
		{"learned: {web.x: {a: -1}}\n",
		 "model:6: \"learned.web.x.a\" must be a number from 1e-06 to 1e+06"},
		{"learned: {web.x: {a: much}}\n",
		 "model:6: \"learned.web.x.a\" must be a number from 1e-06 to 1e+06"},
		{"learned: {web.x: {a: 1e7}}\n",
		 "model:6: \"learned.web.x.a\" must be a number from 1e-06 to 1e+06"},
		{"learned: {email.open: {a: 2}}\n",
		 "model:6: \"learned.email.open\": that rule is ignored, nothing can be learned of it"},
	};
	setup();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct model *model = NULL;
		struct fail fail = {0};
		char text[2048];
		snprintf(text, sizeof(text), RULES "%s", rows[i].text);
		ck_assert_msg(!model_file_parse(text, strlen(text), &arena, &model, &fail), "row %zu", i);
		ck_assert_str_eq(fail.text, rows[i].error);
	}
	arena_finish(&arena);
}
END_TEST

#define SECTION "learned:\n  # how\n  web.x: {a: 2.5}\n"

START_TEST(a_file_gets_it_and_keeps_all_else)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{RULES, RULES "\n" SECTION},
		{RULES "learned: {web.x: {b: 9}}\n", RULES SECTION},
		{RULES "# rules end\nlearned:\n  # old\n  web.x: {b: 9}\n\n# next\n" UNIT,
		 RULES "# rules end\n" SECTION "\n# next\n" UNIT},
		{RULES "learned:\n  web.x: {b: 9,\n    a: 2}\n" UNIT, RULES SECTION "\n" UNIT},
		{RULES UNIT "# no line end", RULES UNIT "# no line end\n\n" SECTION},
	};
	setup();
	const struct model_process *process = &parse(RULES "learned: {web.x: {a: 2.5}}\n")->processes[0];
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *text;
		ck_assert(model_file_relearn(rows[i].text, process, "  # how\n", &arena, &text));
		ck_assert_str_eq(text, rows[i].wanted);
		ck_assert_uint_eq(parse(text)->version, parse(RULES "learned: {web.x: {a: 2.5}}\n")->version);
	}
	arena_finish(&arena);
}
END_TEST

START_TEST(nothing_learned_takes_it_out)
{
	setup();
	const char *text;
	ck_assert(model_file_relearn(RULES SECTION, &parse(RULES)->processes[0], "  # how\n", &arena, &text));
	ck_assert_str_eq(text, RULES);
	/* Of a file without it nothing changes. */
	ck_assert(model_file_relearn(RULES, &parse(RULES)->processes[0], "  # how\n", &arena, &text));
	ck_assert_str_eq(text, RULES);
	arena_finish(&arena);
}
END_TEST

TEST_MAIN("model_learned", what_was_learned_multiplies_what_points_weigh,
	  it_is_part_of_the_meaning_and_survives_the_canonical_text,
	  a_wrong_section_names_line_and_what_was_expected, a_file_gets_it_and_keeps_all_else,
	  nothing_learned_takes_it_out)

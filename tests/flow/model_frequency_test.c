/* frequency_look(): which frequency classes are far from what was seen, and no others. */
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "core/flow/model_seen.h"
#include "tests/table.h"

static struct arena arena;

static const struct model_process *read_standard(void)
{
	struct model *model;
	struct fail fail;
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
	ck_assert_msg(model_file_read("conf/model/standard.yaml", &arena, &model, &fail), "%s", fail.text);
	return &model->processes[0];
}

static unsigned rule_of(const struct model_process *process, const char *name)
{
	for (unsigned r = 0; r < process->rule_count; r++) {
		if (strcmp(process->rules[r].name, name) == 0) {
			return r;
		}
	}
	ck_abort_msg("no rule %s", name);
}

static double power_of(const struct model_process *process, const struct model_rule *rule, unsigned k)
{
	return process->power[rule->points[k]] * (rule->learned != NULL ? rule->learned[k] : 1);
}

/* What the rule book lets expect of so many touches on the web, by the definition of its factors. */
static void expect(const struct model_process *process, double total, uint64_t *ret_touches)
{
	static const double b[] = {[RULE_COMMON] = 4, [RULE_NORMAL] = 1, [RULE_RARE] = .25};
	memset(ret_touches, 0, PHASE_RULES_MAX * sizeof(*ret_touches));
	for (unsigned r = 0; r < process->rule_count; r++) {
		double share = 0;
		for (unsigned k = 0; k < process->states && process->rules[r].channel == CHANNEL_WEB; k++) {
			double sum = 0;
			for (unsigned i = 0; i < process->rule_count; i++) {
				const struct model_rule *rule = &process->rules[i];
				sum += rule->channel == CHANNEL_WEB && !rule->ignored
					       ? b[rule->frequency] * power_of(process, rule, k)
					       : 0;
			}
			share += process->prior[k] * b[process->rules[r].frequency] *
				 power_of(process, &process->rules[r], k) / sum;
		}
		ret_touches[r] = (uint64_t)(share * total + .5);
	}
}

START_TEST(only_what_is_far_off_is_said_and_towards_what)
{
	static const struct {
		const char *rule; /* whose touches are multiplied */
		double by, total;
		bool off;
		enum rule_frequency should;
	} rows[] = {
		{"web.pricing", 1, 100000, false, 0},
		{"web.pricing", 3, 100000, false, 0},
		{"web.demo_request", 20, 100000, true, RULE_COMMON},
		{"web.demo_request", 6, 100000, true, RULE_NORMAL},
		{"web.whitepaper", 12, 100000, true, RULE_COMMON},
		{"web.whitepaper", .1, 100000, true, RULE_RARE},
		{"web.blog", .05, 100000, true, RULE_RARE},
		{"web.blog", 50, 100000, false, 0},	     /* no class is more common */
		{"web.demo_request", .01, 100000, false, 0}, /* nor rarer */
		{"web.other", 100, 100000, false, 0},	     /* one that is far off makes no other one so */
		{"web.whitepaper", 0, 230, false, 0},	     /* may be chance */
		{"web.demo_request", 5, 300, false, 0},
	};
	const struct model_process *process = read_standard();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		static uint64_t touches[PHASE_RULES_MAX];
		static struct frequency_seen seen[PHASE_RULES_MAX];
		unsigned odd = rule_of(process, rows[i].rule);
		expect(process, rows[i].total, touches);
		touches[odd] = (uint64_t)((double)touches[odd] * rows[i].by);
		memset(seen, 0, sizeof(seen));
		ck_assert(frequency_look(process, CHANNEL_WEB, touches, seen));
		for (unsigned r = 0; r < process->rule_count; r++) {
			ck_assert_msg(seen[r].off == (r == odd && rows[i].off),
				      "row %zu: %s, seen %g, expected %g", i, process->rules[r].name,
				      seen[r].share, seen[r].expected);
		}
		ck_assert_msg(!rows[i].off || seen[odd].should == rows[i].should, "row %zu: %d", i,
			      (int)seen[odd].should);
	}
}
END_TEST

START_TEST(the_share_that_is_expected_is_that_of_the_rule_book)
{
	static uint64_t touches[PHASE_RULES_MAX];
	static struct frequency_seen seen[PHASE_RULES_MAX];
	const struct model_process *process = read_standard();
	static const double learned[PHASE_STATES] = {9, .1, .1, 1, 1, 1, 2, 3};
	((struct model_rule *)(uintptr_t)process->rules)[rule_of(process, "web.pricing")].learned = learned;
	expect(process, 1e9, touches);
	ck_assert(frequency_look(process, CHANNEL_WEB, touches, seen));
	for (unsigned r = 0; r < process->rule_count; r++) {
		if (process->rules[r].channel == CHANNEL_WEB) {
			double wanted = (double)touches[r] / 1e9;
			ck_assert(seen[r].share > wanted * .999 && seen[r].share < wanted * 1.001);
			ck_assert(seen[r].expected > wanted * .99 && seen[r].expected < wanted * 1.01);
		}
	}
}
END_TEST

START_TEST(of_few_touches_or_few_rules_nothing_is_said)
{
	static uint64_t touches[PHASE_RULES_MAX];
	static struct frequency_seen seen[PHASE_RULES_MAX];
	const struct model_process *process = read_standard();
	expect(process, FREQUENCY_TOUCHES_MIN * .5, touches);
	ck_assert(!frequency_look(process, CHANNEL_WEB, touches, seen));
	memset(touches, 0, sizeof(touches));
	touches[rule_of(process, "web.pricing")] = 10000;
	touches[rule_of(process, "web.blog")] = 10000;
	ck_assert(!frequency_look(process, CHANNEL_WEB, touches, seen));
	ck_assert(!frequency_look(process, CHANNEL_CHAT, touches, seen));
}
END_TEST

TEST_MAIN("model_frequency", only_what_is_far_off_is_said_and_towards_what,
	  the_share_that_is_expected_is_that_of_the_rule_book, of_few_touches_or_few_rules_nothing_is_said)

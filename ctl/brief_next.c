#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/postgres.h"
#include "ctl/brief.h"
#include "ctl/terminal.h"

#define THINGS_MAX 4 /* of each phase */
#define POINTS_MIN 2 /* from which a rule speaks for a phase */

static const struct postgres_statement find_touched = {
	.name = "brief_touched",
	.sql = "SELECT DISTINCT v.rule, v.content FROM (SELECT p.contact_id FROM report.person p WHERE p.account "
	       "= $1) k "
	       "CROSS JOIN LATERAL (SELECT e.rule, e.content FROM report.evidence e WHERE e.contact_id = "
	       "k.contact_id "
	       "AND e.process = $2 OFFSET 0) v",
	.parameter_count = 2,
	.parameters = {{POSTGRES_TEXT, false}, {POSTGRES_TEXT, false}},
};

/* Of each rule and content of the process: has somebody touched it? */
struct touched {
	const struct model_process *process;
	bool *rules, *contents;
};

static bool on_touched(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	const struct touched *touched = context;
	const struct model_process *process = touched->process;
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		for (unsigned k = 0; k < process->rule_count; k++) {
			touched->rules[k] |= strcmp(process->rules[k].name, postgres_text(rows, i, 0)) == 0;
		}
		for (unsigned k = 0; k < process->content_count; k++) {
			touched->contents[k] |= strcmp(process->contents[k].name, postgres_text(rows, i, 1)) == 0;
		}
	}
	return true;
}

static void print_thing(enum main_phase phase, const char *what, const char *name)
{
	char cell[TERMINAL_CELL_SIZE];
	terminal_fit(what, 52, false, cell);
	printf("  %-6s %s  %s\n", main_phase_name(phase), cell, name);
}

static unsigned print_contents(const struct touched *touched, enum main_phase phase)
{
	unsigned printed = 0;
	for (unsigned i = 0; i < touched->process->content_count && printed < THINGS_MAX; i++) {
		const struct model_content *content = &touched->process->contents[i];
		if (content->phase == phase && !touched->contents[i]) {
			print_thing(phase, content->title != NULL ? content->title : content->name, content->name);
			printed++;
		}
	}
	return printed;
}

/* The most that the rule says for a state of this phase. */
static unsigned points_for(const struct model_process *process, const struct model_rule *rule,
			   enum main_phase phase)
{
	unsigned most = 0;
	for (unsigned k = 1; k < process->states && !rule->ignored; k++) {
		most = process->state_main[k] == phase && rule->points[k] > most ? rule->points[k] : most;
	}
	return most;
}

/* Where the model names no content: what could be done. */
static unsigned print_rules(const struct touched *touched, enum main_phase phase)
{
	unsigned printed = 0;
	for (unsigned i = 0; i < touched->process->rule_count && printed < THINGS_MAX; i++) {
		const struct model_rule *rule = &touched->process->rules[i];
		if (!touched->rules[i] && points_for(touched->process, rule, phase) >= POINTS_MIN) {
			print_thing(phase, "(what this rule is about)", rule->name);
			printed++;
		}
	}
	return printed;
}

bool brief_next(const struct brief *brief, struct fail *fail)
{
	const struct model_process *process = brief->in_force;
	if (process == NULL) {
		return true; /* whoever reads no model is told no more by a heading */
	}
	struct arena *arena = &brief->ctl->arena;
	struct touched touched = {
		.process = process,
		.rules = arena_zero(arena, process->rule_count + 1, sizeof(bool)),
		.contents = arena_zero(arena, process->content_count + 1, sizeof(bool)),
	};
	CHECK(touched.rules != NULL && touched.contents != NULL);
	struct postgres_value values[2];
	bool fits =
		postgres_value_text(brief->account, &values[0]) && postgres_value_text(process->name, &values[1]);
	CHECK(fits);
	if (!postgres_add(brief->postgres, &find_touched, values, on_touched, &touched, fail) ||
	    !ctl_turn(brief->postgres, fail)) {
		return false;
	}
	enum main_phase from = brief->phase == MAIN_NONE ? MAIN_EARLY : brief->phase;
	enum main_phase to = brief->phase == MAIN_NONE || brief->phase == MAIN_LATE ? from : from + 1;
	unsigned printed = 0;
	brief_heading("What to show next: nobody there has touched it yet");
	for (enum main_phase phase = from; phase <= to; phase++) {
		unsigned contents = print_contents(&touched, phase);
		printed += contents > 0 ? contents : print_rules(&touched, phase);
	}
	if (printed == 0) {
		printf("  They have seen all that the model knows of.\n");
	}
	return true;
}

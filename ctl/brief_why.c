#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/brief.h"
#include "ctl/report_ask.h"
#include "ctl/terminal.h"

#define LINES_MAX 3 /* of each kind */

struct line {
	struct uuid contact;
	double effect;
	int64_t day;
	char rule[MODEL_NAME_SIZE_MAX + 1], content[MODEL_NAME_SIZE_MAX + 1];
};

/* The strongest first. */
struct side {
	size_t count;
	struct line list[LINES_MAX];
};

struct reading {
	const struct brief *brief;
	struct side fors, againsts;
	unsigned contact, phase, day, rule, content, effect; /* columns */
};

static void put(struct side *side, const struct line *line)
{
	size_t at = side->count;
	while (at > 0 && fabs(side->list[at - 1].effect) < fabs(line->effect)) {
		at--;
	}
	if (at == LINES_MAX) {
		return;
	}
	side->count = side->count < LINES_MAX ? side->count + 1 : LINES_MAX;
	memmove(&side->list[at + 1], &side->list[at], (side->count - at - 1) * sizeof(*line));
	side->list[at] = *line;
}

static bool on_lines(void *context, struct report_page *page, struct fail *fail)
{
	struct reading *reading = context;
	(void)fail;
	for (size_t i = 0; i < page->count; i++) {
		const struct report_value *row = report_row_of(page, i);
		const char *phase = main_phase_name(reading->brief->phase);
		/* The start and the sum have no day. */
		if (row[reading->day].is_null || row[reading->effect].is_null ||
		    (phase != NULL && strcmp(row[reading->phase].text, phase) != 0)) {
			continue;
		}
		struct line line = {row[reading->contact].id, row[reading->effect].number, row[reading->day].whole,
				    "", ""};
		snprintf(line.rule, sizeof(line.rule), "%s", row[reading->rule].text);
		if (!row[reading->content].is_null) {
			snprintf(line.content, sizeof(line.content), "%s", row[reading->content].text);
		}
		put(line.effect >= 0 ? &reading->fors : &reading->againsts, &line);
	}
	return true;
}

static void print_side(const struct brief *brief, const struct side *side, const char *name,
		       const struct report_people *people)
{
	for (size_t i = 0; i < side->count; i++) {
		const struct line *line = &side->list[i];
		const struct report_person *person = report_people_find(people, &line->contact);
		char day[32], id[UUID_TEXT_SIZE], what[TERMINAL_CELL_SIZE], who[TERMINAL_CELL_SIZE];
		uuid_print(&line->contact, id);
		moment_print(line->day * MOMENT_DAY_US, day);
		terminal_fit(line->content[0] != '\0' ? brief_title(brief, line->content) : line->rule, 44, false,
			     what);
		terminal_fit(person == NULL	       ? id
			     : person->name != NULL    ? person->name
			     : person->address != NULL ? person->address
						       : id,
			     24, false, who);
		printf("  %-7s %+5.1f  %.10s  %s  %s\n", i == 0 ? name : "", line->effect, day, what, who);
	}
}

bool brief_why(const struct brief *brief, struct fail *fail)
{
	const struct report *report = report_find("why");
	struct arena *arena = &brief->ctl->arena;
	struct reading reading = {
		.brief = brief,
		.contact = report_column(report, "contact_id"),
		.phase = report_column(report, "phase"),
		.day = report_column(report, "day"),
		.rule = report_column(report, "rule"),
		.content = report_column(report, "content"),
		.effect = report_column(report, "effect"),
	};
	const struct report_filter filter = {.account = brief->account,
					     .process = brief->process,
					     .since_us = INT64_MIN,
					     .until_us = INT64_MIN};
	struct uuid ids[2 * LINES_MAX];
	struct report_people people;
	size_t count = 0;
	if (!report_ask(arena, brief->postgres, report, &filter, on_lines, &reading, fail)) {
		return false;
	}
	for (size_t i = 0; i < reading.fors.count; i++) {
		ids[count++] = reading.fors.list[i].contact;
	}
	for (size_t i = 0; i < reading.againsts.count; i++) {
		ids[count++] = reading.againsts.list[i].contact;
	}
	if (count == 0) {
		return true;
	}
	if (!report_people_ask(arena, brief->postgres, ids, count, &people, fail)) {
		return false;
	}
	brief_heading("Why: what weighs most");
	print_side(brief, &reading.fors, "for", &people);
	print_side(brief, &reading.againsts, "against", &people);
	return true;
}

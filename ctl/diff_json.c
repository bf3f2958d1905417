/*
 * The difference as JSON: one object a line, `kind` first. docs/phasectl.md lists the kinds.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/moment.h"
#include "ctl/diff.h"
#include "ctl/json_line.h"

#define DIGITS 17 /* so that reasons add up to the last one */

static const char *const sides[] = {"from", "to"};

static json_t *contact_of(const struct uuid *contact)
{
	char text[UUID_TEXT_SIZE];
	uuid_print(contact, text);
	return json_string(text);
}

static json_t *text_or_null(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

static json_t *version_of(const struct diff *diff, enum diff_side side)
{
	char text[24];
	snprintf(text, sizeof(text), "%016" PRIx64, diff->models[side].model->version);
	return json_string(text);
}

void diff_json_head(const struct diff *diff)
{
	json_line_print(json_pack("{ss so so so sf}", "kind", "diff", "from", version_of(diff, DIFF_OLD), "to",
				  version_of(diff, DIFF_NEW), "at", json_line_moment(diff->at_ms * MOMENT_MS_US),
				  "sample", diff->sample),
			JSON_REAL_PRECISION(6));
	for (unsigned i = 0; i < diff->process_count; i++) {
		const struct diff_process *process = &diff->processes[i];
		json_line_print(json_pack("{ss ss sb sb}", "kind", "process", "process", process->name, "from",
					  process->number[DIFF_OLD] >= 0, "to", process->number[DIFF_NEW] >= 0),
				0);
	}
}

static json_t *shown(const struct diff_shown *shown)
{
	if (shown->phase == DIFF_ABSENT) {
		return json_null();
	}
	return json_pack("{ss so sb si s{sf sf sf}}", "phase", shown_name((enum shown)shown->phase), "confidence",
			 text_or_null(band_name(shown->band)), "quiet", shown->quiet, "touches",
			 (int)shown->touches, "p", "early", shown->main[MAIN_EARLY], "mid", shown->main[MAIN_MID],
			 "late", shown->main[MAIN_LATE]);
}

void diff_json_row(const struct diff *diff, const struct diff_row *row)
{
	json_line_print(json_pack("{ss so ss so so}", "kind", "contact", "contact", contact_of(&row->contact),
				  "process", diff->processes[row->process].name, "from", shown(&row->by[DIFF_OLD]),
				  "to", shown(&row->by[DIFF_NEW])),
			JSON_REAL_PRECISION(DIGITS));
}

void diff_json_alert(const struct diff *diff, const struct diff_alert *alert, bool raised)
{
	json_line_print(json_pack("{ss ss so ss so sb}", "kind", "alert", "alert", "entered late", "contact",
				  contact_of(&alert->contact), "process", diff->processes[alert->process].name,
				  "at", json_line_moment(alert->at_ms * MOMENT_MS_US), "raised", raised),
			0);
}

void diff_json_long(const struct diff_long *contact)
{
	json_line_print(json_pack("{ss so sI}", "kind", "too long", "contact", contact_of(&contact->contact),
				  "touches", (json_int_t)contact->touches),
			0);
}

static json_t *line_side(const struct diff_line *line, enum diff_side side, const char *process)
{
	return line->rules[side] == NULL
		       ? json_null()
		       : json_pack("{ss ss}", "process", line->others[side] != NULL ? line->others[side] : process,
				   "rule", line->rules[side]);
}

void diff_json_why(struct diff *diff, const struct diff_why *why)
{
	const char *process = diff->processes[why->row->process].name;
	json_t *lines = json_array();
	for (size_t i = 0; i < why->count; i++) {
		const struct diff_line *line = &why->lines[i];
		char day[MOMENT_TEXT_SIZE];
		moment_print(line->day * MOMENT_DAY_US, day);
		day[strlen("2026-11-25")] = '\0';
		json_array_append_new(lines, json_pack("{ss so so so si sf}", "day", day, "content",
						       text_or_null(line->content), sides[DIFF_OLD],
						       line_side(line, DIFF_OLD, process), sides[DIFF_NEW],
						       line_side(line, DIFF_NEW, process), "touches",
						       (int)line->touches, "effect", line->effect));
	}
	json_line_print(json_pack("{ss so ss so so so sf sb so}", "kind", "why", "contact",
				  contact_of(&why->row->contact), "process", process, "phase",
				  text_or_null(main_phase_name(why->phase)), "from",
				  why->has[DIFF_OLD] ? json_real(why->logit[DIFF_OLD]) : json_null(), "to",
				  why->has[DIFF_NEW] ? json_real(why->logit[DIFF_NEW]) : json_null(), "start",
				  why->start, "too_many", (int)why->too_many, "lines", lines),
			JSON_REAL_PRECISION(DIGITS));
}

static const char *phase_name(int phase)
{
	return phase == DIFF_ABSENT ? NULL : shown_name((enum shown)phase);
}

static json_t *rule_side(const struct diff *diff, const struct diff_rule *rule, enum diff_side side)
{
	const char *name = diff_reading_name(diff, side, &rule->by[side]);
	return name == NULL ? json_null()
			    : json_pack("{ss ss}", "process", diff->processes[rule->by[side].process].name, "rule",
					name);
}

void diff_json_end(const struct diff *diff)
{
	const struct diff_tally *tally = &diff->tally;
	for (unsigned process = 0; process < diff->process_count; process++) {
		for (int from = 0; from < DIFF_PHASES; from++) {
			for (int to = 0; to < DIFF_PHASES; to++) {
				uint64_t count = tally->phases[process][from][to];
				if (count > 0) {
					json_line_print(json_pack("{ss ss so so sI}", "kind", "phases", "process",
								  diff->processes[process].name, "from",
								  text_or_null(phase_name(from)), "to",
								  text_or_null(phase_name(to)), "contacts",
								  (json_int_t)count),
							0);
				}
			}
		}
	}
	for (size_t i = 0; i < tally->rule_count; i++) {
		json_line_print(json_pack("{ss so so sI sI}", "kind", "rule", "from",
					  rule_side(diff, &tally->rules[i], DIFF_OLD), "to",
					  rule_side(diff, &tally->rules[i], DIFF_NEW), "subjects",
					  (json_int_t)tally->rules[i].subjects, "touches",
					  (json_int_t)tally->rules[i].touches),
				0);
	}
	json_line_print(json_pack("{ss sI sI sI sI sI sI sI sI sI}", "kind", "sum", "contacts",
				  (json_int_t)tally->contacts, "touches", (json_int_t)tally->touches, "elsewhere",
				  (json_int_t)tally->elsewhere, "confidence_only", (json_int_t)tally->only_surer,
				  "alerts_kept", (json_int_t)tally->late_kept, "alerts_raised",
				  (json_int_t)tally->raised.count, "alerts_dropped",
				  (json_int_t)tally->dropped.count, "too_long", (json_int_t)tally->too_long_count,
				  "unread_subjects", (json_int_t)diff->subjects.unread),
			0);
}

#include "core/flow/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/flow/contacts_inside.h"
#include "core/flow/evidence.h"
#include "core/flow/fold_input.h"
#include "core/flow/smooth.h"
#include "core/flow/standing.h"
#include "core/flow/why_lines.h"

/* One contact in one process. */
struct told {
	const struct model_process *model;
	const struct fold_process *process;
	const struct alerts_process *alerts;
	struct fold_touch *touches; /* in the fold's order */
	const char **contents;
	bool *counted;
	size_t count;
};

struct entry {
	struct fold_touch touch; /* first: for fold_compare() */
	const char *content;
};

/* ---- Order ---- */

static int compare_rows(const void *a, const void *b)
{
	const struct explain_row *x = a, *y = b;
	return evidence_compare_keys(&x->contact_id, x->process, &y->contact_id, y->process);
}

static int compare_changes(const void *a, const void *b)
{
	const struct change_row *x = a, *y = b;
	int order = evidence_compare_keys(&x->contact_id, x->process, &y->contact_id, y->process);
	return order != 0 ? order : (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

/* ---- One ---- */

static bool fill_told(struct told *told, const struct evidence_row *rows, size_t count, struct arena *arena)
{
	struct entry *entries = arena_array(arena, count + 1, sizeof(*entries));
	told->touches = arena_array(arena, count + 1, sizeof(*told->touches));
	told->contents = arena_array(arena, count + 1, sizeof(*told->contents));
	told->counted = arena_array(arena, count + 1, sizeof(*told->counted));
	told->count = count;
	if (entries == NULL || told->touches == NULL || told->contents == NULL || told->counted == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		entries[i] = (struct entry){
			fold_input(rows[i].at_us, rows[i].event_id, 0, rows[i].rule, rows[i].mail_click,
				   rows[i].link, rows[i].confirm),
			rows[i].content,
		};
	}
	if (count > 0) {
		qsort(entries, count, sizeof(*entries), fold_compare);
	}
	for (size_t i = 0; i < count; i++) {
		told->touches[i] = entries[i].touch;
		told->contents[i] = entries[i].content;
	}
	return true;
}

/* Thousandths that sum to one thousand. */
static struct history_day rounded(const struct smooth_day *day)
{
	struct history_day round = {{-1, -1, -1}};
	if (!day->closed) {
		int16_t early = (int16_t)lround(1000 * day->main[MAIN_EARLY]);
		int16_t until_mid = (int16_t)lround(1000 * (day->main[MAIN_EARLY] + day->main[MAIN_MID]));
		round = (struct history_day){{early, (int16_t)(until_mid - early), (int16_t)(1000 - until_mid)}};
	}
	return round;
}

static bool tell_history(const struct told *told, int64_t at_ms, struct explain_row *row, struct arena *arena)
{
	struct smooth smooth;
	if (!smooth_history(told->process, told->touches, told->count, told->counted, at_ms, EXPLAIN_DAYS_MAX,
			    arena, &smooth)) {
		return false;
	}
	struct history_day *days = arena_array(arena, smooth.count + 1, sizeof(*days));
	if (days == NULL) {
		return false;
	}
	for (size_t i = 0; i < smooth.count; i++) {
		days[i] = rounded(&smooth.days[i]);
	}
	row->first_day = smooth.first_day;
	row->days = days;
	row->day_count = smooth.count;
	return true;
}

static bool tell_why(const struct told *told, enum main_phase phase, int64_t at_ms, struct explain_row *row,
		     struct arena *arena)
{
	struct why why;
	struct why_lines lines;
	enum why_result result = why_explain_last(told->process, told->touches, told->count, told->counted, at_ms,
						  phase, EXPLAIN_LAST, arena, &why);
	if (result != WHY_DONE) {
		return result == WHY_NOTHING;
	}
	if (!why_lines(told->model, told->touches, told->contents, told->count, told->counted, &why, arena,
		       &lines)) {
		return false;
	}
	row->phase = phase;
	row->start = why.start;
	row->logit = why.logit;
	row->earlier = why.earlier;
	row->lines = lines.list;
	row->line_count = lines.count;
	return true;
}

static const char *rule_of(const struct told *told, uint64_t event_id)
{
	for (size_t i = 0; i < told->count; i++) {
		const struct fold_touch *touch = &told->touches[i];
		if (touch->id == event_id) {
			return touch->kind == FOLD_TOUCH ? told->model->rules[touch->rule].name : "confirm";
		}
	}
	return NULL;
}

static void tell_standing(const struct told *told, const struct change_row *changes, size_t count,
			  const struct standing_late *late, struct explain_row *row)
{
	struct standing standing;
	standing_peak(changes, count, &standing);
	row->peak = standing.peak;
	row->fell_us = standing.fell_us;
	row->fell_rule = standing.fell_us != INT64_MIN && !standing.by_time ? rule_of(told, standing.cause) : NULL;
	row->late_days = late->days;
	row->late_count = late->count;
}

static bool tell(struct told *told, const struct change_row *changes, size_t change_count, struct explain_row *row,
		 int64_t now_us, struct arena *arena)
{
	struct standing_late late;
	standing_late_begin(&late, told->alerts, arena);
	struct phase_state state;
	struct phase_view view;
	bool *scratch = arena_array(arena, told->count + 1, sizeof(*scratch));
	if (scratch == NULL) {
		return false;
	}
	fold_all(told->process, told->touches, told->count, scratch, &state, told->counted, standing_step, &late);
	standing_late_end(&late);
	tell_standing(told, changes, change_count, &late, row);
	int64_t at_ms = moment_floor(now_us, CONTACTS_MS_US);
	at_ms = at_ms > state.counted_ms ? at_ms : state.counted_ms;
	fold_view(told->process, &state, at_ms, &view);
	row->as_of_us = at_ms * CONTACTS_MS_US;
	return !late.full && tell_history(told, at_ms, row, arena) &&
	       (view.reported == MAIN_NONE || tell_why(told, view.reported, at_ms, row, arena));
}

/* ---- The slice ---- */

/* What is asked of each process, made once it is needed. */
struct asked_alerts {
	bool made[MODEL_PROCESSES_MAX];
	struct alerts_process of[MODEL_PROCESSES_MAX];
};

/* The rows of one contact's process, in sorted lists of which each has come so far. */
struct own {
	struct evidence_row *touches;
	size_t touch_count;
	struct change_row *changes;
	size_t change_count;
};

static void take_own(const struct explain_rows *slice, const struct explain_row *row, size_t *touch,
		     size_t *change, struct own *ret_own)
{
	while (*touch < slice->touch_count &&
	       evidence_compare_keys(&slice->touches[*touch].contact_id, slice->touches[*touch].process,
				     &row->contact_id, row->process) < 0) {
		++*touch;
	}
	ret_own->touches = slice->touches + *touch;
	while (*touch < slice->touch_count &&
	       evidence_compare_keys(&slice->touches[*touch].contact_id, slice->touches[*touch].process,
				     &row->contact_id, row->process) == 0) {
		++*touch;
	}
	ret_own->touch_count = (size_t)(slice->touches + *touch - ret_own->touches);
	while (*change < slice->change_count &&
	       evidence_compare_keys(&slice->changes[*change].contact_id, slice->changes[*change].process,
				     &row->contact_id, row->process) < 0) {
		++*change;
	}
	ret_own->changes = slice->changes + *change;
	while (*change < slice->change_count &&
	       evidence_compare_keys(&slice->changes[*change].contact_id, slice->changes[*change].process,
				     &row->contact_id, row->process) == 0) {
		++*change;
	}
	ret_own->change_count = (size_t)(slice->changes + *change - ret_own->changes);
}

static bool tell_row(const struct contacts_model *model, struct asked_alerts *alerts, struct explain_row *row,
		     const struct own *own, int64_t now_us, struct arena *arena)
{
	row->phase = MAIN_NONE;
	row->as_of_us = now_us;
	row->peak = 0;
	row->fell_us = INT64_MIN;
	int number = row->process != NULL ? contacts_process(model->model, row->process) : -1;
	if (number < 0) { /* in no process, or in one that a model has no more */
		return true;
	}
	if (!alerts->made[number]) {
		alerts_process_init(&alerts->of[number], &model->processes[number]);
		alerts->made[number] = true;
	}
	struct told told = {.model = &model->model->processes[number],
			    .process = &model->processes[number],
			    .alerts = &alerts->of[number]};
	return fill_told(&told, own->touches, own->touch_count, arena) &&
	       tell(&told, own->changes, own->change_count, row, now_us, arena);
}

bool explain_slice(const struct contacts_model *model, struct explain_rows *slice, int64_t now_us,
		   struct arena *arena)
{
	struct asked_alerts alerts = {0};
	struct own own;
	size_t touch = 0, change = 0;
	if (slice->row_count > 0) {
		qsort(slice->rows, slice->row_count, sizeof(*slice->rows), compare_rows);
	}
	if (slice->touch_count > 0) {
		qsort(slice->touches, slice->touch_count, sizeof(*slice->touches), evidence_compare);
	}
	if (slice->change_count > 0) {
		qsort(slice->changes, slice->change_count, sizeof(*slice->changes), compare_changes);
	}
	for (size_t i = 0; i < slice->row_count; i++) {
		struct explain_row *row = &slice->rows[i];
		take_own(slice, row, &touch, &change, &own);
		if (!tell_row(model, &alerts, row, &own, now_us, arena)) {
			return false;
		}
	}
	return true;
}

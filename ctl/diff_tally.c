/*
 * What differs between the two, counted as contacts come by; only the largest moves and the latest alerts are kept.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "ctl/diff.h"

bool diff_tally_init(struct diff *diff)
{
	struct diff_tally *tally = &diff->tally;
	size_t room = diff->listed_max + 1;
	tally->moves = malloc(room * sizeof(*tally->moves));
	tally->raised.latest = malloc(room * sizeof(*tally->raised.latest));
	tally->dropped.latest = malloc(room * sizeof(*tally->dropped.latest));
	tally->too_long = malloc(room * sizeof(*tally->too_long));
	return tally->moves != NULL && tally->raised.latest != NULL && tally->dropped.latest != NULL &&
	       tally->too_long != NULL;
}

void diff_tally_finish(struct diff_tally *tally)
{
	free(tally->moves);
	free(tally->raised.latest);
	free(tally->dropped.latest);
	free(tally->too_long);
	free(tally->rules);
}

/* A sorted list of the first so many of all there are: where a new one goes, or -1. The caller has room for one more than that. */
static int64_t place_in(const void *list, size_t size, size_t *count, size_t most, const void *item,
			int (*compare)(const void *, const void *))
{
	size_t low = 0, high = *count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (compare((const char *)list + middle * size, item) <= 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == most) {
		return -1;
	}
	*count += *count < most ? 1 : 0;
	return (int64_t)low;
}

static void keep_first(void *list, size_t size, size_t *count, size_t most, const void *item,
		       int (*compare)(const void *, const void *))
{
	int64_t place = place_in(list, size, count, most, item, compare);
	if (place >= 0) {
		char *at = (char *)list + (size_t)place * size;
		memmove(at + size, at, (*count - 1 - (size_t)place) * size);
		memcpy(at, item, size);
	}
}

/* ---- Rows ---- */

static double index_of(const double main[MAIN_COUNT])
{
	return main[MAIN_MID] + 2 * main[MAIN_LATE];
}

static double index_of_nobody(const struct fold_process *fold)
{
	double main[MAIN_COUNT] = {0}, buying = 0;
	for (unsigned k = 1; k < fold->states; k++) {
		main[fold->state_main[k]] += fold->prior[k];
		buying += fold->prior[k];
	}
	return index_of(main) / buying;
}

/* The process under this model, or under the other one where this has none of that name. */
static const struct fold_process *fold_of(const struct diff *diff, unsigned process, enum diff_side side)
{
	const struct diff_process *about = &diff->processes[process];
	enum diff_side has = about->number[side] >= 0 ? side : side == DIFF_OLD ? DIFF_NEW : DIFF_OLD;
	return &diff->models[has].folds[about->number[has]];
}

static struct diff_shown shown_of(const struct diff *diff, unsigned process, enum diff_side side)
{
	const struct diff_folded *folded = &diff->folded[side];
	struct diff_shown shown = {.phase = DIFF_ABSENT};
	if (folded->has_row) {
		shown.phase = (int)folded->view.shown;
		shown.band = folded->view.band;
		shown.quiet = folded->view.quiet;
		shown.touches = folded->view.counted;
		memcpy(shown.main, folded->view.main, sizeof(shown.main));
		shown.index = index_of(folded->view.main);
	} else {
		shown.index = index_of_nobody(fold_of(diff, process, side));
	}
	return shown;
}

bool diff_row_differs(const struct diff_row *row)
{
	const struct diff_shown *old = &row->by[DIFF_OLD], *new = &row->by[DIFF_NEW];
	return old->phase != new->phase || old->band != new->band || old->quiet != new->quiet;
}

/* How far it moves between early and late. */
static double distance(const struct diff_row *row)
{
	return fabs(row->by[DIFF_NEW].index - row->by[DIFF_OLD].index);
}

/* Those who would be elsewhere first, then the others whose phase would be more or less sure; the largest first. */
static int by_move(const void *a, const void *b)
{
	const struct diff_row *x = a, *y = b;
	bool one = x->by[DIFF_OLD].phase != x->by[DIFF_NEW].phase,
	     other = y->by[DIFF_OLD].phase != y->by[DIFF_NEW].phase;
	if (one != other) {
		return one ? -1 : 1;
	}
	double far = distance(x), close = distance(y);
	if (far != close) {
		return far > close ? -1 : 1;
	}
	int order = uuid_compare(&x->contact, &y->contact);
	return order != 0 ? order : (x->process > y->process) - (x->process < y->process);
}

static bool count_row(struct diff *diff, const struct diff_row *row)
{
	struct diff_tally *tally = &diff->tally;
	const struct diff_shown *old = &row->by[DIFF_OLD], *new = &row->by[DIFF_NEW];
	tally->phases[row->process][old->phase][new->phase]++;
	if (old->phase == new->phase) {
		tally->bands[old->band][new->band]++;
		tally->went_quiet += !old->quiet && new->quiet ? 1 : 0;
		tally->came_back += old->quiet && !new->quiet ? 1 : 0;
		tally->only_surer += diff_row_differs(row) ? 1 : 0;
	}
	if (diff_row_differs(row)) {
		keep_first(tally->moves, sizeof(*row), &tally->move_count, diff->listed_max, row, by_move);
		if (diff->json) {
			diff_json_row(diff, row);
		}
	}
	return old->phase != new->phase;
}

/* ---- Alerts ---- */

/* The latest first. */
static int by_time(const void *a, const void *b)
{
	const struct diff_alert *x = a, *y = b;
	if (x->at_ms != y->at_ms) {
		return x->at_ms > y->at_ms ? -1 : 1;
	}
	int order = uuid_compare(&x->contact, &y->contact);
	return order != 0 ? order : (x->process > y->process) - (x->process < y->process);
}

static void count_alert(struct diff *diff, struct diff_alerts *alerts, const struct uuid *contact,
			unsigned process, const struct diff_late *late)
{
	struct diff_alert alert = {*contact, process, late->entered_ms};
	alerts->count++;
	keep_first(alerts->latest, sizeof(alert), &alerts->listed, diff->listed_max, &alert, by_time);
	if (diff->json) {
		diff_json_alert(diff, &alert, alerts == &diff->tally.raised);
	}
}

/* Two stays in late that have a day in common are the same alert, on whatever day it is raised. */
static void count_alerts(struct diff *diff, const struct uuid *contact, unsigned process)
{
	const struct diff_folded *old = &diff->folded[DIFF_OLD], *new = &diff->folded[DIFF_NEW];
	size_t i = 0, k = 0;
	while (i < old->late_count || k < new->late_count) {
		if (k == new->late_count ||
		    (i < old->late_count && old->late[i].left_ms <= new->late[k].entered_ms)) {
			count_alert(diff, &diff->tally.dropped, contact, process, &old->late[i++]);
		} else if (i == old->late_count || new->late[k].left_ms <= old->late[i].entered_ms) {
			count_alert(diff, &diff->tally.raised, contact, process, &new->late[k++]);
		} else {
			diff->tally.late_kept++;
			i++;
			k++;
		}
	}
}

/* ---- Contacts ---- */

static void leave_out(struct diff *diff, const struct diff_contact *contact)
{
	struct diff_tally *tally = &diff->tally;
	struct diff_long one = {contact->id, contact->count};
	tally->too_long_count++;
	if (tally->too_long_listed < diff->listed_max) {
		tally->too_long[tally->too_long_listed++] = one;
	}
	if (diff->json) {
		diff_json_long(&one);
	}
}

/* Counts the touches of each subject. Returns a bit for each process that any of them is in, under one model or the other. */
static uint32_t count_touches(struct diff *diff, const struct diff_contact *contact)
{
	uint32_t processes = 0;
	_Static_assert(DIFF_PROCESSES_MAX <= 32, "a bit each");
	for (size_t i = 0; i < contact->count; i++) {
		struct diff_subject *subject = &diff->subjects.list[contact->touches[i].subject];
		bool counts = false;
		for (unsigned side = 0; side < DIFF_SIDES; side++) {
			if (diff_reading_counts(&subject->by[side], contact->touches[i].party)) {
				processes |= UINT32_C(1) << subject->by[side].process;
				counts = true;
			}
		}
		subject->touches += counts ? 1 : 0;
		diff->tally.touches += counts ? 1 : 0;
	}
	return processes;
}

void diff_tally_contact(struct diff *diff, const struct diff_contact *contact, void *context)
{
	(void)context;
	bool elsewhere = false;
	if (contact->count > diff->touches_max) {
		leave_out(diff, contact);
		return;
	}
	uint32_t processes = count_touches(diff, contact);
	diff->tally.contacts += processes != 0 ? 1 : 0;
	for (unsigned process = 0; process < diff->process_count; process++) {
		if ((processes & UINT32_C(1) << process) == 0) {
			continue;
		}
		struct diff_row row = {.contact = contact->id, .process = process};
		for (unsigned side = 0; side < DIFF_SIDES; side++) {
			diff_fold(diff, contact, process, (enum diff_side)side);
			row.by[side] = shown_of(diff, process, (enum diff_side)side);
		}
		if (row.by[DIFF_OLD].phase != DIFF_ABSENT || row.by[DIFF_NEW].phase != DIFF_ABSENT) {
			elsewhere = count_row(diff, &row) || elsewhere;
		}
		count_alerts(diff, &contact->id, process);
	}
	diff->tally.elsewhere += elsewhere ? 1 : 0;
}

/* ---- Rules ---- */

static int by_reading(const struct diff_reading *x, const struct diff_reading *y)
{
	if (x->process != y->process) {
		return x->process < y->process ? -1 : 1;
	}
	return x->confirm != y->confirm ? x->confirm - y->confirm : x->rule - y->rule;
}

static int by_readings(const void *a, const void *b)
{
	const struct diff_rule *x = a, *y = b;
	int order = by_reading(&x->by[DIFF_OLD], &y->by[DIFF_OLD]);
	return order != 0 ? order : by_reading(&x->by[DIFF_NEW], &y->by[DIFF_NEW]);
}

static int by_touches(const void *a, const void *b)
{
	const struct diff_rule *x = a, *y = b;
	if (x->touches != y->touches) {
		return x->touches > y->touches ? -1 : 1;
	}
	return by_readings(a, b);
}

bool diff_tally_rules(struct diff *diff)
{
	struct diff_tally *tally = &diff->tally;
	const struct diff_subjects *subjects = &diff->subjects;
	size_t used = 0, kept = 0;
	for (size_t i = 0; i < subjects->count; i++) {
		const struct diff_reading *by = subjects->list[i].by;
		used += diff_reading_same(diff, &by[DIFF_OLD], &by[DIFF_NEW]) ? 0 : 1;
	}
	tally->rules = malloc((used + 1) * sizeof(*tally->rules));
	if (tally->rules == NULL) {
		return false;
	}
	used = 0;
	for (size_t i = 0; i < subjects->count; i++) {
		const struct diff_subject *subject = &subjects->list[i];
		if (!diff_reading_same(diff, &subject->by[DIFF_OLD], &subject->by[DIFF_NEW]) &&
		    subject->touches > 0) {
			struct diff_rule *rule = &tally->rules[used++];
			*rule = (struct diff_rule){.subjects = 1, .touches = subject->touches};
			memcpy(rule->by, subject->by, sizeof(rule->by));
			tally->rule_touches += subject->touches;
			tally->rule_subjects++;
		}
	}
	qsort(tally->rules, used, sizeof(*tally->rules), by_readings);
	for (size_t i = 0; i < used; i++) {
		if (kept > 0 && by_readings(&tally->rules[kept - 1], &tally->rules[i]) == 0) {
			tally->rules[kept - 1].subjects += tally->rules[i].subjects;
			tally->rules[kept - 1].touches += tally->rules[i].touches;
		} else {
			tally->rules[kept++] = tally->rules[i];
		}
	}
	tally->rule_count = kept;
	qsort(tally->rules, kept, sizeof(*tally->rules), by_touches);
	return true;
}

bool diff_tally_differs(const struct diff_tally *tally)
{
	return tally->elsewhere > 0 || tally->only_surer > 0 || tally->raised.count > 0 ||
	       tally->dropped.count > 0 || tally->rule_count > 0;
}

/*
 * Why somebody moves: Aumann and Shapley's shares for the phase that the new model reports, under it and under the old one. What each day's
 * touches of a rule say now, less what they said, and the difference of the starts, add up to the difference of the logits.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/why.h"
#include "ctl/diff.h"

struct asking {
	const struct diff_row *row;
	diff_on_why *on_why;
	bool told;
	bool too_many;
	bool full;
};

/* Phases belong to a side: the new one's reported, else the old one's. */
static enum main_phase phase_of(const struct diff *diff)
{
	for (int side = DIFF_NEW; side >= DIFF_OLD; side--) {
		const struct diff_folded *folded = &diff->folded[side];
		if (folded->has_row && folded->view.reported != MAIN_NONE) {
			return folded->view.reported;
		}
	}
	return MAIN_NONE;
}

/* Each touch's share, by its place in the contact's list. False: nothing has counted, or nothing can be said. */
static bool shares_of(struct diff *diff, enum diff_side side, unsigned process, enum main_phase phase,
		      struct arena *arena, struct why *ret_why, double *ret_shares, bool *ret_counted)
{
	const struct diff_folded *folded = &diff->folded[side];
	size_t count = folded->count;
	if (!folded->has_row || !folded->state.moved) {
		return false;
	}
	const struct fold_process *fold = &diff->models[side].folds[diff->processes[process].number[side]];
	if (why_explain(fold, folded->touches, count, folded->counted, diff->at_ms, phase, arena, ret_why) !=
	    WHY_DONE) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		ret_shares[folded->places[i]] = ret_why->shares[i];
		ret_counted[folded->places[i]] = folded->counted[i] && folded->touches[i].kind != FOLD_CLOSE;
	}
	return true;
}

static int by_text(const char *a, const char *b)
{
	return a == b ? 0 : a == NULL ? -1 : b == NULL ? 1 : strcmp(a, b);
}

static int by_day_and_rules(const void *a, const void *b)
{
	const struct diff_line *x = a, *y = b;
	int order = (x->day > y->day) - (x->day < y->day);
	for (unsigned side = 0; order == 0 && side < DIFF_SIDES; side++) {
		order = by_text(x->rules[side], y->rules[side]);
		order = order != 0 ? order : by_text(x->others[side], y->others[side]);
	}
	return order;
}

static struct diff_line line_of(const struct diff *diff, const struct diff_touch *touch, unsigned process)
{
	const struct diff_subject *subject = &diff->subjects.list[touch->subject];
	struct diff_line line = {.day = moment_floor(touch->at_us, MOMENT_DAY_US), .touches = 1};
	for (unsigned side = 0; side < DIFF_SIDES; side++) {
		const struct diff_reading *reading = &subject->by[side];
		if (!diff_reading_counts(reading, touch->party)) {
			continue;
		}
		line.rules[side] = diff_reading_name(diff, (enum diff_side)side, reading);
		if (reading->process != (int)process) {
			line.others[side] = diff->processes[reading->process].name;
		} else if (reading->content[0] != '\0') {
			line.content = reading->content;
		}
	}
	return line;
}

static void merge_lines(struct diff_why *why)
{
	size_t kept = 0;
	if (why->count > 0) {
		qsort(why->lines, why->count, sizeof(*why->lines), by_day_and_rules);
	}
	for (size_t i = 0; i < why->count; i++) {
		struct diff_line *last = kept > 0 ? &why->lines[kept - 1] : NULL;
		if (last != NULL && by_day_and_rules(last, &why->lines[i]) == 0) {
			last->effect += why->lines[i].effect;
			last->touches++;
			last->content = last->content != NULL ? last->content : why->lines[i].content;
		} else {
			why->lines[kept++] = why->lines[i];
		}
	}
	why->count = kept;
}

static bool explain(struct diff *diff, const struct diff_contact *contact, struct asking *asking,
		    struct arena *arena)
{
	unsigned process = asking->row->process;
	struct diff_why why = {.row = asking->row, .phase = phase_of(diff)};
	double *shares[DIFF_SIDES];
	bool *counted[DIFF_SIDES];
	why.lines = arena_array(arena, contact->count + 1, sizeof(*why.lines));
	for (unsigned side = 0; side < DIFF_SIDES; side++) {
		struct why of_side;
		shares[side] = arena_zero(arena, contact->count + 1, sizeof(*shares[side]));
		counted[side] = arena_zero(arena, contact->count + 1, sizeof(*counted[side]));
		if (shares[side] == NULL || counted[side] == NULL || why.lines == NULL) {
			return false;
		}
		why.has[side] = why.phase != MAIN_NONE && shares_of(diff, (enum diff_side)side, process, why.phase,
								    arena, &of_side, shares[side], counted[side]);
		if (why.has[side]) {
			why.logit[side] = of_side.logit;
			why.start += side == DIFF_NEW ? of_side.start : -of_side.start;
		}
	}
	for (size_t i = 0; i < contact->count; i++) {
		if (counted[DIFF_OLD][i] || counted[DIFF_NEW][i]) {
			struct diff_line line = line_of(diff, &contact->touches[i], process);
			line.effect = shares[DIFF_NEW][i] - shares[DIFF_OLD][i];
			why.lines[why.count++] = line;
		}
	}
	merge_lines(&why);
	asking->on_why(diff, &why);
	return true;
}

static void on_contact(struct diff *diff, const struct diff_contact *contact, void *context)
{
	struct asking *asking = context;
	struct arena arena;
	size_t most = contact->count;
	if (most > DIFF_EXPLAINED_MAX || most > diff->touches_max) {
		asking->too_many = true;
		return;
	}
	for (unsigned side = 0; side < DIFF_SIDES; side++) {
		diff_fold(diff, contact, asking->row->process, (enum diff_side)side);
	}
	size_t room =
		DIFF_SIDES * (why_memory(most) + (most + 64) * 16) + (most + 1) * sizeof(struct diff_line) + 4096;
	if (!arena_init(&arena, room)) {
		asking->full = true;
		return;
	}
	asking->full = !explain(diff, contact, asking, &arena);
	asking->told = true;
	arena_finish(&arena);
}

bool diff_why_moves(struct diff *diff, diff_on_why *on_why, struct fail *fail)
{
	for (size_t i = 0; i < diff->tally.move_count; i++) {
		struct asking asking = {.row = &diff->tally.moves[i], .on_why = on_why};
		progress_show(diff->progress, 1, "reasons of %zu of the largest moves", i);
		if (!diff_contacts_read(diff, &asking.row->contact, 1, on_contact, &asking, fail)) {
			return false;
		}
		if (asking.full) {
			return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
		}
		if (!asking.told) {
			struct diff_why none = {
				.row = asking.row, .too_many = asking.too_many, .phase = MAIN_NONE};
			on_why(diff, &none);
		}
	}
	return true;
}

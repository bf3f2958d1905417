#include "core/flow/account_fold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/flow/review.h"

/* ---- Factors ---- */

/* A square and a root are what IEEE says they are, so they are the same everywhere; of others the model is tabled anew with each libm. */
static double power(double base, double exponent)
{
	return exponent == 2 ? base * base : exponent == 0.5 ? sqrt(base) : pow(base, exponent);
}

account_factors *account_factors_make(const struct fold_process *process, double multiplier, struct arena *arena)
{
	if (multiplier == 1) {
		return process->factor;
	}
	double(*factors)[PHASE_STATES] = arena_array(arena, process->rule_count + 1, sizeof(*factors));
	for (unsigned r = 0; factors != NULL && r < process->rule_count; r++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			factors[r][k] = power(process->factor[r][k], multiplier);
		}
	}
	return (account_factors *)factors;
}

/* ---- Order ---- */

/* ms, kind, id, rule: the same event, taken for the same? */
static bool same_event(const struct fold_touch *a, const struct fold_touch *b)
{
	return a->ms == b->ms && a->kind == b->kind && a->id == b->id && a->rule == b->rule;
}

/* As the fold has it, but for links, which have decided what they could; then who of several weighs most, then by id. */
static int compare_touches(const void *a, const void *b)
{
	const struct account_touch *x = a, *y = b;
	if (!same_event(&x->touch, &y->touch)) {
		return fold_compare(&x->touch, &y->touch);
	}
	if (x->multiplier != y->multiplier) {
		return x->multiplier > y->multiplier ? -1 : 1;
	}
	return uuid_compare(&x->contact_id, &y->contact_id);
}

size_t account_touches_sort(struct account_touch *touches, size_t count)
{
	size_t used = 0;
	if (count > 0) {
		qsort(touches, count, sizeof(*touches), compare_touches);
	}
	for (size_t i = 0; i < count; i++) {
		if (used == 0 || !same_event(&touches[used - 1].touch, &touches[i].touch) ||
		    uuid_equal(&touches[used - 1].contact_id, &touches[i].contact_id)) {
			touches[used++] = touches[i];
		}
	}
	return used;
}

/* ---- The fold ---- */

struct folding {
	const struct fold_process *process;
	struct account_fold *fold;
	struct arena *arena;
	size_t room;
	bool full;
};

/* From `at_ms` on this is shown: is it something else? */
static void show(struct folding *folding, enum shown shown, int64_t at_ms, bool by_time)
{
	struct account_fold *fold = folding->fold;
	if (shown == fold->shown) {
		return;
	}
	if (fold->change_count == folding->room) {
		size_t room = 2 * folding->room + 16;
		struct account_change *changes = arena_array(folding->arena, room, sizeof(*changes));
		if (changes == NULL) {
			folding->full = true;
			return;
		}
		if (fold->change_count > 0) {
			memcpy(changes, fold->changes, fold->change_count * sizeof(*changes));
		}
		fold->changes = changes;
		folding->room = room;
	}
	fold->changes[fold->change_count++] =
		(struct account_change){.at_ms = at_ms, .from = fold->shown, .to = shown, .by_time = by_time};
	fold->shown = shown;
	fold->since_ms = at_ms;
}

/* Nothing comes up to then, the moment included. */
static void pass(struct folding *folding, int64_t until_ms)
{
	struct account_fold *fold = folding->fold;
	struct phase_view view;
	while (fold->state.moved) {
		int64_t at_ms = review_next(folding->process, &fold->state, fold->seen_ms, until_ms, &view);
		if (at_ms == REVIEW_NEVER) {
			return;
		}
		fold->seen_ms = at_ms;
		show(folding, view.shown, at_ms, true);
	}
}

bool account_fold(const struct fold_process *process, const struct account_touch *touches, size_t count,
		  int64_t until_ms, struct arena *arena, struct account_fold *ret_fold)
{
	struct folding folding = {.process = process, .fold = ret_fold, .arena = arena};
	struct account_fold *fold = ret_fold;
	fold_start(process, &fold->state);
	fold->shown = SHOWN_UNKNOWN;
	fold->since_ms = fold->seen_ms = INT64_MIN;
	fold->changes = NULL;
	fold->change_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct fold_touch *touch = &touches[i].touch;
		if (i == 0 || touches[i - 1].touch.ms != touch->ms) {
			pass(&folding, touch->ms - 1);
		}
		fold_counted(process, &fold->state, touch, touches[i].factor);
		if (i + 1 == count || touches[i + 1].touch.ms != touch->ms) {
			fold->seen_ms = touch->ms;
			fold->since_ms = fold->since_ms == INT64_MIN ? touch->ms : fold->since_ms;
			show(&folding, fold_shown(&fold->state), touch->ms, false);
		}
	}
	pass(&folding, until_ms);
	return !folding.full;
}

/* ---- What time does ---- */

int64_t account_seen(const struct fold_process *process, const struct phase_state *state, int64_t until_ms)
{
	int64_t seen_ms = state->counted_ms, at_ms = seen_ms;
	struct phase_view view;
	while (at_ms != REVIEW_NEVER) {
		seen_ms = at_ms;
		at_ms = review_next(process, state, seen_ms, until_ms, &view);
	}
	return seen_ms;
}

int64_t account_review(const struct fold_process *process, const struct phase_state *state, int64_t seen_ms,
		       int64_t until_ms)
{
	int64_t when_ms = review_when(process, state, seen_ms);
	while (when_ms <= until_ms) { /* 180 days at a time */
		when_ms = review_when(process, state, when_ms);
	}
	return when_ms;
}

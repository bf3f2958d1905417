/*
 * Ends of days are looked at only where something can come of it: from where a contact is, time alone leads to no more than so much of
 * late, and in a day to no more than so much more or less of it. Both are tabled.
 */
#include "core/flow/alerts.h"

#include <stddef.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/chain.h"

#define DAY_MS INT64_C(86400000)
#define DAY_MINUTES 1440
#define DAYS_MAX (FOLD_GAP_MAX / DAY_MINUTES)
#define CLOSE 1e-9 /* more than all rounding */

static bool is_late(const struct fold_process *process, unsigned state)
{
	return state > 0 && state < process->states && process->state_main[state] == MAIN_LATE;
}

/* The largest at the ends of all days that a gap can have. Between two of them the curve rises over both by no more than an eighth of its
 * bend, which is at most (2 q)² with q the largest share that leaves a state in a day. */
void alerts_process_init(struct alerts_process *ret_process, const struct fold_process *fold)
{
	chain_vector chance;
	double leaves = 0;
	*ret_process = (struct alerts_process){.fold = fold};
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		chance[k] = ret_process->most[k] = is_late(fold, k) ? 1 : 0;
		leaves = fold->leaves[k] * DAY_MINUTES > leaves ? fold->leaves[k] * DAY_MINUTES : leaves;
	}
	chain_back(fold, DAY_MINUTES, chance);
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		double *most = is_late(fold, k) ? &ret_process->falls : &ret_process->rises;
		double moves = is_late(fold, k) ? 1 - chance[k] : chance[k];
		*most = moves > *most ? moves : *most;
	}
	for (int64_t days = 0; days <= DAYS_MAX; days++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			ret_process->most[k] = chance[k] > ret_process->most[k] ? chance[k] : ret_process->most[k];
		}
		chain_back(fold, DAY_MINUTES, chance);
	}
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		ret_process->most[k] += leaves * leaves / 2 + CLOSE;
	}
}

/* May P(late) come to be enough by time alone? */
static bool can_enter(const struct alerts_process *process, const double pi[PHASE_STATES])
{
	double most = 0;
	for (unsigned k = 0; k < process->fold->states; k++) {
		most += pi[k] * process->most[k];
	}
	return most >= ALERTS_LATE_FROM;
}

/* For so many ends of days from where late is as much as this nothing can come of it. */
static int64_t uneventful(const struct alerts *alerts, double late)
{
	const struct alerts_process *process = alerts->process;
	double days = alerts->entered ? (late - ALERTS_LATE_AGAIN_BELOW - CLOSE) / (process->falls * late)
				      : (ALERTS_LATE_FROM - CLOSE - late) / process->rises;
	int64_t most = DAYS_MAX;
	return !(days >= 1) ? 0 : days > (double)most ? most : (int64_t)days;
}

/* Nobody of whom nothing is known, or whose process is closed, is in late. */
static double late_of(const struct alerts *alerts, const double pi[PHASE_STATES])
{
	double late = 0;
	for (unsigned k = 1; alerts->last.moved && k < alerts->process->fold->states; k++) {
		late += is_late(alerts->process->fold, k) ? pi[k] : 0;
	}
	return late;
}

static void look(struct alerts *alerts, double late)
{
	bool high = late >= ALERTS_LATE_FROM;
	if (alerts->entered && late < ALERTS_LATE_AGAIN_BELOW) {
		alerts->entered = false;
		alerts->on_late(alerts->context, alerts->next_ms, false);
	} else if (!alerts->entered && high && alerts->high) {
		alerts->entered = true;
		alerts->on_late(alerts->context, alerts->next_ms, true);
	}
	alerts->high = high;
}

/* The end of the first day at or after a moment. */
static int64_t day_end(int64_t ms)
{
	return -moment_floor(-ms, DAY_MS) * DAY_MS;
}

void alerts_pass(struct alerts *alerts, int64_t until_ms)
{
	const double *pi = alerts->last.pi;
	struct phase_view view;
	while (alerts->begun && alerts->next_ms <= until_ms) {
		int64_t days = uneventful(alerts, late_of(alerts, pi));
		if (!alerts->entered && (!alerts->last.moved || !can_enter(alerts->process, pi))) {
			days = DAYS_MAX;
		}
		alerts->high = alerts->high && days == 0;
		if (days > (until_ms - alerts->next_ms) / DAY_MS) {
			alerts->next_ms = day_end(until_ms + 1);
			return;
		}
		alerts->next_ms += days * DAY_MS;
		fold_view(alerts->process->fold, &alerts->last, alerts->next_ms, &view);
		look(alerts, late_of(alerts, view.posterior));
		alerts->next_ms += DAY_MS;
		pi = view.posterior;
	}
}

void alerts_step(void *context, const struct phase_state *state, const struct fold_touch *touch)
{
	struct alerts *alerts = context;
	if (!alerts->begun) {
		alerts->begun = true;
		alerts->next_ms = day_end(touch->ms);
	}
	alerts_pass(alerts, touch->ms - 1);
	memcpy(&alerts->last, state, offsetof(struct phase_state, started));
}

/*
 * How long nothing can change.
 *
 * Whether a phase is shown, in which band, are signs of sums φ = pi · v of probabilities, with weights v that differ by at most `range`: "early
 * is still less than .1 above late" is .1 (early + mid + late) − early + late ≥ 0. In a minute pi becomes pi · P₀; let y = pi · P₀ − pi and q the
 * largest probability of leaving a state in a minute. P₀ only mixes, so |y|₁ never grows, and after g minutes
 *
 *	φ(g) ≥ φ + g (y · v) − ½ g² |y|₁ q range	since (P₀ − I) v has differences of at most 2 q range
 *
 * φ keeps its sign as long as this is positive. What fold_view() adds by rounding is far below CLOSE, and where φ is closer than that to 0
 * each hour is looked at.
 */
#include "core/flow/review.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"

#define HOUR_MINUTES 60
#define FOR_EVER ((double)(2 * FOLD_GAP_MAX))
#define CLOSE 1e-9
#define HALVING_A_MINUTE 2.41e-5 /* activity loses no larger part of itself: a little over ln 2 / 28800 */

/* Sums that must keep their sign, made positive. */
#define SUMS_MAX 5
struct sums {
	unsigned count;
	double level[SUMS_MAX];
	double slope[SUMS_MAX]; /* a minute, now */
	double range[SUMS_MAX]; /* of the weights */
};

/* What the sums are made of: the probability of each main phase and of none, or what a minute adds to it. */
struct parts {
	double main[MAIN_COUNT];
	double none;
};

static struct parts parts_of(const struct fold_process *process, const double pi[PHASE_STATES])
{
	struct parts parts = {.none = pi[0]};
	for (unsigned k = 1; k < process->states; k++) {
		parts.main[process->state_main[k]] += pi[k];
	}
	return parts;
}

/* Weights of the main phases, of none, and what is added. */
struct weights {
	double main[MAIN_COUNT];
	double none, constant;
};

static double sum_of(const struct parts *parts, const struct weights *weights)
{
	double sum = weights->none * parts->none;
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		sum += weights->main[m] * parts->main[m];
	}
	return sum;
}

static void add_sum(struct sums *sums, const struct parts *now, const struct parts *minute,
		    const struct weights *weights, double range)
{
	double level = weights->constant + sum_of(now, weights);
	double slope = minute != NULL ? sum_of(minute, weights) : 0;
	unsigned at = sums->count++;
	sums->level[at] = level < 0 ? -level : level;
	sums->slope[at] = level < 0 ? -slope : slope;
	sums->range[at] = range;
}

/* h(rep, P) stays rep while no other is ahead of it by over .1, and another one while it is, and is ahead of the third, too. */
static void add_reported(struct sums *sums, const struct parts *now, const struct parts *minute,
			 enum main_phase rep, enum main_phase reported)
{
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		if (m == (unsigned)reported) {
			continue;
		}
		double ahead = reported == rep ? -FOLD_HYSTERESIS : m == (unsigned)rep ? FOLD_HYSTERESIS : 0;
		struct weights weights = {.main = {-ahead, -ahead, -ahead}};
		weights.main[reported] += 1;
		weights.main[m] -= 1;
		add_sum(sums, now, minute, &weights, 2);
	}
}

static void add_band(struct sums *sums, const struct parts *now, const struct parts *minute,
		     enum main_phase reported, double from)
{
	struct weights weights = {.main = {-from, -from, -from}};
	weights.main[reported] += 1;
	add_sum(sums, now, minute, &weights, 1);
}

/* All that what is shown in `view` rests on but the activity. `minute` NULL: without slopes. */
static void list_sums(const struct phase_state *state, const struct phase_view *view, const struct parts *now,
		      const struct parts *minute, struct sums *ret_sums)
{
	ret_sums->count = 0;
	add_reported(ret_sums, now, minute, state->rep, view->reported);
	if (view->band != BAND_HIGH) {
		add_band(ret_sums, now, minute, view->reported, FOLD_BAND_MEDIUM_FROM);
	}
	if (view->band != BAND_LOW) {
		add_band(ret_sums, now, minute, view->reported, FOLD_BAND_HIGH_FROM);
	}
	if (view->quiet) { /* else it is of no consequence */
		static const struct weights none = {.none = 1, .constant = -FOLD_NONE_ABOVE};
		add_sum(ret_sums, now, minute, &none, 1);
	}
}

/* The largest probability of leaving a state in a minute. */
static double leaving(const struct fold_process *process)
{
	double most = process->leaves[0];
	for (unsigned k = 1; k < PHASE_STATES; k++) {
		most = process->leaves[k] > most ? process->leaves[k] : most;
	}
	return most;
}

/* pi · P₀ − pi, by parts. Returns no less than |pi · P₀ − pi|₁: what all who leave take from one state and bring to another. */
static double a_minute(const struct fold_process *process, const double pi[PHASE_STATES], struct parts *ret_parts)
{
	double parts[MAIN_COUNT + 1] = {0}, leave = 0;
	for (unsigned i = 0; i < PHASE_STATES; i++) {
		leave += pi[i] * process->leaves[i];
		for (unsigned part = 0; part < COUNT_OF(parts); part++) {
			parts[part] += pi[i] * process->drift[i][part];
		}
	}
	memcpy(ret_parts->main, parts, sizeof(ret_parts->main));
	ret_parts->none = parts[MAIN_COUNT];
	return 2 * leave;
}

/* Not less than the square root, and hardly more: half the exponent, then what Newton makes of it, twice. */
static double root_above(double square)
{
	uint64_t bits;
	double root;
	memcpy(&bits, &square, sizeof(bits));
	bits = (bits >> 1) + (UINT64_C(1023) << 51);
	memcpy(&root, &bits, sizeof(root));
	root = (root + square / root) / 2;
	return (root + square / root) / 2;
}

/*
 * Minutes for which level − fall · g − curve · g² > 0: less than level / fall, than √(level / curve). The root is where
 * g = level / (fall + curve · g): put in what is too large and a number that is too small comes out, and the other way round.
 */
static double until_zero(double level, double fall, double curve)
{
	level -= CLOSE;
	if (level <= 0) {
		return 0;
	}
	double most = level < fall * FOR_EVER ? level / fall : FOR_EVER;
	if (level < curve * most * most) {
		most = root_above(level / curve);
	}
	double minutes = most;
	for (unsigned i = 0; i < 3; i++) {
		minutes = level / (fall + curve * minutes);
	}
	return minutes < most ? minutes : most;
}

/* Minutes for which it is not quiet yet. */
static double until_quiet(const struct fold_process *process, double activity)
{
	int64_t minutes = 0;
	for (unsigned b = FOLD_GAP_BITS; b-- > 0;) {
		double left = activity * process->decay[b];
		if (left > FOLD_QUIET_BELOW + CLOSE) {
			activity = left;
			minutes += INT64_C(1) << b;
		}
	}
	return (double)minutes;
}

/* Minutes from the moment of `view` on for which all that it shows stays as it is. */
static double stays(const struct fold_process *process, const struct phase_state *state,
		    const struct phase_view *view)
{
	double least = FOR_EVER;
	if (view->band != BAND_NULL) { /* else unknown, whatever is likely */
		struct parts now = parts_of(process, view->posterior), minute;
		double gain = a_minute(process, view->posterior, &minute), leaves = leaving(process);
		struct sums sums;
		list_sums(state, view, &now, &minute, &sums);
		for (unsigned i = 0; i < sums.count; i++) {
			double curve = gain * leaves * sums.range[i] / 2;
			double fall = sums.slope[i] < 0 ? -sums.slope[i] : 0;
			if (sums.level[i] - CLOSE <= least * (fall + curve * least)) { /* else it ends later */
				least = until_zero(sums.level[i], fall, curve);
			}
		}
	}
	if (!view->quiet && view->activity * (1 - least * HALVING_A_MINUTE) < FOLD_QUIET_BELOW + CLOSE) {
		double quiet = until_quiet(process, view->activity);
		least = quiet < least ? quiet : least;
	}
	return least;
}

/* The same for a short while: nobody moves further than all who can leave would. Mostly true and told for a few ns. */
static bool stays_for(const struct fold_process *process, const struct phase_state *state, double minutes)
{
	double activity = state->activity;
	if (activity >= FOLD_QUIET_BELOW &&
	    activity * (1 - minutes * HALVING_A_MINUTE) < FOLD_QUIET_BELOW + CLOSE) {
		return false;
	}
	if (state->counted < FOLD_COUNTED_MIN) {
		return true;
	}
	struct parts now = parts_of(process, state->pi);
	double buying = now.main[MAIN_EARLY] + now.main[MAIN_MID] + now.main[MAIN_LATE];
	double p = now.main[state->rep];
	struct phase_view view = {
		.reported = state->rep,
		.band = p < FOLD_BAND_MEDIUM_FROM * buying ? BAND_LOW
			: p < FOLD_BAND_HIGH_FROM * buying ? BAND_MEDIUM
							   : BAND_HIGH,
		.quiet = activity < FOLD_QUIET_BELOW,
	};
	struct sums sums;
	list_sums(state, &view, &now, NULL, &sums);
	double far = minutes * leaving(process);
	for (unsigned i = 0; i < sums.count; i++) {
		if (sums.level[i] <= far * sums.range[i] + CLOSE) {
			return false;
		}
	}
	return true;
}

/* ---- the grid ---- */

/* The first full hour after so many minutes from `from_ms`. */
static int64_t hour_after(int64_t from_ms, double minutes)
{
	return (moment_floor(fold_minute(from_ms) + (int64_t)minutes, HOUR_MINUTES) + 1) * REVIEW_HOUR_MS;
}

/* From this hour on the fold counts no minute more. */
static int64_t last_hour(const struct phase_state *state)
{
	return (moment_floor(state->minute + FOLD_GAP_MAX, HOUR_MINUTES) + 1) * REVIEW_HOUR_MS;
}

static bool shows_the_same(const struct phase_view *a, const struct phase_view *b)
{
	return a->shown == b->shown && a->band == b->band && a->quiet == b->quiet;
}

int64_t review_next(const struct fold_process *process, const struct phase_state *state, int64_t from_ms,
		    int64_t until_ms, struct phase_view *ret_view)
{
	CHECK(!state->moved || from_ms >= state->counted_ms);
	int64_t at_ms = hour_after(from_ms, 0);
	if (!state->moved || at_ms > until_ms ||
	    (from_ms == state->counted_ms &&
	     stays_for(process, state, (double)(fold_minute(until_ms) - state->minute)))) {
		return REVIEW_NEVER;
	}
	int64_t last_ms = last_hour(state);
	struct phase_view first, view;
	fold_view(process, state, from_ms, &first);
	view = first;
	for (at_ms = from_ms;;) {
		at_ms = hour_after(at_ms, stays(process, state, &view));
		if (at_ms > until_ms || at_ms > last_ms) {
			return REVIEW_NEVER;
		}
		fold_view(process, state, at_ms, &view);
		if (!shows_the_same(&view, &first)) {
			*ret_view = view;
			return at_ms;
		}
	}
}

/* What is due is no later than in 180 days, and never once nothing moves any more. */
static int64_t look_again(const struct phase_state *state, int64_t from_ms, int64_t at_ms)
{
	int64_t ahead_ms = hour_after(from_ms, 0) - REVIEW_HOUR_MS + REVIEW_AHEAD_MS;
	if (hour_after(from_ms, 0) > last_hour(state)) {
		return REVIEW_NEVER;
	}
	return at_ms < ahead_ms ? at_ms : ahead_ms;
}

int64_t review_not_before(const struct fold_process *process, const struct phase_state *state, int64_t from_ms,
			  const struct phase_view *view)
{
	double minutes = state->moved ? stays(process, state, view) : FOR_EVER;
	return minutes >= FOR_EVER ? REVIEW_NEVER : look_again(state, from_ms, hour_after(from_ms, minutes));
}

int64_t review_when(const struct fold_process *process, const struct phase_state *state, int64_t from_ms)
{
	struct phase_view view;
	fold_view(process, state, from_ms, &view);
	if (review_not_before(process, state, from_ms, &view) == REVIEW_NEVER) {
		return REVIEW_NEVER;
	}
	return look_again(state, from_ms, review_next(process, state, from_ms, from_ms + REVIEW_AHEAD_MS, &view));
}

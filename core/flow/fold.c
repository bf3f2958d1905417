/*
 * One touch after another, the probability of each phase. + − × ÷ on doubles only, in the order written here, compiled
 * with -ffp-contract=off: every compiler at every level gives the same bits, and rows folded on one machine equal rows
 * folded on another. So: no libm, no malloc, no clock, and nothing that depends on anything but the touches.
 *
 * A touch that counts:   pi, E ── minutes between ──▶ moved ── h ──▶ rep ── × factor, ÷ sum ──▶ pi ── h ──▶ rep
 */
#include "core/flow/fold.h"

#include <assert.h>
#include <string.h>

#include "core/base/check.h"
#include "core/flow/fold_trace.h"

static_assert(PHASE_STATES == 8, "step() is written for eight states");

/* ---- Time and evidence ---- */

static void normalise(double pi[PHASE_STATES])
{
	double sum = pi[0];
	for (unsigned k = 1; k < PHASE_STATES; k++) {
		sum += pi[k];
	}
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		pi[k] = pi[k] / sum;
	}
}

/* Two doubles at once: the compiler's own vectors, so that the four sums below stay in registers. Each lane is plain
 * IEEE arithmetic, in the same order on every machine. */
typedef double pair __attribute__((vector_size(16)));

static pair two_of(const double *numbers)
{
	pair two;
	memcpy(&two, numbers, sizeof(two));
	return two;
}

/* pi ← pi · P: for each state the sum over i = 0 … 7, in this order, of pi[i] · P[i][k]. */
static void step(double pi[PHASE_STATES], const double (*move)[PHASE_STATES])
{
	pair from = {pi[0], pi[0]};
	pair a = from * two_of(&move[0][0]), b = from * two_of(&move[0][2]);
	pair c = from * two_of(&move[0][4]), d = from * two_of(&move[0][6]);
	for (unsigned i = 1; i < PHASE_STATES; i++) {
		from = (pair){pi[i], pi[i]};
		a += from * two_of(&move[i][0]);
		b += from * two_of(&move[i][2]);
		c += from * two_of(&move[i][4]);
		d += from * two_of(&move[i][6]);
	}
	const pair next[PHASE_STATES / 2] = {a, b, c, d};
	memcpy(pi, next, sizeof(next));
}

/* pi · ∏ P_b and E · ∏ d_b over the set bits of the gap, low bit first; then pi is divided by its sum. */
static void pass_time(const struct fold_process *process, double pi[PHASE_STATES], double *activity,
		      int64_t from_minute, int64_t to_minute)
{
	if (to_minute <= from_minute) {
		return;
	}
	int64_t gap = to_minute - from_minute;
	for (uint32_t bits = (uint32_t)(gap > FOLD_GAP_MAX ? FOLD_GAP_MAX : gap); bits != 0; bits &= bits - 1) {
		unsigned b = (unsigned)__builtin_ctz(bits);
		step(pi, process->moves[b]);
		*activity *= process->decay[b];
	}
	normalise(pi);
}

/* P of the main phases, conditional on being in one. The sum of states 1 … is used for 1 − pi[0]: it is never 0. */
static void main_phases(const struct fold_process *process, const double pi[PHASE_STATES],
			double ret_main[MAIN_COUNT])
{
	double parts[MAIN_COUNT] = {0};
	double buying = 0;
	for (unsigned k = 1; k < process->states; k++) {
		parts[process->state_main[k]] += pi[k];
		buying += pi[k];
	}
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		ret_main[m] = parts[m] / buying;
	}
}

/* The most probable; of equal ones the earlier. */
static enum main_phase most_probable(const double main[MAIN_COUNT])
{
	enum main_phase best = MAIN_EARLY;
	for (unsigned m = MAIN_MID; m < MAIN_COUNT; m++) {
		if (main[m] > main[best]) {
			best = (enum main_phase)m;
		}
	}
	return best;
}

/* h: stay, unless another phase is more probable by over .1. */
static enum main_phase hysteresis(enum main_phase current, const double main[MAIN_COUNT])
{
	enum main_phase best = most_probable(main);
	return current == MAIN_NONE || main[best] - main[current] > FOLD_HYSTERESIS ? best : current;
}

static void settle(const struct fold_process *process, struct phase_state *state)
{
	double main[MAIN_COUNT];
	main_phases(process, state->pi, main);
	state->rep = hysteresis(state->rep, main);
}

/* To the minute of what is about to count; the very first starts from the prior, at its own minute. */
static void move_to(const struct fold_process *process, struct phase_state *state, int64_t ms)
{
	int64_t minute = fold_minute(ms);
	if (!state->moved) {
		state->moved = true;
		state->closed = false;
		state->minute = minute;
		state->first_ms = ms;
	} else if (minute > state->minute) { /* else pi stays, and rep with it: h of h is h */
		pass_time(process, state->pi, &state->activity, state->minute, minute);
		state->minute = minute;
		settle(process, state);
	}
	state->counted_ms = ms;
}

static void count_touch(const struct fold_process *process, struct phase_state *state,
			const struct fold_touch *touch, const double *factor)
{
	move_to(process, state, touch->ms);
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		state->pi[k] = state->pi[k] * factor[k];
	}
	normalise(state->pi);
	state->activity += process->has_points[touch->rule] ? 1.0 : 0.0;
	state->counted++;
	state->channels |= process->channel[touch->rule];
	settle(process, state);
}

/* A person said which phase it is: a hard fact, not a counted touch. */
static void count_confirm(const struct fold_process *process, struct phase_state *state,
			  const struct fold_touch *touch)
{
	move_to(process, state, touch->ms);
	for (unsigned k = 0; k < process->states; k++) {
		state->pi[k] = (touch->rule & 1u << k) != 0 ? state->pi[k] * FOLD_CONFIRM_FACTOR : state->pi[k];
	}
	normalise(state->pi);
	state->confirmed++;
	settle(process, state);
}

/*
 * Won or lost: whatever was known of this purchase is over, and the next touch begins another one from the prior. The open
 * clicks stay, since they decide what counts as a person's touch at all, which no sale changes.
 */
static void close_process(const struct fold_process *process, struct phase_state *state,
			  const struct fold_touch *touch)
{
	memcpy(state->pi, process->prior, sizeof(state->pi));
	state->activity = 0;
	state->minute = state->first_ms = 0;
	state->moved = false;
	state->closed = true;
	state->rep = MAIN_NONE;
	state->counted = state->confirmed = state->channels = 0;
	state->counted_ms = touch->ms;
	state->recent_count = 0;
}

/* ---- One touch ---- */

/* A touch in order. `burst`: a mail click that belongs to one. Returns whether it moved the state. */
static bool take_touch(const struct fold_process *process, struct phase_state *state,
		       const struct fold_touch *touch, bool burst)
{
	if (touch->kind != FOLD_TOUCH) {
		fold_trace_leave(state, touch->ms, FOLD_TRACE_NO_RULE);
		(touch->kind == FOLD_CLOSE ? close_process : count_confirm)(process, state, touch);
		return true;
	}
	bool repeat = !burst && fold_trace_leave(state, touch->ms, touch->rule);
	if (touch->mail_click) {
		struct phase_click click = {
			.link = fold_trace_link(touch), .last_ms = touch->ms, .left_out = burst};
		fold_trace_click(state, &click);
	}
	if (burst || repeat) {
		return false;
	}
	count_touch(process, state, touch, process->factor[touch->rule]);
	return true;
}

/* Ignored rules and CONFIRMs of nothing leave no trace at all. */
static bool is_nothing(const struct fold_process *process, const struct fold_touch *touch)
{
	if (touch->kind != FOLD_TOUCH) {
		return touch->kind == FOLD_CONFIRM && (touch->rule & ((1u << process->states) - 1)) == 0;
	}
	CHECK(touch->rule < process->rule_count);
	return process->ignored[touch->rule];
}

void fold_start(const struct fold_process *process, struct phase_state *ret_state)
{
	memset(ret_state, 0, offsetof(struct phase_state, recent));
	memcpy(ret_state->pi, process->prior, sizeof(ret_state->pi));
	ret_state->rep = MAIN_NONE;
}

int fold_compare(const void *a, const void *b)
{
	const struct fold_touch *one = a, *other = b;
	if (one->ms != other->ms) {
		return one->ms < other->ms ? -1 : 1;
	}
	if (one->kind != other->kind) {
		return one->kind < other->kind ? -1 : 1;
	}
	if (one->id != other->id) {
		return one->id < other->id ? -1 : 1;
	}
	if (one->rule != other->rule) {
		return one->rule < other->rule ? -1 : 1;
	}
	if (one->link != other->link) {
		return one->link < other->link ? -1 : 1;
	}
	return one->mail_click - other->mail_click;
}

enum fold_result fold_touch(const struct fold_process *process, struct phase_state *state,
			    const struct fold_touch *touch)
{
	if (is_nothing(process, touch)) {
		return FOLD_LEFT_OUT;
	}
	bool click = touch->kind == FOLD_TOUCH && touch->mail_click;
	if (state->started && touch->ms <= state->last_ms) {
		return FOLD_LATE;
	}
	/* Clicks of a burst may be later than the last touch that left a trace; a checkpoint must not know of them yet. */
	if (state->click_count > 0 && touch->ms < state->clicks[0].last_ms &&
	    (click || (state->taken + 1) % process->checkpoint == 0)) {
		return FOLD_LATE;
	}
	bool traces = false;
	bool burst = click && fold_trace_is_burst(state, touch, &traces);
	if (burst && traces) {
		return FOLD_BURST;
	}
	return take_touch(process, state, touch, burst) ? FOLD_MOVED : FOLD_LEFT_OUT;
}

void fold_counted(const struct fold_process *process, struct phase_state *state, const struct fold_touch *touch,
		  const double factor[PHASE_STATES])
{
	switch (touch->kind) {
	case FOLD_TOUCH:
		count_touch(process, state, touch, factor);
		break;
	case FOLD_CONFIRM:
		count_confirm(process, state, touch);
		break;
	case FOLD_CLOSE:
		close_process(process, state, touch);
		break;
	}
}

/* ---- All touches ---- */

static bool is_click(const struct fold_process *process, const struct fold_touch *touch)
{
	return touch->kind == FOLD_TOUCH && touch->mail_click && !is_nothing(process, touch);
}

/* Marks every mail click that lies in some span of at most 60 s with clicks on four distinct links. Of clicks before these
 * touches, what the state remembers is enough: nothing that comes after it has a say in them. */
static void mark_bursts(const struct fold_process *process, const struct phase_state *state,
			const struct fold_touch *touches, size_t count, bool *marks)
{
	struct phase_state links;    /* only its clicks are used, and its clock */
	size_t from = 0, marked = 0; /* first touch of the span that ends here; all before `marked` are decided */
	memset(marks, 0, count * sizeof(*marks));
	memset(&links, 0, offsetof(struct phase_state, recent));
	links.click_count = state->click_count;
	memcpy(links.clicks, state->clicks, sizeof(links.clicks));
	for (size_t i = 0; i < count; i++) {
		if (!is_click(process, &touches[i])) {
			continue;
		}
		bool traces;
		while (touches[from].ms < touches[i].ms - PHASE_BURST_MS) {
			from++;
		}
		if (fold_trace_is_burst(&links, &touches[i], &traces)) {
			for (size_t j = from > marked ? from : marked; j <= i; j++) {
				marks[j] = is_click(process, &touches[j]);
			}
			marked = i + 1;
		}
		struct phase_click click = {.link = fold_trace_link(&touches[i]), .last_ms = touches[i].ms};
		fold_trace_click(&links, &click);
	}
}

/* The last touch of a millisecond was taken; `moved`: the last one of them that moved the state, NULL: none. */
static void end_millisecond(const struct fold_process *process, const struct phase_state *state,
			    const struct fold_touch *moved, uint32_t *next, const struct fold_hooks *hooks)
{
	if (moved != NULL && hooks->on_step != NULL) {
		hooks->on_step(hooks->context, state, moved);
	}
	if (state->taken >= *next) {
		*next = (fold_checkpoint(process, state) + 1) * process->checkpoint;
		if (hooks->on_checkpoint != NULL) {
			hooks->on_checkpoint(hooks->context, state);
		}
	}
}

void fold_on(const struct fold_process *process, const struct fold_touch *touches, size_t count, bool *scratch,
	     struct phase_state *state, bool *ret_counted, const struct fold_hooks *hooks)
{
	const struct fold_touch *moved = NULL; /* last one of this millisecond that moved the state */
	uint32_t next = (fold_checkpoint(process, state) + 1) * process->checkpoint;
	CHECK(count == 0 || !state->started || touches[0].ms > state->last_ms);
	mark_bursts(process, state, touches, count, scratch);
	for (size_t i = 0; i < count; i++) {
		CHECK(i == 0 || fold_compare(&touches[i - 1], &touches[i]) <= 0);
		if (i > 0 && touches[i - 1].ms != touches[i].ms) {
			end_millisecond(process, state, moved, &next, hooks);
			moved = NULL;
		}
		bool counts =
			!is_nothing(process, &touches[i]) && take_touch(process, state, &touches[i], scratch[i]);
		if (counts) {
			moved = &touches[i];
		}
		if (ret_counted != NULL) {
			ret_counted[i] = counts;
		}
	}
	end_millisecond(process, state, moved, &next, hooks);
}

void fold_all(const struct fold_process *process, const struct fold_touch *touches, size_t count, bool *scratch,
	      struct phase_state *ret_state, bool *ret_counted, fold_step *on_step, void *context)
{
	const struct fold_hooks hooks = {.on_step = on_step, .context = context};
	fold_start(process, ret_state);
	fold_on(process, touches, count, scratch, ret_state, ret_counted, &hooks);
}

/* ---- What is shown ---- */

#define FINE_FROM 0.5

static enum shown shown_of(bool closed, uint32_t counted, double activity, double none, enum main_phase reported)
{
	if (closed) {
		return SHOWN_NONE;
	}
	if (counted < FOLD_COUNTED_MIN) {
		return SHOWN_UNKNOWN;
	}
	if (activity < FOLD_QUIET_BELOW && none > FOLD_NONE_ABOVE) {
		return SHOWN_NONE;
	}
	return shown_of_main(reported);
}

/* No time passes, so what is reported is h of rep, which h gave of the same pi: rep. */
enum shown fold_shown(const struct phase_state *state)
{
	return shown_of(state->closed, state->counted, state->activity, state->pi[0], state->rep);
}

static enum band band_of(const struct phase_view *view)
{
	if (view->counted < FOLD_COUNTED_MIN) {
		return BAND_NULL;
	}
	double p = view->main[view->reported];
	return p < FOLD_BAND_MEDIUM_FROM ? BAND_LOW : p < FOLD_BAND_HIGH_FROM ? BAND_MEDIUM : BAND_HIGH;
}

/* The fine phase, where it is at least as probable as all others together and lies inside what is reported. */
static int fine_of(const struct fold_process *process, const struct phase_view *view)
{
	double buying = 0;
	for (unsigned k = 1; k < process->states; k++) {
		buying += view->posterior[k];
	}
	for (unsigned k = 1; k < process->states; k++) {
		if (view->posterior[k] / buying >= FINE_FROM && process->state_main[k] == view->reported) {
			return (int)k;
		}
	}
	return 0;
}

void fold_view(const struct fold_process *process, const struct phase_state *state, int64_t at_ms,
	       struct phase_view *ret_view)
{
	CHECK(state->moved == (state->rep != MAIN_NONE) && (state->moved || state->counted == 0));
	CHECK(!state->moved || !state->closed);
	struct phase_view view = {.activity = state->activity, .counted = state->counted, .reported = MAIN_NONE};
	memcpy(view.posterior, state->pi, sizeof(view.posterior));
	if (state->moved) {
		pass_time(process, view.posterior, &view.activity, state->minute, fold_minute(at_ms));
	}
	main_phases(process, view.posterior, view.main);
	if (state->moved) {
		view.reported = hysteresis(state->rep, view.main);
		view.fine = fine_of(process, &view);
	}
	view.shown = shown_of(state->closed, view.counted, view.activity, view.posterior[0], view.reported);
	view.band = band_of(&view);
	view.quiet = view.activity < FOLD_QUIET_BELOW;
	*ret_view = view;
}

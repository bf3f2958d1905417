/*
 * The fold: touches of one contact in one process, in order, → probability of each phase. docs/model.md has the
 * mathematics. Pure; no libm; + − × ÷ on doubles only, so that every compiler gives the same bits.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/moment.h"
#include "core/model/model.h"
#include "core/model/phase.h"
#include "core/model/touch.h"

#define FOLD_GAP_BITS 21
#define FOLD_GAP_MAX ((INT64_C(1) << FOLD_GAP_BITS) - 1) /* minutes: no longer gap is counted */
#define FOLD_MINUTE_MS 60000
#define FOLD_CONFIRM_FACTOR 0x1.b4c902e273a58p+5 /* e^4: what a CONFIRM multiplies its states by */

/* What is shown: another phase once it is ahead by more than this; something at all from so many counted touches on; quiet; none, of who
 * is quiet; bands. */
#define FOLD_HYSTERESIS 0.1
#define FOLD_COUNTED_MIN 2
#define FOLD_QUIET_BELOW 0.25
#define FOLD_NONE_ABOVE 0.4
#define FOLD_BAND_MEDIUM_FROM 0.5
#define FOLD_BAND_HIGH_FROM 0.7

/* What the fold needs of a process, tabled once when a model is loaded. Open so that a caller may hold it. */
struct fold_process {
	unsigned states;
	unsigned rule_count;
	enum main_phase state_main[PHASE_STATES];
	double prior[PHASE_STATES];
	double moves[FOLD_GAP_BITS][PHASE_STATES][PHASE_STATES]; /* P_b */
	double decay[FOLD_GAP_BITS];				 /* d_b */
	/* Of each state, in a minute: its probability of leaving, and what it adds to each main phase and, last, to none. For review.c. */
	double leaves[PHASE_STATES], drift[PHASE_STATES][MAIN_COUNT + 1];
	double factor[PHASE_RULES_MAX][PHASE_STATES];
	bool has_points[PHASE_RULES_MAX];
	bool ignored[PHASE_RULES_MAX];
	uint8_t channel[PHASE_RULES_MAX]; /* 1 << enum channel */
	unsigned
		checkpoint; /* touches that left a trace, from one checkpoint to the next: PHASE_CHECKPOINT, less in tests */
};

/* The minute that a millisecond lies in. */
static inline int64_t fold_minute(int64_t ms)
{
	return moment_floor(ms, FOLD_MINUTE_MS);
}

void fold_process_init(struct fold_process *ret_process, const struct model_process *process);
/* Its moves between states, a minute; rows sum to 0. And what is tabled of such rates. */
void fold_rates(const struct model_process *process, double ret_rates[PHASE_STATES][PHASE_STATES]);
void fold_moves(double rates[PHASE_STATES][PHASE_STATES],
		double ret_moves[FOLD_GAP_BITS][PHASE_STATES][PHASE_STATES]);

/* What a touch of a rule weighs in state k, against those of other rules of its channel, is b · e^(u·points) · what was learned: b, by the
 * rule's class, and the rest. */
double fold_class_weight(enum rule_frequency frequency);
double fold_point_weight(const struct model_process *process, const struct model_rule *rule, unsigned k);

/* The state before any touch. */
void fold_start(const struct fold_process *process, struct phase_state *ret_state);

/* Order of touches: (ms, hard facts after touches, id unsigned), then rule and link, so that two with one id (one event
 * recorded on two actors of a contact) have an order, too. For qsort. */
int fold_compare(const void *a, const void *b);

enum fold_result {
	FOLD_MOVED, /* counted (or a hard fact): the state moved */
	FOLD_LEFT_OUT, /* a repeat, an ignored rule, one more click of a burst that is left out already: pi did not move */
	/* at or before the last touch; or before the newest click, of one that is a click itself or comes to a checkpoint: nothing
	 * done, refold */
	FOLD_LATE,
	FOLD_BURST /* makes a burst with mail clicks that left a trace: nothing done, refold */
};

/* One touch on top of what was folded. On FOLD_LATE and FOLD_BURST the state is untouched. */
enum fold_result fold_touch(const struct fold_process *process, struct phase_state *state,
			    const struct fold_touch *touch);

/* What was found to count already, of whomever: moves the state, and leaves no trace by which later touches are decided. Of a touch, by
 * these factors in place of its rule's. In the fold's order. */
void fold_counted(const struct fold_process *process, struct phase_state *state, const struct fold_touch *touch,
		  const double factor[PHASE_STATES]);

/*
 * All touches of a contact, sorted by fold_compare, from the start. `ret_counted` (or NULL) says per touch whether it
 * moved the state. `on_step` (or NULL) is called after the last touch of each millisecond in which something moved,
 * with the state then. Returns the same bits as fold_touch() one by one gives where no touch is late or makes a burst.
 * `scratch` has room for `count` bytes.
 */
typedef void fold_step(void *context, const struct phase_state *state, const struct fold_touch *touch);
void fold_all(const struct fold_process *process, const struct fold_touch *touches, size_t count, bool *scratch,
	      struct phase_state *ret_state, bool *ret_counted, fold_step *on_step, void *context);

/* Called on the way; each may be NULL. */
struct fold_hooks {
	fold_step *on_step;
	/* After the last touch of a millisecond in which `taken` came to a multiple of process->checkpoint, or past it: a state
	 * from which one can go on. */
	void (*on_checkpoint)(void *context, const struct phase_state *state);
	void *context;
};
/* The same from a checkpoint (or the start) on: the touches are all those after state->last_ms. */
void fold_on(const struct fold_process *process, const struct fold_touch *touches, size_t count, bool *scratch,
	     struct phase_state *state, bool *ret_counted, const struct fold_hooks *hooks);
/* Which checkpoint comes at or before a state: 0 none, 1 the first. */
static inline uint32_t fold_checkpoint(const struct fold_process *process, const struct phase_state *state)
{
	return state->taken / process->checkpoint;
}

/* What is shown at `at_ms` (a copy of the state is moved there; earlier than the state's minute: not moved). */
void fold_view(const struct fold_process *process, const struct phase_state *state, int64_t at_ms,
	       struct phase_view *ret_view);
/* The same as fold_view() shows at the last touch that moved the state, for less. */
enum shown fold_shown(const struct phase_state *state);

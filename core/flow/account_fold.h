/*
 * Where an account is in a process: the filter of a contact (core/flow/fold.h) over what counted of all its members together. Pure; no libm but
 * in the factors, which are tabled before.
 *
 * Which touches count was decided of each member alone: repeats, bursts of clicks. What a role weighs is the exponent of its touches' factors.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/uuid.h"
#include "core/flow/fold.h"
#include "core/model/chore_rows.h"

struct arena;

/* Of each rule, f^multiplier. process->factor itself where that is 1. NULL: arena full. */
typedef const double account_factors[PHASE_STATES];
account_factors *account_factors_make(const struct fold_process *process, double multiplier, struct arena *arena);

/* Something that counted. */
struct account_touch {
	struct fold_touch touch;
	struct uuid contact_id;
	double multiplier;
	const double *factor; /* of its rule; of no consequence for a hard fact */
};

/* Puts them into the fold's order, and takes one of what several members have for the same event: that whose role weighs most. Returns how many
 * are left. */
size_t account_touches_sort(struct account_touch *touches, size_t count);

struct account_fold {
	struct phase_state state; /* what tells which touches count is not in it */
	enum shown shown;
	int64_t since_ms; /* INT64_MIN: nothing is shown yet */
	int64_t seen_ms; /* the last touch, or the last full hour after it at which time alone has changed what is shown, its band or quiet */
	struct account_change *changes;
	size_t change_count;
};

/* All of them, sorted, and time alone up to `until_ms`. False: arena full. */
bool account_fold(const struct fold_process *process, const struct account_touch *touches, size_t count,
		  int64_t until_ms, struct arena *arena, struct account_fold *ret_fold);

/* The last full hour after a state's last touch, and up to `until_ms`, at which time alone has changed what is shown, its band or quiet; else that
 * touch. Of a state that something has moved or closed. */
int64_t account_seen(const struct fold_process *process, const struct phase_state *state, int64_t until_ms);
/* The first full hour after `until_ms` at which it may do so again; REVIEW_NEVER: never. `seen_ms`: what account_seen() says. */
int64_t account_review(const struct fold_process *process, const struct phase_state *state, int64_t seen_ms,
		       int64_t until_ms);

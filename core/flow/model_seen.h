/*
 * A model against what people were seen doing: rules that nobody reached, contents that fell through, frequency classes that are far off.
 *
 * What is said is true of the subjects that were looked at, and says how many they are; of others it says nothing.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/match.h"

struct findings;

/* What touches were about, how many were, and which rule takes it. */
struct seen_subject {
	struct subject subject;
	struct match match; /* as matcher_match() says; rule MATCH_NO_RULE: never evidence */
	uint64_t touches;
	int64_t last_us; /* when the last of them was */
};

struct model_seen {
	const struct matcher *matcher;
	const struct seen_subject *subjects; /* those with most touches first */
	size_t count;
	bool cut; /* there are more subjects than these */
	/* Touches that count, repeats left out, of each rule of each process: at [process * PHASE_RULES_MAX + rule]. */
	const uint64_t *counted;
};

void model_seen_check(const struct model_seen *seen, struct findings *findings);

/* ---- Frequencies ---- */

struct frequency_seen {
	bool off;		    /* by more than a factor of 4, and not by chance */
	enum rule_frequency should; /* what would be near */
	double share;		    /* of the channel's counted touches */
	double expected; /* the share that a rule of its class and points would have beside the others */
};

#define FREQUENCY_TOUCHES_MIN 200 /* of a channel: fewer say nothing */

/* `touches`: of each rule of the process, as above. `ret_seen`: for each rule of the process; only those of the channel are set. False: too few
 * touches, or too few rules that were seen. */
bool frequency_look(const struct model_process *process, enum channel channel, const uint64_t *touches,
		    struct frequency_seen *ret_seen);

/*
 * Which partitions are a lane's, where each stands, and under which epoch: what was claimed in PostgreSQL.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/edge/kafka_source.h"
#include "core/model/message.h"
#include "core/model/rows.h"

struct assigned {
	struct partition partition;
	int64_t next_offset; /* as committed by us or claimed */
	int64_t epoch;
	/* lag.h's: when messages before `marked_offset` were there already; 0: not marked */
	int64_t marked_offset, marked_us;
};

struct assignment {
	struct assigned parts[PARTITIONS_MAX];
	size_t count;
	size_t last; /* found: messages come in runs of a partition */
};

/* NULL: not ours (any more). */
struct assigned *assignment_find(struct assignment *assignment, struct partition partition);
/* What was claimed for this lane, in place of all that was its own; `partitions` and `positions`, of all lanes, go side by
 * side. */
void assignment_set(struct assignment *assignment, const struct partition *partitions,
		    const struct position_row *positions, size_t count, unsigned lane, unsigned lanes);
void assignment_drop(struct assignment *assignment, struct partition partition);
void assignment_clear(struct assignment *assignment);

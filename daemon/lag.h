/*
 * How far behind each partition is, in messages and in seconds.
 *
 * Seconds: the age of the oldest message that is not applied, by the time of its record. Of a message in hand it is known;
 * where none is in hand it is at least as old as our knowledge that the log goes on behind our position. Asks no broker.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "core/model/message.h"

struct batch;

struct lag {
	const char *topic; /* borrowed from the options of the loop */
	int32_t partition;
	int64_t next_offset; /* what is read next, as committed; -2: the beginning */
	int64_t end_offset;  /* of the log, as last heard; -1: not yet */
	int64_t offsets;
	double seconds;
};

/* Of the partitions of the batch's lane; at most PARTITIONS_MAX over all lanes. Returns how many were added. */
size_t lag_measure(struct batch *batch, int64_t now_us, struct lag *ret_lags);

/*
 * What /metrics says. received = Σ outcomes + in flight holds at every scrape: an event is counted in when it is taken,
 * gets its outcome when its transaction is confirmed, and is in flight in between.
 */
#pragma once
#include <stdint.h>

#include "core/base/metrics.h"
#include "core/model/outcome.h"
#include "daemon/lag.h"

/* Of a step: what it computes, and how long it waits for PostgreSQL. */
enum step_part { STEP_COMPUTES, STEP_WAITS, STEP_PARTS };
#define COUNTERS_STEPS_MAX 16 /* those of batch_steps.h and TAKE */

struct counters {
	struct metrics registry;
	struct metric received, in_flight, received_bytes, unknown_fields, blocked_ids, claims_over;
	struct metric outcomes[OUTCOME_COUNT];
	char outcome_labels[OUTCOME_COUNT][48];
	struct metric reloads_taken, reloads_refused;
	struct metric batches_quick, batches_careful, quick_misses, batch_events, batch_seconds, turns, redone,
		refolded, queued, queue_refolded, queue_length, queue_seconds, takeover, deals, deals_waiting,
		deals_written, fenced, gaps;
	struct metric lanes, lanes_up, store_up, store_failures, source_up, assigned, last_commit, rebalances,
		out_of_range;
	struct metric step_seconds[COUNTERS_STEPS_MAX][STEP_PARTS], step_runs[COUNTERS_STEPS_MAX];
	char step_labels[COUNTERS_STEPS_MAX][STEP_PARTS][48], step_run_labels[COUNTERS_STEPS_MAX][32];
	struct metric event_delay;
	struct metric lag_offsets, lag_seconds, part_lag_offsets, part_lag_seconds, part_next, part_end;
	struct metric review_due, reviewed, review_changes, review_passed, review_left, review_age;
	struct metric explained, explain_too_long, explain_seconds;
	struct metric accounts, account_too_long, account_seconds;
	struct metric breaker_rejected, purged, expired_touches, model, schema, build;
	/* what the metrics of partitions list: those that are ours, as last measured */
	struct lag lags[PARTITIONS_MAX];
	size_t lag_count;
	uint64_t model_version; /* in force; 0: none yet */
};

/* Registers everything; the struct must not move afterwards. */
void counters_init(struct counters *counters);
void counters_received(struct counters *counters, uint64_t bytes);
void counters_outcome(struct counters *counters, enum outcome outcome);
/* lags[0 … count - 1] were measured: sums them up. */
void counters_lags(struct counters *counters, size_t count);
/* Transactions confirmed, of both ways. */
double counters_batches(const struct counters *counters);

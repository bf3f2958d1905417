#include "daemon/counters.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/check.h"
#include "core/edge/schema.h"
#include "daemon/batch_steps.h"

static const double event_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};
static const double second_bounds[] = {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
static const double delay_bounds[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600};

static void add(struct counters *counters, struct metric *metric, enum metric_type type, const char *name,
		const char *labels, const char *help)
{
	*metric = (struct metric){.name = name, .help = help, .type = type, .labels = labels};
	metrics_add(&counters->registry, metric);
}

static void add_histogram(struct counters *counters, struct metric *metric, const char *name, const char *help,
			  const double *bounds, unsigned bounds_count)
{
	*metric = (struct metric){.name = name,
				  .help = help,
				  .type = METRIC_HISTOGRAM,
				  .labels = "",
				  .bounds = bounds,
				  .bounds_count = bounds_count};
	metrics_add(&counters->registry, metric);
}

static void add_outcomes(struct counters *counters)
{
	for (int i = OUTCOME_NONE + 1; i < OUTCOME_COUNT; i++) {
		snprintf(counters->outcome_labels[i], sizeof(counters->outcome_labels[i]), "outcome=\"%s\"",
			 outcome_about[i].name);
		add(counters, &counters->outcomes[i], METRIC_COUNTER, "phased_events_total",
		    counters->outcome_labels[i], "Events by what became of them");
	}
}

static void add_steps(struct counters *counters)
{
	static const char *const parts[] = {[STEP_COMPUTES] = "computes", [STEP_WAITS] = "waits"};
	static_assert(STEP_TAKE < COUNTERS_STEPS_MAX, "a place for every step");
	for (unsigned step = 0; step <= STEP_TAKE; step++) {
		const char *name = step == STEP_TAKE ? "TAKE" : batch_steps[step].name;
		for (unsigned part = 0; part < STEP_PARTS; part++) {
			char *labels = counters->step_labels[step][part];
			snprintf(labels, sizeof(counters->step_labels[step][part]), "step=\"%s\",part=\"%s\"",
				 name, parts[part]);
			add(counters, &counters->step_seconds[step][part], METRIC_COUNTER,
			    "phased_batch_step_seconds_total", labels,
			    "Time spent in a step of batches, over all lanes");
		}
	}
	for (unsigned step = 0; step <= STEP_TAKE; step++) {
		const char *name = step == STEP_TAKE ? "TAKE" : batch_steps[step].name;
		snprintf(counters->step_run_labels[step], sizeof(counters->step_run_labels[step]), "step=\"%s\"",
			 name);
		add(counters, &counters->step_runs[step], METRIC_COUNTER, "phased_batch_steps_total",
		    counters->step_run_labels[step],
		    "Steps of batches that were run (asked PostgreSQL, or took messages), over all lanes");
	}
}

/* ---- partitions, which come and go ---- */

static void each_part(const struct counters *counters, struct metric_page *page,
		      double (*value)(const struct lag *lag))
{
	for (size_t i = 0; i < counters->lag_count; i++) {
		char labels[320]; /* a topic's name has at most 249 characters, none of which would need a mask */
		const struct lag *lag = &counters->lags[i];
		snprintf(labels, sizeof(labels), "topic=\"%s\",partition=\"%" PRId32 "\"", lag->topic,
			 lag->partition);
		metric_sample(page, labels, value(lag));
	}
}

#define EACH_PART(verb, expression) \
	static double verb##_value(const struct lag *lag) \
	{ \
		return (double)(expression); \
	} \
	static void verb##_each(const void *counters, struct metric_page *page) \
	{ \
		each_part(counters, page, verb##_value); \
	}

EACH_PART(offsets, lag->offsets)
EACH_PART(seconds, lag->seconds)
EACH_PART(next, lag->next_offset > 0 ? lag->next_offset : 0)
EACH_PART(end, lag->end_offset)

static void add_each(struct counters *counters, struct metric *metric, const char *name, metric_each *each,
		     const char *help)
{
	*metric = (struct metric){
		.name = name, .help = help, .type = METRIC_GAUGE, .each = each, .context = counters};
	metrics_add(&counters->registry, metric);
}

static void add_lags(struct counters *counters)
{
	add(counters, &counters->lag_offsets, METRIC_GAUGE, "phased_lag_offsets", "",
	    "Messages known to wait in our partitions, those in hand included");
	add(counters, &counters->lag_seconds, METRIC_GAUGE, "phased_lag_seconds", "",
	    "The largest phased_partition_lag_seconds; 0 while nothing waits");
	add_each(counters, &counters->part_lag_offsets, "phased_partition_lag_offsets", offsets_each,
		 "Messages known to wait in a partition of ours, those in hand included");
	add_each(counters, &counters->part_lag_seconds, "phased_partition_lag_seconds", seconds_each,
		 "Age of the oldest message of a partition that is not applied, by the time of its record; where "
		 "it is "
		 "not in hand, since when it is known to be there");
	add_each(counters, &counters->part_next, "phased_partition_next_offset", next_each,
		 "Offset of the message that is applied next");
	add_each(counters, &counters->part_end, "phased_partition_end_offset", end_each,
		 "Offset that the next message of the partition will get, as last heard; -1: nothing was heard "
		 "yet");
}

void counters_lags(struct counters *counters, size_t count)
{
	CHECK(count <= PARTITIONS_MAX);
	counters->lag_count = count;
	counters->lag_offsets.value = counters->lag_seconds.value = 0;
	for (size_t i = 0; i < count; i++) {
		const struct lag *lag = &counters->lags[i];
		counters->lag_offsets.value += (double)lag->offsets;
		counters->lag_seconds.value =
			lag->seconds > counters->lag_seconds.value ? lag->seconds : counters->lag_seconds.value;
	}
}

static void model_each(const void *context, struct metric_page *page)
{
	const struct counters *counters = context;
	char labels[64];
	if (counters->model_version != 0) {
		snprintf(labels, sizeof(labels), "version=\"%016" PRIx64 "\"", counters->model_version);
		metric_sample(page, labels, 1);
	}
}

/* Those that are a number and no more, families together. */
#define ROW(type, member, name, labels, help) \
	{ \
		offsetof(struct counters, member), METRIC_##type, name, labels, help \
	}
static const struct {
	size_t place;
	enum metric_type type;
	const char *name, *labels, *help;
} rows[] = {
	ROW(COUNTER, received, "phased_events_received_total", "",
	    "Messages taken from Kafka; equals the sum of phased_events_total plus phased_events_in_flight"),
	ROW(GAUGE, in_flight, "phased_events_in_flight", "",
	    "Messages taken whose transaction is not confirmed yet"),
	ROW(COUNTER, received_bytes, "phased_received_bytes_total", "", "Bytes of messages taken"),
	ROW(COUNTER, unknown_fields, "phased_unknown_fields_total", "",
	    "Protobuf fields that this version does not know"),
	ROW(COUNTER, blocked_ids, "phased_blocked_ids_total", "", "Identifiers that never make an actor"),
	ROW(COUNTER, claims_over, "phased_claims_over_total", "",
	    "Claims that do not count: their browser is a public one, with more than 256 claims for several "
	    "people"),
	ROW(COUNTER, batches_quick, "phased_batches_total", "way=\"quick\"",
	    "Transactions confirmed, by the way they were written"),
	ROW(COUNTER, batches_careful, "phased_batches_total", "way=\"careful\"",
	    "Transactions confirmed, by the way they were written"),
	ROW(COUNTER, reloads_taken, "phased_config_reloads_total", "result=\"taken\"",
	    "Times that the configuration was read again: taken over, or refused and nothing changed"),
	ROW(COUNTER, reloads_refused, "phased_config_reloads_total", "result=\"refused\"",
	    "Times that the configuration was read again: taken over, or refused and nothing changed"),
	ROW(COUNTER, quick_misses, "phased_quick_misses_total", "",
	    "Times that the quick way had assumed too much for a batch, which was then written with more care"),
	ROW(COUNTER, turns, "phased_store_turns_total", "", "Round trips to PostgreSQL"),
	ROW(COUNTER, redone, "phased_batches_redone_total", "", "Transactions started over"),
	ROW(COUNTER, refolded, "phased_refolded_contacts_total", "",
	    "Contacts folded anew in the batch that changed their history"),
	ROW(COUNTER, queued, "phased_refold_queued_total", "",
	    "Contacts that were left to be folded anew later: more than batch.refolds_max, or of too many "
	    "touches"),
	ROW(COUNTER, queue_refolded, "phased_refold_done_total", "",
	    "Contacts that had waited and were folded anew by this daemon"),
	ROW(GAUGE, queue_length, "phased_refold_queue_contacts", "",
	    "Contacts that wait to be folded anew, for any daemon; 100000: so many or more"),
	ROW(GAUGE, takeover, "phased_model_waiting_contacts", "",
	    "Contacts that wait to be folded by the model in force, with those that wait to be folded anew for "
	    "other reasons; 0: all are done"),
	ROW(GAUGE, queue_seconds, "phased_refold_queue_seconds", "", "How long the first of them has waited"),
	ROW(COUNTER, deals, "phased_opportunity_facts_total", "",
	    "Changes of opportunities, and contacts that these have or had, as events have said; with copies"),
	ROW(COUNTER, deals_written, "phased_opportunity_touches_total", "",
	    "Touches that this daemon has written or taken back since a change of an opportunity is about a "
	    "contact whom "
	    "other events name"),
	ROW(GAUGE, deals_waiting, "phased_opportunity_waiting", "",
	    "What became known of opportunities and is not worked out yet, for any daemon; 10000: so much or "
	    "more"),
	ROW(COUNTER, fenced, "phased_fenced_total", "",
	    "Partitions found to be another daemon's before anything was written"),
	ROW(COUNTER, gaps, "phased_offset_gaps_total", "",
	    "Holes in the log that were passed over (compaction, transaction markers)"),
	ROW(GAUGE, lanes, "phased_lanes", "", "Connections to PostgreSQL by configuration"),
	ROW(GAUGE, lanes_up, "phased_lanes_up", "", "Those of them that work"),
	ROW(GAUGE, store_up, "phased_postgres_up", "", "1 when PostgreSQL answers"),
	ROW(COUNTER, store_failures, "phased_postgres_failures_total", "", "Turns that failed or were lost"),
	ROW(GAUGE, source_up, "phased_kafka_up", "", "1 when a broker is reached"),
	ROW(GAUGE, assigned, "phased_assigned_partitions", "", "Partitions that are ours"),
	ROW(GAUGE, last_commit, "phased_last_commit_timestamp_seconds", "",
	    "When the last transaction was confirmed"),
	ROW(COUNTER, rebalances, "phased_rebalances_total", "", "Assignments received"),
	ROW(COUNTER, out_of_range, "phased_offset_out_of_range_total", "",
	    "Partitions stopped because their position is not in the log"),
	ROW(GAUGE, breaker_rejected, "phased_breaker_rejected", "",
	    "Rejected messages among the last breaker.messages; the daemon ends when they are more than "
	    "breaker.percent of them"),
	ROW(COUNTER, purged, "phased_rejects_purged_total", "",
	    "Rows of table rejected that this daemon has deleted, rejects.days after they were written"),
	ROW(COUNTER, expired_touches, "phased_retention_touches_total", "",
	    "Touches that this daemon has deleted, since they are of longer ago than retention.touch_months"),
	ROW(COUNTER, review_due, "phased_review_due_rows_total", "",
	    "Rows of table phase that this daemon has found due: time alone may have changed what they show"),
	ROW(COUNTER, reviewed, "phased_reviewed_rows_total", "",
	    "Those of them that it has written; the others it has passed over, or they are of another model"),
	ROW(COUNTER, review_changes, "phased_review_changes_total", "",
	    "Changes of the shown phase by time alone that it has written"),
	ROW(COUNTER, review_passed, "phased_review_passed_rows_total", "",
	    "Rows that it has passed over, since somebody was at their contact; it goes back for them in the same "
	    "hour"),
	ROW(COUNTER, review_left, "phased_review_left_rows_total", "",
	    "Those of them that it has left to the next hour, since somebody was at their contact each time"),
	ROW(GAUGE, review_age, "phased_review_age_seconds", "",
	    "Time since the full hour up to which all daemons together have written what time does, as last "
	    "heard; 0: nothing was heard yet"),
	ROW(COUNTER, explained, "phased_explained_contacts_total", "",
	    "Contacts whose explanation and history this daemon has written"),
	ROW(COUNTER, explain_too_long, "phased_explain_too_long_total", "",
	    "Times that a contact was left without: more than 10,000 touches are no person's"),
	ROW(COUNTER, explain_seconds, "phased_explain_seconds_total", "",
	    "Time spent on that, waiting for PostgreSQL included: at most explain.share_percent"),
	ROW(COUNTER, accounts, "phased_accounts_total", "",
	    "Accounts whose phase and committee this daemon has written"),
	ROW(COUNTER, account_too_long, "phased_account_too_long_total", "",
	    "Times that an account was left without: more than 10,000 touches or 5,000 contacts"),
	ROW(COUNTER, account_seconds, "phased_account_seconds_total", "",
	    "Time spent on that, waiting for PostgreSQL included: at most accounts.share_percent"),
	ROW(GAUGE, schema, "phased_schema_version", "",
	    "Version of the database's schema that this program works on"),
	ROW(GAUGE, build, "phased_build_info", "version=\"" PHASED_VERSION "\"", "1"),
};
#undef ROW

void counters_init(struct counters *counters)
{
	*counters = (struct counters){0};
	metrics_init(&counters->registry);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct metric *metric = (struct metric *)((char *)counters + rows[i].place);
		add(counters, metric, rows[i].type, rows[i].name, rows[i].labels, rows[i].help);
	}
	add_outcomes(counters);
	add_histogram(counters, &counters->batch_events, "phased_batch_events", "Messages of a transaction",
		      event_bounds, COUNT_OF(event_bounds));
	add_histogram(counters, &counters->batch_seconds, "phased_batch_seconds",
		      "From the first message to the commit", second_bounds, COUNT_OF(second_bounds));
	add_histogram(counters, &counters->event_delay, "phased_event_delay_seconds",
		      "From an event's record in Kafka to the commit", delay_bounds, COUNT_OF(delay_bounds));
	add_steps(counters);
	add_lags(counters);
	add_each(counters, &counters->model, "phased_model_info", model_each,
		 "1: the model in force, by its version");
	counters->schema.value = SCHEMA_VERSION;
	counters->build.value = 1;
	metrics_process_add(&counters->registry);
}

void counters_received(struct counters *counters, uint64_t bytes)
{
	counters->received.value++;
	counters->in_flight.value++;
	counters->received_bytes.value += (double)bytes;
}

void counters_outcome(struct counters *counters, enum outcome outcome)
{
	CHECK(outcome > OUTCOME_NONE && outcome < OUTCOME_COUNT);
	counters->outcomes[outcome].value++;
	counters->in_flight.value--;
}

double counters_batches(const struct counters *counters)
{
	return counters->batches_quick.value + counters->batches_careful.value;
}

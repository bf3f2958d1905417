/*
 * A registry of counters, gauges and histograms, written out in Prometheus' text format 0.0.4.
 *
 * Metrics are static structs, registered once at start; labels are a fixed list of values known at compile time or
 * from configuration, never from input. What comes and goes (partitions) is a metric that lists its samples when it is
 * asked. One thread of ours writes; the same thread writes the text.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct metric_page; /* where samples are written */

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_BUCKETS_MAX 24

/* Upper bounds for durations in seconds (5 ms to 10 s) and for sizes (powers of two, 1 to 65,536). */
#define METRIC_SECONDS_COUNT 14
#define METRIC_SIZES_COUNT 17
extern const double metric_seconds[METRIC_SECONDS_COUNT];
extern const double metric_sizes[METRIC_SIZES_COUNT];

/* Gives the samples of a metric, as they are now, with metric_sample(). */
typedef void metric_each(const void *context, struct metric_page *page);

struct metric {
	const char *name; /* "phased_events_received_total" */
	const char *help;
	enum metric_type type;
	const char *
		labels; /* "reason=\"unreadable\""; "" or NULL: none. Same name, other labels: a metric beside it */
	double value;	/* counter, gauge */
	/* histogram: upper bounds rising, without +Inf; counts has one more for +Inf */
	const double *bounds;
	unsigned bounds_count;
	uint64_t counts[METRIC_BUCKETS_MAX + 1];
	double sum;
	/* counter, gauge: lists its samples in place of labels and value; borrows context */
	metric_each *each;
	const void *context;
	struct metric *next; /* the registry's */
};

struct metrics {
	struct metric *first;
	struct metric **last;
};

void metrics_init(struct metrics *metrics);
/* Borrows `metric` for as long as the registry lives. Metrics of one name must be added one after the other. */
void metrics_add(struct metrics *metrics, struct metric *metric);
void metric_observe(struct metric *histogram, double value);
/* Within a metric_each: one sample. Two of the same labels must not come. */
void metric_sample(struct metric_page *page, const char *labels, double value);
/* The whole page; NULL when the arena is full. */
char *metrics_print(const struct metrics *metrics, struct arena *arena);
/* Adds process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds, process_max_fds,
 * process_start_time_seconds, and refreshes them; call metrics_process_refresh() before each metrics_print(). */
void metrics_process_add(struct metrics *metrics);
void metrics_process_refresh(void);

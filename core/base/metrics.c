#include "core/base/metrics.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"

/* Whole numbers below it are exact in a double. */
#define WHOLE_MAX 9007199254740992.0

const double metric_seconds[METRIC_SECONDS_COUNT] = {.005, .01, .025, .05, .075, .1,  .25,
						     .5,   .75, 1,    2.5, 5,	 7.5, 10};
const double metric_sizes[METRIC_SIZES_COUNT] = {1,   2,    4,	  8,	16,   32,    64,    128,  256,
						 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};

void metrics_init(struct metrics *metrics)
{
	*metrics = (struct metrics){0};
	metrics->last = &metrics->first;
}

/* A family is one name with one HELP and one TYPE line: its metrics must stand together. */
static void check_family(const struct metrics *metrics, const struct metric *metric)
{
	const struct metric *last = NULL;
	bool is_known = false;
	for (const struct metric *other = metrics->first; other != NULL; other = other->next) {
		last = other;
		if (strcmp(other->name, metric->name) == 0) {
			CHECK(other->type == metric->type && strcmp(other->labels, metric->labels) != 0);
			is_known = true;
		}
	}
	CHECK(!is_known || strcmp(last->name, metric->name) == 0);
}

void metrics_add(struct metrics *metrics, struct metric *metric)
{
	CHECK(metric->name != NULL && metric->help != NULL);
	CHECK((metric->type == METRIC_HISTOGRAM) == (metric->bounds_count > 0));
	CHECK(metric->bounds_count <= METRIC_BUCKETS_MAX);
	CHECK(metric->each == NULL || metric->type != METRIC_HISTOGRAM);
	if (metric->labels == NULL) {
		metric->labels = "";
	}
	check_family(metrics, metric);
	metric->next = NULL;
	*metrics->last = metric;
	metrics->last = &metric->next;
}

void metric_observe(struct metric *histogram, double value)
{
	unsigned bucket = 0;
	while (bucket < histogram->bounds_count && value > histogram->bounds[bucket]) {
		bucket++;
	}
	histogram->counts[bucket]++;
	histogram->sum += value;
}

static void print_value(FILE *out, double value)
{
	if (isnan(value)) {
		fputs("NaN", out);
	} else if (isinf(value)) {
		fputs(value > 0 ? "+Inf" : "-Inf", out);
	} else if (value > -WHOLE_MAX && value < WHOLE_MAX && (double)(int64_t)value == value) {
		fprintf(out, "%.0f", value);
	} else {
		fprintf(out, "%.17g", value);
	}
}

static void print_help(FILE *out, const char *help)
{
	for (; *help != '\0'; help++) {
		if (*help == '\\') {
			fputs("\\\\", out);
		} else if (*help == '\n') {
			fputs("\\n", out);
		} else {
			fputc(*help, out);
		}
	}
}

struct metric_page {
	FILE *out;
	const struct metric *metric;
};

void metric_sample(struct metric_page *page, const char *labels, double value)
{
	bool labelled = labels[0] != '\0';
	fprintf(page->out, "%s%s%s%s ", page->metric->name, labelled ? "{" : "", labels, labelled ? "}" : "");
	print_value(page->out, value);
	fputc('\n', page->out);
}

static void print_plain(FILE *out, const struct metric *metric)
{
	struct metric_page page = {out, metric};
	if (metric->each != NULL) {
		metric->each(metric->context, &page);
	} else {
		metric_sample(&page, metric->labels, metric->value);
	}
}

static void print_histogram(FILE *out, const struct metric *metric)
{
	const char *comma = metric->labels[0] != '\0' ? "," : "";
	uint64_t total = 0;
	for (unsigned i = 0; i <= metric->bounds_count; i++) {
		total += metric->counts[i];
		fprintf(out, "%s_bucket{%s%sle=\"", metric->name, metric->labels, comma);
		if (i < metric->bounds_count) {
			fprintf(out, "%.15g", metric->bounds[i]);
		} else {
			fputs("+Inf", out);
		}
		fprintf(out, "\"} %llu\n", (unsigned long long)total);
	}
	const char *open = metric->labels[0] != '\0' ? "{" : "", *close = metric->labels[0] != '\0' ? "}" : "";
	fprintf(out, "%s_sum%s%s%s ", metric->name, open, metric->labels, close);
	print_value(out, metric->sum);
	fprintf(out, "\n%s_count%s%s%s %llu\n", metric->name, open, metric->labels, close,
		(unsigned long long)total);
}

static void print_metric(FILE *out, const struct metric *metric, bool new_family)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
	if (new_family) {
		fprintf(out, "# HELP %s ", metric->name);
		print_help(out, metric->help);
		fprintf(out, "\n# TYPE %s %s\n", metric->name, types[metric->type]);
	}
	if (metric->type == METRIC_HISTOGRAM) {
		print_histogram(out, metric);
	} else {
		print_plain(out, metric);
	}
}

char *metrics_print(const struct metrics *metrics, struct arena *arena)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	CHECK(out != NULL);
	const char *family = "";
	for (const struct metric *metric = metrics->first; metric != NULL; metric = metric->next) {
		print_metric(out, metric, strcmp(metric->name, family) != 0);
		family = metric->name;
	}
	CHECK(fclose(out) == 0);
	char *page = arena_text(arena, text, size);
	free(text);
	return page;
}

/* ---- The process ---- */

static struct metric cpu = {"process_cpu_seconds_total", "Processor time of this process, user and system.",
			    METRIC_COUNTER};
static struct metric memory = {"process_resident_memory_bytes", "Memory of this process that is in RAM.",
			       METRIC_GAUGE};
static struct metric fds = {"process_open_fds", "Open file descriptors.", METRIC_GAUGE};
static struct metric fds_max = {"process_max_fds", "Most file descriptors this process may open.", METRIC_GAUGE};
static struct metric started = {"process_start_time_seconds", "When this process started, seconds since 1970.",
				METRIC_GAUGE};

void metrics_process_add(struct metrics *metrics)
{
	/* /proc/stat, which the kernel's own figure would need, is hidden from a sandboxed service. */
	started.value = (double)moment_now_us() / 1e6;
	metrics_add(metrics, &cpu);
	metrics_add(metrics, &memory);
	metrics_add(metrics, &fds);
	metrics_add(metrics, &fds_max);
	metrics_add(metrics, &started);
	metrics_process_refresh();
}

static double resident_bytes(void)
{
	long long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file == NULL) {
		return 0;
	}
	if (fscanf(file, "%lld %lld", &size, &resident) != 2) {
		resident = 0;
	}
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double open_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	if (folder == NULL) {
		return 0;
	}
	int count = -1; /* the one that looks */
	for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
		count += entry->d_name[0] != '.' ? 1 : 0;
	}
	closedir(folder);
	return count;
}

void metrics_process_refresh(void)
{
	struct rusage usage;
	struct rlimit limit;
	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		cpu.value = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		fds_max.value = (double)limit.rlim_cur;
	}
	memory.value = resident_bytes();
	fds.value = open_fds();
}

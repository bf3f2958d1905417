/* core/base/metrics.h: the page, read back by a parser that takes only what the text format 0.0.4 allows. */
#include "core/base/metrics.h"

#include <math.h>
#include <regex.h>
#include <string.h>

#include "core/base/arena.h"
#include "tests/table.h"

#define SAMPLES_MAX 400

struct page {
	struct {
		char series[256]; /* name and labels as written */
		double value;
	} samples[SAMPLES_MAX];
	size_t count;
	char *text;
};

static struct arena arena;

/* "# HELP name text", "# TYPE name type" once a family and before its samples, then "name{label="value",…} number". */
static void read_line(struct page *page, const char *line, char family[static 128])
{
	static const char *const sample = "^[a-zA-Z_:][a-zA-Z0-9_:]*(\\{[a-z_]+=\"([^\"\\\\]|\\\\[\\\\n\"])*\"(,["
					  "a-z_]+=\"([^\"\\\\]|\\\\[\\\\n\"])*\")*\\})? "
					  "([-+]?[0-9.]+([eE][-+][0-9]+)?|NaN|[-+]Inf)$";
	char name[128], type[16];
	if (sscanf(line, "# HELP %127s", name) == 1) {
		ck_assert_msg(strcmp(name, family) != 0, "HELP twice: %s", line);
		snprintf(family, 128, "%s", name);
		return;
	}
	if (sscanf(line, "# TYPE %127s %15s", name, type) == 2) {
		ck_assert_str_eq(name, family);
		ck_assert(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0 ||
			  strcmp(type, "histogram") == 0);
		return;
	}
	regex_t pattern;
	ck_assert_int_eq(regcomp(&pattern, sample, REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_msg(regexec(&pattern, line, 0, NULL, 0) == 0, "not a sample: %s", line);
	regfree(&pattern);
	ck_assert_msg(strncmp(line, family, strlen(family)) == 0, "outside its family: %s", line);
	ck_assert_uint_lt(page->count, SAMPLES_MAX);
	const char *space = strrchr(line, ' ');
	snprintf(page->samples[page->count].series, sizeof(page->samples[0].series), "%.*s", (int)(space - line),
		 line);
	page->samples[page->count++].value = strtod(space + 1, NULL);
}

static struct page *print(const struct metrics *metrics)
{
	static struct page page;
	char family[128] = "";
	if (arena.base == NULL) {
		ck_assert(arena_init(&arena, 1 << 20));
	}
	page.count = 0;
	page.text = metrics_print(metrics, &arena);
	ck_assert_ptr_nonnull(page.text);
	char *copy = arena_text(&arena, page.text, strlen(page.text));
	ck_assert(copy[0] == '\0' || copy[strlen(copy) - 1] == '\n');
	char *place = NULL;
	for (char *line = strtok_r(copy, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place)) {
		read_line(&page, line, family);
	}
	return &page;
}

static double value(const struct page *page, const char *series)
{
	for (size_t i = 0; i < page->count; i++) {
		if (strcmp(page->samples[i].series, series) == 0) {
			return page->samples[i].value;
		}
	}
	ck_abort_msg("no %s in:\n%s", series, page->text);
	return 0;
}

START_TEST(each_metric_stands_on_the_page)
{
	struct metric received = {"t_received_total", "Received.", METRIC_COUNTER, "topic=\"web\"",
				  .value = 12345678901.0};
	struct metric other = {"t_received_total", "Received.", METRIC_COUNTER, "topic=\"a\\\"b\"", .value = 3};
	struct metric lag = {"t_lag_seconds", "A \\ and\na line.", METRIC_GAUGE, "", .value = -.125};
	struct metrics metrics;
	metrics_init(&metrics);
	metrics_add(&metrics, &received);
	metrics_add(&metrics, &other);
	metrics_add(&metrics, &lag);
	const struct page *page = print(&metrics);
	ck_assert_uint_eq(page->count, 3);
	ck_assert_double_eq(value(page, "t_received_total{topic=\"web\"}"), 12345678901.0);
	ck_assert_double_eq(value(page, "t_received_total{topic=\"a\\\"b\"}"), 3);
	ck_assert_double_eq(value(page, "t_lag_seconds"), -.125);
	ck_assert_ptr_nonnull(
		strstr(page->text, "# HELP t_lag_seconds A \\\\ and\\na line.\n# TYPE t_lag_seconds gauge\n"));
	ck_assert_ptr_nonnull(strstr(page->text, "} 12345678901\n"));
}
END_TEST

static void each_of_two(const void *context, struct metric_page *page)
{
	metric_sample(page, "part=\"0\"", *(const double *)context);
	metric_sample(page, "part=\"1\"", 5);
}

static void each_of_none(const void *context, struct metric_page *page)
{
	(void)context;
	(void)page;
}

START_TEST(a_metric_lists_its_samples_when_it_is_asked)
{
	double first = 1;
	struct metric parts = {"t_parts", "Parts.", METRIC_GAUGE, .each = each_of_two, .context = &first};
	struct metric none = {"t_none", "None.", METRIC_GAUGE, .each = each_of_none};
	struct metrics metrics;
	metrics_init(&metrics);
	metrics_add(&metrics, &parts);
	metrics_add(&metrics, &none);
	ck_assert_double_eq(value(print(&metrics), "t_parts{part=\"0\"}"), 1);
	first = 2;
	const struct page *page = print(&metrics);
	ck_assert_uint_eq(page->count, 2);
	ck_assert_double_eq(value(page, "t_parts{part=\"0\"}"), 2);
	ck_assert_double_eq(value(page, "t_parts{part=\"1\"}"), 5);
	ck_assert_ptr_nonnull(strstr(page->text, "# HELP t_none None.\n# TYPE t_none gauge\n"));
}
END_TEST

START_TEST(numbers_are_written_as_prometheus_reads_them)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {{0, "0"},
		    {1e15, "1000000000000000"},
		    {.1, "0.10000000000000001"},
		    {(double)INFINITY, "+Inf"},
		    {-(double)INFINITY, "-Inf"},
		    {(double)NAN, "NaN"},
		    {1e300, "1.0000000000000001e+300"},
		    {-5, "-5"}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct metric gauge = {"t_value", "Value.", METRIC_GAUGE, .value = rows[i].value};
		struct metrics metrics;
		metrics_init(&metrics);
		metrics_add(&metrics, &gauge);
		char wanted[64];
		snprintf(wanted, sizeof(wanted), "\nt_value %s\n", rows[i].text);
		const struct page *page = print(&metrics);
		ck_assert_msg(strstr(page->text, wanted) != NULL, "%s", page->text);
	}
}
END_TEST

START_TEST(histogram_counts_up_to_each_bound)
{
	struct metric plain = {"t_size", "Sizes.", METRIC_HISTOGRAM, .bounds = metric_sizes,
			       .bounds_count = METRIC_SIZES_COUNT};
	struct metric seconds = {"t_seconds",
				 "Durations.",
				 METRIC_HISTOGRAM,
				 "kind=\"x\"",
				 .bounds = metric_seconds,
				 .bounds_count = METRIC_SECONDS_COUNT};
	struct metrics metrics;
	metrics_init(&metrics);
	metrics_add(&metrics, &plain);
	metrics_add(&metrics, &seconds);
	static const double sizes[] = {0, 1, 1.5, 2, 3, 70000};
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		metric_observe(&plain, sizes[i]);
	}
	metric_observe(&seconds, .3);
	const struct page *page = print(&metrics);
	ck_assert_double_eq(value(page, "t_size_bucket{le=\"1\"}"), 2);
	ck_assert_double_eq(value(page, "t_size_bucket{le=\"2\"}"), 4);
	ck_assert_double_eq(value(page, "t_size_bucket{le=\"4\"}"), 5);
	ck_assert_double_eq(value(page, "t_size_bucket{le=\"65536\"}"), 5);
	ck_assert_double_eq(value(page, "t_size_bucket{le=\"+Inf\"}"), 6);
	ck_assert_double_eq(value(page, "t_size_count"), 6);
	ck_assert_double_eq(value(page, "t_size_sum"), 70007.5);
	ck_assert_double_eq(value(page, "t_seconds_bucket{kind=\"x\",le=\"0.25\"}"), 0);
	ck_assert_double_eq(value(page, "t_seconds_bucket{kind=\"x\",le=\"0.5\"}"), 1);
	ck_assert_double_eq(value(page, "t_seconds_sum{kind=\"x\"}"), .3);
	ck_assert_double_eq(value(page, "t_seconds_count{kind=\"x\"}"), 1);
}
END_TEST

START_TEST(process_is_measured)
{
	struct metrics metrics;
	metrics_init(&metrics);
	metrics_process_add(&metrics);
	const struct page *page = print(&metrics);
	double fds = value(page, "process_open_fds"), started = value(page, "process_start_time_seconds");
	ck_assert_double_ge(fds, 3);
	ck_assert_double_ge(value(page, "process_max_fds"), fds);
	ck_assert_double_gt(value(page, "process_resident_memory_bytes"), 500e3);
	ck_assert_double_gt(started, 1.5e9);

	FILE *file = fopen("/dev/null", "r");
	char *block = malloc(32 << 20);
	for (size_t i = 0; i < 32 << 20; i += 4096) {
		((volatile char *)block)[i] = 1;
	}
	double before = value(page, "process_resident_memory_bytes"),
	       cpu = value(page, "process_cpu_seconds_total");
	metrics_process_refresh();
	page = print(&metrics);
	ck_assert_double_eq(value(page, "process_open_fds"), fds + 1);
	ck_assert_double_gt(value(page, "process_resident_memory_bytes"), before + (30 << 20));
	ck_assert_double_gt(value(page, "process_cpu_seconds_total"), cpu);
	ck_assert_double_eq(value(page, "process_start_time_seconds"), started);
	free(block);
	fclose(file);
}
END_TEST

START_TEST(full_arena_gives_no_page)
{
	struct arena small;
	struct metrics metrics;
	ck_assert(arena_init(&small, 4096));
	metrics_init(&metrics);
	static struct metric many[200];
	static char labels[200][16];
	for (size_t i = 0; i < COUNT_OF(many); i++) {
		snprintf(labels[i], sizeof(labels[i]), "n=\"%zu\"", i);
		many[i] = (struct metric){"t_something_rather_long_total", "Help.", METRIC_COUNTER, labels[i]};
		metrics_add(&metrics, &many[i]);
	}
	ck_assert_ptr_null(metrics_print(&metrics, &small));
	arena_finish(&small);
}
END_TEST

TEST_MAIN("metrics", each_metric_stands_on_the_page, a_metric_lists_its_samples_when_it_is_asked,
	  numbers_are_written_as_prometheus_reads_them, histogram_counts_up_to_each_bound, process_is_measured,
	  full_arena_gives_no_page)

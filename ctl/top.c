/*
 * phasectl top: what happens now, once a second: rates, lag, outcomes, the slowest steps. On a terminal a view that is redrawn;
 * elsewhere a line a second. Reads PostgreSQL and the metrics of the programs that it is told of.
 */
#include "ctl/top.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "ctl/ctl.h"
#include "ctl/terminal.h"
#include "ctl/top_screen.h"

#define PERIOD_MS 1000
#define SAMPLE_ARENA_SIZE ((size_t)64 * 1024 * 1024)
#define REPLY_MS_MAX 2000

static struct {
	const char *endpoints;
	bool once, lines;
	int64_t count;
} asked;

static const struct option_about options[] = {
	{"endpoints", "LIST", OPTION_TEXT, &asked.endpoints, 0, 0,
	 "addresses of /metrics, commas between, or none\n(default: http.listen of the configuration)"},
	{"once", NULL, OPTION_FLAG, &asked.once, 0, 0, "measure for a second, print the view, and end"},
	{"lines", NULL, OPTION_FLAG, &asked.lines, 0, 0, "a line a second, also on a terminal"},
	{"count", "N", OPTION_NUMBER, &asked.count, 1, INT64_C(1000000000), "end after so many views or lines"},
	{0},
};

struct top {
	struct ctl *ctl;
	size_t configured;	   /* of ctl's arena, used by the configuration */
	struct postgres *postgres; /* NULL: away */
	struct arena arenas[2];	   /* of this sample and of the one before */
	struct top_sample samples[2];
	unsigned now; /* which of them is newer */
};

/* ---- a sample ---- */

static void add_outcome(void *context, const char *label, double value)
{
	struct top_sample *sample = context;
	for (int i = OUTCOME_NONE + 1; i < OUTCOME_COUNT; i++) {
		if (strcmp(outcome_about[i].name, label) == 0) {
			sample->outcomes[i] += value;
		}
	}
}

static struct top_step *step_of(struct top_sample *sample, const char *name)
{
	for (size_t i = 0; i < sample->step_count; i++) {
		if (strcmp(sample->steps[i].name, name) == 0) {
			return &sample->steps[i];
		}
	}
	if (sample->step_count == TOP_STEPS_MAX) {
		return NULL;
	}
	struct top_step *step = &sample->steps[sample->step_count++];
	snprintf(step->name, sizeof(step->name), "%s", name);
	return step;
}

static void add_seconds(void *context, const char *label, double value)
{
	struct top_step *step = step_of(context, label);
	if (step != NULL) {
		step->seconds += value;
	}
}

static void add_runs(void *context, const char *label, double value)
{
	struct top_step *step = step_of(context, label);
	if (step != NULL) {
		step->runs += value;
	}
}

static void add_endpoint(struct top_sample *sample, const struct endpoint *endpoint)
{
	double behind_s = endpoint_value(endpoint, "phased_lag_seconds");
	double collected = endpoint_value(endpoint, "phased_collect_received_total");
	if (endpoint->page == NULL) {
		return;
	}
	sample->has_collector =
		sample->has_collector || strstr(endpoint->page, "\nphased_collect_received_total ") != NULL;
	sample->has_metrics =
		sample->has_metrics || strstr(endpoint->page, "\nphased_events_received_total ") != NULL;
	sample->collected += collected;
	sample->received += endpoint_value(endpoint, "phased_events_received_total");
	sample->in_flight += endpoint_value(endpoint, "phased_events_in_flight");
	sample->turns += endpoint_value(endpoint, "phased_store_turns_total");
	sample->quick += endpoint_value(endpoint, "phased_batches_total{way=\"quick\"}");
	sample->careful += endpoint_value(endpoint, "phased_batches_total{way=\"careful\"}");
	sample->metric_lag += endpoint_value(endpoint, "phased_lag_offsets");
	sample->metric_behind_s = behind_s > sample->metric_behind_s ? behind_s : sample->metric_behind_s;
	endpoint_each(endpoint, "phased_events_total", "outcome", add_outcome, sample);
	endpoint_each(endpoint, "phased_batch_step_seconds_total", "step", add_seconds, sample);
	endpoint_each(endpoint, "phased_batch_steps_total", "step", add_runs, sample);
}

static bool read_conf(struct top *top, struct fail *fail)
{
	if (!ctl_read_conf(top->ctl, fail)) {
		return false;
	}
	/* A view that hangs says nothing. */
	int64_t *const limits[] = {&top->ctl->conf.postgres.connect_ms_max, &top->ctl->conf.postgres.reply_ms_max};
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		*limits[i] = *limits[i] < REPLY_MS_MAX ? *limits[i] : REPLY_MS_MAX;
	}
	top->configured = top->ctl->arena.used;
	return true;
}

/* Any number of times: what the connection before took of the arena is given back. */
static struct postgres *reach(struct top *top, struct fail *fail)
{
	arena_back(&top->ctl->arena, top->configured);
	return ctl_connect_to_schema(top->ctl, fail);
}

/* Asks everybody anew. False: PostgreSQL is away; *fail. */
static bool take_sample(struct top *top, struct fail *fail)
{
	top->now = 1 - top->now;
	struct top_sample *sample = &top->samples[top->now];
	struct arena *arena = &top->arenas[top->now];
	arena_reset(arena, 1024 * 1024);
	*sample = (struct top_sample){.at_us = moment_monotonic_us(), .wall_us = moment_now_us()};
	const char *list = asked.endpoints != NULL ? asked.endpoints : top->ctl->conf.http.listen;
	if (!endpoints_list(list, arena, sample->endpoints, &sample->endpoint_count)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"--endpoints: expected at most %d addresses, commas between", ENDPOINTS_MAX);
	}
	for (size_t i = 0; i < sample->endpoint_count; i++) {
		endpoint_ask_metrics(&sample->endpoints[i], arena);
		add_endpoint(sample, &sample->endpoints[i]);
	}
	top->postgres = top->postgres != NULL ? top->postgres : reach(top, fail);
	sample->has_service =
		top->postgres != NULL && service_load(top->ctl, top->postgres, arena, &sample->service, fail);
	if (!sample->has_service) {
		snprintf(sample->trouble, sizeof(sample->trouble), "%.150s", fail->text);
		postgres_destroy(top->postgres);
		top->postgres = NULL;
	}
	return sample->has_service;
}

/* ---- views ---- */

static bool print_view(struct top *top, bool is_screen)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	CHECK(out != NULL);
	top_view(&top->samples[1 - top->now], &top->samples[top->now], top->ctl->conf.kafka.group, out);
	CHECK(fclose(out) == 0);
	if (is_screen) {
		screen_show(text);
	} else {
		fputs(text, stdout);
		fflush(stdout);
	}
	free(text);
	return !ferror(stdout);
}

static bool print_line(struct top *top)
{
	top_line(&top->samples[1 - top->now], &top->samples[top->now], stdout);
	return fflush(stdout) == 0 && !ferror(stdout);
}

/* Until the period is over. False: to be ended. */
static bool wait_period(struct top *top, int64_t until_us, bool is_screen)
{
	int64_t left_us;
	while ((left_us = until_us - moment_monotonic_us()) > 0) {
		enum screen_event event = screen_wait((int)(left_us / 1000) + 1);
		if (event == SCREEN_QUIT) {
			return false;
		}
		if (event == SCREEN_RESIZED && is_screen) {
			print_view(top, true);
		}
	}
	return screen_wait(0) != SCREEN_QUIT; /* pressed while everybody was asked */
}

static void run_views(struct top *top)
{
	struct fail fail;
	bool is_screen = !asked.once && !asked.lines && screen_start();
	int64_t until_us = moment_monotonic_us(), count = asked.once ? 1 : asked.count;
	if (is_screen) {
		print_view(top, true);
	}
	for (int64_t i = 0; count == 0 || i < count; i++) {
		until_us += PERIOD_MS * INT64_C(1000);
		if (!wait_period(top, until_us, is_screen)) {
			break;
		}
		take_sample(top, &fail); /* what is away is part of the view */
		if (!(asked.once || is_screen ? print_view(top, is_screen) : print_line(top))) {
			break;
		}
		int64_t now_us = moment_monotonic_us();
		until_us = until_us > now_us - PERIOD_MS * INT64_C(1000) ? until_us : now_us;
	}
	screen_end();
}

static int run(struct ctl *ctl)
{
	static struct top top;
	struct fail fail;
	terminal_start();
	top.ctl = ctl;
	for (size_t i = 0; i < COUNT_OF(top.arenas); i++) {
		CHECK(arena_init(&top.arenas[i], SAMPLE_ARENA_SIZE));
	}
	bool good = read_conf(&top, &fail) && take_sample(&top, &fail);
	if (good) {
		top.samples[1 - top.now] = top.samples[top.now];
		screen_watch();
		run_views(&top);
	}
	postgres_destroy(top.postgres);
	for (size_t i = 0; i < COUNT_OF(top.arenas); i++) {
		arena_finish(&top.arenas[i]);
	}
	if (!good) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command top_command = {
	.words = "top",
	.summary = "what happens now: rates, lag, outcomes, the slowest steps",
	.details = "A view of a terminal, redrawn each second; q or Ctrl-C ends it. Where stdout is no terminal, "
		   "or a dumb "
		   "one, a line a\n"
		   "second. Rates and steps come from the metrics of the endpoints, added up; positions from "
		   "PostgreSQL, "
		   "which must be\n"
		   "there at the start; what goes away later is said. Needs phased_monitor or phased_writer.",
	.options = options,
	.run = run,
};

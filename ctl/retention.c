/*
 * phasectl retention: what the daemon does by itself with what is kept no longer, by hand and at once; or how much that is.
 */
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "ctl/json_line.h"
#include "ctl/progress.h"
#include "ctl/rejects.h"
#include "ctl/terminal.h"

#define SLICE 1000		      /* touches looked at in a transaction */
#define COUNT_MS_MAX (30 * 60 * 1000) /* to count those of a partition */
#define BUSY_MS 200		      /* in somebody's way: a pause */
#define BUSY_MAX 300		      /* so often without a step between */

static struct {
	int64_t months;
	bool dry_run, yes, json;
} asked = {.months = -1};

static const struct option_about options[] = {
	{"months", "N", OPTION_NUMBER, &asked.months, 1, 1200,
	 "touches of longer ago than so many months (default: retention.touch_months)"},
	{"dry-run", NULL, OPTION_FLAG, &asked.dry_run, 0, 0, "only count"},
	{"yes", NULL, OPTION_FLAG, &asked.yes, 0, 0,
	 "do not ask where --months is less than retention.touch_months"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object"},
	{0},
};

static const struct postgres_statement step = {
	.name = "step",
	.sql = "SELECT again, touches, kept_from FROM phased.retention_step($1, $2, 0, $3)",
	.parameter_count = 3,
	.parameters = {{POSTGRES_INT4, false}, {POSTGRES_INT8, false}, {POSTGRES_BOOL, false}},
};
static const struct postgres_statement due = {
	.name = "due",
	.sql = "SELECT count(*) FILTER (WHERE part <> 'touch_default'), sum(touches)::bigint, max(kept_from) FROM "
	       "phased.retention_due($1)",
	.parameter_count = 1,
	.parameters = {{POSTGRES_INT4, false}},
};
static const struct postgres_statement dropped = {.name = "dropped", .sql = "SELECT months FROM phased.retention"};

/* What was, or would be, deleted. */
struct result {
	bool any; /* touches end at all */
	int64_t kept_from_us, months, touches, rejects;
};

struct slice {
	bool ours, again;
	int64_t touches, kept_from_us;
};

static bool on_slice(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct slice *slice = context;
	(void)fail;
	*slice = (struct slice){.ours = postgres_count(rows) > 0};
	if (slice->ours) {
		slice->again = postgres_int(rows, 0, 0) != 0;
		slice->touches = postgres_int(rows, 0, 1);
		slice->kept_from_us = postgres_moment(rows, 0, 2);
	}
	return true;
}

static bool on_due(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct result *result = context;
	(void)fail;
	result->months = postgres_int(rows, 0, 0);
	result->touches = postgres_int(rows, 0, 1);
	result->kept_from_us = postgres_moment(rows, 0, 2);
	return true;
}

static bool on_dropped(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(int64_t *)context = postgres_int(rows, 0, 0);
	return true;
}

static bool count_touches(struct ctl *ctl, struct postgres *postgres, struct result *result, struct fail *fail)
{
	struct postgres_value months;
	bool fits = postgres_value_int(&ctl->arena, POSTGRES_INT4, asked.months, &months);
	CHECK(fits);
	return postgres_add(postgres, &due, &months, on_due, result, fail) && ctl_turn(postgres, fail);
}

/* Refused since it is in somebody's way, or they in its: false, with nothing wrong. */
static bool is_busy(const struct fail *fail)
{
	return strcmp(fail->code, "55P03") == 0 || strcmp(fail->code, "40001") == 0 ||
	       strcmp(fail->code, "40P01") == 0;
}

static bool delete_touches(struct ctl *ctl, struct postgres *postgres, struct result *result,
			   struct progress *progress, struct fail *fail)
{
	struct postgres_value values[3];
	bool begins = true;
	for (unsigned busy = 0; busy < BUSY_MAX;) {
		struct slice slice;
		size_t mark = ctl->arena.used;
		bool fits = postgres_value_int(&ctl->arena, POSTGRES_INT4, asked.months, &values[0]) &&
			    postgres_value_int(&ctl->arena, POSTGRES_INT8, SLICE, &values[1]) &&
			    postgres_value_int(&ctl->arena, POSTGRES_BOOL, begins, &values[2]);
		CHECK(fits);
		bool good =
			postgres_add(postgres, &step, values, on_slice, &slice, fail) && ctl_turn(postgres, fail);
		arena_back(&ctl->arena, mark);
		if (!good && !is_busy(fail)) {
			return false;
		}
		if (!good || !slice.ours) {
			busy++;
			poll(NULL, 0, BUSY_MS);
			continue;
		}
		busy = 0;
		begins = false;
		result->touches += slice.touches;
		result->kept_from_us = slice.kept_from_us;
		progress_show(progress, -1, "%" PRId64 " touches deleted", result->touches);
		if (!slice.again) {
			return postgres_add(postgres, &dropped, NULL, on_dropped, &result->months, fail) &&
			       ctl_turn(postgres, fail);
		}
	}
	return fail_set(
		fail, FAIL_RETRY, EXIT_AWAY,
		"somebody else holds what this needs, for a minute by now: what is done is done, try again");
}

static bool settle_months(const struct ctl *ctl)
{
	asked.months = asked.months < 0 ? ctl->conf.retention.touch_months : asked.months;
	return asked.months > 0;
}

/* What is gone stays away, also where the configuration keeps it: not by a digit too few. */
static bool may_delete(const struct ctl *ctl)
{
	int64_t kept = ctl->conf.retention.touch_months;
	bool is_less = asked.months > 0 && (kept == 0 || asked.months < kept);
	if (!is_less || asked.dry_run || asked.yes || !terminal_can_ask()) {
		return true;
	}
	printf("Touches of longer ago than %" PRId64 " months are deleted, and refused from now on, for good; ",
	       asked.months);
	if (kept > 0) {
		printf("%" PRId64 " months are kept by the configuration (retention.touch_months).\n", kept);
	} else {
		printf("all are kept by the configuration (retention.touch_months is 0).\n");
	}
	if (terminal_is_wanted()) {
		return true;
	}
	printf("nothing was deleted\n");
	return false;
}

static bool work(struct ctl *ctl, struct postgres *postgres, struct result *result, struct fail *fail)
{
	struct progress progress;
	bool done = true;
	result->any = settle_months(ctl);
	if (result->any && asked.dry_run) {
		done = count_touches(ctl, postgres, result, fail);
	} else if (result->any) {
		progress_begin(&progress, "retention", false);
		done = delete_touches(ctl, postgres, result, &progress, fail);
		progress_end(&progress);
	}
	return done && (ctl->conf.rejects.days == 0 || rejects_purge_old(ctl, postgres, ctl->conf.rejects.days,
									 asked.dry_run, &result->rejects, fail));
}

static void say(const struct result *result)
{
	const char *mood = asked.dry_run ? "would be deleted" : "deleted";
	char from[MOMENT_TEXT_SIZE] = "";
	if (result->any) {
		moment_print_second(result->kept_from_us, from);
	}
	if (asked.json) {
		json_line_print(json_pack("{so sI sI sI sb}", "kept_from",
					  json_line_moment(result->any ? result->kept_from_us : INT64_MIN),
					  "touches", (json_int_t)result->touches, "months",
					  (json_int_t)result->months, "rejects", (json_int_t)result->rejects,
					  "done", !asked.dry_run),
				0);
		return;
	}
	if (result->any) {
		printf("touches before %s: %" PRId64 " %s, %" PRId64 " months %s\n", from, result->touches, mood,
		       result->months, asked.dry_run ? "looked at" : "dropped");
	} else {
		printf("touches: all are kept (retention.touch_months is 0)\n");
	}
	printf("rejected messages: %" PRId64 " %s\n", result->rejects, mood);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	struct result result = {0};
	bool done = ctl_read_conf(ctl, &fail);
	if (done && !may_delete(ctl)) {
		return EXIT_DONE;
	}
	if (done && asked.dry_run && ctl->conf.postgres.reply_ms_max < COUNT_MS_MAX) {
		ctl->conf.postgres.reply_ms_max = COUNT_MS_MAX;
	}
	done = done && (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL &&
	       work(ctl, postgres, &result, &fail);
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	say(&result);
	return EXIT_DONE;
}

const struct command retention_command = {
	.words = "retention",
	.summary = "end at once what is kept no longer",
	.details =
		"The daemon does so by itself: touches of longer ago than retention.touch_months, a slice at a "
		"time, then\n"
		"their month's partition; and rows of rejected after rejects.days. Contacts are folded anew by "
		"the "
		"daemons\n"
		"as if what is gone had never come, and events of that time are refused (expired) from then on, "
		"also where\n"
		"more months are kept later. Needs phased_writer. Exit 69: somebody holds what it needs, try "
		"again.",
	.options = options,
	.run = run,
};

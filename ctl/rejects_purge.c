/*
 * phasectl rejects purge: what the daemon does by itself after rejects.days, by hand and at once.
 */
#include <inttypes.h>
#include <stdio.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/rejects.h"

#define SLICE 5000

static struct {
	int64_t days;
	bool dry_run;
} asked = {.days = -1};

static const struct option_about options[] = {
	{"days", "N", OPTION_NUMBER, &asked.days, 0, 100000,
	 "noted more than so many days ago; 0: all (default: rejects.days of the configuration)"},
	{"dry-run", NULL, OPTION_FLAG, &asked.dry_run, 0, 0, "only count them"},
	{0},
};

static const struct postgres_statement count_old = {
	.name = "count_old",
	.sql = "SELECT count(*) FROM phased.rejected WHERE noted_at < $1",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TIMESTAMPTZ, false}},
};
/* Rows that somebody tries again at this moment are left. */
static const struct postgres_statement purge = {
	.name = "purge",
	.sql = "WITH gone AS (DELETE FROM phased.rejected WHERE ctid = ANY (ARRAY (SELECT r.ctid FROM "
	       "phased.rejected r "
	       "WHERE r.noted_at < $1 ORDER BY r.noted_at LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1) SELECT "
	       "count(*) FROM gone",
	.parameter_count = 2,
	.parameters = {{POSTGRES_TIMESTAMPTZ, false}, {POSTGRES_INT8, false}},
};

static bool on_count(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(int64_t *)context = postgres_int(rows, 0, 0);
	return true;
}

bool rejects_purge_old(struct ctl *ctl, struct postgres *postgres, int64_t days, bool dry_run, int64_t *ret_count,
		       struct fail *fail)
{
	struct postgres_value values[2];
	int64_t before_us = moment_now_us() - days * MOMENT_DAY_US, gone;
	bool fits = postgres_value_moment(&ctl->arena, before_us, &values[0]) &&
		    postgres_value_int(&ctl->arena, POSTGRES_INT8, SLICE, &values[1]);
	CHECK(fits);
	*ret_count = 0;
	if (dry_run) {
		return postgres_add(postgres, &count_old, values, on_count, ret_count, fail) &&
		       ctl_turn(postgres, fail);
	}
	do { /* a transaction each */
		gone = 0;
		if (!postgres_add(postgres, &purge, values, on_count, &gone, fail) || !ctl_turn(postgres, fail)) {
			return false;
		}
		*ret_count += gone;
	} while (gone == SLICE);
	return true;
}

static bool settle_days(const struct ctl *ctl, struct fail *fail)
{
	if (asked.days < 0 && ctl->conf.rejects.days == 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"rejects.days is 0, which keeps them: say --days (see --help)");
	}
	asked.days = asked.days < 0 ? ctl->conf.rejects.days : asked.days;
	return true;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	int64_t count = 0;
	bool done = ctl_read_conf(ctl, &fail) && settle_days(ctl, &fail) &&
		    (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL &&
		    rejects_purge_old(ctl, postgres, asked.days, asked.dry_run, &count, &fail);
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	printf("%" PRId64 " row%s %s\n", count, count == 1 ? "" : "s",
	       asked.dry_run ? "would be deleted (not done)" : "deleted");
	return EXIT_DONE;
}

const struct command rejects_purge_command = {
	.words = "rejects purge",
	.summary = "delete old rows of rejected at once",
	.details = "The daemon does so by itself, rejects.days after they were noted. What is deleted can not be "
		   "tried "
		   "again.\n"
		   "Deletes 5,000 rows a transaction. Needs phased_writer.",
	.options = options,
	.run = run,
};

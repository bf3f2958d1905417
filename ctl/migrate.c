/*
 * phasectl migrate: brings a database to the schema that this program carries.
 *
 * Forward only, one transaction a file, recorded with the file's hash in phased.schema_version. Any number may run at
 * once: they take turns by an advisory lock, and the later ones find the work done. Refuses a database whose recorded
 * files differ from ours (somebody edited one) or go beyond ours (somebody has a newer phasectl).
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/edge/schema.h"
#include "ctl/ctl.h"
#include "ctl/schema_files.h"

#define FILE_MS_MAX (30 * 60 * 1000) /* one file on a database with years in it */
#define TRIES_MAX 30		     /* of 2 s each (the lock_timeout below) and a short pause */

static struct {
	bool dry_run, verify;
} asked;

static const struct option_about options[] = {
	{"dry-run", NULL, OPTION_FLAG, &asked.dry_run, 0, 0, "only say what would be applied"},
	{"verify", NULL, OPTION_FLAG, &asked.verify, 0, 0,
	 "only compare: exit 0 when all files are applied and unchanged,\n1 when some are not applied yet"},
	{0},
};

static const struct postgres_statement begin = {.name = "begin", .sql = "BEGIN", .simple = true};
static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};
static const struct postgres_statement rollback = {.name = "rollback", .sql = "ROLLBACK", .simple = true};
/* Whoever cannot have a lock soon makes everybody else wait behind them: give up early, come back later. */
static const struct postgres_statement limit_locks = {
	.name = "lock_timeout", .sql = "SELECT set_config('lock_timeout', '2s', true)", .simple = true};
static const struct postgres_statement take_turns = {
	.name = "take_turns",
	.sql = "SELECT pg_advisory_xact_lock(hashtextextended('phased.migrate', 0))",
	.simple = true};
static const struct postgres_statement is_there = {
	.name = "is_there", .sql = "SELECT to_regclass('phased.schema_version') IS NOT NULL", .simple = true};
static const struct postgres_statement applied_files = {
	.name = "applied_files",
	.sql = "SELECT version, sha256 FROM phased.schema_version ORDER BY version",
	.simple = true};
static const struct postgres_statement record = {
	.name = "record",
	.sql = "INSERT INTO phased.schema_version (version, name, sha256, applied_by) VALUES ($1, $2, $3, "
	       "session_user)",
	.parameter_count = 3,
	.parameters = {{POSTGRES_INT4, false}, {POSTGRES_TEXT, false}, {POSTGRES_TEXT, false}},
};

static bool on_is_there(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(bool *)context = postgres_count(rows) == 1 && postgres_int(rows, 0, 0) != 0;
	return true;
}

/* Context: unsigned, how many of our files are applied. */
static bool on_applied_files(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	unsigned *applied = context;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		int64_t version = postgres_int(rows, i, 0);
		if (version > schema_file_count) {
			return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
					"schema: the database is at version %" PRId64
					" or later, this program knows %u: install a newer phasectl",
					version, schema_file_count);
		}
		if (version != (int64_t)i + 1) {
			return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
					"schema: phased.schema_version lacks version %zu, but has %" PRId64, i + 1,
					version);
		}
		const struct schema_file *file = &schema_files[i];
		if (strcmp(postgres_text(rows, i, 1), file->sha256) != 0) {
			return fail_set(
				fail, FAIL_FATAL, EXIT_BAD_DATA,
				"schema: %s was edited after it was applied here (SHA-256 %.12s…, here %.12s…): "
				"a change belongs in a new file",
				file->name, file->sha256, postgres_text(rows, i, 1));
		}
	}
	*applied = (unsigned)postgres_count(rows);
	return true;
}

/* How many files are applied; in a transaction: of this moment, and for as long as it lasts. */
static bool look(struct postgres *postgres, bool in_transaction, unsigned *ret_applied, struct fail *fail)
{
	bool there = false;
	*ret_applied = 0;
	if (in_transaction && (!postgres_add(postgres, &begin, NULL, NULL, NULL, fail) ||
			       !postgres_add(postgres, &limit_locks, NULL, NULL, NULL, fail) ||
			       !postgres_add(postgres, &take_turns, NULL, NULL, NULL, fail))) {
		return false;
	}
	if (!postgres_add(postgres, &is_there, NULL, on_is_there, &there, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	return !there || (postgres_add(postgres, &applied_files, NULL, on_applied_files, ret_applied, fail) &&
			  ctl_turn(postgres, fail));
}

static bool apply(struct postgres *postgres, struct ctl *ctl, const struct schema_file *file, struct fail *fail)
{
	struct postgres_value values[3];
	size_t mark = ctl->arena.used;
	bool fits = postgres_value_int(&ctl->arena, POSTGRES_INT4, file->version, &values[0]) &&
		    postgres_value_text(file->name, &values[1]) && postgres_value_text(file->sha256, &values[2]);
	CHECK(fits);
	bool done = postgres_script(postgres, file->sql, fail) &&
		    postgres_add(postgres, &record, values, NULL, NULL, fail) &&
		    postgres_add(postgres, &commit, NULL, NULL, NULL, fail) && ctl_turn(postgres, fail);
	arena_back(&ctl->arena, mark);
	return done;
}

/* The next file that is not applied, in its transaction; none: *ret_done. */
static bool step(struct postgres *postgres, struct ctl *ctl, bool *ret_done, struct fail *fail)
{
	unsigned applied;
	int64_t begun_us = moment_monotonic_us();
	if (!look(postgres, true, &applied, fail)) {
		return false;
	}
	if (applied == schema_file_count) {
		*ret_done = true;
		return postgres_add(postgres, &commit, NULL, NULL, NULL, fail) && ctl_turn(postgres, fail);
	}
	const struct schema_file *file = &schema_files[applied];
	if (!apply(postgres, ctl, file, fail)) {
		fail_prefix(fail, "schema: %s", file->name);
		return false;
	}
	printf("%-24s applied in %" PRId64 " ms\n", file->name, (moment_monotonic_us() - begun_us) / 1000);
	return true;
}

/* The same, again and again while somebody else holds what it needs. */
static bool step_patiently(struct postgres *postgres, struct ctl *ctl, bool *ret_done, struct fail *fail)
{
	for (unsigned try = 1;; try++) {
		if (step(postgres, ctl, ret_done, fail)) {
			return true;
		}
		bool ours_again = postgres_state(postgres) == POSTGRES_IDLE &&
				  postgres_add(postgres, &rollback, NULL, NULL, NULL, NULL) &&
				  ctl_turn(postgres, NULL);
		bool busy = strcmp(fail->code, "55P03") == 0 || strncmp(fail->code, "40", 2) == 0;
		if (!ours_again || !busy || try == TRIES_MAX) {
			return false;
		}
		if (try == 1) {
			fprintf(stderr, "phasectl: somebody holds a lock that this needs; waiting\n");
		}
		poll(NULL, 0,
		     (int)(100 + moment_monotonic_us() % 400)); /* jitter: two of us must not stay in step */
	}
}

static int compare_only(struct postgres *postgres)
{
	struct fail fail;
	unsigned applied;
	if (!look(postgres, false, &applied, &fail)) {
		return ctl_complain(&fail);
	}
	for (unsigned i = 0; i < schema_file_count; i++) {
		if (i >= applied || asked.verify) {
			printf("%-24s %s\n", schema_files[i].name,
			       i < applied    ? "applied, unchanged"
			       : asked.verify ? "not applied"
					      : "would be applied");
		}
	}
	if (applied == schema_file_count) {
		printf("schema: version %u, nothing to do\n", applied);
		return EXIT_DONE;
	}
	return asked.verify ? EXIT_FOUND : EXIT_DONE;
}

static int bring_forward(struct postgres *postgres, struct ctl *ctl)
{
	struct fail fail;
	bool done = false;
	unsigned steps = 0;
	for (; !done; steps++) {
		if (!step_patiently(postgres, ctl, &done, &fail)) {
			return ctl_complain(&fail);
		}
	}
	printf("schema: version %u%s\n", schema_file_count, steps == 1 ? ", nothing to do" : "");
	return EXIT_DONE;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	if (!ctl_read_conf(ctl, &fail) || (postgres = ctl_connect(ctl, FILE_MS_MAX, &fail)) == NULL) {
		return ctl_complain(&fail);
	}
	int exit_code = asked.dry_run || asked.verify ? compare_only(postgres) : bring_forward(postgres, ctl);
	postgres_destroy(postgres);
	return exit_code;
}

const struct command migrate_command = {
	.words = "migrate",
	.summary = "bring the database to this program's schema",
	.details = "Applies the files of schema/ that are not applied yet, each in a transaction of its own. "
		   "Several may run\n"
		   "at once. The role needs CREATE on the database, and CREATEROLE where the roles of phased are "
		   "missing.\n"
		   "Exit 65: a file was edited after it was applied, or the database is newer than this program.",
	.options = options,
	.run = run,
};

/*
 * phasectl position set: where a group goes on in one partition.
 *
 * Takes the partition over as a daemon would, with a new epoch: the daemon that has it can commit nothing more from where it
 * stood, finds out, and claims it anew. Nothing counts twice by reading again; what is passed over is said.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_admin.h"
#include "core/edge/postgres.h"
#include "ctl/audit_note.h"
#include "ctl/ctl.h"
#include "ctl/position.h"

static struct {
	const char *topic, *to;
	int64_t partition;
	bool force, dry_run;
} asked = {.partition = -1};

static const struct option_about options[] = {
	{"topic", "TOPIC", OPTION_TEXT, &asked.topic, 0, 0, "of this topic"},
	{"partition", "N", OPTION_NUMBER, &asked.partition, 0, INT32_MAX, "this partition"},
	{"to", "WHERE", OPTION_TEXT, &asked.to, 0, 0,
	 "an offset; beginning: the oldest message there is; end: behind the\nnewest; or a time (RFC 3339): the "
	 "first message of it or later"},
	{"force", NULL, OPTION_FLAG, &asked.force, 0, 0,
	 "also where the log does not hold it, or Kafka cannot be asked"},
	{"dry-run", NULL, OPTION_FLAG, &asked.dry_run, 0, 0, "only say what would be done"},
	{0},
};

enum target_kind { TARGET_OFFSET, TARGET_BEGINNING, TARGET_END, TARGET_MOMENT };

struct target {
	enum target_kind kind;
	int64_t offset; /* what is stored */
};

/* What stands there now. */
struct stored {
	bool any;
	int64_t next, epoch;
};

static const struct postgres_statement begin = {.name = "begin", .sql = "BEGIN", .simple = true};
static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};
static const struct postgres_statement look = {
	.name = "look",
	.sql = "SELECT next_offset, epoch FROM phased.position WHERE grp = $1 AND topic = $2 AND partition = $3 "
	       "FOR "
	       "UPDATE",
	.parameter_count = 3,
	.parameters = {{POSTGRES_TEXT, false}, {POSTGRES_TEXT, false}, {POSTGRES_INT4, false}},
};
static const struct postgres_statement store = {
	.name = "store",
	.sql = "INSERT INTO phased.position AS p (grp, topic, partition, next_offset, epoch, owner, end_offset) "
	       "VALUES "
	       "($1, $2, $3, $4, 1, 'phasectl:' || session_user, -1) ON CONFLICT (grp, topic, partition) DO "
	       "UPDATE SET "
	       "next_offset = excluded.next_offset, epoch = p.epoch + 1, owner = excluded.owner, updated_at = "
	       "now()",
	.parameter_count = 4,
	.parameters = {{POSTGRES_TEXT, false},
		       {POSTGRES_TEXT, false},
		       {POSTGRES_INT4, false},
		       {POSTGRES_INT8, false}},
};

static bool on_stored(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct stored *stored = context;
	*stored = (struct stored){.any = postgres_count(rows) > 0};
	if (stored->any) {
		stored->next = postgres_int(rows, 0, 0);
		stored->epoch = postgres_int(rows, 0, 1);
	}
	return true;
}

static bool usage(struct fail *fail, const char *what)
{
	return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "%s", what);
}

static bool read_target(struct target *ret_target, struct kafka_bounds *bounds, struct fail *fail)
{
	if (asked.topic == NULL || asked.partition < 0 || asked.to == NULL) {
		return usage(fail, "expected --topic TOPIC --partition N --to OFFSET|beginning|end|TIME");
	}
	*bounds = (struct kafka_bounds){
		.topic = asked.topic, .partition = (int32_t)asked.partition, .at_us = INT64_MIN};
	char *end;
	errno = 0;
	int64_t offset = strtoll(asked.to, &end, 10);
	if (strcmp(asked.to, "beginning") == 0) {
		*ret_target = (struct target){TARGET_BEGINNING, POSITION_BEGINNING};
	} else if (strcmp(asked.to, "end") == 0) {
		*ret_target = (struct target){TARGET_END, -1};
	} else if (errno == 0 && end != asked.to && *end == '\0' && offset >= 0) {
		*ret_target = (struct target){TARGET_OFFSET, offset};
	} else if (moment_read(asked.to, &bounds->at_us)) {
		*ret_target = (struct target){TARGET_MOMENT, -1};
	} else {
		return usage(fail, "--to: expected an offset, beginning, end, or a time as 2026-11-25T20:00:00Z");
	}
	return true;
}

/* Asks Kafka what the log holds, and whether the target lies in it. */
static bool place_target(struct ctl *ctl, struct target *target, struct kafka_bounds *bounds, struct fail *fail)
{
	bool needs_log = target->kind == TARGET_END || target->kind == TARGET_MOMENT;
	if (!kafka_admin_bounds(ctl->conf.kafka.brokers, ctl->conf.kafka.properties, bounds, 1,
				POSITION_KAFKA_MS_MAX, fail)) {
		bounds->low = bounds->high = -1;
		return asked.force && !needs_log;
	}
	if (bounds->low < 0) {
		return (asked.force && !needs_log) ||
		       fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA, "%s/%d: Kafka has no such partition",
				bounds->topic, (int)bounds->partition);
	}
	target->offset = target->kind == TARGET_END	 ? bounds->high
			 : target->kind == TARGET_MOMENT ? bounds->at
							 : target->offset;
	if (target->kind == TARGET_OFFSET && !asked.force &&
	    (target->offset < bounds->low || target->offset > bounds->high)) {
		return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
				"%s/%d: %" PRId64 " is not in the log, which holds %" PRId64 " to %" PRId64
				" (--force sets it all the same; it would stop the partition)",
				bounds->topic, (int)bounds->partition, target->offset, bounds->low, bounds->high);
	}
	return true;
}

static void print_offset(int64_t offset, char ret_text[static 24])
{
	if (offset == POSITION_BEGINNING) {
		snprintf(ret_text, 24, "beginning");
	} else {
		snprintf(ret_text, 24, "%" PRId64, offset);
	}
}

/* What that means: read again, passed over, or neither. */
static void say(const struct stored *stored, const struct target *target, const struct kafka_bounds *bounds)
{
	char from[24] = "none", to[24];
	int64_t low = bounds->low;
	int64_t before = stored->any && stored->next != POSITION_BEGINNING ? stored->next : low;
	int64_t after = target->offset != POSITION_BEGINNING ? target->offset : low;
	if (stored->any) {
		print_offset(stored->next, from);
	}
	print_offset(target->offset, to);
	printf("%s/%d: %s → %s (epoch %" PRId64 " → %" PRId64 ")%s\n", bounds->topic, (int)bounds->partition, from,
	       to, stored->epoch, stored->epoch + 1, asked.dry_run ? ", not done: --dry-run" : "");
	if (before < 0 || after < 0) {
		printf("Kafka was not asked, or has no such partition: how many messages lie between is not "
		       "known.\n");
	} else if (low >= 0 && before < low && after >= low) {
		printf("%" PRId64 " messages from %" PRId64
		       " on are not in the log any more and were never applied.\n",
		       low - before, before);
		before = low;
	}
	if (before >= 0 && after > before) {
		printf("Passed over: the messages from %" PRId64 " to %" PRId64
		       ". They are never applied, unless the position is set back to %" PRId64
		       " while the log still holds them.\n",
		       before, after - 1, before);
	} else if (after >= 0 && after < before) {
		printf("Read again: the messages from %" PRId64 " to %" PRId64
		       ". Those that were applied are duplicates and change nothing; the counts of outcomes "
		       "grow.\n",
		       after, before - 1);
	}
}

static bool set(struct ctl *ctl, struct postgres *postgres, const struct target *target,
		const struct kafka_bounds *bounds, struct fail *fail)
{
	struct stored stored;
	struct postgres_value values[4];
	bool fits = postgres_value_text(ctl->conf.kafka.group, &values[0]) &&
		    postgres_value_text(bounds->topic, &values[1]) &&
		    postgres_value_int(&ctl->arena, POSTGRES_INT4, bounds->partition, &values[2]) &&
		    postgres_value_int(&ctl->arena, POSTGRES_INT8, target->offset, &values[3]);
	CHECK(fits);
	/* A batch under way is waited for: what it committed is what we say. */
	if (!postgres_add(postgres, &begin, NULL, NULL, NULL, fail) ||
	    !postgres_add(postgres, &look, values, on_stored, &stored, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	const char *place = arena_print(&ctl->arena, "%s/%d", bounds->topic, (int)bounds->partition);
	CHECK(place != NULL);
	if (!asked.dry_run &&
	    (!postgres_add(postgres, &store, values, NULL, NULL, fail) ||
	     !audit_note_add(ctl, postgres, "position set", place, fail,
			     "{\"from\": %" PRId64 ", \"to\": %" PRId64 "}",
			     stored.any ? stored.next : POSITION_BEGINNING, target->offset) ||
	     !postgres_add(postgres, &commit, NULL, NULL, NULL, fail) || !ctl_turn(postgres, fail))) {
		return false;
	}
	say(&stored, target, bounds);
	return true;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct target target = {0};
	struct kafka_bounds bounds = {0};
	struct postgres *postgres = NULL;
	bool done = read_target(&target, &bounds, &fail) && ctl_read_conf_for_kafka(ctl, &fail) &&
		    place_target(ctl, &target, &bounds, &fail) &&
		    (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL &&
		    set(ctl, postgres, &target, &bounds, &fail);
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command position_set_command = {
	.words = "position set",
	.summary = "say where the daemons go on in a partition",
	.details = "For a partition that has stopped, since its position is not in the log any more; to read "
		   "again, or to "
		   "pass over what\n"
		   "must not be read. A running daemon goes on there within seconds, without a restart. Reading "
		   "again counts "
		   "nothing\n"
		   "twice. Needs phased_writer.",
	.options = options,
	.run = run,
};

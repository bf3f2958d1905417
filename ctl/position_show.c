/*
 * phasectl position show: how far the group has come in each partition, beside what the logs hold.
 *
 * Only reads. A Kafka that is away costs its columns, not the command.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_admin.h"
#include "core/edge/postgres.h"
#include "ctl/ctl.h"
#include "ctl/json_line.h"
#include "ctl/position.h"
#include "ctl/terminal.h"

static struct {
	bool json;
} asked;

static const struct option_about options[] = {
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line"},
	{0},
};

struct position {
	const char *topic, *owner;
	int64_t partition, next, end, epoch; /* end: as its daemon last heard, -1: never */
	int64_t oldest_us, updated_us;	     /* oldest: INT64_MIN: nothing was applied yet */
};

struct positions {
	struct arena *arena;
	struct position *rows;
	struct kafka_bounds *bounds; /* one each; low -2: not known */
	size_t count;
	int64_t now_us;
};

static const struct postgres_statement list_positions = {
	.name = "list_positions",
	.sql = "SELECT topic, partition, next_offset, end_offset, epoch, owner, oldest, updated_at, now() FROM "
	       "phased.position WHERE grp = $1 ORDER BY topic, partition",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TEXT, false}},
};

static const char *copy(struct arena *arena, const struct postgres_rows *rows, size_t row, unsigned column)
{
	const char *text = postgres_text(rows, row, column);
	return arena_text(arena, text, strlen(text));
}

static bool on_positions(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct positions *positions = context;
	size_t count = postgres_count(rows);
	positions->rows = arena_zero(positions->arena, count + 1, sizeof(*positions->rows));
	positions->bounds = arena_zero(positions->arena, count + 1, sizeof(*positions->bounds));
	bool fits = positions->rows != NULL && positions->bounds != NULL;
	for (size_t i = 0; fits && i < count; i++) {
		struct position *position = &positions->rows[i];
		*position = (struct position){
			.topic = copy(positions->arena, rows, i, 0),
			.partition = postgres_int(rows, i, 1),
			.next = postgres_int(rows, i, 2),
			.end = postgres_int(rows, i, 3),
			.epoch = postgres_int(rows, i, 4),
			.owner = copy(positions->arena, rows, i, 5),
			.oldest_us = postgres_is_null(rows, i, 6) ? INT64_MIN : postgres_moment(rows, i, 6),
			.updated_us = postgres_moment(rows, i, 7),
		};
		positions->now_us = postgres_moment(rows, i, 8);
		positions->bounds[i] = (struct kafka_bounds){.topic = position->topic,
							     .partition = (int32_t)position->partition,
							     .at_us = INT64_MIN,
							     .low = -2,
							     .high = -2};
		fits = position->topic != NULL && position->owner != NULL;
	}
	positions->count = count;
	return fits || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "positions do not fit into memory");
}

static bool load(struct ctl *ctl, struct positions *positions, struct fail *fail)
{
	struct postgres_value group;
	postgres_value_text(ctl->conf.kafka.group, &group);
	struct postgres *postgres = ctl_connect_to_schema(ctl, fail);
	bool good = postgres != NULL &&
		    postgres_add(postgres, &list_positions, &group, on_positions, positions, fail) &&
		    ctl_turn(postgres, fail);
	postgres_destroy(postgres);
	return good;
}

/* Known, there or not. */
static bool has_bounds(const struct kafka_bounds *bounds)
{
	return bounds->low != -2;
}

/* Messages that wait; -1: cannot be told. */
static int64_t lag_of(const struct position *position, const struct kafka_bounds *bounds)
{
	int64_t end = bounds->high >= 0 ? bounds->high : position->end;
	int64_t from = position->next != POSITION_BEGINNING ? position->next : bounds->low;
	return end < 0 || from < 0 ? -1 : end > from ? end - from : 0;
}

/* Where a position stands that its log does not hold. */
static const char *state_of(const struct position *position, const struct kafka_bounds *bounds)
{
	return !has_bounds(bounds)		      ? "unknown"
	       : bounds->low < 0		      ? "no such partition"
	       : position->next == POSITION_BEGINNING ? "in log"
	       : position->next < bounds->low	      ? "before log"
	       : position->next > bounds->high	      ? "after log"
						      : "in log";
}

static void print_json(const char *group, const struct position *position, const struct kafka_bounds *bounds)
{
	json_t *object =
		json_pack("{ss ss sI sI so so sI ss so so so so ss}", "group", group, "topic", position->topic,
			  "partition", (json_int_t)position->partition, "next_offset", (json_int_t)position->next,
			  "end_offset", json_line_number(position->end), "lag",
			  json_line_number(lag_of(position, bounds)), "epoch", (json_int_t)position->epoch,
			  "owner", position->owner, "oldest", json_line_moment(position->oldest_us), "updated_at",
			  json_line_moment(position->updated_us), "low", json_line_number(bounds->low), "high",
			  json_line_number(bounds->high), "state", state_of(position, bounds));
	json_line_print(object, 0);
}

/* ---- Table ---- */

static const struct terminal_column columns[] = {
	{"PARTITION", 22, false, false}, {"NEXT", 11, true, false}, {"LAG", 9, true, false},
	{"LOG", 20, true, false},	 {"EPOCH", 5, true, false}, {"APPLIED", 7, true, false},
	{"OWNER", 20, false, false},
};

static void print_row(const struct positions *positions, size_t i)
{
	const struct position *position = &positions->rows[i];
	const struct kafka_bounds *bounds = &positions->bounds[i];
	char name[320], next[24] = "beginning", lag[24] = "", log[48] = "", epoch[24], age[TERMINAL_AGE_SIZE] = "";
	int64_t waiting = lag_of(position, bounds);
	snprintf(name, sizeof(name), "%s/%" PRId64, position->topic, position->partition);
	if (position->next != POSITION_BEGINNING) {
		snprintf(next, sizeof(next), "%" PRId64, position->next);
	}
	if (waiting >= 0) {
		snprintf(lag, sizeof(lag), "%" PRId64, waiting);
	}
	if (bounds->low >= 0) {
		snprintf(log, sizeof(log), "%" PRId64 "…%" PRId64, bounds->low, bounds->high);
	}
	snprintf(epoch, sizeof(epoch), "%" PRId64, position->epoch);
	if (position->oldest_us != INT64_MIN) {
		terminal_age((double)(positions->now_us - position->oldest_us) / (double)MOMENT_SECOND_US, age);
	}
	const char *const cells[] = {name, next, lag, log, epoch, age, position->owner};
	const char *state = state_of(position, bounds);
	bool lies_in = strcmp(state, "in log") == 0 || strcmp(state, "unknown") == 0;
	terminal_row(columns, COUNT_OF(columns), cells, lies_in ? TERMINAL_PLAIN : TERMINAL_YELLOW,
		     lies_in ? "" : state);
}

static void print_all(const char *group, const struct positions *positions)
{
	if (!asked.json && positions->count > 0) {
		terminal_start();
		terminal_titles(columns, COUNT_OF(columns));
	}
	int64_t lag = 0;
	size_t outside = 0;
	for (size_t i = 0; i < positions->count; i++) {
		if (asked.json) {
			print_json(group, &positions->rows[i], &positions->bounds[i]);
			continue;
		}
		print_row(positions, i);
		int64_t own = lag_of(&positions->rows[i], &positions->bounds[i]);
		const char *state = state_of(&positions->rows[i], &positions->bounds[i]);
		lag += own > 0 ? own : 0;
		outside += strcmp(state, "in log") != 0 && strcmp(state, "unknown") != 0 ? 1 : 0;
	}
	if (!asked.json) {
		printf("group %s: %zu partition%s, %" PRId64 " waiting", group, positions->count,
		       positions->count == 1 ? "" : "s", lag);
		printf(outside > 0 ? ", %zu not in the log: see phasectl position set --help\n" : "\n", outside);
	}
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct positions positions = {.arena = &ctl->arena};
	if (!ctl_read_conf_for_kafka(ctl, &fail) || !load(ctl, &positions, &fail)) {
		fail_prefix(&fail, "position show");
		return ctl_complain(&fail);
	}
	if (positions.count > 0 &&
	    !kafka_admin_bounds(ctl->conf.kafka.brokers, ctl->conf.kafka.properties, positions.bounds,
				positions.count, POSITION_KAFKA_MS_MAX, &fail)) {
		fprintf(stderr, "phasectl: position show: %s: what the logs hold is not shown\n", fail.text);
		for (size_t i = 0; i < positions.count; i++) {
			positions.bounds[i].low = positions.bounds[i].high = -2;
		}
	}
	print_all(ctl->conf.kafka.group, &positions);
	return EXIT_DONE;
}

const struct command position_show_command = {
	.words = "position show",
	.summary = "how far the daemons have come in each partition",
	.details = "NEXT is the offset that is read next, LOG what the partition's log holds, APPLIED how old the "
		   "last "
		   "applied\n"
		   "message is, OWNER who claimed the partition last. A position that its log does not hold has "
		   "stopped "
		   "its\n"
		   "partition: phasectl position set is the way on. Needs phased_monitor or phased_writer.",
	.options = options,
	.run = run,
};

/*
 * phasectl audit: who did what to what is held, and whether that list is as it was written.
 *
 * Each row carries the hash of the one before it. They are worked out anew here, not by the database that is to be proved.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "ctl/ctl.h"
#include "ctl/json_line.h"
#include "ctl/terminal.h"

#define TABLE_ROWS_MAX 100 /* unless --limit says otherwise */
#define PAGE 1000
#define HASH_TEXT_SIZE (2 * HASH_SIZE + 1)

static struct {
	bool verify, json;
	int64_t limit;
	const char *holds;
} asked;

static const struct option_about options[] = {
	{"verify", NULL, OPTION_FLAG, &asked.verify, 0, 0,
	 "only say whether the list is as it was written: exit 1 where it is not"},
	{"holds", "ROW", OPTION_TEXT, &asked.holds, 0, 0,
	 "with --verify: this row, as --verify named the last one then, must still be\nthere (a list that was cut "
	 "short is unbroken, too)"},
	{"limit", "N", OPTION_NUMBER, &asked.limit, 1, INT64_C(1000000000),
	 "the last so many rows (default: 100; with --json all)"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line"},
	{0},
};

static const struct postgres_statement list = {
	.name = "list",
	.sql = "SELECT id, at, what, about, counts::text, who, previous, hash FROM phased.audit WHERE id > $1 "
	       "ORDER BY id LIMIT $2",
	.parameter_count = 2,
	.parameters = {{POSTGRES_INT8, false}, {POSTGRES_INT8, false}},
};
static const struct postgres_statement first_shown = {
	.name = "first_shown",
	.sql = "SELECT coalesce(max(id) - $1, 0) FROM phased.audit",
	.parameter_count = 1,
	.parameters = {{POSTGRES_INT8, false}},
};

/* A row; its texts are of the page that it came with. */
struct line {
	int64_t id, at_us;
	const char *what, *about, *counts, *who;
	const uint8_t *previous, *hash;
	size_t previous_size, hash_size;
};

/* How far it has been read. */
struct reading {
	struct arena *arena;
	int64_t last_id;
	uint64_t rows;
	uint8_t last_hash[HASH_SIZE];
	bool broken;
	int64_t held_id; /* of --holds; 0: none */
	char held_hash[HASH_TEXT_SIZE];
	bool held;
	size_t page_rows;
};

static void read_line(const struct postgres_rows *rows, size_t i, struct line *ret_line)
{
	*ret_line = (struct line){
		.id = postgres_int(rows, i, 0),
		.at_us = postgres_moment(rows, i, 1),
		.what = postgres_text(rows, i, 2),
		.about = postgres_text(rows, i, 3),
		.counts = postgres_text(rows, i, 4),
		.who = postgres_text(rows, i, 5),
	};
	ret_line->previous = postgres_bytes(rows, i, 6, &ret_line->previous_size);
	ret_line->hash = postgres_bytes(rows, i, 7, &ret_line->hash_size);
}

static void print_hash(const uint8_t *hash, size_t size, char ret_text[static HASH_TEXT_SIZE])
{
	ret_text[0] = '\0';
	for (size_t i = 0; i < size && i < HASH_SIZE; i++) {
		snprintf(ret_text + 2 * i, 3, "%02x", hash[i]);
	}
}

/* ---- the list ---- */

static const struct terminal_column columns[] = {
	{"ROW", 6, true, true},	   {"AT", 20, false, true},	{"WHO", 16, false, false},
	{"WHAT", 19, false, true}, {"COUNTS", 32, false, true},
};

static void show_json(const struct line *line)
{
	char hash[HASH_TEXT_SIZE];
	print_hash(line->hash, line->hash_size, hash);
	json_t *counts = json_loads(line->counts, 0, NULL);
	json_line_print(json_pack("{sI so ss ss ss so ss}", "row", (json_int_t)line->id, "at",
				  json_line_moment(line->at_us), "who", line->who, "what", line->what, "about",
				  line->about, "counts", counts != NULL ? counts : json_null(), "hash", hash),
			0);
}

/* {"rows": 3, "touches": 40} → "rows 3, touches 40" */
static const char *words_of(const struct line *line, struct arena *arena)
{
	const char *words = "", *name;
	json_t *counts = json_loads(line->counts, 0, NULL), *count;
	json_object_foreach(counts, name, count)
	{
		words = arena_print(arena, "%s%s%s %.0f", words, words[0] != '\0' ? ", " : "", name,
				    json_number_value(count));
		CHECK(words != NULL);
	}
	json_decref(counts);
	return words;
}

static void show_row(const struct line *line, struct arena *arena)
{
	char id[24], at[MOMENT_TEXT_SIZE];
	snprintf(id, sizeof(id), "%" PRId64, line->id);
	moment_print_second(line->at_us, at);
	const char *const cells[] = {id, at, line->who, line->what, words_of(line, arena)};
	terminal_row(columns, COUNT_OF(columns), cells, TERMINAL_PLAIN, line->about);
}

static bool on_list(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct reading *reading = context;
	(void)fail;
	reading->page_rows = postgres_count(rows);
	for (size_t i = 0; i < reading->page_rows; i++) {
		struct line line;
		read_line(rows, i, &line);
		if (!asked.json && reading->rows == 0) {
			terminal_titles(columns, COUNT_OF(columns));
		}
		if (asked.json) {
			show_json(&line);
		} else {
			show_row(&line, reading->arena);
		}
		reading->last_id = line.id;
		reading->rows++;
	}
	return true;
}

/* ---- the proof ---- */

static void work_out(const struct line *line, struct arena *arena, uint8_t ret_hash[static HASH_SIZE])
{
	const char *text = arena_print(arena, "%" PRId64 "\n%" PRId64 "\n%s\n%s\n%s\n%s", line->id, line->at_us,
				       line->what, line->about, line->counts, line->who);
	CHECK(text != NULL);
	size_t size = strlen(text);
	uint8_t *all = arena_take(arena, line->previous_size + size + 1);
	CHECK(all != NULL);
	memcpy(all, line->previous, line->previous_size);
	memcpy(all + line->previous_size, text, size);
	hash_sha256(all, line->previous_size + size, ret_hash);
}

static void find(struct reading *reading, int64_t id, const char *what)
{
	if (asked.json) {
		json_line_print(json_pack("{sI ss}", "row", (json_int_t)id, "broken", what), 0);
	} else {
		printf("row %" PRId64 ": %s\n", id, what);
	}
	reading->broken = true;
}

static void prove(struct reading *reading, const struct line *line)
{
	uint8_t hash[HASH_SIZE];
	char text[HASH_TEXT_SIZE];
	work_out(line, reading->arena, hash);
	print_hash(line->hash, line->hash_size, text);
	if (line->id != reading->last_id + 1) {
		find(reading, reading->last_id + 1, "is not there");
	}
	if (line->previous_size != HASH_SIZE || memcmp(line->previous, reading->last_hash, HASH_SIZE) != 0) {
		find(reading, line->id, "does not follow what stands before it");
	}
	if (line->hash_size != HASH_SIZE || memcmp(line->hash, hash, HASH_SIZE) != 0) {
		find(reading, line->id, "was changed after it was written");
	}
	reading->held = reading->held || (line->id == reading->held_id && strcmp(text, reading->held_hash) == 0);
	memcpy(reading->last_hash, hash, HASH_SIZE);
	reading->last_id = line->id;
	reading->rows++;
}

static bool on_proof(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct reading *reading = context;
	(void)fail;
	reading->page_rows = postgres_count(rows);
	size_t mark = reading->arena->used;
	for (size_t i = 0; i < reading->page_rows; i++) {
		struct line line;
		read_line(rows, i, &line);
		prove(reading, &line);
		arena_back(reading->arena, mark);
	}
	return true;
}

static void sum_up(struct reading *reading)
{
	char hash[HASH_TEXT_SIZE], last[HASH_TEXT_SIZE + 24]; /* as --holds takes it */
	print_hash(reading->last_hash, HASH_SIZE, hash);
	snprintf(last, sizeof(last), "%" PRId64 ":%s", reading->last_id, hash);
	if (reading->held_id != 0 && !reading->held) {
		find(reading, reading->held_id, "is not there as it was noted");
	}
	if (asked.json) {
		json_line_print(json_pack("{sI sb ss?}", "rows", (json_int_t)reading->rows, "unbroken",
					  !reading->broken, "last", reading->rows > 0 ? last : NULL),
				0);
	} else if (!reading->broken && reading->rows == 0) {
		printf("nothing was noted yet\n");
	} else {
		printf("%" PRIu64 " rows, %s; the last one is %s\n", reading->rows,
		       reading->broken ? "not as they were written" : "unbroken", last);
	}
}

/* ---- both ---- */

static bool read_all(struct ctl *ctl, struct postgres *postgres, struct reading *reading, struct fail *fail)
{
	size_t mark = ctl->arena.used;
	do {
		struct postgres_value values[2];
		arena_back(&ctl->arena, mark);
		bool fits = postgres_value_int(&ctl->arena, POSTGRES_INT8, reading->last_id, &values[0]) &&
			    postgres_value_int(&ctl->arena, POSTGRES_INT8, PAGE, &values[1]);
		CHECK(fits);
		if (!postgres_add(postgres, &list, values, asked.verify ? on_proof : on_list, reading, fail) ||
		    !ctl_turn(postgres, fail)) {
			return false;
		}
	} while (reading->page_rows == PAGE && !ferror(stdout));
	return true;
}

static bool on_first(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	int64_t first = postgres_int(rows, 0, 0);
	*(int64_t *)context = first > 0 ? first : 0;
	return true;
}

/* Behind which row the list begins. */
static bool find_first(struct ctl *ctl, struct postgres *postgres, struct reading *reading, struct fail *fail)
{
	struct postgres_value value;
	int64_t limit = asked.limit > 0 ? asked.limit : TABLE_ROWS_MAX;
	if (asked.verify || (asked.json && asked.limit == 0)) {
		return true;
	}
	bool fits = postgres_value_int(&ctl->arena, POSTGRES_INT8, limit, &value);
	CHECK(fits);
	return postgres_add(postgres, &first_shown, &value, on_first, &reading->last_id, fail) &&
	       ctl_turn(postgres, fail);
}

/* "41:9f86d0…", as sum_up() prints it. */
static bool read_held(struct reading *reading, struct fail *fail)
{
	if (asked.holds == NULL) {
		return true;
	}
	char *end;
	reading->held_id = strtoll(asked.holds, &end, 10);
	if (!asked.verify || reading->held_id <= 0 || *end != ':' || strlen(end + 1) != 2 * HASH_SIZE ||
	    strspn(end + 1, "0123456789abcdef") != 2 * HASH_SIZE) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"--holds: expected a row as --verify prints the last one, and --verify");
	}
	memcpy(reading->held_hash, end + 1, HASH_TEXT_SIZE);
	return true;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	struct reading reading = {.arena = &ctl->arena};
	terminal_start();
	bool done = read_held(&reading, &fail) && ctl_read_conf(ctl, &fail) &&
		    (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL &&
		    find_first(ctl, postgres, &reading, &fail) && read_all(ctl, postgres, &reading, &fail);
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	if (asked.verify) {
		sum_up(&reading);
	} else if (reading.rows == 0 && !asked.json) {
		printf("nothing was noted yet\n");
	}
	return reading.broken ? EXIT_FOUND : EXIT_DONE;
}

const struct command audit_command = {
	.words = "audit",
	.summary = "who did what to what is held, and whether that list is unbroken",
	.details =
		"A row for each erasure, export, join, split, end of what is kept no longer, model, lists of "
		"accounts,\nposition, and judgement about machines: database user, command, how many; never about "
		"whom. Each row\ncarries the hash of the one before it; --verify works them all out anew, and "
		"names "
		"the last one: noted\nsomewhere else, it proves later (--holds) that nothing was cut off. Needs "
		"phased_privacy or phased_monitor.\nExit 1: a row was changed, taken out or put in.",
	.options = options,
	.run = run,
};

/*
 * phasectl export: everything that is held about whoever goes by an address, as JSON.
 *
 * By the list that erasing goes by (core/model/held.def), and of the same actors and stretches of shared browsers: what is given out is what
 * `phasectl erase` would delete. Read as of one moment, a page at a time: memory does not grow with how much it is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/erase.h"
#include "core/edge/postgres.h"
#include "core/flow/erasing.h"
#include "ctl/audit_note.h"
#include "ctl/erase.h"

#define PAGE "1000"
#define READ_MS_MAX (30 * 60 * 1000) /* the first page comes when all has been put in order */

static struct {
	bool json;
} asked;

static const struct option_about options[] = {
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "a row a line: {\"table\", \"row\"}"},
	{0},
};

static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};
static const struct postgres_statement fetch = {
	.name = "fetch", .sql = "FETCH " PAGE " FROM held", .simple = true};

/* A row of JSON begins with its shortest name: where rows have a moment "at", they come in its order. What several columns find is one
 * row. Of shared browsers: touches of the stretches $2 to $4; and what all these touches were about. */
#define HELD(table, column, fate) \
	" UNION SELECT '" #table "', to_jsonb(t)::text FROM phased." #table " t WHERE t." #column " = ANY ($1)"
/* What stands beside them of those stretches. */
#define BESIDE(table) \
	" UNION SELECT '" #table \
	"', to_jsonb(t)::text FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS r " \
	"(actor_id, from_at, at) CROSS JOIN LATERAL (SELECT * FROM phased." #table \
	" t WHERE t.actor_id = r.actor_id AND " \
	"t.at >= r.from_at AND t.at <= r.at OFFSET 0) AS t"
/* Conversations are whose the first question is. */
#define THEIR_THREADS \
	" UNION SELECT 'thread', to_jsonb(h)::text FROM unnest($2::uuid[], $3::timestamptz[], " \
	"$4::timestamptz[]) AS r " \
	"(actor_id, from_at, at) CROSS JOIN LATERAL (SELECT * FROM phased.thread h WHERE h.actor_id = " \
	"r.actor_id AND " \
	"coalesce(h.asked, h.started) >= r.from_at AND coalesce(h.asked, h.started) <= r.at OFFSET 0) AS h"
#define THEIR_TOUCHES \
	"(SELECT * FROM phased.touch t WHERE t.actor_id = ANY ($1) UNION ALL SELECT t.* FROM unnest($2::uuid[], " \
	"$3::timestamptz[], $4::timestamptz[]) AS r (actor_id, from_at, at) CROSS JOIN LATERAL (SELECT * FROM " \
	"phased.touch t WHERE t.actor_id = r.actor_id AND t.at >= r.from_at AND t.at <= r.at OFFSET 0) AS t)"
static const struct postgres_statement declare = {
	.name = "declare",
	.sql = "DECLARE held NO SCROLL CURSOR FOR SELECT h.name, h.row FROM (SELECT 'touch', to_jsonb(t)::text "
	       "FROM " THEIR_TOUCHES " AS t UNION SELECT 'subject', to_jsonb(s)::text FROM (SELECT DISTINCT "
	       "t.subject_id FROM " THEIR_TOUCHES " AS t) AS k JOIN phased.subject s ON s.subject_id = "
	       "k.subject_id" BESIDE(thread_touch) BESIDE(cost) THEIR_THREADS
#include "core/model/held.def"
	") AS h (name, row) ORDER BY h.name, h.row",
	.parameter_count = 4,
	.parameters = {{POSTGRES_UUID, true},
		       {POSTGRES_UUID, true},
		       {POSTGRES_TIMESTAMPTZ, true},
		       {POSTGRES_TIMESTAMPTZ, true}},
};
#undef HELD
static const struct postgres_statement raw = {
	.name = "raw",
	.sql = "SELECT 'rejected_raw', jsonb_set(to_jsonb(r), '{value}', to_jsonb(encode(r.value, "
	       "'escape')))::text "
	       "FROM phased.rejected_raw r WHERE r.topic = $1 AND r.partition = $2 AND r.\"offset\" = $3",
	.parameter_count = 3,
	.parameters = {{POSTGRES_TEXT, false}, {POSTGRES_INT4, false}, {POSTGRES_INT8, false}},
};

/* How far it is printed. */
struct printing {
	char table[64]; /* of the last row; "": there was none */
	uint64_t rows;
	size_t page_rows;
};

static bool on_rows(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct printing *printing = context;
	(void)fail;
	printing->page_rows = postgres_count(rows);
	for (size_t i = 0; i < printing->page_rows; i++) {
		const char *table = postgres_text(rows, i, 0), *row = postgres_text(rows, i, 1);
		bool is_same = strcmp(table, printing->table) == 0;
		if (asked.json) {
			printf("{\"table\":\"%s\",\"row\":%s}\n", table, row);
		} else if (is_same) {
			printf(",\n    %s", row);
		} else {
			printf("%s\n  \"%s\": [\n    %s", printing->rows == 0 ? "{" : "\n  ],", table, row);
		}
		snprintf(printing->table, sizeof(printing->table), "%s", table);
		printing->rows++;
	}
	return true;
}

/* What erasing them would take: actors that go whole, and stretches of others. */
struct theirs {
	const struct ledger_row *rows;
	size_t row_count;
	const struct uuid *actors; /* all of them, sorted */
	size_t actor_count;
};

static bool no_memory(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "what it concerns does not fit into memory");
}

static bool find(struct ctl *ctl, struct postgres *postgres, const struct erase_person *person,
		 struct theirs *ret_theirs, struct fail *fail)
{
	struct erase erase = {.arena = &ctl->arena, .actors = person->ids, .actor_count = person->count};
	if (!erase_ask(postgres, &erase, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	if (!erasing_concern(&erase)) {
		return no_memory(fail);
	}
	if (!erase_measure(postgres, &erase, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	if (!erasing_plan(&erase, moment_now_us(), "{}")) {
		return no_memory(fail);
	}
	*ret_theirs = (struct theirs){erase.ledger, erase.ledger_count, erase.actors, erase.actor_count};
	return true;
}

/* Whole actors, and stretches of the others. */
static void make_values(struct ctl *ctl, const struct theirs *theirs, struct postgres_value ret_values[static 4])
{
	struct postgres_array *arrays = arena_array(&ctl->arena, 4, sizeof(*arrays));
	CHECK(arrays != NULL);
	for (unsigned i = 0; i < 4; i++) {
		postgres_array_init(&arrays[i], &ctl->arena, i < 2 ? POSTGRES_UUID : POSTGRES_TIMESTAMPTZ,
				    theirs->row_count);
	}
	for (size_t i = 0; i < theirs->row_count; i++) {
		const struct ledger_row *row = &theirs->rows[i];
		if (row->from_us == INT64_MIN) {
			postgres_array_uuid(&arrays[0], &row->actor_id);
		} else {
			postgres_array_uuid(&arrays[1], &row->actor_id);
			postgres_array_moment(&arrays[2], row->from_us);
			postgres_array_moment(&arrays[3], row->at_us);
		}
	}
	for (unsigned i = 0; i < 4; i++) {
		bool fits = postgres_array_value(&arrays[i], &ret_values[i]);
		CHECK(fits);
	}
}

static bool print_all(struct ctl *ctl, struct postgres *postgres, const struct erase_person *person,
		      const struct theirs *theirs, struct printing *printing, struct fail *fail)
{
	struct postgres_value values[4];
	int64_t rejects;
	make_values(ctl, theirs, values);
	if (!postgres_add(postgres, &declare, values, NULL, NULL, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	do {
		if (!postgres_add(postgres, &fetch, NULL, on_rows, printing, fail) || !ctl_turn(postgres, fail)) {
			return false;
		}
	} while (printing->page_rows > 0 && !ferror(stdout));
	return erase_rejects_each(ctl, postgres, person, theirs->actors, theirs->actor_count, &raw, on_rows,
				  printing, &rejects, fail) &&
	       postgres_add(postgres, &commit, NULL, NULL, NULL, fail) && ctl_turn(postgres, fail);
}

/* Noted before anything is given out. */
static bool export(struct ctl *ctl, struct postgres *postgres, struct erase_person *person,
		   struct printing *printing, struct fail *fail)
{
	struct theirs theirs = {0};
	return audit_note_add(ctl, postgres, "export", "", fail, "{\"persons\": 1}") && ctl_turn(postgres, fail) &&
	       ctl_begin_reading(postgres, fail) && erase_person_find(ctl, postgres, person, fail) &&
	       find(ctl, postgres, person, &theirs, fail) &&
	       print_all(ctl, postgres, person, &theirs, printing, fail);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct erase_person person = {0};
	struct printing printing = {0};
	struct postgres *postgres = NULL;
	bool done = ctl_read_conf(ctl, &fail) && erase_person_read(ctl, &person, &fail);
	if (done && ctl->conf.postgres.reply_ms_max < READ_MS_MAX) {
		ctl->conf.postgres.reply_ms_max = READ_MS_MAX;
	}
	done = done && (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL &&
	       export(ctl, postgres, &person, &printing, &fail);
	postgres_destroy(postgres);
	erase_person_finish(&person);
	if (done && printing.rows == 0) {
		done = fail_set(&fail, FAIL_FATAL, EXIT_FOUND, "nothing is held of whoever goes by this address");
	}
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	if (!asked.json) {
		printf("\n  ]\n}\n");
	}
	return EXIT_DONE;
}

const struct command export_command = {
	.words = "export",
	.summary = "all that is held of whoever goes by an address on stdin, as JSON",
	.details = "One object: a list of rows for each table, of their identifiers, of their browsers and, of a "
		   "browser that\n"
		   "others use as well, of what was theirs; and what their touches were about. It is what erase "
		   "would "
		   "delete. With\n"
		   "--json a row a line. Needs phased_privacy and the identity key; it is noted in the audit. "
		   "Exit 1: nothing is\n"
		   "held of them.",
	.options = options,
	.run = run,
};

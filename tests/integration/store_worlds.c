/*
 * The worlds of tests/daemon against a real PostgreSQL: the same messages, batches and oracle, but each turn is the
 * store's own SQL. What differs from the stand-in there would show here.
 *
 *	store_worlds CONNINFO FIRST COUNT	as a superuser, on a migrated database of its own, which it empties
 *
 * Works as phased_writer, as the daemon does. Exit 0: all are as expected; 1: stdout says what is not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "tests/daemon/oracle.h"

#define EMPTY \
	"RESET ROLE; TRUNCATE phased.actor, phased.claim, phased.consent, phased.declared, phased.contact, " \
	"phased.stretch, " \
	"phased.subject, phased.subject_rule, phased.touch, phased.phase, phased.phase_change, " \
	"phased.outcome_day, " \
	"phased.rejected, phased.position, phased.erasure, phased.model; "

static struct world world;
static struct drive drive;
static struct plan plan;
static struct arena plan_arena, run_arena;
static struct postgres *postgres;

static void need(bool good, const struct fail *fail)
{
	if (!good) {
		fprintf(stderr, "%s\n", fail->text);
		exit(1);
	}
}

/* ---- what is there before ---- */

static void put_model(void)
{
	static const struct postgres_statement insert = {
		.name = "insert_model",
		.sql = "INSERT INTO phased.model (version, text, in_force) VALUES ($1, 'of a test', true)",
		.parameter_count = 1,
		.parameters = {{POSTGRES_INT8, false}}};
	struct postgres_value value;
	struct fail fail;
	CHECK(postgres_value_int(&run_arena, POSTGRES_INT8, (int64_t)drive_model(&drive)->model->version, &value));
	need(postgres_add(postgres, &insert, &value, NULL, NULL, &fail) && postgres_send(postgres, &fail) &&
		     postgres_wait(postgres, &fail),
	     &fail);
}

static void put_erased(void)
{
	static const struct postgres_statement insert = {
		.name = "insert_erased",
		.sql = "INSERT INTO phased.erasure (actor_id, at, positions) SELECT k.actor_id, k.at, '{}' FROM "
		       "unnest($1::uuid[], $2::timestamptz[]) AS k (actor_id, at)",
		.parameter_count = 2,
		.parameters = {{POSTGRES_UUID, true}, {POSTGRES_TIMESTAMPTZ, true}}};
	struct postgres_array ids, moments;
	struct postgres_value values[2];
	struct fail fail;
	postgres_array_init(&ids, &run_arena, POSTGRES_UUID, PLAN_ERASED_MAX);
	postgres_array_init(&moments, &run_arena, POSTGRES_TIMESTAMPTZ, PLAN_ERASED_MAX);
	for (size_t i = 0; i < plan.erased_count; i++) {
		postgres_array_uuid(&ids, &plan.erased[i].actor_id);
		postgres_array_moment(&moments, plan.erased[i].at_us);
	}
	CHECK(postgres_array_value(&ids, &values[0]) && postgres_array_value(&moments, &values[1]));
	need(postgres_add(postgres, &insert, values, NULL, NULL, &fail) && postgres_send(postgres, &fail) &&
		     postgres_wait(postgres, &fail),
	     &fail);
}

/* ---- reading it back ---- */

/* Columns in the order of tables.c: U id, I integer, X 64 bits, T text, M moment, D double, A date. */
static const struct {
	enum table table;
	const char *columns;
	struct postgres_statement select;
} reads[] = {
#define READ(table, columns, text) \
	{ \
		table, columns, \
		{ \
			.name = "read", .sql = text, .simple = true \
		} \
	}
	READ(TABLE_ACTOR, "UITT", "SELECT actor_id, kind, space, value FROM phased.actor"),
	READ(TABLE_CLAIM, "UUMXMI", "SELECT weak, strong, stamped, event_id, at, strength FROM phased.claim"),
	READ(TABLE_CONSENT, "UIMXUMITT",
	     "SELECT actor_id, purpose, stamped, event_id, touch_actor, at, state, source, policy FROM "
	     "phased.consent"),
	READ(TABLE_DECLARED, "UITMXUMT",
	     "SELECT actor_id, attribute, source, stamped, event_id, touch_actor, at, value FROM phased.declared"),
	READ(TABLE_CONTACT, "UTTTTTTI",
	     "SELECT contact_id, address, name, role, role_declared, title, company, may_write FROM "
	     "phased.contact"),
	READ(TABLE_STRETCH, "UMMU", "SELECT actor_id, from_at, to_at, contact_id FROM phased.stretch"),
	READ(TABLE_SUBJECT, "XIT",
	     "SELECT subject_id, channel, source || '/' || site || '/' || process || '/' || action || '/' || "
	     "label || "
	     "'/' || host || path || '/' || title || '/' || content_id || '/' || form_id || '/' || target_host || "
	     "target_path || '/' || topic || '/' || engagement FROM phased.subject"),
	READ(TABLE_RULE, "XTTITIXI",
	     "SELECT subject_id, process, rule, coalesce(rule_number, -1::smallint), content, mail_click, link, "
	     "confirm "
	     "FROM phased.subject_rule"),
	READ(TABLE_TOUCH, "UMXMMXII",
	     "SELECT actor_id, stamped, event_id, received, at, subject_id, reasons, party FROM phased.touch"),
	READ(TABLE_PHASE, "UTIXTIIDDDDIIIIMM",
	     "SELECT contact_id, process, version, model_version, encode(fold, 'hex'), counted, confirmed, "
	     "activity, "
	     "early, mid, late, reported, shown, fine, band, since, last_at FROM phased.phase"),
	READ(TABLE_CHANGE, "UTMIIX",
	     "SELECT contact_id, process, at, from_shown, to_shown, cause FROM phased.phase_change"),
	READ(TABLE_OUTCOME, "MTTITI",
	     "SELECT day::timestamp AT TIME ZONE 'UTC', source, site, channel, outcome, n FROM "
	     "phased.outcome_day"),
	READ(TABLE_REJECTED, "TIITTIXMT",
	     "SELECT topic, partition, \"offset\", reason, field, size, hash, at, source FROM phased.rejected"),
};

struct reading {
	enum table table;
	const char *columns;
	struct tables *tables;
};

static size_t read_column(const struct postgres_rows *rows, size_t row, unsigned column, char type, char *at)
{
	if (type == 'U') {
		struct uuid id = postgres_uuid(rows, row, column);
		memcpy(at, &id, sizeof(id));
		return sizeof(id);
	}
	bool null = postgres_is_null(rows, row, column);
	if (type == 'T') {
		const char *text = null ? NULL : tables_text(postgres_text(rows, row, column));
		memcpy(at, &text, sizeof(text));
	} else if (type == 'D') {
		double number = postgres_float(rows, row, column);
		memcpy(at, &number, sizeof(number));
	} else {
		int64_t number = null	       ? INT64_MIN
				 : type == 'M' ? postgres_moment(rows, row, column)
					       : postgres_int(rows, row, column);
		memcpy(at, &number, sizeof(number));
	}
	return sizeof(int64_t);
}

static bool on_rows(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	const struct reading *reading = context;
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		char line[512] = {0};
		size_t used = 0;
		for (unsigned j = 0; reading->columns[j] != '\0'; j++) {
			used += read_column(rows, i, j, reading->columns[j], line + used);
		}
		CHECK(used <= sizeof(line) && tables_insert(reading->tables, reading->table, line));
	}
	return true;
}

static void read_back(struct tables *ret_tables)
{
	struct fail fail;
	for (size_t i = 0; i < COUNT_OF(reads); i++) {
		struct reading reading = {reads[i].table, reads[i].columns, ret_tables};
		need(postgres_add(postgres, &reads[i].select, NULL, on_rows, &reading, &fail) &&
			     postgres_send(postgres, &fail) && postgres_wait(postgres, &fail),
		     &fail);
	}
}

/* ---- worlds ---- */

/* True: as the oracle says. */
static bool play(uint64_t seed, uint64_t chance)
{
	struct uuid exempt[PLAN_MESSAGES_MAX];
	size_t exempt_count;
	struct tables expected = {0}, found = {0};
	struct fail fail;
	arena_reset(&plan_arena, (size_t)4 * 1024 * 1024);
	arena_reset(&run_arena, (size_t)4 * 1024 * 1024);
	tables_clear(&world.tables);
	tables_forget_texts();
	plan_make(&plan, seed, &drive.key, &plan_arena);
	need(postgres_script(postgres, EMPTY, &fail), &fail);
	put_model();
	put_erased();
	need(postgres_script(postgres, "SET ROLE phased_writer", &fail), &fail);
	drive_start(&drive, chance, 1);
	plan_produce(&plan, &world);
	drive_rebalance(&drive, 0, false);
	bool good = drive_drain(&drive);
	if (!good) {
		printf("world %" PRIu64 ": %s\n", seed, drive.wrong);
	} else {
		oracle_tables(&plan, &drive, &run_arena, &expected, exempt, &exempt_count);
		oracle_forget_values(&expected, exempt, exempt_count);
		read_back(&found);
		oracle_forget_values(&found, exempt, exempt_count);
		const char *text = tables_difference(tables_dump(&expected, &run_arena),
						     tables_dump(&found, &run_arena), &run_arena);
		good = text[0] == '\0';
		if (!good) {
			printf("world %" PRIu64 " (- expected, + found):\n%s", seed, text);
		}
	}
	drive_stop(&drive);
	tables_finish(&expected);
	tables_finish(&found);
	return good;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: store_worlds CONNINFO FIRST COUNT\n");
		return EXIT_USAGE;
	}
	struct postgres_options options = {.conninfo = argv[1],
					   .application = "store_worlds",
					   .connect_ms_max = 10000,
					   .reply_ms_max = 60000};
	struct fail fail;
	log_start(LOG_LEVEL_WARNING);
	CHECK(arena_init(&plan_arena, (size_t)64 * 1024 * 1024) &&
	      arena_init(&run_arena, (size_t)64 * 1024 * 1024));
	postgres = postgres_create(&options, &fail);
	need(postgres != NULL, &fail);
	need(postgres_connect(postgres, &fail) && postgres_wait(postgres, &fail), &fail);
	struct store *store = store_create(postgres, options.reply_ms_max, &fail);
	need(store != NULL, &fail);
	need(store_settle(store, &fail) && postgres_wait(postgres, &fail), &fail);
	struct world_real real = {postgres, store};
	world.real = &real;
	drive_init(&drive, &world);
	uint64_t first = strtoull(argv[2], NULL, 10), count = strtoull(argv[3], NULL, 10), good = 0;
	for (uint64_t i = 0; i < count; i++) {
		good += play(first + i, i);
	}
	printf("%" PRIu64 " of %" PRIu64 " worlds are as expected\n", good, count);
	drive_finish(&drive);
	world_finish(&world);
	store_destroy(store);
	postgres_destroy(postgres);
	return good == count ? EXIT_DONE : EXIT_FOUND;
}

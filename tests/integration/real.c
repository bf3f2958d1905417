#include "tests/integration/real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

#define EMPTY \
	"RESET ROLE; TRUNCATE phased.actor, phased.claim, phased.consent, phased.declared, phased.contact, " \
	"phased.assertion, phased.kin, " \
	"phased.stretch, " \
	"phased.subject, phased.subject_rule, phased.touch, phased.phase, phased.phase_change, " \
	"phased.change_added, phased.change_day, phased.change_stay, phased.standing, " \
	"phased.checkpoint, phased.refold, phased.machine_decision, " \
	"phased.outcome_day, " \
	"phased.rejected, phased.rejected_raw, phased.position, phased.erasure, phased.model; " \
	"UPDATE phased.review SET hour = '2000-01-01', block = NULL; "

void real_need(bool good, const struct fail *fail)
{
	if (!good) {
		fprintf(stderr, "%s\n", fail->text);
		exit(1);
	}
}

/* ---- connections ---- */

struct postgres *real_connect(const char *conninfo, const char *application)
{
	struct postgres_options options = {.conninfo = conninfo,
					   .application = application,
					   .connect_ms_max = 10000,
					   .reply_ms_max = REAL_REPLY_MS};
	struct fail fail;
	struct postgres *postgres = postgres_create(&options, &fail);
	real_need(postgres != NULL, &fail);
	real_need(postgres_connect(postgres, &fail) && postgres_wait(postgres, &fail), &fail);
	return postgres;
}

void real_script(struct postgres *postgres, const char *sql)
{
	struct fail fail;
	real_need(postgres_script(postgres, sql, &fail), &fail);
}

/* ---- what is there before ---- */

static void run(struct postgres *postgres, const struct postgres_statement *statement,
		const struct postgres_value *values)
{
	struct fail fail;
	real_need(postgres_add(postgres, statement, values, NULL, NULL, &fail) && postgres_send(postgres, &fail) &&
			  postgres_wait(postgres, &fail),
		  &fail);
}

static void put_model(struct postgres *postgres, const struct contacts_model *model, struct arena *arena)
{
	static const struct postgres_statement insert = {
		.name = "insert_model",
		.sql = "INSERT INTO phased.model (version, text, in_force) VALUES ($1, 'of a test', true)",
		.parameter_count = 1,
		.parameters = {{POSTGRES_INT8, false}}};
	struct postgres_value value;
	CHECK(postgres_value_int(arena, POSTGRES_INT8, (int64_t)model->model->version, &value));
	run(postgres, &insert, &value);
}

void real_empty_arbiter(struct postgres *postgres, const struct uuid *contact_id)
{
	static const struct postgres_statement write = {
		.name = "empty_arbiter",
		.sql = "INSERT INTO phased.phase AS p (contact_id, process, version, model_version, fold, "
		       "counted, "
		       "confirmed, activity, early, mid, late, reported, shown, fine, band) VALUES ($1, "
		       "'standard', 1, 0, "
		       "'', 0, 0, 0, 0, 0, 0, -1, 0, 0, 0) ON CONFLICT (contact_id, process) DO UPDATE SET "
		       "version = "
		       "p.version + 1, fold = excluded.fold, counted = 0, confirmed = 0, activity = 0, early = 0, "
		       "mid = "
		       "0, late = 0, reported = -1, shown = 0, fine = 0, band = 0, since = NULL, last_at = NULL, "
		       "review_at = NULL",
		.parameter_count = 1,
		.parameters = {{POSTGRES_UUID, false}}};
	struct postgres_value value;
	CHECK(postgres_value_uuid(contact_id, &value));
	run(postgres, &write, &value);
}

void real_erase(struct postgres *postgres, const struct erasure_line *erased, struct arena *arena)
{
	static const struct postgres_statement insert = {
		.name = "insert_erased",
		.sql = "INSERT INTO phased.erasure (actor_id, from_at, at, erased_at, positions) VALUES ($1, $2, "
		       "$3, $3, '{}')",
		.parameter_count = 3,
		.parameters = {
			{POSTGRES_UUID, false}, {POSTGRES_TIMESTAMPTZ, false}, {POSTGRES_TIMESTAMPTZ, false}}};
	struct postgres_value values[3];
	CHECK(postgres_value_uuid(&erased->actor_id, &values[0]) &&
	      postgres_value_moment(arena, erased->from_us, &values[1]) &&
	      postgres_value_moment(arena, erased->at_us, &values[2]));
	real_script(postgres, "BEGIN");
	real_empty_arbiter(postgres, &erased->actor_id);
	run(postgres, &insert, values);
	real_script(postgres, "COMMIT");
}

void real_empty(struct postgres *postgres, const struct contacts_model *model, const struct plan *plan,
		struct arena *arena)
{
	real_script(postgres, EMPTY);
	put_model(postgres, model, arena);
	for (size_t i = 0; i < plan->erased_count; i++) {
		real_erase(postgres, &plan->erased[i], arena);
	}
}

void real_clear(struct postgres *postgres, const struct plan *plan, struct arena *arena)
{
	static const struct postgres_statement decide = {
		.name = "decide",
		.sql = "SELECT report.machine_decide(p.contact_id, ARRAY(SELECT r.reason FROM "
		       "report.machine_reason r "
		       "WHERE CASE WHEN $2 = -1 THEN r.bits = -1 ELSE r.bits > 0 AND r.bits & $2 <> 0 END), true, "
		       "'') "
		       "FROM phased.phase p WHERE p.contact_id = $1 AND p.process = 'standard' AND $2 <> 0",
		.parameter_count = 2,
		.parameters = {{POSTGRES_UUID, false}, {POSTGRES_INT4, false}}};
	for (size_t i = 0; i < plan->cleared_count; i++) {
		struct postgres_value values[2];
		CHECK(postgres_value_uuid(&plan->cleared[i].contact_id, &values[0]) &&
		      postgres_value_int(arena, POSTGRES_INT4, (int32_t)plan->cleared[i].reasons, &values[1]));
		run(postgres, &decide, values);
	}
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
	READ(TABLE_ASSERTION, "UUMXUMIII",
	     "SELECT a, b, stamped, event_id, touch_actor, at, kind, address_of, refused FROM phased.assertion"),
	READ(TABLE_KIN, "UUUM", "SELECT actor_id, contact_id, via, at FROM phased.kin"),
	READ(TABLE_CONTACT, "UTTTTTTIIMMTTI",
	     "SELECT contact_id, address, name, role, role_declared, title, company, may_write, "
	     "role_source, role_at, role_since, host, domain, named FROM phased.contact"),
	READ(TABLE_STRETCH, "UMMU", "SELECT actor_id, from_at, to_at, contact_id FROM phased.stretch"),
	READ(TABLE_SUBJECT, "XITT",
	     "SELECT subject_id, channel, source || '/' || site || '/' || process || '/' || action || '/' || "
	     "label || "
	     "'/' || host || path || '/' || title || '/' || content_id || '/' || form_id || '/' || target_host || "
	     "target_path || '/' || topic || '/' || engagement, target_host || target_path FROM phased.subject"),
	READ(TABLE_RULE, "XTTITIXI",
	     "SELECT subject_id, process, rule, coalesce(rule_number, -1::smallint), content, mail_click, link, "
	     "confirm "
	     "FROM phased.subject_rule"),
	READ(TABLE_TOUCH, "UMXMMXII",
	     "SELECT actor_id, stamped, event_id, received, at, subject_id, reasons, party FROM phased.touch"),
	READ(TABLE_PHASE, "UTIXTIIDDDDIIIIIMMM",
	     "SELECT contact_id, process, version, model_version, encode(fold, 'hex'), counted, confirmed, "
	     "activity, "
	     "early, mid, late, reported, shown, fine, band, quiet, since, last_at, review_at FROM phased.phase"),
	READ(TABLE_CHANGE, "UTMIIMX",
	     "SELECT contact_id, process, at, from_shown, to_shown, from_since, cause FROM phased.phase_change"),
	READ(TABLE_CHECKPOINT, "UTIXMTIM",
	     "SELECT contact_id, process, n, model_version, at, encode(fold, 'hex'), shown, since FROM "
	     "phased.checkpoint"),
	READ(TABLE_WAITING, "UMI", "SELECT contact_id, from_at, anonymous FROM phased.refold"),
	READ(TABLE_OUTCOME, "MTTITIIII",
	     "SELECT day::timestamp AT TIME ZONE 'UTC', source, site, channel, outcome, n, granted, denied, "
	     "unsaid FROM "
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

static void read_back(struct postgres *postgres, struct tables *ret_tables)
{
	struct fail fail;
	for (size_t i = 0; i < COUNT_OF(reads); i++) {
		struct reading reading = {reads[i].table, reads[i].columns, ret_tables};
		real_need(postgres_add(postgres, &reads[i].select, NULL, on_rows, &reading, &fail) &&
				  postgres_send(postgres, &fail) && postgres_wait(postgres, &fail),
			  &fail);
	}
}

static bool on_count(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	CHECK(postgres_count(rows) == 1);
	*(int64_t *)context = postgres_int(rows, 0, 0);
	return true;
}

int64_t real_count(struct postgres *postgres, const char *sql)
{
	const struct postgres_statement select = {.name = "count", .sql = sql, .simple = true};
	int64_t count = 0;
	struct fail fail;
	real_need(postgres_add(postgres, &select, NULL, on_count, &count, &fail) &&
			  postgres_send(postgres, &fail) && postgres_wait(postgres, &fail),
		  &fail);
	return count;
}

const char *real_difference(struct postgres *postgres, const struct plan *plan, const struct drive *drive,
			    struct arena *arena)
{
	struct tables found = {0};
	read_back(postgres, &found);
	const char *text = oracle_difference(plan, drive, arena, &found);
	tables_finish(&found);
	return text;
}

/*
 * What SAVE writes, statement by statement; store_sql.h says how statements are written.
 */
#pragma once
#include "core/edge/store_sql.h"

static const struct postgres_statement sql_save_subjects = {
	.name = "save_subjects",
	.sql = "INSERT INTO phased.subject SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], "
	       "$4::smallint[], "
	       "$5::text[], $6::integer[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], "
	       "$12::text[], "
	       "$13::text[], $14::text[], $15::text[], $16::smallint[], $17::text[]) ON CONFLICT DO NOTHING",
	.parameter_count = 17,
	.parameters = {ARRAY(INT8), ARRAY(TEXT), ARRAY(TEXT), ARRAY(INT2), ARRAY(TEXT), ARRAY(INT4), ARRAY(TEXT),
		       ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT),
		       ARRAY(TEXT), ARRAY(INT2), ARRAY(TEXT)}};
static const struct postgres_statement sql_save_rules = {
	.name = "save_rules",
	.sql = "INSERT INTO phased.subject_rule SELECT $1, r.* FROM unnest($2::bigint[], $3::text[], $4::text[], "
	       "$5::smallint[], $6::text[], $7::boolean[], $8::bigint[], $9::smallint[]) AS r ON CONFLICT DO "
	       "NOTHING",
	.parameter_count = 9,
	.parameters = {ONE(INT8), ARRAY(INT8), ARRAY(TEXT), ARRAY(TEXT), ARRAY(INT2), ARRAY(TEXT), ARRAY(BOOL),
		       ARRAY(INT8), ARRAY(INT2)}};
static const struct postgres_statement sql_save_actors = {
	.name = "save_actors",
	.sql = "INSERT INTO phased.actor AS a (actor_id, kind, space, value) SELECT * FROM unnest($1::uuid[], "
	       "$2::smallint[], $3::text[], $4::text[]) ON CONFLICT (actor_id) DO UPDATE SET value = "
	       "excluded.value "
	       "WHERE a.value IS NULL AND excluded.value IS NOT NULL",
	.parameter_count = 4,
	.parameters = {ARRAY(UUID), ARRAY(INT2), ARRAY(TEXT), ARRAY(TEXT)}};
static const struct postgres_statement sql_save_valueless = {
	.name = "save_valueless",
	.sql = "UPDATE phased.actor SET value = NULL WHERE actor_id = ANY ($1) AND value IS NOT NULL",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};

static const struct postgres_statement sql_drop_claims = {
	.name = "drop_claims",
	.sql = "DELETE FROM phased.claim WHERE ctid = ANY (ARRAY (SELECT c.ctid FROM unnest($1::uuid[], "
	       "$2::timestamptz[], $3::timestamptz[], $4::bigint[]) AS k (weak, at, stamped, event_id) CROSS "
	       "JOIN LATERAL (SELECT c.ctid FROM phased.claim c WHERE c.weak = k.weak AND c.at = k.at AND "
	       "c.stamped = k.stamped AND c.event_id = k.event_id OFFSET 0) AS c))",
	.parameter_count = 4,
	.parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ), ARRAY(INT8)}};
static const struct postgres_statement sql_save_claims = {
	.name = "save_claims",
	.sql = "INSERT INTO phased.claim SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], "
	       "$4::bigint[], "
	       "$5::timestamptz[], $6::smallint[])",
	.parameter_count = 6,
	.parameters = {ARRAY(UUID), ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(TIMESTAMPTZ),
		       ARRAY(INT2)}};
static const struct postgres_statement sql_drop_consents = {
	.name = "drop_consents",
	.sql = "DELETE FROM phased.consent WHERE ctid = ANY (ARRAY (SELECT c.ctid FROM unnest($1::uuid[], "
	       "$2::smallint[], $3::timestamptz[], $4::bigint[], $5::uuid[]) AS k (actor_id, purpose, "
	       "stamped, event_id, touch_actor) CROSS JOIN LATERAL (SELECT c.ctid FROM phased.consent c "
	       "WHERE c.actor_id = k.actor_id AND c.purpose = k.purpose AND c.stamped = k.stamped AND "
	       "c.event_id = k.event_id AND c.touch_actor = k.touch_actor OFFSET 0) AS c))",
	.parameter_count = 5,
	.parameters = {ARRAY(UUID), ARRAY(INT2), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(UUID)}};
static const struct postgres_statement sql_save_consents = {
	.name = "save_consents",
	.sql = "INSERT INTO phased.consent SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::timestamptz[], "
	       "$4::bigint[], $5::uuid[], $6::timestamptz[], $7::smallint[], $8::text[], $9::text[])",
	.parameter_count = 9,
	.parameters = {ARRAY(UUID), ARRAY(INT2), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(UUID), ARRAY(TIMESTAMPTZ),
		       ARRAY(INT2), ARRAY(TEXT), ARRAY(TEXT)}};
static const struct postgres_statement sql_drop_declared = {
	.name = "drop_declared",
	.sql = "DELETE FROM phased.declared WHERE ctid = ANY (ARRAY (SELECT d.ctid FROM unnest($1::uuid[], "
	       "$2::smallint[], $3::text[], $4::timestamptz[], $5::bigint[], $6::uuid[]) AS k (actor_id, "
	       "attribute, source, stamped, event_id, touch_actor) CROSS JOIN LATERAL (SELECT d.ctid FROM "
	       "phased.declared d WHERE d.actor_id = k.actor_id AND d.attribute = k.attribute AND d.source "
	       "= k.source AND d.stamped = k.stamped AND d.event_id = k.event_id AND d.touch_actor = "
	       "k.touch_actor OFFSET 0) AS d))",
	.parameter_count = 6,
	.parameters = {ARRAY(UUID), ARRAY(INT2), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(UUID)}};
static const struct postgres_statement sql_save_declared = {
	.name = "save_declared",
	.sql = "INSERT INTO phased.declared SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::text[], "
	       "$4::timestamptz[], $5::bigint[], $6::uuid[], $7::timestamptz[], $8::text[])",
	.parameter_count = 8,
	.parameters = {ARRAY(UUID), ARRAY(INT2), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(UUID),
		       ARRAY(TIMESTAMPTZ), ARRAY(TEXT)}};

static const struct postgres_statement sql_drop_assertions = {
	.name = "drop_assertions",
	.sql = "DELETE FROM phased.assertion WHERE ctid = ANY (ARRAY (SELECT s.ctid FROM unnest($1::uuid[], "
	       "$2::uuid[], $3::timestamptz[], $4::bigint[], $5::uuid[]) AS k (a, b, stamped, event_id, "
	       "touch_actor) "
	       "CROSS JOIN LATERAL (SELECT s.ctid FROM phased.assertion s WHERE s.a = k.a AND s.b = k.b AND "
	       "s.stamped "
	       "= k.stamped AND s.event_id = k.event_id AND s.touch_actor = k.touch_actor OFFSET 0) AS s))",
	.parameter_count = 5,
	.parameters = {ARRAY(UUID), ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(UUID)}};
#define SAVE_ASSERTIONS \
	"INSERT INTO phased.assertion SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], " \
	"$4::bigint[], " \
	"$5::uuid[], $6::timestamptz[], $7::smallint[], $8::smallint[], $9::smallint[])"
static const struct postgres_statement sql_insert_assertions = {
	.name = "insert_assertions",
	.sql = SAVE_ASSERTIONS,
	.parameter_count = 9,
	.parameters = {ARRAY(UUID), ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(UUID), ARRAY(TIMESTAMPTZ),
		       ARRAY(INT2), ARRAY(INT2), ARRAY(INT2)}};
/* Careful way: what is there already says nothing new, by an event whose touch a withdrawal has erased since. */
static const struct postgres_statement sql_save_assertions = {
	.name = "save_assertions",
	.sql = SAVE_ASSERTIONS " ON CONFLICT DO NOTHING",
	.parameter_count = 9,
	.parameters = {ARRAY(UUID), ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(UUID), ARRAY(TIMESTAMPTZ),
		       ARRAY(INT2), ARRAY(INT2), ARRAY(INT2)}};
static const struct postgres_statement sql_drop_kin = {.name = "drop_kin",
						       .sql = "DELETE FROM phased.kin WHERE actor_id = ANY ($1)",
						       .parameter_count = 1,
						       .parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_save_kin = {
	.name = "save_kin",
	.sql = "INSERT INTO phased.kin SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], "
	       "$4::timestamptz[])",
	.parameter_count = 4,
	.parameters = {ARRAY(UUID), ARRAY(UUID), ARRAY(UUID), ARRAY(TIMESTAMPTZ)}};

static const struct postgres_statement sql_drop_persons = {
	.name = "drop_persons",
	.sql = "DELETE FROM phased.contact WHERE contact_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_save_persons = {
	.name = "save_persons",
	.sql = "INSERT INTO phased.contact SELECT k.*, a.account FROM unnest($1::uuid[], $2::text[], $3::text[], "
	       "$4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::smallint[], "
	       "$10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::boolean[]) AS k "
	       "(contact_id, address, name, role, role_declared, title, company, may_write, role_source, "
	       "role_at, role_since, host, domain, named) CROSS JOIN LATERAL phased.account_of(k.host, k.domain) "
	       "AS a ON CONFLICT (contact_id) DO UPDATE SET address = excluded.address, name = excluded.name, "
	       "role = excluded.role, role_declared = excluded.role_declared, title = excluded.title, company = "
	       "excluded.company, may_write = excluded.may_write, role_source = excluded.role_source, role_at = "
	       "excluded.role_at, role_since = excluded.role_since, host = excluded.host, domain = "
	       "excluded.domain, named = excluded.named, account = excluded.account",
	.parameter_count = 14,
	.parameters = {ARRAY(UUID), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT),
		       ARRAY(BOOL), ARRAY(INT2), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ), ARRAY(TEXT), ARRAY(TEXT),
		       ARRAY(BOOL)}};
static const struct postgres_statement sql_drop_stretches = {
	.name = "drop_stretches",
	.sql = "DELETE FROM phased.stretch WHERE actor_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_save_stretches = {
	.name = "save_stretches",
	.sql = "INSERT INTO phased.stretch SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], "
	       "$4::uuid[])",
	.parameter_count = 4,
	.parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ), ARRAY(UUID)}};

/* Quick way: what is not new, stops the transaction. */
#define TOUCH_COLUMNS "actor_id, stamped, event_id, received, at, subject_id, reasons, party"
static const struct postgres_statement sql_copy_arbiters =
	SIMPLE("copy_arbiters",
	       "COPY phased.phase (contact_id, process, version, model_version, fold, counted, "
	       "confirmed, activity, early, mid, late, reported, shown, fine, band, since, last_at, "
	       "review_at, quiet) FROM STDIN (FORMAT binary)");
static const struct postgres_statement sql_copy_new =
	SIMPLE("copy_new",
	       "COPY phased.actor (actor_id, kind, space, value) FROM STDIN (FORMAT binary); "
	       "COPY phased.phase_change (contact_id, process, at, from_shown, to_shown, cause, noticed_at, "
	       "late, from_since) FROM STDIN (FORMAT binary); "
	       "COPY phased.touch (" TOUCH_COLUMNS ") FROM STDIN (FORMAT binary)");
static const struct postgres_statement sql_insert_touches = {
	.name = "insert_touches",
	.sql = "INSERT INTO phased.touch (" TOUCH_COLUMNS ") SELECT * FROM unnest($1::uuid[], $2::timestamptz[], "
	       "$3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::bigint[], $7::integer[], $8::smallint[])",
	.parameter_count = 8,
	.parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ),
		       ARRAY(INT8), ARRAY(INT4), ARRAY(INT2)}};
_Static_assert(MACHINE_SAID == 65535, "the reasons that copies are compared by");
/* The locks made it certain which copy stands; the WHERE is the belt to those braces. */
static const struct postgres_statement sql_save_touches = {
	.name = "save_touches",
	.sql = "INSERT INTO phased.touch AS t (actor_id, stamped, event_id, received, at, subject_id, reasons, "
	       "party) "
	       "SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::timestamptz[], "
	       "$5::timestamptz[], "
	       "$6::bigint[], $7::integer[], $8::smallint[]) ON CONFLICT (actor_id, stamped, event_id) DO UPDATE "
	       "SET "
	       "received = excluded.received, at = excluded.at, subject_id = excluded.subject_id, "
	       "reasons = excluded.reasons, party = excluded.party WHERE (excluded.received, excluded.at, "
	       "excluded.subject_id, excluded.reasons, excluded.party) < (t.received, t.at, t.subject_id, "
	       "t.reasons & 65535, t.party)",
	.parameter_count = 8,
	.parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ),
		       ARRAY(INT8), ARRAY(INT4), ARRAY(INT2)}};

#define STATE_COLUMNS \
	"fold, counted, confirmed, activity, early, mid, late, reported, shown, fine, band, since, last_at, " \
	"review_at, quiet"
static const struct postgres_statement sql_save_states = {
	.name = "save_states",
	.sql = "INSERT INTO phased.phase AS p (contact_id, process, version, model_version, " STATE_COLUMNS
	       ") SELECT contact_id, process, version, $1, " STATE_COLUMNS
	       " FROM unnest($2::phased.state_row[]) ON CONFLICT (contact_id, process) DO UPDATE "
	       "SET version = p.version + 1, model_version = excluded.model_version, fold = excluded.fold, "
	       "counted = excluded.counted, confirmed = excluded.confirmed, activity = excluded.activity, "
	       "early = excluded.early, mid = excluded.mid, late = excluded.late, reported = excluded.reported, "
	       "shown = excluded.shown, fine = excluded.fine, band = excluded.band, since = excluded.since, "
	       "last_at = excluded.last_at, review_at = excluded.review_at, quiet = excluded.quiet",
	.parameter_count = 2,
	.parameters = {ONE(INT8), ARRAY(ROW)}};

static const struct postgres_statement sql_arbiters_new = {
	.name = "arbiters_new",
	.sql = "WITH written AS (INSERT INTO phased.phase (contact_id, process, version, "
	       "model_version, " STATE_COLUMNS ") SELECT contact_id, process, version, $1, " STATE_COLUMNS
	       " FROM unnest($3::phased.state_row[]) ON CONFLICT DO NOTHING RETURNING 1) SELECT "
	       "phased.written_all((SELECT count(*) FROM written), $2)",
	.parameter_count = 3,
	.parameters = {ONE(INT8), ONE(INT8), ARRAY(ROW)}};
/*
 * Rows are named by the place where LOAD has seen them: whoever has written one since has put it elsewhere, or is waited
 * for and leaves another version (which is compared, since before 15.15 PostgreSQL did not look at the ctid again after it
 * had waited); and a place that was given to another row meanwhile is not that contact's. (IS TRUE: no index knows that,
 * so that the plan goes by the place.)
 */
static const struct postgres_statement sql_arbiters_known = {
	.name = "arbiters_known",
	.sql = "WITH written AS (UPDATE phased.phase p SET version = p.version + 1, model_version = CASE WHEN "
	       "k.fold IS "
	       "NULL THEN p.model_version ELSE $2 END, fold = coalesce(k.fold, p.fold), counted = "
	       "coalesce(k.counted, p.counted), confirmed = coalesce(k.confirmed, p.confirmed), activity = "
	       "coalesce(k.activity, p.activity), early = coalesce(k.early, p.early), mid = coalesce(k.mid, "
	       "p.mid), late = coalesce(k.late, p.late), reported = coalesce(k.reported, p.reported), shown = "
	       "coalesce(k.shown, p.shown), fine = coalesce(k.fine, p.fine), band = coalesce(k.band, p.band), "
	       "since = CASE WHEN k.fold IS NULL THEN p.since ELSE k.since END, last_at = CASE WHEN k.fold IS "
	       "NULL THEN p.last_at ELSE k.last_at END, review_at = CASE WHEN k.fold IS NULL THEN p.review_at "
	       "ELSE k.review_at END, quiet = coalesce(k.quiet, p.quiet) FROM (SELECT * FROM "
	       "unnest($3::phased.state_row[]) OFFSET 0) AS k WHERE "
	       "p.ctid = k.place AND p.version = k.version AND (p.contact_id = k.contact_id AND p.process = "
	       "k.process) IS TRUE RETURNING 1) SELECT phased.written_all((SELECT count(*) FROM written), $1)",
	.parameter_count = 3,
	.parameters = {ONE(INT8), ONE(INT8), ARRAY(ROW)}};
static const struct postgres_statement sql_bump = {
	.name = "bump",
	.sql = "UPDATE phased.phase SET version = version + 1 WHERE contact_id = ANY ($1) AND process = "
	       "'standard'",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};

/* Changes that stay as they were keep the time at which they were noticed. */
static const struct postgres_statement sql_drop_changes = {
	.name = "drop_changes",
	.sql = "DELETE FROM phased.phase_change WHERE ctid = ANY (ARRAY (SELECT c.ctid FROM unnest($1::uuid[], "
	       "$2::text[], $3::timestamptz[]) AS k (contact_id, process, after) CROSS JOIN LATERAL (SELECT "
	       "c.ctid "
	       "FROM phased.phase_change c WHERE c.contact_id = k.contact_id AND (k.process IS NULL OR c.process "
	       "= "
	       "k.process) AND c.at > k.after AND (c.contact_id, c.process, c.at) NOT IN (SELECT * FROM "
	       "unnest($4::uuid[], $5::text[], $6::timestamptz[])) OFFSET 0) AS c))",
	.parameter_count = 6,
	.parameters = {ARRAY(UUID), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(UUID), ARRAY(TEXT),
		       ARRAY(TIMESTAMPTZ)}};
/* All of them by time: nothing else came after the last touch. */
static const struct postgres_statement sql_undo_changes = {
	.name = "undo_changes",
	.sql = "DELETE FROM phased.phase_change WHERE ctid = ANY (ARRAY (SELECT c.ctid FROM unnest($1::uuid[], "
	       "$2::text[], $3::timestamptz[]) AS k (contact_id, process, at) CROSS JOIN LATERAL (SELECT c.ctid "
	       "FROM phased.phase_change c WHERE c.contact_id = k.contact_id AND c.process = k.process AND c.at > "
	       "k.at OFFSET 0) AS c))",
	.parameter_count = 3,
	.parameters = {ARRAY(UUID), ARRAY(TEXT), ARRAY(TIMESTAMPTZ)}};
static const struct postgres_statement sql_save_changes = {
	.name = "save_changes",
	.sql = "INSERT INTO phased.phase_change AS c (contact_id, process, at, from_shown, to_shown, cause, "
	       "noticed_at, late, from_since) "
	       "SELECT n.contact_id, n.process, n.at, n.from_shown, n.to_shown, n.cause, $1, n.late, n.from_since "
	       "FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::smallint[], $6::smallint[], "
	       "$7::bigint[], $8::boolean[], $9::timestamptz[]) "
	       "AS n (contact_id, process, at, from_shown, to_shown, cause, late, from_since) ON CONFLICT "
	       "(contact_id, process, at) "
	       "DO UPDATE SET from_shown = excluded.from_shown, to_shown = excluded.to_shown, cause = "
	       "excluded.cause, from_since = excluded.from_since "
	       "WHERE (c.from_shown, c.to_shown, c.cause, c.from_since) IS DISTINCT FROM (excluded.from_shown, "
	       "excluded.to_shown, excluded.cause, excluded.from_since)",
	.parameter_count = 9,
	.parameters = {ONE(TIMESTAMPTZ), ARRAY(UUID), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(INT2), ARRAY(INT2),
		       ARRAY(INT8), ARRAY(BOOL), ARRAY(TIMESTAMPTZ)}};

static const struct postgres_statement sql_drop_checkpoints = {
	.name = "drop_checkpoints",
	.sql = "DELETE FROM phased.checkpoint WHERE ctid = ANY (ARRAY (SELECT c.ctid FROM unnest($1::uuid[], "
	       "$2::text[], $3::integer[]) AS k (contact_id, process, n) CROSS JOIN LATERAL (SELECT c.ctid FROM "
	       "phased.checkpoint c WHERE c.contact_id = k.contact_id AND (k.process IS NULL OR c.process = "
	       "k.process) AND c.n > k.n OFFSET 0) AS c))",
	.parameter_count = 3,
	.parameters = {ARRAY(UUID), ARRAY(TEXT), ARRAY(INT4)}};
static const struct postgres_statement sql_save_checkpoints = {
	.name = "save_checkpoints",
	.sql = "INSERT INTO phased.checkpoint (contact_id, process, n, model_version, at, fold, shown, since) "
	       "SELECT r.contact_id, r.process, r.n, $1, r.at, r.fold, r.shown, r.since FROM unnest($2::uuid[], "
	       "$3::text[], $4::integer[], $5::timestamptz[], $6::bytea[], $7::smallint[], $8::timestamptz[]) AS "
	       "r "
	       "(contact_id, process, n, at, fold, shown, since) ON CONFLICT (contact_id, process, n) DO UPDATE "
	       "SET "
	       "model_version = excluded.model_version, at = excluded.at, fold = excluded.fold, shown = "
	       "excluded.shown, since = excluded.since",
	.parameter_count = 8,
	.parameters = {ONE(INT8), ARRAY(UUID), ARRAY(TEXT), ARRAY(INT4), ARRAY(TIMESTAMPTZ), ARRAY(BYTEA),
		       ARRAY(INT2), ARRAY(TIMESTAMPTZ)}};

static const struct postgres_statement sql_save_waiting = {
	.name = "save_waiting",
	.sql = "INSERT INTO phased.refold AS r (contact_id, from_at, anonymous) SELECT * FROM unnest($1::uuid[], "
	       "$2::timestamptz[], $3::boolean[]) ON CONFLICT (contact_id) DO UPDATE SET from_at = "
	       "least(r.from_at, "
	       "excluded.from_at)",
	.parameter_count = 3,
	.parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(BOOL)}};
static const struct postgres_statement sql_drop_waiting = {
	.name = "drop_waiting",
	.sql = "DELETE FROM phased.refold WHERE contact_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_erase_touches = {.name = "erase_touches",
							    .sql = "SELECT phased.touch_drop($1, $2, $3)",
							    .parameter_count = 3,
							    .parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ),
									   ARRAY(TIMESTAMPTZ)}};
#define GONE ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8)
#define ERASED ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ)
static const struct postgres_statement sql_save_threads = {
	.name = "save_threads",
	.sql = "SELECT phased.thread_write($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
	.parameter_count = 16,
	.parameters = {GONE, ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(TIMESTAMPTZ), ARRAY(TEXT),
		       ARRAY(TEXT), ARRAY(TEXT), ARRAY(INT2), ARRAY(INT2), ARRAY(FLOAT8), ERASED}};
static const struct postgres_statement sql_save_costs = {
	.name = "save_costs",
	.sql = "SELECT phased.cost_write($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
	.parameter_count = 13,
	.parameters = {GONE, ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(TIMESTAMPTZ), ARRAY(INT8),
		       ARRAY(FLOAT8), ARRAY(TEXT), ERASED}};
static const struct postgres_statement sql_save_timed = {.name = "save_timed",
							 .sql = "SELECT phased.machine_time($1, $2)",
							 .parameter_count = 2,
							 .parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ)}};
static const struct postgres_statement sql_save_outcomes = {
	.name = "save_outcomes",
	.sql = "INSERT INTO phased.outcome_day AS o (day, source, site, channel, outcome, n, granted, denied, "
	       "unsaid) "
	       "SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::smallint[], $5::text[], "
	       "$6::bigint[], "
	       "$7::bigint[], $8::bigint[], $9::bigint[]) ON CONFLICT (day, source, site, channel, outcome) DO "
	       "UPDATE SET "
	       "n = o.n + excluded.n, granted = o.granted + excluded.granted, denied = o.denied + "
	       "excluded.denied, "
	       "unsaid = o.unsaid + excluded.unsaid",
	.parameter_count = 9,
	.parameters = {ARRAY(DATE), ARRAY(TEXT), ARRAY(TEXT), ARRAY(INT2), ARRAY(TEXT), ARRAY(INT8), ARRAY(INT8),
		       ARRAY(INT8), ARRAY(INT8)}};
/* Where something was counted anew, nothing may be left of what it was counted as before. */
static const struct postgres_statement sql_drop_outcomes = {
	.name = "drop_outcomes",
	.sql = "DELETE FROM phased.outcome_day WHERE ctid = ANY (ARRAY (SELECT o.ctid FROM unnest($1::date[], "
	       "$2::text[], $3::text[], $4::smallint[], $5::text[]) AS k (day, source, site, channel, outcome) "
	       "CROSS JOIN LATERAL (SELECT o.ctid FROM phased.outcome_day o WHERE o.day = k.day AND o.source = "
	       "k.source AND o.site = k.site AND o.channel = k.channel AND o.outcome = k.outcome AND o.n = 0 "
	       "OFFSET 0) AS o))",
	.parameter_count = 5,
	.parameters = {ARRAY(DATE), ARRAY(TEXT), ARRAY(TEXT), ARRAY(INT2), ARRAY(TEXT)}};
static const struct postgres_statement sql_save_rejects = {
	.name = "save_rejects",
	.sql = "INSERT INTO phased.rejected SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], "
	       "$4::text[], "
	       "$5::text[], $6::integer[], $7::bigint[], $8::timestamptz[], $9::text[]) ON CONFLICT DO NOTHING",
	.parameter_count = 9,
	.parameters = {ARRAY(TEXT), ARRAY(INT4), ARRAY(INT8), ARRAY(TEXT), ARRAY(TEXT), ARRAY(INT4), ARRAY(INT8),
		       ARRAY(TIMESTAMPTZ), ARRAY(TEXT)}};
/* Not what was in the logs when somebody was erased: it may be about them, and it came before. */
static const struct postgres_statement sql_save_raws = {
	.name = "save_raws",
	.sql = "INSERT INTO phased.rejected_raw SELECT k.* FROM unnest($1::text[], $2::integer[], $3::bigint[], "
	       "$4::smallint[], $5::bytea[]) AS k (topic, partition, place, form, value) WHERE coalesce((SELECT "
	       "(e.positions -> k.topic ->> k.partition)::bigint FROM phased.erasure e WHERE e.from_at = "
	       "'-infinity' ORDER BY e.erased_at DESC LIMIT 1) <= k.place, true) ON CONFLICT DO NOTHING",
	.parameter_count = 5,
	.parameters = {ARRAY(TEXT), ARRAY(INT4), ARRAY(INT8), ARRAY(INT2), ARRAY(BYTEA)}};

/*
 * SQL of erasing, for erase.c alone; as store_sql.h. Rows of the ledger come as arrays: actor, from, at. Of an actor that goes whole (from
 * -infinity) whatever names it goes, too.
 */
#pragma once
#include "core/edge/store_sql.h"
#include "core/edge/store_sql_save.h"

#define ROWS_OF_LEDGER "unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS k (id, from_at, at)"
#define PER_LEDGER_ROW \
	{ \
		ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ) \
	}

/* Rows go by their keys alone, never by a join that could be turned round: all touches times all rows of the ledger. */
static const struct postgres_statement sql_erase_touches_said = {
	.name = "erase_touches_said",
	.sql = "SELECT phased.touch_erase_said($1, $2, $3)",
	.parameter_count = 3,
	.parameters = PER_LEDGER_ROW};
static const struct postgres_statement sql_erase_touches_in = {.name = "erase_touches_in",
							       .sql = "SELECT phased.touch_drop($1, $2, $3)",
							       .parameter_count = 3,
							       .parameters = PER_LEDGER_ROW};
static const struct postgres_statement sql_erase_beside = {.name = "erase_beside",
							   .sql = "SELECT phased.beside_erase($1, $2, $3)",
							   .parameter_count = 3,
							   .parameters = PER_LEDGER_ROW};
#define DROPPED(table, column, from) \
	"WITH gone AS (DELETE FROM phased." table " WHERE ctid = ANY (ARRAY (SELECT c.ctid FROM " ROWS_OF_LEDGER \
	" CROSS JOIN LATERAL (SELECT c.ctid FROM phased." table " c WHERE c." column \
	" = k.id AND c.at >= k.from_at AND c.at <= k.at OFFSET 0) AS c" from \
	")) RETURNING 1) SELECT count(*) FROM gone"
static const struct postgres_statement sql_erase_claims_on = {.name = "erase_claims_on",
							      .sql = DROPPED("claim", "weak", ""),
							      .parameter_count = 3,
							      .parameters = PER_LEDGER_ROW};
#define FACTS_OF(table, column) \
	{ \
		.name = "erase_" #table "_" #column, \
		.sql = DROPPED(#table, #column, " WHERE k.from_at = '-infinity'"), .parameter_count = 3, \
		.parameters = PER_LEDGER_ROW \
	}
static const struct postgres_statement sql_erase_facts[] = {FACTS_OF(claim, strong), FACTS_OF(consent, actor_id),
							    FACTS_OF(declared, actor_id), FACTS_OF(assertion, a),
							    FACTS_OF(assertion, b)};

/* They, whoever is one with them, and whomever any assertion links to one of those, without an end. */
#define LINKED "phased.kindred('{}', $1, $1, '{}')"
static const struct postgres_statement sql_erase_linked = {.name = "erase_linked",
							   .sql = "SELECT k.id FROM " LINKED
								  " AS k (id) ORDER BY k.id",
							   .parameter_count = 1,
							   .parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_erase_assertions = {
	.name = "erase_assertions",
	.sql = "SELECT s.a, s.b, s.stamped, s.event_id, s.touch_actor, s.at, s.kind, s.address_of, s.refused FROM "
	       "phased.assertion s WHERE s.a = ANY ($1) LIMIT $2",
	.parameter_count = 2,
	.parameters = {ARRAY(UUID), ONE(INT8)}};

/* All of them, however many: whose they are is worked out from all. */
/* For whom: the contact, of whoever is one with others (table kin), else the strong actor itself. */
#define CLAIM_COLUMNS \
	"SELECT c.weak, coalesce((SELECT n.contact_id FROM phased.kin n WHERE n.actor_id = c.strong OFFSET 0), " \
	"c.strong), c.stamped, c.event_id, c.at, c.strength "
static const struct postgres_statement sql_erase_claims = {.name = "erase_claims",
							   .sql = CLAIM_COLUMNS
							   "FROM phased.claim c WHERE c.weak = ANY ($1)",
							   .parameter_count = 1,
							   .parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_erase_claims_of = {
	.name = "erase_claims_of",
	.sql = CLAIM_COLUMNS
	"FROM (SELECT DISTINCT d.weak FROM " LINKED " AS k (strong) CROSS JOIN LATERAL (SELECT c.weak "
	"FROM "
	"phased.claim c WHERE c.strong = k.strong OFFSET 0) AS d) AS w CROSS JOIN LATERAL (SELECT * FROM "
	"phased.claim c WHERE c.weak = w.weak OFFSET 0) AS c",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
/* Contacts who consent: these alone have a row. */
static const struct postgres_statement sql_erase_consenting = {
	.name = "erase_consenting",
	.sql = "SELECT c.contact_id FROM phased.contact c WHERE c.contact_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};

/* Positions: of the newer erasure. */
static const struct postgres_statement sql_erase_ledger = {
	.name = "erase_ledger",
	.sql = "INSERT INTO phased.erasure AS e (actor_id, from_at, at, erased_at, positions) SELECT k.id, "
	       "k.from_at, "
	       "k.at, k.erased_at, k.positions::jsonb FROM unnest($1::uuid[], $2::timestamptz[], "
	       "$3::timestamptz[], "
	       "$4::timestamptz[], $5::text[]) AS k (id, from_at, at, erased_at, positions) ON CONFLICT "
	       "(actor_id, "
	       "from_at) DO UPDATE SET at = greatest(e.at, excluded.at), erased_at = greatest(e.erased_at, "
	       "excluded.erased_at), positions = CASE WHEN excluded.erased_at >= e.erased_at THEN "
	       "excluded.positions "
	       "ELSE e.positions END",
	.parameter_count = 5,
	.parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ), ARRAY(TEXT)}};
static const struct postgres_statement sql_erase_kept = {
	.name = "erase_kept",
	.sql = "SELECT e.actor_id, e.from_at, e.at, e.erased_at, e.positions::text FROM phased.erasure e WHERE "
	       "e.actor_id = ANY ($1) ORDER BY e.actor_id, e.from_at",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_erase_unknown = {
	.name = "erase_unknown",
	.sql = "SELECT k.id, k.from_at, k.at, k.erased_at, k.positions FROM unnest($1::uuid[], $2::timestamptz[], "
	       "$3::timestamptz[], $4::timestamptz[], $5::text[]) AS k (id, from_at, at, erased_at, positions) "
	       "WHERE "
	       "NOT EXISTS (SELECT FROM phased.erasure e WHERE e.actor_id = k.id AND e.from_at = k.from_at AND "
	       "e.at "
	       ">= k.at AND e.erased_at >= k.erased_at OFFSET 0) ORDER BY k.id, k.from_at",
	.parameter_count = 5,
	.parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ), ARRAY(TEXT)}};

/* Rule 3 asks for them: of those who were claimed for two persons or more, before the first claim. */
static const struct postgres_statement sql_erase_times = {
	.name = "erase_times",
	.sql = "SELECT t.actor_id, t.stamped, t.event_id, t.at FROM unnest($1::uuid[]) AS k (id) CROSS JOIN "
	       "LATERAL "
	       "(SELECT min(c.at) AS at FROM phased.claim c WHERE c.weak = k.id HAVING count(DISTINCT c.strong) > "
	       "1 "
	       "OFFSET 0) AS f CROSS JOIN LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = k.id AND t.at "
	       "< "
	       "f.at OFFSET 0) AS t LIMIT $2",
	.parameter_count = 2,
	.parameters = {ARRAY(UUID), ONE(INT8)}};
static const struct postgres_statement sql_erase_newest = {
	.name = "erase_newest",
	.sql = "SELECT max(m.at) FROM unnest($1::uuid[]) AS k (id) CROSS JOIN LATERAL (SELECT greatest((SELECT "
	       "max(t.at) FROM phased.touch t WHERE t.actor_id = k.id), (SELECT max(c.at) FROM phased.claim c "
	       "WHERE "
	       "c.strong = k.id), (SELECT max(c.at) FROM phased.consent c WHERE c.actor_id = k.id), (SELECT "
	       "max(d.at) FROM phased.declared d WHERE d.actor_id = k.id), (SELECT max(s.at) FROM "
	       "phased.assertion s "
	       "WHERE s.a = k.id), (SELECT max(s.at) FROM phased.assertion s WHERE s.b = k.id), (SELECT "
	       "max(o.at) FROM (SELECT o.at FROM phased.opportunity_contact o WHERE o.actor_id = k.id OFFSET 0) "
	       "AS "
	       "o)) AS at OFFSET 0) "
	       "AS m",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
/* Touches of whoever was claimed for them. */
static const struct postgres_statement sql_erase_newest_weak = {
	.name = "erase_newest_weak",
	.sql = "SELECT max(m.at) FROM (SELECT DISTINCT d.weak FROM unnest($1::uuid[]) AS k (id) CROSS JOIN "
	       "LATERAL "
	       "(SELECT c.weak FROM phased.claim c WHERE c.strong = k.id OFFSET 0) AS d) AS w CROSS JOIN LATERAL "
	       "(SELECT max(t.at) AS at FROM phased.touch t WHERE t.actor_id = w.weak OFFSET 0) AS m",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
/* Who has something all the same that happened later. */
static const struct postgres_statement sql_erase_left = {
	.name = "erase_left",
	.sql = "SELECT k.id FROM unnest($1::uuid[]) AS k (id) WHERE EXISTS (SELECT FROM phased.touch t WHERE "
	       "t.actor_id = k.id OFFSET 0) OR EXISTS (SELECT FROM phased.claim c WHERE c.weak = k.id OFFSET 0) "
	       "OR "
	       "EXISTS (SELECT FROM phased.claim c WHERE c.strong = k.id OFFSET 0) OR EXISTS (SELECT FROM "
	       "phased.consent c WHERE c.actor_id = k.id OFFSET 0) OR EXISTS (SELECT FROM phased.declared d WHERE "
	       "d.actor_id = k.id OFFSET 0) OR EXISTS (SELECT FROM phased.assertion s WHERE s.a = k.id OFFSET 0) "
	       "OR "
	       "EXISTS (SELECT FROM phased.assertion s WHERE s.b = k.id OFFSET 0) OR EXISTS (SELECT FROM "
	       "phased.opportunity_contact o WHERE o.actor_id = k.id OFFSET 0) ORDER BY k.id",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};

/* Somebody goes whole: held.def. */
#define COUNTED(statement) "WITH gone AS (" statement " RETURNING 1) SELECT count(*) FROM gone"
#define DELETED(table, column) COUNTED("DELETE FROM phased." #table " WHERE " #column " = ANY ($1)")
#define EMPTIED(table, column) \
	COUNTED("DELETE FROM phased." #table " WHERE " #column " = ANY ($1) AND process <> 'standard'")
#define KEPT(table, column) NULL
#define HELD(table, column, fate) \
	{.name = "erase_held_" #table "_" #column, \
	 .sql = fate(table, column), \
	 .parameter_count = 1, \
	 .parameters = {ARRAY(UUID)}},
static const struct postgres_statement sql_erase_held[] = {
#include "core/model/held.def"
};
#undef HELD
#undef DELETED
#undef EMPTIED
#undef KEPT

/* As a fresh one is, but for its version. */
static const struct postgres_statement sql_erase_arbiters = {
	.name = "erase_arbiters",
	.sql = "UPDATE phased.phase SET version = version + 1, fold = '', counted = 0, confirmed = 0, activity = "
	       "0, "
	       "early = 0, mid = 0, late = 0, reported = -1, shown = 0, fine = 0, band = 0, since = NULL, last_at "
	       "= "
	       "NULL, review_at = NULL, quiet = false, cleared = 0 WHERE contact_id = ANY ($1) AND process = "
	       "'standard'",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_erase_arbiters_made = {
	.name = "erase_arbiters_made",
	.sql = "INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, "
	       "activity, early, mid, late, reported, shown, fine, band) SELECT c, 'standard', 0, "
	       "coalesce((SELECT "
	       "m.version FROM phased.model m WHERE m.in_force), 0), '', 0, 0, 0, 0, 0, 0, -1, 0, 0, 0 FROM "
	       "unnest($1::uuid[]) AS c ON CONFLICT DO NOTHING",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_erase_waiting = {
	.name = "erase_waiting",
	.sql = "INSERT INTO phased.refold AS r (contact_id, from_at, anonymous) SELECT k.id, '-infinity', EXISTS "
	       "(SELECT FROM phased.actor a WHERE a.actor_id = k.id AND a.kind < 3 OFFSET 0) FROM "
	       "unnest($1::uuid[]) AS k (id) ON CONFLICT (contact_id) DO UPDATE SET from_at = excluded.from_at",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
/* From a moment on, and up to which they went: who asks for the next goes on from there. */
static const struct postgres_statement sql_erase_raws = {
	.name = "erase_raws",
	.sql = "WITH old AS MATERIALIZED (SELECT r.ctid AS place, j.noted_at FROM phased.rejected j CROSS JOIN "
	       "LATERAL "
	       "(SELECT r.ctid FROM phased.rejected_raw r WHERE r.topic = j.topic AND r.partition = j.partition "
	       "AND "
	       "r.\"offset\" = j.\"offset\" OFFSET 0) AS r WHERE j.noted_at >= $1 AND j.noted_at <= $2 ORDER BY "
	       "j.noted_at LIMIT $3), gone AS (DELETE FROM phased.rejected_raw WHERE ctid = ANY (ARRAY (SELECT "
	       "o.place "
	       "FROM old AS o))) SELECT count(*), max(o.noted_at) FROM old AS o",
	.parameter_count = 3,
	.parameters = {ONE(TIMESTAMPTZ), ONE(TIMESTAMPTZ), ONE(INT8)}};

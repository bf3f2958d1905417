/*
 * Statements of what is done beside batches: the queue of refolds, another model, rejects that are too old, time, and why.
 */
#pragma once
#include "core/edge/store_sql.h"

/* Whoever writes states keeps another model from being accepted until he is done; batches do by their positions. */
static const struct postgres_statement sql_pick_lock =
	SIMPLE("pick_lock", "LOCK TABLE phased.position IN ROW EXCLUSIVE MODE");
/*
 * Those that have waited longest of whom nobody is at: eight times as many are looked at as are wanted, so that several lanes of
 * several daemons find others, and no more are locked than are wanted. Nothing is waited for, so their order is free: whoever is at a
 * contact writes it, and it comes to its turn again. What is read of them comes by later statements, which see what the locks
 * hold; a setting of the transaction tells these who they are, so that it is one turn.
 */
static const struct postgres_statement sql_pick = {
	.name = "pick",
	.sql = "SELECT set_config('phased.picked', coalesce(array_agg(l.contact_id), '{}')::text, true) FROM "
	       "(SELECT r.contact_id FROM (SELECT r.contact_id, r.queued_at FROM phased.refold r "
	       "WHERE r.queued_at <= now() ORDER BY r.queued_at LIMIT $1 * 8) AS r CROSS JOIN LATERAL "
	       "(SELECT FROM phased.phase p WHERE p.contact_id = r.contact_id AND p.process = 'standard' "
	       "OFFSET 0 FOR UPDATE SKIP LOCKED) AS p ORDER BY r.queued_at LIMIT $1) AS l",
	.parameter_count = 1,
	.parameters = {ONE(INT8)}};
#define PICKED "ANY (current_setting('phased.picked', true)::uuid[])"
/* Who is not in the queue any more was done by somebody else. */
static const struct postgres_statement sql_pick_waiting = {
	.name = "pick_waiting",
	.sql = "SELECT r.contact_id, r.from_at, r.anonymous AND NOT EXISTS (SELECT FROM phased.stretch s WHERE "
	       "s.actor_id = r.contact_id OFFSET 0) FROM phased.refold r WHERE r.contact_id = " PICKED
	       " ORDER BY r.contact_id"};
static const struct postgres_statement sql_pick_phases = {.name = "pick_phases",
							  .sql = PHASES "WHERE p.contact_id = " PICKED};
/* One whose refold cannot be done now: the others come first. */
static const struct postgres_statement sql_postpone = {
	.name = "postpone",
	.sql = "UPDATE phased.refold SET queued_at = now() + interval '1 hour' WHERE contact_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_queue = {.name = "queue",
						    .sql = "SELECT count(*), min(r.queued_at), count(*) FILTER "
							   "(WHERE r.queued_at <= now()) FROM (SELECT queued_at "
							   "FROM phased.refold ORDER BY queued_at LIMIT $1) AS r",
						    .parameter_count = 1,
						    .parameters = {ONE(INT8)}};
static const struct postgres_statement sql_takeover_look = SIMPLE(
	"takeover_look",
	"SELECT m.version, t.ended_at IS NULL, CASE WHEN t.is_clear OR t.pass > 1 THEN 0 ELSE greatest(t.contacts "
	"- t.looked, 0) END FROM phased.takeover t LEFT JOIN phased.model m ON m.in_force");
static const struct postgres_statement sql_takeover = {.name = "takeover",
						       .sql = "SELECT phased.takeover_step($1, $2)",
						       .parameter_count = 2,
						       .parameters = {ONE(INT8), ONE(INT8)}};

/* The oldest, a slice; those that somebody tries again at this moment are left. */
static const struct postgres_statement sql_purge_rejects = {
	.name = "purge_rejects",
	.sql = "WITH gone AS (DELETE FROM phased.rejected WHERE ctid = ANY (ARRAY (SELECT r.ctid FROM "
	       "phased.rejected r WHERE r.noted_at < $1 ORDER BY r.noted_at LIMIT $2 FOR UPDATE SKIP LOCKED)) "
	       "RETURNING 1) SELECT count(*) FROM gone",
	.parameter_count = 2,
	.parameters = {ONE(TIMESTAMPTZ), ONE(INT8)}};

static const struct postgres_statement sql_retention = {
	.name = "retention",
	.sql = "SELECT again, touches, kept_from FROM phased.retention_step($1, $2, $3, false)",
	.parameter_count = 3,
	.parameters = {ONE(INT4), ONE(INT8), ONE(INT8)}};

/* ---- what time does ---- */

static const struct postgres_statement sql_review_due = {
	.name = "review_due",
	.sql = "SELECT hour, last, contact_id, process, version, model_version, fold, shown, since FROM "
	       "phased.review_due($1, $2)",
	.parameter_count = 2,
	.parameters = {ONE(TIMESTAMPTZ), ONE(INT8)}};
/* Who locks a contact's arbiter at this moment may be about to know better, and so does whoever has written it since: neither is waited
 * for, and where it was is noted. (ORDER BY: all are locked before the first is written, since
 * what this statement has written it cannot lock. IN … IS TRUE: by a hash, not row by row.) */
static const struct postgres_statement sql_review_save = {
	.name = "review_save",
	.sql = "WITH asked AS MATERIALIZED (SELECT k.*, p.ctid AS at_place FROM unnest($1::phased.state_row[]) AS "
	       "k CROSS JOIN LATERAL (SELECT p.ctid FROM phased.phase p WHERE p.contact_id = k.contact_id AND "
	       "p.process = k.process OFFSET 0) AS p), mine AS MATERIALIZED (SELECT k.* FROM asked k CROSS JOIN "
	       "LATERAL (SELECT FROM phased.phase a WHERE a.contact_id = k.contact_id AND a.process = "
	       "'standard' AND a.version = k.version OFFSET 0 FOR UPDATE SKIP LOCKED) AS a), passed AS (SELECT "
	       "min(b.block) AS first, max(b.block) + 1 AS until FROM (SELECT "
	       "(k.at_place::text::point)[0]::bigint "
	       "AS block FROM asked k WHERE k.contact_id NOT IN (SELECT m.contact_id FROM mine m)) AS b), noted "
	       "AS (UPDATE phased.review r SET passed_from = least(r.passed_from, d.first), passed_until = "
	       "greatest(r.passed_until, d.until) FROM passed d WHERE r.only_row AND d.first IS NOT NULL), "
	       "written AS "
	       "(UPDATE phased.phase p SET version = p.version + 1, early = coalesce(k.early, p.early), mid = "
	       "coalesce(k.mid, p.mid), late = coalesce(k.late, p.late), reported = coalesce(k.reported, "
	       "p.reported), shown = "
	       "coalesce(k.shown, p.shown), fine = coalesce(k.fine, p.fine), band = coalesce(k.band, p.band), "
	       "since = "
	       "coalesce(k.since, p.since), review_at = CASE WHEN k.fold IS NULL THEN p.review_at ELSE "
	       "k.review_at END, quiet = coalesce(k.quiet, p.quiet) FROM (SELECT * FROM mine ORDER BY at_place "
	       "OFFSET 0) AS k WHERE p.ctid = k.at_place "
	       "RETURNING "
	       "p.contact_id), changed AS (INSERT INTO phased.phase_change (contact_id, process, at, from_shown, "
	       "to_shown, cause, noticed_at, late, from_since) SELECT n.contact_id, n.process, n.at, "
	       "n.from_shown, "
	       "n.to_shown, NULL, "
	       "$2, false, n.from_since FROM unnest($3::uuid[], $4::text[], $5::timestamptz[], $6::smallint[], "
	       "$7::smallint[], $8::timestamptz[]) "
	       "AS n "
	       "(contact_id, process, at, from_shown, to_shown, from_since) WHERE (n.contact_id IN (SELECT "
	       "w.contact_id FROM "
	       "written w)) IS TRUE ON CONFLICT (contact_id, process, at) DO UPDATE SET from_shown = "
	       "excluded.from_shown, "
	       "to_shown = excluded.to_shown, cause = NULL, from_since = excluded.from_since RETURNING 1) SELECT "
	       "(SELECT count(*) FROM written), "
	       "(SELECT "
	       "count(*) FROM changed)",
	.parameter_count = 8,
	.parameters = {ARRAY(ROW), ONE(TIMESTAMPTZ), ARRAY(UUID), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(INT2),
		       ARRAY(INT2), ARRAY(TIMESTAMPTZ)}};

/* At the table's end: back to whoever was passed over. */
static const struct postgres_statement sql_review_back = {
	.name = "review_back",
	.sql = "UPDATE phased.review SET block = passed_from, until_block = passed_until, ways_back = ways_back + "
	       "1, "
	       "passed_from = NULL, passed_until = NULL WHERE only_row AND block IS NULL AND passed_from IS NOT "
	       "NULL AND "
	       "ways_back < $1",
	.parameter_count = 1,
	.parameters = {ONE(INT4)}};
static const struct postgres_statement sql_review_done =
	SIMPLE("review_done",
	       "SELECT CASE WHEN block IS NULL THEN hour ELSE hour - interval '1 hour' END, (block IS "
	       "NOT NULL)::integer, ways_back FROM phased.review");

/* ---- why, and day by day ---- */

static const struct postgres_statement sql_explain_due = {
	.name = "explain_due",
	.sql = "SELECT contact_id, last, version, process, fold FROM phased.explain_due($1, $2, $3)",
	.parameter_count = 3,
	.parameters = {ONE(INT8), ONE(INT8), ONE(INT8)}};
/* Whose touches are whose: as report.measured has it. */
static const struct postgres_statement sql_explain_read = {
	.name = "explain_read",
	.sql = "SELECT k.id, r.process, t.at, t.event_id, r.rule_number, r.mail_click AND (p.cleared & 1024) = 0, "
	       "r.link, r.confirm, "
	       "nullif(r.content, '') FROM unnest($2::uuid[]) AS k (id) CROSS JOIN LATERAL (SELECT p.cleared FROM "
	       "phased.phase p "
	       "WHERE p.contact_id = k.id AND p.process = 'standard' OFFSET 0) AS p CROSS JOIN LATERAL ((SELECT "
	       "s.actor_id, "
	       "s.from_at, s.to_at FROM phased.stretch s WHERE s.contact_id = k.id OFFSET 0) UNION ALL (SELECT "
	       "a.actor_id, '-infinity', 'infinity' FROM phased.actor a WHERE a.actor_id = k.id AND a.kind < 3 "
	       "AND NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id OFFSET 0) OFFSET 0)) "
	       "AS o CROSS JOIN LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = o.actor_id AND t.at >= "
	       "o.from_at AND t.at < o.to_at AND (t.reasons & ~p.cleared) = 0 OFFSET 0) AS t CROSS JOIN LATERAL "
	       "(SELECT * FROM "
	       "phased.subject_rule r WHERE r.model_version = $1 AND r.subject_id = t.subject_id AND (r.confirm "
	       "<> "
	       "0 OR (t.party = 1 AND r.rule_number IS NOT NULL)) OFFSET 0) AS r LIMIT $3",
	.parameter_count = 3,
	.parameters = {ONE(INT8), ARRAY(UUID), ONE(INT8)}};
/* As the review does: whose arbiter somebody has locked, or written since, is left to another way through the table. */
static const struct postgres_statement sql_explain_save = {
	.name = "explain_save",
	.sql = "WITH mine AS MATERIALIZED (SELECT k.id, k.version FROM unnest($1::uuid[], $2::bigint[]) AS k (id, "
	       "version) CROSS JOIN LATERAL (SELECT FROM phased.phase a WHERE a.contact_id = k.id AND a.process = "
	       "'standard' AND a.version = k.version OFFSET 0 FOR UPDATE SKIP LOCKED) AS a), gone AS (DELETE FROM "
	       "phased.explanation WHERE ctid = ANY (ARRAY (SELECT e.ctid FROM mine m CROSS JOIN LATERAL (SELECT "
	       "e.ctid, e.contact_id, e.process FROM phased.explanation e WHERE e.contact_id = m.id OFFSET 0) AS "
	       "e "
	       "WHERE (e.contact_id, e.process) NOT IN (SELECT * FROM unnest($5::uuid[], $6::text[]))))), "
	       "gone_days AS (DELETE FROM phased.history WHERE ctid = ANY (ARRAY (SELECT h.ctid FROM mine m CROSS "
	       "JOIN LATERAL (SELECT h.ctid, h.contact_id, h.process FROM phased.history h WHERE h.contact_id = "
	       "m.id OFFSET 0) AS h WHERE (h.contact_id, h.process) NOT IN (SELECT * FROM unnest($16::uuid[], "
	       "$17::text[]))))), told AS (INSERT INTO phased.explanation SELECT r.contact_id, r.process, (SELECT "
	       "m.version FROM mine m WHERE m.id = r.contact_id), $3, r.as_of, r.phase, r.start, r.logit, "
	       "r.earlier, r.days::date[], r.rules::text[], r.contents::text[], r.touches::integer[], "
	       "r.effects::double precision[] FROM unnest($4::timestamptz[], $5::uuid[], $6::text[], "
	       "$7::smallint[], $8::double precision[], $9::double precision[], $10::integer[], $11::text[], "
	       "$12::text[], $13::text[], $14::text[], $15::text[]) AS r (as_of, contact_id, process, phase, "
	       "start, logit, earlier, days, rules, contents, touches, effects) WHERE (r.contact_id IN (SELECT "
	       "m.id FROM mine m)) IS TRUE ON CONFLICT (contact_id, process) DO UPDATE SET version = "
	       "excluded.version, model_version = excluded.model_version, as_of = excluded.as_of, phase = "
	       "excluded.phase, start_logit = excluded.start_logit, logit = excluded.logit, earlier = "
	       "excluded.earlier, days "
	       "= excluded.days, rules = excluded.rules, contents = excluded.contents, touches = "
	       "excluded.touches, effects = excluded.effects), days AS (INSERT INTO phased.history SELECT "
	       "h.contact_id, h.process, $3, h.as_of, h.first_day, h.early::smallint[], h.mid::smallint[], "
	       "h.late::smallint[] FROM unnest($16::uuid[], $17::text[], $18::timestamptz[], $19::date[], "
	       "$20::text[], $21::text[], $22::text[]) AS h (contact_id, process, as_of, first_day, early, mid, "
	       "late) WHERE (h.contact_id IN (SELECT m.id FROM mine m)) IS TRUE ON CONFLICT (contact_id, process) "
	       "DO UPDATE SET model_version = excluded.model_version, as_of = excluded.as_of, first_day = "
	       "excluded.first_day, early = excluded.early, mid = excluded.mid, late = excluded.late) SELECT n, "
	       "phased.explain_done(($23::uuid[])[1], $24, n < cardinality($1)) FROM (SELECT count(*) AS n FROM "
	       "mine) AS m",
	.parameter_count = 24,
	.parameters = {ARRAY(UUID), ARRAY(INT8), ONE(INT8),	     ARRAY(TIMESTAMPTZ), ARRAY(UUID),
		       ARRAY(TEXT), ARRAY(INT2), ARRAY(FLOAT8),	     ARRAY(FLOAT8),	 ARRAY(INT4),
		       ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT),	     ARRAY(TEXT),	 ARRAY(TEXT),
		       ARRAY(UUID), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(DATE),	 ARRAY(TEXT),
		       ARRAY(TEXT), ARRAY(TEXT), ARRAY(UUID),	     ONE(BOOL)}};
static const struct postgres_statement sql_explain_done = {
	.name = "explain_done",
	.sql = "SELECT phased.explain_done(($1::uuid[])[1], $2, false)",
	.parameter_count = 2,
	.parameters = {ARRAY(UUID), ONE(BOOL)}};
/* Of whom everything was folded anew: what was said of them may have been somebody else's. */
static const struct postgres_statement sql_drop_explanations = {
	.name = "drop_explanations",
	.sql = "DELETE FROM phased.explanation WHERE contact_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_drop_histories = {
	.name = "drop_histories",
	.sql = "DELETE FROM phased.history WHERE contact_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};

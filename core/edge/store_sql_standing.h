/*
 * The statements about table standing.
 */
#pragma once
#include "core/edge/store_sql.h"

static const struct postgres_statement sql_standing_read = {
	.name = "standing_read",
	.sql = "SELECT c.contact_id, c.process, c.at, c.to_shown, c.cause FROM unnest($1::uuid[]) AS k (id) CROSS "
	       "JOIN "
	       "LATERAL (SELECT * FROM phased.phase_change c WHERE c.contact_id = k.id OFFSET 0) AS c LIMIT $2",
	.parameter_count = 2,
	.parameters = {ARRAY(UUID), ONE(INT8)}};
/* Of those whose explanation is written: their arbiters are locked. Stuck: twice 20 days for each fine phase, as models have it by default. */
static const struct postgres_statement sql_standing_save = {
	.name = "standing_save",
	.sql = "WITH mine AS MATERIALIZED (SELECT k.id FROM unnest($1::uuid[], $2::bigint[]) AS k (id, version) "
	       "CROSS "
	       "JOIN LATERAL (SELECT FROM phased.phase a WHERE a.contact_id = k.id AND a.process = 'standard' AND "
	       "a.version = k.version OFFSET 0 FOR UPDATE SKIP LOCKED) AS a), gone AS (DELETE FROM "
	       "phased.standing "
	       "WHERE ctid = ANY (ARRAY (SELECT s.ctid FROM mine m CROSS JOIN LATERAL (SELECT s.ctid, "
	       "s.contact_id, "
	       "s.process FROM phased.standing s WHERE s.contact_id = m.id OFFSET 0) AS s WHERE (s.contact_id, "
	       "s.process) NOT IN (SELECT * FROM unnest($3::uuid[], $4::text[]))))) INSERT INTO phased.standing "
	       "AS o "
	       "(contact_id, process, shown, quiet, since, last_at, stuck_at, peak, fell_at, fell_rule, "
	       "late_days) "
	       "SELECT r.contact_id, r.process, p.shown, p.quiet, p.since, p.last_at, CASE WHEN p.shown >= 2 AND "
	       "NOT "
	       "p.quiet THEN p.since + f.count * interval '40 days' END, r.peak, r.fell_at, r.fell_rule, ARRAY "
	       "(SELECT l.day FROM unnest($8::uuid[], $9::text[], $10::date[]) AS l (contact_id, process, day) "
	       "WHERE "
	       "l.contact_id = r.contact_id AND l.process = r.process ORDER BY l.day) FROM unnest($3::uuid[], "
	       "$4::text[], $5::smallint[], $6::timestamptz[], $7::text[]) AS r (contact_id, process, peak, "
	       "fell_at, "
	       "fell_rule) CROSS JOIN LATERAL (SELECT * FROM phased.phase p WHERE p.contact_id = r.contact_id AND "
	       "p.process = r.process OFFSET 0) AS p CROSS JOIN LATERAL (SELECT count(*) AS count FROM "
	       "phased.model_state f WHERE f.model_version = p.model_version AND f.process = p.process AND f.main "
	       "= "
	       "p.shown - 2 OFFSET 0) AS f WHERE (r.contact_id IN (SELECT m.id FROM mine m)) IS TRUE ON CONFLICT "
	       "(contact_id, process) DO UPDATE SET shown = excluded.shown, quiet = excluded.quiet, since = "
	       "excluded.since, last_at = excluded.last_at, stuck_at = excluded.stuck_at, peak = excluded.peak, "
	       "fell_at = excluded.fell_at, fell_rule = excluded.fell_rule, late_days = excluded.late_days",
	.parameter_count = 10,
	.parameters = {ARRAY(UUID), ARRAY(INT8), ARRAY(UUID), ARRAY(TEXT), ARRAY(INT2), ARRAY(TIMESTAMPTZ),
		       ARRAY(TEXT), ARRAY(UUID), ARRAY(TEXT), ARRAY(DATE)}};
static const struct postgres_statement sql_drop_standings = {
	.name = "drop_standings",
	.sql = "DELETE FROM phased.standing WHERE contact_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};

/*
 * Statements about opportunities; store_sql.h says how statements are written.
 */
#pragma once
#include "core/edge/store_sql.h"

/*
 * Of copies the one received first stands: of those of one batch, and of that and the one that is there. Only where a row is new or another
 * one now there is something to look at.
 */
#define STAGE_KEY "source, site, id, stamped, event_id"
#define STAGE_ORDER(of) \
	of "received, " of "at, " of "subject_id, " of "reasons, " of "stage, " of "state, " of "currency, " of \
	   "owner, coalesce(" of "probability, -1), coalesce(" of "amount, '-infinity'), coalesce(" of \
	   "close_at, '-infinity')"
static const struct postgres_statement sql_save_stages = {
	.name = "save_stages",
	.sql = "WITH written AS (INSERT INTO phased.opportunity_stage AS t SELECT DISTINCT ON (" STAGE_KEY
	       ") * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[], "
	       "$6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::integer[], $10::text[], $11::smallint[], "
	       "$12::double precision[], $13::double precision[], $14::text[], $15::timestamptz[], $16::text[]) "
	       "AS k (source, site, id, stamped, event_id, received, at, subject_id, reasons, stage, state, "
	       "probability, amount, currency, close_at, owner) ORDER BY " STAGE_KEY
	       ", " STAGE_ORDER("") " ON CONFLICT (" STAGE_KEY
				    ") DO UPDATE SET received = excluded.received, at = excluded.at, "
				    "subject_id = excluded.subject_id, reasons = excluded.reasons, stage = "
				    "excluded.stage, state = "
				    "excluded.state, probability = excluded.probability, amount = "
				    "excluded.amount, currency = "
				    "excluded.currency, close_at = excluded.close_at, owner = excluded.owner "
				    "WHERE (" STAGE_ORDER("excluded.") ") < (" STAGE_ORDER(
					    "t.") ") RETURNING source, site, id, stamped, "
						  "event_id) INSERT INTO phased.opportunity_due (source, site, "
						  "id, stamped, event_id) SELECT * FROM "
						  "written",
	.parameter_count = 16,
	.parameters = {ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(TIMESTAMPTZ),
		       ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(INT4), ARRAY(TEXT), ARRAY(INT2), ARRAY(FLOAT8),
		       ARRAY(FLOAT8), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(TEXT)}};
/*
 * Not of whom nothing may be kept that happened then, or whose message was in the log when they were erased; the row may be about somebody
 * whose touch is none of this batch's. A touch may have been written beside it, be the row new or not: that is looked at.
 */
#define ASSOCIATE_KEY "source, site, id, actor_id, stamped, event_id"
static const struct postgres_statement sql_save_associates = {
	.name = "save_associates",
	.sql = "WITH k AS MATERIALIZED (SELECT DISTINCT ON (" ASSOCIATE_KEY
	       ") k.source, k.site, k.id, k.actor_id, k.stamped, k.event_id, k.received, k.at, k.present FROM "
	       "unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[], $6::timestamptz[], "
	       "$7::timestamptz[], $8::uuid[], $9::boolean[], $10::text[], $11::integer[], $12::bigint[]) AS k "
	       "(source, site, id, stamped, event_id, received, at, actor_id, present, topic, partition, place) "
	       "WHERE NOT phased.opportunity_refused(k.actor_id, k.at) AND NOT EXISTS (SELECT FROM phased.erasure "
	       "e WHERE e.actor_id = k.actor_id AND (e.positions -> k.topic ->> k.partition)::bigint > k.place "
	       "OFFSET 0) "
	       "ORDER BY " ASSOCIATE_KEY ", received, at, present DESC), written AS (INSERT INTO "
	       "phased.opportunity_contact AS t (" ASSOCIATE_KEY ", received, at, present) SELECT * FROM k ON "
	       "CONFLICT (" ASSOCIATE_KEY ") DO UPDATE SET received = excluded.received, at = excluded.at, "
	       "present = excluded.present WHERE (excluded.received, excluded.at, NOT excluded.present) < "
	       "(t.received, t.at, NOT t.present)) INSERT INTO phased.opportunity_due (source, site, id, "
	       "actor_id) SELECT DISTINCT source, site, id, actor_id FROM k",
	.parameter_count = 12,
	.parameters = {ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(INT8), ARRAY(TIMESTAMPTZ),
		       ARRAY(TIMESTAMPTZ), ARRAY(UUID), ARRAY(BOOL), ARRAY(TEXT), ARRAY(INT4), ARRAY(INT8)}};

static const struct postgres_statement sql_deals_step = {
	.name = "deals_step",
	.sql = "SELECT again, written, gone, waiting FROM phased.opportunity_step($1, $2, $3)",
	.parameter_count = 3,
	.parameters = {ONE(INT8), ONE(INT8), ONE(BOOL)}};

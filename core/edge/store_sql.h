/*
 * The daemon's SQL, all of it, for store.c alone. Literals and parameters only. Every name is written with its schema.
 *
 * Each statement here takes an array of keys to an index, and must do so on the first day, with no statistics yet, as on
 * the thousandth: plans are generic and stay. So the planner is left no choice. Where one column is the key, its rows are
 * named by `= ANY (keys)`: one scan of the index, half the price of a scan a key. Otherwise a key goes to its rows through
 * `CROSS JOIN LATERAL (SELECT … WHERE key = … OFFSET 0)`, which cannot be turned round nor be joined in another way (a
 * plain join was once planned as all rows of the table times all keys); and what deletes names its rows by ctid, since the
 * arbiters' locks keep them where they are. A test reads all plans.
 */
#pragma once
#include "core/edge/postgres.h"
#include "core/model/event.h"
#include "core/model/phase_pack.h"

#define ARRAY(type) \
	{ \
		POSTGRES_##type, true \
	}
#define ONE(type) \
	{ \
		POSTGRES_##type, false \
	}
#define DIGITS(number) DIGITS_OF(number)
#define DIGITS_OF(number) #number
#define SIMPLE(title, text) \
	{ \
		.name = title, .sql = text, .simple = true \
	}

static const struct postgres_statement sql_begin = SIMPLE("begin", "BEGIN ISOLATION LEVEL READ COMMITTED");
static const struct postgres_statement sql_snapshot =
	SIMPLE("snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
static const struct postgres_statement sql_commit = SIMPLE("commit", "COMMIT");
static const struct postgres_statement sql_rollback = SIMPLE("rollback", "ROLLBACK");
static const struct postgres_statement sql_settle = {
	.name = "settle",
	.sql = "SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_hashjoin', "
	       "'off', false), "
	       "set_config('enable_mergejoin', 'off', false), set_config('enable_seqscan', 'off', false), "
	       "set_config('enable_bitmapscan', 'off', false), set_config('enable_material', 'off', false), "
	       "set_config('enable_memoize', 'off', false), "
	       "set_config('jit', 'off', false), set_config('statement_timeout', $1, false), "
	       "set_config('idle_in_transaction_session_timeout', $2, false), set_config('lock_timeout', $2, "
	       "false)",
	.parameter_count = 2,
	.parameters = {ONE(TEXT), ONE(TEXT)}};

static const struct postgres_statement sql_model =
	SIMPLE("model", "SELECT version, text FROM phased.model WHERE in_force");
static const struct postgres_statement sql_keys_set = {
	.name = "keys_set",
	.sql = "INSERT INTO phased.setting (key, value) VALUES ('subject.property_keys', $1) ON CONFLICT DO "
	       "NOTHING",
	.parameter_count = 1,
	.parameters = {ONE(TEXT)}};
static const struct postgres_statement sql_keys =
	SIMPLE("keys", "SELECT value FROM phased.setting WHERE key = 'subject.property_keys'");

static const struct postgres_statement sql_claim = {
	.name = "claim",
	.sql = "SELECT topic, partition, next_offset, epoch FROM phased.position_claim($1, $2, $3, $4)",
	.parameter_count = 4,
	.parameters = {ONE(TEXT), ARRAY(TEXT), ARRAY(INT4), ONE(TEXT)}};
static const struct postgres_statement sql_look = {
	.name = "look",
	.sql = "SELECT p.topic, p.partition, p.next_offset, p.epoch, starts_with(p.owner, 'phasectl:') FROM "
	       "unnest($2::text[], $3::integer[]) "
	       "AS k (topic, partition) CROSS JOIN LATERAL (SELECT * FROM phased.position p WHERE p.grp = "
	       "$1 AND p.topic = k.topic AND p.partition = k.partition OFFSET 0) AS p",
	.parameter_count = 3,
	.parameters = {ONE(TEXT), ARRAY(TEXT), ARRAY(INT4)}};
static const struct postgres_statement sql_months = {
	.name = "months",
	.sql = "SELECT phased.touch_month(m) FROM unnest($1::date[]) AS m",
	.parameter_count = 1,
	.parameters = {ARRAY(DATE)}};

static const struct postgres_statement sql_advance = {
	.name = "advance",
	.sql = "SELECT phased.position_advance($1, $2, $3, $4, $5, $6, $7, $8)",
	.parameter_count = 8,
	.parameters = {ONE(TEXT), ARRAY(TEXT), ARRAY(INT4), ARRAY(INT8), ARRAY(INT8), ARRAY(INT8), ARRAY(INT8),
		       ARRAY(TIMESTAMPTZ)}};
static const struct postgres_statement sql_advance_under = {
	.name = "advance_under",
	.sql = "SELECT phased.position_advance_under($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	.parameter_count = 9,
	.parameters = {ONE(INT8), ONE(TEXT), ARRAY(TEXT), ARRAY(INT4), ARRAY(INT8), ARRAY(INT8), ARRAY(INT8),
		       ARRAY(INT8), ARRAY(TIMESTAMPTZ)}};
static const struct postgres_statement sql_holds = {.name = "holds",
						    .sql = "SELECT phased.position_holds($1, $2, $3, $4)",
						    .parameter_count = 4,
						    .parameters = {ONE(TEXT), ARRAY(TEXT), ARRAY(INT4),
								   ARRAY(INT8)}};
static const struct postgres_statement sql_model_version =
	SIMPLE("model_version", "SELECT version FROM phased.model WHERE in_force");
static const struct postgres_statement sql_claims = {
	.name = "claims",
	.sql = "SELECT c.weak, c.strong, c.stamped, c.event_id, c.at, c.strength FROM phased.claim c WHERE c.weak "
	       "= ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
/* All claims on whom any of these persons was claimed on. */
static const struct postgres_statement sql_claims_decided = {
	.name = "claims_decided",
	.sql = "SELECT c.weak, c.strong, c.stamped, c.event_id, c.at, c.strength FROM (SELECT DISTINCT d.weak "
	       "FROM "
	       "unnest($1::uuid[]) AS k (strong) CROSS JOIN LATERAL (SELECT c.weak FROM phased.claim c WHERE "
	       "c.strong = k.strong OFFSET 0) AS d) AS w CROSS JOIN LATERAL (SELECT * FROM phased.claim c WHERE "
	       "c.weak = w.weak OFFSET 0) AS c",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};

static const struct postgres_statement sql_arbiters = {
	.name = "arbiters",
	.sql = "INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, "
	       "activity, "
	       "early, mid, late, reported, shown, fine, band) SELECT c, 'standard', 0, $2, '', 0, 0, 0, 0, 0, 0, "
	       "-1, 0, 0, 0 "
	       "FROM unnest($1::uuid[]) AS c ON CONFLICT DO NOTHING",
	.parameter_count = 2,
	.parameters = {ARRAY(UUID), ONE(INT8)}};
static const struct postgres_statement sql_lock = {
	.name = "lock",
	.sql = "SELECT p.contact_id FROM phased.phase p WHERE p.contact_id = ANY ($1) AND p.process = 'standard' "
	       "ORDER BY p.contact_id FOR UPDATE",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_consents = {
	.name = "consents",
	.sql = "SELECT c.actor_id, c.purpose, c.stamped, c.event_id, c.touch_actor, c.at, c.state, c.source, "
	       "c.policy FROM "
	       "phased.consent c WHERE c.actor_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_declared = {
	.name = "declared",
	.sql = "SELECT d.actor_id, d.attribute, d.source, d.stamped, d.event_id, d.touch_actor, d.at, d.value "
	       "FROM "
	       "phased.declared d WHERE d.actor_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_erasures = {
	.name = "erasures",
	.sql = "SELECT e.actor_id, e.at FROM phased.erasure e WHERE e.actor_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_copies = {
	.name = "copies",
	.sql = "SELECT t.actor_id, t.stamped, t.event_id, t.received, t.at, t.subject_id, t.reasons & 65535, "
	       "t.party, s.channel, (SELECT c.actor_id FROM phased.consent c WHERE c.touch_actor = "
	       "t.actor_id AND c.stamped = t.stamped AND c.event_id = t.event_id LIMIT 1) FROM "
	       "unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) AS k (actor_id, stamped, event_id) "
	       "CROSS JOIN LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = k.actor_id AND "
	       "t.stamped = k.stamped AND t.event_id = k.event_id OFFSET 0) AS t CROSS JOIN LATERAL (SELECT "
	       "s.channel FROM phased.subject s WHERE s.subject_id = t.subject_id OFFSET 0) AS s",
	.parameter_count = 3,
	.parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8)}};
static const struct postgres_statement sql_times = {
	.name = "times",
	.sql = "SELECT t.actor_id, t.stamped, t.event_id, t.at FROM unnest($1::uuid[]) AS k (actor_id) "
	       "CROSS JOIN LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = k.actor_id OFFSET 0) AS "
	       "t LIMIT $2",
	.parameter_count = 2,
	.parameters = {ARRAY(UUID), ONE(INT8)}};
#define PHASES \
	"SELECT p.contact_id, p.process, p.version, p.model_version, p.fold, p.shown, p.since, p.review_at, " \
	"CASE WHEN " \
	"p.since > p.last_at THEN (SELECT max(c.at) FROM phased.phase_change c WHERE c.contact_id = " \
	"p.contact_id AND " \
	"c.process = p.process AND c.at <= p.last_at) END, p.ctid, p.cleared FROM phased.phase p "
static const struct postgres_statement sql_phases = {.name = "phases",
						     .sql = PHASES "WHERE p.contact_id = ANY ($1)",
						     .parameter_count = 1,
						     .parameters = {ARRAY(UUID)}};

/* No machine's, or by reasons that are none for the contact. */
#define READ_PERSONS "(t.reasons & ~k.cleared) = 0"
/*
 * And, where that is asked for, such as fold_input_counts() takes. Whose subject has no row of this model is kept: who reads may know
 * better by then what it matches.
 */
#define READ_COUNTED \
	"(NOT $8 OR coalesce((SELECT r.confirm <> 0 OR (t.party = 1 AND r.rule_number IS NOT NULL) FROM " \
	"phased.subject_rule r WHERE r.model_version = $1 AND r.subject_id = t.subject_id), true))"
_Static_assert(PARTY_PERSON == 1, "t.party = 1");
/* What is asked for: (id, process, before, after, cleared); process NULL: all of them, from the start. */
#define READ_ASKS "unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::integer[])"
/* Checkpoints before a moment, of the model in force and packed as we pack: the last one is gone on from. */
#define READ_CHECKPOINTS \
	"FROM phased.checkpoint c WHERE c.contact_id = k.id AND c.process = k.process AND c.at < k.before AND " \
	"c.model_version = $1 AND get_byte(c.fold, 0) = " DIGITS(PHASE_PACK_VERSION)
/*
 * Each touch once, from where the first of the processes begins that are asked for; whose it is, is said by the place of its ask. What
 * its subject matches is not joined: that would cost as much again as the touch does, and the daemon mostly knows it. It is only looked at
 * where all of them were too many.
 */
#define READ_FROM \
	"FROM (SELECT k.id, min(k.place)::integer AS place, min(coalesce((SELECT max(c.at) " READ_CHECKPOINTS \
	"), k.after)) AS at, min(k.cleared) AS cleared FROM " READ_ASKS \
	" WITH ORDINALITY AS k (id, process, before, after, cleared, place) GROUP BY k.id) AS k "
#define READ_COLUMNS "SELECT k.place, t.event_id, t.at, t.subject_id, t.party, nullif(t.reasons, 0)"
#define READ_KEYS ", CASE WHEN $7 THEN t.actor_id END, CASE WHEN $7 THEN t.stamped END "
static const struct postgres_statement sql_read_checkpoints = {
	.name = "read_checkpoints",
	.sql = "SELECT c.contact_id, c.process, c.n, c.at, c.fold, c.shown, c.since FROM " READ_ASKS
	       " AS k (id, process, before, after, cleared) CROSS JOIN LATERAL (SELECT * " READ_CHECKPOINTS
	       " ORDER BY c.n DESC LIMIT 1) AS c",
	.parameter_count = 6,
	.parameters = {ONE(INT8), ARRAY(UUID), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ), ARRAY(INT4)}};
static const struct postgres_statement sql_read_contacts = {
	.name = "read_contacts",
	.sql = READ_COLUMNS READ_KEYS READ_FROM
	"CROSS JOIN LATERAL (SELECT * FROM phased.stretch s WHERE s.contact_id = k.id OFFSET 0) AS s CROSS JOIN "
	"LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = s.actor_id AND t.at >= s.from_at AND t.at < "
	"s.to_at AND t.at > k.at AND " READ_PERSONS " AND " READ_COUNTED " OFFSET 0) AS t WHERE s.actor_id NOT IN "
	"(SELECT unnest($9::uuid[])) LIMIT $10",
	.parameter_count = 10,
	.parameters = {ONE(INT8), ARRAY(UUID), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ), ARRAY(INT4),
		       ONE(BOOL), ONE(BOOL), ARRAY(UUID), ONE(INT8)}};
static const struct postgres_statement sql_read_actors = {
	.name = "read_actors",
	.sql = READ_COLUMNS READ_KEYS READ_FROM "CROSS JOIN LATERAL (SELECT * FROM phased.touch t WHERE "
						"t.actor_id = k.id AND t.at > k.at AND " READ_PERSONS
						" AND " READ_COUNTED " OFFSET 0) AS t LIMIT $9",
	.parameter_count = 9,
	.parameters = {ONE(INT8), ARRAY(UUID), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(TIMESTAMPTZ), ARRAY(INT4),
		       ONE(BOOL), ONE(BOOL), ONE(INT8)}};
static const struct postgres_statement sql_read_rules = {
	.name = "read_rules",
	.sql = "SELECT r.subject_id, r.process, r.rule_number, r.mail_click, r.link, r.confirm FROM "
	       "unnest($2::bigint[]) AS k (subject_id) CROSS JOIN LATERAL (SELECT * FROM phased.subject_rule r "
	       "WHERE r.model_version = $1 AND r.subject_id = k.subject_id OFFSET 0) AS r",
	.parameter_count = 2,
	.parameters = {ONE(INT8), ARRAY(INT8)}};

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
	       "$2::uuid[], $3::timestamptz[], $4::bigint[]) AS k (weak, strong, stamped, event_id) CROSS "
	       "JOIN LATERAL (SELECT c.ctid FROM phased.claim c WHERE c.weak = k.weak AND c.strong = "
	       "k.strong AND c.stamped = k.stamped AND c.event_id = k.event_id OFFSET 0) AS c))",
	.parameter_count = 4,
	.parameters = {ARRAY(UUID), ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8)}};
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

static const struct postgres_statement sql_drop_persons = {
	.name = "drop_persons",
	.sql = "DELETE FROM phased.contact WHERE contact_id = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(UUID)}};
static const struct postgres_statement sql_save_persons = {
	.name = "save_persons",
	.sql = "INSERT INTO phased.contact SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], "
	       "$5::text[], "
	       "$6::text[], $7::text[], $8::boolean[]) ON CONFLICT (contact_id) DO UPDATE SET address = "
	       "excluded.address, "
	       "name = excluded.name, role = excluded.role, role_declared = excluded.role_declared, title = "
	       "excluded.title, "
	       "company = excluded.company, may_write = excluded.may_write",
	.parameter_count = 8,
	.parameters = {ARRAY(UUID), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT), ARRAY(TEXT),
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
	       "late) FROM STDIN (FORMAT binary); "
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
	       "noticed_at, late) "
	       "SELECT n.contact_id, n.process, n.at, n.from_shown, n.to_shown, n.cause, $1, n.late FROM "
	       "unnest($2::uuid[], "
	       "$3::text[], $4::timestamptz[], $5::smallint[], $6::smallint[], $7::bigint[], $8::boolean[]) "
	       "AS n (contact_id, process, at, from_shown, to_shown, cause, late) ON CONFLICT (contact_id, "
	       "process, at) "
	       "DO UPDATE SET from_shown = excluded.from_shown, to_shown = excluded.to_shown, cause = "
	       "excluded.cause "
	       "WHERE (c.from_shown, c.to_shown, c.cause) IS DISTINCT FROM (excluded.from_shown, "
	       "excluded.to_shown, excluded.cause)",
	.parameter_count = 8,
	.parameters = {ONE(TIMESTAMPTZ), ARRAY(UUID), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(INT2), ARRAY(INT2),
		       ARRAY(INT8), ARRAY(BOOL)}};

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

static const struct postgres_statement sql_save_timed = {.name = "save_timed",
							 .sql = "SELECT phased.machine_time($1, $2)",
							 .parameter_count = 2,
							 .parameters = {ARRAY(UUID), ARRAY(TIMESTAMPTZ)}};
static const struct postgres_statement sql_save_outcomes = {
	.name = "save_outcomes",
	.sql = "INSERT INTO phased.outcome_day AS o SELECT * FROM unnest($1::date[], $2::text[], $3::text[], "
	       "$4::smallint[], "
	       "$5::text[], $6::bigint[]) ON CONFLICT (day, source, site, channel, outcome) DO UPDATE SET n = o.n "
	       "+ excluded.n",
	.parameter_count = 6,
	.parameters = {ARRAY(DATE), ARRAY(TEXT), ARRAY(TEXT), ARRAY(INT2), ARRAY(TEXT), ARRAY(INT8)}};
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
static const struct postgres_statement sql_save_raws = {
	.name = "save_raws",
	.sql = "INSERT INTO phased.rejected_raw SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], "
	       "$4::smallint[], $5::bytea[]) ON CONFLICT DO NOTHING",
	.parameter_count = 5,
	.parameters = {ARRAY(TEXT), ARRAY(INT4), ARRAY(INT8), ARRAY(INT2), ARRAY(BYTEA)}};
/* The oldest, a slice; those that somebody tries again at this moment are left. */
static const struct postgres_statement sql_purge_rejects = {
	.name = "purge_rejects",
	.sql = "WITH gone AS (DELETE FROM phased.rejected WHERE ctid = ANY (ARRAY (SELECT r.ctid FROM "
	       "phased.rejected r WHERE r.noted_at < $1 ORDER BY r.noted_at LIMIT $2 FOR UPDATE SKIP LOCKED)) "
	       "RETURNING 1) SELECT count(*) FROM gone",
	.parameter_count = 2,
	.parameters = {ONE(TIMESTAMPTZ), ONE(INT8)}};

/* ---- what time does ---- */

static const struct postgres_statement sql_review_due = {
	.name = "review_due",
	.sql = "SELECT hour, last, contact_id, process, version, model_version, fold, shown, since FROM "
	       "phased.review_due($1, $2)",
	.parameter_count = 2,
	.parameters = {ONE(TIMESTAMPTZ), ONE(INT8)}};
static const struct postgres_statement sql_review_done =
	SIMPLE("review_done",
	       "SELECT CASE WHEN block IS NULL THEN hour ELSE hour - interval '1 hour' END FROM phased.review");
/* Who locks a contact's arbiter at this moment is about to know better, and so does whoever has written it since: neither is waited
 * for. (ORDER BY: all are locked before the first is written, since
 * what this statement has written it cannot lock. IN … IS TRUE: by a hash, not row by row.) */
static const struct postgres_statement sql_review_save = {
	.name = "review_save",
	.sql = "WITH mine AS MATERIALIZED (SELECT k.*, p.ctid AS at_place FROM unnest($1::phased.state_row[]) AS "
	       "k CROSS "
	       "JOIN LATERAL (SELECT FROM phased.phase a WHERE a.contact_id = k.contact_id AND a.process = "
	       "'standard' AND "
	       "a.version = k.version OFFSET 0 FOR UPDATE SKIP LOCKED) AS a CROSS JOIN LATERAL (SELECT p.ctid "
	       "FROM "
	       "phased.phase p WHERE p.contact_id = k.contact_id AND p.process = k.process OFFSET 0) AS p), "
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
	       "to_shown, cause, noticed_at, late) SELECT n.contact_id, n.process, n.at, n.from_shown, "
	       "n.to_shown, NULL, "
	       "$2, false FROM unnest($3::uuid[], $4::text[], $5::timestamptz[], $6::smallint[], $7::smallint[]) "
	       "AS n "
	       "(contact_id, process, at, from_shown, to_shown) WHERE (n.contact_id IN (SELECT w.contact_id FROM "
	       "written w)) IS TRUE ON CONFLICT (contact_id, process, at) DO UPDATE SET from_shown = "
	       "excluded.from_shown, "
	       "to_shown = excluded.to_shown, cause = NULL RETURNING 1) SELECT (SELECT count(*) FROM written), "
	       "(SELECT "
	       "count(*) FROM changed)",
	.parameter_count = 7,
	.parameters = {ARRAY(ROW), ONE(TIMESTAMPTZ), ARRAY(UUID), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(INT2),
		       ARRAY(INT2)}};

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

/*
 * The daemon's SQL up to SAVE, for the files of the store alone: store_sql_save.h has what SAVE writes, store_sql_chores.h what is done
 * beside batches. Literals and parameters only. Every name is written with its schema.
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
static const struct postgres_statement sql_settings_set = {
	.name = "settings_set",
	.sql = "INSERT INTO phased.setting (key, value) VALUES ('subject.property_keys', $1), ('identity.kid', "
	       "$2) "
	       "ON CONFLICT DO NOTHING",
	.parameter_count = 2,
	.parameters = {ONE(TEXT), ONE(TEXT)}};
static const struct postgres_statement sql_settings =
	SIMPLE("settings", "SELECT (SELECT value FROM phased.setting WHERE key = 'subject.property_keys'), "
			   "(SELECT value FROM phased.setting WHERE key = 'identity.kid')");

static const struct postgres_statement sql_kept_from =
	SIMPLE("kept_from", "SELECT kept_from FROM phased.retention");

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
	.sql = "SELECT c.weak, c.strong, c.stamped, c.event_id, c.at, c.strength FROM unnest($1::uuid[]) AS k "
	       "(weak) CROSS JOIN LATERAL (SELECT * FROM phased.claim c WHERE c.weak = k.weak ORDER BY c.at "
	       "LIMIT $2) AS c",
	.parameter_count = 2,
	.parameters = {ARRAY(UUID), ONE(INT8)}};
/* Which of these are there. */
static const struct postgres_statement sql_claims_stated = {
	.name = "claims_stated",
	.sql = "SELECT o.weak, o.strong, o.stamped, o.event_id, o.at, o.strength FROM unnest($1::uuid[], "
	       "$2::uuid[], "
	       "$3::timestamptz[], $4::bigint[]) AS k (weak, strong, stamped, event_id) CROSS JOIN LATERAL "
	       "(SELECT "
	       "* FROM phased.claim c WHERE (c.weak, c.strong, c.stamped, c.event_id) >= (k.weak, k.strong, "
	       "k.stamped, k.event_id) ORDER BY c.weak, c.strong, c.stamped, c.event_id LIMIT 1) AS o WHERE "
	       "o.weak = "
	       "k.weak AND o.strong = k.strong AND o.stamped = k.stamped AND o.event_id = k.event_id",
	.parameter_count = 4,
	.parameters = {ARRAY(UUID), ARRAY(UUID), ARRAY(TIMESTAMPTZ), ARRAY(INT8)}};
/* A few claims for each of a few persons who were claimed on these: from one person's to the next by the key, which is why
 * they are asked for as a range of it. What is the next person's is no harm. */
static const struct postgres_statement sql_claims_others = {
	.name = "claims_others",
	.sql = "SELECT o.weak, o.strong, o.stamped, o.event_id, o.at, o.strength FROM unnest($1::uuid[]) AS k "
	       "(weak) "
	       "CROSS JOIN LATERAL (WITH RECURSIVE s (weak, strong, n) AS ((SELECT c.weak, c.strong, 1 FROM "
	       "phased.claim c WHERE (c.weak, c.strong) >= (k.weak, '00000000-0000-0000-0000-000000000000') ORDER "
	       "BY c.weak, c.strong LIMIT 1) UNION ALL SELECT d.weak, d.strong, s.n + 1 FROM s CROSS JOIN LATERAL "
	       "(SELECT c.weak, c.strong FROM phased.claim c WHERE (c.weak, c.strong) > (s.weak, s.strong) ORDER "
	       "BY c.weak, c.strong LIMIT 1) AS d WHERE d.weak = k.weak AND s.n < $2) SELECT s.strong FROM s) AS "
	       "s "
	       "CROSS JOIN LATERAL (SELECT * FROM phased.claim c WHERE (c.weak, c.strong) >= (k.weak, s.strong) "
	       "ORDER "
	       "BY c.weak, c.strong, c.stamped, c.event_id LIMIT $3) AS o WHERE o.weak = k.weak",
	.parameter_count = 3,
	.parameters = {ARRAY(UUID), ONE(INT4), ONE(INT8)}};
/* Claims by persons, who is one with whom, and what was asserted: the function says what each row is. */
static const struct postgres_statement sql_in_play = {
	.name = "in_play",
	.sql = "SELECT p.* FROM phased.in_play($1, $2, $3, $4, $5, $6, $7, $8) AS p",
	.parameter_count = 8,
	.parameters = {ARRAY(UUID), ARRAY(UUID), ARRAY(UUID), ARRAY(UUID), ARRAY(UUID), ARRAY(TIMESTAMPTZ),
		       ONE(INT8), ONE(INT8)}};

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
/* A row for each of the batch's positions that the ledger knows; of what has none, one row. */
static const struct postgres_statement sql_erasures = {
	.name = "erasures",
	.sql = "SELECT e.actor_id, e.from_at, e.at, p.place, p.below FROM phased.erasure e LEFT JOIN LATERAL "
	       "(SELECT k.place, (e.positions -> k.topic ->> k.partition)::bigint AS below FROM "
	       "unnest($2::text[], $3::integer[]) WITH ORDINALITY AS k (topic, partition, place) WHERE "
	       "(e.positions -> k.topic ->> k.partition) IS NOT NULL OFFSET 0) AS p ON true WHERE e.actor_id = "
	       "ANY ($1)",
	.parameter_count = 3,
	.parameters = {ARRAY(UUID), ARRAY(TEXT), ARRAY(INT4)}};
/* What stands beside touches is looked up of chats, and of what happened offline: elsewhere there is none. */
_Static_assert(CHANNEL_CHAT == 3 && CHANNEL_OFFLINE == 5, "s.channel = 3, s.channel = 5");
static const struct postgres_statement sql_copies = {
	.name = "copies",
	.sql = "SELECT t.actor_id, t.stamped, t.event_id, t.received, t.at, t.subject_id, t.reasons & 65535, "
	       "t.party, s.channel, (SELECT c.actor_id FROM phased.consent c WHERE c.touch_actor = "
	       "t.actor_id AND c.stamped = t.stamped AND c.event_id = t.event_id LIMIT 1), (SELECT a.a FROM "
	       "phased.assertion a WHERE a.touch_actor = t.actor_id AND a.stamped = t.stamped AND a.event_id = "
	       "t.event_id LIMIT 1), h.thread, h.rating, c.amount, c.currency FROM "
	       "unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) AS k (actor_id, stamped, event_id) "
	       "CROSS JOIN LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = k.actor_id AND "
	       "t.stamped = k.stamped AND t.event_id = k.event_id OFFSET 0) AS t CROSS JOIN LATERAL (SELECT "
	       "s.channel FROM phased.subject s WHERE s.subject_id = t.subject_id OFFSET 0) AS s LEFT JOIN "
	       "LATERAL "
	       "(SELECT h.thread, h.rating FROM phased.thread_touch h WHERE s.channel = 3 AND h.actor_id = "
	       "t.actor_id AND h.stamped = t.stamped AND h.event_id = t.event_id OFFSET 0) AS h ON true LEFT JOIN "
	       "LATERAL (SELECT c.amount, c.currency FROM phased.cost c WHERE s.channel = 5 AND c.actor_id = "
	       "t.actor_id AND c.stamped = t.stamped AND c.event_id = t.event_id OFFSET 0) AS c ON true",
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

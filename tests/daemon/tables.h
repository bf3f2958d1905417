/*
 * The daemon's tables as arrays of rows: what the stand-in for PostgreSQL keeps and what the oracle works out, so that
 * the two can be printed in one way and compared byte by byte.
 *
 * Every column is eight bytes (an id sixteen), key columns first, texts interned: rows and keys are compared as bytes.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/uuid.h"

enum table {
	TABLE_ACTOR,
	TABLE_CLAIM,
	TABLE_CONSENT,
	TABLE_DECLARED,
	TABLE_ASSERTION,
	TABLE_KIN,
	TABLE_CONTACT,
	TABLE_STRETCH,
	TABLE_SUBJECT,
	TABLE_RULE,
	TABLE_TOUCH,
	TABLE_PHASE,
	TABLE_CHANGE,
	TABLE_CHECKPOINT,
	TABLE_WAITING,
	TABLE_OUTCOME,
	TABLE_REJECTED,
	TABLE_POSITION,
	TABLE_ERASURE,
	TABLE_COUNT
};

struct actor_line {
	struct uuid id;
	int64_t kind;
	const char *space, *value;
};

struct claim_line {
	struct uuid weak, strong;
	int64_t stamped_us;
	uint64_t event_id;
	int64_t at_us, strength;
};

struct consent_line {
	struct uuid actor_id;
	int64_t purpose, stamped_us;
	uint64_t event_id;
	struct uuid touch_actor;
	int64_t at_us, state;
	const char *source, *policy;
};

struct declared_line {
	struct uuid actor_id;
	int64_t attribute;
	const char *source;
	int64_t stamped_us;
	uint64_t event_id;
	struct uuid touch_actor;
	int64_t at_us;
	const char *value;
};

struct assertion_line {
	struct uuid a, b;
	int64_t stamped_us;
	uint64_t event_id;
	struct uuid touch_actor;
	int64_t at_us, kind, address_of, refused;
};

struct kin_line {
	struct uuid actor_id, contact_id, via;
	int64_t at_us;
};

struct contact_line {
	struct uuid id;
	const char *address, *name, *role, *role_declared, *title, *company;
	int64_t may_write;
	int64_t role_source, role_at_us, role_since_us;
	const char *host, *domain;
	int64_t named;
};

struct stretch_line {
	struct uuid actor_id;
	int64_t from_us, to_us;
	struct uuid contact_id;
};

struct subject_line {
	uint64_t id;
	int64_t channel;
	const char *texts; /* all columns but `channel`, '/' between */
	const char *link;  /* of these, where it leads: host and path */
};

struct rule_line {
	uint64_t subject_id;
	const char *process, *rule;
	int64_t number;
	const char *content;
	int64_t mail_click;
	uint64_t link;
	int64_t confirm;
};

struct touch_line {
	struct uuid actor_id;
	int64_t stamped_us;
	uint64_t event_id;
	int64_t received_us, at_us;
	uint64_t subject_id;
	int64_t reasons, party;
};

struct phase_line {
	struct uuid contact_id;
	const char *process;
	int64_t version;
	uint64_t model_version;
	const char *fold; /* hexadecimal; "": nothing */
	int64_t counted, confirmed;
	double activity, early, mid, late;
	int64_t reported, shown, fine, band, quiet, since_us, last_us;
	int64_t review_us; /* not dumped */
	int64_t cleared;   /* by people: not dumped */
};

struct change_line {
	struct uuid contact_id;
	const char *process;
	int64_t at_us, from_shown, to_shown;
	int64_t from_since_us;
	uint64_t cause; /* TABLES_TIME: none, time alone */
};
#define TABLES_TIME ((uint64_t)INT64_MIN)

struct checkpoint_line {
	struct uuid contact_id;
	const char *process;
	int64_t n;
	uint64_t model_version;
	int64_t at_us;
	const char *fold; /* hexadecimal */
	int64_t shown, since_us;
};

struct waiting_line {
	struct uuid contact_id;
	int64_t from_us, anonymous;
};

struct outcome_line {
	int64_t day_us;
	const char *source, *site;
	int64_t channel;
	const char *outcome;
	int64_t n, granted, denied, unsaid;
};

struct rejected_line {
	const char *topic;
	int64_t partition, offset;
	const char *reason, *field;
	int64_t size;
	uint64_t hash;
	int64_t at_us;
	const char *source;
};

struct position_line {
	const char *topic;
	int64_t partition, next_offset, epoch;
	const char *owner;
	int64_t end_offset, oldest_us;
};

struct erasure_line {
	struct uuid actor_id;
	int64_t from_us, at_us;
	int64_t below; /* messages at lower offsets, of whatever partition */
};

struct rows {
	char *at;
	size_t count, room;
};

struct tables {
	struct rows of[TABLE_COUNT];
};

/* Ended with tables_finish(); zeroed is empty. */
void tables_finish(struct tables *tables);
void tables_clear(struct tables *tables);
void tables_copy(const struct tables *from, struct tables *to);

size_t tables_count(const struct tables *tables, enum table table);
void *tables_row(const struct tables *tables, enum table table, size_t place);
/* The row with the key that `row` begins with; NULL: none. */
void *tables_find(const struct tables *tables, enum table table, const void *row);
/* False: a row with its key is there already. */
bool tables_insert(struct tables *tables, enum table table, const void *row);
void tables_delete(struct tables *tables, enum table table, size_t place); /* the last row takes its place */
/* Deletes the row with this key; false: there was none. */
bool tables_delete_key(struct tables *tables, enum table table, const void *row);
/* What `to` has and `from` has not is put into `target`, what only `from` has is taken out of it. */
void tables_apply_difference(const struct tables *from, const struct tables *to, struct tables *target);

/* One copy of each text, until they are forgotten (no table may hold any then); NULL stays NULL. */
const char *tables_text(const char *text);
void tables_forget_texts(void);
const char *tables_hex(const uint8_t *bytes, size_t size);
size_t tables_unhex(const char *hex, uint8_t *ret_bytes); /* room for half as many bytes as digits */

/*
 * All rows as sorted lines, less what may differ between two runs over the same events: positions, versions, review times,
 * empty rows of table phase, where a rejected message lay. In the arena; CHECKs that it fits.
 */
const char *tables_dump(const struct tables *tables, struct arena *arena);
/* The lines of two dumps that differ: "- …" of a, "+ …" of b. */
const char *tables_difference(const char *a, const char *b, struct arena *arena);

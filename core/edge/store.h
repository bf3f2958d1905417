/*
 * What the daemon asks of PostgreSQL, each call one turn (one round trip): claim, advance, load, read, save.
 *
 * Never blocks: a call queues its statements; the caller then watches the connection (core/edge/postgres.h) until the
 * turn has ended. What comes back is put into the arena that the call was given. Never logs: trouble comes back in
 * *fail, for the batch to act on. docs/decisions/careful-batch.md draws the order of the turns.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "core/edge/postgres.h"
#include "core/model/actor.h"
#include "core/model/subject.h"
#include "core/model/touch.h"

struct arena;
struct store;

/* Borrows the connection for life. */
struct store *store_create(struct postgres *postgres, struct fail *fail);
void store_destroy(struct store *store);	/* NULL is fine */

/* First turns on a new connection: settings of the session and what of the database the caller must agree with. */
struct store_greeting {
	int schema_version;		/* 0: no schema */
	bool has_model;
	uint64_t model_version;
	const char *model_text;		/* in the arena */
	size_t model_size;
	const char *property_keys;	/* '\n' between; NULL: never set */
};
bool store_settle(struct store *store, struct fail *fail);
/* `keys`: what to set where property keys were never set. */
bool store_greet(struct store *store, const char *keys, struct arena *arena, struct store_greeting *ret, struct fail *fail);

/* A partition of a topic by name, as PostgreSQL knows it. */
struct store_position {
	const char *topic;
	int32_t partition;
	int64_t from_offset;	/* where it stands: next_offset */
	int64_t to_offset;	/* advance: where it shall stand */
	int64_t epoch;
	int64_t end_offset;	/* of the log; -1: not known */
	int64_t oldest_us;	/* record time of the last message applied */
};

/* Takes partitions over; fills from_offset and epoch of each. */
bool store_claim(struct store *store, const char *group, const char *owner, struct store_position *positions, size_t count,
		 struct arena *arena, struct fail *fail);
/* Reads where they stand and whose they are now (after a COMMIT without an answer): fills from_offset and epoch. */
bool store_look(struct store *store, const char *group, struct store_position *positions, size_t count,
		struct arena *arena, struct fail *fail);
/* Makes the partitions of table touch for these months (any moment of each). */
bool store_months(struct store *store, const int64_t *moments_us, size_t count, struct arena *arena, struct fail *fail);

/* BEGIN, advance, and the claims that say which contacts the batch concerns. */
struct store_advance {
	const char *group;
	const struct store_position *positions;
	size_t position_count;
	const struct uuid *weak;	/* of the batch */
	size_t weak_count;
	const struct uuid *decided;	/* persons whose consent the batch decides: all weak actors claimed for them, too */
	size_t decided_count;
	/* out, in the arena */
	bool has_model;
	uint64_t model_version;
	struct claim *claims;
	size_t claim_count;
};
bool store_advance(struct store *store, struct store_advance *advance, struct arena *arena, struct fail *fail);

/* A row of table phase as it was loaded. */
struct store_phase {
	struct uuid contact_id;
	const char *process;
	int64_t version;
	uint64_t model_version;
	const uint8_t *fold;	/* phase_pack(); size 0 before the first touch */
	size_t fold_size;
	int shown;		/* enum shown */
	int64_t since_us;	/* INT64_MIN: none */
};

struct store_erasure {
	struct uuid actor_id;
	int64_t at_us;
};

struct store_key {
	struct uuid actor_id;
	int64_t stamped_us;
	uint64_t event_id;
};

struct store_time {
	struct uuid actor_id;
	struct store_key key;
	int64_t at_us;
};

/* Arbiters made and locked in key order; only then, by later statements, facts and states. */
struct store_load {
	uint64_t model_version;
	const struct uuid *contacts;	/* sorted; the locks */
	size_t contact_count;
	const struct uuid *weak;	/* sorted: those of advance and those it found through `decided` */
	size_t weak_count;
	const struct uuid *persons;	/* all strong actors in play */
	size_t person_count;
	const struct uuid *declared_of;	/* those whose values matter in this batch */
	size_t declared_of_count;
	const struct uuid *actors;	/* of the batch: looked up in the ledger of erasures */
	size_t actor_count;
	const struct store_key *keys;	/* of the batch's touches */
	size_t key_count;
	const struct uuid *timed;	/* weak actors whose sessions matter (rule 3) */
	size_t timed_count;
	/* out, in the arena */
	struct claim *claims;
	size_t claim_count;
	struct consent *consents;
	size_t consent_count;
	struct declared *declared;
	size_t declared_count;
	struct store_erasure *erasures;
	size_t erasure_count;
	struct touch *copies;		/* touches that stand under `keys` */
	size_t copy_count;
	struct store_time *times;	/* of all touches of `timed` */
	size_t time_count;
	struct store_phase *phases;	/* of `contacts`, every process */
	size_t phase_count;
};
bool store_load(struct store *store, struct store_load *load, struct arena *arena, struct fail *fail);

/* A touch as a refold reads it. */
struct store_touch {
	struct uuid actor_id;
	struct store_key key;
	int64_t at_us;
	uint32_t reasons;
	int party;
	const char *process;	/* NULL: its subject has no rule under this model */
	int rule;		/* -1: never evidence */
	bool mail_click;
	uint64_t link;
	uint16_t confirm;
};

/* Reads the touches of contacts (by their stretches) and of actors (all of them), for refolds. */
struct store_read {
	uint64_t model_version;
	const struct uuid *contacts;
	size_t contact_count;
	const struct uuid *actors;	/* their touches come whole and are left out of the contacts' */
	size_t actor_count;
	/* out, in the arena */
	struct store_touch *touches;
	size_t touch_count;
};
bool store_read(struct store *store, struct store_read *read, struct arena *arena, struct fail *fail);

struct store_subject {
	const struct subject *subject;
	const char *process;
	const char *rule;	/* NULL: never evidence */
	int rule_number;	/* -1 */
	const char *content;
	bool mail_click;
	uint64_t link;
	uint16_t confirm;
};

struct store_person {
	struct uuid contact_id;
	bool stands;		/* false: the row goes */
	const char *address, *name, *role, *role_declared, *title, *company;	/* NULL: none */
	bool may_write;
};

/* A state to write; the row of process 'standard' gets version + 1. */
struct store_state {
	struct uuid contact_id;
	const char *process;
	const uint8_t *fold;
	size_t fold_size;
	uint32_t counted, confirmed;
	double activity, early, mid, late;
	int reported, shown, fine, band;
	int64_t since_us, last_us, review_us;	/* INT64_MIN: NULL */
};

struct store_change {
	struct uuid contact_id;
	const char *process;
	int64_t at_us;
	int from_shown, to_shown;
	uint64_t cause;
	bool late;
};

struct store_outcome {
	int64_t day_us;
	const char *source, *site;
	int channel;
	const char *outcome;
	uint64_t n;
};

struct store_reject {
	const char *topic;
	int32_t partition;
	int64_t offset;
	const char *reason, *field;
	uint32_t size;
	uint64_t hash;
	int64_t at_us;
	const char *source;
};

/* All that a batch writes, then COMMIT. Every list may be empty. */
struct store_save {
	uint64_t model_version;
	int64_t now_us;
	const struct store_subject *subjects;
	size_t subject_count;
	const struct actor *actors;		/* inserted where missing; a value takes the place of NULL */
	size_t actor_count;
	const struct uuid *valueless;		/* actors whose value goes */
	size_t valueless_count;
	const struct claim *claims_gone, *claims;
	size_t claim_gone_count, claim_count;
	const struct consent *consents_gone, *consents;
	size_t consent_gone_count, consent_count;
	const struct declared *declared_gone, *declared;
	size_t declared_gone_count, declared_count;
	const struct store_person *persons;
	size_t person_count;
	const struct uuid *stretched;		/* actors whose stretches are written anew */
	size_t stretched_count;
	const struct stretch *stretches;
	size_t stretch_count;
	const struct touch *touches;		/* new and replacing ones, sorted by key */
	size_t touch_count;
	const struct store_state *states;
	size_t state_count;
	const struct uuid *bumped;		/* arbiters that only get version + 1 */
	size_t bumped_count;
	const struct uuid *rechanged;		/* contacts whose changes are written anew */
	size_t rechanged_count;
	const struct store_change *changes;
	size_t change_count;
	const struct store_outcome *outcomes;
	size_t outcome_count;
	const struct store_reject *rejects;
	size_t reject_count;
};
bool store_save(struct store *store, const struct store_save *save, struct arena *arena, struct fail *fail);

bool store_rollback(struct store *store, struct fail *fail);

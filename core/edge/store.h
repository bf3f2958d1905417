/*
 * What the daemon asks of PostgreSQL, each call one turn (one round trip): claim, advance, load, read, save.
 *
 * Never blocks: a call queues its statements; the caller then watches the connection (core/edge/postgres.h) until the
 * turn has ended. What comes back is put into the arena that the call was given. Never logs: trouble comes back in
 * *fail, for the batch to act on. daemon/README.md draws the order of the turns.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "core/edge/postgres.h"
#include "core/model/chore_rows.h"

struct arena;
struct store;

/*
 * Borrows the connection for life. reply_ms_max: the connection's own, after which it is given up; the server ends what it does
 * for us no later (a daemon that hangs, or was cut off, must not keep locks that its successor waits for).
 */
struct store *store_create(struct postgres *postgres, unsigned reply_ms_max, struct fail *fail);
void store_destroy(struct store *store); /* NULL is fine */

/* What may never change once data rests on it: written by whoever greets the database first. */
struct store_settings {
	const char *property_keys; /* subject.property_keys, '\n' between */
	const char *kid;	   /* of the identity key (identify_kid()) */
};

/* First turns on a new connection: settings of the session and what of the database the caller must agree with. */
struct store_greeting {
	int64_t schema_version;
	bool has_model;
	uint64_t model_version;
	const char *model_text; /* in the arena */
	size_t model_size;
	struct store_settings settings; /* as they stand there */
	int64_t kept_from_us;		/* what happened before is refused */
};
bool store_settle(struct store *store, struct fail *fail);
/* `settings`: ours, borrowed until the turn ends. Fails with EXIT_BAD_DATA on a schema version that is not ours
 * (schema_explain() finds words where there is none). */
bool store_greet(struct store *store, const struct store_settings *settings, struct arena *arena,
		 struct store_greeting *ret, struct fail *fail);

/* Takes partitions over; fills from_offset and epoch of each. */
bool store_claim(struct store *store, const char *group, const char *owner, struct position_row *positions,
		 size_t count, struct arena *arena, struct fail *fail);
/* Reads where they stand and whose they are now (after a COMMIT without an answer): fills from_offset and epoch, which
 * becomes STORE_NO_POSITION where there is no row. */
#define STORE_NO_POSITION 0
bool store_look(struct store *store, const char *group, struct position_row *positions, size_t count,
		struct arena *arena, struct fail *fail);
/* Makes the partitions of table touch for rows->months (one at least), and COMMITs; refused with PH001, as all writing is,
 * where rows->positions are another's. Nothing else of `rows` is looked at. */
bool store_months(struct store *store, const struct advance_rows *rows, struct arena *arena, struct fail *fail);

bool store_advance(struct store *store, struct advance_rows *advance, struct arena *arena, struct fail *fail);

/* Quick way: makes months where they are missing, begins a snapshot, and reads the claims; fills what store_advance() fills. */
bool store_peek(struct store *store, struct advance_rows *peek, struct arena *arena, struct fail *fail);

bool store_load(struct store *store, struct load_rows *load, struct arena *arena, struct fail *fail);

bool store_read(struct store *store, struct read_rows *read, struct arena *arena, struct fail *fail);
/* What subjects of touches that were read match, as it is stored. */
bool store_rules(struct store *store, struct rule_rows *rules, struct arena *arena, struct fail *fail);

/* BEGIN, locks, and what is known of contacts that wait; store_read() and store_save() then do what the careful way does. */
bool store_pick(struct store *store, struct pick_rows *pick, struct arena *arena, struct fail *fail);
/* One that cannot be refolded now waits behind the others, in an hour. */
bool store_postpone(struct store *store, const struct uuid *contact_id, struct arena *arena, struct fail *fail);
/* How many wait, STORE_QUEUE_MAX at most, and since when. *ret lives until the turn ends. */
#define STORE_QUEUE_MAX 100000
struct store_queue {
	int64_t count;
	int64_t due;	   /* of these: not postponed */
	int64_t oldest_us; /* INT64_MAX: nobody waits */
	/* and what model is in force now: */
	bool has_model;
	uint64_t model_version;
	bool takeover;	/* not all contacts are known to be under it */
	int64_t unseen; /* of these: nobody has looked whether they are */
};
bool store_queue(struct store *store, struct arena *arena, struct store_queue *ret, struct fail *fail);

/*
 * A step of bringing everybody under the model in force: looks at so many contacts, and puts those of another one into the queue unless
 * `queue_max` wait there; at last, so many rows of what subjects match under other models are deleted. In how many ms the next step is worth
 * while; -1: there is none, or it is another daemon's. *ret_again_ms lives until the turn ends.
 */
bool store_takeover(struct store *store, int64_t contacts_max, int64_t queue_max, struct arena *arena,
		    int64_t *ret_again_ms, struct fail *fail);

bool store_save(struct store *store, const struct save_rows *save, enum save_part part, struct arena *arena,
		struct fail *fail);

/* Deletes rows of table rejected that were written before; the oldest, at most so many. *ret_count lives until the turn ends. */
bool store_purge_rejects(struct store *store, int64_t before_us, int64_t count_max, struct arena *arena,
			 int64_t *ret_count, struct fail *fail);

/*
 * A slice of what ends after so many months (at least 1): looks at `count_max` touches, or drops an empty month, unless `queue_max` contacts
 * wait to be folded anew. *ret lives until the turn ends. Refused with 55P03 or 40001 where it was in somebody's way: later.
 */
struct store_retention {
	bool ours;  /* false: another daemon is at it */
	bool again; /* there is more */
	int64_t touches;
	int64_t kept_from_us;
};
bool store_retention(struct store *store, int64_t months, int64_t count_max, int64_t queue_max,
		     struct arena *arena, struct store_retention *ret, struct fail *fail);

/*
 * A slice of what became known of opportunities: about `pairs_max` of a change and a contact, unless `queue_max` contacts wait to be folded
 * anew; 0: what is first goes to the end; where nothing is due, and `expire`, of what ends by retention. *ret lives until the turn ends. Refused with 55P03 or 40001 where it was
 * in somebody's way: later.
 */
struct store_deals {
	bool ours;	       /* false: another daemon is at it */
	bool again;	       /* there is more */
	int64_t written, gone; /* touches; written -1: nothing was done, since so many wait */
	int64_t waiting;       /* rows that are due, 10,000 at most */
};
bool store_deals(struct store *store, int64_t pairs_max, int64_t queue_max, bool expire, struct arena *arena,
		 struct store_deals *ret, struct fail *fail);

/* A transaction begins, and a slice of the rows that are due by the full hour of due->now_us is read; nobody else works on the review
 * until it ends. Where this is not ours, or another daemon's, the transaction is open all the same. */
bool store_review_due(struct store *store, struct due_rows *due, struct arena *arena, struct fail *fail);
/* Writes what became of the slice, and COMMITs; the next slice is another's to take. Contacts whom somebody else has locked, or written since,
 * are passed over; after the last slice the review goes back to them, at most reviewed->ways_back_max times an hour. */
bool store_review_save(struct store *store, struct reviewed_rows *reviewed, struct arena *arena,
		       struct fail *fail);

/* A transaction begins, and a slice of the contacts is read whose explanation is of before; nobody else works on these until it ends. */
bool store_explain_due(struct store *store, struct explain_rows *slice, struct arena *arena, struct fail *fail);
/* What those of slice->asked have done. */
bool store_explain_read(struct store *store, struct explain_rows *slice, struct arena *arena, struct fail *fail);
/* Writes what follows from it, and that all up to slice->after is done, and COMMITs. */
bool store_explain_save(struct store *store, struct explain_rows *slice, struct arena *arena, struct fail *fail);

/* A transaction begins, and a slice of the accounts is read whose rows are of before; nobody else works on these until it ends. */
bool store_account_due(struct store *store, struct account_rows *slice, struct arena *arena, struct fail *fail);
/* What the contacts of slice->asked have done. */
bool store_account_read(struct store *store, struct account_rows *slice, struct arena *arena, struct fail *fail);
/* Writes what follows from it, and that all up to slice->after is done, and COMMITs. Accounts with a contact whom somebody else has locked, or
 * written since, are passed over. */
bool store_account_save(struct store *store, struct account_rows *slice, struct arena *arena, struct fail *fail);

bool store_rollback(struct store *store, struct fail *fail);

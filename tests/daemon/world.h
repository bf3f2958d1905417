/*
 * A small world for the daemon's batches: clock, chance, Kafka and PostgreSQL in memory, behind struct io_ops.
 *
 * A stand-in for two things only: faults that real servers cannot be asked for, and thousands of runs a second. What
 * SQL, locks and group protocols really do is for tests/integration, on the real servers. The turns here answer with
 * the rows that the statements of core/edge/store_sql*.h would give (in no order, as SQL does), see committed rows and
 * the own transaction's, wait for locks that others hold, and enforce primary keys.
 *
 *	client ─ batch ─ io ──▶ one turn at a time ──▶ executed by store_ready(): a transaction ──▶ tables at COMMIT
 *
 * Of struct io_ops it has what daemon/batch.c calls, and the claim; the rest is NULL. With a real PostgreSQL in place of
 * the tables the same messages tell whether this stand-in does what SQL does (tests/integration/store_worlds.c).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/io.h"
#include "tests/daemon/tables.h"

#define WORLD_TOPICS 5
#define WORLD_PARTITIONS 2 /* of each topic */
#define WORLD_LOG_MAX 512  /* messages of a partition */
#define WORLD_CLIENTS_MAX 3
#define WORLD_LOCKS_MAX 1024
#define WORLD_TOO_SOON_US INT64_C(10000000) /* setting machine.too_soon_ms */
#define WORLD_HONEYPOT_US INT64_C(30000000) /* setting machine.honeypot_ms */
#define WORLD_ALL_LINKS_US INT64_C(2000000) /* setting machine.all_links_ms */
#define WORLD_REJECTED 4		    /* number of topic phased.rejected */

extern const char *const world_topics[WORLD_TOPICS];

enum world_turn {
	WORLD_NONE,
	WORLD_CLAIM,
	WORLD_LOOK,
	WORLD_MONTHS,
	WORLD_PEEK,
	WORLD_ADVANCE,
	WORLD_LOAD,
	WORLD_READ,
	WORLD_RULES,
	WORLD_PICK,
	WORLD_POSTPONE,
	WORLD_SAVE,
	WORLD_ARBITERS,
	WORLD_ROWS,
	WORLD_COPY,
	WORLD_END,
	WORLD_REVIEW_DUE,
	WORLD_REVIEW_SAVE,
	WORLD_ROLLBACK,
	WORLD_TURNS
};
extern const char *const world_turn_names[WORLD_TURNS];

enum world_fault {
	FAULT_NONE,
	FAULT_REFUSED,	   /* with `code`: nothing of the turn is done, the transaction is aborted */
	FAULT_LOST_BEFORE, /* the connection breaks, the server rolls back */
	FAULT_LOST_AFTER,  /* done (a COMMIT too), but the answer is lost */
	FAULT_COMMITS_LATER, /* a turn with COMMIT: the connection breaks while the server is still at it; it ends in world_land() */
	FAULT_ABORTS_LATER, /* any: the connection breaks, the transaction keeps its locks until world_land() */
	FAULT_COUNT
};

struct world_message {
	const uint8_t *bytes;
	size_t size;
	enum message_form form;
	int64_t timestamp_us;
};

struct world_log {
	struct world_message messages[WORLD_LOG_MAX];
	int64_t count;
	int64_t first; /* offset of messages[0] */
};

/* What a transaction holds before its COMMIT. */
struct world_transaction {
	bool open, aborted;
	bool is_snapshot; /* reads client->snapshot, writes nothing */
	bool reviews;	  /* nobody else does */
	struct position_line positions[WORLD_TOPICS * WORLD_PARTITIONS]; /* as they shall be; locked */
	size_t position_count;
	struct uuid locked[WORLD_LOCKS_MAX]; /* arbiters, new ones included */
	size_t locked_count;
	struct uuid made[WORLD_LOCKS_MAX]; /* arbiters that are new */
	size_t made_count;
	uint64_t model_version;
};

/* One whose connection is gone and whose server still works on it. */
struct world_limbo {
	bool used, commits;
	struct world_transaction transaction;
	struct tables before, after;
};

struct world;

struct world_client {
	struct world *world;
	unsigned number;
	enum postgres_state state;
	struct world_transaction transaction;
	struct tables snapshot;
	/* the turn under way */
	enum world_turn turn;
	struct arena *arena;
	struct position_row *positions;
	size_t position_count;
	const char *owner;

	struct advance_rows *advance;
	const struct advance_rows *months;
	struct load_rows *load;
	struct read_rows *read;
	struct rule_rows *rules;
	struct pick_rows *pick;
	const struct save_rows *save;
	struct due_rows *due;
	struct reviewed_rows *reviewed;
	enum save_part part;
	uint64_t turns, commits;
	/* Kafka's side */
	bool assigned[WORLD_TOPICS][WORLD_PARTITIONS];
	int64_t next[WORLD_TOPICS][WORLD_PARTITIONS];
	bool holds_messages; /* taken and not released */
	size_t take_max;     /* of one take, by chance */
	int64_t mirrored[WORLD_TOPICS][WORLD_PARTITIONS];
};

/* A connection to a real PostgreSQL in place of the tables: a client's turns go to it, without faults. */
struct world_real {
	struct postgres *postgres;
	struct store *store;
	bool stepped; /* store_ready() does not wait for the turn's end: it may never come before others have moved */
};

struct world {
	const struct world_real *real; /* one for each client in use; NULL: none; stays over world_reset() */
	uint64_t chance;
	int64_t now_us, monotonic_us;
	uint64_t model_version;
	struct world_log logs[WORLD_TOPICS][WORLD_PARTITIONS];
	struct tables tables;
	struct tables work; /* room for one SAVE */
	struct world_limbo limbo[WORLD_CLIENTS_MAX];
	struct world_client clients[WORLD_CLIENTS_MAX];
	/* asked before each turn is executed; NULL: no faults. `code`: the SQLSTATE of FAULT_REFUSED */
	enum world_fault (*fault)(void *context, struct world_client *client, const char **code);
	void *fault_context;
	uint64_t poison[8]; /* event ids whose touches violate a constraint */
	size_t poison_count;
	unsigned
		arena_percent; /* of each answer's rows that room is asked for on top: fills small arenas sooner */
	uint64_t months;       /* turns */
	uint64_t gone_on;      /* states that READ found to go on from */
};

/* An empty world: tables, logs, clients; the poison and the fault are gone, too. */
void world_reset(struct world *world, uint64_t seed, uint64_t model_version);
void world_finish(struct world *world);
/* Borrows the bytes. Returns the offset. */
int64_t world_produce(struct world *world, struct partition partition, const uint8_t *bytes, size_t size,
		      enum message_form form, int64_t timestamp_us);
struct io world_io(struct world_client *client);
uint64_t world_random(struct world *world, uint64_t below);

/* Connected and idle. */
void world_connect(struct world_client *client);
/* Ends what is in limbo; false: there was nothing. */
bool world_land(struct world *world);
/* What phasectl machine does: these reasons are none for the contact from now on. False: they are already, or
 * its arbiter is not there, or locked. */
bool world_clear(struct world *world, const struct uuid *contact, uint32_t reasons, bool is_strong);
/* The connection is dropped by the client: the server rolls back. */
void world_disconnect(struct world_client *client);

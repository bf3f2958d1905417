/*
 * Between postgres.c (the connection, turns through a pipeline), postgres_answer.c (what an answer says) and postgres_plain.c
 * (what cannot go through a pipeline).
 */
#pragma once
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/edge/postgres.h"

#define STEPS_MAX 96	 /* statements of a turn, preparing them included */
#define PREPARED_MAX 128 /* statements known to a connection */

struct step {
	const struct postgres_statement *statement;
	bool prepares; /* this step only prepares it */
	postgres_on_rows *on_rows;
	void *context;
};

struct postgres {
	struct postgres_options options;
	PGconn *connection;
	enum postgres_state state;
	bool wants_write;
	bool greeting; /* the turn under way is our own first one: SETs */
	int64_t deadline_us;
	struct step steps[STEPS_MAX];
	unsigned step_count, step_at;
	bool answered; /* the step at step_at has had its result */
	bool failed;
	struct fail fail;
	const struct postgres_statement *prepared[PREPARED_MAX];
	unsigned prepared_count;
	uint64_t turns;
	struct { /* COPYs under way */
		bool on, open;
		struct postgres_piece pieces[POSTGRES_PIECES_MAX];
		unsigned count, number; /* of the one that is open, or comes next */
		size_t at;
	} copy;
};

struct postgres_rows {
	PGresult *result;
};

/* "postgres: WHAT: libpq's own words"; FAIL_RETRY. Returns false. */
bool postgres_trouble(struct postgres *postgres, const char *what, struct fail *fail);
/* Hands what waits to the socket as far as it takes it; false: the connection is gone. */
bool postgres_flush(struct postgres *postgres);
/* What a refused statement means for the caller, by its SQLSTATE. */
void postgres_refused(const PGresult *result, const struct postgres_statement *statement, struct fail *ret_fail);
/* Idle again; DONE, or FAILED with what was kept in postgres->fail. */
enum postgres_result postgres_turn_ended(struct postgres *postgres, struct fail *ret_fail);
/* Closes a connection that is of no use any more. */
enum postgres_result postgres_lost(struct postgres *postgres, const char *what, struct fail *ret_fail);
/* The COPY's part of postgres_ready(). */
enum postgres_result postgres_copy_on(struct postgres *postgres, struct fail *ret_fail);

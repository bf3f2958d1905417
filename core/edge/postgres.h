/*
 * One connection to PostgreSQL, in turns: a turn is a pipeline of statements and one answer, one round trip.
 *
 * Hides libpq. Never blocks (postgres_wait() excepted, for phasectl): the caller watches the descriptor and calls
 * postgres_ready(). Parameters and results are binary, never text pasted into SQL. Errors carry the SQLSTATE only,
 * since the server's DETAIL holds the row.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "core/edge/postgres_array.h"

struct arena;
struct postgres;

struct postgres_options {
	const char
		*conninfo; /* borrowed for life; use hostaddr= or a socket directory where a lookup could block */
	const char *password;	 /* borrowed for life; NULL: as conninfo and libpq's own files say */
	const char *application; /* application_name */
	unsigned connect_ms_max;
	unsigned reply_ms_max; /* of one turn; the connection is given up after it */
	bool synchronous_commit;
};

enum postgres_state {
	POSTGRES_DOWN, /* not connected: postgres_connect() */
	POSTGRES_CONNECTING,
	POSTGRES_IDLE, /* a turn may be sent */
	POSTGRES_BUSY  /* a turn is under way */
};

#define POSTGRES_PARAMETERS_MAX 24

/* A literal SQL text and the types of its parameters; static, one object a statement. Prepared on first use. */
struct postgres_statement {
	const char *name; /* unique; also the prepared name */
	const char *sql;
	unsigned parameter_count;
	struct {
		enum postgres_type type;
		bool array;
	} parameters[POSTGRES_PARAMETERS_MAX];
	bool simple; /* no parameters, sent without preparing: BEGIN, COMMIT, ROLLBACK, SET … */
};

/* One parameter's bytes, made in an arena. Numbers in host order go in; the wire form comes out. */
struct postgres_value {
	const void *bytes;
	int size; /* -1: NULL */
};

bool postgres_value_int(struct arena *arena, enum postgres_type type, int64_t value, struct postgres_value *ret);
bool postgres_value_text(const char *text, struct postgres_value *ret);	     /* borrows text; NULL: SQL NULL */
bool postgres_value_uuid(const struct uuid *id, struct postgres_value *ret); /* borrows id */
bool postgres_value_moment(struct arena *arena, int64_t us, struct postgres_value *ret);

/* Rows of one statement's result; valid only inside the callback. */
struct postgres_rows;
size_t postgres_count(const struct postgres_rows *rows);
bool postgres_is_null(const struct postgres_rows *rows, size_t row, unsigned column);
int64_t postgres_int(const struct postgres_rows *rows, size_t row, unsigned column); /* bool, int2, int4, int8 */
double postgres_float(const struct postgres_rows *rows, size_t row, unsigned column);
int64_t postgres_moment(const struct postgres_rows *rows, size_t row, unsigned column); /* infinities as above */
struct uuid postgres_uuid(const struct postgres_rows *rows, size_t row, unsigned column);
const char *postgres_text(const struct postgres_rows *rows, size_t row,
			  unsigned column); /* text types; "" for NULL */
const uint8_t *postgres_bytes(const struct postgres_rows *rows, size_t row, unsigned column, size_t *ret_size);

/* False stops the turn with *fail (an answer the caller cannot use); the rest of its results is thrown away. */
typedef bool postgres_on_rows(void *context, const struct postgres_rows *rows, struct fail *fail);

/* Does not connect yet. NULL: *fail says why; EXIT_CONFIG where libpq cannot read conninfo. */
struct postgres *postgres_create(const struct postgres_options *options, struct fail *fail);
void postgres_destroy(struct postgres *postgres); /* NULL is fine */

enum postgres_state postgres_state(const struct postgres *postgres);
/* Starts to connect, from DOWN. False: *fail. */
bool postgres_connect(struct postgres *postgres, struct fail *fail);
/* Closes the connection at once. */
void postgres_drop(struct postgres *postgres);

/* The descriptor (-1: none; it may change while connecting) and what to watch it for. */
int postgres_fd(const struct postgres *postgres);
bool postgres_wants_write(const struct postgres *postgres);
/* When to call postgres_ready() at the latest even without an event: monotonic µs, INT64_MAX: never. */
int64_t postgres_deadline_us(const struct postgres *postgres);

/* The code of POSTGRES_LOST where the connection was given up because an answer took longer than reply_ms_max. */
#define POSTGRES_NO_ANSWER "PH408"

enum postgres_result {
	POSTGRES_GOES_ON,   /* nothing to do for the caller yet */
	POSTGRES_CONNECTED, /* now IDLE */
	POSTGRES_TURN_DONE, /* every statement answered; now IDLE */
	POSTGRES_TURN_FAILED, /* *ret_fail says why; a statement was refused, now IDLE. An open transaction is aborted. */
	POSTGRES_LOST	      /* connection gone or too slow; now DOWN. What a COMMIT under way did is unknown. */
};
enum postgres_result postgres_ready(struct postgres *postgres, struct fail *ret_fail);

/*
 * Builds a turn, from IDLE: postgres_add() each statement, then postgres_send(). `values` (as many as the statement has
 * parameters) must stay valid until the turn ends; on_rows may be NULL.
 */
bool postgres_add(struct postgres *postgres, const struct postgres_statement *statement,
		  const struct postgres_value *values, postgres_on_rows *on_rows, void *context,
		  struct fail *fail);
bool postgres_send(struct postgres *postgres, struct fail *fail);

/*
 * COPYs as a turn of their own: `statement` is a simple one, "COPY … FROM STDIN (FORMAT binary)" once or several times
 * with ';' between, and `pieces` what each of them reads, header and trailer included; they must stay valid until the turn
 * ends. From IDLE.
 */
struct postgres_piece {
	const char *bytes;
	size_t size;
};
#define POSTGRES_PIECES_MAX 4
bool postgres_copy(struct postgres *postgres, const struct postgres_statement *statement,
		   const struct postgres_piece *pieces, unsigned count, struct fail *fail);

/* Round trips sent since postgres_create(). */
uint64_t postgres_turns(const struct postgres *postgres);

/* For programs that may block: waits until connected or the turn has ended. True: CONNECTED or TURN_DONE. */
bool postgres_wait(struct postgres *postgres, struct fail *fail);
/* For migrations: a whole SQL text of ours, several statements, in one implicit transaction unless it has its own. */
bool postgres_script(struct postgres *postgres, const char *sql, struct fail *fail);

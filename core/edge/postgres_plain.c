/*
 * What cannot go through a pipeline: COPY, and scripts of several statements.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres_inside.h"

#define COPY_CHUNK ((size_t)64 * 1024) /* libpq keeps a copy of what the socket has not taken yet */

/* ---- COPY ---- */

bool postgres_copy(struct postgres *postgres, const struct postgres_statement *statement,
		   const struct postgres_piece *pieces, unsigned count, struct fail *fail)
{
	CHECK(postgres->state == POSTGRES_IDLE && statement->simple && count <= POSTGRES_PIECES_MAX);
	if (PQexitPipelineMode(postgres->connection) != 1 ||
	    PQsendQuery(postgres->connection, statement->sql) != 1 || !postgres_flush(postgres)) {
		return postgres_trouble(postgres, "cannot send", fail);
	}
	postgres->steps[0] = (struct step){.statement = statement};
	postgres->step_count = 1;
	postgres->failed = false;
	postgres->copy.on = true;
	postgres->copy.open = false;
	memcpy(postgres->copy.pieces, pieces, count * sizeof(*pieces));
	postgres->copy.count = count;
	postgres->copy.number = 0;
	postgres->copy.at = 0;
	postgres->state = POSTGRES_BUSY;
	postgres->turns++;
	postgres->deadline_us = moment_monotonic_us() + (int64_t)postgres->options.reply_ms_max * 1000;
	return true;
}

/* Feeds what the socket takes. False: the connection is gone. */
static bool feed(struct postgres *postgres)
{
	if (postgres->wants_write) { /* what libpq has of it goes first: a server that reads no more must run into the time limit */
		return true;
	}
	PGconn *connection = postgres->connection;
	const struct postgres_piece *piece = &postgres->copy.pieces[postgres->copy.number];
	while (postgres->copy.at < piece->size) {
		size_t left = piece->size - postgres->copy.at, size = left < COPY_CHUNK ? left : COPY_CHUNK;
		int taken = PQputCopyData(connection, piece->bytes + postgres->copy.at, (int)size);
		if (taken < 0) {
			return false;
		}
		if (taken == 1) { /* however long it all takes, it comes on */
			postgres->copy.at += size;
			postgres->deadline_us =
				moment_monotonic_us() + (int64_t)postgres->options.reply_ms_max * 1000;
		}
		if (!postgres_flush(postgres)) {
			return false;
		}
		if (taken == 0 || postgres->wants_write) {
			postgres->wants_write = true;
			return true;
		}
	}
	int ended = PQputCopyEnd(connection, NULL);
	if (ended == 0) {
		postgres->wants_write = true;
		return true;
	}
	postgres->copy.open = false;
	postgres->copy.at = 0;
	postgres->copy.number++;
	return ended > 0 && postgres_flush(postgres);
}

static enum postgres_result copy_ended(struct postgres *postgres, struct fail *ret_fail)
{
	postgres->copy.on = false;
	if (PQstatus(postgres->connection) != CONNECTION_OK || PQenterPipelineMode(postgres->connection) != 1) {
		return postgres_lost(postgres, "connection lost", ret_fail);
	}
	return postgres_turn_ended(postgres, ret_fail);
}

enum postgres_result postgres_copy_on(struct postgres *postgres, struct fail *ret_fail)
{
	if (!postgres_flush(postgres) || PQconsumeInput(postgres->connection) != 1 || !postgres_flush(postgres)) {
		return postgres_lost(postgres, "connection lost", ret_fail);
	}
	for (;;) {
		if (postgres->copy.open) {
			if (!feed(postgres)) {
				return postgres_lost(postgres, "connection lost", ret_fail);
			}
			if (postgres->copy.open) {
				return POSTGRES_GOES_ON;
			}
		}
		if (PQisBusy(postgres->connection) != 0) {
			return POSTGRES_GOES_ON;
		}
		PGresult *result = PQgetResult(postgres->connection);
		if (result == NULL) {
			return copy_ended(postgres, ret_fail);
		}
		ExecStatusType status = PQresultStatus(result);
		bool wanted = postgres->copy.number < postgres->copy.count;
		if (status == PGRES_COPY_IN && wanted) {
			postgres->copy.open = true;
		} else if (status != PGRES_COMMAND_OK) {
			postgres_refused(result, postgres->steps[0].statement, &postgres->fail);
			postgres->failed = true;
		}
		PQclear(result);
		if (status == PGRES_COPY_IN &&
		    !wanted) { /* more COPYs than pieces, or nobody to talk to any more */
			return postgres_lost(postgres, "connection lost", ret_fail);
		}
	}
}

/* ---- scripts ---- */

/* Waits until a result can be read without blocking. */
static bool wait_readable(struct postgres *postgres, int64_t deadline_us)
{
	if (!postgres_flush(postgres)) {
		return false;
	}
	while (PQisBusy(postgres->connection) == 1) {
		struct pollfd watched = {.fd = postgres_fd(postgres),
					 .events = (short)(POLLIN | (postgres->wants_write ? POLLOUT : 0))};
		if (poll(&watched, 1, 1000) > 0 &&
		    (!postgres_flush(postgres) || PQconsumeInput(postgres->connection) != 1)) {
			return false;
		}
		if (moment_monotonic_us() > deadline_us || PQstatus(postgres->connection) != CONNECTION_OK) {
			return false;
		}
	}
	return true;
}

bool postgres_script(struct postgres *postgres, const char *sql, struct fail *fail)
{
	CHECK(postgres->state == POSTGRES_IDLE);
	int64_t deadline_us = moment_monotonic_us() + (int64_t)postgres->options.reply_ms_max * 1000;
	if (PQexitPipelineMode(postgres->connection) != 1 || PQsendQuery(postgres->connection, sql) != 1) {
		return postgres_trouble(postgres, "cannot send", fail);
	}
	bool good = true;
	for (;;) {
		if (!wait_readable(postgres, deadline_us)) {
			postgres_trouble(postgres, "connection lost", fail);
			postgres_drop(postgres);
			return false;
		}
		PGresult *result = PQgetResult(postgres->connection);
		if (result == NULL) {
			break;
		}
		if (good && PQresultStatus(result) != PGRES_COMMAND_OK &&
		    PQresultStatus(result) != PGRES_TUPLES_OK) {
			static const struct postgres_statement script = {.name = "script"};
			struct fail here;
			postgres_refused(result, &script, &here);
			const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
			const char *place = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
			fail_set(fail, here.kind, here.exit_code, "postgres: SQLSTATE %s: %s (at character %s)",
				 here.code, words != NULL ? words : "no message", place != NULL ? place : "?");
			if (fail != NULL) {
				memcpy(fail->code, here.code, sizeof(fail->code));
			}
			good = false;
		}
		PQclear(result);
	}
	if (PQenterPipelineMode(postgres->connection) != 1) {
		postgres_drop(postgres);
	}
	return good;
}

/*
 * The connection: how it comes up, how a turn is sent and its answers are handed out.
 */
#include "core/edge/postgres.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres_inside.h"
#include "core/edge/postgres_wire.h"

static const struct postgres_statement greet_async = {
	.name = "greet_async", .sql = "SET synchronous_commit = off", .simple = true};
static const struct postgres_statement greet_path = {
	.name = "greet_path",
	.sql = "SELECT set_config('search_path', 'pg_catalog', false), "
	       "set_config('TimeZone', 'UTC', false)",
	.simple = true};

static void on_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result; /* nothing that the server says unasked is for our logs */
}

/* What libpq cannot read today it cannot read tomorrow: such a text must not be waited for like a server that is away. */
static bool conninfo_reads(const char *conninfo, struct fail *fail)
{
	if (strchr(conninfo, '=') == NULL && strstr(conninfo, "://") == NULL) {
		return true; /* the name of a database */
	}
	char *trouble = NULL;
	PQconninfoOption *read = PQconninfoParse(conninfo, &trouble);
	if (read == NULL) {
		fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "postgres.conninfo: %.*s",
			 trouble != NULL ? (int)strcspn(trouble, "\n") : 9,
			 trouble != NULL ? trouble : "no memory");
	}
	PQconninfoFree(read);
	PQfreemem(trouble);
	return read != NULL;
}

struct postgres *postgres_create(const struct postgres_options *options, struct fail *fail)
{
	if (!conninfo_reads(options->conninfo, fail)) {
		return NULL;
	}
	struct postgres *postgres = calloc(1, sizeof(*postgres));
	if (postgres == NULL) {
		fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "postgres: no memory");
		return NULL;
	}
	postgres->options = *options;
	postgres->deadline_us = INT64_MAX;
	return postgres;
}

void postgres_destroy(struct postgres *postgres)
{
	if (postgres != NULL) {
		postgres_drop(postgres);
		free(postgres);
	}
}

enum postgres_state postgres_state(const struct postgres *postgres)
{
	return postgres->state;
}

void postgres_drop(struct postgres *postgres)
{
	if (postgres->connection != NULL) {
		PQfinish(postgres->connection);
		postgres->connection = NULL;
	}
	postgres->state = POSTGRES_DOWN;
	postgres->deadline_us = INT64_MAX;
	postgres->wants_write = false;
	postgres->greeting = false;
	postgres->prepared_count = 0;
	postgres->step_count = 0;
	postgres->copy.on = false;
}

/* libpq's own words about a connection: host, port and reason, several lines. */
bool postgres_trouble(struct postgres *postgres, const char *what, struct fail *fail)
{
	fail_set(fail, FAIL_RETRY, EXIT_AWAY, "postgres: %s: %s", what,
		 postgres->connection != NULL ? PQerrorMessage(postgres->connection) : "no memory");
	if (fail != NULL) {
		for (char *at = fail->text; *at != '\0'; at++) {
			if (*at == '\n' || *at == '\t') {
				*at = at[1] == '\0' ? '\0' : ' ';
			}
		}
	}
	return false;
}

bool postgres_connect(struct postgres *postgres, struct fail *fail)
{
	CHECK(postgres->state == POSTGRES_DOWN);
	const char *const keys[] = {"dbname", "password", "fallback_application_name", "client_encoding", NULL};
	const char *const values[] = {postgres->options.conninfo, postgres->options.password,
				      postgres->options.application, "UTF8", NULL};
	postgres->connection = PQconnectStartParams(keys, values, 1);
	if (postgres->connection == NULL || PQstatus(postgres->connection) == CONNECTION_BAD) {
		postgres_trouble(postgres, "cannot connect", fail);
		postgres_drop(postgres);
		return false;
	}
	postgres->state = POSTGRES_CONNECTING;
	postgres->wants_write = true;
	postgres->deadline_us = moment_monotonic_us() + (int64_t)postgres->options.connect_ms_max * 1000;
	return true;
}

int postgres_fd(const struct postgres *postgres)
{
	return postgres->connection != NULL ? PQsocket(postgres->connection) : -1;
}

bool postgres_wants_write(const struct postgres *postgres)
{
	return postgres->wants_write;
}

int64_t postgres_deadline_us(const struct postgres *postgres)
{
	return postgres->deadline_us;
}

uint64_t postgres_turns(const struct postgres *postgres)
{
	return postgres->turns;
}

static bool is_prepared(const struct postgres *postgres, const struct postgres_statement *statement)
{
	for (unsigned i = 0; i < postgres->prepared_count; i++) {
		if (postgres->prepared[i] == statement) {
			return true;
		}
	}
	for (unsigned i = 0; i < postgres->step_count; i++) { /* twice in one turn */
		if (postgres->steps[i].prepares && postgres->steps[i].statement == statement) {
			return true;
		}
	}
	return false;
}

static bool add_step(struct postgres *postgres, const struct postgres_statement *statement, bool prepares,
		     postgres_on_rows *on_rows, void *context)
{
	CHECK(postgres->step_count < STEPS_MAX);
	postgres->steps[postgres->step_count++] = (struct step){statement, prepares, on_rows, context};
	return true;
}

static bool prepare(struct postgres *postgres, const struct postgres_statement *statement)
{
	Oid oids[POSTGRES_PARAMETERS_MAX];
	for (unsigned i = 0; i < statement->parameter_count; i++) {
		oids[i] = postgres_oid(statement->parameters[i].type, statement->parameters[i].array);
	}
	CHECK(postgres->prepared_count < PREPARED_MAX);
	return PQsendPrepare(postgres->connection, statement->name, statement->sql,
			     (int)statement->parameter_count, oids) == 1 &&
	       add_step(postgres, statement, true, NULL, NULL);
}

static bool send_statement(struct postgres *postgres, const struct postgres_statement *statement,
			   const struct postgres_value *values)
{
	const char *bytes[POSTGRES_PARAMETERS_MAX];
	int sizes[POSTGRES_PARAMETERS_MAX], formats[POSTGRES_PARAMETERS_MAX];
	int count = (int)statement->parameter_count;
	CHECK(values != NULL || count == 0);
	for (int i = 0; i < count; i++) {
		/* cppcheck-suppress nullPointer; it does not see what was just checked */
		bytes[i] = values[i].size >= 0 ? values[i].bytes : NULL;
		/* cppcheck-suppress nullPointer; the same */
		sizes[i] = values[i].size >= 0 ? values[i].size : 0;
		formats[i] = 1;
	}
	if (statement->simple) {
		return PQsendQueryParams(postgres->connection, statement->sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
	}
	return PQsendQueryPrepared(postgres->connection, statement->name, count, bytes, sizes, formats, 1) == 1;
}

bool postgres_add(struct postgres *postgres, const struct postgres_statement *statement,
		  const struct postgres_value *values, postgres_on_rows *on_rows, void *context, struct fail *fail)
{
	CHECK(postgres->state == POSTGRES_IDLE || (postgres->greeting && postgres->state == POSTGRES_CONNECTING));
	CHECK(statement->parameter_count <= POSTGRES_PARAMETERS_MAX);
	bool sent = (statement->simple || is_prepared(postgres, statement) || prepare(postgres, statement)) &&
		    send_statement(postgres, statement, values) &&
		    add_step(postgres, statement, false, on_rows, context);
	return sent || postgres_trouble(postgres, "cannot send", fail);
}

bool postgres_flush(struct postgres *postgres)
{
	int left = PQflush(postgres->connection);
	postgres->wants_write = left == 1;
	return left >= 0;
}

bool postgres_send(struct postgres *postgres, struct fail *fail)
{
	postgres->step_at = 0;
	postgres->answered = false;
	postgres->failed = false;
	if (PQpipelineSync(postgres->connection) != 1 || !postgres_flush(postgres)) {
		return postgres_trouble(postgres, "cannot send", fail);
	}
	if (!postgres->greeting) {
		postgres->state = POSTGRES_BUSY;
		postgres->turns++;
	}
	postgres->deadline_us = moment_monotonic_us() + (int64_t)postgres->options.reply_ms_max * 1000;
	return true;
}

static void take_result(struct postgres *postgres, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	if (postgres->step_at ==
	    postgres->step_count) { /* between the last answer and the end: told to shut down, say */
		static const struct postgres_statement end = {.name = "the end of a turn"};
		postgres_refused(result, &end, &postgres->fail);
		postgres->failed = true;
		return;
	}
	struct step *step = &postgres->steps[postgres->step_at];
	postgres->answered = true;
	bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
	if (step->prepares && good) { /* also after an answer that we could not use: the server knows it now */
		postgres->prepared[postgres->prepared_count++] = step->statement;
		return;
	}
	if (status == PGRES_PIPELINE_ABORTED || postgres->failed) {
		return;
	}
	if (!good) {
		postgres_refused(result, step->statement, &postgres->fail);
		postgres->failed = true;
	} else if (step->on_rows != NULL) {
		struct postgres_rows rows = {result};
		postgres->failed = !step->on_rows(step->context, &rows, &postgres->fail);
	}
}

enum postgres_result postgres_turn_ended(struct postgres *postgres, struct fail *ret_fail)
{
	bool greeted = postgres->greeting;
	postgres->state = POSTGRES_IDLE;
	postgres->deadline_us = INT64_MAX;
	postgres->step_count = 0;
	postgres->greeting = false;
	if (postgres->failed) {
		*ret_fail = postgres->fail;
		if (greeted) {
			postgres_drop(postgres);
			return POSTGRES_LOST;
		}
		return POSTGRES_TURN_FAILED;
	}
	return greeted ? POSTGRES_CONNECTED : POSTGRES_TURN_DONE;
}

enum postgres_result postgres_lost(struct postgres *postgres, const char *what, struct fail *ret_fail)
{
	postgres_trouble(postgres, what, ret_fail);
	snprintf(ret_fail->code, sizeof(ret_fail->code), "08006");
	postgres_drop(postgres);
	return POSTGRES_LOST;
}

static enum postgres_result greet(struct postgres *postgres, struct fail *ret_fail)
{
	PQsetErrorVerbosity(postgres->connection, PQERRORS_SQLSTATE);
	PQsetErrorContextVisibility(postgres->connection, PQSHOW_CONTEXT_NEVER);
	PQsetNoticeReceiver(postgres->connection, on_notice, NULL);
	postgres->greeting = true;
	postgres->step_count = 0;
	if (PQsetnonblocking(postgres->connection, 1) != 0 || PQenterPipelineMode(postgres->connection) != 1 ||
	    (!postgres->options.synchronous_commit &&
	     !postgres_add(postgres, &greet_async, NULL, NULL, NULL, NULL)) ||
	    !postgres_add(postgres, &greet_path, NULL, NULL, NULL, NULL) || !postgres_send(postgres, NULL)) {
		return postgres_lost(postgres, "cannot start", ret_fail);
	}
	return POSTGRES_GOES_ON;
}

static enum postgres_result connecting(struct postgres *postgres, struct fail *ret_fail)
{
	switch (PQconnectPoll(postgres->connection)) {
	case PGRES_POLLING_OK:
		return greet(postgres, ret_fail);
	case PGRES_POLLING_READING:
		postgres->wants_write = false;
		return POSTGRES_GOES_ON;
	case PGRES_POLLING_WRITING:
		postgres->wants_write = true;
		return POSTGRES_GOES_ON;
	default:
		return postgres_lost(postgres, "cannot connect", ret_fail);
	}
}

static enum postgres_result read_answers(struct postgres *postgres, struct fail *ret_fail)
{
	if (!postgres_flush(postgres) || PQconsumeInput(postgres->connection) != 1 || !postgres_flush(postgres)) {
		return postgres_lost(postgres, "connection lost", ret_fail);
	}
	while (PQisBusy(postgres->connection) == 0) {
		PGresult *result = PQgetResult(postgres->connection);
		if (result == NULL) { /* end of one statement's results */
			if (PQstatus(postgres->connection) != CONNECTION_OK) {
				return postgres_lost(postgres, "connection lost", ret_fail);
			}
			if (!postgres->answered) {
				return POSTGRES_GOES_ON;
			}
			postgres->answered = false;
			postgres->step_at++;
			continue;
		}
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			if (!postgres->failed && postgres->step_at < postgres->step_count) {
				return postgres_lost(postgres, "answers are missing", ret_fail);
			}
			return postgres_turn_ended(postgres, ret_fail);
		}
		take_result(postgres, result);
		PQclear(result);
		if (PQstatus(postgres->connection) != CONNECTION_OK) {
			return postgres_lost(postgres, "connection lost", ret_fail);
		}
	}
	return POSTGRES_GOES_ON;
}

enum postgres_result postgres_ready(struct postgres *postgres, struct fail *ret_fail)
{
	if (postgres->state == POSTGRES_DOWN) {
		return POSTGRES_GOES_ON;
	}
	enum postgres_result result = POSTGRES_GOES_ON;
	if (postgres->state == POSTGRES_CONNECTING && !postgres->greeting) {
		result = connecting(postgres, ret_fail);
	} else if (postgres->copy.on) {
		result = postgres_copy_on(postgres, ret_fail);
	} else if (postgres->state != POSTGRES_IDLE) {
		result = read_answers(postgres, ret_fail);
	} else if (PQconsumeInput(postgres->connection) != 1) { /* something while idle: the server goes away */
		return postgres_lost(postgres, "connection lost", ret_fail);
	}
	if (result == POSTGRES_GOES_ON && moment_monotonic_us() >= postgres->deadline_us) {
		bool connecting_still = postgres->state == POSTGRES_CONNECTING;
		postgres_drop(postgres);
		fail_set(ret_fail, FAIL_RETRY, EXIT_AWAY, "postgres: no answer within %u ms",
			 connecting_still ? postgres->options.connect_ms_max : postgres->options.reply_ms_max);
		snprintf(ret_fail->code, sizeof(ret_fail->code), "%s",
			 connecting_still ? "08006" : POSTGRES_NO_ANSWER);
		return POSTGRES_LOST;
	}
	return result;
}

bool postgres_wait(struct postgres *postgres, struct fail *fail)
{
	struct fail here;
	for (;;) {
		enum postgres_result result = postgres_ready(postgres, &here);
		if (result == POSTGRES_CONNECTED || result == POSTGRES_TURN_DONE) {
			return true;
		}
		if (result != POSTGRES_GOES_ON) {
			if (fail != NULL) {
				*fail = here;
			}
			return false;
		}
		CHECK(postgres->state != POSTGRES_DOWN && postgres->state != POSTGRES_IDLE);
		struct pollfd watched = {.fd = postgres_fd(postgres),
					 .events = (short)(POLLIN | (postgres->wants_write ? POLLOUT : 0))};
		if (postgres->state == POSTGRES_CONNECTING && !postgres->greeting && postgres->wants_write) {
			watched.events = POLLOUT;
		}
		int64_t left_ms = (postgres->deadline_us - moment_monotonic_us()) / 1000 + 1;
		poll(&watched, 1, left_ms < 0 ? 0 : left_ms > 1000 ? 1000 : (int)left_ms);
	}
}

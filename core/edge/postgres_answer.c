/*
 * What an answer of the server's says: the values of its rows, and what a refusal means.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "core/edge/postgres_inside.h"
#include "core/edge/postgres_wire.h"

size_t postgres_count(const struct postgres_rows *rows)
{
	return (size_t)PQntuples(rows->result);
}

bool postgres_is_null(const struct postgres_rows *rows, size_t row, unsigned column)
{
	return PQgetisnull(rows->result, (int)row, (int)column) == 1;
}

int64_t postgres_int(const struct postgres_rows *rows, size_t row, unsigned column)
{
	int size = PQgetlength(rows->result, (int)row, (int)column);
	uint64_t value = postgres_get(PQgetvalue(rows->result, (int)row, (int)column), size <= 8 ? size : 8);
	switch (size) {
	case 1:
		return (int8_t)value;
	case 2:
		return (int16_t)value;
	case 4:
		return (int32_t)value;
	default:
		return (int64_t)value;
	}
}

double postgres_float(const struct postgres_rows *rows, size_t row, unsigned column)
{
	if (PQgetlength(rows->result, (int)row, (int)column) != 8) {
		return 0;
	}
	uint64_t bits = postgres_get(PQgetvalue(rows->result, (int)row, (int)column), 8);
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

int64_t postgres_moment(const struct postgres_rows *rows, size_t row, unsigned column)
{
	return postgres_moment_from_wire(postgres_int(rows, row, column));
}

struct uuid postgres_uuid(const struct postgres_rows *rows, size_t row, unsigned column)
{
	struct uuid id = {{0}};
	if (PQgetlength(rows->result, (int)row, (int)column) == (int)sizeof(id.bytes)) {
		memcpy(id.bytes, PQgetvalue(rows->result, (int)row, (int)column), sizeof(id.bytes));
	}
	return id;
}

const char *postgres_text(const struct postgres_rows *rows, size_t row, unsigned column)
{
	return PQgetvalue(rows->result, (int)row, (int)column);
}

const uint8_t *postgres_bytes(const struct postgres_rows *rows, size_t row, unsigned column, size_t *ret_size)
{
	*ret_size = (size_t)PQgetlength(rows->result, (int)row, (int)column);
	return (const uint8_t *)PQgetvalue(rows->result, (int)row, (int)column);
}

/* Trouble by SQLSTATE: what may go well later, what this data will never do, what a human must mend. */
void postgres_refused(const PGresult *result, const struct postgres_statement *statement, struct fail *ret_fail)
{
	static const struct {
		const char *prefix;
		enum fail_kind kind;
		enum exit_code exit_code;
	} classes[] = {
		{"PH0", FAIL_RETRY, EXIT_AWAY},		 {"08", FAIL_RETRY, EXIT_AWAY},
		{"57", FAIL_RETRY, EXIT_AWAY},		 {"53", FAIL_RETRY, EXIT_AWAY},
		{"40", FAIL_RETRY, EXIT_AWAY},		 {"55P03", FAIL_RETRY, EXIT_AWAY},
		{"25006", FAIL_RETRY, EXIT_AWAY},	 {"25P03", FAIL_RETRY, EXIT_AWAY},
		{"58", FAIL_RETRY, EXIT_AWAY},		 {"22", FAIL_DATA, EXIT_BAD_DATA},
		{"23", FAIL_DATA, EXIT_BAD_DATA},	 {"28", FAIL_FATAL, EXIT_NOT_ALLOWED},
		{"42501", FAIL_FATAL, EXIT_NOT_ALLOWED}, {"42", FAIL_FATAL, EXIT_BAD_DATA},
		{"54", FAIL_DATA, EXIT_BAD_DATA},	 {"3F", FAIL_FATAL, EXIT_BAD_DATA},
		{"", FAIL_FATAL, EXIT_OUR_BUG},
	};
	const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	code = code != NULL ? code : "08000"; /* libpq's own: the connection broke */
	size_t i = 0;
	while (strncmp(code, classes[i].prefix, strlen(classes[i].prefix)) != 0) {
		i++;
	}
	const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
	const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	/* Only where it names things of ours can the primary message hold no data. */
	const char *words =
		strncmp(code, "42", 2) == 0 ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	fail_set(ret_fail, classes[i].kind, classes[i].exit_code, "postgres: %s refused: SQLSTATE %s%s%s%s%s%s%s",
		 statement->name, code, table != NULL ? " table " : "", table != NULL ? table : "",
		 constraint != NULL ? " constraint " : "", constraint != NULL ? constraint : "",
		 words != NULL ? ": " : "", words != NULL ? words : "");
	snprintf(ret_fail->code, sizeof(ret_fail->code), "%s", code);
}

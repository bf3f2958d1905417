/*
 * Looks at the schema's version; changes nothing.
 */
#include "core/edge/schema.h"

#include <inttypes.h>
#include <string.h>

const struct postgres_statement schema_statement = {
	.name = "schema_version",
	.sql = "SELECT coalesce(max(version), 0) FROM phased.schema_version",
};

bool schema_on_rows(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	int64_t version = postgres_count(rows) == 1 ? postgres_int(rows, 0, 0) : 0;
	if (context != NULL) {
		*(int64_t *)context = version;
	}
	if (version == SCHEMA_VERSION) {
		return true;
	}
	if (version > SCHEMA_VERSION) {
		return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
				"postgres: schema version %" PRId64 " is newer than this program, which knows %d: "
				"install the newer one",
				version, SCHEMA_VERSION);
	}
	return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
			"postgres: schema version %" PRId64 ", this program needs %d: run phasectl migrate",
			version, SCHEMA_VERSION);
}

void schema_explain(struct fail *fail)
{
	if (strcmp(fail->code, "42P01") == 0 || strcmp(fail->code, "3F000") == 0) {
		fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
			 "postgres: no schema of phased in this database, this program needs version %d: "
			 "run phasectl migrate",
			 SCHEMA_VERSION);
	}
}

/*
 * Asks a database for one error after another, as the daemon would meet them, and prints what it makes of each:
 *	SQLSTATE retry|fatal|data EXIT
 * tests/integration/sqlstates_test.py made the function that raises them, and knows what is right.
 */
#include <stdio.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/postgres.h"

static const struct postgres_statement raise = {
	.name = "raise",
	.sql = "SELECT public.raise($1)",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TEXT, false}},
};

static const char *const kinds[] = {[FAIL_RETRY] = "retry", [FAIL_FATAL] = "fatal", [FAIL_DATA] = "data"};

int main(int argc, char **argv)
{
	CHECK(argc >= 2);
	const struct postgres_options options = {
		.conninfo = argv[1], .application = "sqlstates", .connect_ms_max = 10000, .reply_ms_max = 10000};
	struct fail fail;
	struct postgres *postgres = postgres_create(&options, &fail);
	CHECK(postgres != NULL && postgres_connect(postgres, &fail) && postgres_wait(postgres, &fail));
	for (int i = 2; i < argc; i++) {
		struct postgres_value code;
		postgres_value_text(argv[i], &code);
		bool went_well = postgres_add(postgres, &raise, &code, NULL, NULL, &fail) &&
				 postgres_send(postgres, &fail) && postgres_wait(postgres, &fail);
		CHECK(!went_well);
		printf("%s %s %d\n", fail.code, kinds[fail.kind], (int)fail.exit_code);
		fprintf(stderr, "%s\n", fail.text);
	}
	postgres_destroy(postgres);
	return 0;
}

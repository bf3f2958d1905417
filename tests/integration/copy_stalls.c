/*
 * COPYs 64 MiB to a server that stops reading, with a time limit of one second, and prints the code of what came of it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/edge/postgres.h"

#define SIZE ((size_t)64 * 1024 * 1024) /* more than the sockets hold */

static const struct postgres_statement copy = {
	.name = "copy", .sql = "COPY public.anything FROM STDIN (FORMAT binary)", .simple = true};

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	const struct postgres_options options = {
		.conninfo = argv[1], .application = "copy_stalls", .connect_ms_max = 10000, .reply_ms_max = 1000};
	struct fail fail;
	struct postgres *postgres = postgres_create(&options, &fail);
	CHECK(postgres != NULL && postgres_connect(postgres, &fail) && postgres_wait(postgres, &fail));
	char *bytes = calloc(1, SIZE);
	CHECK(bytes != NULL);
	struct postgres_piece piece = {bytes, SIZE};
	CHECK(postgres_copy(postgres, &copy, &piece, 1, &fail) && !postgres_wait(postgres, &fail));
	puts(fail.code);
	postgres_destroy(postgres);
	free(bytes);
	return 0;
}

/*
 * Options of a command: one table that is parsed by and that --help prints.
 *
 * Long options only, "--name VALUE" or "--name=VALUE". Refuses what it does not know, naming the nearest. A value that
 * looks like a mail address is refused unread: everybody on a machine can see a command line.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"

enum option_type {
	OPTION_FLAG,  /* bool */
	OPTION_TEXT,  /* const char *, NULL when not given */
	OPTION_NUMBER /* int64_t, low..high */
};

struct option_about {
	const char *name;  /* without dashes; NULL ends the table */
	const char *value; /* what --help calls it: "N", "FILE"; NULL for a flag */
	enum option_type type;
	void *ret;	   /* where it goes; untouched when not given */
	int64_t low, high; /* NUMBER */
	const char *help;
};

/* Takes options off argv (from argv[0] on), first from `table`, then from `others` (or NULL). `*ret_rest` words that are
 * no options are moved to the front. False: EXIT_USAGE. */
bool options_parse(const struct option_about *table, const struct option_about *others, int argc, char **argv,
		   int *ret_rest, struct fail *fail);
void options_print(const struct option_about *table);

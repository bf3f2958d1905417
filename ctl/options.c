/*
 * Words of a command line against a table.
 */
#include "ctl/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"

#define NAMES_MAX 64

static const struct option_about *find(const struct option_about *table, const char *name, size_t size)
{
	for (; table != NULL && table->name != NULL; table++) {
		if (strlen(table->name) == size && memcmp(table->name, name, size) == 0) {
			return table;
		}
	}
	return NULL;
}

static size_t collect(const struct option_about *table, const char **names, size_t count)
{
	for (; table != NULL && table->name != NULL && count < NAMES_MAX; table++) {
		names[count++] = table->name;
	}
	return count;
}

static bool unknown(const struct option_about *table, const struct option_about *others, const char *word,
		    struct fail *fail)
{
	const char *names[NAMES_MAX];
	size_t count = collect(others, names, collect(table, names, 0));
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	const char *nearest = text_nearest(name, names, count);
	if (text_has_address(word)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "an option that does not exist (see --help)");
	}
	return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "no option --%s%s%s%s (see --help)", name,
			nearest != NULL ? "; did you mean --" : "", nearest != NULL ? nearest : "",
			nearest != NULL ? "?" : "");
}

static bool take(const struct option_about *option, const char *value, struct fail *fail)
{
	char *end;
	int64_t number;
	if (value != NULL && text_has_address(value)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"--%s: an address does not belong on a command line, which everybody can read: "
				"give - and write it to stdin",
				option->name);
	}
	CHECK(option->type == OPTION_FLAG || value != NULL);
	switch (option->type) {
	case OPTION_FLAG:
		*(bool *)option->ret = true;
		return true;
	case OPTION_TEXT:
		*(const char **)option->ret = value;
		return true;
	case OPTION_NUMBER:
		errno = 0;
		number = strtoll(value, &end, 10);
		if (errno != 0 || end == value || *end != '\0' || number < option->low || number > option->high) {
			return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
					"--%s: expected a number from %" PRId64 " to %" PRId64 ", not \"%.40s\"",
					option->name, option->low, option->high, value);
		}
		*(int64_t *)option->ret = number;
		return true;
	}
	return false;
}

bool options_parse(const struct option_about *table, const struct option_about *others, int argc, char **argv,
		   int *ret_rest, struct fail *fail)
{
	int rest = 0;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) != 0) {
			argv[rest++] = argv[i];
			continue;
		}
		const char *word = argv[i] + 2;
		size_t size = strcspn(word, "=");
		const struct option_about *option = find(table, word, size);
		option = option != NULL ? option : find(others, word, size);
		if (option == NULL) {
			return unknown(table, others, word, fail);
		}
		const char *value = word[size] == '=' ? word + size + 1 : NULL;
		if (option->type == OPTION_FLAG && value != NULL) {
			return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--%s takes no value", option->name);
		}
		if (option->type != OPTION_FLAG && value == NULL) {
			if (++i == argc) {
				return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--%s: expected %s after it",
						option->name, option->value);
			}
			value = argv[i];
		}
		if (!take(option, value, fail)) {
			return false;
		}
	}
	*ret_rest = rest;
	return true;
}

void options_print(const struct option_about *table)
{
	for (; table->name != NULL; table++) {
		char name[64];
		snprintf(name, sizeof(name), "--%s%s%s", table->name, table->value != NULL ? " " : "",
			 table->value != NULL ? table->value : "");
		printf("  %-18s ", name);
		/* A help text's later lines stand under its first. */
		for (const char *at = table->help; *at != '\0';) {
			size_t size = strcspn(at, "\n");
			printf("%s%.*s\n", at == table->help ? "" : "                     ", (int)size, at);
			at += size + (at[size] == '\n' ? 1 : 0);
		}
	}
}

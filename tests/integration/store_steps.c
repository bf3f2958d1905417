/*
 * The write protocol, rule by rule: two daemons meet in a real PostgreSQL at just the moment at which they would go wrong
 * without the rule. What is broken is named in store_steps_test.py, which runs them; the scenarios are in steps_*.c.
 *
 *	store_steps CONNINFO insert|copy SCENARIO	as a superuser, on a migrated database, which it empties
 *	store_steps list
 *
 * Exit 0: as expected; 1: stdout says what is not.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/integration/steps.h"

static const struct scenario *const subjects[] = {steps_versions, steps_locks, steps_fence};

static const struct scenario *find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(subjects); i++) {
		for (const struct scenario *scenario = subjects[i]; scenario->name != NULL; scenario++) {
			if (strcmp(scenario->name, name) == 0) {
				return scenario;
			}
		}
	}
	return NULL;
}

static void list(void)
{
	for (size_t i = 0; i < COUNT_OF(subjects); i++) {
		for (const struct scenario *scenario = subjects[i]; scenario->name != NULL; scenario++) {
			printf("%s\n", scenario->name);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		list();
		return EXIT_DONE;
	}
	const struct scenario *scenario = argc == 4 ? find(argv[3]) : NULL;
	if (scenario == NULL) {
		fprintf(stderr, "usage: store_steps CONNINFO insert|copy SCENARIO\n");
		return EXIT_USAGE;
	}
	stage_open(argv[1], strcmp(argv[2], "copy") == 0);
	scenario->play();
	stage_close();
	return EXIT_DONE;
}

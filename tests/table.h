/*
 * What the Check programs of this tree share: a main() that runs one suite in this process' own way.
 *
 *	TEST_MAIN("text", utf8_is_told_from_noise, addresses_are_masked)
 */
#pragma once
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.h"

/* Of one test; a file with a longer one defines it before it includes this one. */
#ifndef TEST_TIMEOUT_S
#define TEST_TIMEOUT_S 60
#endif

/* A file whose tests mostly wait, each for something of its own, defines it before it includes this one: so many at once. */
#ifndef TEST_AT_ONCE
#define TEST_AT_ONCE 1
#endif

static inline bool test_run(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	tcase_set_timeout(tcase, TEST_TIMEOUT_S);
	for (size_t i = 0; i < count; i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	bool good = srunner_ntests_failed(runner) == 0;
	srunner_free(runner);
	return good;
}

/* Each in a process with a suite of its own, so that each prints a line of counts: who reads them adds them up. */
static inline bool test_run_at_once(const char *name, const TTest *const *tests, size_t count)
{
	bool good = true;
	for (size_t begun = 0, ended = 0; ended < count;) {
		if (begun < count && begun - ended < TEST_AT_ONCE) {
			pid_t pid = fork();
			CHECK(pid >= 0);
			if (pid == 0) {
				exit(test_run(name, &tests[begun], 1) ? EXIT_SUCCESS : EXIT_FAILURE);
			}
			begun++;
			continue;
		}
		int status;
		CHECK(wait(&status) > 0);
		good = status == 0 && good;
		ended++;
	}
	return good;
}

#define TEST_MAIN(name, ...) \
	int main(void) \
	{ \
		const TTest *tests[] = {__VA_ARGS__}; \
		bool good = TEST_AT_ONCE > 1 ? test_run_at_once(name, tests, COUNT_OF(tests)) \
					     : test_run(name, tests, COUNT_OF(tests)); \
		return good ? EXIT_SUCCESS : EXIT_FAILURE; \
	}

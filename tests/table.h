/*
 * What the Check programs of this tree share: a main() that runs one suite in this process' own way.
 *
 *	TEST_MAIN("text", TESTS(utf8_is_told_from_noise, addresses_are_masked))
 */
#pragma once
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"

/* Of one test; a file with a longer one defines it before it includes this one. */
#ifndef TEST_TIMEOUT_S
#define TEST_TIMEOUT_S 60
#endif

#define TEST_MAIN(name, ...) \
	int main(void) \
	{ \
		const TTest *tests[] = {__VA_ARGS__}; \
		Suite *suite = suite_create(name); \
		TCase *tcase = tcase_create(name); \
		tcase_set_timeout(tcase, TEST_TIMEOUT_S); \
		for (size_t i = 0; i < COUNT_OF(tests); i++) { \
			tcase_add_test(tcase, tests[i]); \
		} \
		suite_add_tcase(suite, tcase); \
		SRunner *runner = srunner_create(suite); \
		srunner_run_all(runner, CK_NORMAL); \
		int failed = srunner_ntests_failed(runner); \
		srunner_free(runner); \
		return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
	}

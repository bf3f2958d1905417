/*
 * CHECK: our own bugs stop the program, in release builds too. Input never reaches a CHECK.
 */
#pragma once

#define CHECK(condition) \
	do { \
		if (__builtin_expect(!(condition), 0)) { \
			check_failed(__FILE__, __LINE__, __func__, #condition); \
		} \
	} while (0)

#define MUST_LOOK __attribute__((warn_unused_result))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Prints place and condition to stderr and aborts. */
_Noreturn void check_failed(const char *file, int line, const char *function, const char *condition);

/*
 * Trouble outside: what went wrong, and what the caller may do about it.
 *
 * A function that can meet trouble returns bool and fills *fail only when it returns false.
 * The text never holds personal data: no row, no address, no parameter, no message body.
 */
#pragma once
#include <stdbool.h>

enum fail_kind {
	FAIL_RETRY, /* the other side is away or busy: the same thing may go well later */
	FAIL_FATAL, /* trying again will not help: configuration, permission, schema */
	FAIL_DATA   /* this very data was refused: leave it out and go on */
};

/* Exit codes of all programs. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FOUND = 1, /* check, verify, diff found something */
	EXIT_USAGE = 64,
	EXIT_BAD_DATA = 65, /* bad data, or a schema version this program does not know */
	EXIT_AWAY = 69,	    /* a server is away */
	EXIT_OUR_BUG = 70,
	EXIT_NOT_ALLOWED = 77,
	EXIT_CONFIG = 78
};

struct fail {
	enum fail_kind kind;
	enum exit_code exit_code; /* what a program that gives up over it exits with */
	char code[8];		  /* SQLSTATE, or "" */
	char text[512];		  /* one line, no newline at the end */
};

/* Fills *fail (NULL is fine) and returns false, so that `return fail_set(…)` reads well. Cuts at the end of the text. */
bool fail_set(struct fail *fail, enum fail_kind kind, enum exit_code exit_code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "prefix: " before the text, cutting at its end; returns false. */
bool fail_prefix(struct fail *fail, const char *format, ...) __attribute__((format(printf, 2, 3)));

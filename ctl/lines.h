/*
 * Lines of JSON out of a file, one object each: numbered, limited, told apart from what is none.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/arena.h"
#include "core/base/fail.h"
#include "core/base/json.h"

#define LINES_SIZE_MAX ((size_t)64 * 1024) /* of one line */
#define LINES_NAMED_MAX 10		   /* bad lines that are named; the rest is counted */

struct lines {
	FILE *file;
	const char *name;    /* for messages: the path, or "stdin" */
	uint64_t number;     /* of the line that was read last, from 1 */
	uint64_t bad;	     /* lines complained about */
	char *buffer;	     /* of LINES_SIZE_MAX + 1 */
	struct arena *arena; /* where the line's tree lives until the next one is read; borrowed */
};

/* "-" is stdin. False: *fail says why. The caller ends it with lines_finish(), which takes a zeroed one too. */
bool lines_init(struct lines *lines, const char *path, struct arena *arena, struct fail *fail);
void lines_finish(struct lines *lines);

enum lines_result {
	LINES_ONE, /* *ret_root is a map */
	LINES_BAD, /* no JSON object, or too long: it has been complained about */
	LINES_END,
	LINES_BROKEN /* the file cannot be read on: *fail says why */
};

/* The next line that is not empty. */
enum lines_result lines_next(struct lines *lines, struct json_node **ret_root, struct fail *fail);

/* "phasectl: FILE:LINE: …" on stderr, for the first ones; counts it as bad; returns false. */
bool lines_complain(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "phasectl: FILE: 17 bad lines" when some were not named. */
void lines_sum_up(const struct lines *lines);

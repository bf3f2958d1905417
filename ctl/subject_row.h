/*
 * What touches were about, as rows of report.subject have it, with its properties: the values stand there without their keys.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/edge/subject_read.h"

/* Which properties subjects have: one setting for the whole database. */
struct subject_row_keys {
	const char *keys[SUBJECT_PROPERTIES_MAX];
	size_t count;
};

/* A key a line (subject.property_keys). They live in the arena. False: more than SUBJECT_PROPERTIES_MAX, or the arena is full. */
bool subject_row_keys_split(const char *lines, struct arena *arena, struct subject_row_keys *ret_keys);
/* A row of SUBJECT_READ_COLUMNS, put into the arena. *ret_told: false where its properties cannot be told; it has none then, so rules
 * that look at properties do not hold. False: arena full. */
bool subject_row_read(const struct postgres_rows *rows, size_t row, const struct subject_row_keys *keys,
		      struct arena *arena, struct subject *ret_subject, bool *ret_told);

/*
 * What a body is, by its own bytes: senders say "text/plain" of JSON and "application/json" of nothing. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "collector/source/source.h"

struct arena;

enum body_kind {
	BODY_NONE,  /* nothing, or white space */
	BODY_JSON,  /* begins as a map or a list */
	BODY_FORM,  /* name=value&… */
	BODY_OTHER, /* none of these */
};

/* Skips a byte order mark and white space in front of it. */
enum body_kind body_kind(const char *body, size_t size, const char **ret_body, size_t *ret_size);

/*
 * A form's arguments, decoded, behind those that are there already (`*list`, `*count`), at most `max` in all; what is not
 * whole escapes stays as it is. False: there are more, or the arena is full.
 */
bool body_form(const char *body, size_t size, size_t max, struct arena *arena, struct source_pair *list,
	       size_t *count);

/*
 * A result as JSON: one object a line.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct json_t;

/* A new text (RFC 3339); null for INT64_MIN, which stands for no moment. */
struct json_t *json_line_moment(int64_t us);
/* A new number; null below 0, which stands for one that is not known. */
struct json_t *json_line_number(int64_t value);
/* On stdout, and ends it. `flags`: more of jansson's, as JSON_REAL_PRECISION(). NULL, what could not be packed: a bug of ours. */
void json_line_print(struct json_t *object, size_t flags);

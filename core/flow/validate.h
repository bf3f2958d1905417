/*
 * The limits of field_limits.h, applied to a message whichever form it came in.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/field_limits.h"

/*
 * OUTCOME_NONE, or the outcome and in *path the field: a text over its size (too_large); a required field that is
 * missing, an enum's unknown number, a number or a text outside its range (bad_value; unknown_action for the action);
 * a moment outside the years 1 to 9999 (time_out_of_range). Masks, in place, what field_limits.h says shall be masked.
 * Texts are NUL-terminated UTF-8 already, lists within their limits.
 */
enum outcome validate_message(ProtobufCMessage *message, const struct limits *limits, struct field_path *path);

/* In the years 1 to 9999: what RFC 3339 can write and PostgreSQL keep. */
bool validate_is_moment(int64_t us);
/* Of [a-z0-9_-]: what may be written into a label of a metric or a name of a table's row without a thought. */
bool validate_is_word(const char *text, size_t size);

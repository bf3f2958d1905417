/*
 * What Unicode asks of a text before it may be compared: one form for what looks the same, no white space round it.
 * Hides libunistring. Refuses nothing but what is not UTF-8 or does not fit: what a text may hold is its reader's
 * affair.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* The text without white space (Unicode's White_Space, zero-width space, byte order mark) at either end. Points into
 * `text`; UTF-8 is taken for granted. */
const char *unicode_trim(const char *text, size_t *ret_size);
/* Normalisation form C of `size` bytes, with a NUL behind; false when they are not UTF-8 or the result is over `max`
 * bytes. `ret_text` has room for `max` + 1. */
bool unicode_nfc(const char *bytes, size_t size, size_t max, char *ret_text);
/* The same in lower case, of whatever script, by no language's own rules. */
bool unicode_lower(const char *bytes, size_t size, size_t max, char *ret_text);
/* The same without any difference of case, for comparing: not for showing ("Straße" and "STRASSE" are both "strasse"). */
bool unicode_fold(const char *bytes, size_t size, size_t max, char *ret_text);
/* The first word of a text (a run of letters, digits and their marks), which is UTF-8; NULL: it has none. */
const char *unicode_word(const char *text, size_t *ret_size);
/* White space or a control character anywhere? */
bool unicode_has_space_or_control(const char *text);

/*
 * Text: UTF-8 checks, masking of what looks like a mail address, nearest words. Texts of ours are NUL-terminated
 * UTF-8 without NUL inside; an absent one is "", never NULL.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF) without a NUL byte. */
bool text_is_utf8(const char *bytes, size_t size);
/* How many bytes at the start are well-formed UTF-8 without a NUL; `size` when all are. */
size_t text_utf8_size(const char *bytes, size_t size);
/* text_is_utf8(); when true, *ret_may_hold_address says whether text_mask_addresses() has to be asked: false is sure. */
bool text_scan(const char *bytes, size_t size, bool *ret_may_hold_address);
/* Is one of them below a space, or 0x7f? */
bool text_has_controls(const char *bytes, size_t size);
/* Largest n ≤ max such that the first n bytes of `text` do not end inside a character. */
size_t text_cut(const char *text, size_t max);
/* Does it hold something like a mail address: a word, '@' (or "%40"), a word with a dot? */
bool text_has_address(const char *text);
/* Overwrites, in place, each part that looks like a mail address with '*'; true when there was one. */
bool text_mask_addresses(char *text);
/* Makes a foreign text fit to be named in a message, in place: addresses masked, each byte of a control character and
 * each that is no UTF-8 a '?'. */
void text_show(char *text);
/* One line without control characters, line breaks of any alphabet, and byte order marks: YAML reads it back as it is. */
bool text_is_plain(const char *text);
/* ASCII lower case, in place. */
void text_lower(char *text);
/* Edit distance (insert, delete, replace, swap neighbours), for "did you mean"; at most 64 characters are looked at. */
unsigned text_distance(const char *a, const char *b);
/* Is it one of "a,b,c"? */
bool text_is_among(const char *name, const char *names);
/* The word of `words` nearest to `word`, or NULL when none is near (distance > 1 + length / 3). */
const char *text_nearest(const char *word, const char *const *words, size_t count);

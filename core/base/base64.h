/*
 * Base64 text in (RFC 4648): the standard and the URL-safe alphabet, with or without padding.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that `size` characters can hold at most. */
#define BASE64_BYTES_MAX(size) ((size) / 4 * 3 + 3)

/* False when it is not base64: another character, padding in between or too much of it, one character left over.
 * *ret_bytes has room for BASE64_BYTES_MAX(size), or is `text` itself. */
bool base64_read(const char *text, size_t size, uint8_t *ret_bytes, size_t *ret_size);

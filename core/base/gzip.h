/*
 * gzip and zlib streams → bytes in an arena, within a limit. Hides zlib.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;

enum gzip_result {
	GZIP_DONE,
	GZIP_BROKEN,   /* not such a stream, cut short, a wrong checksum, or something behind it */
	GZIP_TOO_LARGE /* over `limit`, or the arena is full */
};

/* Does it begin as a gzip stream does? */
bool gzip_is(const void *bytes, size_t size);
/* At most `limit` bytes, with a NUL behind. The arena is as before when it is not GZIP_DONE. */
enum gzip_result gzip_inflate(const void *bytes, size_t size, size_t limit, struct arena *arena, char **ret_bytes,
			      size_t *ret_size);

#include "core/base/gzip.h"

#include <limits.h>
#include <stdint.h>
#include <zlib.h>

#include "core/base/arena.h"
#include "core/base/check.h"

#define WINDOW_ANY (15 + 32) /* gzip or zlib, by its header */
#define FIRST_SIZE ((size_t)64 * 1024)

bool gzip_is(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	return size >= 2 && at[0] == 0x1f && at[1] == 0x8b;
}

/* The output grows at the arena's end, where nothing else is taken meanwhile. Room for one byte over the limit, by which
 * zlib shows that there is more, and for the NUL. */
static enum gzip_result inflate_all(z_stream *stream, size_t limit, struct arena *arena, char **ret_bytes,
				    size_t *ret_size)
{
	size_t room = limit < FIRST_SIZE ? limit : FIRST_SIZE;
	char *out = arena_take(arena, room + 2);
	int status = Z_OK;
	while (out != NULL) {
		stream->next_out = (Bytef *)out + stream->total_out;
		stream->avail_out = (uInt)(room + 1 - stream->total_out);
		status = inflate(stream, Z_NO_FLUSH);
		if (stream->total_out > limit) {
			return GZIP_TOO_LARGE;
		}
		if (status != Z_OK || stream->avail_out > 0) {
			break;
		}
		room = room * 2 < limit ? room * 2 : limit;
		arena_back(arena, (size_t)(out - arena->base));
		out = arena_take(arena, room + 2);
	}
	if (out == NULL) {
		return GZIP_TOO_LARGE;
	}
	if (status != Z_STREAM_END || stream->avail_in > 0) {
		return GZIP_BROKEN;
	}
	out[stream->total_out] = '\0';
	*ret_bytes = out;
	*ret_size = stream->total_out;
	return GZIP_DONE;
}

enum gzip_result gzip_inflate(const void *bytes, size_t size, size_t limit, struct arena *arena, char **ret_bytes,
			      size_t *ret_size)
{
	CHECK(size <= UINT_MAX && limit < UINT_MAX);
	size_t mark = arena->used;
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size};
	if (inflateInit2(&stream, WINDOW_ANY) != Z_OK) {
		return GZIP_TOO_LARGE;
	}
	enum gzip_result result = inflate_all(&stream, limit, arena, ret_bytes, ret_size);
	inflateEnd(&stream);
	if (result != GZIP_DONE) {
		arena_back(arena, mark);
	}
	return result;
}

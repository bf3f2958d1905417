/* core/base/gzip.h: streams in, bytes out, never more than allowed. */
#include "core/base/gzip.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "core/base/arena.h"
#include "tests/table.h"

#define SIZE ((size_t)1000 * 1000)

static struct arena arena;
static char plain[SIZE + 1];

static size_t pack(size_t size, int window, uint8_t *ret_packed, size_t room)
{
	for (size_t i = 0; i < size; i++) {
		plain[i] = (char)('a' + i * i % 23);
	}
	z_stream stream = {.next_in = (Bytef *)plain,
			   .avail_in = (uInt)size,
			   .next_out = ret_packed,
			   .avail_out = (uInt)room};
	ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

static uint8_t packed[SIZE];

START_TEST(streams_of_both_kinds_and_all_sizes_come_out_whole)
{
	static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072, SIZE};
	static const int windows[] = {15, 15 + 16};
	ck_assert(arena_init(&arena, SIZE * 4));
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		for (size_t j = 0; j < COUNT_OF(windows); j++) {
			size_t size = pack(sizes[i], windows[j], packed, sizeof(packed)), got;
			char *bytes;
			ck_assert(gzip_is(packed, size) == (windows[j] > 15));
			arena_reset(&arena, 0);
			ck_assert_int_eq(gzip_inflate(packed, size, SIZE, &arena, &bytes, &got), GZIP_DONE);
			ck_assert_uint_eq(got, sizes[i]);
			ck_assert_int_eq(memcmp(bytes, plain, got), 0);
			ck_assert_int_eq(bytes[got], '\0');
		}
	}
}
END_TEST

START_TEST(a_limit_is_kept_to_the_byte)
{
	ck_assert(arena_init(&arena, SIZE * 4));
	size_t size = pack(100000, 31, packed, sizeof(packed)), got;
	char *bytes;
	ck_assert_int_eq(gzip_inflate(packed, size, 99999, &arena, &bytes, &got), GZIP_TOO_LARGE);
	ck_assert_uint_eq(arena.used, 0);
	ck_assert_int_eq(gzip_inflate(packed, size, 100000, &arena, &bytes, &got), GZIP_DONE);
	struct arena small;
	ck_assert(arena_init(&small, 80000));
	ck_assert_int_eq(gzip_inflate(packed, size, 100000, &small, &bytes, &got), GZIP_TOO_LARGE);
	ck_assert_uint_eq(small.used, 0);
}
END_TEST

START_TEST(what_is_broken_is_refused)
{
	ck_assert(arena_init(&arena, SIZE * 4));
	size_t size = pack(1000, 31, packed, sizeof(packed)), got;
	char *bytes;
	for (size_t cut = 0; cut < size; cut++) {
		ck_assert_int_eq(gzip_inflate(packed, cut, SIZE, &arena, &bytes, &got), GZIP_BROKEN);
	}
	packed[size] = 'x';
	ck_assert_int_eq(gzip_inflate(packed, size + 1, SIZE, &arena, &bytes, &got), GZIP_BROKEN);
	packed[size - 5] ^= 1; /* of the checksum */
	ck_assert_int_eq(gzip_inflate(packed, size, SIZE, &arena, &bytes, &got), GZIP_BROKEN);
	ck_assert_int_eq(gzip_inflate("{\"a\":1}", 7, SIZE, &arena, &bytes, &got), GZIP_BROKEN);
	ck_assert_uint_eq(arena.used, 0);
}
END_TEST

TEST_MAIN("gzip", streams_of_both_kinds_and_all_sizes_come_out_whole, a_limit_is_kept_to_the_byte,
	  what_is_broken_is_refused)

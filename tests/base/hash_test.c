/* core/base/hash.h against known answers (RFC 4231 for HMAC; the rest computed with Python's hashlib and hmac). */
#include "core/base/hash.h"

#include <string.h>

#include "tests/table.h"

static void print_hex(const uint8_t hash[HASH_SIZE], char ret_text[2 * HASH_SIZE + 1])
{
	for (size_t i = 0; i < HASH_SIZE; i++) {
		snprintf(ret_text + 2 * i, 3, "%02x", hash[i]);
	}
}

START_TEST(sha256_gives_the_known_answers)
{
	static const struct {
		const char *text, *hash;
	} rows[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t hash[HASH_SIZE];
		char text[2 * HASH_SIZE + 1];
		hash_sha256(rows[i].text, strlen(rows[i].text), hash);
		print_hex(hash, text);
		ck_assert_str_eq(text, rows[i].hash);
	}
}
END_TEST

START_TEST(hmac_gives_the_known_answers_of_rfc_4231)
{
	uint8_t keys[3][131];
	memset(keys[0], 0x0b, sizeof(keys[0]));
	memcpy(keys[1], "Jefe", 4);
	memset(keys[2], 0xaa, sizeof(keys[2]));
	const struct {
		const uint8_t *key;
		size_t key_size;
		const char *text, *hash;
	} rows[] = {
		{keys[0], 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{keys[1], 4, "what do ya want for nothing?",
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{keys[2], 131, "Test Using Larger Than Block-Size Key - Hash Key First",
		 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	};
	for (unsigned again = 0; again < 2; again++) { /* a key leaves nothing behind for the next one */
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			uint8_t hash[HASH_SIZE];
			char text[2 * HASH_SIZE + 1];
			const struct hash_piece piece = {rows[i].text, strlen(rows[i].text)};
			hash_hmac(rows[i].key, rows[i].key_size, &piece, 1, hash);
			print_hex(hash, text);
			ck_assert_str_eq(text, rows[i].hash);
		}
	}
}
END_TEST

START_TEST(pieces_are_told_apart_by_a_zero_byte)
{
	static const struct hash_piece pieces[] = {{"snowplow", 8}, {"shop", 4}, {"e-1", 3}};
	static const struct hash_piece moved[] = {{"snowplow", 8}, {"shope", 5}, {"-1", 2}};
	static const struct hash_piece joined = {"snowplow\0shop\0e-1", 17};
	ck_assert_uint_eq(hash_64(pieces, 3), hash_64(&joined, 1));
	ck_assert_uint_eq(hash_64(pieces, 3), UINT64_C(0xccefa38cce02e3a1));
	ck_assert_uint_ne(hash_64(pieces, 3), hash_64(moved, 3));
	uint8_t hash[HASH_SIZE], other[HASH_SIZE];
	hash_hmac("key", 3, pieces, 3, hash);
	hash_hmac("key", 3, &joined, 1, other);
	ck_assert_mem_eq(hash, other, HASH_SIZE);
}
END_TEST

/* However pieces are put together on the way to SHA-256. */
/* Each size near where a message is no longer laid out at once (512 bytes, less SHA-256's ending), some of the others. */
static size_t next_size(size_t size, size_t step)
{
	return size + (size + step < 430 || size > 520 ? step : 1);
}

START_TEST(the_sizes_of_pieces_make_no_difference)
{
	static char bytes[3 * 1100];
	char joined[sizeof(bytes) + 2];
	memset(bytes, 'a', sizeof(bytes));
	for (size_t first = 0; first < 1100; first = next_size(first, 37)) {
		for (size_t second = 0; second < 1100; second = next_size(second, 41)) {
			const size_t third = (first + second) % 1030;
			const struct hash_piece pieces[] = {{bytes, first}, {bytes, second}, {bytes, third}};
			const struct hash_piece whole = {joined, first + second + third + 2};
			memset(joined, 'a', sizeof(joined));
			joined[first] = joined[first + 1 + second] = '\0';
			uint8_t hash[HASH_SIZE], other[HASH_SIZE];
			hash_hmac("key", 3, pieces, 3, hash);
			hash_hmac("key", 3, &whole, 1, other);
			ck_assert_mem_eq(hash, other, HASH_SIZE);
		}
	}
}
END_TEST

START_TEST(every_byte_stirs)
{
	uint8_t bytes[40];
	for (size_t size = 0; size <= sizeof(bytes); size++) {
		memset(bytes, 0, sizeof(bytes));
		const uint64_t zeros = hash_stir(1, bytes, size);
		ck_assert_uint_eq(zeros, hash_stir(1, bytes, size));
		ck_assert_uint_ne(zeros, hash_stir(2, bytes, size));
		for (size_t i = 0; i < size; i++) {
			ck_assert_uint_ne(zeros, hash_stir(1, bytes, i));
			bytes[i] = 1;
			ck_assert_uint_ne(zeros, hash_stir(1, bytes, size));
			bytes[i] = 0;
		}
	}
}
END_TEST

TEST_MAIN("hash", sha256_gives_the_known_answers, hmac_gives_the_known_answers_of_rfc_4231,
	  pieces_are_told_apart_by_a_zero_byte, the_sizes_of_pieces_make_no_difference, every_byte_stirs)

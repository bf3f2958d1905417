/*
 * The functions of libcrypto below are those that it calls deprecated: the ones in favour look up an algorithm, allocate and
 * lock for each hash, which costs three times the hash itself of an event's id. docs/decisions/ has the figures.
 */
#define OPENSSL_API_COMPAT 10100 /* as 1.1.0 had it: says no word about SHA256_* */
#include "core/base/hash.h"

#include <endian.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/check.h"

#define BLOCK SHA256_CBLOCK
#define LAID_OUT_MAX (8 * BLOCK)
#define ENDING_MAX \
	(BLOCK + \
	 8) /* what SHA-256 puts behind a message: a one bit, zeros up to a block's last 8 bytes, its bits */

/*
 * What is hashed for an event is short. Laid out side by side with SHA-256's ending behind (FIPS 180-4, 5.1.1), it is whole
 * blocks, and nothing else needs to be done. Returns their bytes; 0 when it is too long. `before`: bytes hashed already.
 * Nothing is wiped: the pieces are the caller's texts, which lie in its memory as well.
 */
static size_t lay_out(const struct hash_piece *pieces, size_t count, size_t before,
		      uint8_t ret_bytes[static LAID_OUT_MAX])
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].size > LAID_OUT_MAX || used + 1 + pieces[i].size > LAID_OUT_MAX - ENDING_MAX) {
			return 0;
		}
		if (i > 0) {
			ret_bytes[used++] = 0;
		}
		if (pieces[i].size > 0) {
			memcpy(ret_bytes + used, pieces[i].bytes, pieces[i].size);
			used += pieces[i].size;
		}
	}
	uint64_t bits = htobe64((uint64_t)(before + used) * 8);
	size_t end = (used + 1 + sizeof(bits) + BLOCK - 1) / BLOCK * BLOCK;
	ret_bytes[used] = 0x80;
	memset(ret_bytes + used + 1, 0, end - sizeof(bits) - used - 1);
	memcpy(ret_bytes + end - sizeof(bits), &bits, sizeof(bits));
	return end;
}

static void digest_long(SHA256_CTX *context, const struct hash_piece *pieces, size_t count,
			uint8_t ret_hash[static HASH_SIZE])
{
	for (size_t i = 0; i < count; i++) {
		SHA256_Update(context, "", i > 0 ? 1 : 0);
		SHA256_Update(context, pieces[i].bytes, pieces[i].size);
	}
	SHA256_Final(ret_hash, context);
}

/* Goes on from `context`, behind `before` bytes of whole blocks. */
static void digest(SHA256_CTX *context, size_t before, const struct hash_piece *pieces, size_t count,
		   uint8_t ret_hash[static HASH_SIZE])
{
	uint8_t bytes[LAID_OUT_MAX];
	size_t size = lay_out(pieces, count, before, bytes);
	if (size == 0) {
		digest_long(context, pieces, count, ret_hash);
		return;
	}
	for (size_t at = 0; at < size; at += BLOCK) {
		SHA256_Transform(context, bytes + at);
	}
	for (size_t i = 0; i < HASH_SIZE / sizeof(uint32_t); i++) {
		uint32_t word = htobe32(context->h[i]);
		memcpy(ret_hash + i * sizeof(word), &word, sizeof(word));
	}
}

uint64_t hash_64(const struct hash_piece *pieces, size_t count)
{
	SHA256_CTX context;
	uint8_t hash[HASH_SIZE];
	uint64_t first;
	SHA256_Init(&context);
	digest(&context, 0, pieces, count, hash);
	memcpy(&first, hash, sizeof(first));
	return be64toh(first);
}

void hash_sha256(const void *bytes, size_t size, uint8_t ret_hash[static HASH_SIZE])
{
	SHA256_CTX context;
	SHA256_Init(&context);
	digest(&context, 0, &(struct hash_piece){bytes, size}, 1, ret_hash);
}

static uint64_t stir(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return sum ^ sum >> 29;
}

uint64_t hash_stir(uint64_t sum, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint64_t word = 0;
	if (size >= sizeof(word)) {
		const uint8_t *last = at + size - sizeof(word);
		for (; at < last; at += sizeof(word)) {
			memcpy(&word, at, sizeof(word));
			sum = stir(sum, word);
		}
		memcpy(&word, last, sizeof(word));
	} else {
		for (size_t i = 0; i < size; i++) {
			word = word << 8 | at[i];
		}
	}
	return stir(sum, word) + size;
}

/*
 * HMAC (RFC 2104) begins with two blocks that depend on the key alone. The same key comes again and again, so each thread
 * keeps what SHA-256 makes of them, with the key that they are of; it lies in its owner's memory as well.
 */
struct hmac_key {
	uint8_t bytes[BLOCK];
	SHA256_CTX inner, outer;
	bool is_ready;
};

static void hmac_key_make(struct hmac_key *key, const uint8_t bytes[static BLOCK])
{
	uint8_t padded[BLOCK];
	memcpy(key->bytes, bytes, BLOCK);
	for (size_t i = 0; i < BLOCK; i++) {
		padded[i] = bytes[i] ^ 0x36;
	}
	SHA256_Init(&key->inner);
	SHA256_Update(&key->inner, padded, BLOCK);
	for (size_t i = 0; i < BLOCK; i++) {
		padded[i] = bytes[i] ^ 0x5c;
	}
	SHA256_Init(&key->outer);
	SHA256_Update(&key->outer, padded, BLOCK);
	key->is_ready = true;
	explicit_bzero(padded, BLOCK);
}

static const struct hmac_key *hmac_key_of(const void *bytes, size_t size)
{
	static _Thread_local struct hmac_key last;
	uint8_t block[BLOCK] = {0}; /* a shorter key is one with zeros behind, a longer one stands for its hash */
	if (size > BLOCK) {
		hash_sha256(bytes, size, block);
	} else if (size > 0) {
		memcpy(block, bytes, size);
	}
	if (!last.is_ready || memcmp(last.bytes, block, BLOCK) != 0) {
		hmac_key_make(&last, block);
	}
	return &last;
}

void hash_hmac(const void *key, size_t key_size, const struct hash_piece *pieces, size_t count,
	       uint8_t ret_hash[static HASH_SIZE])
{
	const struct hmac_key *made = hmac_key_of(key, key_size);
	SHA256_CTX context = made->inner;
	uint8_t inner[HASH_SIZE];
	digest(&context, BLOCK, pieces, count, inner);
	context = made->outer;
	digest(&context, BLOCK, &(struct hash_piece){inner, HASH_SIZE}, 1, ret_hash);
}

/*
 * The functions of libcrypto below are those that it calls deprecated: the ones in favour look up an algorithm, allocate and
 * lock for each hash, which costs three times the hash itself of an event's id. docs/decisions/ has the figures.
 */
#define OPENSSL_API_COMPAT 10100 /* as 1.1.0 had it: says no word about SHA256_* */
#include "core/base/hash.h"

#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/check.h"

#define BLOCK SHA256_CBLOCK
#define GATHERED_MAX 512 /* bytes put side by side and hashed in one go; what is longer goes piece by piece */

/* The gathered bytes are wiped nowhere: they are the caller's texts, which lie in its memory as well. */
static void add_pieces(SHA256_CTX *context, const struct hash_piece *pieces, size_t count)
{
	uint8_t gathered[GATHERED_MAX];
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		size_t size = pieces[i].size;
		if (size >= GATHERED_MAX - used) { /* or the zero byte before it has no room */
			SHA256_Update(context, gathered, used);
			used = 0;
		}
		if (i > 0) {
			gathered[used++] = 0;
		}
		if (size > GATHERED_MAX - used) {
			SHA256_Update(context, gathered, used);
			SHA256_Update(context, pieces[i].bytes, size);
			used = 0;
		} else if (size > 0) {
			memcpy(gathered + used, pieces[i].bytes, size);
			used += size;
		}
	}
	SHA256_Update(context, gathered, used);
}

static void digest(const struct hash_piece *pieces, size_t count, uint8_t ret_hash[static HASH_SIZE])
{
	SHA256_CTX context;
	SHA256_Init(&context);
	add_pieces(&context, pieces, count);
	SHA256_Final(ret_hash, &context);
}

uint64_t hash_64(const struct hash_piece *pieces, size_t count)
{
	uint8_t hash[HASH_SIZE];
	digest(pieces, count, hash);
	uint64_t first = 0;
	for (unsigned i = 0; i < 8; i++) {
		first = first << 8 | hash[i];
	}
	return first;
}

void hash_sha256(const void *bytes, size_t size, uint8_t ret_hash[static HASH_SIZE])
{
	digest(&(struct hash_piece){bytes, size}, 1, ret_hash);
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
	add_pieces(&context, pieces, count);
	SHA256_Final(inner, &context);
	context = made->outer;
	SHA256_Update(&context, inner, HASH_SIZE);
	SHA256_Final(ret_hash, &context);
}

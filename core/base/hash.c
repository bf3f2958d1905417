#include "core/base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "core/base/check.h"

/*
 * Each thread of ours has one context for life: EVP_DigestInit_ex on a fresh context costs more than the hash
 * of a subject does. A failure here means that libcrypto has no SHA-256 or no memory: nothing can go on then.
 */
static _Thread_local EVP_MD_CTX *context;

static void digest(const struct hash_piece *pieces, size_t count, uint8_t ret_hash[static HASH_SIZE])
{
	if (context == NULL) {
		context = EVP_MD_CTX_new();
		CHECK(context != NULL);
	}
	CHECK(EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
	for (size_t i = 0; i < count; i++) {
		if (i > 0) {
			CHECK(EVP_DigestUpdate(context, "", 1) == 1);
		}
		CHECK(EVP_DigestUpdate(context, pieces[i].bytes, pieces[i].size) == 1);
	}
	unsigned size = 0;
	CHECK(EVP_DigestFinal_ex(context, ret_hash, &size) == 1 && size == HASH_SIZE);
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

void hash_hmac(const void *key, size_t key_size, const struct hash_piece *pieces, size_t count,
	       uint8_t ret_hash[static HASH_SIZE])
{
	char joined[8192];
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		size_t need = pieces[i].size + (i > 0 ? 1 : 0);
		CHECK(need <= sizeof(joined) - used);
		if (i > 0) {
			joined[used++] = '\0';
		}
		memcpy(joined + used, pieces[i].bytes, pieces[i].size);
		used += pieces[i].size;
	}
	unsigned size = 0;
	CHECK(HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)joined, used, ret_hash, &size) != NULL);
	CHECK(size == HASH_SIZE);
}

#include "core/base/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "core/base/check.h"

/*
 * Each thread of ours has its contexts for life: looking an algorithm up, as a fresh context or HMAC() does each time,
 * costs several times the hash. A failure here means that libcrypto has no SHA-256 or no memory: nothing can go on
 * then.
 */
static _Thread_local EVP_MD_CTX *context;
static _Thread_local const EVP_MD *sha256;
static _Thread_local EVP_MAC_CTX *mac_context;

static void prepare(void)
{
	if (context != NULL) {
		return;
	}
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	CHECK(sha256 != NULL && hmac != NULL);
	mac_context = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac); /* the context holds on to it */
	CHECK(mac_context != NULL);
	char name[] = "SHA256";
	const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
				     OSSL_PARAM_construct_end()};
	CHECK(EVP_MAC_CTX_set_params(mac_context, params) == 1);
	context = EVP_MD_CTX_new();
	CHECK(context != NULL);
}

static void digest(const struct hash_piece *pieces, size_t count, uint8_t ret_hash[static HASH_SIZE])
{
	prepare();
	CHECK(EVP_DigestInit_ex(context, sha256, NULL) == 1);
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
	prepare();
	CHECK(EVP_MAC_init(mac_context, key, key_size, NULL) == 1);
	for (size_t i = 0; i < count; i++) {
		if (i > 0) {
			CHECK(EVP_MAC_update(mac_context, (const unsigned char *)"", 1) == 1);
		}
		CHECK(EVP_MAC_update(mac_context, pieces[i].bytes, pieces[i].size) == 1);
	}
	size_t size = 0;
	CHECK(EVP_MAC_final(mac_context, ret_hash, &size, HASH_SIZE) == 1 && size == HASH_SIZE);
}

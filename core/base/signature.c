#include "core/base/signature.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "core/base/base64.h"
#include "core/base/check.h"

/* What a text of a signature may have: base64 of the longest, padded, or its hexadecimal. */
#define TEXT_SIZE_MAX (2 * SIGNATURE_SIZE_MAX)
#define KEY_SIZE_MAX 1024 /* in base64 */

size_t signature_hmac(enum signature_hash hash, const void *key, size_t key_size,
		      const struct signature_piece *pieces, size_t count,
		      uint8_t ret_bytes[static SIGNATURE_SIZE_MAX])
{
	static char names[][8] = {
		[SIGNATURE_SHA1] = "SHA1", [SIGNATURE_SHA256] = "SHA256"}; /* libcrypto wants no const */
	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, names[hash], 0),
		OSSL_PARAM_construct_end(),
	};
	size_t size = 0;
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	CHECK(context != NULL && EVP_MAC_init(context, key, key_size, parameters) == 1);
	for (size_t i = 0; i < count; i++) {
		CHECK(pieces[i].size == 0 || EVP_MAC_update(context, pieces[i].bytes, pieces[i].size) == 1);
	}
	CHECK(EVP_MAC_final(context, ret_bytes, &size, SIGNATURE_SIZE_MAX) == 1);
	EVP_MAC_CTX_free(context);
	EVP_MAC_free(mac);
	return size;
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static bool read_hex(const char *text, size_t size, uint8_t *ret_bytes, size_t *ret_size)
{
	for (size_t i = 0; i + 1 < size; i += 2) {
		int high = digit_of(text[i]), low = digit_of(text[i + 1]);
		if (high < 0 || low < 0) {
			return false;
		}
		ret_bytes[i / 2] = (uint8_t)(high * 16 + low);
	}
	*ret_size = size / 2;
	return size % 2 == 0;
}

bool signature_is(enum signature_hash hash, enum signature_form form, const char *text, const void *key,
		  size_t key_size, const struct signature_piece *pieces, size_t count)
{
	uint8_t wanted[SIGNATURE_SIZE_MAX], given[BASE64_BYTES_MAX(TEXT_SIZE_MAX)];
	size_t text_size = strlen(text), given_size = 0;
	if (text_size == 0 || text_size > TEXT_SIZE_MAX ||
	    !(form == SIGNATURE_HEX ? read_hex(text, text_size, given, &given_size)
				    : base64_read(text, text_size, given, &given_size))) {
		return false;
	}
	size_t size = signature_hmac(hash, key, key_size, pieces, count, wanted);
	return signature_equal(wanted, size, given, given_size);
}

/* The certificate's, the public key's, or base64 of one; NULL: it is none. */
static EVP_PKEY *read_key(const char *text)
{
	uint8_t bytes[BASE64_BYTES_MAX(KEY_SIZE_MAX)];
	const uint8_t *at = bytes;
	size_t size = strlen(text);
	if (strncmp(text, "-----BEGIN ", 11) != 0) {
		return size <= KEY_SIZE_MAX && base64_read(text, size, bytes, &size)
			       ? d2i_PUBKEY(NULL, &at, (long)size)
			       : NULL;
	}
	BIO *bio = BIO_new_mem_buf(text, -1);
	CHECK(bio != NULL);
	EVP_PKEY *key = NULL;
	if (strncmp(text, "-----BEGIN CERTIFICATE", 22) == 0) {
		X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		key = certificate != NULL ? X509_get_pubkey(certificate) : NULL;
		X509_free(certificate);
	} else {
		key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	}
	BIO_free(bio);
	return key;
}

bool signature_is_key(const char *key)
{
	EVP_PKEY *public = read_key(key);
	EVP_PKEY_free(public);
	ERR_clear_error();
	return public != NULL;
}

bool signature_is_public(enum signature_hash hash, const uint8_t *signature, size_t size, const char *key,
			 const struct signature_piece *pieces, size_t count)
{
	EVP_PKEY *public = read_key(key);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	CHECK(context != NULL);
	bool good = public != NULL &&
		    EVP_DigestVerifyInit(context, NULL, hash == SIGNATURE_SHA1 ? EVP_sha1() : EVP_sha256(), NULL,
					 public) == 1;
	for (size_t i = 0; i < count && good; i++) {
		good = pieces[i].size == 0 ||
		       EVP_DigestVerifyUpdate(context, pieces[i].bytes, pieces[i].size) == 1;
	}
	good = good && EVP_DigestVerifyFinal(context, signature, size) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(public);
	ERR_clear_error();
	return good;
}

bool signature_equal(const void *a, size_t a_size, const void *b, size_t b_size)
{
	return a_size == b_size && CRYPTO_memcmp(a, b, a_size) == 0;
}

/*
 * Signatures of requests: HMAC and its comparison, public keys; hides libcrypto.
 *
 * Comparisons take the same time however much of a guess is right; only its length can be learned.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_SIZE_MAX 32
#define SIGNATURE_PIECES_MAX 4

enum signature_hash { SIGNATURE_SHA1, SIGNATURE_SHA256 };
enum signature_form { SIGNATURE_HEX, SIGNATURE_BASE64 };

struct signature_piece {
	const void *bytes;
	size_t size;
};

/* HMAC of the pieces one behind the other, nothing between them. Returns its size in bytes. */
size_t signature_hmac(enum signature_hash hash, const void *key, size_t key_size,
		      const struct signature_piece *pieces, size_t count,
		      uint8_t ret_bytes[static SIGNATURE_SIZE_MAX]);

/* Is `text` that HMAC, written in hexadecimal (either case) or in base64? */
bool signature_is(enum signature_hash hash, enum signature_form form, const char *text, const void *key,
		  size_t key_size, const struct signature_piece *pieces, size_t count);

/*
 * Was it made by whoever has the private half of a key? RSA (PKCS #1 v1.5) or ECDSA (DER), by the key. `key`: the public half,
 * as PEM (a public key, or a certificate: then that one's, whatever its dates) or as base64 of its SubjectPublicKeyInfo. What
 * is no key proves nothing.
 */
bool signature_is_public(enum signature_hash hash, const uint8_t *signature, size_t size, const char *key,
			 const struct signature_piece *pieces, size_t count);

/* Is it such a key? */
bool signature_is_key(const char *key);

bool signature_equal(const void *a, size_t a_size, const void *b, size_t b_size);

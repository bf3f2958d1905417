/*
 * SHA-256 and HMAC-SHA256 over pieces; hides libcrypto.
 *
 * Pieces are separated by one zero byte, so that ("ab","c") and ("a","bc") differ; pieces themselves hold none.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE 32
#define HASH_PIECES_MAX 96

struct hash_piece {
	const void *bytes;
	size_t size;
};

/* First 64 bits, big end first, of SHA-256(piece ‖ 0 ‖ piece ‖ 0 ‖ … piece). */
uint64_t hash_64(const struct hash_piece *pieces, size_t count);
/* For tables in memory, and cheap: goes on from `sum`. Says nothing outside of this process, and equal sums prove nothing. */
uint64_t hash_stir(uint64_t sum, const void *bytes, size_t size);
/* SHA-256 of one run of bytes. */
void hash_sha256(const void *bytes, size_t size, uint8_t ret_hash[static HASH_SIZE]);
/* HMAC-SHA256(key, piece ‖ 0 ‖ piece ‖ 0 ‖ … piece). */
void hash_hmac(const void *key, size_t key_size, const struct hash_piece *pieces, size_t count,
	       uint8_t ret_hash[static HASH_SIZE]);

/*
 * A keyed 64-bit hash of a few bytes for tables in memory: quick, and its collisions cannot be looked for without the key.
 * Not for anything that leaves the process.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mix_key {
	uint64_t words[2]; /* random, made at start */
};

static inline uint64_t mix_words(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t mix_bytes(const struct mix_key *key, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	uint64_t mixed = key->words[0] ^ size;
	for (size_t left = size; left > 0;) {
		uint64_t word = 0;
		size_t taken = left < sizeof(word) ? left : sizeof(word);
		memcpy(&word, at, taken);
		mixed = mix_words(mixed ^ word, key->words[1] | 1) + UINT64_C(0x9e3779b97f4a7c15);
		at += taken;
		left -= taken;
	}
	return mix_words(mixed ^ key->words[1], UINT64_C(0xd6e8feb86659fd93));
}

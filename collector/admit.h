/*
 * Who is let in, before anything of a request is read, and how often: by origin, by address, by key.
 *
 * Addresses live here only, as keyed hashes in a table in memory that forgets who is quiet.
 */
#pragma once
#include <stdbool.h>

#include "core/base/limiter.h"

struct collect_conf;
struct http_request;

struct admit {
	const struct collect_conf *conf;
	struct limiter addresses, keys;
};

/* Borrows conf for life. False: no memory or no randomness. */
bool admit_init(struct admit *admit, const struct collect_conf *conf);
/* The limits of *conf may have changed. False: no memory, and one of them does not hold. */
bool admit_reconfigure(struct admit *admit);
void admit_finish(struct admit *admit); /* zeroed is fine */

/* Its Origin, "" when it has none; false: it is not one of those that may send. */
bool admit_origin(const struct admit *admit, const struct http_request *request, const char **ret_origin);
/* 0, or 403, or 429 with the seconds that it stays so. */
unsigned admit_request(struct admit *admit, const struct http_request *request, int64_t now_us,
		       unsigned *ret_wait_s);
/* Once it is read: of so many bytes, unpacked. What is large counts as many requests of its address, of which the next ones
 * are refused until they are made up for, so that nobody keeps the loop to himself by a few. */
void admit_charge(struct admit *admit, const struct http_request *request, size_t size, int64_t now_us);
/* Once it is read and known whose it is; false: too often, 429. "": nobody's. */
bool admit_key(struct admit *admit, const char *key, int64_t now_us, unsigned *ret_wait_s);

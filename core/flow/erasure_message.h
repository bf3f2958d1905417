/*
 * A message of the topic of erasures: all rows of the ledger of one actor, whose id is the key. Pure.
 *
 *	{"rows":[{"from":null,"at":"2026-11-26T15:00:00Z","erased":"2026-11-26T15:00:00Z","positions":{"phased.web":[17,0]}}]}
 *
 * Moments are UTC with up to six digits; from null: the actor goes whole.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/model/rows.h"

struct arena;

#define ERASURE_KEY_SIZE 16
#define ERASURE_MESSAGE_SIZE_MAX ((size_t)900 * 1024) /* below what a broker takes by default */

/* `rows`: of one actor, one at least. NULL: arena full, or longer than ERASURE_MESSAGE_SIZE_MAX. */
const char *erasure_message_write(const struct ledger_row *rows, size_t count, struct arena *arena);

/* False: it is no such message, or the arena is full. */
bool erasure_message_read(const void *key, size_t key_size, const void *value, size_t size, struct arena *arena,
			  struct ledger_row **ret_rows, size_t *ret_count);

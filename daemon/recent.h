/*
 * The event ids of about a million messages that were written last: what the quick way suspects to be a copy.
 *
 * A hint in both directions. An id that is not in it may have been written long ago (the database then refuses it and
 * the batch goes the careful way); one that is in it may have been another actor's.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct recent;

#define RECENT_IDS (1u << 20) /* 4 MiB */

struct recent *recent_create(void);	    /* NULL: no memory */
void recent_destroy(struct recent *recent); /* NULL is fine */
/* The oldest of its neighbours goes. */
void recent_note(struct recent *recent, uint64_t event_id);
bool recent_has(const struct recent *recent, uint64_t event_id);
/* Where the one or the other will look soon: ids are anywhere in the table. */
void recent_look_ahead(const struct recent *recent, uint64_t event_id);

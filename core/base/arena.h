/*
 * An arena: memory that is taken piece by piece and given back all at once.
 *
 * One fixed reservation, touched page by page, so a large limit costs nothing until it is used. A full arena
 * answers NULL, which the caller turns into an outcome or a fail; it never grows past its limit.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena {
	char *base;
	size_t limit; /* bytes reserved */
	size_t used;  /* bytes taken, padding included */
	size_t peak;  /* most ever used since arena_init */
};

/* Reserves `limit` bytes; false when the system refuses. arena_finish() takes NULL and zeroed arenas. */
bool arena_init(struct arena *arena, size_t limit);
void arena_finish(struct arena *arena);
/* For one that is filled with megabytes and read all over: pages of 2 MiB, where the system has some. It is resident by these. */
void arena_large_pages(struct arena *arena);

/* Takes `size` bytes aligned to 16, not zeroed; NULL when full. A size of 0 gives a valid pointer. */
void *arena_take(struct arena *arena, size_t size) __attribute__((malloc, alloc_size(2)));
/* The same, for `count` elements of `size` bytes; NULL when full or when count × size overflows. For what is written whole
 * before it is read: zeroing costs as much as writing. */
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((malloc, alloc_size(2, 3)));
/* That, zeroed. */
void *arena_zero(struct arena *arena, size_t count, size_t size) __attribute__((malloc, alloc_size(2, 3)));
/* A copy of `size` bytes with a NUL behind it; NULL when full. */
char *arena_text(struct arena *arena, const char *bytes, size_t size);
/* printf into the arena; NULL when full. */
char *arena_print(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Gives everything back; pages beyond `keep` bytes are returned to the system. */
void arena_reset(struct arena *arena, size_t keep);
/* What was taken since `used` had this value is given back (mark = arena->used before). */
void arena_back(struct arena *arena, size_t mark);
/* The piece taken last ends at `end`: what it was too large by is given back. */
void arena_cut(struct arena *arena, const void *end);

#include "core/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/check.h"

#define ALIGNMENT ((size_t)16)
#define PAGE ((size_t)4096)

bool arena_init(struct arena *arena, size_t limit)
{
	void *base = mmap(NULL, limit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED) {
		return false;
	}
	*arena = (struct arena){.base = base, .limit = limit};
	return true;
}

void arena_finish(struct arena *arena)
{
	if (arena != NULL && arena->base != NULL) {
		munmap(arena->base, arena->limit);
		*arena = (struct arena){0};
	}
}

void arena_large_pages(struct arena *arena)
{
	madvise(arena->base, arena->limit, MADV_HUGEPAGE); /* or not: nothing depends on it */
}

void *arena_take(struct arena *arena, size_t size)
{
	size_t start = (arena->used + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	if (start > arena->limit || size > arena->limit - start) {
		return NULL;
	}
	arena->used = start + size;
	if (arena->used > arena->peak) {
		arena->peak = arena->used;
	}
	return arena->base + start;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;
	return __builtin_mul_overflow(count, size, &total) ? NULL : arena_take(arena, total);
}

void *arena_zero(struct arena *arena, size_t count, size_t size)
{
	void *piece = arena_array(arena, count, size);
	if (piece != NULL) {
		memset(piece, 0, count * size);
	}
	return piece;
}

char *arena_text(struct arena *arena, const char *bytes, size_t size)
{
	if (size == SIZE_MAX) {
		return NULL;
	}
	char *copy = arena_take(arena, size + 1);
	if (copy != NULL) {
		if (size > 0) {
			memcpy(copy, bytes, size);
		}
		copy[size] = '\0';
	}
	return copy;
}

char *arena_print(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	CHECK(size >= 0);
	char *text = arena_take(arena, (size_t)size + 1);
	if (text != NULL) {
		va_start(arguments, format);
		vsnprintf(text, (size_t)size + 1, format, arguments);
		va_end(arguments);
	}
	return text;
}

void arena_reset(struct arena *arena, size_t keep)
{
	size_t kept = (keep + PAGE - 1) & ~(PAGE - 1);
	if (kept < arena->limit && arena->peak > kept) {
		madvise(arena->base + kept, arena->limit - kept, MADV_DONTNEED);
		arena->peak = kept;
	}
	arena->used = 0;
}

void arena_back(struct arena *arena, size_t mark)
{
	CHECK(mark <= arena->used);
	arena->used = mark;
}

void arena_cut(struct arena *arena, const void *end)
{
	arena_back(arena, (size_t)((const char *)end - arena->base));
}

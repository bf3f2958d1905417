/*
 * Texts, each with numbers, to be asked: which of you begin this text, which are all of it? Found by one binary search
 * however many there are. Pure once made.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define BEGINNINGS_NONE (-1)

struct arena;

struct beginning {
	const char *text; /* borrowed for the life of the set; any bytes, no NUL behind them */
	size_t size;
	bool whole; /* stands only for a text that is all of this */
	unsigned number;
};

struct beginnings {
	struct beginning *all;	       /* sorted: by text, those for all of it first, by number */
	struct beginnings_node *nodes; /* one for each different text */
	size_t node_count;
};

/* Numbers that stand for one text, ascending. */
struct beginnings_run {
	const struct beginning *first;
	size_t count;
};

/* Borrows the entries, and sorts them. What it makes lives in the arena. False: that is full. */
bool beginnings_init(struct beginnings *set, struct beginning *entries, size_t count, struct arena *arena);

/* The longest one that begins the text, or BEGINNINGS_NONE; then, again and again, the next shorter one. */
int beginnings_longest(const struct beginnings *set, const char *text, size_t size);
int beginnings_shorter(const struct beginnings *set, int node);
/* What stands for a text of `size` bytes that this one begins: entries for all of it, and for its beginning. */
void beginnings_numbers(const struct beginnings *set, int node, size_t size, struct beginnings_run *ret_whole,
			struct beginnings_run *ret_begun);

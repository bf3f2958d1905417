/*
 * Rule books that bench_match matches the stream's site with: a small one, and one of 2,000 rules.
 */
#pragma once
#include <stddef.h>

enum match_book { BOOK_SMALL, BOOK_LARGE, BOOK_COUNT };

struct match_book_about {
	unsigned rules, regexes; /* `other` rules not counted */
};

/* The text of the model. `size` must do (1 MiB does). */
void match_model_write(enum match_book book, char *ret_text, size_t size, struct match_book_about *ret_about);

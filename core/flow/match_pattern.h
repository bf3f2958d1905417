/*
 * A text of a subject against a pattern of a model: exact, beginning, glob, regular expression. Hides PCRE2.
 *
 * All are caseless in all alphabets. Bounded: a regular expression has limits of steps, depth and memory, a glob goes
 * back to its last star only.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/model/model.h"

struct arena;

/* What matching needs beside patterns, PCRE2's both; for one thread at a time. */
struct match_patterns {
	void *limits, *room;
};

/* False: no memory. The caller ends it with match_patterns_finish(), which takes a zeroed or half-made one, too. */
bool match_patterns_init(struct match_patterns *patterns);
void match_patterns_finish(struct match_patterns *patterns);

struct match_pattern {
	enum model_kind kind;
	void *code;	  /* REGEX: PCRE2's */
	const char *text; /* the others: folded; in a GLOB wildcards are PATTERN_ANY and PATTERN_ONE */
	size_t size;	  /* of text */
};

/* Bytes that no text of a model has. */
#define PATTERN_ANY '\1'
#define PATTERN_ONE '\2'

/* Texts go to the arena. False: `ret_why` says what is wrong. The caller ends it with match_pattern_finish(), which takes a
 * zeroed one, too. */
bool match_pattern_init(struct match_pattern *pattern, const struct model_pattern *model, struct arena *arena,
			char *ret_why, size_t why_size);
void match_pattern_finish(struct match_pattern *pattern);

/* How many bytes of pattern->text begin every text that fits; 0: nobody knows. */
size_t match_pattern_literal_size(const struct match_pattern *pattern);

/* A text as patterns look at it. */
struct match_text {
	const char *text;   /* borrowed; NULL: absent or no UTF-8, fits nothing */
	const char *folded; /* without differences of case; NULL: fits only regular expressions */
	size_t size, folded_size;
};

/* Folds into `room` (of `room_size` bytes), NUL-terminated. */
void match_pattern_text(struct match_text *ret_text, const char *text, char *room, size_t room_size);

/* A regular expression that runs away counts as not fitting. */
bool match_pattern_fits(const struct match_patterns *patterns, const struct match_pattern *pattern,
			const struct match_text *text);

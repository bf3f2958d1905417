/*
 * Regular expressions are compiled once and interpreted, not JIT-compiled: a subject is matched once, so speed is not the
 * point, and one that runs into its limits must run into them on every machine (docs/decisions/).
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/flow/match_pattern.h"

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/base/unicode.h"

#define STEPS_MAX 100000
#define DEPTH_MAX 10000
#define HEAP_KIB_MAX 8192
#define FOLDED_MAX 4 /* bytes of one byte, folded: more than Unicode needs */

bool match_patterns_init(struct match_patterns *patterns)
{
	*patterns = (struct match_patterns){pcre2_match_context_create(NULL), pcre2_match_data_create(1, NULL)};
	if (patterns->limits == NULL || patterns->room == NULL) {
		return false;
	}
	pcre2_set_match_limit(patterns->limits, STEPS_MAX);
	pcre2_set_depth_limit(patterns->limits, DEPTH_MAX);
	pcre2_set_heap_limit(patterns->limits, HEAP_KIB_MAX);
	return true;
}

void match_patterns_finish(struct match_patterns *patterns)
{
	pcre2_match_data_free(patterns->room);
	pcre2_match_context_free(patterns->limits);
	*patterns = (struct match_patterns){0};
}

/* ---- One pattern ---- */

static bool compile(struct match_pattern *pattern, const char *text, char *ret_why, size_t why_size)
{
	int error;
	PCRE2_SIZE at;
	pattern->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
				      PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS, &error, &at, NULL);
	if (pattern->code != NULL) {
		return true;
	}
	PCRE2_UCHAR message[128];
	pcre2_get_error_message(error, message, sizeof(message));
	snprintf(ret_why, why_size, "\"%.80s\" is no pattern: %s at character %zu", text, (const char *)message,
		 at + 1);
	return false;
}

/* Wildcards become bytes of their own; what stood behind a backslash is itself. */
static void read_glob(char *glob)
{
	char *to = glob;
	for (const char *at = glob; *at != '\0'; at++) {
		if (*at == '*') {
			*to++ = PATTERN_ANY;
		} else if (*at == '?') {
			*to++ = PATTERN_ONE;
		} else {
			at += *at == '\\' && at[1] != '\0';
			*to++ = *at;
		}
	}
	*to = '\0';
}

static bool fold(struct match_pattern *pattern, const char *text, struct arena *arena)
{
	size_t size = strlen(text);
	char *plain = arena_text(arena, text, size);
	char *folded = arena_take(arena, size * FOLDED_MAX + 1);
	if (plain == NULL || folded == NULL) {
		return false;
	}
	if (pattern->kind == MODEL_GLOB) {
		read_glob(plain);
	}
	pattern->text = folded;
	return unicode_fold(plain, strlen(plain), size * FOLDED_MAX, folded);
}

bool match_pattern_init(struct match_pattern *pattern, const struct model_pattern *model, struct arena *arena,
			char *ret_why, size_t why_size)
{
	*pattern = (struct match_pattern){.kind = model->kind};
	if (model->kind == MODEL_REGEX) {
		return compile(pattern, model->text, ret_why, why_size);
	}
	if (!fold(pattern, model->text, arena)) {
		snprintf(ret_why, why_size, "no memory for \"%.80s\"", model->text);
		return false;
	}
	pattern->size = strlen(pattern->text);
	arena_cut(arena, pattern->text + pattern->size + 1);
	return true;
}

void match_pattern_finish(struct match_pattern *pattern)
{
	pcre2_code_free(pattern->code);
	*pattern = (struct match_pattern){0};
}

size_t match_pattern_literal_size(const struct match_pattern *pattern)
{
	static const char wild[] = {PATTERN_ANY, PATTERN_ONE, '\0'};
	switch (pattern->kind) {
	case MODEL_IS:
	case MODEL_STARTS:
		return pattern->size;
	case MODEL_GLOB:
		return strcspn(pattern->text, wild);
	default:
		return 0;
	}
}

/* ---- Does it fit? ---- */

void match_pattern_text(struct match_text *ret_text, const char *text, char *room, size_t room_size)
{
	*ret_text = (struct match_text){.size = strlen(text)};
	if (!text_is_utf8(text, ret_text->size)) {
		return;
	}
	ret_text->text = text;
	if (room_size > 0 && unicode_fold(text, ret_text->size, room_size - 1, room)) {
		ret_text->folded = room;
		ret_text->folded_size = strlen(room);
	}
}

/* Behind the character that begins here. */
static const char *behind(const char *at)
{
	do {
		at++;
	} while (((unsigned char)*at & 0xc0) == 0x80);
	return at;
}

/* Where they part, all goes back to the last star, which then takes one character more: no star before it matters. */
static bool fits_glob(const char *glob, const char *text)
{
	const char *star = NULL, *taken = NULL;
	for (;;) {
		if (*glob == PATTERN_ANY) {
			star = ++glob;
			taken = text;
		} else if (*text == '\0' && *glob == '\0') {
			return true;
		} else if (*text != '\0' && *glob == PATTERN_ONE) {
			glob++;
			text = behind(text);
		} else if (*text != '\0' && *glob == *text) {
			glob++;
			text++;
		} else if (star != NULL && *taken != '\0') {
			taken = behind(taken);
			glob = star;
			text = taken;
		} else {
			return false;
		}
	}
}

static bool fits_regex(const struct match_patterns *patterns, const struct match_pattern *pattern,
		       const struct match_text *text)
{
	return text->text != NULL && pcre2_match(pattern->code, (PCRE2_SPTR)text->text, text->size, 0,
						 PCRE2_NO_UTF_CHECK, patterns->room, patterns->limits) >= 0;
}

bool match_pattern_fits(const struct match_patterns *patterns, const struct match_pattern *pattern,
			const struct match_text *text)
{
	if (pattern->kind == MODEL_REGEX) {
		return fits_regex(patterns, pattern, text);
	}
	if (text->folded == NULL) {
		return false;
	}
	switch (pattern->kind) {
	case MODEL_IS:
		return text->folded_size == pattern->size &&
		       memcmp(text->folded, pattern->text, pattern->size) == 0;
	case MODEL_STARTS:
		return text->folded_size >= pattern->size &&
		       memcmp(text->folded, pattern->text, pattern->size) == 0;
	default:
		return fits_glob(pattern->text, text->folded);
	}
}

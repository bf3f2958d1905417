/*
 * An expression runs away where it can take one text in very many ways and then fails: (a+)+$ on aaaa…!. So the texts are: what may have to
 * stand first, then one short piece over and over, then something that does not belong there. All are cut between characters: PCRE2 looks at
 * no other texts.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/flow/match_probe.h"

#include <ctype.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"

#define PIECES_MAX 24
#define PIECE_SIZE_MAX 8
#define BEGINNINGS_MAX 16
#define CHARACTER_SIZE_MAX 4

struct probe {
	const struct match_patterns *patterns;
	const struct match_pattern *pattern;
	size_t size_max, size; /* of text */
	unsigned piece_count, beginning_count;
	char pieces[PIECES_MAX][PIECE_SIZE_MAX + 1];
	struct beginning_text {
		const char *text;
		size_t size;
	} beginnings[BEGINNINGS_MAX];
	char text[MATCH_PROBE_SIZE_MAX];
};

/* Bytes beyond ASCII are of letters of some alphabet. */
static bool is_of_word(char byte)
{
	return isalnum((unsigned char)byte) || (unsigned char)byte >= 0x80;
}

static size_t character_size(const char *text)
{
	size_t size = 1;
	while (size < CHARACTER_SIZE_MAX && ((unsigned char)text[size] & 0xc0) == 0x80) {
		size++;
	}
	return size;
}

/* Without something that repeats without a bound, or nearly, there are few ways. */
static bool repeats(const char *regex)
{
	bool in_class = false;
	for (const char *at = regex; *at != '\0'; at++) {
		if (*at == '\\' && at[1] != '\0') {
			at++;
		} else if (in_class) {
			in_class = *at != ']';
		} else if (*at == '[') {
			in_class = true;
			at += at[1] == ']' || (at[1] == '^' && at[2] == ']');
		} else if (*at == '*' || *at == '+' || *at == '{') {
			return true;
		}
	}
	return false;
}

static void add_piece(struct probe *probe, const char *text, size_t size)
{
	char piece[PIECE_SIZE_MAX + 1];
	size = size < PIECE_SIZE_MAX ? size : text_cut(text, PIECE_SIZE_MAX);
	memcpy(piece, text, size);
	piece[size] = '\0';
	for (unsigned i = 0; i < probe->piece_count; i++) {
		if (strcmp(probe->pieces[i], piece) == 0) {
			return;
		}
	}
	if (size > 0 && probe->piece_count < PIECES_MAX) {
		memcpy(probe->pieces[probe->piece_count++], piece, size + 1);
	}
}

/* Words of the expression, then its single characters, then what classes such as \w and . take. */
static void add_pieces(struct probe *probe, const char *regex)
{
	static const char taken_by_classes[] = "a0/- ";
	for (const char *at = regex; *at != '\0'; at++) {
		size_t size = 0;
		while (is_of_word(at[size])) {
			size++;
		}
		if (size > 1) {
			add_piece(probe, at, size);
			at += size - 1;
		}
	}
	for (const char *at = regex; *at != '\0'; at += character_size(at)) {
		if (is_of_word(*at) || strchr("/-_ .", *at) != NULL) {
			add_piece(probe, at, character_size(at));
		}
	}
	for (const char *at = taken_by_classes; *at != '\0'; at++) {
		add_piece(probe, at, 1);
	}
}

static void add_beginning(struct probe *probe, const char *text, size_t size)
{
	if (probe->beginning_count < BEGINNINGS_MAX && size < probe->size_max / 2) {
		probe->beginnings[probe->beginning_count++] = (struct beginning_text){text, size};
	}
}

/* Nothing, what the expression begins with, and the example up to each place where something new begins. */
static void add_beginnings(struct probe *probe, const char *regex, const char *example)
{
	const char *literal = regex + (regex[0] == '^');
	add_beginning(probe, "", 0);
	add_beginning(probe, literal, strcspn(literal, "\\^$.[]|()?*+{}"));
	for (size_t i = 1; example != NULL && example[i - 1] != '\0'; i++) {
		if (!is_of_word(example[i - 1]) || example[i] == '\0') {
			add_beginning(probe, example, i);
		}
	}
}

static bool runs_away(struct probe *probe)
{
	int said = pcre2_match(probe->pattern->code, (PCRE2_SPTR)probe->text, probe->size, 0, 0,
			       probe->patterns->room, probe->patterns->limits);
	return said == PCRE2_ERROR_MATCHLIMIT || said == PCRE2_ERROR_DEPTHLIMIT || said == PCRE2_ERROR_HEAPLIMIT;
}

static bool try_text(struct probe *probe, const struct beginning_text *beginning, const char *piece,
		     const char *end)
{
	size_t piece_size = strlen(piece), end_size = strlen(end);
	probe->size = beginning->size;
	memcpy(probe->text, beginning->text, beginning->size);
	while (probe->size + piece_size + end_size <= probe->size_max) {
		memcpy(probe->text + probe->size, piece, piece_size);
		probe->size += piece_size;
	}
	memcpy(probe->text + probe->size, end, end_size);
	probe->size += end_size;
	return runs_away(probe);
}

bool match_probe(const struct match_patterns *patterns, const struct match_pattern *pattern, const char *regex,
		 const char *example, size_t size_max, size_t *ret_size)
{
	struct probe probe = {.patterns = patterns, .pattern = pattern, .size_max = size_max};
	CHECK(size_max <= MATCH_PROBE_SIZE_MAX && pattern->kind == MODEL_REGEX);
	if (!repeats(regex)) {
		return false;
	}
	/* What must come, or PCRE2 would not begin, before and behind what must not. */
	const char *last = "x";
	char last_first[CHARACTER_SIZE_MAX + 2], last_behind[CHARACTER_SIZE_MAX + 2];
	for (const char *at = regex; *at != '\0'; at += character_size(at)) {
		last = strchr("\\^$.[]|()?*+{}", *at) == NULL ? at : last;
	}
	snprintf(last_first, sizeof(last_first), "%.*s!", (int)character_size(last), last);
	snprintf(last_behind, sizeof(last_behind), "!%.*s", (int)character_size(last), last);
	add_pieces(&probe, regex);
	add_beginnings(&probe, regex, example);
	const char *const ends[] = {"!", "", "//", last_first, last_behind};
	for (unsigned i = 0; i < probe.beginning_count * probe.piece_count * COUNT_OF(ends); i++) {
		unsigned number = i / COUNT_OF(ends);
		if (try_text(&probe, &probe.beginnings[number / probe.piece_count],
			     probe.pieces[number % probe.piece_count], ends[i % COUNT_OF(ends)])) {
			*ret_size = probe.size;
			return true;
		}
	}
	return false;
}

#include "core/base/json_quick.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/json.h"

#define DIGITS_MAX 18  /* fit an int64_t whatever they are */
#define NUMBER_SIZE 64 /* of one that is not whole */
#define SIXTEEN 16     /* bytes that are looked at at once */
#define KEYS_QUICK 100 /* of one map: each is compared with those before it */

/* A value that its list or map has not counted yet. */
struct cell {
	struct json_node node;
	struct cell *next;
	char *key;
	size_t key_size;
};

/* Texts are decoded where they stand, in a copy of the bytes: decoding only shortens. A NUL ends the copy. */
struct reader {
	char *at;
	struct arena *arena;
	unsigned depth, depth_max;
	bool is_full; /* the arena */
};

static bool read_value(struct reader *reader, struct json_node *ret_node);

static void skip_space(struct reader *reader)
{
	while (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\t' || *reader->at == '\r') {
		reader->at++;
	}
}

static bool read_hex(const char *at, unsigned *ret_code)
{
	unsigned code = 0;
	for (int i = 0; i < 4; i++) {
		char byte = at[i];
		unsigned digit = byte >= '0' && byte <= '9'   ? (unsigned)(byte - '0')
				 : byte >= 'a' && byte <= 'f' ? (unsigned)(byte - 'a') + 10
				 : byte >= 'A' && byte <= 'F' ? (unsigned)(byte - 'A') + 10
							      : 16;
		if (digit == 16) {
			return false; /* the NUL at the end as well */
		}
		code = code * 16 + digit;
	}
	*ret_code = code;
	return true;
}

static char *put_code(char *to, unsigned code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* Behind a backslash: moves *from on, and *to by what it stands for. */
static bool read_escape(const char **from, char **to)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	unsigned code, low;
	const char *at = *from;
	if (*at == '"') { /* JSON within JSON */
		*(*to)++ = '"';
		*from = at + 1;
		return true;
	}
	if (*at != 'u') {
		const char *found = *at != '\0' ? strchr(letters, *at) : NULL;
		if (found == NULL) {
			return false;
		}
		*(*to)++ = meant[found - letters];
		*from = at + 1;
		return true;
	}
	if (!read_hex(at + 1, &code) || code == 0 || (code >= 0xdc00 && code < 0xe000)) {
		return false;
	}
	at += 5;
	if (code >= 0xd800 && code < 0xdc00) {
		if (at[0] != '\\' || at[1] != 'u' || !read_hex(at + 2, &low) || low < 0xdc00 || low >= 0xe000) {
			return false;
		}
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		at += 6;
	}
	*to = put_code(*to, code);
	*from = at;
	return true;
}

typedef unsigned char sixteen __attribute__((vector_size(SIXTEEN)));

/* The first byte from `at` on that is not a text's own: its closing quote, a backslash, a control character. There is one: the
 * NUL behind all, which has SIXTEEN bytes behind it. */
static char *end_of_plain(char *at)
{
	for (;;) {
		sixteen bytes, ends;
		uint64_t halves[2];
		memcpy(&bytes, at, sizeof(bytes));
		ends = (sixteen)(bytes < ' ') | (sixteen)(bytes == '"') | (sixteen)(bytes == '\\');
		memcpy(halves, &ends, sizeof(halves));
		if (halves[0] != 0) {
			return at + __builtin_ctzll(le64toh(halves[0])) / 8;
		}
		if (halves[1] != 0) {
			return at + 8 + __builtin_ctzll(le64toh(halves[1])) / 8;
		}
		at += SIXTEEN;
	}
}

/* From behind the opening quote to behind the closing one. */
static bool read_text(struct reader *reader, char **ret_text, size_t *ret_size)
{
	char *text = reader->at, *to = end_of_plain(text), *at = to;
	while (*at == '\\') {
		const char *behind = at + 1;
		if (!read_escape(&behind, &to)) {
			return false;
		}
		char *plain = text + (behind - text);
		at = end_of_plain(plain);
		memmove(to, plain, (size_t)(at - plain));
		to += at - plain;
	}
	if (*at != '"') {
		return false; /* the NUL at the end as well */
	}
	reader->at = at + 1;
	*to = '\0';
	*ret_text = text;
	*ret_size = (size_t)(to - text);
	return true;
}

/* "12", "-3.5e-7"; RFC 8259's, not strtod()'s. */
static bool read_number(struct reader *reader, struct json_node *node)
{
	const char *begin = reader->at, *at = begin + (*begin == '-');
	const char *digits = at;
	int64_t whole = 0;
	while (*at >= '0' && *at <= '9' && at - digits < DIGITS_MAX) {
		whole = whole * 10 + (*at++ - '0');
	}
	if (at == digits || (*digits == '0' && at - digits > 1) || (*at >= '0' && *at <= '9')) {
		return false;
	}
	*node = (struct json_node){.kind = JSON_NUMBER};
	if (*at != '.' && *at != 'e' && *at != 'E') {
		node->is_whole = true;
		node->whole = *begin == '-' ? -whole : whole;
		node->number = (double)node->whole;
		reader->at += at - begin;
		return true;
	}
	if (*at == '.') {
		const char *fraction = ++at;
		at += strspn(at, "0123456789");
		if (at == fraction) {
			return false;
		}
	}
	if (*at == 'e' || *at == 'E') {
		at += 1 + (at[1] == '+' || at[1] == '-');
		const char *exponent = at;
		at += strspn(at, "0123456789");
		if (at == exponent) {
			return false;
		}
	}
	char copy[NUMBER_SIZE];
	size_t size = (size_t)(at - begin);
	if (size >= sizeof(copy)) {
		return false;
	}
	memcpy(copy, begin, size);
	copy[size] = '\0';
	errno = 0;
	node->number = strtod(copy, NULL);
	reader->at += size;
	return errno == 0 && isfinite(node->number);
}

static bool read_word(struct reader *reader, const char *word, size_t size)
{
	if (strncmp(reader->at, word, size) != 0) {
		return false;
	}
	reader->at += size;
	return true;
}

/* --- lists and maps --- */

/* A bit for each key: most are new because nobody has set theirs. */
static bool is_new_key(const struct cell *first, const struct cell *cell, uint64_t *seen)
{
	size_t size = cell->key_size;
	unsigned sum = size == 0 ? 0
				 : (unsigned)size + 3U * (unsigned char)cell->key[0] +
					   7U * (unsigned char)cell->key[size - 1] +
					   13U * (unsigned char)cell->key[size / 2];
	uint64_t bit = UINT64_C(1) << sum % 64;
	bool is_lonely = (*seen & bit) == 0;
	*seen |= bit;
	if (is_lonely) {
		return true;
	}
	for (const struct cell *at = first; at != cell; at = at->next) {
		if (at->key_size == cell->key_size && memcmp(at->key, cell->key, cell->key_size) == 0) {
			return false;
		}
	}
	return true;
}

static bool read_key(struct reader *reader, struct cell *cell)
{
	if (*reader->at != '"') {
		return false;
	}
	reader->at++;
	if (!read_text(reader, &cell->key, &cell->key_size)) {
		return false;
	}
	skip_space(reader);
	if (*reader->at != ':') {
		return false;
	}
	reader->at++;
	return true;
}

/* Everything up to the closing mark, as a chain. */
static bool read_cells(struct reader *reader, char end, struct cell **ret_first, size_t *ret_count)
{
	struct cell *first = NULL, **link = &first;
	size_t count = 0;
	uint64_t seen = 0;
	skip_space(reader);
	if (*reader->at == end) {
		reader->at++;
		*ret_first = NULL;
		*ret_count = 0;
		return true;
	}
	for (;;) {
		struct cell *cell = arena_take(reader->arena, sizeof(*cell));
		if (cell == NULL) {
			reader->is_full = true;
			return false;
		}
		cell->next = NULL;
		*link = cell;
		link = &cell->next;
		count++;
		skip_space(reader);
		if (end == '}' &&
		    (count > KEYS_QUICK || !read_key(reader, cell) || !is_new_key(first, cell, &seen))) {
			return false;
		}
		if (!read_value(reader, &cell->node)) {
			return false;
		}
		skip_space(reader);
		if (*reader->at == end) {
			reader->at++;
			*ret_first = first;
			*ret_count = count;
			return true;
		}
		if (*reader->at++ != ',') {
			return false;
		}
	}
}

static bool read_inside(struct reader *reader, enum json_kind kind, struct json_node *node)
{
	struct cell *first;
	size_t count;
	reader->at++;
	if (reader->depth++ == reader->depth_max ||
	    !read_cells(reader, kind == JSON_MAP ? '}' : ']', &first, &count)) {
		return false;
	}
	reader->depth--;
	struct json_node **items = arena_array(reader->arena, count, sizeof(*items));
	char **keys = kind == JSON_MAP ? arena_array(reader->arena, count, sizeof(*keys)) : NULL;
	if (items == NULL || (kind == JSON_MAP && keys == NULL)) {
		reader->is_full = true;
		return false;
	}
	size_t i = 0;
	for (struct cell *cell = first; cell != NULL; cell = cell->next, i++) {
		items[i] = &cell->node;
		if (keys != NULL) {
			keys[i] = cell->key;
		}
	}
	*node = (struct json_node){.kind = kind, .count = count, .items = items, .keys = keys};
	return true;
}

static bool read_value(struct reader *reader, struct json_node *node)
{
	size_t size;
	skip_space(reader);
	switch (*reader->at) {
	case '"':
		*node = (struct json_node){.kind = JSON_TEXT};
		reader->at++;
		return read_text(reader, &node->text, &size);
	case '{':
		return read_inside(reader, JSON_MAP, node);
	case '[':
		return read_inside(reader, JSON_LIST, node);
	case 't':
		*node = (struct json_node){.kind = JSON_BOOL, .flag = true};
		return read_word(reader, "true", 4);
	case 'f':
		*node = (struct json_node){.kind = JSON_BOOL};
		return read_word(reader, "false", 5);
	case 'n':
		*node = (struct json_node){.kind = JSON_NOTHING};
		return read_word(reader, "null", 4);
	default:
		return read_number(reader, node);
	}
}

struct json_node *json_quick_parse(const char *bytes, size_t size, unsigned depth_max, struct arena *arena,
				   bool *ret_is_full)
{
	size_t mark = arena->used;
	struct json_node *root = arena_take(arena, sizeof(*root));
	char *copy = size < SIZE_MAX - SIXTEEN ? arena_take(arena, size + SIXTEEN) : NULL;
	struct reader reader = {
		.at = copy, .arena = arena, .depth_max = depth_max, .is_full = root == NULL || copy == NULL};
	if (copy != NULL && size > 0) {
		memcpy(copy, bytes, size);
	}
	if (copy != NULL) {
		memset(copy + size, 0, SIXTEEN);
	}
	if (!reader.is_full && read_value(&reader, root)) {
		skip_space(&reader);
		if (reader.at == copy + size) {
			return root;
		}
	}
	arena_back(arena, mark);
	*ret_is_full = reader.is_full;
	return NULL;
}

#include "core/flow/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/unicode.h"

static const struct {
	enum role role;
	const char *words;
} entries[] = {
#define X(role, words) {ROLE_##role, words},
#include "core/flow/role_words.def"
#undef X
};

#define LOWER_SIZE_MAX ((size_t)2 * ROLE_TEXT_SIZE_MAX) /* lower case may be longer than upper case */

static bool is_word_byte(char c)
{
	unsigned char byte = (unsigned char)c;
	return byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

/* " head of procurement nordics ": a space round each word, so that an entry is looked for as a text. */
static void pad_words(const char *lower, char ret_padded[static LOWER_SIZE_MAX + 3])
{
	size_t used = 0;
	ret_padded[used++] = ' ';
	for (; *lower != '\0'; lower++) {
		if (is_word_byte(*lower)) {
			ret_padded[used++] = *lower;
		} else if (ret_padded[used - 1] != ' ') {
			ret_padded[used++] = ' ';
		}
	}
	if (ret_padded[used - 1] != ' ') {
		ret_padded[used++] = ' ';
	}
	ret_padded[used] = '\0';
}

/* Where the entry's words begin in the padded text, NULL when they do not stand in it. */
static const char *find_words(const char *padded, const char *words)
{
	size_t size = strlen(words);
	for (const char *at = strchr(padded, ' '); at != NULL; at = strchr(at + 1, ' ')) {
		if (strncmp(at + 1, words, size) == 0 && at[1 + size] == ' ') {
			return at;
		}
	}
	return NULL;
}

enum role role_read(const char *text)
{
	size_t size;
	const char *trimmed = unicode_trim(text, &size);
	char lower[LOWER_SIZE_MAX + 1];
	if (size > ROLE_TEXT_SIZE_MAX || !unicode_lower(trimmed, size, LOWER_SIZE_MAX, lower)) {
		return ROLE_NONE;
	}
	char padded[LOWER_SIZE_MAX + 3];
	pad_words(lower, padded);
	enum role role = ROLE_NONE;
	const char *first = NULL;
	size_t longest = 0;
	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		const char *at = find_words(padded, entries[i].words);
		size_t length = strlen(entries[i].words);
		if (at != NULL && (first == NULL || at < first || (at == first && length > longest))) {
			first = at;
			longest = length;
			role = entries[i].role;
		}
	}
	return role;
}

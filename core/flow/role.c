#include "core/flow/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/unicode.h"

static const struct {
	enum role role;
	const char *words;
	size_t size;
} entries[] = {
#define X(role, words) {ROLE_##role, words, sizeof(words) - 1},
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

/* What the longest entry tells whose words stand here; NONE when there is no such entry. */
static enum role role_at(const char *at)
{
	enum role role = ROLE_NONE;
	size_t longest = 0;
	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		size_t size = entries[i].size;
		if (*at == *entries[i].words && size > longest && strncmp(at, entries[i].words, size) == 0 &&
		    at[size] == ' ') {
			longest = size;
			role = entries[i].role;
		}
	}
	return role;
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
	for (const char *at = strchr(padded, ' '); role == ROLE_NONE && at != NULL; at = strchr(at + 1, ' ')) {
		role = role_at(at + 1);
	}
	return role;
}

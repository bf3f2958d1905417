#include "ctl/subject_row.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/flow/subject.h"

bool subject_row_keys_split(const char *lines, struct arena *arena, struct subject_row_keys *ret_keys)
{
	struct subject_row_keys keys = {.count = 0};
	for (const char *at = lines; *at != '\0';) {
		size_t size = strcspn(at, "\n");
		const char *key = keys.count < SUBJECT_PROPERTIES_MAX ? arena_text(arena, at, size) : NULL;
		if (key == NULL) {
			return false;
		}
		keys.keys[keys.count++] = key;
		at += size + (at[size] == '\n');
	}
	*ret_keys = keys;
	return true;
}

bool subject_row_read(const struct postgres_rows *rows, size_t row, const struct subject_row_keys *keys,
		      struct arena *arena, struct subject *ret_subject, bool *ret_told)
{
	const char *lines;
	if (!subject_read(rows, row, arena, ret_subject, &lines)) {
		return false;
	}
	*ret_told = *lines == '\0' || subject_give_properties(ret_subject, keys->keys, keys->count, lines, arena);
	return true;
}

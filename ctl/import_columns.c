/*
 * The first line of a table: which column holds what. By our own names, in any case, and by what --map says beside.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/base/unicode.h"
#include "ctl/import.h"

#define NAME_SIZE 96 /* of a column: more of it is not looked at */
#define SHOWN_MAX 40

static const char *const names[IMPORT_FIELD_COUNT] = {
#define IMPORT_FIELD_NAME(name, most) [IMPORT_##name] = #name,
	IMPORT_FIELD_LIST(IMPORT_FIELD_NAME)
#undef IMPORT_FIELD_NAME
};

const char *import_field_name(enum import_field field)
{
	return field < IMPORT_FIELD_COUNT ? names[field] : NULL;
}

/* The name of a column without what is round it. */
static void read_name(const char *text, size_t size, char ret_name[static NAME_SIZE])
{
	snprintf(ret_name, NAME_SIZE, "%.*s", (int)(size < NAME_SIZE ? size : NAME_SIZE - 1), text);
	const char *trimmed = unicode_trim(ret_name, &size);
	memmove(ret_name, trimmed, size);
	ret_name[size] = '\0';
}

/* "Crm ID" and "crm-id" are crm_id; "what" is another word for campaign. */
static enum import_field own_field(const char *name)
{
	char own[NAME_SIZE];
	snprintf(own, sizeof(own), "%s", name);
	text_lower(own);
	for (char *at = own; *at != '\0'; at++) {
		if (*at == ' ' || *at == '-') {
			*at = '_';
		}
	}
	for (int i = 0; i < IMPORT_FIELD_COUNT; i++) {
		if (strcmp(own, names[i]) == 0) {
			return (enum import_field)i;
		}
	}
	return strcmp(own, "what") == 0 ? IMPORT_campaign : IMPORT_NOTHING;
}

/* One "COLUMN=FIELD" of a map. */
struct mapped {
	char column[NAME_SIZE], field[NAME_SIZE];
};

/* The next one at *map, which moves on; false where there is none left. Without '=' its field is "=". */
static bool next_mapped(const char **map, struct mapped *ret)
{
	if (*map == NULL || **map == '\0') {
		return false;
	}
	size_t size = strcspn(*map, ",");
	const char *equals = memrchr(*map, '=', size);
	size_t column = equals != NULL ? (size_t)(equals - *map) : size;
	read_name(*map, column, ret->column);
	if (equals != NULL) {
		read_name(equals + 1, size - column - 1, ret->field);
	} else {
		snprintf(ret->field, sizeof(ret->field), "=");
	}
	*map += size + ((*map)[size] == ',');
	return true;
}

static bool map_has(const char *map, const char *name, enum import_field *ret_field)
{
	struct mapped mapped;
	while (next_mapped(&map, &mapped)) {
		if (strcasecmp(mapped.column, name) == 0) {
			*ret_field = own_field(mapped.field);
			return true;
		}
	}
	return false;
}

size_t import_columns_known(const struct import_csv *header, const char *map)
{
	size_t known = 0;
	for (size_t i = 0; i < header->count; i++) {
		char name[NAME_SIZE];
		enum import_field field;
		read_name(header->cells[i].text, header->cells[i].size, name);
		known += map_has(map, name, &field) || own_field(name) != IMPORT_NOTHING;
	}
	return known;
}

/* Is each of its columns there, each of its fields one of ours? */
static bool check_map(const struct import_csv *header, const char *map, struct fail *fail)
{
	struct mapped mapped;
	while (next_mapped(&map, &mapped)) {
		if (mapped.field[0] != '\0' && own_field(mapped.field) == IMPORT_NOTHING) {
			const char *nearest = text_nearest(mapped.field, names, IMPORT_FIELD_COUNT);
			return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
					"--map: expected COLUMN=FIELD, not %.40s=%.40s%s%s%s", mapped.column,
					mapped.field, nearest != NULL ? "; did you mean " : "",
					nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
		}
		bool found = false;
		for (size_t i = 0; i < header->count && !found; i++) {
			char name[NAME_SIZE];
			read_name(header->cells[i].text, header->cells[i].size, name);
			found = strcasecmp(name, mapped.column) == 0;
		}
		if (!found) {
			return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--map: the file has no column \"%.40s\"",
					mapped.column);
		}
	}
	return true;
}

static bool is_mapped_elsewhere(const struct import_csv *header, const char *map, enum import_field field)
{
	struct mapped mapped;
	(void)header;
	while (next_mapped(&map, &mapped)) {
		if (mapped.field[0] != '\0' && own_field(mapped.field) == field) {
			return true;
		}
	}
	return false;
}

static bool take_column(const struct import_csv *header, size_t at, const char *map, struct arena *arena,
			struct import_columns *columns, struct fail *fail)
{
	char name[NAME_SIZE];
	enum import_field field;
	read_name(header->cells[at].text, header->cells[at].size, name);
	if (!map_has(map, name, &field)) {
		field = own_field(name);
		if (field != IMPORT_NOTHING && is_mapped_elsewhere(header, map, field)) {
			field = IMPORT_NOTHING;
		}
	}
	name[text_cut(name, SHOWN_MAX)] = '\0';
	text_show(name);
	if (field != IMPORT_NOTHING && columns->has[field]) {
		return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
				"two columns are %s: leave one out with --map \"COLUMN=\"", names[field]);
	}
	const char *kept = arena_text(arena, name, strlen(name));
	CHECK(kept != NULL);
	columns->column[columns->count++] = (struct import_column){.name = kept, .field = field};
	if (field != IMPORT_NOTHING) {
		columns->has[field] = true;
	}
	return true;
}

bool import_columns_read(const struct import_csv *header, const char *map, struct arena *arena,
			 struct import_columns *ret_columns, struct fail *fail)
{
	struct import_columns columns = {0};
	if (header->trouble != NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA, "line %d: %s", (int)header->line,
				header->trouble);
	}
	if (!check_map(header, map, fail)) {
		return false;
	}
	for (size_t i = 0; i < header->count; i++) {
		if (!take_column(header, i, map, arena, &columns, fail)) {
			return false;
		}
	}
	if (!columns.has[IMPORT_email] && !columns.has[IMPORT_user_id] && !columns.has[IMPORT_crm_id]) {
		return fail_set(
			fail, FAIL_FATAL, EXIT_BAD_DATA,
			"the first line names no column email, user_id or crm_id: is it the line of titles? "
			"--map \"TITLE=email\" says which one it is");
	}
	if (!columns.has[IMPORT_date] && !columns.has[IMPORT_time]) {
		return fail_set(
			fail, FAIL_FATAL, EXIT_BAD_DATA,
			"the first line names no column date or time: --map \"TITLE=date\" says which one it "
			"is");
	}
	*ret_columns = columns;
	return true;
}

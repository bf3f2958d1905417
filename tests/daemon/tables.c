#include "tests/daemon/tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"

/* Columns in order: U id, I integer, X 64 bits, T text, D double; lower case: not in a dump. */
struct about {
	const char *name, *columns;
	unsigned key; /* so many columns */
};

static const struct about abouts[TABLE_COUNT] = {
	[TABLE_ACTOR] = {"actor", "UITT", 1},
	[TABLE_CLAIM] = {"claim", "UUIXII", 4},
	[TABLE_CONSENT] = {"consent", "UIIXUIITT", 5},
	[TABLE_DECLARED] = {"declared", "UITIXUIT", 6},
	[TABLE_ASSERTION] = {"assertion", "UUIXUIIII", 5},
	[TABLE_KIN] = {"kin", "UUUI", 1},
	[TABLE_CONTACT] = {"contact", "UTTTTTTIIIITTI", 1},
	[TABLE_STRETCH] = {"stretch", "UIIU", 2},
	[TABLE_SUBJECT] = {"subject", "XITT", 1},
	[TABLE_RULE] = {"subject_rule", "XTTITIXI", 1},
	[TABLE_TOUCH] = {"touch", "UIXIIXII", 3},
	[TABLE_PHASE] = {"phase", "UTiXTIIDDDDIIIIIIIii", 2},
	[TABLE_CHANGE] = {"phase_change", "UTIIIIX", 3},
	[TABLE_CHECKPOINT] = {"checkpoint", "UTIXITII", 3},
	[TABLE_WAITING] = {"refold", "UII", 1},
	[TABLE_OUTCOME] = {"outcome_day", "ITTITIIII", 5},
	[TABLE_REJECTED] = {"rejected", "TiiTTIXIT", 3},
	[TABLE_POSITION] = {"position", "tiiitii", 2},
	[TABLE_ERASURE] = {"erasure", "UIII", 2},
};

static size_t column_size(char type)
{
	return type == 'U' ? sizeof(struct uuid) : sizeof(int64_t);
}

static size_t columns_size(enum table table, size_t columns)
{
	size_t size = 0;
	for (size_t i = 0; i < columns; i++) {
		size += column_size(abouts[table].columns[i]);
	}
	return size;
}

static size_t row_size(enum table table)
{
	return columns_size(table, strlen(abouts[table].columns));
}

static size_t key_size(enum table table)
{
	return columns_size(table, abouts[table].key);
}

#define SAME_SIZE(table, line) CHECK(row_size(table) == sizeof(struct line))

static void check_sizes(void)
{
	SAME_SIZE(TABLE_ACTOR, actor_line);
	SAME_SIZE(TABLE_CLAIM, claim_line);
	SAME_SIZE(TABLE_CONSENT, consent_line);
	SAME_SIZE(TABLE_DECLARED, declared_line);
	SAME_SIZE(TABLE_ASSERTION, assertion_line);
	SAME_SIZE(TABLE_KIN, kin_line);
	SAME_SIZE(TABLE_CONTACT, contact_line);
	SAME_SIZE(TABLE_STRETCH, stretch_line);
	SAME_SIZE(TABLE_SUBJECT, subject_line);
	SAME_SIZE(TABLE_RULE, rule_line);
	SAME_SIZE(TABLE_TOUCH, touch_line);
	SAME_SIZE(TABLE_PHASE, phase_line);
	SAME_SIZE(TABLE_CHANGE, change_line);
	SAME_SIZE(TABLE_CHECKPOINT, checkpoint_line);
	SAME_SIZE(TABLE_WAITING, waiting_line);
	SAME_SIZE(TABLE_OUTCOME, outcome_line);
	SAME_SIZE(TABLE_REJECTED, rejected_line);
	SAME_SIZE(TABLE_POSITION, position_line);
	SAME_SIZE(TABLE_ERASURE, erasure_line);
}

/* ---- rows ---- */

void tables_finish(struct tables *tables)
{
	for (int i = 0; i < TABLE_COUNT; i++) {
		free(tables->of[i].at);
	}
	*tables = (struct tables){0};
}

void tables_clear(struct tables *tables)
{
	for (int i = 0; i < TABLE_COUNT; i++) {
		tables->of[i].count = 0;
	}
}

static void make_room(struct rows *rows, size_t count, size_t size)
{
	CHECK(size > 0);
	if (count > rows->room) {
		rows->room = count * 2 + 16;
		rows->at = realloc(rows->at, rows->room * size);
		CHECK(rows->at != NULL);
	}
}

void tables_copy(const struct tables *from, struct tables *to)
{
	for (int i = 0; i < TABLE_COUNT; i++) {
		const struct rows *rows = &from->of[i];
		make_room(&to->of[i], rows->count, row_size((enum table)i));
		to->of[i].count = rows->count;
		if (rows->count > 0) {
			memcpy(to->of[i].at, rows->at, rows->count * row_size((enum table)i));
		}
	}
}

size_t tables_count(const struct tables *tables, enum table table)
{
	return tables->of[table].count;
}

void *tables_row(const struct tables *tables, enum table table, size_t place)
{
	CHECK(place < tables->of[table].count);
	return tables->of[table].at + place * row_size(table);
}

static void *find(const struct tables *tables, enum table table, const void *row, size_t compared)
{
	const struct rows *rows = &tables->of[table];
	size_t size = row_size(table);
	for (size_t i = 0; i < rows->count; i++) {
		if (memcmp(rows->at + i * size, row, compared) == 0) {
			return rows->at + i * size;
		}
	}
	return NULL;
}

void *tables_find(const struct tables *tables, enum table table, const void *row)
{
	return find(tables, table, row, key_size(table));
}

bool tables_insert(struct tables *tables, enum table table, const void *row)
{
	struct rows *rows = &tables->of[table];
	size_t size = row_size(table);
	check_sizes();
	if (tables_find(tables, table, row) != NULL) {
		return false;
	}
	make_room(rows, rows->count + 1, size);
	memcpy(rows->at + rows->count * size, row, size);
	rows->count++;
	return true;
}

void tables_delete(struct tables *tables, enum table table, size_t place)
{
	struct rows *rows = &tables->of[table];
	size_t size = row_size(table);
	CHECK(size > 0 && place < rows->count);
	rows->count--;
	memmove(rows->at + place * size, rows->at + rows->count * size, size);
}

bool tables_delete_key(struct tables *tables, enum table table, const void *row)
{
	size_t size = row_size(table);
	const char *found = tables_find(tables, table, row);
	CHECK(size > 0);
	if (found == NULL) {
		return false;
	}
	tables_delete(tables, table, (size_t)(found - tables->of[table].at) / size);
	return true;
}

void tables_apply_difference(const struct tables *from, const struct tables *to, struct tables *target)
{
	for (int i = 0; i < TABLE_COUNT; i++) {
		enum table table = (enum table)i;
		size_t size = row_size(table);
		for (size_t j = 0; j < tables_count(from, table); j++) {
			const void *row = tables_row(from, table, j);
			if (find(to, table, row, size) == NULL) {
				CHECK(find(target, table, row, size) != NULL); /* the locks held it as it was */
				tables_delete_key(target, table, row);
			}
		}
		for (size_t j = 0; j < tables_count(to, table); j++) {
			const void *row = tables_row(to, table, j);
			if (find(from, table, row, size) == NULL) {
				CHECK(tables_insert(target, table, row));
			}
		}
	}
}

/* ---- texts ---- */

#define TEXT_SLOTS 4096

struct text {
	struct text *next;
	char bytes[];
};

static struct text *slots[TEXT_SLOTS];

void tables_forget_texts(void)
{
	for (size_t i = 0; i < TEXT_SLOTS; i++) {
		while (slots[i] != NULL) {
			struct text *next = slots[i]->next;
			free(slots[i]);
			slots[i] = next;
		}
	}
}

const char *tables_text(const char *text)
{
	if (text == NULL) {
		return NULL;
	}
	size_t size = strlen(text), slot = 5381;
	for (size_t i = 0; i < size; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
		slot = slot * 33 + (unsigned char)text[i];
	}
	struct text **place = &slots[slot % TEXT_SLOTS];
	for (struct text *at = *place; at != NULL; at = at->next) {
		if (strcmp(at->bytes, text) == 0) {
			return at->bytes;
		}
	}
	struct text *made = malloc(sizeof(*made) + size + 1);
	CHECK(made != NULL);
	made->next = *place;
	memcpy(made->bytes, text, size + 1);
	*place = made;
	return made->bytes;
}

const char *tables_hex(const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char hex[8192];
	CHECK(size * 2 < sizeof(hex));
	for (size_t i = 0; i < size; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[size * 2] = '\0';
	return tables_text(hex);
}

static unsigned digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

size_t tables_unhex(const char *hex, uint8_t *ret_bytes)
{
	size_t size = strlen(hex) / 2;
	for (size_t i = 0; i < size; i++) {
		ret_bytes[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	}
	return size;
}

/* ---- dumps ---- */

struct line {
	char bytes[1024];
	size_t used;
};

static void put(struct line *line, const char *text)
{
	size_t size = strlen(text);
	CHECK(line->used + size + 2 < sizeof(line->bytes));
	memcpy(line->bytes + line->used, text, size);
	line->used += size;
	line->bytes[line->used++] = '|';
}

static void put_column(struct line *line, char type, const char *at)
{
	char text[64];
	int64_t number;
	double real;
	switch (type) {
	case 'U': {
		for (size_t i = 0; i < 4; i++) {
			snprintf(text + 2 * i, 3, "%02x", (unsigned char)at[i]);
		}
		put(line, text);
		return;
	}
	case 'T': {
		const char *value;
		memcpy(&value, at, sizeof(value));
		put(line, value == NULL ? "(null)" : value);
		return;
	}
	case 'D':
		memcpy(&real, at, sizeof(real));
		snprintf(text, sizeof(text), "%a", real);
		put(line, text);
		return;
	default:
		memcpy(&number, at, sizeof(number));
		snprintf(text, sizeof(text), type == 'X' ? "%016" PRIx64 : "%" PRId64, number);
		put(line, text);
	}
}

static const char *print_row(enum table table, const char *row, struct arena *arena)
{
	struct line line = {.used = 0};
	put(&line, abouts[table].name);
	for (const char *type = abouts[table].columns; *type != '\0'; type++) {
		if (*type >= 'A' && *type <= 'Z') {
			put_column(&line, *type, row);
		}
		row += column_size(*type);
	}
	const char *text = arena_text(arena, line.bytes, line.used);
	CHECK(text != NULL);
	return text;
}

static bool is_dumped(enum table table, const void *row)
{
	return table != TABLE_POSITION && table != TABLE_ERASURE &&
	       (table != TABLE_PHASE || ((const struct phase_line *)row)->fold[0] != '\0');
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *tables_dump(const struct tables *tables, struct arena *arena)
{
	size_t count = 0, used = 0, size = 1;
	for (int i = 0; i < TABLE_COUNT; i++) {
		count += tables->of[i].count;
	}
	const char **lines = arena_zero(arena, count + 1, sizeof(*lines));
	CHECK(lines != NULL);
	for (int i = 0; i < TABLE_COUNT; i++) {
		for (size_t j = 0; j < tables->of[i].count; j++) {
			const void *row = tables_row(tables, (enum table)i, j);
			if (is_dumped((enum table)i, row)) {
				lines[used++] = print_row((enum table)i, row, arena);
				size += strlen(lines[used - 1]) + 1;
			}
		}
	}
	if (used > 0) {
		qsort(lines, used, sizeof(*lines), compare_lines);
	}
	char *dump = arena_take(arena, size), *at = dump;
	CHECK(dump != NULL);
	for (size_t i = 0; i < used; i++) {
		size_t length = strlen(lines[i]);
		memcpy(at, lines[i], length);
		at[length] = '\n';
		at += length + 1;
	}
	*at = '\0';
	return dump;
}

static size_t line_size(const char *at)
{
	return strcspn(at, "\n");
}

static int compare_heads(const char *a, const char *b)
{
	size_t x = line_size(a), y = line_size(b);
	if (x == 0 || y == 0) { /* the end comes last */
		return x == y ? 0 : x == 0 ? 1 : -1;
	}
	int order = strncmp(a, b, x < y ? x : y);
	return order != 0 ? order : (x > y) - (x < y);
}

const char *tables_difference(const char *a, const char *b, struct arena *arena)
{
	const char *text = "";
	while (*a != '\0' || *b != '\0') {
		int order = compare_heads(a, b);
		if (order < 0) {
			text = arena_print(arena, "%s- %.*s\n", text, (int)line_size(a), a);
		} else if (order > 0) {
			text = arena_print(arena, "%s+ %.*s\n", text, (int)line_size(b), b);
		}
		CHECK(text != NULL);
		a += order <= 0 ? line_size(a) + 1 : 0;
		b += order >= 0 ? line_size(b) + 1 : 0;
	}
	return text;
}

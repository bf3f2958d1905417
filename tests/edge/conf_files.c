#include "tests/edge/conf_files.h"

#include <string.h>

#include "core/base/arena.h"
#include "tests/table.h"

#define WIDTH 76 /* bytes of a line in a man page */
#define FILE_SIZE_MAX ((size_t)256 * 1024)

char *conf_file_text(const char *path, struct arena *arena)
{
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s", path);
	char *text = arena_zero(arena, 1, FILE_SIZE_MAX);
	ck_assert_ptr_nonnull(text);
	size_t size = fread(text, 1, FILE_SIZE_MAX - 1, file);
	ck_assert_uint_lt(size, FILE_SIZE_MAX - 1);
	fclose(file);
	return text;
}

void conf_file_is(const char *path, const char *wanted)
{
	struct arena arena;
	ck_assert(arena_init(&arena, 2 * FILE_SIZE_MAX));
	ck_assert_ptr_nonnull(wanted);
	if (getenv("PHASED_UPDATE") != NULL) {
		FILE *file = fopen(path, "w");
		ck_assert_ptr_nonnull(file);
		fputs(wanted, file);
		fclose(file);
	}
	ck_assert_msg(strcmp(conf_file_text(path, &arena), wanted) == 0, "%s: run this test with PHASED_UPDATE=1",
		      path);
	arena_finish(&arena);
}

/* ---- the keys, in mdoc ---- */

/* One character of text: roff reads backslashes, and dots and quotes at the start of a line. */
static void print_character(FILE *out, const char *at, bool is_first)
{
	if (*at == '\\') {
		fputs("\\e", out);
	} else if (is_first && (*at == '.' || *at == '\'')) {
		fprintf(out, "\\&%c", *at);
	} else {
		fputc(*at, out);
	}
}

/* A new sentence begins a new line, as roff wants it; long ones have several. */
static void print_sentences(FILE *out, const char *text)
{
	size_t column = 0;
	for (const char *at = text; *at != '\0'; at++) {
		bool ends = *at == ' ' && at > text && strchr(".?!", at[-1]) != NULL && at[1] != '\0';
		bool is_full = *at == ' ' && column + strcspn(at + 1, " ") > WIDTH;
		if (ends || is_full) {
			fputc('\n', out);
			column = 0;
		} else {
			print_character(out, at, column == 0);
			column++;
		}
	}
	fputc('\n', out);
}

/* An argument of a macro: words that mdoc would take for macros of its own, and dots, lose that meaning. */
static void print_literal(FILE *out, const char *text)
{
	fputs(".Ql \"", out);
	for (; *text != '\0'; text++) {
		fputs(*text == '\\' ? "\\e" : *text == '"' ? "\\(dq" : (char[]){*text, '\0'}, out);
	}
	fputs("\"", out);
}

static void print_type(FILE *out, const struct yaml_field *field)
{
	const char *unit = field->unit != NULL ? field->unit : "";
	switch (field->type) {
	case YAML_TEXT:
		fprintf(out, "A text of %.15g to %.15g bytes", field->low, field->high);
		break;
	case YAML_INTEGER:
		fprintf(out, "A whole number from %.15g to %.15g%s%s", field->low, field->high,
			unit[0] != '\0' ? " " : "", unit);
		break;
	case YAML_NUMBER:
		fprintf(out, "A number from %.15g to %.15g%s%s", field->low, field->high,
			unit[0] != '\0' ? " " : "", unit);
		break;
	case YAML_BOOL:
		fputs("yes or no", out);
		break;
	case YAML_WORD:
		for (size_t i = 0; field->words[i] != NULL; i++) {
			fprintf(out, "%s%s",
				i == 0			      ? ""
				: field->words[i + 1] != NULL ? ", "
							      : " or ",
				field->words[i]);
		}
		break;
	case YAML_TEXTS:
		fprintf(out, "A list of texts of at most %.15g bytes", field->high);
		break;
	case YAML_NODE:
		fputs("A map", out);
		break;
	case YAML_SECTION:
		break;
	}
}

static void print_key(FILE *out, const char *section, const struct yaml_field *field)
{
	fprintf(out, ".It Ic %s%s%s\n", section, section[0] != '\0' ? "." : "", field->key);
	print_sentences(out, field->help);
	fputs(".br\n", out);
	print_type(out, field);
	if (field->fallback != NULL && field->fallback[0] != '\0') {
		fputs(";\nby default\n", out);
		print_literal(out, field->fallback);
		fputs(" .\n", out);
	} else {
		fprintf(out, "; by default %s.\n", field->type == YAML_TEXT ? "empty" : "none");
	}
	fputs(field->reloadable ? "Reloadable.\n" : "", out);
}

static void print_keys(FILE *out, const char *section, const struct yaml_field *fields)
{
	for (const struct yaml_field *field = fields; field->key != NULL; field++) {
		if (field->type == YAML_SECTION) {
			char inner[128];
			snprintf(inner, sizeof(inner), "%s.%s", section, field->key);
			print_keys(out, inner, field->fields);
		} else {
			print_key(out, section, field);
		}
	}
}

static void print_sections(FILE *out, const struct yaml_field *fields)
{
	for (const struct yaml_field *field = fields; field->key != NULL; field++) {
		fprintf(out, ".Ss %s\n", field->key);
		if (field->type == YAML_SECTION) {
			print_sentences(out, field->help);
		}
		fputs(".Bl -tag -width Ds\n", out);
		if (field->type == YAML_SECTION) {
			print_keys(out, field->key, field->fields);
		} else {
			print_key(out, "", field);
		}
		fputs(".El\n", out);
	}
}

void conf_manual_is(const char *path, const struct conf_schema *schema)
{
	static const char begin[] = ".\\\" The keys: from the schema, by PHASED_UPDATE=1 dev/test.\n";
	static const char end[] = ".\\\" The keys end here.\n";
	struct arena arena;
	ck_assert(arena_init(&arena, 2 * FILE_SIZE_MAX));
	const char *page = conf_file_text(path, &arena);
	const char *from = strstr(page, begin), *to = strstr(page, end);
	ck_assert_msg(from != NULL && to != NULL && from < to, "%s has no marks for the keys", path);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	ck_assert_ptr_nonnull(out);
	fprintf(out, "%.*s%s", (int)(from - page), page, begin);
	print_sections(out, schema->fields);
	fputs(to, out);
	fclose(out);
	conf_file_is(path, text);
	free(text);
	arena_finish(&arena);
}

#include "core/base/yaml_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/yaml.h"

#define WIDTH 110 /* columns of a comment */

/* Words of `text`, each line behind "  # ". */
static void print_comment(FILE *out, const char *indent, const char *text)
{
	size_t column = 0;
	while (*text != '\0') {
		size_t size = strcspn(text, " ");
		if (column > 0 && column + 1 + size > WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, column == 0 ? "%s# %.*s" : "%.0s %.*s", indent, (int)size, text);
		text += size;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

/* Plain where YAML reads it back as it is, else in double quotes. */
static void print_scalar(FILE *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/=:-";
	size_t size = strlen(text);
	if (size > 0 && strspn(text, plain) == size && strchr("-:=", text[0]) == NULL && text[size - 1] != ':') {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte == '"' || byte == '\\') {
			fprintf(out, "\\%c", byte);
		} else if (byte < 0x20 || byte == 0x7f) {
			fprintf(out, "\\x%02x", byte);
		} else {
			fputc(byte, out);
		}
	}
	fputc('"', out);
}

static void print_words(FILE *out, const struct yaml_field *field)
{
	for (size_t i = 0; field->words[i] != NULL; i++) {
		fprintf(out, "%s%s", i > 0 ? " | " : "", field->words[i]);
	}
}

/* "1 to 2047 MiB", "require | allow", "yes | no"; nothing for texts. */
static void print_bounds(FILE *out, const char *indent, const struct yaml_field *field)
{
	switch (field->type) {
	case YAML_INTEGER:
	case YAML_NUMBER:
		fprintf(out, "%s# From %.15g to %.15g%s%s.\n", indent, field->low, field->high,
			field->unit != NULL ? " " : "", field->unit != NULL ? field->unit : "");
		return;
	case YAML_WORD:
		fprintf(out, "%s# ", indent);
		print_words(out, field);
		fputc('\n', out);
		return;
	case YAML_BOOL:
		fprintf(out, "%s# yes | no\n", indent);
		return;
	case YAML_TEXT:
	case YAML_TEXTS:
	case YAML_NODE:
	case YAML_SECTION:
		return;
	}
}

static void print_default(FILE *out, const char *indent, const struct yaml_field *field)
{
	print_bounds(out, indent, field);
	if (field->reloadable) {
		fprintf(out, "%s# Reloadable.\n", indent);
	}
	fprintf(out, "%s#%s: ", indent, field->key);
	if (field->type == YAML_TEXT) {
		print_scalar(out, field->fallback);
	} else {
		fputs(field->fallback != NULL ? field->fallback : "{}", out);
	}
	fputc('\n', out);
}

static void print_texts(FILE *out, const struct yaml_texts *texts)
{
	fputc('[', out);
	for (size_t i = 0; i < texts->count; i++) {
		fputs(i > 0 ? ", " : "", out);
		print_scalar(out, texts->items[i]);
	}
	fputc(']', out);
}

/* In one line: {a: {b: c}, d: [e]}. */
static void print_node(FILE *out, const struct yaml_node *node)
{
	if (node->kind == YAML_SCALAR) {
		print_scalar(out, node->text);
		return;
	}
	fputc(node->kind == YAML_MAP ? '{' : '[', out);
	for (size_t i = 0; i < node->count; i++) {
		fputs(i > 0 ? ", " : "", out);
		if (node->kind == YAML_MAP) {
			print_scalar(out, node->keys[i]->text);
			fputs(": ", out);
		}
		print_node(out, node->items[i]);
	}
	fputc(node->kind == YAML_MAP ? '}' : ']', out);
}

static void print_map(FILE *out, const char *indent, const struct yaml_field *field, const struct yaml_node *map)
{
	if (map == NULL || map->count == 0) {
		return;
	}
	if (!field->hidden) {
		fprintf(out, "%s%s: ", indent, field->key);
		print_node(out, map);
		fputc('\n', out);
		return;
	}
	fprintf(out, "%s# %s, values not shown:", indent, field->key);
	for (size_t i = 0; i < map->count; i++) {
		fprintf(out, "%s %s", i > 0 ? "," : "", map->keys[i]->text);
	}
	fputc('\n', out);
}

/* "password=…", or a URL with one: scheme://user:password@host. */
static bool may_hold_password(const char *text)
{
	const char *url = strstr(text, "://");
	const char *colon = url != NULL ? strchr(url + 3, ':') : NULL;
	return strstr(text, "password") != NULL || (colon != NULL && strchr(colon, '@') != NULL);
}

static void print_value(FILE *out, const char *indent, const struct yaml_field *field, const void *at)
{
	if (field->type == YAML_NODE) {
		print_map(out, indent, field, *(struct yaml_node *const *)at);
		return;
	}
	if (field->type == YAML_TEXT && may_hold_password(*(const char *const *)at)) {
		fprintf(out, "%s# %s is set and not shown: it seems to hold a password\n", indent, field->key);
		return;
	}
	fprintf(out, "%s%s: ", indent, field->key);
	switch (field->type) {
	case YAML_TEXT:
		print_scalar(out, *(const char *const *)at);
		break;
	case YAML_INTEGER:
		fprintf(out, "%" PRId64, *(const int64_t *)at);
		break;
	case YAML_NUMBER:
		fprintf(out, "%.17g", *(const double *)at);
		break;
	case YAML_BOOL:
		fputs(*(const bool *)at ? "yes" : "no", out);
		break;
	case YAML_WORD:
		fputs(field->words[*(const int *)at], out);
		break;
	case YAML_TEXTS:
		print_texts(out, at);
		break;
	case YAML_SECTION:
	case YAML_NODE:
		break;
	}
	fputc('\n', out);
}

/* Sections in sections; the default file where `values` is NULL. */
static void print_fields(FILE *out, unsigned depth, const struct yaml_field *fields, const void *values)
{
	char indent[2 * YAML_DEPTH_MAX + 1];
	snprintf(indent, sizeof(indent), "%*s", (int)(2 * depth), "");
	for (const struct yaml_field *field = fields; field->key != NULL; field++) {
		if (values == NULL) {
			fputs(depth == 0 ? "\n" : "", out);
			print_comment(out, indent, field->help);
		}
		if (field->type == YAML_SECTION) {
			fprintf(out, "%s%s:\n", indent, field->key);
			print_fields(out, depth + 1, field->fields, values);
		} else if (values == NULL) {
			print_default(out, indent, field);
		} else {
			print_value(out, indent, field, (const char *)values + field->offset);
		}
	}
}

static char *text_of(const char *opening, const struct yaml_field *fields, const void *values, struct arena *arena)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	CHECK(out != NULL);
	fputs(opening, out);
	print_fields(out, 0, fields, values);
	CHECK(fclose(out) == 0);
	char *copy = arena_text(arena, text, size);
	free(text);
	return copy;
}

char *yaml_default_text(const char *opening, const struct yaml_field *fields, struct arena *arena)
{
	return text_of(opening, fields, NULL, arena);
}

void yaml_print(FILE *out, const struct yaml_field *fields, const void *values)
{
	print_fields(out, 0, fields, values);
}

char *yaml_text(const struct yaml_field *fields, const void *values, struct arena *arena)
{
	return text_of("", fields, values, arena);
}

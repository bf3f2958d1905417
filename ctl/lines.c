/*
 * Lines of JSON out of a file. The tree of one line is gone when the next is read, so memory does not grow with the file.
 */
#include "ctl/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

#define DEPTH_MAX 8

bool lines_init(struct lines *lines, const char *path, struct arena *arena, struct fail *fail)
{
	bool is_stdin = strcmp(path, "-") == 0;
	*lines = (struct lines){.name = is_stdin ? "stdin" : path, .arena = arena};
	lines->buffer = malloc(LINES_SIZE_MAX + 1);
	lines->file = is_stdin ? stdin : fopen(path, "re");
	if (lines->file == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: %s", lines->name, strerror(errno));
	}
	return lines->buffer != NULL || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
}

void lines_finish(struct lines *lines)
{
	if (lines->file != NULL && lines->file != stdin) {
		fclose(lines->file);
	}
	free(lines->buffer);
	*lines = (struct lines){0};
}

bool lines_complain(struct lines *lines, const char *format, ...)
{
	if (lines->bad++ < LINES_NAMED_MAX) {
		va_list arguments;
		fprintf(stderr, "phasectl: %s:%" PRIu64 ": ", lines->name, lines->number);
		va_start(arguments, format);
		vfprintf(stderr, format, arguments);
		va_end(arguments);
		putc('\n', stderr);
	}
	return false;
}

void lines_sum_up(const struct lines *lines)
{
	if (lines->bad > LINES_NAMED_MAX) {
		fprintf(stderr, "phasectl: %s: %" PRIu64 " bad lines in all\n", lines->name, lines->bad);
	}
}

/* Reads up to the next line's end; of a longer line only the size is right. False at the end of the file. */
static bool read_line(struct lines *lines, size_t *ret_size)
{
	size_t size = 0;
	int byte;
	while ((byte = getc_unlocked(lines->file)) != EOF && byte != '\n') {
		if (size < LINES_SIZE_MAX) {
			lines->buffer[size] = (char)byte;
		}
		size++;
	}
	*ret_size = size;
	return byte != EOF || size > 0;
}

static bool is_blank(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (strchr(" \t\r", bytes[i]) == NULL || bytes[i] == '\0') {
			return false;
		}
	}
	return true;
}

static enum lines_result parse(struct lines *lines, size_t size, struct json_node **ret_root)
{
	struct json_trouble trouble;
	if (size > LINES_SIZE_MAX) {
		lines_complain(lines, "over %zu bytes", LINES_SIZE_MAX);
		return LINES_BAD;
	}
	arena_reset(lines->arena, lines->arena->limit);
	if (!json_parse(lines->buffer, size, DEPTH_MAX, lines->arena, ret_root, &trouble)) {
		lines_complain(lines, "not JSON%s%s", trouble.path[0] != '\0' ? ", at " : "", trouble.path);
		return LINES_BAD;
	}
	if ((*ret_root)->kind != JSON_MAP) {
		lines_complain(lines, "not an object");
		return LINES_BAD;
	}
	return LINES_ONE;
}

enum lines_result lines_next(struct lines *lines, struct json_node **ret_root, struct fail *fail)
{
	size_t size;
	while (read_line(lines, &size)) {
		lines->number++;
		if (size > LINES_SIZE_MAX || !is_blank(lines->buffer, size)) {
			return parse(lines, size, ret_root);
		}
	}
	if (ferror(lines->file)) {
		fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: %s", lines->name, strerror(errno));
		return LINES_BROKEN;
	}
	return LINES_END;
}

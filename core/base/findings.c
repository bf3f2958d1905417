#include "core/base/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"

bool findings_init(struct findings *findings, size_t max, struct arena *arena)
{
	*findings = (struct findings){.arena = arena, .max = max};
	findings->items = arena_array(arena, max, sizeof(*findings->items));
	return findings->items != NULL;
}

/* Messages hold words of foreign files, some cut by bytes. */
static const char *keep(const struct findings *findings, const char *text)
{
	if (text == NULL || text[0] == '\0') {
		return "";
	}
	char *kept = arena_text(findings->arena, text, strlen(text));
	if (kept != NULL) {
		text_show(kept);
	}
	return kept;
}

static void take(struct findings *findings, const struct finding *finding)
{
	struct finding kept = *finding;
	findings->of_grade[finding->grade]++;
	kept.file = keep(findings, finding->file);
	kept.what = keep(findings, finding->what);
	kept.instead = keep(findings, finding->instead);
	if (findings->count == findings->max || kept.file == NULL || kept.what == NULL || kept.instead == NULL) {
		findings->cut = true;
		return;
	}
	findings->items[findings->count++] = kept;
}

void findings_add(struct findings *findings, enum finding_grade grade, const char *file, unsigned line,
		  const char *instead, const char *format, ...)
{
	char what[FINDING_TEXT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	take(findings, &(struct finding){grade, file, line, what, instead});
}

bool findings_add_fail(struct findings *findings, const char *file, struct fail *fail)
{
	size_t size = strlen(file);
	struct finding finding = {.grade = FINDING_ERROR, .file = file, .what = fail->text};
	if (fail->text[0] == '\0') {
		return !findings->cut;
	}
	if (strncmp(fail->text, file, size) == 0 && fail->text[size] == ':') {
		char *end;
		unsigned long line = strtoul(fail->text + size + 1, &end, 10);
		bool has_line = line > 0 && strncmp(end, ": ", 2) == 0;
		finding.line = has_line ? (unsigned)line : 0;
		finding.what = has_line ? end + 2 : fail->text + size + 1 + (fail->text[size + 1] == ' ');
	} else {
		finding.file = "";
	}
	take(findings, &finding);
	fail->text[0] = '\0';
	return !findings->cut;
}

static int compare(const void *a, const void *b)
{
	const struct finding *one = *(const struct finding *const *)a, *other = *(const struct finding *const *)b;
	int order = strcmp(one->file, other->file);
	if (order == 0) {
		order = (one->line > other->line) - (one->line < other->line);
	}
	if (order == 0) {
		order = (int)one->grade - (int)other->grade;
	}
	return order != 0 ? order : (one > other) - (one < other);
}

void findings_sort(struct findings *findings)
{
	size_t count = findings->count, mark = findings->arena->used;
	struct finding **order = arena_array(findings->arena, count, sizeof(struct finding *));
	struct finding *sorted = arena_array(findings->arena, count, sizeof(*sorted));
	if (order != NULL && sorted != NULL && count > 0) {
		for (size_t i = 0; i < count; i++) {
			order[i] = &findings->items[i];
		}
		qsort(order, count, sizeof(struct finding *), compare);
		for (size_t i = 0; i < count; i++) {
			sorted[i] = *order[i];
		}
		memcpy(findings->items, sorted, count * sizeof(*sorted));
	}
	arena_back(findings->arena, mark);
}

const char *finding_grade_name(enum finding_grade grade)
{
	static const char *const names[] = {"error", "warning", "advice"};
	CHECK(grade < FINDING_GRADES);
	return names[grade];
}

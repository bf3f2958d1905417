#include "core/flow/why_lines.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"

int why_lines_compare(const struct why_line *a, const struct why_line *b)
{
	return a->day != b->day ? (a->day > b->day) - (a->day < b->day) : strcmp(a->rule, b->rule);
}

static int by_day_and_rule(const void *a, const void *b)
{
	return why_lines_compare(a, b);
}

static const char *rule_name(const struct model_process *model, const struct fold_touch *touch)
{
	return touch->kind == FOLD_CONFIRM ? "confirm" : model->rules[touch->rule].name;
}

/* Where the touches begin that have lines: after the last closing, and after those that are part of the start. */
static size_t first_told(const struct fold_touch *touches, size_t count, const bool *counted, size_t earlier)
{
	size_t first = 0;
	for (size_t i = 0; i < count; i++) {
		first = counted[i] && touches[i].kind == FOLD_CLOSE ? i + 1 : first;
	}
	for (; earlier > 0; first++) {
		earlier -= counted[first];
	}
	return first;
}

static size_t join(struct why_line *list, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		struct why_line *last = kept > 0 ? &list[kept - 1] : NULL;
		if (last != NULL && why_lines_compare(last, &list[i]) == 0) {
			last->effect += list[i].effect;
			last->touches++;
			last->content = last->content != NULL ? last->content : list[i].content;
		} else {
			list[kept++] = list[i];
		}
	}
	return kept;
}

bool why_lines(const struct model_process *model, const struct fold_touch *touches, const char *const *contents,
	       size_t count, const bool *counted, const struct why *why, struct arena *arena,
	       struct why_lines *ret_lines)
{
	struct why_lines lines = {.list = arena_array(arena, count + 1, sizeof(*lines.list))};
	if (lines.list == NULL) {
		return false;
	}
	for (size_t i = first_told(touches, count, counted, why->earlier); i < count; i++) {
		if (counted[i]) {
			lines.list[lines.count++] = (struct why_line){
				.day = moment_floor(touches[i].ms, WHY_DAY_MS),
				.rule = rule_name(model, &touches[i]),
				.content = contents[i],
				.touches = 1,
				.effect = why->shares[i],
			};
		}
	}
	if (lines.count > 0) {
		qsort(lines.list, lines.count, sizeof(*lines.list), by_day_and_rule);
	}
	lines.count = join(lines.list, lines.count);
	*ret_lines = lines;
	return true;
}

#include "daemon/rules.h"

#include <stdlib.h>

#include "core/base/arena.h"

#define AHEAD 8 /* touches: subjects are anywhere in the cache */

static void fill(struct touch_row *touch, const struct match *match)
{
	touch->process = match->process;
	touch->rule = match->rule;
	touch->mail_click = match->mail_click;
	touch->link = match->link;
	touch->confirm = match->confirm;
}

/* Each of the sorted list once. */
static bool list_subjects(struct rules *rules, struct arena *arena)
{
	uint64_t *subjects = arena_array(arena, rules->unknown_count, sizeof(*subjects));
	if (subjects == NULL) {
		return false;
	}
	rules->rows.subjects = subjects;
	for (size_t i = 0; i < rules->unknown_count; i++) {
		if (i == 0 || rules->unknown[i].key != rules->unknown[i - 1].key) {
			subjects[rules->rows.subject_count++] = rules->unknown[i].key;
		}
	}
	arena_cut(arena, subjects + rules->rows.subject_count);
	return true;
}

bool rules_list(struct rules *rules, const struct engine *engine, struct read_rows *read, struct arena *arena)
{
	*rules = (struct rules){.rows.model_version = read->model_version};
	rules->unknown = arena_array(arena, read->touch_count + 1, sizeof(*rules->unknown));
	if (rules->unknown == NULL) {
		return false;
	}
	for (size_t i = 0; i < read->touch_count; i++) {
		struct touch_row *touch = &read->touches[i];
		struct match match;
		if (i + AHEAD < read->touch_count) {
			engine_look_ahead(engine, touch[AHEAD].subject_id);
		}
		if (engine_find(engine, touch->subject_id, &match)) {
			fill(touch, &match);
		} else {
			rules->unknown[rules->unknown_count++] =
				(struct sort_entry){touch->subject_id, (uint32_t)i};
		}
	}
	arena_cut(arena, rules->unknown + rules->unknown_count);
	if (rules->unknown_count == 0) {
		return true;
	}
	size_t mark = arena->used;
	struct sort_entry *spare = arena_array(arena, rules->unknown_count, sizeof(*spare));
	if (spare == NULL) {
		return false;
	}
	sort_entries(rules->unknown, rules->unknown_count, spare);
	arena_back(arena, mark);
	return list_subjects(rules, arena);
}

static int compare_rules(const void *a, const void *b)
{
	const struct rule_row *x = a, *y = b;
	return (x->subject_id > y->subject_id) - (x->subject_id < y->subject_id);
}

void rules_take(struct rules *rules, struct engine *engine, struct read_rows *read)
{
	const struct model *model = engine_model(engine)->model;
	struct rule_row *rows = rules->rows.rules;
	size_t at = 0;
	if (rules->rows.rule_count > 1) {
		qsort(rows, rules->rows.rule_count, sizeof(*rows), compare_rules);
	}
	for (size_t i = 0; i < rules->rows.rule_count; i++) {
		struct match match = {.process = contacts_process(model, rows[i].process),
				      .rule = rows[i].rule,
				      .mail_click = rows[i].mail_click,
				      .link = rows[i].link,
				      .confirm = rows[i].confirm};
		if (match.process < 0) {
			continue;
		}
		if (engine_has_room(engine)) {
			engine_learn(engine, rows[i].subject_id, &match);
		}
		while (at < rules->unknown_count && rules->unknown[at].key < rows[i].subject_id) {
			at++;
		}
		for (; at < rules->unknown_count && rules->unknown[at].key == rows[i].subject_id; at++) {
			fill(&read->touches[rules->unknown[at].place], &match);
		}
	}
}

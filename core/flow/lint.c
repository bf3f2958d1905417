#include "core/flow/lint.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/lint_inside.h"

#define NAME_SIZE 40 /* of the word behind the channel */

/* ---- Groups ---- */

/* Rules of one place stand together: of a process, of a channel, before `other` or behind all. Before `other` they stand as its conditions do,
 * the first of which takes a touch. Actions are told apart where rules say them; before `other`, all do. */
static int compare_places(const struct lint_item *a, const struct lint_item *b)
{
	bool says = a->kind < LINT_PATH || a->before != NULL;
	uintptr_t a_before = (uintptr_t)a->before, b_before = (uintptr_t)b->before;
	const int differences[] = {
		a->seen->match.process - b->seen->match.process,
		(b_before > 0) - (a_before > 0),
		a->seen->subject.channel - b->seen->subject.channel,
		(a_before > b_before) - (a_before < b_before),
		(int)a->kind - (int)b->kind,
		says ? a->seen->subject.action - b->seen->subject.action : 0,
	};
	for (size_t i = 0; i < COUNT_OF(differences); i++) {
		if (differences[i] != 0) {
			return differences[i];
		}
	}
	/* A host also stands for those below it, whose names are longer: these come first. */
	size_t a_size = strlen(a->host), b_size = strlen(b->host);
	return a_size != b_size ? (a_size < b_size ? 1 : -1) : strcmp(a->host, b->host);
}

/* Within a text the most touched first: items are in that order before they are sorted, so by address of what was seen. */
static int compare_items(const void *one, const void *other)
{
	const struct lint_item *a = one, *b = other;
	int order = compare_places(a, b);
	order = order != 0 ? order : strcmp(a->key, b->key);
	return order != 0 ? order : (a->seen > b->seen) - (a->seen < b->seen);
}

/* "/blog/" of "/blog/x"; behind a language, "/da/blog/" of "/da/blog/x". 0: none. */
static size_t folder_size(const char *path)
{
	size_t size = path[0] == '/' ? 1 + strcspn(path + 1, "/") : 0;
	bool is_language = size == 3 || (size == 6 && path[3] == '-');
	if (is_language && path[size] == '/') {
		size += 1 + strcspn(path + size + 1, "/");
	}
	return size > 1 && path[size] == '/' ? size + 1 : 0;
}

static bool is_path(enum lint_kind kind)
{
	return kind == LINT_PATH || kind == LINT_TARGET;
}

static size_t same_text_end(const struct lint_item *items, size_t from, size_t count)
{
	size_t to = from + 1;
	while (to < count && compare_places(&items[from], &items[to]) == 0 &&
	       strcmp(items[from].key, items[to].key) == 0) {
		to++;
	}
	return to;
}

/* Where the group that begins here ends: all of a folder, where it has several paths, else one text. Keys of a folder stand together. What
 * `other` asks of the path may be less than the folder, then each stands alone. */
static size_t group_end(const struct lint_item *items, size_t from, size_t count, size_t *ret_folder)
{
	size_t one = same_text_end(items, from, count), size = folder_size(items[from].key), texts = 0, to = from;
	*ret_folder = 0;
	bool asked = items[from].before != NULL && lint_pattern_of(items[from].before, items[from].kind) != NULL;
	if (!is_path(items[from].kind) || size == 0 || asked) {
		return one;
	}
	while (to < count && compare_places(&items[from], &items[to]) == 0 &&
	       strncmp(items[from].key, items[to].key, size) == 0) {
		to = same_text_end(items, to, count);
		texts++;
	}
	*ret_folder = texts >= LINT_FOLDER_PATHS ? size : 0;
	return texts >= LINT_FOLDER_PATHS ? to : one;
}

static void show(struct lint_rule *rule, const char *text, uint64_t touches)
{
	for (size_t i = 0; i < LINT_SHOWN; i++) {
		if (rule->shown[i].text == NULL || touches > rule->shown[i].touches) {
			memmove(&rule->shown[i + 1], &rule->shown[i],
				(LINT_SHOWN - 1 - i) * sizeof(rule->shown[0]));
			rule->shown[i].text = text;
			rule->shown[i].touches = touches;
			return;
		}
	}
}

static void describe(struct lint_rule *rule, const struct lint_item *items, size_t count)
{
	for (size_t from = 0, to; from < count; from = to) {
		uint64_t touches = 0;
		to = same_text_end(items, from, count);
		for (size_t i = from; i < to; i++) {
			const struct seen_subject *seen = items[i].seen;
			touches += seen->touches;
			rule->example = rule->example == NULL || seen < rule->example ? seen : rule->example;
			rule->last_us = seen->last_us > rule->last_us ? seen->last_us : rule->last_us;
		}
		rule->texts++;
		show(rule, items[from].text, touches);
	}
}

/* ---- A rule ---- */

static bool fill_condition(struct lint_rule *rule, const struct lint_item *item, size_t folder,
			   struct arena *arena)
{
	struct model_condition *condition = &rule->condition;
	const char *text = rule->shown[0].text; /* as it was written most often */
	if (item->before != NULL) {
		*condition = *item->before;
	}
	struct model_pattern pattern = {.text = text, .kind = MODEL_IS};
	if (folder > 0) {
		/* Its size is that of the folded text, of which others may have other sizes. */
		text = strncmp(item->key, text, folder) == 0 ? text : item->key;
		pattern = (struct model_pattern){.text = arena_text(arena, text, folder), .kind = MODEL_STARTS};
	}
	if (item->kind < LINT_PATH || item->before != NULL) {
		condition->action = item->seen->subject.action;
	}
	switch (item->kind) {
	case LINT_FORM:
		condition->form = pattern;
		break;
	case LINT_LABEL:
		condition->label = pattern;
		break;
	case LINT_TARGET:
		condition->target = pattern;
		condition->target_host = item->host[0] != '\0' ? item->host : condition->target_host;
		break;
	case LINT_TOPIC:
		condition->topic = item->text;
		break;
	case LINT_PATH:
		condition->path = pattern;
		break;
	case LINT_TITLE:
		condition->title = pattern;
		break;
	case LINT_ACTION:
	case LINT_NOTHING:
		break;
	}
	return folder == 0 || pattern.text != NULL;
}

/* A word out of a text: its last parts, letters and digits of ASCII. */
static void print_word(const char *text, char ret_word[static NAME_SIZE + 1])
{
	size_t used = 0, size = strlen(text);
	if (size > NAME_SIZE) {
		text += size - NAME_SIZE;
		text += strcspn(text, "/-_ ");
	}
	for (; *text != '\0' && used < NAME_SIZE; text++) {
		if (*text == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])) {
			text += 2;
		} else if (isalnum((unsigned char)*text)) {
			ret_word[used++] = (char)tolower((unsigned char)*text);
		} else if (used > 0 && ret_word[used - 1] != '_') {
			ret_word[used++] = '_';
		}
	}
	while (used > 0 && ret_word[used - 1] == '_') {
		used--;
	}
	ret_word[used] = '\0';
}

static bool is_taken(const struct model_process *process, const struct lint_rule *rules, size_t count,
		     const struct lint_rule *rule)
{
	for (unsigned r = 0; r < process->rule_count; r++) {
		if (strcmp(process->rules[r].name, rule->name) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (rules[i].example->match.process == rule->example->match.process &&
		    strcmp(rules[i].name, rule->name) == 0) {
			return true;
		}
	}
	return false;
}

static void name_rule(const struct model_process *process, const struct lint_rule *rules, size_t count,
		      struct lint_rule *rule, const struct lint_item *item)
{
	static const char *const prefixes[] = {[LINT_FORM] = "form_", [LINT_TARGET] = "to_"};
	char word[NAME_SIZE + 1];
	const char *prefix =
		item->kind < COUNT_OF(prefixes) && prefixes[item->kind] != NULL ? prefixes[item->kind] : "";
	const struct model_pattern *pattern = lint_pattern_of(&rule->condition, item->kind);
	const char *text = pattern != NULL && pattern->kind == MODEL_STARTS ? pattern->text : item->text;
	print_word(text, word);
	if (word[0] == '\0') {
		print_word(strcmp(text, "/") == 0 ? "home" : action_name(item->seen->subject.action), word);
	}
	snprintf(rule->name, sizeof(rule->name), "%s.%s%s",
		 channel_name((enum channel)rule->example->subject.channel), prefix, word);
	size_t size = strlen(rule->name);
	for (unsigned number = 2; is_taken(process, rules, count, rule); number++) {
		snprintf(rule->name + size, sizeof(rule->name) - size, "_%u", number);
	}
}

/* ---- All of them ---- */

struct group {
	size_t from, to, folder;
	uint64_t touches;
	bool chosen;
};

static int compare_groups(const void *a, const void *b)
{
	const struct group *one = *(const struct group *const *)a, *other = *(const struct group *const *)b;
	if (one->touches != other->touches) {
		return one->touches < other->touches ? 1 : -1;
	}
	return (one->from > other->from) - (one->from < other->from);
}

/* Those with most touches, up to the limit. */
static bool choose(struct group *groups, size_t count, size_t limit, uint64_t touches_min, struct arena *arena,
		   struct lint *lint)
{
	struct group **order = arena_array(arena, count, sizeof(struct group *));
	if (order == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		order[i] = &groups[i];
	}
	if (count > 0) {
		qsort(order, count, sizeof(struct group *), compare_groups);
	}
	for (size_t i = 0; i < count; i++) {
		order[i]->chosen = i < limit && order[i]->touches >= touches_min;
		lint->rare += order[i]->chosen ? 0 : order[i]->touches;
	}
	return true;
}

/* Where their order does not matter, those with most touches come first: topics of a message are looked for in theirs, and a host before
 * those above it. */
struct placed {
	struct group *group;
	const struct lint_item *first;
};

static int compare_placed(const void *a, const void *b)
{
	const struct placed *one = a, *other = b;
	int order = compare_places(one->first, other->first);
	bool matters = one->first->kind == LINT_TOPIC || one->first->kind == LINT_TARGET;
	if (order == 0 && !matters && one->group->touches != other->group->touches) {
		return one->group->touches < other->group->touches ? 1 : -1;
	}
	return order != 0 ? order : (one->first > other->first) - (one->first < other->first);
}

/* The chosen ones, as their rules must stand. */
static struct placed *place_groups(struct group *groups, size_t count, const struct lint_item *items,
				   struct arena *arena, size_t *ret_count)
{
	struct placed *placed = arena_array(arena, count, sizeof(*placed));
	*ret_count = 0;
	for (size_t i = 0; placed != NULL && i < count; i++) {
		if (groups[i].chosen) {
			placed[(*ret_count)++] = (struct placed){&groups[i], &items[groups[i].from]};
		}
	}
	if (placed != NULL && *ret_count > 0) {
		qsort(placed, *ret_count, sizeof(*placed), compare_placed);
	}
	return placed;
}

static size_t find_groups(const struct lint_item *items, size_t count, struct group *groups)
{
	size_t found = 0;
	for (size_t from = 0; from < count;) {
		struct group *group = &groups[found++];
		*group = (struct group){.from = from};
		group->to = group_end(items, from, count, &group->folder);
		for (; from < group->to; from++) {
			group->touches += items[from].seen->touches;
		}
	}
	return found;
}

bool lint_make(const struct model_seen *seen, size_t limit, uint64_t touches_min, struct arena *arena,
	       struct lint *ret_lint)
{
	const struct model *model = matcher_model(seen->matcher);
	struct lint lint = {0};
	size_t count;
	struct lint_item *items = arena_array(arena, seen->count, sizeof(*items));
	struct group *groups = arena_array(arena, seen->count, sizeof(*groups));
	lint.rules = arena_zero(arena, limit < seen->count ? limit : seen->count, sizeof(*lint.rules));
	if (items == NULL || groups == NULL || lint.rules == NULL ||
	    !lint_items_find(seen, items, &count, arena, &lint)) {
		return false;
	}
	if (count > 0) {
		qsort(items, count, sizeof(*items), compare_items);
	}
	size_t group_count = find_groups(items, count, groups);
	if (!choose(groups, group_count, limit, touches_min, arena, &lint)) {
		return false;
	}
	struct placed *placed = place_groups(groups, group_count, items, arena, &count);
	if (placed == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct lint_item *first = placed[i].first;
		const struct group *group = placed[i].group;
		struct lint_rule *rule = &lint.rules[lint.count];
		rule->touches = group->touches;
		rule->last_us = INT64_MIN;
		describe(rule, first, group->to - group->from);
		if (!fill_condition(rule, first, group->folder, arena)) {
			return false;
		}
		name_rule(&model->processes[first->seen->match.process], lint.rules, lint.count, rule, first);
		lint.count++;
	}
	*ret_lint = lint;
	return true;
}

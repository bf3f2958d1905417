/*
 * A model → a matcher: patterns are compiled, and each condition is filed under the text that says most about it, so that
 * a subject is held against a few of thousands of conditions. A condition is filed once: under the exact text of one of its
 * fields, else under the longest beginning, else (regular expressions, globs that begin with a wildcard, actions alone)
 * among those that are always looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "core/flow/match_inside.h"

#define ARENA_SIZE ((size_t)128 * 1024 * 1024)

static const char *const field_names[FIELD_PATTERNS] = {"path", "target", "title", "label", "form", "property"};

static bool complain_memory(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "model: out of memory for its patterns");
}

/* ---- Patterns ---- */

static int compare_checks(const void *a, const void *b)
{
	const struct check *one = a, *other = b;
	bool slow = one->pattern.kind == MODEL_REGEX, other_slow = other->pattern.kind == MODEL_REGEX;
	return slow != other_slow ? slow - other_slow : (int)one->field - (int)other->field;
}

static bool compile_condition(struct matcher *matcher, const struct model_process *process,
			      struct condition *condition, struct fail *fail)
{
	const struct model_condition *about = condition->about;
	const struct model_pattern *const patterns[FIELD_PATTERNS] = {
		[FIELD_PATH] = &about->path,   [FIELD_TARGET] = &about->target,
		[FIELD_TITLE] = &about->title, [FIELD_LABEL] = &about->label,
		[FIELD_FORM] = &about->form,   [FIELD_PROPERTY] = &about->property_value,
	};
	unsigned count = 0;
	for (unsigned i = 0; i < FIELD_PATTERNS; i++) {
		count += patterns[i]->text != NULL;
	}
	condition->checks = arena_zero(&matcher->arena, count, sizeof(*condition->checks));
	if (condition->checks == NULL) {
		return complain_memory(fail);
	}
	for (unsigned i = 0; i < FIELD_PATTERNS; i++) {
		char why[256];
		struct check *check = &condition->checks[condition->check_count];
		if (patterns[i]->text == NULL) {
			continue;
		}
		check->field = (enum field)i;
		if (!match_pattern_init(&check->pattern, patterns[i], &matcher->arena, why, sizeof(why))) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s:%u: rule \"%s\": \"%s\": %s",
					process->file, about->line, process->rules[condition->rule].name,
					field_names[i], why);
		}
		condition->check_count++;
	}
	if (count > 1) {
		qsort(condition->checks, count, sizeof(*condition->checks), compare_checks);
	}
	return true;
}

static bool compile_rules(struct matcher *matcher, struct process *process, struct fail *fail)
{
	const struct model_process *about = process->about;
	unsigned total = 0;
	for (unsigned r = 0; r < about->rule_count; r++) {
		total += about->rules[r].condition_count;
	}
	process->conditions = arena_zero(&matcher->arena, total, sizeof(*process->conditions));
	process->first_condition =
		arena_array(&matcher->arena, about->rule_count, sizeof(*process->first_condition));
	if (process->conditions == NULL || process->first_condition == NULL) {
		return complain_memory(fail);
	}
	for (unsigned r = 0; r < about->rule_count; r++) {
		process->first_condition[r] = process->condition_count;
		for (unsigned i = 0; i < about->rules[r].condition_count; i++) {
			struct condition *condition = &process->conditions[process->condition_count++];
			condition->about = &about->rules[r].conditions[i];
			condition->rule = r;
			if (!compile_condition(matcher, about, condition, fail)) {
				return false;
			}
		}
		if (about->rules[r].other) {
			process->other[about->rules[r].channel] = (int)r;
		}
	}
	return true;
}

static bool compile_contents(struct matcher *matcher, struct process *process, struct fail *fail)
{
	const struct model_process *about = process->about;
	process->content_paths =
		arena_zero(&matcher->arena, about->content_count, sizeof(*process->content_paths));
	if (process->content_paths == NULL) {
		return complain_memory(fail);
	}
	for (unsigned i = 0; i < about->content_count; i++) {
		char why[256];
		const struct model_content *content = &about->contents[i];
		if (content->path.text != NULL && !match_pattern_init(&process->content_paths[i], &content->path,
								      &matcher->arena, why, sizeof(why))) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s:%u: content \"%s\": \"path\": %s",
					about->file, content->line, content->name, why);
		}
	}
	return true;
}

/* ---- Filing ---- */

/* A lookup while it is made. */
struct filing {
	struct arena *arena;
	struct beginning *keys; /* room for three a number: a content's id, its path of a page and of a target */
	size_t key_count;
	unsigned *always;
	unsigned always_count;
};

static bool filing_init(struct filing *filing, struct arena *arena, size_t numbers)
{
	*filing = (struct filing){.arena = arena};
	filing->keys = arena_array(arena, 3 * numbers, sizeof(*filing->keys));
	filing->always = arena_array(arena, numbers, sizeof(*filing->always));
	return filing->keys != NULL && filing->always != NULL;
}

/* `property`: the key of the property that the text is the value of; else NULL. */
static bool file_under(struct filing *filing, enum field field, const char *property, const char *text,
		       size_t size, bool whole, unsigned number)
{
	const char *name = property != NULL ? property : "";
	size_t name_size = strlen(name);
	char *key = arena_take(filing->arena, 1 + name_size + 1 + size);
	if (key == NULL) {
		return false;
	}
	size_t used = 0;
	key[used++] = KEY_FIELD(field);
	memcpy(key + used, name, name_size);
	used += name_size;
	if (property != NULL) {
		key[used++] = KEY_END;
	}
	memcpy(key + used, text, size);
	filing->keys[filing->key_count++] =
		(struct beginning){.text = key, .size = used + size, .whole = whole, .number = number};
	return true;
}

static bool finish_filing(struct filing *filing, struct lookup *ret_lookup)
{
	ret_lookup->always = filing->always;
	ret_lookup->always_count = filing->always_count;
	return beginnings_init(&ret_lookup->keys, filing->keys, filing->key_count, filing->arena);
}

/* The check whose text says most: all of a text, else the longest beginning. NULL: none says anything. */
static const struct check *best_check(const struct condition *condition)
{
	const struct check *best = NULL;
	size_t best_weight = 0;
	for (unsigned i = 0; i < condition->check_count; i++) {
		const struct check *check = &condition->checks[i];
		size_t size = match_pattern_literal_size(&check->pattern);
		size_t weight = size > 0 && check->pattern.kind == MODEL_IS ? SIZE_MAX : size;
		if (weight > best_weight) {
			best = check;
			best_weight = weight;
		}
	}
	return best;
}

static bool file_condition(struct filing *filing, const struct condition *condition, unsigned number)
{
	const struct model_condition *about = condition->about;
	const struct check *check = best_check(condition);
	bool whole = check != NULL && check->pattern.kind == MODEL_IS;
	if (!whole && about->content != NULL) {
		return file_under(filing, FIELD_CONTENT, NULL, about->content, strlen(about->content), true,
				  number);
	}
	if (!whole && about->topic != NULL) {
		return file_under(filing, FIELD_TOPIC, NULL, about->topic, strlen(about->topic), true, number);
	}
	if (check != NULL) {
		return file_under(filing, check->field,
				  check->field == FIELD_PROPERTY ? about->property_key : NULL, check->pattern.text,
				  match_pattern_literal_size(&check->pattern), whole, number);
	}
	filing->always[filing->always_count++] = number;
	return true;
}

/* The conditions of a channel, or of its rules that claim. */
static bool file_conditions(struct matcher *matcher, struct process *process, enum channel channel, bool claims,
			    struct lookup *ret_lookup)
{
	struct filing filing;
	if (!filing_init(&filing, &matcher->arena, process->condition_count)) {
		return false;
	}
	for (unsigned i = 0; i < process->condition_count; i++) {
		const struct model_rule *rule = &process->about->rules[process->conditions[i].rule];
		if (rule->channel == channel && (rule->claims || !claims) &&
		    !file_condition(&filing, &process->conditions[i], i)) {
			return false;
		}
	}
	return finish_filing(&filing, ret_lookup);
}

static bool file_contents(struct matcher *matcher, struct process *process)
{
	struct filing filing;
	const struct model_process *about = process->about;
	if (!filing_init(&filing, &matcher->arena, about->content_count)) {
		return false;
	}
	for (unsigned i = 0; i < about->content_count; i++) {
		const char *id = about->contents[i].content_id;
		const struct match_pattern *path = &process->content_paths[i];
		size_t size = match_pattern_literal_size(path);
		if (id != NULL && !file_under(&filing, FIELD_CONTENT_ID, NULL, id, strlen(id), true, i)) {
			return false;
		}
		bool whole = path->kind == MODEL_IS;
		if (size > 0 && (!file_under(&filing, FIELD_PATH, NULL, path->text, size, whole, i) ||
				 !file_under(&filing, FIELD_TARGET, NULL, path->text, size, whole, i))) {
			return false;
		}
		if (size == 0 && about->contents[i].path.text != NULL) {
			filing.always[filing.always_count++] = i;
		}
	}
	return finish_filing(&filing, &process->contents);
}

static bool file_process(struct matcher *matcher, struct process *process)
{
	for (unsigned c = 0; c < CHANNEL_COUNT; c++) {
		if (!file_conditions(matcher, process, (enum channel)c, false, &process->rules[c]) ||
		    !file_conditions(matcher, process, (enum channel)c, true, &process->claims[c])) {
			return false;
		}
	}
	return file_contents(matcher, process);
}

/* ---- A matcher ---- */

static bool make_process(struct matcher *matcher, unsigned number, struct fail *fail)
{
	struct process *process = &matcher->processes[number];
	process->about = &matcher->model->processes[number];
	for (unsigned c = 0; c < CHANNEL_COUNT; c++) {
		process->other[c] = MATCH_NO_RULE;
	}
	return compile_rules(matcher, process, fail) && compile_contents(matcher, process, fail) &&
	       (file_process(matcher, process) || complain_memory(fail));
}

struct matcher *matcher_create(const struct model *model, struct fail *fail)
{
	struct matcher *matcher = calloc(1, sizeof(*matcher));
	if (matcher == NULL || !arena_init(&matcher->arena, ARENA_SIZE)) {
		free(matcher);
		complain_memory(fail);
		return NULL;
	}
	matcher->model = model;
	matcher->processes = arena_zero(&matcher->arena, model->process_count, sizeof(*matcher->processes));
	if (!match_patterns_init(&matcher->patterns) || matcher->processes == NULL) {
		complain_memory(fail);
		goto fail;
	}
	for (unsigned i = 0; i < model->process_count; i++) {
		if (!make_process(matcher, i, fail)) {
			goto fail;
		}
	}
	return matcher;
fail:
	matcher_destroy(matcher);
	return NULL;
}

static void finish_process(struct process *process)
{
	for (unsigned i = 0; i < process->condition_count; i++) {
		for (unsigned c = 0; c < process->conditions[i].check_count; c++) {
			match_pattern_finish(&process->conditions[i].checks[c].pattern);
		}
	}
	for (unsigned i = 0; process->content_paths != NULL && i < process->about->content_count; i++) {
		match_pattern_finish(&process->content_paths[i]);
	}
}

void matcher_destroy(struct matcher *matcher)
{
	if (matcher == NULL) {
		return;
	}
	for (unsigned i = 0; matcher->processes != NULL && i < matcher->model->process_count; i++) {
		finish_process(&matcher->processes[i]);
	}
	match_patterns_finish(&matcher->patterns);
	arena_finish(&matcher->arena);
	free(matcher);
}

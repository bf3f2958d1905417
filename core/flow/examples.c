/*
 * Runs each rule's example through the matcher, within the rule's process.
 */
#include "core/flow/examples.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/subject.h"

static bool check_keys(const struct model_process *process, const struct model_rule *rule, const char *const *keys,
		       size_t key_count, struct fail *fail)
{
	for (unsigned i = 0; i < rule->condition_count; i++) {
		const char *key = rule->conditions[i].property_key;
		bool known = key == NULL;
		for (size_t k = 0; k < key_count && !known; k++) {
			known = strcmp(keys[k], key) == 0;
		}
		if (!known) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
					"%s:%u: rule \"%s\": property \"%s\" is not among the configuration's "
					"subject.property_keys",
					process->file, rule->conditions[i].line, rule->name, key);
		}
	}
	return true;
}

static bool check_example(const struct model_process *process, unsigned rule, const struct matcher *matcher,
			  const char *const *keys, size_t key_count, struct arena *arena, struct fail *fail)
{
	const struct model_rule *about = &process->rules[rule];
	struct event event = *about->example;
	struct subject subject;
	struct match match;
	event.process = process->name;
	if (!subject_from_event(&event, keys, key_count, arena, &subject)) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s:%u: rule \"%s\": no memory for its example",
				process->file, about->line, about->name);
	}
	matcher_match(matcher, &subject, &match);
	CHECK(match.rule != MATCH_NO_RULE); /* its action may be evidence: its reader saw to that */
	if (match.rule != (int)rule) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
				"%s:%u: rule \"%s\": its example matches rule \"%s\"", process->file, about->line,
				about->name, process->rules[match.rule].name);
	}
	return true;
}

bool examples_check(const struct model *model, const struct matcher *matcher, const char *const *keys,
		    size_t key_count, struct arena *arena, struct fail *fail)
{
	size_t mark = arena->used;
	bool good = true;
	for (unsigned p = 0; p < model->process_count && good; p++) {
		const struct model_process *process = &model->processes[p];
		for (unsigned r = 0; r < process->rule_count && good; r++) {
			good = check_keys(process, &process->rules[r], keys, key_count, fail) &&
			       (process->rules[r].example == NULL ||
				check_example(process, r, matcher, keys, key_count, arena, fail));
			arena_back(arena, mark);
		}
	}
	return good;
}

/*
 * Runs each rule's example through the matcher, within the rule's process.
 */
#include "core/flow/examples.h"

#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/findings.h"
#include "core/base/text.h"
#include "core/flow/subject.h"

struct trial {
	const struct model *model;
	const struct matcher *matcher;
	const char *const *keys;
	size_t key_count;
	struct arena arena; /* of one example */
	struct findings *findings;
	bool good;
};

static void complain(struct trial *trial, const struct model_process *process, unsigned line, const char *instead,
		     const char *what)
{
	trial->good = false;
	findings_add(trial->findings, FINDING_ERROR, process->file, line, instead, "%s", what);
}

static void check_key(struct trial *trial, const struct model_process *process, const struct model_rule *rule,
		      const struct model_condition *condition)
{
	char what[FINDING_TEXT_SIZE], instead[FINDING_TEXT_SIZE];
	for (size_t k = 0; k < trial->key_count; k++) {
		if (strcmp(trial->keys[k], condition->property_key) == 0) {
			return;
		}
	}
	const char *nearest = text_nearest(condition->property_key, trial->keys, trial->key_count);
	snprintf(what, sizeof(what),
		 "rule \"%s\": property \"%s\" is not among the configuration's subject.property_keys", rule->name,
		 condition->property_key);
	snprintf(instead, sizeof(instead), "%s%s%s",
		 nearest != NULL ? "did you mean \"" : "one of those, or add it there",
		 nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
	complain(trial, process, condition->line, instead, what);
}

/* Another rule took the example. */
static void explain(struct trial *trial, unsigned p, unsigned rule, unsigned taker, const struct subject *subject)
{
	char what[FINDING_TEXT_SIZE], instead[FINDING_TEXT_SIZE];
	const struct model_process *process = &trial->model->processes[p];
	const struct model_rule *about = &process->rules[rule], *other = &process->rules[taker];
	const struct model_condition *by;
	snprintf(what, sizeof(what), "rule \"%s\": its example matches rule \"%s\"", about->name, other->name);
	if (!matcher_rule_holds(trial->matcher, p, rule, subject, NULL)) {
		snprintf(instead, sizeof(instead),
			 "an example that fits \"match\" of \"%s\", or a \"match\" that the example fits: none of "
			 "its conditions does",
			 about->name);
	} else if (matcher_rule_holds(trial->matcher, p, taker, subject, &by)) {
		snprintf(instead, sizeof(instead),
			 "\"%s\" stands first, and takes it by line %u: put \"%s\" before it, or let line %u take "
			 "less",
			 other->name, by->line, about->name, by->line);
	} else {
		instead[0] = '\0';
	}
	complain(trial, process, about->line, instead, what);
}

static void check_example(struct trial *trial, unsigned p, unsigned rule)
{
	const struct model_process *process = &trial->model->processes[p];
	const struct model_rule *about = &process->rules[rule];
	struct event event = *about->example;
	struct subject subject;
	struct match match;
	event.process = process->name;
	arena_back(&trial->arena, 0);
	bool fits = subject_from_event(&event, trial->keys, trial->key_count, &trial->arena, &subject);
	CHECK(fits); /* an event is much smaller */
	matcher_match(trial->matcher, &subject, &match);
	CHECK(match.rule != MATCH_NO_RULE); /* its action may be evidence: its reader saw to that */
	if (match.rule != (int)rule) {
		explain(trial, p, rule, (unsigned)match.rule, &subject);
	}
}

static void check_rule(struct trial *trial, unsigned p, unsigned r)
{
	const struct model_process *process = &trial->model->processes[p];
	const struct model_rule *rule = &process->rules[r];
	for (unsigned i = 0; i < rule->condition_count; i++) {
		if (rule->conditions[i].property_key != NULL) {
			check_key(trial, process, rule, &rule->conditions[i]);
		}
	}
	if (rule->example != NULL) {
		check_example(trial, p, r);
	}
}

bool examples_check(const struct model *model, const struct matcher *matcher, const char *const *keys,
		    size_t key_count, struct findings *findings)
{
	struct trial trial = {.model = model,
			      .matcher = matcher,
			      .keys = keys,
			      .key_count = key_count,
			      .findings = findings,
			      .good = true};
	bool ready = arena_init(&trial.arena, EVENT_MESSAGE_SIZE_MAX);
	CHECK(ready);
	for (unsigned p = 0; p < model->process_count; p++) {
		for (unsigned r = 0; r < model->processes[p].rule_count; r++) {
			check_rule(&trial, p, r);
		}
	}
	arena_finish(&trial.arena);
	return trial.good;
}

#include "core/flow/model_patterns.h"

#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/findings.h"
#include "core/flow/match_pattern.h"
#include "core/flow/match_probe.h"

#define ARENA_SIZE ((size_t)1024 * 1024) /* of one pattern */

/* What a pattern is looked at with, and where it stands. */
struct place {
	struct match_patterns patterns;
	struct arena arena;
	struct findings *findings;
	const char *file;
	unsigned line;
	char owner[96]; /* rule "web.pricing" */
	bool good;
};

static void check_pattern(struct place *place, const char *key, const struct model_pattern *about,
			  const char *example, size_t size_max)
{
	char why[256];
	struct match_pattern pattern;
	size_t size;
	if (about->text == NULL) {
		return;
	}
	arena_reset(&place->arena, ARENA_SIZE);
	if (!match_pattern_init(&pattern, about, &place->arena, why, sizeof(why))) {
		place->good = false;
		findings_add(
			place->findings, FINDING_ERROR, place->file, place->line,
			"mend it; where the text is meant as it stands, {is: …} or {starts: …} needs no signs",
			"%s: \"%s\": %s", place->owner, key, why);
		return;
	}
	if (pattern.kind == MODEL_REGEX &&
	    match_probe(&place->patterns, &pattern, about->text, example, size_max, &size)) {
		place->good = false;
		findings_add(place->findings, FINDING_ERROR, place->file, place->line,
			     "one repetition, not one inside another: ([a-z]+)+ says no more than [a-z]+; or "
			     "{starts: …}, "
			     "{glob: …}",
			     "%s: \"%s\": \"%.80s\" tries without end on some texts (one of %zu bytes is enough), "
			     "and would count as not fitting them",
			     place->owner, key, about->text, size);
	}
	match_pattern_finish(&pattern);
}

/* What the example shows for a key; it need not be the whole of it. NULL: nothing. */
static const char *path_of(const char *url)
{
	const char *host = url != NULL ? strstr(url, "://") : NULL;
	return host != NULL ? strchr(host + 3, '/') : NULL;
}

/* Limits of the fields as in message Event. */
static void check_rule(struct place *place, const struct model_rule *rule)
{
	const struct event *example = rule->example;
	snprintf(place->owner, sizeof(place->owner), "rule \"%s\"", rule->name);
	for (unsigned i = 0; i < rule->condition_count; i++) {
		const struct model_condition *condition = &rule->conditions[i];
		place->line = condition->line;
		check_pattern(place, "path", &condition->path,
			      example != NULL ? path_of(example->content.url) : NULL, 1024);
		check_pattern(place, "target", &condition->target,
			      example != NULL ? path_of(example->content.target_url) : NULL, 1024);
		check_pattern(place, "title", &condition->title, example != NULL ? example->content.title : NULL,
			      256);
		check_pattern(place, "label", &condition->label, example != NULL ? example->label : NULL, 128);
		check_pattern(place, "form", &condition->form, example != NULL ? example->content.form_id : NULL,
			      128);
		check_pattern(place, "property", &condition->property_value, NULL, 256);
	}
}

static void check_process(struct place *place, const struct model_process *process)
{
	place->file = process->file;
	for (unsigned i = 0; i < process->rule_count; i++) {
		check_rule(place, &process->rules[i]);
	}
	for (unsigned i = 0; i < process->content_count; i++) {
		place->line = process->contents[i].line;
		snprintf(place->owner, sizeof(place->owner), "content \"%s\"", process->contents[i].name);
		check_pattern(place, "path", &process->contents[i].path, NULL, 1024);
	}
}

bool model_patterns_check(const struct model *model, struct findings *findings)
{
	struct place place = {.findings = findings, .good = true};
	bool ready = match_patterns_init(&place.patterns) && arena_init(&place.arena, ARENA_SIZE);
	for (unsigned i = 0; ready && i < model->process_count; i++) {
		check_process(&place, &model->processes[i]);
	}
	match_patterns_finish(&place.patterns);
	arena_finish(&place.arena);
	CHECK(ready);
	return place.good;
}

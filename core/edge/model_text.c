/*
 * A model → its canonical text: YAML that model_file.c reads back to the same model, whatever the layout, comments, order
 * of keys and spelling of numbers of the files it came from. Order of phases, rules, conditions and contents is meaning
 * and is kept; defaults are written out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "core/edge/model_part.h"

/* Texts hold no control characters (model_file.c), so quote and backslash are all that must be escaped. */
static void put_quoted(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\') {
			putc('\\', out);
		}
		putc(*text, out);
	}
	putc('"', out);
}

void model_number_write(FILE *out, double number)
{
	char text[32];
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number) {
			break;
		}
	}
	fputs(text, out);
}

/* `key: "text", ` in a map of one line; nothing for an absent text. */
static void put_text(FILE *out, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0') {
		fprintf(out, "%s: ", key);
		put_quoted(out, text);
		fputs(", ", out);
	}
}

/* A regular expression is what a plain text is. */
static void put_pattern(FILE *out, const char *key, const struct model_pattern *pattern)
{
	if (pattern->text == NULL || pattern->kind == MODEL_REGEX) {
		put_text(out, key, pattern->text);
		return;
	}
	fprintf(out, "%s: {", key);
	put_text(out, model_kind_name(pattern->kind), pattern->text);
	fputs("}, ", out);
}

static void put_states(FILE *out, const struct model_process *process)
{
	fputs("  phases:\n", out);
	for (unsigned k = 0; k < process->states; k++) {
		fputs("  - {", out);
		put_text(out, "name", process->state_names[k]);
		if (k > 0) {
			put_text(out, "main", main_phase_name(process->state_main[k]));
			fputs("entry: ", out);
			model_number_write(out, process->entry[k]);
			fputs(", ", out);
		}
		fputs("prior: ", out);
		model_number_write(out, process->prior[k]);
		fputs("}\n", out);
	}
}

static void put_contents(FILE *out, const struct model_process *process)
{
	fputs(process->content_count > 0 ? "  contents:\n" : "  contents: []\n", out);
	for (unsigned i = 0; i < process->content_count; i++) {
		const struct model_content *content = &process->contents[i];
		fputs("  - {", out);
		put_text(out, "name", content->name);
		put_text(out, "title", content->title);
		put_pattern(out, "path", &content->path);
		put_text(out, "content_id", content->content_id);
		fprintf(out, "phase: %s}\n",
			content->phase == MAIN_NONE ? "all" : main_phase_name(content->phase));
	}
}

static void put_condition(FILE *out, const struct model_condition *condition)
{
	static const char *const engaged[] = {"0s", "10s", "30s", "2min", "10min"};
	fputs("    - {", out);
	put_text(out, "action", condition->action != 0 ? action_name(condition->action) : NULL);
	put_text(out, "source", condition->source);
	put_text(out, "site", condition->site);
	put_text(out, "host", condition->host);
	put_text(out, "target_host", condition->target_host);
	put_text(out, "content", condition->content);
	put_text(out, "topic", condition->topic);
	put_pattern(out, "label", &condition->label);
	put_pattern(out, "path", &condition->path);
	put_pattern(out, "title", &condition->title);
	put_pattern(out, "form", &condition->form);
	put_pattern(out, "target", &condition->target);
	if (condition->property_key != NULL) {
		fputs("property: {", out);
		put_text(out, "key", condition->property_key);
		put_pattern(out, "value", &condition->property_value);
		fputs("}, ", out);
	}
	fprintf(out, "engaged: %s}\n", engaged[condition->engagement_min]);
}

static int compare_properties(const void *a, const void *b)
{
	const struct event_property *one = a, *other = b;
	return strcmp(one->key, other->key);
}

static void put_properties(FILE *out, const struct event *event)
{
	if (event->properties_count == 0) {
		return;
	}
	struct event_property sorted[EVENT_PROPERTIES_MAX];
	memcpy(sorted, event->properties, event->properties_count * sizeof(*sorted));
	qsort(sorted, event->properties_count, sizeof(*sorted), compare_properties);
	fputs("properties: {", out);
	for (unsigned i = 0; i < event->properties_count; i++) {
		put_quoted(out, sorted[i].key);
		fputs(": ", out);
		put_quoted(out, sorted[i].value);
		fputs(", ", out);
	}
	fputs("}, ", out);
}

static void put_example(FILE *out, const struct event *event)
{
	fputs("    example: {", out);
	put_text(out, "source", event->source);
	put_text(out, "site", event->site);
	put_text(out, "label", event->label);
	put_text(out, "url", event->content.url);
	put_text(out, "title", event->content.title);
	put_text(out, "content_id", event->content.content_id);
	put_text(out, "form_id", event->content.form_id);
	put_text(out, "target_url", event->content.target_url);
	put_text(out, "topic", event->content.topic);
	put_properties(out, event);
	if (event->engaged_ms > 0) {
		fprintf(out, "engaged_ms: %lu, ", (unsigned long)event->engaged_ms);
	}
	fprintf(out, "action: \"%s\"}\n", action_name(event->action));
}

static void put_rule(FILE *out, const struct model_process *process, const struct model_rule *rule)
{
	fputs("  - name: ", out);
	put_quoted(out, rule->name);
	fprintf(out, "\n    frequency: %s\n    evidence: %s\n    claims: %s\n    points: {",
		rule_frequency_name(rule->frequency), rule->ignored ? "ignored" : "counted",
		rule->claims ? "yes" : "no");
	for (unsigned k = 0; k < process->states; k++) {
		if (rule->points[k] > 0) {
			put_quoted(out, process->state_names[k]);
			fprintf(out, ": %u, ", rule->points[k]);
		}
	}
	fputs("}\n", out);
	fputs(rule->condition_count > 0 ? "    match:\n" : "    match: []\n", out);
	for (unsigned i = 0; i < rule->condition_count; i++) {
		put_condition(out, &rule->conditions[i]);
	}
	if (rule->example != NULL) {
		put_example(out, rule->example);
	}
}

static void put_process(FILE *out, const struct model_process *process)
{
	fputs("- process: ", out);
	put_quoted(out, process->name);
	fputs("\n  unit: ", out);
	model_number_write(out, process->unit);
	fputs("\n  moves: {dwell_days: ", out);
	model_number_write(out, process->dwell_days);
	fputs(", dwell_none_days: ", out);
	model_number_write(out, process->dwell_none_days);
	fputs(", back: ", out);
	model_number_write(out, process->back);
	fputs(", stall: ", out);
	model_number_write(out, process->stall);
	fputs("}\n", out);
	put_states(out, process);
	put_contents(out, process);
	fputs("  rules:\n", out);
	for (unsigned r = 0; r < process->rule_count; r++) {
		put_rule(out, process, &process->rules[r]);
	}
	model_learned_write(out, process, "", "  ");
}

bool model_text_write(const struct model *model, struct arena *arena, const char **ret_text, size_t *ret_size)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	if (out == NULL) {
		return false;
	}
	fputs("processes:\n", out);
	for (unsigned i = 0; i < model->process_count; i++) {
		put_process(out, &model->processes[i]);
	}
	bool good = ferror(out) == 0;
	good = fclose(out) == 0 && good;
	char *copy = good ? arena_text(arena, text, size) : NULL;
	free(text);
	if (copy == NULL) {
		return false;
	}
	*ret_text = copy;
	*ret_size = size;
	return true;
}

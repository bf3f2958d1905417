/*
 * What `phasectl model calibrate` learned of a process: a section of its file of its own, so that points and comments stay what people
 * wrote, and that taking the section out takes back what was learned.
 *
 *     learned:
 *       # 312 contacts, 9431 touches
 *       web.pricing: {none: 0.82, suppliers: 1.31}
 *
 * Each number multiplies what the rule's points weigh for that phase; phases and rules that are not named: 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "core/edge/model_part.h"

static bool read_number(const struct model_reader *reader, const struct yaml_node *node, const char *rule,
			const char *state, double *ret_number)
{
	double number;
	if (!yaml_number(node, &number) || number < MODEL_LEARNED_MIN || number > MODEL_LEARNED_MAX) {
		return yaml_complain(reader->file, node, reader->fail,
				     "\"learned.%s.%s\" must be a number from %g to %g", rule, state,
				     MODEL_LEARNED_MIN, MODEL_LEARNED_MAX);
	}
	*ret_number = number;
	return true;
}

static bool read_rule(const struct model_reader *reader, const struct yaml_node *node,
		      const struct model_process *process, struct model_rule *rule)
{
	const char *words[PHASE_STATES + 1] = {NULL};
	memcpy(words, process->state_names, process->states * sizeof(*words));
	if (node->kind != YAML_MAP) {
		return yaml_complain(reader->file, node, reader->fail, "\"learned.%s\" must be a map of phases",
				     rule->name);
	}
	double *learned = model_part_zero(reader, PHASE_STATES, sizeof(*learned));
	if (learned == NULL) {
		return false;
	}
	bool any = false;
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		learned[k] = 1;
	}
	for (size_t i = 0; i < node->count; i++) {
		int state;
		if (!yaml_word(node->keys[i], words, reader->file, "learned", &state, reader->fail) ||
		    !read_number(reader, node->items[i], rule->name, words[state], &learned[state])) {
			return false;
		}
		any = any || learned[state] != 1;
	}
	rule->learned = any ? learned : NULL;
	return true;
}

bool model_learned_read(const struct model_reader *reader, const struct yaml_node *node,
			const struct model_process *process, struct model_rule *rules)
{
	if (node == NULL) {
		return true;
	}
	if (node->kind != YAML_MAP) {
		return yaml_complain(reader->file, node, reader->fail, "\"learned\" must be a map of rules");
	}
	const char **words = model_part_zero(reader, process->rule_count + 1, sizeof(*words));
	if (words == NULL) {
		return false;
	}
	for (unsigned r = 0; r < process->rule_count; r++) {
		words[r] = rules[r].name;
	}
	for (size_t i = 0; i < node->count; i++) {
		int r;
		if (!yaml_word(node->keys[i], words, reader->file, "learned", &r, reader->fail)) {
			return false;
		}
		if (rules[r].ignored) {
			return yaml_complain(reader->file, node->keys[i], reader->fail,
					     "\"learned.%s\": that rule is ignored, nothing can be learned of it",
					     rules[r].name);
		}
		if (!read_rule(reader, node->items[i], process, &rules[r])) {
			return false;
		}
	}
	return true;
}

static bool any_learned(const struct model_process *process)
{
	for (unsigned r = 0; r < process->rule_count; r++) {
		if (process->rules[r].learned != NULL) {
			return true;
		}
	}
	return false;
}

void model_learned_write(FILE *out, const struct model_process *process, const char *comment, const char *indent)
{
	if (!any_learned(process)) {
		return;
	}
	fprintf(out, "%slearned:\n%s", indent, comment);
	for (unsigned r = 0; r < process->rule_count; r++) {
		const double *learned = process->rules[r].learned;
		const char *comma = "";
		if (learned == NULL) {
			continue;
		}
		fprintf(out, "%s  %s: {", indent, process->rules[r].name);
		for (unsigned k = 0; k < process->states; k++) {
			if (learned[k] != 1) {
				fprintf(out, "%s%s: ", comma, process->state_names[k]);
				model_number_write(out, learned[k]);
				comma = ", ";
			}
		}
		fputs("}\n", out);
	}
}

/* The line after the one at `at`. */
static const char *next_line(const char *at)
{
	const char *end = strchr(at, '\n');
	return end != NULL ? end + 1 : at + strlen(at);
}

/* Where the section begins, and where what is not of it does: the next key, or comment, in the first column. */
static const char *find_section(const char *text, const char **ret_end)
{
	static const char key[] = "learned:";
	const char *begin = text;
	while (*begin != '\0' && strncmp(begin, key, sizeof(key) - 1) != 0) {
		begin = next_line(begin);
	}
	const char *end = *begin != '\0' ? next_line(begin) : begin;
	while (*end == ' ' || *end == '\t' || *end == '\n') {
		end = next_line(end);
	}
	*ret_end = end;
	return begin;
}

bool model_file_relearn(const char *text, const struct model_process *process, const char *comment,
			struct arena *arena, const char **ret_text)
{
	const char *end, *begin = find_section(text, &end);
	char *section = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&section, &size);
	if (out == NULL) {
		return false;
	}
	fwrite(text, 1, (size_t)(begin - text), out);
	if (any_learned(process)) {
		fputs(begin > text && begin[-1] != '\n' ? "\n" : "", out);
		fputs(*begin == '\0' ? "\n" : "", out);
		model_learned_write(out, process, comment, "");
		fputs(*end != '\0' ? "\n" : "", out);
	}
	fputs(end, out);
	bool good = ferror(out) == 0;
	good = fclose(out) == 0 && good;
	*ret_text = good ? arena_text(arena, section, size) : NULL;
	free(section);
	return *ret_text != NULL;
}

/*
 * What the files that read models and topics, and write models, share. Nobody else includes this.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/fail.h"
#include "core/base/findings.h"
#include "core/base/yaml.h"
#include "core/model/model.h"

struct arena;

#define MODEL_PATTERN_SIZE_MAX 1024

struct model_reader {
	const char *file; /* for errors */
	struct arena *arena;
	struct fail *fail;
	struct findings *findings; /* NULL: the first error ends the reading */
};

/* Something was wrong, and *fail says what. Shall the rest be looked at? Then it is noted, and *good is false. */
bool model_part_go_on(const struct model_reader *reader, bool *good);

/* Where to point at for a key of a map: its value, else the map. */
const struct yaml_node *model_part_place(const struct yaml_node *map, const char *key);
/* Complains, and returns false, where a text that was given (not NULL or "") is not one line of plain characters of at
 * most `max` bytes. Sets an empty one to NULL. `node`: the map that it stands in. */
bool model_part_text(const struct model_reader *reader, const struct yaml_node *map, const char *key, size_t max,
		     const char **text);
/* Is it a name: lower-case letters, digits, '_', '-', '.', at most MODEL_NAME_SIZE_MAX, beginning with a letter or digit? */
bool model_part_name(const struct model_reader *reader, const struct yaml_node *map, const char *key,
		     const char *name);
/* A pattern: a plain text, which is a regular expression, or a map of one kind to it ({starts: /blog/}). Complains about
 * other kinds, naming the nearest, and about the text as model_part_text() does. NULL `node` or an empty text: none.
 * `key`: for errors. */
bool model_part_pattern(const struct model_reader *reader, const struct yaml_node *node, const char *key,
			struct model_pattern *ret_pattern);
/* Memory for `count` elements; complains when the arena is full. */
void *model_part_zero(const struct model_reader *reader, size_t count, size_t size);
/* NULL for an absent key; complains where the value is not a list (or a map) or is longer than `max`. */
bool model_part_list(const struct model_reader *reader, const struct yaml_node *node, const char *key, size_t max,
		     const struct yaml_node **ret_list);

/* An action whose touches may be evidence on this channel; complains about others, naming the nearest. */
bool model_action_read(const struct model_reader *reader, const struct yaml_node *node, const char *word,
		       enum channel channel, int *ret_action);
/* Sets rule->example; the rule's channel is known. */
bool model_example_read(const struct model_reader *reader, const struct yaml_node *node, struct model_rule *rule);
/* Sets the process's contents. */
bool model_contents_read(const struct model_reader *reader, const struct yaml_node *node,
			 struct model_process *process);
/* Contents, rules and what was learned of them, of a process whose states are read; `other` rules that the list has not are
 * added. */
bool model_rules_read(const struct model_reader *reader, const struct yaml_node *contents,
		      const struct yaml_node *rules, const struct yaml_node *learned,
		      struct model_process *process);

/* What was learned of rules that are read. */
bool model_learned_read(const struct model_reader *reader, const struct yaml_node *node,
			const struct model_process *process, struct model_rule *rules);
/* That section, `comment` (lines that begin with "  # ", or "") in it; nothing where nothing was learned. */
void model_learned_write(FILE *out, const struct model_process *process, const char *comment, const char *indent);
/* The shortest that reads back to the same bits. */
void model_number_write(FILE *out, double number);

/* The key of a kind in the map that gives a pattern: "regex", "is" … */
const char *model_kind_name(enum model_kind kind);

/*
 * The contents of a process: things to read, watch, use, and what they are known by.
 */
#include <stdlib.h>
#include <string.h>

#include "core/edge/model_part.h"

static const char *const phase_words[] = {"early", "mid", "late", "all", NULL};

struct content_text {
	const char *name, *title, *content_id;
	struct yaml_node *path;
	int phase;
};

static const struct yaml_field content_fields[] = {
	{.key = "name", .type = YAML_TEXT, .offset = offsetof(struct content_text, name)},
	{.key = "title", .type = YAML_TEXT, .offset = offsetof(struct content_text, title), .fallback = ""},
	{.key = "path", .type = YAML_NODE, .offset = offsetof(struct content_text, path)},
	{.key = "content_id",
	 .type = YAML_TEXT,
	 .offset = offsetof(struct content_text, content_id),
	 .fallback = ""},
	{.key = "phase",
	 .type = YAML_WORD,
	 .offset = offsetof(struct content_text, phase),
	 .words = phase_words,
	 .fallback = "all"},
	{0},
};

static bool read_content(const struct model_reader *reader, const struct yaml_node *node,
			 struct model_content *content)
{
	struct content_text text;
	struct model_pattern path;
	if (!yaml_fill(node, content_fields, reader->file, reader->arena, &text, reader->fail) ||
	    !model_part_name(reader, node, "name", text.name)) {
		return false;
	}
	*content = (struct model_content){.name = text.name, .line = node->line};
	if (!model_part_text(reader, node, "title", MODEL_TEXT_SIZE_MAX, &text.title) ||
	    !model_part_pattern(reader, text.path, "path", &path) ||
	    !model_part_text(reader, node, "content_id", MODEL_TEXT_SIZE_MAX, &text.content_id)) {
		return false;
	}
	if (path.text == NULL && text.content_id == NULL) {
		return yaml_complain(reader->file, node, reader->fail,
				     "content \"%s\" needs \"path\" or \"content_id\" to be known by", text.name);
	}
	*content = (struct model_content){
		.name = text.name,
		.title = text.title,
		.path = path,
		.content_id = text.content_id,
		.phase = text.phase < MAIN_COUNT ? (enum main_phase)text.phase : MAIN_NONE,
		.line = node->line,
	};
	return true;
}

static int compare_contents(const void *a, const void *b)
{
	const struct model_content *const *one = a, *const *other = b;
	return strcmp((*one)->name, (*other)->name);
}

static bool complain_twice(const struct model_reader *reader, const struct model_content *first,
			   const struct model_content *again)
{
	const struct yaml_node place = {.line = again->line};
	return yaml_complain(reader->file, &place, reader->fail,
			     "content \"%s\" stands twice (first on line %u): give each a name of its own",
			     again->name, first->line);
}

static bool check_content_names(const struct model_reader *reader, const struct model_process *process)
{
	const struct model_content **sorted =
		model_part_zero(reader, process->content_count, sizeof(struct model_content *));
	if (sorted == NULL) {
		return false;
	}
	for (unsigned i = 0; i < process->content_count; i++) {
		sorted[i] = &process->contents[i];
	}
	bool good = true;
	qsort(sorted, process->content_count, sizeof(*sorted), compare_contents);
	for (unsigned i = 1; i < process->content_count; i++) {
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0) {
			bool in_order = sorted[i - 1]->line < sorted[i]->line;
			const struct model_content *first = sorted[in_order ? i - 1 : i];
			const struct model_content *again = sorted[in_order ? i : i - 1];
			if (!complain_twice(reader, first, again) && !model_part_go_on(reader, &good)) {
				return false;
			}
		}
	}
	return good;
}

bool model_contents_read(const struct model_reader *reader, const struct yaml_node *node,
			 struct model_process *process)
{
	const struct yaml_node *list;
	if (!model_part_list(reader, node, "contents", MODEL_CONTENTS_MAX, &list)) {
		return false;
	}
	size_t count = list == NULL ? 0 : list->count;
	struct model_content *contents = model_part_zero(reader, count, sizeof(*contents));
	if (contents == NULL) {
		return false;
	}
	bool good = true;
	process->contents = contents;
	for (size_t i = 0; i < count; i++) {
		struct model_content *content = &contents[process->content_count];
		if (!read_content(reader, list->items[i], content) && !model_part_go_on(reader, &good)) {
			return false;
		}
		process->content_count += content->name != NULL; /* rules may name it, whatever is wrong with it */
	}
	return check_content_names(reader, process) && good;
}

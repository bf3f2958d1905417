/*
 * The rules of a process: what they match, what they speak for, the example that proves it; and its contents.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/edge/model_part.h"

static const char *const frequency_words[] = {"common", "normal", "rare", NULL};
static const char *const evidence_words[] = {"counted", "ignored", NULL};
static const char *const phase_words[] = {"early", "mid", "late", "all", NULL};
static const char *const engaged_words[] = {"0s", "10s", "30s", "2min", "10min", NULL};

/* Channels whose touches may be evidence, and their `other` rule's frequency. */
static const struct {
	enum channel channel;
	enum rule_frequency frequency;
	const char *other;
} channels[] = {
	{CHANNEL_WEB, RULE_COMMON, "web.other"},
	{CHANNEL_EMAIL, RULE_NORMAL, "email.other"},
	{CHANNEL_CHAT, RULE_NORMAL, "chat.other"},
};

static const struct {
	int action;
	const char *name;
} actions[] = {
#define ACTION_ROW(name, number, evidence) {number, #name},
	ACTION_LIST(ACTION_ROW)
#undef ACTION_ROW
};

/* ---- Contents ---- */

struct content_text {
	const char *name, *title, *path, *content_id;
	int phase;
};

static const struct yaml_field content_fields[] = {
	{.key = "name", .type = YAML_TEXT, .offset = offsetof(struct content_text, name)},
	{.key = "title", .type = YAML_TEXT, .offset = offsetof(struct content_text, title), .fallback = ""},
	{.key = "path", .type = YAML_TEXT, .offset = offsetof(struct content_text, path), .fallback = ""},
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
	if (!yaml_fill(node, content_fields, reader->file, reader->arena, &text, reader->fail) ||
	    !model_part_name(reader, node, "name", text.name) ||
	    !model_part_text(reader, node, "title", MODEL_TEXT_SIZE_MAX, &text.title) ||
	    !model_part_text(reader, node, "path", MODEL_PATTERN_SIZE_MAX, &text.path) ||
	    !model_part_text(reader, node, "content_id", MODEL_TEXT_SIZE_MAX, &text.content_id)) {
		return false;
	}
	if (text.path == NULL && text.content_id == NULL) {
		return yaml_complain(reader->file, node, reader->fail,
				     "content \"%s\" needs \"path\" or \"content_id\" to be known by", text.name);
	}
	*content = (struct model_content){
		.name = text.name,
		.title = text.title,
		.path = text.path,
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
	qsort(sorted, process->content_count, sizeof(*sorted), compare_contents);
	for (unsigned i = 1; i < process->content_count; i++) {
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0) {
			return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG,
					"%s: content \"%s\" stands twice, on lines %u and %u", reader->file,
					sorted[i]->name, sorted[i - 1]->line, sorted[i]->line);
		}
	}
	return true;
}

static bool read_contents(const struct model_reader *reader, const struct yaml_node *node,
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
	for (size_t i = 0; i < count; i++) {
		if (!read_content(reader, list->items[i], &contents[i])) {
			return false;
		}
	}
	process->contents = contents;
	process->content_count = (unsigned)count;
	return check_content_names(reader, process);
}

/* ---- Conditions ---- */

static bool read_action(const struct model_reader *reader, const struct yaml_node *node, const char *word,
			enum channel channel, int *ret_action)
{
	const char *words[COUNT_OF(actions)];
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		if (action_is_evidence(actions[i].action, channel)) {
			words[count++] = actions[i].name;
		}
		if (strcmp(word, actions[i].name) == 0) {
			*ret_action = actions[i].action;
			return action_is_evidence(actions[i].action, channel) ||
			       yaml_complain(reader->file, node, reader->fail,
					     "\"action\": %s is never evidence, so no rule can take it", word);
		}
	}
	const char *nearest = text_nearest(word, words, count);
	return yaml_complain(reader->file, node, reader->fail, "\"action\": \"%.80s\" is no action (%s%s%s)", word,
			     nearest != NULL ? "did you mean \"" : "see message Event",
			     nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

struct condition_text {
	const char *action, *source, *site, *host, *target_host, *content, *topic;
	const char *label, *path, *title, *form, *target;
	const char *property_key, *property_value;
	int engaged;
};

#define CONDITION_TEXT(word) \
	{ \
		.key = #word, .type = YAML_TEXT, .offset = offsetof(struct condition_text, word), .fallback = "" \
	}

static const struct yaml_field property_fields[] = {
	{.key = "key", .type = YAML_TEXT, .offset = offsetof(struct condition_text, property_key), .fallback = ""},
	{.key = "value",
	 .type = YAML_TEXT,
	 .offset = offsetof(struct condition_text, property_value),
	 .fallback = ""},
	{0},
};

static const struct yaml_field condition_fields[] = {
	CONDITION_TEXT(action),
	CONDITION_TEXT(source),
	CONDITION_TEXT(site),
	CONDITION_TEXT(host),
	CONDITION_TEXT(target_host),
	CONDITION_TEXT(content),
	CONDITION_TEXT(topic),
	CONDITION_TEXT(label),
	CONDITION_TEXT(path),
	CONDITION_TEXT(title),
	CONDITION_TEXT(form),
	CONDITION_TEXT(target),
	{.key = "engaged",
	 .type = YAML_WORD,
	 .offset = offsetof(struct condition_text, engaged),
	 .words = engaged_words,
	 .fallback = "0s"},
	{.key = "property", .type = YAML_SECTION, .fields = property_fields},
	{0},
};

/* Each text is checked, and is NULL where it was not given. */
static bool check_condition_texts(const struct model_reader *reader, const struct yaml_node *node,
				  struct condition_text *text)
{
	const struct {
		const char *key;
		const char **text;
		size_t max;
	} rows[] = {
		{"action", &text->action, MODEL_TEXT_SIZE_MAX},
		{"source", &text->source, MODEL_TEXT_SIZE_MAX},
		{"site", &text->site, MODEL_TEXT_SIZE_MAX},
		{"host", &text->host, MODEL_TEXT_SIZE_MAX},
		{"content", &text->content, MODEL_TEXT_SIZE_MAX},
		{"topic", &text->topic, MODEL_TEXT_SIZE_MAX},
		{"label", &text->label, MODEL_PATTERN_SIZE_MAX},
		{"path", &text->path, MODEL_PATTERN_SIZE_MAX},
		{"title", &text->title, MODEL_PATTERN_SIZE_MAX},
		{"form", &text->form, MODEL_PATTERN_SIZE_MAX},
		{"target", &text->target, MODEL_PATTERN_SIZE_MAX},
		{"target_host", &text->target_host, MODEL_TEXT_SIZE_MAX},
		{"property", &text->property_key, MODEL_NAME_SIZE_MAX},
		{"property", &text->property_value, MODEL_PATTERN_SIZE_MAX},
	};
	bool some = text->engaged > 0;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!model_part_text(reader, node, rows[i].key, rows[i].max, rows[i].text)) {
			return false;
		}
		some = some || *rows[i].text != NULL;
	}
	if (!some) {
		return yaml_complain(reader->file, node, reader->fail, "an empty condition would take everything");
	}
	if ((text->property_key == NULL) != (text->property_value == NULL)) {
		return yaml_complain(reader->file, model_part_place(node, "property"), reader->fail,
				     "\"property\" needs \"key\" and \"value\"");
	}
	return true;
}

static bool check_content_known(const struct model_reader *reader, const struct yaml_node *node,
				const struct model_process *process)
{
	const char **words = model_part_zero(reader, process->content_count + 1, sizeof(*words));
	if (words == NULL) {
		return false;
	}
	for (unsigned i = 0; i < process->content_count; i++) {
		words[i] = process->contents[i].name;
	}
	int index;
	return yaml_word(node, words, reader->file, "content", &index, reader->fail);
}

static bool read_condition(const struct model_reader *reader, const struct yaml_node *node,
			   const struct model_process *process, enum channel channel,
			   struct model_condition *condition)
{
	struct condition_text text;
	if (!yaml_fill(node, condition_fields, reader->file, reader->arena, &text, reader->fail) ||
	    !check_condition_texts(reader, node, &text)) {
		return false;
	}
	if (text.content != NULL && !check_content_known(reader, yaml_get(node, "content"), process)) {
		return false;
	}
	*condition = (struct model_condition){
		.source = text.source,
		.site = text.site,
		.host = text.host,
		.target_host = text.target_host,
		.content = text.content,
		.topic = text.topic,
		.label = text.label,
		.path = text.path,
		.title = text.title,
		.form = text.form,
		.target = text.target,
		.property_key = text.property_key,
		.property_value = text.property_value,
		.engagement_min = text.engaged,
		.line = node->line,
	};
	return text.action == NULL ||
	       read_action(reader, yaml_get(node, "action"), text.action, channel, &condition->action);
}

static bool read_match(const struct model_reader *reader, const struct yaml_node *node,
		       const struct model_process *process, struct model_rule *rule)
{
	const struct yaml_node *list;
	if (!model_part_list(reader, node, "match", MODEL_CONDITIONS_MAX, &list)) {
		return false;
	}
	size_t count = list == NULL ? 0 : list->count;
	struct model_condition *conditions = model_part_zero(reader, count, sizeof(*conditions));
	if (conditions == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!read_condition(reader, list->items[i], process, rule->channel, &conditions[i])) {
			return false;
		}
	}
	rule->conditions = conditions;
	rule->condition_count = (unsigned)count;
	return true;
}

/* ---- Examples ---- */

struct example_text {
	const char *action, *source, *site, *label, *url, *title, *content_id, *form_id, *target_url, *topic,
		*process;
	int64_t engaged_ms;
	struct yaml_node *properties;
};

#define EXAMPLE_TEXT(word, max) \
	{ \
		.key = #word, .type = YAML_TEXT, .offset = offsetof(struct example_text, word), .fallback = "", \
		.high = max \
	}

static const struct yaml_field example_fields[] = {
	{.key = "action", .type = YAML_TEXT, .offset = offsetof(struct example_text, action)},
	EXAMPLE_TEXT(source, 32),
	EXAMPLE_TEXT(site, 64),
	EXAMPLE_TEXT(label, 128),
	EXAMPLE_TEXT(url, 1024),
	EXAMPLE_TEXT(title, 256),
	EXAMPLE_TEXT(content_id, 128),
	EXAMPLE_TEXT(form_id, 128),
	EXAMPLE_TEXT(target_url, 1024),
	EXAMPLE_TEXT(topic, 256),
	{.key = "engaged_ms",
	 .type = YAML_INTEGER,
	 .offset = offsetof(struct example_text, engaged_ms),
	 .low = 0,
	 .high = UINT32_MAX,
	 .fallback = "0",
	 .unit = "ms"},
	{.key = "properties", .type = YAML_NODE, .offset = offsetof(struct example_text, properties)},
	{0},
};

static bool read_properties(const struct model_reader *reader, const struct yaml_node *node, struct event *event)
{
	if (node == NULL) {
		return true;
	}
	if (node->kind != YAML_MAP || node->count > EVENT_PROPERTIES_MAX) {
		return yaml_complain(reader->file, node, reader->fail,
				     "\"properties\" must be a map of at most %d texts", EVENT_PROPERTIES_MAX);
	}
	event->properties = model_part_zero(reader, node->count, sizeof(*event->properties));
	if (event->properties == NULL) {
		return false;
	}
	for (size_t i = 0; i < node->count; i++) {
		if (node->items[i]->kind != YAML_SCALAR) {
			return yaml_complain(reader->file, node->items[i], reader->fail,
					     "a property must be a text");
		}
		event->properties[event->properties_count++] =
			(struct event_property){.key = node->keys[i]->text, .value = node->items[i]->text};
	}
	return true;
}

static void fill_event(const struct example_text *text, enum channel channel, struct event *event)
{
	*event = (struct event){
		.id = "example",
		.source = text->source,
		.site = text->site,
		.channel = channel,
		.label = text->label,
		.party = PARTY_PERSON,
		.session_id = "",
		.thread_id = "",
		.process = "",
		.engaged_ms = (uint32_t)text->engaged_ms,
		.content = {.url = text->url,
			    .title = text->title,
			    .content_id = text->content_id,
			    .form_id = text->form_id,
			    .target_url = text->target_url,
			    .search = "",
			    .topic = text->topic,
			    .language = "",
			    .referrer = ""},
	};
}

/* The texts of an example must not make the canonical text another one when it is read back. */
static bool check_example_texts(const struct model_reader *reader, const struct yaml_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *value = node->items[i];
		for (size_t j = 0; value->kind == YAML_MAP && j < value->count; j++) {
			const char *key = value->keys[j]->text, *text = value->items[j]->text;
			if (!model_part_text(reader, node, "properties", 64, &key) ||
			    (value->items[j]->kind == YAML_SCALAR &&
			     !model_part_text(reader, node, "properties", 256, &text))) {
				return false;
			}
		}
		const char *text = value->text;
		if (value->kind == YAML_SCALAR &&
		    !model_part_text(reader, node, node->keys[i]->text, 1024, &text)) {
			return false;
		}
	}
	return true;
}

static bool read_example(const struct model_reader *reader, const struct yaml_node *node, struct model_rule *rule)
{
	struct example_text text;
	struct event *event = model_part_zero(reader, 1, sizeof(*event));
	if (event == NULL) {
		return false;
	}
	if (!yaml_fill(node, example_fields, reader->file, reader->arena, &text, reader->fail) ||
	    !check_example_texts(reader, node)) {
		return false;
	}
	fill_event(&text, rule->channel, event);
	rule->example = event;
	return read_action(reader, yaml_get(node, "action"), text.action, rule->channel, &event->action) &&
	       read_properties(reader, text.properties, event);
}

/* ---- Rules ---- */

struct rule_text {
	const char *name;
	int frequency, evidence;
	bool claims;
	struct yaml_node *points, *match, *example;
};

static const struct yaml_field rule_fields[] = {
	{.key = "name", .type = YAML_TEXT, .offset = offsetof(struct rule_text, name)},
	{.key = "frequency",
	 .type = YAML_WORD,
	 .offset = offsetof(struct rule_text, frequency),
	 .words = frequency_words,
	 .fallback = "normal"},
	{.key = "evidence",
	 .type = YAML_WORD,
	 .offset = offsetof(struct rule_text, evidence),
	 .words = evidence_words,
	 .fallback = "counted"},
	{.key = "claims", .type = YAML_BOOL, .offset = offsetof(struct rule_text, claims), .fallback = "no"},
	{.key = "points", .type = YAML_NODE, .offset = offsetof(struct rule_text, points)},
	{.key = "match", .type = YAML_NODE, .offset = offsetof(struct rule_text, match)},
	{.key = "example", .type = YAML_NODE, .offset = offsetof(struct rule_text, example)},
	{0},
};

static bool read_channel(const struct model_reader *reader, const struct yaml_node *node, struct model_rule *rule)
{
	size_t size = strcspn(rule->name, ".");
	for (size_t i = 0; i < COUNT_OF(channels); i++) {
		const char *word = channel_name(channels[i].channel);
		if (strlen(word) == size && strncmp(word, rule->name, size) == 0 && rule->name[size] == '.') {
			rule->channel = channels[i].channel;
			rule->other = strcmp(rule->name, channels[i].other) == 0;
			return true;
		}
	}
	return yaml_complain(reader->file, model_part_place(node, "name"), reader->fail,
			     "rule \"%s\": a name begins with its channel: web. email. or chat.", rule->name);
}

static bool read_points(const struct model_reader *reader, const struct yaml_node *node,
			const struct model_process *process, struct model_rule *rule)
{
	const char *words[PHASE_STATES + 1] = {NULL};
	memcpy(words, process->state_names, process->states * sizeof(*words));
	if (node == NULL) {
		return true;
	}
	if (node->kind != YAML_MAP) {
		return yaml_complain(reader->file, node, reader->fail, "\"points\" must be a map of phases");
	}
	for (size_t i = 0; i < node->count; i++) {
		int state;
		int64_t points;
		if (!yaml_word(node->keys[i], words, reader->file, "points", &state, reader->fail)) {
			return false;
		}
		if (!yaml_integer(node->items[i], &points) || points < 0 || points > 3) {
			return yaml_complain(reader->file, node->items[i], reader->fail,
					     "\"points.%s\" must be 0, 1, 2 or 3", node->keys[i]->text);
		}
		rule->points[state] = (unsigned)points;
	}
	return true;
}

/* What every rule but an `other` one must have. */
static bool check_rule(const struct model_reader *reader, const struct yaml_node *node,
		       const struct model_process *process, const struct model_rule *rule, unsigned before)
{
	for (unsigned i = 0; i < before; i++) {
		if (strcmp(process->rules[i].name, rule->name) == 0) {
			return yaml_complain(reader->file, model_part_place(node, "name"), reader->fail,
					     "rule \"%s\" stands twice (first on line %u)", rule->name,
					     process->rules[i].line);
		}
	}
	if (!rule->other && rule->condition_count == 0) {
		return yaml_complain(reader->file, node, reader->fail, "rule \"%s\" has no \"match\"", rule->name);
	}
	if (!rule->other && rule->example == NULL) {
		return yaml_complain(reader->file, node, reader->fail,
				     "rule \"%s\" has no \"example\": an event that must match it", rule->name);
	}
	if (rule->other && rule->ignored) {
		return yaml_complain(reader->file, model_part_place(node, "evidence"), reader->fail,
				     "rule \"%s\" cannot be ignored: what a touch says depends on it", rule->name);
	}
	return true;
}

static bool read_rule(const struct model_reader *reader, const struct yaml_node *node,
		      const struct model_process *process, struct model_rule *rule, unsigned before)
{
	struct rule_text text;
	if (!yaml_fill(node, rule_fields, reader->file, reader->arena, &text, reader->fail) ||
	    !model_part_name(reader, node, "name", text.name)) {
		return false;
	}
	*rule = (struct model_rule){
		.name = text.name,
		.frequency = (enum rule_frequency)text.frequency,
		.ignored = text.evidence == 1,
		.claims = text.claims,
		.line = node->line,
	};
	return read_channel(reader, node, rule) && read_points(reader, text.points, process, rule) &&
	       read_match(reader, text.match, process, rule) &&
	       (text.example == NULL || read_example(reader, text.example, rule)) &&
	       check_rule(reader, node, process, rule, before);
}

/* Each channel has a rule for touches that match nothing. */
static void add_others(struct model_process *process, struct model_rule *rules)
{
	for (size_t c = 0; c < COUNT_OF(channels); c++) {
		bool known = false;
		for (unsigned r = 0; r < process->rule_count; r++) {
			known = known || (rules[r].other && rules[r].channel == channels[c].channel);
		}
		if (!known) {
			rules[process->rule_count++] = (struct model_rule){
				.name = channels[c].other,
				.channel = channels[c].channel,
				.frequency = channels[c].frequency,
				.other = true,
			};
		}
	}
}

bool model_rules_read(const struct model_reader *reader, const struct yaml_node *contents,
		      const struct yaml_node *rules_node, struct model_process *process)
{
	const struct yaml_node *list;
	if (!read_contents(reader, contents, process) ||
	    !model_part_list(reader, rules_node, "rules", PHASE_RULES_MAX - COUNT_OF(channels), &list)) {
		return false;
	}
	size_t count = list == NULL ? 0 : list->count;
	struct model_rule *rules = model_part_zero(reader, count + COUNT_OF(channels), sizeof(*rules));
	if (rules == NULL) {
		return false;
	}
	process->rules = rules;
	for (size_t i = 0; i < count; i++) {
		if (!read_rule(reader, list->items[i], process, &rules[i], (unsigned)i)) {
			return false;
		}
	}
	process->rule_count = (unsigned)count;
	add_others(process, rules);
	return true;
}

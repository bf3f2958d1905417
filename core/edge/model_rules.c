/*
 * The rules of a process: what they match, what they speak for, the example that proves it.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/edge/model_part.h"

static const char *const evidence_words[] = {"counted", "ignored", NULL};
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

/* ---- Conditions ---- */

struct condition_text {
	const char *action, *source, *site, *host, *target_host, *content, *topic;
	const char *property_key;
	struct yaml_node *label, *path, *title, *form, *target, *property_value;
	int engaged;
};

#define CONDITION_TEXT(word) \
	{ \
		.key = #word, .type = YAML_TEXT, .offset = offsetof(struct condition_text, word), .fallback = "" \
	}

#define CONDITION_PATTERN(word) \
	{ \
		.key = #word, .type = YAML_NODE, .offset = offsetof(struct condition_text, word) \
	}

static const struct yaml_field property_fields[] = {
	{.key = "key", .type = YAML_TEXT, .offset = offsetof(struct condition_text, property_key), .fallback = ""},
	{.key = "value", .type = YAML_NODE, .offset = offsetof(struct condition_text, property_value)},
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
	CONDITION_PATTERN(label),
	CONDITION_PATTERN(path),
	CONDITION_PATTERN(title),
	CONDITION_PATTERN(form),
	CONDITION_PATTERN(target),
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
				  struct condition_text *text, bool *ret_some)
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
		{"target_host", &text->target_host, MODEL_TEXT_SIZE_MAX},
		{"property", &text->property_key, MODEL_NAME_SIZE_MAX},
	};
	bool some = text->engaged > 0;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!model_part_text(reader, node, rows[i].key, rows[i].max, rows[i].text)) {
			return false;
		}
		some = some || *rows[i].text != NULL;
	}
	*ret_some = some;
	return true;
}

static bool read_patterns(const struct model_reader *reader, const struct condition_text *text,
			  struct model_condition *condition, bool *ret_some)
{
	const struct {
		const char *key;
		const struct yaml_node *node;
		struct model_pattern *pattern;
	} rows[] = {
		{"label", text->label, &condition->label},
		{"path", text->path, &condition->path},
		{"title", text->title, &condition->title},
		{"form", text->form, &condition->form},
		{"target", text->target, &condition->target},
		{"property.value", text->property_value, &condition->property_value},
	};
	bool some = false;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!model_part_pattern(reader, rows[i].node, rows[i].key, rows[i].pattern)) {
			return false;
		}
		some = some || rows[i].pattern->text != NULL;
	}
	*ret_some = some;
	return true;
}

static bool check_condition(const struct model_reader *reader, const struct yaml_node *node,
			    const struct model_condition *condition, bool some)
{
	if (!some) {
		return yaml_complain(reader->file, node, reader->fail, "an empty condition would take everything");
	}
	if ((condition->property_key == NULL) != (condition->property_value.text == NULL)) {
		return yaml_complain(reader->file, model_part_place(node, "property"), reader->fail,
				     "\"property\" needs \"key\" and \"value\"");
	}
	return true;
}

static bool check_content_known(const struct model_reader *reader, const struct yaml_node *node,
				const struct model_process *process)
{
	size_t mark = reader->arena->used;
	const char **words = model_part_zero(reader, process->content_count + 1, sizeof(*words));
	if (words == NULL) {
		return false;
	}
	for (unsigned i = 0; i < process->content_count; i++) {
		words[i] = process->contents[i].name;
	}
	int index;
	bool known = yaml_name(node, words, reader->file, "content", "none of the contents", &index, reader->fail);
	arena_back(reader->arena, mark); /* thousands of conditions may name a content */
	return known;
}

static bool read_condition(const struct model_reader *reader, const struct yaml_node *node,
			   const struct model_process *process, enum channel channel,
			   struct model_condition *condition)
{
	struct condition_text text;
	bool some_text, some_pattern;
	if (!yaml_fill(node, condition_fields, reader->file, reader->arena, &text, reader->fail) ||
	    !check_condition_texts(reader, node, &text, &some_text) ||
	    !read_patterns(reader, &text, condition, &some_pattern)) {
		return false;
	}
	if (text.content != NULL && !check_content_known(reader, yaml_get(node, "content"), process)) {
		return false;
	}
	condition->source = text.source;
	condition->site = text.site;
	condition->host = text.host;
	condition->target_host = text.target_host;
	condition->content = text.content;
	condition->topic = text.topic;
	condition->property_key = text.property_key;
	condition->engagement_min = text.engaged;
	condition->line = node->line;
	return check_condition(reader, node, condition, some_text || some_pattern) &&
	       (text.action == NULL ||
		model_action_read(reader, yaml_get(node, "action"), text.action, channel, &condition->action));
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
	bool good = true;
	for (size_t i = 0; i < count; i++) {
		if (!read_condition(reader, list->items[i], process, rule->channel, &conditions[i]) &&
		    !model_part_go_on(reader, &good)) {
			return false;
		}
	}
	rule->conditions = conditions;
	rule->condition_count = (unsigned)count;
	return good;
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
	 .words = rule_frequency_names,
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

static bool complain_channel(const struct model_reader *reader, const struct yaml_node *node, const char *name)
{
	char word[MODEL_NAME_SIZE_MAX + 1];
	const char *words[COUNT_OF(channels)];
	for (size_t i = 0; i < COUNT_OF(channels); i++) {
		words[i] = channel_name(channels[i].channel);
	}
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, "."), name);
	const char *nearest = strchr(name, '.') != NULL ? text_nearest(word, words, COUNT_OF(words)) : NULL;
	return yaml_complain(reader->file, model_part_place(node, "name"), reader->fail,
			     "rule \"%s\": a name begins with its channel: web. email. or chat.%s%s%s", name,
			     nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
			     nearest != NULL ? ".\"?)" : "");
}

static bool read_channel(const struct model_reader *reader, const struct yaml_node *node, struct model_rule *rule)
{
	size_t size = strcspn(rule->name, ".");
	for (size_t i = 0; i < COUNT_OF(channels); i++) {
		const char *word = channel_name(channels[i].channel);
		if (strlen(word) == size && strncmp(word, rule->name, size) == 0 && rule->name[size] == '.') {
			rule->channel = channels[i].channel;
			rule->other = strcmp(rule->name, channels[i].other) == 0;
			return rule->name[size + 1] != '\0' ||
			       yaml_complain(reader->file, model_part_place(node, "name"), reader->fail,
					     "rule \"%s\": a word is missing behind the channel, as in %spricing",
					     rule->name, rule->name);
		}
	}
	return complain_channel(reader, node, rule->name);
}

static bool read_phase_points(const struct model_reader *reader, const struct yaml_node *node, size_t i,
			      const char *const *words, struct model_rule *rule)
{
	int state;
	int64_t points;
	if (!yaml_name(node->keys[i], words, reader->file, "points", "no phase of this process", &state,
		       reader->fail)) {
		return false;
	}
	if (!yaml_integer(node->items[i], &points) || points < 0 || points > 3) {
		bool is_text = node->items[i]->kind == YAML_SCALAR;
		return yaml_complain(reader->file, node->items[i], reader->fail,
				     "\"points.%s\" must be 0, 1, 2 or 3%s%.40s", node->keys[i]->text,
				     is_text ? ", not " : "", is_text ? node->items[i]->text : "");
	}
	rule->points[state] = (unsigned)points;
	return true;
}

/* `points: {}`, as model lint prints it: somebody has yet to think about them. */
static void advise_points(const struct model_reader *reader, const struct yaml_node *node,
			  const struct model_process *process, const struct model_rule *rule)
{
	char instead[FINDING_TEXT_SIZE];
	size_t used = (size_t)snprintf(instead, sizeof(instead), "points from 1 to 3 for some of ");
	for (unsigned k = 0; k < process->states && used < sizeof(instead); k++) {
		used += (size_t)snprintf(instead + used, sizeof(instead) - used, "%s%s", k > 0 ? ", " : "",
					 process->state_names[k]);
	}
	if (used < sizeof(instead)) {
		snprintf(instead + used, sizeof(instead) - used,
			 "; or leave \"points\" out, if such a touch speaks for none");
	}
	findings_add(reader->findings, FINDING_ADVICE, reader->file, node->line, instead,
		     "rule \"%s\" says nothing yet: its \"points\" are empty", rule->name);
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
	bool good = true;
	for (size_t i = 0; i < node->count; i++) {
		if (!read_phase_points(reader, node, i, words, rule) && !model_part_go_on(reader, &good)) {
			return false;
		}
	}
	if (node->count == 0 && reader->findings != NULL) {
		advise_points(reader, node, process, rule);
	}
	return good;
}

static bool check_new_name(const struct model_reader *reader, const struct yaml_node *node,
			   const struct model_process *process, const struct model_rule *rule, unsigned before)
{
	for (unsigned i = 0; i < before; i++) {
		if (strcmp(process->rules[i].name, rule->name) == 0) {
			return yaml_complain(reader->file, model_part_place(node, "name"), reader->fail,
					     "rule \"%s\" stands twice (first on line %u)", rule->name,
					     process->rules[i].line);
		}
	}
	return true;
}

/* What every rule but an `other` one must have. */
static bool check_rule(const struct model_reader *reader, const struct yaml_node *node,
		       const struct model_rule *rule)
{
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
	    (text.name[0] == '.' && !complain_channel(reader, node, text.name)) ||
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
	bool good = true;
	if (!read_channel(reader, node, rule)) {
		return false;
	}
	if ((!read_points(reader, text.points, process, rule) && !model_part_go_on(reader, &good)) ||
	    (!read_match(reader, text.match, process, rule) && !model_part_go_on(reader, &good)) ||
	    (text.example != NULL && !model_example_read(reader, text.example, rule) &&
	     !model_part_go_on(reader, &good))) {
		return false;
	}
	if (!check_new_name(reader, node, process, rule, before) && !model_part_go_on(reader, &good)) {
		return false;
	}
	return good && check_rule(reader, node, rule);
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
		      const struct yaml_node *rules_node, const struct yaml_node *learned,
		      struct model_process *process)
{
	const struct yaml_node *list;
	bool good = true;
	if ((!model_contents_read(reader, contents, process) && !model_part_go_on(reader, &good)) ||
	    !model_part_list(reader, rules_node, "rules", PHASE_RULES_MAX, &list)) {
		return false;
	}
	size_t count = list == NULL ? 0 : list->count;
	struct model_rule *rules = model_part_zero(reader, count + COUNT_OF(channels), sizeof(*rules));
	if (rules == NULL) {
		return false;
	}
	process->rules = rules;
	for (size_t i = 0; i < count; i++) {
		struct model_rule *rule = &rules[process->rule_count];
		if (!read_rule(reader, list->items[i], process, rule, process->rule_count) &&
		    !model_part_go_on(reader, &good)) {
			return false;
		}
		process->rule_count +=
			rule->name != NULL; /* of two of one name both are wrong, whatever else is */
	}
	add_others(process, rules);
	if (process->rule_count > PHASE_RULES_MAX) {
		return yaml_complain(
			reader->file, rules_node, reader->fail,
			"\"rules\" has over %d entries, counting those for touches that match nothing",
			PHASE_RULES_MAX);
	}
	return model_learned_read(reader, learned, process, rules) && good;
}

/*
 * Subjects → rules. What is asked of which condition is said in match.h; match_make.c has filed the conditions, so that
 * only those are looked at that some text of the subject leads to, and those that are always looked at.
 */
#include "core/flow/match.h"

#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/flow/match_inside.h"

#define NO_NUMBER UINT32_MAX
#define ROOM_SIZE \
	((size_t)16 * \
	 1024) /* all texts of a subject, folded; one that does not fit fits regular expressions only */
#define KEYS_MAX (FIELD_COUNT + SUBJECT_PROPERTIES_MAX + SUBJECT_TOPICS_MAX)
#define SUBJECT_TOPICS_MAX 128 /* of a subject; its field is too short for more */

/* What is looked up: see KEY_FIELD. */
struct key {
	const char *text;
	size_t size;
};

/* A subject as conditions look at it. */
struct looked_at {
	const struct matcher *matcher;
	const struct process *process;
	const struct subject *subject;
	const char *content; /* name of the content matched, or "" */
	struct match_text texts[FIELD_PROPERTY];
	struct match_text properties[SUBJECT_PROPERTIES_MAX];
	struct key keys[KEYS_MAX];
	unsigned key_count;
	size_t used; /* of room */
	char room[ROOM_SIZE];
};

/* ---- A subject ---- */

/* Takes a key, of which the text is in the room already. */
static void add_key(struct looked_at *looked, size_t size)
{
	CHECK(looked->key_count < KEYS_MAX);
	looked->keys[looked->key_count++] = (struct key){looked->room + looked->used, size};
	looked->used += size + 1;
}

/* A text as patterns look at it, and the key that it is looked up by. `property`: its key, else NULL. */
static void look_at(struct looked_at *looked, enum field field, const char *property, const char *text,
		    struct match_text *ret_text)
{
	size_t before = 1 + (property != NULL ? strlen(property) + 1 : 0);
	size_t left = ROOM_SIZE - looked->used;
	char *room = looked->room + looked->used;
	match_pattern_text(ret_text, text, left > before ? room + before : NULL,
			   left > before ? left - before : 0);
	if (ret_text->folded == NULL || ret_text->folded_size == 0) {
		ret_text->folded = ret_text->folded != NULL ? "" : NULL; /* nothing of the room is taken */
		return;
	}
	room[0] = KEY_FIELD(field);
	if (property != NULL) {
		memcpy(room + 1, property, before - 2);
		room[before - 1] = KEY_END;
	}
	add_key(looked, before + ret_text->folded_size);
}

/* A name that must be equal. */
static void look_for(struct looked_at *looked, enum field field, const char *name, size_t size)
{
	if (size > 0 && ROOM_SIZE - looked->used > size + 1) {
		looked->room[looked->used] = KEY_FIELD(field);
		memcpy(looked->room + looked->used + 1, name, size);
		add_key(looked, 1 + size);
	}
}

static void look_for_topics(struct looked_at *looked, const char *topics)
{
	for (unsigned i = 0; *topics != '\0' && i < SUBJECT_TOPICS_MAX;) {
		size_t size = strcspn(topics, ",");
		look_for(looked, FIELD_TOPIC, topics, size);
		i += size > 0;
		topics += size + (topics[size] == ',');
	}
}

static void look_at_subject(struct looked_at *looked, const struct matcher *matcher, const struct subject *subject)
{
	looked->matcher = matcher;
	looked->subject = subject;
	looked->content = "";
	looked->key_count = 0;
	looked->used = 0;
	look_for_topics(looked, subject->topic);
	look_for(looked, FIELD_CONTENT_ID, subject->content_id, strlen(subject->content_id));
	const char *const texts[FIELD_PROPERTY] = {
		[FIELD_PATH] = subject->path,	 [FIELD_TARGET] = subject->target_path,
		[FIELD_TITLE] = subject->title,	 [FIELD_LABEL] = subject->label,
		[FIELD_FORM] = subject->form_id,
	};
	for (unsigned i = 0; i < FIELD_PROPERTY; i++) {
		look_at(looked, (enum field)i, NULL, texts[i], &looked->texts[i]);
	}
	for (unsigned i = 0; i < subject->properties_count; i++) {
		look_at(looked, FIELD_PROPERTY, subject->property_keys[i], subject->property_values[i],
			&looked->properties[i]);
	}
}

/* ---- The first of what is filed that holds ---- */

typedef bool number_holds(const struct looked_at *looked, unsigned number);

static unsigned first_in(const struct looked_at *looked, const struct beginnings_run *run, unsigned best,
			 number_holds *holds)
{
	for (size_t i = 0; i < run->count && run->first[i].number < best; i++) {
		if (holds(looked, run->first[i].number)) {
			return run->first[i].number;
		}
	}
	return best;
}

/* NO_NUMBER: none. What is always looked at comes last: regular expressions are among it, and those behind what holds
 * already need not be asked. */
static unsigned first_of(const struct looked_at *looked, const struct lookup *lookup, number_holds *holds)
{
	unsigned best = NO_NUMBER;
	for (unsigned k = 0; k < looked->key_count; k++) {
		const struct key *key = &looked->keys[k];
		for (int node = beginnings_longest(&lookup->keys, key->text, key->size); node != BEGINNINGS_NONE;
		     node = beginnings_shorter(&lookup->keys, node)) {
			struct beginnings_run whole, begun;
			beginnings_numbers(&lookup->keys, node, key->size, &whole, &begun);
			best = first_in(looked, &whole, best, holds);
			best = first_in(looked, &begun, best, holds);
		}
	}
	for (unsigned i = 0; i < lookup->always_count && lookup->always[i] < best; i++) {
		if (holds(looked, lookup->always[i])) {
			return lookup->always[i];
		}
	}
	return best;
}

/* ---- Contents ---- */

static bool has_id(const struct looked_at *looked, unsigned number)
{
	const char *id = looked->process->about->contents[number].content_id;
	return id != NULL && strcmp(id, looked->subject->content_id) == 0;
}

/* The page's path, or the target's where there is no page. */
static bool has_path(const struct looked_at *looked, unsigned number)
{
	enum field field = looked->subject->path[0] != '\0' ? FIELD_PATH : FIELD_TARGET;
	return looked->subject->target_path[0] + looked->subject->path[0] != 0 &&
	       looked->process->about->contents[number].path.text != NULL &&
	       match_pattern_fits(&looked->matcher->patterns, &looked->process->content_paths[number],
				  &looked->texts[field]);
}

/* By the sender's id, else by path; "" when it is none of the process's contents. */
static const char *content_of(const struct looked_at *looked)
{
	const struct lookup *contents = &looked->process->contents;
	unsigned found = first_of(looked, contents, has_id);
	found = found != NO_NUMBER ? found : first_of(looked, contents, has_path);
	return found != NO_NUMBER ? looked->process->about->contents[found].name : "";
}

/* ---- Conditions ---- */

static bool equals(const char *wanted, const char *text)
{
	return wanted == NULL || strcmp(wanted, text) == 0;
}

/* The host itself or one below it, in any case; a port does not matter. */
static bool is_host(const char *wanted, const char *host)
{
	if (wanted == NULL) {
		return true;
	}
	size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	size_t wanted_size = strlen(wanted);
	return size >= wanted_size && strncasecmp(host + size - wanted_size, wanted, wanted_size) == 0 &&
	       (size == wanted_size || host[size - wanted_size - 1] == '.');
}

/* NULL: the subject has no such property. */
static const struct match_text *property_of(const struct looked_at *looked, const char *key)
{
	for (unsigned i = 0; i < looked->subject->properties_count; i++) {
		if (strcmp(looked->subject->property_keys[i], key) == 0) {
			return &looked->properties[i];
		}
	}
	return NULL;
}

static bool passes(const struct looked_at *looked, const struct condition *condition, const struct check *check)
{
	const struct match_text *text = check->field == FIELD_PROPERTY
						? property_of(looked, condition->about->property_key)
						: &looked->texts[check->field];
	return text != NULL && match_pattern_fits(&looked->matcher->patterns, &check->pattern, text);
}

/* All that is given must hold; what costs least is looked at first. */
static bool holds(const struct looked_at *looked, unsigned number)
{
	const struct condition *condition = &looked->process->conditions[number];
	const struct model_condition *about = condition->about;
	const struct subject *subject = looked->subject;
	bool good = (about->action == 0 || about->action == subject->action) &&
		    subject->engagement >= about->engagement_min && equals(about->source, subject->source) &&
		    equals(about->site, subject->site) && equals(about->content, looked->content) &&
		    is_host(about->host, subject->host) && is_host(about->target_host, subject->target_host) &&
		    (about->topic == NULL || text_is_among(about->topic, subject->topic));
	for (unsigned i = 0; good && i < condition->check_count; i++) {
		good = passes(looked, condition, &condition->checks[i]);
	}
	return good;
}

static int rule_of(const struct looked_at *looked)
{
	const struct process *process = looked->process;
	int channel = looked->subject->channel;
	unsigned found = first_of(looked, &process->rules[channel], holds);
	return found != NO_NUMBER ? (int)process->conditions[found].rule : process->other[channel];
}

/* ---- Processes ---- */

static const char *content_in(struct looked_at *looked, unsigned process)
{
	looked->process = &looked->matcher->processes[process];
	return content_of(looked);
}

static bool is_claimed(struct looked_at *looked, unsigned process)
{
	looked->process = &looked->matcher->processes[process];
	return first_of(looked, &looked->process->claims[looked->subject->channel], holds) != NO_NUMBER;
}

/* And which of its contents it is: "", where all were asked in vain. */
static unsigned process_of(struct looked_at *looked, const char **ret_content)
{
	const struct model *model = looked->matcher->model;
	unsigned standard = model->process_count - 1;
	for (unsigned i = 0; i < model->process_count; i++) {
		if (strcmp(model->processes[i].name, looked->subject->process) == 0) {
			*ret_content = content_in(looked, i);
			return i;
		}
	}
	for (unsigned i = 0; i < model->process_count; i++) {
		*ret_content = content_in(looked, i);
		if ((*ret_content)[0] != '\0') {
			return i;
		}
	}
	for (unsigned i = 0; i < standard; i++) {
		if (is_claimed(looked, i)) {
			return i;
		}
	}
	looked->process = &looked->matcher->processes[standard];
	return standard;
}

/* ---- What else a match says ---- */

/* Clicks on one thing are clicks on one link, whichever address led there. */
static uint64_t link_of(const struct subject *subject, const char *content)
{
	const char *name = content[0] != '\0' ? content : subject->content_id;
	struct hash_piece pieces[2] = {{name, strlen(name)}, {"", 0}};
	if (name[0] == '\0') {
		pieces[0] = (struct hash_piece){subject->target_host, strlen(subject->target_host)};
		pieces[1] = (struct hash_piece){subject->target_path, strlen(subject->target_path)};
	}
	return pieces[0].size + pieces[1].size == 0 ? 0 : hash_64(pieces, COUNT_OF(pieces));
}

/* The states that a main or fine phase's name means. */
static uint16_t states_of(const struct model_process *process, const char *name)
{
	unsigned mask = 0;
	for (unsigned k = 1; k < process->states; k++) {
		bool named = strcasecmp(name, process->state_names[k]) == 0 ||
			     strcasecmp(name, main_phase_name(process->state_main[k])) == 0;
		mask |= named ? 1u << k : 0;
	}
	return (uint16_t)mask;
}

static bool is_over(const char *opportunity)
{
	return strcmp(opportunity, opportunity_state_name(OPPORTUNITY_WON)) == 0 ||
	       strcmp(opportunity, opportunity_state_name(OPPORTUNITY_LOST)) == 0;
}

void matcher_match(const struct matcher *matcher, const struct subject *subject, struct match *ret_match)
{
	struct looked_at looked;
	CHECK(subject->channel >= 0 && subject->channel < CHANNEL_COUNT);
	look_at_subject(&looked, matcher, subject);
	struct match match = {.rule = MATCH_NO_RULE, .content = ""};
	match.process = (int)process_of(&looked, &match.content);
	if (action_is_evidence(subject->action, (enum channel)subject->channel)) {
		looked.content = match.content;
		look_for(&looked, FIELD_CONTENT, match.content, strlen(match.content));
		match.rule = rule_of(&looked);
	}
	if (subject->action == ACTION_EMAIL_CLICK && match.rule != MATCH_NO_RULE) {
		match.mail_click = true;
		match.link = link_of(subject, match.content);
	}
	if (subject->action == ACTION_CONFIRM) {
		match.confirm = states_of(looked.process->about, subject->label);
	} else if (subject->action == ACTION_OPP_CHANGED && is_over(subject->label)) {
		match.confirm = MATCH_CLOSES;
	}
	*ret_match = match;
}

bool matcher_rule_holds(const struct matcher *matcher, unsigned process, unsigned rule,
			const struct subject *subject, const struct model_condition **ret_condition)
{
	struct looked_at looked;
	const struct process *own = &matcher->processes[process];
	const struct model_rule *about = &own->about->rules[rule];
	if ((int)about->channel != subject->channel) {
		return false;
	}
	look_at_subject(&looked, matcher, subject);
	looked.content = content_in(&looked, process);
	for (unsigned i = 0; i < about->condition_count; i++) {
		if (holds(&looked, own->first_condition[rule] + i)) {
			if (ret_condition != NULL) {
				*ret_condition = &about->conditions[i];
			}
			return true;
		}
	}
	return false;
}

const struct model *matcher_model(const struct matcher *matcher)
{
	return matcher->model;
}

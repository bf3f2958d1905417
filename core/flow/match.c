/*
 * Subjects → rules. Patterns are compiled once and interpreted, not JIT-compiled: a subject is matched once, so speed is
 * not the point, and a pattern that runs into its limits must run into them on every machine (docs/decisions/).
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/flow/match.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/base/hash.h"

#define MATCH_STEPS_MAX 100000
#define MATCH_DEPTH_MAX 10000
#define MATCH_HEAP_KIB_MAX 8192

enum pattern {
	PATTERN_LABEL,
	PATTERN_PATH,
	PATTERN_TITLE,
	PATTERN_FORM,
	PATTERN_TARGET,
	PATTERN_PROPERTY,
	PATTERN_COUNT
};

static const char *const pattern_names[PATTERN_COUNT] = {"label", "path", "title", "form", "target", "property"};

struct condition {
	const struct model_condition *about;
	pcre2_code *patterns[PATTERN_COUNT]; /* NULL: not given */
};

struct process {
	const struct model_process *about;
	struct condition *conditions;	     /* of all rules, one after another */
	unsigned first[PHASE_RULES_MAX + 1]; /* where each rule's conditions begin */
	pcre2_code **content_paths;	     /* NULL elements: none */
};

struct matcher {
	const struct model *model;
	struct process processes[MODEL_PROCESSES_MAX];
	pcre2_match_context *limits;
	pcre2_match_data *found;
};

/* ---- Compiling ---- */

static bool complain_memory(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "model: out of memory for its patterns");
}

/* NULL pattern: *ret_code stays NULL. */
static bool compile(const char *pattern, pcre2_code **ret_code, char *ret_why, size_t why_size)
{
	int error;
	PCRE2_SIZE at;
	if (pattern == NULL) {
		return true;
	}
	*ret_code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
				  PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS, &error, &at, NULL);
	if (*ret_code != NULL) {
		return true;
	}
	PCRE2_UCHAR text[128];
	pcre2_get_error_message(error, text, sizeof(text));
	snprintf(ret_why, why_size, "\"%.80s\" is no pattern: %s at character %zu", pattern, (const char *)text,
		 at + 1);
	return false;
}

static bool compile_condition(struct condition *condition, const struct model_process *process,
			      const struct model_rule *rule, struct fail *fail)
{
	const struct model_condition *about = condition->about;
	const char *const patterns[PATTERN_COUNT] = {about->label, about->path,	  about->title,
						     about->form,  about->target, about->property_value};
	for (unsigned i = 0; i < PATTERN_COUNT; i++) {
		char why[256];
		if (!compile(patterns[i], &condition->patterns[i], why, sizeof(why))) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s:%u: rule \"%s\": \"%s\": %s",
					process->file, about->line, rule->name, pattern_names[i], why);
		}
	}
	return true;
}

static bool compile_rules(struct process *process, struct fail *fail)
{
	const struct model_process *about = process->about;
	unsigned total = 0;
	for (unsigned r = 0; r < about->rule_count; r++) {
		process->first[r] = total;
		total += about->rules[r].condition_count;
	}
	process->first[about->rule_count] = total;
	process->conditions = calloc(total + 1, sizeof(*process->conditions));
	if (process->conditions == NULL) {
		return complain_memory(fail);
	}
	for (unsigned r = 0; r < about->rule_count; r++) {
		for (unsigned i = 0; i < about->rules[r].condition_count; i++) {
			struct condition *condition = &process->conditions[process->first[r] + i];
			condition->about = &about->rules[r].conditions[i];
			if (!compile_condition(condition, about, &about->rules[r], fail)) {
				return false;
			}
		}
	}
	return true;
}

static bool compile_contents(struct process *process, struct fail *fail)
{
	const struct model_process *about = process->about;
	process->content_paths = calloc(about->content_count + 1, sizeof(*process->content_paths));
	if (process->content_paths == NULL) {
		return complain_memory(fail);
	}
	for (unsigned i = 0; i < about->content_count; i++) {
		char why[256];
		if (!compile(about->contents[i].path, &process->content_paths[i], why, sizeof(why))) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s:%u: content \"%s\": \"path\": %s",
					about->file, about->contents[i].line, about->contents[i].name, why);
		}
	}
	return true;
}

struct matcher *matcher_create(const struct model *model, struct fail *fail)
{
	struct matcher *matcher = calloc(1, sizeof(*matcher));
	if (matcher == NULL) {
		complain_memory(fail);
		return NULL;
	}
	matcher->model = model;
	matcher->limits = pcre2_match_context_create(NULL);
	matcher->found = pcre2_match_data_create(1, NULL);
	if (matcher->limits == NULL || matcher->found == NULL) {
		complain_memory(fail);
		goto fail;
	}
	pcre2_set_match_limit(matcher->limits, MATCH_STEPS_MAX);
	pcre2_set_depth_limit(matcher->limits, MATCH_DEPTH_MAX);
	pcre2_set_heap_limit(matcher->limits, MATCH_HEAP_KIB_MAX);
	for (unsigned i = 0; i < model->process_count; i++) {
		matcher->processes[i].about = &model->processes[i];
		if (!compile_rules(&matcher->processes[i], fail) ||
		    !compile_contents(&matcher->processes[i], fail)) {
			goto fail;
		}
	}
	return matcher;
fail:
	matcher_destroy(matcher);
	return NULL;
}

static void finish_process(struct process *process)
{
	for (unsigned i = 0; process->conditions != NULL && i < process->first[process->about->rule_count]; i++) {
		for (unsigned p = 0; p < PATTERN_COUNT; p++) {
			pcre2_code_free(process->conditions[i].patterns[p]);
		}
	}
	for (unsigned i = 0; process->content_paths != NULL && i < process->about->content_count; i++) {
		pcre2_code_free(process->content_paths[i]);
	}
	free(process->conditions);
	free(process->content_paths);
}

void matcher_destroy(struct matcher *matcher)
{
	if (matcher == NULL) {
		return;
	}
	for (unsigned i = 0; i < matcher->model->process_count; i++) {
		finish_process(&matcher->processes[i]);
	}
	pcre2_match_data_free(matcher->found);
	pcre2_match_context_free(matcher->limits);
	free(matcher);
}

/* ---- Matching ---- */

/* NULL code: not asked for, so it holds. */
static bool fits(const struct matcher *matcher, const pcre2_code *code, const char *text)
{
	return code == NULL ||
	       pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, matcher->found, matcher->limits) >= 0;
}

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

/* One of "a,b,c"? */
static bool has_topic(const char *wanted, const char *topics)
{
	size_t size = wanted == NULL ? 0 : strlen(wanted);
	for (const char *at = topics; wanted != NULL && *at != '\0';) {
		size_t word = strcspn(at, ",");
		if (word == size && strncmp(at, wanted, size) == 0) {
			return true;
		}
		at += word + (at[word] == ',');
	}
	return wanted == NULL;
}

static const char *property_of(const struct subject *subject, const char *key)
{
	for (unsigned i = 0; i < subject->properties_count; i++) {
		if (strcmp(subject->property_keys[i], key) == 0) {
			return subject->property_values[i];
		}
	}
	return NULL;
}

static bool has_property(const struct matcher *matcher, const struct condition *condition,
			 const struct subject *subject)
{
	if (condition->about->property_key == NULL) {
		return true;
	}
	const char *value = property_of(subject, condition->about->property_key);
	return value != NULL && fits(matcher, condition->patterns[PATTERN_PROPERTY], value);
}

/* All that is given must hold; what costs least is looked at first. */
static bool holds(const struct matcher *matcher, const struct condition *condition, const struct subject *subject,
		  const char *content)
{
	const struct model_condition *about = condition->about;
	return (about->action == 0 || about->action == subject->action) &&
	       subject->engagement >= about->engagement_min && equals(about->source, subject->source) &&
	       equals(about->site, subject->site) && equals(about->content, content) &&
	       is_host(about->host, subject->host) && is_host(about->target_host, subject->target_host) &&
	       has_topic(about->topic, subject->topic) &&
	       fits(matcher, condition->patterns[PATTERN_PATH], subject->path) &&
	       fits(matcher, condition->patterns[PATTERN_TARGET], subject->target_path) &&
	       fits(matcher, condition->patterns[PATTERN_FORM], subject->form_id) &&
	       fits(matcher, condition->patterns[PATTERN_LABEL], subject->label) &&
	       fits(matcher, condition->patterns[PATTERN_TITLE], subject->title) &&
	       has_property(matcher, condition, subject);
}

static bool rule_holds(const struct matcher *matcher, const struct process *process, unsigned rule,
		       const struct subject *subject, const char *content)
{
	if ((int)process->about->rules[rule].channel != subject->channel) {
		return false;
	}
	for (unsigned i = process->first[rule]; i < process->first[rule + 1]; i++) {
		if (holds(matcher, &process->conditions[i], subject, content)) {
			return true;
		}
	}
	return false;
}

static int rule_of(const struct matcher *matcher, const struct process *process, const struct subject *subject,
		   const char *content)
{
	int other = MATCH_NO_RULE;
	for (unsigned r = 0; r < process->about->rule_count; r++) {
		const struct model_rule *rule = &process->about->rules[r];
		if (rule_holds(matcher, process, r, subject, content)) {
			return (int)r;
		}
		if (rule->other && (int)rule->channel == subject->channel) {
			other = (int)r;
		}
	}
	return other;
}

/* By the sender's id, else by path; "" when it is none of the process's contents. */
static const char *content_of(const struct matcher *matcher, const struct process *process,
			      const struct subject *subject)
{
	const struct model_process *about = process->about;
	const char *path = subject->path[0] != '\0' ? subject->path : subject->target_path;
	for (unsigned i = 0; subject->content_id[0] != '\0' && i < about->content_count; i++) {
		if (about->contents[i].content_id != NULL &&
		    strcmp(about->contents[i].content_id, subject->content_id) == 0) {
			return about->contents[i].name;
		}
	}
	for (unsigned i = 0; path[0] != '\0' && i < about->content_count; i++) {
		if (process->content_paths[i] != NULL && fits(matcher, process->content_paths[i], path)) {
			return about->contents[i].name;
		}
	}
	return "";
}

static bool is_claimed(const struct matcher *matcher, const struct process *process, const struct subject *subject)
{
	for (unsigned r = 0; r < process->about->rule_count; r++) {
		if (process->about->rules[r].claims && rule_holds(matcher, process, r, subject, "")) {
			return true;
		}
	}
	return false;
}

static unsigned process_of(const struct matcher *matcher, const struct subject *subject)
{
	const struct model *model = matcher->model;
	unsigned standard = model->process_count - 1;
	for (unsigned i = 0; i < model->process_count; i++) {
		if (strcmp(model->processes[i].name, subject->process) == 0) {
			return i;
		}
	}
	for (unsigned i = 0; i < standard; i++) {
		if (content_of(matcher, &matcher->processes[i], subject)[0] != '\0') {
			return i;
		}
	}
	if (content_of(matcher, &matcher->processes[standard], subject)[0] != '\0') {
		return standard;
	}
	for (unsigned i = 0; i < standard; i++) {
		if (is_claimed(matcher, &matcher->processes[i], subject)) {
			return i;
		}
	}
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
	unsigned number = process_of(matcher, subject);
	const struct process *process = &matcher->processes[number];
	struct match match = {.process = (int)number, .rule = MATCH_NO_RULE};
	match.content = content_of(matcher, process, subject);
	if (action_is_evidence(subject->action, (enum channel)subject->channel)) {
		match.rule = rule_of(matcher, process, subject, match.content);
	}
	if (subject->action == ACTION_EMAIL_CLICK && match.rule != MATCH_NO_RULE) {
		match.mail_click = true;
		match.link = link_of(subject, match.content);
	}
	if (subject->action == ACTION_CONFIRM) {
		match.confirm = states_of(process->about, subject->label);
	} else if (subject->action == ACTION_OPP_CHANGED && is_over(subject->label)) {
		match.confirm = MATCH_CLOSES;
	}
	*ret_match = match;
}

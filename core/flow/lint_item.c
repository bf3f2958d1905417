/*
 * What a subject that matches only `other` is known by: the text that a rule for it would ask for. And where that rule must stand, which the
 * matcher says.
 */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/base/unicode.h"
#include "core/flow/lint_inside.h"

#define URL_SIZE_MAX 1024 /* of an example; "https://" is put before host and path */

static bool is_given(const char *text)
{
	return text[0] != '\0' && text_is_plain(text) && text_is_utf8(text, strlen(text));
}

static enum lint_kind kind_of(const struct subject *subject, const char **ret_text)
{
	const char *const texts[] = {[LINT_FORM] = subject->form_id,
				     [LINT_LABEL] = subject->label,
				     [LINT_TARGET] = subject->target_path,
				     [LINT_TOPIC] = subject->topic,
				     [LINT_ACTION] = "",
				     [LINT_PATH] = subject->path,
				     [LINT_TITLE] = subject->title,
				     [LINT_NOTHING] = ""};
	static const struct {
		int action;
		enum lint_kind kinds[4]; /* the first that is given */
	} rows[] = {
		{ACTION_FORM_SUBMIT, {LINT_FORM, LINT_PATH, LINT_TITLE, LINT_NOTHING}},
		{ACTION_FORM_START, {LINT_FORM, LINT_PATH, LINT_TITLE, LINT_NOTHING}},
		{ACTION_CUSTOM, {LINT_LABEL, LINT_PATH, LINT_TITLE, LINT_NOTHING}},
		{ACTION_BUTTON_CLICK, {LINT_LABEL, LINT_PATH, LINT_TITLE, LINT_NOTHING}},
		{ACTION_LINK_OUT, {LINT_TARGET, LINT_PATH, LINT_TITLE, LINT_NOTHING}},
		{ACTION_SITE_SEARCH, {LINT_ACTION, LINT_NOTHING, LINT_NOTHING, LINT_NOTHING}},
		{ACTION_EMAIL_CLICK, {LINT_TARGET, LINT_LABEL, LINT_NOTHING, LINT_NOTHING}},
		{ACTION_EMAIL_REPLY, {LINT_TOPIC, LINT_ACTION, LINT_NOTHING, LINT_NOTHING}},
		{ACTION_EMAIL_FORWARD, {LINT_ACTION, LINT_NOTHING, LINT_NOTHING, LINT_NOTHING}},
		{ACTION_EMAIL_OPEN, {LINT_ACTION, LINT_NOTHING, LINT_NOTHING, LINT_NOTHING}},
		{ACTION_CHAT_MESSAGE, {LINT_TOPIC, LINT_NOTHING, LINT_NOTHING, LINT_NOTHING}},
		{0, {LINT_PATH, LINT_TITLE, LINT_NOTHING, LINT_NOTHING}},
	};
	size_t row = 0;
	while (rows[row].action != subject->action && rows[row].action != 0) {
		row++;
	}
	for (size_t i = 0; i < COUNT_OF(rows[row].kinds); i++) {
		enum lint_kind kind = rows[row].kinds[i];
		*ret_text = texts[kind];
		if (kind == LINT_NOTHING || kind == LINT_ACTION || is_given(texts[kind])) {
			return kind;
		}
	}
	return LINT_NOTHING;
}

/* Would its example be too long for an event, or another one when it is read back? */
static bool can_be_shown(const struct subject *subject)
{
	const char *const texts[] = {subject->source, subject->site,	    subject->label,	 subject->host,
				     subject->path,   subject->title,	    subject->content_id, subject->form_id,
				     subject->topic,  subject->target_host, subject->target_path};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (texts[i][0] != '\0' && !is_given(texts[i])) {
			return false;
		}
	}
	size_t https = strlen("https://");
	return https + strlen(subject->host) + strlen(subject->path) <= URL_SIZE_MAX &&
	       https + strlen(subject->target_host) + strlen(subject->target_path) <= URL_SIZE_MAX;
}

/* Of a topic list the first: the only one of most messages. */
static const char *first_topic(const char *topics, struct arena *arena)
{
	return arena_text(arena, topics, strcspn(topics, ","));
}

static const char *fold(const char *text, struct arena *arena)
{
	size_t size = strlen(text), max = 4 * size + 4;
	char *folded = arena_take(arena, max + 1);
	if (folded == NULL || !unicode_fold(text, size, max, folded)) {
		return NULL;
	}
	arena_cut(arena, folded + strlen(folded) + 1);
	return folded;
}

/* A rule's host is held against the subject's without its port. */
static const char *without_port(const char *host, struct arena *arena)
{
	size_t size = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":");
	size += host[0] == '[' && host[size] == ']' ? 1 : 0;
	return host[size] == '\0' ? host : arena_text(arena, host, size);
}

const struct model_pattern *lint_pattern_of(const struct model_condition *condition, enum lint_kind kind)
{
	const struct model_pattern *const patterns[] = {
		[LINT_FORM] = &condition->form,	  [LINT_TARGET] = &condition->target,
		[LINT_LABEL] = &condition->label, [LINT_TITLE] = &condition->title,
		[LINT_PATH] = &condition->path,	  [LINT_NOTHING] = NULL};
	return patterns[kind] != NULL && patterns[kind]->text != NULL ? patterns[kind] : NULL;
}

/* A rule before a condition of `other` must ask for all that this asks for, and has room for one pattern of each text: its own, which is sure
 * to take less than one that is no regular expression. Properties are not shown in examples. */
static bool can_stand_before(const struct model_condition *condition, enum lint_kind kind)
{
	const struct model_pattern *pattern = lint_pattern_of(condition, kind);
	return condition->property_key == NULL && (pattern == NULL || pattern->kind != MODEL_REGEX);
}

static void place_item(const struct model_seen *seen, struct lint_item *item)
{
	const struct seen_subject *about = item->seen;
	if (!matcher_rule_holds(seen->matcher, (unsigned)about->match.process, (unsigned)about->match.rule,
				&about->subject, &item->before)) {
		return;
	}
	if (item->kind == LINT_TOPIC && item->before->topic != NULL) {
		item->text = item->before->topic;
	}
	if (!can_stand_before(item->before, item->kind)) {
		item->kind = LINT_NOTHING;
	}
}

/* False: arena full. */
static bool fill_item(const struct model_seen *seen, const struct seen_subject *subject, struct lint_item *item,
		      struct arena *arena)
{
	*item = (struct lint_item){.seen = subject, .host = ""};
	item->kind = can_be_shown(&subject->subject) ? kind_of(&subject->subject, &item->text) : LINT_NOTHING;
	if (item->kind == LINT_NOTHING) {
		return true;
	}
	if (item->kind == LINT_TOPIC) {
		item->text = first_topic(subject->subject.topic, arena);
	}
	if (item->kind == LINT_TARGET) {
		item->host = without_port(subject->subject.target_host, arena);
	}
	if (item->host == NULL) {
		return false;
	}
	if (strlen(item->host) > MODEL_TEXT_SIZE_MAX) {
		item->kind = LINT_NOTHING;
		return true;
	}
	place_item(seen, item);
	item->key = item->text != NULL ? fold(item->text, arena) : NULL;
	return item->key != NULL;
}

bool lint_items_find(const struct model_seen *seen, struct lint_item *ret_items, size_t *ret_count,
		     struct arena *arena, struct lint *lint)
{
	const struct model *model = matcher_model(seen->matcher);
	*ret_count = 0;
	for (size_t i = 0; i < seen->count; i++) {
		const struct seen_subject *subject = &seen->subjects[i];
		struct lint_item *item = &ret_items[*ret_count];
		if (subject->match.rule == MATCH_NO_RULE ||
		    !model->processes[subject->match.process].rules[subject->match.rule].other) {
			continue;
		}
		if (!fill_item(seen, subject, item, arena)) {
			return false;
		}
		lint->touches += subject->touches;
		if (item->kind == LINT_NOTHING) {
			lint->unknowable += subject->touches;
		} else {
			(*ret_count)++;
		}
	}
	return true;
}

/*
 * What was done, by the event's name and the elements that were clicked; and who it was.
 */
#include <string.h>
#include <strings.h>

#include "collector/source/person.h"
#include "collector/source/posthog_event.h"
#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/json.h"

#define LABEL_SIZE_MAX 128
#define ID_SIZE_MAX 256
#define LINK_SIZE_MAX 16384
#define ENGAGED_S_MAX 86400.0
#define TO(member) offsetof(struct event, member)

/* ---- what was done ---- */

static double number_at(const struct reading *reading, const char *path)
{
	const struct json_node *node = reading_find(reading->message, path);
	return node != NULL && node->kind == JSON_NUMBER ? node->number : 0;
}

/* How long the page was open, and what part of it was ever in the window. */
static enum outcome read_leave(struct reading *reading)
{
	struct event *event = reading->event;
	double seconds = number_at(reading, "properties.$prev_pageview_duration");
	double part = number_at(reading, "properties.$prev_pageview_max_content_percentage");
	event->engaged_ms = seconds > 0 && seconds <= ENGAGED_S_MAX ? (uint32_t)(seconds * 1000) : 0;
	event->scroll_percent = part > 0 && part <= 1 ? (uint32_t)(part * 100) : 0;
	return OUTCOME_NONE;
}

/* Which of the elements, from the one that was clicked outwards, is of this kind; NULL: none. */
static const struct json_node *element_of(const struct reading *reading, const char *tag)
{
	const struct json_node *list = reading_find(reading->message, "properties.$elements");
	for (size_t i = 0; list != NULL && list->kind == JSON_LIST && i < list->count; i++) {
		const char *name = json_get_text(list->items[i], "tag_name");
		if (name != NULL && strcasecmp(name, tag) == 0) {
			return list->items[i];
		}
	}
	return NULL;
}

static enum outcome read_form(struct reading *reading, int action)
{
	const struct json_node *form = element_of(reading, "form");
	const char *id = json_get_text(form, "attr__id"), *name = json_get_text(form, "attr__name");
	reading->event->action = action;
	reading->field = "properties.$elements";
	return reading_copy(reading, id != NULL && id[0] != '\0' ? id : name, 128,
			    &reading->event->content.form_id);
}

static enum outcome read_link(struct reading *reading, const struct json_node *element)
{
	const struct source_options *options = reading->options;
	struct event *event = reading->event;
	const char *target = json_get_text(element, "attr__href"), *outside = "";
	enum outcome outcome =
		reading_optional(reading, "properties.$external_click_url", LINK_SIZE_MAX, &outside);
	target = url_on_page(target != NULL ? target : outside, event->content.url, reading->arena);
	if (target == NULL) {
		return OUTCOME_too_large;
	}
	if (url_has_extension(target, options->download_extensions, options->download_extensions_count)) {
		event->action = ACTION_CONTENT_DOWNLOAD;
	} else if (url_other_host(target, event->content.url)) {
		event->action = ACTION_LINK_OUT;
	}
	event->content.target_url = url_clean(target, reading->arena);
	return event->content.target_url != NULL ? outcome : OUTCOME_too_large;
}

/* A click, by what is clicked: its caption names it. What is typed into a form is not read. */
static enum outcome read_click(struct reading *reading)
{
	struct event *event = reading->event;
	const char *type = "", *caption = "";
	enum outcome outcome = reading_optional(reading, "properties.$event_type", LABEL_SIZE_MAX, &type);
	if (outcome == OUTCOME_NONE) {
		outcome = reading_optional(reading, "properties.$el_text", LABEL_SIZE_MAX, &caption);
	}
	if (outcome != OUTCOME_NONE || strcmp(type, "submit") == 0 || strcmp(type, "change") == 0) {
		return outcome != OUTCOME_NONE
			       ? outcome
			       : read_form(reading, type[0] == 's' ? ACTION_FORM_SUBMIT : ACTION_FORM_START);
	}
	const struct json_node *link = element_of(reading, "a");
	if (link != NULL) {
		outcome = read_link(reading, link);
	} else if (element_of(reading, "button") != NULL || element_of(reading, "input") != NULL) {
		event->action = ACTION_BUTTON_CLICK;
	}
	if (event->action != ACTION_CUSTOM) {
		event->label = caption;
		return outcome;
	}
	return outcome != OUTCOME_NONE ? outcome : reading_property(reading, "text", caption);
}

/* The company's own traits; those of another kind of group are nobody's. */
static enum outcome read_group(struct reading *reading)
{
	static const char *const companies[] = {"company", "organization", "organisation", "account"};
	const char *type = "", *key = "";
	enum outcome outcome = reading_optional(reading, "properties.$group_type", LABEL_SIZE_MAX, &type);
	outcome = outcome != OUTCOME_NONE ? outcome
					  : reading_optional(reading, "properties.$group_key", ID_SIZE_MAX, &key);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(reading, "groupType", type);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(reading, "groupId", key);
	for (size_t i = 0; outcome == OUTCOME_NONE && i < COUNT_OF(companies); i++) {
		if (strcasecmp(companies[i], type) == 0) {
			return person_company(reading, "properties.$group_set");
		}
	}
	return outcome;
}

static enum outcome read_alias(struct reading *reading)
{
	return reading_text(reading, "properties.alias", ID_SIZE_MAX, &reading->event->identity.previous_id);
}

static enum outcome read_bot(struct reading *reading)
{
	reading->event->machine_reasons |= MACHINE_PROVIDER_FLAG;
	return OUTCOME_NONE;
}

static enum outcome read_screen(struct reading *reading)
{
	return reading_optional(reading, "properties.$screen_name", LABEL_SIZE_MAX, &reading->event->label);
}

static const struct kind {
	const char *name;
	int action;
	reading_step *read; /* NULL: nothing more */
	bool is_named;	    /* its name is its label, until it is more than CUSTOM */
} kinds[] = {
	{"$pageview", ACTION_PAGE_VIEW, NULL, false},
	{"$screen", ACTION_PAGE_VIEW, read_screen, false},
	{"$bot_pageview", ACTION_PAGE_VIEW, read_bot, false},
	{"$pageleave", ACTION_PAGE_ENGAGED, read_leave, false},
	{"$autocapture", ACTION_CUSTOM, read_click, true},
	{"$identify", ACTION_IDENTIFY, NULL, false},
	{"$set", ACTION_IDENTIFY, NULL, false},
	{"$create_alias", ACTION_ALIAS, read_alias, false},
	{"$merge_dangerously", ACTION_ALIAS, read_alias, false},
	{"$groupidentify", ACTION_GROUP, read_group, false},
	{"$opt_in", ACTION_CONSENT, NULL, true},
};

enum outcome posthog_action(struct reading *reading)
{
	const struct posthog_call *call = reading->around;
	struct event *event = reading->event;
	const char *name = "";
	if (call->is_engage && json_get(reading->message, "event") == NULL) {
		event->action = ACTION_IDENTIFY;
		return OUTCOME_NONE;
	}
	enum outcome outcome = reading_needed(reading, "event", LABEL_SIZE_MAX, &name);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	event->action = ACTION_CUSTOM;
	event->label = name;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			event->action = kinds[i].action;
			event->label = kinds[i].is_named ? name : "";
			return kinds[i].read != NULL ? kinds[i].read(reading) : OUTCOME_NONE;
		}
	}
	return OUTCOME_NONE;
}

/* ---- who it was ---- */

/* PostHog has one id for whoever it is, known or not. */
static enum outcome read_distinct_id(struct reading *reading, const char **ret_id)
{
	static const char *const paths[] = {"properties.distinct_id", "distinct_id", "$distinct_id"};
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < COUNT_OF(paths) && outcome == OUTCOME_NONE && (*ret_id)[0] == '\0'; i++) {
		outcome = reading_text(reading, paths[i], ID_SIZE_MAX, ret_id);
	}
	reading->field = "distinct_id";
	return outcome == OUTCOME_NONE && (*ret_id)[0] == '\0' ? OUTCOME_bad_value : outcome;
}

/* Is it a user's? A browser says whether it was told so; a server, unless it says that it made it up for nobody. */
static bool is_users(const struct reading *reading, const char *id, const char *device)
{
	const struct json_node *identified = reading_find(reading->message, "properties.$is_identified");
	const struct json_node *processed = reading_find(reading->message, "properties.$process_person_profile");
	if (identified != NULL && identified->kind == JSON_BOOL) {
		return identified->flag;
	}
	return strcmp(id, device) != 0 && (processed == NULL || processed->kind != JSON_BOOL || processed->flag);
}

/* Of whoever is known, the id of the browser stands beside: the one that it had before, where it is just becoming known. */
static enum outcome read_ids(struct reading *reading)
{
	struct event *event = reading->event;
	const char *id = "", *device = "", *before = "";
	enum outcome outcome = read_distinct_id(reading, &id);
	outcome = outcome != OUTCOME_NONE
			  ? outcome
			  : reading_optional(reading, "properties.$device_id", ID_SIZE_MAX, &device);
	outcome = outcome != OUTCOME_NONE
			  ? outcome
			  : reading_optional(reading, "properties.$anon_distinct_id", ID_SIZE_MAX, &before);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (id[0] == '$') { /* "$posthog_cookieless" and, of a group by a server, "$company_acme" are nobody's */
		event->consent.anonymous = event->action != ACTION_GROUP;
		return OUTCOME_NONE;
	}
	bool is_known = is_users(reading, id, device);
	event->identity.user_id = is_known ? id : "";
	event->identity.anonymous_id = !is_known ? id : before[0] != '\0' ? before : device;
	return OUTCOME_NONE;
}

enum outcome posthog_identity(struct reading *reading)
{
	static const char *const sets[] = {"$set", "properties.$set", "$set_once", "properties.$set_once"};
	const char *group = "";
	enum outcome outcome = read_ids(reading);
	for (size_t i = 0; i < COUNT_OF(sets) && outcome == OUTCOME_NONE; i++) {
		outcome = person_read(reading, sets[i]);
	}
	person_settle(reading);
	if (outcome == OUTCOME_NONE && reading->event->action != ACTION_GROUP) {
		outcome = reading_optional(reading, "properties.$groups.company", ID_SIZE_MAX, &group);
	}
	return outcome != OUTCOME_NONE ? outcome : reading_property(reading, "groupId", group);
}

#include "collector/source/plausible.h"

#include <string.h>

#include "collector/source/reading.h"
#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/moment.h"

#define SITE_SIZE_MAX 64
#define ID_SIZE_MAX 256
#define ENGAGED_MS_MAX (24 * 3600 * 1000)

static const struct reading_word words[] = {
	{"pageview", ACTION_PAGE_VIEW},
	{"engagement", ACTION_PAGE_ENGAGED},
	{"File Download", ACTION_CONTENT_DOWNLOAD},
	{"Outbound Link: Click", ACTION_LINK_OUT},
	{"Cloaked Link: Click", ACTION_LINK_OUT},
	{"Form: Submission", ACTION_FORM_SUBMIT},
};

/* The tracker's scripts use the first of these names, whoever writes an event by hand the others. */
static const char *name_of(const struct reading *reading, const char *brief, const char *full)
{
	return reading_find(reading->message, brief) != NULL ? brief : full;
}

static enum outcome read_word(struct reading *reading)
{
	return reading_word(reading, name_of(reading, "n", "name"), words, COUNT_OF(words));
}

/* The first of several: an event that counts for more than one site is one event. */
static enum outcome read_site(struct reading *reading)
{
	const char *domains = "", **site = &reading->event->site;
	enum outcome outcome = reading_needed(reading, name_of(reading, "d", "domain"), 1024, &domains);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	const char *first = arena_text(reading->arena, domains, strcspn(domains, ", "));
	outcome = first != NULL ? reading_copy(reading, first, SITE_SIZE_MAX, site) : OUTCOME_too_large;
	return outcome == OUTCOME_NONE && (*site)[0] == '\0' ? OUTCOME_bad_value : outcome;
}

/* The tracker never sends an event again: each request is an event of its own. */
static enum outcome read_id(struct reading *reading)
{
	const struct source_request *request = reading->request;
	char second[MOMENT_TEXT_SIZE];
	moment_print_second(request->received_us, second);
	const struct hash_piece pieces[] = {{second, strlen(second)}, {request->body, request->body_size}};
	reading_times(reading, 0, 0, 0);
	return reading_id(reading, NULL, pieces, COUNT_OF(pieces));
}

static enum outcome read_page(struct reading *reading)
{
	struct event *event = reading->event;
	const char *url = "";
	enum outcome outcome =
		reading_url(reading, name_of(reading, "u", "url"), url_clean, &event->content.url, &url);
	if (outcome == OUTCOME_NONE) {
		outcome = reading_url(reading, name_of(reading, "r", "referrer"), url_without_query,
				      &event->content.referrer, NULL);
	}
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (event->action == ACTION_PAGE_ENGAGED) {
		event->engaged_ms = reading_whole(reading, "e", ENGAGED_MS_MAX);
		event->scroll_percent = reading_whole(reading, "sd", 100);
	}
	return url_campaign(url, reading->arena, event) ? OUTCOME_NONE : OUTCOME_too_large;
}

static enum outcome read_revenue(struct reading *reading)
{
	const char *money = name_of(reading, "$", "revenue"), *currency = "";
	const char *amount = arena_print(reading->arena, "%s.amount", money);
	const char *of = arena_print(reading->arena, "%s.currency", money);
	if (amount == NULL || of == NULL) {
		return OUTCOME_too_large;
	}
	reading_value(reading, amount);
	enum outcome outcome = reading_optional(reading, of, 16, &currency);
	return outcome == OUTCOME_NONE ? reading_property(reading, "currency", currency) : outcome;
}

/* ---- properties ---- */

/* A map, or, of older scripts, the text of one; *ret NULL: there are none. */
static enum outcome find_properties(struct reading *reading, const struct json_node **ret)
{
	static const char *const names[] = {"p", "props", "m", "meta"};
	const struct json_node *node = NULL;
	for (size_t i = 0; i < COUNT_OF(names) && node == NULL; i++) {
		reading->field = names[i];
		node = reading_find(reading->message, names[i]);
	}
	struct json_node *inner;
	struct json_trouble trouble;
	if (node != NULL && node->kind == JSON_TEXT) {
		if (!json_parse(node->text, strlen(node->text), SOURCE_DEPTH_MAX, reading->arena, &inner,
				&trouble)) {
			return reading_outcome(trouble.kind);
		}
		node = inner;
	}
	*ret = node;
	return node == NULL || node->kind == JSON_MAP ? OUTCOME_NONE : OUTCOME_bad_value;
}

/* One that configuration has a use for; its name "": none has. */
static const struct json_node *own_of(const struct json_node *map, const char *name)
{
	return name[0] != '\0' ? json_get(map, name) : NULL;
}

static enum outcome take_id(struct reading *reading, const struct json_node *node, const char **to)
{
	const char *text = node != NULL ? reading_flat(node, reading->arena) : "";
	if (text == NULL || strlen(text) > ID_SIZE_MAX) {
		return OUTCOME_too_large; /* cut, it would be somebody else's */
	}
	return reading_copy(reading, text, ID_SIZE_MAX, to);
}

static enum outcome take_target(struct reading *reading, const struct json_node *map)
{
	struct event *event = reading->event;
	const char *target = json_get_text(map, "url");
	if (target == NULL || (event->action != ACTION_CONTENT_DOWNLOAD && event->action != ACTION_LINK_OUT)) {
		return OUTCOME_NONE;
	}
	event->content.target_url = url_clean(target, reading->arena);
	return event->content.target_url != NULL ? OUTCOME_NONE : OUTCOME_too_large;
}

/* What configuration or the event takes for something else is no property as well. */
static bool is_own(const struct reading *reading, const char *key)
{
	const struct source_options *options = reading->options;
	const char *const names[] = {options->plausible.anonymous_id, options->plausible.user_id,
				     options->plausible.analytics, options->plausible.profile,
				     reading->event->content.target_url[0] != '\0' ? "url" : ""};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (names[i][0] != '\0' && strcmp(names[i], key) == 0) {
			return true;
		}
	}
	return false;
}

static enum outcome read_properties(struct reading *reading)
{
	const struct source_options *options = reading->options;
	struct event *event = reading->event;
	const struct json_node *map = NULL;
	enum outcome outcome = find_properties(reading, &map);
	if (outcome != OUTCOME_NONE || map == NULL) {
		return outcome;
	}
	outcome = take_id(reading, own_of(map, options->plausible.anonymous_id), &event->identity.anonymous_id);
	if (outcome == OUTCOME_NONE) {
		outcome = take_id(reading, own_of(map, options->plausible.user_id), &event->identity.user_id);
	}
	event->consent.analytics = reading_statement(own_of(map, options->plausible.analytics));
	event->consent.profile = reading_statement(own_of(map, options->plausible.profile));
	outcome = outcome != OUTCOME_NONE ? outcome : take_target(reading, map);
	return outcome == OUTCOME_NONE ? reading_other_properties(reading, map, is_own) : outcome;
}

static enum outcome read_signals(struct reading *reading)
{
	source_signals(reading->request, reading->event);
	return OUTCOME_NONE;
}

static reading_step *const steps[] = {
	read_word, read_site, read_id, read_page, read_revenue, read_properties, read_signals,
};

bool plausible_read(const struct source_request *request, const struct source_options *options,
		    struct arena *arena, struct source_items *ret_items)
{
	struct json_node *root;
	if (!reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	struct source_item *item = arena_zero(arena, 1, sizeof(*item));
	struct reading reading = {.request = request, .options = options, .arena = arena, .message = root};
	if (item == NULL) {
		return false;
	}
	reading_item(&reading, "plausible", CHANNEL_WEB, steps, COUNT_OF(steps), item);
	*ret_items = (struct source_items){.count = 1, .items = item};
	return true;
}

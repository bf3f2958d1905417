#include "collector/source/ga4.h"

#include <string.h>

#include "collector/source/reading.h"
#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/moment.h"
#include "core/base/signature.h"

#define EVENTS_MAX 25 /* Google's own limit */
#define SITE_SIZE_MAX 64
#define AGENT_SIZE_MAX 1024
#define ENGAGED_MS_MAX (24 * 3600 * 1000)

const char *const ga4_paths[] = {"/mp/collect", NULL};

/* The request that an event came in; reading->around. */
struct ga4_call {
	const struct json_node *root;
	const char *sums[EVENTS_MAX]; /* of what each event so far says */
	size_t count;
};

static const struct reading_word words[] = {
	{"page_view", ACTION_PAGE_VIEW},
	{"screen_view", ACTION_PAGE_VIEW},
	{"user_engagement", ACTION_PAGE_ENGAGED},
	{"scroll", ACTION_PAGE_ENGAGED},
	{"search", ACTION_SITE_SEARCH},
	{"view_search_results", ACTION_SITE_SEARCH},
	{"file_download", ACTION_CONTENT_DOWNLOAD},
	{"click", ACTION_LINK_OUT},
	{"form_start", ACTION_FORM_START},
	{"form_submit", ACTION_FORM_SUBMIT},
	{"video_start", ACTION_VIDEO_PLAY},
	{"video_complete", ACTION_VIDEO_COMPLETE},
};

static struct reading *of_request(struct reading *reading, struct reading *inner)
{
	*inner = *reading;
	inner->message = ((const struct ga4_call *)reading->around)->root;
	return inner;
}

/* Which of a request's texts go to which field of each of its events. */
static enum outcome request_texts(struct reading *reading, const struct reading_row *rows, size_t count)
{
	struct reading inner;
	enum outcome outcome = reading_texts(of_request(reading, &inner), rows, count);
	reading->field = inner.field;
	return outcome;
}

/* A text, or a whole number, which is one. */
static bool is_text(const struct json_node *node)
{
	return node != NULL && (node->kind == JSON_TEXT || (node->kind == JSON_NUMBER && node->is_whole));
}

/* Sites name parameters as they like, and nobody sends again: what is of another kind costs itself alone. */
static enum outcome optional_texts(struct reading *reading, const struct reading_row *rows, size_t count)
{
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < count && outcome == OUTCOME_NONE; i++) {
		outcome = is_text(reading_find(reading->message, rows[i].path))
				  ? reading_texts(reading, &rows[i], 1)
				  : OUTCOME_NONE;
	}
	return outcome;
}

static enum outcome optional_url(struct reading *reading, const char *path,
				 const char *(*clean)(const char *url, struct arena *arena), const char **ret,
				 const char **ret_raw)
{
	return is_text(reading_find(reading->message, path)) ? reading_url(reading, path, clean, ret, ret_raw)
							     : OUTCOME_NONE;
}

static enum outcome read_word(struct reading *reading)
{
	return reading_word(reading, "name", words, COUNT_OF(words));
}

static enum outcome read_site(struct reading *reading)
{
	static const char *const names[] = {"measurement_id", "firebase_app_id"};
	if (reading->request->hook != NULL) { /* whose name it is */
		return OUTCOME_NONE;
	}
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < COUNT_OF(names) && outcome == OUTCOME_NONE && reading->event->site[0] == '\0';
	     i++) {
		reading->field = names[i];
		outcome = reading_copy(reading, source_argument(reading->request, names[i]), SITE_SIZE_MAX,
				       &reading->event->site);
	}
	reading->field = names[0];
	return outcome == OUTCOME_NONE && reading->event->site[0] == '\0' ? OUTCOME_bad_value : outcome;
}

static enum outcome read_identity(struct reading *reading)
{
	static const struct reading_row rows[] = {
		{"client_id", 256, offsetof(struct event, identity.anonymous_id)},
		{"app_instance_id", 256, offsetof(struct event, identity.anonymous_id)},
		{"user_id", 256, offsetof(struct event, identity.user_id)},
	};
	static const struct reading_row language = {"device.language", 16,
						    offsetof(struct event, content.language)};
	struct reading inner;
	reading->event->identity.verified = reading->request->hook != NULL;
	enum outcome outcome = request_texts(reading, rows, COUNT_OF(rows));
	return outcome == OUTCOME_NONE ? optional_texts(of_request(reading, &inner), &language, 1) : outcome;
}

static enum outcome read_times(struct reading *reading)
{
	struct reading inner;
	int64_t stamped_us = 0;
	enum outcome outcome = reading_moment(reading, "timestamp_micros", READING_MICROSECONDS, &stamped_us);
	if (outcome == OUTCOME_NONE && stamped_us == 0) {
		outcome = reading_moment(of_request(reading, &inner), "timestamp_micros", READING_MICROSECONDS,
					 &stamped_us);
		reading->field = inner.field;
	}
	if (outcome == OUTCOME_NONE) {
		reading_times(reading, stamped_us, 0, 0);
	}
	return outcome;
}

/*
 * An event has no id, and gets one from all that it says, whose it is and when; of several that say the same the place among
 * them counts. One without a time: from the second that it came in.
 */
static enum outcome read_id(struct reading *reading)
{
	struct ga4_call *call = (struct ga4_call *)(uintptr_t)reading->around;
	struct event *event = reading->event;
	char when[MOMENT_TEXT_SIZE];
	if (event->stamped_us != 0) {
		moment_print(event->stamped_us, when);
	} else {
		moment_print_second(reading->request->received_us, when);
	}
	const char *sum = reading_stir(reading->message, when, "", reading->arena);
	unsigned place = 0;
	if (sum == NULL) {
		return OUTCOME_too_large;
	}
	for (size_t i = 0; i < call->count; i++) {
		place += strcmp(call->sums[i], sum) == 0 ? 1 : 0;
	}
	call->sums[call->count++] = sum;
	const struct hash_piece pieces[] = {
		{sum, strlen(sum)},
		{event->identity.anonymous_id, strlen(event->identity.anonymous_id)},
		{event->identity.user_id, strlen(event->identity.user_id)},
		{&place, sizeof(place)},
	};
	return reading_id(reading, NULL, pieces, COUNT_OF(pieces));
}

static enum outcome read_page(struct reading *reading)
{
	static const struct reading_row rows[] = {
		{"params.page_title", 256, offsetof(struct event, content.title)},
		{"params.language", 16, offsetof(struct event, content.language)},
		{"params.session_id", 128, offsetof(struct event, session_id)},
		{"params.source", 128, offsetof(struct event, campaign.source)},
		{"params.medium", 128, offsetof(struct event, campaign.medium)},
		{"params.campaign", 128, offsetof(struct event, campaign.name)},
		{"params.term", 128, offsetof(struct event, campaign.term)},
		{"params.content", 128, offsetof(struct event, campaign.content)},
	};
	struct event *event = reading->event;
	const char *url = "";
	enum outcome outcome = optional_texts(reading, rows, COUNT_OF(rows));
	if (outcome == OUTCOME_NONE) {
		outcome = optional_url(reading, "params.page_location", url_clean, &event->content.url, &url);
	}
	if (outcome == OUTCOME_NONE) {
		outcome = optional_url(reading, "params.page_referrer", url_without_query,
				       &event->content.referrer, NULL);
	}
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	bool has_campaign = event->campaign.source[0] != '\0' || event->campaign.name[0] != '\0';
	return has_campaign || url_campaign(url, reading->arena, event) ? OUTCOME_NONE : OUTCOME_too_large;
}

/* What the tracker says of the step of a buyer's that the event is. */
static enum outcome read_step(struct reading *reading)
{
	static const struct reading_row rows[] = {
		{"params.search_term", 256, offsetof(struct event, content.search)},
		{"params.form_id", 128, offsetof(struct event, content.form_id)},
		{"params.video_title", 128, offsetof(struct event, content.content_id)},
	};
	struct event *event = reading->event;
	enum outcome outcome = optional_texts(reading, rows, COUNT_OF(rows));
	if (event->action == ACTION_PAGE_ENGAGED) {
		event->engaged_ms = reading_whole(reading, "params.engagement_time_msec", ENGAGED_MS_MAX);
		event->scroll_percent = reading_whole(reading, "params.percent_scrolled", 100);
	}
	reading_value(reading, "params.value");
	return outcome == OUTCOME_NONE
		       ? optional_url(reading, "params.link_url", url_clean, &event->content.target_url, NULL)
		       : outcome;
}

/* Google's two signals are about advertising: they say what they say only where configuration takes them for it. */
static enum statement said_of(const struct reading *reading, const char *name)
{
	const struct json_node *root = ((const struct ga4_call *)reading->around)->root;
	const struct json_node *node = name[0] != '\0' ? json_get(json_get(root, "consent"), name) : NULL;
	if (node == NULL && name[0] != '\0') {
		node = json_get(json_get(reading->message, "params"), name);
	}
	return reading_statement(node);
}

static enum outcome read_consent(struct reading *reading)
{
	reading->event->consent.analytics = said_of(reading, reading->options->ga4.analytics);
	reading->event->consent.profile = said_of(reading, reading->options->ga4.profile);
	source_signals(reading->request, reading->event);
	return OUTCOME_NONE;
}

/* ---- properties ---- */

static bool is_among(const char *key, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(keys[i], key) == 0) {
			return true;
		}
	}
	return false;
}

/* One of Google's names that holds what Google has there: of another kind it is the site's own. */
static bool is_own(const struct reading *reading, const char *key)
{
	static const char *const texts[] = {
		"page_location", "page_title", "page_referrer", "language", "session_id",  "source",   "medium",
		"campaign",	 "term",       "content",	"form_id",  "search_term", "link_url",
	};
	static const char *const others[] = {"value", "engagement_time_msec", "percent_scrolled", "debug_mode"};
	const struct source_options *options = reading->options;
	if (is_among(key, texts, COUNT_OF(texts))) {
		return is_text(json_get(json_get(reading->message, "params"), key));
	}
	if (is_among(key, others, COUNT_OF(others))) {
		return true;
	}
	return strcmp(key, options->ga4.analytics) == 0 || strcmp(key, options->ga4.profile) == 0;
}

/* "user_properties": {"plan": {"value": "pro"}} */
static enum outcome read_user_properties(struct reading *reading)
{
	const struct json_node *map =
		json_get(((const struct ga4_call *)reading->around)->root, "user_properties");
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; map != NULL && map->kind == JSON_MAP && i < map->count && outcome == OUTCOME_NONE &&
			   reading->event->properties_count < EVENT_PROPERTIES_MAX;
	     i++) {
		struct json_node *value = json_get(map->items[i], "value");
		const struct json_node one = {
			.kind = JSON_MAP, .count = 1, .items = &value, .keys = &map->keys[i]};
		outcome = value != NULL ? reading_other_properties(reading, &one, NULL) : OUTCOME_NONE;
	}
	return outcome;
}

/* Of a form that somebody filled in no field is read that configuration does not name. */
static enum outcome read_properties(struct reading *reading)
{
	const struct json_node *map = reading_find(reading->message, "params");
	reading->field = "params";
	if (map != NULL && map->kind != JSON_MAP) {
		return OUTCOME_bad_value;
	}
	enum outcome outcome = reading->event->action == ACTION_FORM_SUBMIT
				       ? reading_form(reading, map)
				       : reading_other_properties(reading, map, is_own);
	return outcome == OUTCOME_NONE ? read_user_properties(reading) : outcome;
}

/* A server speaks for somebody, and says whose browser it was or does not. */
static enum outcome read_agent(struct reading *reading)
{
	struct reading inner;
	reading->user_agent = "";
	return reading_optional(of_request(reading, &inner), "user_agent", AGENT_SIZE_MAX, &reading->user_agent);
}

static reading_step *const steps[] = {
	read_word, read_site, read_identity, read_times,      read_id,
	read_page, read_step, read_consent,  read_properties, read_agent,
};

bool ga4_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
	      struct source_items *ret_items)
{
	struct json_node *root;
	const struct json_node *list;
	if (!reading_list(request, arena, "events", EVENTS_MAX, &root, &list, ret_items)) {
		return false;
	}
	if (list == NULL) {
		return true;
	}
	struct source_item *items = arena_zero(arena, list->count + 1, sizeof(*items));
	struct ga4_call call = {.root = root};
	if (items == NULL) {
		return false;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct reading reading = {.request = request,
					  .options = options,
					  .arena = arena,
					  .message = list->items[i],
					  .around = &call};
		reading_item(&reading, "ga4", CHANNEL_WEB, steps, COUNT_OF(steps), &items[i]);
	}
	*ret_items = (struct source_items){.count = list->count, .items = items};
	return true;
}

enum hook_proof ga4_scheme(const struct source_request *request, const struct hook_secret *secret,
			   struct arena *arena)
{
	const char *given = source_argument(request, "api_secret");
	if (given[0] == '\0') {
		return hook_password(request, secret, arena);
	}
	return signature_equal(given, strlen(given), secret->bytes, secret->size) ? HOOK_PROVEN : HOOK_FORGED;
}

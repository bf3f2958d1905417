/*
 * What a message is: its kind, its times, its page, who speaks for whom.
 */
#include "collector/source/segment_event.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/moment.h"

#define LABEL_SIZE_MAX 128
#define ID_SIZE_MAX 128
#define LINK_SIZE_MAX 16384 /* of a URL before it is cleaned */
#define SITE_SIZE_MAX 64
#define AGENT_SIZE_MAX 1024

static const struct segment_call *call_of(const struct reading *reading)
{
	return reading->around;
}

/* ---- which tracker, which site ---- */

static const char *library_of(const struct json_node *message)
{
	const struct json_node *name = reading_find(message, "context.library.name");
	return name != NULL && name->kind == JSON_TEXT ? name->text : "";
}

/* The message itself comes first: it is the same by whatever way it is sent again. */
static const char *source_of(const struct json_node *message, const struct segment_call *call)
{
	if (call->is_jitsu) {
		return "jitsu";
	}
	bool is_rudderstack = reading_find(message, "originalTimestamp") != NULL ||
			      strncasecmp(library_of(message), "rudder", 6) == 0 ||
			      strncasecmp(library_of(message), "@rudder", 7) == 0 || call->header_id[0] != '\0' ||
			      call->is_beacon || strncmp(call->request->path, "/pixel/", 7) == 0;
	return is_rudderstack ? "rudderstack" : "segment";
}

/* Jitsu's key is "ID:SECRET": who is configured by its ID alone is taken with any secret. */
static const struct source_site *site_of(const struct source_options *options, const char *key, size_t size)
{
	for (size_t i = 0; i < options->segment.sites_count; i++) {
		const struct source_site *site = &options->segment.sites[i];
		if (strncmp(site->key, key, size) == 0 && site->key[size] == '\0') {
			return site;
		}
	}
	return NULL;
}

static enum outcome read_site(struct reading *reading)
{
	const struct segment_call *call = call_of(reading);
	const char *key = call->write_key, *in_body = json_get_text(call->envelope, "writeKey");
	in_body = in_body != NULL ? in_body : json_get_text(reading->message, "writeKey");
	if (!call->is_header_key && in_body != NULL && in_body[0] != '\0') {
		key = in_body;
	}
	size_t id_size = call->is_jitsu ? strcspn(key, ":") : strlen(key);
	reading->field = "writeKey";
	if (reading->options->segment.sites_count == 0) {
		const char *id = arena_text(reading->arena, key, id_size);
		return id != NULL ? reading_copy(reading, id, SITE_SIZE_MAX, &reading->event->site)
				  : OUTCOME_too_large;
	}
	const struct source_site *site = site_of(reading->options, key, strlen(key));
	site = site != NULL ? site : site_of(reading->options, key, id_size);
	if (site == NULL) {
		return OUTCOME_bad_value;
	}
	reading->event->site = site->name;
	return OUTCOME_NONE;
}

/* ---- times and ids ---- */

static enum outcome read_sent(struct reading *reading, int64_t *ret_us)
{
	const struct segment_call *call = call_of(reading);
	const char *header = source_more_header(call->request, "SentAt");
	if (header[0] != '\0' && moment_read(header, ret_us)) {
		return OUTCOME_NONE;
	}
	const char *of_envelope = json_get_text(call->envelope, "sentAt");
	const char *of_message = json_get_text(reading->message, "sentAt");
	if (of_envelope == NULL || !moment_read(of_envelope, ret_us)) {
		*ret_us = of_message != NULL && moment_read(of_message, ret_us) ? *ret_us : 0;
	}
	return OUTCOME_NONE;
}

static enum outcome read_times(struct reading *reading)
{
	int64_t created_us = 0, sent_us = 0;
	enum outcome outcome = reading_moment(reading, "timestamp", READING_RFC3339, &created_us);
	if (outcome == OUTCOME_NONE && created_us == 0) {
		outcome = reading_moment(reading, "originalTimestamp", READING_RFC3339, &created_us);
	}
	outcome = outcome != OUTCOME_NONE ? outcome : read_sent(reading, &sent_us);
	if (outcome == OUTCOME_NONE) {
		reading_times(reading, created_us, sent_us, 0);
	}
	return outcome;
}

/* What differs from one attempt to the next. */
static bool is_of_attempt(const char *key)
{
	static const char *const keys[] = {"sentAt", "receivedAt", "writeKey", "_metadata"};
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (strcmp(keys[i], key) == 0) {
			return true;
		}
	}
	return false;
}

/* A message without an id gets one from all that it says; one without a time, too, from the second that it came in. */
static enum outcome read_id(struct reading *reading)
{
	const struct json_node *message = reading->message, *given = reading_find(message, "messageId");
	const char *sum = call_of(reading)->type; /* which the path alone may say */
	if (given != NULL && (given->kind != JSON_TEXT || given->text[0] != '\0')) {
		return reading_id(reading, "messageId", NULL, 0);
	}
	for (size_t i = 0; sum != NULL && i < message->count; i++) {
		if (!is_of_attempt(message->keys[i])) {
			sum = reading_stir(message->items[i], message->keys[i], sum, reading->arena);
		}
	}
	char second[MOMENT_TEXT_SIZE] = "";
	if (reading->event->stamped_us == 0) {
		moment_print_second(reading->request->received_us, second);
	}
	if (sum == NULL) {
		return OUTCOME_too_large;
	}
	const struct hash_piece pieces[] = {{second, strlen(second)}, {sum, strlen(sum)}};
	return reading_id(reading, NULL, pieces, COUNT_OF(pieces));
}

/* ---- the page ---- */

static enum outcome read_link(struct reading *reading, const char *path, const char **to)
{
	const char *link = "";
	enum outcome outcome = (*to)[0] == '\0' ? reading_text(reading, path, LINK_SIZE_MAX, &link) : OUTCOME_NONE;
	if (outcome == OUTCOME_NONE && link[0] != '\0') {
		*to = link;
	}
	return outcome;
}

#define TO(member) offsetof(struct event, member)
#define NAME_OF(path, member) \
	{ \
		path, LABEL_SIZE_MAX, TO(member) \
	}

/* What the page call says of its page in its own properties goes before its context. */
static enum outcome read_page(struct reading *reading)
{
	static const struct reading_row own[] = {{"properties.title", 256, TO(content.title)}};
	static const struct reading_row rows[] = {
		{"context.page.title", 256, TO(content.title)},
		{"context.locale", 16, TO(content.language)},
		{"context.sessionId", 128, TO(session_id)},
		NAME_OF("context.campaign.source", campaign.source),
		NAME_OF("context.campaign.medium", campaign.medium),
		NAME_OF("context.campaign.name", campaign.name),
		NAME_OF("context.campaign.term", campaign.term),
		NAME_OF("context.campaign.content", campaign.content),
	};
	struct event *event = reading->event;
	const char *url = "", *referrer = "";
	enum outcome outcome = OUTCOME_NONE;
	if (event->action == ACTION_PAGE_VIEW) {
		outcome = read_link(reading, "properties.url", &url);
		outcome = outcome != OUTCOME_NONE ? outcome : read_link(reading, "properties.referrer", &referrer);
		outcome = outcome != OUTCOME_NONE ? outcome : reading_texts(reading, own, COUNT_OF(own));
	}
	outcome = outcome != OUTCOME_NONE ? outcome : read_link(reading, "context.page.url", &url);
	outcome = outcome != OUTCOME_NONE ? outcome : read_link(reading, "context.page.referrer", &referrer);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_texts(reading, rows, COUNT_OF(rows));
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (url[0] == '\0' && call_of(reading)->is_pixel) {
		url = reading->request->header[SOURCE_REFERER];
	}
	event->content.url = url_clean(url, reading->arena);
	event->content.referrer = url_without_query(referrer, reading->arena);
	bool has_campaign = event->campaign.source[0] != '\0' || event->campaign.name[0] != '\0';
	return event->content.url != NULL && event->content.referrer != NULL &&
			       (has_campaign || url_campaign(url, reading->arena, event))
		       ? OUTCOME_NONE
		       : OUTCOME_too_large;
}

/* ---- kinds ---- */

static const struct kind {
	const char *type;
	int action;
	const char *labels[2]; /* where its name stands; NULL: it has none */
} kinds[] = {
	{"track", ACTION_CUSTOM, {"event"}},
	{"page", ACTION_PAGE_VIEW, {"name", "properties.name"}},
	{"screen", ACTION_PAGE_VIEW, {"name", "properties.name"}},
	{"identify", ACTION_IDENTIFY, {NULL}},
	{"group", ACTION_GROUP, {NULL}},
	{"alias", ACTION_ALIAS, {NULL}},
};

static enum outcome read_label(struct reading *reading, const struct kind *kind)
{
	enum outcome outcome = OUTCOME_NONE;
	const char **to = &reading->event->label;
	for (size_t i = 0; i < COUNT_OF(kind->labels) && outcome == OUTCOME_NONE && (*to)[0] == '\0'; i++) {
		outcome = kind->labels[i] != NULL ? reading_text(reading, kind->labels[i], LABEL_SIZE_MAX, to)
						  : OUTCOME_NONE;
	}
	return outcome;
}

static enum outcome read_kind(struct reading *reading)
{
	const char *type = call_of(reading)->type;
	enum outcome outcome = reading_text(reading, "type", LABEL_SIZE_MAX, &type);
	if (outcome != OUTCOME_NONE || type[0] == '\0') {
		return outcome != OUTCOME_NONE ? outcome : OUTCOME_bad_value;
	}
	struct event *event = reading->event;
	event->action = ACTION_CUSTOM;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (strcmp(kinds[i].type, type) == 0) {
			event->action = kinds[i].action;
			return read_label(reading, &kinds[i]);
		}
	}
	event->label = type;
	return OUTCOME_NONE;
}

/* ---- who acted ---- */

static bool is_browser(const struct reading *reading)
{
	static const char *const libraries[] = {"analytics.js", "RudderLabs JavaScript SDK"};
	const struct segment_call *call = call_of(reading);
	const char *library = library_of(reading->message);
	const char *channel = json_get_text(reading->message, "channel");
	if (call->is_pixel || (channel != NULL && strcmp(channel, "web") == 0)) {
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(libraries); i++) {
		if (strcmp(libraries[i], library) == 0) {
			return true;
		}
	}
	return channel == NULL && strncmp(reading->request->header[SOURCE_USER_AGENT], "Mozilla/", 8) == 0;
}

/* A browser's own header counts. A server speaks for somebody, and its library's name says nothing of who that is. */
static enum outcome read_agent(struct reading *reading)
{
	if (is_browser(reading)) {
		return OUTCOME_NONE;
	}
	reading->user_agent = "";
	return reading_text(reading, "context.userAgent", AGENT_SIZE_MAX, &reading->user_agent);
}

/* Browsers tell scripts more of themselves than servers. */
static enum outcome read_machine(struct reading *reading)
{
	const struct json_node *brands = reading_find(reading->message, "context.userAgentData.brands");
	for (size_t i = 0; brands != NULL && brands->kind == JSON_LIST && i < brands->count; i++) {
		const char *brand = json_get_text(brands->items[i], "brand");
		if (brand != NULL && strcasestr(brand, "headless") != NULL) {
			reading->event->machine_reasons |= MACHINE_WEBDRIVER;
		}
	}
	source_signals(reading->request, reading->event);
	return OUTCOME_NONE;
}

/* In this order: later ones look at what earlier ones found; a form's boxes go before what a banner says. */
static reading_step *const steps[] = {
	read_site,	  read_kind,	   read_times,	  read_id,    read_page,
	segment_identity, segment_consent, segment_track, read_agent, read_machine,
};

void segment_message(const struct json_node *message, const struct segment_call *call,
		     const struct source_options *options, struct arena *arena, struct source_item *ret_item)
{
	struct reading reading = {
		.request = call->request, .options = options, .arena = arena, .message = message, .around = call};
	reading_item(&reading, source_of(message, call), CHANNEL_WEB, steps, COUNT_OF(steps), ret_item);
}

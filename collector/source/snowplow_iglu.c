/*
 * What is JSON in Snowplow's protocol: the entities round an event, and self-describing events. Tables by vendor, name
 * and major version; what is in no table is left out (an entity) or CUSTOM with its name (an event).
 */
#include "collector/source/snowplow_iglu.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "collector/source/snowplow_event.h"
#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/base64.h"
#include "core/base/check.h"
#include "core/base/json.h"

#define MEDIA "com.snowplowanalytics.snowplow.media"
#define ENTITIES_MAX 64
#define POLICY_PART_MAX 256 /* of a document's name, of its version; more is not kept */

bool iglu_read(const char *uri, struct iglu *ret_iglu)
{
	if (uri == NULL || strncmp(uri, "iglu:", 5) != 0) {
		return false;
	}
	struct iglu iglu = {.vendor = uri + 5};
	const char *slash = strchr(iglu.vendor, '/');
	const char *second = slash != NULL ? strchr(slash + 1, '/') : NULL;
	if (second == NULL) {
		return false;
	}
	iglu.vendor_size = (size_t)(slash - iglu.vendor);
	iglu.name = slash + 1;
	iglu.name_size = (size_t)(second - iglu.name);
	const char *format = second;
	if (iglu.vendor_size == 0 || iglu.name_size == 0 || strncmp(format, "/jsonschema/", 12) != 0) {
		return false;
	}
	const char *digit = format + 12;
	for (; *digit >= '0' && *digit <= '9' && iglu.major < 1000; digit++) {
		iglu.major = iglu.major * 10 + (unsigned)(*digit - '0');
	}
	if (digit == format + 12 || *digit != '-') {
		return false;
	}
	*ret_iglu = iglu;
	return true;
}

bool iglu_matches(const struct iglu *iglu, const char *vendor, const char *name, unsigned major)
{
	bool ours = vendor == NULL ||
		    (iglu->vendor_size == strlen(vendor) && memcmp(iglu->vendor, vendor, iglu->vendor_size) == 0);
	return ours && iglu->name_size == strlen(name) && memcmp(iglu->name, name, iglu->name_size) == 0 &&
	       (major == 0 || iglu->major == major);
}

bool iglu_is(const char *uri, const char *vendor, const char *name, unsigned major)
{
	struct iglu iglu;
	return iglu_read(uri, &iglu) && iglu_matches(&iglu, vendor, name, major);
}

/* JSON text under one name or base64 of it under the other. *ret_root NULL: neither is there. */
static enum outcome read_json(struct snowplow_reading *reading, const char *plain, const char *encoded,
			      struct json_node **ret_root)
{
	const char *text = snowplow_get(reading->payload, plain);
	size_t size = strlen(text);
	*ret_root = NULL;
	reading->to.field = plain;
	if (size == 0) {
		const char *packed = snowplow_get(reading->payload, encoded);
		size_t packed_size = strlen(packed);
		reading->to.field = encoded;
		if (packed_size == 0) {
			return OUTCOME_NONE;
		}
		uint8_t *bytes = arena_take(reading->to.arena, BASE64_BYTES_MAX(packed_size));
		if (bytes == NULL) {
			return OUTCOME_too_large;
		}
		if (!base64_read(packed, packed_size, bytes, &size)) {
			return OUTCOME_unreadable;
		}
		text = (const char *)bytes;
	}
	struct json_trouble trouble;
	if (json_parse(text, size, SOURCE_DEPTH_MAX, reading->to.arena, ret_root, &trouble)) {
		return OUTCOME_NONE;
	}
	*ret_root = NULL;
	return reading_outcome(trouble.kind);
}

/* {"schema":…,"data":…} of the outer kind → its data. */
static struct json_node *open_outer(const struct json_node *root, const char *name)
{
	return iglu_is(json_get_text(root, "schema"), IGLU_SNOWPLOW, name, 1) ? json_get(root, "data") : NULL;
}

typedef enum outcome reader(struct snowplow_reading *reading, const struct json_node *data);

struct row {
	const char *vendor; /* NULL: any */
	const char *name;
	unsigned major; /* 0: any */
	reader *read;
	int action; /* of an event whose reader is NULL */
};

static const struct row *find(const struct row *rows, size_t count, const struct iglu *iglu)
{
	for (size_t i = 0; i < count; i++) {
		if (iglu_matches(iglu, rows[i].vendor, rows[i].name, rows[i].major)) {
			return &rows[i];
		}
	}
	return NULL;
}

/* --- entities --- */

static bool is_true(const struct json_node *data, const char *key)
{
	const struct json_node *node = json_get(data, key);
	return node != NULL && node->kind == JSON_BOOL && node->flag;
}

static enum outcome take_policy(struct snowplow_reading *reading, const char *document, const char *version)
{
	const char *const pieces[] = {document, document != NULL && version != NULL ? "/" : NULL, version};
	char policy[2 * POLICY_PART_MAX + 2], *at = policy;
	if (document == NULL && version == NULL) {
		return OUTCOME_NONE;
	}
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		at = pieces[i] != NULL ? mempcpy(at, pieces[i], strnlen(pieces[i], POLICY_PART_MAX)) : at;
	}
	*at = '\0';
	return reading_copy(&reading->to, policy, 64, &reading->to.event->consent.policy);
}

/* The basis on which this event was tracked. Only consent is a grant; the others are no statement of the visitor's. */
static enum outcome read_gdpr(struct snowplow_reading *reading, const struct json_node *data)
{
	struct event *event = reading->to.event;
	const char *basis = json_get_text(data, "basisForProcessing");
	if (basis != NULL && strcmp(basis, "consent") == 0 && event->consent.analytics == STATEMENT_UNSAID) {
		event->consent.analytics = STATEMENT_GRANTED;
	}
	return take_policy(reading, json_get_text(data, "documentId"), json_get_text(data, "documentVersion"));
}

/* The text that a visitor agreed to, or no longer does. */
static enum outcome read_consent_document(struct snowplow_reading *reading, const struct json_node *data)
{
	return reading->to.event->consent.policy[0] != '\0'
		       ? OUTCOME_NONE
		       : take_policy(reading, json_get_text(data, "id"), json_get_text(data, "version"));
}

static enum outcome read_session(struct snowplow_reading *reading, const struct json_node *data)
{
	struct event *event = reading->to.event;
	const char *user = json_get_text(data, "userId"), *session = json_get_text(data, "sessionId");
	enum outcome outcome = OUTCOME_NONE;
	if (event->identity.anonymous_id[0] == '\0') {
		outcome = reading_copy(&reading->to, user, 256, &event->identity.anonymous_id);
	}
	if (outcome == OUTCOME_NONE && event->session_id[0] == '\0') {
		outcome = reading_copy(&reading->to, session, 128, &event->session_id);
	}
	return outcome;
}

static enum outcome read_browser(struct snowplow_reading *reading, const struct json_node *data)
{
	reading->to.event->machine_reasons |= is_true(data, "webdriver") ? MACHINE_WEBDRIVER : 0;
	return OUTCOME_NONE;
}

static enum outcome read_bot(struct snowplow_reading *reading, const struct json_node *data)
{
	reading->to.event->machine_reasons |= is_true(data, "bot") ? MACHINE_PROVIDER_FLAG : 0;
	return OUTCOME_NONE;
}

/* No standard entity says what kind of purchase a page serves, so each site has one of its own vendor. */
static enum outcome read_process(struct snowplow_reading *reading, const struct json_node *data)
{
	return reading_copy(&reading->to, json_get_text(data, "process"), 32, &reading->to.event->process);
}

static const struct row entities[] = {
	{IGLU_SNOWPLOW, "gdpr", 1, read_gdpr, 0},
	{IGLU_SNOWPLOW, "consent_document", 1, read_consent_document, 0},
	{IGLU_SNOWPLOW, "client_session", 1, read_session, 0},
	{IGLU_SNOWPLOW, "browser_context", 0, read_browser, 0},
	{IGLU_SNOWPLOW, "client_side_bot_detection", 1, read_bot, 0},
	{NULL, "buying_process", 1, read_process, 0},
};

enum outcome snowplow_entities(struct snowplow_reading *reading)
{
	struct json_node *root;
	enum outcome outcome = read_json(reading, "co", "cx", &root);
	if (outcome != OUTCOME_NONE || root == NULL) {
		return outcome;
	}
	const struct json_node *list = open_outer(root, "contexts");
	if (list == NULL || list->kind != JSON_LIST) {
		return OUTCOME_unreadable;
	}
	if (list->count > ENTITIES_MAX) {
		return OUTCOME_too_large;
	}
	for (size_t i = 0; i < list->count && outcome == OUTCOME_NONE; i++) {
		struct iglu iglu;
		const struct row *row = iglu_read(json_get_text(list->items[i], "schema"), &iglu)
						? find(entities, COUNT_OF(entities), &iglu)
						: NULL;
		outcome = row != NULL ? row->read(reading, json_get(list->items[i], "data")) : OUTCOME_NONE;
	}
	return outcome;
}

/* --- self-describing events --- */

static enum outcome take(struct snowplow_reading *reading, const struct json_node *data, const char *key,
			 size_t max, const char **to)
{
	return reading_copy(&reading->to, json_get_text(data, key), max, to);
}

static enum outcome read_link_click(struct snowplow_reading *reading, const struct json_node *data)
{
	const struct source_options *options = reading->to.options;
	struct event *event = reading->to.event;
	const char *target = json_get_text(data, "targetUrl");
	target = target != NULL ? target : "";
	event->action = ACTION_CUSTOM;
	event->label = "link_click";
	if (url_has_extension(target, options->download_extensions, options->download_extensions_count)) {
		event->action = ACTION_CONTENT_DOWNLOAD;
	} else if (url_other_host(target, event->content.url)) {
		event->action = ACTION_LINK_OUT;
	}
	event->content.target_url = url_clean(target, reading->to.arena);
	if (event->content.target_url == NULL) {
		return OUTCOME_too_large;
	}
	return event->action != ACTION_CUSTOM ? take(reading, data, "elementContent", 128, &event->label)
					      : OUTCOME_NONE;
}

static enum outcome read_button_click(struct snowplow_reading *reading, const struct json_node *data)
{
	struct event *event = reading->to.event;
	event->action = ACTION_BUTTON_CLICK;
	enum outcome outcome = take(reading, data, "label", 128, &event->label);
	outcome = outcome != OUTCOME_NONE ? outcome
					  : reading_property(&reading->to, "id", json_get_text(data, "id"));
	return outcome != OUTCOME_NONE ? outcome
				       : reading_property(&reading->to, "name", json_get_text(data, "name"));
}

/* Which form, and nothing of what is being written into it. */
static enum outcome read_form_start(struct snowplow_reading *reading, const struct json_node *data)
{
	reading->to.event->action = ACTION_FORM_START;
	return take(reading, data, "formId", 128, &reading->to.event->content.form_id);
}

static enum outcome read_form_submit(struct snowplow_reading *reading, const struct json_node *data)
{
	struct event *event = reading->to.event;
	event->action = ACTION_FORM_SUBMIT;
	enum outcome outcome = take(reading, data, "formId", 128, &event->content.form_id);
	const struct form *form = form_find(&reading->to.options->forms, event->content.form_id);
	const struct json_node *elements = json_get(data, "elements");
	if (outcome != OUTCOME_NONE || form == NULL || elements == NULL || elements->kind != JSON_LIST) {
		return outcome;
	}
	for (size_t i = 0; i < elements->count && i < FORM_FIELDS_MAX; i++) {
		const char *name = json_get_text(elements->items[i], "name");
		const char *value = json_get_text(elements->items[i], "value");
		if (name != NULL && !form_take(form, name, value, reading->to.arena, event)) {
			return OUTCOME_too_large;
		}
	}
	return OUTCOME_NONE;
}

static enum outcome read_site_search(struct snowplow_reading *reading, const struct json_node *data)
{
	struct event *event = reading->to.event;
	const struct json_node *terms = json_get(data, "terms");
	const char *search = "";
	event->action = ACTION_SITE_SEARCH;
	for (size_t i = 0; terms != NULL && terms->kind == JSON_LIST && i < terms->count && i < 16; i++) {
		const struct json_node *term = terms->items[i];
		if (term->kind == JSON_TEXT && term->text[0] != '\0') {
			search = arena_print(reading->to.arena, "%s%s%.256s", search, search[0] != '\0' ? " " : "",
					     term->text);
		}
		if (search == NULL) {
			return OUTCOME_too_large;
		}
	}
	return reading_copy(&reading->to, search, 256, &event->content.search);
}

/* Of a choice of some: are analytics among them? UNSAID: it does not say which. */
static enum statement scopes_statement(const struct source_options *options, const struct json_node *scopes)
{
	if (scopes == NULL || scopes->kind != JSON_LIST) {
		return STATEMENT_UNSAID;
	}
	for (size_t i = 0; i < scopes->count; i++) {
		const struct json_node *scope = scopes->items[i];
		for (size_t j = 0; scope->kind == JSON_TEXT && j < options->consent_scopes_count; j++) {
			if (strcasecmp(scope->text, options->consent_scopes[j]) == 0) {
				return STATEMENT_GRANTED;
			}
		}
	}
	return STATEMENT_DENIED;
}

/* What the visitor chose in a consent banner, as far as it is about analytics. */
static enum outcome read_preferences(struct snowplow_reading *reading, const struct json_node *data)
{
	static const struct {
		const char *word;
		enum statement analytics;
	} rows[] = {
		{"allow_all", STATEMENT_GRANTED},
		{"deny_all", STATEMENT_DENIED},
		{"withdrawn", STATEMENT_WITHDRAWN},
		{"expired", STATEMENT_DENIED},
	};
	const char *type = json_get_text(data, "eventType");
	reading->to.event->action = ACTION_CONSENT;
	for (size_t i = 0; type != NULL && i < COUNT_OF(rows); i++) {
		if (strcmp(rows[i].word, type) == 0) {
			reading->to.event->consent.analytics = rows[i].analytics;
		}
	}
	if (type != NULL && strcmp(type, "allow_selected") == 0) {
		enum statement chosen = scopes_statement(reading->to.options, json_get(data, "consentScopes"));
		if (chosen != STATEMENT_UNSAID) {
			reading->to.event->consent.analytics = chosen;
		}
	}
	enum outcome outcome = take(reading, data, "eventType", 128, &reading->to.event->label);
	return outcome == OUTCOME_NONE && reading->to.event->consent.policy[0] == '\0'
		       ? take_policy(reading, NULL, json_get_text(data, "consentVersion"))
		       : outcome;
}

static enum outcome read_consent_granted(struct snowplow_reading *reading, const struct json_node *data)
{
	(void)data;
	reading->to.event->action = ACTION_CONSENT;
	reading->to.event->label = "consent_granted";
	if (reading->to.event->consent.analytics == STATEMENT_UNSAID) {
		reading->to.event->consent.analytics = STATEMENT_GRANTED;
	}
	return OUTCOME_NONE;
}

static enum outcome read_consent_withdrawn(struct snowplow_reading *reading, const struct json_node *data)
{
	reading->to.event->action = ACTION_CONSENT;
	reading->to.event->label = "consent_withdrawn";
	if (is_true(data, "all")) {
		reading->to.event->consent.analytics = STATEMENT_WITHDRAWN;
	}
	return OUTCOME_NONE;
}

/* Tracker v3's media plugin: one event, what happened in "type". */
static enum outcome read_media_event(struct snowplow_reading *reading, const struct json_node *data)
{
	const char *type = json_get_text(data, "type");
	reading->to.event->action = type != NULL && strcmp(type, "play") == 0	 ? ACTION_VIDEO_PLAY
				    : type != NULL && strcmp(type, "ended") == 0 ? ACTION_VIDEO_COMPLETE
										 : ACTION_CUSTOM;
	return take(reading, data, reading->to.event->action == ACTION_CUSTOM ? "type" : "label", 128,
		    &reading->to.event->label);
}

static const struct row events[] = {
	{IGLU_SNOWPLOW, "link_click", 1, read_link_click, 0},
	{IGLU_SNOWPLOW, "button_click", 1, read_button_click, 0},
	{IGLU_SNOWPLOW, "focus_form", 1, read_form_start, 0},
	{IGLU_SNOWPLOW, "change_form", 1, read_form_start, 0},
	{IGLU_SNOWPLOW, "submit_form", 1, read_form_submit, 0},
	{IGLU_SNOWPLOW, "site_search", 1, read_site_search, 0},
	{IGLU_SNOWPLOW, "consent_preferences", 1, read_preferences, 0},
	{IGLU_SNOWPLOW, "consent_withdrawn", 1, read_consent_withdrawn, 0},
	{IGLU_SNOWPLOW, "consent_granted", 1, read_consent_granted, 0},
	{IGLU_SNOWPLOW, "media_player_event", 1, read_media_event, 0},
	{MEDIA, "play_event", 1, NULL, ACTION_VIDEO_PLAY},
	{MEDIA, "end_event", 1, NULL, ACTION_VIDEO_COMPLETE},
};

enum outcome snowplow_self_describing(struct snowplow_reading *reading)
{
	struct json_node *root;
	enum outcome outcome = read_json(reading, "ue_pr", "ue_px", &root);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	const struct json_node *inner = open_outer(root, "unstruct_event");
	struct iglu iglu;
	if (!iglu_read(json_get_text(inner, "schema"), &iglu)) {
		return OUTCOME_unreadable;
	}
	const struct row *row = find(events, COUNT_OF(events), &iglu);
	if (row != NULL && row->read != NULL) {
		return row->read(reading, json_get(inner, "data"));
	}
	reading->to.event->action = row != NULL ? row->action : ACTION_CUSTOM;
	const char *name = arena_text(reading->to.arena, iglu.name, iglu.name_size);
	outcome = name != NULL ? reading_copy(&reading->to, name, 128, &reading->to.event->label)
			       : OUTCOME_too_large;
	return outcome != OUTCOME_NONE || row != NULL ? outcome
						      : reading_properties(&reading->to, json_get(inner, "data"));
}

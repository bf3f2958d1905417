/*
 * What an event is: its times, its page, its properties.
 */
#include "collector/source/posthog_event.h"

#include <string.h>
#include <strings.h>

#include "collector/source/banner.h"
#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/moment.h"

#define LINK_SIZE_MAX 16384 /* of a URL before it is cleaned */
#define SITE_SIZE_MAX 64
#define AGENT_SIZE_MAX 1024
#define TO(member) offsetof(struct event, member)

static const struct posthog_call *call_of(const struct reading *reading)
{
	return reading->around;
}

/* What clients tell of flags, of speed, of their own errors and of the mouse. */
bool posthog_is_ignored(const struct json_node *message)
{
	static const char *const names[] = {"$feature_flag_called", "$web_vitals",     "$snapshot", "$exception",
					    "$performance_event",   "$snapshot_items", "$$heatmap"};
	const char *name = json_get_text(message, "event");
	for (size_t i = 0; name != NULL && i < COUNT_OF(names); i++) {
		if (strcmp(names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

/* ---- which site, when, and which ---- */

/* The event itself comes first: it is the same by whatever way it is sent again. */
static enum outcome read_site(struct reading *reading)
{
	static const char *const paths[] = {"properties.token", "api_key", "token", "$token"};
	const char **to = &reading->event->site;
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < COUNT_OF(paths) && outcome == OUTCOME_NONE && (*to)[0] == '\0'; i++) {
		outcome = reading_text(reading, paths[i], SITE_SIZE_MAX, to);
	}
	return outcome == OUTCOME_NONE && (*to)[0] == '\0'
		       ? reading_copy(reading, call_of(reading)->site, SITE_SIZE_MAX, to)
		       : outcome;
}

static enum outcome read_times(struct reading *reading)
{
	const char *sent = call_of(reading)->sent;
	int64_t created_us = 0, sent_us = call_of(reading)->sent_us;
	enum outcome outcome = reading_moment(reading, "timestamp", READING_RFC3339, &created_us);
	if (outcome == OUTCOME_NONE && created_us == 0) {
		outcome = reading_moment(reading, "properties.$time", READING_SECONDS, &created_us);
	}
	sent = sent != NULL ? sent : json_get_text(reading->message, "sent_at");
	if (sent != NULL && !moment_read(sent, &sent_us)) {
		sent_us = 0;
	}
	if (outcome == OUTCOME_NONE) {
		reading_times(reading, created_us, sent_us, 0);
	}
	return outcome;
}

/* What differs from one attempt to the next, or depends on what it comes with. */
static bool is_of_attempt(const char *key)
{
	static const char *const keys[] = {"sent_at", "offset", "api_key", "token", "$token"};
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (strcmp(keys[i], key) == 0) {
			return true;
		}
	}
	return false;
}

/* Without one it is made of all that it says; without a time, too, of the second that it came in. */
static enum outcome read_id(struct reading *reading)
{
	static const char *const paths[] = {"uuid", "properties.$insert_id"};
	const struct json_node *message = reading->message;
	char second[MOMENT_TEXT_SIZE] = "";
	const char *sum = call_of(reading)->is_engage ? "engage" : "";
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		const struct json_node *given = reading_find(message, paths[i]);
		if (given != NULL && (given->kind != JSON_TEXT || given->text[0] != '\0')) {
			return reading_id(reading, paths[i], NULL, 0);
		}
	}
	if (reading->event->stamped_us == 0) {
		moment_print_second(reading->request->received_us, second);
	}
	for (size_t i = 0; sum != NULL && i < message->count; i++) {
		if (!is_of_attempt(message->keys[i])) {
			sum = reading_stir(message->items[i], message->keys[i], sum, reading->arena);
		}
	}
	if (sum == NULL) {
		return OUTCOME_too_large;
	}
	const struct hash_piece pieces[] = {{second, strlen(second)}, {sum, strlen(sum)}};
	return reading_id(reading, NULL, pieces, COUNT_OF(pieces));
}

/* ---- the page ---- */

/* A visitor who came directly has "$direct" for a referrer. */
static enum outcome read_page(struct reading *reading)
{
	static const struct reading_row rows[] = {
		{"properties.title", 256, TO(content.title)},
		{"properties.$browser_language", 16, TO(content.language)},
		{"properties.$session_id", 128, TO(session_id)},
		{"properties.utm_source", 128, TO(campaign.source)},
		{"properties.utm_medium", 128, TO(campaign.medium)},
		{"properties.utm_campaign", 128, TO(campaign.name)},
		{"properties.utm_term", 128, TO(campaign.term)},
		{"properties.utm_content", 128, TO(campaign.content)},
	};
	struct event *event = reading->event;
	const char *url = "", *referrer = "";
	enum outcome outcome = reading_text(reading, "properties.$current_url", LINK_SIZE_MAX, &url);
	outcome = outcome != OUTCOME_NONE
			  ? outcome
			  : reading_optional(reading, "properties.$referrer", LINK_SIZE_MAX, &referrer);
	for (size_t i = 0; i < COUNT_OF(rows) && outcome == OUTCOME_NONE; i++) {
		const char **to = (const char **)(void *)((char *)event + rows[i].to);
		outcome = reading_optional(reading, rows[i].path, rows[i].limit, to);
	}
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	event->content.url = url_clean(url, reading->arena);
	event->content.referrer = url_without_query(referrer[0] != '$' ? referrer : "", reading->arena);
	bool has_campaign = event->campaign.source[0] != '\0' || event->campaign.name[0] != '\0';
	return event->content.url != NULL && event->content.referrer != NULL &&
			       (has_campaign || url_campaign(url, reading->arena, event))
		       ? OUTCOME_NONE
		       : OUTCOME_too_large;
}

/* Sites say by a property of each event what their banner was told; the client itself says that it was let in at last. */
static enum outcome read_consent(struct reading *reading)
{
	struct event *event = reading->event;
	source_signals(reading->request, event);
	if (event->action == ACTION_CONSENT) {
		event->consent.analytics = STATEMENT_GRANTED;
	}
	return banner_read(reading, "properties.consent.categoryPreferences", NULL, NULL);
}

/* ---- the rest ---- */

/* Those that the client adds: of the page, of the campaign, of advertisers' clicks. */
static bool is_clients_own(const struct reading *reading, const char *key)
{
	static const char *const keys[] = {"title",  "token",	   "distinct_id", "consent",   "gclid",
					   "gclsrc", "gad_source", "dclid",	  "gbraid",    "wbraid",
					   "fbclid", "msclkid",	   "twclid",	  "li_fat_id", "mc_cid",
					   "igshid", "ttclid",	   "rdt_cid",	  "epik",      "qclid",
					   "sccid",  "oppref",	   "bfcid",	  "irclid",    "_kx",
					   "alias"};
	(void)reading;
	if (key[0] == '$' || strncmp(key, "utm_", 4) == 0) {
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (strcmp(keys[i], key) == 0) {
			return true;
		}
	}
	return false;
}

static enum outcome read_properties(struct reading *reading)
{
	reading_amount(reading);
	return reading_own_properties(reading, is_clients_own);
}

/* A browser's own header counts. A server speaks for somebody, and may say whose browser that was. */
static enum outcome read_agent(struct reading *reading)
{
	const char *library = "", *type = "";
	enum outcome outcome = reading_optional(reading, "properties.$lib", 64, &library);
	outcome = outcome != OUTCOME_NONE ? outcome
					  : reading_optional(reading, "properties.$browser_type", 64, &type);
	if (strcmp(type, "bot") == 0) {
		reading->event->machine_reasons |= MACHINE_PROVIDER_FLAG;
	}
	bool is_browser =
		strcmp(library, "web") == 0 ||
		(library[0] == '\0' && strncmp(reading->request->header[SOURCE_USER_AGENT], "Mozilla/", 8) == 0);
	if (is_browser || outcome != OUTCOME_NONE) {
		return outcome;
	}
	reading->user_agent = "";
	return reading_optional(reading, "properties.$raw_user_agent", AGENT_SIZE_MAX, &reading->user_agent);
}

/* In this order: later ones look at what earlier ones found. */
static reading_step *const steps[] = {
	read_site,	  read_times,	read_id,	 read_page,  posthog_action,
	posthog_identity, read_consent, read_properties, read_agent,
};

void posthog_event(const struct json_node *message, const struct posthog_call *call,
		   const struct source_options *options, struct arena *arena, struct source_item *ret_item)
{
	struct reading reading = {
		.request = call->request, .options = options, .arena = arena, .message = message, .around = call};
	reading_item(&reading, "posthog", CHANNEL_WEB, steps, COUNT_OF(steps), ret_item);
}

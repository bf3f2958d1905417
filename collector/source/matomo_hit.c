/*
 * What a hit is: its action, its page, who was there.
 */
#include "collector/source/matomo_hit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/moment.h"

#define LABEL_SIZE_MAX 128
#define LINK_SIZE_MAX 16384 /* of a URL before it is cleaned */
#define AGENT_SIZE_MAX 1024
#define VALUE_MAX 1e15
#define HEART_BEAT_MS 15000 /* that a ping tells of, unless the site has told its tracker otherwise */
#define HOUR_S 3600
#define FAST_S_MAX 600 /* that a visitor's clock may be ahead without its hit's stamp changing with time */
#define TO(member) offsetof(struct event, member)

static const char *get(const struct reading *reading, const char *name)
{
	const char *text = json_get_text(reading->message, name);
	return text != NULL ? text : "";
}

static bool has(const struct reading *reading, const char *name)
{
	return get(reading, name)[0] != '\0';
}

static bool is_by_script(const struct reading *reading)
{
	return has(reading, "r") || has(reading, "pv_id");
}

/* ---- when, and which ---- */

/* Below `limit`; -1: there is none. */
static int clock_part(const struct reading *reading, const char *name, int limit)
{
	const char *text = get(reading, name);
	size_t size = strlen(text);
	bool is_number = size > 0 && size <= 2 && strspn(text, "0123456789") == size;
	int number = is_number ? (int)strtol(text, NULL, 10) : -1;
	return number < limit ? number : -1;
}

/*
 * A hit says the hour, minute and second on its visitor's wall and no date. Almost everybody's clock differs by whole hours,
 * so minute and second tell which moment of the last hour it was. It need not be right, it must be the same whenever the same hit
 * comes again, as a stamp is a part of a touch's key: so it is for 50 minutes where the clock is right, and for 20 where it
 * is half an hour apart.
 */
static enum outcome read_times(struct reading *reading)
{
	int minute = clock_part(reading, "m", 60), second = clock_part(reading, "s", 60);
	reading_times(reading, 0, 0, 0);
	if (clock_part(reading, "h", 24) < 0 || minute < 0 || second < 0) {
		return OUTCOME_NONE;
	}
	int64_t received_s = reading->request->received_us / MOMENT_SECOND_US;
	int64_t ago_s = (received_s - (minute * 60 + second)) % HOUR_S;
	ago_s -= ago_s > HOUR_S - FAST_S_MAX ? HOUR_S : 0;
	reading->event->stamped_us = (received_s - ago_s) * MOMENT_SECOND_US;
	return OUTCOME_NONE;
}

/* What differs from one attempt to the next, or is not believed. */
static bool is_of_attempt(const char *key)
{
	static const char *const keys[] = {"send_image", "token_auth", "cdt", "cdo", "cip", "queuedtracking"};
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (strcmp(keys[i], key) == 0) {
			return true;
		}
	}
	return false;
}

/* From all that it says; without a stamp, also from the second that it came in and its place in a bulk. */
static enum outcome read_id(struct reading *reading)
{
	const struct json_node *map = reading->message;
	const struct matomo_call *call = reading->around;
	char second[MOMENT_TEXT_SIZE] = "";
	const char *sum = "", *place = "";
	if (reading->event->stamped_us == 0) {
		moment_print_second(reading->request->received_us, second);
		place = arena_print(reading->arena, "%zu", call->place);
	}
	for (size_t i = 0; sum != NULL && i < map->count; i++) {
		if (!is_of_attempt(map->keys[i])) {
			sum = reading_stir(map->items[i], map->keys[i], sum, reading->arena);
		}
	}
	if (sum == NULL || place == NULL) {
		return OUTCOME_too_large;
	}
	const struct hash_piece pieces[] = {{second, strlen(second)}, {place, strlen(place)}, {sum, strlen(sum)}};
	return reading_id(reading, NULL, pieces, COUNT_OF(pieces));
}

/* ---- the page, and who was there ---- */

static enum outcome read_site(struct reading *reading)
{
	return reading_needed(reading, "idsite", 64, &reading->event->site);
}

static enum outcome read_link(struct reading *reading, const char *name, bool with_campaign, const char **to)
{
	const char *link = "";
	enum outcome outcome = reading_text(reading, name, LINK_SIZE_MAX, &link);
	if (outcome == OUTCOME_NONE) {
		*to = with_campaign ? url_clean(link, reading->arena) : url_without_query(link, reading->arena);
	}
	return outcome == OUTCOME_NONE && *to == NULL ? OUTCOME_too_large : outcome;
}

/* The tracker remembers the campaign that the visit began with; the page's own is newer. */
static enum outcome read_page(struct reading *reading)
{
	static const struct reading_row rows[] = {
		{"lang", 16, TO(content.language)},	 {"uid", 256, TO(identity.user_id)},
		{"_id", 256, TO(identity.anonymous_id)}, {"cid", 256, TO(identity.anonymous_id)},
		{"_rcn", 128, TO(campaign.name)},	 {"_rck", 128, TO(campaign.term)},
	};
	struct event *event = reading->event;
	const char *url = has(reading, "url") ? get(reading, "url") : reading->request->header[SOURCE_REFERER];
	if (!url_campaign(url, reading->arena, event)) {
		return OUTCOME_too_large;
	}
	enum outcome outcome = read_link(reading, "url", true, &event->content.url);
	if (outcome == OUTCOME_NONE && !has(reading, "url")) {
		event->content.url = url_clean(url, reading->arena);
		outcome = event->content.url != NULL ? OUTCOME_NONE : OUTCOME_too_large;
	}
	outcome =
		outcome != OUTCOME_NONE ? outcome : read_link(reading, "urlref", false, &event->content.referrer);
	return outcome != OUTCOME_NONE ? outcome : reading_texts(reading, rows, COUNT_OF(rows));
}

/* A script that names no browser was told not to know it again. */
static enum outcome read_consent(struct reading *reading)
{
	struct event *event = reading->event;
	const char *profile = get(reading, "consent_profile");
	event->consent.analytics =
		strcmp(get(reading, "consent"), "1") == 0 ? STATEMENT_GRANTED : STATEMENT_UNSAID;
	event->consent.profile = strcmp(profile, "1") == 0   ? STATEMENT_GRANTED
				 : strcmp(profile, "0") == 0 ? STATEMENT_DENIED
							     : STATEMENT_UNSAID;
	event->consent.anonymous = is_by_script(reading) && event->identity.anonymous_id[0] == '\0';
	source_signals(reading->request, event);
	return OUTCOME_NONE;
}

/* ---- what was done ---- */

/* One that is no number is left out. */
static void read_value(struct reading *reading, const char *name)
{
	const char *text = get(reading, name);
	char *end;
	double number = strtod(text, &end);
	if (text[0] != '\0' && *end == '\0' && number >= -VALUE_MAX && number <= VALUE_MAX) {
		reading->event->has_value = true;
		reading->event->value = number;
	}
}

static enum outcome read_ping(struct reading *reading)
{
	reading->event->action = ACTION_PAGE_ENGAGED;
	reading->event->engaged_ms = HEART_BEAT_MS;
	return OUTCOME_NONE;
}

static enum outcome read_search(struct reading *reading)
{
	reading->event->action = ACTION_SITE_SEARCH;
	enum outcome outcome = reading_text(reading, "search", 256, &reading->event->content.search);
	return outcome != OUTCOME_NONE ? outcome
				       : reading_property(reading, "category", get(reading, "search_cat"));
}

static enum outcome read_download(struct reading *reading)
{
	reading->event->action = ACTION_CONTENT_DOWNLOAD;
	return read_link(reading, "download", true, &reading->event->content.target_url);
}

static enum outcome read_outlink(struct reading *reading)
{
	reading->event->action = ACTION_LINK_OUT;
	return read_link(reading, "link", true, &reading->event->content.target_url);
}

static enum outcome read_event(struct reading *reading)
{
	struct event *event = reading->event;
	event->action = source_video_action(get(reading, "e_c"), get(reading, "e_a"));
	enum outcome outcome =
		reading_text(reading, has(reading, "e_n") ? "e_n" : "e_a", LABEL_SIZE_MAX, &event->label);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(reading, "category", get(reading, "e_c"));
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(reading, "action", get(reading, "e_a"));
	read_value(reading, "e_v");
	return outcome;
}

/* Goal 0 is the shop: an order has a number, a cart has none. */
static enum outcome read_goal(struct reading *reading)
{
	struct event *event = reading->event;
	bool is_shop = strcmp(get(reading, "idgoal"), "0") == 0;
	const char *label = is_shop ? (has(reading, "ec_id") ? "ecommerce order" : "ecommerce cart")
				    : arena_print(reading->arena, "goal %s", get(reading, "idgoal"));
	event->action = ACTION_CUSTOM;
	reading->field = "idgoal";
	enum outcome outcome =
		label != NULL ? reading_copy(reading, label, LABEL_SIZE_MAX, &event->label) : OUTCOME_too_large;
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(reading, "order", get(reading, "ec_id"));
	read_value(reading, "revenue");
	return outcome;
}

static enum outcome read_content(struct reading *reading)
{
	struct event *event = reading->event;
	event->action = ACTION_CUSTOM;
	event->label = has(reading, "c_i") ? "content interaction" : "content impression";
	enum outcome outcome = reading_text(reading, "c_n", 128, &event->content.content_id);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(reading, "piece", get(reading, "c_p"));
	outcome =
		outcome != OUTCOME_NONE ? outcome : reading_property(reading, "interaction", get(reading, "c_i"));
	return outcome != OUTCOME_NONE ? outcome : read_link(reading, "c_t", true, &event->content.target_url);
}

/* What one of Matomo's extensions reports, whose words are its own. */
static enum outcome read_custom(struct reading *reading)
{
	struct event *event = reading->event;
	event->action = ACTION_CUSTOM;
	event->label = "ca";
	return has(reading, "action_name") ? reading_text(reading, "action_name", LABEL_SIZE_MAX, &event->label)
					   : OUTCOME_NONE;
}

/* "Shop / Prices" */
static enum outcome read_page_view(struct reading *reading)
{
	struct event *event = reading->event;
	event->action = ACTION_PAGE_VIEW;
	enum outcome outcome = reading_text(reading, "action_name", 256, &event->content.title);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(reading, "product", get(reading, "_pkn"));
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(reading, "sku", get(reading, "_pks"));
	reading->field = "url";
	return outcome == OUTCOME_NONE && event->content.url[0] == '\0' && event->content.title[0] == '\0'
		       ? OUTCOME_bad_value
		       : outcome;
}

/* The first whose argument is there says what it is; of a flag, that is 1. */
static enum outcome read_action(struct reading *reading)
{
	static const struct {
		const char *name;
		reading_step *read;
		bool is_flag;
	} rows[] = {
		{"ping", read_ping, true},	{"download", read_download, false}, {"link", read_outlink, false},
		{"search", read_search, false}, {"e_c", read_event, false},	    {"idgoal", read_goal, false},
		{"c_n", read_content, false},	{"ca", read_custom, true},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *value = get(reading, rows[i].name);
		if (rows[i].is_flag ? strcmp(value, "1") == 0 : value[0] != '\0') {
			return rows[i].read(reading);
		}
	}
	return read_page_view(reading);
}

/* "dimension3" */
static enum outcome read_dimensions(struct reading *reading)
{
	const struct json_node *map = reading->message;
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < map->count && outcome == OUTCOME_NONE; i++) {
		const char *text = map->items[i]->text;
		if (strncmp(map->keys[i], "dimension", 9) != 0) {
			continue;
		}
		text = strstr(text, "://") != NULL ? url_clean(text, reading->arena) : text;
		outcome = text != NULL ? reading_property(reading, map->keys[i], text) : OUTCOME_too_large;
	}
	return outcome;
}

/* Servers' libraries name no browser, or their version; an image in a page without scripts does not say its page. */
static bool is_by_server(const struct reading *reading)
{
	const struct matomo_call *call = reading->around;
	const char *agent = call->request->header[SOURCE_USER_AGENT];
	if (has(reading, "apiv")) {
		return strncmp(agent, "Mozilla/", 8) != 0;
	}
	return !is_by_script(reading) && (call->is_bulk || (agent[0] == '\0' && has(reading, "url")));
}

/* Who sends for somebody else may say whose browser it is; else nothing follows from a server's own library. */
static enum outcome read_agent(struct reading *reading)
{
	if (strcasestr(get(reading, "uadata"), "headless") != NULL) {
		reading->event->machine_reasons |= MACHINE_WEBDRIVER;
	}
	reading->user_agent = is_by_server(reading) ? "" : NULL;
	return has(reading, "ua") ? reading_text(reading, "ua", AGENT_SIZE_MAX, &reading->user_agent)
				  : OUTCOME_NONE;
}

/* In this order: later ones look at what earlier ones found. */
static reading_step *const steps[] = {
	read_site, read_times, read_id, read_page, read_consent, read_action, read_dimensions, read_agent,
};

void matomo_hit(const struct json_node *map, const struct matomo_call *call, const struct source_options *options,
		struct arena *arena, struct source_item *ret_item)
{
	struct reading reading = {
		.request = call->request, .options = options, .arena = arena, .message = map, .around = call};
	reading_item(&reading, "matomo", CHANNEL_WEB, steps, COUNT_OF(steps), ret_item);
}

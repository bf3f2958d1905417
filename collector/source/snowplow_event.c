#include "collector/source/snowplow_event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/moment.h"
#include "core/base/text.h"

#define ID_SIZE_MAX 128
#define MILLISECONDS_MAX INT64_C(253402300799999) /* the end of year 9999 */

const char *snowplow_get(const struct snowplow_payload *payload, const char *name)
{
	for (size_t i = 0; i < payload->arguments_count; i++) {
		if (strcmp(payload->arguments[i].name, name) == 0) {
			return payload->arguments[i].value;
		}
	}
	const char *text = json_get_text(payload->body, name);
	return text != NULL ? text : "";
}

/* Every value is a text; a whole number is taken for one. */
static enum outcome settle_values(struct snowplow_reading *reading)
{
	struct json_node *body = reading->payload->body;
	if (body == NULL) {
		return OUTCOME_NONE;
	}
	reading->to.field = "data";
	if (body->kind != JSON_MAP) {
		return OUTCOME_bad_value;
	}
	for (size_t i = 0; i < body->count; i++) {
		struct json_node *value = body->items[i];
		reading->to.field = body->keys[i];
		if (value->kind == JSON_NUMBER && value->is_whole) {
			value->text = arena_print(reading->to.arena, "%" PRId64, value->whole);
			if (value->text == NULL) {
				return OUTCOME_too_large;
			}
			value->kind = JSON_TEXT;
		}
		if (value->kind != JSON_TEXT && value->kind != JSON_NOTHING) {
			return OUTCOME_bad_value;
		}
	}
	return OUTCOME_NONE;
}

/* A tracker without an id (a pixel in a page without scripts) gets one from all it said, and the second it came in when
 * it does not say when it was: a retry is the same event, the next view is another one. */
static enum outcome make_id(struct snowplow_reading *reading)
{
	const struct snowplow_payload *payload = reading->payload;
	struct hash_piece pieces[HASH_PIECES_MAX];
	size_t count = 0;
	char second[24] = "";
	if (snowplow_get(payload, "dtm")[0] == '\0' && snowplow_get(payload, "ttm")[0] == '\0') {
		snprintf(second, sizeof(second), "%" PRId64, reading->to.request->received_us / MOMENT_SECOND_US);
	}
	pieces[count++] = (struct hash_piece){second, strlen(second)};
	for (size_t i = 0; i < payload->arguments_count && count + 2 <= HASH_PIECES_MAX / 2; i++) {
		const struct source_pair *pair = &payload->arguments[i];
		if (strcmp(pair->name, "stm") != 0) {
			pieces[count++] = (struct hash_piece){pair->name, strlen(pair->name)};
			pieces[count++] = (struct hash_piece){pair->value, strlen(pair->value)};
		}
	}
	for (size_t i = 0; payload->body != NULL && i < payload->body->count && count + 2 <= HASH_PIECES_MAX;
	     i++) {
		const struct json_node *value = payload->body->items[i];
		if (value->kind == JSON_TEXT && strcmp(payload->body->keys[i], "stm") != 0) {
			pieces[count++] =
				(struct hash_piece){payload->body->keys[i], strlen(payload->body->keys[i])};
			pieces[count++] = (struct hash_piece){value->text, strlen(value->text)};
		}
	}
	reading->to.event->id =
		arena_print(reading->to.arena, SOURCE_MADE_ID "%016" PRIx64, hash_64(pieces, count));
	return reading->to.event->id != NULL ? OUTCOME_NONE : OUTCOME_too_large;
}

static enum outcome read_id(struct snowplow_reading *reading)
{
	const char *id = snowplow_get(reading->payload, "eid");
	reading->to.field = "eid";
	if (strlen(id) > ID_SIZE_MAX) {
		return OUTCOME_too_large;
	}
	if (id[0] == '\0') {
		return make_id(reading);
	}
	return reading_copy(&reading->to, id, ID_SIZE_MAX, &reading->to.event->id);
}

/* Milliseconds since 1970 as digits; 0 when absent. */
static enum outcome read_milliseconds(struct snowplow_reading *reading, const char *name, int64_t *ret_us)
{
	const char *text = snowplow_get(reading->payload, name);
	int64_t milliseconds = 0;
	reading->to.field = name;
	for (const char *at = text; *at != '\0'; at++) {
		if (*at < '0' || *at > '9' || at - text == 15) {
			return OUTCOME_bad_value;
		}
		milliseconds = milliseconds * 10 + (*at - '0');
	}
	if (milliseconds > MILLISECONDS_MAX) {
		return OUTCOME_bad_value;
	}
	*ret_us = milliseconds * 1000;
	return OUTCOME_NONE;
}

static enum outcome read_times(struct snowplow_reading *reading)
{
	int64_t created_us, sent_us, true_us;
	enum outcome outcome = read_milliseconds(reading, "dtm", &created_us);
	outcome = outcome != OUTCOME_NONE ? outcome : read_milliseconds(reading, "stm", &sent_us);
	outcome = outcome != OUTCOME_NONE ? outcome : read_milliseconds(reading, "ttm", &true_us);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	reading_times(&reading->to, created_us, sent_us, true_us);
	return OUTCOME_NONE;
}

/* Texts that are taken as they are: from which name to which field. */
static enum outcome read_texts(struct snowplow_reading *reading)
{
	struct event *event = reading->to.event;
	const struct {
		const char *name;
		size_t limit;
		const char **to;
	} rows[] = {
		{"aid", 64, &event->site},
		{"page", 256, &event->content.title},
		{"lang", 16, &event->content.language},
		{"sid", 128, &event->session_id},
		{"duid", 256, &event->identity.anonymous_id},
		{"uid", 256, &event->identity.user_id},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		reading->to.field = rows[i].name;
		enum outcome outcome = reading_copy(&reading->to, snowplow_get(reading->payload, rows[i].name),
						    rows[i].limit, rows[i].to);
		if (outcome != OUTCOME_NONE) {
			return outcome;
		}
	}
	return OUTCOME_NONE;
}

static enum outcome read_page(struct snowplow_reading *reading)
{
	struct event *event = reading->to.event;
	const char *url = snowplow_get(reading->payload, "url");
	if (url[0] == '\0') {
		url = reading->to.request->header[SOURCE_REFERER];
	}
	reading->to.field = "url";
	if (!text_is_utf8(url, strlen(url))) {
		return OUTCOME_bad_text;
	}
	event->content.url = url_clean(url, reading->to.arena);
	event->content.referrer = url_without_query(snowplow_get(reading->payload, "refr"), reading->to.arena);
	return event->content.url != NULL && event->content.referrer != NULL &&
			       url_campaign(url, reading->to.arena, event)
		       ? OUTCOME_NONE
		       : OUTCOME_too_large;
}

/* --- the kinds of event --- */

static enum outcome read_page_view(struct snowplow_reading *reading)
{
	reading->to.event->action = ACTION_PAGE_VIEW;
	return OUTCOME_NONE;
}

/* "1280x720" → 720; 0: neither. */
static unsigned long height_of(const char *size)
{
	const char *x = strchr(size, 'x');
	return x != NULL && strlen(x) <= 8 ? strtoul(x + 1, NULL, 10) : 0;
}

/* A ping comes when the page was looked at since the last one. How far down: the lowest line that was in the window. */
static enum outcome read_page_ping(struct snowplow_reading *reading)
{
	struct event *event = reading->to.event;
	unsigned long document = height_of(snowplow_get(reading->payload, "ds"));
	unsigned long window = height_of(snowplow_get(reading->payload, "vp"));
	const char *lowest = snowplow_get(reading->payload, "pp_may");
	event->action = ACTION_PAGE_ENGAGED;
	event->engaged_ms = reading->to.options->page_ping_ms;
	if (document > 0 && strlen(lowest) <= 8 && lowest[0] != '\0') {
		unsigned long percent = (strtoul(lowest, NULL, 10) + window) * 100 / document;
		event->scroll_percent = percent > 100 ? 100 : (uint32_t)percent;
	}
	return OUTCOME_NONE;
}

static enum outcome read_struct_event(struct snowplow_reading *reading)
{
	const struct snowplow_payload *payload = reading->payload;
	struct event *event = reading->to.event;
	const char *category = snowplow_get(payload, "se_ca"), *action = snowplow_get(payload, "se_ac");
	const char *label = snowplow_get(payload, "se_la"), *value = snowplow_get(payload, "se_va");
	event->action = source_video_action(category, action);
	if (value[0] != '\0') {
		char *end;
		double number = strtod(value, &end);
		reading->to.field = "se_va";
		if (*end != '\0' || !(number >= -1e15 && number <= 1e15)) {
			return OUTCOME_bad_value;
		}
		event->has_value = true;
		event->value = number;
	}
	reading->to.field = "se";
	enum outcome outcome = reading_copy(&reading->to, label[0] != '\0' ? label : action, 128, &event->label);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(&reading->to, "category", category);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(&reading->to, "action", action);
	return outcome != OUTCOME_NONE
		       ? outcome
		       : reading_property(&reading->to, "property", snowplow_get(payload, "se_pr"));
}

/* Orders and advertising: kept under their own names. */
static enum outcome read_other(struct snowplow_reading *reading)
{
	reading->to.event->action = ACTION_CUSTOM;
	return reading_copy(&reading->to, snowplow_get(reading->payload, "e"), 128, &reading->to.event->label);
}

static enum outcome read_kind(struct snowplow_reading *reading)
{
	static const struct {
		const char *code;
		enum outcome (*read)(struct snowplow_reading *reading);
	} rows[] = {
		{"pv", read_page_view},	   {"pp", read_page_ping},
		{"se", read_struct_event}, {"ue", snowplow_self_describing},
		{"tr", read_other},	   {"ti", read_other},
		{"ev", read_other},	   {"ad", read_other},
	};
	const char *code = snowplow_get(reading->payload, "e");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (strcmp(rows[i].code, code) == 0) {
			return rows[i].read(reading);
		}
	}
	reading->to.field = "e";
	return OUTCOME_bad_value;
}

/* Servers and apps speak for somebody: their own User-Agent is a library's, and says nothing of who acted. */
static enum outcome read_agent(struct snowplow_reading *reading)
{
	const char *agent = snowplow_get(reading->payload, "ua");
	const char *platform = snowplow_get(reading->payload, "p");
	reading->to.field = "ua";
	if (agent[0] != '\0') {
		return reading_copy(&reading->to, agent, 1024, &reading->to.user_agent);
	}
	reading->to.user_agent = platform[0] == '\0' || strcmp(platform, "web") == 0 ? NULL : "";
	return OUTCOME_NONE;
}

/* The collector's own id of the browser, where a tracker or a server passes it on. `tnuid` goes before it. */
static enum outcome read_network_id(struct snowplow_reading *reading)
{
	static const char *const names[] = {"tnuid", "nuid"};
	enum outcome outcome = OUTCOME_NONE;
	const char **to = &reading->to.event->identity.anonymous_id;
	for (size_t i = 0; i < COUNT_OF(names) && outcome == OUTCOME_NONE && (*to)[0] == '\0'; i++) {
		reading->to.field = names[i];
		outcome = reading_copy(&reading->to, snowplow_get(reading->payload, names[i]), 256, to);
	}
	return outcome;
}

/* The visitor asked not to be recognised; the tracker leaves ids out by itself, older ones do not. */
static enum outcome forget_ids(struct snowplow_reading *reading)
{
	struct event *event = reading->to.event;
	if (reading->to.request->header[SOURCE_SP_ANONYMOUS][0] != '\0') {
		event->consent.anonymous = true;
		event->identity.anonymous_id = event->identity.user_id = event->session_id = "";
		if (event->consent.profile != STATEMENT_GRANTED) {
			event->identity.email = ""; /* not even its pseudonym */
		}
	}
	return OUTCOME_NONE;
}

/* In this order: later ones look at what earlier ones found. */
static enum outcome (*const steps[])(struct snowplow_reading *reading) = {
	settle_values,	   read_id,   read_times, read_texts,	   read_page,
	snowplow_entities, read_kind, read_agent, read_network_id, forget_ids,
};

/* Names and values one behind the other: what a rejected event's size and hash are taken of. */
static void reject(const struct snowplow_reading *reading, enum outcome reason, struct reject *ret_reject)
{
	const struct snowplow_payload *payload = reading->payload;
	struct hash_piece pieces[HASH_PIECES_MAX];
	size_t count = 0, size = 0;
	for (size_t i = 0; i < payload->arguments_count && count + 2 <= HASH_PIECES_MAX / 2; i++) {
		pieces[count++] =
			(struct hash_piece){payload->arguments[i].name, strlen(payload->arguments[i].name)};
		pieces[count++] =
			(struct hash_piece){payload->arguments[i].value, strlen(payload->arguments[i].value)};
	}
	const struct json_node *body =
		payload->body != NULL && payload->body->kind == JSON_MAP ? payload->body : NULL;
	for (size_t i = 0; body != NULL && i < body->count && count + 2 <= HASH_PIECES_MAX; i++) {
		const char *value = body->items[i]->kind == JSON_TEXT ? body->items[i]->text : "";
		pieces[count++] = (struct hash_piece){body->keys[i], strlen(body->keys[i])};
		pieces[count++] = (struct hash_piece){value, strlen(value)};
	}
	for (size_t i = 0; i < count; i++) {
		size += pieces[i].size;
	}
	source_reject(reason, reading->to.field, "", 0, ret_reject);
	ret_reject->size = (uint32_t)size;
	ret_reject->hash = hash_64(pieces, count);
}

void snowplow_event(const struct snowplow_payload *payload, const struct source_request *request,
		    const struct source_options *options, struct arena *arena, struct source_item *ret_item)
{
	struct snowplow_reading reading = {.payload = payload,
					   .to = {.request = request,
						  .options = options,
						  .arena = arena,
						  .event = source_event(arena),
						  .field = ""}};
	struct event *event = reading.to.event;
	enum outcome outcome = event != NULL ? OUTCOME_NONE : OUTCOME_too_large;
	if (outcome == OUTCOME_NONE) {
		event->source = "snowplow";
		event->channel = CHANNEL_WEB;
		event->party = PARTY_PERSON;
		source_signals(request, event);
	}
	for (size_t i = 0; i < COUNT_OF(steps) && outcome == OUTCOME_NONE; i++) {
		outcome = steps[i](&reading);
	}
	ret_item->event = outcome == OUTCOME_NONE ? event : NULL;
	ret_item->user_agent = reading.to.user_agent;
	if (outcome != OUTCOME_NONE) {
		reject(&reading, outcome, &ret_item->reject);
	}
}

#include "collector/source/source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/arena.h"
#include "core/base/hash.h"
#include "core/base/text.h"

#define HASHED_MAX ((size_t)64 * 1024) /* of a body, which each item of a batch may be rejected by */

const char *const source_header_names[SOURCE_HEADER_COUNT] = {
#define SOURCE_HEADER_NAME(name, text) [SOURCE_##name] = (text),
	SOURCE_HEADER_LIST(SOURCE_HEADER_NAME)
#undef SOURCE_HEADER_NAME
};

const char *source_more_header(const struct source_request *request, const char *name)
{
	for (size_t i = 0; i < request->more_headers_count; i++) {
		if (strcmp(request->more_headers[i].name, name) == 0) {
			return request->more_headers[i].value;
		}
	}
	return "";
}

const char *source_argument(const struct source_request *request, const char *name)
{
	for (size_t i = 0; i < request->arguments_count; i++) {
		if (strcmp(request->arguments[i].name, name) == 0) {
			return request->arguments[i].value;
		}
	}
	return "";
}

void source_reject(enum outcome reason, const char *field, const char *bytes, size_t size,
		   struct reject *ret_reject)
{
	const struct hash_piece begin = {bytes, size < HASHED_MAX ? size : HASHED_MAX};
	*ret_reject = (struct reject){.reason = reason, .size = (uint32_t)size, .hash = hash_64(&begin, 1)};
	snprintf(ret_reject->field, sizeof(ret_reject->field), "%.*s", (int)text_cut(field, REJECT_FIELD_SIZE - 1),
		 field);
	text_mask_addresses(ret_reject->field);
}

bool source_reject_all(enum outcome reason, const char *field, const char *bytes, size_t size, struct arena *arena,
		       struct source_items *ret_items)
{
	struct source_item *item = arena_zero(arena, 1, sizeof(*item));
	if (item == NULL) {
		return false;
	}
	source_reject(reason, field, bytes, size, &item->reject);
	*ret_items = (struct source_items){.count = 1, .items = item};
	return true;
}

struct event *source_event(struct arena *arena)
{
	struct event *event = arena_zero(arena, 1, sizeof(*event));
	if (event == NULL) {
		return NULL;
	}
	const char **const texts[] = {
		&event->id,
		&event->source,
		&event->site,
		&event->label,
		&event->session_id,
		&event->thread_id,
		&event->process,
		&event->identity.anonymous_id,
		&event->identity.visitor_id,
		&event->identity.recipient_id,
		&event->identity.email,
		&event->identity.user_id,
		&event->identity.crm_id,
		&event->identity.previous_id,
		&event->identity.name,
		&event->identity.title,
		&event->identity.role,
		&event->identity.company,
		&event->identity.company_domain,
		&event->consent.policy,
		&event->content.url,
		&event->content.title,
		&event->content.content_id,
		&event->content.form_id,
		&event->content.target_url,
		&event->content.search,
		&event->content.topic,
		&event->content.language,
		&event->content.referrer,
		&event->campaign.source,
		&event->campaign.medium,
		&event->campaign.name,
		&event->campaign.term,
		&event->campaign.content,
		&event->campaign.message_id,
		&event->opportunity.id,
		&event->opportunity.stage,
		&event->opportunity.currency,
		&event->opportunity.owner,
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*texts[i] = "";
	}
	event->opportunity.probability = event->opportunity.amount = (double)NAN;
	return event;
}

void source_signals(const struct source_request *request, struct event *event)
{
	event->consent.dnt = strcmp(request->header[SOURCE_DNT], "1") == 0;
	event->consent.gpc = strcmp(request->header[SOURCE_GPC], "1") == 0;
}

int source_video_action(const char *category, const char *action)
{
	static const struct {
		const char *word;
		int action;
	} rows[] = {
		{"play", ACTION_VIDEO_PLAY},	     {"start", ACTION_VIDEO_PLAY},
		{"complete", ACTION_VIDEO_COMPLETE}, {"completed", ACTION_VIDEO_COMPLETE},
		{"end", ACTION_VIDEO_COMPLETE},	     {"ended", ACTION_VIDEO_COMPLETE},
		{"finish", ACTION_VIDEO_COMPLETE},
	};
	for (size_t i = 0; strcasecmp(category, "video") == 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcasecmp(action, rows[i].word) == 0) {
			return rows[i].action;
		}
	}
	return ACTION_CUSTOM;
}

const char *source_text(struct arena *arena, const char *text, size_t max)
{
	if (text == NULL || text[0] == '\0') {
		return "";
	}
	size_t size = text_cut(text, max);
	if (!text_is_utf8(text, size)) {
		return "";
	}
	char *copy = arena_text(arena, text, size);
	bool odd = copy != NULL && text_has_controls(copy, size);
	for (char *at = copy; odd && *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f) {
			*at = ' ';
		}
	}
	return copy;
}

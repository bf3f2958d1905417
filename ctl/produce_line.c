/*
 * JSON line → event → protobuf, with the key that keeps one browser's events in order.
 */
#include <string.h>
#include <unistd.h>

#include "core/edge/key_file.h"
#include "core/flow/decode.h"
#include "ctl/produce.h"

bool produce_read_key(const struct ctl *ctl, struct produce_key *ret_key, struct fail *fail)
{
	const char *path = ctl->conf.identity.key_file;
	ret_key->there = access(path, F_OK) == 0;
	return !ret_key->there || key_file_read(path, ret_key->key.bytes, &ret_key->key.size, fail);
}

enum outcome produce_message(const struct message *message, const struct conf *conf, const struct produce_key *key,
			     struct arena *arena, struct produce_message *ret_message, struct reject *ret_reject)
{
	struct event *event;
	enum outcome outcome = decode_event(message, arena, NULL, &event, ret_reject);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	*ret_message = (struct produce_message){.channel = event->channel};
	struct identified who = {0};
	const struct identify_options options = {.key = &key->key,
						 .blocked = conf->identity.blocked.items,
						 .blocked_count = conf->identity.blocked.count};
	bool fits = (!key->there || identify_event(event, &options, arena, &who)) &&
		    encode_event(event, arena, &ret_message->bytes, &ret_message->size);
	if (!fits) {
		*ret_reject = (struct reject){.reason = OUTCOME_too_large, .size = (uint32_t)message->size};
		return OUTCOME_too_large;
	}
	ret_message->has_key = who.has_weak || who.has_strong;
	ret_message->key = who.has_weak ? who.weak.id : who.strong.id;
	return OUTCOME_NONE;
}

enum outcome produce_line(const char *line, size_t size, int64_t now_us, const struct conf *conf,
			  const struct produce_key *key, struct arena *arena, struct produce_message *ret_message,
			  struct reject *ret_reject)
{
	const struct message message = {
		.timestamp_us = now_us, .form = FORM_JSON, .value = (const uint8_t *)line, .size = size};
	return produce_message(&message, conf, key, arena, ret_message, ret_reject);
}

/*
 * Where a line of JSON becomes a message: the part of `phasectl produce` that knows events.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/flow/identify.h"
#include "core/model/message.h"
#include "core/model/reject.h"
#include "ctl/ctl.h"

#define PRODUCE_LINE_SIZE_MAX ((size_t)64 * 1024) /* a message's limit */

struct produce_message {
	enum channel channel;
	bool has_key;
	struct uuid key;      /* actor the touch will be recorded on */
	const uint8_t *bytes; /* protobuf; in the arena */
	size_t size;
};

struct produce_key {
	bool there;
	struct identity_key key;
};

/* The identity key, where the configuration's file is there; one that is there and cannot be used is a failure. */
bool produce_read_key(const struct ctl *ctl, struct produce_key *ret_key, struct fail *fail);
/* Checks the line as the daemon would, at `now_us`. OUTCOME_NONE and *ret_message, or why not and *ret_reject. */
enum outcome produce_line(const char *line, size_t size, int64_t now_us, const struct conf *conf,
			  const struct produce_key *key, struct arena *arena, struct produce_message *ret_message,
			  struct reject *ret_reject);
/* The same of a message in either form. */
enum outcome produce_message(const struct message *message, const struct conf *conf, const struct produce_key *key,
			     struct arena *arena, struct produce_message *ret_message, struct reject *ret_reject);

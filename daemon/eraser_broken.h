/*
 * Messages of the topic of erasures that are none: passed over where a later one of the same key holds in their place.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/base/hash.h"
#include "core/edge/kafka_log.h"

#define ERASER_BROKEN_MAX 256 /* that nothing holds in place of yet */

struct eraser_broken {
	struct eraser_broken_message {
		int32_t partition;
		int64_t offset;
		uint8_t key[HASH_SIZE]; /* of its bytes */
	} messages[ERASER_BROKEN_MAX];
	size_t count;
};

/* One more. False: there are too many. */
bool eraser_broken_add(struct eraser_broken *broken, const struct kafka_log_message *message, const char *topic,
		       struct fail *fail);
/* A message that holds: what came before it by its key need not be read any more, and that is logged. */
void eraser_broken_pass(struct eraser_broken *broken, const struct kafka_log_message *message, const char *topic);
/* The topic has ended. False: there is one that nothing came after. */
bool eraser_broken_none(const struct eraser_broken *broken, const char *topic, struct fail *fail);

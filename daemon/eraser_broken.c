#include "daemon/eraser_broken.h"

#include <string.h>

#include "core/base/log.h"

static bool fail_of(const struct eraser_broken_message *message, const char *topic, struct fail *fail)
{
	return fail_set(
		fail, FAIL_FATAL, EXIT_BAD_DATA,
		"%s/%d@%lld: is no erasure, and nothing after it has its key: whoever was erased by it would come "
		"back: erase them once more, or write a message of this key without a value",
		topic, (int)message->partition, (long long)message->offset);
}

bool eraser_broken_add(struct eraser_broken *broken, const struct kafka_log_message *message, const char *topic,
		       struct fail *fail)
{
	for (size_t i = 0; i < broken->count; i++) {
		if (broken->messages[i].partition == message->partition &&
		    broken->messages[i].offset == message->offset) {
			return true; /* read once more */
		}
	}
	if (broken->count == ERASER_BROKEN_MAX) {
		return fail_set(
			fail, FAIL_FATAL, EXIT_BAD_DATA,
			"%s: more than %d messages are no erasures, the first at %d@%lld, this one at %d@%lld: "
			"is anybody else writing to this topic?",
			topic, ERASER_BROKEN_MAX, (int)broken->messages[0].partition,
			(long long)broken->messages[0].offset, (int)message->partition,
			(long long)message->offset);
	}
	struct eraser_broken_message *added = &broken->messages[broken->count++];
	added->partition = message->partition;
	added->offset = message->offset;
	hash_sha256(message->key, message->key_size, added->key);
	return true;
}

void eraser_broken_pass(struct eraser_broken *broken, const struct kafka_log_message *message, const char *topic)
{
	uint8_t key[HASH_SIZE];
	size_t kept = 0;
	if (broken->count == 0) {
		return;
	}
	hash_sha256(message->key, message->key_size, key);
	for (size_t i = 0; i < broken->count; i++) {
		const struct eraser_broken_message *old = &broken->messages[i];
		if (old->partition == message->partition && memcmp(old->key, key, sizeof(key)) == 0) {
			log_warning("erasures: %s/%d@%lld: is no erasure; that at %lld has its key, and holds",
				    topic, (int)old->partition, (long long)old->offset,
				    (long long)message->offset);
		} else {
			broken->messages[kept++] = *old;
		}
	}
	broken->count = kept;
}

bool eraser_broken_none(const struct eraser_broken *broken, const char *topic, struct fail *fail)
{
	return broken->count == 0 || fail_of(&broken->messages[0], topic, fail);
}

/*
 * Why an event was rejected: what a row of table rejected and a message on topic phased.rejected say. No content of
 * the event: a field's name, sizes and a hash. On the topic also how many events the collector dropped.
 */
#pragma once
#include <stdint.h>

#include "core/model/outcome.h"

#define REJECT_FIELD_SIZE 96

struct reject {
	enum outcome reason;
	char field
		[REJECT_FIELD_SIZE]; /* path of the field in the message: "identity.email", or a JSON key, cut and masked; "" */
	uint32_t size;		     /* of the message, bytes */
	uint64_t hash;		     /* first 64 bits of SHA-256 of the message; of a body, of its first 64 KiB */
	/* Not 0: so many events of this site and channel were dropped for the reason no_consent. */
	uint32_t count;
	uint32_t denied;  /* of a count: so many said no, the others nothing */
	const char *site; /* of a count; may be NULL else */
	int channel;	  /* likewise, enum channel */
	/* In the daemon alone, and only by configuration: the message itself, `size` bytes, which never leaves it but for
	 * table rejected_raw. NULL: not kept. */
	const uint8_t *raw;
	int form; /* enum message_form */
};

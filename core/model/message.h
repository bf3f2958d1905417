/*
 * A message as the source hands it over: bytes and where they came from. Nothing in it is trusted yet.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOPICS_MAX 16
#define PARTITIONS_MAX 512 /* assigned to one process, over all topics */
#define LANES_MAX 16

/* A partition of one of the topics that configuration names. */
struct partition {
	uint16_t topic; /* index in the source's list of topics */
	int32_t number;
};

static inline bool partition_equal(struct partition a, struct partition b)
{
	return a.topic == b.topic && a.number == b.number;
}

/* Equal numbers of all topics, which is where one person's events lie, are of one lane. */
static inline unsigned partition_lane(struct partition partition, unsigned lanes)
{
	return (unsigned)partition.number % lanes;
}

/* By header content-type; none: protobuf, and so is what cannot be JSON, whatever the header says. CLOUDEVENT: an envelope in
 * JSON. */
enum message_form { FORM_PROTOBUF, FORM_JSON, FORM_UNKNOWN, FORM_CLOUDEVENT };

/* Of that header's value: any case, parameters may follow ("application/json; charset=utf-8"). An envelope may be a batch of them. */
enum message_form message_form_of_type(const char *type, size_t size);

/* What the headers of a CloudEvent in binary mode say, "" where they do not; NUL-terminated, nothing in them is trusted. */
struct message_cloud {
	const char *type, *source, *id, *subject, *time;
};

struct message {
	struct partition partition;
	int64_t offset;
	int64_t timestamp_us; /* the record's; never 0 */
	enum message_form form;
	const uint8_t *value;		   /* borrowed: valid until the source's release */
	size_t size;			   /* 0 for a tombstone */
	const struct message_cloud *cloud; /* of a type that is not ours, borrowed likewise; NULL: it is none */
};

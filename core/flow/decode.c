#include "core/flow/decode.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/flow/cloudevent.h"
#include "core/flow/event_message.h"
#include "core/flow/field_limits.h"
#include "core/flow/protojson.h"
#include "core/flow/quick_event.h"
#include "core/flow/validate.h"
#include "core/flow/wire.h"

#define AHEAD_US_MAX (120 * MOMENT_SECOND_US) /* an event's clock may be ahead of its receiver's */

/* One message being read. */
struct reading {
	const struct message *message;
	const struct json_node *node;	  /* the event in it, parsed already; NULL: the message is the event */
	const struct cloudevent_map *map; /* of foreign types; NULL: none is known */
	struct arena *arena, *scratch;	  /* what stays; what it is read through: may be the same */
	size_t mark, scratch_mark;	  /* of them, before */
	struct field_path path;
	uint64_t unknown_fields;
};

static struct reading reading_begin(const struct message *message, struct arena *arena, struct arena *scratch)
{
	return (struct reading){.message = message,
				.arena = arena,
				.scratch = scratch,
				.mark = arena->used,
				.scratch_mark = scratch->used};
}

static enum outcome wrong_content_type(struct reading *reading)
{
	field_path_add(&reading->path, "content-type");
	return OUTCOME_unreadable;
}

static enum outcome read_wire(struct reading *reading, const struct limits *limits, ProtobufCMessage **ret_raw)
{
	const struct message *message = reading->message;
	/* No message begins with a '{' (a group): JSON whose producer forgot the header. */
	if (message->size > 0 && message->value[0] == '{') {
		return wrong_content_type(reading);
	}
	return wire_read(message->value, message->size, limits, reading->scratch, &reading->path,
			 &reading->unknown_fields, ret_raw);
}

static enum outcome read_json(struct reading *reading, const struct limits *limits, ProtobufCMessage **ret_raw)
{
	if (reading->node != NULL) {
		return protojson_node(reading->node, limits, reading->scratch, &reading->path, ret_raw);
	}
	return protojson_read(reading->message->value, reading->message->size, limits, reading->scratch,
			      &reading->path, ret_raw);
}

/* Bytes in either form → a message within its limits. */
static enum outcome reading_message(struct reading *reading, const struct limits *limits,
				    ProtobufCMessage **ret_raw)
{
	const struct message *message = reading->message;
	if (reading->node == NULL && message->size > EVENT_MESSAGE_SIZE_MAX) {
		return OUTCOME_too_large;
	}
	enum outcome outcome = message->form == FORM_PROTOBUF ? read_wire(reading, limits, ret_raw)
			       : message->form == FORM_JSON   ? read_json(reading, limits, ret_raw)
							      : wrong_content_type(reading);
	return outcome == OUTCOME_NONE ? validate_message(*ret_raw, limits, &reading->path) : outcome;
}

static void path_print(const struct field_path *path, char ret_field[static REJECT_FIELD_SIZE])
{
	size_t used = 0;
	for (unsigned i = path->depth; i-- > 0;) {
		if (used > 0 && used + 1 < REJECT_FIELD_SIZE) {
			ret_field[used++] = '.';
		}
		size_t size = text_cut(path->names[i], REJECT_FIELD_SIZE - 1 - used);
		memcpy(ret_field + used, path->names[i], size);
		used += size;
	}
	ret_field[used] = '\0';
	text_mask_addresses(ret_field); /* keys that are none by themselves may make one together */
}

/* Says why, and gives back what the reading took. */
static enum outcome reading_reject(const struct reading *reading, enum outcome outcome, struct reject *ret_reject)
{
	const struct message *message = reading->message;
	struct hash_piece whole = {.bytes = message->value, .size = message->size};
	struct reject reject = {
		.reason = outcome,
		.size = message->size > UINT32_MAX ? UINT32_MAX : (uint32_t)message->size,
		.hash = hash_64(&whole, 1),
	};
	path_print(&reading->path, reject.field);
	arena_back(reading->arena, reading->mark);
	*ret_reject = reject;
	return outcome;
}

/* Fills in the times that the event leaves open, then holds them against each other. */
static enum outcome settle_times(struct event *event, int64_t timestamp_us, struct field_path *path)
{
	if (event->received_us == 0) {
		event->received_us = timestamp_us;
	}
	if (event->stamped_us == 0) {
		event->stamped_us = event->occurred_us;
	}
	if (!validate_is_moment(event->received_us)) { /* a record's timestamp is its producer's word, too */
		field_path_add(path, "received_us");
		return OUTCOME_time_out_of_range;
	}
	if (event->occurred_us < MOMENT_2000_US || event->occurred_us - AHEAD_US_MAX > event->received_us) {
		field_path_add(path, "occurred_us");
		return OUTCOME_time_out_of_range;
	}
	return OUTCOME_NONE;
}

/* The careful way: through a message of protobuf-c's, in either form. */
static enum outcome read_carefully(struct reading *reading, struct event *ret_event)
{
	ProtobufCMessage *raw = NULL;
	enum outcome outcome = reading_message(reading, &limits_event, &raw);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	bool fits = event_from_message((const Phased__V1__Event *)raw, reading->scratch, ret_event) &&
		    (reading->scratch == reading->arena || event_keep(ret_event, reading->arena));
	return fits ? OUTCOME_NONE : OUTCOME_too_large;
}

/* --- CloudEvents --- */

static enum outcome open_cloudevent(struct reading *reading, struct cloudevent *ret_from)
{
	const struct message *message = reading->message;
	const struct message_cloud *cloud = message->cloud;
	struct json_node *root = NULL;
	const char *field = "";
	enum outcome outcome = OUTCOME_NONE;
	if (message->size > EVENT_MESSAGE_SIZE_MAX) {
		return OUTCOME_too_large;
	}
	if (message->form == FORM_CLOUDEVENT || message->form == FORM_JSON) {
		outcome = protojson_parse(message->value, message->size, EVENT_DEPTH_MAX + 1, reading->scratch,
					  &reading->path, &root);
	}
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (cloud != NULL) {
		*ret_from = (struct cloudevent){.type = cloud->type,
						.source = cloud->source,
						.id = cloud->id,
						.subject = cloud->subject,
						.time = cloud->time,
						.data = root};
		outcome = cloudevent_check(ret_from, &field);
	} else {
		outcome = cloudevent_open(root, reading->scratch, ret_from, &field);
	}
	if (outcome != OUTCOME_NONE) {
		field_path_add(&reading->path, field);
	}
	return outcome;
}

/* Our own event, in an envelope. */
static enum outcome read_own(struct reading *reading, const struct cloudevent *from, struct event *ret_event)
{
	const struct message *whole = reading->message;
	struct message inner = *whole;
	bool is_wire = from->data == NULL && from->is_protobuf;
	if (from->data == NULL && !is_wire) {
		field_path_add(&reading->path, "data");
		return OUTCOME_bad_value;
	}
	inner.form = is_wire ? FORM_PROTOBUF : FORM_JSON;
	inner.value = is_wire ? from->bytes : whole->value;
	inner.size = is_wire ? from->size : whole->size;
	reading->node = from->data;
	reading->message = &inner;
	enum outcome outcome = read_carefully(reading, ret_event);
	reading->message = whole;
	return outcome;
}

/* What the map has made is held against the same limits as an event of our own. */
static enum outcome check_foreign(struct reading *reading, const struct event *event, struct event *ret_event)
{
	struct event_message message;
	if (!event_to_message(event, reading->scratch, &message)) {
		return OUTCOME_too_large;
	}
	enum outcome outcome = validate_message(&message.event.base, &limits_event, &reading->path);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	bool fits = event_from_message(&message.event, reading->scratch, ret_event) &&
		    event_keep(ret_event, reading->arena);
	return fits ? OUTCOME_NONE : OUTCOME_too_large;
}

/* A type that nothing is known of is named, as far as it may be shown. */
static enum outcome refuse_type(struct reading *reading, const char *type)
{
	char *shown = arena_text(reading->scratch, type, text_cut(type, REJECT_FIELD_SIZE));
	if (shown != NULL) {
		text_show(shown);
		field_path_add(&reading->path, shown);
	}
	field_path_add(&reading->path, "type");
	return OUTCOME_unreadable;
}

static enum outcome read_cloudevent(struct reading *reading, struct event *ret_event)
{
	struct cloudevent from;
	struct event event;
	const char *field = "";
	enum outcome outcome = open_cloudevent(reading, &from);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (cloudevent_is_own(&from)) {
		return read_own(reading, &from, ret_event);
	}
	if (reading->map == NULL || reading->map->count == 0) {
		return refuse_type(reading, from.type);
	}
	outcome = cloudevent_read(&from, reading->map, reading->scratch, &event, &field);
	if (outcome != OUTCOME_NONE) {
		field_path_add(&reading->path, field);
		return outcome;
	}
	if (event.occurred_us == 0) {
		event.occurred_us = reading->message->timestamp_us;
	}
	return check_foreign(reading, &event, ret_event);
}

static enum outcome read_event(struct reading *reading, struct event *ret_event)
{
	const struct message *message = reading->message;
	bool is_cloudevent = message->cloud != NULL || message->form == FORM_CLOUDEVENT;
	bool is_read = message->form == FORM_PROTOBUF && !is_cloudevent &&
		       quick_event_read(message->value, message->size, reading->arena, ret_event);
	enum outcome outcome = is_read	       ? OUTCOME_NONE
			       : is_cloudevent ? read_cloudevent(reading, ret_event)
					       : read_carefully(reading, ret_event);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (ret_event->party == PARTY_UNSAID) {
		ret_event->party = PARTY_PERSON;
	}
	return settle_times(ret_event, message->timestamp_us, &reading->path);
}

/* `event` NULL: there was no room for it. */
static enum outcome read_or_reject(struct reading *reading, struct event *event, struct decode_count *count,
				   struct reject *ret_reject)
{
	enum outcome outcome = event == NULL ? OUTCOME_too_large : read_event(reading, event);
	if (outcome != OUTCOME_NONE) {
		outcome = reading_reject(reading, outcome, ret_reject);
	}
	if (reading->scratch != reading->arena) {
		arena_back(reading->scratch, reading->scratch_mark);
	}
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (count != NULL) {
		count->unknown_fields += reading->unknown_fields;
	}
	return OUTCOME_NONE;
}

enum outcome decode_event(const struct message *message, struct arena *arena, struct decode_count *count,
			  struct event **ret_event, struct reject *ret_reject)
{
	struct reading reading = reading_begin(message, arena, arena);
	struct event *event = arena_take(arena, sizeof(*event));
	enum outcome outcome = read_or_reject(&reading, event, count, ret_reject);
	if (outcome == OUTCOME_NONE) {
		*ret_event = event;
	}
	return outcome;
}

enum outcome decode_event_node(const struct json_node *node, const struct message *around, struct arena *arena,
			       struct event **ret_event, struct reject *ret_reject)
{
	CHECK(around->form == FORM_JSON);
	struct reading reading = reading_begin(around, arena, arena);
	struct event *event = arena_take(arena, sizeof(*event));
	reading.node = node;
	enum outcome outcome = read_or_reject(&reading, event, NULL, ret_reject);
	if (outcome == OUTCOME_NONE) {
		*ret_event = event;
	}
	return outcome;
}

enum outcome decode_event_into(const struct message *message, const struct cloudevent_map *map,
			       struct arena *arena, struct arena *scratch, struct decode_count *count,
			       struct event *ret_event, struct reject *ret_reject)
{
	struct reading reading = reading_begin(message, arena, scratch);
	reading.map = map;
	return read_or_reject(&reading, ret_event, count, ret_reject);
}

/* The reject reason with this name; `uncollected` for one that only a newer collector knows. */
static enum outcome outcome_read(const char *name)
{
	for (int i = OUTCOME_NONE + 1; i < OUTCOME_COUNT; i++) {
		if (outcome_about[i].kept == OUTCOME_REJECTED && strcmp(outcome_about[i].name, name) == 0) {
			return (enum outcome)i;
		}
	}
	return OUTCOME_uncollected;
}

enum outcome decode_rejected(const struct message *message, struct arena *arena, struct reject *ret_reject,
			     int64_t *ret_received_us, const char **ret_source)
{
	struct reading reading = reading_begin(message, arena, arena);
	ProtobufCMessage *raw = NULL;
	enum outcome outcome = reading_message(&reading, &limits_rejected, &raw);
	if (outcome != OUTCOME_NONE) {
		return reading_reject(&reading, outcome, ret_reject);
	}
	const Phased__V1__Rejected *rejected = (const Phased__V1__Rejected *)raw;
	int64_t received_us = rejected->received_us == 0 ? message->timestamp_us : rejected->received_us;
	if (!validate_is_moment(received_us)) {
		field_path_add(&reading.path, "received_us");
		return reading_reject(&reading, OUTCOME_time_out_of_range, ret_reject);
	}
	struct reject reject = {.reason = outcome_read(rejected->reason),
				.size = rejected->size,
				.hash = rejected->hash,
				.count = rejected->count,
				.denied = rejected->denied,
				.site = rejected->site,
				.channel = (int)rejected->channel};
	if (reject.count != 0) {
		if (strcmp(rejected->reason, outcome_about[OUTCOME_no_consent].name) != 0) {
			field_path_add(&reading.path, "reason");
			return reading_reject(&reading, OUTCOME_bad_value, ret_reject);
		}
		reject.reason = OUTCOME_no_consent;
	}
	if (reject.denied > reject.count) {
		field_path_add(&reading.path, "denied");
		return reading_reject(&reading, OUTCOME_bad_value, ret_reject);
	}
	memcpy(reject.field, rejected->field, text_cut(rejected->field, REJECT_FIELD_SIZE - 1));
	*ret_reject = reject;
	*ret_received_us = received_us;
	*ret_source = rejected->source;
	return OUTCOME_NONE;
}

uint64_t decode_event_id(const struct event *event)
{
	const struct hash_piece pieces[] = {
		{event->source, strlen(event->source)},
		{event->site, strlen(event->site)},
		{event->id, strlen(event->id)},
	};
	return hash_64(pieces, sizeof(pieces) / sizeof(pieces[0]));
}

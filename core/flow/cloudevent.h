/*
 * CloudEvents: an envelope in JSON → its attributes, and one of a foreign type → an event. Pure; memory from the arena only.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/json.h"
#include "core/model/cloudevent.h"
#include "core/model/event.h"
#include "core/model/outcome.h"

struct arena;

struct cloudevent {
	const char *type, *source, *id, *subject, *time; /* "" when absent */
	const struct json_node *data;			 /* NULL: none, or it is no JSON */
	const uint8_t *bytes;				 /* of data that came as base64 */
	size_t size;
	bool is_protobuf; /* those bytes are, by datacontenttype */
};

/* Structured mode. OUTCOME_NONE, or what is wrong and *ret_field. Texts are the tree's. */
enum outcome cloudevent_open(const struct json_node *root, struct arena *arena, struct cloudevent *ret,
			     const char **ret_field);
/* Has it a type, a source and an id? Each envelope must; *ret_field: which it lacks. */
enum outcome cloudevent_check(const struct cloudevent *from, const char **ret_field);

bool cloudevent_is_own(const struct cloudevent *from);

/*
 * One of a foreign type as an event: CUSTOM by the name of its type, whose it is by its subject, the rest as the map says. The id
 * follows from source and id; when it was from time, which is 0 in the event where there is none. Masks nothing; sets no site unless the map does.
 */
enum outcome cloudevent_read(const struct cloudevent *from, const struct cloudevent_map *map, struct arena *arena,
			     struct event *ret_event, const char **ret_field);

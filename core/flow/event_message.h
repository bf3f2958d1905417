/*
 * phased.v1.Event (protobuf-c's struct) ↔ struct event. Checks nothing: decode has done so, or the caller made it.
 */
#pragma once
#include <stdbool.h>

#include "core/model/event.h"
#include "proto/phased/v1/event.pb-c.h"

struct arena;

/* Texts are shared with the message. False: arena full. */
bool event_from_message(const Phased__V1__Event *message, struct arena *arena, struct event *ret_event);

/* Gives it texts of its own, and lists. False: arena full. */
bool event_keep(struct event *event, struct arena *arena);

/* `event`, and the room for what it points to. */
struct event_message {
	Phased__V1__Event event;
	Phased__V1__Identity identity;
	Phased__V1__Consent consent;
	Phased__V1__Content content;
	Phased__V1__Campaign campaign;
	Phased__V1__Machine machine;
	Phased__V1__Opportunity opportunity;
};

/* Texts are shared with the event; parts without anything in them are left out. False: arena full. */
bool event_to_message(const struct event *event, struct arena *arena, struct event_message *ret_message);

/*
 * The quick way of DECODE: the wire form of an ordinary event → struct event, in one pass over its bytes; and back.
 *
 * It refuses nothing. What it does not know, or what breaks a limit, it leaves to the careful way (wire, protobuf-c,
 * validate, event_message), which alone says what is wrong with a message; what it does take, it takes as that would.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct event;

/*
 * True: *ret_event is what the careful way makes of these bytes, no field of them unknown; its texts are in the arena.
 * False: not an ordinary event, or the arena is full; the arena is as before, *ret_event holds nothing of use.
 */
bool quick_event_read(const uint8_t *bytes, size_t size, struct arena *arena, struct event *ret_event);

/* The same bytes as protobuf-c makes of the event's message, in the arena. False: not an ordinary event, or the arena is full, which is
 * as before. */
bool quick_event_write(const struct event *event, struct arena *arena, const uint8_t **ret_bytes,
		       size_t *ret_size);

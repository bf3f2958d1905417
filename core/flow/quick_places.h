/*
 * Where the fields of an ordinary event are, for reading and writing its wire form: private to quick_event.c and quick_write.c.
 */
#pragma once
#include <stdint.h>

/*
 * Where the fields of a message go, by their numbers; their types and limits are those of field_limits.h. A message has
 * the places of its own fields, all in the same struct event.
 */
enum place_kind { LEFT_OUT, VALUE, INNER }; /* LEFT_OUT: an event that has it goes the careful way */

struct place {
	enum place_kind kind;
	uint16_t at;		    /* VALUE: offset in struct event */
	const struct place *places; /* INNER */
};

extern const struct place quick_event_places[], quick_identity_places[];

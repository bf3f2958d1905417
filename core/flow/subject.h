/*
 * What a touch was about: event → subject. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/model/event.h"
#include "core/model/subject.h"

struct arena;

/* Borrows the event's texts and keys. `keys`: the property keys that configuration names, sorted, at most SUBJECT_PROPERTIES_MAX. False: arena full. */
bool subject_from_event(const struct event *event, const char *const *keys, size_t key_count, struct arena *arena,
			struct subject *ret_subject);
/* The same with texts of its own, the keys excepted. False: arena full. */
bool subject_copy(const struct subject *subject, struct arena *arena, struct subject *ret_subject);

/*
 * To know again, without hashing it, what an event is about. A look is cheap; its sketch is the same for events that say the
 * same in the same words, and hardly ever the same for others; it means nothing beyond this process. subject_is_of() is sure:
 * true only when subject_from_event() would make just that subject.
 */
struct subject_keys {
	const char *const *items; /* as above */
	size_t count;
};
struct subject_look {
	uint64_t sketch;
	const char *url, *target_url; /* the event's, and how much of them matters */
	size_t url_size, target_url_size;
};
struct subject_look subject_look(const struct event *event, const struct subject_keys *keys);
/* `made`: the look of the event that the subject is made from. */
/* What a look borrows from its event, copied. False: arena full. */
bool subject_look_copy(const struct subject_look *look, struct arena *arena, struct subject_look *ret_look);
bool subject_is_of(const struct subject *subject, const struct subject_look *made, const struct event *event,
		   const struct subject_look *look, const struct subject_keys *keys);

/* 0 under 10 s, 1 from 10 s, 2 from 30 s, 3 from 2 min, 4 from 10 min. */
int subject_engagement(uint32_t engaged_ms);
/* Host (lower case, without port 80/443) and path (without query and fragment) of an absolute http(s) URL; "" and ""
 * for anything else. False: arena full. */
bool subject_url_parts(const char *url, struct arena *arena, const char **ret_host, const char **ret_path);

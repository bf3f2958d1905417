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
 * Gives a subject that was read from the database its properties back. There stand their values, a line each in the order of `keys`, and
 * not of which keys they are: its id, a hash of all there is, tells. Borrows the keys. False: arena full, or nothing was found that gives
 * that id (nor is long looked for, where values have many lines themselves).
 */
bool subject_give_properties(struct subject *subject, const char *const *keys, size_t key_count, const char *lines,
			     struct arena *arena);

/*
 * To know again, without hashing it, what an event is about: all that subject_from_event() makes a subject from, side by side, a
 * URL without its query and fragment. Equal bytes, with the same keys, are the same subject. They mean nothing beyond this
 * process.
 */
struct subject_keys {
	const char *const *items; /* as above */
	size_t count;
};
struct subject_look {
	size_t size; /* 0: more than has room here */
	char bytes[1024];
};
void subject_look(const struct event *event, const struct subject_keys *keys, struct subject_look *ret_look);

/* 0 under 10 s, 1 from 10 s, 2 from 30 s, 3 from 2 min, 4 from 10 min. */
int subject_engagement(uint32_t engaged_ms);
/* Host (lower case, without port 80/443) and path (without query and fragment) of an absolute http(s) URL; "" and ""
 * for anything else. False: arena full. */
bool subject_url_parts(const char *url, struct arena *arena, const char **ret_host, const char **ret_path);

/*
 * A subject: what a touch was about, all that rules may look at, stored once. Texts as in struct event.
 */
#pragma once
#include <stdint.h>

struct event;
struct arena;

#define SUBJECT_PROPERTIES_MAX 16

struct subject {
	uint64_t id; /* first 64 bits of the hash of the fields below, in this order */
	const char *source, *site;
	int channel;	     /* enum channel */
	const char *process; /* explicit process or "" */
	int action;	     /* enum action */
	const char *label;
	const char *host, *path; /* of content.url: host lower-case without port 80/443, path without query */
	const char *title, *content_id, *form_id;
	const char *target_host, *target_path;
	const char *topic;
	int engagement; /* class 0..4: under 10 s, 10 s, 30 s, 2 min, 10 min */
	unsigned properties_count;
	const char *const *
		property_keys; /* those that configuration names, sorted, and their values: so many as said above */
	const char *const *property_values;
};

/*
 * What planning a stream (stream.c) and telling its events (stream_event.c) share. For those two alone.
 */
#pragma once
#include "bench/stream.h"

#define STREAM_LIVE_VISITORS 5000
#define STREAM_STAMP_US 5000 /* what the stamps are rounded to, so that copies of an event have one */
#define STREAM_RETRY 0x80
#define STREAM_SECTIONS 14
#define STREAM_FORMS 4

/* What a message tells. */
enum stream_act { ACT_VIEW, ACT_ENGAGED, ACT_DOWNLOAD, ACT_CLICK, ACT_SEARCH, ACT_PLAY, ACT_FORM, ACT_MAIL };

/* One message to come. */
struct stream_planned {
	int64_t received_us;
	int64_t occurred_us;
	uint32_t contact;
	uint32_t number; /* of the event; a retry has that of its original */
	uint32_t visit;	 /* whose session id it carries */
	uint16_t page;	 /* within its section, or the form */
	uint8_t section;
	uint8_t act; /* enum stream_act; STREAM_RETRY: a retry */
};

struct stream {
	struct stream_options options;
	struct stream_planned *planned;
	size_t count, distinct, at;
	uint64_t random;
	uint32_t visits;
	uint32_t live_numbers, live_contacts;
	struct {
		uint32_t contact, visit;
	} live[STREAM_LIVE_VISITORS];
};

/* A part of the site. `path`, `title` and `content` take a page's number. */
struct stream_section {
	unsigned weight, pages;	 /* how often it is read, of STREAM_WEIGHT_SUM; how many pages it has */
	enum stream_act besides; /* what people do there besides */
	const char *path, *title, *content;
};
#define STREAM_WEIGHT_SUM 1000
extern const struct stream_section stream_sections[STREAM_SECTIONS];

uint64_t stream_mix(uint64_t value);
/* An id of its own for each number of each kind, the same in each run; NULL: the arena is full. */
const char *stream_uuid(const struct stream *stream, struct arena *arena, const char *kind, uint64_t number);
/* The person behind a browser, when that one says who it is. */
bool stream_person(const struct stream *stream, uint32_t contact, uint32_t *ret_person);
/* CHECKs that the arena has room. */
void stream_fill(const struct stream *stream, const struct stream_planned *planned, struct arena *arena,
		 struct event *event);

/*
 * The journey of a person, as SVG: what was done, a lane a channel; under it how probable each phase was, as bands; between
 * them what was shown, up and down.
 *
 * Pure: rows in, text out. However long it was, the picture has one size: days are put together where there are many.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JOURNEY_WIDTH 1000
#define JOURNEY_LANES_MAX 6

struct journey_day {
	int64_t day_us; /* 00:00 UTC */
	double early, mid, late;
	bool is_closed; /* won or lost, and nothing since: none of them */
};

/* What was done by one channel on one day. */
struct journey_touch {
	int64_t day_us;
	const char *channel;
	int64_t touches;
	int64_t machine; /* of these */
};

struct journey_change {
	int64_t at_us;
	const char *from, *to; /* early, mid, late, none, unknown */
	const char *cause;     /* touch, time */
};

struct journey {
	const struct journey_day *days; /* by day */
	size_t day_count;
	const struct journey_touch *touches; /* by day */
	size_t touch_count;
	const struct journey_change *changes; /* by time */
	size_t change_count;
	const char *
		link; /* a URL to what was done on a day: "&day=2026-11-25" is put behind it; it is in escaped form */
};

/* Days from one to the other, both included; 0 where there are no rows. */
int64_t journey_span(const struct journey *journey, int64_t *ret_first_us);
/* Is it forward (1), back (-1), or neither (0)? */
int journey_direction(const char *from, const char *to);
void journey_picture(const struct journey *journey, FILE *out);

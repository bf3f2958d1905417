/*
 * How many events were dropped for want of consent, by source, site and channel. They leave no trace but these numbers,
 * which go to the topic for rejects once a minute, so that outcome_day has them. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/reject.h"

#define DROPS_MAX 64 /* sites; those beyond are counted together, without a name */
#define DROPS_SITE_SIZE 65

struct drops_row {
	const char *source; /* a constant */
	char site[DROPS_SITE_SIZE];
	int channel; /* enum channel */
	struct drops_count {
		uint32_t all,
			denied; /* denied: of all, those that said so, or whose browser did; the others said nothing */
	} count, in_flight;	/* not reported yet; reported, and not acknowledged */
};

struct drops {
	struct drops_row rows[DROPS_MAX];
	size_t used;
	uint64_t waiting;   /* sum of count.all */
	unsigned in_flight; /* reports under way */
	unsigned held;	    /* rows that somebody is about to count in */
	int64_t since_us;   /* when the oldest of those that wait was counted, monotonic */
};

/* The row that events of this site are counted in; stays that site's until drops_count(). `source` is kept, `site` copied,
 * without an address. */
struct drops_row *drops_hold(struct drops *drops, const char *source, const char *site, int channel);
/* So many were dropped; 0: none after all. */
void drops_count(struct drops *drops, struct drops_row *row, const struct drops_count *count, int64_t now_us);
/* Is it time for a report? */
bool drops_are_due(const struct drops *drops, int64_t now_us);

/* The next row with something to report from *place on; NULL: no more. Begin with a place of 0. */
struct drops_row *drops_next(struct drops *drops, size_t *place);
/* What to report of a row. */
void drops_report(const struct drops_row *row, struct reject *ret_report);
/* It is on its way. */
void drops_sent(struct drops *drops, struct drops_row *row);
/* Its end. Not delivered: it is counted for the next report. */
void drops_ended(struct drops *drops, struct drops_row *row, bool delivered, int64_t now_us);

/* The row that a token of kafka_sink_send() is, or NULL: the token is somebody else's. */
struct drops_row *drops_of(struct drops *drops, const void *token);

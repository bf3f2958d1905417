/*
 * The events that benchmarks send: invented visits to an invented company's site, the same for the same options.
 *
 * Contacts are browsers. Each comes at least once, some come often; a visit is some pages within minutes, more by day than
 * by night. One contact in twenty says who it is by a form with consent, at the end of its first visit; some of those are
 * a second browser of somebody. One message in 101 is a retry: the same id and stamp, received again. The order is that of
 * receipt, so the events of one browser come in order, and its retries late.
 *
 * With `journey` they are people who buy: each comes within some weeks of the time and reads on from articles to prices.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/event.h"

struct arena;
struct stream;

struct stream_options {
	int64_t seed;
	int64_t events;		/* messages in all, retries among them */
	int64_t contacts;	/* at most as many as stream_distinct(); at least 1 */
	int64_t days;		/* over which visits are spread */
	int64_t second_percent; /* of those who say who they are: a second browser of somebody; at most 50 */
	int64_t known;		/* browsers of twenty that say who they are */
	int64_t accounts;	/* companies that they are of; 0: one for each seven */
	int64_t journey; /* 0: visits are any time, about anything. Else a contact's lie within so many days, and go from
				   articles to prices; there is mail, and several sites */
	int64_t machine_percent; /* of visits, of crawlers; with journey alone */
	int64_t until_s;	 /* Unix time: when the last of these days ends */
};
#define STREAM_DEFAULTS \
	{ \
		.seed = 1, .events = 1000000, .contacts = 200000, .days = 10, .second_percent = 10, .known = 1 \
	}
/* Rows of a struct option_about table (ctl/options.h): the same words for the same events, whoever makes them. */
#define STREAM_OPTIONS(plan) \
	{"seed", "N", OPTION_NUMBER, &(plan).seed, 0, INT64_MAX, "another seed, other events"}, \
		{"events", "N", OPTION_NUMBER, &(plan).events, 1, 100000000, "messages in all"}, \
		{"contacts", "N", OPTION_NUMBER, &(plan).contacts, 1, 50000000, "browsers"}, \
		{"days", "N", OPTION_NUMBER, &(plan).days, 1, 366, "over which their visits are spread"}, \
		{"second", \
		 "PERCENT", \
		 OPTION_NUMBER, \
		 &(plan).second_percent, \
		 0, \
		 50, \
		 "of those who say who they are: second browsers"}, \
		{"known", \
		 "N", \
		 OPTION_NUMBER, \
		 &(plan).known, \
		 1, \
		 20, \
		 "of twenty browsers: so many say who they are"}, \
		{"accounts", \
		 "N", \
		 OPTION_NUMBER, \
		 &(plan).accounts, \
		 0, \
		 5000000, \
		 "companies that they are of; 0: one for each seven people"}, \
		{"journey", \
		 "DAYS", \
		 OPTION_NUMBER, \
		 &(plan).journey, \
		 0, \
		 366, \
		 "a contact's visits lie within so many days, and go from articles to prices"}, \
		{"machine", \
		 "PERCENT", \
		 OPTION_NUMBER, \
		 &(plan).machine_percent, \
		 0, \
		 100, \
		 "with --journey: visits of crawlers"}, \
	{ \
		"until", "SECONDS", OPTION_NUMBER, &(plan).until_s, 0, INT64_C(4000000000), \
			"Unix time at which these days end" \
	}

/* Messages that are not retries: what a database knows when all are applied. There are no more contacts than that. */
int64_t stream_distinct(const struct stream_options *options);

/* Plans everything, 32 bytes an event. NULL: no memory. */
struct stream *stream_create(const struct stream_options *options);
void stream_destroy(struct stream *stream); /* NULL is fine */

/* The next message; its texts are in the arena. False: that was all. CHECKs that the arena has room (4 KiB). */
bool stream_next(struct stream *stream, struct arena *arena, struct event *ret_event, bool *ret_is_retry);

/*
 * For as long as it is called: what some thousand visitors do right now, most of them contacts of the stream that was
 * planned, one in twenty new. Nobody of them says who it is, and there are no retries.
 */
void stream_live(struct stream *stream, int64_t now_us, struct arena *arena, struct event *ret_event);

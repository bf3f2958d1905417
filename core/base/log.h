/*
 * One line a thing that happened, to stderr with a "<n>" priority in front when a journal reads it.
 *
 * Only floor 4 logs above debug. Object first ("phased.web/3@8812:"), then what happened, then what is done about
 * it. No person, no address, no URL, no key: an internal id at most.
 */
#pragma once
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Once at start. `least` is the least urgent level that is written. Priorities "<3>" … are written where stderr goes
 * to the journal (JOURNAL_STREAM names it), else the level's word. */
void log_start(enum log_level least);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * For what may happen again and again: at most one line a second a limiter, with how many were held back.
 *
 *	static struct log_limit away;
 *	if (log_allowed(&away)) { log_warning("postgres: away (%s), trying again%s", …, log_held_back(&away)); }
 */
struct log_limit {
	long long next_us; /* monotonic */
	unsigned long held_back;
	char text[48];
};
bool log_allowed(struct log_limit *limit);
/* " (17 like it held back)" or ""; forgets the count. */
const char *log_held_back(struct log_limit *limit);

#include "core/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/moment.h"

#define LINE_SIZE 1024

static enum log_level least_level = LOG_LEVEL_INFO;
static bool for_journal;

static const struct {
	const char *word;
	const char *priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", "<3>"},
	[LOG_LEVEL_WARNING] = {"warning", "<4>"},
	[LOG_LEVEL_INFO] = {"info", "<6>"},
	[LOG_LEVEL_DEBUG] = {"debug", "<7>"},
};

void log_start(enum log_level least)
{
	least_level = least;
	for_journal = getenv("JOURNAL_STREAM") != NULL;
}

/* One write() a line, so that lines of two processes on one stderr do not mix. */
__attribute__((format(printf, 2, 0))) static void write_line(enum log_level level, const char *format,
							     va_list arguments)
{
	if (level > least_level) {
		return;
	}
	char line[LINE_SIZE];
	int size = for_journal ? snprintf(line, sizeof(line), "%s", levels[level].priority)
			       : snprintf(line, sizeof(line), "%s: ", levels[level].word);
	int more = vsnprintf(line + size, sizeof(line) - (size_t)size, format, arguments);
	size_t total = (size_t)size + (more > 0 ? (size_t)more : 0);
	if (total > sizeof(line) - 2) {
		total = sizeof(line) - 2;
	}
	for (size_t i = 0; i < total; i++) { /* no input makes a second line */
		if (line[i] == '\n' || line[i] == '\r') {
			line[i] = ' ';
		}
	}
	line[total++] = '\n';
	ssize_t written = write(STDERR_FILENO, line, total);
	(void)written; /* nowhere left to say it */
}

#define DEFINE_LOG(name, level) \
	void name(const char *format, ...) \
	{ \
		va_list arguments; \
		va_start(arguments, format); \
		write_line(level, format, arguments); \
		va_end(arguments); \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

bool log_allowed(struct log_limit *limit)
{
	long long now_us = moment_monotonic_us();
	if (now_us < limit->next_us) {
		limit->held_back++;
		return false;
	}
	limit->next_us = now_us + MOMENT_SECOND_US;
	return true;
}

const char *log_held_back(struct log_limit *limit)
{
	limit->text[0] = '\0';
	if (limit->held_back > 0) {
		snprintf(limit->text, sizeof(limit->text), " (%lu like it held back)", limit->held_back);
		limit->held_back = 0;
	}
	return limit->text;
}

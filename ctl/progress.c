#include "ctl/progress.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/moment.h"
#include "core/edge/postgres.h"

#define BAR_COLUMNS 30
#define BAR_US INT64_C(100000)
#define LINE_US (3 * MOMENT_SECOND_US)
#define LOOK_MS 100 /* as often as that while the server is at work */

void progress_begin(struct progress *progress, const char *what, bool printing)
{
	bool bar = isatty(STDERR_FILENO) && !(printing && isatty(STDOUT_FILENO));
	int64_t now_us = moment_monotonic_us();
	*progress = (struct progress){
		.what = what,
		.bar = bar,
		.begun_us = now_us,
		.next_us = now_us + (bar ? BAR_US : LINE_US),
		.part = -1,
	};
}

static void draw_bar(const struct progress *progress, int64_t seconds)
{
	unsigned full = progress->part < 0 ? 0 : (unsigned)(progress->part * BAR_COLUMNS);
	fputs("\r\033[K", stderr);
	for (unsigned i = 0; i < BAR_COLUMNS; i++) {
		fputs(i < full ? "█" : "░", stderr);
	}
	if (progress->part >= 0) {
		fprintf(stderr, " %3.0f %%", progress->part * 100);
	}
	fprintf(stderr, "  %s, %" PRId64 " s", progress->words, seconds);
}

static void print_line(const struct progress *progress, int64_t seconds)
{
	fprintf(stderr, "phasectl: %s: ", progress->what);
	if (progress->part >= 0) {
		fprintf(stderr, "%.0f %%, ", progress->part * 100);
	}
	fprintf(stderr, "%s, %" PRId64 " s\n", progress->words, seconds);
}

static void show(struct progress *progress)
{
	int64_t now_us = moment_monotonic_us();
	if (now_us < progress->next_us) {
		return;
	}
	(progress->bar ? draw_bar : print_line)(progress, (now_us - progress->begun_us) / MOMENT_SECOND_US);
	fflush(stderr);
	progress->drawn = progress->bar;
	progress->next_us = now_us + (progress->bar ? BAR_US : LINE_US);
}

void progress_show(struct progress *progress, double part, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(progress->words, sizeof(progress->words), format, arguments);
	va_end(arguments);
	progress->part = part > 1 ? 1 : part;
	show(progress);
}

bool progress_turn(struct progress *progress, struct postgres *postgres, struct fail *fail)
{
	enum postgres_result result = POSTGRES_GOES_ON;
	struct fail here;
	if (!postgres_send(postgres, fail)) {
		return false;
	}
	for (;;) {
		result = postgres_ready(postgres, &here);
		if (result != POSTGRES_GOES_ON) {
			break;
		}
		show(progress);
		struct pollfd watched = {.fd = postgres_fd(postgres),
					 .events =
						 (short)(POLLIN | (postgres_wants_write(postgres) ? POLLOUT : 0))};
		poll(&watched, 1, LOOK_MS);
	}
	if (result != POSTGRES_TURN_DONE) {
		*fail = here;
	}
	return result == POSTGRES_TURN_DONE;
}

void progress_end(struct progress *progress)
{
	if (progress->drawn) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	progress->drawn = false;
}

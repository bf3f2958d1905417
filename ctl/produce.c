/*
 * phasectl produce: events from stdin to Kafka, one JSON object a line.
 *
 * Sends only what the daemon would take, in protobuf, acknowledged by all replicas. What is not acknowledged yet is
 * bounded: a slow broker slows the reading down. A bad line is named by number and field, never by content, and the
 * others go on.
 */
#include "ctl/produce.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/sender.h"

#define NAMED_MAX 100 /* bad lines that are named; the rest is counted */
#define READ_SIZE ((size_t)256 * 1024)
#define LINE_ARENA_SIZE ((size_t)4 * 1024 * 1024)
#define PROGRESS_US (5 * MOMENT_SECOND_US)
#define SERVE_EVERY 256 /* lines between looks at what was delivered */

static struct {
	const char *topic;
} asked;

static const struct option_about options[] = {
	{"topic", "TOPIC", OPTION_TEXT, &asked.topic, 0, 0,
	 "for all events (default: by each event's channel, as configured)"},
	{0},
};

struct producer {
	struct ctl *ctl;
	struct sender sender;
	struct produce_key key;
	struct arena arena; /* one line's */
	uint64_t lines, bad;
	int64_t progress_us;
	uint64_t progress_lines; /* as of the last progress line */
	bool too_long;		 /* the line under way is over its limit: its rest is thrown away */
	char buffer[READ_SIZE];
	size_t used;
};

static volatile sig_atomic_t stopped_by; /* signal number */

static void on_signal(int number)
{
	stopped_by = number;
}

static void serve(struct producer *producer)
{
	sender_serve(&producer->sender);
	int64_t now_us = moment_monotonic_us();
	if (now_us >= producer->progress_us &&
	    (producer->lines != producer->progress_lines || sender_under_way(&producer->sender) > 0)) {
		fprintf(stderr, "phasectl: %" PRIu64 " lines read, %" PRIu64 " delivered, %" PRIu64 " bad\n",
			producer->lines, producer->sender.delivered, producer->bad);
		producer->progress_us = now_us + PROGRESS_US;
		producer->progress_lines = producer->lines;
	}
}

static void wait_for_sender(struct producer *producer)
{
	sender_wait(&producer->sender);
	serve(producer);
}

/* ---- A line ---- */

static void complain_line(struct producer *producer, enum outcome outcome, const struct reject *reject)
{
	if (++producer->bad <= NAMED_MAX) {
		fprintf(stderr, "phasectl: line %" PRIu64 ": %s%s%s: %s\n", producer->lines,
			outcome_about[outcome].name, reject->field[0] != '\0' ? " at " : "", reject->field,
			outcome_about[outcome].help);
	}
}

/* Sends, waiting where the buffer is full. False: *fail, and nothing more can be sent. */
static bool send(struct producer *producer, const struct produce_message *message, struct fail *fail)
{
	const char *topic =
		asked.topic != NULL ? asked.topic : topics_of_channel(&producer->ctl->conf, message->channel);
	if (topic[0] == '\0') {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
				"line %" PRIu64 ": no topic is configured for channel %s: name one with --topic",
				producer->lines, channel_name(message->channel));
	}
	if (!sender_look(&producer->sender, topic, fail)) {
		return false;
	}
	int64_t deadline_us = moment_monotonic_us() + SENDER_DELIVERY_MS_MAX * INT64_C(1000);
	while (!sender_send(&producer->sender, topic, message, fail)) {
		if (fail->kind == FAIL_DATA) {
			const struct reject reject = {.reason = OUTCOME_too_large};
			complain_line(producer, OUTCOME_too_large, &reject);
			return true;
		}
		if (fail->kind == FAIL_FATAL || moment_monotonic_us() > deadline_us) {
			return false;
		}
		wait_for_sender(producer);
	}
	return true;
}

static bool take_line(struct producer *producer, const char *line, size_t size, struct fail *fail)
{
	struct produce_message message;
	struct reject reject;
	producer->lines++;
	if (size > 0 && line[size - 1] == '\r') {
		size--;
	}
	if (size == 0) {
		return true;
	}
	arena_back(&producer->arena, 0);
	enum outcome outcome = produce_line(line, size, moment_now_us(), &producer->ctl->conf, &producer->key,
					    &producer->arena, &message, &reject);
	if (outcome != OUTCOME_NONE) {
		complain_line(producer, outcome, &reject);
		return true;
	}
	if (producer->lines % SERVE_EVERY == 0) {
		serve(producer);
	}
	return send(producer, &message, fail);
}

/* ---- Lines out of stdin ---- */

static void end_too_long(struct producer *producer)
{
	const struct reject reject = {.reason = OUTCOME_too_large};
	producer->lines++;
	producer->too_long = false;
	complain_line(producer, OUTCOME_too_large, &reject);
}

/* All whole lines of the buffer; what is left of it moves to its front. */
static bool take_lines(struct producer *producer, struct fail *fail)
{
	char *at = producer->buffer, *end = producer->buffer + producer->used, *newline;
	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (producer->too_long) {
			end_too_long(producer);
		} else if (!take_line(producer, at, (size_t)(newline - at), fail)) {
			return false;
		}
		at = newline + 1;
	}
	producer->used = (size_t)(end - at);
	if (producer->too_long || producer->used > PRODUCE_LINE_SIZE_MAX) {
		producer->too_long = true;
		producer->used = 0;
	}
	memmove(producer->buffer, at, producer->used);
	return true;
}

/* Reads until the end, a signal, or a failure. */
static bool take_all(struct producer *producer, struct fail *fail)
{
	while (stopped_by == 0) {
		struct pollfd watched[] = {{.fd = STDIN_FILENO, .events = POLLIN},
					   {.fd = sender_fd(&producer->sender), .events = POLLIN}};
		poll(watched, COUNT_OF(watched), 1000);
		serve(producer);
		if (watched[0].revents == 0 || stopped_by != 0) {
			continue;
		}
		ssize_t got = read(STDIN_FILENO, producer->buffer + producer->used, READ_SIZE - producer->used);
		if (got < 0 && errno != EINTR && errno != EAGAIN) {
			return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA, "stdin: %s", strerror(errno));
		}
		if (got == 0) {
			break;
		}
		producer->used += got > 0 ? (size_t)got : 0;
		if (!take_lines(producer, fail)) {
			return false;
		}
	}
	if (stopped_by != 0) {
		return true; /* the line under way is not whole */
	}
	if (producer->too_long) {
		end_too_long(producer);
	}
	return producer->used == 0 || take_line(producer, producer->buffer, producer->used, fail);
}

static void print_counts(const struct producer *producer)
{
	if (producer->bad > NAMED_MAX) {
		fprintf(stderr, "phasectl: %" PRIu64 " more bad lines\n", producer->bad - NAMED_MAX);
	}
	printf("%" PRIu64 " delivered, %" PRIu64 " bad, %" PRIu64 " not delivered\n", producer->sender.delivered,
	       producer->bad, producer->sender.lost);
}

static int produce(struct producer *producer)
{
	struct fail fail, lost;
	bool done = take_all(producer, &fail);
	while (sender_under_way(&producer->sender) > 0) { /* as sender_drain(), with progress */
		wait_for_sender(producer);
	}
	print_counts(producer);
	if (done && !sender_drain(&producer->sender, &lost)) {
		fail = lost;
		done = false;
	}
	if (!done) {
		return ctl_give_up(producer->ctl, &fail);
	}
	if (stopped_by != 0) {
		fflush(stdout);
		signal(stopped_by, SIG_DFL);
		raise(stopped_by);
	}
	return producer->bad > 0 ? EXIT_BAD_DATA : EXIT_DONE;
}

static bool start(struct producer *producer, struct ctl *ctl, struct fail *fail)
{
	if (!ctl_read_conf_for_kafka(ctl, fail) || !produce_read_key(ctl, &producer->key, fail)) {
		return false;
	}
	if (!arena_init(&producer->arena, LINE_ARENA_SIZE)) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	producer->ctl = ctl;
	producer->progress_us = moment_monotonic_us() + PROGRESS_US;
	return sender_start(&producer->sender, ctl, fail);
}

static int run(struct ctl *ctl)
{
	static struct producer producer;
	struct fail fail;
	const struct sigaction stop = {.sa_handler = on_signal};
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	int exit_code = start(&producer, ctl, &fail) ? produce(&producer) : ctl_complain(&fail);
	sender_finish(&producer.sender);
	arena_finish(&producer.arena);
	explicit_bzero(&producer.key, sizeof(producer.key));
	return exit_code;
}

const struct command produce_command = {
	.words = "produce",
	.summary = "send events from stdin, a JSON object a line",
	.details = "Each line is checked as the daemon would, and sent in protobuf, keyed by who did it (where "
		   "the identity\n"
		   "key can be read). A bad line is named and left out: exit 65. Events that were not "
		   "acknowledged: exit 69.\n"
		   "Waits for all acknowledgements, also after Ctrl-C.",
	.options = options,
	.run = run,
};

/*
 * bench_fill: sends the stream of events to a topic, as fast as it goes or at a steady rate.
 *
 * As the collector sends: protobuf, keyed by actor id, acks=all, idempotent. Ends with one line of JSON on stdout that
 * says what was sent; says how far it is on stderr.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bench/stream.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_sink.h"
#include "core/edge/key_file.h"
#include "core/flow/decode.h"
#include "core/flow/identify.h"
#include "ctl/options.h"

#define ARENA_SIZE ((size_t)1 << 20)
#define FLUSH_MS_MAX 60000
#define PROGRESS_US MOMENT_SECOND_US

static const char *brokers, *topic, *key_path;
static struct stream_options plan = STREAM_DEFAULTS;
static int64_t rate, seconds = 60, spoiled;

static const struct option_about options[] = {
	{"brokers", "HOST:PORT", OPTION_TEXT, &brokers, 0, 0, "where Kafka is"},
	{"topic", "TOPIC", OPTION_TEXT, &topic, 0, 0, "where to"},
	{"key", "FILE", OPTION_TEXT, &key_path, 0, 0, "the secret that actor ids are keyed with"},
	STREAM_OPTIONS(plan),
	{"rate", "N", OPTION_NUMBER, &rate, 0, 100000,
	 "not the stream, but so many events a second of what happens now"},
	{"spoiled", "N", OPTION_NUMBER, &spoiled, 0, 100, "besides: so many of a thousand that cannot be taken"},
	{"seconds", "N", OPTION_NUMBER, &seconds, 1, 86400, "for how long, with --rate"},
	{0},
};

struct filler {
	struct stream *stream;
	struct kafka_sink *sink;
	struct identity_key key;
	struct arena arena;
	uint64_t sent, distinct, delivered, lost, bytes;
	int64_t late_us_max; /* --rate: behind the plan */
};

static void on_delivered(void *context, void *token, bool delivered)
{
	struct filler *filler = context;
	(void)token;
	*(delivered ? &filler->delivered : &filler->lost) += 1;
}

static void serve(struct filler *filler)
{
	while (kafka_sink_poll(filler->sink)) {
	}
}

/* Torn: without its end. */
static bool send_event(struct filler *filler, const struct event *event, bool torn, struct fail *fail)
{
	const struct identify_options how = {.key = &filler->key};
	struct identified who;
	const uint8_t *bytes;
	size_t size;
	CHECK(identify_event(event, &how, &filler->arena, &who) && who.has_weak &&
	      encode_event(event, &filler->arena, &bytes, &size));
	size -= torn ? size / 3 : 0;
	while (!kafka_sink_send(filler->sink, topic, who.weak.id.bytes, sizeof(who.weak.id.bytes), bytes, size,
				NULL, fail)) {
		if (fail->kind != FAIL_RETRY) {
			return false;
		}
		struct pollfd watched = {.fd = kafka_sink_fd(filler->sink), .events = POLLIN};
		poll(&watched, 1, 100);
		serve(filler);
	}
	filler->sent++;
	filler->bytes += size;
	if (filler->sent % 256 == 0 || rate > 0) {
		serve(filler);
	}
	return true;
}

/* An event that no daemon takes, each time for another reason. */
static bool send_spoiled(struct filler *filler, const struct event *event, struct fail *fail)
{
	struct event other = *event;
	switch (filler->sent % 3) {
	case 0:
		other.action = 4711;
		break;
	case 1:
		other.occurred_us = 1; /* 1970 */
		break;
	default:
		return send_event(filler, event, true, fail);
	}
	return send_event(filler, &other, false, fail);
}

static bool send_stream(struct filler *filler, struct fail *fail)
{
	struct event event;
	bool is_retry;
	int64_t progress_us = moment_monotonic_us() + PROGRESS_US;
	while (stream_next(filler->stream, &filler->arena, &event, &is_retry)) {
		if (!send_event(filler, &event, false, fail)) {
			return false;
		}
		filler->distinct += is_retry ? 0 : 1;
		if (spoiled > 0 && filler->distinct % (uint64_t)(1000 / spoiled) == 0 && !is_retry &&
		    !send_spoiled(filler, &event, fail)) {
			return false;
		}
		arena_back(&filler->arena, 0);
		if (filler->sent % 1024 == 0 && moment_monotonic_us() > progress_us) {
			fprintf(stderr, "bench_fill: %" PRIu64 " of %" PRId64 " events\n", filler->sent,
				plan.events);
			progress_us += PROGRESS_US;
		}
	}
	return true;
}

/* A tick for each event that is due, so that a late one does not delay those after it. */
static bool send_live(struct filler *filler, struct fail *fail)
{
	int64_t interval_us = MOMENT_SECOND_US / rate;
	struct itimerspec ticks = {.it_interval = {.tv_nsec = interval_us >= 1000 ? interval_us * 1000 : 1000000},
				   .it_value = {.tv_nsec = 1}};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	CHECK(timer >= 0 && timerfd_settime(timer, 0, &ticks, NULL) == 0);
	int64_t begun_us = moment_monotonic_us();
	for (int64_t sent = 0; sent < rate * seconds;) {
		uint64_t passed;
		CHECK(read(timer, &passed, sizeof(passed)) == (ssize_t)sizeof(passed));
		int64_t now_us = moment_monotonic_us() - begun_us;
		for (; sent < rate * seconds && sent * MOMENT_SECOND_US / rate <= now_us; sent++) {
			struct event event;
			int64_t late_us = now_us - sent * MOMENT_SECOND_US / rate;
			filler->late_us_max = late_us > filler->late_us_max ? late_us : filler->late_us_max;
			stream_live(filler->stream, moment_now_us(), &filler->arena, &event);
			if (!send_event(filler, &event, false, fail)) {
				close(timer);
				return false;
			}
			filler->distinct++;
			arena_back(&filler->arena, 0);
		}
		serve(filler);
	}
	close(timer);
	return true;
}

static bool fill(struct filler *filler, struct fail *fail)
{
	/* A backlog was written when there was time to write it; what happens now is sent at once. */
	static const char *const backlog[] = {"linger.ms", "20", "batch.num.messages", "10000", NULL};
	static const char *const live[] = {"linger.ms", "0", NULL};
	struct kafka_sink_options sink = {
		.brokers = brokers,
		.client_id = "bench_fill",
		.properties = rate > 0 ? live : backlog,
		.buffer_kib_max = 32 * 1024,
		.delivery_ms_max = FLUSH_MS_MAX,
	};
	if (!key_file_read(key_path, filler->key.bytes, &filler->key.size, fail)) {
		return false;
	}
	filler->sink = kafka_sink_create(&sink, on_delivered, filler, fail);
	filler->stream = stream_create(&plan);
	CHECK(filler->stream != NULL && arena_init(&filler->arena, ARENA_SIZE));
	return filler->sink != NULL && (rate > 0 ? send_live(filler, fail) : send_stream(filler, fail));
}

int main(int argc, char **argv)
{
	struct filler filler = {0};
	struct fail fail;
	int rest;
	if (!options_parse(options, NULL, argc - 1, argv + 1, &rest, &fail)) {
		fprintf(stderr, "bench_fill: %s\n", fail.text);
		return EXIT_USAGE;
	}
	if (brokers == NULL || topic == NULL || key_path == NULL || rest > 0 ||
	    plan.contacts > stream_distinct(&plan)) {
		fprintf(stderr, "bench_fill: needs --brokers, --topic, --key, and more events than contacts\n");
		options_print(options);
		return EXIT_USAGE;
	}
	int64_t begun_us = moment_monotonic_us();
	bool done = fill(&filler, &fail);
	kafka_sink_destroy(filler.sink, FLUSH_MS_MAX);
	if (!done || filler.lost > 0 || filler.delivered != filler.sent) {
		fprintf(stderr, "bench_fill: %s\n", done ? "not everything was delivered" : fail.text);
		return EXIT_AWAY;
	}
	printf("{\"sent\": %" PRIu64 ", \"distinct\": %" PRIu64 ", \"bytes\": %" PRIu64
	       ", \"seconds\": %.3f, \"late_ms_max\": %.3f}\n",
	       filler.sent, filler.distinct, filler.bytes,
	       (double)(moment_monotonic_us() - begun_us) / (double)MOMENT_SECOND_US,
	       (double)filler.late_us_max / 1000);
	stream_destroy(filler.stream);
	arena_finish(&filler.arena);
	explicit_bzero(&filler.key, sizeof(filler.key));
	return EXIT_DONE;
}

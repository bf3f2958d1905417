/*
 * What TAKE and DECODE cost an event, message → item: all of take_items() as the daemon calls it, from a source that is
 * only an array, and its stages one by one. Prints ns of this processor an event, bytes of the arena an event, and a
 * checksum over what came out: the same before and after any change here. Not a test.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/edge/model_file.h"
#include "core/flow/decode.h"
#include "core/flow/subject.h"
#include "daemon/take.h"

#define EVENTS 4000
#define BATCH 4000
#define PAGES 150
#define TRIES 60 /* the best counts: others use the machine too */

static struct message messages[EVENTS];
static size_t total_bytes;

/* ---- the events: sessions of page views, one in 20 events a form with identity and consent, one in 10 a mail ---- */

#define HEAD \
	"{\"id\":\"%08x-8d0c-4a0f-9c53-4a3d6c1a%04x\",\"source\":\"%s\",\"site\":\"nordlys\",\"channel\":\"%s\"," \
	"\"action\":\"%s\",\"occurred_us\":%" PRId64 ",\"stamped_us\":%" PRId64 ",\"received_us\":%" PRId64 ","

static char *print_event(struct arena *arena, unsigned i)
{
	unsigned session = i / 8, page = i * 7919u % PAGES;
	int64_t us = INT64_C(1795600800123456) + (int64_t)i * 250000;
	unsigned name = session * 2654435761u;
	if (i % 10 == 9) {
		return arena_print(arena,
				   HEAD
				   "\"identity\":{\"email\":\"kunde-%u@firma-%u.test\"},\"campaign\":{\"name\":"
				   "\"autumn\"},\"content\":{\"target_url\":\"https://nordlys.test/guides/%u\"}}",
				   i * 2654435761u, i % 65536, "mailgun", "EMAIL",
				   i % 20 == 9 ? "EMAIL_OPEN" : "EMAIL_CLICK", us, us, us + 400000, session,
				   session % 97, page);
	}
	if (i % 20 == 3) {
		return arena_print(arena,
				   HEAD
				   "\"identity\":{\"anonymous_id\":\"%08x-2f1c-4f0a-8d3a-5a5f6f3b9c22\",\"email\":"
				   "\"Kunde-%u@Firma-%u.test\",\"name\":\"K. Unde\",\"role\":\"CFO\"},\"consent\":"
				   "{\"analytics\":\"GRANTED\",\"profile\":\"GRANTED\",\"policy\":\"2026-1\"},"
				   "\"content\":{\"url\":\"https://nordlys.test/demo\",\"form_id\":\"demo\"}}",
				   i * 2654435761u, i % 65536, "snowplow", "WEB", "FORM_SUBMIT", us, us,
				   us + 900000, name, session, session % 97);
	}
	return arena_print(
		arena,
		HEAD "\"identity\":{\"anonymous_id\":\"%08x-2f1c-4f0a-8d3a-5a5f6f3b9c22\"},\"consent\":"
		     "{\"analytics\":\"GRANTED\"},\"content\":{\"url\":\"https://nordlys.test/guides/plotter-%u\","
		     "\"title\":\"How to choose plotter %u\"},\"session_id\":"
		     "\"%08x-1111-4222-8333-444455556666\"}",
		i * 2654435761u, i % 65536, "snowplow", "WEB", "PAGE_VIEW", us, us, us + 900000, name, page, page,
		session * 40503u);
}

static void make_messages(struct arena *keep, struct arena *scratch)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		arena_reset(scratch, scratch->limit);
		char *text = print_event(scratch, i);
		struct message json = {.timestamp_us = 1,
				       .form = FORM_JSON,
				       .value = (const uint8_t *)text,
				       .size = strlen(text)};
		struct message wire = {.partition = {0, (int32_t)i % 8},
				       .offset = i,
				       .timestamp_us = INT64_C(1795600801000000),
				       .form = FORM_PROTOBUF};
		struct event *event;
		struct reject reject;
		CHECK(decode_event(&json, scratch, NULL, &event, &reject) == OUTCOME_NONE);
		CHECK(encode_event(event, keep, &wire.value, &wire.size));
		messages[i] = wire;
		total_bytes += wire.size;
	}
}

/* ---- a daemon's TAKE, and a source that is an array ---- */

static size_t given;

static size_t on_take(void *self, struct message *ret_messages, size_t max)
{
	(void)self;
	size_t count = EVENTS - given < max ? EVENTS - given : max;
	memcpy(ret_messages, messages + given, count * sizeof(*messages));
	given += count;
	return count;
}

static void on_release(void *self)
{
	(void)self;
}

struct bench {
	struct take take;
	struct engine *engine;
	struct arena held, model;
	struct conf conf;
	struct identity_key key;
	struct assignment assignment;
	struct counters counters;
	struct item *items;
};

static void bench_init(struct bench *bench)
{
	static const struct io_ops ops = {.source_take = on_take, .source_release = on_release};
	struct model *model;
	struct fail fail;
	CHECK(arena_init(&bench->held, (size_t)256 << 20) && arena_init(&bench->model, (size_t)64 << 20));
	CHECK(model_file_read("conf/model/standard.yaml", &bench->model, &model, &fail));
	bench->engine = engine_create(model->text, model->text_size, model->version, &fail);
	bench->items = calloc(BATCH, sizeof(*bench->items));
	CHECK(bench->engine != NULL && bench->items != NULL);
	bench->conf.consent.unsaid[CHANNEL_WEB] = CONSENT_REQUIRE;
	bench->conf.consent.unsaid[CHANNEL_EMAIL] = CONSENT_ALLOW;
	bench->key.size = IDENTITY_KEY_SIZE_MIN;
	memset(bench->key.bytes, 'k', bench->key.size);
	counters_init(&bench->counters);
	for (int i = 0; i < 8; i++) {
		bench->assignment.parts[bench->assignment.count++].partition = (struct partition){0, i};
	}
	bench->take = (struct take){
		.conf = &bench->conf,
		.identify = {.key = &bench->key},
		.io = {&ops, NULL},
		.assignment = &bench->assignment,
		.counters = &bench->counters,
		.rejected_topic = -1,
		.subjects = subjects_create(),
		.browsers = calloc(1, sizeof(struct browsers)),
		.scratch = &bench->held,
	};
	CHECK(bench->take.subjects != NULL && bench->take.browsers != NULL);
}

static size_t take_all(struct bench *bench)
{
	size_t count = 0;
	given = 0;
	arena_reset(&bench->held, bench->held.limit);
	take_items(&bench->take, bench->engine, &bench->held, bench->items, &count, BATCH);
	return count;
}

/* All ids and statements of all items, in one number. */
static uint64_t checksum(const struct bench *bench)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < BATCH; i++) {
		const struct item *item = &bench->items[i];
		const struct facts none = {0};
		const struct facts *facts = item->facts != NULL ? item->facts : &none;
		const struct touch *touch = &item->touch;
		uint64_t numbers[] = {
			sum,
			(uint64_t)item->decoded,
			uuid_high(&touch->actor_id),
			touch->event_id,
			touch->subject_id,
			(uint64_t)(touch->at_us + touch->stamped_us + touch->received_us),
			item->match.link + (uint64_t)(item->match.rule + 1000 * item->match.process),
			facts->has_claim ? uuid_high(&facts->claim.strong) : 0,
			facts->consent_count + 10 * facts->declared_count,
		};
		sum = hash_64(&(struct hash_piece){numbers, sizeof(numbers)}, 1);
	}
	return sum;
}

/* ---- the stages ---- */

static double now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static const struct event *events[EVENTS];
static uint64_t sum;

static void run_take(struct bench *bench)
{
	CHECK(take_all(bench) == EVENTS);
}

static void run_decode(struct bench *bench)
{
	arena_reset(&bench->held, bench->held.limit);
	for (size_t i = 0; i < EVENTS; i++) {
		struct event *event;
		struct reject reject;
		CHECK(decode_event(&messages[i], &bench->held, NULL, &event, &reject) == OUTCOME_NONE);
		sum += (uint64_t)event->occurred_us;
	}
}

static void run_identify(struct bench *bench)
{
	arena_reset(&bench->held, bench->held.limit);
	for (size_t i = 0; i < EVENTS; i++) {
		struct identified who;
		CHECK(identify_event(events[i], &bench->take.identify, &bench->held, &who));
		sum += who.has_weak;
	}
}

static void run_subject(struct bench *bench)
{
	arena_reset(&bench->held, bench->held.limit);
	for (size_t i = 0; i < EVENTS; i++) {
		struct subject subject;
		CHECK(subject_from_event(events[i], NULL, 0, &bench->held, &subject));
		sum += subject.id;
	}
}

/* As take_items() comes by them: each made once. */
static void run_subjects(struct bench *bench)
{
	const struct subject_keys keys = {NULL, 0};
	arena_reset(&bench->held, bench->held.limit);
	subjects_begin(bench->take.subjects, bench->engine);
	for (size_t i = 0; i < EVENTS; i++) {
		sum += subjects_find(bench->take.subjects, events[i], &keys, &bench->held)->subject.id;
	}
}

static void run_event_id(struct bench *bench)
{
	(void)bench;
	for (size_t i = 0; i < EVENTS; i++) {
		sum += decode_event_id(events[i]);
	}
}

static void run_match(struct bench *bench)
{
	for (size_t i = 0; i < EVENTS; i++) {
		struct match match;
		engine_match(bench->engine, &(struct subject){.id = bench->items[i].touch.subject_id}, &match);
		sum += (uint64_t)match.rule;
	}
}

/* With a number: that stage alone and long, for a profiler. */
int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct bench *bench);
	} stages[] = {
		{"take_items, all of it", run_take}, {"decode_event", run_decode},
		{"identify_event", run_identify},    {"subject_from_event", run_subject},
		{"event id", run_event_id},	     {"engine_match", run_match},
		{"subjects_find", run_subjects},
	};
	static struct bench bench;
	struct arena keep, kept_events;
	CHECK(arena_init(&keep, (size_t)64 << 20) && arena_init(&kept_events, (size_t)64 << 20));
	bench_init(&bench);
	make_messages(&keep, &bench.held);
	for (size_t i = 0; i < EVENTS; i++) {
		struct event *event;
		struct reject reject;
		CHECK(decode_event(&messages[i], &kept_events, NULL, &event, &reject) == OUTCOME_NONE);
		events[i] = event;
	}
	CHECK(take_all(&bench) == EVENTS);
	for (size_t i = 0; i < EVENTS; i++) { /* as after a COMMIT */
		engine_learn(bench.engine, bench.items[i].touch.subject_id, &bench.items[i].match);
	}
	CHECK(take_all(&bench) == EVENTS);
	printf("take: %d events of %zu bytes, %zu bytes of the arena each, checksum %016" PRIx64 "\n", EVENTS,
	       total_bytes / EVENTS, bench.held.used / EVENTS, checksum(&bench));
	for (size_t i = 0; argc > 1 && i < COUNT_OF(stages); i++) {
		for (unsigned try = 0; argv[1][0] == (char)('0' + i) && try < TRIES * 10; try++) {
			stages[i].run(&bench);
		}
	}
	double best[COUNT_OF(stages)];
	for (unsigned try = 0; try < TRIES; try++) {
		for (size_t i = 0; i < COUNT_OF(stages); i++) {
			double begun = now_ns();
			stages[i].run(&bench);
			double ns = (now_ns() - begun) / EVENTS;
			best[i] = try == 0 || ns < best[i] ? ns : best[i];
		}
	}
	for (size_t i = 0; i < COUNT_OF(stages); i++) {
		printf("take: %5.0f ns an event: %s\n", best[i], stages[i].name);
	}
	CHECK(sum != 0);
	engine_destroy(bench.engine);
	return EXIT_SUCCESS;
}

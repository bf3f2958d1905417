/*
 * bench_match: what ten rules and 2,000 rules cost an event in ingestion.
 *
 * The stream of bench/ingest goes, batch by batch, through all of a daemon's TAKE (decoding, identity, subject, match) and the
 * fold, once with either rule book, by turns. Subjects are matched as the daemon does: once, and learned when a batch is
 * committed. The processor time of this thread counts; making the events and reading the rule books does not. Ends with
 * one line of JSON on stdout.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/match_model.h"
#include "bench/stream.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/model_file.h"
#include "core/flow/decode.h"
#include "core/flow/fold.h"
#include "ctl/options.h"
#include "daemon/take.h"

#define BATCH 20000
#define MODEL_TEXT_SIZE ((size_t)1 << 20)
#define CONTACTS 4096 /* states that touches are folded into: those of a batch and more */

static struct stream_options plan = STREAM_DEFAULTS;

static const struct option_about options[] = {STREAM_OPTIONS(plan), {0}};

/* ---- a batch of messages ---- */

static struct message messages[BATCH];
static size_t message_count, given;

static size_t on_take(void *self, struct message *ret_messages, size_t max)
{
	(void)self;
	size_t count = message_count - given < max ? message_count - given : max;
	memcpy(ret_messages, messages + given, count * sizeof(*messages));
	given += count;
	return count;
}

static void on_release(void *self)
{
	(void)self;
}

/* The next messages of the stream, as they come from Kafka. False: there are no more. */
static bool make_batch(struct stream *stream, struct arena *bytes, struct arena *scratch)
{
	struct event event;
	bool is_retry;
	arena_reset(bytes, bytes->limit);
	for (message_count = 0; message_count < BATCH && stream_next(stream, scratch, &event, &is_retry);
	     message_count++) {
		struct message *message = &messages[message_count];
		*message = (struct message){.partition = {0, (int32_t)(message_count % 8)},
					    .offset = (int64_t)message_count,
					    .timestamp_us = event.received_us,
					    .form = FORM_PROTOBUF};
		CHECK(encode_event(&event, bytes, &message->value, &message->size));
		arena_back(scratch, 0);
	}
	return message_count > 0;
}

/* ---- a daemon with one rule book ---- */

struct side {
	struct match_book_about about;
	struct engine *engine;
	struct take take;
	struct conf conf;
	struct identity_key key;
	struct assignment assignment;
	struct counters counters;
	struct arena held, model;
	struct item *items;
	struct phase_state *states;
	double load_ms, ns;
	uint64_t events, other, learned;
};

static double now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void side_load(struct side *side, enum match_book book)
{
	struct fail fail;
	struct model *model;
	char *text = malloc(MODEL_TEXT_SIZE);
	CHECK(text != NULL && arena_init(&side->model, (size_t)256 << 20));
	match_model_write(book, text, MODEL_TEXT_SIZE, &side->about);
	if (!model_file_parse(text, strlen(text), &side->model, &model, &fail)) {
		fprintf(stderr, "bench_match: %s\n", fail.text);
		exit(EXIT_FAILURE);
	}
	double begun = now_ns();
	side->engine = engine_create(model->text, model->text_size, model->version, &fail);
	side->load_ms = (now_ns() - begun) / 1e6;
	CHECK(side->engine != NULL);
	free(text);
}

static void side_init(struct side *side, enum match_book book)
{
	static const struct io_ops ops = {.source_take = on_take, .source_release = on_release};
	side_load(side, book);
	side->items = calloc(BATCH, sizeof(*side->items));
	side->states = calloc(CONTACTS, sizeof(*side->states));
	CHECK(arena_init(&side->held, (size_t)256 << 20) && side->items != NULL && side->states != NULL);
	for (size_t i = 0; i < CONTACTS; i++) {
		fold_start(engine_model(side->engine)->processes, &side->states[i]);
	}
	side->conf.consent.unsaid[CHANNEL_WEB] = CONSENT_REQUIRE;
	side->key.size = IDENTITY_KEY_SIZE_MIN;
	memset(side->key.bytes, 'k', side->key.size);
	counters_init(&side->counters);
	for (int i = 0; i < 8; i++) {
		side->assignment.parts[side->assignment.count++].partition = (struct partition){0, i};
	}
	side->take = (struct take){
		.conf = &side->conf,
		.identify = {.key = &side->key},
		.io = {&ops, NULL},
		.assignment = &side->assignment,
		.counters = &side->counters,
		.rejected_topic = -1,
		.subjects = subjects_create(),
		.browsers = calloc(1, sizeof(struct browsers)),
		.scratch = &side->held,
	};
	CHECK(side->take.subjects != NULL && side->take.browsers != NULL);
}

static void side_finish(struct side *side)
{
	engine_destroy(side->engine);
	subjects_destroy(side->take.subjects);
	free(side->take.browsers);
	free(side->items);
	free(side->states);
	arena_finish(&side->held);
	arena_finish(&side->model);
}

static void fold(struct side *side, const struct item *item)
{
	struct fold_touch touch = {
		.ms = item->touch.at_us / 1000, .id = item->touch.event_id, .rule = (uint16_t)item->match.rule};
	fold_touch(engine_model(side->engine)->processes,
		   &side->states[uuid_high(&item->touch.actor_id) & (CONTACTS - 1)], &touch);
}

static void side_run(struct side *side)
{
	size_t count = 0;
	given = 0;
	arena_reset(&side->held, side->held.limit);
	double begun = now_ns();
	take_items(&side->take, side->engine, &side->held, side->items, &count, BATCH);
	for (size_t i = 0; i < count; i++) {
		fold(side, &side->items[i]);
	}
	for (size_t i = 0; i < count; i++) { /* as after a COMMIT */
		if (!engine_knows(side->engine, side->items[i].touch.subject_id)) {
			engine_learn(side->engine, side->items[i].touch.subject_id, &side->items[i].match);
			side->learned++;
		}
	}
	side->ns += now_ns() - begun;
	CHECK(count == message_count);
	for (size_t i = 0; i < count; i++) {
		CHECK(side->items[i].decoded == OUTCOME_NONE && side->items[i].match.rule != MATCH_NO_RULE);
		side->other += (unsigned)side->items[i].match.rule >= side->about.rules;
	}
	side->events += count;
}

/* What a subject costs that nobody has matched yet. */
static double match_us(const struct side *side)
{
	const struct contacts_model *model = engine_model(side->engine);
	struct fail fail;
	struct matcher *matcher = matcher_create(model->model, &fail);
	CHECK(matcher != NULL);
	int64_t rules = 0;
	double begun = now_ns();
	for (size_t i = 0; i < message_count; i++) {
		struct match match;
		matcher_match(matcher, side->items[i].subject, &match);
		rules += match.rule;
	}
	double us = (now_ns() - begun) / 1e3 / (double)message_count;
	CHECK(rules > 0);
	matcher_destroy(matcher);
	return us;
}

static void print_side(const char *name, const struct side *side)
{
	printf("\"%s\":{\"rules\":%u,\"regexes\":%u,\"ns\":%.1f,\"match_us\":%.2f,\"load_ms\":%.1f,\"other\":%.3f}"
	       ",",
	       name, side->about.rules, side->about.regexes, side->ns / (double)side->events, match_us(side),
	       side->load_ms, (double)side->other / (double)side->events);
}

int main(int argc, char **argv)
{
	struct fail fail;
	int rest;
	if (!options_parse(options, NULL, argc - 1, argv + 1, &rest, &fail)) {
		fprintf(stderr, "bench_match: %s\n", fail.text);
		return EXIT_USAGE;
	}
	if (rest > 0 || plan.contacts > stream_distinct(&plan)) {
		fprintf(stderr, "bench_match: takes options alone, and more events than contacts\n");
		options_print(options);
		return EXIT_USAGE;
	}
	static struct side sides[BOOK_COUNT];
	struct arena bytes, scratch;
	plan.until_s = plan.until_s != 0 ? plan.until_s : INT64_C(1795600800);
	struct stream *stream = stream_create(&plan);
	CHECK(stream != NULL && arena_init(&bytes, (size_t)64 << 20) && arena_init(&scratch, (size_t)1 << 20));
	side_init(&sides[BOOK_SMALL], BOOK_SMALL);
	side_init(&sides[BOOK_LARGE], BOOK_LARGE);
	for (unsigned turn = 0; make_batch(stream, &bytes, &scratch); turn++) {
		side_run(&sides[turn % BOOK_COUNT]); /* who comes second finds the messages in the cache */
		side_run(&sides[(turn + 1) % BOOK_COUNT]);
		if (sides[BOOK_SMALL].events == (uint64_t)plan.events) {
			break;
		}
	}
	printf("{\"events\":%" PRIu64 ",\"subjects\":%" PRIu64 ",", sides[BOOK_LARGE].events,
	       sides[BOOK_LARGE].learned);
	print_side("few", &sides[BOOK_SMALL]);
	print_side("many", &sides[BOOK_LARGE]);
	printf("\"ratio\":%.4f}\n", sides[BOOK_LARGE].ns / sides[BOOK_SMALL].ns);
	side_finish(&sides[BOOK_SMALL]);
	side_finish(&sides[BOOK_LARGE]);
	stream_destroy(stream);
	arena_finish(&bytes);
	arena_finish(&scratch);
	return EXIT_SUCCESS;
}

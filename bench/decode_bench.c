/*
 * What decoding an event costs, in both forms: bytes → event, its id and its subject, over and over. Prints ns an event.
 * Not a test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/decode.h"
#include "core/flow/subject.h"

#define ROUNDS 5000
#define TRIES 40 /* the best counts: others use the machine too */

/* A page view as a web tracker's collector sends it. */
static const char page_view[] =
	"{\"id\":\"0b1c6f0e-8d0c-4a0f-9c53-4a3d6c1a7f11\",\"source\":\"snowplow\",\"site\":\"nordlys\","
	"\"channel\":\"WEB\",\"action\":\"PAGE_VIEW\",\"occurred_us\":1795600800123456,\"stamped_us\":"
	"1795600800000000,"
	"\"received_us\":1795600801000000,\"identity\":{\"anonymous_id\":\"354a1f9e-2f1c-4f0a-8d3a-5a5f6f3b9c22\"}"
	","
	"\"consent\":{\"analytics\":\"GRANTED\"},\"content\":{\"url\":\"https://nordlys.test/guides/plotter\","
	"\"title\":\"How to choose a plotter\"},\"session_id\":\"2e2d1c0b-1111-4222-8333-444455556666\"}";

enum work { DECODE, DECODE_AND_SUBJECT };

static double ns_of_a_try(const struct message *message, enum work work, struct arena *arena)
{
	uint64_t sum = 0;
	int64_t begun_us = moment_monotonic_us();
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct event *event;
		struct reject reject;
		struct subject subject = {0};
		CHECK(decode_event(message, arena, NULL, &event, &reject) == OUTCOME_NONE);
		if (work == DECODE_AND_SUBJECT) {
			CHECK(subject_from_event(event, NULL, 0, arena, &subject));
			sum += decode_event_id(event);
		}
		sum += subject.id + (uint64_t)event->occurred_us;
		arena_reset(arena, (size_t)1 << 20);
	}
	CHECK(sum != 0);
	return (double)(moment_monotonic_us() - begun_us) * 1000 / ROUNDS;
}

static double ns_an_event(const struct message *message, enum work work, struct arena *arena)
{
	double best = ns_of_a_try(message, work, arena);
	for (unsigned i = 1; i < TRIES; i++) {
		double ns = ns_of_a_try(message, work, arena);
		best = ns < best ? ns : best;
	}
	return best;
}

int main(void)
{
	struct arena arena, keep;
	CHECK(arena_init(&arena, (size_t)16 << 20) && arena_init(&keep, (size_t)1 << 20));
	struct message json = {.timestamp_us = 1,
			       .form = FORM_JSON,
			       .value = (const uint8_t *)page_view,
			       .size = strlen(page_view)};
	struct message wire = {.timestamp_us = 1, .form = FORM_PROTOBUF};
	struct event *event;
	struct reject reject;
	CHECK(decode_event(&json, &keep, NULL, &event, &reject) == OUTCOME_NONE);
	CHECK(encode_event(event, &keep, &wire.value, &wire.size));
	printf("decode: %.0f ns an event of %zu bytes of protobuf, %.0f ns with event id and subject\n",
	       ns_an_event(&wire, DECODE, &arena), wire.size, ns_an_event(&wire, DECODE_AND_SUBJECT, &arena));
	printf("decode: %.0f ns an event of %zu bytes of JSON\n", ns_an_event(&json, DECODE, &arena), json.size);
	arena_finish(&arena);
	arena_finish(&keep);
	return EXIT_SUCCESS;
}

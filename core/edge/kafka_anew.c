/*
 * Another consumer in the place of one that gave up. To destroy that one may take a while (a name server that does not answer
 * is waited for), so it happens beside.
 */
#include <pthread.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_source_inside.h"

/* What belongs to one consumer of librdkafka. */
struct kafka_parting {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events, *messages[LANES_MAX];
	pthread_t thread; /* destroys rk */
};

static struct kafka_parting *take_out(struct kafka_source *source)
{
	struct kafka_parting *parting = calloc(1, sizeof(*parting));
	CHECK(parting != NULL);
	parting->rk = source->rk;
	parting->events = source->events;
	source->rk = NULL;
	source->events = NULL;
	for (unsigned i = 0; i < source->lane_count; i++) {
		CHECK(source->lanes[i].held_count == 0); /* librdkafka waits for them */
		parting->messages[i] = source->lanes[i].messages;
		source->lanes[i].messages = NULL;
	}
	return parting;
}

static void put_back(struct kafka_source *source, struct kafka_parting *parting)
{
	source->rk = parting->rk;
	source->events = parting->events;
	for (unsigned i = 0; i < source->lane_count; i++) {
		source->lanes[i].messages = parting->messages[i];
	}
	free(parting);
}

static void start_destroying(struct kafka_source *source, struct kafka_parting *parting)
{
	kafka_source_end_queue(parting->events);
	for (unsigned i = 0; i < source->lane_count; i++) {
		kafka_source_end_queue(parting->messages[i]);
	}
	if (kafka_client_part(parting->rk, &parting->thread)) {
		source->parting = parting;
	} else {
		free(parting);
	}
}

static void forget_parting(struct kafka_source *source, unsigned ms_max)
{
	if (source->parting != NULL) {
		kafka_client_parted(source->parting->thread, ms_max);
		free(source->parting);
		source->parting = NULL;
	}
}

void kafka_anew(struct kafka_source *source)
{
	struct fail fail;
	forget_parting(source, 0); /* the loop does not wait for it */
	struct kafka_parting *before = take_out(source);
	source->anew = ANEW_NO;
	source->anew_us = moment_monotonic_us();
	source->unsettled_until_us = 0;
	source->downs = 0;
	if (kafka_source_open(source, &fail)) {
		start_destroying(source, before);
		return;
	}
	struct kafka_parting *fresh = take_out(source);
	if (fresh->rk != NULL) {
		start_destroying(source, fresh);
	} else {
		free(fresh);
	}
	put_back(source, before); /* until the program ends, which it is told to */
	source->is_fatal = true;
	kafka_client_text(source->trouble, sizeof(source->trouble), fail.text);
	kafka_wake_ring(&source->wake);
}

void kafka_anew_finish(struct kafka_source *source)
{
	forget_parting(source, KAFKA_PART_MS_MAX);
}

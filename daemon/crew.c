#include "daemon/crew.h"

#include "core/base/check.h"
#include "core/base/moment.h"
#include "daemon/batch_steps.h"

/* A lane that does not come on waits for something that may take its time, such as a lock of somebody else's. */
#define CREW_PATIENCE_US (2 * MOMENT_SECOND_US)

bool crew_join(struct crew *crew, struct batch *batch)
{
	size_t i = 0;
	if (crew->recent == NULL) {
		crew->recent = recent_create();
	}
	while (i < CREW_MAX && crew->batches[i] != NULL) {
		i++;
	}
	CHECK(i < CREW_MAX);
	crew->batches[i] = batch;
	return crew->recent != NULL;
}

void crew_leave(struct crew *crew, const struct batch *batch)
{
	bool others = false;
	for (size_t i = 0; i < CREW_MAX; i++) {
		if (crew->batches[i] == batch) {
			crew->batches[i] = NULL;
		} else if (crew->batches[i] != NULL && crew->batches[i]->waits_for == batch) {
			crew->batches[i]->waits_for = NULL;
		}
		others = others || crew->batches[i] != NULL;
	}
	if (!others) {
		recent_destroy(crew->recent);
		crew->recent = NULL;
	}
}

static bool mark_busy(const struct crew *crew, struct batch *batch, bool *busy)
{
	bool any = false;
	for (size_t i = 0; i < CREW_MAX; i++) {
		const struct batch *other = crew->batches[i];
		if (other == NULL || other == batch || other->cast.members == NULL ||
		    other->step == STEP_ROLLBACK ||
		    (other == batch->tired_of[i].batch && other->try_number == batch->tired_of[i].try_number)) {
			continue;
		}
		for (size_t j = 0; j < batch->cast.count; j++) {
			if (!busy[j] && cast_find(&other->cast, &batch->cast.members[j].id) != NULL) {
				busy[j] = any = true;
				batch->waits_for = other;
				batch->waits_for_place = i;
				batch->waits_for_try = other->try_number;
			}
		}
	}
	return any;
}

/* Who is linked by a claim to somebody busy is so, too, as far as that goes. */
static void spread(const struct batch *batch, bool *busy)
{
	const struct cast_member *members = batch->cast.members;
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < batch->advance.in_play.claim_count; i++) {
			const struct claim *claim = &batch->advance.in_play.claims[i];
			bool *weak = &busy[cast_find(&batch->cast, &claim->weak) - members];
			bool *strong = &busy[cast_find(&batch->cast, &claim->strong) - members];
			more = more || *weak != *strong;
			*weak = *strong = *weak || *strong;
		}
	}
}

bool crew_free_count(const struct crew *crew, struct batch *batch, size_t *ret_count)
{
	bool *busy = arena_zero(&batch->work, batch->cast.count + 1, sizeof(*busy));
	if (busy == NULL) {
		return false;
	}
	*ret_count = batch->count;
	batch->waits_for = NULL;
	if (batch->is_tired) { /* of anybody, once */
		batch->is_tired = false;
		return true;
	}
	if (!mark_busy(crew, batch, busy)) {
		return true;
	}
	spread(batch, busy);
	for (size_t i = 0; i < batch->count; i++) {
		const struct cast_part *part = &batch->cast.parts[i];
		if ((part->weak != CAST_NOBODY && busy[part->weak]) ||
		    (part->strong != CAST_NOBODY && busy[part->strong])) {
			*ret_count = batch_whole(batch, i);
			break;
		}
	}
	if (*ret_count > 0) {
		batch->waits_for = NULL;
	}
	return true;
}

bool crew_waits(struct batch *batch, int64_t now_us)
{
	if (batch->waits_for != NULL && batch->waits_for->try_number != batch->waits_for_try) {
		batch->waits_for = NULL;
	}
	if (batch->waits_for == NULL) {
		return false; /* its patience goes on: the other may be faster again */
	}
	if (batch->waits_until_us == 0) {
		batch->waits_until_us = now_us + CREW_PATIENCE_US;
	}
	if (now_us < batch->waits_until_us) {
		return true;
	}
	batch->tired_of[batch->waits_for_place].batch = batch->waits_for;
	batch->tired_of[batch->waits_for_place].try_number = batch->waits_for_try;
	batch->waits_for = NULL;
	batch->waits_until_us = 0;
	batch->is_tired = true;
	return false;
}

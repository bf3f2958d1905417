/*
 * What a batch does next: one step after the other through the table, and how its window ends.
 */
#include "daemon/batch.h"

#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/flow/attribute.h"
#include "daemon/batch_steps.h"
#include "daemon/crew.h"

#define IDLE_KEEP ((size_t)4 * 1024 * 1024) /* pages that stay resident while nothing waits */
#define CREW_WAIT_US 1000		    /* until another lane may have come on */

void batch_clock_on(struct batch *batch)
{
	batch->clocked_us = batch->io.ops->monotonic_us(batch->io.self);
}

void batch_clock_off(struct batch *batch, unsigned step, enum step_part part)
{
	int64_t since_us = batch->clocked_us;
	batch_clock_on(batch);
	batch->options.counters->step_seconds[step][part].value +=
		(double)(batch->clocked_us - since_us) / (double)MOMENT_SECOND_US;
}

void batch_reconfigure(struct batch *batch)
{
	const struct conf *conf = batch->options.conf;
	batch->way.allowed = conf->batch.quick;
	batch->copy_min = (size_t)conf->batch.copy_min;
	batch->take.identify = (struct identify_options){batch->options.key, conf->identity.blocked.items,
							 conf->identity.blocked.count};
	batch->is_outdated = true; /* the one under way has its list of items already */
}

struct batch *batch_create(const struct batch_options *options, struct fail *fail)
{
	size_t size = (size_t)options->conf->batch.arena_mb * 1024 * 1024;
	struct batch *batch = calloc(1, sizeof(*batch));
	if (batch != NULL) {
		batch->options = *options;
	}
	if (batch == NULL || !arena_init(&batch->held, size) || !arena_init(&batch->work, size * 2) ||
	    (batch->take.subjects = subjects_create()) == NULL ||
	    (batch->take.browsers = calloc(1, sizeof(struct browsers))) == NULL ||
	    !crew_join(options->crew, batch)) {
		batch_destroy(batch);
		fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "batch: no memory for batch.arena_mb = %d",
			 (int)options->conf->batch.arena_mb);
		return NULL;
	}
	arena_large_pages(&batch->held);
	arena_large_pages(&batch->work);
	batch->io = options->io;
	way_init(&batch->way, options->conf->batch.quick);
	batch->take = (struct take){
		.conf = options->conf,
		.io = options->io,
		.assignment = options->assignment,
		.counters = options->counters,
		.rejected_topic = options->rejected_topic,
		.subjects = batch->take.subjects,
		.browsers = batch->take.browsers,
		.scratch = &batch->work, /* of which nothing is used while a batch is filled */
	};
	batch->claims_max = ATTRIBUTE_CLAIMS_MAX;
	batch_reconfigure(batch);
	batch_set_limits(batch);
	return batch;
}

void batch_destroy(struct batch *batch)
{
	if (batch != NULL) {
		arena_finish(&batch->held);
		arena_finish(&batch->work);
		subjects_destroy(batch->take.subjects);
		free(batch->take.browsers);
		crew_leave(batch->options.crew, batch);
		free(batch);
	}
}

/* While messages wait, the next batch needs the same pages: giving them back and faulting them in anew was a fifth of our
 * processor time. */
static void reset(const struct batch *batch, struct arena *arena)
{
	arena_reset(arena, batch->more ? arena->limit : IDLE_KEEP);
}

void batch_empty(struct batch *batch)
{
	batch->items = NULL;
	batch->item_count = batch->first = batch->count = batch->saved_count = 0;
	batch->filling = false;
	batch->open = false;
	batch->look_first = false;
	batch->tries = 0;
	batch->counted_only = false;
	batch->not_before_us = 0;
	batch->wider = NULL;
	batch->wider_count = 0;
	batch->step = STEP_LOOK;
	batch->cast = (struct cast){0};
	batch->try_number++;
	batch->waits_for = NULL;
	batch->waits_until_us = 0;
	batch->is_tired = batch->is_slow = false;
	reset(batch, &batch->held);
	reset(batch, &batch->work);
}

void batch_restart(struct batch *batch)
{
	char at[BATCH_PLACE_SIZE];
	log_debug("%s: %zu messages begin anew, after %s", batch_place(batch, at), batch->count,
		  batch_steps[batch->step].name);
	reset(batch, &batch->work);
	batch->step = STEP_LOOK;
	batch->open = false;
	batch->save = (struct save_rows){0};
	batch->cast = (struct cast){0};
	batch->try_number++;
}

void batch_set_engine(struct batch *batch, struct engine *engine)
{
	CHECK(batch_is_empty(batch) || engine != NULL);
	batch->engine = engine;
}

bool batch_is_empty(const struct batch *batch)
{
	return batch->item_count == 0;
}

bool batch_is_busy(const struct batch *batch)
{
	return batch->sent || (!batch_is_empty(batch) && !batch->filling && batch->step != STEP_LOOK);
}

/* ---- how a window ends ---- */

static void say_committed(const struct batch *batch, int64_t now_us)
{
	char at[BATCH_PLACE_SIZE];
	log_debug("%s: %zu messages committed %s, try %u, %lld ms after the first was taken",
		  batch_place(batch, at), batch->count, batch->way.quick ? "the quick way" : "with locks",
		  batch->tries + 1, (long long)(now_us - batch->filling_since_us) / 1000);
}

void batch_committed(struct batch *batch)
{
	struct counters *counters = batch->options.counters;
	int64_t now_us = batch->io.ops->monotonic_us(batch->io.self);
	struct partition_start *next = arena_zero(&batch->work, batch->position_count + 1, sizeof(*next));
	size_t next_count = 0;
	for (size_t i = 0; i < batch->position_count; i++) {
		struct assigned *part = assignment_find(batch->options.assignment, batch->position_parts[i]);
		if (part == NULL) {
			continue;
		}
		part->next_offset = batch->positions[i].to_offset;
		if (next != NULL) {
			next[next_count++] = (struct partition_start){part->partition, part->next_offset};
		}
	}
	if (next_count > 0) {
		batch->io.ops->source_mirror(batch->io.self, next, next_count);
	}
	int64_t wall_us = batch->io.ops->now_us(batch->io.self);
	const struct item *items = batch_window(batch);
	size_t messages = 0;
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &items[i];
		if (i + BATCH_AHEAD < batch->count) {
			recent_look_ahead(batch->options.crew->recent, items[i + BATCH_AHEAD].touch.event_id);
		}
		if (item->follows) {
			continue;
		}
		messages++;
		counters_outcome(counters, item->saved);
		/* A producer's clock may be ahead of ours; a sum that falls would look like a restart. */
		int64_t delay_us = wall_us > item->timestamp_us ? wall_us - item->timestamp_us : 0;
		metric_observe(&counters->event_delay, (double)delay_us / (double)MOMENT_SECOND_US);
		if (item->decoded == OUTCOME_NONE) {
			recent_note(batch->options.crew->recent, item->touch.event_id);
		}
	}
	if (batch->options.breaker != NULL) {
		breaker_add(batch->options.breaker, batch->items + batch->first, batch->count);
		counters->breaker_rejected.value = (double)breaker_rejected(batch->options.breaker);
	}
	batch_learn_subjects(batch);
	counters->queued.value += (double)batch->save.waiting_count;
	counters->deals.value += (double)(batch->save.stage_count + batch->save.associate_count);
	counters->claims_over.value += (double)batch->cast.claims_over;
	say_committed(batch, now_us);
	(batch->way.quick ? &counters->batches_quick : &counters->batches_careful)->value++;
	way_done(&batch->way);
	batch->open = false;
	batch->waits_until_us = 0;
	batch->is_slow = false;
	metric_observe(&counters->batch_events, (double)messages);
	metric_observe(&counters->batch_seconds,
		       (double)(now_us - batch->filling_since_us) / (double)MOMENT_SECOND_US);
	counters->last_commit.value = (double)wall_us / (double)MOMENT_SECOND_US;
	batch->save = (struct save_rows){0};
	batch->saved_count = 0;
	batch->first += batch->count;
	batch->count = batch->item_count - batch->first;
	batch->tries = 0;
	batch->counted_only = false;
	batch->not_before_us = 0;
	if (batch->count == 0) {
		batch_empty(batch);
	}
}

static void hand_back(const struct batch *batch, const struct item *item)
{
	if (!item->follows) {
		counters_outcome(batch->options.counters, OUTCOME_handed_back);
	}
}

void batch_drop_foreign(struct batch *batch)
{
	size_t kept = batch->first;
	size_t window_end = batch->first + batch->count, window_count = 0;
	for (size_t i = batch->first; i < batch->item_count; i++) {
		if (assignment_find(batch->options.assignment, batch->items[i].partition) == NULL) {
			hand_back(batch, &batch->items[i]);
			continue;
		}
		window_count += i < window_end ? 1 : 0;
		batch->items[kept++] = batch->items[i];
	}
	if (kept < batch->item_count) {
		batch->saved_count = 0;
	}
	batch->item_count = kept;
	batch->count = window_count > 0 ? window_count : kept - batch->first;
	if (batch->count == 0) {
		batch_empty(batch);
	}
}

void batch_hand_back(struct batch *batch)
{
	for (size_t i = batch->first; i < batch->item_count; i++) {
		hand_back(batch, &batch->items[i]);
	}
	batch->sent = false;
	batch->wants_claim = false; /* whoever wants it anew has asked; whose partitions are gone must not */
	batch->more = false;
	batch_empty(batch);
	take_forget(&batch->take);
}

bool batch_wants_claim(struct batch *batch)
{
	bool wants = batch->wants_claim;
	batch->wants_claim = false;
	return wants;
}

bool batch_wants_model(struct batch *batch)
{
	bool wants = batch->wants_model;
	batch->wants_model = false;
	return wants;
}

/* ---- steps ---- */

static enum batch_run ended(struct batch *batch, enum step_end end, struct fail *fail);

static enum batch_run start_step(struct batch *batch, struct fail *fail)
{
	batch_clock_on(batch);
	for (;;) {
		enum step_end end = batch_steps[batch->step].start(batch, fail);
		batch_clock_off(batch, batch->step, STEP_COMPUTES);
		if (end != STEP_NEXT) {
			return ended(batch, end, fail);
		}
		batch->step++;
		CHECK(batch->step < STEP_ROLLBACK);
	}
}

static enum batch_run ended(struct batch *batch, enum step_end end, struct fail *fail)
{
	switch (end) {
	case STEP_SENT:
		batch->options.counters->step_runs[batch->step].value++;
		batch->sent = true;
		return BATCH_SENT;
	case STEP_NEXT:
		if (batch_is_empty(batch)) {
			return BATCH_RESTS;
		}
		batch->step++;
		return BATCH_RESTS;
	case STEP_AGAIN:
		if (!batch_is_empty(batch)) {
			batch_restart(batch);
		}
		return BATCH_RESTS;
	case STEP_FULL:
		if (batch->step <= STEP_PEEK) { /* nobody was asked for them */
			batch_forget_months(batch);
		}
		fail_set(&batch->why, FAIL_DATA, EXIT_CONFIG, "needs more memory than batch.arena_mb");
		if (batch_is_empty(batch)) {
			return BATCH_RESTS;
		}
		if (!batch_shrink(batch, fail)) {
			return BATCH_FAILED;
		}
		break;
	case STEP_REDO:
		if (batch_is_empty(batch)) {
			return BATCH_RESTS;
		}
		break;
	case STEP_BROKEN:
		if (fail->kind == FAIL_FATAL) {
			return BATCH_FAILED;
		}
		batch->why = *fail;
		if (fail->kind == FAIL_DATA && !batch_shrink(batch, fail)) {
			return BATCH_FAILED;
		}
		return BATCH_DROPS;
	}
	batch->options.counters->redone.value++;
	if (batch->open) {
		batch->step = STEP_ROLLBACK;
	} else {
		batch_restart(batch);
	}
	return BATCH_RESTS;
}

enum batch_run batch_run(struct batch *batch, struct fail *fail)
{
	if (batch->sent || batch_is_empty(batch) || batch->filling || batch->engine == NULL) {
		return batch->sent ? BATCH_SENT : BATCH_RESTS;
	}
	int64_t now_us = batch->io.ops->monotonic_us(batch->io.self);
	if (now_us < batch_wakes_us(batch)) {
		return BATCH_RESTS; /* backing off, with no transaction open */
	}
	if (batch->step == STEP_LOOK && crew_waits(batch, now_us)) {
		batch->not_before_us = now_us + CREW_WAIT_US;
		return BATCH_RESTS;
	}
	return start_step(batch, fail);
}

enum batch_run batch_turn_done(struct batch *batch, struct fail *fail)
{
	enum step step = batch->step;
	batch->sent = false;
	batch_clock_off(batch, step, STEP_WAITS);
	enum step_end end = batch_steps[step].end(batch, fail);
	batch_clock_off(batch, step, STEP_COMPUTES);
	return ended(batch, end, fail);
}

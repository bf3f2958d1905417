/*
 * What a batch does next: fill, step by step through the table, and what follows from trouble.
 */
#include "daemon/batch.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "daemon/batch_steps.h"
#include "daemon/crew.h"

#define IDLE_KEEP ((size_t)4 * 1024 * 1024) /* pages that stay resident while nothing waits */
/* Messages that are decoded before the other lanes are looked after again: their COPYs must be fed. */
#define FILL_SLICE ((size_t)1024)
#define CREW_WAIT_US 1000 /* until another lane may have come on */
#define BACKOFF_FIRST_US INT64_C(50000)
#define BACKOFF_LAST_US INT64_C(5000000)

static void clock_on(struct batch *batch)
{
	batch->clocked_us = batch->io.ops->monotonic_us(batch->io.self);
}

/* Books the time since then. */
static void clock_off(struct batch *batch, unsigned step, enum step_part part)
{
	int64_t since_us = batch->clocked_us;
	clock_on(batch);
	batch->options.counters->step_seconds[step][part].value +=
		(double)(batch->clocked_us - since_us) / (double)MOMENT_SECOND_US;
}

static void set_limits(struct batch *batch)
{
	const struct conf *conf = batch->options.conf;
	/* The list of items itself must leave room for what is taken. */
	size_t room = (batch->held.limit - TAKE_ROOM) / 4 / sizeof(struct item);
	size_t most = (size_t)conf->batch.events_max, least = (size_t)conf->batch.events_min;
	batch->limit_max = most < room ? most : room;
	batch->limit = least < batch->limit_max ? least : batch->limit_max;
	batch->is_outdated = false;
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
	    !crew_join(options->crew, batch)) {
		batch_destroy(batch);
		fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "batch: no memory for batch.arena_mb = %d",
			 (int)options->conf->batch.arena_mb);
		return NULL;
	}
	batch->io = options->io;
	way_init(&batch->way, options->conf->batch.quick);
	batch->take = (struct take){
		.conf = options->conf,
		.io = options->io,
		.assignment = options->assignment,
		.counters = options->counters,
		.rejected_topic = options->rejected_topic,
	};
	batch_reconfigure(batch);
	set_limits(batch);
	return batch;
}

void batch_destroy(struct batch *batch)
{
	if (batch != NULL) {
		arena_finish(&batch->held);
		arena_finish(&batch->work);
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

static void empty(struct batch *batch)
{
	batch->items = NULL;
	batch->item_count = batch->first = batch->count = batch->saved_count = 0;
	batch->filling = false;
	batch->open = false;
	batch->look_first = false;
	batch->tries = 0;
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

bool batch_has_more(const struct batch *batch)
{
	return batch->more && batch->options.assignment->count > 0;
}

/* ---- filling ---- */

/* Twice as many next time while the source keeps up, half as many when it does not. */
static void adapt(struct batch *batch)
{
	size_t least = (size_t)batch->options.conf->batch.events_min, next = batch->limit;
	if (batch->item_count == batch->limit) {
		next = batch->limit * 2;
	} else if (batch->item_count < batch->limit / 4) {
		next = batch->limit / 2 > least ? batch->limit / 2 : least;
	}
	batch->limit = next < batch->limit_max ? next : batch->limit_max;
}

bool batch_fill(struct batch *batch)
{
	if (batch->engine == NULL || batch->options.assignment->count == 0 ||
	    (!batch_is_empty(batch) && !batch->filling)) {
		return !batch_is_empty(batch) && !batch->filling;
	}
	int64_t now_us = batch->io.ops->monotonic_us(batch->io.self);
	if (batch_is_empty(batch)) {
		if (batch->is_outdated) { /* a list of another size may be there, with nothing in it */
			batch->items = NULL;
			reset(batch, &batch->held);
			set_limits(batch);
		}
		if (batch->items == NULL) {
			batch->items = arena_array(&batch->held, batch->limit, sizeof(struct item));
			CHECK(batch->items != NULL);
		}
		batch->filling_since_us = now_us;
		batch->filled_by_us = now_us + batch->options.conf->batch.linger_ms * 1000;
	}
	size_t slice = batch->item_count + FILL_SLICE;
	size_t until = slice < batch->limit ? slice : batch->limit;
	clock_on(batch);
	bool drained =
		take_items(&batch->take, batch->engine, &batch->held, batch->items, &batch->item_count, until);
	clock_off(batch, STEP_TAKE, STEP_COMPUTES);
	batch->options.counters->step_runs[STEP_TAKE].value += batch_is_empty(batch) ? 0 : 1;
	batch->more = !drained;
	if (batch_is_empty(batch)) {
		empty(batch);
		return false;
	}
	batch->goes_on = !drained && batch->item_count == until && until < batch->limit;
	batch->filling = batch->goes_on || (drained && now_us < batch->filled_by_us);
	if (batch->filling) {
		return false;
	}
	adapt(batch);
	batch->first = 0;
	batch->count = batch->item_count;
	batch->step = STEP_LOOK;
	return true;
}

int64_t batch_wakes_us(const struct batch *batch)
{
	if (batch->filling) {
		return batch->goes_on ? 0 : batch->filled_by_us;
	}
	if (batch_is_empty(batch) || batch->sent) {
		return INT64_MAX;
	}
	return batch->step == STEP_ROLLBACK ? 0 : batch->not_before_us;
}

/* ---- how a window ends ---- */

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
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[batch->first + i];
		counters_outcome(counters, item->saved);
		metric_observe(&counters->event_delay,
			       (double)(wall_us - item->timestamp_us) / (double)MOMENT_SECOND_US);
		if (item->decoded == OUTCOME_NONE) {
			recent_note(batch->options.crew->recent, item->touch.event_id);
		}
	}
	if (batch->options.breaker != NULL) {
		breaker_add(batch->options.breaker, batch->items + batch->first, batch->count);
		counters->breaker_rejected.value = (double)breaker_rejected(batch->options.breaker);
	}
	batch_learn_subjects(batch);
	(batch->way.quick ? &counters->batches_quick : &counters->batches_careful)->value++;
	way_done(&batch->way);
	batch->open = false;
	batch->waits_until_us = 0;
	batch->is_slow = false;
	metric_observe(&counters->batch_events, (double)batch->count);
	metric_observe(&counters->batch_seconds,
		       (double)(now_us - batch->filling_since_us) / (double)MOMENT_SECOND_US);
	counters->last_commit.value = (double)wall_us / (double)MOMENT_SECOND_US;
	batch->save = (struct save_rows){0};
	batch->saved_count = 0;
	batch->first += batch->count;
	batch->count = batch->item_count - batch->first;
	batch->tries = 0;
	batch->not_before_us = 0;
	if (batch->count == 0) {
		empty(batch);
	}
}

void batch_drop_foreign(struct batch *batch)
{
	size_t kept = batch->first;
	size_t window_end = batch->first + batch->count, window_count = 0;
	for (size_t i = batch->first; i < batch->item_count; i++) {
		if (assignment_find(batch->options.assignment, batch->items[i].partition) == NULL) {
			counters_outcome(batch->options.counters, OUTCOME_handed_back);
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
		empty(batch);
	}
}

void batch_hand_back(struct batch *batch)
{
	for (size_t i = batch->first; i < batch->item_count; i++) {
		counters_outcome(batch->options.counters, OUTCOME_handed_back);
	}
	batch->sent = false;
	batch->wants_claim = false; /* whoever wants it anew has asked; whose partitions are gone must not */
	batch->more = false;
	empty(batch);
	take_forget(&batch->take);
}

bool batch_wants_claim(struct batch *batch)
{
	bool wants = batch->wants_claim;
	batch->wants_claim = false;
	return wants;
}

/* ---- steps ---- */

static void back_off(struct batch *batch)
{
	int64_t most_us = BACKOFF_FIRST_US << (batch->tries < 7 ? batch->tries : 7);
	most_us = most_us < BACKOFF_LAST_US ? most_us : BACKOFF_LAST_US;
	int64_t jitter_us = (int64_t)(batch->io.ops->random(batch->io.self) % (uint64_t)(most_us / 2));
	batch->not_before_us = batch->io.ops->monotonic_us(batch->io.self) + most_us / 2 + jitter_us;
	batch->tries++;
}

static void forget_months(struct batch *batch)
{
	memset(batch->months, 0, sizeof(batch->months));
}

/* What took too long as a whole may not in two parts; the next batches are smaller as well, for a while. */
static void halve(struct batch *batch)
{
	size_t least = (size_t)batch->options.conf->batch.events_min;
	batch->count = (batch->count + 1) / 2;
	batch->limit = batch->limit / 2 > least ? batch->limit / 2 : batch->limit;
}

void batch_speed_up(struct batch *batch)
{
	if (batch->is_slow) {
		batch->is_slow = false;
		halve(batch);
	}
}

/* This very window cannot be written: a smaller one; of one message alone: it is refused. False: even that was. */
static bool shrink(struct batch *batch, struct fail *fail)
{
	static struct log_limit often;
	batch->saved_count = 0;
	if (batch->count > 1) {
		batch->count = (batch->count + 1) / 2;
		return true;
	}
	struct item *item = &batch->items[batch->first];
	if (item->decoded == OUTCOME_refused) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG,
				"%s/%d@%lld: refused, and so was the row that says so (%s)",
				batch->options.topics[item->partition.topic], (int)item->partition.number,
				(long long)item->offset, batch->why.text);
	}
	if (log_allowed(&often)) { /* a whole topic may be like it */
		log_error("%s/%d@%lld: refused (%s), kept in rejected%s",
			  batch->options.topics[item->partition.topic], (int)item->partition.number,
			  (long long)item->offset, batch->why.text, log_held_back(&often));
	}
	item->decoded = OUTCOME_refused;
	item->reject = NULL;
	return true;
}

/* From the first step again. */
static void restart(struct batch *batch)
{
	reset(batch, &batch->work);
	batch->step = STEP_LOOK;
	batch->open = false;
	batch->save = (struct save_rows){0};
	batch->cast = (struct cast){0};
	batch->try_number++;
}

static enum batch_run ended(struct batch *batch, enum step_end end, struct fail *fail);

static enum batch_run start_step(struct batch *batch, struct fail *fail)
{
	clock_on(batch);
	for (;;) {
		enum step_end end = batch_steps[batch->step].start(batch, fail);
		clock_off(batch, batch->step, STEP_COMPUTES);
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
			restart(batch);
		}
		return BATCH_RESTS;
	case STEP_FULL:
		if (batch->step <= STEP_PEEK) { /* nobody was asked for them */
			forget_months(batch);
		}
		fail_set(&batch->why, FAIL_DATA, EXIT_CONFIG, "needs more memory than batch.arena_mb");
		if (batch_is_empty(batch)) {
			return BATCH_RESTS;
		}
		if (!shrink(batch, fail)) {
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
		if (fail->kind == FAIL_DATA && !shrink(batch, fail)) {
			return BATCH_FAILED;
		}
		return BATCH_DROPS;
	}
	batch->options.counters->redone.value++;
	if (batch->open) {
		batch->step = STEP_ROLLBACK;
	} else {
		restart(batch);
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
	clock_off(batch, step, STEP_WAITS);
	enum step_end end = batch_steps[step].end(batch, fail);
	clock_off(batch, step, STEP_COMPUTES);
	return ended(batch, end, fail);
}

enum batch_run batch_turn_failed(struct batch *batch, const struct fail *why, struct fail *fail)
{
	static struct log_limit often;
	batch->sent = false;
	clock_off(batch, batch->step, STEP_WAITS);
	batch->why = *why;
	bool was_new = batch->step == STEP_ARBITERS && strcmp(why->code, "23505") == 0;
	if (batch->step == STEP_MONTHS || batch->step == STEP_PEEK) {
		forget_months(batch);
	}
	if (way_missed(&batch->way, was_new ? "PH002" : why->code)) {
		batch->options.counters->quick_misses.value++;
		batch->options.counters->redone.value++;
		batch->step = STEP_ROLLBACK;
		return BATCH_RESTS;
	}
	batch->options.counters->store_failures.value++;
	engine_forget(batch->engine);
	if (why->kind == FAIL_FATAL) {
		*fail = *why;
		return BATCH_FAILED;
	}
	if (batch->step == STEP_ROLLBACK) { /* then only the end of the connection ends the transaction */
		*fail = *why;
		return BATCH_DROPS;
	}
	if (why->kind == FAIL_DATA) {
		if (!shrink(batch, fail)) {
			return BATCH_FAILED;
		}
	} else if (strcmp(why->code, "PH001") == 0) {
		batch->look_first = true;
		if (batch->tries > 0) { /* it did not look so a moment ago */
			back_off(batch);
		}
		batch->tries++;
	} else {
		if (log_allowed(&often)) {
			log_warning("batch: %s in %s, trying again%s", why->text, batch_steps[batch->step].name,
				    log_held_back(&often));
		}
		if (strcmp(why->code, "57014") == 0 && batch->step > STEP_LOOK) { /* the server's time limit */
			halve(batch);
		}
		back_off(batch);
	}
	batch->options.counters->redone.value++;
	if (batch->step == STEP_LOOK || batch->step == STEP_MONTHS) {
		restart(batch);
	} else {
		batch->step = STEP_ROLLBACK;
	}
	return BATCH_RESTS;
}

void batch_lost(struct batch *batch, const struct fail *why)
{
	batch->sent = false;
	batch->options.counters->store_failures.value++;
	forget_months(batch);
	if (batch->engine != NULL) {
		engine_forget(batch->engine);
	}
	if (!batch_is_empty(batch) && !batch->filling) {
		batch->is_slow = batch->is_slow || strcmp(why->code, POSTGRES_NO_ANSWER) == 0;
		batch->why = *why;
		batch->look_first = true;
		restart(batch);
	}
}

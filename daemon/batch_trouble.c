/*
 * What follows from trouble: a smaller window, another way, a pause, or the end.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "daemon/batch_steps.h"

#define BACKOFF_FIRST_US INT64_C(50000)
#define BACKOFF_LAST_US INT64_C(5000000)

const char *batch_place(const struct batch *batch, char ret_text[static BATCH_PLACE_SIZE])
{
	if (batch->first >= batch->item_count) {
		return "batch";
	}
	const struct item *item = &batch->items[batch->first];
	snprintf(ret_text, BATCH_PLACE_SIZE, "%s/%d@%lld", batch->options.topics[item->partition.topic],
		 (int)item->partition.number, (long long)item->offset);
	return ret_text;
}

static void back_off(struct batch *batch)
{
	int64_t most_us = BACKOFF_FIRST_US << (batch->tries < 7 ? batch->tries : 7);
	most_us = most_us < BACKOFF_LAST_US ? most_us : BACKOFF_LAST_US;
	int64_t jitter_us = (int64_t)(batch->io.ops->random(batch->io.self) % (uint64_t)(most_us / 2));
	batch->not_before_us = batch->io.ops->monotonic_us(batch->io.self) + most_us / 2 + jitter_us;
	batch->tries++;
}

void batch_forget_months(struct batch *batch)
{
	memset(batch->months, 0, sizeof(batch->months));
}

/* About half of the window; all of it where that is one message. */
static size_t half_of(const struct batch *batch)
{
	size_t half = batch_whole(batch, (batch->count + 1) / 2);
	for (; half == 0 || (half < batch->count && batch_window(batch)[half].follows); half++) {
	}
	return half;
}

/* What took too long as a whole may not in two parts; the next batches are smaller as well, for a while. */
static void halve(struct batch *batch)
{
	size_t least = (size_t)batch->options.conf->batch.events_min;
	batch->count = half_of(batch);
	batch->limit = batch->limit / 2 > least ? batch->limit / 2 : batch->limit;
}

void batch_speed_up(struct batch *batch)
{
	if (batch->is_slow) {
		batch->is_slow = false;
		halve(batch);
	}
}

/* Are histories part of this try, as far as it came? */
static bool has_read(const struct batch *batch)
{
	return batch->has_touches && batch->step >= STEP_READ && batch->step < STEP_ROLLBACK &&
	       batch->read.contact_count + batch->read.actor_count > 0;
}

bool batch_shrink(struct batch *batch, struct fail *fail)
{
	static struct log_limit often;
	batch->saved_count = 0;
	size_t half = half_of(batch);
	if (half < batch->count) {
		batch->count = half;
		return true;
	}
	if (has_read(batch) && !batch->counted_only) {
		batch->counted_only = true;
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
	for (size_t i = 0; i < batch->count; i++) {
		item[i].decoded = OUTCOME_refused;
		item[i].reject = NULL;
	}
	return true;
}

enum batch_run batch_turn_failed(struct batch *batch, const struct fail *why, struct fail *fail)
{
	static struct log_limit often;
	batch->sent = false;
	batch_clock_off(batch, batch->step, STEP_WAITS);
	batch->why = *why;
	bool was_new = batch->step == STEP_ARBITERS && strcmp(why->code, "23505") == 0;
	if (batch->step == STEP_MONTHS || batch->step == STEP_PEEK) {
		batch_forget_months(batch);
	}
	if (way_missed(&batch->way, was_new ? "PH002" : why->code)) {
		char at[BATCH_PLACE_SIZE];
		log_debug("%s: the quick way assumed too much in %s (%s)", batch_place(batch, at),
			  batch_steps[batch->step].name, why->code);
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
		if (!batch_shrink(batch, fail)) {
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
	if (batch->step == STEP_LOOK) {
		batch_restart(batch);
	} else {
		batch->step = STEP_ROLLBACK;
	}
	return BATCH_RESTS;
}

void batch_lost(struct batch *batch, const struct fail *why)
{
	batch->sent = false;
	batch->options.counters->store_failures.value++;
	batch_forget_months(batch);
	if (batch->engine != NULL) {
		engine_forget(batch->engine);
	}
	if (!batch_is_empty(batch) && !batch->filling) {
		batch->is_slow = batch->is_slow || strcmp(why->code, POSTGRES_NO_ANSWER) == 0;
		batch->why = *why;
		batch->look_first = true;
		batch_restart(batch);
	}
}

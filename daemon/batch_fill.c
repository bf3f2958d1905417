/*
 * How a batch is filled: from the source, in slices, for as long as it may wait, as many as the last ones say.
 */
#include "core/base/check.h"
#include "daemon/batch_steps.h"

/* Messages that are decoded before the other lanes are looked after again: their COPYs must be fed. */
#define FILL_SLICE ((size_t)1024)

void batch_set_limits(struct batch *batch)
{
	const struct conf *conf = batch->options.conf;
	/* The list of items itself must leave room for what is taken. */
	size_t room = (batch->held.limit - TAKE_ROOM) / 4 / sizeof(struct item);
	size_t most = (size_t)conf->batch.events_max, least = (size_t)conf->batch.events_min;
	batch->limit_max = most < room ? most : room;
	batch->limit = least < batch->limit_max ? least : batch->limit_max;
	batch->is_outdated = false;
}

/* Twice as many next time while the source keeps up, half as many when it does not. */
static void adapt(struct batch *batch)
{
	size_t least = (size_t)batch->options.conf->batch.events_min, next = batch->limit;
	if (batch->item_count >= batch->limit) {
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
			batch_empty(batch);
			batch_set_limits(batch);
		}
		if (batch->items == NULL) {
			batch->items =
				arena_array(&batch->held, batch->limit + TAKE_FOLLOW_MAX, sizeof(struct item));
			CHECK(batch->items != NULL);
		}
		batch->filling_since_us = now_us;
		batch->filled_by_us = now_us + batch->options.conf->batch.linger_ms * 1000;
	}
	size_t slice = batch->item_count + FILL_SLICE;
	size_t until = slice < batch->limit ? slice : batch->limit;
	batch->take.kept_from_us = batch->options.crew->kept_from_us;
	batch_clock_on(batch);
	bool drained =
		take_items(&batch->take, batch->engine, &batch->held, batch->items, &batch->item_count, until);
	batch_clock_off(batch, STEP_TAKE, STEP_COMPUTES);
	batch->options.counters->step_runs[STEP_TAKE].value += batch_is_empty(batch) ? 0 : 1;
	batch->more = !drained;
	if (batch_is_empty(batch)) {
		batch_empty(batch);
		return false;
	}
	batch->goes_on = !drained && batch->item_count >= until && batch->item_count < batch->limit;
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

bool batch_has_more(const struct batch *batch)
{
	return batch->more && batch->options.assignment->count > 0;
}

/*
 * The steps of a batch, each a turn with the pure stages around it, up to what is to be written: the quick way and the careful
 * one (docs/decisions/2026-11-25-the-quick-way.md). batch_save.c writes.
 */
#include "daemon/batch_steps.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/flow/screen.h"
#include "daemon/crew.h"

struct item *batch_window(const struct batch *batch)
{
	return batch->items + batch->first;
}

size_t batch_whole(const struct batch *batch, size_t count)
{
	while (count > 0 && count < batch->count && batch_window(batch)[count].follows) {
		count--;
	}
	return count;
}

/* Its place in the list; the number of those there are when it is not in it yet. */
static size_t find_position(const struct batch *batch, struct partition partition)
{
	size_t at = 0;
	while (at < batch->position_count && !partition_equal(batch->position_parts[at], partition)) {
		at++;
	}
	return at;
}

/* The window's positions from our assignment. False: arena full. */
static bool list_positions(struct batch *batch)
{
	size_t most = batch->options.assignment->count; /* of these each message is */
	batch->positions = arena_array(&batch->work, most + 1, sizeof(*batch->positions));
	batch->position_parts = arena_array(&batch->work, most + 1, sizeof(*batch->position_parts));
	if (batch->positions == NULL || batch->position_parts == NULL) {
		return false;
	}
	batch->position_count = 0;
	size_t at = 0; /* messages come in runs of a partition */
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch_window(batch)[i];
		if (at == batch->position_count || !partition_equal(batch->position_parts[at], item->partition)) {
			at = find_position(batch, item->partition);
		}
		if (at == batch->position_count) {
			const struct assigned *part = assignment_find(batch->options.assignment, item->partition);
			CHECK(part != NULL);
			batch->position_parts[at] = item->partition;
			batch->positions[at] = (struct position_row){
				.topic = batch->options.topics[item->partition.topic],
				.partition = item->partition.number,
				.from_offset = part->next_offset,
				.epoch = part->epoch,
				.end_offset = batch->io.ops->source_end(batch->io.self, item->partition),
			};
			batch->position_count++;
		}
		batch->positions[at].to_offset = item->offset + 1;
		batch->positions[at].oldest_us = item->timestamp_us;
	}
	return true;
}

/* ---- LOOK ---- */

static enum step_end look_start(struct batch *batch, struct fail *fail)
{
	if (!batch->look_first) {
		return STEP_NEXT;
	}
	if (!list_positions(batch)) {
		return STEP_FULL;
	}
	return batch->io.ops->store_look(batch->io.self, batch->options.conf->kafka.group, batch->positions,
					 batch->position_count, &batch->work, fail)
		       ? STEP_SENT
		       : STEP_BROKEN;
}

static enum step_end look_end(struct batch *batch, struct fail *fail)
{
	(void)fail;
	batch->look_first = false;
	size_t committed = 0;
	for (size_t i = 0; i < batch->position_count; i++) {
		const struct position_row *row = &batch->positions[i];
		struct assigned *part = assignment_find(batch->options.assignment, batch->position_parts[i]);
		if (row->epoch == STORE_NO_POSITION) {
			log_warning("%s/%d: has no position any more, claiming anew", row->topic,
				    (int)row->partition);
			batch->wants_claim = true;
		} else if (row->epoch != part->epoch && row->set_by_hand) {
			log_warning("%s/%d: was set by phasectl, claiming anew", row->topic, (int)row->partition);
			batch->wants_claim = true;
		} else if (row->epoch != part->epoch) {
			log_warning("%s/%d: claimed by another daemon, dropped", row->topic, (int)row->partition);
			batch->options.counters->fenced.value++;
			assignment_drop(batch->options.assignment, batch->position_parts[i]);
		} else if (batch->saved_count == batch->count && row->from_offset == row->to_offset) {
			committed++;
		} else if (row->from_offset != part->next_offset) {
			log_warning("%s/%d: position was set to %" PRId64 " from outside, claiming anew",
				    row->topic, (int)row->partition, row->from_offset);
			batch->wants_claim = true;
		}
	}
	/* One transaction writes a window: if one position is where it was to be, all is there, also what was taken from us
	 * since. */
	if (committed > 0) {
		batch_committed(batch);
	}
	batch_drop_foreign(batch);
	if (committed == 0 && batch->count > 0) {
		batch_speed_up(batch);
	}
	return committed == 0 && batch->count > 0 && !batch->wants_claim ? STEP_NEXT : STEP_REDO;
}

/* ---- MONTHS ---- */

/* Months from 2000-01 on; -1 for moments outside of 2000 to 2100, which go to the DEFAULT partition. */
static int month_number(int64_t us)
{
	time_t seconds = (time_t)moment_floor(us, MOMENT_SECOND_US);
	struct tm parts;
	if (us < MOMENT_2000_US || gmtime_r(&seconds, &parts) == NULL) {
		return -1;
	}
	int number = (parts.tm_year - 100) * 12 + parts.tm_mon;
	return number < MONTHS_MAX ? number : -1;
}

/* Moments in the months of the window that were not asked for yet. False: arena full. */
static bool list_months(struct batch *batch)
{
	int64_t *missing = NULL, last_day = INT64_MIN;
	int now = month_number(batch->io.ops->now_us(batch->io.self));
	if (batch->months_asked_in != now) {
		memset(batch->months, 0, sizeof(batch->months));
		batch->months_asked_in = now;
	}
	batch->month_count = 0;
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch_window(batch)[i];
		int64_t day = moment_floor(item->touch.stamped_us, MOMENT_DAY_US);
		if (item->decoded != OUTCOME_NONE || day == last_day) {
			continue;
		}
		last_day = day;
		int month = month_number(item->touch.stamped_us);
		if (month < 0 || batch->months[month] != 0) {
			continue;
		}
		if (missing == NULL) {
			missing = arena_zero(&batch->work, MONTHS_MAX, sizeof(*missing));
			if (missing == NULL) {
				return false;
			}
		}
		batch->months[month] = 1; /* taken back by batch_lost() and a refusal */
		missing[batch->month_count++] = item->touch.stamped_us;
	}
	batch->missing = missing;
	return true;
}

/* The quick way's PEEK asks for them as well. Both with the positions: who has lost them makes no month either. */
static enum step_end months_start(struct batch *batch, struct fail *fail)
{
	if (!list_months(batch)) {
		return STEP_FULL;
	}
	if (way_choose(&batch->way) || batch->month_count == 0) {
		return STEP_NEXT;
	}
	if (!list_positions(batch)) {
		return STEP_FULL;
	}
	batch->advance = (struct advance_rows){.group = batch->options.conf->kafka.group,
					       .positions = batch->positions,
					       .position_count = batch->position_count,
					       .months = batch->missing,
					       .month_count = batch->month_count};
	return batch->io.ops->store_months(batch->io.self, &batch->advance, &batch->work, fail) ? STEP_SENT
												: STEP_BROKEN;
}

static enum step_end nothing(struct batch *batch, struct fail *fail)
{
	(void)batch;
	(void)fail;
	return STEP_NEXT;
}

/* ---- PEEK, ADVANCE ---- */

/* The window's messages as no try has changed them, and where the positions shall stand. False: arena full. */
static bool list_window(struct batch *batch)
{
	batch->has_touches = batch->has_deals = false;
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch_window(batch)[i];
		item->outcome = item->decoded;
		item->copy = COPY_LOSES;
		batch->has_touches = batch->has_touches || item->outcome == OUTCOME_NONE;
		batch->has_deals = batch->has_deals || item->has_deal;
	}
	if (!list_positions(batch)) {
		return false;
	}
	batch->advance.positions = batch->positions;
	batch->advance.position_count = batch->position_count;
	return true;
}

/* And whose claims say who is concerned. */
static bool ask(struct batch *batch)
{
	return cast_ask(&batch->cast, batch_window(batch), batch->count, batch->wider, batch->wider_count,
			&batch->work, &batch->advance);
}

static bool begin_try(struct batch *batch)
{
	batch->advance =
		(struct advance_rows){.group = batch->options.conf->kafka.group, .claims_max = batch->claims_max};
	return list_window(batch) && ask(batch);
}

static enum step_end peek_start(struct batch *batch, struct fail *fail)
{
	if (!batch->way.quick) {
		return STEP_NEXT;
	}
	if (!begin_try(batch)) {
		return STEP_FULL;
	}
	if (!batch->has_touches) {
		return STEP_NEXT;
	}
	batch->advance.months = batch->missing;
	batch->advance.month_count = batch->month_count;
	return batch->io.ops->store_peek(batch->io.self, &batch->advance, &batch->work, fail) ? STEP_SENT
											      : STEP_BROKEN;
}

static enum step_end advance_start(struct batch *batch, struct fail *fail)
{
	if (batch->way.quick) {
		return STEP_NEXT;
	}
	if (!begin_try(batch)) {
		return STEP_FULL;
	}
	return batch->io.ops->store_advance(batch->io.self, &batch->advance, &batch->work, fail) ? STEP_SENT
												 : STEP_BROKEN;
}

/* Of both. */
static enum step_end advance_end(struct batch *batch, struct fail *fail)
{
	(void)fail;
	batch->open = true;
	batch->wants_model = !batch->advance.has_model ||
			     batch->advance.model_version != engine_model(batch->engine)->model->version;
	return batch->wants_model ? STEP_REDO : STEP_NEXT;
}

/* ---- LOAD, SCREEN ---- */

/* Of the keys, only those that were written a while ago: all others are taken for new. False: arena full. */
static bool leave_suspects(struct batch *batch)
{
	const struct touch_key *all = batch->load.keys;
	struct touch_key *suspects = arena_array(&batch->work, batch->load.key_count + 1, sizeof(*suspects));
	if (suspects == NULL) {
		return false;
	}
	size_t kept = 0;
	for (size_t i = 0; i < batch->load.key_count; i++) {
		if (i + BATCH_AHEAD < batch->load.key_count) {
			recent_look_ahead(batch->options.crew->recent, all[i + BATCH_AHEAD].event_id);
		}
		if (recent_has(batch->options.crew->recent, all[i].event_id)) {
			suspects[kept++] = all[i];
		}
	}
	batch->load.keys = suspects;
	batch->load.key_count = kept;
	return true;
}

static enum step_end load_start(struct batch *batch, struct fail *fail)
{
	if (!batch->has_touches) {
		return STEP_NEXT;
	}
	size_t mark = batch->work.used, free_count = batch->count;
	if (!cast_plan(&batch->cast, batch_window(batch), batch->count, &batch->advance, &batch->load) ||
	    (batch->way.quick && !crew_free_count(batch->options.crew, batch, &free_count))) {
		return STEP_FULL;
	}
	if (batch->saved_count > 0) { /* its COMMIT may still land: it is known by its size */
		free_count = batch->count;
	}
	if (free_count == 0) {
		return STEP_REDO;
	}
	if (free_count < batch->count) { /* what was read of the rest is no harm */
		arena_back(&batch->work, mark);
		batch->count = free_count;
		if (!list_window(batch) || !ask(batch) ||
		    !cast_plan(&batch->cast, batch_window(batch), batch->count, &batch->advance, &batch->load)) {
			return STEP_FULL;
		}
	}
	batch->load.positions = batch->positions;
	batch->load.partitions = batch->position_parts;
	batch->load.position_count = batch->position_count;
	batch->load.quick = batch->way.quick;
	batch->load.in_play = batch->advance.in_play;
	if (batch->way.quick && !batch->way.wary && !leave_suspects(batch)) {
		return STEP_FULL;
	}
	return batch->io.ops->store_load(batch->io.self, &batch->load, &batch->work, fail) ? STEP_SENT
											   : STEP_BROKEN;
}

/* Persons that must be asked for as well, kept over the next try. */
static bool widen(struct batch *batch)
{
	size_t count = batch->wider_count + batch->cast.wider_count;
	struct uuid *wider = arena_zero(&batch->held, count + 1, sizeof(*wider));
	if (wider == NULL) {
		return false;
	}
	if (batch->wider_count > 0) {
		memcpy(wider, batch->wider, batch->wider_count * sizeof(*wider));
	}
	if (batch->cast.wider_count > 0) {
		memcpy(wider + batch->wider_count, batch->cast.wider, batch->cast.wider_count * sizeof(*wider));
	}
	batch->wider = wider;
	batch->wider_count = count;
	return true;
}

static enum step_end load_end(struct batch *batch, struct fail *fail)
{
	(void)fail;
	batch->open = !batch->way.quick;
	enum screen_result screened = screen_batch(&batch->cast, batch_window(batch), batch->count, &batch->load);
	if (screened == SCREEN_WIDER) {
		way_rests(&batch->way);
		return widen(batch) ? STEP_REDO : STEP_FULL;
	}
	if (screened == SCREEN_FULL ||
	    !contacts_in_order(&batch->contacts, &batch->cast, engine_model(batch->engine), batch_window(batch),
			       &batch->load)) {
		return STEP_FULL;
	}
	return STEP_NEXT;
}

/* ---- READ, RULES, FOLD ---- */

static enum step_end read_start(struct batch *batch, struct fail *fail)
{
	if (!batch->has_touches) {
		return STEP_NEXT;
	}
	const struct conf *conf = batch->options.conf;
	const struct contacts_bounds bounds = {(size_t)conf->batch.refolds_max,
					       (size_t)conf->batch.refold_touches_max};
	if (!contacts_ask(&batch->contacts, &batch->load, &bounds, &batch->read)) {
		return STEP_FULL;
	}
	batch->rules = (struct rules){0};
	if (batch->read.contact_count + batch->read.actor_count == 0) {
		return STEP_NEXT;
	}
	/* What was read of copies that the window replaces stands no longer: it is known by its key. */
	batch->read.with_keys = batch->cast.added.replaced > 0 || batch->cast.reads_keys;
	batch->read.counted_only = batch->counted_only;
	return batch->io.ops->store_read(batch->io.self, &batch->read, &batch->work, fail) ? STEP_SENT
											   : STEP_BROKEN;
}

static enum step_end read_end(struct batch *batch, struct fail *fail)
{
	(void)fail;
	return rules_list(&batch->rules, batch->engine, &batch->read, &batch->work) ? STEP_NEXT : STEP_FULL;
}

static enum step_end fold_anew(struct batch *batch)
{
	batch->options.counters->refolded.value += (double)batch->contacts.refold_count;
	return contacts_refold(&batch->contacts, batch_window(batch), batch->count, &batch->read,
			       io_passed_us(batch->io, batch->options.conf->review.until_us))
		       ? STEP_NEXT
		       : STEP_FULL;
}

static enum step_end rules_start(struct batch *batch, struct fail *fail)
{
	if (!batch->has_touches || batch->contacts.refold_count == 0) {
		return STEP_NEXT;
	}
	if (batch->rules.rows.subject_count == 0) {
		return fold_anew(batch);
	}
	return batch->io.ops->store_rules(batch->io.self, &batch->rules.rows, &batch->work, fail) ? STEP_SENT
												  : STEP_BROKEN;
}

static enum step_end rules_end(struct batch *batch, struct fail *fail)
{
	(void)fail;
	rules_take(&batch->rules, batch->engine, &batch->read);
	return fold_anew(batch);
}

const struct step_about batch_steps[STEP_COUNT] = {
	[STEP_LOOK] = {"LOOK", look_start, look_end},
	[STEP_MONTHS] = {"MONTHS", months_start, nothing},
	[STEP_PEEK] = {"PEEK", peek_start, advance_end},
	[STEP_ADVANCE] = {"ADVANCE", advance_start, advance_end},
	[STEP_LOAD] = {"LOAD", load_start, load_end},
	[STEP_READ] = {"READ", read_start, read_end},
	[STEP_RULES] = {"RULES", rules_start, rules_end},
	[STEP_SAVE] = {"SAVE", batch_save_start, batch_save_end},
	[STEP_ARBITERS] = {"ARBITERS", batch_arbiters_start, nothing},
	[STEP_ROWS] = {"ROWS", batch_rows_start, nothing},
	[STEP_COPY] = {"COPY", batch_copy_start, nothing},
	[STEP_END] = {"END", batch_end_start, batch_end_end},
	[STEP_ROLLBACK] = {"ROLLBACK", batch_rollback_start, batch_rollback_end},
};

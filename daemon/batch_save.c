/*
 * The steps of a batch that write.
 */
#include <stdlib.h>
#include <string.h>

#include "core/flow/arbiters.h"
#include "core/flow/gather.h"
#include "daemon/batch_steps.h"

static int compare_subjects(const void *a, const void *b)
{
	uint64_t x = ((const struct subject_row *)a)->subject->id,
		 y = ((const struct subject_row *)b)->subject->id;
	return (x > y) - (x < y);
}

/* A change of a deal is kept, be all contacts whom it names erased: touches of others may follow. */
static bool may_be_followed(const struct item *item)
{
	return item->decoded == OUTCOME_remembered ||
	       (item->has_deal && item->event->deal->says && item->outcome != OUTCOME_refused);
}

/* Subjects that are not known to be stored: of every copy that was read, whether or not it stands. */
static bool list_subjects(struct batch *batch)
{
	struct subject_row *rows = arena_array(&batch->work, batch->count + 1, sizeof(*rows));
	if (rows == NULL) {
		return false;
	}
	const struct model *model = engine_model(batch->engine)->model;
	struct item *items = batch_window(batch);
	size_t used = 0;
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &items[i];
		if (i + BATCH_AHEAD < batch->count) {
			engine_look_ahead(batch->engine, items[i + BATCH_AHEAD].touch.subject_id);
		}
		if ((!item_is_known(item) && !may_be_followed(item)) ||
		    engine_knows(batch->engine, item->touch.subject_id)) {
			continue;
		}
		if (item->match.content == NULL) { /* came from the cache, which has been emptied since */
			engine_match(batch->engine, item->subject, &item->match);
		}
		const struct model_process *process = &model->processes[item->match.process];
		rows[used++] = (struct subject_row){
			.subject = item->subject,
			.process = process->name,
			.rule = item->match.rule >= 0 ? process->rules[item->match.rule].name : NULL,
			.rule_number = item->match.rule,
			.content = item->match.content,
			.mail_click = item->match.mail_click,
			.link = item->match.link,
			.confirm = item->match.confirm,
		};
	}
	size_t kept = used > 0 ? 1 : 0;
	if (used > 1) {
		qsort(rows, used, sizeof(*rows), compare_subjects);
	}
	for (size_t i = 1; i < used; i++) {
		if (rows[i].subject->id != rows[kept - 1].subject->id) {
			rows[kept++] = rows[i];
		}
	}
	batch->save.subjects = rows;
	batch->save.subject_count = kept;
	return true;
}

static enum step_end send_part(struct batch *batch, enum save_part part, struct fail *fail)
{
	return batch->io.ops->store_save(batch->io.self, &batch->save, part, &batch->work, fail) ? STEP_SENT
												 : STEP_BROKEN;
}

void batch_learn_subjects(struct batch *batch)
{
	const struct model *model = engine_model(batch->engine)->model;
	for (size_t i = 0; i < batch->save.subject_count; i++) {
		const struct subject_row *row = &batch->save.subjects[i];
		struct match match = {.rule = row->rule_number,
				      .mail_click = row->mail_click,
				      .link = row->link,
				      .confirm = row->confirm};
		while (strcmp(model->processes[match.process].name, row->process) != 0) {
			match.process++;
		}
		engine_learn(batch->engine, row->subject->id, &match);
	}
}

enum step_end batch_save_start(struct batch *batch, struct fail *fail)
{
	batch->save = (struct save_rows){
		.model_version = engine_model(batch->engine)->model->version,
		.now_us = batch->io.ops->now_us(batch->io.self),
	};
	const char *const *topics = batch->options.topics;
	struct item *items = batch_window(batch);
	bool room =
		((!batch->has_touches && !batch->has_deals) || list_subjects(batch)) &&
		(batch->has_touches
			 ? gather_batch(&batch->cast, &batch->contacts, items, batch->count, topics, &batch->save)
			 : gather_outcomes(items, batch->count, topics, &batch->work, &batch->save)) &&
		(!batch->has_deals || gather_deals(items, batch->count, topics, &batch->work, &batch->save));
	if (!room) {
		return STEP_FULL;
	}
	if (batch->way.quick) {
		batch->save.quick = &batch->advance;
		batch->save.by_copy = batch->save.touch_count >= batch->copy_min;
		if (batch->has_touches && !arbiters_split(&batch->load, &batch->work, &batch->save)) {
			return STEP_FULL;
		}
	}
	for (size_t i = 0; i < batch->count; i++) {
		batch_window(batch)[i].saved = batch_window(batch)[i].outcome;
	}
	if (batch->options.breaker != NULL &&
	    !breaker_allows(batch->options.breaker, batch_window(batch), batch->count, fail)) {
		return STEP_BROKEN;
	}
	batch->saved_count = batch->count;
	return send_part(batch, batch->save.by_copy ? SAVE_BEGIN : SAVE_ALL, fail);
}

enum step_end batch_save_end(struct batch *batch, struct fail *fail)
{
	(void)fail;
	if (batch->save.by_copy) {
		batch->open = true;
		return STEP_NEXT;
	}
	batch_committed(batch);
	return STEP_AGAIN;
}

enum step_end batch_arbiters_start(struct batch *batch, struct fail *fail)
{
	return batch->save.arbiter_new_count > 0 ? send_part(batch, SAVE_ARBITERS, fail) : STEP_NEXT;
}

enum step_end batch_rows_start(struct batch *batch, struct fail *fail)
{
	return send_part(batch, SAVE_ROWS, fail);
}

enum step_end batch_copy_start(struct batch *batch, struct fail *fail)
{
	return send_part(batch, SAVE_COPY, fail);
}

enum step_end batch_end_start(struct batch *batch, struct fail *fail)
{
	return send_part(batch, SAVE_END, fail);
}

enum step_end batch_end_end(struct batch *batch, struct fail *fail)
{
	(void)fail;
	batch_committed(batch);
	return STEP_AGAIN;
}

enum step_end batch_rollback_start(struct batch *batch, struct fail *fail)
{
	return batch->io.ops->store_rollback(batch->io.self, fail) ? STEP_SENT : STEP_BROKEN;
}

enum step_end batch_rollback_end(struct batch *batch, struct fail *fail)
{
	(void)fail;
	batch->open = false;
	return STEP_AGAIN;
}

#include "daemon/refolder.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/edge/postgres.h"
#include "core/flow/gather.h"
#include "core/model/phase_pack.h"

#define SLICE_FIRST 16
#define SLICE_MAX 256
#define SLICE_US (8 * INT64_C(1000)) /* what comes meanwhile to this lane waits for them */
/* And where nothing has come for a while: a slice has a price of its own, so larger ones are done twice as fast. */
#define SLICE_CALM_US (40 * INT64_C(1000))
#define SLICE_TOUCHES 10000 /* of these together, by what their states say; or one contact alone */

bool refolder_init(struct refolder *refolder, const struct conf *conf, struct counters *counters)
{
	*refolder =
		(struct refolder){.slice = SLICE_FIRST, .slice_us = SLICE_US, .conf = conf, .counters = counters};
	return arena_init(&refolder->arena, (size_t)conf->batch.arena_mb * 1024 * 1024);
}

void refolder_finish(struct refolder *refolder)
{
	arena_finish(&refolder->arena);
}

/* Is it known of whom? */
static bool has_begun(enum refolder_step step)
{
	return step == REFOLDER_READ || step == REFOLDER_RULES || step == REFOLDER_SAVE;
}

/* Too much at once; or of one, whose touches that count may fit; or that cannot be had at all: that one waits behind the others, for an
 * hour. */
static void take_less(struct refolder *refolder)
{
	bool alone = refolder->pick.waiting_count == 1;
	refolder->postpones = alone && refolder->counted_only;
	if (refolder->postpones) {
		refolder->postponed = refolder->pick.waiting[0].contact_id;
	}
	refolder->counted_only = alone ? !refolder->counted_only : refolder->counted_only;
	refolder->slice = refolder->slice > 1 ? refolder->slice / 2 : 1;
}

/* How many next time, from how long it took: the more at once, the less does each cost. */
static void adapt(struct refolder *refolder)
{
	int64_t took_us = refolder->io.ops->monotonic_us(refolder->io.self) - refolder->begun_us;
	if (refolder->is_cut) {
		refolder->slice = refolder->pick.waiting_count;
	}
	if (took_us > refolder->slice_us && refolder->slice >= SLICE_FIRST * 2) {
		refolder->slice /= 2;
	} else if (took_us < refolder->slice_us / 2) {
		refolder->slice = refolder->slice < SLICE_MAX / 2 ? refolder->slice * 2 : SLICE_MAX;
	}
}

static enum refolder_end sent(struct refolder *refolder, enum refolder_step step, bool good,
			      const struct fail *fail)
{
	if (!good && fail->kind == FAIL_DATA && has_begun(step)) {
		take_less(refolder);
	}
	refolder->step = good ? step : REFOLDER_IDLE;
	return good ? REFOLDER_SENT : REFOLDER_DROPS;
}

static enum refolder_end roll_back(struct refolder *refolder, struct fail *fail)
{
	return sent(refolder, REFOLDER_ROLLBACK, refolder->io.ops->store_rollback(refolder->io.self, fail), fail);
}

static enum refolder_end shrink(struct refolder *refolder, struct fail *fail)
{
	take_less(refolder);
	return roll_back(refolder, fail);
}

/* With nothing open, and nothing else in the arena: it may be full. */
static enum refolder_end postpone(struct refolder *refolder, struct fail *fail)
{
	static struct log_limit often;
	if (log_allowed(&often)) {
		log_warning("refold: a contact has more touches than batch.arena_mb can hold, or "
			    "cannot be written; trying again in an hour%s",
			    log_held_back(&often));
	}
	arena_reset(&refolder->arena, 0);
	return sent(refolder, REFOLDER_POSTPONE,
		    refolder->io.ops->store_postpone(refolder->io.self, &refolder->postponed, &refolder->arena,
						     fail),
		    fail);
}

enum refolder_end refolder_begin(struct refolder *refolder, struct io io, struct engine *engine, bool calm,
				 struct fail *fail)
{
	CHECK(refolder->step == REFOLDER_IDLE);
	if (!calm && refolder->slice_us > SLICE_US && refolder->slice > SLICE_FIRST) {
		refolder->slice = SLICE_FIRST;
	}
	refolder->slice_us = calm ? SLICE_CALM_US : SLICE_US;
	refolder->io = io;
	refolder->engine = engine;
	refolder->pick = (struct pick_rows){.contacts_max = refolder->slice};
	refolder->found = refolder->postpones;
	refolder->begun_us = io.ops->monotonic_us(io.self);
	if (refolder->postpones) { /* its connection went before that could be said */
		return postpone(refolder, fail);
	}
	arena_reset(&refolder->arena, refolder->arena.limit / 64);
	return sent(refolder, REFOLDER_PICK, io.ops->store_pick(io.self, &refolder->pick, &refolder->arena, fail),
		    fail);
}

static enum refolder_end save(struct refolder *refolder, struct fail *fail)
{
	if (!contacts_refold(&refolder->contacts, NULL, 0, &refolder->read,
			     io_passed_us(refolder->io, refolder->conf->review.until_us))) {
		return shrink(refolder, fail);
	}
	refolder->save = (struct save_rows){
		.model_version = refolder->pick.model_version,
		.now_us = refolder->io.ops->now_us(refolder->io.self),
	};
	if (!gather_refold(&refolder->cast, &refolder->contacts, &refolder->save)) {
		return shrink(refolder, fail);
	}
	return sent(refolder, REFOLDER_SAVE,
		    refolder->io.ops->store_save(refolder->io.self, &refolder->save, SAVE_ALL, &refolder->arena,
						 fail),
		    fail);
}

static int compare_waiting(const void *a, const void *b)
{
	return uuid_compare(&((const struct waiting_row *)a)->contact_id,
			    &((const struct waiting_row *)b)->contact_id);
}

/* Contacts with long histories: fewer at once. The others' locks go with the transaction. */
static bool bound_touches(struct refolder *refolder)
{
	struct pick_rows *pick = &refolder->pick;
	size_t *taken = arena_zero(&refolder->arena, pick->waiting_count, sizeof(*taken)), touches = 0;
	if (taken == NULL) {
		return false;
	}
	for (size_t i = 0; i < pick->load.phase_count; i++) {
		const struct phase_row *row = &pick->load.phases[i];
		const struct waiting_row key = {.contact_id = row->contact_id};
		const struct waiting_row *waiting =
			bsearch(&key, pick->waiting, pick->waiting_count, sizeof(key), compare_waiting);
		if (waiting != NULL) {
			taken[waiting - pick->waiting] += phase_pack_taken(row->fold, row->fold_size);
		}
	}
	refolder->is_cut = false;
	for (size_t i = 0; i < pick->waiting_count; i++) {
		touches += taken[i];
		if (i > 0 && touches > SLICE_TOUCHES) {
			pick->waiting_count = i;
			refolder->is_cut = true;
		}
	}
	return true;
}

static enum refolder_end read_touches(struct refolder *refolder, struct fail *fail)
{
	struct pick_rows *pick = &refolder->pick;
	const struct contacts_model *model = engine_model(refolder->engine);
	/* Under another model the daemon is about to take up that one. */
	if (pick->waiting_count == 0 || !pick->has_model || pick->model_version != model->model->version) {
		return roll_back(refolder, fail);
	}
	refolder->found = true;
	if (!bound_touches(refolder) ||
	    !cast_of_waiting(&refolder->cast, pick->waiting, pick->waiting_count, &refolder->arena) ||
	    !contacts_of_waiting(&refolder->contacts, &refolder->cast, model, pick->waiting, pick->waiting_count,
				 &pick->load) ||
	    !contacts_ask(&refolder->contacts, &pick->load, NULL, &refolder->read)) {
		return shrink(refolder, fail);
	}
	refolder->read.counted_only = refolder->counted_only;
	return sent(refolder, REFOLDER_READ,
		    refolder->io.ops->store_read(refolder->io.self, &refolder->read, &refolder->arena, fail),
		    fail);
}

static enum refolder_end read_rules(struct refolder *refolder, struct fail *fail)
{
	if (!rules_list(&refolder->rules, refolder->engine, &refolder->read, &refolder->arena)) {
		return shrink(refolder, fail);
	}
	struct rule_rows *rows = &refolder->rules.rows;
	return rows->subject_count == 0
		       ? save(refolder, fail)
		       : sent(refolder, REFOLDER_RULES,
			      refolder->io.ops->store_rules(refolder->io.self, rows, &refolder->arena, fail),
			      fail);
}

static enum refolder_end done(struct refolder *refolder)
{
	refolder->step = REFOLDER_IDLE;
	return REFOLDER_DONE;
}

enum refolder_end refolder_turn_done(struct refolder *refolder, struct fail *fail)
{
	switch (refolder->step) {
	case REFOLDER_PICK:
		return read_touches(refolder, fail);
	case REFOLDER_READ:
		return read_rules(refolder, fail);
	case REFOLDER_RULES:
		rules_take(&refolder->rules, refolder->engine, &refolder->read);
		return save(refolder, fail);
	case REFOLDER_SAVE:
		refolder->counters->queue_refolded.value += (double)refolder->pick.waiting_count;
		log_debug("refold: %zu contacts that had waited, %zu touches", refolder->pick.waiting_count,
			  refolder->read.touch_count);
		refolder->counted_only = false;
		adapt(refolder);
		return done(refolder);
	case REFOLDER_ROLLBACK:
		if (refolder->postpones) {
			return postpone(refolder, fail);
		}
		return done(refolder);
	case REFOLDER_POSTPONE:
		refolder->postpones = false;
		return done(refolder);
	case REFOLDER_IDLE:
		break;
	}
	CHECK(!"a turn of the refolder's");
	return REFOLDER_DROPS;
}

enum refolder_end refolder_turn_failed(struct refolder *refolder, const struct fail *why, struct fail *fail)
{
	enum refolder_step step = refolder->step;
	CHECK(step != REFOLDER_IDLE);
	if (step == REFOLDER_ROLLBACK || step == REFOLDER_POSTPONE) {
		*fail = *why;
		refolder->step = REFOLDER_IDLE;
		refolder->postpones =
			refolder->postpones && step != REFOLDER_POSTPONE; /* it is picked again, and tried again */
		return step == REFOLDER_ROLLBACK ? REFOLDER_DROPS : REFOLDER_DONE;
	}
	bool too_much = why->kind == FAIL_DATA || strcmp(why->code, "57014") == 0; /* the server's time limit */
	return too_much && step != REFOLDER_PICK ? shrink(refolder, fail) : roll_back(refolder, fail);
}

void refolder_lost(struct refolder *refolder, const struct fail *why)
{
	if (has_begun(refolder->step) && strcmp(why->code, POSTGRES_NO_ANSWER) == 0) {
		take_less(refolder);
	}
	refolder->step = REFOLDER_IDLE;
}

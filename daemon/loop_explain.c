/*
 * Why people are where they are, and how that was day by day (tables explanation and history), written for contacts that have changed
 * since: a slice of them at a time, by a lane of a daemon that has nothing else to do, in a transaction that holds the row which says how far all
 * have come (table explain), as the review does it (loop_review.c).
 *
 *	EXPLAIN_DUE: who has changed ──▶ EXPLAIN_READS: their touches ──▶ explain_slice() ──▶ EXPLAIN_WRITES: both tables, COMMIT
 *
 * It takes explain.share_percent of the time, and none while events or refolds wait: nothing rests on it. It waits for nobody's rows.
 * What took too long, or does not fit, is tried again in smaller slices, also where the server did not answer at all.
 */
#include <inttypes.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/flow/explain.h"
#include "daemon/loop_inside.h"

/* Contacts that are looked at for one slice: some milliseconds where none has changed and table phase is in memory. Where each is a read of
 * the disk it is as few as are looked at in LOOK_LONG_US. */
#define LOOK_MAX 2000
#define LOOK_FIRST 250
#define LOOK_LEAST 64
#define LOOK_LONG_US (MOMENT_SECOND_US / 50)
#define LOOK_SHORT_US (MOMENT_SECOND_US / 200)
#define CONTACTS_MAX 8	/* 3 ms: what comes meanwhile to this lane waits for them */
#define TOUCHES_MAX 250 /* of these together, by what their states say; or one contact alone */
#define PAUSE_US \
	(2 * MOMENT_SECOND_US) /* before another way through the table, and after another daemon's slice */
#define PAUSE_MOST_US \
	(300 * MOMENT_SECOND_US) /* where the last way found few: else as long as it took, so much at most */
#define RETRY_US (60 * MOMENT_SECOND_US) /* after trouble */
#define KEEP ((size_t)1024 * 1024)

static void take_turn(struct lane *lane, enum explain_turn turn, bool sent, const struct fail *fail)
{
	if (!sent) {
		lane_lost(lane, fail);
		return;
	}
	lane->turn = TURN_EXPLAIN;
	lane->loop->explain.lane = lane;
	lane->loop->explain.turn = turn;
}

/* Does anybody have to wait for this? */
bool loop_is_idle(const struct loop *loop)
{
	for (unsigned i = 0; i < loop->lane_count; i++) {
		if (!batch_is_empty(loop->lanes[i].batch) || batch_has_more(loop->lanes[i].batch)) {
			return false;
		}
	}
	/* Nor while a slice of the review is written: whom an explanation has locked the review has to come back for. */
	return loop->queue.due == 0 && loop->review_lane == NULL && loop_may_begin(loop);
}

bool loop_send_explain(struct loop *loop, struct lane *lane)
{
	struct explaining *explain = &loop->explain;
	int64_t now_us = loop_now_us(loop);
	if (loop->options->conf->explain.share_percent == 0 || now_us < explain->at_us || explain->lane != NULL ||
	    loop->accounts.lane != NULL || !loop_is_idle(loop)) {
		return false;
	}
	struct fail fail;
	explain->begun_us = now_us;
	explain->at_us = now_us + RETRY_US; /* where it fails */
	explain->contacts = explain->contacts > 0 ? explain->contacts : CONTACTS_MAX;
	explain->look = explain->look > 0 ? explain->look : LOOK_FIRST;
	arena_reset(&explain->arena, KEEP);
	explain->slice = (struct explain_rows){
		.model_version = engine_model(loop->engine)->model->version,
		.look_max = explain->look,
		.contacts_max = (int64_t)explain->contacts,
	};
	bool sent = lane->io.ops->store_explain_due(lane->io.self, &explain->slice, &explain->arena, &fail);
	take_turn(lane, EXPLAIN_DUE, sent, &fail);
	return true;
}

/* ---- What follows ---- */

int64_t loop_rested_us(const struct loop *loop, int64_t begun_us, int64_t share_percent, int64_t pause_us)
{
	int64_t now_us = loop_now_us(loop);
	int64_t rest_us = share_percent > 0 ? (now_us - begun_us) * (100 - share_percent) / share_percent : 0;
	return now_us + (rest_us > pause_us ? rest_us : pause_us);
}

/* So much of the time was ours; the rest is others', and at least so much from now on. */
static void rest(struct loop *loop, int64_t pause_us)
{
	struct explaining *explain = &loop->explain;
	explain->at_us =
		loop_rested_us(loop, explain->begun_us, loop->options->conf->explain.share_percent, pause_us);
	loop->options->counters->explain_seconds.value +=
		(double)(loop_now_us(loop) - explain->begun_us) / (double)MOMENT_SECOND_US;
}

/* That, and not before the minute is over that was set where it began. */
static void rest_after_trouble(struct loop *loop)
{
	int64_t retry_us = loop->explain.at_us;
	rest(loop, 0);
	loop->explain.at_us = loop->explain.at_us > retry_us ? loop->explain.at_us : retry_us;
}

static void roll_back(struct lane *lane)
{
	struct fail fail;
	take_turn(lane, EXPLAIN_ROLLS_BACK, lane->io.ops->store_rollback(lane->io.self, &fail), &fail);
}

/* It does not fit, or takes too long: fewer at once; one alone is left out like those that are too long by what their states say. */
static void take_less(struct explaining *explain)
{
	if (explain->contacts == 1 && explain->slice.row_count > 0) {
		explain->too_long = explain->slice.rows[0].contact_id;
	}
	explain->contacts = explain->contacts > 1 ? explain->contacts / 2 : 1;
}

static void shrink(struct lane *lane)
{
	take_less(&lane->loop->explain);
	rest(lane->loop, 0);
	roll_back(lane);
}

static void look_at_less(struct explaining *explain)
{
	explain->look = explain->look / 2 > LOOK_LEAST ? explain->look / 2 : LOOK_LEAST;
}

/* Twice as many are looked at next time, or half as many. Where enough were found before all were looked at, nothing says that more would do. */
static void adapt_look(struct explaining *explain, int64_t took_us)
{
	if (took_us > LOOK_LONG_US) {
		look_at_less(explain);
	} else if (took_us < LOOK_SHORT_US && explain->slice.row_count < explain->contacts) {
		explain->look = explain->look < LOOK_MAX / 2 ? explain->look * 2 : LOOK_MAX;
	}
}

static void send_writes(struct lane *lane)
{
	struct loop *loop = lane->loop;
	struct explaining *explain = &loop->explain;
	struct fail fail;
	int64_t now_us = io_passed_us(loop->io, loop->options->conf->review.until_us);
	if (!explain_slice(engine_model(loop->engine), &explain->slice, now_us, &explain->arena)) {
		shrink(lane);
		return;
	}
	bool sent = lane->io.ops->store_explain_save(lane->io.self, &explain->slice, &explain->arena, &fail);
	if (!sent && fail.kind == FAIL_DATA) {
		shrink(lane);
		return;
	}
	take_turn(lane, EXPLAIN_WRITES, sent, &fail);
}

/* The rows of a contact are together. */
static size_t contact_end(const struct explain_rows *slice, size_t at, uint64_t *ret_taken)
{
	size_t end = at;
	uint64_t taken = 0;
	for (; end < slice->row_count && uuid_equal(&slice->rows[end].contact_id, &slice->rows[at].contact_id);
	     end++) {
		taken += slice->rows[end].taken;
	}
	*ret_taken = taken;
	return end;
}

/* Whose touches are read; where they are many the slice ends before. False: the arena is full. */
static bool ask(struct explaining *explain, struct counters *counters)
{
	struct explain_rows *slice = &explain->slice;
	struct uuid *asked = arena_array(&explain->arena, slice->row_count + 1, sizeof(*asked));
	uint64_t touches = 0, taken;
	if (asked == NULL) {
		return false;
	}
	slice->asked = asked;
	for (size_t at = 0, end; at < slice->row_count; at = end) {
		const struct uuid *contact_id = &slice->rows[at].contact_id;
		end = contact_end(slice, at, &taken);
		if (taken > EXPLAIN_TAKEN_MAX || uuid_equal(contact_id, &explain->too_long)) {
			counters->explain_too_long.value++;
			continue;
		}
		if (at > 0 && touches + taken > TOUCHES_MAX) {
			slice->after = slice->rows[at - 1].contact_id;
			slice->last = false;
			slice->row_count = at;
			break;
		}
		touches += taken;
		asked[slice->asked_count++] = *contact_id;
	}
	return true;
}

static void send_reads(struct lane *lane)
{
	struct loop *loop = lane->loop;
	struct explaining *explain = &loop->explain;
	struct fail fail;
	if (!explain->slice.ours) {
		rest(loop, PAUSE_US);
		roll_back(lane);
		return;
	}
	adapt_look(explain, loop_now_us(loop) - explain->begun_us);
	if (!ask(explain, loop->options->counters)) {
		shrink(lane);
	} else if (explain->slice.asked_count == 0) {
		send_writes(lane);
	} else {
		bool sent =
			lane->io.ops->store_explain_read(lane->io.self, &explain->slice, &explain->arena, &fail);
		take_turn(lane, EXPLAIN_READS, sent, &fail);
	}
}

/* Is the way through the table at its end? Where another daemon came there, this one sees that it has begun anew. */
static bool way_ends(struct explaining *explain)
{
	const struct uuid none = {0}, *after = &explain->slice.after;
	bool anew = uuid_compare(after, &explain->came_to) < 0;
	explain->came_to = explain->slice.last ? none : *after;
	return explain->slice.last || anew;
}

/* Before another way through the table. It costs the same whether many have changed or nobody; where it was fewer than one a slice, there may
 * as well be more of them first. */
static int64_t pause_after_way(struct explaining *explain)
{
	int64_t pause_us = explain->way_written < explain->way_slices ? explain->way_us : 0;
	explain->way_us = explain->way_slices = explain->way_written = 0;
	pause_us = pause_us < PAUSE_MOST_US ? pause_us : PAUSE_MOST_US;
	return pause_us > PAUSE_US ? pause_us : PAUSE_US;
}

static void slice_done(struct loop *loop)
{
	struct explaining *explain = &loop->explain;
	loop->options->counters->explained.value += (double)explain->slice.written;
	explain->too_long = (struct uuid){0}; /* it was written as such: once it has changed it is tried again */
	explain->contacts = explain->contacts < CONTACTS_MAX ? explain->contacts * 2 : CONTACTS_MAX;
	rest(loop, 0);
	explain->way_us += explain->at_us - explain->begun_us;
	explain->way_slices++;
	explain->way_written += explain->slice.written;
	if (way_ends(explain)) {
		int64_t at_us = loop_now_us(loop) + pause_after_way(explain);
		explain->at_us = explain->at_us > at_us ? explain->at_us : at_us;
	}
	if (explain->slice.written > 0) {
		log_debug("explain: %" PRId64 " contacts, %zu touches", explain->slice.written,
			  explain->slice.touch_count);
	}
}

void loop_explain_turn_done(struct loop *loop, struct lane *lane)
{
	struct explaining *explain = &loop->explain;
	switch (explain->turn) {
	case EXPLAIN_DUE:
		send_reads(lane);
		break;
	case EXPLAIN_READS:
		/* Places of rules are those of one model. */
		if (engine_model(loop->engine)->model->version != explain->slice.model_version) {
			rest(loop, 0);
			roll_back(lane);
		} else {
			send_writes(lane);
		}
		break;
	case EXPLAIN_WRITES:
		slice_done(loop);
		break;
	case EXPLAIN_ROLLS_BACK:
		break;
	}
}

void loop_explain_failed(struct loop *loop, struct lane *lane, const struct fail *why)
{
	static struct log_limit often;
	enum explain_turn turn = loop->explain.turn;
	if (turn == EXPLAIN_ROLLS_BACK) {
		lane_lost(lane, why);
		return;
	}
	bool cut_off = strcmp(why->code, "57014") == 0; /* the server's time limit */
	if ((cut_off || why->kind == FAIL_DATA) && turn != EXPLAIN_DUE) {
		shrink(lane);
		return;
	}
	if (cut_off && loop->explain.look > LOOK_LEAST) {
		look_at_less(&loop->explain);
		rest(loop, 0);
		roll_back(lane);
		return;
	}
	if (log_allowed(&often)) {
		log_warning("explain: %s: explanations and histories are not written, trying again in a minute%s",
			    why->text, log_held_back(&often));
	}
	rest_after_trouble(loop);
	roll_back(lane);
}

/* The slice may be what the server did not answer: the next one is smaller, and not at once. */
void loop_explain_lost(struct loop *loop, const struct fail *why)
{
	struct explaining *explain = &loop->explain;
	if (explain->turn == EXPLAIN_ROLLS_BACK || strcmp(why->code, POSTGRES_NO_ANSWER) != 0) {
		return;
	}
	if (explain->turn == EXPLAIN_DUE) {
		look_at_less(explain);
	} else {
		take_less(explain);
	}
	rest_after_trouble(loop);
}

int64_t loop_explain_wakes_us(const struct loop *loop)
{
	bool waits = loop->options->conf->explain.share_percent > 0 && loop->explain.at_us > loop_now_us(loop);
	return waits ? loop->explain.at_us
		     : INT64_MAX; /* what is due waits for a lane, whose end of turn wakes us */
}

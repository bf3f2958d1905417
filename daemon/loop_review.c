/*
 * What time alone changes is written once an hour: a slice of table phase at a time, between two batches of a lane, and as many rows as take a few milliseconds,
 * so that no batch waits long for it. One daemon at a time: a slice is one transaction that holds the row which says how far all have come (table review), so
 * that whoever is killed leaves his slice to the next one, and nothing else. It waits for nobody's rows: whoever's contact somebody has locked is
 * passed over, and gone back to in the same hour, after a while, so many times and not more.
 *
 *	REVIEW_READS: what is due ──▶ contacts_review() ──▶ REVIEW_WRITES: what time did, COMMIT
 *
 * Nothing rests on it being in time: what a touch finds, it writes itself, and the rows are the same.
 */
#include <inttypes.h>

#include "core/base/log.h"
#include "core/base/moment.h"
#include "daemon/loop_inside.h"

#define SLICE_US (MOMENT_SECOND_US / 250)      /* about so long the next batch of this lane may wait for a slice */
#define QUIET_SLICE_US (MOMENT_SECOND_US / 50) /* where none has come of late */
#define QUIET_AFTER_US (10 * MOMENT_SECOND_US)
#define SLICE_BLOCKS_FIRST 4
/* Some 30 rows each. From where little is due to where all is, one slice is this large. */
#define SLICE_BLOCKS_MOST 16
#define LOOK_US (60 * MOMENT_SECOND_US) /* the hour may be full, another daemon may have stopped in the middle */
#define GO_ON_US (MOMENT_SECOND_US / 50)
/* To whoever was passed over it goes back after a second, then two, four …, a minute at the most: ten times are five minutes. Another daemon may
 * be sooner. */
#define GO_BACK_US MOMENT_SECOND_US
#define WAYS_BACK_MAX 10
#define KEEP ((size_t)1024 * 1024)

static void take_turn(struct lane *lane, enum review_turn turn, bool sent, const struct fail *fail)
{
	if (!sent) {
		lane_lost(lane, fail);
		return;
	}
	lane->turn = TURN_REVIEW;
	lane->loop->review_lane = lane;
	lane->loop->review_turn = turn;
}

static int64_t slice_most_us(struct loop *loop, int64_t now_us)
{
	double received = loop->options->counters->received.value;
	if (received > loop->review_received) {
		loop->review_received = received;
		loop->review_received_us = now_us;
	}
	return now_us - loop->review_received_us < QUIET_AFTER_US ? SLICE_US : QUIET_SLICE_US;
}

/* Twice as many blocks next time, or half as many: what a row costs depends on how long it lay, on the machine and on who else is
 * at work. */
static void adapt(struct loop *loop)
{
	int64_t now_us = loop_now_us(loop), took_us = now_us - loop->review_began_us;
	int64_t most_us = slice_most_us(loop, now_us), blocks = loop->review_blocks;
	if (took_us > most_us) {
		loop->review_blocks = blocks > 1 ? blocks / 2 : 1;
	} else if (took_us < most_us / 2) {
		loop->review_blocks = blocks < SLICE_BLOCKS_MOST ? blocks * 2 : SLICE_BLOCKS_MOST;
	}
}

bool loop_send_review(struct loop *loop, struct lane *lane)
{
	/* An explanation that is being written has its contacts locked, and knows nothing better of them: the lane that writes it
	 * comes here next. To those of another daemon's the review goes back. */
	if (loop_now_us(loop) < loop->review_at_us || loop->review_lane != NULL || loop->explain.lane != NULL ||
	    loop->accounts.lane != NULL || !loop_may_begin(loop)) {
		return false;
	}
	struct fail fail;
	loop->review_at_us = loop_now_us(loop) + LOOK_US; /* also where it fails: batches come first then */
	loop->review_began_us = loop_now_us(loop);
	if (loop->review_blocks == 0) {
		loop->review_blocks = SLICE_BLOCKS_FIRST;
	}
	arena_reset(&loop->review_arena, KEEP);
	loop->due = (struct due_rows){.now_us = io_passed_us(loop->io, loop->options->conf->review.until_us),
				      .blocks = loop->review_blocks};
	bool sent = lane->io.ops->store_review_due(lane->io.self, &loop->due, &loop->review_arena, &fail);
	take_turn(lane, REVIEW_READS, sent, &fail);
	return true;
}

static void roll_back(struct lane *lane, const struct fail *why)
{
	static struct log_limit often;
	struct fail fail;
	if (log_allowed(&often)) {
		log_warning("review: %s: what time changes is not written, trying again in a minute%s", why->text,
			    log_held_back(&often));
	}
	take_turn(lane, REVIEW_ROLLS_BACK, lane->io.ops->store_rollback(lane->io.self, &fail), &fail);
}

static void send_writes(struct loop *loop, struct lane *lane)
{
	struct fail fail;
	if (!loop->due.has_model || loop->due.model_version != engine_model(loop->engine)->model->version) {
		/* The daemon is about to take up another one; the slice is for those who know it. */
		take_turn(lane, REVIEW_ROLLS_BACK, lane->io.ops->store_rollback(lane->io.self, &fail), &fail);
		return;
	}
	if (!contacts_review(engine_model(loop->engine), &loop->due, &loop->review_arena, &loop->reviewed)) {
		fail_set(&fail, FAIL_DATA, EXIT_OUR_BUG, "review: a slice does not fit");
		roll_back(lane, &fail);
		return;
	}
	loop->reviewed.now_us = loop->io.ops->now_us(loop->io.self);
	loop->reviewed.ways_back_max = WAYS_BACK_MAX;
	bool sent = lane->io.ops->store_review_save(lane->io.self, &loop->reviewed, &loop->review_arena, &fail);
	take_turn(lane, REVIEW_WRITES, sent, &fail);
}

/* When the next slice is due: of this way through the table, or back to whoever was passed over. */
static void go_on(struct loop *loop)
{
	const struct reviewed_rows *reviewed = &loop->reviewed;
	if (loop->due.ours && reviewed->goes_on) {
		int64_t pause_us = loop->due.last ? GO_BACK_US << (reviewed->ways_back - 1) : GO_ON_US;
		loop->review_at_us = loop_now_us(loop) + (pause_us < LOOK_US ? pause_us : LOOK_US);
	}
}

static void count_passed(struct loop *loop)
{
	static struct log_limit often;
	struct counters *counters = loop->options->counters;
	const struct reviewed_rows *reviewed = &loop->reviewed;
	int64_t passed = (int64_t)reviewed->row_count - reviewed->written;
	bool will_come_back = reviewed->ways_back < WAYS_BACK_MAX || (loop->due.last && reviewed->goes_on);
	counters->review_passed.value += (double)passed;
	if (passed == 0 || will_come_back) {
		return;
	}
	counters->review_left.value += (double)passed;
	if (log_allowed(&often)) {
		log_warning("review: %" PRId64
			    " of %zu rows are left to the next hour: somebody was at their contacts "
			    "each of %d times%s",
			    passed, reviewed->row_count, WAYS_BACK_MAX + 1, log_held_back(&often));
	}
}

static void slice_done(struct loop *loop)
{
	struct counters *counters = loop->options->counters;
	loop->review_done_us = loop->reviewed.done_us;
	adapt(loop);
	counters->review_due.value += (double)loop->due.phase_count;
	counters->reviewed.value += (double)loop->reviewed.written;
	counters->review_changes.value += (double)loop->reviewed.changed;
	count_passed(loop);
	go_on(loop);
	if (loop->due.phase_count > 0) {
		log_debug("review: %zu rows due in %" PRId64 " blocks, %" PRId64 " written, %" PRId64
			  " changes by time",
			  loop->due.phase_count, loop->due.blocks, loop->reviewed.written, loop->reviewed.changed);
	}
}

void loop_review_turn_done(struct loop *loop, struct lane *lane)
{
	switch (loop->review_turn) {
	case REVIEW_READS:
		send_writes(loop, lane);
		break;
	case REVIEW_WRITES:
		slice_done(loop);
		break;
	case REVIEW_ROLLS_BACK:
		break;
	}
}

void loop_review_failed(struct loop *loop, struct lane *lane, const struct fail *why)
{
	if (loop->review_turn == REVIEW_ROLLS_BACK) {
		lane_lost(lane, why);
	} else {
		roll_back(lane, why);
	}
}

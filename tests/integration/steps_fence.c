/*
 * Who may write at all: COMMITs that were lost, partitions that were taken over, another model; and copies.
 */
#include "core/base/check.h"
#include "tests/integration/steps.h"

/* ---- duplicates ---- */

/* The same event as it came first: its id, its cookie, its stamp. */
static struct event again(const struct event *event, int seconds_later)
{
	struct event copy = *event;
	copy.received_us += (int64_t)seconds_later * 1000000;
	return copy;
}

static enum world_turn turn_of_touches(void)
{
	return stage_drive.daemons[B].batch->copy_min == 1 ? WORLD_COPY : WORLD_SAVE;
}

static void unforeseen_copy(int seconds_later)
{
	struct event event = stage_view(COOKIE, 10);
	stage_has(A, event);
	stage_give(B, again(&event, seconds_later));
	stage_refused(B, turn_of_touches(), "23505");
	stage_ends_well();
	stage_expect(stage_drive.daemons[B].counters.quick_misses.value == 1, "one try too many");
	stage_expect(stage_outcomes(B, OUTCOME_duplicate) == 1, "one duplicate");
}

static void duplicate_nobody_foresaw(void)
{
	unforeseen_copy(5);
}

/* It was received before the one that stands. */
static void duplicate_that_replaces(void)
{
	struct event event = stage_view(COOKIE, 10);
	stage_has(A, event);
	stage_give(B, again(&event, -5));
	stage_refused(B, turn_of_touches(), "23505");
	stage_ends_well();
}

static void replay(void)
{
	struct event events[12];
	for (int i = 0; i < (int)COUNT_OF(events); i++) {
		events[i] = stage_view(COOKIE, i);
		stage_has(A, events[i]);
	}
	const struct driven *daemon = &stage_drive.daemons[B];
	const size_t count = COUNT_OF(events);
	for (size_t i = 0; i < count; i++) {
		stage_has(B, again(&events[i], 5));
		stage_expect(daemon->batch->way.wary, "each is looked up");
	}
	stage_expect(daemon->counters.quick_misses.value < 5, "most are not taken for new");
	stage_expect(daemon->counters.batches_careful.value == 0, "none needs the careful way");
	for (int i = 0; daemon->batch->way.wary && i < 20; i++) {
		stage_has(B, stage_view(COOKIE, 100 + i));
	}
	stage_expect(!daemon->batch->way.wary, "what comes is taken for new again");
	stage_ends_well();
	stage_expect(stage_outcomes(B, OUTCOME_duplicate) == (double)count, "each is a duplicate");
}

/* ---- COMMIT ---- */

/* A's connection goes while the server is about to COMMIT: not moved yet, says LOOK; A sends it all again; then it lands. */
static void late_commit(void)
{
	stage_has(A, stage_view(COOKIE, 0));
	stage_give(A, stage_view(COOKIE, 10));
	stage_hold(NOBODY_COUNTS);
	stage_commits(A);
	stage_waits(A);
	stage_cut(A);
	stage_ends(A, WORLD_LOOK);
	stage_expect(!batch_is_empty(stage_drive.daemons[A].batch), "nothing has moved yet");
	bool quick = stage_drive.daemons[A].batch->way.allowed;
	stage_sends(A, quick ? WORLD_SAVE : WORLD_ADVANCE);
	stage_waits(A);
	stage_let_go();
	stage_refused(A, quick ? WORLD_SAVE : WORLD_ADVANCE, "PH001");
	stage_ends(A, WORLD_LOOK);
	stage_ends_well();
	stage_expect(stage_outcomes(A, OUTCOME_handed_back) == 0, "it is not another daemon's");
	stage_expect(stage_outcomes(A, OUTCOME_applied) == 3, "it is counted once");
}

static void lost_commit_lands_late(void)
{
	late_commit();
}

static void careful_lost_commit_lands_late(void)
{
	stage_quick(A, false);
	late_commit();
}

/* ---- positions ---- */

/* B has the partition now, and has written nothing yet: nothing but the epoch is another one. */
static void fenced(enum world_turn turn)
{
	stage_takes_over(B);
	int64_t before = stage_contents();
	stage_refused(A, turn, "PH001");
	stage_ends(A, WORLD_LOOK);
	stage_applies(A);
	stage_expect(stage_drive.daemons[A].counters.fenced.value == 1, "A knows that it is not its any more");
	stage_expect(stage_outcomes(A, OUTCOME_handed_back) == 1, "A drops it");
	stage_expect(stage_contents() == before, "A has written nothing");
	stage_ends_well();
	stage_expect(stage_outcomes(B, OUTCOME_applied) == 2, "B has written it");
}

/* Nor the subject, a page that nobody has seen before, though that goes before the transaction. */
static void zombie(void)
{
	stage_give(A, stage_view(COOKIE, 11));
	stage_ends(A, WORLD_LOAD);
	fenced(WORLD_SAVE);
}

/* Nor makes it the month. */
static void zombie_in_a_new_month(void)
{
	stage_give(A, stage_view(COOKIE, 60 * 24 * 40));
	fenced(WORLD_PEEK);
}

static void careful_zombie(void)
{
	stage_quick(A, false);
	stage_give(A, stage_view(COOKIE, 11));
	fenced(WORLD_ADVANCE);
}

static void careful_zombie_in_a_new_month(void)
{
	stage_quick(A, false);
	stage_give(A, stage_view(COOKIE, 60 * 24 * 40));
	fenced(WORLD_MONTHS);
}

/* In the middle of its transaction A still has the partition, and B waits to get it. */
static void claim_while_careful_writes(void)
{
	stage_quick(A, false);
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_LOAD);
	stage_starts_to_take_over(B);
	stage_waits(B);
	stage_applies(A);
	stage_ends_well();
	stage_expect(stage_outcomes(A, OUTCOME_applied) == 2 && stage_outcomes(B, OUTCOME_applied) == 1,
		     "A has written it");
}

/*
 * Positions come before arbiters: whoever holds an arbiter has the partition, too. So one who hangs in the middle is found by
 * who claims its partitions, and ended; else its arbiters would be waited for as long as its connection stands.
 */
static void claim_while_quick_writes(void)
{
	stage_has(B, stage_view(COOKIE, 0));
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_LOAD);
	stage_hold("SELECT FROM phased.phase FOR UPDATE");
	stage_writes_arbiters(A);
	stage_waits(A);
	stage_starts_to_take_over(B);
	stage_waits(B);
	stage_let_go();
	stage_applies(A);
	stage_ends_well();
	stage_expect(stage_outcomes(A, OUTCOME_applied) == 2 && stage_outcomes(B, OUTCOME_applied) == 2,
		     "A has written it");
}

/* By another hand, under A's own epoch. */
static void position_moved(void)
{
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_LOAD);
	stage_hand(
		"UPDATE phased.position SET next_offset = next_offset + 5 WHERE topic = 'web' AND partition = 0");
	int64_t before = stage_contents();
	stage_refused(A, WORLD_SAVE, "PH001");
	stage_expect(stage_contents() == before, "A has written nothing");
	stage_ends(A, WORLD_CLAIM);
}

/* ---- the model ---- */

static void model_changes(void)
{
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_PEEK);
	stage_hand("UPDATE phased.model SET in_force = false; INSERT INTO phased.model (version, text, in_force) "
		   "VALUES "
		   "(1, 'another', true)");
	int64_t before = stage_contents();
	stage_refused(A, WORLD_SAVE, "PH003");
	stage_ends(A, WORLD_ADVANCE);
	stage_expect(batch_wants_model(stage_drive.daemons[A].batch), "A asks for the other one");
	stage_expect(stage_contents() == before, "nothing was folded by the old one");
	stage_hand("DELETE FROM phased.model WHERE in_force; UPDATE phased.model SET in_force = true");
	stage_ends_well();
}

const struct scenario steps_fence[] = {
	SCENARIO(duplicate_nobody_foresaw),
	SCENARIO(duplicate_that_replaces),
	SCENARIO(replay),
	SCENARIO(lost_commit_lands_late),
	SCENARIO(careful_lost_commit_lands_late),
	SCENARIO(zombie),
	SCENARIO(zombie_in_a_new_month),
	SCENARIO(careful_zombie),
	SCENARIO(careful_zombie_in_a_new_month),
	SCENARIO(claim_while_careful_writes),
	SCENARIO(claim_while_quick_writes),
	SCENARIO(position_moved),
	SCENARIO(model_changes),
	{0},
};

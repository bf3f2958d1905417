/*
 * What is read is of one age, what is locked is locked in one order; the careful way.
 */
#include "core/base/check.h"
#include "tests/integration/steps.h"

/* ---- what is read is of one age ---- */

/* LOAD has read the claims and waits; then B claims. States that know of the claim must not be put beside. */
static void load_while_claim_commits(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_has(B, stage_view(COOKIE, 1));
	stage_give(B, stage_claim(COOKIE, KARI, 20));
	stage_ends(B, WORLD_LOAD);
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_PEEK);
	stage_hold("LOCK TABLE phased.erasure IN ACCESS EXCLUSIVE MODE");
	stage_sends(A, WORLD_LOAD);
	stage_waits(A);
	stage_applies(B);
	stage_let_go();
	stage_misses(A);
	stage_ends_well();
}

/* ---- the careful way ---- */

static void both_careful(void)
{
	stage_quick(A, false);
	stage_quick(B, false);
}

/* A's LOAD waits for B, who claims: what it then reads must know of it, and A must not lock more, but start over. */
static void careful_load_while_claim_commits(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_has(B, stage_view(COOKIE, 1));
	both_careful();
	stage_give(B, stage_claim(COOKIE, KARI, 20));
	stage_ends(B, WORLD_LOAD);
	stage_give(A, stage_view(COOKIE, 10));
	stage_sends(A, WORLD_LOAD);
	stage_waits(A);
	stage_applies(B);
	stage_ends(A, WORLD_LOAD);
	stage_ends(A, WORLD_ROLLBACK);
	stage_ends_well();
}

static void careful_states_while_touch_commits(void)
{
	stage_has(B, stage_view(COOKIE, 0));
	both_careful();
	stage_give(B, stage_view(COOKIE, 10));
	stage_ends(B, WORLD_LOAD);
	stage_give(A, stage_view(COOKIE, 11));
	stage_sends(A, WORLD_LOAD);
	stage_waits(A);
	stage_applies(B);
	stage_ends_well();
}

/* A contact that neither knows: it is made to be locked. */
static void careful_first_touches(void)
{
	both_careful();
	stage_give(B, stage_view(COOKIE, 10));
	stage_ends(B, WORLD_LOAD);
	stage_give(A, stage_view(COOKIE, 11));
	stage_sends(A, WORLD_LOAD);
	stage_waits(A);
	stage_applies(B);
	stage_ends_well();
}

static void quick_while_careful_holds(void)
{
	stage_has(B, stage_view(COOKIE, 0));
	stage_quick(B, false);
	stage_give(A, stage_view(COOKIE, 11));
	stage_ends(A, WORLD_LOAD);
	stage_give(B, stage_view(COOKIE, 10));
	stage_ends(B, WORLD_LOAD);
	stage_writes_arbiters(A);
	stage_waits(A);
	stage_applies(B);
	stage_misses(A);
	stage_ends_well();
}

static void careful_while_quick_commits(void)
{
	stage_has(B, stage_view(COOKIE, 0));
	stage_quick(A, false);
	stage_give(B, stage_view(COOKIE, 10));
	stage_hold(NOBODY_COUNTS);
	stage_commits(B);
	stage_waits(B);
	stage_give(A, stage_view(COOKIE, 11));
	stage_sends(A, WORLD_LOAD);
	stage_waits(A);
	stage_let_go();
	stage_ends_well();
}

/* ---- in key order: crossing contacts wait for each other, never in a ring ---- */

/* One in the middle: whoever comes from below has locked some before it, and so has who comes from above. */
#define LOCK_MIDDLE_CONTACT \
	"SELECT FROM phased.phase WHERE contact_id = (SELECT actor_id FROM phased.touch WHERE stamped >= " \
	"'2026-03-02' " \
	"GROUP BY actor_id ORDER BY actor_id OFFSET 3 LIMIT 1) FOR UPDATE"

static void give_crossing(int minute)
{
	static const char *const cookies[] = {"one", "two", "three", "four", "five", "six"};
	for (size_t i = 0; i < COUNT_OF(cookies); i++) {
		stage_give(A, stage_view(cookies[i], minute + (int)i));
		stage_give(B, stage_view(cookies[COUNT_OF(cookies) - 1 - i], minute + (int)i));
	}
}

static void careful_crossing(void)
{
	both_careful();
	give_crossing(0);
	stage_applies(A);
	stage_applies(B);
	give_crossing(100);
	stage_hold(LOCK_MIDDLE_CONTACT);
	stage_sends(A, WORLD_LOAD);
	stage_waits(A);
	stage_sends(B, WORLD_LOAD);
	stage_waits(B);
	stage_let_go();
	stage_ends_well();
}

static void quick_crossing(void)
{
	give_crossing(0);
	stage_applies(A);
	stage_applies(B);
	give_crossing(100);
	stage_ends(A, WORLD_LOAD);
	stage_ends(B, WORLD_LOAD);
	stage_hold(LOCK_MIDDLE_CONTACT);
	stage_writes_arbiters(A);
	stage_waits(A);
	stage_writes_arbiters(B);
	stage_waits(B);
	stage_let_go();
	stage_ends_well();
}

/* Of new contacts. One in the middle is made by a third session, which then goes back on it. */
static void crossing_of_new(enum world_turn turn)
{
	give_crossing(0);
	stage_ends(A, WORLD_LOAD);
	stage_hold_middle_of_a();
	if (turn == WORLD_LOAD) { /* who is concerned is known: again from the first step, now the careful way */
		both_careful();
		stage_cut(A);
		stage_sends(A, WORLD_LOAD);
		stage_waits(A);
		stage_sends(B, WORLD_LOAD);
	} else {
		stage_ends(B, WORLD_LOAD);
		stage_writes_arbiters(A);
		stage_waits(A);
		stage_writes_arbiters(B);
	}
	stage_waits(B);
	stage_go_back();
	stage_ends_well();
}

static void careful_crossing_of_new(void)
{
	crossing_of_new(WORLD_LOAD);
}

static void quick_crossing_of_new(void)
{
	crossing_of_new(WORLD_SAVE);
}

const struct scenario steps_locks[] = {
	SCENARIO(load_while_claim_commits),
	SCENARIO(careful_load_while_claim_commits),
	SCENARIO(careful_states_while_touch_commits),
	SCENARIO(careful_first_touches),
	SCENARIO(quick_while_careful_holds),
	SCENARIO(careful_while_quick_commits),
	SCENARIO(careful_crossing),
	SCENARIO(quick_crossing),
	SCENARIO(careful_crossing_of_new),
	SCENARIO(quick_crossing_of_new),
	{0},
};

/*
 * The write protocol, rule by rule: two daemons meet in a real PostgreSQL at just the moment at which they would go wrong
 * without the rule. What is broken is named in store_steps_test.py, which runs them.
 *
 *	store_steps CONNINFO insert|copy SCENARIO	as a superuser, on a migrated database, which it empties
 *	store_steps list
 *
 * Exit 0: as expected; 1: stdout says what is not.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/integration/stage.h"

#define COOKIE "cookie"
#define KARI "kari@firma.test"
#define OLA "ola@firma.test"
#define NOBODY_COUNTS "LOCK TABLE phased.outcome_day IN SHARE MODE" /* what is written last, before COMMIT */

/* ---- the arbiter's version: what was read has been written since ---- */

/* A has read everything and not begun to write; B does it all; A must not. */
static void passes_between(struct event late, struct event meanwhile)
{
	stage_give(A, late);
	stage_ends(A, WORLD_LOAD);
	stage_has(B, meanwhile);
	stage_misses(A);
	stage_ends_well();
}

static void touch_against_touch(void)
{
	stage_has(B, stage_view(COOKIE, 0));
	passes_between(stage_view(COOKIE, 10), stage_view(COOKIE, 11));
}

static void touch_against_careful_touch(void)
{
	stage_has(B, stage_view(COOKIE, 0));
	stage_quick(B, false);
	passes_between(stage_view(COOKIE, 10), stage_view(COOKIE, 11));
}

static void first_touch_against_first_touch(void)
{
	passes_between(stage_view(COOKIE, 10), stage_view(COOKIE, 11));
}

static void touch_against_claim(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_has(B, stage_view(COOKIE, 1));
	passes_between(stage_view(COOKIE, 10), stage_claim(COOKIE, KARI, 20));
}

/* Nothing of the cookie's is there to be moved: the claim makes the anonymous contact's arbiter all the same. */
static void first_touch_against_claim(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	passes_between(stage_view(COOKIE, 10), stage_claim(COOKIE, KARI, 20));
}

static void claim_against_touch(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_has(B, stage_view(COOKIE, 1));
	passes_between(stage_claim(COOKIE, KARI, 20), stage_view(COOKIE, 10));
}

static void claim_against_first_touch(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	passes_between(stage_claim(COOKIE, KARI, 20), stage_view(COOKIE, 10));
}

static void touch_against_grant(void)
{
	stage_has(B, stage_claim(COOKIE, KARI, 0));
	passes_between(stage_view(COOKIE, 10), stage_consent(KARI, 20, STATEMENT_GRANTED));
}

static void grant_against_touch(void)
{
	stage_has(B, stage_claim(COOKIE, KARI, 0));
	passes_between(stage_consent(KARI, 20, STATEMENT_GRANTED), stage_view(COOKIE, 10));
}

static void touch_against_withdrawal(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_has(B, stage_claim(COOKIE, KARI, 1));
	passes_between(stage_view(COOKIE, 10), stage_consent(KARI, 20, STATEMENT_WITHDRAWN));
}

static void withdrawal_against_touch(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_has(B, stage_claim(COOKIE, KARI, 1));
	passes_between(stage_consent(KARI, 20, STATEMENT_WITHDRAWN), stage_view(COOKIE, 10));
}

/* Neither moves a touch by itself; one who has read nothing of the other would leave the cookie's where they are. */
static void claim_against_grant(void)
{
	stage_has(B, stage_view(COOKIE, 0));
	passes_between(stage_claim(COOKIE, KARI, 10), stage_consent(KARI, 20, STATEMENT_GRANTED));
}

static void grant_against_claim(void)
{
	stage_has(B, stage_view(COOKIE, 0));
	passes_between(stage_consent(KARI, 20, STATEMENT_GRANTED), stage_claim(COOKIE, KARI, 10));
}

/* Kari has an arbiter already. */
static void grant_against_second_claim(void)
{
	stage_has(B, stage_claim("another", KARI, 0));
	stage_has(B, stage_view(COOKIE, 1));
	passes_between(stage_consent(KARI, 20, STATEMENT_GRANTED), stage_claim(COOKIE, KARI, 10));
}

/* Before the second claim the past follows Kari; after it, only her session does. */
static void early_touch_against_second_claim(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_has(B, stage_claim(COOKIE, KARI, 100));
	passes_between(stage_view(COOKIE, 10), stage_claim(COOKIE, OLA, 120));
}

static void second_claim_against_early_touch(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_has(B, stage_claim(COOKIE, KARI, 100));
	passes_between(stage_claim(COOKIE, OLA, 120), stage_view(COOKIE, 10));
}

/* The one at 55 is nobody's without the one at 75, and Kari's with it: it lies in the session before her claim at 100. */
static void early_touches_of_one_session(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_has(B, stage_claim(COOKIE, KARI, 100));
	stage_has(B, stage_claim(COOKIE, OLA, 120));
	passes_between(stage_view(COOKIE, 55), stage_view(COOKIE, 75));
}

static void first_touch_against_erasure(void)
{
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_LOAD);
	stage_erase_of_a();
	stage_misses(A);
	stage_ends_well();
	stage_expect(stage_outcomes(A, OUTCOME_erased) == 1, "A's touch is erased");
	stage_has(A, stage_view(COOKIE, 700));
	stage_ends_well();
}

/* B's touch makes the contact, which then is erased: its arbiter stays, or A would find all as it had read it. */
static void first_touch_against_touch_and_erasure(void)
{
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_LOAD);
	stage_has(B, stage_view(COOKIE, 12));
	stage_erase_of_a();
	stage_hand(
		"DELETE FROM phased.touch WHERE stamped >= '2026-03-02'; DELETE FROM phased.actor WHERE actor_id "
		"IN "
		"(SELECT actor_id FROM phased.erasure); UPDATE phased.outcome_day SET outcome = 'erased' WHERE "
		"day = "
		"'2026-03-02'; DELETE FROM phased.phase_change WHERE contact_id IN (SELECT actor_id FROM "
		"phased.erasure); DELETE FROM phased.phase WHERE process <> 'standard' AND contact_id IN (SELECT "
		"actor_id FROM phased.erasure)");
	stage_misses(A);
	stage_ends_well();
	stage_expect(stage_outcomes(A, OUTCOME_erased) == 1, "A's touch is erased");
}

/* What is there of the cookie's is an empty arbiter: the claim changes nothing of it but its version. */
static void first_touch_again_against_claim(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_LOAD);
	stage_erase_of_a();
	stage_applies(A);
	passes_between(stage_view(COOKIE, 710), stage_claim(COOKIE, KARI, 720));
}

static void first_touch_again_against_careful_claim(void)
{
	stage_quick(B, false);
	first_touch_again_against_claim();
}

/* ---- the same while the other one's transaction is still open ---- */

/* B's is about to COMMIT, and A waits for a row that B has written: then what A reads must not be older than B's. */
static void waits_for_the_other(void)
{
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_LOAD);
	stage_give(B, stage_view(COOKIE, 11));
	stage_hold(NOBODY_COUNTS);
	stage_commits(B);
	stage_waits(B);
	stage_writes_arbiters(A);
	stage_waits(A);
	stage_let_go();
	stage_misses(A);
	stage_ends_well();
}

static void touch_while_touch_commits(void)
{
	stage_has(B, stage_view(COOKIE, 0));
	waits_for_the_other();
}

static void first_touch_while_first_touch_commits(void)
{
	waits_for_the_other();
}

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
	const struct counters *counters = &stage_drive.daemons[B].counters;
	double quick = counters->batches_quick.value;
	const size_t count = COUNT_OF(events);
	for (size_t i = 0; i < count; i++) {
		stage_has(B, again(&events[i], 5));
	}
	stage_expect(counters->quick_misses.value < 5, "most are not tried the quick way");
	stage_expect(counters->batches_careful.value == (double)count, "all go the careful way");
	for (int i = 0; counters->batches_quick.value == quick && i < 20; i++) {
		stage_has(B, stage_view(COOKIE, 100 + i));
	}
	stage_expect(counters->batches_quick.value == quick + 1, "the quick way is taken again");
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
	stage_refused(A, turn, "PH001");
	stage_ends(A, WORLD_LOOK);
	stage_applies(A);
	stage_expect(stage_drive.daemons[A].counters.fenced.value == 1, "A knows that it is not its any more");
	stage_expect(stage_outcomes(A, OUTCOME_handed_back) == 1, "A drops it");
	stage_expect(stage_count("SELECT count(*) FROM phased.touch WHERE stamped >= '2026-03-02'") == 0,
		     "A has written nothing");
	stage_ends_well();
	stage_expect(stage_outcomes(B, OUTCOME_applied) == 2, "B has written it");
}

static void zombie(void)
{
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_LOAD);
	fenced(WORLD_SAVE);
}

static void careful_zombie(void)
{
	stage_quick(A, false);
	stage_give(A, stage_view(COOKIE, 10));
	fenced(WORLD_ADVANCE);
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

/* By another hand, under A's own epoch. */
static void position_moved(void)
{
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_LOAD);
	stage_hand(
		"UPDATE phased.position SET next_offset = next_offset + 5 WHERE topic = 'web' AND partition = 0");
	stage_refused(A, WORLD_SAVE, "PH001");
	stage_ends(A, WORLD_CLAIM);
	stage_expect(stage_count("SELECT count(*) FROM phased.touch WHERE stamped >= '2026-03-02'") == 0,
		     "A has written nothing");
}

/* ---- the model ---- */

static void model_changes(void)
{
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_PEEK);
	stage_hand("UPDATE phased.model SET in_force = false; INSERT INTO phased.model (version, text, in_force) "
		   "VALUES "
		   "(1, 'another', true)");
	stage_refused(A, WORLD_SAVE, "PH003");
	stage_gives_up(A, "model: another one");
	stage_expect(stage_count("SELECT count(*) FROM phased.touch WHERE stamped >= '2026-03-02'") == 0,
		     "nothing was folded by the old one");
}

static const struct {
	const char *name;
	void (*play)(void);
} scenarios[] = {
#define SCENARIO(name) \
	{ \
#name, name \
	}
	SCENARIO(touch_against_touch),
	SCENARIO(touch_against_careful_touch),
	SCENARIO(first_touch_against_first_touch),
	SCENARIO(touch_against_claim),
	SCENARIO(first_touch_against_claim),
	SCENARIO(claim_against_touch),
	SCENARIO(claim_against_first_touch),
	SCENARIO(touch_against_grant),
	SCENARIO(grant_against_touch),
	SCENARIO(touch_against_withdrawal),
	SCENARIO(withdrawal_against_touch),
	SCENARIO(claim_against_grant),
	SCENARIO(grant_against_claim),
	SCENARIO(grant_against_second_claim),
	SCENARIO(early_touch_against_second_claim),
	SCENARIO(second_claim_against_early_touch),
	SCENARIO(early_touches_of_one_session),
	SCENARIO(first_touch_against_erasure),
	SCENARIO(first_touch_against_touch_and_erasure),
	SCENARIO(first_touch_again_against_claim),
	SCENARIO(first_touch_again_against_careful_claim),
	SCENARIO(touch_while_touch_commits),
	SCENARIO(first_touch_while_first_touch_commits),
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
	SCENARIO(duplicate_nobody_foresaw),
	SCENARIO(duplicate_that_replaces),
	SCENARIO(replay),
	SCENARIO(lost_commit_lands_late),
	SCENARIO(careful_lost_commit_lands_late),
	SCENARIO(zombie),
	SCENARIO(careful_zombie),
	SCENARIO(claim_while_careful_writes),
	SCENARIO(position_moved),
	SCENARIO(model_changes),
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
			printf("%s\n", scenarios[i].name);
		}
		return EXIT_DONE;
	}
	for (size_t i = 0; argc == 4 && i < COUNT_OF(scenarios); i++) {
		if (strcmp(argv[3], scenarios[i].name) == 0) {
			stage_open(argv[1], strcmp(argv[2], "copy") == 0);
			scenarios[i].play();
			stage_close();
			return EXIT_DONE;
		}
	}
	fprintf(stderr, "usage: store_steps CONNINFO insert|copy SCENARIO\n");
	return EXIT_USAGE;
}

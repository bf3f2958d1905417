/*
 * The arbiter's version: what was read has been written since, by one who is done or is about to be.
 */
#include "core/base/check.h"
#include "core/base/moment.h"
#include "tests/integration/steps.h"

#define PATIENCE_US (10 * MOMENT_SECOND_US)

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

/* Without consent it is the anonymous contact's, and is erased there. */
static void unseen_touch_against_withdrawal(void)
{
	stage_has(B, stage_claim(COOKIE, KARI, 1));
	passes_between(stage_view(COOKIE, 10), stage_consent(KARI, 20, STATEMENT_WITHDRAWN));
}

static void withdrawal_against_unseen_touch(void)
{
	stage_has(B, stage_claim(COOKIE, KARI, 1));
	passes_between(stage_consent(KARI, 20, STATEMENT_WITHDRAWN), stage_view(COOKIE, 10));
}

static void own_touch_against_withdrawal(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_DENIED));
	passes_between(stage_claim("", KARI, 10), stage_consent(KARI, 20, STATEMENT_WITHDRAWN));
}

static void withdrawal_against_own_touch(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_DENIED));
	passes_between(stage_consent(KARI, 20, STATEMENT_WITHDRAWN), stage_claim("", KARI, 10));
}

/* The claim gives her what is there, which the withdrawal has not seen as hers. */
static void claim_against_withdrawal(void)
{
	stage_has(B, stage_view(COOKIE, 1));
	passes_between(stage_claim(COOKIE, KARI, 10), stage_consent(KARI, 20, STATEMENT_WITHDRAWN));
}

static void withdrawal_against_claim(void)
{
	stage_has(B, stage_view(COOKIE, 1));
	passes_between(stage_consent(KARI, 20, STATEMENT_WITHDRAWN), stage_claim(COOKIE, KARI, 10));
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

/* A row that was read is elsewhere now, and at its place is somebody else's of the same version. */
static void place_given_to_another(void)
{
	stage_has(B, stage_view(COOKIE, 0));
	stage_give(A, stage_view(COOKIE, 10));
	stage_ends(A, WORLD_LOAD);
	stage_hand("CREATE TABLE public.kept AS SELECT ctid AS place, * FROM phased.phase ORDER BY last_at DESC "
		   "LIMIT 1");
	stage_hand("DELETE FROM phased.phase WHERE ctid = (SELECT place FROM public.kept)");
	stage_hand(
		"INSERT INTO phased.phase SELECT contact_id, process, version + 1, model_version, fold, counted, "
		"confirmed, activity, early, mid, late, reported, shown, fine, band, since, last_at, review_at "
		"FROM "
		"public.kept");
	/* VACUUM frees it once nobody else looks at the table, autovacuum for one. */
	for (int64_t until_us = moment_monotonic_us() + PATIENCE_US;
	     stage_count(
		     "SELECT count(*) FROM phased.phase p JOIN public.kept k ON p.ctid = k.place AND p.version = "
		     "k.version AND p.contact_id <> k.contact_id") == 0;) {
		stage_expect(moment_monotonic_us() < until_us, "the place was not given to another");
		stage_hand("VACUUM phased.phase");
		stage_hand("INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, "
			   "confirmed, activity, early, mid, late, reported, shown, fine, band) SELECT "
			   "gen_random_uuid(), process, version, model_version, '', 0, 0, 0, 0, 0, 0, -1, 0, 0, 0 "
			   "FROM public.kept");
	}
	stage_hand("DROP TABLE public.kept");
	stage_misses(A);
	stage_ends_well();
}

/*
 * Kari's session before her claim begins at 80: the one at 10 is nobody's and the one at 90 hers, whatever the other does. Before
 * the first claim of a shared browser whoever adds a touch writes both arbiters all the same, so that whose it is never
 * rests on what another writer has not read. (Where it would, its session changes and with it both persons' stretches,
 * which alone would do: so no table tells.)
 */
static void session_before_two_claims(void)
{
	stage_has(B, stage_consent(KARI, 0, STATEMENT_GRANTED));
	stage_has(B, stage_view(COOKIE, 80));
	stage_has(B, stage_claim(COOKIE, KARI, 100));
	stage_has(B, stage_claim(COOKIE, OLA, 120));
}

static void anonymous_touch_against_early_touch(void)
{
	session_before_two_claims();
	passes_between(stage_view(COOKIE, 10), stage_view(COOKIE, 90));
}

static void early_touch_against_anonymous_touch(void)
{
	session_before_two_claims();
	passes_between(stage_view(COOKIE, 90), stage_view(COOKIE, 10));
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

const struct scenario steps_versions[] = {
	SCENARIO(touch_against_touch),
	SCENARIO(touch_against_careful_touch),
	SCENARIO(first_touch_against_first_touch),
	SCENARIO(touch_against_claim),
	SCENARIO(first_touch_against_claim),
	SCENARIO(place_given_to_another),
	SCENARIO(claim_against_touch),
	SCENARIO(claim_against_first_touch),
	SCENARIO(touch_against_grant),
	SCENARIO(grant_against_touch),
	SCENARIO(touch_against_withdrawal),
	SCENARIO(withdrawal_against_touch),
	SCENARIO(unseen_touch_against_withdrawal),
	SCENARIO(withdrawal_against_unseen_touch),
	SCENARIO(own_touch_against_withdrawal),
	SCENARIO(withdrawal_against_own_touch),
	SCENARIO(claim_against_withdrawal),
	SCENARIO(withdrawal_against_claim),
	SCENARIO(claim_against_grant),
	SCENARIO(grant_against_claim),
	SCENARIO(grant_against_second_claim),
	SCENARIO(early_touch_against_second_claim),
	SCENARIO(second_claim_against_early_touch),
	SCENARIO(early_touches_of_one_session),
	SCENARIO(anonymous_touch_against_early_touch),
	SCENARIO(early_touch_against_anonymous_touch),
	SCENARIO(first_touch_against_erasure),
	SCENARIO(first_touch_against_touch_and_erasure),
	SCENARIO(first_touch_again_against_claim),
	SCENARIO(first_touch_again_against_careful_claim),
	SCENARIO(touch_while_touch_commits),
	SCENARIO(first_touch_while_first_touch_commits),
	{0},
};

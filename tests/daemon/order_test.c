/*
 * The same messages, in any order, cut into any batches, with any trouble on the way, give the tables that the oracle
 * works out from all of them at once.
 *
 * The messages of a world are few and over few people, so that everything meets (plan.c). One that fails is made
 * smaller for as long as it still does; PHASED_WORLD=SEED/RUN plays it again, PHASED_WORLDS=N plays so many.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "tests/daemon/oracle.h"
#include "tests/random.h"
#define TEST_TIMEOUT_S 280
#include "tests/table.h"

#define WORLDS 1500 /* PHASED_WORLDS: another number */
#define RUNS 3	    /* of each plan: 0 in peace, 1 with faults, 2 two daemons with faults */

static struct world world;
static struct drive drive;
static struct plan plan;
static struct arena plan_arena, run_arena;
static uint64_t decided;

static void setup(void)
{
	log_start(LOG_LEVEL_ERROR);
	CHECK(arena_init(&plan_arena, (size_t)64 * 1024 * 1024) &&
	      arena_init(&run_arena, (size_t)64 * 1024 * 1024));
	drive_init(&drive, &world);
}

/* ---- trouble ---- */

/* So many of a thousand turns meet trouble of some kind, until `left` is used up. */
struct trouble {
	unsigned per_mille;
	unsigned left;
};

static enum world_fault trouble_comes(void *context, struct world_client *client, const char **code)
{
	static const char *const codes[] = {"40001", "40P01", "55P03", "57014", "53200"};
	struct trouble *trouble = context;
	struct world *at = client->world;
	if (trouble->left == 0 || world_random(at, 1000) >= trouble->per_mille) {
		return FAULT_NONE;
	}
	trouble->left--;
	*code = codes[world_random(at, COUNT_OF(codes))];
	return (enum world_fault)(FAULT_NONE + 1 + world_random(at, FAULT_COUNT - 1));
}

/* Now and then the group gives partitions to others; some hear of it while they are in the middle of a transaction. */
static void shuffle_partitions(void)
{
	if (drive.count > 1 && world_random(&world, 60) == 0) {
		drive_rebalance(&drive, (unsigned)world_random(&world, drive.count), world_random(&world, 2) == 0);
	}
}

/* What was met, over all worlds: a test that no longer meets something proves nothing about it. */
struct met {
	double outcomes[OUTCOME_COUNT], refolded, queued, caught_up, redone, fenced, failures, quick, careful,
		misses;
	uint64_t windows, windows_over_4, turns_max, gone_on, reviewed, changed_by_time, decided;
	struct oracle_counts compared;
};

struct shared {
	uint64_t seed;
	unsigned run;
	struct met met;
};

static void note_what_was_met(struct met *met)
{
	for (size_t i = 0; i < drive.count; i++) {
		const struct counters *counters = &drive.daemons[i].counters;
		for (int j = 0; j < OUTCOME_COUNT; j++) {
			met->outcomes[j] += counters->outcomes[j].value;
		}
		met->refolded += counters->refolded.value;
		met->queued += counters->queued.value;
		met->caught_up += counters->queue_refolded.value;
		met->redone += counters->redone.value;
		met->quick += counters->batches_quick.value;
		met->careful += counters->batches_careful.value;
		met->misses += counters->quick_misses.value;
		met->fenced += counters->fenced.value;
		met->failures += counters->store_failures.value;
	}
}

/* Somebody decides about one of the plan's contacts; now and then first otherwise. False: not now. */
static bool decide(size_t number, bool last)
{
	const struct plan_cleared *cleared = &plan.cleared[number];
	struct actor_line key = {.id = cleared->contact_id};
	const struct actor_line *actor = tables_find(&world.tables, TABLE_ACTOR, &key);
	bool is_strong = actor != NULL && !actor_is_weak((enum actor_kind)actor->kind);
	return actor != NULL &&
	       world_clear(&world, &cleared->contact_id, last ? cleared->reasons : cleared->before, is_strong);
}

/* All that is decided in the end, of whom anything is known. Nobody has anything locked. */
static void decide_rest(void)
{
	for (size_t i = 0; i < plan.cleared_count; i++) {
		decided += decide(i, true) ? 1 : 0;
	}
}

/* ---- one world ---- */

static bool drain_with_trouble(struct trouble *trouble)
{
	world.fault = trouble_comes;
	world.fault_context = trouble;
	for (unsigned i = 0; i < 400 && drive.wrong == NULL; i++) {
		drive_step(&drive, world_random(&world, drive.count));
		world.monotonic_us += (int64_t)world_random(&world, 20000);
		if (world_random(&world, 20) == 0) {
			world_land(&world);
		}
		shuffle_partitions();
		if (plan.cleared_count > 0 && world_random(&world, 30) == 0) {
			decided += decide((size_t)world_random(&world, plan.cleared_count),
					  world_random(&world, 2) == 0)
					   ? 1
					   : 0;
		}
	}
	drive_rebalance(&drive, 0, false);
	return drive_drain(&drive);
}

/* From before the first event on, to before most of them, to soon after them, or to when they are long past. */
static void let_time_pass(void)
{
	static const int64_t days[] = {-1, 0, 2, 20, 45, 45, 130};
	world.now_us = PLAN_BEGIN_US - 2 * MOMENT_DAY_US;
	drive.until_us = PLAN_BEGIN_US + days[world_random(&world, COUNT_OF(days))] * MOMENT_DAY_US +
			 (int64_t)world_random(&world, 24) * 60 * 60 * MOMENT_SECOND_US;
}

/* Plays the plan once and compares. NULL: all is well; else what is wrong, in run_arena. */
static const char *play(unsigned run, struct met *met)
{
	struct trouble trouble = {.per_mille = 60, .left = 12};
	arena_reset(&run_arena, (size_t)4 * 1024 * 1024);
	tables_clear(&world.tables);
	tables_forget_texts();
	drive_start(&drive, plan.seed * RUNS + run, run == 2 ? 2 : 1);
	drive_count_claims(&drive, plan_claims_max(&plan));
	let_time_pass();
	plan_produce(&plan, &world);
	for (size_t i = 0; i < drive.count && world_random(&world, 4) == 0; i++) {
		/* Room for a few messages at a time: some that are taken wait for the next batch. */
		drive.daemons[i].batch->held.limit =
			TAKE_ROOM + ((size_t)drive.conf.batch.events_max + TAKE_FOLLOW_MAX) * sizeof(struct item) +
			2048 + (size_t)world_random(&world, 32768);
	}
	drive_rebalance(&drive, 0, false);
	bool done = run == 0 ? drive_drain(&drive) : drain_with_trouble(&trouble);
	if (done && plan.cleared_count > 0) {
		decide_rest();
		done = drive_drain(&drive);
	}
	const char *text = NULL;
	if (!done) {
		text = drive.wrong;
	} else {
		drive_review_rest(&drive);
		text = oracle_difference(&plan, &drive, &run_arena, &world.tables);
		text = text[0] == '\0' ? NULL : text;
	}
	note_what_was_met(met);
	drive_stop(&drive);
	return text;
}

/* ---- many worlds, each round in a child, so that a CHECK that fails is one more failure ---- */

static bool runs_well(unsigned run, bool quiet)
{
	fflush(NULL);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		if (quiet) {
			CHECK(freopen("/dev/null", "w", stderr) != NULL);
		}
		struct met met = {.windows = 0};
		const char *text = play(run, &met);
		if (text != NULL) {
			fprintf(stderr, "%s\n", text);
		}
		fflush(NULL);
		_exit(text == NULL ? 0 : 1);
	}
	int status;
	CHECK(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Leaves out whatever the failure does not need. */
static void shrink(unsigned run)
{
	for (bool smaller = true; smaller;) {
		smaller = false;
		for (size_t i = 0; i < plan.count; i++) {
			if (plan.messages[i].left_out) {
				continue;
			}
			plan.messages[i].left_out = true;
			if (runs_well(run, true)) {
				plan.messages[i].left_out = false;
			} else {
				smaller = true;
			}
		}
	}
}

static void show(uint64_t seed, unsigned run)
{
	arena_reset(&plan_arena, (size_t)4 * 1024 * 1024);
	plan_make(&plan, seed, &drive.key, &plan_arena);
	if (runs_well(run, true)) {
		fprintf(stderr, "world %" PRIu64 "/%u fails only after others\n", seed, run);
		return;
	}
	shrink(run);
	fprintf(stderr, "world %" PRIu64 "/%u (- expected, + found):\n", seed, run);
	plan_print(&plan);
	runs_well(run, false);
}

static void play_many(uint64_t first, uint64_t count, struct shared *shared)
{
	for (uint64_t seed = first; seed < first + count; seed++) {
		arena_reset(&plan_arena, (size_t)4 * 1024 * 1024);
		plan_make(&plan, seed, &drive.key, &plan_arena);
		for (unsigned run = 0; run < RUNS; run++) {
			shared->seed = seed;
			shared->run = run;
			if (play(run, &shared->met) != NULL) {
				_exit(1);
			}
		}
	}
	shared->met.gone_on = world.gone_on;
	shared->met.reviewed = drive.reviewed;
	shared->met.decided = decided;
	shared->met.compared = oracle_counts();
	shared->met.changed_by_time = drive.changed_by_time;
	shared->met.windows = drive.windows;
	shared->met.windows_over_4 = drive.windows_over_4;
	shared->met.turns_max = drive.turns_max;
}

static void check_what_was_met(const struct met *met)
{
	static const enum outcome outcomes[] = {OUTCOME_applied,     OUTCOME_machine,	   OUTCOME_duplicate,
						OUTCOME_no_consent,  OUTCOME_unidentified, OUTCOME_handed_back,
						OUTCOME_erased,	     OUTCOME_unreadable,   OUTCOME_bad_value,
						OUTCOME_uncollected, OUTCOME_reported};
	for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
		ck_assert_msg(met->outcomes[outcomes[i]] > 0, "nothing was %s", outcome_about[outcomes[i]].name);
	}
	ck_assert_double_gt(met->refolded, 0);
	ck_assert_double_gt((double)met->gone_on, met->refolded / 20); /* states found to go on from */
	ck_assert_double_gt(met->queued, met->refolded / 20);	       /* left to be refolded later */
	ck_assert_double_gt(met->caught_up, met->queued / 4);
	ck_assert_double_gt(met->redone, 0);
	ck_assert_double_gt(met->quick, met->careful);
	ck_assert_double_gt(met->careful, 0);
	ck_assert_double_gt(met->misses, 0);
	ck_assert_double_gt(met->fenced, 0);
	ck_assert_double_gt(met->failures, 0);
	ck_assert_uint_gt(met->windows, 0);
	ck_assert_uint_gt(met->changed_by_time, 0);
	ck_assert_uint_gt(met->decided, WORLDS / 2); /* which machine reasons are none */
	ck_assert_uint_gt(met->reviewed, met->changed_by_time);
	/* What withdrawals leave open is little, and of that much is decided by all claims together. */
	ck_assert_uint_lt(met->compared.open, met->compared.touches / 10);
	ck_assert_uint_gt(met->compared.must_go, met->compared.open / 2);
	fprintf(stderr,
		"%" PRIu64 " touches compared, %" PRIu64 " of them left open, %" PRIu64 " copies had to be gone\n",
		met->compared.touches, met->compared.open, met->compared.must_go);
	fprintf(stderr, "%" PRIu64 " rows reviewed, %" PRIu64 " changes by time\n", met->reviewed,
		met->changed_by_time);
	fprintf(stderr, "%.0f batches the quick way, %.0f the careful way, of these %.0f after the quick one\n",
		met->quick, met->careful, met->misses);
	fprintf(stderr, "%.0f contacts were left waiting, %.0f were refolded after that\n", met->queued,
		met->caught_up);
	fprintf(stderr, "%.0f contacts refolded, %" PRIu64 " times from a checkpoint\n", met->refolded,
		met->gone_on);
	fprintf(stderr, "%" PRIu64 " windows, %" PRIu64 " of them over 4 round trips, at most %" PRIu64 "\n",
		met->windows, met->windows_over_4, met->turns_max);
}

START_TEST(any_order_gives_the_tables_of_the_oracle)
{
	setup();
	const char *again = getenv("PHASED_WORLD"), *many = getenv("PHASED_WORLDS");
	uint64_t seed, count = many == NULL ? WORLDS : strtoull(many, NULL, 10);
	unsigned run;
	if (again != NULL && sscanf(again, "%" SCNu64 "/%u", &seed, &run) == 2) {
		show(seed, run);
		return;
	}
	struct shared *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	fflush(NULL);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		play_many(1, count, shared);
		_exit(0);
	}
	int status;
	CHECK(waitpid(child, &status, 0) == child);
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!good && many == NULL) {
		show(shared->seed, shared->run);
	}
	ck_assert_msg(good, "world %" PRIu64 "/%u", shared->seed, shared->run);
	if (count >= WORLDS) {
		check_what_was_met(&shared->met);
	}
}
END_TEST

TEST_MAIN("daemon_order", any_order_gives_the_tables_of_the_oracle)

/*
 * The worlds of tests/daemon against a real PostgreSQL: the same messages, batches and oracle, but each turn is the
 * store's own SQL. What differs from the stand-in there would show here.
 *
 *	store_worlds CONNINFO FIRST COUNT	as a superuser, on a migrated database of its own, which it empties
 *
 * Works as phased_writer, as the daemon does. Exit 0: all are as expected; 1: stdout says what is not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "tests/integration/real.h"

static struct world world;
static struct drive drive;
static struct plan plan;
static struct arena plan_arena, run_arena;
static struct postgres *postgres;

/* True: as the oracle says. */
static bool play(uint64_t seed, uint64_t chance)
{
	arena_reset(&plan_arena, (size_t)4 * 1024 * 1024);
	arena_reset(&run_arena, (size_t)4 * 1024 * 1024);
	tables_clear(&world.tables);
	tables_forget_texts();
	plan_make(&plan, seed, &drive.key, &plan_arena);
	real_empty(postgres, drive_model(&drive), &plan, &run_arena);
	real_script(postgres, "SET ROLE phased_writer");
	drive_start(&drive, chance, 1);
	drive_count_claims(&drive, plan_claims_max(&plan));
	world.now_us = PLAN_BEGIN_US - MOMENT_DAY_US; /* and on to some time after the last event */
	drive.until_us = PLAN_BEGIN_US + (int64_t)(chance % 4) * 30 * MOMENT_DAY_US;
	plan_produce(&plan, &world);
	drive_rebalance(&drive, 0, false);
	bool good = drive_drain(&drive);
	if (good && plan.cleared_count > 0) {
		real_script(postgres, "RESET ROLE");
		real_clear(postgres, &plan, &run_arena);
		real_script(postgres, "SET ROLE phased_writer");
		drive.nobody_waits = false;
		good = drive_drain(&drive);
	}
	if (!good) {
		printf("world %" PRIu64 ": %s\n", seed, drive.wrong);
	} else {
		drive_review_rest(&drive);
		const char *text = real_difference(postgres, &plan, &drive, &run_arena);
		good = text[0] == '\0';
		if (!good) {
			printf("world %" PRIu64 " (- expected, + found):\n%s", seed, text);
		}
	}
	drive_stop(&drive);
	return good;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: store_worlds CONNINFO FIRST COUNT\n");
		return EXIT_USAGE;
	}
	struct fail fail;
	log_start(LOG_LEVEL_WARNING);
	CHECK(arena_init(&plan_arena, (size_t)64 * 1024 * 1024) &&
	      arena_init(&run_arena, (size_t)64 * 1024 * 1024));
	postgres = real_connect(argv[1], "store_worlds");
	struct store *store = store_create(postgres, REAL_REPLY_MS, &fail);
	real_need(store != NULL, &fail);
	real_need(store_settle(store, &fail) && postgres_wait(postgres, &fail), &fail);
	struct world_real real = {postgres, store, false};
	world.real = &real;
	drive_init(&drive, &world);
	uint64_t first = strtoull(argv[2], NULL, 10), count = strtoull(argv[3], NULL, 10), good = 0;
	for (uint64_t i = 0; i < count; i++) {
		good += play(first + i, i);
	}
	printf("%" PRIu64 " of %" PRIu64 " worlds are as expected\n", good, count);
	drive_finish(&drive);
	world_finish(&world);
	store_destroy(store);
	postgres_destroy(postgres);
	return good == count ? EXIT_DONE : EXIT_FOUND;
}

/*
 * Exactly once, whatever happens and whenever: each message is counted once, each touch stands once, and nobody writes
 * where another daemon has taken over.
 */
#include <inttypes.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "tests/daemon/scene.h"
#include "tests/table.h"

/* ---- one fault, at every place ---- */

/* The fault comes at turn `at` (and at turn `again`), of whatever kind that is. */
struct place {
	unsigned turn, at, again;
	enum world_fault fault, second;
};

static enum world_fault at_place(void *context, struct world_client *client, const char **code)
{
	struct place *place = context;
	(void)client;
	*code = "40001";
	unsigned turn = place->turn++;
	return turn == place->at ? place->fault : turn == place->again ? place->second : FAULT_NONE;
}

/* How many turns there were. */
static unsigned play(struct place place)
{
	scene_start(1);
	plan_produce(&scene_plan, &scene_world);
	drive_rebalance(&scene_drive, 0, false);
	scene_world.fault = at_place;
	scene_world.fault_context = &place;
	bool done = drive_drain(&scene_drive);
	ck_assert_msg(done, "plan %" PRIu64 ", fault %d at turn %u, %d at %u: %s", scene_plan.seed, place.fault,
		      place.at, place.second, place.again, scene_drive.wrong);
	scene_world.fault = NULL;
	scene_drive.keeps_waiting = false; /* clicks that came too soon leave somebody waiting */
	ck_assert(drive_drain(&scene_drive));
	const char *text = scene_difference();
	ck_assert_msg(text[0] == '\0', "plan %" PRIu64 ", fault %d at turn %u, %d at %u:\n%.2000s",
		      scene_plan.seed, place.fault, place.at, place.second, place.again, text);
	drive_stop(&scene_drive);
	return place.turn;
}

START_TEST(one_fault_at_any_turn_changes_nothing)
{
	scene_setup();
	for (uint64_t seed = 1; seed <= 20; seed++) {
		arena_reset(&scene_plan_arena, SCENE_KEEP);
		plan_make(&scene_plan, seed, &scene_drive.key, &scene_plan_arena);
		unsigned turns = play((struct place){.at = UINT32_MAX, .again = UINT32_MAX});
		for (unsigned at = 0; at < turns; at++) {
			for (int fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
				play((struct place){
					.at = at, .again = UINT32_MAX, .fault = (enum world_fault)fault});
			}
		}
	}
}
END_TEST

START_TEST(a_second_fault_on_the_way_back_changes_nothing)
{
	scene_setup();
	arena_reset(&scene_plan_arena, SCENE_KEEP);
	plan_make(&scene_plan, 3, &scene_drive.key, &scene_plan_arena);
	unsigned turns = play((struct place){.at = UINT32_MAX, .again = UINT32_MAX});
	for (unsigned at = 1; at < turns && at < 14; at++) {
		for (unsigned again = at + 1; again <= at + 4; again++) {
			for (int both = 0; both < (FAULT_COUNT - 1) * (FAULT_COUNT - 1); both++) {
				play((struct place){.at = at,
						    .again = again,
						    .fault = (enum world_fault)(1 + both / (FAULT_COUNT - 1)),
						    .second = (enum world_fault)(1 + both % (FAULT_COUNT - 1))});
			}
		}
	}
}
END_TEST

/* ---- step by step ---- */

static void lose_commit(enum world_fault fault)
{
	struct scene_script script = {.turn = WORLD_SAVE, .fault = fault};
	scene_plan_views(8, 2);
	scene_start_one_batch();
	scene_world.fault = scene_at_first;
	scene_world.fault_context = &script;
	scene_finish_well();
	ck_assert(script.done);
	ck_assert_double_eq(scene_outcomes(0, OUTCOME_applied), 8);
	ck_assert_double_eq(scene_outcomes(0, OUTCOME_duplicate), 0);
	ck_assert_double_eq(counters_batches(&scene_drive.daemons[0].counters), 1);
	ck_assert_int_eq(scene_world.clients[0].mirrored[0][0], 8);
	ck_assert_int_eq(scene_position()->next_offset, 8);
	ck_assert_int_eq(scene_position()->end_offset, 8);
	ck_assert_int_eq(scene_position()->oldest_us, scene_plan.messages[7].message.timestamp_us);
	drive_stop(&scene_drive);
}

START_TEST(a_commit_without_an_answer_counts_once)
{
	scene_setup();
	lose_commit(FAULT_LOST_BEFORE);
	ck_assert_uint_eq(scene_world.clients[0].commits, 1);
	lose_commit(FAULT_LOST_AFTER);
	ck_assert_uint_eq(scene_world.clients[0].commits, 1);
	lose_commit(FAULT_COMMITS_LATER);
	ck_assert_uint_eq(scene_world.clients[0].commits, 1);
	lose_commit(FAULT_ABORTS_LATER);
	ck_assert_uint_eq(scene_world.clients[0].commits, 1);
}
END_TEST

/* Another daemon takes the partitions while this one has a turn of this kind under way. */
static void raise_epochs(void)
{
	for (size_t i = 0; i < tables_count(&scene_world.tables, TABLE_POSITION); i++) {
		((struct position_line *)tables_row(&scene_world.tables, TABLE_POSITION, i))->epoch++;
	}
}

START_TEST(a_zombie_writes_nothing_and_hands_back)
{
	static const enum world_turn turns[] = {WORLD_MONTHS, WORLD_ADVANCE};
	scene_setup();
	for (size_t i = 0; i < COUNT_OF(turns); i++) {
		scene_plan_views(8, 2);
		scene_start_one_batch();
		scene_step_to(turns[i]);
		raise_epochs();
		const char *before = tables_dump(&scene_world.tables, &scene_run_arena);
		uint64_t months = scene_world.months;
		for (unsigned step = 0; step < 200; step++) {
			drive_step(&scene_drive, 0);
			scene_world.monotonic_us += MOMENT_SECOND_US;
		}
		ck_assert_msg(scene_drive.wrong == NULL, "%s", scene_drive.wrong);
		ck_assert_str_eq(before, tables_dump(&scene_world.tables, &scene_run_arena));
		ck_assert_uint_eq(scene_world.months, months);
		ck_assert_int_eq(scene_position()->next_offset, KAFKA_SOURCE_BEGINNING);
		ck_assert_double_eq(scene_outcomes(0, OUTCOME_handed_back), 8);
		ck_assert_double_eq(scene_drive.daemons[0].counters.fenced.value, 1);
		ck_assert_double_eq(scene_drive.daemons[0].counters.in_flight.value, 0);
		drive_rebalance(&scene_drive, 0, false); /* ours again */
		scene_finish_well();
		ck_assert_double_eq(scene_outcomes(0, OUTCOME_applied), 8);
		drive_stop(&scene_drive);
	}
}
END_TEST

/* The transaction was under way before the other one claimed: the claim waits for it. */
START_TEST(a_claim_waits_for_the_transaction_of_who_was_there_before)
{
	scene_setup();
	scene_plan_views(8, 2);
	scene_start(2);
	scene_produce();
	drive_rebalance(&scene_drive, 0, false);
	scene_drive.daemons[0].batch->limit = 8;
	scene_step_to(WORLD_LOAD);
	struct position_row wanted = {.topic = "web", .partition = 0};
	struct arena *arena = &scene_drive.daemons[1].claim_arena;
	struct io io = world_io(&scene_world.clients[1]);
	struct fail fail;
	scene_drive.daemons[1].wanted_count = 0;
	ck_assert(io.ops->store_claim(io.self, "phased", "two", &wanted, 1, arena, &fail));
	ck_assert_int_eq(io.ops->store_ready(io.self, &fail), POSTGRES_GOES_ON);
	scene_step_to(WORLD_SAVE);
	ck_assert_int_eq(io.ops->store_ready(io.self, &fail), POSTGRES_GOES_ON);
	drive_step(&scene_drive, 0);
	ck_assert_int_eq(io.ops->store_ready(io.self, &fail), POSTGRES_TURN_DONE);
	ck_assert_int_gt(wanted.from_offset, 0);
	ck_assert_int_eq(wanted.from_offset, scene_position()->next_offset);
	drive_stop(&scene_drive);
}
END_TEST

/* Of a window over two partitions one was taken over after the COMMIT that nobody answered. */
START_TEST(a_lost_commit_is_seen_beside_a_lost_partition)
{
	struct scene_script script = {.turn = WORLD_SAVE, .fault = FAULT_LOST_AFTER};
	scene_setup();
	scene_plan_views(8, 2);
	scene_start(1);
	scene_drive.conf.batch.linger_ms = 1000;
	scene_drive.daemons[0].batch->limit = 100;
	for (size_t i = 0; i < scene_plan.count; i++) {
		const struct world_message *message = &scene_plan.messages[i].message;
		world_produce(&scene_world, (struct partition){0, (int32_t)(i % 2)}, message->bytes, message->size,
			      message->form, message->timestamp_us);
	}
	drive_rebalance(&scene_drive, 0, false);
	scene_world.fault = scene_at_first;
	scene_world.fault_context = &script;
	scene_step_to(WORLD_LOOK);
	scene_position()->epoch++;
	for (unsigned i = 0; i < 20; i++) {
		drive_step(&scene_drive, 0);
	}
	ck_assert_msg(scene_drive.wrong == NULL, "%s", scene_drive.wrong);
	ck_assert_double_eq(scene_outcomes(0, OUTCOME_applied), 8);
	ck_assert_double_eq(scene_outcomes(0, OUTCOME_handed_back), 0);
	ck_assert_uint_eq(scene_drive.daemons[0].assignment.count, WORLD_TOPICS * WORLD_PARTITIONS - 1);
	drive_stop(&scene_drive);
}
END_TEST

/* ---- positions from outside ---- */

START_TEST(a_position_set_from_outside_is_claimed_anew)
{
	/* where to; what is then read again or not at all */
	static const struct {
		int64_t to, applied, duplicate;
	} rows[] = {
		{2, 8, 2}, /* back: four were done, two of them come again */
		{6, 6, 0}, /* on: two are passed over */
		{8, 4, 0}, /* on to where the window would have ended: not a COMMIT of ours */
	};
	scene_setup();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		scene_plan_views(4, 2);
		scene_start_one_batch();
		ck_assert(drive_drain(&scene_drive));
		for (unsigned j = 4; j < 8; j++) {
			struct event event = scene_view(j, 0);
			plan_add(&scene_plan, &event, &scene_plan_arena);
			const struct world_message *message = &scene_plan.messages[j].message;
			world_produce(&scene_world, (struct partition){0, 0}, message->bytes, message->size,
				      message->form, message->timestamp_us);
		}
		scene_step_to(WORLD_ADVANCE);
		scene_position()->next_offset = rows[i].to;
		ck_assert_msg(drive_drain(&scene_drive), "%s", scene_drive.wrong);
		ck_assert_uint_eq(tables_count(&scene_world.tables, TABLE_TOUCH), rows[i].applied);
		ck_assert_int_eq(scene_rows_of("applied"), rows[i].applied);
		ck_assert_int_eq(scene_rows_of("duplicate"), rows[i].duplicate);
		ck_assert_int_eq(scene_position()->next_offset, 8);
		ck_assert_int_eq(scene_position()->epoch, 2);
		drive_stop(&scene_drive);
	}
}
END_TEST

START_TEST(a_position_that_is_gone_is_claimed_anew)
{
	scene_setup();
	scene_plan_views(4, 2);
	scene_start_one_batch();
	scene_step_to(WORLD_ADVANCE);
	tables_delete_key(&scene_world.tables, TABLE_POSITION, scene_position());
	scene_finish_well();
	ck_assert_int_eq(scene_position()->next_offset, 4);
	drive_stop(&scene_drive);
}
END_TEST

START_TEST(whoever_hands_back_claims_nothing)
{
	scene_setup();
	scene_plan_views(4, 2);
	scene_start_one_batch();
	scene_step_to(WORLD_ADVANCE);
	scene_position()->next_offset = 1;
	scene_step_to(WORLD_LOOK);
	struct batch *batch = scene_drive.daemons[0].batch;
	struct io io = world_io(&scene_world.clients[0]);
	struct fail fail;
	ck_assert_int_eq(io.ops->store_ready(io.self, &fail), POSTGRES_TURN_DONE);
	ck_assert_int_eq(batch_turn_done(batch, &fail), BATCH_RESTS);
	batch_hand_back(batch); /* revoked meanwhile */
	ck_assert(!batch_wants_claim(batch));
	drive_stop(&scene_drive);
}
END_TEST

/* With synchronous_commit off a server that crashes forgets its last commits, positions and all: they are read again. */
START_TEST(what_a_server_forgot_is_read_again)
{
	struct tables before = {0};
	scene_setup();
	scene_plan_views(4, 2);
	scene_start_one_batch();
	ck_assert(drive_drain(&scene_drive));
	tables_copy(&scene_world.tables, &before);
	for (unsigned i = 4; i < 8; i++) { /* about something new */
		struct event event = scene_view(i, 0);
		event.content.url = "https://www.nordlys.test/guide";
		plan_add(&scene_plan, &event, &scene_plan_arena);
		const struct world_message *message = &scene_plan.messages[i].message;
		world_produce(&scene_world, (struct partition){0, 0}, message->bytes, message->size, message->form,
			      message->timestamp_us);
	}
	ck_assert(drive_drain(&scene_drive));
	tables_copy(&before, &scene_world.tables);
	struct fail fail;
	fail_set(&fail, FAIL_RETRY, EXIT_AWAY, "crashed");
	world_disconnect(&scene_world.clients[0]);
	batch_lost(scene_drive.daemons[0].batch, &fail);
	struct event last = scene_view(8, 0);
	last.content.url = "https://www.nordlys.test/guide";
	plan_add(&scene_plan, &last, &scene_plan_arena);
	const struct world_message *message = &scene_plan.messages[8].message;
	world_produce(&scene_world, (struct partition){0, 0}, message->bytes, message->size, message->form,
		      message->timestamp_us);
	scene_finish_well();
	tables_finish(&before);
	drive_stop(&scene_drive);
}
END_TEST

TEST_MAIN("daemon_faults", one_fault_at_any_turn_changes_nothing, a_second_fault_on_the_way_back_changes_nothing,
	  a_commit_without_an_answer_counts_once, a_zombie_writes_nothing_and_hands_back,
	  a_claim_waits_for_the_transaction_of_who_was_there_before, a_lost_commit_is_seen_beside_a_lost_partition,
	  a_position_set_from_outside_is_claimed_anew, a_position_that_is_gone_is_claimed_anew,
	  whoever_hands_back_claims_nothing, what_a_server_forgot_is_read_again)

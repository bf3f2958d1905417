/*
 * Limits of a batch: rows that are refused, arenas that are full, waiting, growing, and the count of round trips.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/decode.h"
#include "tests/daemon/scene.h"
#include "tests/table.h"

/* Bytes: 150 touches of a history do not fit beside the rest of a batch (a refold), 16 do. */
#define BATCH_CRAMPED 60000
#define REFOLD_CRAMPED 30000

/* ---- what cannot be written ---- */

START_TEST(the_one_row_that_is_refused_is_found)
{
	scene_setup();
	for (unsigned poisoned = 0; poisoned < 12; poisoned++) {
		scene_plan_views(12, 3);
		scene_start_one_batch();
		scene_world.poison[scene_world.poison_count++] =
			decode_event_id(scene_plan.messages[poisoned].event);
		if (poisoned % 3 == 0) {
			scene_world.poison[scene_world.poison_count++] =
				decode_event_id(scene_plan.messages[(poisoned + 5) % 12].event);
		}
		ck_assert_msg(drive_drain(&scene_drive), "%s", scene_drive.wrong);
		size_t refused = scene_world.poison_count;
		ck_assert_uint_eq(tables_count(&scene_world.tables, TABLE_TOUCH), 12 - refused);
		ck_assert_uint_eq(tables_count(&scene_world.tables, TABLE_REJECTED), refused);
		ck_assert_double_eq(scene_outcomes(0, OUTCOME_refused), (double)refused);
		ck_assert_double_eq(scene_outcomes(0, OUTCOME_applied), (double)(12 - refused));
		ck_assert_int_eq(scene_rows_of("refused"), (int64_t)refused);
		for (size_t i = 0; i < refused; i++) {
			const struct rejected_line *row = tables_row(&scene_world.tables, TABLE_REJECTED, i);
			ck_assert_str_eq(row->reason, "refused");
			ck_assert(row->offset == poisoned ||
				  (poisoned % 3 == 0 && row->offset == (poisoned + 5) % 12));
		}
		drive_stop(&scene_drive);
	}
}
END_TEST

START_TEST(a_batch_that_does_not_fit_is_made_smaller)
{
	scene_setup();
	scene_plan_views(120, 8);
	size_t windows = 0;
	for (size_t limit = (size_t)512 * 1024; limit >= (size_t)32 * 1024; limit /= 2) {
		scene_start_one_batch();
		scene_drive.daemons[0].batch->work.limit = limit;
		scene_finish_well();
		ck_assert_uint_ge((size_t)counters_batches(&scene_drive.daemons[0].counters), windows);
		windows = (size_t)counters_batches(&scene_drive.daemons[0].counters);
		drive_stop(&scene_drive);
	}
	ck_assert_uint_gt(windows, 8);
}
END_TEST

/* A batch whose arena ended the filling in the middle of what the source had given. */
static struct batch *start_cramped(void)
{
	for (size_t bytes = 2000; bytes < 60000; bytes += 500) {
		scene_start_one_batch();
		struct batch *batch = scene_drive.daemons[0].batch;
		batch->held.limit =
			TAKE_ROOM + (PLAN_MESSAGES_MAX + TAKE_FOLLOW_MAX) * sizeof(struct item) + bytes;
		scene_step_to(WORLD_ADVANCE);
		if (batch->take.chunk_at < batch->take.chunk_count) {
			return batch;
		}
		drive_stop(&scene_drive);
	}
	ck_abort_msg("the arena never ends a filling");
	return NULL;
}

/* Messages that were taken and not decoded yet are next, or forgotten when all is handed back. */
START_TEST(what_waits_while_the_arena_is_full_is_next_or_handed_back)
{
	scene_setup();
	scene_plan_views(100, 4);
	for (unsigned back = 0; back < 2; back++) {
		struct batch *batch = start_cramped();
		ck_assert_uint_lt(batch->item_count, 100);
		ck_assert(batch_has_more(batch));
		if (back == 1) {
			drive_rebalance(&scene_drive, 0, true);
			drive_step(&scene_drive, 0);
			ck_assert_uint_eq(batch->take.chunk_count, 0);
			ck_assert(!scene_world.clients[0].holds_messages);
		}
		scene_finish_well();
		ck_assert(!batch_has_more(batch));
		ck_assert_double_eq(scene_outcomes(0, OUTCOME_applied), 100);
		ck_assert_double_eq(scene_outcomes(0, OUTCOME_duplicate), 0);
		drive_stop(&scene_drive);
	}
}
END_TEST

/* As configured at worst: the longest list in the smallest arena. */
START_TEST(the_list_of_items_leaves_room_for_what_is_taken)
{
	scene_setup();
	scene_plan_views(40, 4);
	scene_start(1);
	struct driven *daemon = &scene_drive.daemons[0];
	scene_drive.conf.batch.events_min = scene_drive.conf.batch.events_max = 50000;
	batch_destroy(daemon->batch);
	struct fail fail;
	struct batch_options options = {
		.conf = &scene_drive.conf,
		.io = world_io(daemon->client),
		.key = &scene_drive.key,
		.assignment = &daemon->assignment,
		.counters = &daemon->counters,
		.topics = world_topics,
		.rejected_topic = WORLD_REJECTED,
		.crew = &scene_drive.crews[0],
	};
	daemon->batch = batch_create(&options, &fail);
	ck_assert_ptr_nonnull(daemon->batch);
	batch_set_engine(daemon->batch, daemon->engine);
	scene_produce();
	drive_rebalance(&scene_drive, 0, false);
	scene_finish_well();
	ck_assert_uint_gt(daemon->batch->limit, 1000);
	drive_stop(&scene_drive);
}
END_TEST

static int64_t all_outcomes(void)
{
	int64_t n = 0;
	for (size_t i = 0; i < tables_count(&scene_world.tables, TABLE_OUTCOME); i++) {
		n += ((struct outcome_line *)tables_row(&scene_world.tables, TABLE_OUTCOME, i))->n;
	}
	return n;
}

/* The arena ends somewhere else each time: nothing is lost, what does not fit even alone is refused. */
START_TEST(wherever_the_arena_ends_each_message_has_its_outcome)
{
	scene_setup();
	for (uint64_t seed = 1; seed <= 5; seed++) {
		arena_reset(&scene_plan_arena, SCENE_KEEP);
		plan_make(&scene_plan, seed, &scene_drive.key, &scene_plan_arena);
		for (size_t limit = 1600; limit < 40000; limit += 112) {
			scene_start(1);
			scene_drive.daemons[0].batch->work.limit = limit;
			plan_produce(&scene_plan, &scene_world);
			drive_rebalance(&scene_drive, 0, false);
			bool done = drive_drain(&scene_drive);
			bool too_small =
				!done && strstr(scene_drive.wrong, "and so was the row that says so") != NULL;
			ck_assert_msg(done || (too_small && limit < 12000), "%zu: %s", limit, scene_drive.wrong);
			ck_assert(!done || all_outcomes() == (int64_t)scene_plan.count);
			if (done && tables_count(&scene_world.tables, TABLE_REJECTED) == scene_unreadable()) {
				const char *text = scene_difference();
				ck_assert_msg(text[0] == '\0', "%zu:\n%.2000s", limit, text);
			}
			drive_stop(&scene_drive);
		}
	}
}
END_TEST

/* Fifteen of a hundred and fifty are evidence, mails that arrived are none; then one more that has come late, before all. */
static void plan_late_after_many(void)
{
	scene_plan_views(0, 1);
	for (unsigned i = 0; i < 150; i++) {
		struct event event = scene_view(i, 0);
		if (i % 10 != 0) {
			event.channel = CHANNEL_EMAIL;
			event.action = ACTION_EMAIL_DELIVERED;
		}
		plan_add(&scene_plan, &event, &scene_plan_arena);
	}
}

static void produce_late(void)
{
	struct event late = scene_view(0, 0);
	late.id = "late";
	late.occurred_us -= MINUTE_US;
	plan_add(&scene_plan, &late, &scene_plan_arena);
	const struct world_message *message = &scene_plan.messages[scene_plan.count - 1].message;
	world_produce(&scene_world, (struct partition){0, 0}, message->bytes, message->size, message->form,
		      message->timestamp_us);
}

START_TEST(touches_that_no_rule_takes_fill_no_memory_where_it_is_short)
{
	scene_setup();
	for (unsigned waits = 0; waits < 2; waits++) {
		plan_late_after_many();
		scene_start_one_batch();
		ck_assert_msg(drive_drain(&scene_drive), "%s", scene_drive.wrong);
		if (waits) {
			scene_drive.conf.batch.refolds_max = 0;
			scene_drive.keeps_waiting = false;
			scene_drive.daemons[0].refolder.arena.limit = REFOLD_CRAMPED;
		} else {
			scene_drive.daemons[0].batch->work.limit = BATCH_CRAMPED;
		}
		produce_late();
		scene_finish_well();
		ck_assert_double_eq(scene_outcomes(0, OUTCOME_applied), 151);
		drive_stop(&scene_drive);
	}
}
END_TEST

/* The next batch is tried as a whole first. */
START_TEST(a_history_that_did_not_fit_is_forgotten_with_its_batch)
{
	scene_setup();
	plan_late_after_many();
	scene_start_one_batch();
	ck_assert(drive_drain(&scene_drive));
	struct batch *batch = scene_drive.daemons[0].batch;
	size_t limit = batch->work.limit;
	batch->work.limit = BATCH_CRAMPED;
	produce_late();
	ck_assert(drive_drain(&scene_drive));
	ck_assert_uint_lt(batch->read.touch_count, 20);
	batch->work.limit = limit;
	struct event later = scene_view(0, 0);
	later.id = "later";
	later.occurred_us -= 2 * MINUTE_US;
	scene_plan.count = 0;
	plan_add(&scene_plan, &later, &scene_plan_arena);
	scene_produce();
	ck_assert(drive_drain(&scene_drive));
	ck_assert_uint_gt(batch->read.touch_count, 150);
	drive_stop(&scene_drive);
}
END_TEST

START_TEST(a_message_that_never_fits_is_refused)
{
	scene_setup();
	scene_plan_views(3, 1);
	scene_start_one_batch();
	scene_drive.daemons[0].batch->work.limit = 4096; /* enough to say that it was refused */
	ck_assert_msg(drive_drain(&scene_drive), "%s", scene_drive.wrong);
	ck_assert_uint_eq(tables_count(&scene_world.tables, TABLE_TOUCH), 0);
	ck_assert_uint_eq(tables_count(&scene_world.tables, TABLE_REJECTED), 3);
	ck_assert_double_eq(scene_outcomes(0, OUTCOME_refused), 3);
	drive_stop(&scene_drive);
}
END_TEST

START_TEST(where_not_even_that_fits_the_daemon_gives_up_with_words)
{
	scene_setup();
	scene_plan_views(3, 1);
	scene_start_one_batch();
	scene_drive.daemons[0].batch->work.limit = 64;
	ck_assert(!drive_drain(&scene_drive));
	ck_assert_ptr_nonnull(strstr(scene_drive.wrong, "web/0@0: refused, and so was the row that says so"));
	drive_stop(&scene_drive);
}
END_TEST

/* ---- waiting ---- */

/* Never lets a SAVE through. */
static enum world_fault always(void *context, struct world_client *client, const char **code)
{
	*code = context;
	return client->turn == WORLD_SAVE ? FAULT_REFUSED : FAULT_NONE;
}

START_TEST(what_may_go_well_later_is_tried_for_ever_and_ever_more_slowly)
{
	scene_setup();
	scene_plan_views(3, 1);
	scene_start_one_batch();
	scene_world.fault = always;
	scene_world.fault_context = (void *)"53300";
	int64_t longest_us = 0;
	for (unsigned tries = 0; tries < 40;) {
		double redone = scene_drive.daemons[0].counters.redone.value;
		drive_step(&scene_drive, 0);
		ck_assert_msg(scene_drive.wrong == NULL, "%s", scene_drive.wrong);
		if (scene_drive.daemons[0].counters.redone.value > redone) {
			tries++;
			drive_step(&scene_drive,
				   0); /* ROLLBACK goes at once: no transaction stays open over a pause */
			ck_assert(!batch_is_busy(scene_drive.daemons[0].batch));
			int64_t wakes_us = batch_wakes_us(scene_drive.daemons[0].batch);
			int64_t waits_us = wakes_us - scene_world.monotonic_us;
			ck_assert_int_gt(waits_us, 0);
			ck_assert_int_le(waits_us, INT64_C(5000000));
			longest_us = waits_us > longest_us ? waits_us : longest_us;
			uint64_t turns = scene_world.clients[0].turns;
			drive_step(&scene_drive, 0); /* not before its time */
			ck_assert_uint_eq(scene_world.clients[0].turns, turns);
			scene_world.monotonic_us = wakes_us;
		} else {
			scene_world.monotonic_us += 1000;
		}
	}
	ck_assert_int_gt(longest_us, INT64_C(2000000));
	scene_world.fault = NULL;
	scene_finish_well();
	drive_stop(&scene_drive);
}
END_TEST

START_TEST(what_a_human_must_mend_ends_the_daemon)
{
	scene_setup();
	scene_plan_views(3, 1);
	scene_start_one_batch();
	scene_world.fault = always;
	scene_world.fault_context = (void *)"42501";
	ck_assert(!drive_drain(&scene_drive));
	ck_assert_ptr_nonnull(strstr(scene_drive.wrong, "the daemon gave up: postgres: refused: SQLSTATE 42501"));
	ck_assert_uint_eq(tables_count(&scene_world.tables, TABLE_TOUCH), 0);
	drive_stop(&scene_drive);
}
END_TEST

START_TEST(months_are_asked_for_once_and_again_after_trouble)
{
	struct scene_script script = {.turn = WORLD_MONTHS, .fault = FAULT_REFUSED, .code = "55P03"};
	scene_setup();
	scene_plan_views(4, 2);
	scene_start_one_batch();
	scene_world.fault = scene_at_first;
	scene_world.fault_context = &script;
	scene_finish_well();
	ck_assert_uint_eq(scene_world.months, 1); /* the refused one was not done */
	scene_produce();
	ck_assert(drive_drain(&scene_drive));
	ck_assert_uint_eq(scene_world.months, 1);
	script = (struct scene_script){.turn = WORLD_LOAD, .fault = FAULT_LOST_BEFORE};
	scene_produce();
	ck_assert(drive_drain(&scene_drive));
	ck_assert_uint_eq(scene_world.months, 2); /* a lost connection may be another server now */
	scene_world.now_us += 32 * MOMENT_DAY_US;
	scene_produce();
	ck_assert(drive_drain(&scene_drive));
	ck_assert_uint_eq(scene_world.months, 3); /* what lay too far ahead may not next month */
	drive_stop(&scene_drive);
}
END_TEST

START_TEST(batches_grow_under_backlog_and_shrink_when_it_is_gone)
{
	scene_setup();
	scene_plan_views(150, 8);
	scene_start_one_batch();
	struct batch *batch = scene_drive.daemons[0].batch;
	scene_drive.conf.batch.events_min = 4;
	batch->limit = 4;
	batch->limit_max = 50;
	scene_finish_well();
	ck_assert_uint_eq(batch->limit, 50);
	size_t limits[] = {25, 12, 6, 6};
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		scene_plan_views(1, 1);
		scene_produce();
		ck_assert(drive_drain(&scene_drive));
		ck_assert_uint_eq(batch->limit, limits[i]);
	}
	drive_stop(&scene_drive);
}
END_TEST

/* ---- round trips ---- */

static uint64_t turns_of_one_batch(void)
{
	uint64_t before = scene_world.clients[0].turns;
	double batches = counters_batches(&scene_drive.daemons[0].counters);
	ck_assert_msg(drive_drain(&scene_drive), "%s", scene_drive.wrong);
	ck_assert_double_eq(counters_batches(&scene_drive.daemons[0].counters), batches + 1);
	return scene_world.clients[0].turns - before;
}

START_TEST(an_ordinary_batch_takes_three_round_trips_whatever_its_size)
{
	static const unsigned sizes[] = {1, 10, 70, 150};
	scene_setup();
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		scene_plan_views(sizes[i], 8);
		scene_start_one_batch();
		ck_assert_uint_eq(turns_of_one_batch(), 1 + 4); /* CLAIM; MONTHS, ADVANCE, LOAD, SAVE */
		scene_plan_views(1, 1);
		scene_plan.messages[0].message.timestamp_us++;
		scene_produce(); /* a duplicate */
		ck_assert_uint_eq(turns_of_one_batch(), 3);
		struct event late = scene_view(0, 0);
		late.id = "late";
		late.occurred_us -= MINUTE_US;
		scene_plan.count = 0;
		plan_add(&scene_plan, &late, &scene_plan_arena);
		scene_produce();
		ck_assert_uint_eq(turns_of_one_batch(), 4); /* READ too */
		drive_stop(&scene_drive);
	}
}
END_TEST

/* The worst there is: a new month, and replaced copies that had decided on the consent of somebody else. */
START_TEST(no_batch_takes_more_than_nine)
{
	scene_setup();
	for (unsigned size = 2; size <= 128; size *= 4) {
		scene_plan_views(size, 4);
		for (size_t i = 0; i < size; i++) {
			struct event event = *scene_plan.messages[i].event;
			event.identity.email = i % 2 == 0 ? "ann@firma.test" : "bo@firma.test";
			event.consent.profile = STATEMENT_GRANTED;
			event.received_us += 10 * MINUTE_US;
			scene_plan.count = i;
			plan_add(&scene_plan, &event, &scene_plan_arena);
		}
		scene_plan.count = size;
		scene_start_one_batch();
		ck_assert(drive_drain(&scene_drive));
		for (size_t i = 0; i < size; i++) {
			struct event event = *scene_plan.messages[i].event;
			event.identity.email = "cilla@firma.test";
			event.received_us -= 10 * MINUTE_US;
			scene_plan.count = i;
			plan_add(&scene_plan, &event, &scene_plan_arena);
		}
		scene_plan.count = size;
		struct event other = scene_view((unsigned)size, 9);
		other.stamped_us += 40 * MOMENT_DAY_US;
		plan_add(&scene_plan, &other, &scene_plan_arena);
		scene_produce();
		engine_forget(scene_drive.daemons[0].engine); /* what those match who are refolded */
		ck_assert_uint_eq(turns_of_one_batch(), DRIVE_TURNS_MAX);
		drive_stop(&scene_drive);
	}
}
END_TEST

/* ---- claims on a public device, of which only the first are read ---- */

#define PEOPLE 8
#define CLAIMS_COUNT 2

START_TEST(of_a_public_device_as_many_claims_as_come_at_once_are_taken_back)
{
	static const char *const addresses[PEOPLE] = {"a@firma.test", "b@firma.test", "c@firma.test",
						      "d@firma.test", "e@firma.test", "f@firma.test",
						      "g@firma.test", "h@firma.test"};
	scene_setup();
	for (unsigned gone = 1; gone < PEOPLE; gone++) {
		scene_plan_views(PEOPLE, 1);
		for (size_t i = 0; i < PEOPLE; i++) {
			struct event event = *scene_plan.messages[i].event;
			event.identity.email = addresses[i];
			event.consent.profile = STATEMENT_GRANTED;
			scene_plan.count = i;
			plan_add(&scene_plan, &event, &scene_plan_arena);
		}
		scene_start_one_batch();
		drive_count_claims(&scene_drive, CLAIMS_COUNT);
		scene_finish_well();
		for (unsigned i = 0; i < gone; i++) { /* a copy that was received first says nothing of the kind */
			struct event event = scene_view(i, 0);
			event.received_us -= 1;
			plan_add(&scene_plan, &event, &scene_plan_arena);
			const struct world_message *message = &scene_plan.messages[PEOPLE + i].message;
			world_produce(&scene_world, (struct partition){0, 0}, message->bytes, message->size,
				      message->form, message->timestamp_us);
		}
		scene_finish_well();
		ck_assert_uint_eq(tables_count(&scene_world.tables, TABLE_CLAIM), PEOPLE - gone);
		ck_assert_int_eq(scene_rows_of("refused"), 0);
		drive_stop(&scene_drive);
	}
}
END_TEST

/* ---- what waits for its refold ---- */

START_TEST(who_withdraws_is_shown_no_more_however_much_waits)
{
	scene_setup();
	scene_plan_views(4, 1);
	for (size_t i = 0; i < 4; i++) {
		struct event event = *scene_plan.messages[i].event;
		event.identity.email = "ann@firma.test";
		event.consent.profile = STATEMENT_GRANTED;
		scene_plan.count = i;
		plan_add(&scene_plan, &event, &scene_plan_arena);
	}
	scene_start_one_batch();
	ck_assert(drive_drain(&scene_drive));
	struct event event = *scene_plan.messages[0].event;
	event.id = "no more";
	event.occurred_us += 30 * MINUTE_US;
	event.received_us += 30 * MINUTE_US;
	event.consent.profile = STATEMENT_WITHDRAWN;
	scene_plan.count = 0;
	plan_add(&scene_plan, &event, &scene_plan_arena);
	scene_drive.conf.batch.refolds_max = 0;
	scene_produce();
	ck_assert(drive_drain(&scene_drive));
	size_t shown = 0;
	for (size_t i = 0; i < tables_count(&scene_world.tables, TABLE_PHASE); i++) {
		shown += ((struct phase_line *)tables_row(&scene_world.tables, TABLE_PHASE, i))->counted > 0;
	}
	ck_assert_uint_eq(shown, 0);
	ck_assert_uint_eq(tables_count(&scene_world.tables, TABLE_CHECKPOINT), 0);
	/* whose the touches are now waits */
	ck_assert_uint_eq(tables_count(&scene_world.tables, TABLE_WAITING), 1);
	drive_stop(&scene_drive);
}
END_TEST

static int64_t counted_of(const struct uuid *contact)
{
	struct phase_line key = {.contact_id = *contact, .process = tables_text("standard")};
	const struct phase_line *row = tables_find(&scene_world.tables, TABLE_PHASE, &key);
	ck_assert_ptr_nonnull(row);
	return row->counted;
}

/* What she did since she agreed again is hers; that it has to be folded anew may wait, what went must not be seen meanwhile. */
START_TEST(a_late_withdrawal_shows_at_once_however_much_waits)
{
	static const unsigned minutes[] = {2, 3, 60, 61};
	scene_setup();
	scene_plan_views(1, 1);
	for (unsigned i = 0; i < COUNT_OF(minutes); i++) {
		struct event event = scene_view(minutes[i], 1);
		event.identity.email = "ann@firma.test";
		event.consent.profile = STATEMENT_GRANTED;
		plan_add(&scene_plan, &event, &scene_plan_arena);
	}
	scene_start_one_batch();
	ck_assert(drive_drain(&scene_drive));
	struct uuid ann = identify_actor_id(&scene_drive.key, ACTOR_EMAIL, "", "ann@firma.test");
	ck_assert_int_eq(counted_of(&ann), COUNT_OF(minutes));
	struct event event = scene_view(30, 1);
	event.identity.anonymous_id = "";
	event.identity.email = "ann@firma.test";
	event.consent.profile = STATEMENT_WITHDRAWN;
	size_t first = scene_plan.count;
	plan_add(&scene_plan, &event, &scene_plan_arena);
	const struct world_message *message = &scene_plan.messages[first].message;
	world_produce(&scene_world, (struct partition){0, 0}, message->bytes, message->size, message->form,
		      message->timestamp_us);
	scene_drive.conf.batch.refolds_max = 0;
	scene_drive.keeps_waiting = true;
	ck_assert(drive_drain(&scene_drive));
	struct waiting_line waiting = {.contact_id = ann};
	ck_assert_ptr_nonnull(tables_find(&scene_world.tables, TABLE_WAITING, &waiting));
	ck_assert_int_eq(counted_of(&ann), 0);
	ck_assert_uint_eq(tables_count(&scene_world.tables, TABLE_TOUCH), 3); /* another one's among them */
	scene_drive.keeps_waiting = false;
	scene_finish_well();
	ck_assert_int_eq(counted_of(&ann), 2);
	drive_stop(&scene_drive);
}
END_TEST

TEST_MAIN("daemon_limits", the_one_row_that_is_refused_is_found, a_batch_that_does_not_fit_is_made_smaller,
	  what_waits_while_the_arena_is_full_is_next_or_handed_back,
	  touches_that_no_rule_takes_fill_no_memory_where_it_is_short,
	  a_history_that_did_not_fit_is_forgotten_with_its_batch, the_list_of_items_leaves_room_for_what_is_taken,
	  a_message_that_never_fits_is_refused, wherever_the_arena_ends_each_message_has_its_outcome,
	  where_not_even_that_fits_the_daemon_gives_up_with_words,
	  what_may_go_well_later_is_tried_for_ever_and_ever_more_slowly, what_a_human_must_mend_ends_the_daemon,
	  batches_grow_under_backlog_and_shrink_when_it_is_gone, months_are_asked_for_once_and_again_after_trouble,
	  an_ordinary_batch_takes_three_round_trips_whatever_its_size, no_batch_takes_more_than_nine,
	  of_a_public_device_as_many_claims_as_come_at_once_are_taken_back,
	  who_withdraws_is_shown_no_more_however_much_waits, a_late_withdrawal_shows_at_once_however_much_waits)

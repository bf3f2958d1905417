/*
 * Exactly once, whatever happens and whenever: each message is counted once, each touch stands once, and nobody writes
 * where another daemon has taken over.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/flow/decode.h"
#include "tests/daemon/oracle.h"
#include "tests/table.h"

#define NINE_US INT64_C(1772442000000000) /* 2026-03-02 09:00 UTC */
#define KEEP ((size_t)4 * 1024 * 1024)
#define MINUTE_US INT64_C(60000000)

static struct world world;
static struct drive drive;
static struct plan plan;
static struct arena plan_arena, run_arena;

static void setup(void)
{
	log_start(LOG_LEVEL_ERROR);
	CHECK(arena_init(&plan_arena, (size_t)64 * 1024 * 1024) &&
	      arena_init(&run_arena, (size_t)64 * 1024 * 1024));
	drive_init(&drive, &world);
}

static void start(size_t daemons)
{
	tables_clear(&world.tables);
	tables_forget_texts();
	arena_reset(&run_arena, KEEP);
	drive_start(&drive, plan.seed + 1, daemons);
}

/* One page view of one cookie. */
static struct event view(unsigned number, unsigned cookie)
{
	static char ids[PLAN_MESSAGES_MAX][16], cookies[PLAN_MESSAGES_MAX][16];
	struct event event = plan_blank();
	CHECK(number < PLAN_MESSAGES_MAX && cookie < PLAN_MESSAGES_MAX);
	snprintf(ids[number], sizeof(ids[0]), "e%u", number);
	snprintf(cookies[cookie], sizeof(cookies[0]), "cookie-%u", cookie);
	event.id = ids[number];
	event.identity.anonymous_id = cookies[cookie];
	event.content.url = number % 2 == 0 ? "https://www.nordlys.test/early" : "https://www.nordlys.test/mid";
	event.occurred_us = event.stamped_us = event.received_us = NINE_US + number * MINUTE_US;
	return event;
}

/* So many page views, of so many cookies by turns. */
static void plan_views(unsigned count, unsigned cookies)
{
	arena_reset(&plan_arena, KEEP);
	plan.seed = 1;
	plan.count = plan.erased_count = 0;
	for (unsigned i = 0; i < count; i++) {
		struct event event = view(i, i % cookies);
		plan_add(&plan, &event, &plan_arena);
	}
}

/* All in the order of the plan, on one partition. */
static void produce_in_order(void)
{
	for (size_t i = 0; i < plan.count; i++) {
		const struct world_message *message = &plan.messages[i].message;
		world_produce(&world, (struct partition){0, 0}, message->bytes, message->size, message->form,
			      message->timestamp_us);
	}
}

static const char *difference(void)
{
	struct uuid exempt[PLAN_MESSAGES_MAX];
	size_t exempt_count;
	struct tables expected = {0};
	oracle_tables(&plan, &drive, &run_arena, &expected, exempt, &exempt_count);
	oracle_forget_values(&expected, exempt, exempt_count);
	oracle_forget_values(&world.tables, exempt, exempt_count);
	const char *text = tables_difference(tables_dump(&expected, &run_arena),
					     tables_dump(&world.tables, &run_arena), &run_arena);
	tables_finish(&expected);
	return text;
}

/* How many messages of the plan cannot be read in the first place. */
static size_t rejected_by_plan(void)
{
	size_t count = 0;
	for (size_t i = 0; i < plan.count; i++) {
		count += plan.messages[i].event == NULL;
	}
	return count;
}

static double outcomes(size_t number, enum outcome outcome)
{
	return drive.daemons[number].counters.outcomes[outcome].value;
}

static int64_t rows_of(const char *outcome)
{
	int64_t n = 0;
	for (size_t i = 0; i < tables_count(&world.tables, TABLE_OUTCOME); i++) {
		const struct outcome_line *row = tables_row(&world.tables, TABLE_OUTCOME, i);
		n += strcmp(row->outcome, outcome) == 0 ? row->n : 0;
	}
	return n;
}

static struct position_line *position(void)
{
	struct position_line key = {.topic = tables_text("web"), .partition = 0};
	struct position_line *row = tables_find(&world.tables, TABLE_POSITION, &key);
	ck_assert_ptr_nonnull(row);
	return row;
}

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
	start(1);
	plan_produce(&plan, &world);
	drive_rebalance(&drive, 0, false);
	world.fault = at_place;
	world.fault_context = &place;
	bool done = drive_drain(&drive);
	ck_assert_msg(done, "plan %" PRIu64 ", fault %d at turn %u, %d at %u: %s", plan.seed, place.fault,
		      place.at, place.second, place.again, drive.wrong);
	const char *text = difference();
	ck_assert_msg(text[0] == '\0', "plan %" PRIu64 ", fault %d at turn %u, %d at %u:\n%.2000s", plan.seed,
		      place.fault, place.at, place.second, place.again, text);
	drive_stop(&drive);
	return place.turn;
}

START_TEST(one_fault_at_any_turn_changes_nothing)
{
	setup();
	for (uint64_t seed = 1; seed <= 20; seed++) {
		arena_reset(&plan_arena, KEEP);
		plan_make(&plan, seed, &drive.key, &plan_arena);
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
	setup();
	arena_reset(&plan_arena, KEEP);
	plan_make(&plan, 3, &drive.key, &plan_arena);
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

/* A fault at the first turn of a kind. */
struct scripted {
	enum world_turn turn;
	enum world_fault fault;
	const char *code;
	bool done;
};

static enum world_fault at_first(void *context, struct world_client *client, const char **code)
{
	struct scripted *scripted = context;
	if (scripted->done || client->turn != scripted->turn) {
		return FAULT_NONE;
	}
	scripted->done = true;
	*code = scripted->code;
	return scripted->fault;
}

/* One daemon with all partitions, and the plan's messages as one batch. */
static void start_one_batch(void)
{
	start(1);
	drive.conf.batch.events_min = drive.conf.batch.events_max = PLAN_MESSAGES_MAX;
	drive.conf.batch.linger_ms = 1000;
	drive.daemons[0].batch->limit = drive.daemons[0].batch->limit_max = PLAN_MESSAGES_MAX;
	produce_in_order();
	drive_rebalance(&drive, 0, false);
}

/* Steps until the daemon's turn under way is of this kind. */
static void step_to(enum world_turn turn)
{
	for (unsigned i = 0; i < 10000; i++) {
		if (world.clients[0].state == POSTGRES_BUSY && world.clients[0].turn == turn) {
			return;
		}
		drive_step(&drive, 0);
		world.monotonic_us += 10000;
		ck_assert_msg(drive.wrong == NULL, "%s", drive.wrong);
	}
	ck_abort_msg("no %s", world_turn_names[turn]);
}

static void finish_well(void)
{
	ck_assert_msg(drive_drain(&drive), "%s", drive.wrong);
	const char *text = difference();
	ck_assert_msg(text[0] == '\0', "\n%.2000s", text);
}

static void lose_commit(enum world_fault fault)
{
	struct scripted scripted = {.turn = WORLD_SAVE, .fault = fault};
	plan_views(8, 2);
	start_one_batch();
	world.fault = at_first;
	world.fault_context = &scripted;
	finish_well();
	ck_assert(scripted.done);
	ck_assert_double_eq(outcomes(0, OUTCOME_applied), 8);
	ck_assert_double_eq(outcomes(0, OUTCOME_duplicate), 0);
	ck_assert_double_eq(drive.daemons[0].counters.batches.value, 1);
	ck_assert_int_eq(world.clients[0].mirrored[0][0], 8);
	ck_assert_int_eq(position()->next_offset, 8);
	ck_assert_int_eq(position()->end_offset, 8);
	ck_assert_int_eq(position()->oldest_us, plan.messages[7].message.timestamp_us);
	drive_stop(&drive);
}

START_TEST(a_commit_without_an_answer_counts_once)
{
	setup();
	lose_commit(FAULT_LOST_BEFORE);
	ck_assert_uint_eq(world.clients[0].commits, 1);
	lose_commit(FAULT_LOST_AFTER);
	ck_assert_uint_eq(world.clients[0].commits, 1);
	lose_commit(FAULT_COMMITS_LATER);
	ck_assert_uint_eq(world.clients[0].commits, 1);
	lose_commit(FAULT_ABORTS_LATER);
	ck_assert_uint_eq(world.clients[0].commits, 1);
}
END_TEST

/* Another daemon takes the partitions while this one has a turn of this kind under way. */
static void raise_epochs(void)
{
	for (size_t i = 0; i < tables_count(&world.tables, TABLE_POSITION); i++) {
		((struct position_line *)tables_row(&world.tables, TABLE_POSITION, i))->epoch++;
	}
}

START_TEST(a_zombie_writes_nothing_and_hands_back)
{
	static const enum world_turn turns[] = {WORLD_MONTHS, WORLD_ADVANCE};
	setup();
	for (size_t i = 0; i < COUNT_OF(turns); i++) {
		plan_views(8, 2);
		start_one_batch();
		step_to(turns[i]);
		raise_epochs();
		const char *before = tables_dump(&world.tables, &run_arena);
		for (unsigned step = 0; step < 200; step++) {
			drive_step(&drive, 0);
			world.monotonic_us += MOMENT_SECOND_US;
		}
		ck_assert_msg(drive.wrong == NULL, "%s", drive.wrong);
		ck_assert_str_eq(before, tables_dump(&world.tables, &run_arena));
		ck_assert_int_eq(position()->next_offset, KAFKA_SOURCE_BEGINNING);
		ck_assert_double_eq(outcomes(0, OUTCOME_handed_back), 8);
		ck_assert_double_eq(drive.daemons[0].counters.fenced.value, 1);
		ck_assert_double_eq(drive.daemons[0].counters.in_flight.value, 0);
		drive_rebalance(&drive, 0, false); /* ours again */
		finish_well();
		ck_assert_double_eq(outcomes(0, OUTCOME_applied), 8);
		drive_stop(&drive);
	}
}
END_TEST

/* The transaction was under way before the other one claimed: the claim waits for it. */
START_TEST(a_claim_waits_for_the_transaction_of_who_was_there_before)
{
	setup();
	plan_views(8, 2);
	start(2);
	produce_in_order();
	drive_rebalance(&drive, 0, false);
	drive.daemons[0].batch->limit = 8;
	step_to(WORLD_LOAD);
	struct position_row wanted = {.topic = "web", .partition = 0};
	struct arena *arena = &drive.daemons[1].claim_arena;
	struct io io = world_io(&world.clients[1]);
	struct fail fail;
	drive.daemons[1].wanted_count = 0;
	ck_assert(io.ops->store_claim(io.self, "phased", "two", &wanted, 1, arena, &fail));
	ck_assert_int_eq(io.ops->store_ready(io.self, &fail), POSTGRES_GOES_ON);
	step_to(WORLD_SAVE);
	ck_assert_int_eq(io.ops->store_ready(io.self, &fail), POSTGRES_GOES_ON);
	drive_step(&drive, 0);
	ck_assert_int_eq(io.ops->store_ready(io.self, &fail), POSTGRES_TURN_DONE);
	ck_assert_int_gt(wanted.from_offset, 0);
	ck_assert_int_eq(wanted.from_offset, position()->next_offset);
	drive_stop(&drive);
}
END_TEST

/* Of a window over two partitions one was taken over after the COMMIT that nobody answered. */
START_TEST(a_lost_commit_is_seen_beside_a_lost_partition)
{
	struct scripted scripted = {.turn = WORLD_SAVE, .fault = FAULT_LOST_AFTER};
	setup();
	plan_views(8, 2);
	start(1);
	drive.conf.batch.linger_ms = 1000;
	drive.daemons[0].batch->limit = 100;
	for (size_t i = 0; i < plan.count; i++) {
		const struct world_message *message = &plan.messages[i].message;
		world_produce(&world, (struct partition){0, (int32_t)(i % 2)}, message->bytes, message->size,
			      message->form, message->timestamp_us);
	}
	drive_rebalance(&drive, 0, false);
	world.fault = at_first;
	world.fault_context = &scripted;
	step_to(WORLD_LOOK);
	position()->epoch++;
	for (unsigned i = 0; i < 20; i++) {
		drive_step(&drive, 0);
	}
	ck_assert_msg(drive.wrong == NULL, "%s", drive.wrong);
	ck_assert_double_eq(outcomes(0, OUTCOME_applied), 8);
	ck_assert_double_eq(outcomes(0, OUTCOME_handed_back), 0);
	ck_assert_uint_eq(drive.daemons[0].assignment.count, WORLD_TOPICS * WORLD_PARTITIONS - 1);
	drive_stop(&drive);
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
	setup();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		plan_views(4, 2);
		start_one_batch();
		ck_assert(drive_drain(&drive));
		for (unsigned j = 4; j < 8; j++) {
			struct event event = view(j, 0);
			plan_add(&plan, &event, &plan_arena);
			const struct world_message *message = &plan.messages[j].message;
			world_produce(&world, (struct partition){0, 0}, message->bytes, message->size,
				      message->form, message->timestamp_us);
		}
		step_to(WORLD_ADVANCE);
		position()->next_offset = rows[i].to;
		ck_assert_msg(drive_drain(&drive), "%s", drive.wrong);
		ck_assert_uint_eq(tables_count(&world.tables, TABLE_TOUCH), rows[i].applied);
		ck_assert_int_eq(rows_of("applied"), rows[i].applied);
		ck_assert_int_eq(rows_of("duplicate"), rows[i].duplicate);
		ck_assert_int_eq(position()->next_offset, 8);
		ck_assert_int_eq(position()->epoch, 2);
		drive_stop(&drive);
	}
}
END_TEST

START_TEST(a_position_that_is_gone_is_claimed_anew)
{
	setup();
	plan_views(4, 2);
	start_one_batch();
	step_to(WORLD_ADVANCE);
	tables_delete_key(&world.tables, TABLE_POSITION, position());
	finish_well();
	ck_assert_int_eq(position()->next_offset, 4);
	drive_stop(&drive);
}
END_TEST

START_TEST(whoever_hands_back_claims_nothing)
{
	setup();
	plan_views(4, 2);
	start_one_batch();
	step_to(WORLD_ADVANCE);
	position()->next_offset = 1;
	step_to(WORLD_LOOK);
	struct batch *batch = drive.daemons[0].batch;
	struct io io = world_io(&world.clients[0]);
	struct fail fail;
	ck_assert_int_eq(io.ops->store_ready(io.self, &fail), POSTGRES_TURN_DONE);
	ck_assert_int_eq(batch_turn_done(batch, &fail), BATCH_RESTS);
	batch_hand_back(batch); /* revoked meanwhile */
	ck_assert(!batch_wants_claim(batch));
	drive_stop(&drive);
}
END_TEST

/* With synchronous_commit off a server that crashes forgets its last commits, positions and all: they are read again. */
START_TEST(what_a_server_forgot_is_read_again)
{
	struct tables before = {0};
	setup();
	plan_views(4, 2);
	start_one_batch();
	ck_assert(drive_drain(&drive));
	tables_copy(&world.tables, &before);
	for (unsigned i = 4; i < 8; i++) { /* about something new */
		struct event event = view(i, 0);
		event.content.url = "https://www.nordlys.test/guide";
		plan_add(&plan, &event, &plan_arena);
		const struct world_message *message = &plan.messages[i].message;
		world_produce(&world, (struct partition){0, 0}, message->bytes, message->size, message->form,
			      message->timestamp_us);
	}
	ck_assert(drive_drain(&drive));
	tables_copy(&before, &world.tables);
	struct fail fail;
	fail_set(&fail, FAIL_RETRY, EXIT_AWAY, "crashed");
	world_disconnect(&world.clients[0]);
	batch_lost(drive.daemons[0].batch, &fail);
	struct event last = view(8, 0);
	last.content.url = "https://www.nordlys.test/guide";
	plan_add(&plan, &last, &plan_arena);
	const struct world_message *message = &plan.messages[8].message;
	world_produce(&world, (struct partition){0, 0}, message->bytes, message->size, message->form,
		      message->timestamp_us);
	finish_well();
	tables_finish(&before);
	drive_stop(&drive);
}
END_TEST

/* ---- what cannot be written ---- */

START_TEST(the_one_row_that_is_refused_is_found)
{
	setup();
	for (unsigned poisoned = 0; poisoned < 12; poisoned++) {
		plan_views(12, 3);
		start_one_batch();
		world.poison[world.poison_count++] = decode_event_id(plan.messages[poisoned].event);
		if (poisoned % 3 == 0) {
			world.poison[world.poison_count++] =
				decode_event_id(plan.messages[(poisoned + 5) % 12].event);
		}
		ck_assert_msg(drive_drain(&drive), "%s", drive.wrong);
		size_t refused = world.poison_count;
		ck_assert_uint_eq(tables_count(&world.tables, TABLE_TOUCH), 12 - refused);
		ck_assert_uint_eq(tables_count(&world.tables, TABLE_REJECTED), refused);
		ck_assert_double_eq(outcomes(0, OUTCOME_refused), (double)refused);
		ck_assert_double_eq(outcomes(0, OUTCOME_applied), (double)(12 - refused));
		ck_assert_int_eq(rows_of("refused"), (int64_t)refused);
		for (size_t i = 0; i < refused; i++) {
			const struct rejected_line *row = tables_row(&world.tables, TABLE_REJECTED, i);
			ck_assert_str_eq(row->reason, "refused");
			ck_assert(row->offset == poisoned ||
				  (poisoned % 3 == 0 && row->offset == (poisoned + 5) % 12));
		}
		drive_stop(&drive);
	}
}
END_TEST

START_TEST(a_batch_that_does_not_fit_is_made_smaller)
{
	setup();
	plan_views(120, 8);
	size_t windows = 0;
	for (size_t limit = (size_t)512 * 1024; limit >= (size_t)32 * 1024; limit /= 2) {
		start_one_batch();
		drive.daemons[0].batch->work.limit = limit;
		finish_well();
		ck_assert_uint_ge((size_t)drive.daemons[0].counters.batches.value, windows);
		windows = (size_t)drive.daemons[0].counters.batches.value;
		drive_stop(&drive);
	}
	ck_assert_uint_gt(windows, 8);
}
END_TEST

/* A batch whose arena ended the filling in the middle of what the source had given. */
static struct batch *start_cramped(void)
{
	for (size_t bytes = 2000; bytes < 60000; bytes += 500) {
		start_one_batch();
		struct batch *batch = drive.daemons[0].batch;
		batch->held.limit = TAKE_ROOM + PLAN_MESSAGES_MAX * sizeof(struct item) + bytes;
		step_to(WORLD_ADVANCE);
		if (batch->take.chunk_at < batch->take.chunk_count) {
			return batch;
		}
		drive_stop(&drive);
	}
	ck_abort_msg("the arena never ends a filling");
	return NULL;
}

/* Messages that were taken and not decoded yet are next, or forgotten when all is handed back. */
START_TEST(what_waits_while_the_arena_is_full_is_next_or_handed_back)
{
	setup();
	plan_views(100, 4);
	for (unsigned back = 0; back < 2; back++) {
		struct batch *batch = start_cramped();
		ck_assert_uint_lt(batch->item_count, 100);
		if (back == 1) {
			drive_rebalance(&drive, 0, true);
			drive_step(&drive, 0);
			ck_assert_uint_eq(batch->take.chunk_count, 0);
			ck_assert(!world.clients[0].holds_messages);
		}
		finish_well();
		ck_assert_double_eq(outcomes(0, OUTCOME_applied), 100);
		ck_assert_double_eq(outcomes(0, OUTCOME_duplicate), 0);
		drive_stop(&drive);
	}
}
END_TEST

/* As configured at worst: the longest list in the smallest arena. */
START_TEST(the_list_of_items_leaves_room_for_what_is_taken)
{
	setup();
	plan_views(40, 4);
	start(1);
	struct driven *daemon = &drive.daemons[0];
	drive.conf.batch.events_min = drive.conf.batch.events_max = 50000;
	batch_destroy(daemon->batch);
	struct fail fail;
	struct batch_options options = {
		.conf = &drive.conf,
		.io = world_io(daemon->client),
		.key = &drive.key,
		.assignment = &daemon->assignment,
		.counters = &daemon->counters,
		.topics = world_topics,
		.rejected_topic = WORLD_REJECTED,
	};
	daemon->batch = batch_create(&options, &fail);
	ck_assert_ptr_nonnull(daemon->batch);
	batch_set_engine(daemon->batch, daemon->engine);
	produce_in_order();
	drive_rebalance(&drive, 0, false);
	finish_well();
	ck_assert_uint_gt(daemon->batch->limit, 1000);
	drive_stop(&drive);
}
END_TEST

static int64_t all_outcomes(void)
{
	int64_t n = 0;
	for (size_t i = 0; i < tables_count(&world.tables, TABLE_OUTCOME); i++) {
		n += ((struct outcome_line *)tables_row(&world.tables, TABLE_OUTCOME, i))->n;
	}
	return n;
}

/* The arena ends somewhere else each time: nothing is lost, what does not fit even alone is refused. */
START_TEST(wherever_the_arena_ends_each_message_has_its_outcome)
{
	setup();
	for (uint64_t seed = 1; seed <= 5; seed++) {
		arena_reset(&plan_arena, KEEP);
		plan_make(&plan, seed, &drive.key, &plan_arena);
		for (size_t limit = 1600; limit < 40000; limit += 112) {
			start(1);
			drive.daemons[0].batch->work.limit = limit;
			plan_produce(&plan, &world);
			drive_rebalance(&drive, 0, false);
			bool done = drive_drain(&drive);
			bool too_small = !done && strstr(drive.wrong, "and so was the row that says so") != NULL;
			ck_assert_msg(done || (too_small && limit < 12000), "%zu: %s", limit, drive.wrong);
			ck_assert(!done || all_outcomes() == (int64_t)plan.count);
			if (done && tables_count(&world.tables, TABLE_REJECTED) == rejected_by_plan()) {
				const char *text = difference();
				ck_assert_msg(text[0] == '\0', "%zu:\n%.2000s", limit, text);
			}
			drive_stop(&drive);
		}
	}
}
END_TEST

START_TEST(a_message_that_never_fits_is_refused)
{
	setup();
	plan_views(3, 1);
	start_one_batch();
	drive.daemons[0].batch->work.limit = 4096; /* enough to say that it was refused */
	ck_assert_msg(drive_drain(&drive), "%s", drive.wrong);
	ck_assert_uint_eq(tables_count(&world.tables, TABLE_TOUCH), 0);
	ck_assert_uint_eq(tables_count(&world.tables, TABLE_REJECTED), 3);
	ck_assert_double_eq(outcomes(0, OUTCOME_refused), 3);
	drive_stop(&drive);
}
END_TEST

START_TEST(where_not_even_that_fits_the_daemon_gives_up_with_words)
{
	setup();
	plan_views(3, 1);
	start_one_batch();
	drive.daemons[0].batch->work.limit = 64;
	ck_assert(!drive_drain(&drive));
	ck_assert_ptr_nonnull(strstr(drive.wrong, "web/0@0: refused, and so was the row that says so"));
	drive_stop(&drive);
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
	setup();
	plan_views(3, 1);
	start_one_batch();
	world.fault = always;
	world.fault_context = (void *)"53300";
	int64_t longest_us = 0;
	for (unsigned tries = 0; tries < 40;) {
		double redone = drive.daemons[0].counters.redone.value;
		drive_step(&drive, 0);
		ck_assert_msg(drive.wrong == NULL, "%s", drive.wrong);
		if (drive.daemons[0].counters.redone.value > redone) {
			tries++;
			drive_step(&drive, 0); /* ROLLBACK goes at once: no transaction stays open over a pause */
			ck_assert(!batch_is_busy(drive.daemons[0].batch));
			int64_t wakes_us = batch_wakes_us(drive.daemons[0].batch);
			int64_t waits_us = wakes_us - world.monotonic_us;
			ck_assert_int_gt(waits_us, 0);
			ck_assert_int_le(waits_us, INT64_C(5000000));
			longest_us = waits_us > longest_us ? waits_us : longest_us;
			uint64_t turns = world.clients[0].turns;
			drive_step(&drive, 0); /* not before its time */
			ck_assert_uint_eq(world.clients[0].turns, turns);
			world.monotonic_us = wakes_us;
		} else {
			world.monotonic_us += 1000;
		}
	}
	ck_assert_int_gt(longest_us, INT64_C(2000000));
	world.fault = NULL;
	finish_well();
	drive_stop(&drive);
}
END_TEST

START_TEST(what_a_human_must_mend_ends_the_daemon)
{
	setup();
	plan_views(3, 1);
	start_one_batch();
	world.fault = always;
	world.fault_context = (void *)"42501";
	ck_assert(!drive_drain(&drive));
	ck_assert_ptr_nonnull(strstr(drive.wrong, "the daemon gave up: postgres: refused: SQLSTATE 42501"));
	ck_assert_uint_eq(tables_count(&world.tables, TABLE_TOUCH), 0);
	drive_stop(&drive);
}
END_TEST

START_TEST(months_are_asked_for_once_and_again_after_trouble)
{
	struct scripted scripted = {.turn = WORLD_MONTHS, .fault = FAULT_REFUSED, .code = "55P03"};
	setup();
	plan_views(4, 2);
	start_one_batch();
	world.fault = at_first;
	world.fault_context = &scripted;
	finish_well();
	ck_assert_uint_eq(world.months, 1); /* the refused one was not done */
	produce_in_order();
	ck_assert(drive_drain(&drive));
	ck_assert_uint_eq(world.months, 1);
	scripted = (struct scripted){.turn = WORLD_LOAD, .fault = FAULT_LOST_BEFORE};
	produce_in_order();
	ck_assert(drive_drain(&drive));
	ck_assert_uint_eq(world.months, 2); /* a lost connection may be another server now */
	drive_stop(&drive);
}
END_TEST

START_TEST(batches_grow_under_backlog_and_shrink_when_it_is_gone)
{
	setup();
	plan_views(150, 8);
	start_one_batch();
	struct batch *batch = drive.daemons[0].batch;
	drive.conf.batch.events_min = 4;
	batch->limit = 4;
	batch->limit_max = 50;
	finish_well();
	ck_assert_uint_eq(batch->limit, 50);
	size_t limits[] = {25, 12, 6, 6};
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		plan_views(1, 1);
		produce_in_order();
		ck_assert(drive_drain(&drive));
		ck_assert_uint_eq(batch->limit, limits[i]);
	}
	drive_stop(&drive);
}
END_TEST

/* ---- round trips ---- */

static uint64_t turns_of_one_batch(void)
{
	uint64_t before = world.clients[0].turns;
	double batches = drive.daemons[0].counters.batches.value;
	ck_assert_msg(drive_drain(&drive), "%s", drive.wrong);
	ck_assert_double_eq(drive.daemons[0].counters.batches.value, batches + 1);
	return world.clients[0].turns - before;
}

START_TEST(an_ordinary_batch_takes_three_round_trips_whatever_its_size)
{
	static const unsigned sizes[] = {1, 10, 70, 150};
	setup();
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		plan_views(sizes[i], 8);
		start_one_batch();
		ck_assert_uint_eq(turns_of_one_batch(), 1 + 4); /* CLAIM; MONTHS, ADVANCE, LOAD, SAVE */
		plan_views(1, 1);
		plan.messages[0].message.timestamp_us++;
		produce_in_order(); /* a duplicate */
		ck_assert_uint_eq(turns_of_one_batch(), 3);
		struct event late = view(0, 0);
		late.id = "late";
		late.occurred_us -= MINUTE_US;
		plan.count = 0;
		plan_add(&plan, &late, &plan_arena);
		produce_in_order();
		ck_assert_uint_eq(turns_of_one_batch(), 4); /* READ too */
		drive_stop(&drive);
	}
}
END_TEST

/* The worst there is: a new month, and replaced copies that had decided on the consent of somebody else. */
START_TEST(no_batch_takes_more_than_eight)
{
	setup();
	for (unsigned size = 2; size <= 128; size *= 4) {
		plan_views(size, 4);
		for (size_t i = 0; i < size; i++) {
			struct event event = *plan.messages[i].event;
			event.identity.email = i % 2 == 0 ? "ann@firma.test" : "bo@firma.test";
			event.consent.profile = STATEMENT_GRANTED;
			event.received_us += 10 * MINUTE_US;
			plan.count = i;
			plan_add(&plan, &event, &plan_arena);
		}
		plan.count = size;
		start_one_batch();
		ck_assert(drive_drain(&drive));
		for (size_t i = 0; i < size; i++) {
			struct event event = *plan.messages[i].event;
			event.identity.email = "cilla@firma.test";
			event.received_us -= 10 * MINUTE_US;
			plan.count = i;
			plan_add(&plan, &event, &plan_arena);
		}
		plan.count = size;
		struct event other = view((unsigned)size, 9);
		other.stamped_us += 40 * MOMENT_DAY_US;
		plan_add(&plan, &other, &plan_arena);
		produce_in_order();
		ck_assert_uint_eq(turns_of_one_batch(), DRIVE_TURNS_MAX);
		drive_stop(&drive);
	}
}
END_TEST

TEST_MAIN("daemon_faults", one_fault_at_any_turn_changes_nothing, a_second_fault_on_the_way_back_changes_nothing,
	  a_commit_without_an_answer_counts_once, a_zombie_writes_nothing_and_hands_back,
	  a_claim_waits_for_the_transaction_of_who_was_there_before, a_lost_commit_is_seen_beside_a_lost_partition,
	  a_position_set_from_outside_is_claimed_anew, a_position_that_is_gone_is_claimed_anew,
	  whoever_hands_back_claims_nothing, what_a_server_forgot_is_read_again,
	  the_one_row_that_is_refused_is_found, a_batch_that_does_not_fit_is_made_smaller,
	  what_waits_while_the_arena_is_full_is_next_or_handed_back,
	  the_list_of_items_leaves_room_for_what_is_taken, a_message_that_never_fits_is_refused,
	  wherever_the_arena_ends_each_message_has_its_outcome,
	  where_not_even_that_fits_the_daemon_gives_up_with_words,
	  what_may_go_well_later_is_tried_for_ever_and_ever_more_slowly, what_a_human_must_mend_ends_the_daemon,
	  batches_grow_under_backlog_and_shrink_when_it_is_gone, months_are_asked_for_once_and_again_after_trouble,
	  an_ordinary_batch_takes_three_round_trips_whatever_its_size, no_batch_takes_more_than_eight)

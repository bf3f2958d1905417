/*
 * daemon/loop_explain.c: how many contacts are looked at and taken at once follows what a slice takes, also where it is the connection that
 * it takes; what was spent is rested for; a way through the table that finds few is not begun anew at once.
 */
#include <string.h>

#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "daemon/loop_inside.h"
#include "tests/daemon/scene.h"
#include "tests/table.h"

#define ROWS_MAX 8
#define MS INT64_C(1000)

static struct {
	struct explain_rows *slice; /* the turn that was sent */
	unsigned dues, saves, rollbacks;
	int64_t now_us, look_max, contacts_max;
} seen;

static struct conf conf;
static struct counters counters;
static struct loop_options options;
static struct loop loop;
static struct lane *lane = &loop.lanes[0];
static struct explain_row rows[ROWS_MAX];

static int64_t now(void *self)
{
	(void)self;
	return seen.now_us;
}

static uint64_t chance(void *self)
{
	(void)self;
	return 1;
}

static enum postgres_state state(void *self)
{
	(void)self;
	return POSTGRES_DOWN;
}

static bool due(void *self, struct explain_rows *slice, struct arena *arena, struct fail *fail)
{
	(void)self, (void)arena, (void)fail;
	seen.dues++;
	seen.slice = slice;
	seen.look_max = slice->look_max;
	seen.contacts_max = slice->contacts_max;
	return true;
}

static bool ask(void *self, struct explain_rows *slice, struct arena *arena, struct fail *fail)
{
	(void)self, (void)slice, (void)arena, (void)fail;
	return true;
}

static bool save(void *self, struct explain_rows *slice, struct arena *arena, struct fail *fail)
{
	(void)self, (void)slice, (void)arena, (void)fail;
	seen.saves++;
	return true;
}

static bool rollback(void *self, struct fail *fail)
{
	(void)self, (void)fail;
	seen.rollbacks++;
	return true;
}

static const struct io_ops ops = {.monotonic_us = now,
				  .now_us = now,
				  .random = chance,
				  .store_state = state,
				  .store_explain_due = due,
				  .store_explain_read = ask,
				  .store_explain_save = save,
				  .store_rollback = rollback};

/* One lane that has nothing else to do. */
static void begin(int64_t share_percent)
{
	if (loop.options == NULL) {
		scene_setup();
	}
	scene_start(1);
	memset(&seen, 0, sizeof(seen));
	seen.now_us = 1000 * MOMENT_SECOND_US;
	conf.explain.share_percent = share_percent;
	conf.review.until_us = INT64_MAX;
	options = (struct loop_options){.conf = &conf, .counters = &counters};
	loop = (struct loop){.options = &options,
			     .io = {.ops = &ops},
			     .stage = STAGE_RUNNING,
			     .engine = scene_drive.daemons[0].engine,
			     .lane_count = 1};
	*lane = (struct lane){
		.loop = &loop, .io = {.ops = &ops}, .link = LINK_UP, .batch = scene_drive.daemons[0].batch};
	ck_assert(arena_init(&loop.explain.arena, (size_t)1024 * 1024));
	for (size_t i = 0; i < ROWS_MAX; i++) {
		rows[i] = (struct explain_row){.contact_id = {.bytes = {(uint8_t)(i + 1)}}};
	}
}

static void finish(void)
{
	arena_finish(&loop.explain.arena);
	drive_stop(&scene_drive);
}

/* As lane.c does it. */
static void turn_ends(int64_t took_us)
{
	ck_assert_int_eq(lane->turn, TURN_EXPLAIN);
	seen.now_us += took_us;
	lane->turn = TURN_NONE;
	loop.explain.lane = NULL;
}

static void done(int64_t took_us)
{
	turn_ends(took_us);
	loop_explain_turn_done(&loop, lane);
}

static void fails(int64_t took_us, enum fail_kind kind, const char *code)
{
	struct fail why;
	fail_set(&why, kind, EXIT_AWAY, "why");
	snprintf(why.code, sizeof(why.code), "%s", code);
	turn_ends(took_us);
	loop_explain_failed(&loop, lane, &why);
}

static void loses(int64_t took_us, const char *code)
{
	struct fail why;
	fail_set(&why, FAIL_RETRY, EXIT_AWAY, "why");
	snprintf(why.code, sizeof(why.code), "%s", code);
	seen.now_us += took_us;
	lane_lost(lane, &why);
	lane->link = LINK_UP;
}

/* When its time has come, and not before. */
static void send_slice(void)
{
	if (seen.now_us < loop.explain.at_us) {
		seen.now_us = loop.explain.at_us - 1;
		ck_assert(!loop_send_explain(&loop, lane));
		seen.now_us++;
	}
	ck_assert(loop_send_explain(&loop, lane));
}

/* The first turn's answer: so many contacts, up to this one. */
static void found(size_t count, uint8_t after, bool last)
{
	seen.slice->ours = true;
	seen.slice->rows = rows;
	seen.slice->row_count = count;
	seen.slice->after = (struct uuid){.bytes = {after}};
	seen.slice->last = last;
}

/* Nobody has changed, and so long it took to see that. */
static void look(int64_t took_us, uint8_t after, bool last)
{
	send_slice();
	found(0, after, last);
	done(took_us);
	done(0);
}

START_TEST(as_many_are_looked_at_as_are_seen_in_some_milliseconds)
{
	static const struct {
		int64_t look, took_us;
		size_t found;
		int64_t next;
	} table[] = {{250, 1 * MS, 0, 500},   {250, 10 * MS, 0, 250},  {250, 21 * MS, 0, 125},
		     {1500, 1 * MS, 0, 2000}, {2000, 1 * MS, 0, 2000}, {100, 900 * MS, 0, 64},
		     {64, 900 * MS, 0, 64},   {250, 1 * MS, 8, 250},   {250, 30 * MS, 8, 125}};
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		begin(10);
		loop.explain.look = table[i].look;
		send_slice();
		ck_assert_int_eq(seen.look_max, table[i].look);
		found(table[i].found, 9, false);
		done(table[i].took_us);
		ck_assert_msg(loop.explain.look == table[i].next, "row %zu: %lld", i,
			      (long long)loop.explain.look);
		finish();
	}
}
END_TEST

START_TEST(what_the_server_cuts_off_is_done_in_halves_and_charged)
{
	begin(10);
	send_slice();
	ck_assert_int_eq(seen.look_max, 250);
	fails(MOMENT_SECOND_US, FAIL_RETRY, "57014");
	done(0);
	send_slice(); /* nine seconds later */
	ck_assert_int_eq(seen.now_us, 1010 * MOMENT_SECOND_US);
	ck_assert_int_eq(seen.look_max, 125);
	for (int64_t contacts = 8; contacts > 0; contacts /= 2) {
		int64_t began_us = seen.now_us;
		ck_assert_int_eq(seen.contacts_max, contacts);
		found((size_t)contacts, 9, false);
		done(10 * MS);
		fails(990 * MS, FAIL_RETRY, "57014");
		done(0);
		send_slice();
		ck_assert_int_eq(seen.now_us, began_us + 10 * MOMENT_SECOND_US);
	}
	ck_assert(uuid_equal(&loop.explain.too_long, &rows[0].contact_id));
	ck_assert_uint_eq(seen.rollbacks, 5);
	found(1, 9, false);
	done(10 * MS); /* nobody is asked for */
	ck_assert_uint_eq(seen.saves, 1);
	finish();
}
END_TEST

START_TEST(a_look_that_cannot_be_smaller_waits_a_minute_or_what_the_share_asks)
{
	static const struct {
		int64_t look;
		const char *code;
		int64_t took_s, next_s;
	} table[] = {{64, "57014", 1, 60}, {64, "57014", 30, 300}, {250, "53100", 1, 60}};
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		begin(10);
		loop.explain.look = table[i].look;
		send_slice();
		fails(table[i].took_s * MOMENT_SECOND_US, FAIL_RETRY, table[i].code);
		done(0);
		send_slice();
		ck_assert_int_eq(seen.now_us, (1000 + table[i].next_s) * MOMENT_SECOND_US);
		ck_assert_int_eq(seen.look_max, table[i].look);
		finish();
	}
}
END_TEST

START_TEST(what_the_server_does_not_answer_is_smaller_on_the_next_connection)
{
	static const struct {
		const char *code;
		int64_t look, contacts, pause_s;
	} table[] = {{POSTGRES_NO_ANSWER, 125, 4, 270}, {"57P01", 250, 8, 30}};
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		begin(10);
		send_slice();
		loses(30 * MOMENT_SECOND_US, table[i].code);
		ck_assert_int_eq(loop.explain.look, table[i].look);
		ck_assert_int_eq(loop.explain.at_us - seen.now_us, table[i].pause_s * MOMENT_SECOND_US);
		send_slice();
		found(8, 9, false);
		done(10 * MS);
		loses(30 * MOMENT_SECOND_US - 10 * MS, table[i].code);
		ck_assert_int_eq(loop.explain.at_us - seen.now_us, table[i].pause_s * MOMENT_SECOND_US);
		send_slice();
		ck_assert_int_eq(seen.contacts_max, table[i].contacts);
		finish();
	}
}
END_TEST

START_TEST(one_that_costs_the_connection_alone_is_left_out)
{
	begin(100);
	loop.explain.contacts = 1;
	send_slice();
	found(1, 9, false);
	done(10 * MS);
	loses(30 * MOMENT_SECOND_US, POSTGRES_NO_ANSWER);
	ck_assert(uuid_equal(&loop.explain.too_long, &rows[0].contact_id));
	ck_assert_int_eq(loop.explain.at_us - seen.now_us, 30 * MOMENT_SECOND_US - 10 * MS); /* of the minute */
	finish();
}
END_TEST

START_TEST(after_a_way_that_found_few_the_pause_is_as_long)
{
	static const struct {
		int64_t took_us, written;
		int64_t pause_us;
	} table[] = {
		{10 * MS, 0, 2000 * MS},  {100 * MS, 0, 3000 * MS},	{100 * MS, 2, 3000 * MS},
		{100 * MS, 3, 2000 * MS}, {20000 * MS, 0, 300000 * MS}, {40000 * MS, 9, 360000 * MS},
	};
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		begin(10);
		look(table[i].took_us, 50, false);
		look(table[i].took_us, 100, false);
		seen.slice->written = 0;
		send_slice();
		found(0, 100, true);
		done(table[i].took_us);
		seen.slice->written = table[i].written;
		done(0);
		ck_assert_msg(loop.explain.at_us - seen.now_us == table[i].pause_us, "row %zu: %lld", i,
			      (long long)(loop.explain.at_us - seen.now_us));
		look(MS, 50, false); /* the next way knows nothing of this one */
		ck_assert_int_eq(loop.explain.at_us - seen.now_us, 9 * MS);
		finish();
	}
}
END_TEST

START_TEST(a_way_that_another_daemon_ends_is_seen_to_end)
{
	begin(10);
	look(1000 * MS, 100, false);
	ck_assert_int_eq(loop.explain.at_us - seen.now_us, 9000 * MS);
	look(1000 * MS, 50, false);
	ck_assert_int_eq(loop.explain.at_us - seen.now_us, 20000 * MS);
	look(1000 * MS, 100, false);
	ck_assert_int_eq(loop.explain.at_us - seen.now_us, 9000 * MS);
	finish();
}
END_TEST

TEST_MAIN("explain", as_many_are_looked_at_as_are_seen_in_some_milliseconds,
	  what_the_server_cuts_off_is_done_in_halves_and_charged,
	  a_look_that_cannot_be_smaller_waits_a_minute_or_what_the_share_asks,
	  what_the_server_does_not_answer_is_smaller_on_the_next_connection,
	  one_that_costs_the_connection_alone_is_left_out, after_a_way_that_found_few_the_pause_is_as_long,
	  a_way_that_another_daemon_ends_is_seen_to_end)

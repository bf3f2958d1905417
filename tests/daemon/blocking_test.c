/*
 * A name server that does not answer: libpq blocks the loop in each attempt to connect. The watchdog must hear of it before and
 * after, and one lane a turn is enough. And what it must not hear: that a loop is well whose lane is stuck.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/moment.h"
#include "core/edge/service.h"
#include "daemon/batch_steps.h"
#include "daemon/loop_inside.h"
#include "tests/table.h"

#define LANES 3
#define LOOKUP_US (25 * MOMENT_SECOND_US)
#define WATCHDOG_US (30 * MOMENT_SECOND_US)

static struct loop loop;
static struct batch batch; /* empty */
static struct service service;
static struct loop_options options = {.service = &service};
static int64_t clock_us, heard_us;
static unsigned connects;
static int manager;

/* Whether a sign of life has come since. */
static void listen_now(void)
{
	char text[256];
	ssize_t size;
	while ((size = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
		text[size] = '\0';
		heard_us = strstr(text, "WATCHDOG=1") != NULL ? clock_us : heard_us;
	}
}

static int64_t now_us(void *self)
{
	(void)self;
	return clock_us;
}

static bool look_up(void *self, struct fail *fail)
{
	(void)self;
	(void)fail;
	listen_now();
	clock_us += LOOKUP_US;
	ck_assert_int_lt(clock_us - heard_us, WATCHDOG_US);
	connects++;
	return true;
}

static enum postgres_result look_up_next(void *self, struct fail *fail)
{
	return look_up(self, fail) ? POSTGRES_GOES_ON : POSTGRES_LOST;
}

static uint64_t no_turns(void *self)
{
	(void)self;
	return 0;
}

static int64_t never(void *self)
{
	(void)self;
	return INT64_MAX;
}

static const struct io_ops ops = {.monotonic_us = now_us,
				  .store_connect = look_up,
				  .store_ready = look_up_next,
				  .store_turns = no_turns,
				  .store_deadline_us = never};

static void begin(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "phased-blocking-%d", (int)getpid());
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address.sun_path + 1));
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, size), 0);
	address.sun_path[0] = '@';
	char text[32];
	snprintf(text, sizeof(text), "%lld", (long long)WATCHDOG_US);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	setenv("WATCHDOG_USEC", text, 1);
	unsetenv("WATCHDOG_PID");
	service_init(&service);
	service_ready(&service);
	clock_us = 1000 * MOMENT_SECOND_US;
	loop.options = &options;
	loop.io.ops = &ops;
	loop.lane_count = LANES;
	for (unsigned i = 0; i < LANES; i++) {
		loop.lanes[i] = (struct lane){.loop = &loop,
					      .number = i,
					      .io.ops = &ops,
					      .batch = &batch,
					      .connect_at_us = clock_us,
					      .watcher.fd = -1};
	}
}

static unsigned down(void)
{
	unsigned count = 0;
	for (unsigned i = 0; i < LANES; i++) {
		count += loop.lanes[i].link == LINK_DOWN ? 1 : 0;
	}
	return count;
}

START_TEST(one_lane_a_turn_connects_and_the_watchdog_hears_of_each)
{
	begin();
	for (unsigned i = 1; i <= 2 * LANES; i++) {
		if (down() == 0) {
			for (unsigned j = 0; j < LANES; j++) {
				loop.lanes[j].link = LINK_DOWN;
				loop.lanes[j].connect_at_us = clock_us;
			}
		}
		loop_connect(&loop);
		ck_assert_uint_eq(connects, i);
		ck_assert_uint_eq(down(), LANES - 1 - (i - 1) % LANES);
		listen_now();
		ck_assert_int_eq(heard_us, clock_us);
		ck_assert(loop_makes_progress(&loop)); /* the others have waited for it */
	}
	close(manager);
}
END_TEST

START_TEST(a_second_host_is_looked_up_while_connecting)
{
	begin();
	loop.lane_count = 1;
	loop_connect(&loop);
	loop.lanes[0].ready = true;
	lane_serve(&loop.lanes[0]);
	ck_assert_uint_eq(connects, 2);
	listen_now();
	ck_assert_int_eq(heard_us, clock_us);
	close(manager);
}
END_TEST

/* Connecting is no sign of life of another lane. */
START_TEST(who_is_stuck_is_not_told_to_live_because_another_one_connects)
{
	begin();
	loop.lanes[1].connect_at_us = clock_us - WATCHDOG_US;
	heard_us = clock_us; /* or look_up() would complain */
	loop_connect(&loop);
	listen_now();
	ck_assert_int_eq(heard_us, clock_us - LOOKUP_US);
	close(manager);
}
END_TEST

/* The watchdog hears no more of a lane that could work and sends no turn: with messages in hand or, as far as is known, waiting. */
START_TEST(a_lane_that_takes_nothing_of_what_waits_is_stuck)
{
	static const struct {
		bool more;
		enum turn turn;
		bool moves;
	} rows[] = {{false, TURN_NONE, true}, {true, TURN_NONE, false}, {true, TURN_LOOK, true}};
	static struct assignment assignment = {.count = 1};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		begin();
		loop.lane_count = 1;
		loop.lanes[0].link = LINK_UP;
		loop.lanes[0].turn = rows[i].turn;
		loop.lanes[0].moved_at_us = clock_us;
		batch = (struct batch){.options.assignment = &assignment, .more = rows[i].more};
		ck_assert_msg(loop_makes_progress(&loop), "row %zu", i);
		clock_us += WATCHDOG_US;
		ck_assert_msg(loop_makes_progress(&loop) == rows[i].moves, "row %zu", i);
		close(manager);
	}
	batch = (struct batch){0};
}
END_TEST

TEST_MAIN("blocking", one_lane_a_turn_connects_and_the_watchdog_hears_of_each,
	  a_second_host_is_looked_up_while_connecting,
	  who_is_stuck_is_not_told_to_live_because_another_one_connects,
	  a_lane_that_takes_nothing_of_what_waits_is_stuck)

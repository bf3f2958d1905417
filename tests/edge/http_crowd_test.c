/*
 * core/edge/http.h when too many come, or slow ones: who gives way to whom, and that an honest client is served.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/edge/http_inside.h" /* options in force */
#include "tests/edge/http_wire.h"
#include "tests/table.h"

#define GET "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_CLOSE "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
#define WAIT "GET /wait/1 HTTP/1.1\r\nHost: x\r\n\r\n"
#define ADDRESS(last) (0x7f000100u + (last)) /* 127.0.1.last */

static int dial_counted(uint32_t from, unsigned connections)
{
	int fd = wire_dial_from(from);
	while (http_counts(wire_http).connections < connections) {
		wire_turn(-1, 0);
	}
	return fd;
}

static unsigned ask_from(uint32_t from, const char *text)
{
	bool closed;
	int fd = wire_dial_from(from);
	wire_say(fd, text, strlen(text));
	unsigned status = wire_hear(fd, NULL, &closed);
	close(fd);
	return status;
}

static bool is_closed(int fd)
{
	char byte;
	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

START_TEST(an_address_with_too_many_gives_up_its_own_oldest)
{
	wire_start_with(&(struct http_options){.connections_max = 100, .address_connections_max = 2});
	int other = dial_counted(ADDRESS(9), 1);
	int first = dial_counted(ADDRESS(1), 2), second = dial_counted(ADDRESS(1), 3);
	ck_assert_uint_eq(ask_from(ADDRESS(1), GET_CLOSE), 200);
	ck_assert(is_closed(first));
	ck_assert(!is_closed(second));
	ck_assert(!is_closed(other)); /* older, but not theirs */
	ck_assert_uint_eq(http_counts(wire_http).evicted, 1);
	close(first);
	close(second);
	close(other);
	wire_stop();
}
END_TEST

START_TEST(an_address_whose_requests_all_wait_is_answered_429)
{
	wire_start_with(&(struct http_options){.connections_max = 100, .address_connections_max = 2});
	int fd[2];
	for (unsigned i = 0; i < 2; i++) {
		fd[i] = wire_dial_from(ADDRESS(1));
		wire_say(fd[i], WAIT, strlen(WAIT));
	}
	while (wire_seen.waiting_count < 2) {
		wire_turn(-1, 0);
	}
	ck_assert_uint_eq(ask_from(ADDRESS(1), ""), 429);
	ck_assert_ptr_nonnull(strstr(wire_heard, "\r\nRetry-After: 1\r\n"));
	ck_assert_uint_eq(http_counts(wire_http).crowded, 1);
	ck_assert_uint_eq(ask_from(ADDRESS(2), GET_CLOSE), 200);
	wire_answer(0, "one");
	wire_answer(1, "two");
	bool closed;
	ck_assert_uint_eq(wire_hear(fd[0], "one", &closed), 200);
	ck_assert_uint_eq(ask_from(ADDRESS(1), GET_CLOSE), 200);
	close(fd[0]);
	close(fd[1]);
	wire_stop();
}
END_TEST

START_TEST(a_proxy_has_no_limit_and_says_who_asks)
{
	static const char text[] =
		"GET /x HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 198.51.100.7\r\n"
		"Connection: close\r\n\r\n";
	struct http_network network;
	ck_assert(http_network_read("127.0.1.1", &network));
	const struct http_networks proxies = {&network, 1};
	wire_start_with(&(struct http_options){.connections_max = 100,
					       .address_connections_max = 1,
					       .proxies = &proxies,
					       .forwarded = HTTP_X_FORWARDED_FOR});
	int first = dial_counted(ADDRESS(1), 1);
	ck_assert_uint_eq(ask_from(ADDRESS(1), text), 200);
	ck_assert(!is_closed(first));
	ck_assert_int_eq(wire_seen.client.family, HTTP_V4);
	ck_assert_int_eq(memcmp(wire_seen.client.bytes, "\xc6\x33\x64\x07", 4), 0);
	ck_assert_uint_eq(ask_from(ADDRESS(2), text), 200); /* not believed */
	ck_assert_int_eq(memcmp(wire_seen.client.bytes, "\x7f\x00\x01\x02", 4), 0);
	close(first);
	wire_stop();
}
END_TEST

START_TEST(only_so_many_wait_for_a_next_request)
{
	int fd[4];
	bool closed;
	wire_start_with(&(struct http_options){.connections_max = 100, .kept_max = 2});
	for (unsigned i = 0; i < COUNT_OF(fd); i++) {
		fd[i] = wire_dial();
		wire_say(fd[i], GET, strlen(GET));
		ck_assert_uint_eq(wire_hear(fd[i], "fine", &closed), 200);
	}
	while (http_counts(wire_http).connections > 2) {
		wire_turn(-1, 0);
	}
	ck_assert(is_closed(fd[0]) && is_closed(fd[1]));
	wire_say(fd[3], GET, strlen(GET));
	ck_assert_uint_eq(wire_hear(fd[3], "fine", &closed), 200);
	for (unsigned i = 0; i < COUNT_OF(fd); i++) {
		close(fd[i]);
	}
	wire_stop();
}
END_TEST

/* What is said at first, then a byte whenever the server has had a turn; s until it is cut. */
static double drip(int fd, const char *text)
{
	int64_t begun_us = moment_monotonic_us();
	wire_say(fd, text, strlen(text));
	while (!is_closed(fd)) {
		ck_assert(moment_monotonic_us() < begun_us + WIRE_WAIT_US);
		send(fd, "a", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		poll(NULL, 0, 20);
		wire_turn(fd, POLLIN);
	}
	close(fd);
	return (double)(moment_monotonic_us() - begun_us) / 1e6;
}

/* Who has asked is not taken for one that waits for a next request, however many have asked at once. */
START_TEST(who_has_asked_is_not_cut_since_many_have)
{
	enum { CLIENTS = 600 };
	static const char post[] = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
	static int fds[CLIENTS];
	bool closed;
	wire_start_with(&(struct http_options){.connections_max = CLIENTS});
	for (unsigned i = 0; i < CLIENTS; i++) {
		fds[i] = wire_dial();
		wire_say(fds[i], post, sizeof(post) - 1);
		ck_assert_uint_eq(wire_hear(fds[i], "fine", &closed), 200);
	}
	for (unsigned i = 0; i < CLIENTS; i++) { /* all ask again before the next turn … */
		ck_assert_int_eq(send(fds[i], post, sizeof(post) - 1, MSG_NOSIGNAL), sizeof(post) - 1);
	}
	struct http_options options = wire_http->options; /* … in which two may wait */
	options.kept_max = 2;
	http_reconfigure(wire_http, &options);
	for (unsigned i = 0; i < CLIENTS; i++) {
		ck_assert_msg(wire_hear(fds[i], "fine", &closed) == 200, "client %u", i);
		close(fds[i]);
	}
	wire_stop();
}
END_TEST

START_TEST(each_stage_has_its_time)
{
	bool closed;
	wire_start_with(&(struct http_options){.head_s_max = 1, .request_s_max = 2, .kept_s_max = 3});
	double line_s = drip(wire_dial(), "GET /");
	double head_s = drip(wire_dial(), "GET / HTTP/1.1\r\nHost: x\r\nA: ");
	double body_s = drip(wire_dial(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n");
	ck_assert_msg(line_s > .9 && line_s < 1.9, "%f", line_s);
	ck_assert_msg(head_s > .9 && head_s < 1.9, "%f", head_s);
	ck_assert_msg(body_s > 1.9 && body_s < 2.9, "%f", body_s);
	int fd = wire_dial();
	wire_say(fd, GET, strlen(GET));
	ck_assert_uint_eq(wire_hear(fd, "fine", &closed), 200);
	int64_t begun_us = moment_monotonic_us();
	while (!is_closed(fd)) {
		wire_turn(fd, POLLIN);
	}
	double kept_s = (double)(moment_monotonic_us() - begun_us) / 1e6;
	ck_assert_msg(kept_s > 2.9 && kept_s < 4, "%f", kept_s);
	ck_assert_uint_eq(http_counts(wire_http).late, 4);
	close(fd);
	wire_stop();
}
END_TEST

START_TEST(slow_bodies_give_way_when_their_memory_is_full)
{
	static const char slow[] = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n";
	static char body[40000], text[sizeof(body) + 200];
	int fd[6];
	memset(body, 'a', sizeof(body));
	wire_start_with(&(struct http_options){.connections_max = 100, .bodies_size_max = (size_t)200 * 1024});
	for (unsigned i = 0; i < COUNT_OF(fd); i++) {
		fd[i] = dial_counted(ADDRESS(1), 1);
		wire_say(fd[i], slow, strlen(slow));
		wire_say(fd[i], body, sizeof(body));
	}
	ck_assert_uint_gt(http_counts(wire_http).evicted, 0);
	int size = snprintf(text, sizeof(text),
			    "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%.*s",
			    sizeof(body), (int)sizeof(body), body);
	ck_assert_uint_eq(wire_ask(text, (size_t)size), 200);
	ck_assert_uint_eq(wire_seen.body_size, sizeof(body));
	for (unsigned i = 0; i < COUNT_OF(fd); i++) {
		close(fd[i]);
	}
	wire_stop();
}
END_TEST

/* --- 10,000 of them --- */

#define CROWD 10000
#define DESCRIPTORS (CROWD + 2000)
#define ROUNDS 5

static int crowd[CROWD];

static void raise_descriptors(void)
{
	struct rlimit limit;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	ck_assert_msg(limit.rlim_cur == DESCRIPTORS && setrlimit(RLIMIT_NOFILE, &limit) == 0,
		      "%d descriptors are needed: raise the hard limit (ulimit -Hn)", DESCRIPTORS);
}

/* Every second one is silent for ever, the others have begun and go on a byte at a time. */
static void let_in(unsigned addresses)
{
	for (unsigned i = 0; i < CROWD; i++) {
		crowd[i] = wire_dial_from(ADDRESS(1 + i % addresses));
		if (i % 2 == 0) {
			send(crowd[i], "P", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		}
		if (i % 32 == 0) {
			wire_turn(-1, 0);
		}
	}
}

static void drip_all(void)
{
	for (unsigned i = 0; i < CROWD; i += 2) {
		send(crowd[i], "O", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

/* The slowest of some honest requests, s. */
static double honest_s(void)
{
	double slowest_s = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		drip_all();
		int64_t begun_us = moment_monotonic_us();
		ck_assert_uint_eq(ask_from(ADDRESS(250), GET_CLOSE), 200);
		double took_s = (double)(moment_monotonic_us() - begun_us) / 1e6;
		slowest_s = took_s > slowest_s ? took_s : slowest_s;
	}
	return slowest_s;
}

static const struct {
	const char *name;
	unsigned addresses, address_connections_max;
} crowds[] = {
	{"of one address", 1, 100},
	{"of a hundred addresses", 100, 100},
	{"of one address, and no limit for it", 1, 0},
};

START_TEST(ten_thousand_silent_and_slow_connections_stop_nobody)
{
	raise_descriptors();
	wire_start_with(&(struct http_options){.connections_max = 1024,
					       .address_connections_max = crowds[_i].address_connections_max,
					       .request_s_max = 30,
					       .kept_max = 256});
	let_in(crowds[_i].addresses);
	double slowest_s = honest_s();
	ck_assert_msg(slowest_s < 3, "%s: %f s", crowds[_i].name, slowest_s);
	ck_assert_uint_le(http_counts(wire_http).connections, 1024 + 128);
	ck_assert_uint_ge(http_counts(wire_http).evicted, CROWD - 1024 - 128);
	for (unsigned i = 0; i < CROWD; i++) {
		close(crowd[i]);
	}
	wire_stop();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_address_with_too_many_gives_up_its_own_oldest,
		an_address_whose_requests_all_wait_is_answered_429,
		a_proxy_has_no_limit_and_says_who_asks,
		only_so_many_wait_for_a_next_request,
		who_has_asked_is_not_cut_since_many_have,
		each_stage_has_its_time,
		slow_bodies_give_way_when_their_memory_is_full,
	};
	Suite *suite = suite_create("http_crowd");
	TCase *tcase = tcase_create("http_crowd");
	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < COUNT_OF(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	tcase_add_loop_test(tcase, ten_thousand_silent_and_slow_connections_stop_nobody, 0, (int)COUNT_OF(crowds));
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

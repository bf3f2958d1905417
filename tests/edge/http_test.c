/*
 * core/edge/http.h on the wire: raw bytes in, the server driven by its descriptor as a loop would, answers out.
 */
#include "core/edge/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/moment.h"
#include "tests/edge/http_wire.h"
#include "tests/table.h"

START_TEST(a_request_reaches_the_handler_whole)
{
	static const char text[] = "POST /some%20path?a=1%262&b&c=x+y HTTP/1.1\r\nHost: x\r\nX-Test: there\r\n"
				   "Content-Length: 5\r\nConnection: close\r\n\r\nhello";
	wire_start(10, 10);
	ck_assert_uint_eq(wire_ask(text, sizeof(text) - 1), 200);
	ck_assert_str_eq(wire_seen.method, "POST");
	ck_assert_str_eq(wire_seen.path, "/some path");
	ck_assert_str_eq(wire_seen.header, "there");
	ck_assert_str_eq(wire_seen.argument, "1&2");
	ck_assert_str_eq(wire_seen.arguments, "a=1&2;b=;c=x y;");
	ck_assert_uint_eq(wire_seen.body_size, 5);
	ck_assert_uint_eq(wire_seen.body_sum, 'h' + 'e' + 'l' + 'l' + 'o');
	ck_assert_ptr_nonnull(strstr(wire_heard, "X-Answer: yes\r\n"));
	ck_assert_ptr_nonnull(strstr(wire_heard, "Content-Length: 4\r\n"));
	wire_stop();
}
END_TEST

static size_t long_request(char *ret_text, const char *head, size_t filler, const char *tail)
{
	size_t head_size = strlen(head), tail_size = strlen(tail);
	memcpy(ret_text, head, head_size);
	memset(ret_text + head_size, 'a', filler);
	memcpy(ret_text + head_size + filler, tail, tail_size);
	return head_size + filler + tail_size;
}

START_TEST(everything_has_a_limit)
{
	static char text[WIRE_BODY_MAX * 8];
	static const struct {
		unsigned status;
		const char *head;
		size_t filler;
		const char *tail;
	} rows[] = {
		{200, "GET /", (size_t)19 * 1024, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
		{414, "GET /", (size_t)20 * 1024 + 1, " HTTP/1.1\r\nHost: x\r\n\r\n"},
		{414, "GET /", (size_t)300 * 1024, " HTTP/1.1\r\nHost: x\r\n\r\n"},
		{431, "GET / HTTP/1.1\r\nHost: x\r\nA: ", (size_t)80 * 1024, "\r\n\r\n"},
		{200, "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n",
		 WIRE_BODY_MAX, ""},
		{413, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", WIRE_BODY_MAX + 1, ""},
		{413, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n", 0, ""}, /* at once */
		{413, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n",
		 WIRE_BODY_MAX + 1, "\r\n0\r\n\r\n"},
		{0, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7FFFF\r\n",
		 WIRE_BODY_MAX * 7, ""},
	};
	wire_start(5, 10);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unsigned calls = wire_seen.calls;
		unsigned status = wire_ask(text, long_request(text, rows[i].head, rows[i].filler, rows[i].tail));
		ck_assert_msg(status == rows[i].status, "row %zu: %u", i, status);
		ck_assert_msg(wire_seen.calls == calls + (status == 200), "row %zu reached the handler", i);
	}
	wire_stop();
}
END_TEST

START_TEST(a_slow_drip_is_closed_when_its_time_is_over)
{
	static const char *const begun[] = {"", "G", "GET /x HTTP/1.1\r\nHost: ",
					    "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n"};
	for (size_t i = 0; i < COUNT_OF(begun); i++) {
		wire_start(1, 10);
		int64_t begun_us = moment_monotonic_us();
		int fd = wire_dial();
		wire_say(fd, begun[i], strlen(begun[i]));
		bool closed = false;
		while (!closed) {
			ck_assert_msg(moment_monotonic_us() < begun_us + 5 * MOMENT_SECOND_US,
				      "row %zu: still open", i);
			wire_turn(fd, POLLIN);
			char byte;
			closed = recv(fd, &byte, 1, MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != 0);
			if (begun[i][0] != '\0') {
				send(fd, "a", 1,
				     MSG_DONTWAIT | MSG_NOSIGNAL); /* keeps an idle timeout happy for ever */
				poll(NULL, 0, 50);
			}
		}
		ck_assert_int_ge(moment_monotonic_us() - begun_us, INT64_C(900) * 1000);
		close(fd);
		while (http_counts(wire_http).connections > 0) {
			wire_turn(-1, 0);
		}
		wire_stop();
	}
}
END_TEST

START_TEST(a_connection_serves_one_request_after_the_other)
{
	static const char text[] = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
	wire_start(10, 10);
	int fd = wire_dial();
	bool closed;
	for (unsigned i = 0; i < 3; i++) {
		wire_say(fd, text, sizeof(text) - 1);
		ck_assert_uint_eq(wire_hear(fd, "fine", &closed), 200);
		ck_assert(!closed);
	}
	ck_assert_uint_eq(wire_seen.calls, 3);
	ck_assert_uint_eq(http_counts(wire_http).connections, 1);
	close(fd);
	wire_stop();
}
END_TEST

START_TEST(requests_wait_without_holding_up_one_another)
{
	static const char first[] = "POST /wait/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
	static const char second[] = "GET /wait/2 HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char third[] = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
	wire_start(1, 10);
	int fd[3] = {wire_dial(), wire_dial(), wire_dial()};
	bool closed;
	wire_say(fd[0], first, sizeof(first) - 1);
	wire_say(fd[1], second, sizeof(second) - 1);
	while (wire_seen.waiting_count < 2) {
		wire_turn(-1, 0);
	}
	wire_say(fd[2], third, sizeof(third) - 1);
	ck_assert_uint_eq(wire_hear(fd[2], "fine", &closed), 200);
	int64_t end_us = moment_monotonic_us() +
			 INT64_C(1500) * 1000; /* longer than request_s_max: that one is the client's */
	while (moment_monotonic_us() < end_us) {
		wire_turn(-1, 0);
	}
	wire_answer(1, "two");
	ck_assert_uint_eq(wire_hear(fd[1], "two", &closed), 200);
	wire_answer(0, "one");
	ck_assert_uint_eq(wire_hear(fd[0], "one", &closed), 200);
	ck_assert(!closed);
	for (unsigned i = 0; i < 3; i++) {
		close(fd[i]);
	}
	wire_stop();
}
END_TEST

START_TEST(a_client_that_left_while_waiting_does_no_harm)
{
	static const char text[] = "GET /wait/1 HTTP/1.1\r\nHost: x\r\n\r\n";
	wire_start(10, 10);
	int fd = wire_dial();
	wire_say(fd, text, sizeof(text) - 1);
	while (wire_seen.waiting_count < 1) {
		wire_turn(-1, 0);
	}
	close(fd);
	wire_turn(-1, 0);
	wire_answer(0, "late");
	while (http_counts(wire_http).connections > 0) {
		wire_turn(-1, 0);
	}
	wire_stop();
}
END_TEST

START_TEST(an_end_drops_what_waits)
{
	static const char text[] = "GET /wait/1 HTTP/1.1\r\nHost: x\r\n\r\n";
	wire_start(10, 10);
	int fd = wire_dial();
	wire_say(fd, text, sizeof(text) - 1);
	while (wire_seen.waiting_count < 1) {
		wire_turn(-1, 0);
	}
	wire_stop();
	char byte;
	ck_assert_int_le(recv(fd, &byte, 1, 0), 0);
	close(fd);
}
END_TEST

START_TEST(a_quiesced_server_finishes_but_takes_no_more)
{
	static const char text[] = "GET /wait/1 HTTP/1.1\r\nHost: x\r\n\r\n";
	wire_start(10, 10);
	int fd = wire_dial();
	bool closed;
	wire_say(fd, text, sizeof(text) - 1);
	while (wire_seen.waiting_count < 1) {
		wire_turn(-1, 0);
	}
	http_quiesce(wire_http);
	http_quiesce(wire_http);
	int late = socket(AF_INET, SOCK_STREAM, 0);
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(wire_port()), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_eq(connect(late, (const struct sockaddr *)&address, sizeof(address)), -1);
	wire_answer(0, "done");
	ck_assert_uint_eq(wire_hear(fd, "done", &closed), 200);
	close(fd);
	close(late);
	wire_stop();
}
END_TEST

START_TEST(one_more_takes_the_place_of_the_oldest)
{
	static const char text[] = "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	wire_start(10, 2);
	bool closed;
	int first = wire_dial_seen(1), second = wire_dial_seen(2), third = wire_dial();
	wire_say(third, text, sizeof(text) - 1);
	ck_assert_uint_eq(wire_hear(third, NULL, &closed), 200);
	ck_assert_uint_eq(wire_hear(first, NULL, &closed), 0); /* closed without a word */
	ck_assert_uint_eq(http_counts(wire_http).evicted, 1);
	wire_say(second, text, sizeof(text) - 1);
	ck_assert_uint_eq(wire_hear(second, NULL, &closed), 200);
	close(first);
	close(second);
	close(third);
	wire_stop();
}
END_TEST

START_TEST(one_more_than_the_handler_may_have_waits_in_the_kernel)
{
	static const char waiting[] = "GET /wait/1 HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char text[] = "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	wire_start(10, 2);
	int fd[3];
	bool closed;
	for (unsigned i = 0; i < 2; i++) {
		fd[i] = wire_dial();
		wire_say(fd[i], waiting, sizeof(waiting) - 1);
	}
	while (wire_seen.waiting_count < 2) {
		wire_turn(-1, 0);
	}
	fd[2] = wire_dial();
	wire_say(fd[2], text, sizeof(text) - 1);
	wire_turn(-1, 0); /* a second in which nothing happens, and nothing wakes us */
	struct pollfd polled = {http_fd(wire_http), POLLIN, 0};
	ck_assert_int_eq(poll(&polled, 1, 0), 0);
	ck_assert_uint_eq(wire_seen.calls, 2);
	ck_assert_uint_eq(http_counts(wire_http).connections, 2);
	wire_answer(0, "one");
	ck_assert_uint_eq(wire_hear(fd[2], NULL, &closed), 200);
	for (unsigned i = 0; i < 3; i++) {
		close(fd[i]);
	}
	wire_answer(1, "two");
	wire_stop();
}
END_TEST

START_TEST(addresses_are_numbers)
{
	static const struct {
		const char *listen, *where; /* where: how the real one begins, NULL: refused */
	} rows[] = {
		{"127.0.0.1:0", "127.0.0.1:"}, {"0.0.0.0:0", "0.0.0.0:"},
		{"127.0.0.1", NULL},	       {":80", NULL},
		{"localhost:0", NULL},	       {"127.0.0.1:", NULL},
		{"127.0.0.1:http", NULL},      {"127.0.0.1:70000", NULL},
		{"unix:relative", NULL},       {"", NULL},
		{"192.0.2.1:0", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fail fail;
		const struct http_options options = {.listen = rows[i].listen,
						     .body_size_max = 1,
						     .line_size_max = 1024,
						     .connections_max = 2,
						     .request_s_max = 1};
		struct http *made = http_create(&options, wire_on_request, &wire_seen, &fail);
		ck_assert_msg((made != NULL) == (rows[i].where != NULL), "row %zu: %s", i, rows[i].listen);
		if (made != NULL) {
			ck_assert(strncmp(http_address(made), rows[i].where, strlen(rows[i].where)) == 0);
			ck_assert_str_ne(http_address(made) + strlen(rows[i].where), "0");
		} else {
			ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
		}
		http_destroy(made);
	}
}
END_TEST

START_TEST(a_socket_file_is_taken_over_only_when_nobody_listens)
{
	char folder[] = "/tmp/phased-http-XXXXXX", listen[64];
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(listen, sizeof(listen), "unix:%s/s", folder);
	struct fail fail;
	const struct http_options options = {.listen = listen,
					     .body_size_max = 1,
					     .line_size_max = 1024,
					     .connections_max = 2,
					     .request_s_max = 1};
	struct http *first = http_create(&options, wire_on_request, &wire_seen, &fail);
	ck_assert_msg(first != NULL, "%s", fail.text);
	ck_assert_str_eq(http_address(first), listen);
	ck_assert_ptr_null(http_create(&options, wire_on_request, &wire_seen, &fail));
	http_destroy(first);
	ck_assert_int_ne(access(listen + 5, F_OK), 0);

	int stale = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", listen + 5);
	ck_assert_int_eq(bind(stale, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(stale);
	struct http *second = http_create(&options, wire_on_request, &wire_seen, &fail);
	ck_assert_msg(second != NULL, "%s", fail.text);
	http_destroy(second);
	rmdir(folder);
}
END_TEST

TEST_MAIN("http", a_request_reaches_the_handler_whole, everything_has_a_limit,
	  a_slow_drip_is_closed_when_its_time_is_over, a_connection_serves_one_request_after_the_other,
	  requests_wait_without_holding_up_one_another, a_client_that_left_while_waiting_does_no_harm,
	  an_end_drops_what_waits, a_quiesced_server_finishes_but_takes_no_more,
	  one_more_takes_the_place_of_the_oldest, one_more_than_the_handler_may_have_waits_in_the_kernel,
	  addresses_are_numbers, a_socket_file_is_taken_over_only_when_nobody_listens)

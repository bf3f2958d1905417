/*
 * The usual request, which http_quick.c serves without libmicrohttpd: which one that is, that a handler sees it as it would see it from
 * there, and what becomes of clients that ask for two at once, do not take their answer, or go.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/edge/http_head.h"
#include "core/edge/http_inside.h" /* who has a connection */
#include "tests/edge/http_wire.h"
#include "tests/table.h"

#define POST "POST /x/y-1.z~_ HTTP/1.1\r\n"
#define LONG_ANSWER_SIZE ((size_t)8 * 1024 * 1024)

static const struct {
	bool is_usual;
	const char *text;
} heads[] = {
	{true, POST "Host: x\r\nContent-Length: 3\r\n\r\nabc"},
	{true, POST "Host: x\r\nContent-Length: 0\r\n\r\n"},
	{true, POST "Host:x\r\ncontent-length:3\r\nX-Test: there and\tthere\r\nConnection: Keep-Alive\r\n\r\nabc"},
	{true, POST "Host: x\r\nX-Test:\r\nX-Test: \r\nContent-Length: 3\r\n\r\nabc"},
	{true, POST "Host: x\r\nX-Test: first\r\nx-test: second\r\nContent-Length: 3\r\n\r\nabc"},
	{true, POST "Host: x\r\nX-Test: b\xc3\xa5t:a\r\nContent-Length: 3\r\n\r\nabc"},
	{false, POST "Host: x\r\n\r\n"},
	{false, POST "Host: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"},
	{false, POST "Host: x\r\nContent-Length: 3\r\nConnection: keep-alive, close\r\n\r\nabc"},
	{false, POST "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
	{false, POST "Host: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"},
	{false, POST "Host: x\r\nContent-Length: 3\r\nUpgrade: h2c\r\n\r\nabc"},
	{false, POST "Host: x\r\nContent-Length: 3\r\nX-Test:  two spaces\r\n\r\nabc"},
	{false, POST "Host: x\r\nContent-Length: 3\r\nX-Test: behind \r\n\r\nabc"},
	{false, POST "Host: x\r\nContent-Length: 3\r\nX-Test: folded\r\n and on\r\n\r\nabc"},
	{false, POST "Host: x\nContent-Length: 3\r\n\r\nabc"},
	{false, POST "Host: x\r\nContent-Length: 3\r\n\nabc"},
	{false, POST "\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"},
	{false, POST "Host: x\r\nno colon\r\nContent-Length: 3\r\n\r\nabc"},
	{false, POST "Host: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
	{false, POST "Content-Length: 3\r\n\r\nabc"},
	{false, "\r\n" POST "Host: x\r\nContent-Length: 3\r\n\r\nabc"},
	{false, "GET /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
	{false, "POST /x?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"},
	{false, "POST /x%20y HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"},
	{false, "POST http://x/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"},
	{false, "POST  /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"},
	{false, "POST /x HTTP/1.0\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"},
	{false, "POST /x\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"},
	{false, "post /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"},
};

START_TEST(a_usual_head_is_told_from_others)
{
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		char bytes[512];
		struct http_head head;
		size_t size = strlen(heads[i].text);
		memcpy(bytes, heads[i].text, size + 1);
		ck_assert_msg(http_head_read(bytes, size, &head) == heads[i].is_usual, "row %zu", i);
		for (size_t cut = 0; heads[i].is_usual && cut < size; cut++) { /* and no part of it is one */
			char *part = malloc(
				cut > 0 ? cut : 1); /* of this size, so that a sanitizer sees a byte too many */
			if (part == NULL) {
				ck_abort_msg("no memory");
			}
			memcpy(part, heads[i].text, cut);
			ck_assert_msg(!http_head_read(part, cut, &head) || cut >= head.size, "row %zu, %zu", i,
				      cut);
			free(part);
		}
	}
}
END_TEST

static unsigned ask(const char *text, bool whole, struct wire_seen *ret_seen, bool *ret_handed_on)
{
	int fd = wire_dial_seen(1);
	bool closed;
	if (!whole) {
		wire_say(fd, text, 1);
		while (wire_http->handed_on == 0) {
			wire_turn(-1, 0);
		}
	}
	wire_say(fd, text + !whole, strlen(text) - !whole);
	unsigned status = wire_hear(fd, "fine", &closed);
	*ret_seen = wire_seen;
	/* What is usual is not closed, and others may be already. */
	bool may_be_closed = closed || strstr(text, "close") != NULL || strstr(text, "HTTP/1.0") != NULL;
	*ret_handed_on = may_be_closed || wire_http->handed_on > 0;
	close(fd);
	while (http_counts(wire_http).connections > 0) {
		wire_turn(-1, 0);
	}
	return status;
}

START_TEST(a_handler_sees_the_same_however_the_request_came)
{
	wire_start(10, 10);
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		struct wire_seen whole, apart;
		bool is_handed_on, is_apart_handed_on;
		unsigned calls = wire_seen.calls;
		unsigned status = ask(heads[i].text, true, &whole, &is_handed_on);
		unsigned apart_status = ask(heads[i].text, false, &apart, &is_apart_handed_on);
		ck_assert_msg(status == apart_status, "row %zu: %u, %u", i, status, apart_status);
		ck_assert_msg(is_handed_on == !heads[i].is_usual && is_apart_handed_on, "row %zu", i);
		ck_assert_msg(whole.calls - calls == apart.calls - whole.calls, "row %zu", i);
		ck_assert_str_eq(whole.method, apart.method);
		ck_assert_str_eq(whole.path, apart.path);
		ck_assert_str_eq(whole.header, apart.header);
		ck_assert_str_eq(whole.arguments, apart.arguments);
		ck_assert_uint_eq(whole.body_size, apart.body_size);
		ck_assert_uint_eq(whole.body_sum, apart.body_sum);
		ck_assert_uint_eq(whole.client.family, apart.client.family);
	}
	wire_stop();
}
END_TEST

static size_t large_post(char *ret_text, size_t head_more, size_t body_size)
{
	int used = snprintf(ret_text, 10000, POST "Host: x\r\nContent-Length: %zu\r\nA: %0*d\r\n\r\n", body_size,
			    (int)head_more, 0);
	memset(ret_text + used, 'a', body_size);
	return (size_t)used + body_size;
}

START_TEST(what_is_large_is_left_to_others)
{
	static char text[(size_t)100 * 1024];
	static const struct {
		size_t head_more, body_size;
		unsigned status;
	} rows[] = {
		{1, 16000, 200}, {1, 60000, 200}, {7000, 100, 200}, {9000, 100, 200}, {1, WIRE_BODY_MAX + 1, 413},
	};
	wire_start(10, 10);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t size = large_post(text, rows[i].head_more, rows[i].body_size);
		int fd = wire_dial_seen(1);
		bool closed;
		wire_say(fd, text, size);
		ck_assert_msg(wire_hear(fd, "fine", &closed) == rows[i].status, "row %zu", i);
		ck_assert_msg(rows[i].status != 200 || wire_seen.body_size == rows[i].body_size, "row %zu", i);
		close(fd);
		while (http_counts(wire_http).connections > 0) {
			wire_turn(-1, 0);
		}
	}
	wire_stop();
}
END_TEST

START_TEST(bodies_have_their_limit_all_together)
{
	static const char waits[] = "POST /wait/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
	static const char next[] = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
	wire_start_with(&(struct http_options){.bodies_size_max = 5});
	int fd[2] = {wire_dial(), wire_dial()};
	bool closed;
	wire_say(fd[0], waits, sizeof(waits) - 1);
	while (wire_seen.waiting_count < 1) {
		wire_turn(-1, 0);
	}
	wire_say(fd[1], next, sizeof(next) - 1);
	ck_assert_uint_eq(wire_hear(fd[1], NULL, &closed), 503);
	size_t size;
	const char *body = http_body(wire_seen.waiting[0], &size); /* is there as long as it waits */
	ck_assert(size == 3 && memcmp(body, "abc", 3) == 0);
	http_drop_body(wire_seen.waiting[0]);
	wire_answer(0, "late");
	ck_assert_uint_eq(wire_hear(fd[0], "late", &closed), 200);
	close(fd[0]);
	close(fd[1]);
	wire_stop();
}
END_TEST

START_TEST(requests_behind_one_another_are_answered_in_turn)
{
	static const char both[] = "POST /wait/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
				   "POST /y HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
				   "GET /z?a=1 HTTP/1.1\r\nHost: x\r\n\r\n";
	wire_start(10, 10);
	int fd = wire_dial();
	bool closed;
	wire_say(fd, both, sizeof(both) - 1);
	while (wire_seen.waiting_count < 1) {
		wire_turn(-1, 0);
	}
	ck_assert_uint_eq(wire_seen.calls, 1);
	ck_assert_str_eq(wire_seen.path, "/wait/1");
	wire_answer(0, "late");
	int64_t end_us = moment_monotonic_us() + WIRE_WAIT_US;
	while (wire_seen.calls < 3) {
		ck_assert_int_lt(moment_monotonic_us(), end_us);
		wire_turn(-1, 0);
	}
	ck_assert_str_eq(wire_seen.path, "/z");
	ck_assert_str_eq(wire_seen.argument, "1");
	ck_assert_uint_eq(wire_hear(fd, "fine", &closed), 200);
	const char *late = strstr(wire_heard, "late"), *fine = strstr(wire_heard, "fine");
	ck_assert(late != NULL && fine != NULL && late < fine);
	close(fd);
	wire_stop();
}
END_TEST

/* What is behind a request is looked at, also where that one fills all that is peeked at. */
START_TEST(a_request_behind_one_that_fills_the_room_is_answered)
{
	static char text[2 * HTTP_PEEKED_SIZE];
	char head[128];
	size_t body_size = HTTP_PEEKED_SIZE;
	int used;
	do { /* its length stands in it */
		body_size--;
		used = snprintf(head, sizeof(head), "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
				body_size);
	} while ((size_t)used + body_size > HTTP_PEEKED_SIZE);
	memcpy(text, head, (size_t)used);
	memset(text + used, 'a', body_size);
	ck_assert_uint_eq((size_t)used + body_size, HTTP_PEEKED_SIZE);
	static const char next[] = "POST /y HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
	size_t size = HTTP_PEEKED_SIZE + strlen(next);
	ck_assert_uint_le(size, sizeof(text));
	memcpy(text + HTTP_PEEKED_SIZE, next, strlen(next));
	wire_start(10, 10);
	int fd = wire_dial();
	wire_say(fd, text, size); /* both are there before the server looks */
	int64_t end_us = moment_monotonic_us() + WIRE_WAIT_US;
	while (wire_seen.calls < 2) {
		ck_assert_int_lt(moment_monotonic_us(), end_us);
		wire_turn(-1, 0);
	}
	ck_assert_str_eq(wire_seen.path, "/y");
	close(fd);
	wire_stop();
}
END_TEST

static char *long_answer(void)
{
	char *text = malloc(LONG_ANSWER_SIZE + 1);
	ck_assert_ptr_nonnull(text);
	memset(text, 'a', LONG_ANSWER_SIZE);
	text[LONG_ANSWER_SIZE] = '\0';
	return text;
}

/* A client that has asked, and whose answer does not fit between it and us. */
static int wait_for_long_answer(void)
{
	static const char text[] = "POST /wait/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
	int fd = wire_dial();
	wire_say(fd, text, sizeof(text) - 1);
	while (wire_seen.waiting_count < 1) {
		wire_turn(-1, 0);
	}
	char *answer = long_answer();
	http_answer(wire_seen.waiting[0], 200, NULL, answer, LONG_ANSWER_SIZE);
	wire_seen.waiting_count = 0;
	free(answer);
	ck_assert_uint_eq(http_open(wire_http), 1);
	return fd;
}

START_TEST(an_answer_that_is_fetched_slowly_arrives_whole)
{
	static const char again[] = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
	static char room[65536];
	wire_start(20, 10);
	int fd = wait_for_long_answer();
	size_t heard = 0, head_size = 0;
	int64_t end_us = moment_monotonic_us() + WIRE_WAIT_US;
	while (heard - head_size < LONG_ANSWER_SIZE) {
		ck_assert_int_lt(moment_monotonic_us(), end_us);
		ssize_t got = recv(fd, room, heard == 0 ? 512 : sizeof(room), MSG_DONTWAIT);
		if (got > 0 && heard == 0) {
			room[got - 1] = '\0';
			ck_assert_ptr_nonnull(strstr(room, "\r\n\r\n"));
			head_size = (size_t)(strstr(room, "\r\n\r\n") + 4 - room);
		}
		heard += got > 0 ? (size_t)got : 0;
		wire_turn(fd, POLLIN);
	}
	ck_assert_uint_eq(heard - head_size, LONG_ANSWER_SIZE);
	ck_assert_uint_eq(http_open(wire_http), 0);
	bool closed;
	wire_say(fd, again, sizeof(again) - 1); /* and the connection goes on */
	ck_assert_uint_eq(wire_hear(fd, "fine", &closed), 200);
	close(fd);
	wire_stop();
}
END_TEST

START_TEST(who_does_not_fetch_an_answer_is_cut)
{
	wire_start(1, 10);
	int fd = wait_for_long_answer();
	int64_t end_us = moment_monotonic_us() + WIRE_WAIT_US;
	while (http_counts(wire_http).connections > 0) {
		ck_assert_int_lt(moment_monotonic_us(), end_us);
		wire_turn(-1, 0);
	}
	ck_assert_uint_eq(http_counts(wire_http).late, 1);
	ck_assert_uint_eq(http_open(wire_http), 0);
	close(fd);
	wire_stop();
}
END_TEST

START_TEST(who_goes_is_let_go)
{
	static const char text[] = "POST /wait/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
	static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	for (unsigned way = 0; way < 4; way++) { /* by an end or a reset; before it has its answer or after */
		wire_start(10, 10);
		wire_seen.waiting_count = 0;
		int fd = wire_dial();
		wire_say(fd, text, sizeof(text) - 1);
		if ((way & 1) != 0) {
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		}
		while (wire_seen.waiting_count < 1) {
			wire_turn(-1, 0);
		}
		if ((way & 2) != 0) {
			wire_answer(0, "late");
			close(fd);
		} else {
			close(fd);
			wire_turn(-1, 0);
			wire_answer(0, "late");
		}
		int64_t end_us = moment_monotonic_us() +
				 WIRE_WAIT_US / 4; /* it is not the time for a next request that ends it */
		while (http_counts(wire_http).connections > 0) {
			ck_assert_msg(moment_monotonic_us() < end_us, "way %u", way);
			wire_turn(-1, 0);
		}
		ck_assert_uint_eq(http_open(wire_http), 0);
		wire_stop();
	}
}
END_TEST

START_TEST(an_end_lets_go_of_all)
{
	static const char text[] = "POST /wait/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
	wire_start(10, 10);
	int fd[] = {wire_dial(), wire_dial_seen(2), wait_for_long_answer()};
	wire_say(fd[0], text, sizeof(text) - 1);
	while (wire_seen.waiting_count < 1) {
		wire_turn(-1, 0);
	}
	wire_stop();
	for (size_t i = 0; i < COUNT_OF(fd); i++) {
		close(fd[i]);
	}
}
END_TEST

TEST_MAIN("http quick", a_usual_head_is_told_from_others, a_handler_sees_the_same_however_the_request_came,
	  what_is_large_is_left_to_others, bodies_have_their_limit_all_together,
	  requests_behind_one_another_are_answered_in_turn, a_request_behind_one_that_fills_the_room_is_answered,
	  an_answer_that_is_fetched_slowly_arrives_whole, who_does_not_fetch_an_answer_is_cut, who_goes_is_let_go,
	  an_end_lets_go_of_all)

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
#include "tests/table.h"

#define BODY_MAX ((size_t)64 * 1024)
#define LINE_MAX_SIZE ((size_t)20 * 1024)
#define WAIT_US (20 * MOMENT_SECOND_US)

/* What the handler saw last, and the requests it keeps waiting. */
static struct {
	unsigned calls;
	char method[16], path[64], header[64], argument[64], arguments[256];
	size_t body_size;
	unsigned body_sum;
	struct http_request *waiting[8];
	unsigned waiting_count;
} seen;

static struct http *http;
static int due_ms;

static void note_argument(void *context, const char *name, const char *value)
{
	(void)context;
	size_t used = strlen(seen.arguments);
	snprintf(seen.arguments + used, sizeof(seen.arguments) - used, "%s=%s;", name, value);
}

/* Paths under /wait/ are answered later, all others at once. */
static void on_request(void *context, struct http_request *request)
{
	ck_assert_ptr_eq(context, &seen);
	seen.calls++;
	seen.arguments[0] = '\0';
	snprintf(seen.method, sizeof(seen.method), "%s", http_method(request));
	snprintf(seen.path, sizeof(seen.path), "%s", http_path(request));
	snprintf(seen.header, sizeof(seen.header), "%s", http_header(request, "x-test"));
	snprintf(seen.argument, sizeof(seen.argument), "%s",
		 http_argument(request, "a") != NULL ? http_argument(request, "a") : "(none)");
	http_arguments(request, note_argument, NULL);
	const char *body = http_body(request, &seen.body_size);
	seen.body_sum = 0;
	for (size_t i = 0; i < seen.body_size; i++) {
		seen.body_sum += (unsigned char)body[i];
	}
	if (strncmp(seen.path, "/wait/", 6) == 0) {
		http_set_user(request, &seen);
		seen.waiting[seen.waiting_count++] = request;
		return;
	}
	static const char *const headers[] = {"Content-Type", "text/plain", "X-Answer", "yes", NULL};
	http_answer(request, 200, headers, "fine", 4);
}

static void start(unsigned request_s_max, unsigned connections_max)
{
	struct fail fail;
	const struct http_options options = {.listen = "127.0.0.1:0",
					     .body_size_max = BODY_MAX,
					     .line_size_max = LINE_MAX_SIZE,
					     .connections_max = connections_max,
					     .request_s_max = request_s_max};
	http = http_create(&options, on_request, &seen, &fail);
	ck_assert_msg(http != NULL, "%s", fail.text);
	due_ms = http_run(http);
}

static void stop(void)
{
	http_destroy(http);
	http = NULL;
}

/* The number behind "…:". */
static uint16_t port_of(const char *address)
{
	const char *colon = strrchr(address, ':');
	ck_assert_ptr_nonnull(colon);
	return (uint16_t)strtoul(colon + 1, NULL, 10);
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port_of(http_address(http))),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* One turn of a loop: waits for the server's descriptor or for `fd`. */
static void turn(int fd, short events)
{
	struct pollfd polled[2] = {{http_fd(http), POLLIN, 0}, {fd, events, 0}};
	int wait_ms = due_ms >= 0 && due_ms < 1000 ? due_ms : 1000;
	poll(polled, fd >= 0 ? 2 : 1, wait_ms);
	due_ms = http_run(http);
}

/* Until the server has accepted it as well. */
static int dial_seen(unsigned connections)
{
	int fd = dial();
	while (http_counts(http).connections < connections) {
		turn(-1, 0);
	}
	return fd;
}

static void say(int fd, const char *bytes, size_t size)
{
	int64_t end_us = moment_monotonic_us() + WAIT_US;
	while (size > 0) {
		ck_assert_msg(moment_monotonic_us() < end_us, "the server does not read");
		ssize_t sent = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			return; /* refused early: the answer says it */
		}
		if (sent > 0) {
			bytes += sent;
			size -= (size_t)sent;
		}
		turn(fd, POLLOUT);
	}
}

static char heard[8192];

/* Reads until the text ends with `mark` behind the head, or the server closes. Returns the status, 0: closed without. */
static unsigned hear(int fd, const char *mark, bool *ret_closed)
{
	size_t used = 0;
	int64_t end_us = moment_monotonic_us() + WAIT_US;
	*ret_closed = false;
	heard[0] = '\0';
	while (!*ret_closed) {
		ck_assert_msg(moment_monotonic_us() < end_us, "no answer: \"%s\"", heard);
		turn(fd, POLLIN);
		ssize_t got = recv(fd, heard + used, sizeof(heard) - 1 - used, MSG_DONTWAIT);
		if (got > 0) {
			used += (size_t)got;
			heard[used] = '\0';
			const char *body = strstr(heard, "\r\n\r\n");
			if (mark != NULL && body != NULL && strstr(body, mark) != NULL) {
				break;
			}
		}
		*ret_closed = got == 0 || (got < 0 && errno != EAGAIN);
	}
	static const char version[] = "HTTP/1.1 ";
	unsigned status = 0;
	if (strncmp(heard, version, sizeof(version) - 1) == 0) {
		status = (unsigned)strtoul(heard + sizeof(version) - 1, NULL, 10);
	}
	return status;
}

static unsigned ask(const char *bytes, size_t size)
{
	int fd = dial();
	bool closed;
	say(fd, bytes, size);
	unsigned status = hear(fd, NULL, &closed);
	close(fd);
	return status;
}

START_TEST(a_request_reaches_the_handler_whole)
{
	static const char text[] = "POST /some%20path?a=1%262&b&c=x+y HTTP/1.1\r\nHost: x\r\nX-Test: there\r\n"
				   "Content-Length: 5\r\nConnection: close\r\n\r\nhello";
	start(10, 10);
	ck_assert_uint_eq(ask(text, sizeof(text) - 1), 200);
	ck_assert_str_eq(seen.method, "POST");
	ck_assert_str_eq(seen.path, "/some path");
	ck_assert_str_eq(seen.header, "there");
	ck_assert_str_eq(seen.argument, "1&2");
	ck_assert_str_eq(seen.arguments, "a=1&2;b=;c=x y;");
	ck_assert_uint_eq(seen.body_size, 5);
	ck_assert_uint_eq(seen.body_sum, 'h' + 'e' + 'l' + 'l' + 'o');
	ck_assert_ptr_nonnull(strstr(heard, "X-Answer: yes\r\n"));
	ck_assert_ptr_nonnull(strstr(heard, "Content-Length: 4\r\n"));
	stop();
}
END_TEST

START_TEST(what_two_readers_could_read_differently_is_refused)
{
#define POST "POST /x HTTP/1.1\r\n"
	static const struct {
		unsigned status; /* 0: closed without a word is as good as 400 */
		const char *text;
	} rows[] = {
		{200, POST "Host: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"},
		{200,
		 POST "Host: x\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
		{200, "GET /x HTTP/1.0\r\n\r\n"},
		{400, POST "Host: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
		{400, POST "Host: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
		{400, POST "Host: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{400, POST "Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
		{400, POST "Host: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
		{400, POST "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
		{400, POST "Host: x\r\nTransfer-Encoding: identity\r\n\r\n"},
		{400, POST "Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{400, "POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{400, POST "Host: x\r\nContent-Length: +3\r\n\r\nabc"},
		{400, POST "Host: x\r\nContent-Length: 3, 3\r\n\r\nabc"},
		{400, POST "Host: x\r\nContent-Length: 0x3\r\n\r\nabc"},
		{400, POST "Host: x\r\nContent-Length: -1\r\n\r\nabc"},
		{413, POST
		 "Host: x\r\nContent-Length: 99999999999999999999\r\n\r\nabc"}, /* libmicrohttpd's own answer */
		{400, POST "Host: x\r\nHost: y\r\n\r\n"},
		{400, POST "Content-Length: 0\r\n\r\n"},
		{400, POST "Host: x\r\nContent-Length : 3\r\n\r\nabc"},
		{400, POST "Host : x\r\nContent-Length: 3\r\n\r\nabc"},
		{400, POST "Host: x\r\nA\x01: b\r\n\r\n"},
		{400, POST "Host: x\r\nA: b\x01\r\n\r\n"},
		{400, "GET /x%00y HTTP/1.1\r\nHost: x\r\n\r\n"},
		{400, "GET /x?a=b%00c HTTP/1.1\r\nHost: x\r\n\r\n"},
		{0, "GET\r\n\r\n"},
		{505, "GET /x HTTP/2.0\r\nHost: x\r\n\r\n"},
	};
	start(5, 10);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unsigned calls = seen.calls;
		unsigned status = ask(rows[i].text, strlen(rows[i].text));
		ck_assert_msg(status == rows[i].status, "row %zu: %u: %s", i, status, heard);
		ck_assert_msg(seen.calls == calls + (status == 200), "row %zu reached the handler", i);
	}
	ck_assert_uint_eq(http_counts(http).refused, 15);
	stop();
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
	static char text[BODY_MAX * 8];
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
		 BODY_MAX, ""},
		{413, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", BODY_MAX + 1, ""},
		{413, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n", 0, ""}, /* at once */
		{413, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n", BODY_MAX + 1,
		 "\r\n0\r\n\r\n"},
		{0, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7FFFF\r\n", BODY_MAX * 7,
		 ""},
	};
	start(5, 10);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unsigned calls = seen.calls;
		unsigned status = ask(text, long_request(text, rows[i].head, rows[i].filler, rows[i].tail));
		ck_assert_msg(status == rows[i].status, "row %zu: %u", i, status);
		ck_assert_msg(seen.calls == calls + (status == 200), "row %zu reached the handler", i);
	}
	stop();
}
END_TEST

START_TEST(a_slow_drip_is_closed_when_its_time_is_over)
{
	static const char *const begun[] = {"", "G", "GET /x HTTP/1.1\r\nHost: ",
					    "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n"};
	for (size_t i = 0; i < COUNT_OF(begun); i++) {
		start(1, 10);
		int64_t begun_us = moment_monotonic_us();
		int fd = dial();
		say(fd, begun[i], strlen(begun[i]));
		bool closed = false;
		while (!closed) {
			ck_assert_msg(moment_monotonic_us() < begun_us + 5 * MOMENT_SECOND_US,
				      "row %zu: still open", i);
			turn(fd, POLLIN);
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
		while (http_counts(http).connections > 0) {
			turn(-1, 0);
		}
		stop();
	}
}
END_TEST

START_TEST(a_connection_serves_one_request_after_the_other)
{
	static const char text[] = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
	start(10, 10);
	int fd = dial();
	bool closed;
	for (unsigned i = 0; i < 3; i++) {
		say(fd, text, sizeof(text) - 1);
		ck_assert_uint_eq(hear(fd, "fine", &closed), 200);
		ck_assert(!closed);
	}
	ck_assert_uint_eq(seen.calls, 3);
	ck_assert_uint_eq(http_counts(http).connections, 1);
	close(fd);
	stop();
}
END_TEST

static void answer_waiting(unsigned which, const char *body)
{
	struct http_request *request = seen.waiting[which];
	ck_assert_ptr_eq(http_user(request), &seen);
	http_answer(request, 200, NULL, body, strlen(body));
	struct pollfd polled = {http_fd(http), POLLIN, 0};
	ck_assert_msg(poll(&polled, 1, 0) == 1, "an answer does not wake the loop");
}

START_TEST(requests_wait_without_holding_up_one_another)
{
	static const char first[] = "POST /wait/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
	static const char second[] = "GET /wait/2 HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char third[] = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
	start(1, 10);
	int fd[3] = {dial(), dial(), dial()};
	bool closed;
	say(fd[0], first, sizeof(first) - 1);
	say(fd[1], second, sizeof(second) - 1);
	while (seen.waiting_count < 2) {
		turn(-1, 0);
	}
	say(fd[2], third, sizeof(third) - 1);
	ck_assert_uint_eq(hear(fd[2], "fine", &closed), 200);
	int64_t end_us = moment_monotonic_us() +
			 INT64_C(1500) * 1000; /* longer than request_s_max: that one is the client's */
	while (moment_monotonic_us() < end_us) {
		turn(-1, 0);
	}
	answer_waiting(1, "two");
	ck_assert_uint_eq(hear(fd[1], "two", &closed), 200);
	answer_waiting(0, "one");
	ck_assert_uint_eq(hear(fd[0], "one", &closed), 200);
	ck_assert(!closed);
	for (unsigned i = 0; i < 3; i++) {
		close(fd[i]);
	}
	stop();
}
END_TEST

START_TEST(a_client_that_left_while_waiting_does_no_harm)
{
	static const char text[] = "GET /wait/1 HTTP/1.1\r\nHost: x\r\n\r\n";
	start(10, 10);
	int fd = dial();
	say(fd, text, sizeof(text) - 1);
	while (seen.waiting_count < 1) {
		turn(-1, 0);
	}
	close(fd);
	turn(-1, 0);
	answer_waiting(0, "late");
	while (http_counts(http).connections > 0) {
		turn(-1, 0);
	}
	stop();
}
END_TEST

START_TEST(an_end_drops_what_waits)
{
	static const char text[] = "GET /wait/1 HTTP/1.1\r\nHost: x\r\n\r\n";
	start(10, 10);
	int fd = dial();
	say(fd, text, sizeof(text) - 1);
	while (seen.waiting_count < 1) {
		turn(-1, 0);
	}
	stop();
	char byte;
	ck_assert_int_le(recv(fd, &byte, 1, 0), 0);
	close(fd);
}
END_TEST

START_TEST(a_quiesced_server_finishes_but_takes_no_more)
{
	static const char text[] = "GET /wait/1 HTTP/1.1\r\nHost: x\r\n\r\n";
	start(10, 10);
	int fd = dial();
	bool closed;
	say(fd, text, sizeof(text) - 1);
	while (seen.waiting_count < 1) {
		turn(-1, 0);
	}
	http_quiesce(http);
	http_quiesce(http);
	int late = socket(AF_INET, SOCK_STREAM, 0);
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port_of(http_address(http))),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_eq(connect(late, (const struct sockaddr *)&address, sizeof(address)), -1);
	answer_waiting(0, "done");
	ck_assert_uint_eq(hear(fd, "done", &closed), 200);
	close(fd);
	close(late);
	stop();
}
END_TEST

START_TEST(one_more_takes_the_place_of_the_oldest)
{
	static const char text[] = "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	start(10, 2);
	bool closed;
	int first = dial_seen(1), second = dial_seen(2), third = dial();
	say(third, text, sizeof(text) - 1);
	ck_assert_uint_eq(hear(third, NULL, &closed), 200);
	ck_assert_uint_eq(hear(first, NULL, &closed), 0); /* closed without a word */
	ck_assert_uint_eq(http_counts(http).evicted, 1);
	say(second, text, sizeof(text) - 1);
	ck_assert_uint_eq(hear(second, NULL, &closed), 200);
	close(first);
	close(second);
	close(third);
	stop();
}
END_TEST

START_TEST(one_more_than_the_handler_may_have_waits_in_the_kernel)
{
	static const char waiting[] = "GET /wait/1 HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char text[] = "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	start(10, 2);
	int fd[3];
	bool closed;
	for (unsigned i = 0; i < 2; i++) {
		fd[i] = dial();
		say(fd[i], waiting, sizeof(waiting) - 1);
	}
	while (seen.waiting_count < 2) {
		turn(-1, 0);
	}
	fd[2] = dial();
	say(fd[2], text, sizeof(text) - 1);
	turn(-1, 0); /* a second in which nothing happens, and nothing wakes us */
	struct pollfd polled = {http_fd(http), POLLIN, 0};
	ck_assert_int_eq(poll(&polled, 1, 0), 0);
	ck_assert_uint_eq(seen.calls, 2);
	ck_assert_uint_eq(http_counts(http).connections, 2);
	answer_waiting(0, "one");
	ck_assert_uint_eq(hear(fd[2], NULL, &closed), 200);
	for (unsigned i = 0; i < 3; i++) {
		close(fd[i]);
	}
	answer_waiting(1, "two");
	stop();
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
		struct http *made = http_create(&options, on_request, &seen, &fail);
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
	struct http *first = http_create(&options, on_request, &seen, &fail);
	ck_assert_msg(first != NULL, "%s", fail.text);
	ck_assert_str_eq(http_address(first), listen);
	ck_assert_ptr_null(http_create(&options, on_request, &seen, &fail));
	http_destroy(first);
	ck_assert_int_ne(access(listen + 5, F_OK), 0);

	int stale = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", listen + 5);
	ck_assert_int_eq(bind(stale, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(stale);
	struct http *second = http_create(&options, on_request, &seen, &fail);
	ck_assert_msg(second != NULL, "%s", fail.text);
	http_destroy(second);
	rmdir(folder);
}
END_TEST

TEST_MAIN("http", a_request_reaches_the_handler_whole, what_two_readers_could_read_differently_is_refused,
	  everything_has_a_limit, a_slow_drip_is_closed_when_its_time_is_over,
	  a_connection_serves_one_request_after_the_other, requests_wait_without_holding_up_one_another,
	  a_client_that_left_while_waiting_does_no_harm, an_end_drops_what_waits,
	  a_quiesced_server_finishes_but_takes_no_more, one_more_takes_the_place_of_the_oldest,
	  one_more_than_the_handler_may_have_waits_in_the_kernel, addresses_are_numbers,
	  a_socket_file_is_taken_over_only_when_nobody_listens)

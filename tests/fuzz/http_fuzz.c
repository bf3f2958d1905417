/*
 * Any bytes to the HTTP server, libmicrohttpd and all, over a socket. The first byte says in how many pieces they come and
 * whether the handler answers at once. Beyond not crashing: what reaches the handler is whole, within its limits and
 * with nothing behind a NUL in its first line; each request that reached it is answered once; when the client has gone nothing is left;
 * and what http_quick.c reads is what libmicrohttpd reads of the same bytes, which has them when the first comes alone.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/gzip.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/edge/http_inside.h" /* whose a request is */
#include "tests/fuzz/fuzz.h"

#define BODY_MAX ((size_t)16 * 1024)
#define LINE_MAX_SIZE ((size_t)4 * 1024)
#define INFLATED_MAX ((size_t)64 * 1024)
#define WAITING_MAX 8
#define PATIENCE_US (5 * MOMENT_SECOND_US)

enum flag { FLAG_LATER = 1, FLAG_PIECES = 6 };

static struct {
	struct http *http;
	struct arena arena;
	struct http_request *waiting[WAITING_MAX];
	unsigned waiting_count;
	unsigned calls, answers;
	bool later;
	/* How many requests http_quick.c had, which are the first ones, and what the sum was then. */
	unsigned quick_calls;
	uint64_t quick_sum;
	/* The sum after so many calls. */
	unsigned awaited_calls;
	uint64_t awaited_sum;
} server;

static uint64_t text_sum; /* of all that the handler saw */

static void see(const char *text)
{
	text_sum = hash_stir(text_sum, text, strlen(text));
}

static void on_argument(void *context, const char *name, const char *value)
{
	(void)context;
	see(name);
	see(value);
}

static void answer(struct http_request *request)
{
	static const char *const headers[] = {"Content-Type", "text/plain", NULL};
	server.answers++;
	http_answer(request, 200, headers, "fine", 4);
}

static void on_request(void *context, struct http_request *request)
{
	size_t size, inflated_size;
	const char *body = http_body(request, &size);
	char *inflated;
	(void)context;
	server.calls++;
	CHECK(size <= BODY_MAX && strlen(http_path(request)) <= LINE_MAX_SIZE);
	CHECK(http_method(request)[0] != '\0');
	see(http_method(request));
	see(http_path(request));
	see(http_header(request, "Host"));
	see(http_argument(request, "a") != NULL ? http_argument(request, "a") : "");
	http_arguments(request, on_argument, NULL);
	text_sum = hash_stir(text_sum, body, size);
	if (request->mhd == NULL) {
		server.quick_calls = server.calls;
		server.quick_sum = text_sum;
	}
	if (server.calls == server.awaited_calls) {
		server.awaited_sum = text_sum;
	}
	if (gzip_inflate(body, size, INFLATED_MAX, &server.arena, &inflated, &inflated_size) == GZIP_DONE) {
		CHECK(inflated_size <= INFLATED_MAX && inflated[inflated_size] == '\0');
	}
	if (server.later && server.waiting_count < WAITING_MAX) {
		http_drop_body(request);
		server.waiting[server.waiting_count++] = request;
		return;
	}
	answer(request);
}

static void start(void)
{
	char listen[64];
	struct fail fail;
	snprintf(listen, sizeof(listen), "unix:/tmp/phased-fuzz-http-%d", (int)getpid());
	const struct http_options options = {.listen = listen,
					     .body_size_max = BODY_MAX,
					     .bodies_size_max = 4 * BODY_MAX,
					     .line_size_max = LINE_MAX_SIZE,
					     .connections_max = 4,
					     .request_s_max = 60};
	CHECK(arena_init(&server.arena, (size_t)1 << 20));
	server.http = http_create(&options, on_request, NULL, &fail);
	CHECK(server.http != NULL);
}

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/phased-fuzz-http-%d", (int)getpid());
	CHECK(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

/* One turn of a loop; what waited is answered in the next one. Returns false when the client has been closed on. */
static bool turn(int fd)
{
	char room[4096];
	http_run(server.http);
	for (unsigned i = 0; i < server.waiting_count; i++) {
		answer(server.waiting[i]);
	}
	server.waiting_count = 0;
	return fd < 0 || recv(fd, room, sizeof(room), 0) != 0;
}

/* Not so while it waits for the rest of a request, which it may until request_s_max. */
static bool is_busy(void)
{
	struct pollfd polled = {http_fd(server.http), POLLIN, 0};
	return server.waiting_count > 0 || poll(&polled, 1, 0) > 0;
}

static void say(int fd, const uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
		}
		if (!turn(fd)) {
			return;
		}
	}
}

/* Sends it in so many pieces, with its first byte apart or not, and waits until all is over. */
static void serve(const uint8_t *data, size_t size, size_t pieces, bool apart)
{
	arena_reset(&server.arena, (size_t)1 << 20);
	server.calls = server.answers = 0;
	text_sum = 0;
	int fd = dial();
	int64_t end_us = moment_monotonic_us() + PATIENCE_US;
	if (apart && size > 0) {
		say(fd, data, 1);
		while (server.http->handed_on == 0 && turn(fd)) { /* until libmicrohttpd has it */
			CHECK(moment_monotonic_us() < end_us);
		}
		data++, size--;
	}
	for (size_t i = pieces; i > 0; i--) {
		say(fd, data, size / i);
		data += size / i;
		size -= size / i;
	}
	shutdown(fd, SHUT_WR);
	while (turn(fd) && is_busy()) {
		CHECK(moment_monotonic_us() < end_us);
	}
	close(fd);
	while (http_counts(server.http).connections > 0) {
		turn(-1);
		CHECK(moment_monotonic_us() < end_us);
	}
	CHECK(http_open(server.http) == 0 && server.answers == server.calls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (server.http == NULL) {
		start();
	}
	if (size == 0) {
		return 0;
	}
	server.later = data[0] & FLAG_LATER;
	size_t pieces = 1 + (data[0] & FLAG_PIECES);
	data++, size--;
	/* A line that begins with a NUL is an empty one to libmicrohttpd, which skips those. */
	const uint8_t *line_end = size > 0 && data[0] == '\0' ? NULL : memchr(data, '\n', size);
	bool has_nul = line_end != NULL && memchr(data, '\0', (size_t)(line_end - data)) != NULL;
	server.quick_calls = 0;
	serve(data, size, pieces, false);
	CHECK(!has_nul || server.calls == 0);
	if (server.quick_calls > 0) {
		unsigned quick_calls = server.awaited_calls = server.quick_calls;
		uint64_t quick_sum = server.quick_sum;
		serve(data, size, 1, true);
		CHECK(server.quick_calls == quick_calls && server.calls >= quick_calls &&
		      server.awaited_sum == quick_sum);
		server.awaited_calls = 0;
	}
	return 0;
}

/*
 * Any bytes to the HTTP server, libmicrohttpd and all, over a socket. The first byte says in how many pieces they come and
 * whether the handler answers at once. Beyond not crashing: what reaches the handler is whole, within its limits and
 * with nothing behind a NUL in its first line; each request that reached it is answered once; when the client has gone nothing is left.
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
#include "core/base/moment.h"
#include "core/edge/http.h"
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
} server;

static size_t text_sum; /* read for a sanitizer to see it */

static void on_argument(void *context, const char *name, const char *value)
{
	(void)context;
	text_sum += strlen(name) + strlen(value);
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
	text_sum += strlen(http_header(request, "Host"));
	text_sum += http_argument(request, "a") != NULL ? 1 : 0;
	http_arguments(request, on_argument, NULL);
	for (size_t i = 0; i < size; i++) {
		text_sum += (unsigned char)body[i];
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (server.http == NULL) {
		start();
	}
	if (size == 0) {
		return 0;
	}
	arena_reset(&server.arena, (size_t)1 << 20);
	server.calls = server.answers = 0;
	server.later = data[0] & FLAG_LATER;
	size_t pieces = 1 + (data[0] & FLAG_PIECES);
	int fd = dial();
	data++, size--;
	/* A line that begins with a NUL is an empty one to libmicrohttpd, which skips those. */
	const uint8_t *line_end = size > 0 && data[0] == '\0' ? NULL : memchr(data, '\n', size);
	bool has_nul = line_end != NULL && memchr(data, '\0', (size_t)(line_end - data)) != NULL;
	for (size_t i = pieces; i > 0; i--) {
		say(fd, data, size / i);
		data += size / i;
		size -= size / i;
	}
	shutdown(fd, SHUT_WR);
	int64_t end_us = moment_monotonic_us() + PATIENCE_US;
	while (turn(fd) && is_busy()) {
		CHECK(moment_monotonic_us() < end_us);
	}
	close(fd);
	while (http_counts(server.http).connections > 0) {
		turn(-1);
		CHECK(moment_monotonic_us() < end_us);
	}
	CHECK(http_open(server.http) == 0 && server.answers == server.calls);
	CHECK(!has_nul || server.calls == 0);
	return 0;
}

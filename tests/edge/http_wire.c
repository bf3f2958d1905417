#include "tests/edge/http_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/edge/http_inside.h" /* whose a request is */
#include "tests/table.h"

struct wire_seen wire_seen;
struct http *wire_http;
char wire_heard[WIRE_HEARD_SIZE];
static int due_ms;

static void note_argument(void *context, const char *name, const char *value)
{
	(void)context;
	size_t used = strlen(wire_seen.arguments);
	snprintf(wire_seen.arguments + used, sizeof(wire_seen.arguments) - used, "%s=%s;", name, value);
}

void wire_on_request(void *context, struct http_request *request)
{
	ck_assert_ptr_eq(context, &wire_seen);
	wire_seen.calls++;
	wire_seen.arguments[0] = '\0';
	snprintf(wire_seen.method, sizeof(wire_seen.method), "%s", http_method(request));
	snprintf(wire_seen.path, sizeof(wire_seen.path), "%s", http_path(request));
	snprintf(wire_seen.header, sizeof(wire_seen.header), "%s", http_header(request, "x-test"));
	snprintf(wire_seen.argument, sizeof(wire_seen.argument), "%s",
		 http_argument(request, "a") != NULL ? http_argument(request, "a") : "(none)");
	http_arguments(request, note_argument, NULL);
	wire_seen.client = http_client(request);
	const char *body = http_body(request, &wire_seen.body_size);
	wire_seen.body_sum = 0;
	for (size_t i = 0; i < wire_seen.body_size; i++) {
		wire_seen.body_sum += (unsigned char)body[i];
	}
	if (strncmp(wire_seen.path, "/wait/", 6) == 0) {
		http_set_user(request, &wire_seen);
		wire_seen.waiting[wire_seen.waiting_count++] = request;
		return;
	}
	static const char *const headers[] = {"Content-Type", "text/plain", "X-Answer", "yes", NULL};
	http_answer(request, 200, headers, "fine", 4);
}

void wire_start_with(const struct http_options *given)
{
	struct fail fail;
	struct http_options options = *given;
	options.listen = options.listen != NULL ? options.listen : "127.0.0.1:0";
	options.body_size_max = options.body_size_max != 0 ? options.body_size_max : WIRE_BODY_MAX;
	options.line_size_max = options.line_size_max != 0 ? options.line_size_max : WIRE_LINE_MAX;
	options.connections_max = options.connections_max != 0 ? options.connections_max : 10;
	options.request_s_max = options.request_s_max != 0 ? options.request_s_max : 10;
	wire_http = http_create(&options, wire_on_request, &wire_seen, &fail);
	ck_assert_msg(wire_http != NULL, "%s", fail.text);
	due_ms = http_run(wire_http);
}

void wire_start(unsigned request_s_max, unsigned connections_max)
{
	wire_start_with(
		&(struct http_options){.request_s_max = request_s_max, .connections_max = connections_max});
}

void wire_stop(void)
{
	http_destroy(wire_http);
	wire_http = NULL;
}

uint16_t wire_port(void)
{
	const char *colon = strrchr(http_address(wire_http), ':');
	ck_assert_ptr_nonnull(colon);
	return (uint16_t)strtoul(colon + 1, NULL, 10);
}

static int dial(uint32_t from)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(wire_port()), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_msg(fd >= 0, "%s", strerror(errno));
	if (from != 0) {
		ck_assert_int_eq(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
	}
	ck_assert_msg(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, "%s", strerror(errno));
	return fd;
}

int wire_dial(void)
{
	return dial(0);
}

int wire_dial_from(uint32_t address)
{
	return dial(address);
}

void wire_turn(int fd, short events)
{
	struct pollfd polled[2] = {{http_fd(wire_http), POLLIN, 0}, {fd, events, 0}};
	int wait_ms = due_ms >= 0 && due_ms < 1000 ? due_ms : 1000;
	poll(polled, fd >= 0 ? 2 : 1, wait_ms);
	due_ms = http_run(wire_http);
}

int wire_dial_seen(unsigned connections)
{
	int fd = wire_dial();
	while (http_counts(wire_http).connections < connections) {
		wire_turn(-1, 0);
	}
	return fd;
}

void wire_say(int fd, const char *bytes, size_t size)
{
	int64_t end_us = moment_monotonic_us() + WIRE_WAIT_US;
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
		wire_turn(fd, POLLOUT);
	}
}

unsigned wire_hear(int fd, const char *mark, bool *ret_closed)
{
	size_t used = 0;
	int64_t end_us = moment_monotonic_us() + WIRE_WAIT_US;
	*ret_closed = false;
	wire_heard[0] = '\0';
	while (!*ret_closed) {
		ck_assert_msg(moment_monotonic_us() < end_us, "no answer: \"%s\"", wire_heard);
		wire_turn(fd, POLLIN);
		ssize_t got = recv(fd, wire_heard + used, sizeof(wire_heard) - 1 - used, MSG_DONTWAIT);
		if (got > 0) {
			used += (size_t)got;
			wire_heard[used] = '\0';
			const char *body = strstr(wire_heard, "\r\n\r\n");
			if (mark != NULL && body != NULL && strstr(body, mark) != NULL) {
				break;
			}
		}
		*ret_closed = got == 0 || (got < 0 && errno != EAGAIN);
	}
	static const char version[] = "HTTP/1.1 ";
	unsigned status = 0;
	if (strncmp(wire_heard, version, sizeof(version) - 1) == 0) {
		status = (unsigned)strtoul(wire_heard + sizeof(version) - 1, NULL, 10);
	}
	return status;
}

unsigned wire_ask(const char *bytes, size_t size)
{
	int fd = wire_dial();
	bool closed;
	wire_say(fd, bytes, size);
	unsigned status = wire_hear(fd, NULL, &closed);
	close(fd);
	return status;
}

void wire_answer(unsigned which, const char *body)
{
	struct http_request *request = wire_seen.waiting[which];
	ck_assert_ptr_eq(http_user(request), &wire_seen);
	bool is_there = request->mhd == NULL; /* http_quick.c's: it is sent at once */
	http_answer(request, 200, NULL, body, strlen(body));
	struct pollfd polled = {http_fd(wire_http), POLLIN, 0};
	ck_assert_msg(is_there || poll(&polled, 1, 0) == 1, "an answer does not wake the loop");
}

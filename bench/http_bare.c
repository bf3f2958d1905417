/*
 * The least that a server on libmicrohttpd can do with a request: one thread, epoll, the body read away, the same answer
 * each time. What bench/collect compares the collector with.
 *
 * The loop is ours, as the collector's is: libmicrohttpd 0.9.75's own waits for ever once 128 connections are ready at the
 * same moment. Prints "listening 127.0.0.1:PORT"; ends with its standard input.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"

#define CONNECTIONS_MAX 10000

static struct MHD_Response *answer;

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *bytes, size_t *size,
				  void **slot)
{
	static int begun;
	(void)context;
	(void)path;
	(void)method;
	(void)version;
	(void)bytes;
	if (*slot == NULL) {
		*slot = &begun;
		return MHD_YES;
	}
	if (*size > 0) {
		*size = 0;
		return MHD_YES;
	}
	return MHD_queue_response(connection, 200, answer);
}

/* Until standard input ends. */
static void run(struct MHD_Daemon *daemon)
{
	int fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	struct pollfd polled[2] = {{fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
	while (polled[1].revents == 0) {
		MHD_UNSIGNED_LONG_LONG wait_ms;
		bool is_busy = MHD_get_timeout(daemon, &wait_ms) == MHD_YES && wait_ms == 0;
		if (!is_busy) {
			poll(polled, COUNT_OF(polled), 1000);
		}
		MHD_run(daemon);
	}
}

int main(void)
{
	answer = MHD_create_response_from_buffer(2, (void *)"ok", MHD_RESPMEM_PERSISTENT);
	CHECK(answer != NULL &&
	      MHD_add_response_header(answer, "Content-Type", "text/plain; charset=utf-8") == MHD_YES);
	const struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR, &address,
				 MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_END);
	CHECK(daemon != NULL);
	printf("listening 127.0.0.1:%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	run(daemon);
	MHD_stop_daemon(daemon);
	MHD_destroy_response(answer);
	return 0;
}

#include "core/edge/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/http_inside.h"

#define ACCEPTS_MAX 64 /* a turn: others want something too */
/* Connections that were cut are libmicrohttpd's to close, a turn later; so many may be on their way. */
#define CUT_MAX (2 * ACCEPTS_MAX)
#define RUNS_MAX 4
#define EVENTS_MAX 256 /* at once */
#define ACCEPT_AGAIN_US (MOMENT_SECOND_US / 10)

/* --- connections --- */

static void on_connection(void *context, struct MHD_Connection *mhd, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	(void)mhd;
	struct http *http = context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*slot = http->arriving;
		http->arriving = NULL;
		http->handed_on++;
	} else if (*slot != NULL) {
		http->handed_on--;
		http_connections_remove(&http->connections, *slot);
		*slot = NULL;
	}
}

void http_hand_to_libmicrohttpd(struct http *http, struct http_connection *connection, const struct sockaddr *from,
				socklen_t size)
{
	http->arriving = connection;
	if (MHD_add_connection(http->daemon, connection->fd, from, size) != MHD_YES && http->arriving != NULL) {
		http_connections_remove(&http->connections, connection); /* it has closed the descriptor */
		http->arriving = NULL;
	}
}

/* Takes the descriptor. */
static void welcome(struct http *http, int fd, const struct sockaddr *from, socklen_t size)
{
	static const char crowded[] = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n"
				      "Content-Length: 0\r\nConnection: close\r\n\r\n";
	struct http_address address = http_address_of(from, size);
	bool is_believed = http_networks_hold(http->options.proxies, &address);
	const struct http_address nobody = {.family = HTTP_NOBODY};
	const struct http_address *counted = is_believed || address.family == HTTP_UNIX ? &nobody : &address;
	if (!http_connections_make_room(&http->connections, counted)) {
		http->counts.crowded++;
		send(fd, crowded, sizeof(crowded) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		close(fd);
		return;
	}
	struct http_connection *connection =
		http_connections_add(&http->connections, fd, &address, counted != &nobody, http->now_us);
	if (connection == NULL) {
		close(fd);
		return;
	}
	connection->is_believed = is_believed;
	if (!http_quick_begin(http, connection)) {
		http_hand_to_libmicrohttpd(http, connection, from, size);
	}
}

static bool can_accept(const struct http *http)
{
	return !http->quiesced && http->now_us >= http->accept_us &&
	       http->connections.count < http->options.connections_max + CUT_MAX &&
	       !http_connections_are_full(&http->connections);
}

static void accept_some(struct http *http)
{
	for (unsigned i = 0; i < ACCEPTS_MAX && can_accept(http); i++) {
		struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
		socklen_t size = sizeof(from);
		int fd = accept4(http->listen.fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			welcome(http, fd, (const struct sockaddr *)&from, size);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			http_connections_evict(&http->connections);
			http->accept_us = http->now_us + ACCEPT_AGAIN_US;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		}
	}
}

/* Who cannot be accepted now waits in the kernel, without waking us. */
static void listen_or_not(struct http *http)
{
	bool wanted = can_accept(http);
	if (wanted == http->is_listening || http->quiesced) {
		return;
	}
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &http->listen.fd};
	http->is_listening =
		epoll_ctl(http->epoll_fd, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, http->listen.fd, &event) == 0
			? wanted
			: http->is_listening;
}

/* --- the server --- */

static bool watch(struct http *http)
{
	int mhd_fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	http->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int fds[] = {mhd_fd, http->wake_fd, http->listen.fd};
	void *const names[] = {http->daemon, &http->wake_fd, &http->listen.fd};
	bool good = http->epoll_fd >= 0 && http->wake_fd >= 0;
	for (size_t i = 0; good && i < COUNT_OF(fds); i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = names[i]};
		good = epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, fds[i], &event) == 0;
	}
	http->is_listening = good;
	return good;
}

static void set_times(struct http *http)
{
	const struct http_options *options = &http->options;
	unsigned head_s_max = options->head_s_max != 0 ? options->head_s_max : options->request_s_max;
	unsigned kept_s_max = options->kept_s_max != 0 ? options->kept_s_max : options->request_s_max;
	int64_t *most = http->connections.stage_us_max;
	most[HTTP_FRESH] = most[HTTP_HEAD] = (int64_t)head_s_max * MOMENT_SECOND_US;
	most[HTTP_KEPT] = (int64_t)kept_s_max * MOMENT_SECOND_US;
	most[HTTP_BODY] = most[HTTP_FETCHING] = (int64_t)options->request_s_max * MOMENT_SECOND_US;
	http->connections.kept_max = options->kept_max;
}

void http_reconfigure(struct http *http, const struct http_options *options)
{
	http->options.head_s_max = options->head_s_max;
	http->options.request_s_max = options->request_s_max;
	http->options.kept_s_max = options->kept_s_max;
	http->options.kept_max = options->kept_max;
	http->options.forwarded = options->forwarded;
	set_times(http);
}

struct http *http_create(const struct http_options *options, http_handler *handler, void *context,
			 struct fail *fail)
{
	struct http *http = calloc(1, sizeof(*http));
	if (http == NULL) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "http: out of memory");
		return NULL;
	}
	*http = (struct http){.options = *options,
			      .handler = handler,
			      .context = context,
			      .listen.fd = -1,
			      .epoll_fd = -1,
			      .wake_fd = -1};
	http->connections = (struct http_connections){.total_max = options->connections_max,
						      .peer_max = options->address_connections_max};
	set_times(http);
	if (!http_connections_init(&http->connections)) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "http: out of memory");
		goto fail;
	}
	if (!http_listen_inherit(options->socket, &http->listen) &&
	    !http_listen_open(options->listen, &http->listen, fail)) {
		goto fail;
	}
	http->daemon =
		MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL,
				 NULL, http_on_request, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
				 MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, http, MHD_OPTION_URI_LOG_CALLBACK,
				 http_on_target, http, MHD_OPTION_CONNECTION_LIMIT,
				 options->connections_max + CUT_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				 options->line_size_max + HTTP_POOL_MORE, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
				 MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (http->daemon == NULL) {
		fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "http: libmicrohttpd refuses to start");
		goto fail;
	}
	if (!watch(http)) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "http: out of descriptors");
		goto fail;
	}
	return http;
fail:
	http_destroy(http);
	return NULL;
}

void http_destroy(struct http *http)
{
	if (http == NULL) {
		return;
	}
	http->ending = true;
	http_quiesce(http);
	if (http->daemon != NULL) {
		http_drop_suspended(http); /* libmicrohttpd aborts over a suspended connection */
		MHD_run(http->daemon);
		MHD_stop_daemon(http->daemon);
		http_quick_end(http);
	}
	if (http->epoll_fd >= 0) {
		close(http->epoll_fd);
	}
	if (http->wake_fd >= 0) {
		close(http->wake_fd);
	}
	http_connections_finish(&http->connections);
	free(http);
}

int http_fd(const struct http *http)
{
	return http->epoll_fd;
}

void http_wake(struct http *http)
{
	if (!http->is_woken) {
		eventfd_write(http->wake_fd, 1);
		http->is_woken = true;
	}
}

/* Returns how many descriptors there were something of. */
static int look_once(struct http *http)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(http->epoll_fd, events, COUNT_OF(events), 0);
	for (int i = 0; i < count; i++) {
		eventfd_t woken;
		void *about = events[i].data.ptr;
		if (about == &http->wake_fd) {
			eventfd_read(http->wake_fd, &woken);
			http->is_woken = false;
		} else if (about == &http->listen.fd) {
			accept_some(http);
		} else if (about != http->daemon) {
			http_quick_event(http, about, events[i].events);
		}
	}
	return count;
}

/* At every connection that has something: one whose request has come is not to be taken for one that waits for a request. */
static void look(struct http *http)
{
	unsigned rounds = 1 + http->options.connections_max / EVENTS_MAX;
	while (look_once(http) == EVENTS_MAX && rounds-- > 0) {
	}
	http_quick_run(http);
}

/* An answer that was waited for takes it some steps, each of them a run. Ms until it wants another, -1: none. */
static int64_t run(struct http *http)
{
	for (unsigned i = 0; http->handed_on > 0; i++) {
		MHD_UNSIGNED_LONG_LONG wait_ms;
		MHD_run(http->daemon);
		if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES) {
			return -1;
		}
		if (wait_ms > 0 || i + 1 == RUNS_MAX) {
			return wait_ms > INT32_MAX ? INT32_MAX : (int64_t)wait_ms;
		}
	}
	return -1;
}

int http_run(struct http *http)
{
	http->now_us = moment_monotonic_us();
	look(http);
	int64_t wait_ms = run(http);
	int64_t next_us = http_connections_sweep(&http->connections, http->now_us);
	listen_or_not(http);
	if (http->accept_us > http->now_us && http->accept_us < next_us) {
		next_us = http->accept_us;
	}
	if (next_us != INT64_MAX) {
		int64_t next_ms = (next_us - http->now_us) / 1000 + 1;
		wait_ms = wait_ms < 0 || next_ms < wait_ms ? next_ms : wait_ms;
	}
	return (int)(wait_ms > INT32_MAX ? INT32_MAX : wait_ms);
}

const char *http_address(const struct http *http)
{
	return http->listen.address;
}

void http_quiesce(struct http *http)
{
	if (http->quiesced) {
		return;
	}
	http->quiesced = true;
	if (http->listen.fd >= 0) {
		if (http->is_listening) {
			epoll_ctl(http->epoll_fd, EPOLL_CTL_DEL, http->listen.fd, NULL);
		}
		close(http->listen.fd);
		if (http->listen.unix_path[0] != '\0') {
			unlink(http->listen.unix_path);
		}
	}
}

unsigned http_open(const struct http *http)
{
	return http->open;
}

unsigned http_coming(const struct http *http, bool silent)
{
	const unsigned *counts = http->connections.counts;
	return counts[HTTP_HEAD] + counts[HTTP_BODY] + (silent ? counts[HTTP_FRESH] : 0);
}

struct http_counts http_counts(const struct http *http)
{
	struct http_counts counts = http->counts;
	counts.connections = http->connections.count;
	counts.late = http->connections.late;
	counts.evicted = http->connections.evicted;
	return counts;
}

#include "core/edge/http.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/http_guard.h"
#include "core/edge/http_listen.h"

#define BODY_FIRST_SIZE ((size_t)16 * 1024)
/* Of body_size_max: so much of a body too large is read away, so that its sender sees the 413. */
#define LATE_BODY_FACTOR 4

/*
 * A connection has a deadline while it is the client's turn, and none while the handler has a request of it:
 *
 *	made ─▶ reading ─▶ whole: handler ─▶ answered: client fetches ─▶ reading …
 *	        deadline   no deadline       deadline                   deadline
 *
 * libmicrohttpd's own timeout starts again with every byte, so a slow drip would live for ever.
 */
struct connection {
	struct connection *next, **link;
	int fd;
	int64_t deadline_us; /* monotonic; 0: none */
	unsigned refuse;     /* what the request line alone has earned: a status, 0: none */
};

enum request_state {
	REQUEST_READING,
	REQUEST_HANDED,	 /* the handler has it, in its call or suspended */
	REQUEST_ANSWERED /* response is there, to be queued or queued */
};

struct http_request {
	struct http *http;
	struct connection *connection;
	struct MHD_Connection *mhd;
	const char *method, *path;
	enum request_state state;
	bool suspended;
	bool is_open;	 /* counted in http->open */
	unsigned refuse; /* a status to refuse it with once its body is read away, 0: none */
	char *body;
	size_t body_size, body_room, read_away;
	struct MHD_Response *response;
	unsigned status;
	void *user;
	struct http_request *next, **link; /* of those suspended */
};

struct http {
	struct http_options options;
	http_handler *handler;
	void *context;
	struct MHD_Daemon *daemon;
	struct http_listen listen;
	int epoll_fd; /* the caller's to watch: libmicrohttpd's own, and wake_fd */
	int wake_fd;  /* libmicrohttpd does not say that a connection was resumed: this does */
	struct connection *connections;
	struct http_request *suspended;
	unsigned connections_count, open;
	uint64_t refused;
	bool quiesced, ending;
};

static void set_deadline(struct connection *connection, const struct http *http)
{
	connection->deadline_us = moment_monotonic_us() + (int64_t)http->options.request_s_max * MOMENT_SECOND_US;
}

/* --- connections --- */

static void on_connection(void *context, struct MHD_Connection *mhd, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http *http = context;
	struct connection *connection = *slot;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (connection != NULL) {
			*connection->link = connection->next;
			if (connection->next != NULL) {
				connection->next->link = connection->link;
			}
			http->connections_count--;
			free(connection);
			*slot = NULL;
		}
		return;
	}
	connection = calloc(1, sizeof(*connection));
	if (connection == NULL) {
		return; /* its first request is dropped */
	}
	connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	connection->next = http->connections;
	connection->link = &http->connections;
	if (connection->next != NULL) {
		connection->next->link = &connection->next;
	}
	http->connections = connection;
	http->connections_count++;
	set_deadline(connection, http);
	*slot = connection;
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* The whole target as it came, before anything is decoded. What is returned would become the request's own pointer. */
static void *on_target(void *context, const char *target, struct MHD_Connection *mhd)
{
	const struct http *http = context;
	struct connection *connection = connection_of(mhd);
	if (connection != NULL) {
		connection->refuse = strlen(target) > http->options.line_size_max ? 414
				     : strstr(target, "%00") != NULL		  ? 400
										  : 0;
	}
	return NULL;
}

/* Ends connections whose deadline has passed; ms until the next one, -1: none. */
static int sweep(struct http *http)
{
	int64_t now_us = moment_monotonic_us();
	int64_t next_us = INT64_MAX;
	for (struct connection *connection = http->connections; connection != NULL;
	     connection = connection->next) {
		if (connection->deadline_us != 0 && connection->deadline_us <= now_us) {
			shutdown(connection->fd, SHUT_RDWR); /* libmicrohttpd sees the end and closes */
			connection->deadline_us = 0;
		} else if (connection->deadline_us != 0 && connection->deadline_us < next_us) {
			next_us = connection->deadline_us;
		}
	}
	return next_us == INT64_MAX ? -1 : (int)((next_us - now_us) / 1000 + 1);
}

/* --- a request --- */

struct header_list {
	struct http_header items[HTTP_HEADERS_MAX + 1];
	size_t count;
};

static enum MHD_Result on_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
				 const char *value, size_t value_size)
{
	(void)kind;
	struct header_list *list = context;
	if (list->count == COUNT_OF(list->items)) {
		return MHD_NO;
	}
	list->items[list->count++] = (struct http_header){name, value != NULL ? value : "", name_size, value_size};
	return MHD_YES;
}

static struct http_request *begin(struct http *http, struct MHD_Connection *mhd, const char *path,
				  const char *method)
{
	struct connection *connection = connection_of(mhd);
	struct http_request *request = connection != NULL ? calloc(1, sizeof(*request)) : NULL;
	if (request != NULL) {
		*request = (struct http_request){
			.http = http, .connection = connection, .mhd = mhd, .method = method, .path = path};
	}
	return request;
}

static void finish(struct http_request *request)
{
	if (request->response != NULL) {
		MHD_destroy_response(request->response);
	}
	request->http->open -= request->is_open;
	free(request->body);
	free(request);
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **slot,
			 enum MHD_RequestTerminationCode code)
{
	(void)mhd;
	(void)code;
	struct http_request *request = *slot;
	if (request != NULL) {
		CHECK(!request->suspended);
		set_deadline(request->connection, context);
		finish(request);
		*slot = NULL;
	}
}

static struct MHD_Response *make_response(const char *const *headers, const void *body, size_t size)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
	for (; response != NULL && headers != NULL && headers[0] != NULL; headers += 2) {
		if (MHD_add_response_header(response, headers[0], headers[1]) != MHD_YES) {
			MHD_destroy_response(response);
			response = NULL;
		}
	}
	return response;
}

static enum MHD_Result queue(struct http_request *request)
{
	set_deadline(request->connection, request->http);
	return MHD_queue_response(request->mhd, request->status, request->response);
}

static enum MHD_Result refuse(struct http_request *request, unsigned status)
{
	static const char *const headers[] = {"Connection", "close", NULL};
	request->http->refused++;
	request->status = status;
	request->state = REQUEST_ANSWERED;
	request->response = make_response(headers, "", 0);
	return request->response != NULL ? queue(request) : MHD_NO;
}

/* The first call: only the headers are there, and no byte of the body has been asked for. */
static enum MHD_Result judge(struct http_request *request, const char *version)
{
	const struct http *http = request->http;
	struct header_list list = {.count = 0};
	MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, on_header, &list);
	struct http_framing framing = http_guard(version, list.items, list.count);
	unsigned status = framing.status != 0 ? framing.status : request->connection->refuse;
	if (status != 0) {
		return refuse(request, status);
	}
	if (framing.length > (int64_t)http->options.body_size_max * LATE_BODY_FACTOR) {
		return refuse(request, 413);
	}
	request->refuse = framing.length > (int64_t)http->options.body_size_max ? 413 : 0;
	return MHD_YES;
}

static bool grow_body(struct http_request *request, size_t size)
{
	size_t room = request->body_room != 0 ? request->body_room : BODY_FIRST_SIZE;
	while (room < size) {
		room *= 2;
	}
	if (room != request->body_room) {
		char *body = realloc(request->body, room);
		if (body == NULL) {
			return false;
		}
		request->body = body;
		request->body_room = room;
	}
	return true;
}

static enum MHD_Result take_body(struct http_request *request, const char *bytes, size_t size)
{
	const struct http *http = request->http;
	if (request->refuse == 0 && size > http->options.body_size_max - request->body_size) {
		request->refuse = 413;
		http_drop_body(request);
	}
	if (request->refuse != 0) {
		request->read_away += size;
		return request->read_away > http->options.body_size_max * LATE_BODY_FACTOR ? MHD_NO : MHD_YES;
	}
	if (!grow_body(request, request->body_size + size)) {
		return MHD_NO;
	}
	memcpy(request->body + request->body_size, bytes, size);
	request->body_size += size;
	return MHD_YES;
}

static void suspend(struct http_request *request)
{
	struct http *http = request->http;
	request->suspended = true;
	request->next = http->suspended;
	request->link = &http->suspended;
	if (request->next != NULL) {
		request->next->link = &request->next;
	}
	http->suspended = request;
	MHD_suspend_connection(request->mhd);
}

static void resume(struct http_request *request)
{
	request->suspended = false;
	*request->link = request->next;
	if (request->next != NULL) {
		request->next->link = request->link;
	}
	MHD_resume_connection(request->mhd);
	eventfd_write(request->http->wake_fd, 1);
}

static enum MHD_Result hand_over(struct http_request *request)
{
	if (request->refuse != 0) {
		return refuse(request, request->refuse);
	}
	request->state = REQUEST_HANDED;
	request->is_open = true;
	request->http->open++;
	request->connection->deadline_us = 0;
	request->http->handler(request->http->context, request);
	if (request->state == REQUEST_ANSWERED) {
		return request->response != NULL ? queue(request) : MHD_NO;
	}
	suspend(request);
	return MHD_YES;
}

/* First with the headers, then with each piece of the body, then with none left; once more after a suspension. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *path, const char *method,
				  const char *version, const char *bytes, size_t *size, void **slot)
{
	struct http *http = context;
	struct http_request *request = *slot;
	if (request == NULL) {
		request = *slot = begin(http, mhd, path, method);
		return request != NULL && !http->ending ? judge(request, version) : MHD_NO;
	}
	switch (request->state) {
	case REQUEST_READING:
		if (*size > 0) {
			enum MHD_Result taken = take_body(request, bytes, *size);
			*size = 0;
			return taken;
		}
		return hand_over(request);
	case REQUEST_ANSWERED:
		return request->response != NULL ? queue(request) : MHD_NO;
	case REQUEST_HANDED:
		CHECK(http->ending);
		return MHD_NO;
	}
	return MHD_NO;
}

/* --- the server --- */

static bool watch(struct http *http)
{
	int mhd_fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	http->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return http->epoll_fd >= 0 && http->wake_fd >= 0 &&
	       epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, mhd_fd, &(struct epoll_event){.events = EPOLLIN}) == 0 &&
	       epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, http->wake_fd, &(struct epoll_event){.events = EPOLLIN}) ==
		       0;
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
	if (!http_listen_open(options->listen, &http->listen, fail)) {
		goto fail;
	}
	/* A connection's pool holds the request line, the headers and where they begin and end, then the answer's. */
	size_t pool_size = options->line_size_max * 2 + (size_t)16 * 1024;
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
					MHD_OPTION_LISTEN_SOCKET, http->listen.fd, MHD_OPTION_NOTIFY_CONNECTION,
					on_connection, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
					MHD_OPTION_URI_LOG_CALLBACK, on_target, http, MHD_OPTION_CONNECTION_LIMIT,
					options->connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT, pool_size,
					MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
					MHD_OPTION_END);
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
		while (http->suspended != NULL) { /* libmicrohttpd aborts over a suspended connection */
			resume(http->suspended);
		}
		MHD_run(http->daemon);
		MHD_stop_daemon(http->daemon);
	}
	if (http->epoll_fd >= 0) {
		close(http->epoll_fd);
	}
	if (http->wake_fd >= 0) {
		close(http->wake_fd);
	}
	free(http);
}

int http_fd(const struct http *http)
{
	return http->epoll_fd;
}

int http_run(struct http *http)
{
	eventfd_t woken;
	eventfd_read(http->wake_fd, &woken);
	MHD_run(http->daemon);
	int sweep_ms = sweep(http);
	MHD_UNSIGNED_LONG_LONG wait_ms;
	if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES ||
	    (sweep_ms >= 0 && wait_ms > (unsigned)sweep_ms)) {
		return sweep_ms;
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
	if (http->daemon != NULL) {
		MHD_quiesce_daemon(http->daemon);
	}
	if (http->listen.fd >= 0) {
		close(http->listen.fd);
		if (http->listen.unix_path[0] != '\0') {
			unlink(http->listen.unix_path);
		}
	}
}

unsigned http_connections(const struct http *http)
{
	return http->connections_count;
}

unsigned http_open(const struct http *http)
{
	return http->open;
}

uint64_t http_refused(const struct http *http)
{
	return http->refused;
}

const char *http_method(const struct http_request *request)
{
	return request->method;
}

const char *http_path(const struct http_request *request)
{
	return request->path;
}

const char *http_header(const struct http_request *request, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
	return value != NULL ? value : "";
}

const char *http_argument(const struct http_request *request, const char *name)
{
	const char *value = NULL;
	bool found = MHD_lookup_connection_value_n(request->mhd, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value,
						   NULL) == MHD_YES;
	return !found ? NULL : value != NULL ? value : "";
}

struct argument_walk {
	http_each_argument *each;
	void *context;
};

static enum MHD_Result on_argument(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	const struct argument_walk *walk = context;
	walk->each(walk->context, name, value != NULL ? value : "");
	return MHD_YES;
}

void http_arguments(const struct http_request *request, http_each_argument *each, void *context)
{
	struct argument_walk walk = {each, context};
	MHD_get_connection_values(request->mhd, MHD_GET_ARGUMENT_KIND, on_argument, &walk);
}

const char *http_body(const struct http_request *request, size_t *ret_size)
{
	*ret_size = request->body_size;
	return request->body != NULL ? request->body : "";
}

void http_drop_body(struct http_request *request)
{
	free(request->body);
	request->body = NULL;
	request->body_size = request->body_room = 0;
}

void http_set_user(struct http_request *request, void *user)
{
	request->user = user;
}

void *http_user(const struct http_request *request)
{
	return request->user;
}

void http_answer(struct http_request *request, unsigned status, const char *const *headers, const void *body,
		 size_t size)
{
	CHECK(request->state == REQUEST_HANDED);
	request->state = REQUEST_ANSWERED;
	request->status = status;
	request->response = make_response(headers, body, size); /* NULL: out of memory, the connection is closed */
	http_drop_body(request);
	if (request->suspended) {
		resume(request);
	}
}

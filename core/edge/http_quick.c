/*
 * The usual request (http_head.h) without libmicrohttpd, which costs more than all that a collector does with one: a request
 * that waits leaves its epoll set and comes back, and each answered connection has its whole memory zeroed.
 *
 * A connection begins here. When it becomes readable, what has come is peeked at. If that is a usual request, whole with its
 * body, it is taken off the socket, handed over and answered here. If it is anything else, be it unusual, not whole yet or too
 * large, nothing was taken: the socket goes to libmicrohttpd, for good, which reads it as if nobody had looked. So all judging of
 * requests and all waiting for slow ones is there; here is only what needs neither.
 *
 * Descriptors are watched by edge. What comes while the handler has the request is noted, and looked at after the answer.
 * A connection is let go only when it is its turn, in http_quick_event() or http_quick_run(): whoever answers it has it still.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/edge/http_head.h"
#include "core/edge/http_inside.h"

#define HEAD_SIZE_MAX ((size_t)8 * 1024)
#define ANSWER_SIZE 4096 /* on the stack; larger ones are allocated */
#define FIXED_SIZE 256	 /* at most: status, its phrase, date, length */
#define NOTED_MAX 256	 /* a turn */
#define LISTENED (EPOLLIN | EPOLLRDHUP | EPOLLET)
#define GONE (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

struct quick_request {
	struct http_request request; /* the first: it is freed by this */
	struct http_header headers[HTTP_HEAD_HEADERS_MAX];
	char head[]; /* their texts */
};

/* --- coming and going --- */

bool http_quick_begin(struct http *http, struct http_connection *connection)
{
	struct epoll_event event = {.events = LISTENED, .data.ptr = connection};
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1},
		   sizeof(int)); /* there is none in AF_UNIX */
	return epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) == 0;
}

static void let_go(struct http *http, struct http_connection *connection)
{
	if (connection->request != NULL) {
		http_request_finish(connection->request);
	}
	/* What is left unread would make a reset of the end, which can overtake the answer. */
	recv(connection->fd, http->peeked, sizeof(http->peeked), MSG_DONTWAIT);
	close(connection->fd);
	http_connections_remove(&http->connections, connection);
}

void http_quick_end(struct http *http)
{
	for (enum http_stage stage = 0; stage < HTTP_STAGE_COUNT; stage++) {
		struct http_connection *connection;
		while ((connection = http_connections_oldest(&http->connections, stage)) != NULL) {
			let_go(http, connection);
		}
	}
}

static void hand_on(struct http *http, struct http_connection *connection)
{
	struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
	socklen_t size = sizeof(from);
	getpeername(connection->fd, (struct sockaddr *)&from, &size);
	epoll_ctl(http->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
	http_connection_unnote(connection);
	http_hand_to_libmicrohttpd(http, connection, (const struct sockaddr *)&from, size);
}

/* It is looked at in the next turn, though nothing new comes. */
static void look_again(struct http *http, struct http_connection *connection)
{
	http_connection_note(&http->connections, connection);
	http_wake(http);
}

/* --- answering --- */

static char *put(char *to, const char *bytes, size_t size)
{
	memcpy(to, bytes, size);
	return to + size;
}

static char *put_text(char *to, const char *text)
{
	return put(to, text, strlen(text));
}

static char *put_number(char *to, size_t number)
{
	char digits[24], *at = digits + sizeof(digits);
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return put(to, at, (size_t)(digits + sizeof(digits) - at));
}

static const char *date_of_now(struct http *http)
{
	time_t now_s = time(NULL);
	struct tm parts;
	if (now_s != http->date_s && gmtime_r(&now_s, &parts) != NULL) {
		strftime(http->date, sizeof(http->date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
		http->date_s = now_s;
	}
	return http->date;
}

static size_t answer_size_max(const char *const *headers, size_t body_size)
{
	size_t size = FIXED_SIZE + body_size;
	for (; headers != NULL && headers[0] != NULL; headers += 2) {
		size_t value_size = strlen(headers[1]);
		CHECK(!text_has_controls(headers[1], value_size)); /* else it would be more headers than one */
		size += strlen(headers[0]) + value_size + 4;
	}
	return size;
}

static size_t print_answer(struct http *http, unsigned status, const char *const *headers, const void *body,
			   size_t size, char *ret_text)
{
	char *at = put_text(ret_text, "HTTP/1.1 ");
	at = put_number(at, status);
	at = put(at, " ", 1);
	at = put_text(at, MHD_get_reason_phrase_for(status));
	at = put_text(at, "\r\n");
	at = put_text(at, date_of_now(http));
	for (; headers != NULL && headers[0] != NULL; headers += 2) {
		at = put_text(at, headers[0]);
		at = put(at, ": ", 2);
		at = put_text(at, headers[1]);
		at = put(at, "\r\n", 2);
	}
	at = put_text(at, "Content-Length: ");
	at = put_number(at, size);
	at = put_text(at, "\r\n\r\n");
	at = size > 0 ? put(at, body, size) : at;
	return (size_t)(at - ret_text);
}

static bool is_last(const char *const *headers)
{
	for (; headers != NULL && headers[0] != NULL; headers += 2) {
		if ((headers[0][0] | ' ') == 'c' && strcasecmp(headers[0], "Connection") == 0 &&
		    strcasecmp(headers[1], "close") == 0) {
			return true;
		}
	}
	return false;
}

/* The client has the answer, or will not have it. */
static void end(struct http_connection *connection, bool is_over)
{
	struct http *http = connection->request->http;
	http_request_finish(connection->request);
	http_connection_enter(&http->connections, connection, is_over ? HTTP_CUT : HTTP_KEPT, http->now_us);
	if (is_over || connection->has_more) {
		look_again(http, connection);
	}
}

/* Sends what the client takes of it; how much, -1: it takes no more. */
static ssize_t offer(const struct http_connection *connection, const char *bytes, size_t size)
{
	ssize_t sent = send(connection->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) ? sent : 0;
}

/* False: no memory. */
static bool keep_rest(struct http_request *request, const char *bytes, size_t size)
{
	struct http_connection *connection = request->connection;
	struct epoll_event event = {.events = LISTENED | EPOLLOUT, .data.ptr = connection};
	request->body = malloc(size);
	if (request->body == NULL) {
		return false;
	}
	memcpy(request->body, bytes, size);
	request->body_size = size;
	http_connection_enter(&request->http->connections, connection, HTTP_FETCHING, request->http->now_us);
	return epoll_ctl(request->http->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event) == 0;
}

void http_quick_answer(struct http_request *request, unsigned status, const char *const *headers, const void *body,
		       size_t size)
{
	struct http_connection *connection = request->connection;
	char room[ANSWER_SIZE];
	size_t size_max = answer_size_max(headers, size);
	char *text = size_max <= sizeof(room) ? room : malloc(size_max);
	size_t left = text != NULL ? print_answer(request->http, status, headers, body, size, text) : 0;
	ssize_t sent = text != NULL ? offer(connection, text, left) : -1;
	request->is_last = is_last(headers);
	request->http->now_us =
		moment_monotonic_us(); /* the answer may come between two turns: a stage begins now */
	http_drop_body(request);
	bool has_rest = sent >= 0 && (size_t)sent < left && keep_rest(request, text + sent, left - (size_t)sent);
	if (!has_rest) {
		end(connection, sent != (ssize_t)left || request->is_last);
	}
	if (text != room) {
		free(text);
	}
}

static void offer_rest(struct http *http, struct http_connection *connection)
{
	struct http_request *request = connection->request;
	ssize_t sent =
		offer(connection, request->body + request->rest_sent, request->body_size - request->rest_sent);
	request->rest_sent += sent > 0 ? (size_t)sent : 0;
	if (sent >= 0 && request->rest_sent < request->body_size) {
		return;
	}
	struct epoll_event event = {.events = LISTENED, .data.ptr = connection};
	bool is_good = sent >= 0 && epoll_ctl(http->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event) == 0;
	end(connection, !is_good || request->is_last);
}

/* --- asking --- */

/* The analyser loses sight of what the connection holds by the first member of it, and of what a request holds: http_request_finish()
 * frees both. */
#pragma GCC diagnostic push
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* `head` points into http->peeked. NULL: no memory. */
static struct http_request *make_request(struct http *http, struct http_connection *connection,
					 const struct http_head *head)
{
	struct quick_request *quick = malloc(sizeof(*quick) + head->size);
	if (quick == NULL) {
		return NULL;
	}
	connection->request = &quick->request;
	memcpy(quick->head, http->peeked, head->size);
	for (size_t i = 0; i < head->header_count; i++) {
		const struct http_header *header = &head->headers[i];
		quick->headers[i] = (struct http_header){quick->head + (header->name - http->peeked),
							 quick->head + (header->value - http->peeked),
							 header->name_size, header->value_size};
	}
	quick->request = (struct http_request){.http = http,
					       .connection = connection,
					       .headers = quick->headers,
					       .header_count = head->header_count,
					       .method = "POST",
					       .path = quick->head + (head->path - http->peeked),
					       .state = REQUEST_HANDED,
					       .is_open = true,
					       .length = (int64_t)head->body_size,
					       .body = http->peeked + head->size,
					       .body_size = head->body_size,
					       .body_room = head->body_size,
					       .is_body_lent = true};
	http->bodies_size += head->body_size;
	http->open++;
	return connection->request;
}

static bool fits(const struct http *http, const struct http_head *head, size_t got)
{
	const struct http_options *options = &http->options;
	return head->size <= HEAD_SIZE_MAX && head->path_size <= options->line_size_max &&
	       head->body_size <= got - head->size && head->body_size <= options->body_size_max &&
	       (options->bodies_size_max == 0 || http->bodies_size + head->body_size <= options->bodies_size_max);
}

/* The handler has it, and http->peeked goes to others. */
static void keep_body(struct http_request *request)
{
	if (request->body != NULL && request->is_body_lent) {
		char *body = malloc(request->body_size + 1);
		CHECK(body != NULL);
		memcpy(body, request->body, request->body_size);
		request->body = body;
		request->is_body_lent = false;
	}
}

#pragma GCC diagnostic pop

/* Of TCP, MSG_TRUNC throws away what was asked for; others have no such thing. */
static bool take_off(struct http *http, const struct http_connection *connection, size_t size)
{
	enum http_family family = connection->address.family;
	int flags = MSG_DONTWAIT | (family == HTTP_V4 || family == HTTP_V6 ? MSG_TRUNC : 0);
	return recv(connection->fd, http->peeked, size, flags) == (ssize_t)size;
}

static void take(struct http *http, struct http_connection *connection)
{
	connection->has_more = connection->is_gone;
	ssize_t got = connection->stage != HTTP_CUT
			      ? recv(connection->fd, http->peeked, sizeof(http->peeked), MSG_PEEK | MSG_DONTWAIT)
			      : 0;
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (got <= 0) {
		let_go(http, connection);
		return;
	}
	struct http_head head; /* filled before it is read */
	if (!http_head_read(http->peeked, (size_t)got, &head) || !fits(http, &head, (size_t)got)) {
		hand_on(http, connection);
		return;
	}
	size_t size = head.size + head.body_size;
	if (make_request(http, connection, &head) == NULL || !take_off(http, connection, size)) {
		let_go(http, connection);
		return;
	}
	connection->has_more = connection->has_more || (size_t)got > size || (size_t)got == sizeof(http->peeked);
	http_connection_enter(&http->connections, connection, HTTP_HANDED, http->now_us);
	http->handler(http->context, connection->request);
	if (connection->request != NULL && connection->request->state == REQUEST_HANDED) {
		keep_body(connection->request);
	}
}

void http_quick_event(struct http *http, struct http_connection *connection, uint32_t events)
{
	connection->is_gone = connection->is_gone || (events & GONE) != 0;
	if (connection->stage == HTTP_HANDED) {
		connection->has_more = true;
	} else if (connection->stage == HTTP_FETCHING) {
		connection->has_more = true;
		offer_rest(http, connection);
	} else {
		take(http, connection);
	}
}

void http_quick_run(struct http *http)
{
	for (unsigned i = 0; i < NOTED_MAX; i++) {
		struct http_connection *connection = http_connections_noted(&http->connections);
		if (connection == NULL) {
			return;
		}
		if (connection->stage != HTTP_HANDED && connection->stage != HTTP_FETCHING) {
			take(http, connection);
		}
	}
	http_wake(http);
}

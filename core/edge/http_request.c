/*
 * A request's life: judged by its headers, its body collected, handed to the handler, answered.
 */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/http_guard.h"
#include "core/edge/http_inside.h"

#define BODY_FIRST_SIZE ((size_t)16 * 1024)
/* Of body_size_max: so much of a body too large is read away, so that its sender sees the 413. */
#define LATE_BODY_FACTOR 4

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void enter(struct http_request *request, enum http_stage stage)
{
	http_connection_enter(&request->http->connections, request->connection, stage, request->http->now_us);
}

/* The whole target as it came, before anything is decoded. What is returned would become the request's own pointer. */
void *http_on_target(void *context, const char *target, struct MHD_Connection *mhd)
{
	struct http *http = context;
	struct http_connection *connection = connection_of(mhd);
	if (connection != NULL) {
		connection->target = target;
		connection->target_size = strlen(target);
		connection->refuse = connection->target_size > http->options.line_size_max ? 414
				     : strstr(target, "%00") != NULL			   ? 400
											   : 0;
		http_connection_enter(&http->connections, connection, HTTP_HEAD, http->now_us);
	}
	return NULL;
}

/* --- beginning and end --- */

static struct http_request *begin(struct http *http, struct MHD_Connection *mhd, const char *path,
				  const char *method)
{
	struct http_connection *connection = connection_of(mhd);
	if (connection == NULL || connection->stage == HTTP_CUT) {
		return NULL;
	}
	struct http_request *request = calloc(1, sizeof(*request));
	if (request != NULL) {
		*request = (struct http_request){.http = http,
						 .connection = connection,
						 .mhd = mhd,
						 .method = method,
						 .path = path,
						 .length = -1};
		connection->request = request;
	}
	return request;
}

void http_request_finish(struct http_request *request)
{
	if (request->response != NULL) {
		MHD_destroy_response(request->response);
	}
	request->connection->request = NULL;
	request->http->open -= request->is_open;
	http_drop_body(request);
	free(request);
}

void http_on_completed(void *context, struct MHD_Connection *mhd, void **slot,
		       enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)mhd;
	(void)code;
	struct http_request *request = *slot;
	if (request != NULL) {
		CHECK(!request->suspended);
		enter(request, HTTP_KEPT);
		http_request_finish(request);
		*slot = NULL;
	}
}

/* --- waiting --- */

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
	struct http *http = request->http;
	request->suspended = false;
	*request->link = request->next;
	if (request->next != NULL) {
		request->next->link = request->link;
	}
	MHD_resume_connection(request->mhd);
	http_wake(http);
}

void http_drop_suspended(struct http *http)
{
	while (http->suspended != NULL) {
		resume(http->suspended);
	}
}

/* --- answering --- */

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
	enter(request, HTTP_FETCHING);
	return MHD_queue_response(request->mhd, request->status, request->response);
}

static enum MHD_Result refuse(struct http_request *request, unsigned status)
{
	static const char *const closing[] = {"Connection", "close", NULL};
	static const char *const later[] = {"Connection", "close", "Retry-After", "1", NULL};
	request->http->counts.refused++;
	request->status = status;
	request->state = REQUEST_ANSWERED;
	request->response = make_response(status == 503 ? later : closing, "", 0);
	return request->response != NULL ? queue(request) : MHD_NO;
}

void http_answer(struct http_request *request, unsigned status, const char *const *headers, const void *body,
		 size_t size)
{
	CHECK(request->state == REQUEST_HANDED);
	request->state = REQUEST_ANSWERED;
	if (request->mhd == NULL) {
		http_quick_answer(request, status, headers, body, size);
		return;
	}
	request->status = status;
	request->response = make_response(headers, body, size); /* NULL: out of memory, the connection is closed */
	http_drop_body(request);
	if (request->suspended) {
		resume(request);
	}
}

/* --- reading --- */

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

/*
 * libmicrohttpd cuts the request line in its place, and what it hands over are texts, so a NUL that came in the line would end
 * method or target early. Between them stand then other bytes than the one that was a space:
 *
 *	POST\0/com.snowplowanalytics.snowplow/tp2\0HTTP/1.1
 *	method target                               version
 */
static bool is_line_whole(const struct http_request *request, const char *version)
{
	const struct http_connection *connection = request->connection;
	const char *at = request->method + strlen(request->method) + 1;
	while (at != connection->target && *at == ' ') {
		at++;
	}
	uintptr_t end = (uintptr_t)connection->target + connection->target_size + 1;
	/* A version that is not in the connection's memory is a constant. */
	size_t pool_size = request->http->options.line_size_max + HTTP_POOL_MORE;
	bool is_apart = (uintptr_t)version > end && (uintptr_t)version - end < pool_size;
	return at == connection->target && connection->target_size > 0 && request->method[0] != '\0' && !is_apart;
}

/* The first call: only the headers are there, and no byte of the body has been asked for. */
static enum MHD_Result judge(struct http_request *request, const char *version)
{
	const struct http *http = request->http;
	struct header_list list; /* filled before it is read */
	list.count = 0;
	MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, on_header, &list);
	struct http_framing framing = http_guard(version, list.items, list.count);
	unsigned status = framing.status != 0 ? framing.status : request->connection->refuse;
	if (status == 0 && !is_line_whole(request, version)) {
		status = 400;
	}
	if (status != 0) {
		return refuse(request, status);
	}
	if (framing.length > (int64_t)http->options.body_size_max * LATE_BODY_FACTOR) {
		return refuse(request, 413);
	}
	request->length = framing.length;
	request->refuse = framing.length > (int64_t)http->options.body_size_max ? 413 : 0;
	enter(request, HTTP_BODY);
	return MHD_YES;
}

/* Bodies that have been coming for longest give way, so that slow ones cannot fill the memory. */
static bool make_room(struct http_request *request, size_t more)
{
	struct http *http = request->http;
	size_t most = http->options.bodies_size_max;
	while (most != 0 && more > most - http->bodies_size) {
		struct http_connection *oldest = http_connections_oldest(&http->connections, HTTP_BODY);
		if (oldest == NULL || oldest == request->connection) {
			return false;
		}
		oldest->request->refuse = 503;
		http_drop_body(oldest->request);
		http_connection_evict(&http->connections, oldest);
	}
	return true;
}

/* Room for what is there and, as far as it is declared and not more than doubles it, for what comes. */
static bool grow_body(struct http_request *request, size_t size)
{
	struct http *http = request->http;
	size_t room = request->body_room != 0 ? request->body_room : BODY_FIRST_SIZE;
	if (request->length >= 0 && request->body_room == 0 && (size_t)request->length < room) {
		room = (size_t)request->length;
	}
	while (room < size) {
		room *= 2;
	}
	if (room == request->body_room) {
		return true;
	}
	size_t more = room - request->body_room;
	if (!make_room(request, more)) {
		return false;
	}
	char *body = realloc(request->body, room);
	if (body == NULL) {
		return false;
	}
	request->body = body;
	request->body_room = room;
	http->bodies_size += more;
	return true;
}

static enum MHD_Result take_body(struct http_request *request, const char *bytes, size_t size)
{
	const struct http *http = request->http;
	if (request->refuse == 0 && size > http->options.body_size_max - request->body_size) {
		request->refuse = 413;
	} else if (request->refuse == 0 && !grow_body(request, request->body_size + size)) {
		request->refuse = 503;
	}
	if (request->refuse != 0) {
		http_drop_body(request);
		request->read_away += size;
		return request->read_away > http->options.body_size_max * LATE_BODY_FACTOR ? MHD_NO : MHD_YES;
	}
	memcpy(request->body + request->body_size, bytes, size);
	request->body_size += size;
	return MHD_YES;
}

/* --- handing over --- */

static enum MHD_Result hand_over(struct http_request *request)
{
	if (request->refuse != 0) {
		return refuse(request, request->refuse);
	}
	request->state = REQUEST_HANDED;
	request->is_open = true;
	request->http->open++;
	enter(request, HTTP_HANDED);
	request->http->handler(request->http->context, request);
	if (request->state == REQUEST_ANSWERED) {
		return request->response != NULL ? queue(request) : MHD_NO;
	}
	suspend(request);
	return MHD_YES;
}

/* First with the headers, then with each piece of the body, then with none left; once more after a suspension. */
enum MHD_Result http_on_request(void *context, struct MHD_Connection *mhd, const char *path, const char *method,
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

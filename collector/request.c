#include "collector/request.h"

#include <string.h>
#include <strings.h>

#include "collector/source/body.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/gzip.h"
#include "core/base/moment.h"
#include "core/edge/http.h"

#define ARGUMENTS_MAX 256
#define INFLATED_SIZE_MAX ((size_t)8 * 1024 * 1024)
#define INFLATED_TIMES_MAX 1032 /* deflate makes no more of a byte */

struct argument_list {
	struct source_pair *items;
	size_t count; /* of those that there are, more than there is room for perhaps */
};

static void note_argument(void *context, const char *name, const char *value)
{
	struct argument_list *list = context;
	if (list->count < ARGUMENTS_MAX) {
		list->items[list->count] = (struct source_pair){name, value};
	}
	list->count++;
}

/* False: it has too many arguments, or the arena is full. */
static bool describe(const struct http_request *http, struct arena *arena, struct argument_list *ret_list,
		     struct source_request *ret)
{
	*ret_list = (struct argument_list){.items = arena_array(arena, ARGUMENTS_MAX, sizeof(*ret_list->items))};
	if (ret_list->items == NULL) {
		return false;
	}
	http_arguments(http, note_argument, ret_list);
	*ret = (struct source_request){.is_head = strcmp(http_method(http), "HEAD") == 0,
				       .arguments = ret_list->items,
				       .arguments_count = ret_list->count,
				       .received_us = moment_now_us()};
	ret->body = ret->raw = http_body(http, &ret->body_size);
	ret->raw_size = ret->body_size;
	for (size_t i = 0; i < SOURCE_HEADER_COUNT; i++) {
		ret->header[i] = http_header(http, source_header_names[i]);
	}
	return ret_list->count <= ARGUMENTS_MAX;
}

/* What one source alone looks at. False: the arena is full. */
static bool describe_source(const struct http_request *http, const struct route_about *about,
			    const struct hook *hook, struct arena *arena, struct source_request *ret)
{
	ret->path = http_path(http);
	ret->hook = hook;
	if (about->more_headers == NULL) {
		return true;
	}
	struct source_pair *headers = arena_array(arena, SOURCE_MORE_HEADERS_MAX, sizeof(*headers));
	size_t count = 0;
	for (; headers != NULL && about->more_headers[count] != NULL; count++) {
		CHECK(count < SOURCE_MORE_HEADERS_MAX);
		const char *name = about->more_headers[count];
		headers[count] = (struct source_pair){name, http_header(http, name)};
	}
	ret->more_headers = headers;
	ret->more_headers_count = count;
	return headers != NULL;
}

static bool is_json(const struct source_request *request)
{
	const char *body;
	size_t size;
	return body_kind(request->body, request->body_size, &body, &size) == BODY_JSON;
}

/* Senders that pack their bodies do not always say so, and what a proxy has unpacked may still be called packed. False:
 * packed in a way that is not taken. */
static bool is_known_encoding(const struct http_request *http, const struct source_request *request,
			      bool *ret_is_packed)
{
	static const char *const packed[] = {"gzip", "x-gzip", "deflate"};
	const char *encoding = http_header(http, "Content-Encoding");
	*ret_is_packed = gzip_is(request->body, request->body_size);
	if (encoding[0] == '\0') {
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(packed); i++) {
		if (strcasecmp(encoding, packed[i]) == 0) {
			*ret_is_packed = *ret_is_packed || !is_json(request);
			return true;
		}
	}
	return strcasecmp(encoding, "identity") == 0;
}

/* A form's fields are arguments like those of the query, behind them; then there is no body. False: too many of them. */
static bool settle_body(struct source_request *request, bool has_no_forms, struct argument_list *list,
			struct arena *arena)
{
	request->query_count = list->count;
	request->plain = request->body;
	request->plain_size = request->body_size;
	enum body_kind kind = body_kind(request->body, request->body_size, &request->body, &request->body_size);
	if (kind == BODY_FORM && !has_no_forms) {
		if (!body_form(request->body, request->body_size, ARGUMENTS_MAX, arena, list->items,
			       &list->count)) {
			return false;
		}
		request->arguments_count = list->count;
		request->body_size = 0;
	}
	return true;
}

unsigned request_read(const struct http_request *http, enum route route, const struct hook *hook,
		      const struct source_options *options, struct arena *arena,
		      struct source_request *ret_request, struct source_items *ret_items, size_t *ret_size)
{
	struct source_request *request = ret_request;
	struct argument_list list;
	bool is_packed;
	http_body(http, ret_size);
	if (!describe(http, arena, &list, request) ||
	    !describe_source(http, &routes[route], hook, arena, request)) {
		return 413;
	}
	if (!is_known_encoding(http, request, &is_packed)) {
		return 415;
	}
	if (is_packed) {
		char *bytes;
		size_t size, most = request->body_size * INFLATED_TIMES_MAX;
		*ret_size += most < INFLATED_SIZE_MAX ? most : INFLATED_SIZE_MAX;
		switch (gzip_inflate(request->body, request->body_size, INFLATED_SIZE_MAX, arena, &bytes, &size)) {
		case GZIP_DONE:
			*ret_size = request->body_size + size;
			request->body = bytes;
			request->body_size = size;
			break;
		case GZIP_BROKEN:
			if (hook != NULL) { /* nobody's, as long as nothing proves it */
				return 401;
			}
			return source_reject_all(OUTCOME_unreadable, "", request->body, request->body_size, arena,
						 ret_items)
				       ? 0
				       : 413;
		case GZIP_TOO_LARGE:
			return 413;
		}
	}
	if (!settle_body(request, routes[route].has_no_forms, &list, arena)) {
		return 413;
	}
	if (hook != NULL) {
		request->proof = hook_prove(request, hook->is_plain ? hook_password : routes[route].scheme, arena);
		if (request->proof != HOOK_PROVEN) {
			return 401;
		}
	}
	return routes[route].adapter(request, options, arena, ret_items) ? 0 : 413;
}

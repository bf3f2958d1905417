/*
 * What the handler sees of its request.
 */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/edge/http_inside.h"

#define FORWARDED_LINES_MAX 16

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

struct forwarded_lines {
	const char *name;
	const char *values[FORWARDED_LINES_MAX];
	size_t count;
};

static enum MHD_Result on_forwarded(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct forwarded_lines *lines = context;
	if (strcasecmp(name, lines->name) == 0) {
		if (lines->count == COUNT_OF(lines->values)) { /* the last ones are the proxies' own */
			memmove(lines->values, lines->values + 1,
				sizeof(lines->values) - sizeof(lines->values[0]));
			lines->count--;
		}
		lines->values[lines->count++] = value != NULL ? value : "";
	}
	return MHD_YES;
}

struct http_address http_client(const struct http_request *request)
{
	static const char *const names[] = {[HTTP_FORWARDED_NONE] = "",
					    [HTTP_X_FORWARDED_FOR] = "X-Forwarded-For",
					    [HTTP_FORWARDED] = "Forwarded"};
	const struct http_options *options = &request->http->options;
	struct forwarded_lines lines = {.name = names[options->forwarded]};
	if (request->connection->is_believed) {
		MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, on_forwarded, &lines);
	}
	return http_client_of(&request->connection->address, options->proxies, options->forwarded, lines.values,
			      lines.count);
}

const char *http_body(const struct http_request *request, size_t *ret_size)
{
	*ret_size = request->body_size;
	return request->body != NULL ? request->body : "";
}

void http_drop_body(struct http_request *request)
{
	free(request->body);
	request->http->bodies_size -= request->body_room;
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

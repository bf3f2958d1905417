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
	if (request->mhd == NULL) {
		size_t size = strlen(name);
		for (size_t i = 0; i < request->header_count; i++) {
			const struct http_header *header = &request->headers[i];
			if (http_header_is(header, name, size)) {
				return header->value;
			}
		}
		return "";
	}
	const char *value = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
	return value != NULL ? value : "";
}

const char *http_argument(const struct http_request *request, const char *name)
{
	const char *value = NULL;
	bool found =
		request->mhd != NULL && MHD_lookup_connection_value_n(request->mhd, MHD_GET_ARGUMENT_KIND, name,
								      strlen(name), &value, NULL) == MHD_YES;
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
	if (request->mhd != NULL) {
		MHD_get_connection_values(request->mhd, MHD_GET_ARGUMENT_KIND, on_argument, &walk);
	}
}

struct forwarded_lines {
	const char *name;
	size_t name_size;
	const char *values[FORWARDED_LINES_MAX];
	size_t count;
};

static void add_line(struct forwarded_lines *lines, const char *value)
{
	if (lines->count == COUNT_OF(lines->values)) { /* the last ones are the proxies' own */
		memmove(lines->values, lines->values + 1, sizeof(lines->values) - sizeof(lines->values[0]));
		lines->count--;
	}
	lines->values[lines->count++] = value;
}

static enum MHD_Result on_line(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct forwarded_lines *lines = context;
	if (strcasecmp(name, lines->name) == 0) {
		add_line(lines, value != NULL ? value : "");
	}
	return MHD_YES;
}

static void find_lines(const struct http_request *request, struct forwarded_lines *lines)
{
	if (lines->name_size == 0) {
		return;
	}
	if (request->mhd != NULL) {
		MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, on_line, lines);
		return;
	}
	for (size_t i = 0; i < request->header_count; i++) {
		if (http_header_is(&request->headers[i], lines->name, lines->name_size)) {
			add_line(lines, request->headers[i].value);
		}
	}
}

struct http_address http_client(const struct http_request *request)
{
	static const char *const names[] = {[HTTP_FORWARDED_NONE] = "",
					    [HTTP_X_FORWARDED_FOR] = "X-Forwarded-For",
					    [HTTP_FORWARDED] = "Forwarded"};
	const struct http_options *options = &request->http->options;
	const char *name = request->connection->is_believed ? names[options->forwarded] : "";
	struct forwarded_lines lines;
	lines.name = name;
	lines.name_size = strlen(name);
	lines.count = 0; /* the lines are not worth clearing */
	find_lines(request, &lines);
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
	if (!request->is_body_lent) {
		free(request->body);
	}
	request->http->bodies_size -= request->body_room;
	request->body = NULL;
	request->body_size = request->body_room = 0;
	request->is_body_lent = false;
}

void http_set_user(struct http_request *request, void *user)
{
	request->user = user;
}

void *http_user(const struct http_request *request)
{
	return request->user;
}

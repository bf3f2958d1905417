#include "collector/cors.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/check.h"

#define ORIGIN_SIZE_MAX 300
#define ASKED_SIZE_MAX 1024

bool cors_is_origin(const char *origin)
{
	const char *host = strstr(origin, "://");
	if (host == NULL || host == origin || host[3] == '\0' || strlen(origin) > ORIGIN_SIZE_MAX) {
		return false;
	}
	for (const char *at = origin; at < host; at++) {
		if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && strchr("+-.", *at) == NULL) {
			return false;
		}
	}
	for (const char *at = host + 3; *at != '\0'; at++) {
		if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) &&
		    strchr("-._:[]", *at) == NULL) {
			return false;
		}
	}
	return true;
}

bool cors_allows(const char *const *origins, size_t count, const char *origin)
{
	bool found = count == 0 || origin[0] == '\0';
	for (size_t i = 0; i < count && !found; i++) {
		found = strcmp(origins[i], origin) == 0;
	}
	return found;
}

/* Names of headers with commas between. */
static bool is_header_list(const char *text)
{
	size_t size = strlen(text);
	for (size_t i = 0; i < size; i++) {
		if (!isalnum((unsigned char)text[i]) && strchr("-_, ", text[i]) == NULL) {
			return false;
		}
	}
	return size > 0 && size <= ASKED_SIZE_MAX;
}

void cors_add(struct cors *cors, const char *name, const char *value)
{
	CHECK(cors->count + 3 <= CORS_HEADERS_MAX);
	cors->headers[cors->count++] = name;
	cors->headers[cors->count++] = value;
	cors->headers[cors->count] = NULL;
}

void cors_answer(const char *origin, struct cors *ret_cors)
{
	ret_cors->count = 0;
	cors_add(ret_cors, "Vary", "Origin");
	if (origin[0] == '\0') {
		return;
	}
	bool known = cors_is_origin(origin);
	cors_add(ret_cors, "Access-Control-Allow-Origin", known ? origin : "*");
	if (known) {
		cors_add(ret_cors, "Access-Control-Allow-Credentials", "true");
	}
}

void cors_preflight(const char *origin, const char *asked, struct cors *ret_cors)
{
	cors_answer(origin, ret_cors);
	cors_add(ret_cors, "Access-Control-Allow-Methods", "GET,POST,OPTIONS");
	cors_add(ret_cors, "Access-Control-Max-Age", "3600");
	if (is_header_list(asked)) {
		cors_add(ret_cors, "Access-Control-Allow-Headers", asked);
	}
}

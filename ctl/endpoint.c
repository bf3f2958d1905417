#include "ctl/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/edge/http_get.h"

#define PAGE_SIZE_MAX ((size_t)4 * 1024 * 1024)

bool endpoints_list(const char *text, struct arena *arena, struct endpoint ret_endpoints[static ENDPOINTS_MAX],
		    size_t *ret_count)
{
	*ret_count = 0;
	if (text[0] == '\0' || strcmp(text, "none") == 0) {
		return true;
	}
	for (const char *at = text; *at != '\0';) {
		size_t size = strcspn(at, ",");
		const char *address = arena_text(arena, at, size);
		if (size == 0 || address == NULL || *ret_count == ENDPOINTS_MAX) {
			return false;
		}
		ret_endpoints[(*ret_count)++] = (struct endpoint){.address = address};
		at += size + (at[size] == ',' ? 1 : 0);
	}
	return true;
}

static const char *one_line(const char *text, struct arena *arena)
{
	char *line = arena_text(arena, text, strcspn(text, "\r\n"));
	if (line == NULL) {
		return "";
	}
	text_show(line);
	return line;
}

void endpoint_ask(struct endpoint *endpoint, struct arena *arena)
{
	struct fail fail;
	unsigned status;
	const char *body;
	*endpoint = (struct endpoint){.address = endpoint->address, .why = "does not answer"};
	if (!http_get(endpoint->address, "/readyz", 4096, ENDPOINT_MS_MAX, arena, &status, &body, &fail)) {
		return;
	}
	endpoint->reached = true;
	endpoint->ready = status == 200;
	endpoint->why = endpoint->ready ? "" : one_line(body, arena);
}

void endpoint_ask_metrics(struct endpoint *endpoint, struct arena *arena)
{
	struct fail fail;
	unsigned status;
	const char *body;
	endpoint_ask(endpoint, arena);
	if (endpoint->reached &&
	    http_get(endpoint->address, "/metrics", PAGE_SIZE_MAX, ENDPOINT_MS_MAX, arena, &status, &body,
		     &fail) &&
	    status == 200) {
		endpoint->page = body;
	}
}

void endpoint_print(const struct endpoint *endpoint, FILE *out)
{
	fprintf(out, "%s: %s%s\n", endpoint->address,
		endpoint->ready	    ? "ready"
		: endpoint->reached ? "not ready: "
				    : "",
		endpoint->why);
}

/* The next line that begins with these bytes; NULL: none. */
static const char *line_of(const char *at, const char *begin, size_t size)
{
	while (at != NULL && *at != '\0') {
		if (strncmp(at, begin, size) == 0) {
			return at;
		}
		at = strchr(at, '\n');
		at = at != NULL ? at + 1 : NULL;
	}
	return NULL;
}

double endpoint_value(const struct endpoint *endpoint, const char *series)
{
	size_t size = strlen(series);
	for (const char *at = line_of(endpoint->page, series, size); at != NULL;
	     at = line_of(at + 1, series, size)) {
		if (at[size] == ' ') {
			return strtod(at + size + 1, NULL);
		}
	}
	return 0;
}

void endpoint_each(const struct endpoint *endpoint, const char *name, const char *label, endpoint_sample *sample,
		   void *context)
{
	char begin[128], wanted[64];
	snprintf(begin, sizeof(begin), "%s{", name);
	snprintf(wanted, sizeof(wanted), "%s=\"", label);
	size_t size = strlen(begin);
	for (const char *at = line_of(endpoint->page, begin, size); at != NULL;
	     at = line_of(at + 1, begin, size)) {
		char value[64];
		const char *end = strchr(at, '}'), *found = strstr(at, wanted);
		if (end == NULL || found == NULL || found > end) {
			continue;
		}
		found += strlen(wanted);
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(found, "\""), found);
		sample(context, value, strtod(end + 1, NULL));
	}
}

/*
 * The board's HTTP: which request gets which page, and what each answer says to a browser.
 *
 * GET and HEAD alone. A Host that is a name is refused unless it is known: a page of somebody else, whose name has been made
 * to mean this machine, cannot read anything here.
 */
#pragma once
#include <stdbool.h>

#include "core/base/fail.h"
#include "core/edge/http.h"
#include "ctl/board/links.h"

struct serve {
	struct http *http;
	struct links *links;
	const char *hosts; /* names that Host may be besides localhost, commas between; "" */
};

/* "127.0.0.1:8088", "[::1]:0", "localhost"… of a Host header: a literal address, localhost, or one of `hosts`. */
bool serve_is_host(const char *host, const char *hosts);
/* May anybody on another machine reach an address that is listened on? Only what is surely not: 127.0.0.0/8, [::1], unix:…. */
bool serve_is_loopback(const char *listen);

/* An http_handler; context: struct serve. */
void serve_request(void *context, struct http_request *request);
/* A links_done; the same context. */
void serve_done(void *context, struct job *job, enum links_end end, const struct fail *fail);

/*
 * A server of core/edge/http.h and its clients in one thread: the server is driven by its descriptor as a loop would, clients
 * are sockets with raw bytes.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/moment.h"
#include "core/edge/http.h"

#define WIRE_BODY_MAX ((size_t)64 * 1024)
#define WIRE_LINE_MAX ((size_t)20 * 1024)
#define WIRE_WAIT_US (20 * MOMENT_SECOND_US)

/* What the handler saw last, and the requests it keeps waiting. */
struct wire_seen {
	unsigned calls;
	char method[16], path[64], header[64], argument[64], arguments[256];
	struct http_address client;
	size_t body_size;
	unsigned body_sum;
	struct http_request *waiting[8];
	unsigned waiting_count;
};

extern struct wire_seen wire_seen;
extern struct http *wire_http;

/* Paths under /wait/ are kept in wire_seen.waiting, all others are answered at once: "fine". */
void wire_on_request(void *context, struct http_request *request);
/* Answers one that waits; the loop must be woken by it. */
void wire_answer(unsigned which, const char *body);

void wire_start_with(const struct http_options *options); /* zeroes stand for the test's own */
void wire_start(unsigned request_s_max, unsigned connections_max);
void wire_stop(void);
uint16_t wire_port(void);

int wire_dial(void);
/* From an address of 127.0.0.0/8 in host order; non-blocking when the server need not have accepted it yet. */
int wire_dial_from(uint32_t address);
/* Until the server has so many connections. */
int wire_dial_seen(unsigned connections);

/* One turn of a loop: waits for the server's descriptor or for `fd` (-1: none), at most a second. */
void wire_turn(int fd, short events);
void wire_say(int fd, const char *bytes, size_t size);

#define WIRE_HEARD_SIZE 8192
extern char wire_heard[WIRE_HEARD_SIZE];
/* Reads until the text ends with `mark` behind the head, or the server closes. Returns the status, 0: closed without. */
unsigned wire_hear(int fd, const char *mark, bool *ret_closed);
/* Dials, says, and hears until the server closes. */
unsigned wire_ask(const char *bytes, size_t size);

/*
 * "127.0.0.1:8080", "[::1]:0" or "unix:/run/…" → a listening socket. Numbers only: a start never waits for DNS.
 */
#pragma once
#include <stdbool.h>

#include "core/base/fail.h"

#define HTTP_ADDRESS_SIZE 128

struct http_listen {
	int fd;				   /* listening, non-blocking, close-on-exec; the caller's to close */
	char address[HTTP_ADDRESS_SIZE];   /* where it really listens */
	char unix_path[HTTP_ADDRESS_SIZE]; /* to unlink at the end; "" for TCP */
};

/* The socket that the service manager holds for us under this name; it stays open when we end, and who connects meanwhile
 * waits. False: there is none (NULL: none is asked for). */
bool http_listen_inherit(const char *name, struct http_listen *ret_listen);
/* A socket file that nobody listens on any more is replaced; a living one is not. */
bool http_listen_open(const char *text, struct http_listen *ret_listen, struct fail *fail);

/*
 * Asks an HTTP server of ours for a page: phasectl's way to /readyz and /metrics. Hides libcurl. Blocks.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"

struct arena;

/*
 * GET path of "host:port", "[::1]:port" or "unix:/path"; the body, NUL-terminated, in the arena. False: nobody answered within
 * ms_max, or more than size_max bytes. Follows nothing, asks no proxy.
 */
bool http_get(const char *address, const char *path, size_t size_max, unsigned ms_max, struct arena *arena,
	      unsigned *ret_status, const char **ret_body, struct fail *fail);

/*
 * An HTTP request → what its source's adapter makes of it: arguments, the few headers that are looked at, the body
 * unpacked.
 */
#pragma once
#include "collector/routes.h"
#include "collector/source/source.h"

struct arena;
struct http_request;

/*
 * 0, and the items; or the status to refuse it with: 401 it does not prove whose it is, 413 too much of anything, 415 packed in
 * a way that is not taken. `hook`: of a source of webhooks; NULL: the route is another one's.
 * *ret_request is what the adapter saw; all lives as long as the request and the arena. *ret_size, whatever is returned: the
 * bytes of the body as it came and of what was unpacked of it, or may have been.
 */
unsigned request_read(const struct http_request *http, enum route route, const struct hook *hook,
		      const struct source_options *options, struct arena *arena,
		      struct source_request *ret_request, struct source_items *ret_items, size_t *ret_size);

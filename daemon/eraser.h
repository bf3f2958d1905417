/*
 * Before a daemon's first batch: reads the topic of erasures to its end and applies what its database does not know, as one that was
 * restored from a backup does not.
 *
 * Reads and applies a slice at a time, over a connection of its own. Never blocks (but see core/edge/kafka_log.h); what is away is waited for,
 * visibly. Several daemons may do it at once: what one has applied is known to the next, and twice is as good as once.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/edge/kafka_log.h"

struct postgres;
struct store;
struct eraser;

struct eraser_options {
	struct kafka_log *log;	   /* taken over, and ended once the topic is read */
	struct postgres *postgres; /* these are borrowed for its life; not connected before and after */
	struct store *store;	   /* of that connection */
	const char *topic;
};

enum eraser_run {
	ERASER_WAITS, /* for its descriptors, or a second */
	ERASER_DONE,
	ERASER_FAILED /* *fail: waiting will not mend it */
};

/* NULL: no memory, and the log is the caller's still. */
struct eraser *eraser_create(const struct eraser_options *options);
void eraser_destroy(struct eraser *eraser); /* NULL is fine */

/* As far as it goes without waiting. */
enum eraser_run eraser_run(struct eraser *eraser, struct fail *fail);
/* What it waits for, a line for /readyz. */
const char *eraser_why(const struct eraser *eraser);

/* What to watch, -1: not now: the topic's; PostgreSQL's, and for what. */
int eraser_log_fd(const struct eraser *eraser);
int eraser_store_fd(const struct eraser *eraser);
bool eraser_wants_write(const struct eraser *eraser);

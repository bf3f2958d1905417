/*
 * Rows of table rejected, as the commands about them share them: where one lies, which are asked for, what its message is
 * now. Nothing of a message is ever printed but what the row says of it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/edge/kafka_read.h"
#include "core/edge/postgres.h"
#include "core/model/reject.h"
#include "ctl/ctl.h"

struct json_t;

struct reject_entry {
	const char *topic;
	int64_t partition, offset;
	const char *reason, *field, *source;
	int64_t size;
	uint64_t hash;			     /* 0, as size: not known */
	int64_t at_us, noted_us, retried_us; /* retried: INT64_MIN: it was not */
};

struct reject_entries {
	struct arena *arena;
	struct reject_entry *rows;
	size_t count;
};

/* What a list or a retry may be about. */
struct reject_filter {
	const char *topic, *reason, *since;
	bool all; /* those that were tried again, too */
};
#define REJECT_FILTER_OPTIONS(filter) \
	{"topic", "TOPIC", OPTION_TEXT, &(filter).topic, 0, 0, "of this topic"}, \
		{"reason", \
		 "REASON", \
		 OPTION_TEXT, \
		 &(filter).reason, \
		 0, \
		 0, \
		 "rejected for this: unreadable, too_large, …"}, \
	{ \
		"since", "WHEN", OPTION_TEXT, &(filter).since, 0, 0, \
			"noted since then: a time (RFC 3339), or 90s, 30m, 12h, 7d ago" \
	}

/* "TOPIC/PARTITION@OFFSET", the topic in the arena. False: EXIT_USAGE. */
bool rejects_place(const char *text, struct arena *arena, struct reject_entry *ret_place, struct fail *fail);
/* Checks the words of a filter and makes its four parameters: topic, reason, since, all. False: EXIT_USAGE. */
#define REJECT_FILTER_VALUES 4
bool rejects_filter(const struct reject_filter *filter, struct arena *arena,
		    struct postgres_value ret_values[static REJECT_FILTER_VALUES], struct fail *fail);

/* What statements about rows begin with, and the condition of a filter, parameters 1 to 4. */
#define REJECT_COLUMNS \
	"SELECT r.topic, r.partition, r.\"offset\", r.reason, r.field, r.source, r.size, r.hash, r.at, " \
	"r.noted_at, " \
	"r.retried_at FROM phased.rejected r "
#define REJECT_WHERE \
	"WHERE ($1 IS NULL OR r.topic = $1) AND ($2 IS NULL OR r.reason = $2) AND ($3 IS NULL OR r.noted_at >= " \
	"$3) " \
	"AND ($4 OR r.retried_at IS NULL) "
#define REJECT_PARAMETERS \
	{POSTGRES_TEXT, false}, {POSTGRES_TEXT, false}, {POSTGRES_TIMESTAMPTZ, false}, \
	{ \
		POSTGRES_BOOL, false \
	}
/* A postgres_on_rows for REJECT_COLUMNS; context: a struct reject_entries, whose arena takes them. */
bool rejects_on_rows(void *context, const struct postgres_rows *rows, struct fail *fail);

/* What the row says, as a new JSON object. */
struct json_t *rejects_json(const struct reject_entry *entry);

/* The message of each row, as its log holds it now, in `ctl`'s arena; in the order of the rows. NULL: *fail. */
struct kafka_record *rejects_read(struct ctl *ctl, const struct reject_entries *entries, struct fail *fail);
/* Is it the message that was rejected, and not another one at the same place of a topic that was made anew? */
bool rejects_is_same(const struct reject_entry *entry, const struct kafka_record *record);
/* What would a daemon of this version say of these bytes? OUTCOME_NONE: it takes them; else *ret_reject. */
enum outcome rejects_would_be(const struct ctl *ctl, const struct kafka_record *record, struct reject *ret_reject);
/* Reported by the collector: there is no message to be read again. */
bool rejects_is_collectors(const struct ctl *ctl, const struct reject_entry *entry);

/* ---- rejects_purge.c ---- */

/* Deletes rows noted more than so many days ago, 5,000 a transaction; `dry_run`: only counts them. */
bool rejects_purge_old(struct ctl *ctl, struct postgres *postgres, int64_t days, bool dry_run, int64_t *ret_count,
		       struct fail *fail);

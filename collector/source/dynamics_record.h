/*
 * What an operation of Dataverse's was about: its columns, which stand in lists of pairs, some written by the operation and
 * some in the images that its step was registered with. Pure.
 */
#pragma once
#include "collector/source/reading.h"

#define DYNAMICS_PARTS_MAX 8

/* Where columns stand: what an operation was asked to write, then the record as it is thereafter; of one that is deleted, as
 * it was. The first that has a column says it. */
struct dynamics_record {
	const struct json_node *parts[DYNAMICS_PARTS_MAX];
	size_t count;
};

/* Is the operation called so? "Create", "Win" … */
bool dynamics_is(const struct json_node *message, const char *name);
/* What it was given: "Target", of one that closes a deal "OpportunityClose". NULL: nothing of that name. */
const struct json_node *dynamics_input(const struct json_node *message, const char *key);
struct dynamics_record dynamics_record(const struct json_node *message);
/* As it was before. */
struct dynamics_record dynamics_before(const struct json_node *message);

/* NULL: no part has it, or it is null. */
const struct json_node *dynamics_column(const struct dynamics_record *record, const char *name);
/* Of an amount or a choice its value, of a lookup the record's id; of a plain column itself. NULL of NULL. */
const struct json_node *dynamics_plain(const struct json_node *value);
/* How a choice or a lookup is shown to people; NULL: not told. */
const struct json_node *dynamics_shown(const struct dynamics_record *record, const char *name);

/* A text or number to *ret; NULL, and what is neither: *ret stays. */
enum outcome dynamics_text(struct reading *reading, const struct json_node *node, size_t max, const char **ret);
/* Ids are needed, compared, and, being GUIDs, written in either case: lower. `name` is the field where it is none. */
enum outcome dynamics_id(struct reading *reading, const char *name, const struct json_node *node,
			 const char **ret);
/* The id of a lookup's record, where that is one of such a table. */
enum outcome dynamics_lookup(struct reading *reading, const struct dynamics_record *record, const char *name,
			     const char *table, const char **ret);
/* "/Date(1795315784208-0700)/": milliseconds of UTC, and the zone that they would be shown in; or RFC 3339. False: neither. */
bool dynamics_date(const char *text, int64_t *ret_us);

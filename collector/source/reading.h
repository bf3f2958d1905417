/*
 * What adapters share while they read one event: texts and properties within the contract's limits, JSON by path, ids and
 * times. Pure.
 *
 * Steps return OUTCOME_NONE, or what is wrong; `field` says where. A full arena is OUTCOME_too_large.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/source/source.h"
#include "core/base/json.h"
#include "core/model/outcome.h"

struct reading {
	const struct source_request *request;
	const struct source_options *options;
	struct arena *arena;
	const struct json_node *message; /* of JSON: the one that the event is made of */
	const void *around;		 /* what one source's steps look at beside it */
	struct event *event;
	const char *user_agent; /* as in struct source_item */
	const char *field;
};

/* Copies `text`, cut to `max`, to *ret; "" for NULL. Text that is not UTF-8 is OUTCOME_bad_text. */
enum outcome reading_copy(struct reading *reading, const char *text, size_t max, const char **ret);
/* One more property, if there is room; empty ones are left out. */
enum outcome reading_property(struct reading *reading, const char *key, const char *value);

/* A value by the keys that lead to it (json.h). */
const struct json_node *reading_find(const struct json_node *map, const char *path);
/* Of a list of maps {"key": …, "value": …} the value of that key; NULL where there is none, or it is null. */
const struct json_node *reading_pair(const struct json_node *list, const char *key);
/* Is the key there, be its value null? */
bool reading_has_pair(const struct json_node *list, const char *key);
/* A flat value as text (json.h). */
const char *reading_flat(const struct json_node *node, struct arena *arena);

/* The text at a path of the message, or the whole number, to *ret; nothing there: *ret stays. Anything else is
 * OUTCOME_bad_value: a list is no name. */
enum outcome reading_text(struct reading *reading, const char *path, size_t max, const char **ret);
/* The same of what has to be there: "" is OUTCOME_bad_value. */
enum outcome reading_needed(struct reading *reading, const char *path, size_t max, const char **ret);
/* The same of what is not needed: anything that is no text is left out. */
enum outcome reading_optional(struct reading *reading, const char *path, size_t max, const char **ret);
/* Every flat value of the map as a property by its key; other values are left out. NULL: none. */
enum outcome reading_properties(struct reading *reading, const struct json_node *map);

/* The same, with what may not be kept of URLs taken out, and without those that the event has otherwise. `is_own` may be NULL. */
enum outcome reading_other_properties(struct reading *reading, const struct json_node *map,
				      bool (*is_own)(const struct reading *reading, const char *key));
/* That of the message's "properties"; what is there and no map is OUTCOME_bad_value. */
enum outcome reading_own_properties(struct reading *reading,
				    bool (*is_own)(const struct reading *reading, const char *key));
/* Money, or whatever else a number was put on it by, of those properties as the event's value. */
void reading_amount(struct reading *reading);
/* The fields of a form that was submitted, as configuration maps that of event->content.form_id; of another one none is read. */
enum outcome reading_form(struct reading *reading, const struct json_node *map);
/* The number at a path, or in a text there, as the event's value; nothing of the kind there: it stays unsaid. */
void reading_value(struct reading *reading, const char *path);
/* Such a number as a whole one, at most `max`; 0 when there is none, or a negative one. */
uint32_t reading_whole(const struct reading *reading, const char *path, uint32_t max);
/* What a flat value says, a yes in some way or else a no; UNSAID: it is not there. */
enum statement reading_statement(const struct json_node *node);

/* Which text of a message goes to which field of its event. */
struct reading_row {
	const char *path;
	size_t limit;
	size_t to; /* offset in struct event */
};
/* What senders call what was done. */
struct reading_word {
	const char *name;
	int action;
};
/* The event's action by the name at the path, which has to be there; CUSTOM with that name as label where it is none of them. */
enum outcome reading_word(struct reading *reading, const char *path, const struct reading_word *words,
			  size_t count);
/* What is kept of the URL at a path (url.h), to *ret, by url_clean() or url_without_query(); nothing there: *ret stays. `ret_raw`: it
 * as it came; may be NULL. */
enum outcome reading_url(struct reading *reading, const char *path,
			 const char *(*clean)(const char *url, struct arena *arena), const char **ret,
			 const char **ret_raw);
/* Row by row; a field that has a text keeps it, so the first of several rows wins. */
enum outcome reading_texts(struct reading *reading, const struct reading_row *rows, size_t count);

/* The event's id: the text at the path; without one, or when `path` is NULL, one that is made of the pieces, the same for
 * the same pieces. */
struct hash_piece;
enum outcome reading_id(struct reading *reading, const char *path, const struct hash_piece *pieces, size_t count);

/* Goes on from the hash `sum` with all flat values below the node, each with its key; NULL: the arena is full. */
const char *reading_stir(const struct json_node *node, const char *key, const char *sum, struct arena *arena);

enum reading_unit {
	READING_RFC3339,
	READING_SECONDS,
	READING_MILLISECONDS,
	READING_MICROSECONDS,
	READING_ANY /* RFC 3339 or seconds */
};
/* A moment of the message: a number, or digits in a text, in that unit; or RFC 3339. Nothing there: 0. Outside of the years
 * 1970 to 9999: OUTCOME_bad_value. */
enum outcome reading_moment(struct reading *reading, const char *path, enum reading_unit unit, int64_t *ret_us);

/* When it happened is the moment at the path, which has to be there. */
enum outcome reading_when(struct reading *reading, const char *path, enum reading_unit unit);

/* Digits in that many µs each, as headers and queries have them; false: they are none, or beyond year 9999. */
bool reading_digits(const char *text, int64_t unit_us, int64_t *ret_us);

/*
 * When it happened. The sender's clock may be wrong, but it is wrong by the same at both of its stamps: what lay between
 * them is true. Each stamp may be 0, unsaid.
 *
 *	occurred = true, else received − (sent − created), else created; within [received − 30 d, received + 2 min]
 */
void reading_times(struct reading *reading, int64_t created_us, int64_t sent_us, int64_t true_us);

/* What is wrong with a body that is not JSON. */
enum outcome reading_outcome(enum json_trouble_kind kind);
/* One message, read by one source, into its item: the event, or why not and where. The reject has the size and the hash of
 * the texts in it. */
typedef enum outcome reading_step(struct reading *reading);
void reading_item(struct reading *reading, const char *source, enum channel channel, reading_step *const *steps,
		  size_t count, struct source_item *ret_item);
/* The request's body as JSON. *ret_root NULL: it is none, *ret_items says why. False: the arena is full. */
bool reading_body(const struct source_request *request, struct arena *arena, struct json_node **ret_root,
		  struct source_items *ret_items);
/* The list under a key of it, of at most `most`. *ret_list NULL: it is none, or longer; *ret_items says so. False: the arena is full. */
bool reading_list_of(const struct json_node *root, const struct source_request *request, const char *key,
		     size_t most, struct arena *arena, const struct json_node **ret_list,
		     struct source_items *ret_items);
/* Both: a body that has a list of at most `most` under the key. *ret_list NULL: *ret_items says why. */
bool reading_list(const struct source_request *request, struct arena *arena, const char *key, size_t most,
		  struct json_node **ret_root, const struct json_node **ret_list, struct source_items *ret_items);

/*
 * The model in force, made ready: as read from PostgreSQL, compiled for matching, tabled for folding; and the cache of
 * what subjects match. One at a time; made anew when a connection greets.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/flow/contacts.h"
#include "core/flow/match.h"
#include "core/model/subject.h"

struct engine;

/* From the text of table model. NULL: *fail. Takes nothing over. */
struct engine *engine_create(const char *model_text, size_t size, uint64_t version, struct fail *fail);
void engine_destroy(struct engine *engine); /* NULL is fine */

const struct contacts_model *engine_model(const struct engine *engine);

/* Which of all engines that this process has made, from 1 on: an address may come again, this does not. */
uint64_t engine_number(const struct engine *engine);

/* What a subject that is in the cache matches, with content NULL. False: it is not. */
bool engine_find(const struct engine *engine, uint64_t subject_id, struct match *ret_match);
/* What a subject matches; by the cache where it is known. content is NULL from the cache: it is in the database then. */
void engine_match(const struct engine *engine, const struct subject *subject, struct match *ret_match);
/* Is it in the cache, that is, surely stored with its rule? */
bool engine_knows(const struct engine *engine, uint64_t subject_id);
/* Where that will be looked up soon: subjects are anywhere in the cache. */
void engine_look_ahead(const struct engine *engine, uint64_t subject_id);
/* Once a COMMIT is confirmed, or as it was read. A full cache is emptied first. */
void engine_learn(struct engine *engine, uint64_t subject_id, const struct match *match);
/* May what an old history was about be kept, too? What events come about has the other half of the cache, at the least. */
bool engine_has_room(const struct engine *engine);
/* After any rollback or reconnect what is cached may be ahead of the database. */
void engine_forget(struct engine *engine);

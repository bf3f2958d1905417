#include "daemon/engine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"

#define MODEL_ARENA_SIZE ((size_t)64 * 1024 * 1024)
#define CACHE_SLOTS 131072 /* a power of two; at most half of it is used */

struct cached {
	uint64_t subject_id;
	uint64_t link;
	int16_t process, rule;
	uint16_t confirm;
	bool used, mail_click;
};

struct engine {
	struct arena arena;
	struct model *model;
	struct matcher *matcher;
	struct fold_process *processes;
	struct contacts_model ready;
	struct cached *cache;
	size_t cached_count;
	uint64_t number;
};

struct engine *engine_create(const char *model_text, size_t size, uint64_t version, struct fail *fail)
{
	static uint64_t made;
	struct engine *engine = calloc(1, sizeof(*engine));
	if (engine == NULL || !arena_init(&engine->arena, MODEL_ARENA_SIZE)) {
		free(engine);
		fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "model: no memory");
		return NULL;
	}
	if (!model_file_parse(model_text, size, &engine->arena, &engine->model, fail)) {
		fail_prefix(fail, "model %016" PRIx64 " of table phased.model", version);
		goto fail;
	}
	if (engine->model->version != version) {
		fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
			 "model %016" PRIx64 " of table phased.model: its text is of version "
			 "%016" PRIx64,
			 version, engine->model->version);
		goto fail;
	}
	engine->matcher = matcher_create(engine->model, fail);
	if (engine->matcher == NULL) {
		goto fail;
	}
	engine->processes = arena_zero(&engine->arena, engine->model->process_count, sizeof(struct fold_process));
	engine->cache = calloc(CACHE_SLOTS, sizeof(*engine->cache));
	if (engine->processes == NULL || engine->cache == NULL) {
		fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "model: no memory");
		goto fail;
	}
	for (unsigned i = 0; i < engine->model->process_count; i++) {
		fold_process_init(&engine->processes[i], &engine->model->processes[i]);
	}
	engine->ready = (struct contacts_model){engine->model, engine->processes};
	engine->number = ++made;
	return engine;
fail:
	engine_destroy(engine);
	return NULL;
}

void engine_destroy(struct engine *engine)
{
	if (engine != NULL) {
		matcher_destroy(engine->matcher);
		free(engine->cache);
		arena_finish(&engine->arena);
		free(engine);
	}
}

const struct contacts_model *engine_model(const struct engine *engine)
{
	return &engine->ready;
}

uint64_t engine_number(const struct engine *engine)
{
	return engine->number;
}

/* Subject ids are hashes already. */
static struct cached *find(const struct engine *engine, uint64_t subject_id)
{
	size_t slot = subject_id & (CACHE_SLOTS - 1);
	while (engine->cache[slot].used && engine->cache[slot].subject_id != subject_id) {
		slot = (slot + 1) & (CACHE_SLOTS - 1);
	}
	return &engine->cache[slot];
}

bool engine_find(const struct engine *engine, uint64_t subject_id, struct match *ret_match)
{
	const struct cached *cached = find(engine, subject_id);
	if (!cached->used) {
		return false;
	}
	*ret_match = (struct match){
		.process = cached->process,
		.rule = cached->rule,
		.content = NULL,
		.mail_click = cached->mail_click,
		.link = cached->link,
		.confirm = cached->confirm,
	};
	return true;
}

void engine_match(const struct engine *engine, const struct subject *subject, struct match *ret_match)
{
	if (!engine_find(engine, subject->id, ret_match)) {
		matcher_match(engine->matcher, subject, ret_match);
	}
}

bool engine_knows(const struct engine *engine, uint64_t subject_id)
{
	return find(engine, subject_id)->used;
}

void engine_look_ahead(const struct engine *engine, uint64_t subject_id)
{
	__builtin_prefetch(&engine->cache[subject_id & (CACHE_SLOTS - 1)]);
}

bool engine_has_room(const struct engine *engine)
{
	return engine->cached_count < CACHE_SLOTS / 4;
}

void engine_learn(struct engine *engine, uint64_t subject_id, const struct match *match)
{
	if (engine->cached_count >= CACHE_SLOTS / 2) {
		engine_forget(engine);
	}
	struct cached *cached = find(engine, subject_id);
	if (!cached->used) {
		engine->cached_count++;
	}
	*cached = (struct cached){
		.subject_id = subject_id,
		.link = match->link,
		.process = (int16_t)match->process,
		.rule = (int16_t)match->rule,
		.confirm = match->confirm,
		.mail_click = match->mail_click,
		.used = true,
	};
}

void engine_forget(struct engine *engine)
{
	if (engine->cached_count > 0) {
		memset(engine->cache, 0, CACHE_SLOTS * sizeof(*engine->cache));
		engine->cached_count = 0;
	}
}

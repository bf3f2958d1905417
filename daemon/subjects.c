#include "daemon/subjects.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/hash.h"

#define STEPS_MAX 4
#define SHARED_MAX 32
#define ROOM_LEAST (SUBJECTS_SIZE / 8) /* with less a batch does not begin */

struct subjects {
	const struct engine *engine;
	uint64_t engine_number; /* whose matches are kept; 0: none */
	struct arena arena;
	const char *shared[SHARED_MAX]; /* sources and sites: few, so that kept subjects have one text of each */
	size_t shared_count;
	struct subject_slot {
		uint64_t sum;			   /* of its look */
		const struct subject_known *known; /* NULL: nothing here */
	} slots[SUBJECTS_MAX];
};

struct subjects *subjects_create(void)
{
	struct subjects *subjects = calloc(1, sizeof(*subjects));
	if (subjects != NULL && !arena_init(&subjects->arena, SUBJECTS_SIZE)) {
		free(subjects);
		subjects = NULL;
	}
	return subjects;
}

void subjects_destroy(struct subjects *subjects)
{
	if (subjects != NULL) {
		arena_finish(&subjects->arena);
		free(subjects);
	}
}

void subjects_begin(struct subjects *subjects, const struct engine *engine)
{
	subjects->engine = engine;
	if (subjects->engine_number != engine_number(engine) ||
	    subjects->arena.limit - subjects->arena.used < ROOM_LEAST) {
		memset(subjects->slots, 0, sizeof(subjects->slots));
		subjects->shared_count = 0;
		arena_reset(&subjects->arena, SUBJECTS_SIZE);
		subjects->engine_number = engine_number(engine);
	}
}

/* In the arena, with the event's texts. NULL: it is full. */
static struct subject_known *make(const struct subjects *subjects, const struct event *event,
				  const struct subject_keys *keys, struct arena *arena)
{
	struct subject_known *known = arena_take(arena, sizeof(*known));
	if (known == NULL || !subject_from_event(event, keys->items, keys->count, arena, &known->subject)) {
		return NULL;
	}
	known->look = NULL;
	known->look_size = 0;
	engine_match(subjects->engine, &known->subject, &known->match);
	return known;
}

/* The same text that earlier subjects have, where it is one of the first so many. */
static const char *share(struct subjects *subjects, const char *text)
{
	for (size_t i = 0; i < subjects->shared_count; i++) {
		if (strcmp(subjects->shared[i], text) == 0) {
			return subjects->shared[i];
		}
	}
	if (subjects->shared_count < SHARED_MAX) {
		subjects->shared[subjects->shared_count++] = text;
	}
	return text;
}

/* A copy that outlives the batch, its look beside it. NULL: no room. */
static const struct subject_known *keep(struct subjects *subjects, const struct subject_known *known,
					const struct subject_look *look)
{
	size_t mark = subjects->arena.used;
	struct subject_known *kept = look->size > 0 ? arena_take(&subjects->arena, sizeof(*kept)) : NULL;
	const char *bytes = kept != NULL ? arena_text(&subjects->arena, look->bytes, look->size) : NULL;
	if (bytes == NULL || !subject_copy(&known->subject, &subjects->arena, &kept->subject)) {
		arena_back(&subjects->arena, mark);
		return NULL;
	}
	kept->look = bytes;
	kept->look_size = look->size;
	kept->subject.source = share(subjects, kept->subject.source);
	kept->subject.site = share(subjects, kept->subject.site);
	kept->match = known->match;
	return kept;
}

const struct subject_known *subjects_find(struct subjects *subjects, const struct event *event,
					  const struct subject_keys *keys, struct arena *arena)
{
	struct subject_look look;
	subject_look(event, keys, &look);
	uint64_t sum = hash_stir(0, look.bytes, look.size);
	sum ^= sum >> 32;
	struct subject_slot *place = &subjects->slots[sum & (SUBJECTS_MAX - 1)];
	for (size_t step = 0; step < STEPS_MAX; step++) {
		struct subject_slot *slot = &subjects->slots[(sum + step) & (SUBJECTS_MAX - 1)];
		const struct subject_known *known = slot->known;
		if (known == NULL) {
			place = slot;
			break;
		}
		if (slot->sum == sum && known->look_size == look.size &&
		    memcmp(known->look, look.bytes, look.size) == 0) {
			return known;
		}
	}
	size_t mark = arena->used;
	const struct subject_known *known = make(subjects, event, keys, arena);
	const struct subject_known *kept = known != NULL ? keep(subjects, known, &look) : NULL;
	if (kept == NULL) {
		return known;
	}
	arena_back(arena, mark);
	*place = (struct subject_slot){sum, kept};
	return kept;
}

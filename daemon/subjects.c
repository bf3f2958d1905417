#include "daemon/subjects.h"

#include "core/base/arena.h"

#define STEPS_MAX 4

void subjects_begin(struct subjects *subjects, const struct engine *engine)
{
	subjects->engine = engine;
	subjects->batch++;
}

static const struct subject_known *make(struct subjects *subjects, const struct event *event,
					const struct subject_keys *keys, struct arena *arena)
{
	struct subject_known *known = arena_take(arena, sizeof(*known));
	if (known == NULL || !subject_from_event(event, keys->items, keys->count, arena, &known->subject)) {
		return NULL;
	}
	known->urls = subject_urls(event);
	engine_match(subjects->engine, &known->subject, &known->match);
	return known;
}

const struct subject_known *subjects_find(struct subjects *subjects, const struct event *event,
					  const struct subject_keys *keys, struct arena *arena)
{
	uint64_t sketch = subject_sketch(event, keys);
	struct subject_slot *place = &subjects->slots[sketch & (SUBJECTS_MAX - 1)];
	for (size_t step = 0; step < STEPS_MAX; step++) {
		struct subject_slot *slot = &subjects->slots[(sketch + step) & (SUBJECTS_MAX - 1)];
		if (slot->batch != subjects->batch) {
			place = slot;
			break;
		}
		if (slot->sketch == sketch &&
		    subject_is_of(&slot->known->subject, &slot->known->urls, event, keys)) {
			return slot->known;
		}
	}
	const struct subject_known *known = make(subjects, event, keys, arena);
	if (known != NULL) {
		*place = (struct subject_slot){sketch, subjects->batch, known};
	}
	return known;
}

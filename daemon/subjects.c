#include "daemon/subjects.h"

#include "core/base/arena.h"

#define STEPS_MAX 4

void subjects_begin(struct subjects *subjects, const struct engine *engine)
{
	subjects->engine = engine;
	subjects->batch++;
}

static const struct subject_known *make(struct subjects *subjects, const struct event *event,
					const struct subject_look *look, const struct subject_keys *keys,
					struct arena *arena)
{
	struct subject_known *known = arena_take(arena, sizeof(*known));
	if (known == NULL || !subject_from_event(event, keys->items, keys->count, arena, &known->subject)) {
		return NULL;
	}
	known->look = *look;
	engine_match(subjects->engine, &known->subject, &known->match);
	return known;
}

const struct subject_known *subjects_find(struct subjects *subjects, const struct event *event,
					  const struct subject_keys *keys, struct arena *arena)
{
	const struct subject_look look = subject_look(event, keys);
	struct subject_slot *place = &subjects->slots[look.sketch & (SUBJECTS_MAX - 1)];
	for (size_t step = 0; step < STEPS_MAX; step++) {
		struct subject_slot *slot = &subjects->slots[(look.sketch + step) & (SUBJECTS_MAX - 1)];
		if (slot->batch != subjects->batch) {
			place = slot;
			break;
		}
		const struct subject_known *known = slot->known;
		if (slot->sketch == look.sketch &&
		    subject_is_of(&known->subject, &known->look, event, &look, keys)) {
			return known;
		}
	}
	const struct subject_known *known = make(subjects, event, &look, keys, arena);
	if (known != NULL) {
		*place = (struct subject_slot){look.sketch, subjects->batch, known};
	}
	return known;
}

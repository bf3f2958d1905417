#include "daemon/browsers.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/hash.h"

void browsers_begin(struct browsers *browsers)
{
	browsers->batch++;
}

static struct browser *place_of(struct browsers *browsers, const struct event *event)
{
	const char *id = event->identity.anonymous_id;
	uint64_t sum = hash_stir(0, id, strlen(id));
	return &browsers->places[(sum ^ sum >> 32) & (BROWSERS_MAX - 1)];
}

const struct identified *browsers_identify(struct browsers *browsers, const struct event *event,
					   const struct identify_options *options, struct arena *arena)
{
	struct browser *place = identify_is_browser(event) ? place_of(browsers, event) : NULL;
	if (place != NULL && place->batch == browsers->batch &&
	    strcmp(place->anonymous_id, event->identity.anonymous_id) == 0 &&
	    strcmp(place->site, event->site) == 0) {
		return place->who;
	}
	struct identified *who = arena_take(arena, sizeof(*who));
	if (who == NULL || !identify_event(event, options, arena, who)) {
		return NULL;
	}
	if (place != NULL) {
		*place = (struct browser){browsers->batch, event->site, event->identity.anonymous_id, who};
	}
	return who;
}

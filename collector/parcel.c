#include "collector/parcel.h"

#include <string.h>

#include "core/flow/decode.h"

/* False: the arena is full. */
static bool pack_event(const struct event *event, const char *topic, const struct screen_options *screen,
		       struct arena *arena, struct parcel *ret)
{
	struct identified who;
	*ret = (struct parcel){.fate = FATE_delivered, .topic = topic};
	if (!identify_event(event, &screen->identify, arena, &who) ||
	    !encode_event(event, arena, &ret->bytes, &ret->size)) {
		return false;
	}
	if (who.has_weak || who.has_strong) {
		ret->key = who.has_weak ? who.weak.id : who.strong.id;
		ret->key_size = sizeof(ret->key.bytes);
	}
	return true;
}

/* Screens the event and packs it: OUTCOME_NONE, or what forbids to send it and where. */
static enum outcome settle(struct event *event, const char *const *topics, const struct screen_options *screen,
			   struct arena *arena, struct parcel *ret, const char **ret_field)
{
	enum outcome outcome = screen_event(event, screen, arena, ret_field);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	*ret_field = "";
	return pack_event(event, topics[event->channel], screen, arena, ret) && ret->size <= EVENT_MESSAGE_SIZE_MAX
		       ? OUTCOME_NONE
		       : OUTCOME_too_large;
}

bool parcel_make(struct source_item *item, const char *const *topics, const struct screen_options *screen,
		 const char *source, int64_t received_us, struct arena *arena, struct parcel *ret_parcel)
{
	if (item->event != NULL) {
		const char *field;
		enum outcome outcome = settle(item->event, topics, screen, arena, ret_parcel, &field);
		if (outcome == OUTCOME_NONE) {
			return true;
		}
		if (outcome == OUTCOME_no_consent) {
			*ret_parcel = (struct parcel){.fate = FATE_no_consent};
			return true;
		}
		source_reject(outcome, field, item->event->id, strlen(item->event->id), &item->reject);
	}
	*ret_parcel = (struct parcel){.fate = fate_of(item->reject.reason), .topic = topics[CHANNEL_UNSAID]};
	return encode_rejected(&item->reject, received_us, source, arena, &ret_parcel->bytes, &ret_parcel->size);
}

/*
 * A touch: an event that was accepted, recorded on one actor.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/uuid.h"
#include "core/model/event.h"

/* The row of table touch, in the order of its columns. */
struct touch {
	struct uuid actor_id;
	int64_t stamped_us;
	uint64_t event_id; /* first 64 bits of SHA-256(source ‖ 0 ‖ site ‖ 0 ‖ id) */
	int64_t at_us;	   /* occurred */
	int64_t received_us;
	uint64_t subject_id;
	uint32_t reasons; /* enum machine_reason; not 0: moves nothing */
	int16_t party;	  /* enum party, or TOUCH_FOLLOWS */
};

/* An event that was about several: this is not the touch by which it was counted. Such events are nobody's evidence, so that it
 * need not be known who acted. */
#define TOUCH_FOLLOWS 5
_Static_assert(TOUCH_FOLLOWS == PARTY_COUNT, "behind the parties");

static inline bool touch_same_key(const struct touch *a, const struct touch *b)
{
	return a->event_id == b->event_id && a->stamped_us == b->stamped_us &&
	       uuid_equal(&a->actor_id, &b->actor_id);
}

/* What the fold sees of a touch: sorted by ms, at equal ms by kind, then by id unsigned. */
enum fold_kind {
	FOLD_TOUCH,
	FOLD_CONFIRM, /* a person said which phase it is */
	FOLD_CLOSE    /* won or lost: the process is over */
};

struct fold_touch {
	int64_t ms;  /* ⌊at / 1 ms⌋ */
	uint64_t id; /* event_id */
	enum fold_kind kind;
	uint16_t rule;	 /* index in the process's rules; for CONFIRM a bitmask of states it names; else 0 */
	bool mail_click; /* action EMAIL_CLICK */
	uint64_t link;	 /* of a mail click: hash of content or target; 0: the rule stands for it */
};

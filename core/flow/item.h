/*
 * An item: one message of a batch on its way to its outcome; or what it means for one more contact.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/flow/facts.h"
#include "core/flow/identify.h"
#include "core/flow/match.h"
#include "core/flow/beside.h"
#include "core/model/event.h"
#include "core/model/message.h"
#include "core/model/outcome.h"
#include "core/model/reject.h"
#include "core/model/rows.h"
#include "core/model/subject.h"
#include "core/model/touch.h"

/* Which of several copies of an event this one is. */
enum item_copy {
	COPY_LOSES,   /* another one stands */
	COPY_NEW,     /* the first, or the best of this batch */
	COPY_REPLACES /* takes the place of one that stood */
};

/* What is kept of an event that was read, beside who, what about and what it states. */
struct kept_event {
	const char *id, *source, *site;
	enum channel channel;
	int64_t stamped_us;
	const struct beside *beside; /* NULL unless the item `has_beside` */
	const struct deal *deal;     /* where has_deal */
};

/* What an event says of an opportunity. */
struct deal {
	struct stage_row stage;
	bool says;		 /* anything of it, but who its contacts are */
	const struct uuid *left; /* who no longer is one of them */
	size_t left_count;
};

/*
 * Three lines of a processor's cache, each with what is looked at together: stages walk over thousands of items, in the order of
 * ids, too. What points elsewhere points into the arena of the batch's messages. Of a message that was not read there is
 * neither touch nor match, and pointers are NULL, save those of the rejection.
 */
struct item {
	struct touch touch;
	/* what is decided */
	enum outcome decoded : 8;  /* what DECODE said: NONE, or decided already */
	enum outcome outcome : 8;  /* NONE until decided; each try of a batch starts from `decoded` */
	enum outcome saved : 8;	   /* what the last SAVE wrote of it: counts once its COMMIT is known */
	enum item_copy copy : 8;   /* SCREEN's; LOSES where it says nothing that is kept */
	bool has_weak, has_strong; /* as who has: asked of every item, and who lies elsewhere */
	/* The message of the item before it has a touch on one more actor, this one's: written with it, and counted with it as
	 * one message. */
	bool follows : 1;
	bool has_beside : 1; /* something that stands beside its touch: event->beside */
	bool has_deal : 1;   /* something of an opportunity: event->deal */
	uint8_t said; /* of what was read: enum statement, what it comes to say of analytics (consent_said()) */
	struct match match;
	const struct copy_row *replaced; /* COPY_REPLACES: the one that stood; as long as this try of the batch */
	const struct identified *who;	 /* items by the same may share it */
	/* what is seldom asked for, or once */
	const struct facts *facts;     /* facts_none where it states none */
	const struct subject *subject; /* items about the same may share it */
	const struct kept_event *event;
	struct partition partition;
	int64_t offset;
	int64_t timestamp_us;	     /* of the record */
	const struct reject *reject; /* where the outcome is a kept rejection */
	const char *reject_source;
};
_Static_assert(OUTCOME_COUNT <= UINT8_MAX, "enum outcome in 8 bits");
_Static_assert(sizeof(struct item) <= 192, "see above");

/* Is there a touch of it after this batch? Of a person who has withdrawn since there is none, though what it states holds. */
static inline bool item_stands(const struct item *item)
{
	return item->copy != COPY_LOSES && item->outcome != OUTCOME_erased;
}

/* What stands beside its touch, if there is one; NULL: nothing. An event about several has it beside its first touch alone. */
static inline const struct beside *item_beside(const struct item *item)
{
	return item->has_beside && !item->follows ? item->event->beside : NULL;
}

/* Is it known who did it, be it a copy or erased by a withdrawal? */
static inline bool item_is_known(const struct item *item)
{
	return item->copy != COPY_LOSES || item->outcome == OUTCOME_duplicate;
}

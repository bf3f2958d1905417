/*
 * An item: one message of a batch on its way to its outcome.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/flow/facts.h"
#include "core/flow/identify.h"
#include "core/flow/match.h"
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
};

struct item {
	struct partition partition;
	int64_t offset;
	int64_t timestamp_us;	     /* of the record */
	enum outcome decoded;	     /* what DECODE said: NONE, or decided already */
	enum outcome outcome;	     /* NONE until decided; each try of a batch starts from `decoded` */
	enum outcome saved;	     /* what the last SAVE wrote of it: counts once its COMMIT is known */
	const struct reject *reject; /* where the outcome is a kept rejection */
	const char *reject_source;
	/* Of a message that was read: all below. In the arena of the batch's messages. */
	const struct kept_event *event;
	const struct identified *who;
	const struct facts *facts;     /* facts_none where it states none */
	const struct subject *subject; /* items about the same may share it */
	struct match match;
	struct touch touch;
	/* SCREEN's; LOSES where there is no touch at all */
	enum item_copy copy;
	bool has_weak, has_strong;	 /* as who has: asked of every item, and who lies elsewhere */
	const struct copy_row *replaced; /* COPY_REPLACES: the one that stood; as long as this try of the batch */
};

/* Is there a touch of it after this batch? */
static inline bool item_stands(const struct item *item)
{
	return item->copy != COPY_LOSES;
}

/*
 * Between batch.c, which decides what comes next, batch_fill.c, batch_trouble.c, batch_steps.c and batch_save.c, which hold the
 * steps, and crew.c, which looks at all lanes' batches. Private to them, and to counters.c, which names the steps.
 */
#pragma once
#include "core/base/arena.h"
#include "core/flow/cast.h"
#include "core/flow/contacts.h"
#include "daemon/batch.h"
#include "daemon/crew.h"
#include "daemon/recent.h"
#include "daemon/rules.h"
#include "daemon/take.h"
#include "daemon/way.h"

#define BATCH_AHEAD 8	/* items: what tables will be asked for is on its way by then */
#define MONTHS_MAX 1212 /* 2000-01 to 2100-12 */

/* In the order in which a batch takes them. */
enum step {
	STEP_LOOK,     /* after trouble: where do our positions stand? Else passed over */
	STEP_MONTHS,   /* careful way: partitions of table touch that are not there yet; mostly passed over */
	STEP_PEEK,     /* quick way: missing months, a snapshot, claims of who is in the batch */
	STEP_ADVANCE,  /* careful way: BEGIN, positions, claims */
	STEP_LOAD,     /* facts and states; careful way: arbiters locked before */
	STEP_READ,     /* touches of contacts to be refolded; mostly passed over */
	STEP_RULES,    /* what their subjects match, as far as we do not know it */
	STEP_SAVE,     /* everything, COMMIT; quick way: BEGIN and positions before; of many: these alone */
	STEP_ARBITERS, /* quick way, of many: new arbiters by COPY */
	STEP_ROWS,     /* then all that is not COPY's */
	STEP_COPY,     /* then what else is new, by COPY */
	STEP_END,      /* then rows that many batches share, COMMIT */
	STEP_ROLLBACK, /* after a refusal */
	STEP_COUNT
};
#define STEP_TAKE STEP_COUNT /* before the first one; only where time is booked */

enum step_end {
	STEP_NEXT,  /* done, or nothing to do: the next one */
	STEP_SENT,  /* a turn is under way */
	STEP_AGAIN, /* this try is over: from the first step, with what is to be done then */
	STEP_REDO,  /* this try is of no use: the same, with ROLLBACK first where a transaction is open */
	STEP_FULL,  /* the arena is: a smaller window */
	STEP_BROKEN /* a turn could not be built: *fail */
};

struct batch {
	struct batch_options options;
	struct io io;
	struct engine *engine;
	struct take take;

	struct arena held; /* items and what they point to; until the batch is empty */
	struct arena work; /* one try of one window */
	struct item *items;
	size_t item_count;
	size_t first; /* of the window: what one transaction holds */
	size_t count;
	size_t saved_count;	 /* of the window, when a SAVE of it was sent whose COMMIT may be done; 0: none */
	size_t limit, limit_max; /* how many items to take: adapts */
	bool is_outdated;	 /* the configuration has other limits */
	bool more;		 /* the source had more than was taken */
	bool filling;
	bool goes_on;				/* filling, and there is more to take at once */
	int64_t filling_since_us, filled_by_us; /* monotonic */
	int64_t clocked_us;			/* monotonic: until when time is booked to a step */

	struct way way;	   /* quick or careful */
	size_t copy_min;   /* as many new touches go by COPY */
	size_t claims_max; /* so many claims on one weak actor count */

	enum step step;
	bool sent;
	bool open; /* a transaction */
	unsigned try_number;
	const struct batch *waits_for; /* another lane's, to be past this try of it; NULL: none */
	unsigned waits_for_try;
	int64_t waits_until_us; /* monotonic, since it first waited for anybody; 0: it has not */
	bool is_tired;		/* of waiting: the next try goes on whoever is busy */
	bool is_slow;		/* the try before took too long: a smaller window */
	size_t waits_for_place; /* in the crew */
	struct {
		const struct batch *batch;
		unsigned try_number;
	} tired_of[CREW_MAX]; /* by place: waited for in vain, at this try of it */
	bool look_first;      /* a COMMIT may or may not have happened */
	bool wants_claim, wants_model;
	unsigned tries;	       /* of this window, for backing off */
	bool counted_only;     /* of this window: its one message has a history that does not fit as a whole */
	int64_t not_before_us; /* monotonic */
	struct fail why;       /* of the last failure */

	uint8_t months[MONTHS_MAX]; /* 1: the partition is there, or cannot be yet */
	int months_asked_in; /* the month in which they were: what lies too far ahead today will not tomorrow */

	/* of the try under way, in `work` */
	int64_t *missing; /* moments in months that were not asked for yet */
	size_t month_count;
	struct position_row *positions;
	struct partition *position_parts;
	size_t position_count;
	struct advance_rows advance;
	struct load_rows load;
	struct read_rows read;
	struct rules rules;
	struct save_rows save;
	struct cast cast;
	struct contacts contacts;
	bool has_touches;   /* an item that is still open */
	bool has_deals;	    /* an item that says something of an opportunity */
	struct uuid *wider; /* in `held`: persons to ask for as well */
	size_t wider_count;
};

struct step_about {
	const char *name;
	enum step_end (*start)(struct batch *batch, struct fail *fail);
	enum step_end (*end)(struct batch *batch, struct fail *fail);
};
extern const struct step_about batch_steps[STEP_COUNT];

/* ---- batch.c ---- */

/* Books the time since the last call of either; a step may be STEP_TAKE. */
void batch_clock_on(struct batch *batch);
void batch_clock_off(struct batch *batch, unsigned step, enum step_part part);
/* Nothing in hand any more. */
void batch_empty(struct batch *batch);
/* From the first step again. */
void batch_restart(struct batch *batch);
/* The window is in the database: positions (of those partitions that are still ours), counters, caches; the next window
 * begins. */
void batch_committed(struct batch *batch);
/* Takes the items of partitions that are no longer ours out of the batch. */
void batch_drop_foreign(struct batch *batch);

/* ---- batch_fill.c ---- */

/* How many to take, as the configuration says now. */
void batch_set_limits(struct batch *batch);

/* ---- batch_trouble.c ---- */

#define BATCH_PLACE_SIZE 280
/* Where the window begins, "TOPIC/PARTITION@OFFSET", for the log. */
const char *batch_place(const struct batch *batch, char ret_text[static BATCH_PLACE_SIZE]);
/* This very window cannot be written: a smaller one; of one message alone: with less of the histories that it needs; then it is refused.
 * False: even that was. */
bool batch_shrink(struct batch *batch, struct fail *fail);
/* Which months there are is asked for anew. */
void batch_forget_months(struct batch *batch);
/* After LOOK, where the try before was given up because it took too long: a smaller window. */
void batch_speed_up(struct batch *batch);

/* ---- batch_steps.c ---- */

/* What one transaction holds: batch->count items, all of each of their messages. */
struct item *batch_window(const struct batch *batch);
/* So many items of the window, or fewer, are whole messages. */
size_t batch_whole(const struct batch *batch, size_t count);

/* ---- batch_save.c ---- */

/* New subjects are in the database: they need not be sent again. */
void batch_learn_subjects(struct batch *batch);
enum step_end batch_save_start(struct batch *batch, struct fail *fail);
enum step_end batch_save_end(struct batch *batch, struct fail *fail);
enum step_end batch_arbiters_start(struct batch *batch, struct fail *fail);
enum step_end batch_rows_start(struct batch *batch, struct fail *fail);
enum step_end batch_copy_start(struct batch *batch, struct fail *fail);
enum step_end batch_end_start(struct batch *batch, struct fail *fail);
enum step_end batch_end_end(struct batch *batch, struct fail *fail);
enum step_end batch_rollback_start(struct batch *batch, struct fail *fail);
enum step_end batch_rollback_end(struct batch *batch, struct fail *fail);

/*
 * A batch: messages of one lane on their way into one transaction. daemon/README.md draws the steps.
 *
 * Strictly one at a time. It sends a turn and waits for its answer; in between it computes. It never blocks and owns
 * neither the connection nor the loop: floor 4's loop tells it when the store is idle and how a turn ended.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/edge/conf.h"
#include "core/flow/identify.h"
#include "core/model/message.h"
#include "daemon/assignment.h"
#include "daemon/breaker.h"
#include "daemon/counters.h"
#include "daemon/engine.h"
#include "daemon/io.h"

struct batch;
struct crew;

struct batch_options {
	const struct conf *conf; /* all of these are borrowed for life */
	struct io io;
	const struct identity_key *key;
	struct assignment *assignment;
	struct counters *counters;
	const char *const *topics; /* names, by number */
	int rejected_topic;
	struct breaker *breaker; /* the daemon's; NULL: nothing is too much */
	struct crew *crew;	 /* of all lanes' batches; zeroed before the first one joins */
};

struct batch *batch_create(const struct batch_options *options, struct fail *fail);
void batch_destroy(struct batch *batch); /* NULL is fine */

/* Reloadable keys of *conf may have changed: those of identity at once, those of batch from the next batch on. */
void batch_reconfigure(struct batch *batch);

/* The model to match and fold by; NULL while there is none: then nothing is taken. Drops nothing; call when idle. */
void batch_set_engine(struct batch *batch, struct engine *engine);

/* No message in hand: a rebalance or a stop may go on. */
bool batch_is_empty(const struct batch *batch);
/* In the middle of a transaction (or of looking after one): neither a rebalance nor a stop should cut in. */
bool batch_is_busy(const struct batch *batch);

/* Takes from the source what fits, while it is empty or still filling. True: there is something to run. */
bool batch_fill(struct batch *batch);
/* When batch_fill() or batch_run() want to be called again: monotonic µs; INT64_MAX: when something happens. */
int64_t batch_wakes_us(const struct batch *batch);
/* Did the last take leave messages in the source? Then no wake-up will come for them. */
bool batch_has_more(const struct batch *batch);

enum batch_run {
	BATCH_RESTS, /* nothing to do now: empty, filling, or backing off */
	BATCH_SENT,  /* a turn is under way */
	BATCH_DROPS, /* the connection must be dropped: a turn is half built */
	BATCH_FAILED /* *fail is for the whole program */
};
/* Moves on; only with an idle connection that has been greeted. */
enum batch_run batch_run(struct batch *batch, struct fail *fail);
/* How the turn that it sent has ended. */
enum batch_run batch_turn_done(struct batch *batch, struct fail *fail);
enum batch_run batch_turn_failed(struct batch *batch, const struct fail *why, struct fail *fail);
/* The connection is gone, whether or not a turn was under way: look at positions first when there is one again. */
void batch_lost(struct batch *batch, const struct fail *why);

/* Gives up what it holds of all partitions: another daemon will apply it, or we again after the next claim. */
void batch_hand_back(struct batch *batch);
/* Our position was changed from outside (or an answer was lost for good): claim anew. Reading clears it. */
bool batch_wants_claim(struct batch *batch);
/* Another model is in force than it matches and folds by: batch_set_engine(), or it goes on asking. Reading clears it. */
bool batch_wants_model(struct batch *batch);

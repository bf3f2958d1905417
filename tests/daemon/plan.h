/*
 * A random handful of messages over very few cookies and persons, so that everything that can meet does: one seed, one
 * plan. The order they arrive in, and what befalls the daemon meanwhile, are another seed's.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/flow/identify.h"
#include "tests/daemon/world.h"

#define PLAN_MESSAGES_MAX 160
#define PLAN_ERASED_MAX 2
#define PLAN_CLEARED_MAX 3
#define PLAN_BEGIN_US INT64_C(1772442000000000) /* 2026-03-02 09:00 UTC */

struct plan_message {
	uint16_t topic;
	struct world_message message;
	const struct event *event; /* NULL: raw bytes */
	bool left_out;		   /* by shrinking */
};

/* Somebody decides, at some time, which machine reasons are none for a contact. */
struct plan_cleared {
	struct uuid contact_id;
	uint32_t reasons;
	uint32_t before; /* what was decided first, and is taken back by this */
};

struct plan {
	uint64_t seed;
	bool is_calm; /* few contacts with long histories, whose events mostly come in their order */
	size_t count;
	struct plan_message messages[PLAN_MESSAGES_MAX];
	size_t erased_count;
	struct erasure_line erased[PLAN_ERASED_MAX];
	size_t cleared_count;
	struct plan_cleared cleared[PLAN_CLEARED_MAX]; /* each of another contact */
};

/* All texts "", a page view by a person who may be counted, all times 0. */
struct event plan_blank(void);
/* One more message, empty yet. */
struct plan_message *plan_add_message(struct plan *plan);
/* One more message with this event. In the arena. CHECKs that it fits. */
void plan_add(struct plan *plan, const struct event *event, struct arena *arena);
/* In the arena. CHECKs that it fits. */
void plan_make(struct plan *plan, uint64_t seed, const struct identity_key *key, struct arena *arena);
/* Puts the messages into the world's topics in an order by chance, and the erasures into its table. */
void plan_produce(const struct plan *plan, struct world *world);
/* How many claims on one weak actor count: of every other plan a few, so that what comes after them is met. */
size_t plan_claims_max(const struct plan *plan);
/* What is left in, a line each, to stderr. */
void plan_print(const struct plan *plan);

#include "core/flow/screen.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/attribute.h"
#include "core/flow/screen_facts.h"

static bool everybody_is_there(const struct cast *cast, const struct load_rows *load)
{
	for (size_t i = 0; i < load->claim_count; i++) {
		if (cast_find(cast, &load->claims[i].weak) == NULL ||
		    cast_find(cast, &load->claims[i].strong) == NULL) {
			return false;
		}
	}
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

/* Another daemon's claim may have come between ADVANCE and LOAD, and made somebody shared who was not asked for as such. */
static bool sessions_are_there(const struct cast *cast, const struct load_rows *load)
{
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		bool shared = attribute_is_shared(cast->claims_before + member->claims_before.first,
						  member->claims_before.count) ||
			      attribute_is_shared(cast->claims_after + member->claims_after.first,
						  member->claims_after.count);
		if (shared && (load->timed_count == 0 || bsearch(&member->id, load->timed, load->timed_count,
								 sizeof(member->id), compare_ids) == NULL)) {
			return false;
		}
	}
	return true;
}

static int compare_erasures(const void *a, const void *b)
{
	return uuid_compare(&((const struct erasure_row *)a)->actor_id,
			    &((const struct erasure_row *)b)->actor_id);
}

static bool is_erased(const struct load_rows *load, const struct uuid *actor_id, int64_t at_us)
{
	struct erasure_row key = {.actor_id = *actor_id};
	const struct erasure_row *row =
		bsearch(&key, load->erasures, load->erasure_count, sizeof(key), compare_erasures);
	return row != NULL && at_us <= row->at_us;
}

static void tell_erased(struct item *items, size_t count, struct load_rows *load)
{
	if (load->erasure_count == 0) {
		return;
	}
	qsort(load->erasures, load->erasure_count, sizeof(*load->erasures), compare_erasures);
	for (size_t i = 0; i < count; i++) {
		struct item *item = &items[i];
		if (item->outcome == OUTCOME_NONE &&
		    ((item->who->has_weak && is_erased(load, &item->who->weak.id, item->touch.at_us)) ||
		     (item->who->has_strong && is_erased(load, &item->who->strong.id, item->touch.at_us)))) {
			item->outcome = OUTCOME_erased;
		}
	}
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_keys(const struct touch *a, const struct touch *b)
{
	int order = uuid_compare(&a->actor_id, &b->actor_id);
	if (order == 0) {
		order = ORDER(a->stamped_us, b->stamped_us);
	}
	return order != 0 ? order : ORDER(a->event_id, b->event_id);
}

/* Which copy stands: the smaller one. The order of the database's row comparison (subject_id is a signed bigint there). */
static int compare_copies(const struct touch *a, const struct touch *b)
{
	int order = ORDER(a->received_us, b->received_us);
	if (order == 0) {
		order = ORDER(a->at_us, b->at_us);
	}
	if (order == 0) {
		order = ORDER((int64_t)a->subject_id, (int64_t)b->subject_id);
	}
	if (order == 0) {
		order = ORDER((int32_t)a->reasons, (int32_t)b->reasons);
	}
	return order != 0 ? order : ORDER(a->party, b->party);
}

static int compare_items(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *)a, *y = *(const struct item *const *)b;
	int order = compare_keys(&x->touch, &y->touch);
	return order != 0 ? order : compare_copies(&x->touch, &y->touch);
}

/* Of rows, and of a touch and a row: rows begin with their touch. */
static int compare_rows(const void *a, const void *b)
{
	return compare_keys(a, b);
}
_Static_assert(offsetof(struct copy_row, touch) == 0, "compare_rows() takes a touch for a row");

/* The best copy of a run of items with one key, beside the one that stands in the database, if any. */
static void choose(struct item **run, size_t count, const struct copy_row *standing)
{
	struct item *best = run[0];
	for (size_t i = 0; i < count; i++) {
		run[i]->copy = COPY_LOSES;
		run[i]->outcome = OUTCOME_duplicate;
	}
	if (standing == NULL) {
		best->copy = COPY_NEW;
		best->outcome = best->touch.reasons != 0 ? OUTCOME_machine : OUTCOME_applied;
	} else if (compare_copies(&best->touch, &standing->touch) < 0) {
		best->copy = COPY_REPLACES;
		best->replaced = standing;
	}
}

static bool choose_copies(struct item *items, size_t count, struct load_rows *load, struct arena *arena)
{
	struct item **open = arena_zero(arena, count + 1, sizeof(*open));
	if (open == NULL) {
		return false;
	}
	size_t open_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (items[i].outcome == OUTCOME_NONE) {
			open[open_count++] = &items[i];
		}
	}
	if (open_count > 0) {
		qsort(open, open_count, sizeof(struct item *), compare_items);
	}
	if (load->copy_count > 0) {
		qsort(load->copies, load->copy_count, sizeof(*load->copies), compare_rows);
	}
	for (size_t i = 0; i < open_count;) {
		size_t end = i + 1;
		while (end < open_count && compare_keys(&open[end]->touch, &open[i]->touch) == 0) {
			end++;
		}
		const struct copy_row *standing =
			load->copy_count == 0 ? NULL
					      : bsearch(&open[i]->touch, load->copies, load->copy_count,
							sizeof(*load->copies), compare_rows);
		choose(open + i, end - i, standing);
		i = end;
	}
	return true;
}

/* Where new touches and replaced ones lie: their contacts are concerned; whose history changes behind is refolded. */
static void mark_touches(struct cast *cast, const struct item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct item *item = &items[i];
		if (item->copy == COPY_LOSES) {
			continue;
		}
		struct cast_member *actor = cast_find(cast, &item->touch.actor_id);
		CHECK(actor != NULL);
		struct cast_member *contact = cast_contact(cast, actor, item->touch.at_us, false);
		if (contact == NULL) { /* a person without consent: the touch waits under the pseudonym */
			actor->concerned = true;
			continue;
		}
		contact->concerned = true;
		if (item->copy == COPY_REPLACES) {
			struct cast_member *old = cast_contact(cast, actor, item->replaced->touch.at_us, true);
			contact->refold = true;
			if (old != NULL) {
				old->refold = true;
				old->concerned = true;
			}
		}
	}
}

enum screen_result screen_batch(struct cast *cast, struct item *items, size_t count, struct load_rows *load)
{
	if (!everybody_is_there(cast, load)) {
		return SCREEN_WIDER;
	}
	tell_erased(items, count, load);
	if (!choose_copies(items, count, load, cast->arena) || !screen_facts(cast, items, count, load)) {
		return SCREEN_FULL;
	}
	if (cast->wider_count > 0 || !sessions_are_there(cast, load)) {
		return SCREEN_WIDER;
	}
	if (!screen_stretches(cast, items, count, load)) {
		return SCREEN_FULL;
	}
	mark_touches(cast, items, count);
	return SCREEN_DONE;
}

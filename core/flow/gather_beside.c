#include "core/flow/gather_beside.h"

#include <stdlib.h>

#include "core/base/arena.h"

static bool is_beside(const struct item *item)
{
	return item_beside(item) != NULL && item_stands(item);
}

static struct touch_key key_of(const struct touch *touch)
{
	return (struct touch_key){touch->actor_id, touch->stamped_us, touch->event_id};
}

static int compare_keys(const struct touch_key *a, const struct touch_key *b)
{
	int order = uuid_compare(&a->actor_id, &b->actor_id);
	if (order == 0) {
		order = (a->stamped_us > b->stamped_us) - (a->stamped_us < b->stamped_us);
	}
	return order != 0 ? order : (a->event_id > b->event_id) - (a->event_id < b->event_id);
}

static int compare_thread_touches(const void *a, const void *b)
{
	return compare_keys(&((const struct thread_touch *)a)->key, &((const struct thread_touch *)b)->key);
}

static int compare_costs(const void *a, const void *b)
{
	return compare_keys(&((const struct cost_row *)a)->key, &((const struct cost_row *)b)->key);
}

bool gather_beside(const struct item *items, size_t count, struct arena *arena, struct save_rows *save)
{
	size_t beside_count = 0;
	for (size_t i = 0; i < count; i++) {
		beside_count += is_beside(&items[i]) ? 1 : 0;
	}
	if (beside_count == 0) {
		return true;
	}
	struct thread_touch *rows = arena_array(arena, beside_count, sizeof(*rows));
	struct cost_row *costs = arena_array(arena, beside_count, sizeof(*costs));
	if (rows == NULL || costs == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct item *item = &items[i];
		if (!is_beside(item)) {
			continue;
		}
		const struct beside *beside = item->event->beside;
		const struct touch *touch = &item->touch;
		if (beside->act != ACT_NONE) {
			rows[save->thread_touch_count++] =
				(struct thread_touch){key_of(touch),	 touch->at_us,	 item->event->source,
						      item->event->site, beside->thread, beside->act,
						      touch->party,	 beside->rating};
		}
		if (beside->has_cost) {
			costs[save->cost_count++] = (struct cost_row){
				key_of(touch), touch->at_us, touch->subject_id, beside->amount, beside->currency};
		}
	}
	qsort(rows, save->thread_touch_count, sizeof(*rows), compare_thread_touches);
	qsort(costs, save->cost_count, sizeof(*costs), compare_costs);
	save->thread_touches = rows;
	save->costs = costs;
	return true;
}

/*
 * What a batch says of opportunities: changes, and who their contacts are. Copies included, and whatever became of the touches: which copy
 * stands is told by the rows themselves.
 */
#include "core/base/arena.h"
#include "core/flow/gather.h"

/* What was refused by the database says nothing. */
static bool tells(const struct item *item)
{
	return item->has_deal && item->outcome != OUTCOME_refused;
}

/* Whom it names: a contact that has ids of its own, by whom the touch is. */
static bool names_contact(const struct item *item)
{
	return item->decoded == OUTCOME_NONE && item->has_strong && !item->has_weak &&
	       item->outcome != OUTCOME_erased;
}

static struct associate_row associate_of(const struct item *item, const char *const *topics)
{
	return (struct associate_row){
		.stage = &item->event->deal->stage,
		.actor_id = item->touch.actor_id,
		.present = true,
		.topic = topics[item->partition.topic],
		.partition = item->partition.number,
		.offset = item->offset,
	};
}

bool gather_deals(const struct item *items, size_t count, const char *const *topics, struct arena *arena,
		  struct save_rows *ret_save)
{
	size_t stage_count = 0, associate_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (tells(&items[i])) {
			stage_count += items[i].follows ? 0 : 1;
			associate_count += 1 + (items[i].follows ? 0 : items[i].event->deal->left_count);
		}
	}
	struct stage_row *stages = arena_array(arena, stage_count + 1, sizeof(*stages));
	struct associate_row *associates = arena_array(arena, associate_count + 1, sizeof(*associates));
	if (stages == NULL || associates == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!tells(&items[i])) {
			continue;
		}
		const struct deal *deal = items[i].event->deal;
		if (names_contact(&items[i])) {
			associates[ret_save->associate_count++] = associate_of(&items[i], topics);
		}
		if (!items[i].follows && deal->says) {
			stages[ret_save->stage_count++] = deal->stage;
		}
		for (size_t j = 0; !items[i].follows && j < deal->left_count; j++) {
			struct associate_row *row = &associates[ret_save->associate_count++];
			*row = associate_of(&items[i], topics);
			row->actor_id = deal->left[j];
			row->present = false;
		}
	}
	ret_save->stages = stages;
	ret_save->associates = associates;
	return true;
}

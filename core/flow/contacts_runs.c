/*
 * Which touches are folded together: entries of one contact and one process, sorted; few, and mostly in order already.
 */
#include "core/flow/contacts_inside.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/flow/fold_input.h"

#define KEY_PROCESS_BITS 16

/* The model's processes in the order of their names, in which rows of one contact are written. */
bool runs_order_names(struct contacts *contacts)
{
	const struct model *model = contacts->model->model;
	uint16_t *ranks = arena_zero(contacts->cast->arena, model->process_count + 1, sizeof(*ranks));
	uint16_t *order = arena_zero(contacts->cast->arena, model->process_count + 1, sizeof(*order));
	if (ranks == NULL || order == NULL) {
		return false;
	}
	for (unsigned i = 0; i < model->process_count; i++) {
		for (unsigned j = 0; j < model->process_count; j++) {
			ranks[i] += strcmp(model->processes[j].name, model->processes[i].name) < 0 ? 1 : 0;
		}
		order[ranks[i]] = (uint16_t)i;
	}
	contacts->process_ranks = ranks;
	contacts->process_order = order;
	return true;
}

struct sort_entry runs_entry(const struct contacts *contacts, const struct cast_member *contact, unsigned process,
			     size_t place)
{
	uint64_t member = cast_number(contacts->cast, contact);
	return (struct sort_entry){member << KEY_PROCESS_BITS | contacts->process_ranks[process], (uint32_t)place};
}

struct cast_member *runs_member(const struct contacts *contacts, const struct sort_entry *run)
{
	return &contacts->cast->members[run->key >> KEY_PROCESS_BITS];
}

unsigned runs_process(const struct contacts *contacts, const struct sort_entry *run)
{
	return contacts->process_order[run->key & ((1u << KEY_PROCESS_BITS) - 1)];
}

size_t runs_end(const struct sort_entry *entries, size_t count, size_t start)
{
	size_t end = start + 1;
	while (end < count && entries[end].key == entries[start].key) {
		end++;
	}
	return end;
}

/* How many runs there are, and how long the longest one is. */
size_t runs_count(const struct sort_entry *entries, size_t count, size_t *ret_longest)
{
	size_t runs = 0, longest = 0;
	for (size_t i = 0; i < count; runs++) {
		size_t end = runs_end(entries, count, i);
		longest = end - i > longest ? end - i : longest;
		i = end;
	}
	*ret_longest = longest;
	return runs;
}

#define AHEAD 8 /* items are anywhere in memory: asked for so many touches ahead */

size_t runs_list(const struct contacts *contacts, const struct item *items, struct sort_entry *ret_entries)
{
	struct cast *cast = contacts->cast;
	size_t used = 0;
	for (size_t i = 0; i < cast->touch_count; i++) {
		if (i + AHEAD < cast->touch_count) {
			__builtin_prefetch(&items[cast->touch_items[i + AHEAD]].match);
		}
		uint32_t number = cast->touch_items[i];
		const struct item *item = &items[number];
		const struct touch *touch = &cast->touches[i];
		if (!item_stands(item) ||
		    !fold_input_counts(touch->party, 0, 0, item->match.rule, item->match.confirm)) {
			continue;
		}
		const struct cast_member *actor = &cast->members[cast_actor(&cast->parts[number])];
		const struct cast_member *contact = cast_contact(cast, actor, touch->at_us, false);
		if (contact != NULL && (touch->reasons & ~contact->cleared) == 0) {
			ret_entries[used++] = runs_entry(contacts, contact, (unsigned)item->match.process, i);
		}
	}
	return used;
}

/* The touches of a run in the fold's order; they mostly are already. */
void runs_fill(const struct contacts *contacts, const struct item *items, const struct read_rows *read,
	       const struct sort_entry *run, size_t count, struct fold_touch *ret_touches)
{
	const struct cast *cast = contacts->cast;
	uint32_t cleared = runs_member(contacts, run)->cleared;
	bool sorted = true;
	for (size_t i = 0; i < count; i++) {
		size_t place = run[i].place;
		if (place < cast->touch_count) {
			const struct touch *touch = &cast->touches[place];
			const struct match *match = &items[cast->touch_items[place]].match;
			ret_touches[i] = fold_input(touch->at_us, touch->event_id, cleared, match->rule,
						    match->mail_click, match->link, match->confirm);
		} else {
			const struct touch_row *row = &read->touches[place - cast->touch_count];
			ret_touches[i] = fold_input(row->at_us, row->key.event_id, cleared, row->rule,
						    row->mail_click, row->link, row->confirm);
		}
		sorted = sorted && (i == 0 || fold_compare(&ret_touches[i - 1], &ret_touches[i]) <= 0);
	}
	if (!sorted) {
		qsort(ret_touches, count, sizeof(*ret_touches), fold_compare);
	}
}

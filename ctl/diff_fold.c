/*
 * One contact's touches of one process, folded under one of the models: as the daemon folds them, from the start.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/fold_input.h"
#include "ctl/diff.h"

struct diff_entry {
	struct fold_touch touch; /* first: for fold_compare() */
	uint32_t place;
};

bool diff_room_init(struct diff *diff)
{
	size_t most = diff->touches_max + 1;
	for (unsigned side = 0; side < DIFF_SIDES; side++) {
		struct diff_room *room = &diff->rooms[side];
		room->entries = malloc(most * sizeof(*room->entries));
		room->touches = malloc(most * sizeof(*room->touches));
		room->places = malloc(most * sizeof(*room->places));
		room->counted = malloc(most * sizeof(*room->counted));
		room->scratch = malloc(most * sizeof(*room->scratch));
		if (room->entries == NULL || room->touches == NULL || room->places == NULL ||
		    room->counted == NULL || room->scratch == NULL) {
			return false;
		}
	}
	return true;
}

void diff_room_finish(struct diff *diff)
{
	for (unsigned side = 0; side < DIFF_SIDES; side++) {
		struct diff_room *room = &diff->rooms[side];
		free(room->entries);
		free(room->touches);
		free(room->places);
		free(room->counted);
		free(room->scratch);
	}
}

/* What of the contact's touches the model sees in that process, in the fold's order. */
static size_t list_touches(struct diff *diff, const struct diff_contact *contact, int process, enum diff_side side)
{
	struct diff_room *room = &diff->rooms[side];
	size_t used = 0;
	bool sorted = true;
	for (size_t i = 0; i < contact->count; i++) {
		const struct diff_touch *touch = &contact->touches[i];
		const struct diff_reading *reading = &diff->subjects.list[touch->subject].by[side];
		if (reading->process != process || !diff_reading_counts(reading, touch->party)) {
			continue;
		}
		room->entries[used] = (struct diff_entry){
			.touch = fold_input(touch->at_us, touch->event, touch->cleared, reading->rule,
					    reading->mail_click, reading->link, reading->confirm),
			.place = (uint32_t)i,
		};
		sorted =
			sorted && (used == 0 || fold_compare(&room->entries[used - 1], &room->entries[used]) <= 0);
		used++;
	}
	if (!sorted) {
		qsort(room->entries, used, sizeof(*room->entries), fold_compare);
	}
	for (size_t i = 0; i < used; i++) {
		room->touches[i] = room->entries[i].touch;
		room->places[i] = room->entries[i].place;
	}
	return used;
}

static void on_late(void *context, int64_t at_ms, bool entered)
{
	struct diff_folded *folded = context;
	if (entered && folded->late_count < DIFF_LATE_MAX) {
		folded->late[folded->late_count++] = (struct diff_late){at_ms, INT64_MAX};
	} else if (!entered && folded->late_count > 0 &&
		   folded->late[folded->late_count - 1].left_ms == INT64_MAX) {
		folded->late[folded->late_count - 1].left_ms = at_ms;
	}
}

void diff_fold(struct diff *diff, const struct diff_contact *contact, unsigned process, enum diff_side side)
{
	struct diff_folded *folded = &diff->folded[side];
	const struct diff_room *room = &diff->rooms[side];
	int number = diff->processes[process].number[side];
	folded->has_row = false;
	folded->late_count = 0;
	folded->count = number >= 0 ? list_touches(diff, contact, (int)process, side) : 0;
	folded->touches = room->touches;
	folded->places = room->places;
	folded->counted = room->counted;
	if (folded->count == 0) {
		folded->state.moved = folded->state.closed = false;
		return;
	}
	const struct diff_model *model = &diff->models[side];
	const struct fold_process *fold = &model->folds[number];
	struct alerts alerts = {.process = &model->alerts[number], .on_late = on_late, .context = folded};
	fold_all(fold, room->touches, folded->count, room->scratch, &folded->state, room->counted, alerts_step,
		 &alerts);
	alerts_pass(&alerts, diff->now_us / MOMENT_MS_US);
	fold_view(fold, &folded->state, diff->at_ms, &folded->view);
	folded->has_row =
		folded->state.counted > 0 || folded->state.confirmed > 0 || folded->view.shown == SHOWN_NONE;
}

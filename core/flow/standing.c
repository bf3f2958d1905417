#include "core/flow/standing.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/moment.h"

#define DAY_MS (MOMENT_DAY_US / MOMENT_MS_US)
#define AHEAD_MS (FOLD_GAP_MAX * 60 * 1000)

void standing_peak(const struct change_row *changes, size_t count, struct standing *ret_standing)
{
	*ret_standing = (struct standing){.fell_us = INT64_MIN};
	for (size_t i = 0; i < count; i++) {
		const struct change_row *change = &changes[i];
		if (change->to_shown == SHOWN_NONE && !change->by_time) {
			*ret_standing = (struct standing){.fell_us = INT64_MIN};
		} else if (change->to_shown >= SHOWN_EARLY && change->to_shown >= ret_standing->peak) {
			*ret_standing = (struct standing){.peak = change->to_shown, .fell_us = INT64_MIN};
		} else if (ret_standing->peak > 0 && ret_standing->fell_us == INT64_MIN) {
			ret_standing->fell_us = change->at_us;
			ret_standing->by_time = change->by_time;
			ret_standing->cause = change->cause;
		}
	}
}

static void on_late(void *context, int64_t at_ms, bool entered)
{
	struct standing_late *late = context;
	if (!entered || late->full) {
		return;
	}
	if (late->count == late->room) {
		size_t room = late->room * 2 + 8;
		int64_t *days = arena_array(late->arena, room, sizeof(*days));
		if (days == NULL) {
			late->full = true;
			return;
		}
		if (late->count > 0) {
			memcpy(days, late->days, late->count * sizeof(*days));
		}
		late->days = days;
		late->room = room;
	}
	late->days[late->count++] = moment_floor(at_ms, DAY_MS) - 1; /* 24:00 is the next day's beginning */
}

void standing_late_begin(struct standing_late *ret_late, const struct alerts_process *process, struct arena *arena)
{
	*ret_late = (struct standing_late){
		.alerts = {.process = process, .on_late = on_late, .context = ret_late},
		.arena = arena,
	};
}

void standing_step(void *context, const struct phase_state *state, const struct fold_touch *touch)
{
	struct standing_late *late = context;
	alerts_step(&late->alerts, state, touch);
}

void standing_late_end(struct standing_late *late)
{
	if (late->alerts.begun) {
		alerts_pass(&late->alerts, late->alerts.next_ms + AHEAD_MS);
	}
}

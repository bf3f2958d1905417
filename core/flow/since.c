#include "core/flow/since.h"

#include <string.h>

#include "core/flow/review.h"

struct since {
	const struct fold_process *process;
	struct phase_state last; /* as the last touch that counts left it, up to what tells which touches count */
	enum shown shown;
	int64_t since_ms, seen_ms; /* since when; up to when this is known */
};

static void show(struct since *since, enum shown shown, int64_t at_ms)
{
	if (shown != since->shown) {
		since->shown = shown;
		since->since_ms = at_ms;
	}
}

static void pass(struct since *since, int64_t until_ms)
{
	struct phase_view view;
	while (since->last.moved && since->seen_ms < until_ms) {
		int64_t at_ms = review_next(since->process, &since->last, since->seen_ms, until_ms, &view);
		if (at_ms == REVIEW_NEVER) {
			return;
		}
		since->seen_ms = at_ms;
		show(since, view.shown, at_ms);
	}
}

static void on_step(void *context, const struct phase_state *state, const struct fold_touch *touch)
{
	struct since *since = context;
	pass(since, touch->ms - 1);
	if (since->since_ms == SINCE_NEVER) {
		since->since_ms = touch->ms;
	}
	show(since, fold_shown(state), touch->ms);
	memcpy(&since->last, state, offsetof(struct phase_state, started));
	since->seen_ms = state->counted_ms;
}

int64_t since_shown(const struct fold_process *process, const struct fold_touch *touches, size_t count,
		    int64_t at_ms, enum shown shown, bool *scratch)
{
	struct since since = {.process = process, .shown = SHOWN_UNKNOWN, .since_ms = SINCE_NEVER};
	struct phase_state state;
	fold_all(process, touches, count, scratch, &state, NULL, on_step, &since);
	if (since.since_ms != SINCE_NEVER) {
		pass(&since, at_ms);
		show(&since, shown, at_ms);
	}
	return since.since_ms;
}

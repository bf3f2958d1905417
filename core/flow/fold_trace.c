/*
 * Traces of earlier touches in a state: each as much as a later touch can need, forgotten when none can.
 */
#include "core/flow/fold_trace.h"

#include <string.h>

#define BURST_LINKS 4

static void forget_clicks(struct phase_state *state)
{
	if (state->click_count == 0) {
		return;
	}
	int64_t now = state->clicks[0].last_ms;
	now = state->started && state->last_ms > now ? state->last_ms : now;
	while (state->click_count > 0 && state->clicks[state->click_count - 1].last_ms < now - PHASE_BURST_MS) {
		state->click_count--;
		state->clicks[state->click_count] = (struct phase_click){0};
	}
}

/* The rule touched longest ago makes room, of several the first. */
static unsigned forget_oldest(struct phase_recent *recent, unsigned count)
{
	unsigned oldest = 0;
	for (unsigned i = 1; i < count; i++) {
		oldest = recent[i].last_ms < recent[oldest].last_ms ? i : oldest;
	}
	memmove(recent + oldest, recent + oldest + 1, (count - oldest - 1) * sizeof(*recent));
	return count - 1;
}

bool fold_trace_leave(struct phase_state *state, int64_t ms, uint16_t rule)
{
	bool repeat = false;
	unsigned kept = 0;
	for (unsigned i = 0; i < state->recent_count; i++) {
		struct phase_recent recent = state->recent[i];
		if (recent.last_ms < ms - PHASE_REPEAT_MS) {
			continue;
		}
		if (recent.rule == rule) {
			repeat = true;
			recent.last_ms = ms;
		}
		state->recent[kept++] = recent;
	}
	if (!repeat && rule != FOLD_TRACE_NO_RULE) {
		kept = kept == PHASE_RECENT_MAX ? forget_oldest(state->recent, kept) : kept;
		unsigned place = kept++;
		for (; place > 0 && state->recent[place - 1].rule > rule; place--) {
			state->recent[place] = state->recent[place - 1];
		}
		state->recent[place] = (struct phase_recent){.rule = rule, .last_ms = ms};
	}
	state->recent_count = kept;
	state->started = true;
	state->last_ms = ms;
	state->taken++;
	forget_clicks(state);
	return repeat;
}

uint64_t fold_trace_link(const struct fold_touch *touch)
{
	return touch->link != 0 ? touch->link : (uint64_t)touch->rule + 1;
}

/* Newest first; at one time the larger link first, so that the list does not depend on who came in first. */
static bool is_newer(const struct phase_click *a, const struct phase_click *b)
{
	return a->last_ms > b->last_ms || (a->last_ms == b->last_ms && a->link > b->link);
}

void fold_trace_click(struct phase_state *state, const struct phase_click *click)
{
	unsigned place = 0;
	while (place < state->click_count && state->clicks[place].link != click->link) {
		place++;
	}
	if (place == state->click_count && place == PHASE_CLICKS_MAX) {
		place--;
		if (is_newer(&state->clicks[place], click)) {
			return;
		}
	} else if (place == state->click_count) {
		state->click_count++;
	}
	for (; place > 0 && is_newer(click, &state->clicks[place - 1]); place--) {
		state->clicks[place] = state->clicks[place - 1];
	}
	state->clicks[place] = *click;
	forget_clicks(state);
}

bool fold_trace_is_burst(const struct phase_state *state, const struct fold_touch *touch, bool *ret_traces)
{
	unsigned links = 1;
	bool traces = false;
	for (unsigned i = 0; i < state->click_count; i++) {
		const struct phase_click *click = &state->clicks[i];
		if (click->last_ms >= touch->ms - PHASE_BURST_MS) {
			links += click->link != fold_trace_link(touch);
			traces = traces || !click->left_out;
		}
	}
	*ret_traces = traces;
	return links >= BURST_LINKS;
}

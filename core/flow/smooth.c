/*
 * Forward and backward: the way forward says what the touches before a moment make of each state, the way back what those after it
 * do; a day's probabilities are their product. Every purchase (from one closing of the process to the next) is a
 * way of its own: nothing of one says anything of another.
 */
#include "core/flow/smooth.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/chain.h"

struct way {
	const struct fold_process *process;
	const struct fold_touch *touches;
	const bool *counted;
	size_t count;
	int64_t first_day, end_day; /* of the days that are kept: from, and before */
	chain_vector *ends;	    /* of each: the way forward, then the product */
	struct smooth_day *days;
};

/* ---- Time ---- */

static void go_forward(const struct fold_process *process, chain_vector pi, int64_t minutes)
{
	chain_forward(process, minutes, pi);
	chain_scale(pi);
}

static void go_back(const struct fold_process *process, chain_vector chance, int64_t minutes)
{
	chain_back(process, minutes, chance);
	chain_scale(chance);
}

/* ---- Days ---- */

static int64_t end_of(int64_t day)
{
	return (day + 1) * SMOOTH_MINUTES;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The days that end after `from` and not after `to`, both in minutes: those of them that are kept, *day up to before *end. */
static void days_between(const struct way *way, int64_t from, int64_t to, int64_t *ret_day, int64_t *ret_end)
{
	*ret_day = later(moment_floor(from, SMOOTH_MINUTES), way->first_day);
	*ret_end = sooner(moment_floor(to, SMOOTH_MINUTES), way->end_day);
}

/* With `pi` as it is at `from`. */
static void note_forward(struct way *way, const chain_vector pi, int64_t from, int64_t to)
{
	int64_t day, end;
	chain_vector at;
	memcpy(at, pi, sizeof(at));
	for (days_between(way, from, to, &day, &end); day < end; day++) {
		go_forward(way->process, at, end_of(day) - from);
		from = end_of(day);
		memcpy(way->ends[day - way->first_day], at, sizeof(at));
	}
}

static void note_closed(struct way *way, int64_t from, int64_t to)
{
	int64_t day, end;
	for (days_between(way, from, to, &day, &end); day < end; day++) {
		way->days[day - way->first_day].closed = true;
	}
}

/* With `chance` as it is at `to`, what came then and later. */
static void note_back(struct way *way, const chain_vector chance, int64_t from, int64_t to)
{
	int64_t first, day;
	chain_vector at;
	memcpy(at, chance, sizeof(at));
	for (days_between(way, from, to, &first, &day); day > first; day--) {
		go_back(way->process, at, to - end_of(day - 1));
		to = end_of(day - 1);
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			way->ends[day - 1 - way->first_day][k] *= at[k];
		}
	}
}

/* ---- The two ways ---- */

static void forward(struct way *way, int64_t at_minute)
{
	const struct fold_process *process = way->process;
	int64_t minute = 0;
	bool any = false, open = false;
	chain_vector pi;
	for (size_t i = 0; i < way->count; i++) {
		if (!way->counted[i]) {
			continue;
		}
		const struct fold_touch *touch = &way->touches[i];
		int64_t now = fold_minute(touch->ms);
		if (open) {
			note_forward(way, pi, minute, now);
			go_forward(process, pi, now - minute);
		} else if (any) {
			note_closed(way, minute, now);
		}
		if (touch->kind == FOLD_CLOSE) {
			open = false;
		} else {
			if (!open) {
				memcpy(pi, process->prior, sizeof(pi));
			}
			chain_weigh(process, touch, pi);
			open = true;
		}
		any = true;
		minute = now;
	}
	if (open) {
		note_forward(way, pi, minute, at_minute);
	} else if (any) {
		note_closed(way, minute, at_minute);
	}
}

/* Days after the last touch are as the way forward left them. */
static void back(struct way *way)
{
	chain_vector chance;
	int64_t minute = 0;
	bool open = false; /* is `chance` that of something later, of the same purchase? */
	for (size_t i = way->count; i-- > 0;) {
		if (!way->counted[i]) {
			continue;
		}
		const struct fold_touch *touch = &way->touches[i];
		int64_t now = fold_minute(touch->ms);
		if (touch->kind == FOLD_CLOSE) {
			open = false;
			continue;
		}
		if (open) {
			note_back(way, chance, now, minute);
			go_back(way->process, chance, minute - now);
		} else {
			for (unsigned k = 0; k < PHASE_STATES; k++) {
				chance[k] = k < way->process->states ? 1 : 0;
			}
			open = true;
		}
		chain_weigh(way->process, touch, chance);
		minute = now;
	}
}

/* ---- The whole ---- */

static void fill_main(const struct way *way, const chain_vector end, struct smooth_day *day)
{
	double buying = 0;
	for (unsigned k = 1; k < way->process->states; k++) {
		day->main[way->process->state_main[k]] += end[k];
		buying += end[k];
	}
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		day->main[m] /= buying;
	}
}

bool smooth_history(const struct fold_process *process, const struct fold_touch *touches, size_t count,
		    const bool *counted, int64_t at_ms, size_t days_max, struct arena *arena,
		    struct smooth *ret_smooth)
{
	size_t first = 0;
	while (first < count && !counted[first]) {
		first++;
	}
	*ret_smooth = (struct smooth){0};
	if (first == count) {
		return true;
	}
	int64_t end_day = moment_floor(fold_minute(at_ms), SMOOTH_MINUTES);
	int64_t first_day =
		later(moment_floor(fold_minute(touches[first].ms), SMOOTH_MINUTES), end_day - (int64_t)days_max);
	size_t days = end_day > first_day ? (size_t)(end_day - first_day) : 0;
	struct way way = {.process = process,
			  .touches = touches,
			  .counted = counted,
			  .count = count,
			  .first_day = first_day,
			  .end_day = end_day};
	way.days = arena_zero(arena, days + 1, sizeof(*way.days));
	size_t mark = arena->used;
	way.ends = arena_array(arena, days + 1, sizeof(*way.ends));
	if (way.days == NULL || way.ends == NULL) {
		return false;
	}
	forward(&way, fold_minute(at_ms));
	back(&way);
	for (size_t i = 0; i < days; i++) {
		if (!way.days[i].closed) {
			fill_main(&way, way.ends[i], &way.days[i]);
		}
	}
	arena_back(arena, mark);
	*ret_smooth = (struct smooth){first_day, days, way.days};
	return true;
}

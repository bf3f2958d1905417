/*
 * The path: how long each phase lasts and what comes next. Stays are log-normal, which has a heavier tail than the model's
 * exponential ones; some people are fast in all, some skip a phase.
 */
#include "tests/accuracy/life.h"

#include "core/base/check.h"

#define STAY_SPREAD 0.9
#define TEMPO_SPREAD 0.35
#define SKIPS 0.08
#define STARTS_PAUSED 0.2

static const double kinds[LIFE_KINDS] = {
	[LIFE_BUYER] = 0.86, [LIFE_JOB_SEEKER] = 0.04, [LIFE_STUDENT] = 0.05, [LIFE_CUSTOMER] = 0.05};

enum { CHANCE_LIFE = 10 };

/* A main phase by its share, among those that the process has; then one of its fine phases. */
static unsigned begin(const struct world *world, struct chance *chance)
{
	double shares[MAIN_COUNT];
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		shares[m] = world->fine[m] > 0 ? world->buyers->start[m] : 0;
	}
	enum main_phase main = (enum main_phase)chance_pick(chance, shares, MAIN_COUNT);
	unsigned nth = chance_below(chance, world->fine[main]);
	for (unsigned k = 1; k < world->process->states; k++) {
		if (world->process->state_main[k] == main && nth-- == 0) {
			return k;
		}
	}
	CHECK(false);
	return 0;
}

/* What comes after a stay: another fine phase, 0 (it stalls), or `states` (the order). */
static unsigned next_state(const struct world *world, struct chance *chance, unsigned state)
{
	unsigned states = world->process->states;
	if (state == 0) {
		return begin(world, chance);
	}
	double what = chance_unit(chance);
	if (what < world->buyers->stall) {
		return 0;
	}
	if (what < world->buyers->stall + world->buyers->back) {
		return state > 1 ? state - 1 : state + 1;
	}
	unsigned next = state + (chance_is(chance, SKIPS) ? 2 : 1);
	return next < states ? next : states;
}

static double stay_of(const struct world *world, unsigned state)
{
	if (state == 0) {
		return world->buyers->pause_days;
	}
	enum main_phase main = world->process->state_main[state];
	return world->buyers->days[main] / world->fine[main];
}

static void walk(const struct world *world, struct chance *chance, struct life *life)
{
	double tempo = chance_uneven(chance, 1, TEMPO_SPREAD);
	double day = 0, end = WORLD_DAYS;
	unsigned state = chance_is(chance, STARTS_PAUSED) ? 0 : begin(world, chance);
	if (life->kind != LIFE_BUYER) {
		life->stays[life->stay_count++] = (struct life_stay){0, 0};
		return;
	}
	while (day < WORLD_DAYS && life->stay_count < LIFE_STAYS_MAX) {
		life->stays[life->stay_count++] = (struct life_stay){day, state};
		/* The first is seen somewhere in its midst. */
		double part = life->stay_count == 1 ? chance_unit(chance) : 1;
		day += part * chance_uneven(chance, stay_of(world, state) * tempo, STAY_SPREAD);
		state = next_state(world, chance, state);
		if (state == world->process->states) {
			end = day;
			break;
		}
	}
	life->days = end < WORLD_DAYS ? (unsigned)end : WORLD_DAYS;
}

static void note_days(struct life *life)
{
	unsigned stay = 0;
	for (unsigned day = 0; day < life->days; day++) {
		while (stay + 1 < life->stay_count && life->stays[stay + 1].from_day <= day + 1) {
			stay++;
		}
		life->state[day] = (uint8_t)life->stays[stay].state;
	}
}

void life_draw(const struct world *world, uint64_t number, struct life *ret_life)
{
	struct chance chance = chance_of(world->seed, CHANCE_LIFE, number);
	ret_life->kind = (enum life_kind)chance_pick(&chance, kinds, LIFE_KINDS);
	ret_life->days = WORLD_DAYS;
	ret_life->stay_count = 0;
	ret_life->touch_count = 0;
	walk(world, &chance, ret_life);
	note_days(ret_life);
	life_draw_touches(world, &chance, ret_life);
}

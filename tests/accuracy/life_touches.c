/*
 * What somebody did: visits in bursts on working days, several things a visit, the same thing again and again, links in
 * mails; and what machines did in his name: opens by mail proxies, clicks on all links by security gateways.
 */
#include "tests/accuracy/life.h"

#include <stdlib.h>

#include "core/base/check.h"
#include "core/flow/fold.h"

#define MINUTE_MS INT64_C(60000)

/* ---- Who it is ---- */

struct person {
	struct chance *chance;
	const struct world *world;
	struct life *life;
	double visits_a_day;
	double own;   /* share of what he looks for that is what his phase needs … */
	double ahead; /* … and of the rest the share that is ahead of it */
	bool chats, reads_mail, opened_by_proxy, behind_gateway;
	unsigned holiday; /* first day of some weeks away */
	double until_day; /* those who never buy stop coming */
	double taste[PHASE_RULES_MAX];
	int64_t now_ms;
};

#define VISITS_SPREAD 0.8
#define TASTE_SPREAD 0.7
#define HOLIDAY_DAYS 18
#define STRANGER_DAYS 70

static void draw_person(const struct world *world, struct chance *chance, struct life *life,
			struct person *ret_person)
{
	static const struct {
		double share, own, ahead;
	} readers[] = {
		{.8, .78, .50}, {.1, .45, .92}, {.1, .45, .08}}; /* most; those far ahead; those far behind */
	double shares[COUNT_OF(readers)];
	for (size_t i = 0; i < COUNT_OF(readers); i++) {
		shares[i] = readers[i].share;
	}
	static const double visits_a_week[LIFE_KINDS] = {
		[LIFE_JOB_SEEKER] = 1, [LIFE_STUDENT] = 2, [LIFE_CUSTOMER] = 1};
	bool buys = life->kind == LIFE_BUYER;
	double visits = buys ? world->buyers->visits_a_week : visits_a_week[life->kind];
	unsigned reader = chance_pick(chance, shares, COUNT_OF(readers));
	*ret_person = (struct person){
		.chance = chance,
		.world = world,
		.life = life,
		.own = readers[reader].own,
		.ahead = readers[reader].ahead,
	};
	/* One draw after the other: an initializer's have no order. */
	ret_person->visits_a_day = chance_uneven(chance, visits / 7, VISITS_SPREAD);
	ret_person->chats = chance_is(chance, 0.25);
	ret_person->reads_mail = chance_is(chance, 0.6);
	ret_person->opened_by_proxy = chance_is(chance, 0.6);
	ret_person->behind_gateway = chance_is(chance, 0.35);
	ret_person->holiday = chance_below(chance, 2 * WORLD_DAYS);
	ret_person->until_day = buys ? WORLD_DAYS : chance_uneven(chance, STRANGER_DAYS, 0.8);
	for (unsigned r = 0; r < world->process->rule_count; r++) {
		ret_person->taste[r] = chance_uneven(chance, 1, world->simple ? 0 : TASTE_SPREAD);
	}
}

/* ---- What he looks for ---- */

static unsigned state_at(const struct life *life, double day)
{
	unsigned stay = 0;
	while (stay + 1 < life->stay_count && life->stays[stay + 1].from_day <= day) {
		stay++;
	}
	return life->stays[stay].state;
}

static double day_of(int64_t ms)
{
	return (double)(ms - WORLD_START_MS) / (double)DAY_MS;
}

/* Curious of anything at times; else what the phase needs, or something one to three phases from it. */
static unsigned looks_for(struct person *person)
{
	unsigned last = person->world->process->states - 1;
	unsigned state = state_at(person->life, day_of(person->now_ms));
	if (person->world->simple && person->life->kind == LIFE_BUYER) {
		return state;
	}
	if (chance_is(person->chance, 0.07)) {
		return chance_below(person->chance, last + 1);
	}
	switch (person->life->kind) {
	case LIFE_STUDENT:
		return 1 + chance_below(person->chance, person->world->fine[MAIN_EARLY] + 1);
	case LIFE_CUSTOMER:
		return chance_is(person->chance, 0.5) ? last : 0;
	default:
		break;
	}
	if (state == 0 || chance_is(person->chance, person->own)) {
		return state;
	}
	unsigned far = 1 + chance_run(person->chance, 0.4, 2);
	if (chance_is(person->chance, person->ahead)) {
		return state + far < last ? state + far : last;
	}
	return state > far ? state - far : 1;
}

/* ---- Touches ---- */

static void touch(struct person *person, unsigned rule, uint64_t link, int64_t ms)
{
	struct life *life = person->life;
	if (life->touch_count == LIFE_TOUCHES_MAX) {
		return;
	}
	life->touches[life->touch_count] = (struct fold_touch){
		.ms = ms,
		.id = life->touch_count,
		.kind = FOLD_TOUCH,
		.rule = (uint16_t)rule,
		.mail_click = person->world->is_click[rule],
		.link = link,
	};
	life->touch_count++;
}

static void wait_minutes(struct person *person, double low, double high)
{
	person->now_ms += (int64_t)(chance_between(person->chance, low, high) * (double)MINUTE_MS);
}

/* The rule of a thing that somebody finds who looks for what `phase` needs; links in mails are not found, but sent. */
static unsigned choose(struct person *person, enum channel channel, unsigned phase)
{
	const struct world *world = person->world;
	double weights[PHASE_RULES_MAX], sum = 0;
	for (unsigned r = 0; r < world->process->rule_count; r++) {
		const struct model_rule *rule = &world->process->rules[r];
		bool there = rule->channel == channel && !rule->ignored && !world->is_click[r];
		weights[r] = there ? world->appeal[r][phase] * person->taste[r] : 0;
		sum += weights[r];
	}
	return sum > 0 ? chance_pick(person->chance, weights, world->process->rule_count)
		       : world->process->rule_count;
}

/* Several things in a row, mostly for one purpose; some of them again, as people go back and forth and reload. */
static void visit(struct person *person, enum channel channel, unsigned things)
{
	unsigned phase = looks_for(person);
	for (; things > 0; things--) {
		if (chance_is(person->chance, 0.35)) {
			phase = looks_for(person);
		}
		unsigned rule = choose(person, channel, phase);
		if (rule == person->world->process->rule_count) {
			return;
		}
		unsigned again = chance_is(person->chance, 0.04) ? 6 + chance_run(person->chance, 0.9, 30)
								 : chance_run(person->chance, 0.35, 6);
		for (unsigned i = 0; i <= again; i++) {
			touch(person, rule, 0, person->now_ms);
			wait_minutes(person, 0.3, 6);
		}
	}
}

/* ---- Days ---- */

/* People come when they work, and more often when something has just changed and after they have come. */
static void live_day(struct person *person, unsigned day, unsigned *visited_day)
{
	static const double of_weekday[7] = {1.25, 1.35, 1.3, 1.3, 1.0, 0.2, 0.3};
	static const double of_hour[24] = {.02, .01, .01, .01, .02, .1, .4, 1.2, 2,  2,	 1.8, 1.2,
					   1.6, 2,   2,	  1.6, 1.1, .6, .4, .5,	 .6, .5, .3,  .1};
	unsigned state = state_at(person->life, day);
	double rate = day < person->until_day ? person->visits_a_day * of_weekday[day % 7] : 0;
	if (person->life->kind == LIFE_BUYER) {
		rate *= state == 0 ? 0.15 : state + 1 == person->world->process->states ? 0.75 : 1;
		rate *= day >= 3 && state_at(person->life, day - 3) != state ? 2.2 : 1;
	}
	rate *= day - *visited_day <= 2 ? 1.7 : 0.75;
	rate *= day - person->holiday < HOLIDAY_DAYS ? 0.02 : 1;
	for (unsigned visits = chance_poisson(person->chance, rate); visits > 0; visits--) {
		*visited_day = day;
		unsigned hour = chance_pick(person->chance, of_hour,
					    24); /* one draw after the other, whoever compiles it */
		person->now_ms = WORLD_START_MS + day * DAY_MS + hour * 60 * MINUTE_MS;
		person->now_ms += chance_below(person->chance, 60 * MINUTE_MS);
		bool chat = person->chats && chance_is(person->chance, 0.15);
		bool mail = !chat && chance_is(person->chance, 0.05);
		visit(person,
		      chat   ? CHANNEL_CHAT
		      : mail ? CHANNEL_EMAIL
			     : CHANNEL_WEB,
		      1 + chance_run(person->chance, mail ? 0 : 0.55, 12));
	}
}

/* ---- Mail ---- */

static void read_mail(struct person *person, const struct world_mail *mail)
{
	const struct world *world = person->world;
	double weights[WORLD_LINKS_MAX];
	unsigned phase = looks_for(person);
	for (unsigned i = 0; i < mail->count; i++) {
		unsigned rule = mail->links[i].rule;
		weights[i] = world->appeal[rule][phase] * person->taste[rule];
	}
	const struct world_link *link = &mail->links[chance_pick(person->chance, weights, mail->count)];
	touch(person, link->rule, link->link, person->now_ms);
	wait_minutes(person, 0.2, 3);
	visit(person, CHANNEL_WEB, chance_run(person->chance, 0.5, 4));
}

static void get_mail(struct person *person, const struct world_mail *mail)
{
	const struct world *world = person->world;
	if (person->behind_gateway) {
		for (unsigned i = 0; i < mail->count; i++) {
			touch(person, mail->links[i].rule, mail->links[i].link,
			      mail->ms + 4000 + chance_below(person->chance, 35000));
		}
	}
	if (person->opened_by_proxy && world->open_rule < world->process->rule_count) {
		touch(person, world->open_rule, 0, mail->ms + chance_below(person->chance, 10 * MINUTE_MS));
	}
	person->now_ms = mail->ms + (int64_t)(chance_uneven(person->chance, 0.6, 1) * (double)DAY_MS);
	double interest = state_at(person->life, day_of(person->now_ms)) == 0 ? 0.3 : 1;
	if (!person->reads_mail || day_of(mail->ms) > person->until_day ||
	    !chance_is(person->chance, 0.5 * interest)) {
		return;
	}
	if (world->open_rule < world->process->rule_count) {
		touch(person, world->open_rule, 0, person->now_ms);
	}
	if (chance_is(person->chance, 0.3)) {
		wait_minutes(person, 0.2, 4);
		read_mail(person, mail);
	}
}

void life_draw_touches(const struct world *world, struct chance *chance, struct life *life)
{
	struct person person;
	unsigned visited_day = 0;
	int64_t end_ms = WORLD_START_MS + life->days * DAY_MS;
	draw_person(world, chance, life, &person);
	for (unsigned day = 0; day < life->days; day++) {
		live_day(&person, day, &visited_day);
	}
	for (unsigned i = 0; i < world->mail_count && world->mails[i].ms < end_ms; i++) {
		get_mail(&person, &world->mails[i]);
	}
	qsort(life->touches, life->touch_count, sizeof(life->touches[0]), fold_compare);
	while (life->touch_count > 0 && life->touches[life->touch_count - 1].ms >= end_ms) {
		life->touch_count--;
	}
}

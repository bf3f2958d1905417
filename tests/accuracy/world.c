#include "tests/accuracy/world.h"

#include <string.h>

#include "core/base/check.h"

/*
 * Judged, not measured: nobody hands out journeys with known phases. A tender is formal: little going back, and a late phase of
 * evaluation, standstill and contract that is longer than all before. A call-off has its agreement: people come in mid
 * or late and are done in weeks. What is new under the sun is thought about for long, doubted and dropped. Parts are a matter of days.
 */
static const struct buyers table[] = {
	/*                early mid late      start            back stall pause visits a week */
	{"call-off", {5, 14, 16}, {.05, .55, .40}, .15, .12, 40, 1.6},
	{"innovation", {110, 60, 45}, {.68, .25, .07}, .26, .22, 80, 1.2},
	{"parts", {5, 7, 8}, {.45, .40, .15}, .08, .12, 25, 4.5},
	{"tender", {45, 40, 85}, {.55, .33, .12}, .08, .12, 90, 1.2},
	{"standard", {45, 45, 55}, {.62, .27, .11}, .22, .18, 60, 1.5},
};

/* Marketing's judgement of a thing is off by factors of these spreads, drawn per world: of its frequency, of what it says about each phase. */
static const struct site {
	double frequency_spread, points_spread;
	bool simple;	     /* people look for what their phase needs, and for nothing else */
	double appeal[4];    /* of 0 to 3 points */
	double frequency[3]; /* by class: common, normal, rare */
} sites[WORLD_SITES] = {
	/* Not the e^½ a point that the model has. */
	[WORLD_SITE_USUAL] = {0.3, 0.35, false, {1.0, 3.2, 7.0, 13.0}, {5.0, 1.0, 0.3}},
	[WORLD_SITE_MATCHED] = {0, 0, true, MODEL_POWERS_HALF, {4.0, 1.0, 0.25}},
	[WORLD_SITE_NOISY] = {1.0, 1.0, false, {1.0, 3.2, 7.0, 13.0}, {5.0, 1.0, 0.3}},
};

#define MAIL_EVERY_DAYS 7.0
#define MAIL_LINKS_MIN 5

enum { CHANCE_APPEAL = 1, CHANCE_MAILS };

static const struct buyers *buyers_of(const char *process)
{
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (strcmp(table[i].process, process) == 0) {
			return &table[i];
		}
	}
	return NULL;
}

/* By what an event of this rule would be, as its example says. */
static enum action action_of(const struct model_rule *rule)
{
	return rule->example != NULL		? rule->example->action
	       : rule->channel == CHANNEL_EMAIL ? ACTION_EMAIL_CLICK
						: ACTION_CUSTOM;
}

static void draw_appeal(struct world *world, const struct site *site)
{
	struct chance chance = chance_of(world->seed, CHANCE_APPEAL, 0);
	world->open_rule = (uint16_t)world->process->rule_count;
	for (unsigned r = 0; r < world->process->rule_count; r++) {
		const struct model_rule *rule = &world->process->rules[r];
		double often = chance_uneven(&chance, site->frequency[rule->frequency], site->frequency_spread);
		for (unsigned k = 0; k < world->process->states; k++) {
			double appeal = site->appeal[rule->points[k]];
			world->appeal[r][k] = often * chance_uneven(&chance, appeal, site->points_spread);
		}
		world->is_click[r] = action_of(rule) == ACTION_EMAIL_CLICK && !rule->ignored;
		if (action_of(rule) == ACTION_EMAIL_OPEN) {
			world->open_rule = (uint16_t)r;
		}
	}
}

/* A newsletter has something for everybody, whatever phase its readers are in. */
static void write_mails(struct world *world)
{
	struct chance chance = chance_of(world->seed, CHANCE_MAILS, 0);
	double often[PHASE_RULES_MAX];
	for (unsigned r = 0; r < world->process->rule_count; r++) {
		often[r] = world->is_click[r] ? 1.0 : 0.0;
	}
	double day = chance_between(&chance, 0, MAIL_EVERY_DAYS);
	while (day < WORLD_DAYS && world->mail_count < WORLD_MAILS_MAX) {
		struct world_mail *mail = &world->mails[world->mail_count++];
		mail->ms = WORLD_START_MS + (int64_t)day * DAY_MS +
			   (8 * 60 + chance_below(&chance, 180)) * INT64_C(60000);
		mail->count = MAIL_LINKS_MIN + chance_below(&chance, WORLD_LINKS_MAX - MAIL_LINKS_MIN + 1);
		for (unsigned i = 0; i < mail->count; i++) {
			mail->links[i].rule = (uint16_t)chance_pick(&chance, often, world->process->rule_count);
			mail->links[i].link = UINT64_C(1000000) + world->mail_count * WORLD_LINKS_MAX + i;
		}
		day += chance_uneven(&chance, MAIL_EVERY_DAYS, 0.3);
	}
}

bool world_init(struct world *ret_world, const struct model_process *process, enum world_site site, uint64_t seed,
		struct fail *fail)
{
	const struct buyers *buyers = buyers_of(process->name);
	if (buyers == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
				"process %s: nobody has said how its buyers go (tests/accuracy/world.c)",
				process->name);
	}
	memset(ret_world, 0, sizeof(*ret_world));
	ret_world->process = process;
	ret_world->buyers = buyers;
	ret_world->seed = seed;
	ret_world->simple = sites[site].simple;
	for (unsigned k = 1; k < process->states; k++) {
		ret_world->fine[process->state_main[k]]++;
	}
	draw_appeal(ret_world, &sites[site]);
	write_mails(ret_world);
	return true;
}

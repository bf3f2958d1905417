/*
 * How often is the model right? Simulated contacts whose phases are known, of each process of a model: prints a table.
 * README.md says what is simulated and what the columns are.
 *
 *	accuracy [--model FILE] [--process NAME] [--seed N] [--worlds N] [--contacts N] [--without] [--json]
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/model_file.h"
#include "ctl/options.h"
#include "tests/accuracy/trial.h"

#define PROGRESS_US 3000000

static struct {
	const char *model, *process, *site;
	int64_t seed, worlds, contacts;
	bool without, calibrated, touches, json, help;
} asked = {.model = "conf/model", .site = "usual", .seed = 1, .worlds = 24, .contacts = 100};

static const char *const sites[WORLD_SITES] = {
	[WORLD_SITE_USUAL] = "usual", [WORLD_SITE_MATCHED] = "matched", [WORLD_SITE_NOISY] = "noisy"};

static const struct option_about options[] = {
	{"model", "FILE", OPTION_TEXT, &asked.model, 0, 0, "a model file, or a folder of them (conf/model)"},
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0, "only this process"},
	{"seed", "N", OPTION_NUMBER, &asked.seed, 0, 1000000, "the same seed, the same table (1)"},
	{"worlds", "N", OPTION_NUMBER, &asked.worlds, 1, TRIAL_WORLDS_MAX,
	 "worlds, each with a truth of its own (24)"},
	{"contacts", "N", OPTION_NUMBER, &asked.contacts, 10, 100000, "contacts of each world (100)"},
	{"without", NULL, OPTION_FLAG, &asked.without, 0, 0, "also phased without a part of it"},
	{"site", "WORD", OPTION_TEXT, &asked.site, 0, 0,
	 "how right the points are about it: usual, matched, noisy (usual)"},
	{"calibrated", NULL, OPTION_FLAG, &asked.calibrated, 0, 0,
	 "also phased with weights learned from as many other contacts"},
	{"touches", NULL, OPTION_FLAG, &asked.touches, 0, 0,
	 "no table: the touches of the first world's contacts, in lines for phasectl model"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "a JSON object a line, one for each process and method"},
	{"help", NULL, OPTION_FLAG, &asked.help, 0, 0, "print this"},
	{0},
};

/* ---- Table ---- */

static void put(double number, unsigned digits)
{
	if (isnan(number)) {
		printf("%8s", "-");
	} else {
		printf("%8.*f", (int)digits, number);
	}
}

static double percent(uint64_t part, uint64_t whole)
{
	return 100 * (double)part / (double)whole;
}

static void put_head(const struct trial *trial)
{
	const struct tally *ours = &trial->tallies[FOLDING_WHOLE];
	printf("\n%s: %u worlds, %" PRIu64 " contacts, %.0f touches each of which %.0f count; %" PRIu64
	       " days, of which %.0f %% "
	       "are buying days: early %.0f %%, mid %.0f %%, late %.0f %%\n",
	       trial->process, trial->worlds, trial->contacts, (double)trial->touches / (double)trial->contacts,
	       (double)trial->counted / (double)trial->contacts, ours->all_days,
	       percent(ours->days, ours->all_days), percent(ours->of[MAIN_EARLY].said, ours->days),
	       percent(ours->of[MAIN_MID].said, ours->days), percent(ours->of[MAIN_LATE].said, ours->days));
	printf("  %-19s%8s%8s%8s%8s%8s%8s%8s%8s%8s%8s%8s%8s\n", "", "right", "+-", "logloss", "ece", "flips",
	       "shown", "low", "medium", "high", "early", "mid", "late");
}

static void put_table(const struct trial *trial, const struct trial_options *chosen)
{
	put_head(trial);
	for (unsigned method = 0; method < TRIAL_METHODS; method++) {
		if (!trial_has(chosen, method)) {
			continue;
		}
		const struct tally *tally = &trial->tallies[method];
		struct trial_mean accuracy = trial_accuracy(trial, method);
		printf("  %-19s", trial_method_name(method));
		put(accuracy.mean, 3);
		put(accuracy.deviation, 3);
		put(tally_log_loss(tally), 3);
		put(tally_ece(tally), 3);
		put(tally_flips(tally), 2);
		put(tally_shown(tally), 3);
		for (unsigned band = BAND_LOW; band < BAND_COUNT; band++) {
			put(tally_rate(&tally->bands[band]), 2);
		}
		for (unsigned m = 0; m < MAIN_COUNT; m++) {
			put(tally_rate(&tally->of[m]), 2);
		}
		printf("\n");
	}
}

/* ---- JSON ---- */

static void put_key(const char *key, double number)
{
	printf(", \"%s\": ", key);
	if (isnan(number)) {
		printf("null");
	} else {
		printf("%.6f", number);
	}
}

static void put_json(const struct trial *trial, const struct trial_options *chosen)
{
	for (unsigned method = 0; method < TRIAL_METHODS; method++) {
		if (!trial_has(chosen, method)) {
			continue;
		}
		const struct tally *tally = &trial->tallies[method];
		struct trial_mean accuracy = trial_accuracy(trial, method), lead = trial_lead(trial, method);
		printf("{\"process\": \"%s\", \"method\": \"%s\", \"seed\": %" PRIu64
		       ", \"worlds\": %u, \"contacts\": %" PRIu64 ", \"days\": %" PRIu64
		       ", \"buying_days\": %" PRIu64,
		       trial->process, trial_method_name(method), chosen->seed, trial->worlds, trial->contacts,
		       tally->all_days, tally->days);
		put_key("accuracy", accuracy.mean);
		put_key("accuracy_deviation", accuracy.deviation);
		put_key("behind", lead.mean);
		put_key("behind_deviation", lead.deviation);
		put_key("log_loss", tally_log_loss(tally));
		put_key("ece", tally_ece(tally));
		put_key("flips", tally_flips(tally));
		put_key("shown_accuracy", tally_shown(tally));
		for (unsigned band = BAND_LOW; band < BAND_COUNT; band++) {
			put_key(band_name((enum band)band), tally_rate(&tally->bands[band]));
		}
		for (unsigned m = 0; m < MAIN_COUNT; m++) {
			put_key(main_phase_name((enum main_phase)m), tally_rate(&tally->of[m]));
		}
		put_key("fine", tally_rate(&tally->fine));
		put_key("none", tally_rate(&tally->none));
		printf("}\n");
	}
}

/* ---- Touches ---- */

static bool put_touches(const struct model_process *process, const struct trial_options *chosen, struct fail *fail)
{
	static struct world world;
	static struct life life;
	if (!world_init(&world, process, chosen->site, chosen->seed * TRIAL_WORLDS_MAX, fail)) {
		return false;
	}
	for (unsigned contact = 0; contact < chosen->contacts; contact++) {
		life_draw(&world, contact, &life);
		for (size_t i = 0; i < life.touch_count; i++) {
			const struct fold_touch *touch = &life.touches[i];
			printf("{\"id\": \"%u.%zu\", \"contact\": \"c%06u\", \"ts_ms\": %" PRId64
			       ", \"received_ms\": %" PRId64 ", \"rule\": \"%s\"",
			       contact, i, contact, touch->ms, touch->ms, process->rules[touch->rule].name);
			if (touch->mail_click && touch->link != 0) {
				printf(", \"action\": \"EMAIL_CLICK\", \"link\": \"%" PRIu64 "\"", touch->link);
			}
			printf("}\n");
		}
	}
	return true;
}

/* ---- All ---- */

static void on_progress(const char *process, unsigned contacts)
{
	static int64_t said_us;
	int64_t now_us = moment_monotonic_us();
	said_us = said_us == 0 ? now_us : said_us;
	if (now_us - said_us >= PROGRESS_US) {
		said_us = now_us;
		fprintf(stderr, "accuracy: %s: %u contacts simulated\n", process, contacts);
	}
}

static bool try_all(struct arena *arena, struct fail *fail)
{
	static struct trial trial;
	enum world_site site = 0;
	while (site < WORLD_SITES && strcmp(asked.site, sites[site]) != 0) {
		site++;
	}
	if (site == WORLD_SITES) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--site: usual, matched or noisy");
	}
	struct trial_options chosen = {
		.seed = (uint64_t)asked.seed,
		.worlds = (unsigned)asked.worlds,
		.contacts = (unsigned)asked.contacts,
		.methods = TRIAL_USUAL | TRIAL_KNOWING | TRIAL_AFTERWARDS | (asked.without ? TRIAL_WITHOUT : 0) |
			   (asked.calibrated ? TRIAL_LEARNING : 0),
		.site = site,
		.on_progress = on_progress,
	};
	struct model *model;
	bool found = asked.process == NULL;
	if (!model_file_read(asked.model, arena, &model, fail)) {
		return false;
	}
	for (unsigned p = model->process_count; p-- > 0;) {
		if (asked.process != NULL && strcmp(asked.process, model->processes[p].name) != 0) {
			continue;
		}
		found = true;
		if (asked.touches) {
			if (!put_touches(&model->processes[p], &chosen, fail)) {
				return false;
			}
			continue;
		}
		if (!trial_run(&model->processes[p], &chosen, &trial, fail)) {
			return false;
		}
		(asked.json ? put_json : put_table)(&trial, &chosen);
		fflush(stdout);
	}
	return found ||
	       fail_set(fail, FAIL_FATAL, EXIT_USAGE, "%s: no process \"%s\"", asked.model, asked.process);
}

int main(int argc, char **argv)
{
	struct arena arena;
	struct fail fail;
	int rest = 0;
	bool good = options_parse(options, NULL, argc - 1, argv + 1, &rest, &fail);
	if (good && (asked.help || rest > 0)) {
		options_print(options);
		return asked.help ? EXIT_DONE : EXIT_USAGE;
	}
	CHECK(arena_init(&arena, (size_t)64 << 20));
	good = good && try_all(&arena, &fail);
	arena_finish(&arena);
	if (!good) {
		fprintf(stderr, "accuracy: %s\n", fail.text);
	}
	return good ? EXIT_DONE : (int)fail.exit_code;
}

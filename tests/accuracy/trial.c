#include "tests/accuracy/trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/calibrate.h"
#include "tests/accuracy/knows.h"

#define TAUGHT_FROM UINT64_C(1000000) /* numbers of the contacts that teach */

struct work {
	const struct trial_options *options;
	unsigned done; /* lives */
	struct world world;
	struct folding foldings[TRIAL_PLAIN];
	struct plain plain;
	struct knows knows;
	/* Of the life in hand. */
	struct life life;
	bool counted[LIFE_TOUCHES_MAX];
	struct told whole, told;
};

const char *trial_method_name(unsigned method)
{
	CHECK(method < TRIAL_METHODS);
	return method == TRIAL_KNOWS	    ? "knows everything"
	       : method == TRIAL_CALIBRATED ? "calibrated"
	       : method == TRIAL_SMOOTHED   ? "phased, afterwards"
	       : method >= TRIAL_PLAIN	    ? plain_names[method - TRIAL_PLAIN]
					    : folding_names[method];
}

bool trial_has(const struct trial_options *options, unsigned method)
{
	return method == FOLDING_WHOLE || (options->methods & 1u << method) != 0;
}

static void draw(struct work *work, uint64_t number)
{
	life_draw(&work->world, number, &work->life);
	folding_counted(&work->foldings[FOLDING_WHOLE], &work->life, work->counted);
	folding_tell(&work->foldings[FOLDING_WHOLE], &work->life, &work->whole);
	if (work->options->on_progress != NULL) {
		work->options->on_progress(work->world.process->name, ++work->done);
	}
}

/* The factors that the unlabelled histories of the contacts in hand give, in phased's own fold. */
static void calibrate(struct work *work, struct calibration *calibration)
{
	struct folding *folding = &work->foldings[TRIAL_CALIBRATED];
	const struct model_process *process = work->world.process;
	struct calibrated calibrated;
	calibration_learn(calibration, NULL, NULL, &calibrated);
	folding_init(folding, process, FOLDING_WHOLE);
	folding->kind = FOLDING_KINDS; /* not the one that says from which day on days are scored */
	for (unsigned r = 0; r < process->rule_count; r++) {
		for (unsigned k = 0; k < process->states; k++) {
			folding->process.factor[r][k] *= calibrated.rules[r].learned[k];
		}
	}
}

/* Nobody says which phases these contacts are in. */
static void learn(struct work *work)
{
	struct arena arena;
	CHECK(arena_init(&arena, calibration_memory()));
	struct calibration *calibration = calibration_create(work->world.process, &arena);
	CHECK(calibration != NULL);
	for (unsigned i = 0; i < work->options->contacts; i++) {
		draw(work, TAUGHT_FROM + i);
		CHECK(calibration_add(calibration, work->life.touches, work->life.touch_count, work->counted));
	}
	calibrate(work, calibration);
	arena_finish(&arena);
}

/* These know the truth of other contacts. */
static void teach(struct work *work)
{
	unsigned contacts = work->options->contacts;
	if ((work->options->methods & (TRIAL_KNOWING | TRIAL_USUAL)) == 0) {
		return;
	}
	for (unsigned i = 0; i < contacts; i++) {
		draw(work, TAUGHT_FROM + i);
		knows_learn(&work->knows, &work->life, work->counted);
		plain_learn_scores(&work->plain, &work->life, work->counted, work->whole.from_day);
	}
	knows_fit(&work->knows, &work->foldings[TRIAL_KNOWS]);
	plain_fit_thresholds(&work->plain);
	for (unsigned i = 0; i < contacts; i++) {
		draw(work, TAUGHT_FROM + i);
		plain_learn_answers(&work->plain, &work->life, work->counted, work->whole.from_day);
	}
	plain_fit_silence(&work->plain);
}

static void try_life(struct work *work, struct trial *trial)
{
	for (size_t i = 0; i < work->life.touch_count; i++) {
		trial->counted += work->counted[i];
	}
	trial->touches += work->life.touch_count;
	trial->contacts++;
	tally_add(&trial->tallies[FOLDING_WHOLE], &work->world, &work->life, &work->whole, work->whole.from_day);
	for (unsigned method = FOLDING_WHOLE + 1; method < TRIAL_METHODS; method++) {
		if (!trial_has(work->options, method)) {
			continue;
		}
		if (method >= TRIAL_PLAIN) {
			plain_tell(&work->plain, (enum plain_kind)(method - TRIAL_PLAIN), &work->life,
				   work->counted, &work->told);
		} else if (method == TRIAL_SMOOTHED) {
			folding_smooth(&work->foldings[FOLDING_WHOLE], &work->life, work->counted, &work->told);
		} else {
			folding_tell(&work->foldings[method], &work->life, &work->told);
		}
		tally_add(&trial->tallies[method], &work->world, &work->life, &work->told, work->whole.from_day);
	}
}

/* Pools the days; keeps the accuracy of this world by itself. */
static void try_world(struct work *work, struct trial *trial)
{
	uint64_t days[TRIAL_METHODS], right[TRIAL_METHODS];
	unsigned world = trial->worlds++;
	for (unsigned method = 0; method < TRIAL_METHODS; method++) {
		days[method] = trial->tallies[method].days;
		right[method] = trial->tallies[method].right;
	}
	plain_init(&work->plain, &work->world);
	knows_init(&work->knows, &work->world);
	teach(work);
	if ((work->options->methods & TRIAL_LEARNING) != 0) {
		learn(work);
	}
	for (unsigned i = 0; i < work->options->contacts; i++) {
		draw(work, i);
		try_life(work, trial);
	}
	for (unsigned method = 0; method < TRIAL_METHODS; method++) {
		const struct tally *tally = &trial->tallies[method];
		trial->accuracy[method][world] =
			(double)(tally->right - right[method]) / (double)(tally->days - days[method]);
	}
}

bool trial_run(const struct model_process *process, const struct trial_options *options, struct trial *ret_trial,
	       struct fail *fail)
{
	struct work *work = calloc(1, sizeof(*work));
	bool good = true;
	CHECK(work != NULL && options->contacts > 0 && options->worlds > 0 && options->worlds <= TRIAL_WORLDS_MAX);
	work->options = options;
	memset(ret_trial, 0, sizeof(*ret_trial));
	ret_trial->process = process->name;
	for (unsigned kind = 0; kind < FOLDING_KINDS; kind++) {
		folding_init(&work->foldings[kind], process, (enum folding_kind)kind);
	}
	for (unsigned w = 0; w < options->worlds && good; w++) {
		good = world_init(&work->world, process, options->site, options->seed * TRIAL_WORLDS_MAX + w,
				  fail);
		if (good) {
			try_world(work, ret_trial);
		}
	}
	free(work);
	return good;
}

static struct trial_mean mean_of(const double *numbers, const double *less, unsigned count)
{
	double sum = 0, squares = 0;
	for (unsigned i = 0; i < count; i++) {
		sum += numbers[i] - (less != NULL ? less[i] : 0);
	}
	double mean = sum / count;
	for (unsigned i = 0; i < count; i++) {
		double off = numbers[i] - (less != NULL ? less[i] : 0) - mean;
		squares += off * off;
	}
	return (struct trial_mean){mean, count > 1 ? sqrt(squares / (count - 1) / count) : (double)NAN};
}

struct trial_mean trial_accuracy(const struct trial *trial, unsigned method)
{
	return mean_of(trial->accuracy[method], NULL, trial->worlds);
}

struct trial_mean trial_lead(const struct trial *trial, unsigned over_method)
{
	return mean_of(trial->accuracy[FOLDING_WHOLE], trial->accuracy[over_method], trial->worlds);
}

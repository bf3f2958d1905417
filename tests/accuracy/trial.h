/*
 * One process tried in several worlds: phased, the same without a part of it, and what is usual instead.
 */
#pragma once
#include "tests/accuracy/folding.h"
#include "tests/accuracy/plain.h"
#include "tests/accuracy/tally.h"

#define TRIAL_WORLDS_MAX 1000

/* Methods: enum folding_kind, TRIAL_KNOWS, TRIAL_CALIBRATED, TRIAL_SMOOTHED (phased again, afterwards), TRIAL_PLAIN + enum plain_kind. */
enum {
	TRIAL_KNOWS = FOLDING_KINDS,
	TRIAL_CALIBRATED,
	TRIAL_SMOOTHED,
	TRIAL_PLAIN,
	TRIAL_METHODS = TRIAL_PLAIN + PLAIN_KINDS
};

#define TRIAL_BITS(from, to) ((1u << (to)) - (1u << (from)))
#define TRIAL_WITHOUT TRIAL_BITS(FOLDING_WHOLE + 1, FOLDING_KINDS)
#define TRIAL_KNOWING TRIAL_BITS(TRIAL_KNOWS, TRIAL_CALIBRATED)
#define TRIAL_LEARNING TRIAL_BITS(TRIAL_CALIBRATED, TRIAL_SMOOTHED)
#define TRIAL_AFTERWARDS TRIAL_BITS(TRIAL_SMOOTHED, TRIAL_PLAIN)
#define TRIAL_USUAL TRIAL_BITS(TRIAL_PLAIN, TRIAL_METHODS)

struct trial_options {
	uint64_t seed;
	unsigned worlds, contacts; /* contacts of each world */
	enum world_site site;
	/* Bits by method: TRIAL_USUAL, TRIAL_WITHOUT, TRIAL_KNOWING, TRIAL_LEARNING, TRIAL_AFTERWARDS; phased is always there. */
	uint32_t methods;
	/* Called now and then; or NULL. */
	void (*on_progress)(const char *process, unsigned contacts);
};

struct trial {
	const char *process;
	unsigned worlds;
	uint64_t contacts, touches, counted;
	struct tally tallies[TRIAL_METHODS];
	double accuracy[TRIAL_METHODS][TRIAL_WORLDS_MAX]; /* of each world */
};

/* A mean over the worlds, and its standard deviation by how much they differ: NaN of one world. */
struct trial_mean {
	double mean, deviation;
};

const char *trial_method_name(unsigned method);
bool trial_has(const struct trial_options *options, unsigned method);

/* As many contacts again teach the methods that need it. The same options, the same result. */
bool trial_run(const struct model_process *process, const struct trial_options *options, struct trial *ret_trial,
	       struct fail *fail);

struct trial_mean trial_accuracy(const struct trial *trial, unsigned method);
/* How much more phased is right than the other, world by world. */
struct trial_mean trial_lead(const struct trial *trial, unsigned over_method);

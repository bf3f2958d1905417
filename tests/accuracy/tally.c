#include "tests/accuracy/tally.h"

#include <math.h>

static void say(struct tally_share *share, bool right)
{
	share->said++;
	share->right += right;
}

static void add_buying(struct tally *tally, const struct answer *answer, enum main_phase truth, unsigned state)
{
	bool right = answer->phase == truth;
	double p = answer->main[answer->phase];
	unsigned bin = p >= 1 ? TALLY_BINS - 1 : (unsigned)(p * TALLY_BINS);
	tally->days++;
	tally->right += right;
	tally->surprise -= log(answer->main[truth]);
	say(&tally->bins[bin], right);
	tally->confidence[bin] += p;
	say(&tally->bands[answer->band], right);
	say(&tally->of[truth], right);
	if (answer->fine != 0) {
		say(&tally->fine, (unsigned)answer->fine == state);
	}
}

void tally_add(struct tally *tally, const struct world *world, const struct life *life, const struct told *told,
	       unsigned from_day)
{
	for (unsigned day = from_day; day < life->days; day++) {
		const struct answer *answer = &told->days[day];
		unsigned state = life->state[day];
		enum main_phase truth = world->process->state_main[state];
		bool shown_right = answer->shown == (state == 0 ? SHOWN_NONE : shown_of_main(truth));
		tally->all_days++;
		tally->shown_right += shown_right;
		tally->flips += day > from_day && answer->phase != told->days[day - 1].phase;
		if (answer->shown == SHOWN_NONE) {
			say(&tally->none, shown_right);
		}
		if (state != 0) {
			add_buying(tally, answer, truth, state);
		}
	}
}

double tally_rate(const struct tally_share *share)
{
	return share->said > 0 ? (double)share->right / (double)share->said : (double)NAN;
}

double tally_accuracy(const struct tally *tally)
{
	return (double)tally->right / (double)tally->days;
}

double tally_shown(const struct tally *tally)
{
	return (double)tally->shown_right / (double)tally->all_days;
}

double tally_log_loss(const struct tally *tally)
{
	return tally->surprise / (double)tally->days;
}

double tally_ece(const struct tally *tally)
{
	double sum = 0;
	for (unsigned i = 0; i < TALLY_BINS; i++) {
		sum += fabs(tally->confidence[i] - (double)tally->bins[i].right);
	}
	return sum / (double)tally->days;
}

double tally_flips(const struct tally *tally)
{
	return 100 * (double)tally->flips / (double)tally->all_days;
}

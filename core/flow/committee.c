#include "core/flow/committee.h"

#include <math.h>

#include "core/flow/fold.h"

/* Σ p ln p, which is −entropy. */
static double order_of(const double p[MAIN_COUNT])
{
	double sum = 0;
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		sum += p[m] > 0 ? p[m] * log(p[m]) : 0;
	}
	return sum;
}

static double index_of(const double p[MAIN_COUNT])
{
	return p[MAIN_MID] + 2 * p[MAIN_LATE];
}

/* 1 − JensenShannon / ln 3: how much is lost of what each is sure of by mixing them. */
static double consensus_of(const struct committee_member *members, size_t count)
{
	double mixed[MAIN_COUNT] = {0}, own = 0;
	for (size_t i = 0; i < count; i++) {
		if (members[i].weight > 0) {
			own += members[i].weight * order_of(members[i].main);
			for (unsigned m = 0; m < MAIN_COUNT; m++) {
				mixed[m] += members[i].weight * members[i].main[m];
			}
		}
	}
	double consensus = 1 - (own - order_of(mixed)) / log(3);
	return consensus < 0 ? 0 : consensus > 1 ? 1 : consensus;
}

/* Part of one for each that is active; who lags. */
static void weigh(const struct committee_settings *settings, const double *main, struct committee_member *members,
		  size_t count, struct committee *committee)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++) {
		struct committee_member *member = &members[i];
		bool decides = settings->multiplier[member->role] > 0;
		bool active = decides && member->activity > FOLD_QUIET_BELOW;
		member->weight = !active				   ? 0
				 : member->activity < COMMITTEE_WEIGHT_MAX ? member->activity
									   : COMMITTEE_WEIGHT_MAX;
		member->laggard =
			active && main != NULL && index_of(main) - index_of(member->main) > COMMITTEE_LAG_ABOVE;
		sum += member->weight;
		committee->active += active;
		committee->silent += decides && !active;
		committee->laggards += member->laggard;
	}
	for (size_t i = 0; i < count; i++) {
		members[i].weight = sum > 0 ? members[i].weight / sum : 0;
	}
}

void committee_measure(const struct committee_settings *settings, const double *main,
		       struct committee_member *members, size_t count, struct committee *ret_committee)
{
	struct committee committee = {.members = (unsigned)count};
	unsigned expected = 0, there = 0;
	weigh(settings, main, members, count, &committee);
	for (unsigned role = 1; role < ROLE_COUNT; role++) {
		if (settings->expected[role]) {
			committee.missing |= 1u << role;
			expected++;
		}
	}
	for (size_t i = 0; i < count; i++) {
		unsigned bit = 1u << members[i].role;
		if (members[i].weight > 0 && (committee.missing & bit) != 0) {
			committee.missing &= ~bit;
			there++;
		}
	}
	committee.consensus = committee.active < 2 ? (double)NAN : consensus_of(members, count);
	committee.coverage = expected == 0 ? (double)NAN : (double)there / (double)expected;
	*ret_committee = committee;
}

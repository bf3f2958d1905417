#include "tests/accuracy/plain.h"

#include <math.h>
#include <string.h>

const char *const plain_names[PLAIN_KINDS] = {[PLAIN_LAST] = "last event", [PLAIN_POINTS] = "points"};

/* As scoring tables go: the nearer to the order, the more. Half of it is gone after 30 days. */
static const double worth[MAIN_COUNT] = {1, 2.5, 5};
#define FADE_A_DAY 0.9771599684342459

struct plain_day {
	enum main_phase last; /* MAIN_NONE before the first touch with points */
	unsigned level, silence;
};

static unsigned level_of(double score)
{
	double level = 20 * log2(1 + score);
	return level < PLAIN_LEVELS - 1 ? (unsigned)level : PLAIN_LEVELS - 1;
}

/* Where a rule has its most points; of equal ones the earlier. Returns MAIN_NONE when it has none. */
static enum main_phase strongest(const struct model_process *process, unsigned rule, unsigned *ret_points)
{
	enum main_phase phase = MAIN_NONE;
	*ret_points = 0;
	for (unsigned k = 1; k < process->states; k++) {
		if (process->rules[rule].points[k] > *ret_points) {
			*ret_points = process->rules[rule].points[k];
			phase = process->state_main[k];
		}
	}
	return phase;
}

static void walk(const struct plain *plain, const struct life *life, const bool *counted,
		 struct plain_day *ret_days)
{
	struct plain_day now = {.last = MAIN_NONE};
	double score = 0;
	size_t i = 0;
	for (unsigned day = 0; day < life->days; day++) {
		score *= FADE_A_DAY;
		now.silence++;
		for (; i < life->touch_count && life->touches[i].ms < WORLD_START_MS + (day + 1) * DAY_MS; i++) {
			unsigned points;
			if (!counted[i]) {
				continue;
			}
			enum main_phase phase = strongest(plain->world->process, life->touches[i].rule, &points);
			now.silence = 0;
			if (phase != MAIN_NONE) {
				now.last = phase;
				score += worth[phase] * points;
			}
		}
		now.level = level_of(score);
		ret_days[day] = now;
	}
}

static enum main_phase phase_of(const struct plain *plain, enum plain_kind kind, const struct plain_day *day)
{
	if (kind == PLAIN_LAST) {
		return day->last == MAIN_NONE ? MAIN_EARLY : day->last;
	}
	return day->level >= plain->late_from ? MAIN_LATE : day->level >= plain->mid_from ? MAIN_MID : MAIN_EARLY;
}

void plain_init(struct plain *ret_plain, const struct world *world)
{
	memset(ret_plain, 0, sizeof(*ret_plain));
	ret_plain->world = world;
}

void plain_learn_scores(struct plain *plain, const struct life *life, const bool *counted, unsigned from_day)
{
	static struct plain_day days[WORLD_DAYS];
	walk(plain, life, counted, days);
	for (unsigned day = from_day; day < life->days; day++) {
		if (life->state[day] != 0) {
			plain->scores[days[day].level][plain->world->process->state_main[life->state[day]]]++;
		}
	}
}

/* The two levels with most days right: all are tried. */
void plain_fit_thresholds(struct plain *plain)
{
	uint64_t below[PLAIN_LEVELS + 1][MAIN_COUNT] = {{0}}, best = 0;
	for (unsigned level = 0; level < PLAIN_LEVELS; level++) {
		for (unsigned m = 0; m < MAIN_COUNT; m++) {
			below[level + 1][m] = below[level][m] + plain->scores[level][m];
		}
	}
	for (unsigned mid = 0; mid <= PLAIN_LEVELS; mid++) {
		for (unsigned late = mid; late <= PLAIN_LEVELS; late++) {
			uint64_t right = below[mid][MAIN_EARLY] + below[late][MAIN_MID] - below[mid][MAIN_MID] +
					 below[PLAIN_LEVELS][MAIN_LATE] - below[late][MAIN_LATE];
			if (right > best) {
				best = right;
				plain->mid_from = mid;
				plain->late_from = late;
			}
		}
	}
}

void plain_learn_answers(struct plain *plain, const struct life *life, const bool *counted, unsigned from_day)
{
	static struct plain_day days[WORLD_DAYS];
	walk(plain, life, counted, days);
	for (unsigned day = from_day; day < life->days; day++) {
		unsigned silence = days[day].silence < PLAIN_SILENCE ? days[day].silence : PLAIN_SILENCE - 1;
		enum main_phase truth = plain->world->process->state_main[life->state[day]];
		plain->silent_none[silence] += truth == MAIN_NONE;
		for (unsigned kind = 0; kind < PLAIN_KINDS; kind++) {
			enum main_phase phase = phase_of(plain, (enum plain_kind)kind, &days[day]);
			plain->silent_right[kind][silence] += phase == truth;
			if (truth != MAIN_NONE) {
				plain->truths[kind][phase][truth]++;
			}
		}
	}
}

/* From the silence on at which more days would be right as `none`. */
void plain_fit_silence(struct plain *plain)
{
	for (unsigned kind = 0; kind < PLAIN_KINDS; kind++) {
		int64_t gain = 0, best = 0;
		plain->none_from[kind] = PLAIN_SILENCE;
		for (unsigned silence = PLAIN_SILENCE; silence-- > 0;) {
			gain += (int64_t)plain->silent_none[silence] - (int64_t)plain->silent_right[kind][silence];
			if (gain > best) {
				best = gain;
				plain->none_from[kind] = silence;
			}
		}
	}
}

void plain_tell(const struct plain *plain, enum plain_kind kind, const struct life *life, const bool *counted,
		struct told *ret_told)
{
	static struct plain_day days[WORLD_DAYS];
	walk(plain, life, counted, days);
	for (unsigned day = 0; day < life->days; day++) {
		enum main_phase phase = phase_of(plain, kind, &days[day]);
		struct answer *answer = &ret_told->days[day];
		*answer = (struct answer){.phase = phase, .band = BAND_NULL, .shown = shown_of_main(phase)};
		double sum = 0;
		for (unsigned m = 0; m < MAIN_COUNT; m++) {
			sum += 1 + (double)plain->truths[kind][phase][m];
		}
		for (unsigned m = 0; m < MAIN_COUNT; m++) {
			answer->main[m] = (1 + (double)plain->truths[kind][phase][m]) / sum;
		}
		if (days[day].silence >= plain->none_from[kind]) {
			answer->shown = SHOWN_NONE;
		}
	}
}

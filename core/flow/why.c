/*
 * Aumann and Shapley's shares: let all weights grow from 0 to 1 together, by s, and give each touch what its own weight
 * does to the logit meanwhile:
 *
 *     c_i = ∫ E_s[w_i | ends in A] − E_s[w_i | ends in B] ds,   0 ≤ s ≤ 1,
 *
 * with w_i the logarithm of the touch's factor for the state in which it finds the contact, A the states of the phase, B the other
 * ones but none. The expectations come of the way forward to each touch and of the ways back from A and from B. The
 * integral is Gauss and Legendre's, over as many parts as it takes for the shares to add up.
 */
#include "core/flow/why.h"

#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/chain.h"

#define NODES 24
#define PARTS_MAX 16
#define CLOSE 1e-11 /* of the sum of the shares */
#define CONFIRM_WEIGHT 4.0

struct move {
	double of[PHASE_STATES][PHASE_STATES]; /* from, to */
};

/* One touch that counts. */
struct step {
	size_t touch;
	struct move move; /* from the step before to this one */
	chain_vector weight;
	chain_vector before; /* the way forward: just before this touch */
	chain_vector grown;  /* its factors at s */
	double growth;	     /* E_s[w | A] − E_s[w | B], summed over nodes: its share */
};

struct way {
	const struct fold_process *process;
	enum main_phase about;
	chain_vector start; /* before the first step */
	struct step *steps;
	size_t count, earlier;
	struct move last_move; /* from the last step to the moment asked for */
};

/* ---- Moves ---- */

/* The product of P_b over the set bits of the gap, low bit first. */
static void fill_move(const struct fold_process *process, int64_t minutes, struct move *ret_move)
{
	struct move move = {0};
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		move.of[k][k] = 1;
	}
	minutes = minutes < 0 ? 0 : minutes > FOLD_GAP_MAX ? FOLD_GAP_MAX : minutes;
	for (uint32_t bits = (uint32_t)minutes; bits != 0; bits &= bits - 1) {
		unsigned bit = (unsigned)__builtin_ctz(bits);
		struct move product = {0};
		for (unsigned i = 0; i < PHASE_STATES; i++) {
			for (unsigned j = 0; j < PHASE_STATES; j++) {
				for (unsigned k = 0; k < PHASE_STATES; k++) {
					product.of[i][k] += move.of[i][j] * process->moves[bit][j][k];
				}
			}
		}
		move = product;
	}
	*ret_move = move;
}

static void go_forward(chain_vector pi, const struct move *move)
{
	chain_vector next = {0};
	for (unsigned i = 0; i < PHASE_STATES; i++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			next[k] += pi[i] * move->of[i][k];
		}
	}
	memcpy(pi, next, sizeof(next));
	chain_scale(pi);
}

static void go_back(chain_vector chance, const struct move *move)
{
	chain_vector before = {0};
	for (unsigned i = 0; i < PHASE_STATES; i++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			before[i] += move->of[i][k] * chance[k];
		}
	}
	memcpy(chance, before, sizeof(before));
	chain_scale(chance);
}

/* ---- One s ---- */

/* Of the states but none: how probable those of the phase are, or the others. Never 0: why_explain() asks only where there are both. */
static double probability(const struct way *way, const chain_vector pi, bool within)
{
	double sum = 0;
	for (unsigned k = 1; k < way->process->states; k++) {
		sum += (way->process->state_main[k] == way->about) == within ? pi[k] : 0;
	}
	return sum;
}

/* Notes what is before each touch. Returns logit P(about) at the end. */
static double forward(struct way *way, double s)
{
	chain_vector pi;
	memcpy(pi, way->start, sizeof(pi));
	for (size_t i = 0; i < way->count; i++) {
		struct step *step = &way->steps[i];
		go_forward(pi, &step->move);
		memcpy(step->before, pi, sizeof(pi));
		for (unsigned k = 0; k < way->process->states; k++) {
			step->grown[k] = exp(s * step->weight[k]);
			pi[k] *= step->grown[k];
		}
		chain_scale(pi);
	}
	go_forward(pi, &way->last_move);
	return log(probability(way, pi, true)) - log(probability(way, pi, false));
}

static double expect(const struct step *step, const chain_vector chance, unsigned states)
{
	double sum = 0, weighed = 0;
	for (unsigned k = 0; k < states; k++) {
		double likely = step->before[k] * step->grown[k] * chance[k];
		sum += likely;
		weighed += likely * step->weight[k];
	}
	return weighed / sum;
}

/* After the way forward: adds to each step what its weight does at s. */
static void back(struct way *way, double part)
{
	unsigned states = way->process->states;
	chain_vector in = {0}, beside = {0};
	for (unsigned k = 1; k < states; k++) {
		(way->process->state_main[k] == way->about ? in : beside)[k] = 1;
	}
	go_back(in, &way->last_move);
	go_back(beside, &way->last_move);
	for (size_t i = way->count; i-- > 0;) {
		struct step *step = &way->steps[i];
		step->growth += part * (expect(step, in, states) - expect(step, beside, states));
		for (unsigned k = 0; k < states; k++) {
			in[k] *= step->grown[k];
			beside[k] *= step->grown[k];
		}
		go_back(in, &step->move);
		go_back(beside, &step->move);
	}
}

/* ---- The integral ---- */

/* Roots of Legendre's polynomial and their weights, on 0 … 1: Newton's method from Tricomi's first guess. */
static void fill_nodes(double ret_nodes[NODES], double ret_parts[NODES])
{
	for (unsigned i = 0; i < NODES; i++) {
		double x = cos(M_PI * (i + 0.75) / (NODES + 0.5)), slope = 1;
		for (unsigned round = 0; round < 8; round++) {
			double p = x, before = 1; /* P_1, P_0 */
			for (unsigned n = 2; n <= NODES; n++) {
				double next = ((2 * n - 1) * x * p - (n - 1) * before) / n;
				before = p;
				p = next;
			}
			slope = NODES * (x * p - before) / (x * x - 1);
			x -= p / slope;
		}
		ret_nodes[i] = (1 - x) / 2;
		ret_parts[i] = 1 / ((1 - x * x) * slope * slope);
	}
}

static double integrate(struct way *way, unsigned parts)
{
	double nodes[NODES], shares[NODES], sum = 0;
	fill_nodes(nodes, shares);
	for (size_t i = 0; i < way->count; i++) {
		way->steps[i].growth = 0;
	}
	for (unsigned part = 0; part < parts; part++) {
		for (unsigned n = 0; n < NODES; n++) {
			double s = (part + nodes[n]) / parts;
			forward(way, s);
			back(way, shares[n] / parts);
		}
	}
	for (size_t i = 0; i < way->count; i++) {
		sum += way->steps[i].growth;
	}
	return sum;
}

/* ---- The whole ---- */

static bool has_other_states(const struct fold_process *process, enum main_phase about)
{
	bool in = false, beside = false;
	for (unsigned k = 1; k < process->states; k++) {
		in = in || process->state_main[k] == about;
		beside = beside || process->state_main[k] != about;
	}
	return in && beside;
}

static void fill_weight(const struct fold_process *process, const struct fold_touch *touch,
			chain_vector ret_weight)
{
	for (unsigned k = 0; k < process->states; k++) {
		ret_weight[k] = touch->kind == FOLD_TOUCH      ? log(process->factor[touch->rule][k])
				: (touch->rule & 1u << k) != 0 ? CONFIRM_WEIGHT
							       : 0;
	}
}

/* How many touches count since the process was last closed; *ret_first: the first one. */
static size_t count_open(const struct fold_touch *touches, size_t count, const bool *counted, size_t *ret_first)
{
	size_t open = 0;
	for (size_t i = 0; i < count; i++) {
		if (counted[i] && touches[i].kind == FOLD_CLOSE) {
			*ret_first = i + 1;
			open = 0;
		} else if (counted[i]) {
			*ret_first = open == 0 ? i : *ret_first;
			open++;
		}
	}
	return open;
}

/* Since the process was last closed: the last touches are steps, those before them make where these begin. */
static void fill_steps(struct way *way, const struct fold_touch *touches, size_t count, const bool *counted,
		       size_t last)
{
	size_t first = count, open = count_open(touches, count, counted, &first);
	int64_t minute = first < count ? fold_minute(touches[first].ms) : 0;
	memcpy(way->start, way->process->prior, sizeof(way->start));
	for (size_t i = first; i < count; i++) {
		if (!counted[i]) {
			continue;
		}
		int64_t now = fold_minute(touches[i].ms), gap = now - minute;
		minute = now;
		if (way->earlier + last < open) {
			chain_forward(way->process, gap, way->start);
			chain_weigh(way->process, &touches[i], way->start);
			way->earlier++;
		} else {
			struct step *step = &way->steps[way->count++];
			*step = (struct step){.touch = i};
			fill_move(way->process, gap, &step->move);
			fill_weight(way->process, &touches[i], step->weight);
		}
	}
}

size_t why_memory(size_t touches)
{
	return (touches + 1) * (sizeof(struct step) + sizeof(double)) + 64;
}

enum why_result why_explain(const struct fold_process *process, const struct fold_touch *touches, size_t count,
			    const bool *counted, int64_t at_ms, enum main_phase about, struct arena *arena,
			    struct why *ret_why)
{
	return why_explain_last(process, touches, count, counted, at_ms, about, count, arena, ret_why);
}

enum why_result why_explain_last(const struct fold_process *process, const struct fold_touch *touches,
				 size_t count, const bool *counted, int64_t at_ms, enum main_phase about,
				 size_t last, struct arena *arena, struct why *ret_why)
{
	CHECK(about >= MAIN_EARLY && about < MAIN_COUNT);
	struct way way = {.process = process, .about = about};
	double *shares = arena_zero(arena, count + 1, sizeof(*shares));
	size_t mark = arena->used;
	way.steps = arena_array(arena, (count < last ? count : last) + 1, sizeof(*way.steps));
	if (shares == NULL || way.steps == NULL) {
		return WHY_ARENA_FULL;
	}
	fill_steps(&way, touches, count, counted, last);
	if (way.count == 0 || !has_other_states(process, about)) {
		arena_back(arena, mark);
		return WHY_NOTHING;
	}
	int64_t minute = fold_minute(touches[way.steps[way.count - 1].touch].ms);
	fill_move(process, fold_minute(at_ms) - minute, &way.last_move);
	struct why why = {
		.start = forward(&way, 0), .earlier = way.earlier, .logit = forward(&way, 1), .shares = shares};
	for (unsigned parts = 1; parts <= PARTS_MAX; parts *= 2) {
		double sum = integrate(&way, parts);
		if (fabs(why.start + sum - why.logit) <= CLOSE * (1 + fabs(why.logit))) {
			break;
		}
	}
	for (size_t i = 0; i < way.count; i++) {
		shares[way.steps[i].touch] = way.steps[i].growth;
	}
	arena_back(arena, mark);
	*ret_why = why;
	return WHY_DONE;
}

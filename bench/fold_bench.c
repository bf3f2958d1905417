/*
 * bench_fold: what a touch costs, folded on one by one: the reference touches, again and again. First with their own rules,
 * then with as many rules as a process may have, each contact touching others of them. ns of this processor; the best of
 * some tries counts, because others use the machine, too. Ends with one line of JSON on stdout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"
#include "core/flow/fold.h"
#include "tests/vectors/vectors.h"

#define TRIES 20
#define ROUNDS 100 /* in each try */

struct bench {
	const struct fold_process *process;
	struct fold_touch *touches;
	bool *starts; /* the first touch of a contact */
	size_t count;
	size_t results[4];
	double moved, best_ns;
};

static double now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void run_try(struct bench *bench)
{
	struct phase_state state = {0};
	double begun = now_ns();
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < bench->count; i++) {
			if (bench->starts[i]) {
				fold_start(bench->process, &state);
			}
			bench->results[fold_touch(bench->process, &state, &bench->touches[i])]++;
		}
		bench->moved += state.pi[0];
	}
	double ns = (now_ns() - begun) / (double)(bench->count * ROUNDS);
	bench->best_ns = bench->best_ns == 0 || ns < bench->best_ns ? ns : bench->best_ns;
}

static void bench_init(struct bench *bench, const struct vectors *vectors)
{
	*bench = (struct bench){.process = &vectors->process, .count = vectors->touch_count};
	bench->touches = calloc(bench->count, sizeof(*bench->touches));
	bench->starts = calloc(bench->count, sizeof(*bench->starts));
	CHECK(bench->touches != NULL && bench->starts != NULL);
	for (size_t i = 0; i < bench->count; i++) {
		bench->touches[i] = vectors->touches[i].touch;
		bench->starts[i] = i == 0 || bench->touches[i - 1].ms > bench->touches[i].ms;
	}
}

/* The same rules over and over, and each contact touches those of another copy: what counts is the same. */
static void bench_widen(struct bench *bench, const struct vectors *vectors)
{
	static struct model_rule rules[PHASE_RULES_MAX];
	static struct fold_process process;
	struct model_process model = vectors->model;
	unsigned copies = PHASE_RULES_MAX / model.rule_count, contact = 0;
	for (unsigned r = 0; r < copies * model.rule_count; r++) {
		rules[r] = vectors->model.rules[r % model.rule_count];
	}
	for (size_t i = 0; i < bench->count; i++) {
		contact += bench->starts[i];
		bench->touches[i].rule = (uint16_t)(bench->touches[i].rule + contact % copies * model.rule_count);
	}
	model.rules = rules;
	model.rule_count *= copies;
	fold_process_init(&process, &model);
	bench->process = &process;
}

/* Only those that count: each moves time and multiplies factors. */
static void bench_counted(struct bench *bench)
{
	struct phase_state state = {0};
	size_t kept = 0;
	bool starts = false;
	for (size_t i = 0; i < bench->count; i++) {
		starts = starts || bench->starts[i];
		if (bench->starts[i]) {
			fold_start(bench->process, &state);
		}
		if (fold_touch(bench->process, &state, &bench->touches[i]) == FOLD_MOVED) {
			bench->touches[kept] = bench->touches[i];
			bench->starts[kept++] = starts;
			starts = false;
		}
	}
	bench->count = kept;
}

static void bench_finish(struct bench *bench)
{
	free(bench->touches);
	free(bench->starts);
}

int main(void)
{
	struct vectors *vectors = vectors_read();
	struct bench few, many, counted;
	bench_init(&few, vectors);
	bench_init(&many, vectors);
	bench_widen(&many, vectors);
	bench_init(&counted, vectors);
	bench_counted(&counted);
	for (unsigned try = 0; try < TRIES; try++) {
		run_try(&few);
		run_try(&many);
		run_try(&counted);
	}
	CHECK(memcmp(few.results, many.results, sizeof(few.results)) == 0 && few.moved > 0);
	CHECK(counted.results[FOLD_MOVED] == counted.count * TRIES * ROUNDS);
	printf("{\"touches\":%zu,\"counted\":%.3f,\"rules\":%u,\"ns\":%.1f,\"rules_many\":%u,\"ns_many\":%.1f,"
	       "\"ns_counted\":%.1f}\n",
	       few.count, (double)counted.count / (double)few.count, few.process->rule_count, few.best_ns,
	       many.process->rule_count, many.best_ns, counted.best_ns);
	bench_finish(&few);
	bench_finish(&many);
	bench_finish(&counted);
	free(vectors);
	return EXIT_SUCCESS;
}

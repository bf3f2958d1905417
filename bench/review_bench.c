/*
 * What it costs to know what time has changed: between two touches, when a state is written, and when the next change is searched for. The
 * states of the reference contacts after each of their touches. Prints ns of this processor a question. Not a test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"
#include "core/flow/review.h"
#include "tests/vectors/vectors.h"

#define NS_A_ROW 200000000.0

struct bench {
	struct vectors *vectors;
	struct phase_state *states;
	size_t count;
};

static void fold_vectors(struct bench *bench)
{
	const struct vectors *vectors = bench->vectors;
	struct phase_state state = {0};
	bench->states = calloc(vectors->touch_count, sizeof(state));
	CHECK(bench->states != NULL);
	for (size_t i = 0; i < vectors->touch_count; i++) {
		if (i == 0 || strcmp(vectors->touches[i - 1].contact, vectors->touches[i].contact) != 0) {
			fold_start(&vectors->process, &state);
		}
		if (fold_touch(&vectors->process, &state, &vectors->touches[i].touch) == FOLD_MOVED) {
			bench->states[bench->count++] = state;
		}
	}
}

static double now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* hours > 0: is something else shown by then? 0: when to look again at the earliest; < 0: when something changes. */
static void run(const struct bench *bench, const char *name, int64_t hours)
{
	double begun = now_ns(), ns = 0, worst = 0;
	size_t asked = 0, found = 0;
	while (ns < NS_A_ROW) {
		for (size_t i = 0; i < bench->count; i++) {
			const struct fold_process *process = &bench->vectors->process;
			const struct phase_state *state = &bench->states[i];
			struct phase_view view;
			int64_t from_ms = state->counted_ms;
			fold_view(process, state, from_ms, &view);
			int64_t at_ms = hours > 0   ? review_next(process, state, from_ms,
								  from_ms + hours * REVIEW_HOUR_MS, &view)
					: hours < 0 ? review_when(process, state, from_ms)
						    : review_not_before(process, state, from_ms, &view);
			found += at_ms != REVIEW_NEVER ? 1 : 0;
		}
		asked += bench->count;
		ns = now_ns() - begun;
	}
	for (size_t i = 0; i < bench->count && hours < 0; i++) {
		double once = now_ns();
		review_when(&bench->vectors->process, &bench->states[i], bench->states[i].counted_ms);
		once = now_ns() - once;
		worst = once > worst ? once : worst;
	}
	printf("review: %6.0f ns: %s (%.1f %% found)", ns / (double)asked, name,
	       100.0 * (double)found / (double)asked);
	printf(hours < 0 ? "; the longest %.0f ns\n" : "\n", worst);
}

int main(void)
{
	struct bench bench = {.vectors = vectors_read()};
	fold_vectors(&bench);
	run(&bench, "does anything change within 3 hours", 3);
	run(&bench, "within a day", 24);
	run(&bench, "within a week", 7 * 24);
	run(&bench, "within 60 days", 60 * 24);
	run(&bench, "when to look again, at the earliest", 0);
	run(&bench, "when something changes, within 180 days", -1);
	free(bench.states);
	free(bench.vectors);
	return EXIT_SUCCESS;
}

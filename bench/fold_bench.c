/*
 * What a touch costs: the reference touches folded on, one by one, again and again. Prints ns of this processor a touch. Not a test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/check.h"
#include "core/flow/fold.h"
#include "tests/vectors/vectors.h"

#define ROUNDS 2000

int main(void)
{
	struct vectors *vectors = vectors_read();
	struct phase_state state = {0};
	size_t results[4] = {0};
	double moved = 0;
	clock_t begun = clock();
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < vectors->touch_count; i++) {
			if (i == 0 || vectors->touches[i - 1].touch.ms > vectors->touches[i].touch.ms) {
				fold_start(&vectors->process, &state); /* the next contact */
			}
			results[fold_touch(&vectors->process, &state, &vectors->touches[i].touch)]++;
		}
		moved += state.pi[0];
	}
	double ns = (double)(clock() - begun) * 1e9 / CLOCKS_PER_SEC;
	size_t touches = vectors->touch_count * ROUNDS;
	printf("fold: %.0f ns a touch; %zu touches, %zu %% moved the state, %zu %% left out (checksum %.3f)\n",
	       ns / (double)touches, touches, results[FOLD_MOVED] * 100 / touches,
	       results[FOLD_LEFT_OUT] * 100 / touches, moved);
	free(vectors);
	return EXIT_SUCCESS;
}

/*
 * Folds the reference touches and prints every number in hexadecimal, a line an answer, for fold_bits.py to compare
 * what several compilers make of it. Includes a CONFIRM a contact, and folding on as well as from the start.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/flow/fold.h"
#include "tests/vectors/vectors.h"

static struct fold_touch touches[VECTOR_TOUCHES_MAX + 1];
static bool scratch[VECTOR_TOUCHES_MAX + 1];

static void print_view(const struct fold_process *process, const struct phase_state *state, int64_t ms)
{
	struct phase_view view;
	fold_view(process, state, ms, &view);
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		printf("%a ", view.posterior[k]);
	}
	printf("%a %a %a %a %d %d %d %u\n", view.main[0], view.main[1], view.main[2], view.activity,
	       (int)view.reported, (int)view.shown, (int)view.band, view.counted);
}

static void print_answer(const struct vectors *vectors, const struct vector_answer *row)
{
	struct phase_state state;
	size_t count = vectors_of(vectors, row->contact, row->ms, touches);
	fold_all(&vectors->process, touches, count, scratch, &state, NULL, NULL, NULL);
	print_view(&vectors->process, &state, row->ms);
	touches[count] = (struct fold_touch){.ms = row->ms, .kind = FOLD_CONFIRM, .rule = 0xe0};
	fold_all(&vectors->process, touches, count + 1, scratch, &state, NULL, NULL, NULL);
	print_view(&vectors->process, &state, row->ms + INT64_C(12345678901));
}

int main(void)
{
	struct vectors *vectors = vectors_read();
	for (size_t i = 0; i < vectors->answer_count; i++) {
		print_answer(vectors, &vectors->answers[i]);
	}
	free(vectors);
	return EXIT_SUCCESS;
}

/*
 * A trial says the same each time, of all methods and all processes. So little of each that sanitizers can watch all of it; how often the
 * model is right is accuracy_test.c's.
 */
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "tests/accuracy/trial.h"
#include "tests/table.h"

#define EVERY_METHOD (TRIAL_USUAL | TRIAL_KNOWING | TRIAL_WITHOUT | TRIAL_LEARNING | TRIAL_AFTERWARDS)

static struct trial first, again;

START_TEST(a_seed_gives_the_same_again)
{
	struct arena arena;
	struct model *model;
	struct fail fail;
	ck_assert(arena_init(&arena, (size_t)64 << 20));
	ck_assert_msg(model_file_read("conf/model", &arena, &model, &fail), "%s", fail.text);
	for (unsigned p = 0; p < model->process_count; p++) {
		struct trial_options options = {.seed = 6, .worlds = 2, .contacts = 40, .methods = EVERY_METHOD};
		ck_assert_msg(trial_run(&model->processes[p], &options, &first, &fail), "%s", fail.text);
		ck_assert_msg(trial_run(&model->processes[p], &options, &again, &fail), "%s", fail.text);
		ck_assert_uint_eq(first.worlds, 2);
		ck_assert_uint_gt(first.counted, 0);
		ck_assert_mem_eq(first.tallies, again.tallies, sizeof(again.tallies));
		options.seed++;
		ck_assert_msg(trial_run(&model->processes[p], &options, &again, &fail), "%s", fail.text);
		ck_assert_mem_ne(first.tallies, again.tallies, sizeof(again.tallies));
	}
	arena_finish(&arena);
}
END_TEST

TEST_MAIN("accuracy_trial", a_seed_gives_the_same_again)

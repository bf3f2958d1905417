/*
 * Any bytes as a model file. Beyond not crashing: a refusal names the file in showable text; what was accepted has a
 * canonical text that reads back to the same version, can be folded with, and its patterns compile or say why not.
 */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/edge/model_file.h"
#include "core/flow/examples.h"
#include "core/flow/fold.h"
#include "tests/fuzz/fuzz.h"

static void check_refusal(const struct fail *fail)
{
	CHECK(fail->exit_code == EXIT_CONFIG);
	CHECK(strncmp(fail->text, "model:", 6) == 0);
}

static void check_folding(const struct model_process *process)
{
	static struct fold_process table;
	static struct phase_state state;
	struct phase_view view;
	fold_process_init(&table, process);
	fold_start(&table, &state);
	for (unsigned r = 0; r < process->rule_count; r++) {
		struct fold_touch touch = {.ms = INT64_C(1717200000000) + r * INT64_C(86400000),
					   .rule = (uint16_t)r};
		fold_touch(&table, &state, &touch);
		fold_view(&table, &state, touch.ms, &view);
		double sum = view.main[0] + view.main[1] + view.main[2];
		CHECK(sum > .999 && sum < 1.001);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct model *model, *again;
	struct fail fail;
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)64 << 20));
	arena_reset(&arena, (size_t)1 << 20);
	if (!model_file_parse((const char *)data, size, &arena, &model, &fail)) {
		check_refusal(&fail);
		return 0;
	}
	CHECK(text_is_utf8(model->text, model->text_size));
	CHECK(model_file_parse(model->text, model->text_size, &arena, &again, &fail));
	CHECK(again->version == model->version);
	struct matcher *matcher = matcher_create(model, &fail);
	if (matcher == NULL || !examples_check(model, matcher, NULL, 0, &arena, &fail)) {
		check_refusal(&fail);
	}
	for (unsigned i = 0; i < model->process_count; i++) {
		check_folding(&model->processes[i]);
	}
	matcher_destroy(matcher);
	return 0;
}

/*
 * Any bytes as a model file. Beyond not crashing: a refusal names the file in showable text; what was accepted has a
 * canonical text that reads back to the same version, can be folded with, and its patterns compile or say why not.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/findings.h"
#include "core/base/text.h"
#include "core/edge/model_file.h"
#include "core/flow/examples.h"
#include "core/flow/fold.h"
#include "core/flow/model_check.h"
#include "core/flow/model_patterns.h"
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

/* A file of these bytes that has no name. */
static int file_of(const uint8_t *data, size_t size, char ret_path[static 64])
{
	int file = memfd_create("model", MFD_CLOEXEC);
	CHECK(file >= 0 && write(file, data, size) == (ssize_t)size);
	snprintf(ret_path, 64, "/proc/self/fd/%d", file);
	return file;
}

static void check_findings(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		CHECK(finding->what[0] != '\0' && strchr(finding->what, '\n') == NULL);
		CHECK(strchr(finding->instead, '\n') == NULL);
	}
}

/* All errors at once: there are some where reading ends with the first, and that one is among them. */
static void check_all_errors(struct arena *arena, const uint8_t *data, size_t size, const struct fail *first)
{
	char path[64];
	struct findings findings;
	struct model *model;
	int file = file_of(data, size, path);
	CHECK(findings_init(&findings, 100, arena));
	CHECK(model_file_check(path, arena, &findings, &model) == (first == NULL));
	close(file);
	CHECK((findings.of_grade[FINDING_ERROR] > 0) == (first != NULL));
	check_findings(&findings);
	bool known = first == NULL;
	const char *what = first != NULL ? strstr(first->text, ": ") : NULL;
	for (size_t i = 0; i < findings.count && what != NULL; i++) {
		known = known || strncmp(findings.items[i].what, what + 2, 200) == 0;
	}
	CHECK(known || findings.cut);
}

/* What is looked for in a model that can be read. */
static void check_all(struct arena *arena, const struct model *model)
{
	static const char *const topics[] = {"price"};
	struct findings findings;
	struct fail fail;
	CHECK(findings_init(&findings, 100, arena));
	bool good = model_patterns_check(model, &findings);
	struct matcher *matcher = matcher_create(model, &fail);
	CHECK(matcher != NULL || !good);
	if (matcher == NULL) {
		check_refusal(&fail);
		return;
	}
	examples_check(model, matcher, NULL, 0, &findings);
	model_check_rules(model, &findings);
	model_check_contents(model, matcher, &findings);
	model_check_topics(model, topics, 1, &findings);
	check_findings(&findings);
	matcher_destroy(matcher);
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
		check_all_errors(&arena, data, size, &fail);
		return 0;
	}
	check_all_errors(&arena, data, size, NULL);
	CHECK(text_is_utf8(model->text, model->text_size));
	CHECK(model_file_parse(model->text, model->text_size, &arena, &again, &fail));
	CHECK(again->version == model->version);
	check_all(&arena, model);
	for (unsigned i = 0; i < model->process_count; i++) {
		check_folding(&model->processes[i]);
	}
	return 0;
}

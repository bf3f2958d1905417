/*
 * Reads, compiles, tries the examples.
 */
#include "ctl/model_load.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/edge/model_file.h"
#include "core/flow/examples.h"
#include "core/flow/match.h"
#include "core/flow/model_patterns.h"

struct matcher *model_load_all(struct ctl *ctl, const char *path, struct model **ret_model,
			       struct findings *findings)
{
	struct model *model;
	struct fail fail;
	const struct yaml_texts *keys = &ctl->conf.subject.property_keys;
	if (!model_file_check(path, &ctl->arena, findings, &model) || !model_patterns_check(model, findings)) {
		return NULL;
	}
	struct matcher *matcher = matcher_create(model, &fail);
	if (matcher == NULL) {
		findings_add_fail(findings, path, &fail);
		return NULL;
	}
	if (!examples_check(model, matcher, keys->items, keys->count, findings)) {
		matcher_destroy(matcher);
		return NULL;
	}
	*ret_model = model;
	return matcher;
}

static bool complain(const struct findings *findings, struct fail *fail)
{
	char place[32] = "", more[64] = "";
	const struct finding *first = NULL;
	for (size_t i = 0; i < findings->count && first == NULL; i++) {
		first = findings->items[i].grade == FINDING_ERROR ? &findings->items[i] : NULL;
	}
	if (first == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory for what is wrong with the model");
	}
	if (first->line > 0) {
		snprintf(place, sizeof(place), ":%u", first->line);
	}
	if (findings->of_grade[FINDING_ERROR] > 1) {
		snprintf(more, sizeof(more), " (and %zu errors more: phasectl model check)",
			 findings->of_grade[FINDING_ERROR] - 1);
	}
	return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s%s%s%s%s", first->file, place,
			first->file[0] != '\0' ? ": " : "", first->what, more);
}

bool model_load(struct ctl *ctl, const char *path, struct model **ret_model, struct fail *fail)
{
	struct findings findings;
	if (!findings_init(&findings, MODEL_FINDINGS_MAX, &ctl->arena)) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory for a model");
	}
	struct matcher *matcher = model_load_all(ctl, path, ret_model, &findings);
	matcher_destroy(matcher);
	return matcher != NULL || complain(&findings, fail);
}

void model_describe(const struct model *model, char *ret_text, size_t size)
{
	int used = snprintf(ret_text, size, "%016" PRIx64 " (", model->version);
	for (unsigned i = 0; i < model->process_count && used > 0 && (size_t)used < size; i++) {
		const struct model_process *process = &model->processes[i];
		used += snprintf(ret_text + used, size - (size_t)used, "%s%s: %u rules, %u contents",
				 i > 0 ? "; " : "", process->name, process->rule_count, process->content_count);
	}
	if (used > 0 && (size_t)used < size) {
		snprintf(ret_text + used, size - (size_t)used, ")");
	}
}

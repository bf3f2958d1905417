/*
 * Reads, compiles, tries the examples.
 */
#include "ctl/model_load.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/edge/model_file.h"
#include "core/flow/examples.h"
#include "core/flow/match.h"

bool model_load(struct ctl *ctl, const char *path, struct model **ret_model, struct fail *fail)
{
	struct model *model;
	if (!model_file_read(path, &ctl->arena, &model, fail)) {
		return false;
	}
	struct matcher *matcher = matcher_create(model, fail);
	const struct yaml_texts *keys = &ctl->conf.subject.property_keys;
	bool good = matcher != NULL && examples_check(model, matcher, keys->items, keys->count, &ctl->arena, fail);
	matcher_destroy(matcher);
	if (good) {
		*ret_model = model;
	}
	return good;
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

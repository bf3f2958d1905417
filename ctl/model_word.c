#include "ctl/model_word.h"

#include <stdio.h>
#include <strings.h>

#include "core/base/text.h"

bool model_word(const char *option, const char **word, const char *who, const char *what, const char *const *names,
		size_t count, struct fail *fail)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(*word, names[i]) == 0) {
			*word = names[i];
			return true;
		}
	}
	const char *nearest = text_nearest(*word, names, count);
	char shown[64];
	snprintf(shown, sizeof(shown), "%s", text_has_address(*word) ? "…" : *word);
	text_show(shown);
	return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "%s: %s has no %s \"%s\"%s%s%s", option, who, what, shown,
			nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
			nearest != NULL ? "?" : "");
}

bool model_word_process(const char *option, const char **word, const char *who, const struct model *model,
			const struct model_process **ret_process, struct fail *fail)
{
	const char *names[MODEL_PROCESSES_MAX];
	for (unsigned i = 0; i < model->process_count; i++) {
		names[i] = model->processes[i].name;
	}
	if (!model_word(option, word, who, "process", names, model->process_count, fail)) {
		return false;
	}
	for (unsigned i = 0; i < model->process_count; i++) {
		*ret_process = *word == names[i] ? &model->processes[i] : *ret_process;
	}
	return true;
}

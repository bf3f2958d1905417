#include "ctl/model_word.h"

#include <stdio.h>
#include <strings.h>

#include "core/base/text.h"

bool model_word(const char *option, const char **word, const char *what, const char *const *names, size_t count,
		struct fail *fail)
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
	return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "%s: the model in force has no %s \"%s\"%s%s%s", option,
			what, shown, nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
			nearest != NULL ? "?" : "");
}

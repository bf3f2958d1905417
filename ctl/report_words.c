#include "ctl/report_words.h"

#include <stdio.h>
#include <string.h>

#include "core/base/moment.h"
#include "core/base/text.h"

bool report_words_name(const char *option, const char *word, struct fail *fail)
{
	size_t size = word != NULL ? strlen(word) : 0;
	return (size <= REPORT_NAME_SIZE_MAX && text_is_utf8(word != NULL ? word : "", size)) ||
	       fail_set(fail, FAIL_FATAL, EXIT_USAGE, "%s: expected a name of at most %d bytes of UTF-8", option,
			REPORT_NAME_SIZE_MAX);
}

bool report_words_since(const char *option, const char *word, int64_t *ret_us, struct fail *fail)
{
	char text[sizeof("2026-11-25T00:00:00Z")];
	bool is_day = strlen(word) == strlen("2026-11-25");
	snprintf(text, sizeof(text), "%.10sT00:00:00Z", word);
	return moment_read(is_day ? text : word, ret_us) ||
	       fail_set(fail, FAIL_FATAL, EXIT_USAGE,
			"%s: expected a day, as 2026-11-25, or a time, as "
			"2026-11-25T14:30:00Z",
			option);
}

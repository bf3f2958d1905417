#include "core/base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fail_set(struct fail *fail, enum fail_kind kind, enum exit_code exit_code, const char *format, ...)
{
	if (fail == NULL) {
		return false;
	}
	fail->kind = kind;
	fail->exit_code = exit_code;
	fail->code[0] = '\0';
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fail->text, sizeof(fail->text), format, arguments);
	va_end(arguments);
	return false;
}

bool fail_prefix(struct fail *fail, const char *format, ...)
{
	if (fail == NULL) {
		return false;
	}
	char old[sizeof(fail->text)];
	memcpy(old, fail->text, sizeof(old));
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(fail->text, sizeof(fail->text), format, arguments);
	va_end(arguments);
	if (size >= 0 && (size_t)size < sizeof(fail->text)) {
		snprintf(fail->text + size, sizeof(fail->text) - (size_t)size, ": %.*s", (int)sizeof(old) - 1,
			 old);
	}
	return false;
}

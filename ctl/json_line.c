#include "ctl/json_line.h"

#include <jansson.h>
#include <stdio.h>

#include "core/base/check.h"
#include "core/base/moment.h"

json_t *json_line_moment(int64_t us)
{
	char words[MOMENT_TEXT_SIZE];
	if (us == INT64_MIN) {
		return json_null();
	}
	moment_print(us, words);
	return json_string(words);
}

json_t *json_line_number(int64_t value)
{
	return value >= 0 ? json_integer(value) : json_null();
}

void json_line_print(json_t *object, size_t flags)
{
	CHECK(object != NULL);
	json_dumpf(object, stdout, JSON_COMPACT | flags);
	putchar('\n');
	json_decref(object);
}

#include "core/base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *function, const char *condition)
{
	fprintf(stderr, "<2>%s:%d: %s: our bug: CHECK(%s) failed\n", file, line, function, condition);
	abort();
}

/*
 * The digest of a week, which is several reports on one page.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/fail.h"

struct arena;
struct postgres;

struct report_weekly {
	struct arena *arena;
	struct postgres *postgres;
	bool sees_people;
	const char *process; /* NULL: all */
	int64_t week_us;     /* its Monday, 0:00 UTC */
	char day[16];	     /* its own: that day as text */
};

/* The Monday, 0:00 UTC, of the week that this moment is in. */
int64_t report_week_of(int64_t us);
/* Inside a transaction. */
bool report_weekly_tell(struct report_weekly *weekly, struct fail *fail);

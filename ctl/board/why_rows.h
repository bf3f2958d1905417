/*
 * Why: lines of report.why, and what was done on a day.
 */
#pragma once
#include "ctl/board/job.h"

struct why_row {
	int64_t line;
	int64_t day_us; /* INT64_MIN: start and sum */
	const char *phase, *rule, *content;
	int64_t touches;
	double effect;
};

struct why_rows {
	struct why_row *list; /* the start first, the sum last */
	size_t count;
};

/* All lines of job->asked's contact and process, in one statement; `values`: contact, process. */
bool why_rows_ask(struct job *job, struct postgres *postgres, const struct postgres_value *values,
		  postgres_on_rows *on_rows, struct fail *fail);
bool why_rows_read(struct job *job, const struct postgres_rows *rows, struct why_rows *ret_rows,
		   struct fail *fail);
/* A table of those from one day to another, both included; INT64_MIN: of all, with start and sum. Returns how many lines. */
size_t why_rows_show(const struct why_rows *rows, int64_t from_us, int64_t to_us, FILE *out);

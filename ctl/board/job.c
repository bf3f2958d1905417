#include "ctl/board/job.h"

#include <math.h>
#include <string.h>

bool job_no_room(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "the page does not fit into memory");
}

bool job_text(struct job *job, const struct postgres_rows *rows, size_t row, unsigned column,
	      const char **ret_text, struct fail *fail)
{
	*ret_text = NULL;
	if (postgres_is_null(rows, row, column)) {
		return true;
	}
	const char *text = postgres_text(rows, row, column);
	*ret_text = arena_text(&job->arena, text, strlen(text));
	return *ret_text != NULL || job_no_room(fail);
}

int64_t job_moment(const struct postgres_rows *rows, size_t row, unsigned column)
{
	return postgres_is_null(rows, row, column) ? INT64_MIN : postgres_moment(rows, row, column);
}

double job_float(const struct postgres_rows *rows, size_t row, unsigned column)
{
	return postgres_is_null(rows, row, column) ? (double)NAN : postgres_float(rows, row, column);
}

bool job_room(struct job *job, size_t count, size_t size, void **ret_room, struct fail *fail)
{
	*ret_room = arena_zero(&job->arena, count + 1, size);
	return *ret_room != NULL || job_no_room(fail);
}

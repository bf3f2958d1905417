/*
 * Touches as chores read them (struct evidence_row): by contact, then process.
 */
#pragma once
#include <string.h>

#include "core/model/chore_rows.h"

/* A process of NULL, none, comes first. */
static inline int evidence_compare_keys(const struct uuid *a, const char *a_process, const struct uuid *b,
					const char *b_process)
{
	int order = uuid_compare(a, b);
	return order != 0 ? order : strcmp(a_process != NULL ? a_process : "", b_process != NULL ? b_process : "");
}

/* For qsort. */
static inline int evidence_compare(const void *a, const void *b)
{
	const struct evidence_row *x = a, *y = b;
	return evidence_compare_keys(&x->contact_id, x->process, &y->contact_id, y->process);
}

/*
 * An account in one process, as a row of report.account_phase.
 */
#pragma once
#include "ctl/board/job.h"

struct account {
	const char *account, *process, *phase, *missing; /* missing: roles, commas between; NULL: none */
	int64_t since_us;
	double early, mid, late, consensus, coverage; /* the last two: NAN: not known */
	int64_t members, active, silent, laggards;
};

/* Columns of a statement, for account_read(). */
#define ACCOUNT_COLUMNS \
	"a.account, a.process, a.phase, array_to_string(a.missing, ', '), a.since, a.early, a.mid, a.late, " \
	"a.consensus::double precision, a.coverage::double precision, a.members::bigint, a.active::bigint, " \
	"a.silent::bigint, " \
	"a.laggards::bigint FROM report.account_phase a"

bool account_read(struct job *job, const struct postgres_rows *rows, size_t row, struct account *ret_account,
		  struct fail *fail);
/* Cells of a table: early, mid, late, consensus, coverage. */
void account_cells(const struct account *account, FILE *out);
/* That this role may not see accounts, and what to do about it. */
void account_explain_rights(FILE *out);

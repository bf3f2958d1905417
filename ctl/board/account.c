#include "ctl/board/account.h"

#include <math.h>

#include "core/base/check.h"
#include "ctl/board/markup.h"

bool account_read(struct job *job, const struct postgres_rows *rows, size_t row, struct account *ret_account,
		  struct fail *fail)
{
	*ret_account = (struct account){
		.since_us = job_moment(rows, row, 4),
		.early = job_float(rows, row, 5),
		.mid = job_float(rows, row, 6),
		.late = job_float(rows, row, 7),
		.consensus = job_float(rows, row, 8),
		.coverage = job_float(rows, row, 9),
		.members = postgres_int(rows, row, 10),
		.active = postgres_int(rows, row, 11),
		.silent = postgres_int(rows, row, 12),
		.laggards = postgres_int(rows, row, 13),
	};
	return job_text(job, rows, row, 0, &ret_account->account, fail) &&
	       job_text(job, rows, row, 1, &ret_account->process, fail) &&
	       job_text(job, rows, row, 2, &ret_account->phase, fail) &&
	       job_text(job, rows, row, 3, &ret_account->missing, fail);
}

void account_cells(const struct account *account, FILE *out)
{
	const struct {
		const char *name;
		double share;
	} cells[] = {{"early", account->early},
		     {"mid", account->mid},
		     {"late", account->late},
		     {"consensus", account->consensus},
		     {"coverage", account->coverage}};
	for (size_t i = 0; i < COUNT_OF(cells); i++) {
		char share[MARKUP_SHARE_SIZE] = "–";
		if (isfinite(cells[i].share)) {
			markup_share(cells[i].share, share);
		}
		fprintf(out, "<td class=\"number\" data-key=\"%s ", cells[i].name);
		markup_text(account->account, out);
		fprintf(out, "\">%s</td>", share);
	}
}

void account_explain_rights(FILE *out)
{
	fputs("<p class=\"empty\">The board's database role may not see accounts and names. Where it shall: "
	      "<code>GRANT phased_seller TO "
	      "phased_board</code>.</p>\n",
	      out);
}

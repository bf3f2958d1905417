/*
 * Accounts in a process, those that are farthest first.
 */
#include <inttypes.h>

#include "core/base/check.h"
#include "ctl/board/account.h"
#include "ctl/board/frame.h"
#include "ctl/board/markup.h"
#include "ctl/board/person.h"
#include "ctl/board/processes.h"

#define SHOWN_MAX 200

struct rows {
	struct processes processes;
	struct account *list;
	size_t count;
};

static const struct postgres_statement read_accounts = {
	.name = "board_accounts",
	.sql = "SELECT " ACCOUNT_COLUMNS " WHERE a.process = $1 ORDER BY array_position('{late,mid,early}', "
	       "a.phase), a.activity DESC, a.account "
	       "LIMIT 201",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TEXT, false}}};
_Static_assert(SHOWN_MAX == 200, "read_accounts asks for one more");

static bool on_processes(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	return processes_read(job, rows, &((struct rows *)job->rows)->processes, fail);
}

static bool on_accounts(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	bool good = JOB_ROOM(job, rows, &all->list, fail);
	all->count = postgres_count(rows);
	for (size_t i = 0; good && i < all->count; i++) {
		good = account_read(job, rows, i, &all->list[i], fail);
	}
	return good;
}

static bool ask(struct job *job, struct postgres *postgres, struct fail *fail)
{
	struct postgres_value *process = arena_zero(&job->arena, 1, sizeof(*process));
	job->rows = arena_zero(&job->arena, 1, sizeof(struct rows));
	CHECK(process != NULL && job->rows != NULL);
	postgres_value_text(job->asked.process, process);
	return processes_ask(postgres, on_processes, job, fail) &&
	       (!job->has_people || postgres_add(postgres, &read_accounts, process, on_accounts, job, fail));
}

static void show_row(const struct account *account, FILE *out)
{
	char since[MARKUP_DAY_SIZE];
	markup_day(account->since_us, since);
	fputs("<tr><th scope=\"row\">", out);
	person_account(account->account, account->process, out);
	fputs("</th><td>", out);
	person_phase(account->phase, out);
	fprintf(out, "</td><td>%s</td>", since);
	account_cells(account, out);
	fprintf(out, "<td class=\"number\">%" PRId64 "</td><td class=\"number\">%" PRId64 "</td><td>",
		account->members, account->active);
	markup_text(account->missing, out);
	fputs("</td></tr>\n", out);
}

static unsigned show(struct job *job, FILE *out)
{
	const struct rows *rows = job->rows;
	size_t shown = rows->count < SHOWN_MAX ? rows->count : SHOWN_MAX;
	fputs("<h1>Accounts</h1>\n", out);
	processes_show(&rows->processes, job, out);
	if (!job->has_people) {
		account_explain_rights(out);
		return 200;
	}
	if (rows->count == 0) {
		fputs("<p class=\"empty\">No account is in this process yet. Accounts come from the domains of "
		      "people's addresses: see "
		      "<code>phasectl accounts accept</code>.</p>\n",
		      out);
		return 200;
	}
	frame_table_begin("Accounts", out);
	fputs("<thead><tr><th scope=\"col\">Account</th><th scope=\"col\">Phase</th><th "
	      "scope=\"col\">Since</th><th scope=\"col\">Early</th>"
	      "<th scope=\"col\">Mid</th><th scope=\"col\">Late</th><th scope=\"col\">Agree</th><th "
	      "scope=\"col\">Covered</th>"
	      "<th scope=\"col\">People</th><th scope=\"col\">Active</th><th "
	      "scope=\"col\">Missing</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < shown; i++) {
		show_row(&rows->list[i], out);
	}
	frame_table_end(out);
	if (rows->count > SHOWN_MAX) {
		fprintf(out, "<p>The first %d of more: <code>phasectl report accounts</code> has all.</p>\n",
			SHOWN_MAX);
	}
	return 200;
}

const struct page page_accounts = {
	.path = "/accounts", .title = "Accounts", .in_menu = true, .ask = ask, .show = show};

/*
 * An account: its phase, and its committee as a heat map.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "ctl/board/account.h"
#include "ctl/board/committee_picture.h"
#include "ctl/board/frame.h"
#include "ctl/board/markup.h"
#include "ctl/board/person.h"
#include "ctl/board/processes.h"

struct rows {
	struct processes processes;
	struct account account;
	bool is_found;
	struct committee_member *members;
	struct uuid *contacts; /* of them */
	size_t count;
	bool has_more; /* people than are shown */
};
#define PEOPLE_MAX 100

#define OF_ACCOUNT .parameter_count = 2, .parameters = {{POSTGRES_TEXT, false}, {POSTGRES_TEXT, false}}
static const struct postgres_statement read_account = {.name = "board_account",
						       .sql = "SELECT " ACCOUNT_COLUMNS
							      " WHERE a.account = $1 AND a.process = $2",
						       OF_ACCOUNT};
/* Large accounts have many people; those who have done something come first. */
static const struct postgres_statement read_committee = {
	.name = "board_committee",
	.sql = "SELECT c.contact_id, coalesce(nullif(p.name, ''), p.address), c.role, c.early, c.mid, c.late, "
	       "c.quiet, c.laggard, c.missing, "
	       "c.weight::double precision, c.touches::bigint FROM ((SELECT * FROM report.committee v WHERE "
	       "v.account = $1 AND v.process = $2 "
	       "AND NOT v.missing ORDER BY v.weight DESC, v.activity DESC NULLS LAST, v.role, v.contact_id LIMIT "
	       "101) UNION ALL (SELECT * FROM "
	       "report.committee v WHERE v.account = $1 AND v.process = $2 AND v.missing)) c LEFT JOIN "
	       "report.person p ON p.contact_id = "
	       "c.contact_id ORDER BY c.missing, c.weight DESC, c.activity DESC NULLS LAST, c.role, c.contact_id",
	OF_ACCOUNT};

static bool on_processes(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	return processes_read(job, rows, &((struct rows *)job->rows)->processes, fail);
}

static bool on_account(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	all->is_found = postgres_count(rows) == 1;
	return !all->is_found || account_read(job, rows, 0, &all->account, fail);
}

/* Who has no name here is called by the first digits of the id. */
static bool name_of(struct job *job, const struct postgres_rows *rows, size_t row, const struct uuid *contact,
		    const char **ret_name, struct fail *fail)
{
	char id[UUID_TEXT_SIZE];
	if (!job_text(job, rows, row, 1, ret_name, fail)) {
		return false;
	}
	if (*ret_name == NULL) {
		uuid_print(contact, id);
		*ret_name = arena_text(&job->arena, id, 8);
	}
	return *ret_name != NULL || job_no_room(fail);
}

static bool read_member(struct job *job, const struct postgres_rows *rows, size_t i,
			struct committee_member *member, struct uuid *ret_contact, struct fail *fail)
{
	member->early = job_float(rows, i, 3);
	member->mid = job_float(rows, i, 4);
	member->late = job_float(rows, i, 5);
	member->is_missing = postgres_int(rows, i, 8) != 0;
	if (!job_text(job, rows, i, 2, &member->role, fail)) {
		return false;
	}
	if (member->is_missing) {
		return true;
	}
	*ret_contact = postgres_uuid(rows, i, 0);
	member->is_quiet = postgres_is_null(rows, i, 6) || postgres_int(rows, i, 6) != 0;
	member->is_laggard = !postgres_is_null(rows, i, 7) && postgres_int(rows, i, 7) != 0;
	member->is_weightless = !(job_float(rows, i, 9) > 0);
	member->touches = postgres_is_null(rows, i, 10) ? 0 : postgres_int(rows, i, 10);
	return name_of(job, rows, i, ret_contact, &member->name, fail);
}

static bool on_committee(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	bool good = JOB_ROOM(job, rows, &all->members, fail) && JOB_ROOM(job, rows, &all->contacts, fail);
	for (size_t i = 0; good && i < postgres_count(rows); i++) {
		if (i == PEOPLE_MAX && postgres_int(rows, i, 8) == 0) {
			all->has_more = true;
			continue;
		}
		good = read_member(job, rows, i, &all->members[all->count], &all->contacts[all->count], fail);
		all->count++;
	}
	return good;
}

static bool ask(struct job *job, struct postgres *postgres, struct fail *fail)
{
	struct postgres_value *values = arena_zero(&job->arena, 2, sizeof(*values));
	job->rows = arena_zero(&job->arena, 1, sizeof(struct rows));
	CHECK(values != NULL && job->rows != NULL);
	postgres_value_text(job->asked.account, &values[0]);
	postgres_value_text(job->asked.process, &values[1]);
	return processes_ask(postgres, on_processes, job, fail) &&
	       (!job->has_people || (postgres_add(postgres, &read_account, values, on_account, job, fail) &&
				     postgres_add(postgres, &read_committee, values, on_committee, job, fail)));
}

static void show_now(const struct account *account, FILE *out)
{
	char since[MARKUP_DAY_SIZE], share[MARKUP_SHARE_SIZE];
	markup_day(account->since_us, since);
	fputs("<p class=\"now\">", out);
	person_phase(account->phase, out);
	fprintf(out,
		"%s%s. %" PRId64 " people known, %" PRId64 " active, %" PRId64 " silent, %" PRId64 " lag behind.",
		since[0] != '\0' ? " since " : "", since, account->members, account->active, account->silent,
		account->laggards);
	if (isfinite(account->consensus)) {
		markup_share(account->consensus, share);
		fprintf(out, " They agree by <span data-key=\"consensus\">%s</span>.", share);
	}
	if (account->missing != NULL && account->missing[0] != '\0') {
		fputs(" Nobody active as ", out);
		markup_text(account->missing, out);
		fputc('.', out);
	}
	fputs("</p>\n", out);
}

/* A link to each member's journey, in the arena. */
static void make_links(struct job *job, struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		char *link = NULL;
		size_t size = 0;
		if (rows->members[i].is_missing) {
			continue;
		}
		FILE *url = open_memstream(&link, &size);
		CHECK(url != NULL);
		person_url("/journey", &rows->contacts[i], job->asked.process, url);
		CHECK(fclose(url) == 0);
		rows->members[i].link = arena_text(&job->arena, link, size);
		free(link);
	}
}

static void show_member(const struct committee_member *member, const struct uuid *contact, FILE *out)
{
	static const char *const names[] = {"early", "mid", "late"};
	const double shares[] = {member->early, member->mid, member->late};
	char id[UUID_TEXT_SIZE];
	uuid_print(contact, id);
	fputs("<tr><th scope=\"row\"><bdi>", out);
	markup_fit(member->is_missing ? "nobody" : member->name, 48, out);
	fputs("</bdi></th><td>", out);
	markup_text(member->role, out);
	fputs("</td>", out);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char share[MARKUP_SHARE_SIZE] = "–";
		if (isfinite(shares[i])) {
			markup_share(shares[i], share);
		}
		fprintf(out, "<td class=\"number\" data-key=\"%s %s\">%s</td>", names[i],
			member->is_missing ? "missing" : id, share);
	}
	fprintf(out, "<td class=\"number\">%" PRId64 "</td></tr>\n", member->touches);
}

static void show_table(const struct rows *rows, FILE *out)
{
	frame_table_begin("Committee", out);
	fputs("<thead><tr><th scope=\"col\">Who</th><th scope=\"col\">Role</th><th scope=\"col\">Early</th><th "
	      "scope=\"col\">Mid</th>"
	      "<th scope=\"col\">Late</th><th scope=\"col\">Touches</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < rows->count; i++) {
		show_member(&rows->members[i], &rows->contacts[i], out);
	}
	frame_table_end(out);
}

static unsigned show(struct job *job, FILE *out)
{
	struct rows *rows = job->rows;
	fputs("<h1><bdi>", out);
	markup_fit(job->asked.account, 64, out);
	fputs("</bdi></h1>\n", out);
	processes_show(&rows->processes, job, out);
	if (!job->has_people) {
		account_explain_rights(out);
		return 200;
	}
	if (!rows->is_found) {
		fputs("<p class=\"empty\">This account is in no such process.</p>\n", out);
		return 404;
	}
	make_links(job, rows);
	show_now(&rows->account, out);
	committee_picture(rows->members, rows->count, out);
	if (rows->has_more) {
		fprintf(out,
			"<p>The first %d people of more: <code>phasectl report committee</code> has all.</p>\n",
			PEOPLE_MAX);
	}
	show_table(rows, out);
	return 200;
}

const struct page page_account = {
	.path = "/account", .title = "Account", .needs = PAGE_NEEDS_ACCOUNT, .ask = ask, .show = show};

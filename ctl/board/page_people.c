/*
 * The people of a process, those who are farthest first.
 */
#include "core/base/check.h"
#include "ctl/board/frame.h"
#include "ctl/board/markup.h"
#include "ctl/board/person.h"
#include "ctl/board/processes.h"

#define SHOWN_MAX 200

struct people {
	struct processes processes;
	struct person *list;
	size_t count;
};

#define ORDER(of) \
	" ORDER BY array_position('{late,mid,early}', " of ".phase), " of ".activity DESC, " of ".contact_id"
/* Whoever is shown is looked up, not everybody. */
#define SHOWN "(SELECT * FROM report.contact_phase v WHERE v.process = $1" ORDER("v") " LIMIT 201)"
static const struct postgres_statement with_people = {.name = "board_people_with",
						      .sql = "SELECT " PERSON_WITH_OF(SHOWN) ORDER("c"),
						      .parameter_count = 1,
						      .parameters = {{POSTGRES_TEXT, false}}};
static const struct postgres_statement without_people = {.name = "board_people_without",
							 .sql = "SELECT " PERSON_WITHOUT_OF(SHOWN) ORDER("c"),
							 .parameter_count = 1,
							 .parameters = {{POSTGRES_TEXT, false}}};
_Static_assert(SHOWN_MAX == 200, "the statements ask for one more");

static bool on_processes(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	return processes_read(job, rows, &((struct people *)job->rows)->processes, fail);
}

static bool on_people(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct people *people = job->rows;
	people->count = postgres_count(rows);
	bool good = JOB_ROOM(job, rows, &people->list, fail);
	for (size_t i = 0; good && i < people->count; i++) {
		good = person_read(job, rows, i, &people->list[i], fail);
	}
	return good;
}

static bool ask(struct job *job, struct postgres *postgres, struct fail *fail)
{
	struct postgres_value *process = arena_zero(&job->arena, 1, sizeof(*process));
	job->rows = arena_zero(&job->arena, 1, sizeof(struct people));
	CHECK(process != NULL && job->rows != NULL);
	postgres_value_text(job->asked.process, process);
	return processes_ask(postgres, on_processes, job, fail) &&
	       postgres_add(postgres, job->has_people ? &with_people : &without_people, process, on_people, job,
			    fail);
}

static void show_shares(const struct person *person, FILE *out)
{
	static const char *const names[] = {"early", "mid", "late"};
	const double shares[] = {person->early, person->mid, person->late};
	char id[UUID_TEXT_SIZE];
	uuid_print(&person->contact, id);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char share[MARKUP_SHARE_SIZE];
		markup_share(shares[i], share);
		fprintf(out, "<td class=\"number\" data-key=\"%s %s\">%s</td>", names[i], id, share);
	}
}

static void show_row(const struct person *person, bool has_people, FILE *out)
{
	char since[MARKUP_DAY_SIZE], last[MARKUP_DAY_SIZE];
	fputs("<tr><th scope=\"row\">", out);
	person_link(person, out);
	fputs("</th>", out);
	if (has_people) {
		fputs("<td>", out);
		markup_text(person->role, out);
		fputs("</td><td>", out);
		person_account(person->account, person->process, out);
		fputs("</td>", out);
	}
	fputs("<td>", out);
	person_phase(person->phase, out);
	markup_day(person->since_us, since);
	markup_day(person->last_us, last);
	fprintf(out, "</td><td>%s</td>", since);
	show_shares(person, out);
	fprintf(out, "<td>%s</td><td>%s</td><td class=\"number\">%lld</td><td>%s</td></tr>\n",
		person->confidence != NULL ? person->confidence : "", person->quiet ? "quiet" : "active",
		(long long)person->touches, last);
}

static unsigned show(struct job *job, FILE *out)
{
	const struct people *people = job->rows;
	size_t shown = people->count < SHOWN_MAX ? people->count : SHOWN_MAX;
	fputs("<h1>People</h1>\n", out);
	processes_show(&people->processes, job, out);
	if (people->count == 0) {
		fputs("<p class=\"empty\">Nobody is in this process yet. People appear when the daemon has "
		      "applied touches that a rule of "
		      "the model takes: see <code>phasectl status</code> and <code>phasectl check</code>.</p>\n",
		      out);
		return 200;
	}
	frame_table_begin("People", out);
	fprintf(out,
		"<thead><tr><th scope=\"col\">Who</th>%s<th scope=\"col\">Phase</th><th scope=\"col\">Since</th>"
		"<th scope=\"col\">Early</th><th scope=\"col\">Mid</th><th scope=\"col\">Late</th><th "
		"scope=\"col\">Sure</th>"
		"<th scope=\"col\">Now</th><th scope=\"col\">Touches</th><th "
		"scope=\"col\">Last</th></tr></thead><tbody>\n",
		job->has_people ? "<th scope=\"col\">Role</th><th scope=\"col\">Account</th>" : "");
	for (size_t i = 0; i < shown; i++) {
		show_row(&people->list[i], job->has_people, out);
	}
	frame_table_end(out);
	if (people->count > SHOWN_MAX) {
		fprintf(out, "<p>The first %d of more: <code>phasectl report phases</code> has all.</p>\n",
			SHOWN_MAX);
	}
	return 200;
}

const struct page page_people = {.path = "/people", .title = "People", .in_menu = true, .ask = ask, .show = show};

#include "ctl/board/processes.h"

#include <string.h>

#include "ctl/board/markup.h"

static const struct postgres_statement read_processes = {
	.name = "board_processes",
	.sql = "SELECT process FROM report.transition GROUP BY process ORDER BY process LIMIT 50"};

bool processes_ask(struct postgres *postgres, postgres_on_rows *on_rows, void *context, struct fail *fail)
{
	return postgres_add(postgres, &read_processes, NULL, on_rows, context, fail);
}

bool processes_read(struct job *job, const struct postgres_rows *rows, struct processes *ret_processes,
		    struct fail *fail)
{
	bool good = JOB_ROOM(job, rows, &ret_processes->names, fail);
	ret_processes->count = postgres_count(rows);
	for (size_t i = 0; good && i < ret_processes->count; i++) {
		good = job_text(job, rows, i, 0, &ret_processes->names[i], fail);
	}
	return good;
}

static void show_link(const char *process, bool is_asked, const struct job *job, FILE *out)
{
	fprintf(out, "<li><a href=\"%s?process=", job->page->path);
	markup_url(process, out);
	if (job->asked.account[0] != '\0') {
		fputs("&amp;account=", out);
		markup_url(job->asked.account, out);
	}
	fprintf(out, "\"%s>", is_asked ? " aria-current=\"true\"" : "");
	markup_text(process, out);
	fputs("</a></li>\n", out);
}

void processes_show(const struct processes *processes, const struct job *job, FILE *out)
{
	bool has_asked = false;
	fputs("<nav aria-label=\"Processes\"><ul class=\"processes\">\n", out);
	for (size_t i = 0; i < processes->count; i++) {
		bool is_asked = strcmp(processes->names[i], job->asked.process) == 0;
		has_asked = has_asked || is_asked;
		show_link(processes->names[i], is_asked, job, out);
	}
	if (!has_asked) {
		show_link(job->asked.process, true, job, out);
	}
	fputs("</ul></nav>\n", out);
}

#include "ctl/board/person.h"

#include "ctl/board/markup.h"

bool person_read(struct job *job, const struct postgres_rows *rows, size_t row, struct person *ret_person,
		 struct fail *fail)
{
	struct person *person = ret_person;
	*person = (struct person){
		.contact = postgres_uuid(rows, row, 0),
		.since_us = job_moment(rows, row, 5),
		.last_us = job_moment(rows, row, 6),
		.early = job_float(rows, row, 7),
		.mid = job_float(rows, row, 8),
		.late = job_float(rows, row, 9),
		.activity = job_float(rows, row, 10),
		.quiet = postgres_int(rows, row, 11) != 0,
		.touches = postgres_int(rows, row, 12),
	};
	return job_text(job, rows, row, 1, &person->process, fail) &&
	       job_text(job, rows, row, 2, &person->phase, fail) &&
	       job_text(job, rows, row, 3, &person->fine, fail) &&
	       job_text(job, rows, row, 4, &person->confidence, fail) &&
	       job_text(job, rows, row, 13, &person->name, fail) &&
	       job_text(job, rows, row, 14, &person->address, fail) &&
	       job_text(job, rows, row, 15, &person->role, fail) &&
	       job_text(job, rows, row, 16, &person->account, fail);
}

void person_name(const struct person *person, FILE *out)
{
	char id[UUID_TEXT_SIZE];
	uuid_print(&person->contact, id);
	id[8] = '\0';
	const char *name = person->name != NULL && person->name[0] != '\0' ? person->name : person->address;
	markup_fit(name != NULL && name[0] != '\0' ? name : id, 48, out);
}

void person_url(const char *path, const struct uuid *contact, const char *process, FILE *out)
{
	char id[UUID_TEXT_SIZE];
	uuid_print(contact, id);
	fprintf(out, "%s?contact=%s&amp;process=", path, id);
	markup_url(process, out);
}

void person_link(const struct person *person, FILE *out)
{
	fputs("<a href=\"", out);
	person_url("/journey", &person->contact, person->process, out);
	fputs("\"><bdi>", out);
	person_name(person, out);
	fputs("</bdi></a>", out);
}

void person_account(const char *account, const char *process, FILE *out)
{
	if (account == NULL || account[0] == '\0') {
		return;
	}
	fputs("<a href=\"/account?account=", out);
	markup_url(account, out);
	fputs("&amp;process=", out);
	markup_url(process, out);
	fputs("\"><bdi>", out);
	markup_text(account, out);
	fputs("</bdi></a>", out);
}

void person_phase(const char *phase, FILE *out)
{
	fputs("<span class=\"phase ", out);
	markup_text(phase, out);
	fputs("\">", out);
	markup_text(phase, out);
	fputs("</span>", out);
}

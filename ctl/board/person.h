/*
 * A person in one process, as a row of report.contact_phase with, where the role may see it, report.person.
 */
#pragma once
#include "ctl/board/job.h"

struct person {
	struct uuid contact;
	const char *process, *phase, *fine, *confidence; /* fine, confidence: may be NULL */
	int64_t since_us, last_us;
	double early, mid, late, activity;
	bool quiet;
	int64_t touches;
	const char *name, *address, *role, *account; /* NULL: not known, or not for this role to see */
};

/* Columns of a statement, for person_read(): of report.contact_phase c, and of report.person p where people are seen. */
#define PERSON_COLUMNS \
	"c.contact_id, c.process, c.phase, c.fine, c.confidence, c.since, c.last_touch, c.early, c.mid, c.late, " \
	"c.activity, c.quiet, c.touches::bigint, "
#define PERSON_WITH PERSON_WITH_OF("report.contact_phase")
#define PERSON_WITHOUT PERSON_WITHOUT_OF("report.contact_phase")
/* Of something else with the columns of that view. */
#define PERSON_WITH_OF(source) \
	PERSON_COLUMNS "p.name, p.address, p.role, p.account FROM " source \
		       " c LEFT JOIN report.person p ON p.contact_id = c.contact_id "
#define PERSON_WITHOUT_OF(source) \
	PERSON_COLUMNS "NULL::text, NULL::text, NULL::text, NULL::text FROM " source " c "

bool person_read(struct job *job, const struct postgres_rows *rows, size_t row, struct person *ret_person,
		 struct fail *fail);

/* What a person is called here: name, else address, else the first digits of the id. */
void person_name(const struct person *person, FILE *out);
/* A link to the journey, around that. */
void person_link(const struct person *person, FILE *out);
/* "/journey?contact=…&amp;process=…", and likewise of another page. */
void person_url(const char *path, const struct uuid *contact, const char *process, FILE *out);
/* A link to the account's committee; nothing where it is NULL. */
void person_account(const char *account, const char *process, FILE *out);
/* The word, in its colour. */
void person_phase(const char *phase, FILE *out);

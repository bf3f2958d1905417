/*
 * The report of phases: one row as it comes from the database, and the two forms it is printed in.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/uuid.h"

/* Texts: NULL where the database has NULL. Times: INT64_MIN where it has. */
struct report_row {
	struct uuid contact;
	const char *process, *phase, *fine;
	int64_t since_us, last_us;
	double early, mid, late;
	const char *confidence;
	double activity;
	bool quiet;
	int64_t touches;
	const char *channels; /* of these touches: "web email chat"; NULL: not known yet */
	const char *model;
	const char *address, *name, *role, *account; /* of report.person */
	bool succeeded;				     /* somebody else has the role by now */
	/* Of each state of the process; or NULL. */
	const double *posterior;
	const char *const *state_names;
	unsigned state_count;
};

struct report_totals {
	uint64_t rows, late, mid, early, none, unknown;
};

struct arena;
struct fail;
struct postgres;
struct postgres_rows;

/* May this database role see report.person? */
bool report_may_see_people(struct postgres *postgres, bool *ret_may, struct fail *fail);
/* Address, name, role, account, whether succeeded, from these five columns of report.person p. */
#define REPORT_PERSON_COLUMNS "p.address, p.name, p.role, p.account, p.succeeded_by IS NOT NULL"
bool report_person_read(struct arena *arena, const struct postgres_rows *rows, size_t at, unsigned column,
			struct report_row *row, struct fail *fail);

/* One object a line, as the contract says. */
void report_json_print(const struct report_row *row);

struct report_table {
	bool laid_out;
	unsigned width[16]; /* by column; 0: not shown */
	int64_t now_us;
	struct report_totals totals;
};

/* The first page decides the columns' widths; later ones keep to them. */
void report_table_print(struct report_table *table, const struct report_row *rows, size_t count, bool has_people);
void report_table_end(const struct report_table *table);

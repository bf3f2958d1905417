/*
 * A report's rows as people and programs read them: a table, JSON, CSV. Only shows: what is asked is report_ask.h.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "ctl/report_ask.h"

enum report_form { REPORT_TABLE, REPORT_JSON, REPORT_CSV };

struct report_show {
	enum report_form form;
	struct arena *arena;	   /* borrowed; that of report_ask() */
	struct postgres *postgres; /* borrowed: names are looked up page by page */
	bool sees_people;	   /* the role may read report.person */
	bool is_of_one;		   /* account and process are said elsewhere: no columns of a table */
	int64_t now_us;
	/* Its own: */
	bool begun;
	uint64_t rows;
	unsigned width[REPORT_COLUMNS_MAX + 1]; /* of each column, then that of names; 0: not shown */
};

/* For report_ask(); the context is a report_show. The first page decides the columns' widths; later ones keep to them. */
bool report_show_page(void *context, struct report_page *page, struct fail *fail);
/* What comes below a table. */
void report_show_end(const struct report_show *show, const struct report *report);

/* One row as an object on a line, its keys the view's columns. */
void report_json_row(const struct report *report, const struct report_value *row);
/*
 * RFC 4180: names of the columns, then the rows; lines end in CR LF. NULL is empty, an empty text is "". A text that a
 * spreadsheet could take for a formula (it begins with = + - @, tab, CR), or that begins with ', gets a ' in front. On a
 * terminal, controls are shown as U+FFFD.
 */
void report_csv_head(const struct report *report);
void report_csv_row(const struct report *report, const struct report_value *row);

/* The value in few characters, for people; in `scratch` where it is not there already. "": NULL. */
#define REPORT_SCRATCH_SIZE 512
const char *report_cell(const struct report_column *column, const struct report_value *value, int64_t now_us,
			char scratch[static REPORT_SCRATCH_SIZE]);

/*
 * The report as a table: readable at 100 columns, wider where there is room, coloured on a terminal.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "ctl/phase_bar.h"
#include "ctl/report_phases.h"
#include "ctl/terminal.h"

#define CONTACT_MIN 22

enum column {
	COLUMN_CONTACT,
	COLUMN_NAME,
	COLUMN_ROLE,
	COLUMN_ACCOUNT,
	COLUMN_PROCESS,
	COLUMN_PHASE,
	COLUMN_FINE,
	COLUMN_SINCE,
	COLUMN_BAR,
	COLUMN_SURE,
	COLUMN_ACTIVITY,
	COLUMN_TOUCHES,
	COLUMN_CHANNELS,
	COLUMN_LAST,
	COLUMN_COUNT
};

static const struct {
	const char *title;
	unsigned min, max; /* columns, when shown */
	bool right;
} about[COLUMN_COUNT] = {
	[COLUMN_CONTACT] = {"CONTACT", CONTACT_MIN, 44, false},
	[COLUMN_NAME] = {"NAME", 10, 28, false},
	[COLUMN_ROLE] = {"ROLE", 4, 12, false},
	[COLUMN_ACCOUNT] = {"ACCOUNT", 8, 24, false},
	[COLUMN_PROCESS] = {"PROCESS", 8, 12, false},
	[COLUMN_PHASE] = {"PHASE", 7, 7, false},
	[COLUMN_FINE] = {"FINE", 4, 11, false},
	[COLUMN_SINCE] = {"SINCE", 6, 6, true},
	[COLUMN_BAR] = {"EARLY▸MID▸LATE", PHASE_BAR_COLUMNS, PHASE_BAR_COLUMNS, false},
	[COLUMN_SURE] = {"SURE", 6, 6, false},
	[COLUMN_ACTIVITY] = {"ACTIVE", 6, 6, true},
	[COLUMN_TOUCHES] = {"TOUCHES", 7, 7, true},
	[COLUMN_CHANNELS] = {"CHANNELS", 8, 14, false},
	[COLUMN_LAST] = {"LAST", 6, 6, true},
};
static_assert(COLUMN_COUNT <= COUNT_OF(((struct report_table *)0)->width), "a width a column");

/* What goes first when there is no room. */
static const enum column drop_order[] = {COLUMN_ACCOUNT, COLUMN_NAME, COLUMN_TOUCHES, COLUMN_CHANNELS, COLUMN_FINE,
					 COLUMN_LAST,	 COLUMN_ROLE, COLUMN_PROCESS, COLUMN_SURE};

/* The text of a cell; NULL for the bar, which draws itself. */
static const char *cell_text(enum column column, const struct report_row *row, int64_t now_us, char *scratch,
			     size_t size)
{
	static char contact[UUID_TEXT_SIZE];
	switch (column) {
	case COLUMN_CONTACT:
		uuid_print(&row->contact, contact);
		return row->address != NULL ? row->address : contact;
	case COLUMN_NAME:
		return row->name != NULL ? row->name : "";
	case COLUMN_ROLE:
		if (row->role == NULL || !row->succeeded) {
			return row->role != NULL ? row->role : "";
		}
		snprintf(scratch, size, "was %s", row->role);
		return scratch;
	case COLUMN_ACCOUNT:
		return row->account != NULL ? row->account : "";
	case COLUMN_PROCESS:
		return row->process;
	case COLUMN_PHASE:
		return row->phase;
	case COLUMN_FINE:
		return row->fine != NULL ? row->fine : "";
	case COLUMN_SINCE:
		phase_bar_ago(row->since_us, now_us, scratch, size);
		return scratch;
	case COLUMN_SURE:
		return row->confidence != NULL ? row->confidence : "";
	case COLUMN_ACTIVITY:
		snprintf(scratch, size, "%.1f", row->activity);
		return row->quiet ? "quiet" : scratch;
	case COLUMN_TOUCHES:
		snprintf(scratch, size, "%" PRId64, row->touches);
		return scratch;
	case COLUMN_CHANNELS:
		return row->channels != NULL ? row->channels : "";
	case COLUMN_LAST:
		phase_bar_ago(row->last_us, now_us, scratch, size);
		return scratch;
	case COLUMN_BAR:
	case COLUMN_COUNT:
		break;
	}
	return NULL;
}

/* Beside its address an account says nothing new, unless it is another domain. */
static bool account_tells(const struct report_row *row)
{
	const char *at = row->address != NULL ? strrchr(row->address, '@') : NULL;
	return row->account != NULL && (at == NULL || strcmp(at + 1, row->account) != 0);
}

static unsigned total_width(const struct report_table *table)
{
	unsigned total = 0;
	for (int i = 0; i < COLUMN_COUNT; i++) {
		total += table->width[i] > 0 ? table->width[i] + (total > 0 ? 1 : 0) : 0;
	}
	return total;
}

/* The widest text of a column among the rows, within the column's bounds; 0 where all are empty or say the same. */
static unsigned natural_width(enum column column, const struct report_row *rows, size_t count, bool has_people)
{
	unsigned width = 0;
	bool tells = column != COLUMN_PROCESS && column != COLUMN_ACCOUNT;
	for (size_t i = 0; i < count; i++) {
		char scratch[32];
		const char *text = cell_text(column, &rows[i], 0, scratch, sizeof(scratch));
		/* Beside addresses, an id gives way: its first digits do. */
		bool gives_way = column == COLUMN_CONTACT && has_people && rows[i].address == NULL;
		unsigned own = text == NULL || gives_way ? 0 : terminal_width(text);
		width = own > width ? own : width;
		tells = tells || (column == COLUMN_PROCESS && strcmp(text, "standard") != 0) ||
			(column == COLUMN_ACCOUNT && account_tells(&rows[i]));
	}
	if (!tells || (width == 0 && column != COLUMN_CONTACT && column != COLUMN_BAR)) {
		return 0;
	}
	return width < about[column].min   ? about[column].min
	       : width > about[column].max ? about[column].max
					   : width;
}

static void lay_out(struct report_table *table, const struct report_row *rows, size_t count, bool has_people)
{
	for (int i = 0; i < COLUMN_COUNT; i++) {
		table->width[i] = natural_width(i, rows, count, has_people);
	}
	unsigned room = terminal_columns();
	for (size_t i = 0;; i++) {
		unsigned total = total_width(table);
		unsigned spare = table->width[COLUMN_CONTACT] - CONTACT_MIN;
		if (total <= room + spare || i == COUNT_OF(drop_order)) {
			table->width[COLUMN_CONTACT] -= total <= room	       ? 0
							: total - room < spare ? total - room
									       : spare;
			break;
		}
		table->width[drop_order[i]] = 0;
	}
	table->laid_out = true;
}

static void print_cell(const struct report_table *table, enum column column, const char *text,
		       enum terminal_style style)
{
	char cell[TERMINAL_CELL_SIZE];
	terminal_fit(text, table->width[column], about[column].right, cell);
	printf("%s%s%s", terminal_style(style), cell, terminal_style_end(style));
}

static void print_head(const struct report_table *table)
{
	for (int i = 0; i < COLUMN_COUNT; i++) {
		if (table->width[i] > 0) {
			fputs(i == 0 ? "" : " ", stdout);
			print_cell(table, i, about[i].title, TERMINAL_BOLD);
		}
	}
	putchar('\n');
}

static void print_row(const struct report_table *table, const struct report_row *row)
{
	for (int i = 0; i < COLUMN_COUNT; i++) {
		if (table->width[i] == 0) {
			continue;
		}
		char scratch[32];
		const char *text = cell_text(i, row, table->now_us, scratch, sizeof(scratch));
		fputs(i == 0 ? "" : " ", stdout);
		if (text == NULL) {
			const double part[3] = {row->early, row->mid, row->late};
			phase_bar_print(part, row->phase);
		} else {
			bool faint = (i == COLUMN_ACTIVITY && row->quiet) ||
				     (i == COLUMN_CONTACT && row->address == NULL);
			print_cell(table, i, text,
				   i == COLUMN_PHASE ? phase_bar_style(row->phase)
				   : faint	     ? TERMINAL_DIM
						     : TERMINAL_PLAIN);
		}
	}
	putchar('\n');
}

void report_table_print(struct report_table *table, const struct report_row *rows, size_t count, bool has_people)
{
	if (!table->laid_out && count > 0) {
		lay_out(table, rows, count, has_people);
		print_head(table);
	}
	for (size_t i = 0; i < count; i++) {
		print_row(table, &rows[i]);
		struct report_totals *totals = &table->totals;
		const char *phase = rows[i].phase;
		totals->rows++;
		(*(strcmp(phase, "late") == 0	 ? &totals->late
		   : strcmp(phase, "mid") == 0	 ? &totals->mid
		   : strcmp(phase, "early") == 0 ? &totals->early
		   : strcmp(phase, "none") == 0	 ? &totals->none
						 : &totals->unknown))++;
	}
}

void report_table_end(const struct report_table *table)
{
	const struct report_totals *totals = &table->totals;
	if (totals->rows == 0) {
		printf("no contact in any buying process\n");
		return;
	}
	printf("%s%" PRIu64 " row%s: %" PRIu64 " late, %" PRIu64 " mid, %" PRIu64 " early, %" PRIu64
	       " none, %" PRIu64 " unknown%s\n",
	       terminal_style(TERMINAL_DIM), totals->rows, totals->rows == 1 ? "" : "s", totals->late, totals->mid,
	       totals->early, totals->none, totals->unknown, terminal_style_end(TERMINAL_DIM));
}

#include "ctl/report_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/ctl.h"
#include "ctl/phase_bar.h"
#include "ctl/terminal.h"

/* Beside a contact its name, where there is one. */
static const struct report_column name_column = {"name", REPORT_TEXT, "NAME", 18, 28, 5};

/* ---- Cells ---- */

static void print_words(const char *words, char scratch[static REPORT_SCRATCH_SIZE])
{
	size_t used = 0;
	for (; *words != '\0' && used + 3 < REPORT_SCRATCH_SIZE; words++) {
		char byte = *words;
		if (byte == REPORT_BETWEEN) {
			scratch[used++] = ',';
			byte = ' ';
		}
		scratch[used++] = byte;
	}
	scratch[used] = '\0';
}

static void print_moment(int64_t us, size_t size, char scratch[static REPORT_SCRATCH_SIZE])
{
	char text[MOMENT_TEXT_SIZE];
	moment_print(us, text);
	snprintf(scratch, REPORT_SCRATCH_SIZE, "%.*s", (int)size, text);
	char *letter = strchr(scratch, 'T');
	if (letter != NULL) {
		*letter = ' ';
	}
}

const char *report_cell(const struct report_column *column, const struct report_value *value, int64_t now_us,
			char scratch[static REPORT_SCRATCH_SIZE])
{
	scratch[0] = '\0';
	if (value->is_null) {
		return "";
	}
	switch (column->kind) {
	case REPORT_TEXT:
	case REPORT_PHASE:
		return value->text;
	case REPORT_WORDS:
		print_words(value->text, scratch);
		break;
	case REPORT_CONTACT:
		uuid_print(&value->id, scratch);
		break;
	case REPORT_MOMENT:
		print_moment(value->whole, strlen("2026-11-25T14:30"), scratch);
		break;
	case REPORT_AGO:
		phase_bar_ago(value->whole, now_us, scratch, REPORT_SCRATCH_SIZE);
		break;
	case REPORT_DAY:
		print_moment(value->whole * MOMENT_DAY_US, strlen("2026-11-25"), scratch);
		break;
	case REPORT_SHARE:
	case REPORT_BAR:
		snprintf(scratch, REPORT_SCRATCH_SIZE, "%.0f%%", 100 * value->number);
		break;
	case REPORT_NUMBER:
		snprintf(scratch, REPORT_SCRATCH_SIZE, "%.1f", value->number);
		break;
	case REPORT_COUNT:
		snprintf(scratch, REPORT_SCRATCH_SIZE, "%" PRId64, value->whole);
		break;
	case REPORT_FLAG:
		return value->whole != 0 ? "yes" : "";
	}
	return scratch;
}

/* ---- A table: which of its columns, how wide ---- */

/* What a table is made of beside the page. */
struct table {
	struct report_show *show;
	const struct report_page *page;
	const struct report *report;
	struct report_people people;
};

static bool is_right(const struct report_column *column)
{
	return column->kind == REPORT_AGO || (column->kind >= REPORT_SHARE && column->kind != REPORT_FLAG);
}

static const struct report_column *column_of(const struct table *table, unsigned i)
{
	return i < table->report->column_count ? &table->report->columns[i] : &name_column;
}

static const struct report_person *person_of(const struct table *table, size_t row)
{
	for (unsigned i = 0; i < table->report->column_count && table->people.count > 0; i++) {
		const struct report_value *value = &report_row_of(table->page, row)[i];
		if (table->report->columns[i].kind == REPORT_CONTACT && !value->is_null) {
			return report_people_find(&table->people, &value->id);
		}
	}
	return NULL;
}

/* Number of the column after which the name stands; that of none where the report is about no contacts. */
static unsigned contact_column(const struct report *report)
{
	unsigned i = 0;
	while (i < report->column_count && report->columns[i].kind != REPORT_CONTACT) {
		i++;
	}
	return i;
}

static const char *cell_of(const struct table *table, size_t row, unsigned i,
			   char scratch[static REPORT_SCRATCH_SIZE])
{
	const struct report_column *column = column_of(table, i);
	const struct report_person *person =
		column == &name_column || column->kind == REPORT_CONTACT ? person_of(table, row) : NULL;
	if (column == &name_column) {
		return person != NULL && person->name != NULL ? person->name : "";
	}
	return person != NULL && person->address != NULL
		       ? person->address
		       : report_cell(column, &report_row_of(table->page, row)[i], table->show->now_us, scratch);
}

/* What a column takes at least, whatever this page holds: later ones may hold more, but for texts of any length. */
static unsigned floor_of(const struct report_column *column)
{
	bool any = column->kind == REPORT_TEXT || column->kind == REPORT_WORDS || column->kind == REPORT_CONTACT;
	return any ? terminal_width(column->title) : column->min;
}

/* The widest text of a column, within its bounds; 0 where all are empty. A process is said where it is not the usual one. */
static unsigned natural_width(const struct table *table, unsigned i)
{
	const struct report_column *column = column_of(table, i);
	unsigned width = 0;
	bool tells = strcmp(column->name, "process") != 0;
	if (table->show->is_of_one && (!tells || strcmp(column->name, "account") == 0)) {
		return 0;
	}
	for (size_t row = 0; row < table->page->count && column->title != NULL; row++) {
		char scratch[REPORT_SCRATCH_SIZE];
		const char *text = cell_of(table, row, i, scratch);
		unsigned own = terminal_width(text);
		width = own > width ? own : width;
		tells = tells || strcmp(text, "standard") != 0;
	}
	bool is_named = table->show->sees_people && contact_column(table->report) < table->report->column_count;
	bool could = column->title != NULL && (column != &name_column || is_named);
	if (width == 0 || !tells) { /* what a full page leaves out the next may tell */
		return could && table->page->count == REPORT_PAGE ? column->min : 0;
	}
	unsigned least = floor_of(column);
	return width < least ? least : width > column->max ? column->max : width;
}

static unsigned total_width(const struct table *table)
{
	unsigned total = 0;
	for (unsigned i = 0; i <= table->report->column_count; i++) {
		unsigned width = table->show->width[i];
		total += width > 0 ? width + (total > 0 ? 1 : 0) : 0;
	}
	return total;
}

/* Makes the columns that can be narrower so, the one with most to give first. False: none can. */
static bool shrink(struct table *table, unsigned by)
{
	bool any = false;
	for (; by > 0; by--) {
		unsigned most = 0, spare = 0;
		for (unsigned i = 0; i <= table->report->column_count; i++) {
			unsigned width = table->show->width[i], min = column_of(table, i)->min;
			if (width > min && width - min > spare) {
				most = i;
				spare = width - min;
			}
		}
		if (spare == 0) {
			break;
		}
		table->show->width[most]--;
		any = true;
	}
	return any;
}

/* False: all that may go has gone. */
static bool drop_one(struct table *table)
{
	unsigned highest = 0, which = 0;
	for (unsigned i = 0; i <= table->report->column_count; i++) {
		if (table->show->width[i] > 0 && column_of(table, i)->rank > highest) {
			highest = column_of(table, i)->rank;
			which = i;
		}
	}
	if (highest > 0) {
		table->show->width[which] = 0;
	}
	return highest > 0;
}

/* Columns go only where narrower ones would not do. */
static void lay_out(struct table *table)
{
	unsigned least = 0, room = terminal_columns();
	for (unsigned i = 0; i <= table->report->column_count; i++) {
		table->show->width[i] = natural_width(table, i);
	}
	do {
		least = total_width(table);
		for (unsigned i = 0; i <= table->report->column_count; i++) {
			unsigned width = table->show->width[i], min = column_of(table, i)->min;
			least -= width > min ? width - min : 0;
		}
	} while (least > room && drop_one(table));
	unsigned total = total_width(table);
	if (total > room) {
		shrink(table, total - room);
	}
}

/* ---- Lines ---- */

static void print_cell(const struct report_column *column, unsigned width, const char *text,
		       enum terminal_style style)
{
	char cell[TERMINAL_CELL_SIZE];
	terminal_fit(text, width, is_right(column), cell);
	printf("%s%s%s", terminal_style(style), cell, terminal_style_end(style));
}

static const char *phase_of(const struct report *report, const struct report_value *row)
{
	for (unsigned i = 0; i < report->column_count; i++) {
		if (report->columns[i].kind == REPORT_PHASE && !row[i].is_null) {
			return row[i].text;
		}
	}
	return "";
}

static void print_column(const struct table *table, size_t row, unsigned i)
{
	const struct report_column *column = column_of(table, i);
	const struct report_value *values = report_row_of(table->page, row);
	if (column->kind == REPORT_BAR && !values[i].is_null) {
		const double part[3] = {values[i].number, values[i + 1].number, values[i + 2].number};
		phase_bar_print(part, phase_of(table->report, values));
		return;
	}
	char scratch[REPORT_SCRATCH_SIZE];
	const char *text = cell_of(table, row, i, scratch);
	bool is_phase = column->kind == REPORT_PHASE;
	bool is_faint = column->kind == REPORT_CONTACT && text == scratch; /* an id */
	print_cell(column, table->show->width[i], text,
		   is_phase   ? phase_bar_style(text)
		   : is_faint ? TERMINAL_DIM
			      : TERMINAL_PLAIN);
}

/* `row`: SIZE_MAX is the titles. The name stands behind the contact. */
static void print_line(const struct table *table, size_t row)
{
	unsigned count = table->report->column_count, contact = contact_column(table->report);
	bool first = true;
	for (unsigned n = 0; n <= count; n++) {
		unsigned i = n <= contact ? n : n == contact + 1 ? count : n - 1;
		if (table->show->width[i] == 0) {
			continue;
		}
		fputs(first ? "" : " ", stdout);
		first = false;
		if (row == SIZE_MAX) {
			const struct report_column *column = column_of(table, i);
			print_cell(column, table->show->width[i], column->title, TERMINAL_BOLD);
		} else {
			print_column(table, row, i);
		}
	}
	putchar('\n');
}

static bool find_people(struct table *table, struct fail *fail)
{
	const struct report_page *page = table->page;
	struct report_show *show = table->show;
	unsigned contact = contact_column(table->report);
	if (!show->sees_people || contact == table->report->column_count || page->count == 0) {
		return true;
	}
	struct uuid *ids = arena_array(show->arena, page->count, sizeof(*ids));
	size_t count = 0;
	for (size_t row = 0; row < page->count && ids != NULL; row++) {
		const struct report_value *value = &report_row_of(page, row)[contact];
		if (!value->is_null && (count == 0 || !uuid_equal(&ids[count - 1], &value->id))) {
			ids[count++] = value->id;
		}
	}
	return (ids != NULL || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory")) &&
	       report_people_ask(show->arena, show->postgres, ids, count, &table->people, fail);
}

static bool show_table(struct report_show *show, const struct report_page *page, struct fail *fail)
{
	struct table table = {.show = show, .page = page, .report = page->report};
	if (!find_people(&table, fail)) {
		return false;
	}
	if (!show->begun && page->count > 0) {
		lay_out(&table);
		print_line(&table, SIZE_MAX);
	}
	for (size_t row = 0; row < page->count; row++) {
		print_line(&table, row);
	}
	return true;
}

/* ---- All forms ---- */

bool report_show_page(void *context, struct report_page *page, struct fail *fail)
{
	struct report_show *show = context;
	CHECK(page->report->column_count <= REPORT_COLUMNS_MAX);
	if (show->form == REPORT_CSV && !show->begun) {
		report_csv_head(page->report);
	}
	if (show->form == REPORT_TABLE) {
		if (!show_table(show, page, fail)) {
			return false;
		}
	}
	for (size_t row = 0; row < page->count && show->form != REPORT_TABLE; row++) {
		(show->form == REPORT_JSON ? report_json_row : report_csv_row)(page->report,
									       report_row_of(page, row));
	}
	show->begun = true;
	show->rows += page->count;
	page->enough = ferror(stdout) != 0;
	return true;
}

void report_show_end(const struct report_show *show, const struct report *report)
{
	if (show->form != REPORT_TABLE) {
		return;
	}
	if (show->rows == 0) {
		printf("%s\n", report->empty);
		return;
	}
	bool is_blind = !show->sees_people && contact_column(report) < report->column_count;
	printf("%s%" PRIu64 " row%s%s%s\n", terminal_style(TERMINAL_DIM), show->rows, show->rows == 1 ? "" : "s",
	       is_blind ? "; contacts by their ids: this database role may not see who they are" : "",
	       terminal_style_end(TERMINAL_DIM));
}

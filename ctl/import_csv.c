#include "ctl/import_csv.h"

#include <string.h>

enum place { CELL_BEGINS, IN_PLAIN, IN_QUOTES, BEHIND_QUOTES };

void import_csv_start(struct import_csv *csv, struct import_text *text, char separator)
{
	csv->text = text;
	csv->next_line = 1;
	char hint = import_text_hint(text);
	csv->separator = separator;
	if (hint != '\0') {
		csv->separator = hint;
		csv->next_line++;
	}
}

static void begin_cell(struct import_csv *csv)
{
	if (csv->count == IMPORT_CSV_CELLS_MAX) {
		csv->trouble = "more than 256 columns";
		return;
	}
	csv->cells[csv->count++] = (struct import_cell){.text = csv->bytes + csv->used};
}

static void end_cell(struct import_csv *csv)
{
	struct import_cell *cell = &csv->cells[csv->count - 1];
	cell->size = (size_t)(csv->bytes + csv->used - cell->text);
	csv->bytes[csv->used++] = '\0';
}

/* Room for the NUL of each cell is beside the line's. */
static void add(struct import_csv *csv, int byte, enum place place)
{
	if (csv->used + 1 - csv->count >= IMPORT_CSV_LINE_MAX) {
		csv->trouble = place == IN_QUOTES ? "over 65536 bytes: is there a quote that nothing closes?"
						  : "over 65536 bytes";
		return;
	}
	csv->bytes[csv->used++] = (char)byte;
}

/* What this byte makes of the place where it stands; it is no line's end, or stands in quotes. */
static enum place take(struct import_csv *csv, enum place place, int byte)
{
	if (place == IN_QUOTES) {
		if (byte == '"') {
			return BEHIND_QUOTES;
		}
		add(csv, byte, place);
		return IN_QUOTES;
	}
	if (byte == (unsigned char)csv->separator) {
		end_cell(csv);
		begin_cell(csv);
		return CELL_BEGINS;
	}
	if (byte == '"' && place != IN_PLAIN) { /* behind quotes it is a quote within them, written twice */
		if (place == BEHIND_QUOTES) {
			add(csv, byte, place);
		}
		return IN_QUOTES;
	}
	if (place == BEHIND_QUOTES && byte != ' ') {
		csv->trouble = "text behind a closing quote";
	} else if (place != BEHIND_QUOTES) {
		add(csv, byte, place);
	}
	return place == BEHIND_QUOTES ? place : IN_PLAIN;
}

/* The rest of a line that is none: whatever is in it, the next one begins where this one ends. */
static void pass_over(struct import_csv *csv)
{
	int byte;
	do {
		byte = import_text_next(csv->text);
	} while (byte != '\n' && byte != IMPORT_TEXT_END);
	csv->next_line += byte == '\n';
}

bool import_csv_next(struct import_csv *csv)
{
	enum place place = CELL_BEGINS;
	int byte = import_text_next(csv->text);
	if (byte == IMPORT_TEXT_END) {
		return false;
	}
	csv->line = csv->next_line;
	csv->trouble = NULL;
	csv->count = csv->used = 0;
	begin_cell(csv);
	while (byte != IMPORT_TEXT_END && (byte != '\n' || place == IN_QUOTES)) {
		csv->next_line += byte == '\n';
		place = take(csv, place, byte);
		if (csv->trouble != NULL) {
			pass_over(csv);
			return true;
		}
		byte = import_text_next(csv->text);
	}
	csv->next_line += byte == '\n';
	if (place == IN_QUOTES) {
		csv->trouble = "a quote that nothing closes";
	}
	end_cell(csv);
	return true;
}

bool import_csv_is_empty(const struct import_csv *csv)
{
	for (size_t i = 0; i < csv->count; i++) {
		if (strspn(csv->cells[i].text, " \t\n") != csv->cells[i].size) {
			return false;
		}
	}
	return csv->trouble == NULL;
}

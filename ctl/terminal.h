/*
 * What goes to a terminal: its width, its colours, and text of a width that is known.
 *
 * Text that people typed (names, addresses) is never trusted: control characters and those that turn the direction of
 * writing are shown as U+FFFD.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define TERMINAL_CELL_SIZE 2048 /* bytes that hold a cell as wide as any terminal, colours excepted */

enum terminal_style {
	TERMINAL_PLAIN,
	TERMINAL_BOLD,
	TERMINAL_DIM,
	TERMINAL_GREEN,
	TERMINAL_YELLOW,
	TERMINAL_BLUE,
	TERMINAL_STYLE_COUNT
};

/* UTF-8 whatever the environment says. Once, before the others. */
void terminal_start(void);
/* Columns of stdout; where it is no terminal, those of COLUMNS (watch sets it), else 100. */
unsigned terminal_columns(void);
/* Is stdout a terminal that wants colours (no NO_COLOR, no TERM=dumb)? */
bool terminal_has_colours(void);

/* Columns that the text takes. */
unsigned terminal_width(const char *text);
/* The text in exactly `columns` columns, cut with "…" or padded behind (`right`: in front). */
void terminal_fit(const char *text, unsigned columns, bool right, char ret_cell[static TERMINAL_CELL_SIZE]);

/* A table: its columns, and lines of a cell for each. `behind`: "", or more of the last line's, after the cells. */
struct terminal_column {
	const char *title;
	unsigned width;
	bool right;
	bool is_whole; /* grows with what it holds rather than cut it */
};
void terminal_row(const struct terminal_column *columns, size_t count, const char *const *cells,
		  enum terminal_style style, const char *behind);
void terminal_titles(const struct terminal_column *columns, size_t count);

/* A time span in few characters, never longer than it is: "3 s", "12 min", "5 h", "9 d". */
#define TERMINAL_AGE_SIZE 24
void terminal_age(double seconds, char ret_text[static TERMINAL_AGE_SIZE]);

/* Are stdin and stdout a terminal, so that somebody can be asked? */
bool terminal_can_ask(void);
/* Asks there whether it shall be; elsewhere it shall. */
bool terminal_is_wanted(void);

/* "" where there are no colours. */
const char *terminal_style(enum terminal_style style);
const char *terminal_style_end(enum terminal_style style);

/*
 * Widths by wcwidth() in a UTF-8 locale; colours by the eight that every terminal has.
 */
#include "ctl/terminal.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "core/base/check.h"

#define COLUMNS_DEFAULT 100
#define COLUMNS_MIN 60
#define COLUMNS_MAX 400
#define TABLE_COLUMNS_MAX 16
#define BYTES_MAX 4 /* of a character in UTF-8 */
_Static_assert(TERMINAL_CELL_SIZE > (BYTES_MAX + 1) * COLUMNS_MAX + 8,
	       "a line of any characters, and its padding");

void terminal_start(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
}

static unsigned within(long columns)
{
	return columns < COLUMNS_MIN ? COLUMNS_MIN : columns > COLUMNS_MAX ? COLUMNS_MAX : (unsigned)columns;
}

unsigned terminal_columns(void)
{
	struct winsize size;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		return within(size.ws_col);
	}
	const char *said = getenv("COLUMNS");
	long columns = said != NULL ? strtol(said, NULL, 10) : 0;
	return columns > 0 ? within(columns) : COLUMNS_DEFAULT;
}

bool terminal_has_colours(void)
{
	const char *no = getenv("NO_COLOR"), *kind = getenv("TERM");
	return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') && kind != NULL && strcmp(kind, "dumb") != 0;
}

/* Next character: its bytes, its columns, and what to show in its place (NULL: itself). */
static size_t next(const char *at, int *ret_columns, const char **ret_instead)
{
	wchar_t character = 0;
	mbstate_t state = {0};
	size_t size = mbrtowc(&character, at, strlen(at), &state);
	int columns = size != (size_t)-1 && size != (size_t)-2 ? wcwidth(character) : -1;
	bool turns = (character >= 0x202a && character <= 0x202e) ||
		     (character >= 0x2066 && character <= 0x2069) || character == 0x200e || character == 0x200f ||
		     character == 0x061c;
	bool shown = columns >= 0 && !turns;
	*ret_columns = shown ? columns : 1;
	*ret_instead = shown ? NULL : "\xef\xbf\xbd";
	return size == (size_t)-1 || size == (size_t)-2 ? 1 : size;
}

unsigned terminal_width(const char *text)
{
	unsigned width = 0;
	while (*text != '\0') {
		int columns;
		const char *instead;
		text += next(text, &columns, &instead);
		width += (unsigned)columns;
	}
	return width;
}

void terminal_fit(const char *text, unsigned columns, bool right, char ret_cell[static TERMINAL_CELL_SIZE])
{
	char body[TERMINAL_CELL_SIZE];
	size_t used = 0;
	unsigned width = 0;
	bool cut = false;
	unsigned room = terminal_width(text) > columns ? columns - 1 : columns;
	while (*text != '\0' && !cut) {
		int own;
		const char *instead;
		size_t size = next(text, &own, &instead);
		const char *bytes = instead != NULL ? instead : text;
		size_t bytes_size = instead != NULL ? strlen(instead) : size;
		/* Marks without width could be many: the cell's bytes are a limit too. */
		cut = width + (unsigned)own > room || used + bytes_size > sizeof(body) - columns - 8;
		if (!cut) {
			memcpy(body + used, bytes, bytes_size);
			used += bytes_size;
			width += (unsigned)own;
			text += size;
		}
	}
	body[used] = '\0';
	bool says_so = cut && width < columns; /* where only marks were cut, the cell may be full */
	unsigned pad = columns - width - (says_so ? 1 : 0);
	snprintf(ret_cell, TERMINAL_CELL_SIZE, "%*s%s%s%*s", right ? (int)pad : 0, "", body, says_so ? "…" : "",
		 right ? 0 : (int)pad, "");
}

void terminal_row(const struct terminal_column *columns, size_t count, const char *const *cells,
		  enum terminal_style style, const char *behind)
{
	fputs(terminal_style(style), stdout);
	for (size_t i = 0; i < count; i++) {
		char cell[TERMINAL_CELL_SIZE];
		unsigned own = terminal_width(cells[i]), width = columns[i].width;
		width = columns[i].is_whole && own > width && own <= COLUMNS_MAX ? own : width;
		terminal_fit(cells[i], width, columns[i].right, cell);
		printf("%s%s", i > 0 ? " " : "", cell);
	}
	printf("%s%s%s\n", behind[0] != '\0' ? " " : "", behind, terminal_style_end(style));
}

void terminal_titles(const struct terminal_column *columns, size_t count)
{
	const char *titles[TABLE_COLUMNS_MAX];
	CHECK(count <= TABLE_COLUMNS_MAX);
	for (size_t i = 0; i < count; i++) {
		titles[i] = columns[i].title;
	}
	terminal_row(columns, count, titles, TERMINAL_DIM, "");
}

void terminal_age(double seconds, char ret_text[static TERMINAL_AGE_SIZE])
{
	static const struct {
		const char *name;
		double seconds, below_s;
	} units[] = {{"s", 1, 60}, {"min", 60, 3600}, {"h", 3600, 48 * 3600}, {"d", 86400, HUGE_VAL}};
	size_t i = 0;
	while (seconds >= units[i].below_s) {
		i++;
	}
	snprintf(ret_text, TERMINAL_AGE_SIZE, "%.0f %s", seconds > 0 ? floor(seconds / units[i].seconds) : 0,
		 units[i].name);
}

bool terminal_can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

bool terminal_is_wanted(void)
{
	if (!terminal_can_ask()) {
		return true;
	}
	char line[16] = "";
	printf("Go on? [y/N] ");
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

const char *terminal_style(enum terminal_style style)
{
	static const char *const codes[TERMINAL_STYLE_COUNT] = {
		[TERMINAL_PLAIN] = "",		 [TERMINAL_BOLD] = "\033[1m",	 [TERMINAL_DIM] = "\033[2m",
		[TERMINAL_GREEN] = "\033[1;32m", [TERMINAL_YELLOW] = "\033[33m", [TERMINAL_BLUE] = "\033[34m",
	};
	return terminal_has_colours() ? codes[style] : "";
}

const char *terminal_style_end(enum terminal_style style)
{
	return style != TERMINAL_PLAIN && terminal_has_colours() ? "\033[0m" : "";
}

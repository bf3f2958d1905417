#include "ctl/phase_bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BAR_CELLS 10

enum terminal_style phase_bar_style(const char *phase)
{
	return strcmp(phase, "late") == 0    ? TERMINAL_GREEN
	       : strcmp(phase, "mid") == 0   ? TERMINAL_YELLOW
	       : strcmp(phase, "early") == 0 ? TERMINAL_BLUE
					     : TERMINAL_DIM;
}

/* Cells of a bar by largest remainder, so that they always fill it. */
static void share_cells(const double part[3], unsigned ret_cells[3])
{
	double rest[3];
	unsigned given = 0;
	for (int i = 0; i < 3; i++) {
		double exact = part[i] > 0 && part[i] <= 1 ? part[i] * BAR_CELLS : 0;
		ret_cells[i] = (unsigned)exact;
		rest[i] = exact - ret_cells[i];
		given += ret_cells[i];
	}
	for (; given < BAR_CELLS; given++) {
		int most = rest[1] > rest[0] ? 1 : 0;
		most = rest[2] > rest[most] ? 2 : most;
		ret_cells[most]++;
		rest[most] = -1;
	}
}

void phase_bar_print(const double part[static 3], const char *phase)
{
	static const char *const glyph[3] = {"░", "▒", "█"};
	static const enum terminal_style style[3] = {TERMINAL_BLUE, TERMINAL_YELLOW, TERMINAL_GREEN};
	static const char *const names[3] = {"early", "mid", "late"};
	unsigned cells[3];
	char percent[8] = "";
	share_cells(part, cells);
	for (int i = 0; i < 3; i++) {
		if (strcmp(phase, names[i]) == 0) {
			snprintf(percent, sizeof(percent), "%.0f%%", 100 * part[i]);
		}
		fputs(terminal_style(style[i]), stdout);
		for (unsigned n = 0; n < cells[i]; n++) {
			fputs(glyph[i], stdout);
		}
		fputs(terminal_style_end(style[i]), stdout);
	}
	printf(" %4s", percent);
}

void phase_bar_ago(int64_t then_us, int64_t now_us, char *ret_text, size_t size)
{
	if (then_us == INT64_MIN) {
		ret_text[0] = '\0';
		return;
	}
	int64_t minutes = (now_us - then_us) / 60000000;
	if (minutes < 1) {
		snprintf(ret_text, size, "now");
	} else if (minutes < 60) {
		snprintf(ret_text, size, "%" PRId64 " min", minutes);
	} else if (minutes < INT64_C(48) * 60) {
		snprintf(ret_text, size, "%" PRId64 " h", minutes / 60);
	} else if (minutes < INT64_C(100) * 1440) {
		snprintf(ret_text, size, "%" PRId64 " d", minutes / 1440);
	} else {
		snprintf(ret_text, size, "%" PRId64 " mo", minutes / 43830); /* of 30.44 days */
	}
}

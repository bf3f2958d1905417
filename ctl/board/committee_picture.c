#include "ctl/board/committee_picture.h"

#include <inttypes.h>
#include <math.h>

#include "ctl/board/bands.h"
#include "ctl/board/markup.h"

#define WIDTH 1000
#define HEAD 26
#define ROW 30
#define NAME_COLUMNS 32
#define ROLE_X 270
#define CELLS_X 400
#define CELL_WIDTH 110
#define NOTES_X 750

int committee_warmth(double share)
{
	if (!isfinite(share)) {
		return -1;
	}
	int step = (int)floor(fmin(fmax(share, 0), 1) * COMMITTEE_WARMTHS);
	return step < COMMITTEE_WARMTHS ? step : COMMITTEE_WARMTHS - 1;
}

static void draw_cells(const struct committee_member *member, int y, FILE *out)
{
	const double shares[] = {member->early, member->mid, member->late};
	double most = fmax(fmax(member->early, member->mid), member->late);
	for (int i = 0; i < 3; i++) {
		int warmth = committee_warmth(shares[i]), x = CELLS_X + i * CELL_WIDTH;
		char share[MARKUP_SHARE_SIZE];
		markup_share(shares[i], share);
		if (warmth < 0) {
			fprintf(out, "<rect class=\"cell unknown\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
				x, y, CELL_WIDTH - 4, ROW - 4);
			continue;
		}
		fprintf(out,
			"<rect class=\"cell warm%d%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/><text "
			"class=\"middle\" x=\"%d\" y=\"%d\">%s</text>",
			warmth, shares[i] >= most ? " most" : "", x, y, CELL_WIDTH - 4, ROW - 4,
			x + CELL_WIDTH / 2 - 2, y + 18, share);
	}
}

static void draw_notes(const struct committee_member *member, int y, FILE *out)
{
	const char *between = "";
	fprintf(out, "<text class=\"date\" x=\"%d\" y=\"%d\">", NOTES_X, y + 18);
	if (member->is_missing) {
		fputs("expected, and nobody is known", out);
	} else {
		const struct {
			bool is_so;
			const char *word;
		} notes[] = {{member->is_quiet, "silent"},
			     {member->is_laggard, "lags behind"},
			     {member->is_weightless, "no say now"}};
		for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
			if (notes[i].is_so) {
				fprintf(out, "%s%s", between, notes[i].word);
				between = ", ";
			}
		}
		fprintf(out, "%s%" PRId64 " touch%s", between, member->touches, member->touches == 1 ? "" : "es");
	}
	fputs("</text>", out);
}

static void draw_member(const struct committee_member *member, int y, FILE *out)
{
	fprintf(out, "<g class=\"member%s\">", member->is_missing ? " missing" : "");
	if (member->link != NULL) {
		fprintf(out, "<a class=\"who\" href=\"%s\">", member->link);
	}
	fprintf(out, "<text class=\"name\" x=\"0\" y=\"%d\">", y + 18);
	markup_fit(member->is_missing ? "nobody" : member->name, NAME_COLUMNS, out);
	fputs(member->link != NULL ? "</text></a>" : "</text>", out);
	fprintf(out, "<text x=\"%d\" y=\"%d\">", ROLE_X, y + 18);
	markup_fit(member->role != NULL ? member->role : "role not known", 16, out);
	fputs("</text>", out);
	draw_cells(member, y, out);
	draw_notes(member, y, out);
	fputs("</g>\n", out);
}

void committee_picture(const struct committee_member *members, size_t count, FILE *out)
{
	static const char *const heads[] = {"early", "mid", "late"};
	if (count == 0) {
		fputs("<p class=\"empty\">Nobody of this account is known.</p>\n", out);
		return;
	}
	size_t missing = 0;
	for (size_t i = 0; i < count; i++) {
		missing += members[i].is_missing ? 1 : 0;
	}
	fprintf(out,
		"<svg class=\"picture committee\" role=\"group\" viewBox=\"0 0 %d %zu\" "
		"aria-label=\"Committee\">\n",
		WIDTH, HEAD + count * ROW);
	fprintf(out,
		"<title>Committee</title><desc>%zu people and %zu expected roles that nobody has; for each how "
		"probable early, mid and late "
		"are. The table below says the same.</desc>\n",
		count - missing, missing);
	for (int i = 0; i < 3; i++) {
		fprintf(out, "<text class=\"middle\" x=\"%d\" y=\"18\">%s</text>",
			CELLS_X + i * CELL_WIDTH + CELL_WIDTH / 2 - 2, heads[i]);
	}
	fputc('\n', out);
	for (size_t i = 0; i < count; i++) {
		draw_member(&members[i], HEAD + (int)i * ROW, out);
	}
	fputs("</svg>\n", out);
}

#include "ctl/board/bands.h"

#include <math.h>

#include "core/base/check.h"

static double part_of(const struct bands_column *column, unsigned layer)
{
	double part = column->parts[layer];
	return isfinite(part) && part > 0 ? part : 0;
}

/* To tenths, so that what is written is what the edges are. */
static double rounded(double value)
{
	return round(value * 10) / 10;
}

void bands_edges(const struct bands *bands, const struct bands_column *column, double *ret_edges)
{
	CHECK(bands->layers > 0 && bands->layers <= BANDS_MAX);
	double sum = 0, bottom = bands->top + bands->height;
	for (unsigned i = 0; i < bands->layers; i++) {
		sum += part_of(column, i);
	}
	double full = bands->full > 0 ? bands->full : sum;
	double below = 0; /* of the sum, under the edge */
	for (unsigned i = bands->layers; i > 0; i--) {
		ret_edges[i] = rounded(bottom - (full > 0 ? fmin(below / full, 1) * bands->height : 0));
		below += part_of(column, i - 1);
	}
	ret_edges[0] = rounded(bands->full > 0 || sum <= 0
				       ? bottom - (full > 0 ? fmin(below / full, 1) * bands->height : 0)
				       : bands->top);
}

void bands_number(double value, FILE *out)
{
	double tenths = isfinite(value) ? round(value * 10) : 0;
	double whole = trunc(tenths / 10);
	double rest = fabs(tenths - whole * 10);
	fprintf(out, "%s%.0f", tenths < 0 ? "-" : "", fabs(whole));
	if (rest >= 1) {
		fprintf(out, ".%.0f", rest);
	}
}

static void point(char command, double x, double y, FILE *out)
{
	fputc(command, out);
	bands_number(x, out);
	fputc(' ', out);
	bands_number(y, out);
}

/* Columns from `first` up to the next gap, one area: along its upper edge, and back along its lower one. */
static void draw_run(const struct bands *bands, unsigned layer, size_t first, size_t end, FILE *out)
{
	double edges[BANDS_MAX + 1];
	for (size_t i = first; i < end; i++) {
		bands_edges(bands, &bands->columns[i], edges);
		point(i == first ? 'M' : 'L', bands->columns[i].x0, edges[layer], out);
		point('L', bands->columns[i].x1, edges[layer], out);
	}
	for (size_t i = end; i > first; i--) {
		bands_edges(bands, &bands->columns[i - 1], edges);
		point('L', bands->columns[i - 1].x1, edges[layer + 1], out);
		point('L', bands->columns[i - 1].x0, edges[layer + 1], out);
	}
	fputc('Z', out);
}

static bool has_any(const struct bands *bands, unsigned layer)
{
	for (size_t i = 0; i < bands->count; i++) {
		if (!bands->columns[i].is_gap && part_of(&bands->columns[i], layer) > 0) {
			return true;
		}
	}
	return false;
}

void bands_draw(const struct bands *bands, FILE *out)
{
	for (unsigned layer = 0; layer < bands->layers; layer++) {
		if (!has_any(bands, layer)) {
			continue;
		}
		fprintf(out, "<path class=\"%s\" d=\"", bands->classes[layer]);
		for (size_t i = 0; i < bands->count;) {
			size_t end = i;
			while (end < bands->count && !bands->columns[end].is_gap) {
				end++;
			}
			if (end > i) {
				draw_run(bands, layer, i, end, out);
			}
			i = end > i ? end : i + 1;
		}
		fputs("\"/>\n", out);
	}
}

/*
 * Bands one upon the other along a time axis, as SVG: probabilities of phases, or how many people are in each.
 *
 * Pure: numbers in, text out. What is no number, or below zero, counts as nothing.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define BANDS_MAX 5

/* From x0 to x1, as high as it is all that while. */
struct bands_column {
	double x0, x1;
	double parts[BANDS_MAX]; /* the first lies highest */
	bool is_gap;		 /* nothing is known, or nothing is to be shown */
};

struct bands {
	const struct bands_column *columns; /* by x, none over another */
	size_t count;
	unsigned layers;
	const char *const *classes; /* of each layer */
	double top, height;
	double full; /* the sum that fills the height; 0: each column fills it */
};

/* The edges of one column from above, layers + 1 of them: the last is the bottom, and where `full` is 0 the first is the top. */
void bands_edges(const struct bands *bands, const struct bands_column *column, double *ret_edges);
/* A path for each layer that there is something of. */
void bands_draw(const struct bands *bands, FILE *out);
/* A number as SVG wants it: at most one digit behind the point, never "-0", never more than it needs. */
void bands_number(double value, FILE *out);

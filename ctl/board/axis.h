/*
 * Days along a picture, from left to right: several of them in one column where there are many.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/board/markup.h"

#define AXIS_LEFT 64
#define AXIS_RIGHT 1000

struct axis {
	int64_t first_us; /* 00:00 UTC */
	int64_t days, days_each;
	size_t columns;
};

/* `days` from 1 on; more than `columns_max` of them share columns. */
void axis_init(struct axis *axis, int64_t first_us, int64_t days, size_t columns_max);
bool axis_holds(const struct axis *axis, int64_t us);
/* Of a moment; what lies outside is in the first or the last one. */
size_t axis_column(const struct axis *axis, int64_t us);
/* Its left edge; that of axis->columns is the right edge of all. */
double axis_x(const struct axis *axis, size_t column);
double axis_middle(const struct axis *axis, size_t column);
/* Its first and its last day. */
void axis_days(const struct axis *axis, size_t column, char ret_from[static MARKUP_DAY_SIZE],
	       char ret_to[static MARKUP_DAY_SIZE]);
/* 00:00 UTC of the Monday of its week. */
int64_t axis_monday(int64_t us);
/* Lines and dates, where there is room for them. */
void axis_draw(const struct axis *axis, double top, double bottom, FILE *out);

/*
 * How people moved, week by week, as SVG: bars up for those who came on, down for those who went back or left.
 *
 * Pure: rows in, text out.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum weeks_kind { WEEKS_ENTER, WEEKS_FORWARD, WEEKS_SKIP, WEEKS_BACK, WEEKS_LEAVE, WEEKS_KINDS };

struct weeks_week {
	int64_t week_us; /* its Monday */
	int64_t contacts[WEEKS_KINDS];
};

/* -1: none of them. */
int weeks_kind_of(const char *word);
const char *weeks_kind_name(enum weeks_kind kind);
/* By week; `link`, in escaped form: a URL to a week, behind which its Monday is put. */
void weeks_picture(const struct weeks_week *weeks, size_t count, const char *link, FILE *out);

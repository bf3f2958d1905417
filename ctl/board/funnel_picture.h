/*
 * The funnel over time, as SVG: how many people are in which phase at the end of each day, as areas one upon the other.
 *
 * Pure: rows in, text out.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct funnel_day {
	int64_t day_us;
	int64_t early, mid, late, none;
	int64_t early_accounts, mid_accounts, late_accounts, none_accounts;
};

/* A number not below `most` that is easily read: 1, 2 or 5 with zeros behind it; at least 1. */
int64_t funnel_round(int64_t most);
/* By day, without a gap; `process` in its <title>. */
void funnel_picture(const struct funnel_day *days, size_t count, const char *process, FILE *out);

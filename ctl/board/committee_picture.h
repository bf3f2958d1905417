/*
 * The committee of an account, as SVG: a row a member, a column a phase, as warm as it is probable; and the roles that nobody
 * has.
 *
 * Pure: rows in, text out.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define COMMITTEE_WARMTHS 5

struct committee_member {
	const char *name;	 /* NULL: not known */
	const char *role;	 /* NULL: not known */
	const char *link;	 /* to the journey, in escaped form; NULL: none */
	double early, mid, late; /* NAN: nothing is known */
	bool is_quiet, is_laggard, is_missing, is_weightless;
	int64_t touches;
};

/* 0 … COMMITTEE_WARMTHS - 1; -1: not known. */
int committee_warmth(double share);
void committee_picture(const struct committee_member *members, size_t count, FILE *out);

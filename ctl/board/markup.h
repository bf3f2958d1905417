/*
 * Text into HTML and SVG: whatever came from outside is escaped here and nowhere else.
 *
 * A text is shown as a text: no character of it begins a tag, ends an attribute, controls anything or turns the direction of
 * writing.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MARKUP_DAY_SIZE 16

/* For content and for attributes in double quotes. NULL: nothing. */
void markup_text(const char *text, FILE *out);
/* The same in at most so many columns, with "…" where it is cut. */
void markup_fit(const char *text, unsigned columns, FILE *out);
/* Of a URL's query: all but letters, digits and -._~ as %XX. */
void markup_url(const char *text, FILE *out);

/* "2026-11-25"; "" for INT64_MIN, which stands for no moment. */
void markup_day(int64_t us, char ret_text[static MARKUP_DAY_SIZE]);
/* A share as "12 %", without a sign of what it is not: 99.6 % is not all of it. */
#define MARKUP_SHARE_SIZE 16
void markup_share(double share, char ret_text[static MARKUP_SHARE_SIZE]);

/*
 * What stands around each page: head, menu, foot.
 */
#pragma once
#include <stddef.h>
#include <stdio.h>

struct job;
struct page;

void frame_begin(const struct job *job, const struct page *const *pages, size_t count, FILE *out);
void frame_end(FILE *out);
/* Around a table that may be wider than the page: it moves under its own bar, which one can reach by keyboard. */
void frame_table_begin(const char *label, FILE *out);
void frame_table_end(FILE *out);
/* A whole page that says one thing. */
void frame_say(const char *title, const char *text, FILE *out);

/*
 * What an import has done, or would do: how the file was read, how many lines, why some were refused. No word of what a line says.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/import.h"
#include "ctl/json_line.h"
#include "ctl/terminal.h"

static void add_cost(struct import_report *report, const struct import_touch *touch)
{
	size_t i = 0;
	while (i < report->currencies && strcmp(report->costs[i].code, touch->currency) != 0) {
		i++;
	}
	if (i == IMPORT_CURRENCIES_MAX) {
		report->other_costs++;
		return;
	}
	if (i == report->currencies) {
		report->currencies++;
		snprintf(report->costs[i].code, sizeof(report->costs[i].code), "%s", touch->currency);
	}
	report->costs[i].touches++;
	report->costs[i].parts += (double)touch->cost;
}

void import_report_touch(struct import_report *report, const struct import_touch *touch)
{
	bool first = report->touches++ == 0;
	report->from_us = first || touch->at_us < report->from_us ? touch->at_us : report->from_us;
	report->to_us = first || touch->at_us > report->to_us ? touch->at_us : report->to_us;
	report->consent[touch->consent]++;
	if (touch->has_cost) {
		add_cost(report, touch);
	}
}

void import_report_refuse(struct import_report *report, uint64_t line, const struct import_refusal *refusal)
{
	report->refused++;
	if (report->refusals_count < report->refusals_max) {
		report->refusals[report->refusals_count].line = line;
		report->refusals[report->refusals_count++].refusal = *refusal;
	}
}

static const char *separator_word(char separator)
{
	return separator == ',' ? "comma" : separator == ';' ? "semicolon" : separator == '\t' ? "tab" : "other";
}

static const char *order_word(enum import_reading order)
{
	return order == IMPORT_READING_FIRST ? "dmy" : order == IMPORT_READING_SECOND ? "mdy" : NULL;
}

static const char *mark_word(enum import_reading mark)
{
	return mark == IMPORT_READING_FIRST ? "comma" : mark == IMPORT_READING_SECOND ? "point" : NULL;
}

/* ---- In words ---- */

static void print_found(const char *what, const char *words, uint64_t line)
{
	if (words != NULL) {
		printf(", %s%s", what, words);
		if (line != 0) {
			printf(" (line %" PRIu64 " shows it)", line);
		}
	}
}

static void print_columns(const struct import_columns *columns)
{
	unsigned width = 0;
	for (size_t i = 0; i < columns->count; i++) {
		unsigned own = terminal_width(columns->column[i].name);
		width = own > width ? own : width;
	}
	for (size_t i = 0; i < columns->count; i++) {
		char cell[TERMINAL_CELL_SIZE];
		const char *field = import_field_name(columns->column[i].field);
		terminal_fit(columns->column[i].name, width, false, cell);
		printf("  %s  %s\n", cell, field != NULL ? field : "not taken");
	}
}

static void print_counts(const struct import_report *report)
{
	printf("%" PRIu64 " lines: %" PRIu64 " touches of kind %s, %" PRIu64 " refused", report->lines,
	       report->touches, report->kind, report->refused);
	if (report->repeated > 0) {
		printf(", %" PRIu64 " say what another line says and count once", report->repeated);
	}
	if (report->empty > 0) {
		printf(", %" PRIu64 " empty", report->empty);
	}
	putchar('\n');
	if (report->touches > 0) {
		char from[MOMENT_TEXT_SIZE], to[MOMENT_TEXT_SIZE];
		moment_print_second(report->from_us, from);
		moment_print_second(report->to_us, to);
		printf("from %s to %s\n", from, to);
		printf("consent to a profile: %" PRIu64 " granted, %" PRIu64 " denied, %" PRIu64 " say nothing\n",
		       report->consent[STATEMENT_GRANTED], report->consent[STATEMENT_DENIED],
		       report->consent[STATEMENT_UNSAID]);
	}
	for (size_t i = 0; i < report->currencies; i++) {
		printf("cost: %.2f %s (touches: %" PRIu64 ")\n", report->costs[i].parts / IMPORT_AMOUNT_UNIT,
		       report->costs[i].code, report->costs[i].touches);
	}
	if (report->other_costs > 0) {
		printf("cost: %" PRIu64 " touches in other currencies\n", report->other_costs);
	}
}

static void print_refusals(const struct import_report *report)
{
	for (size_t i = 0; i < report->refusals_count; i++) {
		const struct import_refusal *refusal = &report->refusals[i].refusal;
		printf("refused: line %" PRIu64 ": %s%s%s\n", report->refusals[i].line, refusal->field,
		       refusal->field[0] != '\0' ? ": " : "", refusal->why);
	}
	if (report->refused > report->refusals_count) {
		printf("refused: %" PRIu64 " more\n", report->refused - report->refusals_count);
	}
}

static void print_words(const struct import_report *report)
{
	printf("%s: %s (%s), columns by %s", report->path, report->encoding.name, report->encoding.why,
	       separator_word(report->separator));
	const char *order = report->order == IMPORT_READING_FIRST    ? "day first"
			    : report->order == IMPORT_READING_SECOND ? "month first"
								     : NULL;
	print_found("", order, report->order_line);
	print_found("decimal ", mark_word(report->mark), report->mark_line);
	putchar('\n');
	print_columns(&report->columns);
	print_counts(report);
	print_refusals(report);
	if (report->dry_run) {
		printf("nothing was sent: --dry-run\n");
	} else {
		printf("%" PRIu64 " delivered, %" PRIu64 " not delivered\n", report->delivered, report->lost);
	}
}

/* ---- As JSON ---- */

static json_t *columns_json(const struct import_columns *columns)
{
	json_t *list = json_array();
	for (size_t i = 0; i < columns->count; i++) {
		json_array_append_new(list, json_pack("{s:s, s:s?}", "column", columns->column[i].name, "field",
						      import_field_name(columns->column[i].field)));
	}
	return list;
}

static json_t *costs_json(const struct import_report *report)
{
	json_t *list = json_array();
	for (size_t i = 0; i < report->currencies; i++) {
		json_array_append_new(list, json_pack("{s:s, s:f, s:I}", "currency", report->costs[i].code, "sum",
						      report->costs[i].parts / IMPORT_AMOUNT_UNIT, "touches",
						      (json_int_t)report->costs[i].touches));
	}
	return list;
}

static json_t *refusals_json(const struct import_report *report)
{
	json_t *list = json_array();
	for (size_t i = 0; i < report->refusals_count; i++) {
		const struct import_refusal *refusal = &report->refusals[i].refusal;
		json_array_append_new(
			list, json_pack("{s:I, s:s?, s:s}", "line", (json_int_t)report->refusals[i].line, "field",
					refusal->field[0] != '\0' ? refusal->field : NULL, "why", refusal->why));
	}
	return list;
}

static void print_json(const struct import_report *report)
{
	bool any = report->touches > 0;
	json_line_print(
		json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o, "
			  "s:{s:I, s:I, s:I}, s:o, s:I, "
			  "s:o, s:I, s:I}",
			  "file", report->path, "kind", report->kind, "encoding", report->encoding.name,
			  "separator", separator_word(report->separator), "dates", order_word(report->order),
			  "decimal", mark_word(report->mark), "columns", columns_json(&report->columns), "dry_run",
			  (int)report->dry_run, "lines", (json_int_t)report->lines, "touches",
			  (json_int_t)report->touches, "refused", (json_int_t)report->refused, "repeated",
			  (json_int_t)report->repeated, "empty", (json_int_t)report->empty, "from",
			  json_line_moment(any ? report->from_us : INT64_MIN), "to",
			  json_line_moment(any ? report->to_us : INT64_MIN), "consent", "granted",
			  (json_int_t)report->consent[STATEMENT_GRANTED], "denied",
			  (json_int_t)report->consent[STATEMENT_DENIED], "unsaid",
			  (json_int_t)report->consent[STATEMENT_UNSAID], "costs", costs_json(report),
			  "other_costs", (json_int_t)report->other_costs, "refusals", refusals_json(report),
			  "delivered", (json_int_t)report->delivered, "not_delivered", (json_int_t)report->lost),
		JSON_REAL_PRECISION(15));
}

void import_report_print(const struct import_report *report, bool as_json)
{
	(as_json ? print_json : print_words)(report);
}

/*
 * phasectl why: what carries the phase that is shown of a contact, for and against, adding up.
 *
 * Folded and explained here, from what the database says was done: nothing is written. Touches of one rule and UTC day make one line.
 */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/flow/why_lines.h"
#include "ctl/contact_word.h"
#include "ctl/history.h"
#include "ctl/json_line.h"
#include "ctl/terminal.h"

#define STRONGEST 3    /* lines of each kind that are shown unless all are asked for */
#define STRONG_FROM .3 /* what is worth saying how long ago it was */
#define DIGITS 17      /* so that they add up to the last one */

static struct {
	const char *contact, *process, *time;
	bool json, all;
} asked = {.process = "standard"};

static const struct option_about options[] = {
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0, "the process (default: standard)"},
	{"time", "TIME", OPTION_TEXT, &asked.time, 0, 0, "as of then, as 2026-11-25T14:30:00Z (default: now)"},
	{"all", NULL, OPTION_FLAG, &asked.all, 0, 0, "all lines, not the three strongest for and against"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line: the start, each line, the sum"},
	{0},
};

/* ---- Lines ---- */

/* What speaks for it first, by how much; then what speaks against it, likewise. */
static int by_effect(const void *a, const void *b)
{
	const struct why_line *x = a, *y = b;
	if ((x->effect >= 0) != (y->effect >= 0)) {
		return x->effect >= 0 ? -1 : 1;
	}
	double one = fabs(x->effect), other = fabs(y->effect);
	return one != other ? (one < other) - (one > other) : why_lines_compare(x, y);
}

/* ---- JSON ---- */

static void print_json_line(const char *day, const char *rule, const char *content, double effect)
{
	json_t *object =
		json_pack("{so ss so sf}", "day", day != NULL ? json_string(day) : json_null(), "rule", rule,
			  "content", content != NULL ? json_string(content) : json_null(), "effect", effect);
	json_line_print(object, JSON_REAL_PRECISION(DIGITS));
}

static void print_json(const struct why_lines *lines, const struct why *why)
{
	print_json_line(NULL, "start", NULL, why->start);
	for (size_t i = 0; i < lines->count; i++) {
		char day[MOMENT_TEXT_SIZE];
		moment_print(lines->list[i].day * MOMENT_DAY_US, day);
		day[strlen("2026-11-25")] = '\0';
		print_json_line(day, lines->list[i].rule, lines->list[i].content, lines->list[i].effect);
	}
	print_json_line(NULL, "sum", NULL, why->logit);
}

/* ---- Words ---- */

/* What a person would call it: the content's title, else its name, else the rule's. */
static const char *title_of(const struct history *history, const struct why_line *line)
{
	for (unsigned i = 0; line->content != NULL && i < history->process->content_count; i++) {
		const struct model_content *content = &history->process->contents[i];
		if (strcmp(content->name, line->content) == 0) {
			return content->title != NULL ? content->title : content->name;
		}
	}
	return line->content != NULL ? line->content : line->rule;
}

static void print_line(const struct history *history, const struct why_line *line)
{
	char cell[TERMINAL_CELL_SIZE], day[32];
	time_t seconds = (time_t)(line->day * (WHY_DAY_MS / 1000));
	struct tm parts;
	bool known = gmtime_r(&seconds, &parts) != NULL && strftime(day, sizeof(day), "%e %b %Y", &parts) > 0;
	terminal_fit(title_of(history, line), 48, false, cell);
	printf("  %+5.1f  %s  %s  %s", line->effect, known ? day : "", cell, line->rule);
	if (line->touches > 1) {
		printf(", %u touches", line->touches);
	}
	putchar('\n');
}

/* Of sorted lines those of one sign; how many there are. */
static size_t print_side(const struct history *history, const struct why_lines *lines, bool against)
{
	size_t seen = 0;
	for (size_t i = 0; i < lines->count; i++) {
		if ((lines->list[i].effect < 0) != against) {
			continue;
		}
		if (seen == 0) {
			printf("%s%s%s\n", terminal_style(TERMINAL_DIM), against ? "Against" : "For",
			       terminal_style_end(TERMINAL_DIM));
		}
		if (seen < STRONGEST || asked.all) {
			print_line(history, &lines->list[i]);
		}
		seen++;
	}
	if (seen > STRONGEST && !asked.all) {
		printf("         and %zu more (--all)\n", seen - STRONGEST);
	}
	return seen;
}

static void print_head(const struct history *history, const struct why *why)
{
	const struct phase_view *view = &history->view;
	const char *phase = main_phase_name(view->reported), *band = band_name(view->band);
	printf("%s%c%s%s", terminal_style(TERMINAL_BOLD), phase[0] - 'a' + 'A', phase + 1,
	       terminal_style_end(TERMINAL_BOLD));
	printf(", probability %.2f%s%s", view->main[view->reported], band != NULL ? ", " : "",
	       band != NULL ? band : "");
	if (view->shown != shown_of_main(view->reported)) {
		printf("; shown as %s", shown_name(view->shown));
	}
	printf(". Process %s, %" PRIu32 " touches count.\n", history->process->name, view->counted);
	printf("The evidence is %+.2f: %+.2f to start with, %+.2f by what was done.\n", why->logit, why->start,
	       why->logit - why->start);
}

static void print_words(const struct history *history, struct why_lines *lines, const struct why *why)
{
	int64_t last_day = INT64_MIN;
	for (size_t i = 0; i < lines->count; i++) {
		if (fabs(lines->list[i].effect) >= STRONG_FROM && lines->list[i].day > last_day) {
			last_day = lines->list[i].day;
		}
	}
	terminal_start();
	print_head(history, why);
	if (lines->count > 0) {
		qsort(lines->list, lines->count, sizeof(*lines->list), by_effect);
	}
	print_side(history, lines, false);
	print_side(history, lines, true);
	if (last_day != INT64_MIN) {
		printf("The last of weight (%.1f or more) was %" PRId64 " days before.\n", STRONG_FROM,
		       moment_floor(history->at_ms, WHY_DAY_MS) - last_day);
	}
}

/* ---- The command ---- */

static bool explain(const struct history *history, struct arena *arena, struct fail *fail)
{
	struct arena own;
	struct why why;
	struct why_lines lines;
	if (history->view.reported == MAIN_NONE) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND, "%s",
				history->state.closed
					? "the process was closed: won or lost, and nothing has counted since"
					: "nothing has counted yet");
	}
	if (!arena_init(&own, why_memory(history->count))) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	enum why_result result = why_explain(&history->fold, history->touches, history->count, history->counted,
					     history->at_ms, history->view.reported, &own, &why);
	CHECK(result != WHY_ARENA_FULL);
	bool good = result == WHY_DONE;
	if (!good) {
		fail_set(fail, FAIL_FATAL, EXIT_FOUND,
			 "this process has no other phase that anything could speak for");
	} else if (!why_lines(history->process, history->touches, history->contents, history->count,
			      history->counted, &why, arena, &lines)) {
		good = fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	} else if (asked.json) {
		print_json(&lines, &why);
	} else {
		print_words(history, &lines, &why);
	}
	arena_finish(&own);
	return good;
}

static bool read_time(int64_t *ret_us, struct fail *fail)
{
	*ret_us = moment_now_us();
	return asked.time == NULL || ctl_read_time("--time", asked.time, ret_us, fail);
}

static bool answer(struct ctl *ctl, struct fail *fail)
{
	struct uuid contact;
	static struct history history;
	int64_t at_us;
	if (!read_time(&at_us, fail) || !ctl_read_conf(ctl, fail)) {
		return false;
	}
	struct postgres *postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, fail);
	bool good = postgres != NULL && contact_word_id(ctl, postgres, "why", asked.contact, &contact, fail) &&
		    history_read(ctl, postgres, &contact, asked.process, at_us, INT64_MAX, &history, fail);
	postgres_destroy(postgres);
	return good && explain(&history, &ctl->arena, fail);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	if (!answer(ctl, &fail)) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command why_command = {
	.words = "why",
	.summary = "what carries the phase of a contact, for and against",
	.details = "CONTACT is an id as report phases shows it, its first 8 digits or more, or - for an address "
		   "on stdin. "
		   "Each\n"
		   "line is what one rule's touches of one day say for the phase that is reported, in logit: +1 "
		   "makes it 2.7 "
		   "times\n"
		   "as likely against the others. With the start (where people begin, and what time does) they "
		   "add up to the "
		   "sum.\n"
		   "Needs phased_reader. Exit 1: nothing is known, or has counted.",
	.options = options,
	.operand = {"CONTACT", &asked.contact, true},
	.run = run,
};

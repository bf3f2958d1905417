#include "ctl/calibrate_report.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "ctl/json_line.h"
#include "ctl/terminal.h"

#define WORTH_SAYING 0.25 /* points */
#define OFTEN 2.0	  /* a class is four times the next: twice is the middle between two */
#define TOUCHES_FROM 20	  /* of what few were seen or expected, a class is not spoken about */

void calibrate_report_points(const struct model_process *process, const struct calibrated_rule *rule,
			     double ret_points[MAIN_COUNT])
{
	double points[PHASE_STATES], mean = 0, sums[MAIN_COUNT] = {0};
	unsigned counts[MAIN_COUNT] = {0};
	for (unsigned k = 0; k < process->states; k++) {
		points[k] = log(rule->learned[k]) / process->unit;
		mean += points[k] / process->states;
	}
	for (unsigned k = 1; k < process->states; k++) {
		sums[process->state_main[k]] += points[k] - mean;
		counts[process->state_main[k]]++;
	}
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		ret_points[m] = counts[m] > 0 ? sums[m] / counts[m] : (double)NAN;
	}
}

struct words {
	char *text;
	size_t used;
};

static void say(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *words, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int wrote = vsnprintf(words->text + words->used, CALIBRATE_WORDS_SIZE - words->used, format, arguments);
	va_end(arguments);
	CHECK(wrote >= 0 &&
	      (size_t)wrote < CALIBRATE_WORDS_SIZE - words->used); /* all that is said is of a few words */
	words->used += (size_t)wrote;
}

/* "says more for early and mid", or ", more for …" where something was said before. */
static void say_phases(struct words *words, const double points[MAIN_COUNT], double sign, const char *how)
{
	bool first = true;
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		if (isnan(points[m]) || sign * points[m] < WORTH_SAYING) {
			continue;
		}
		if (first) {
			say(words, "%s%s for ", words->used > 0 ? ", " : "says ", how);
		}
		say(words, "%s%s", first ? "" : " and ", main_phase_name((enum main_phase)m));
		first = false;
	}
}

static void say_frequency(struct words *words, const struct model_rule *about, const struct calibrated_rule *rule)
{
	double ratio = (double)rule->touches / rule->expected;
	int better = (int)about->frequency + (ratio >= OFTEN ? -1 : ratio <= 1 / OFTEN ? 1 : 0);
	if (better == (int)about->frequency || (double)rule->touches + rule->expected < TOUCHES_FROM) {
		return;
	}
	say(words, "%sseen %.2g times as often as its class (%s) lets expect", words->used > 0 ? "; " : "", ratio,
	    rule_frequency_name(about->frequency));
	if (better >= 0 && better < RULE_FREQUENCY_COUNT) {
		say(words, ", so rather %s", rule_frequency_name((enum rule_frequency)better));
	}
}

void calibrate_report_words(const struct model_process *process, const struct model_rule *about,
			    const struct calibrated_rule *rule, char ret_words[CALIBRATE_WORDS_SIZE])
{
	struct words words = {.text = ret_words};
	double points[MAIN_COUNT];
	calibrate_report_points(process, rule, points);
	ret_words[0] = '\0';
	say_phases(&words, points, 1, "more");
	say_phases(&words, points, -1, "less");
	say_frequency(&words, about, rule);
}

/* ---- In order of what changes ---- */

struct place {
	unsigned rule;
	double most; /* points */
};

static int by_change(const void *a, const void *b)
{
	const struct place *one = a, *other = b;
	if (one->most != other->most) {
		return one->most < other->most ? 1 : -1;
	}
	return one->rule < other->rule ? -1 : one->rule > other->rule;
}

static unsigned order(const struct model_process *process, const struct calibrated *calibrated,
		      struct place ret_places[PHASE_RULES_MAX])
{
	unsigned count = 0;
	for (unsigned r = 0; r < process->rule_count; r++) {
		double points[MAIN_COUNT], most = 0;
		if (process->rules[r].ignored) {
			continue;
		}
		calibrate_report_points(process, &calibrated->rules[r], points);
		for (unsigned m = 0; m < MAIN_COUNT; m++) {
			most = isnan(points[m]) ? most : fmax(most, fabs(points[m]));
		}
		ret_places[count++] = (struct place){r, most};
	}
	qsort(ret_places, count, sizeof(*ret_places), by_change);
	return count;
}

/* ---- Table ---- */

static void print_points(const double points[MAIN_COUNT])
{
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		if (isnan(points[m])) {
			printf("%7s", "-");
		} else {
			printf("%+7.1f", fabs(points[m]) < .05 ? 0.0 : points[m]);
		}
	}
}

void calibrate_report_table(const struct model_process *process, const struct calibrated *calibrated)
{
	static struct place places[PHASE_RULES_MAX];
	unsigned count = order(process, calibrated, places);
	printf("%s%-34s%9s%10s%7s%7s%7s%s\n", terminal_style(TERMINAL_DIM), "rule", "touches", "expected", "early",
	       "mid", "late", terminal_style_end(TERMINAL_DIM));
	for (unsigned i = 0; i < count; i++) {
		const struct model_rule *about = &process->rules[places[i].rule];
		const struct calibrated_rule *rule = &calibrated->rules[places[i].rule];
		char cell[TERMINAL_CELL_SIZE], words[CALIBRATE_WORDS_SIZE];
		double points[MAIN_COUNT];
		calibrate_report_points(process, rule, points);
		calibrate_report_words(process, about, rule, words);
		terminal_fit(about->name, 34, false, cell);
		printf("%s%9llu%10.0f", cell, (unsigned long long)rule->touches, rule->expected);
		print_points(points);
		printf("%s%s\n", words[0] != '\0' ? "  " : "", words);
	}
}

/* ---- JSON ---- */

void calibrate_report_json(const struct model_process *process, const struct calibrated *calibrated)
{
	static struct place places[PHASE_RULES_MAX];
	unsigned count = order(process, calibrated, places);
	for (unsigned i = 0; i < count; i++) {
		const struct model_rule *about = &process->rules[places[i].rule];
		const struct calibrated_rule *rule = &calibrated->rules[places[i].rule];
		char words[CALIBRATE_WORDS_SIZE];
		double points[MAIN_COUNT];
		json_t *by_phase = json_object(), *learned = json_object();
		calibrate_report_points(process, rule, points);
		calibrate_report_words(process, about, rule, words);
		for (unsigned m = 0; m < MAIN_COUNT; m++) {
			json_object_set_new(by_phase, main_phase_name((enum main_phase)m),
					    isnan(points[m]) ? json_null() : json_real(points[m]));
		}
		for (unsigned k = 0; k < process->states; k++) {
			json_object_set_new(learned, process->state_names[k], json_real(rule->learned[k]));
		}
		json_line_print(json_pack("{ss ss sI sf so so ss}", "process", process->name, "rule", about->name,
					  "touches", (json_int_t)rule->touches, "expected", rule->expected,
					  "points", by_phase, "learned", learned, "words", words),
				JSON_REAL_PRECISION(6));
	}
}

/*
 * What calibration changes, for people: in points, and in words.
 */
#pragma once
#include "core/flow/calibrate.h"

/* How much more a touch of the rule says for each main phase than its points alone, in points: relative to the mean of all states, since
 * only differences say anything. NaN for a main phase that the process has not. */
void calibrate_report_points(const struct model_process *process, const struct calibrated_rule *rule,
			     double ret_points[MAIN_COUNT]);
/* "says more for late, less for early; seen 4.2 times as often as its class (normal) lets expect, so rather common"; "" where nothing is
 * worth saying. */
#define CALIBRATE_WORDS_SIZE 256
void calibrate_report_words(const struct model_process *process, const struct model_rule *about,
			    const struct calibrated_rule *rule, char ret_words[CALIBRATE_WORDS_SIZE]);

/* To stdout: a table, the rules that change most first. */
void calibrate_report_table(const struct model_process *process, const struct calibrated *calibrated);
/* To stdout: one object a rule. */
void calibrate_report_json(const struct model_process *process, const struct calibrated *calibrated);

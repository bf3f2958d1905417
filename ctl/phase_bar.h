/*
 * How a phase looks on a terminal: its colour, the bar of the three probabilities, and how long ago something was.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ctl/terminal.h"

#define PHASE_BAR_COLUMNS 15

enum terminal_style phase_bar_style(const char *phase);
/* "░░░▒▒▒▒▒▒█  63%" on stdout: early, mid, late, and how likely the phase is that is shown. */
void phase_bar_print(const double part[static 3], const char *phase);
/* "now", "5 min", "3 h", "3 d", "14 mo"; "" for INT64_MIN. */
void phase_bar_ago(int64_t then_us, int64_t now_us, char *ret_text, size_t size);

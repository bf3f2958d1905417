/*
 * How far long work has come, on stderr: a bar where that is a terminal, else a line every few seconds.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/fail.h"

struct postgres;

struct progress {
	const char *what; /* borrowed: "model diff" */
	bool bar;
	bool drawn; /* a bar stands on the terminal */
	int64_t begun_us, next_us;
	double part;
	char words[96];
};

/* `printing`: results are printed meanwhile, so that on one terminal a bar would be in their way. */
void progress_begin(struct progress *progress, const char *what, bool printing);
/* Of all there is to do this part (0 … 1; less than 0: not known) is done. `words`: what has been done, in a few words. Shown now and
 * then; as cheap as a look at the clock. */
void progress_show(struct progress *progress, double part, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* As ctl_turn(), with what was shown last shown on. */
bool progress_turn(struct progress *progress, struct postgres *postgres, struct fail *fail);
/* Takes the bar away. Before anything else is printed. */
void progress_end(struct progress *progress);

/*
 * phasectl model diff NEW: what another model would change, on all history, before it counts.
 *
 * Reads one snapshot in a transaction that is read only, and folds it here under the model in force and under the new one: nothing is
 * written, not even for a while.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "ctl/diff.h"
#include "ctl/terminal.h"

static struct {
	const char *model, *time;
	int64_t sample, top, touches_max;
	bool json;
} asked = {.sample = 100, .top = 10, .touches_max = 200000};

static const struct option_about options[] = {
	{"top", "N", OPTION_NUMBER, &asked.top, 0, DIFF_LISTED_MAX,
	 "how many of the largest moves and of the latest alerts are\nlisted (default: 10)"},
	{"time", "TIME", OPTION_TEXT, &asked.time, 0, 0,
	 "what was done until then, and shown then, as\n2026-11-25T14:30:00Z (default: now)"},
	{"sample", "PERCENT", OPTION_NUMBER, &asked.sample, 1, 100,
	 "look at so many of 100 contacts, always the same ones"},
	{"touches-max", "N", OPTION_NUMBER, &asked.touches_max, 1, 2000000,
	 "leave out, and name, contacts of more touches than\nthat, which do not fit into memory (default: "
	 "200000)"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0,
	 "one JSON object a line: each contact that differs, and sums"},
	{0},
};

static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};

/* ---- The command ---- */

static bool fold_all_contacts(struct diff *diff, struct fail *fail)
{
	if (!diff_room_init(diff) || !diff_tally_init(diff)) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory for histories of %zu touches",
				diff->touches_max);
	}
	return diff_subjects_read(diff, fail) &&
	       diff_contacts_read(diff, NULL, 0, diff_tally_contact, NULL, fail) &&
	       (diff_tally_rules(diff) || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory"));
}

static bool say_in_words(struct diff *diff, struct fail *fail)
{
	if (!diff_names_read(diff, fail)) {
		return false;
	}
	progress_end(diff->progress);
	terminal_start();
	diff_words_head(diff);
	diff_words_counts(diff);
	if (!diff_why_moves(diff, diff_words_why, fail)) {
		return false;
	}
	progress_end(diff->progress);
	diff_words_end(diff);
	return true;
}

static bool compare(struct diff *diff, struct fail *fail)
{
	if (!diff_models_read(diff, asked.model, fail)) {
		return false;
	}
	if (diff->json) {
		diff_json_head(diff);
	}
	if (!fold_all_contacts(diff, fail)) {
		return false;
	}
	bool good = diff->json ? diff_why_moves(diff, diff_json_why, fail) : say_in_words(diff, fail);
	if (good && diff->json) {
		diff_json_end(diff);
	}
	return good && postgres_add(diff->postgres, &commit, NULL, NULL, NULL, fail) &&
	       ctl_turn(diff->postgres, fail);
}

static bool read_time(int64_t *ret_us, struct fail *fail)
{
	if (asked.time != NULL && !ctl_read_time("--time", asked.time, ret_us, fail)) {
		return false;
	}
	if (asked.time != NULL) { /* the fold's clock has milliseconds: all of this one */
		*ret_us = (moment_floor(*ret_us, MOMENT_MS_US) + 1) * MOMENT_MS_US - 1;
	}
	return true;
}

static int run(struct ctl *ctl)
{
	static struct diff diff;
	struct progress progress;
	struct fail fail;
	diff.ctl = ctl;
	diff.progress = &progress;
	diff.doing = "folded under both";
	diff.sample = (double)asked.sample / 100;
	diff.listed_max = (size_t)asked.top;
	diff.touches_max = (size_t)asked.touches_max;
	diff.json = asked.json;
	diff.now_us = INT64_MIN;
	progress_begin(&progress, "model diff", asked.json);
	bool done = read_time(&diff.now_us, &fail) && ctl_read_conf(ctl, &fail) &&
		    (diff.postgres = ctl_connect(ctl, DIFF_ANSWER_MS, &fail)) != NULL && compare(&diff, &fail);
	progress_end(&progress);
	bool differs = diff_tally_differs(&diff.tally);
	postgres_destroy(diff.postgres);
	diff_models_finish(&diff);
	diff_room_finish(&diff);
	diff_tally_finish(&diff.tally);
	diff_subjects_finish(&diff.subjects);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	return differs ? EXIT_FOUND : EXIT_DONE;
}

const struct command model_diff_command = {
	.words = "model diff",
	.summary = "what another model would change, on all history",
	.details =
		"NEW is a model file or a folder of them. All touches are folded under the model in force and "
		"under\n"
		"NEW, in memory, from one snapshot of the database: nothing is written. Says who would be in\n"
		"another phase (counts from and to), the largest moves with their reasons, alerts that would be\n"
		"raised or not, and touches that another rule would take. A reason is what a day's touches of a\n"
		"rule say for the phase, less what they said before, in logit.\n"
		"Needs phased_reader; names are shown to phased_seller. Exit 1: something differs.",
	.options = options,
	.operand = {"NEW", &asked.model, true},
	.run = run,
};

/*
 * phasectl model lint: what people were seen doing that no rule takes, as rules that can be pasted into a model file.
 *
 * Changes nothing. The rules have no points yet: which phase a page speaks for is for people to say.
 */
#include <inttypes.h>
#include <stdio.h>

#include "core/base/check.h"
#include "core/flow/lint.h"
#include "core/flow/match.h"
#include "ctl/ctl.h"
#include "ctl/model_lint_print.h"
#include "ctl/model_load.h"
#include "ctl/progress.h"
#include "ctl/seen.h"

static struct {
	const char *model;
	bool from_db;
	int64_t days, limit, touches_min;
} asked = {.limit = 20, .touches_min = 5};

static const struct option_about options[] = {
	{"from-db", NULL, OPTION_FLAG, &asked.from_db, 0, 0,
	 "from what the database has: needed, there is no other source"},
	{"model", "PATH", OPTION_TEXT, &asked.model, 0, 0,
	 "a model file, or a folder of them (default: model.path of the configuration)"},
	{"days", "N", OPTION_NUMBER, &asked.days, 1, 36500, "only what was seen in the last days (default: all)"},
	{"limit", "N", OPTION_NUMBER, &asked.limit, 1, 1000, "at most so many rules (default: 20)"},
	{"min-touches", "N", OPTION_NUMBER, &asked.touches_min, 1, INT64_C(1000000000),
	 "only what so many touches or more were of (default: 5)"},
	{0},
};

static void print_head(const struct seen *seen, const struct lint *lint)
{
	printf("# Of %" PRIu64 " touches %" PRIu64 " match only \"other\" (%zu subjects looked at%s).\n",
	       seen->touches, lint->touches, seen->count, seen->cut ? ", those with most touches" : "");
	if (lint->unknowable > 0) {
		printf("# Of these, %" PRIu64
		       " say nothing of what they were about that a rule could ask for: no path, title, label,\n"
		       "# form or topic; or \"other\" takes them by a property, or by a regular expression for\n"
		       "# just that.\n",
		       lint->unknowable);
	}
	if (lint->rare > 0) {
		printf("# Of these, %" PRIu64
		       " are left out, since they are rare or beyond the limit (--min-touches, --limit).\n",
		       lint->rare);
	}
	if (lint->count > 0) {
		printf("# Paste each rule where it says, give it a better name, and points from 1 to 3 for the "
		       "phases that it speaks "
		       "for (or\n# leave \"points\" out). Then: phasectl model check, and phasectl model diff\n");
	}
}

static bool lint(struct ctl *ctl, const struct matcher *matcher, struct fail *fail)
{
	struct seen seen;
	struct lint found;
	struct progress progress;
	progress_begin(&progress, "model lint", false);
	bool good = seen_read(&seen, ctl, matcher, asked.days, &progress, fail);
	progress_end(&progress);
	const struct model_seen about = {
		.matcher = matcher, .subjects = seen.subjects, .count = seen.count, .cut = seen.cut};
	if (good && !lint_make(&about, (size_t)asked.limit, (uint64_t)asked.touches_min, &seen.arena, &found)) {
		good = fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "what was seen does not fit into memory");
	}
	if (good) {
		print_head(&seen, &found);
		model_lint_print(matcher_model(matcher), &found);
	}
	seen_finish(&seen);
	return good;
}

/* NULL: *fail. */
static struct matcher *load(struct ctl *ctl, struct fail *fail)
{
	struct model *model;
	const char *path = asked.model != NULL ? asked.model : ctl->conf.model.path;
	return model_load(ctl, path, &model, fail) ? matcher_create(model, fail) : NULL;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct matcher *matcher = NULL;
	bool done = asked.from_db ||
		    fail_set(&fail, FAIL_FATAL, EXIT_USAGE, "expected --from-db: there is no other source");
	done = done && ctl_read_conf(ctl, &fail) && (matcher = load(ctl, &fail)) != NULL &&
	       lint(ctl, matcher, &fail);
	matcher_destroy(matcher);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command model_lint_command = {
	.words = "model lint",
	.summary = "what people were seen doing that no rule takes, as rules",
	.details = "Prints YAML that can be pasted into a model file: a rule for each group of touches that match "
		   "only "
		   "\"other\",\nthose with most touches, pages of one folder together. The rules have no points "
		   "yet: which "
		   "phase a page speaks\nfor is for you to say. Changes nothing. Needs phased_reader.",
	.options = options,
	.run = run,
};

/*
 * phasectl model check: all that is wrong with a model, or does not do what it seems to say, at once. Changes nothing.
 */
#include <jansson.h>
#include <stdio.h>

#include "core/base/check.h"
#include "core/edge/topic_file.h"
#include "core/flow/match.h"
#include "core/flow/model_check.h"
#include "core/flow/model_seen.h"
#include "core/model/topic.h"
#include "ctl/ctl.h"
#include "ctl/json_line.h"
#include "ctl/model_load.h"
#include "ctl/progress.h"
#include "ctl/seen.h"

#define MORE "and more, of which there is no room to tell"

static struct {
	const char *model, *topics;
	bool from_db, json;
	int64_t days;
} asked;

static const struct option_about options[] = {
	{"model", "PATH", OPTION_TEXT, &asked.model, 0, 0,
	 "a model file, or a folder of them (default: model.path of the configuration)"},
	{"topics", "FILE", OPTION_TEXT, &asked.topics, 0, 0,
	 "words of topics (default: topics.yaml beside the configuration, where there is one)"},
	{"from-db", NULL, OPTION_FLAG, &asked.from_db, 0, 0,
	 "also against what people were seen doing: rules that nobody reached, frequencies"},
	{"days", "N", OPTION_NUMBER, &asked.days, 1, 36500,
	 "with --from-db: only what was seen in the last days (default: all)"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a finding"},
	{0},
};

/* ---- What is printed ---- */

static void print_json(const struct finding *finding)
{
	json_line_print(json_pack("{s:s, s:s?, s:o, s:s, s:s?}", "severity", finding_grade_name(finding->grade),
				  "file", finding->file[0] != '\0' ? finding->file : NULL, "line",
				  json_line_number(finding->line > 0 ? (int64_t)finding->line : -1), "what",
				  finding->what, "instead", finding->instead[0] != '\0' ? finding->instead : NULL),
			0);
}

/* Of all that was found, told or not, the gravest. */
static enum finding_grade gravest(const struct findings *findings)
{
	unsigned grade = FINDING_ERROR;
	while (grade < FINDING_ADVICE && findings->of_grade[grade] == 0) {
		grade++;
	}
	return (enum finding_grade)grade;
}

static void print_words(const struct finding *finding)
{
	printf("%s", finding->file);
	if (finding->line > 0) {
		printf(":%u", finding->line);
	}
	printf("%s%s: %s\n", finding->file[0] != '\0' ? ": " : "", finding_grade_name(finding->grade),
	       finding->what);
	if (finding->instead[0] != '\0') {
		printf("    instead: %s\n", finding->instead);
	}
}

static void print_count(size_t count, const char *one, const char *several, bool is_first)
{
	printf("%s%zu %s", is_first ? "" : ", ", count, count == 1 ? one : several);
}

static void print_sum(const struct findings *findings, const struct model *model)
{
	char words[512];
	if (findings->cut) {
		printf("… " MORE "\n");
	}
	print_count(findings->of_grade[FINDING_ERROR], "error", "errors", true);
	print_count(findings->of_grade[FINDING_WARNING], "warning", "warnings", false);
	print_count(findings->of_grade[FINDING_ADVICE], "piece of advice", "pieces of advice", false);
	if (model != NULL) {
		model_describe(model, words, sizeof(words));
		printf(": model %s", words);
	}
	printf("\n");
}

static void print_all(struct findings *findings, const struct model *model)
{
	findings_sort(findings);
	for (size_t i = 0; i < findings->count; i++) {
		if (asked.json) {
			print_json(&findings->items[i]);
		} else {
			print_words(&findings->items[i]);
		}
	}
	if (!asked.json) {
		print_sum(findings, model);
	} else if (findings->cut) {
		print_json(&(struct finding){.grade = gravest(findings), .file = "", .what = MORE, .instead = ""});
	}
}

/* ---- What is looked at ---- */

static bool check_topics(struct ctl *ctl, const struct model *model, struct findings *findings, struct fail *fail)
{
	const struct topic_book *book;
	bool is_there;
	const char *path = ctl_topic_words(ctl, asked.topics, &is_there);
	if (!is_there) {
		return true;
	}
	if (!topic_file_read(path, &ctl->arena, &book, fail)) {
		return false;
	}
	const char **names = arena_array(&ctl->arena, book->topic_count, sizeof(*names));
	CHECK(names != NULL);
	for (unsigned i = 0; i < book->topic_count; i++) {
		names[i] = book->topics[i].name;
	}
	model_check_topics(model, names, book->topic_count, findings);
	return true;
}

static bool check_seen(struct ctl *ctl, const struct matcher *matcher, struct findings *findings,
		       struct fail *fail)
{
	struct seen seen;
	struct progress progress;
	progress_begin(&progress, "model check", false);
	uint64_t *counted = arena_zero(
		&ctl->arena, (size_t)matcher_model(matcher)->process_count * PHASE_RULES_MAX, sizeof(*counted));
	CHECK(counted != NULL);
	bool good = seen_read(&seen, ctl, matcher, asked.days, &progress, fail) &&
		    seen_count(&seen, &progress, counted, fail);
	progress_end(&progress);
	if (good && seen.count == 0) {
		findings_add(findings, FINDING_ADVICE, "", 0, NULL,
			     "nothing was seen yet: there is nothing to hold the model against");
	} else if (good) {
		const struct model_seen about = {.matcher = matcher,
						 .subjects = seen.subjects,
						 .count = seen.count,
						 .cut = seen.cut,
						 .counted = counted};
		model_seen_check(&about, findings);
	}
	seen_finish(&seen);
	return good;
}

/* False: something other than the model was in the way. */
static bool check(struct ctl *ctl, struct findings *findings, struct model **ret_model, struct fail *fail)
{
	const char *path = asked.model != NULL ? asked.model : ctl->conf.model.path;
	struct matcher *matcher = model_load_all(ctl, path, ret_model, findings);
	if (matcher == NULL) {
		return true;
	}
	model_check_rules(*ret_model, findings);
	model_check_contents(*ret_model, matcher, findings);
	bool good = check_topics(ctl, *ret_model, findings, fail) &&
		    (!asked.from_db || check_seen(ctl, matcher, findings, fail));
	matcher_destroy(matcher);
	return good;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct findings findings;
	struct model *model = NULL;
	bool done = ctl_read_conf(ctl, &fail);
	if (done && !findings_init(&findings, MODEL_FINDINGS_MAX, &ctl->arena)) {
		done = fail_set(&fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	if (done && asked.days > 0 && !asked.from_db) {
		done = fail_set(&fail, FAIL_FATAL, EXIT_USAGE, "--days: only with --from-db");
	}
	done = done && check(ctl, &findings, &model, &fail);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	print_all(&findings, model);
	static const enum exit_code exits[] = {
		[FINDING_ERROR] = EXIT_BAD_DATA, [FINDING_WARNING] = EXIT_FOUND, [FINDING_ADVICE] = EXIT_DONE};
	return (int)exits[gravest(&findings)];
}

const struct command model_check_command = {
	.words = "model check",
	.summary = "look for all that is wrong with a model, before it counts",
	.details =
		"An error: the model cannot be used so. A warning: it can, and does not do what it seems to say. "
		"Advice:\nthere may be a better way. Each with file, line, and what to write instead. Needs no "
		"server, but with\n--from-db, which needs phased_reader. Exit: 65 errors, 1 warnings, 0 neither.",
	.options = options,
	.run = run,
};

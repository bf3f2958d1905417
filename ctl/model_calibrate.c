/*
 * phasectl model calibrate: learns the weights of a process's rules from what contacts did, and writes them as a model that can be read,
 * compared and accepted. Nothing in the database changes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/edge/model_file.h"
#include "core/flow/calibrate.h"
#include "ctl/calibrate_read.h"
#include "ctl/calibrate_report.h"
#include "ctl/ctl.h"
#include "ctl/json_line.h"
#include "ctl/terminal.h"

static struct {
	const char *model, *touches, *process, *output;
	bool json;
} asked = {.process = "standard"};

static const struct option_about options[] = {
	{"model", "PATH", OPTION_TEXT, &asked.model, 0, 0,
	 "the model to start from: a file, or a folder of them\n(default: the one in force)"},
	{"touches", "FILE", OPTION_TEXT, &asked.touches, 0, 0,
	 "what was done, in lines as of model try; - is stdin\n(default: what the database has)"},
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0, "whose rules are weighed (default: standard)"},
	{"output", "FILE", OPTION_TEXT, &asked.output, 0, 0,
	 "where the model goes, with what was learned: a file for a\nfile, a folder for a folder; must not exist "
	 "yet"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line: each rule, then a summary"},
	{0},
};

static bool complain_memory(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
}

/* ---- Learning ---- */

static bool enough(const struct calibration *calibration, struct fail *fail)
{
	size_t contacts = calibration_contacts(calibration);
	if (contacts < CALIBRATE_CONTACTS_MIN) {
		return fail_set(
			fail, FAIL_DATA, EXIT_BAD_DATA,
			"%zu contacts with touches that count in process %s: fewer than %d say nothing about a "
			"rule book, %d are advised",
			contacts, asked.process, CALIBRATE_CONTACTS_MIN, CALIBRATE_CONTACTS_ADVISED);
	}
	if (contacts < CALIBRATE_CONTACTS_ADVISED) {
		fprintf(stderr,
			"phasectl: %zu contacts are few, %d are advised: look at what is learned with care\n",
			contacts, CALIBRATE_CONTACTS_ADVISED);
	}
	return true;
}

static void on_round(void *context, unsigned round)
{
	struct calibrate_work *work = context;
	progress_show(&work->progress, (double)(round + 1) / CALIBRATE_PASSES_MAX,
		      "pass %u, of %d at most, over %zu touches", round + 1, CALIBRATE_PASSES_MAX,
		      calibration_touches(work->calibration));
}

/* ---- What it says ---- */

static void print_summary(const struct calibration *calibration, const struct calibrated *calibrated)
{
	if (asked.json) {
		json_line_print(json_pack("{ss sI sI sb sf sf si sf sf}", "process", asked.process, "contacts",
					  (json_int_t)calibration_contacts(calibration), "touches",
					  (json_int_t)calibration_touches(calibration), "learned",
					  (int)calibrated->is_worth_it, "gain", calibrated->gain, "gain_deviation",
					  calibrated->gain_deviation, "rounds", (int)calibrated->rounds,
					  "log_likelihood_before", calibrated->before, "log_likelihood",
					  calibrated->after),
				JSON_REAL_PRECISION(9));
		return;
	}
	printf("%s: %zu contacts, %zu touches count. What one half of the contacts teaches makes a touch of the "
	       "other "
	       "%.1f %% (+- %.1f) more likely than the points alone.\n",
	       asked.process, calibration_contacts(calibration), calibration_touches(calibration),
	       100 * expm1(calibrated->gain), 100 * exp(calibrated->gain) * calibrated->gain_deviation);
	if (!calibrated->is_worth_it) {
		printf("That is less than %.0f %%, and may be for what else the model does not know: the points "
		       "stand, "
		       "nothing is learned.\n",
		       100 * expm1(CALIBRATE_GAIN_MIN));
	} else {
		printf("Learned from all in %u rounds.\n", calibrated->rounds);
	}
	if (asked.output == NULL) {
		printf("Nothing was written: --output FILE writes a model file with this.\n");
	} else {
		printf("%s has it: phasectl model diff says who would be elsewhere, model accept puts it in "
		       "force.\n",
		       asked.output);
	}
}

/* ---- The model file ---- */

/* As the file will have them: of six digits. */
static bool take_over(struct ctl *ctl, const struct model_process *process, const struct calibrated *calibrated,
		      struct model_process *ret_process, struct fail *fail)
{
	struct model_rule *rules = arena_array(&ctl->arena, process->rule_count, sizeof(*rules));
	double(*learned)[PHASE_STATES] = arena_array(&ctl->arena, process->rule_count, sizeof(*learned));
	if (rules == NULL || learned == NULL) {
		return complain_memory(fail);
	}
	memcpy(rules, process->rules, process->rule_count * sizeof(*rules));
	for (unsigned r = 0; r < process->rule_count; r++) {
		bool any = false; /* of a channel that nobody touched nothing is learned */
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			char digits[32];
			snprintf(digits, sizeof(digits), "%.6g", calibrated->rules[r].learned[k]);
			learned[r][k] = strtod(digits, NULL);
			any = any || learned[r][k] != 1;
		}
		rules[r].learned = any ? learned[r] : NULL;
	}
	*ret_process = *process;
	ret_process->rules = rules;
	return true;
}

static bool read_text(struct ctl *ctl, const char *path, const char **ret_text, struct fail *fail)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	bool good =
		file != NULL && (getdelim(&text, &size, '\0', file) > 0 || feof(file) != 0) && ferror(file) == 0;
	*ret_text = good ? arena_text(&ctl->arena, text, strlen(text)) : NULL;
	good = good || fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: %s", path, strerror(errno));
	free(text);
	if (file != NULL) {
		fclose(file);
	}
	return good && (*ret_text != NULL || complain_memory(fail));
}

static bool write_new(const char *path, const char *text, struct fail *fail)
{
	int number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	FILE *file = number >= 0 ? fdopen(number, "w") : NULL;
	bool good = file != NULL && fputs(text, file) >= 0;
	int why = errno;
	if (file != NULL && fclose(file) != 0) {
		why = errno;
		good = false;
	}
	if (!good && file != NULL) {
		unlink(path); /* half a file is none */
	}
	return good || fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: %s", path, strerror(why));
}

/* Somebody may have laid out the section as we do not expect: what goes out has been read back. */
static bool check(struct ctl *ctl, const struct model_process *process, const char *text, struct fail *fail)
{
	const struct model_process *back;
	if (!model_file_parse_process(text, strlen(text), process->file, &ctl->arena, &back, fail)) {
		fail_prefix(fail, "with what was learned");
		return false;
	}
	for (unsigned r = 0; r < process->rule_count; r++) {
		const double *one = process->rules[r].learned, *other = back->rules[r].learned;
		bool same = (one == NULL) == (other == NULL);
		for (unsigned k = 0; k < PHASE_STATES && one != NULL && other != NULL; k++) {
			same = same && one[k] == other[k];
		}
		if (back->rule_count != process->rule_count || !same) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
					"%s: take its section \"learned\" out first, it cannot be replaced as it "
					"is laid out",
					process->file);
		}
	}
	return true;
}

/* Does it hold all processes, as phasectl model show prints it? */
static bool is_canonical(const char *text)
{
	static const char key[] = "processes:";
	const char *at = text;
	while (at != NULL && strncmp(at, key, sizeof(key) - 1) != 0) {
		at = strchr(at, '\n');
		at = at != NULL ? at + 1 : NULL;
	}
	return at != NULL;
}

/* The text of the process's own file, with the section; of a model without such files all of it. */
static bool make_text(const struct calibrate_work *work, const struct calibrated *calibrated, bool *ret_is_whole,
		      const char **ret_text, struct fail *fail)
{
	const struct model *model = work->model;
	struct ctl *ctl = work->ctl;
	CHECK(model != NULL && work->process != NULL);
	struct model_process processes[MODEL_PROCESSES_MAX],
		*learned = &processes[work->process - model->processes];
	struct model whole = {.process_count = model->process_count, .processes = processes};
	const char *source = NULL;
	char comment[200];
	size_t size;
	memcpy(processes, model->processes, model->process_count * sizeof(*processes));
	snprintf(comment, sizeof(comment),
		 "  # By phasectl model calibrate, from %zu contacts and %zu touches that count.\n",
		 calibration_contacts(work->calibration), calibration_touches(work->calibration));
	if (!take_over(ctl, work->process, calibrated, learned, fail) ||
	    (asked.model != NULL && !read_text(ctl, work->process->file, &source, fail))) {
		return false;
	}
	*ret_is_whole = source == NULL || is_canonical(source);
	if (*ret_is_whole) {
		return model_text_write(&whole, &ctl->arena, ret_text, &size) || complain_memory(fail);
	}
	return model_file_relearn(source, learned, comment, &ctl->arena, ret_text)
		       ? check(ctl, learned, *ret_text, fail)
		       : complain_memory(fail);
}

static bool write_file(struct ctl *ctl, const char *file, const char *text, struct fail *fail)
{
	const char *slash = strrchr(file, '/');
	const char *path = arena_print(&ctl->arena, "%s/%s", asked.output, slash != NULL ? slash + 1 : file);
	return path != NULL ? write_new(path, text, fail) : complain_memory(fail);
}

/* A folder for a folder: the other processes' files go along as they are, so that what comes out is a model. */
static bool write_folder(const struct calibrate_work *work, const char *text, struct fail *fail)
{
	const struct model *model = work->model;
	if (mkdir(asked.output, 0777) != 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: %s", asked.output, strerror(errno));
	}
	for (unsigned i = 0; i < model->process_count; i++) {
		const struct model_process *process = &model->processes[i];
		const char *other = text;
		if ((process != work->process && !read_text(work->ctl, process->file, &other, fail)) ||
		    !write_file(work->ctl, process->file, other, fail)) {
			return false;
		}
	}
	return true;
}

static bool is_folder(const char *path)
{
	struct stat about;
	return path != NULL && stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool write_model(const struct calibrate_work *work, const struct calibrated *calibrated, struct fail *fail)
{
	const char *text;
	bool is_whole;
	return make_text(work, calibrated, &is_whole, &text, fail) &&
	       (is_folder(asked.model) && !is_whole ? write_folder(work, text, fail)
						    : write_new(asked.output, text, fail));
}

/* Before all the work, and again when it is written. */
static bool may_write(struct fail *fail)
{
	return asked.output == NULL || access(asked.output, F_OK) != 0 ||
	       fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: %s", asked.output, strerror(EEXIST));
}

/* ---- The command ---- */

static bool learn(struct calibrate_work *work, struct fail *fail)
{
	struct calibrated calibrated;
	if (!enough(work->calibration, fail)) {
		return false;
	}
	calibration_learn(work->calibration, on_round, work, &calibrated);
	progress_end(&work->progress);
	if (asked.output != NULL && !write_model(work, &calibrated, fail)) {
		return false;
	}
	terminal_start();
	(asked.json ? calibrate_report_json : calibrate_report_table)(work->process, &calibrated);
	print_summary(work->calibration, &calibrated);
	return true;
}

static int run(struct ctl *ctl)
{
	struct calibrate_work work = {.ctl = ctl, .process_name = asked.process};
	struct fail fail;
	bool good;
	progress_begin(&work.progress, "model calibrate", asked.json);
	if (!may_write(&fail)) {
		good = false;
	} else if (asked.touches == NULL) {
		good = calibrate_read_database(&work, asked.model, &fail);
	} else if (asked.model == NULL) {
		good = fail_set(&fail, FAIL_FATAL, EXIT_USAGE,
				"--touches names rules: --model says of which model");
	} else {
		good = calibrate_read_file(&work, asked.model, asked.touches, &fail);
	}
	good = good && learn(&work, &fail);
	progress_end(&work.progress);
	calibrate_work_finish(&work);
	if (!good) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command model_calibrate_command = {
	.words = "model calibrate",
	.summary = "learn the weights of a process's rules from what contacts did",
	.details = "Nobody has to say who was in which phase. Points, frequency classes and moves stay as they "
		   "are: a\n"
		   "section \"learned\" says how much more or less each rule says, and taking it out of the file "
		   "takes\n"
		   "back what was learned. It is learned only where what half of the contacts teach makes touches "
		   "of\n"
		   "the other half likelier by a tenth; else the points stand. At least 30 contacts are needed, "
		   "100 are\n"
		   "advised. The table says in points what a rule says beside those that it has. Nothing is "
		   "accepted:\n"
		   "phasectl model diff shows who would be elsewhere.",
	.options = options,
	.run = run,
};

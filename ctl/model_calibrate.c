/*
 * phasectl model calibrate: learns the weights of a process's rules from what contacts did, and writes them as a model file that can be read,
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
#include "core/base/moment.h"
#include "core/edge/model_file.h"
#include "core/flow/calibrate.h"
#include "ctl/calibrate_report.h"
#include "ctl/ctl.h"
#include "ctl/json_line.h"
#include "ctl/model_word.h"
#include "ctl/terminal.h"
#include "ctl/try_touches.h"

#define PROGRESS_US 3000000

static struct {
	const char *model, *touches, *process, *output;
	bool json;
} asked = {.process = "standard"};

static const struct option_about options[] = {
	{"model", "PATH", OPTION_TEXT, &asked.model, 0, 0, "the model to start from: a file, or a folder of them"},
	{"touches", "FILE", OPTION_TEXT, &asked.touches, 0, 0,
	 "what was done, in lines as of model try. - is stdin"},
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0, "whose rules are weighed (default: standard)"},
	{"output", "FILE", OPTION_TEXT, &asked.output, 0, 0,
	 "where the process's file goes, with what was learned; must not exist yet"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line: each rule, then a summary"},
	{0},
};

/* ---- Histories ---- */

static bool complain_memory(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "model calibrate: no memory");
}

/* Folds each contact by the rule book, which says what counts. */
static bool add_touches(struct calibration *calibration, const struct try_touches *touches, struct fail *fail)
{
	bool *scratch = calloc(touches->count_max + 1, sizeof(*scratch));
	bool *counted = calloc(touches->count_max + 1, sizeof(*counted));
	bool good = (scratch != NULL && counted != NULL) || complain_memory(fail);
	for (size_t i = 0; good && i < touches->contact_count; i++) {
		const struct try_contact *contact = &touches->contacts[i];
		struct phase_state state;
		fold_all(calibration_fold(calibration), &touches->touches[contact->first], contact->count, scratch,
			 &state, counted, NULL, NULL);
		if (!calibration_add(calibration, &touches->touches[contact->first], contact->count, counted)) {
			good = fail_set(
				fail, FAIL_DATA, EXIT_BAD_DATA,
				"more touches than can be held: at most %zu that count, %zu of one contact",
				CALIBRATE_TOUCHES_MAX, CALIBRATE_LONGEST_MAX);
		}
	}
	free(scratch);
	free(counted);
	return good;
}

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
	static int64_t said_us;
	const struct calibration *calibration = context;
	int64_t now_us = moment_monotonic_us();
	said_us = said_us == 0 ? now_us : said_us;
	if (now_us - said_us >= PROGRESS_US) {
		said_us = now_us;
		fprintf(stderr, "phasectl: pass %u, of %d at most, over %zu touches\n", round + 1,
			CALIBRATE_PASSES_MAX, calibration_touches(calibration));
	}
}

/* ---- What it says ---- */

static void print_summary(const struct calibration *calibration, const struct calibrated *calibrated)
{
	if (asked.json) {
		json_line_print(json_pack("{ss sI sI si sf sf}", "process", asked.process, "contacts",
					  (json_int_t)calibration_contacts(calibration), "touches",
					  (json_int_t)calibration_touches(calibration), "rounds",
					  (int)calibrated->rounds, "log_likelihood_before", calibrated->before,
					  "log_likelihood", calibrated->after),
				JSON_REAL_PRECISION(9));
		return;
	}
	printf("%s: %zu contacts, %zu touches count; %u rounds. A touch is %.1f %% more likely than by the points "
	       "alone.\n",
	       asked.process, calibration_contacts(calibration), calibration_touches(calibration),
	       calibrated->rounds, 100 * expm1(calibrated->after - calibrated->before));
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
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			char digits[32];
			snprintf(digits, sizeof(digits), "%.6g", calibrated->rules[r].learned[k]);
			learned[r][k] = strtod(digits, NULL);
		}
		rules[r].learned = rules[r].ignored ? NULL : learned[r];
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
		bool same = one == NULL || other == NULL ? one == other
							 : memcmp(one, other, PHASE_STATES * sizeof(*one)) == 0;
		if (back->rule_count != process->rule_count || !same) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
					"%s: take its section \"learned\" out first, it cannot be replaced as it "
					"is laid out",
					process->file);
		}
	}
	return true;
}

static bool is_canonical(const char *text)
{
	return strncmp(text, "processes:", strlen("processes:")) == 0;
}

/* The file that the process stands in; where it holds all processes, as phasectl model show prints them: all of them. */
static bool write_model(struct ctl *ctl, const struct model *model, const struct model_process *process,
			const struct calibration *calibration, const struct calibrated *calibrated,
			struct fail *fail)
{
	struct model_process processes[MODEL_PROCESSES_MAX], *learned = &processes[process - model->processes];
	struct model whole = {.process_count = model->process_count, .processes = processes};
	const char *source, *text;
	char comment[200];
	size_t size;
	memcpy(processes, model->processes, model->process_count * sizeof(*processes));
	snprintf(comment, sizeof(comment),
		 "  # By phasectl model calibrate, from %zu contacts and %zu touches that count.\n",
		 calibration_contacts(calibration), calibration_touches(calibration));
	if (!take_over(ctl, process, calibrated, learned, fail) || !read_text(ctl, process->file, &source, fail)) {
		return false;
	}
	if (is_canonical(source)) {
		return model_text_write(&whole, &ctl->arena, &text, &size) ? write_new(asked.output, text, fail)
									   : complain_memory(fail);
	}
	if (!model_file_relearn(source, learned, comment, &ctl->arena, &text)) {
		return complain_memory(fail);
	}
	return check(ctl, learned, text, fail) && write_new(asked.output, text, fail);
}

/* ---- The command ---- */

static bool find_process(const struct model *model, const struct model_process **ret_process, struct fail *fail)
{
	const char *names[MODEL_PROCESSES_MAX];
	for (unsigned i = 0; i < model->process_count; i++) {
		names[i] = model->processes[i].name;
	}
	if (!model_word("--process", &asked.process, "process", names, model->process_count, fail)) {
		return false;
	}
	for (unsigned i = 0; i < model->process_count; i++) {
		*ret_process = asked.process == names[i] ? &model->processes[i] : *ret_process;
	}
	return true;
}

static bool learn(struct ctl *ctl, const struct model *model, const struct model_process *process,
		  struct calibration *calibration, struct fail *fail)
{
	struct try_touches touches;
	struct calibrated calibrated;
	bool good = try_touches_read(asked.touches, process, &touches, fail) &&
		    add_touches(calibration, &touches, fail);
	try_touches_finish(&touches);
	if (!good || !enough(calibration, fail)) {
		return false;
	}
	calibration_learn(calibration, on_round, calibration, &calibrated);
	if (asked.output != NULL && !write_model(ctl, model, process, calibration, &calibrated, fail)) {
		return false;
	}
	terminal_start();
	(asked.json ? calibrate_report_json : calibrate_report_table)(process, &calibrated);
	print_summary(calibration, &calibrated);
	return true;
}

static bool calibrate(struct ctl *ctl, struct fail *fail)
{
	struct model *model;
	const struct model_process *process = NULL;
	if (asked.model == NULL || asked.touches == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "model calibrate: --model and --touches are needed");
	}
	if (!model_file_read(asked.model, &ctl->arena, &model, fail) || !find_process(model, &process, fail)) {
		return false;
	}
	struct arena arena;
	if (!arena_init(&arena, calibration_memory())) {
		return complain_memory(fail);
	}
	struct calibration *calibration = calibration_create(process, &arena);
	CHECK(calibration != NULL);
	bool good = learn(ctl, model, process, calibration, fail);
	arena_finish(&arena);
	return good;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	return calibrate(ctl, &fail) ? EXIT_DONE : ctl_complain(&fail);
}

const struct command model_calibrate_command = {
	.words = "model calibrate",
	.summary = "learn the weights of a process's rules from what contacts did",
	.details = "Nobody has to say who was in which phase. Points, frequency classes and moves stay as they "
		   "are: a\n"
		   "section \"learned\" says how much more or less each rule says, and taking it out of the file "
		   "takes\n"
		   "back what was learned. At least 30 contacts are needed, 100 are advised. The table says in "
		   "points\n"
		   "what a rule says beside those that it has. Nothing is accepted: phasectl model diff shows who "
		   "would\n"
		   "be elsewhere.",
	.options = options,
	.run = run,
};

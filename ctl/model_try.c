/*
 * phasectl model try: what would this model say? Folds touches from a file and answers questions from another, without
 * any server: to try a change of the rules on last year's touches, and to check this program against reference results.
 *
 * Questions in time order, contact by contact, cost one fold in all; in another order each may start anew.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/model_file.h"
#include "core/flow/fold.h"
#include "core/flow/why.h"
#include "ctl/ctl.h"
#include "ctl/lines.h"
#include "ctl/model_word.h"
#include "ctl/try_touches.h"

static struct {
	const char *model, *touches, *queries, *process;
	bool why;
} asked = {.process = "standard"};

static const struct option_about options[] = {
	{"model", "FILE", OPTION_TEXT, &asked.model, 0, 0, "a model file, or a folder of them"},
	{"touches", "FILE", OPTION_TEXT, &asked.touches, 0, 0,
	 "lines {\"id\", \"contact\", \"ts_ms\", \"received_ms\", \"rule\"}, in any order;\nalso \"link\", "
	 "\"machine\", "
	 "\"action\", or \"confirm\" or \"closed\" in place of \"rule\""},
	{"queries", "FILE", OPTION_TEXT, &asked.queries, 0, 0,
	 "lines {\"contact\", \"ts_ms\"}; other keys do not matter. - is stdin"},
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0, "process whose rules they are (default: standard)"},
	{"why", NULL, OPTION_FLAG, &asked.why, 0, 0,
	 "also how much each touch says for the phase that is reported"},
	{0},
};

struct trial {
	const struct model_process *model;
	struct fold_process process;
	struct try_touches touches;
	bool *scratch, *counted; /* of one contact's touches */
	struct arena arena;	 /* of one explanation */
	/* How far the contact asked about last has been folded. */
	const struct try_contact *contact;
	size_t done;
	int64_t asked_ms;
	struct phase_state state;
};

/* ---- Folding ---- */

/* Folds on to `ms`, or anew when the question goes back or to another contact. */
static void fold_to(struct trial *trial, const struct try_contact *contact, int64_t ms)
{
	if (contact != trial->contact || contact == NULL || ms < trial->asked_ms) {
		trial->contact = contact;
		trial->done = 0;
		fold_start(&trial->process, &trial->state);
	}
	trial->asked_ms = ms;
	if (contact == NULL) {
		return;
	}
	const struct fold_touch *touches = &trial->touches.touches[contact->first];
	size_t end = trial->done;
	while (end < contact->count && touches[end].ms <= ms) {
		end++;
	}
	for (; trial->done < end; trial->done++) {
		enum fold_result result = fold_touch(&trial->process, &trial->state, &touches[trial->done]);
		if (result == FOLD_LATE || result == FOLD_BURST) {
			fold_all(&trial->process, touches, end, trial->scratch, &trial->state, NULL, NULL, NULL);
			trial->done = end;
			return;
		}
	}
}

/* ---- Answers ---- */

static void put_text(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte == '"' || byte == '\\') {
			printf("\\%c", byte);
		} else if (byte < 0x20) {
			printf("\\u%04x", byte);
		} else {
			putchar(byte);
		}
	}
	putchar('"');
}

/* The shortest that reads back to the same bits, with a point or an exponent. */
static void put_number(double number)
{
	char text[40];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number) {
			break;
		}
	}
	printf("%s%s", text, strpbrk(text, ".e") == NULL ? ".0" : "");
}

static void put_word(const char *key, const char *word)
{
	printf(", \"%s\": %s%s%s", key, word != NULL ? "\"" : "", word != NULL ? word : "null",
	       word != NULL ? "\"" : "");
}

static void put_answer(const struct model_process *model, const char *contact, int64_t ms,
		       const struct phase_view *view)
{
	printf("{\"contact\": ");
	put_text(contact);
	printf(", \"ts_ms\": %" PRId64 ", \"posterior\": {", ms);
	for (unsigned k = 0; k < model->states; k++) {
		printf("%s\"%s\": ", k > 0 ? ", " : "", model->state_names[k]);
		put_number(view->posterior[k]);
	}
	printf("}, \"main\": {");
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		printf("%s\"%s\": ", m > 0 ? ", " : "", main_phase_name((enum main_phase)m));
		put_number(view->main[m]);
	}
	printf("}");
	put_word("reported", main_phase_name(view->reported));
	printf(", \"counted\": %" PRIu32 ", \"activity\": ", view->counted);
	put_number(view->activity);
	put_word("band", band_name(view->band));
	put_word("shown", shown_name(view->shown));
}

static void put_shares(const struct trial *trial, const struct why *why, enum main_phase phase, size_t count)
{
	printf(", \"why\": {\"phase\": \"%s\", \"start\": ", main_phase_name(phase));
	put_number(why->start);
	printf(", \"logit\": ");
	put_number(why->logit);
	printf(", \"shares\": [");
	for (size_t i = 0; i < count; i++) {
		printf("%s{\"id\": ", i > 0 ? ", " : "");
		put_text(try_touches_id(&trial->touches, trial->contact->first + i));
		printf(", \"share\": ");
		put_number(why->shares[i]);
		printf("}");
	}
	printf("]}");
}

/* From all touches of the contact asked about, to the same moment. */
static void put_why(struct trial *trial, enum main_phase phase)
{
	const struct try_contact *contact = trial->contact;
	struct phase_state state;
	struct why why;
	enum why_result result = WHY_NOTHING;
	if (contact != NULL && phase != MAIN_NONE) {
		const struct fold_touch *touches = &trial->touches.touches[contact->first];
		fold_all(&trial->process, touches, trial->done, trial->scratch, &state, trial->counted, NULL,
			 NULL);
		arena_back(&trial->arena, 0);
		result = why_explain(&trial->process, touches, trial->done, trial->counted, trial->asked_ms, phase,
				     &trial->arena, &why);
		CHECK(result != WHY_ARENA_FULL);
	}
	if (result == WHY_DONE) {
		put_shares(trial, &why, phase, trial->done);
	} else {
		printf(", \"why\": null");
	}
}

static void answer(struct trial *trial, struct lines *lines, const struct json_node *root)
{
	const char *contact = json_get_text(root, "contact");
	const struct json_node *ms = json_get(root, "ts_ms");
	if (contact == NULL || ms == NULL || ms->kind != JSON_NUMBER || !ms->is_whole) {
		lines_complain(lines, "a question needs \"contact\", a text, and \"ts_ms\", whole milliseconds");
		return;
	}
	struct phase_view view;
	fold_to(trial, try_touches_of(&trial->touches, contact), ms->whole);
	fold_view(&trial->process, &trial->state, ms->whole, &view);
	put_answer(trial->model, contact, ms->whole, &view);
	if (asked.why) {
		put_why(trial, view.reported);
	}
	printf("}\n");
}

static bool answer_all(struct trial *trial, struct arena *arena, struct fail *fail)
{
	struct lines lines;
	bool good = lines_init(&lines, asked.queries, arena, fail);
	for (bool more = good; more;) {
		struct json_node *root;
		switch (lines_next(&lines, &root, fail)) {
		case LINES_ONE:
			answer(trial, &lines, root);
			break;
		case LINES_BAD:
			break;
		case LINES_END:
			more = false;
			break;
		case LINES_BROKEN:
			more = good = false;
			break;
		}
	}
	lines_sum_up(&lines);
	if (good && lines.bad > 0) {
		good = fail_set(fail, FAIL_DATA, EXIT_BAD_DATA, "%s: the other questions were answered",
				lines.name);
	}
	lines_finish(&lines);
	return good;
}

/* ---- The command ---- */

static bool read_model(struct ctl *ctl, struct trial *trial, struct fail *fail)
{
	struct model *model;
	if (asked.model == NULL || asked.touches == NULL || asked.queries == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"model try: --model, --touches and --queries are needed");
	}
	if (!model_file_read(asked.model, &ctl->arena, &model, fail)) {
		return false;
	}
	if (!model_word_process("model try: --process", &asked.process, "the model", model, &trial->model, fail)) {
		return false;
	}
	fold_process_init(&trial->process, trial->model);
	return true;
}

static bool try_model(struct ctl *ctl, struct trial *trial, struct fail *fail)
{
	struct arena line;
	if (!read_model(ctl, trial, fail) ||
	    !try_touches_read(asked.touches, trial->model, &trial->touches, fail)) {
		return false;
	}
	size_t most = trial->touches.count_max + 1;
	trial->scratch = calloc(most, sizeof(*trial->scratch));
	trial->counted = calloc(most, sizeof(*trial->counted));
	if (trial->scratch == NULL || trial->counted == NULL ||
	    (asked.why && !arena_init(&trial->arena, why_memory(most))) ||
	    !arena_init(&line, (size_t)4 * 1024 * 1024)) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	bool good = answer_all(trial, &line, fail);
	arena_finish(&line);
	return good;
}

static int run(struct ctl *ctl)
{
	static struct trial trial;
	struct fail fail;
	bool good = try_model(ctl, &trial, &fail);
	try_touches_finish(&trial.touches);
	arena_finish(&trial.arena);
	free(trial.scratch);
	free(trial.counted);
	return good ? EXIT_DONE : ctl_complain(&fail);
}

const struct command model_try_command = {
	.words = "model try",
	.summary = "answer questions about touches from files, without any server",
	.details = "Each question is answered by a line with the probabilities and what would be shown, from the "
		   "touches\n"
		   "at or before it. Of several lines with one id the one received first stands. A touch line "
		   "stands for\n"
		   "the example of its rule; \"action\" says otherwise (EMAIL_CLICK: part of what tells "
		   "scanners). At most\n"
		   "1 GiB of touches are held in memory; questions are read as they come. A bad line is named by "
		   "its\n"
		   "number, and the exit code is 65.",
	.options = options,
	.run = run,
};

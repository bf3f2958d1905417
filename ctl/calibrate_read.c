#include "ctl/calibrate_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "core/edge/postgres.h"
#include "core/edge/schema.h"
#include "ctl/diff.h"
#include "ctl/model_word.h"
#include "ctl/try_touches.h"

#define TOUCHES_MAX 200000 /* of one contact, from the database */

static bool complain_memory(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
}

static bool complain_many(struct fail *fail)
{
	return fail_set(fail, FAIL_DATA, EXIT_BAD_DATA,
			"more touches than can be held: at most %zu that count, %zu of one purchase",
			CALIBRATE_TOUCHES_MAX, CALIBRATE_LONGEST_MAX);
}

/* The model is read: its process, and an empty calibration of it. */
static bool begin(struct calibrate_work *work, const struct model *model, struct fail *fail)
{
	if (!model_word_process("--process", &work->process_name, "the model", model, &work->process, fail)) {
		return false;
	}
	work->model = model;
	if (!arena_init(&work->arena, calibration_memory())) {
		return complain_memory(fail);
	}
	work->calibration = calibration_create(work->process, &work->arena);
	return work->calibration != NULL || complain_memory(fail);
}

void calibrate_work_finish(struct calibrate_work *work)
{
	arena_finish(&work->arena);
}

/* ---- A file ---- */

static bool add_touches(struct calibrate_work *work, const struct try_touches *touches, struct fail *fail)
{
	bool *scratch = calloc(touches->count_max + 1, sizeof(*scratch));
	bool *counted = calloc(touches->count_max + 1, sizeof(*counted));
	bool good = (scratch != NULL && counted != NULL) || complain_memory(fail);
	for (size_t i = 0; good && i < touches->contact_count; i++) {
		const struct try_contact *contact = &touches->contacts[i];
		struct phase_state state;
		fold_all(calibration_fold(work->calibration), &touches->touches[contact->first], contact->count,
			 scratch, &state, counted, NULL, NULL);
		good = calibration_add(work->calibration, &touches->touches[contact->first], contact->count,
				       counted) ||
		       complain_many(fail);
	}
	free(scratch);
	free(counted);
	return good;
}

bool calibrate_read_file(struct calibrate_work *work, const char *path, const char *touches_path,
			 struct fail *fail)
{
	struct model *model;
	struct try_touches touches;
	if (!model_file_read(path, &work->ctl->arena, &model, fail) || !begin(work, model, fail)) {
		return false;
	}
	bool good =
		try_touches_read(touches_path, work->process, &touches, fail) && add_touches(work, &touches, fail);
	try_touches_finish(&touches);
	return good;
}

/* ---- The database ---- */

struct gathering {
	struct calibrate_work *work;
	unsigned process; /* in diff->processes */
	uint64_t too_long;
	bool full;
};

static void on_contact(struct diff *diff, const struct diff_contact *contact, void *context)
{
	struct gathering *gathering = context;
	if (contact->count > diff->touches_max) {
		gathering->too_long++;
		return;
	}
	diff_fold(diff, contact, gathering->process, DIFF_NEW);
	const struct diff_folded *folded = &diff->folded[DIFF_NEW];
	gathering->full = gathering->full || !calibration_add(gathering->work->calibration, folded->touches,
							      folded->count, folded->counted);
}

static bool gather(struct calibrate_work *work, struct diff *diff, struct fail *fail)
{
	struct gathering gathering = {.work = work};
	while (strcmp(diff->processes[gathering.process].name, work->process_name) != 0) {
		gathering.process++;
	}
	if (!diff_room_init(diff)) {
		return complain_memory(fail);
	}
	if (!diff_subjects_read(diff, fail) || !diff_contacts_read(diff, NULL, 0, on_contact, &gathering, fail)) {
		return false;
	}
	progress_end(diff->progress);
	if (gathering.too_long > 0) {
		fprintf(stderr, "phasectl: %" PRIu64 " contacts of over %d touches each are left out\n",
			gathering.too_long, TOUCHES_MAX);
	}
	return !gathering.full || complain_many(fail);
}

bool calibrate_read_database(struct calibrate_work *work, const char *path, struct fail *fail)
{
	static struct diff diff;
	diff.ctl = work->ctl;
	diff.sample = 1;
	diff.touches_max = TOUCHES_MAX;
	diff.now_us = INT64_MIN;
	diff.progress = &work->progress;
	diff.doing = "read";
	bool good = ctl_read_conf(work->ctl, fail) &&
		    (diff.postgres = ctl_connect(work->ctl, DIFF_ANSWER_MS, fail)) != NULL &&
		    diff_models_read(&diff, path, fail) && begin(work, diff.models[DIFF_NEW].model, fail) &&
		    gather(work, &diff, fail);
	postgres_destroy(diff.postgres);
	diff_models_finish(&diff);
	diff_room_finish(&diff);
	diff_subjects_finish(&diff.subjects);
	if (!good) {
		schema_explain(fail);
	}
	return good;
}

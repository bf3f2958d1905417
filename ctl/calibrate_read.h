/*
 * The histories that phasectl model calibrate learns from: a file of touches, or the database.
 */
#pragma once
#include <stdbool.h>

#include "core/base/fail.h"
#include "core/flow/calibrate.h"
#include "ctl/ctl.h"
#include "ctl/progress.h"

/* What is learned, and of what. */
struct calibrate_work {
	struct ctl *ctl;
	const char *process_name;
	const struct model *model;
	const struct model_process *process;
	struct calibration *calibration;
	struct arena arena;	  /* the calibration's */
	struct progress progress; /* the caller begins and ends it */
};

/* From a file, of rules of the model in `path`. False: *fail. The caller ends it with calibrate_work_finish() either way. */
bool calibrate_read_file(struct calibrate_work *work, const char *path, const char *touches, struct fail *fail);
/* From the database, by the rules of the model in `path`; NULL: of the one in force. */
bool calibrate_read_database(struct calibrate_work *work, const char *path, struct fail *fail);
void calibrate_work_finish(struct calibrate_work *work);

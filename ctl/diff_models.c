/*
 * The model in force, as the snapshot of the database has it, and another one, made ready to match and fold.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/model_file.h"
#include "core/edge/postgres.h"
#include "core/flow/review.h"
#include "ctl/diff.h"
#include "ctl/model_load.h"

/* All rows are wanted, not the first ones soon; and they are sorted. */
static const struct postgres_statement settle = {
	.name = "settle",
	.sql = "SELECT set_config('cursor_tuple_fraction', '1', true), set_config('work_mem', '64MB', true), "
	       "set_config('jit', 'off', true)",
	.simple = true};
/* Of few contacts the touches are found by index, not by reading all there are. */
#define FEW .1
static const struct postgres_statement settle_few = {
	.name = "settle_few",
	.sql = "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)",
	.simple = true};
static const struct postgres_statement read_model = {
	.name = "read_model",
	.sql = "SELECT now(), (SELECT text FROM report.model WHERE in_force)",
	.simple = true};

struct found {
	struct diff *diff;
	const char *text;
	size_t size;
};

static bool on_model(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct found *found = context;
	struct arena *arena = &found->diff->ctl->arena;
	CHECK(postgres_count(rows) == 1);
	if (found->diff->now_us == INT64_MIN) {
		found->diff->now_us = postgres_moment(rows, 0, 0);
	}
	found->diff->at_ms = moment_floor(found->diff->now_us / MOMENT_MS_US, REVIEW_HOUR_MS) * REVIEW_HOUR_MS;
	if (postgres_is_null(rows, 0, 1)) {
		return fail_set(
			fail, FAIL_FATAL, EXIT_CONFIG,
			"no model is in force yet: there is nothing to compare with (phasectl model accept)");
	}
	const char *text = postgres_text(rows, 0, 1);
	found->size = strlen(text);
	found->text = arena_text(arena, text, found->size);
	return found->text != NULL || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
}

/* ---- The two models ---- */

static bool make_ready(struct diff_model *model, struct fail *fail)
{
	unsigned count = model->model->process_count;
	model->folds = malloc(count * sizeof(*model->folds));
	model->alerts = malloc(count * sizeof(*model->alerts));
	if (model->folds == NULL || model->alerts == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	for (unsigned i = 0; i < count; i++) {
		fold_process_init(&model->folds[i], &model->model->processes[i]);
		alerts_process_init(&model->alerts[i], &model->folds[i]);
	}
	model->matcher = matcher_create(model->model, fail);
	return model->matcher != NULL;
}

void diff_models_finish(struct diff *diff)
{
	for (unsigned side = 0; side < DIFF_SIDES; side++) {
		matcher_destroy(diff->models[side].matcher);
		free(diff->models[side].folds);
		free(diff->models[side].alerts);
	}
}

/* Processes of one name are one: those of the new model in its order, before `standard` those that it lacks. */
static void name_processes(struct diff *diff)
{
	for (int side = DIFF_OLD; side < DIFF_SIDES; side++) {
		const struct model *model = diff->models[side].model;
		for (unsigned i = 0; i < model->process_count; i++) {
			unsigned at = 0;
			while (at < diff->process_count &&
			       strcmp(diff->processes[at].name, model->processes[i].name) != 0) {
				at++;
			}
			if (at == diff->process_count) {
				CHECK(at < DIFF_PROCESSES_MAX);
				diff->processes[diff->process_count++] = (struct diff_process){
					.name = model->processes[i].name, .number = {-1, -1}};
			}
			diff->processes[at].number[side] = (int)i;
		}
	}
}

bool diff_models_read(struct diff *diff, const char *path, struct fail *fail)
{
	struct found found = {.diff = diff};
	struct model *old, *new = NULL;
	if ((path != NULL && !model_load(diff->ctl, path, &new, fail)) ||
	    !ctl_begin_reading(diff->postgres, fail) ||
	    !postgres_add(diff->postgres, &settle, NULL, NULL, NULL, fail) ||
	    (diff->sample <= FEW && !postgres_add(diff->postgres, &settle_few, NULL, NULL, NULL, fail)) ||
	    !postgres_add(diff->postgres, &read_model, NULL, on_model, &found, fail) ||
	    !ctl_turn(diff->postgres, fail) ||
	    !model_file_parse(found.text, found.size, &diff->ctl->arena, &old, fail)) {
		return false;
	}
	diff->models[DIFF_OLD].model = old;
	diff->models[DIFF_NEW].model = new != NULL ? new : old;
	name_processes(diff);
	return make_ready(&diff->models[DIFF_OLD], fail) && make_ready(&diff->models[DIFF_NEW], fail);
}

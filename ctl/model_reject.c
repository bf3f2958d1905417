/*
 * phasectl model reject: takes the last acceptance back, so that the model before it is in force again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/model_file.h"
#include "core/edge/postgres.h"
#include "ctl/ctl.h"
#include "ctl/model_change.h"
#include "ctl/model_load.h"
#include "ctl/terminal.h"

static struct {
	bool yes, no_wait;
} asked;

static const struct option_about options[] = {
	{"no-wait", NULL, OPTION_FLAG, &asked.no_wait, 0, 0,
	 "do not wait until the daemons have folded all contacts"},
	{"yes", NULL, OPTION_FLAG, &asked.yes, 0, 0, "do not ask"},
	{0},
};

static const struct postgres_statement before = {
	.name = "before",
	.sql = "SELECT m.text FROM phased.model_acceptance a JOIN phased.model m ON m.version = a.version WHERE "
	       "a.rejected_at IS NULL AND a.n < $1 ORDER BY a.n DESC LIMIT 1",
	.parameter_count = 1,
	.parameters = {{POSTGRES_INT8, false}},
};

struct reading {
	struct ctl *ctl;
	const char *text; /* NULL: there is none before */
};

static bool on_before(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct reading *reading = context;
	if (postgres_count(rows) == 1) {
		const char *text = postgres_text(rows, 0, 0);
		reading->text = arena_text(&reading->ctl->arena, text, strlen(text));
		return reading->text != NULL ||
		       fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "the model does not fit into memory");
	}
	return true;
}

static bool read_before(struct ctl *ctl, struct postgres *postgres, const struct model_standing *standing,
			struct model **ret_model, struct fail *fail)
{
	struct reading reading = {.ctl = ctl};
	struct postgres_value acceptance;
	if (!postgres_value_int(&ctl->arena, POSTGRES_INT8, standing->acceptance, &acceptance) ||
	    !postgres_add(postgres, &before, &acceptance, on_before, &reading, fail) ||
	    !ctl_turn(postgres, fail)) {
		return false;
	}
	if (reading.text == NULL) {
		return fail_set(fail, FAIL_FATAL, standing->any ? EXIT_FOUND : EXIT_CONFIG,
				standing->any ? "%016" PRIx64 " is the first model: there is none before it"
					      : "no model is in force",
				standing->version);
	}
	return model_file_parse(reading.text, strlen(reading.text), &ctl->arena, ret_model, fail);
}

static int reject(struct ctl *ctl, struct postgres *postgres, struct fail *fail)
{
	struct model_standing standing;
	struct model *model = NULL;
	char words[256];
	if (!model_standing_read(postgres, &standing, fail) ||
	    !read_before(ctl, postgres, &standing, &model, fail) ||
	    !model_change_warn(ctl, "model reject", postgres, model, fail)) {
		return (int)fail->exit_code;
	}
	CHECK(model != NULL);
	model_describe(model, words, sizeof(words));
	if (!asked.yes) {
		printf("model %s, which was in force before, takes the place of %016" PRIx64
		       " again. The daemons fold the touches of %" PRId64
		       " contacts anew, while events come in.\n",
		       words, standing.version, standing.contacts);
		if (!terminal_is_wanted()) {
			printf("nothing was changed\n");
			return EXIT_DONE;
		}
	}
	if (!model_change(ctl, postgres, model, &standing, true, fail)) {
		return (int)fail->exit_code;
	}
	printf("model %016" PRIx64 " rejected; %s is in force again\n", standing.version, words);
	fflush(stdout);
	return standing.contacts == 0 || asked.no_wait
		       ? EXIT_DONE
		       : model_change_watch("model reject", postgres, model->version, fail);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	bool good = ctl_read_conf(ctl, &fail) && (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL;
	int result = good ? reject(ctl, postgres, &fail) : (int)fail.exit_code;
	postgres_destroy(postgres);
	if (result != EXIT_DONE) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command model_reject_command = {
	.words = "model reject",
	.summary = "take the last accepted model back",
	.details =
		"The model that was accepted before it is in force again, and the daemons fold all touches anew "
		"by it, also\n"
		"where they are not done with the other one yet. Once more, and it is the one before that: "
		"phasectl "
		"model\n"
		"history lists them. Needs to act as phased_owner.",
	.options = options,
	.run = run,
};

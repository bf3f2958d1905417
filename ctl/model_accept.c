/*
 * phasectl model accept: puts a model in force. The daemons fold by what stands in the database, never by a file.
 */
#include <inttypes.h>
#include <stdio.h>

#include "core/edge/model_file.h"
#include "core/edge/postgres.h"
#include "ctl/ctl.h"
#include "ctl/model_change.h"
#include "ctl/model_load.h"
#include "ctl/terminal.h"

static struct {
	const char *model, *path;
	bool yes, no_wait;
} asked;

static const struct option_about options[] = {
	{"model", "PATH", OPTION_TEXT, &asked.model, 0, 0, "the same as PATH"},
	{"no-wait", NULL, OPTION_FLAG, &asked.no_wait, 0, 0,
	 "do not wait until the daemons have folded all contacts"},
	{"yes", NULL, OPTION_FLAG, &asked.yes, 0, 0, "do not ask"},
	{0},
};

/* As the daemons will read it. */
static bool reads_back(struct ctl *ctl, const struct model *model, struct fail *fail)
{
	struct model *again;
	return model_file_parse(model->text, model->text_size, &ctl->arena, &again, fail) &&
	       (again->version == model->version ||
		fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "read back, it is another version"));
}

/* Says what that means. False: it is not wanted. */
static bool may_change(const struct model_standing *standing, const char *words)
{
	if (standing->contacts == 0 || asked.yes) {
		return true;
	}
	printf("model %s takes the place of %016" PRIx64 ". The daemons fold the touches of %" PRId64
	       " contacts anew, while events come in; until its turn has come, a contact stays as it is.\n",
	       words, standing->version, standing->contacts);
	if (terminal_is_wanted()) {
		return true;
	}
	printf("nothing was changed\n");
	return false;
}

static int accept_model(struct ctl *ctl, struct postgres *postgres, const struct model *model, struct fail *fail)
{
	struct model_standing standing;
	char words[256];
	model_describe(model, words, sizeof(words));
	if (!model_standing_read(postgres, &standing, fail)) {
		return (int)fail->exit_code;
	}
	bool is_new = !standing.any || standing.version != model->version;
	if (is_new && !model_change_warn(ctl, "model accept", postgres, model, fail)) {
		return (int)fail->exit_code;
	}
	if (is_new && !may_change(&standing, words)) {
		return EXIT_DONE;
	}
	if (is_new && !model_change(ctl, postgres, model, &standing, false, fail)) {
		struct fail ignored; /* unless somebody else was faster with the same one */
		if (!model_standing_read(postgres, &standing, &ignored) || !standing.any ||
		    standing.version != model->version) {
			return (int)fail->exit_code;
		}
		is_new = false;
	}
	printf("model %s %s\n", words, is_new ? "accepted" : "is in force already");
	fflush(stdout);
	bool has_ended = is_new ? standing.contacts == 0 : standing.has_ended;
	return has_ended || asked.no_wait ? EXIT_DONE
					  : model_change_watch("model accept", postgres, model->version, fail);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct model *model;
	struct postgres *postgres = NULL;
	int result = EXIT_DONE;
	bool good = ctl_read_conf(ctl, &fail);
	const char *path = asked.path != NULL	 ? asked.path
			   : asked.model != NULL ? asked.model
						 : ctl->conf.model.path;
	good = good && model_load(ctl, path, &model, &fail) && reads_back(ctl, model, &fail) &&
	       (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL;
	result = good ? accept_model(ctl, postgres, model, &fail) : (int)fail.exit_code;
	postgres_destroy(postgres);
	if (result != EXIT_DONE) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command model_accept_command = {
	.words = "model accept",
	.summary = "put a model in force",
	.details =
		"Reads the model, runs each rule's example, and stores it in the database, where the daemons take "
		"it from.\n"
		"PATH is a file or a folder of them (default: model.path of the configuration). The daemons then "
		"fold all\n"
		"touches anew, while events come in; each contact is under one model or the other, wholly. To "
		"interrupt this\n"
		"command stops nothing, and the same command again goes on showing how far they have come. See "
		"first what\n"
		"would change: phasectl model diff. Needs to act as phased_owner.",
	.options = options,
	.operand = {"PATH", &asked.path, false},
	.run = run,
};

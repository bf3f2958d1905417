/*
 * phasectl model accept: puts the first model in force. The daemon folds by what stands in the database, never by a file.
 *
 * Refuses a second, different one: every state in the database was made by the first, and to change it means to fold all
 * history anew, which this version does not do.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/postgres.h"
#include "ctl/ctl.h"
#include "ctl/model_load.h"

#define STATES_MAX ((size_t)MODEL_PROCESSES_MAX * PHASE_STATES)

static struct {
	const char *model;
} asked;

static const struct option_about options[] = {
	{"model", "PATH", OPTION_TEXT, &asked.model, 0, 0,
	 "a model file, or a folder of them (default: model.path of the configuration)"},
	{0},
};

static const struct postgres_statement begin = {.name = "begin", .sql = "BEGIN", .simple = true};
static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};
/* Two of us at once take turns; readers, the daemon among them, are not held up. */
static const struct postgres_statement lock = {
	.name = "lock", .sql = "LOCK TABLE phased.model IN SHARE ROW EXCLUSIVE MODE", .simple = true};
static const struct postgres_statement in_force = {
	.name = "in_force", .sql = "SELECT version FROM phased.model WHERE in_force", .simple = true};
static const struct postgres_statement insert_model = {
	.name = "insert_model",
	.sql = "INSERT INTO phased.model (version, text, accepted_by, in_force) VALUES ($1, $2, session_user, "
	       "true) "
	       "ON CONFLICT (version) DO NOTHING",
	.parameter_count = 2,
	.parameters = {{POSTGRES_INT8, false}, {POSTGRES_TEXT, false}},
};
static const struct postgres_statement insert_states = {
	.name = "insert_states",
	.sql = "INSERT INTO phased.model_state (model_version, process, state, name, main) "
	       "SELECT $1, s.* FROM unnest($2, $3, $4, $5) AS s ON CONFLICT DO NOTHING",
	.parameter_count = 5,
	.parameters = {{POSTGRES_INT8, false},
		       {POSTGRES_TEXT, true},
		       {POSTGRES_INT2, true},
		       {POSTGRES_TEXT, true},
		       {POSTGRES_INT2, true}},
};

struct found {
	bool any;
	uint64_t version;
};

static bool on_in_force(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct found *found = context;
	(void)fail;
	found->any = postgres_count(rows) > 0;
	found->version = found->any ? (uint64_t)postgres_int(rows, 0, 0) : 0;
	return true;
}

/* Locks, and finds what is in force. */
static bool look(struct postgres *postgres, struct found *ret_found, struct fail *fail)
{
	return postgres_add(postgres, &begin, NULL, NULL, NULL, fail) &&
	       postgres_add(postgres, &lock, NULL, NULL, NULL, fail) &&
	       postgres_add(postgres, &in_force, NULL, on_in_force, ret_found, fail) && ctl_turn(postgres, fail);
}

static bool store(struct ctl *ctl, struct postgres *postgres, const struct model *model, struct fail *fail)
{
	struct postgres_array processes, states, names, mains;
	postgres_array_init(&processes, &ctl->arena, POSTGRES_TEXT, STATES_MAX);
	postgres_array_init(&states, &ctl->arena, POSTGRES_INT2, STATES_MAX);
	postgres_array_init(&names, &ctl->arena, POSTGRES_TEXT, STATES_MAX);
	postgres_array_init(&mains, &ctl->arena, POSTGRES_INT2, STATES_MAX);
	for (unsigned i = 0; i < model->process_count; i++) {
		const struct model_process *process = &model->processes[i];
		for (unsigned k = 0; k < process->states; k++) {
			postgres_array_text(&processes, process->name);
			postgres_array_int(&states, k);
			postgres_array_text(&names, process->state_names[k]);
			postgres_array_int(&mains, process->state_main[k]);
		}
	}
	struct postgres_value of_model[2], of_states[5];
	bool fits = postgres_value_int(&ctl->arena, POSTGRES_INT8, (int64_t)model->version, &of_model[0]) &&
		    postgres_value_text(model->text, &of_model[1]) &&
		    postgres_array_value(&processes, &of_states[1]) &&
		    postgres_array_value(&states, &of_states[2]) && postgres_array_value(&names, &of_states[3]) &&
		    postgres_array_value(&mains, &of_states[4]);
	CHECK(fits);
	of_states[0] = of_model[0];
	return postgres_add(postgres, &insert_model, of_model, NULL, NULL, fail) &&
	       postgres_add(postgres, &insert_states, of_states, NULL, NULL, fail) &&
	       postgres_add(postgres, &commit, NULL, NULL, NULL, fail) && ctl_turn(postgres, fail);
}

static bool accept_model(struct ctl *ctl, struct postgres *postgres, const struct model *model, struct fail *fail)
{
	struct found found;
	char words[256];
	if (!look(postgres, &found, fail)) {
		return false;
	}
	if (found.any && found.version != model->version) {
		return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
				"%016" PRIx64 " is in force and every phase was computed by it; %016" PRIx64
				" is another one, and this version of phased cannot change over to it",
				found.version, model->version);
	}
	if (!store(ctl, postgres, model, fail)) {
		return false;
	}
	model_describe(model, words, sizeof(words));
	printf("model %s %s\n", words, found.any ? "is in force already" : "accepted");
	return true;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct model *model;
	struct postgres *postgres = NULL;
	bool done = ctl_read_conf(ctl, &fail) &&
		    model_load(ctl, asked.model != NULL ? asked.model : ctl->conf.model.path, &model, &fail) &&
		    (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL &&
		    accept_model(ctl, postgres, model, &fail);
	postgres_destroy(postgres);
	if (!done) {
		fail_prefix(&fail, "model accept");
		return ctl_complain(&fail);
	}
	return EXIT_DONE;
}

const struct command model_accept_command = {
	.words = "model accept",
	.summary = "put the first model in force",
	.details = "Reads the model, runs each rule's example, and stores it in the database, where the daemon "
		   "takes it from.\n"
		   "The same model again is fine. Another one is refused, since all phases were computed by the "
		   "first.",
	.options = options,
	.run = run,
};

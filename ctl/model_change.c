#include "ctl/model_change.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/flow/match.h"
#include "ctl/audit_note.h"
#include "ctl/progress.h"
#include "ctl/rematch.h"

#define STATES_MAX ((size_t)MODEL_PROCESSES_MAX * PHASE_STATES)
#define LOOK_MS 200
#define STALLED_US (60 * MOMENT_SECOND_US)

static const struct postgres_statement standing_is = {
	.name = "standing_is",
	.sql = "SELECT m.version, (SELECT max(a.n) FROM phased.model_acceptance a WHERE a.rejected_at IS NULL), "
	       "(SELECT "
	       "count(*) FROM phased.phase WHERE process = 'standard'), (SELECT ended_at IS NOT NULL FROM "
	       "phased.takeover) FROM (SELECT) AS one LEFT JOIN phased.model m ON m.in_force",
};
static const struct postgres_statement begin = {.name = "begin", .sql = "BEGIN", .simple = true};
static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};
static const struct postgres_statement rollback = {.name = "rollback", .sql = "ROLLBACK", .simple = true};
/* Two of us at once take turns; readers, the daemons among them, are not held up. */
static const struct postgres_statement lock_model = {
	.name = "lock_model", .sql = "LOCK TABLE phased.model IN SHARE ROW EXCLUSIVE MODE", .simple = true};
static const struct postgres_statement lock_takeover = {
	.name = "lock_takeover", .sql = "SELECT FROM phased.takeover FOR UPDATE", .simple = true};
static const struct postgres_statement limit_wait = {
	.name = "limit_wait",
	.sql = "SELECT set_config('lock_timeout', $1, true)",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TEXT, false}},
};
/* Whoever writes states holds a weaker one: those under way end first, and none begins. */
static const struct postgres_statement lock_states = {
	.name = "lock_states", .sql = "LOCK TABLE phased.position IN EXCLUSIVE MODE", .simple = true};
static const struct postgres_statement leave_force = {
	.name = "leave_force", .sql = "UPDATE phased.model SET in_force = false WHERE in_force", .simple = true};
static const struct postgres_statement enter_force = {
	.name = "enter_force",
	.sql = "INSERT INTO phased.model (version, text, in_force) VALUES ($1, $2, true) ON CONFLICT (version) DO "
	       "UPDATE SET in_force = true, accepted_at = now(), accepted_by = session_user",
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
static const struct postgres_statement note_accepted = {
	.name = "note_accepted",
	.sql = "INSERT INTO phased.model_acceptance (version) VALUES ($1)",
	.parameter_count = 1,
	.parameters = {{POSTGRES_INT8, false}},
};
static const struct postgres_statement note_rejected = {
	.name = "note_rejected",
	.sql = "UPDATE phased.model_acceptance SET rejected_at = now(), rejected_by = session_user WHERE n = $1",
	.parameter_count = 1,
	.parameters = {{POSTGRES_INT8, false}},
};
static const struct postgres_statement begin_takeover = {
	.name = "begin_takeover",
	.sql = "UPDATE phased.takeover SET begun_at = now(), contacts = $1, pass = 1, pass_at = now(), looked_at "
	       "= "
	       "'00000000-0000-0000-0000-000000000000', looked = 0, others = 0, is_clear = NOT EXISTS (SELECT "
	       "FROM "
	       "phased.phase), ended_at = CASE WHEN NOT EXISTS (SELECT FROM phased.phase) THEN now() END",
	.parameter_count = 1,
	.parameters = {{POSTGRES_INT8, false}},
};
static const struct postgres_statement lost_processes = {
	.name = "lost_processes",
	.sql = "SELECT DISTINCT s.process FROM phased.model_state s JOIN phased.model m ON m.version = "
	       "s.model_version WHERE m.in_force AND s.process <> ALL ($1) ORDER BY 1",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TEXT, true}},
};
static const struct postgres_statement takeover_is = {
	.name = "takeover_is",
	.sql = "SELECT t.ended_at IS NOT NULL, t.contacts, t.waiting, m.version FROM report.takeover t LEFT JOIN "
	       "phased.model m ON m.in_force",
};

static bool on_standing(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct model_standing *standing = context;
	(void)fail;
	*standing = (struct model_standing){
		.any = !postgres_is_null(rows, 0, 0),
		.version = (uint64_t)postgres_int(rows, 0, 0),
		.acceptance = postgres_is_null(rows, 0, 1) ? -1 : postgres_int(rows, 0, 1),
		.contacts = postgres_int(rows, 0, 2),
		.has_ended = postgres_int(rows, 0, 3) != 0,
	};
	return true;
}

bool model_standing_read(struct postgres *postgres, struct model_standing *ret_standing, struct fail *fail)
{
	return postgres_add(postgres, &standing_is, NULL, on_standing, ret_standing, fail) &&
	       ctl_turn(postgres, fail);
}

static bool on_lost(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		if (i == 0) {
			fprintf(stderr, "phasectl: %s: processes of the model in force that this one has not: ",
				(const char *)context);
		}
		fprintf(stderr, "%s%s", i > 0 ? ", " : "", postgres_text(rows, i, 0));
	}
	if (postgres_count(rows) > 0) {
		fputs("; their phases vanish from reports\n", stderr);
	}
	return true;
}

bool model_change_warn(struct ctl *ctl, const char *command, struct postgres *postgres, const struct model *model,
		       struct fail *fail)
{
	struct postgres_array names;
	struct postgres_value value;
	postgres_array_init(&names, &ctl->arena, POSTGRES_TEXT, MODEL_PROCESSES_MAX);
	for (unsigned i = 0; i < model->process_count; i++) {
		postgres_array_text(&names, model->processes[i].name);
	}
	bool fits = postgres_array_value(&names, &value);
	CHECK(fits);
	return postgres_add(postgres, &lost_processes, &value, on_lost, (void *)command, fail) &&
	       ctl_turn(postgres, fail);
}

/* ---- the transaction ---- */

static bool add_model(struct ctl *ctl, struct postgres *postgres, const struct model *model, struct fail *fail)
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
	struct postgres_value *values = arena_array(&ctl->arena, 7, sizeof(*values));
	bool fits = values != NULL &&
		    postgres_value_int(&ctl->arena, POSTGRES_INT8, (int64_t)model->version, &values[0]) &&
		    postgres_value_text(model->text, &values[1]) && postgres_array_value(&processes, &values[3]) &&
		    postgres_array_value(&states, &values[4]) && postgres_array_value(&names, &values[5]) &&
		    postgres_array_value(&mains, &values[6]);
	CHECK(fits);
	values[2] = values[0];
	return postgres_add(postgres, &leave_force, NULL, NULL, NULL, fail) &&
	       postgres_add(postgres, &enter_force, values, NULL, NULL, fail) &&
	       postgres_add(postgres, &insert_states, values + 2, NULL, NULL, fail);
}

static bool put_in_force(struct ctl *ctl, struct postgres *postgres, const struct model *model,
			 const struct model_standing *standing, bool back, struct fail *fail)
{
	struct postgres_value noted, contacts;
	bool fits = postgres_value_int(&ctl->arena, POSTGRES_INT8,
				       back ? standing->acceptance : (int64_t)model->version, &noted) &&
		    postgres_value_int(&ctl->arena, POSTGRES_INT8, standing->contacts, &contacts);
	CHECK(fits);
	const char *version = arena_print(&ctl->arena, "%016" PRIx64, model->version);
	CHECK(version != NULL);
	return add_model(ctl, postgres, model, fail) &&
	       postgres_add(postgres, back ? &note_rejected : &note_accepted, &noted, NULL, NULL, fail) &&
	       postgres_add(postgres, &begin_takeover, &contacts, NULL, NULL, fail) &&
	       audit_note_add(ctl, postgres, back ? "model reject" : "model accept", version, fail,
			      "{\"contacts\": %" PRId64 "}", standing->contacts) &&
	       postgres_add(postgres, &commit, NULL, NULL, NULL, fail) && ctl_turn(postgres, fail);
}

/* Nobody else has accepted one since we looked. */
static bool begin_change(struct postgres *postgres, const struct model_standing *standing, struct fail *fail)
{
	struct model_standing now;
	if (!postgres_add(postgres, &begin, NULL, NULL, NULL, fail) ||
	    !postgres_add(postgres, &lock_model, NULL, NULL, NULL, fail) ||
	    !postgres_add(postgres, &lock_takeover, NULL, NULL, NULL, fail) || !ctl_turn(postgres, fail) ||
	    !model_standing_read(postgres, &now, fail)) {
		return false;
	}
	return (now.any == standing->any && now.version == standing->version &&
		now.acceptance == standing->acceptance) ||
	       fail_set(fail, FAIL_FATAL, EXIT_FOUND,
			"somebody has accepted or rejected a model meanwhile: look again");
}

/* What waits for us waits for whom we wait for: not long, at first. */
static bool lock_out(struct postgres *postgres, unsigned attempt, struct fail *fail)
{
	struct postgres_value limit;
	const char *words = attempt < 20 ? "40ms" : attempt < 30 ? "500ms" : "10s";
	return postgres_value_text(words, &limit) &&
	       postgres_add(postgres, &limit_wait, &limit, NULL, NULL, fail) &&
	       postgres_add(postgres, &lock_states, NULL, NULL, NULL, fail) && ctl_turn(postgres, fail);
}

static bool is_busy(const struct fail *fail)
{
	return strcmp(fail->code, "55P03") == 0 || strcmp(fail->code, "40P01") == 0;
}

#define ATTEMPTS_MAX 33

static bool change(struct ctl *ctl, struct postgres *postgres, const struct model *model,
		   const struct model_standing *standing, bool back, struct rematch *rematch,
		   struct progress *progress, struct fail *fail)
{
	for (unsigned attempt = 0;; attempt++) {
		/* Most is matched before anybody has to wait; what is new since, while they do. */
		if (!rematch_all(rematch, postgres, progress, fail)) {
			return false;
		}
		progress_show(progress, -1, "waiting for the batches under way");
		if (begin_change(postgres, standing, fail) && rematch_all(rematch, postgres, NULL, fail) &&
		    lock_out(postgres, attempt, fail) && rematch_all(rematch, postgres, NULL, fail) &&
		    put_in_force(ctl, postgres, model, standing, back, fail)) {
			return true;
		}
		struct fail ignored;
		if (!postgres_add(postgres, &rollback, NULL, NULL, NULL, &ignored) ||
		    !ctl_turn(postgres, &ignored) || !is_busy(fail) || attempt == ATTEMPTS_MAX) {
			return false;
		}
		poll(NULL, 0, LOOK_MS);
	}
}

bool model_change(struct ctl *ctl, struct postgres *postgres, const struct model *model,
		  const struct model_standing *standing, bool back, struct fail *fail)
{
	struct rematch rematch = {0};
	struct progress progress;
	struct matcher *matcher = matcher_create(model, fail);
	if (matcher == NULL) {
		return false;
	}
	progress_begin(&progress, back ? "model reject" : "model accept", false);
	bool done = rematch_begin(&rematch, model, matcher, postgres, fail) &&
		    change(ctl, postgres, model, standing, back, &rematch, &progress, fail);
	progress_end(&progress);
	if (done && rematch.unlike > 0) {
		fprintf(stderr,
			"phasectl: of %" PRId64
			" subjects the properties cannot be read back: rules see them without\n",
			rematch.unlike);
	}
	rematch_finish(&rematch);
	matcher_destroy(matcher);
	return done;
}

/* ---- afterwards ---- */

struct looked {
	bool ended;
	int64_t contacts, waiting;
	uint64_t version; /* in force */
};

static bool on_looked(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct looked *looked = context;
	(void)fail;
	looked->ended = postgres_int(rows, 0, 0) != 0;
	looked->contacts = postgres_int(rows, 0, 1);
	looked->waiting = postgres_int(rows, 0, 2);
	looked->version = (uint64_t)postgres_int(rows, 0, 3);
	return true;
}

int model_change_watch(const char *command, struct postgres *postgres, uint64_t version, struct fail *fail)
{
	struct progress progress;
	struct looked looked;
	int64_t last = -1, moved_us = moment_monotonic_us();
	int result = EXIT_DONE;
	progress_begin(&progress, command, false);
	for (;;) {
		if (!postgres_add(postgres, &takeover_is, NULL, on_looked, &looked, fail) ||
		    !ctl_turn(postgres, fail)) {
			result = (int)fail->exit_code;
			break;
		}
		if (looked.version != version) {
			fail_set(fail, FAIL_FATAL, EXIT_FOUND,
				 "another model was accepted meanwhile, or this one taken back: %016" PRIx64
				 " is in force now (phasectl model history)",
				 looked.version);
			result = EXIT_FOUND;
			break;
		}
		if (looked.ended) {
			break;
		}
		if (looked.waiting != last) {
			last = looked.waiting;
			moved_us = moment_monotonic_us();
		} else if (moment_monotonic_us() - moved_us > STALLED_US) {
			fail_set(fail, FAIL_FATAL, EXIT_FOUND,
				 "nothing has moved for a minute: the daemons go on with it when they run "
				 "(phasectl model history says how far they have come)");
			result = EXIT_FOUND;
			break;
		}
		int64_t all = looked.contacts > looked.waiting ? looked.contacts : looked.waiting;
		progress_show(&progress, all > 0 ? 1 - (double)looked.waiting / (double)all : -1,
			      "%" PRId64 " of %" PRId64 " contacts wait", looked.waiting, all);
		poll(NULL, 0, LOOK_MS);
	}
	progress_end(&progress);
	if (result == EXIT_DONE) {
		printf("all contacts are folded by it\n");
	}
	return result;
}

/*
 * phasectl confirm: somebody said which phase a contact is in, on the telephone say. One event CONFIRM to Kafka; the daemon
 * does the rest, and a replay of the topic does it again.
 *
 * It is about a person who consented, found by id or by address; the event carries the id alone. Its own id is made from
 * what it says, so that the same confirmation sent twice counts once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/model/model.h"
#include "ctl/contact_word.h"
#include "ctl/model_word.h"
#include "ctl/own_event.h"

#define PHASES_MAX (MODEL_PROCESSES_MAX * PHASE_STATES)

static struct {
	const char *contact, *phase, *process, *at;
} asked = {.process = "standard"};

static const struct option_about options[] = {
	{"phase", "NAME", OPTION_TEXT, &asked.phase, 0, 0,
	 "the phase: early, mid, late, or a fine phase of the process"},
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0, "the process (default: standard)"},
	{"at", "TIME", OPTION_TEXT, &asked.at, 0, 0, "when they said so, as 2026-11-25T14:30:00Z (default: now)"},
	{0},
};

/* What the database says of the person and of the words. */
struct known {
	struct arena *arena;
	bool is_person;
	const char *processes[MODEL_PROCESSES_MAX], *phases[PHASES_MAX + MAIN_COUNT]; /* phases: of the process */
	size_t process_count, phase_count;
};

static const struct postgres_statement find_person = {
	.name = "find_person",
	.sql = "SELECT 1 FROM report.person WHERE contact_id = $1",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, false}},
};
static const struct postgres_statement find_phases = {
	.name = "find_phases",
	.sql = "SELECT process, fine FROM report.process_phase ORDER BY process, place",
	.simple = true,
};

static bool on_person(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	((struct known *)context)->is_person = postgres_count(rows) > 0;
	return true;
}

static bool on_phases(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct known *known = context;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		const char *process = postgres_text(rows, i, 0), *fine = postgres_text(rows, i, 1);
		process = arena_text(known->arena, process, strlen(process));
		fine = arena_text(known->arena, fine, strlen(fine));
		if (process == NULL || fine == NULL || known->process_count == MODEL_PROCESSES_MAX ||
		    known->phase_count == PHASES_MAX) {
			return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "phases do not fit into memory");
		}
		size_t last = known->process_count;
		if (last == 0 || strcmp(known->processes[last - 1], process) != 0) {
			known->processes[known->process_count++] = process;
		}
		if (strcasecmp(process, asked.process) == 0 && strcmp(fine, "none") != 0) {
			known->phases[known->phase_count++] = fine;
		}
	}
	return true;
}

static bool look(struct ctl *ctl, struct known *known, struct uuid *ret_id, struct fail *fail)
{
	struct postgres_value value;
	bool fits = postgres_value_uuid(ret_id, &value); /* borrows it: its value is that of when it is sent */
	CHECK(fits);
	struct postgres *postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, fail);
	bool good = postgres != NULL && contact_word_id(ctl, postgres, "confirm", asked.contact, ret_id, fail) &&
		    postgres_add(postgres, &find_person, &value, on_person, known, fail) &&
		    postgres_add(postgres, &find_phases, NULL, on_phases, known, fail) && ctl_turn(postgres, fail);
	postgres_destroy(postgres);
	return good;
}

static bool check(struct known *known, struct fail *fail)
{
	if (known->process_count == 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
				"no model is in force yet: run phasectl model accept");
	}
	if (!model_word("--process", &asked.process, "the model in force", "process", known->processes,
			known->process_count, fail)) {
		return false;
	}
	for (int main = MAIN_EARLY; main < MAIN_COUNT; main++) {
		known->phases[known->phase_count++] = main_phase_name((enum main_phase)main);
	}
	if (!model_word("--phase", &asked.phase, "the model in force", "phase", known->phases, known->phase_count,
			fail)) {
		return false;
	}
	if (!known->is_person) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND,
				"no person with this id or address has consented to being known");
	}
	return true;
}

/* The same words at the same time are the same event. */
static void make_id(const struct uuid *contact, int64_t at_us, char *ret_text, size_t size)
{
	char who[UUID_TEXT_SIZE], when[MOMENT_TEXT_SIZE];
	uuid_print(contact, who);
	moment_print(at_us, when);
	const struct hash_piece pieces[] = {{who, strlen(who)},
					    {asked.process, strlen(asked.process)},
					    {asked.phase, strlen(asked.phase)},
					    {when, strlen(when)}};
	snprintf(ret_text, size, "confirm-%016" PRIx64, hash_64(pieces, COUNT_OF(pieces)));
}

static bool send(struct ctl *ctl, const struct uuid *contact, int64_t at_us, struct fail *fail)
{
	struct event event = event_blank;
	char id[32];
	make_id(contact, at_us, id, sizeof(id));
	event.id = id;
	event.action = ACTION_CONFIRM;
	event.label = asked.phase;
	event.process = asked.process;
	event.occurred_us = at_us;
	return own_event_send(ctl, &event, contact, fail);
}

static bool read_at(int64_t *ret_at_us, struct fail *fail)
{
	int64_t now_us = moment_now_us();
	*ret_at_us = now_us;
	if (asked.at != NULL && !ctl_read_time("--at", asked.at, ret_at_us, fail)) {
		return false;
	}
	return *ret_at_us <= now_us ||
	       fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--at: this is still to come: nobody has said so yet");
}

static bool confirm(struct ctl *ctl, int64_t *ret_at_us, struct fail *fail)
{
	struct known known = {.arena = &ctl->arena};
	struct uuid contact;
	if (asked.phase == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "expected --phase");
	}
	return read_at(ret_at_us, fail) && ctl_read_conf_for_kafka(ctl, fail) &&
	       look(ctl, &known, &contact, fail) && check(&known, fail) && send(ctl, &contact, *ret_at_us, fail);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	int64_t at_us = 0;
	char when[MOMENT_TEXT_SIZE];
	if (!confirm(ctl, &at_us, &fail)) {
		return ctl_give_up(ctl, &fail);
	}
	moment_print(at_us, when);
	printf("sent: %s in process %s, as of %s\n", asked.phase, asked.process, when);
	return EXIT_DONE;
}

const struct command confirm_command = {
	.words = "confirm",
	.summary = "say which phase somebody is in, since they said so",
	.details =
		"CONTACT is the id of a person who consented, or - for an address on stdin. Sends one event to "
		"the "
		"topic of\n"
		"channel crm; the daemon multiplies what speaks for this phase, once, as of that time, and later "
		"touches go\n"
		"on from there. The same phase of the same contact at the same time counts once, however often it "
		"is "
		"sent.\n"
		"Needs phased_seller. Exit 1: nobody by that id or address has consented; 69: not acknowledged.",
	.options = options,
	.operand = {"CONTACT", &asked.contact, true},
	.run = run,
};

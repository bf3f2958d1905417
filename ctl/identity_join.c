/*
 * phasectl identity join, split: somebody knows that two identifiers are one person's, or are not. One event to Kafka; the daemon
 * does the rest, and a replay of the topic does it again. The last word on a pair holds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/flow/facts.h"
#include "ctl/actor_word.h"
#include "ctl/audit_note.h"
#include "ctl/own_event.h"

#define JOIN "join"

static struct {
	const char *actor, *other, *at;
} asked;

static const struct option_about join_options[] = {
	{"with", "ACTOR", OPTION_TEXT, &asked.other, 0, 0,
	 "the other identifier, by its id as identity show prints it"},
	{"at", "TIME", OPTION_TEXT, &asked.at, 0, 0,
	 "since when: what was stated since then counts for both\n(default: now)"},
	{0},
};
static const struct option_about split_options[] = {
	{"from", "ACTOR", OPTION_TEXT, &asked.other, 0, 0,
	 "the other identifier, by its id as identity show prints it"},
	{"at", "TIME", OPTION_TEXT, &asked.at, 0, 0, "when this was said (default: now)"},
	{0},
};

/* The same word on the same two at the same time is the same event. */
static void make_id(const char *how, const char *one, const char *other, int64_t at_us, char *ret_text,
		    size_t size)
{
	char when[MOMENT_TEXT_SIZE];
	moment_print(at_us, when);
	const struct hash_piece pieces[] = {
		{how, strlen(how)}, {one, strlen(one)}, {other, strlen(other)}, {when, strlen(when)}};
	snprintf(ret_text, size, "%s-%016" PRIx64, how, hash_64(pieces, COUNT_OF(pieces)));
}

static bool prepare(struct own_event *own, struct ctl *ctl, const char *how, const struct uuid *one,
		    const struct uuid *other, int64_t at_us, struct fail *fail)
{
	struct event event = event_blank;
	char id[32], first[UUID_TEXT_SIZE], second[UUID_TEXT_SIZE];
	uuid_print(one, first);
	uuid_print(other, second);
	make_id(how, first, second, at_us, id, sizeof(id));
	event.id = id;
	event.action = ACTION_ALIAS;
	event.label = how;
	event.occurred_us = at_us;
	event.identity.verified = true;
	event.identity.previous_id = second;
	return own_event_prepare(own, ctl, &event, one, fail);
}

static bool read_at(int64_t *ret_at_us, struct fail *fail)
{
	int64_t now_us = moment_now_us();
	*ret_at_us = now_us;
	if (asked.at != NULL && !ctl_read_time("--at", asked.at, ret_at_us, fail)) {
		return false;
	}
	return *ret_at_us <= now_us || fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--at: this is still to come");
}

/* Noted before it is sent, since what was sent and is not noted would be worse; and when all has been looked at that can be wrong. */
static bool say(struct ctl *ctl, struct postgres *postgres, const char *how, const char *option, int64_t at_us,
		struct fail *fail)
{
	struct uuid one, other;
	const char *what = strcmp(how, JOIN) == 0 ? "identity join" : "identity split";
	if (!actor_word_id(ctl, postgres, what, asked.actor, &one, fail) ||
	    !actor_word_id(ctl, postgres, option, asked.other, &other, fail)) {
		return false;
	}
	if (uuid_equal(&one, &other)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "%s: this is the same identifier", option);
	}
	struct own_event own = {0};
	bool sent = prepare(&own, ctl, how, &one, &other, at_us, fail) &&
		    audit_note_add(ctl, postgres, how, "", fail, "{\"actors\": 2}") && ctl_turn(postgres, fail) &&
		    own_event_deliver(&own, fail);
	own_event_finish(&own);
	return sent;
}

static int run(struct ctl *ctl, const char *how, const char *option)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	int64_t at_us;
	bool done = asked.other != NULL || fail_set(&fail, FAIL_FATAL, EXIT_USAGE, "expected %s", option);
	done = done && read_at(&at_us, &fail) && ctl_read_conf_for_kafka(ctl, &fail) &&
	       (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL &&
	       say(ctl, postgres, how, option, at_us, &fail);
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	char when[MOMENT_TEXT_SIZE];
	moment_print(at_us, when);
	printf("sent: these two %s one person, as of %s\n", strcmp(how, JOIN) == 0 ? "are" : "are not", when);
	return EXIT_DONE;
}

static int run_join(struct ctl *ctl)
{
	return run(ctl, JOIN, "--with");
}

static int run_split(struct ctl *ctl)
{
	return run(ctl, FACTS_SPLIT, "--from");
}

const struct command identity_join_command = {
	.words = "identity join",
	.summary = "say that two identifiers are one person's",
	.details = "ACTOR is an address's, login's or CRM record's id as identity show prints it, its first 8 "
		   "digits or more, "
		   "or - for\n"
		   "an address on stdin. Sends one event to the topic of channel crm; the daemon makes one "
		   "contact of the two, "
		   "with\n"
		   "both pasts. Consent: the more restrictive of the two holds until something newer is stated. "
		   "identity split "
		   "takes it\n"
		   "back, exactly. Needs phased_privacy; it is noted in the audit. Exit 1: no such identifier; "
		   "69: not "
		   "acknowledged.",
	.options = join_options,
	.operand = {"ACTOR", &asked.actor, true},
	.run = run_join,
};

const struct command identity_split_command = {
	.words = "identity split",
	.summary = "say that two identifiers are not one person's",
	.details = "ACTOR is as in identity join. Sends one event to the topic of channel crm; the daemon keeps "
		   "the two apart, "
		   "whatever\n"
		   "logins and records say, before or after: where a third one joined them, what linked it last "
		   "is dropped. "
		   "identity\n"
		   "join takes it back. Needs phased_privacy; it is noted in the audit. Exit 1: no such "
		   "identifier; 69: not\n"
		   "acknowledged.",
	.options = split_options,
	.operand = {"ACTOR", &asked.actor, true},
	.run = run_split,
};

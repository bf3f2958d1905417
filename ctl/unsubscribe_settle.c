/*
 * phasectl unsubscribe settle: what looked like a scanner's was the person, or was not. The person: one event to Kafka that withdraws
 * contact, as the unsubscribe itself would have; a scanner: there is nothing to look at any more.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/flow/kin.h"
#include "ctl/contact_word.h"
#include "ctl/own_event.h"

static struct {
	const char *person;
	bool accept, dismiss;
} asked;

static const struct option_about options[] = {
	{"accept", NULL, OPTION_FLAG, &asked.accept, 0, 0, "it was the person: they are not written to any more"},
	{"dismiss", NULL, OPTION_FLAG, &asked.dismiss, 0, 0, "it was a scanner: nothing changes"},
	{0},
};

/* Of those that wait: whose id is in this range, or who goes by this identifier; of each of their identifiers the newest moment. */
static const struct postgres_statement find = {
	.name = "find",
	.sql = "SELECT person, actor_id, max(at) FROM report.unsubscribe_review WHERE person BETWEEN $1 AND $2 OR "
	       "($1 "
	       "= $2 AND $1 = ANY (actors)) GROUP BY person, actor_id ORDER BY person, actor_id LIMIT 17",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_UUID, false}},
};
static const struct postgres_statement dismiss = {
	.name = "dismiss",
	.sql = "SELECT report.unsubscribe_dismiss($1)",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, false}},
};

_Static_assert(KIN_ACTORS_MAX == 16, "find asks for one row more");
struct found {
	struct uuid person;
	struct {
		struct uuid id;
		int64_t at_us;
	} actors[KIN_ACTORS_MAX];
	size_t count;
	bool are_several; /* persons */
};

static bool on_found(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct found *found = context;
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows) && !found->are_several; i++) {
		struct uuid person = postgres_uuid(rows, i, 0);
		found->are_several = found->count > 0 && !uuid_equal(&person, &found->person);
		if (!found->are_several) {
			CHECK(found->count < COUNT_OF(found->actors));
			found->person = person;
			found->actors[found->count].id = postgres_uuid(rows, i, 1);
			found->actors[found->count++].at_us = postgres_moment(rows, i, 2);
		}
	}
	return true;
}

static bool none_waits(bool are_several, struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_FOUND, "%s unsubscribe waits for a decision",
			are_several ? "of more than one person whose id begins so an" : "of this person no");
}

static bool look(const struct ctl *ctl, struct postgres *postgres, struct found *found, struct fail *fail)
{
	char address[IDENTITY_EMAIL_SIZE_MAX + 1];
	struct uuid from, to;
	struct postgres_value values[2];
	if (strcmp(asked.person, "-") == 0) {
		if (!contact_word_address(ctl->words, address, fail) ||
		    !contact_word_address_id(ctl, address, &from, fail) ||
		    !contact_word_key_fits(ctl, postgres, fail)) {
			return false;
		}
		to = from;
	} else if (!contact_word_range(ctl->words, asked.person, &from, &to, fail)) {
		return false;
	}
	bool fits = postgres_value_uuid(&from, &values[0]) && postgres_value_uuid(&to, &values[1]);
	CHECK(fits);
	if (!postgres_add(postgres, &find, values, on_found, found, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	return (found->count > 0 && !found->are_several) || none_waits(found->are_several, fail);
}

static bool on_dismissed(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(int64_t *)context = postgres_int(rows, 0, 0);
	return true;
}

static bool drop(struct postgres *postgres, const struct found *found, struct fail *fail)
{
	struct postgres_value value;
	int64_t dismissed;
	bool fits = postgres_value_uuid(&found->person, &value);
	CHECK(fits);
	if (!postgres_add(postgres, &dismiss, &value, on_dismissed, &dismissed, fail) ||
	    !ctl_turn(postgres, fail)) {
		return false;
	}
	return dismissed > 0 || none_waits(false, fail); /* somebody else was faster */
}

/* As of when it was unsubscribed: what the person has said since of being written to holds. */
static bool withdraw(struct ctl *ctl, const struct uuid *actor, int64_t at_us, struct fail *fail)
{
	char who[UUID_TEXT_SIZE], when[MOMENT_TEXT_SIZE], id[32];
	uuid_print(actor, who);
	moment_print(at_us, when);
	const struct hash_piece pieces[] = {{who, strlen(who)}, {when, strlen(when)}};
	snprintf(id, sizeof(id), "unsubscribe-%016" PRIx64, hash_64(pieces, COUNT_OF(pieces)));
	struct event event = event_blank;
	event.id = id; /* the same decision twice is one event */
	event.action = ACTION_CONSENT;
	event.label = "unsubscribe";
	event.occurred_us = at_us;
	event.consent.analytics =
		STATEMENT_GRANTED; /* it is no visit; a channel that requires it must hear it, too */
	event.consent.contact = STATEMENT_WITHDRAWN;
	return own_event_send(ctl, &event, actor, fail);
}

/* Of each identifier that it was said of: what is said of another one counts for it only since the two are one. */
static bool withdraw_all(struct ctl *ctl, const struct found *found, struct fail *fail)
{
	for (size_t i = 0; i < found->count; i++) {
		if (!withdraw(ctl, &found->actors[i].id, found->actors[i].at_us, fail)) {
			return fail_prefix(fail, "%zu of %zu were sent, the same command sends the others", i,
					   found->count);
		}
	}
	return true;
}

static bool settle(struct ctl *ctl, struct found *found, struct fail *fail)
{
	if (asked.accept == asked.dismiss) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "expected one of --accept and --dismiss");
	}
	bool good = asked.accept ? ctl_read_conf_for_kafka(ctl, fail) : ctl_read_conf(ctl, fail);
	struct postgres *postgres =
		good ? ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, fail) : NULL;
	good = postgres != NULL && look(ctl, postgres, found, fail) &&
	       (asked.accept || drop(postgres, found, fail));
	postgres_destroy(postgres);
	return good && (!asked.accept || withdraw_all(ctl, found, fail));
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct found found = {0};
	char person[UUID_TEXT_SIZE];
	if (!settle(ctl, &found, &fail)) {
		return ctl_give_up(ctl, &fail);
	}
	uuid_print(&found.person, person);
	printf("%s: %s\n", person, asked.accept ? "sent: may not be written to" : "dismissed");
	return EXIT_DONE;
}

const struct command unsubscribe_settle_command = {
	.words = "unsubscribe settle",
	.summary = "say whether it was a person who unsubscribed, or a scanner",
	.details =
		"PERSON is an id as unsubscribe list shows it, its first 8 digits or more, or - for an address "
		"on stdin.\n"
		"--accept sends one event to the topic of channel crm that withdraws contact as of the "
		"unsubscribe (of each\nidentifier of theirs that it was said of); what the person has said since "
		"of being written to holds. --dismiss\ntakes what waits of this person off the list, and it is "
		"noted in the audit.\n"
		"Needs phased_seller or phased_privacy. Exit 1: nothing of this person waits; 69: not "
		"acknowledged.",
	.options = options,
	.operand = {"PERSON", &asked.person, true},
	.run = run,
};

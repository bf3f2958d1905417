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

/* Of those that wait: whose id is in this range, and the newest moment. */
static const struct postgres_statement find = {
	.name = "find",
	.sql = "SELECT person, max(at) FROM report.unsubscribe_review WHERE person BETWEEN $1 AND $2 GROUP BY "
	       "person LIMIT 2",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_UUID, false}},
};
static const struct postgres_statement dismiss = {
	.name = "dismiss",
	.sql = "SELECT report.unsubscribe_dismiss($1)",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, false}},
};

struct found {
	struct uuid person;
	int64_t at_us;
	size_t count;
};

static bool on_found(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct found *found = context;
	(void)fail;
	found->count = postgres_count(rows);
	if (found->count > 0) {
		found->person = postgres_uuid(rows, 0, 0);
		found->at_us = postgres_moment(rows, 0, 1);
	}
	return true;
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
	return found->count == 1 ||
	       fail_set(fail, FAIL_FATAL, EXIT_FOUND, "%s unsubscribe waits for a decision",
			found->count == 0 ? "of this person no" : "of more than one person whose id begins so an");
}

static bool drop(struct postgres *postgres, const struct found *found, struct fail *fail)
{
	struct postgres_value value;
	bool fits = postgres_value_uuid(&found->person, &value);
	CHECK(fits);
	return postgres_add(postgres, &dismiss, &value, NULL, NULL, fail) && ctl_turn(postgres, fail);
}

/* As of when it was unsubscribed: what the person has said since of being written to holds. */
static bool withdraw(struct ctl *ctl, const struct found *found, struct fail *fail)
{
	char who[UUID_TEXT_SIZE], when[MOMENT_TEXT_SIZE], id[32];
	uuid_print(&found->person, who);
	moment_print(found->at_us, when);
	const struct hash_piece pieces[] = {{who, strlen(who)}, {when, strlen(when)}};
	snprintf(id, sizeof(id), "unsubscribe-%016" PRIx64, hash_64(pieces, COUNT_OF(pieces)));
	struct event event = event_blank;
	event.id = id; /* the same decision twice is one event */
	event.action = ACTION_CONSENT;
	event.label = "unsubscribe";
	event.occurred_us = found->at_us;
	event.consent.analytics =
		STATEMENT_GRANTED; /* it is no visit; a channel that requires it must hear it, too */
	event.consent.contact = STATEMENT_WITHDRAWN;
	return own_event_send(ctl, &event, &found->person, fail);
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
	return good && (!asked.accept || withdraw(ctl, found, fail));
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
	.details = "PERSON is an id as unsubscribe list shows it, its first 8 digits or more, or - for an address "
		   "on stdin.\n"
		   "--accept sends one event to the topic of channel crm that withdraws contact as of the "
		   "unsubscribe; what "
		   "the\nperson has said since of being written to holds. --dismiss takes what waits of this "
		   "person off the "
		   "list, and\nit is noted in the audit.\n"
		   "Needs phased_seller or phased_privacy. Exit 1: nothing of this person waits; 69: not "
		   "acknowledged.",
	.options = options,
	.operand = {"PERSON", &asked.person, true},
	.run = run,
};

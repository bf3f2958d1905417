#include "collector/source/dynamics.h"

#include <string.h>

#include "collector/source/chat.h"
#include "collector/source/crm.h"
#include "collector/source/dynamics_record.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/signature.h"

#define ID_SIZE_MAX 128
/* ---- deals ---- */

static enum outcome read_stage(struct reading *reading, const struct dynamics_record *record)
{
	static const enum opportunity_state states[] = {OPPORTUNITY_OPEN, OPPORTUNITY_WON, OPPORTUNITY_LOST};
	struct event *event = reading->event;
	const struct json_node *state = dynamics_plain(dynamics_column(record, "statecode"));
	const char *stage = "";
	enum outcome outcome = dynamics_text(reading, dynamics_column(record, "stepname"), ID_SIZE_MAX, &stage);
	if (outcome == OUTCOME_NONE && stage[0] == '\0') {
		outcome = dynamics_text(reading, dynamics_shown(record, "salesstage"), ID_SIZE_MAX, &stage);
	}
	outcome = outcome == OUTCOME_NONE ? crm_stage(reading, stage) : outcome;
	int64_t code = state != NULL && state->kind == JSON_NUMBER && state->is_whole ? state->whole : -1;
	if (code >= 0 && code < (int64_t)COUNT_OF(states)) {
		event->opportunity.state = states[code];
	} else if (event->opportunity.state == OPPORTUNITY_OPEN) {
		event->opportunity.state = OPPORTUNITY_UNSAID; /* a stage of the way, of a deal that may be over */
	}
	return outcome;
}

static enum outcome read_parts(struct reading *reading, const struct dynamics_record *record)
{
	static const struct {
		const char *name;
		enum crm_part part;
	} rows[] = {
		{"estimatedvalue", CRM_AMOUNT},
		{"closeprobability", CRM_PERCENT},
		{"ownerid", CRM_OWNER},
	};
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < COUNT_OF(rows) && outcome == OUTCOME_NONE; i++) {
		outcome = crm_optional(
			crm_part(reading, rows[i].part, dynamics_plain(dynamics_column(record, rows[i].name))));
	}
	const char *date = "";
	if (outcome == OUTCOME_NONE) {
		outcome = dynamics_text(reading, dynamics_column(record, "estimatedclosedate"), 64, &date);
	}
	int64_t close_us;
	if (outcome == OUTCOME_NONE && dynamics_date(date, &close_us)) {
		reading->event->opportunity.close_us = close_us;
	}
	return outcome;
}

/* Who takes a deal's place as its contact sends the one before away, whom the image before it names. */
static enum outcome read_contacts(struct reading *reading, const struct dynamics_record *record)
{
	const struct json_node *target = dynamics_input(reading->message, "Target");
	const struct dynamics_record before = dynamics_before(reading->message);
	const char *contact = "", *customer = "", *left = "";
	enum outcome outcome = dynamics_lookup(reading, record, "parentcontactid", "contact", &contact);
	if (outcome == OUTCOME_NONE) {
		outcome = crm_contact(reading, contact);
	}
	const struct json_node *account = dynamics_column(record, "customerid");
	if (outcome == OUTCOME_NONE && account != NULL && json_get_text(account, "LogicalName") != NULL) {
		outcome = dynamics_lookup(reading, record, "customerid", "contact", &customer);
	}
	if (outcome == OUTCOME_NONE && strcmp(customer, contact) != 0) {
		outcome = crm_contact(reading, customer);
	}
	if (outcome != OUTCOME_NONE || !reading_has_pair(json_get(target, "Attributes"), "parentcontactid")) {
		return outcome;
	}
	outcome = dynamics_lookup(reading, &before, "parentcontactid", "contact", &left);
	bool has_left = strcmp(left, contact) != 0 && strcmp(left, customer) != 0;
	return outcome == OUTCOME_NONE && has_left ? crm_left(reading, left) : outcome;
}

static enum outcome read_opportunity(struct reading *reading)
{
	const struct json_node *message = reading->message;
	const struct dynamics_record record = dynamics_record(message);
	const char *id = "";
	enum outcome outcome =
		dynamics_id(reading, "PrimaryEntityId", reading_find(message, "PrimaryEntityId"), &id);
	outcome = outcome == OUTCOME_NONE ? crm_deal(reading, id) : outcome;
	if (outcome == OUTCOME_NONE && dynamics_is(message, "Delete")) {
		reading->event->opportunity.state = OPPORTUNITY_DELETED;
		return OUTCOME_NONE;
	}
	static enum outcome (*const parts[])(struct reading * reading, const struct dynamics_record *record) = {
		read_stage, read_parts, read_contacts};
	for (size_t i = 0; i < COUNT_OF(parts) && outcome == OUTCOME_NONE; i++) {
		outcome = parts[i](reading, &record);
	}
	return outcome;
}

/* A deal is closed by an activity that names it. */
static enum outcome read_close(struct reading *reading)
{
	const struct json_node *message = reading->message, *close = dynamics_input(message, "OpportunityClose");
	const struct dynamics_record record = {{close}, close != NULL ? 1 : 0};
	const char *id = "";
	enum outcome outcome = dynamics_lookup(reading, &record, "opportunityid", "opportunity", &id);
	if (outcome == OUTCOME_NONE && id[0] == '\0' &&
	    strcmp(chat_text(message, "PrimaryEntityName"), "opportunity") == 0) {
		outcome = dynamics_id(reading, "PrimaryEntityId", reading_find(message, "PrimaryEntityId"), &id);
	}
	outcome = outcome == OUTCOME_NONE ? crm_deal(reading, id) : outcome;
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	reading->event->opportunity.state = dynamics_is(message, "Win") ? OPPORTUNITY_WON : OPPORTUNITY_LOST;
	return crm_optional(
		crm_part(reading, CRM_AMOUNT, dynamics_plain(dynamics_column(&record, "actualrevenue"))));
}

/* ---- whose they are ---- */

static void read_profile(struct reading *reading, const struct dynamics_record *record)
{
	const struct json_node *target = json_get(dynamics_input(reading->message, "Target"), "Attributes");
	bool is_update = dynamics_is(reading->message, "Update");
	for (size_t i = 0; i < record->count; i++) {
		const struct json_node *list = json_get(record->parts[i], "Attributes");
		for (size_t j = 0; list != NULL && list->kind == JSON_LIST && j < list->count; j++) {
			const char *name = json_get_text(list->items[j], "key");
			if (name != NULL && crm_is_profile(reading->options, name)) {
				crm_profile(reading, name, dynamics_plain(dynamics_column(record, name)),
					    is_update && reading_has_pair(target, name));
			}
		}
	}
}

/* Which end of a connection is a record of that table: 1 or 2; 0: none. */
static int end_of(const struct dynamics_record *record, const char *table)
{
	static const char *const names[] = {"record1id", "record2id"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *logical = json_get_text(dynamics_column(record, names[i]), "LogicalName");
		if (logical != NULL && strcmp(logical, table) == 0) {
			return (int)i + 1;
		}
	}
	return 0;
}

/* Joins it a contact to a deal? */
static bool is_of_deal(const struct dynamics_record *record)
{
	return end_of(record, "opportunity") != 0 && end_of(record, "contact") != 0;
}

static enum outcome read_connection(struct reading *reading)
{
	const struct json_node *message = reading->message;
	const struct dynamics_record record = dynamics_record(message);
	struct event *event = reading->event;
	bool is_first = end_of(&record, "contact") == 1;
	const char *deal_end = is_first ? "record2id" : "record1id";
	const char *contact_end = is_first ? "record1id" : "record2id", *deal = "", *contact = "";
	const char *role = is_first ? "record1roleid" : "record2roleid";
	enum outcome outcome = dynamics_lookup(reading, &record, deal_end, "opportunity", &deal);
	outcome = outcome == OUTCOME_NONE ? crm_deal(reading, deal) : outcome;
	if (outcome == OUTCOME_NONE) {
		outcome = dynamics_lookup(reading, &record, contact_end, "contact", &contact);
	}
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	const struct json_node *state = dynamics_plain(dynamics_column(&record, "statecode"));
	bool is_over = dynamics_is(message, "Delete") || crm_is_yes(state); /* inactive is 1 */
	if (is_over) {
		return crm_left(reading, contact);
	}
	event->identity.crm_id = contact;
	event->identity.verified = true;
	read_profile(reading, &record);
	outcome = dynamics_text(reading, dynamics_shown(&record, role), 128, &event->identity.role);
	return outcome == OUTCOME_NONE ? crm_contact(reading, contact) : outcome;
}

/* ---- contacts ---- */

static enum outcome read_contact(struct reading *reading)
{
	static const struct {
		const char *name;
		bool is_shown; /* to people, by another text than its value */
		size_t limit, to;
	} rows[] = {
		{"emailaddress1", false, 255, offsetof(struct event, identity.email)},
		{"fullname", false, 128, offsetof(struct event, identity.name)},
		{"jobtitle", false, 128, offsetof(struct event, identity.title)},
		{"accountrolecode", true, 128, offsetof(struct event, identity.role)},
		{"parentcustomerid", true, 128, offsetof(struct event, identity.company)},
	};
	static const char *const refusals[] = {"donotemail", "donotbulkemail"};
	struct event *event = reading->event;
	const struct dynamics_record record = dynamics_record(reading->message);
	enum outcome outcome =
		dynamics_id(reading, "PrimaryEntityId", reading_find(reading->message, "PrimaryEntityId"),
			    &event->identity.crm_id);
	if (outcome == OUTCOME_NONE && event->identity.crm_id[0] == '\0') {
		return OUTCOME_bad_value;
	}
	event->action = ACTION_IDENTIFY;
	event->identity.verified = true;
	for (size_t i = 0; i < COUNT_OF(rows) && outcome == OUTCOME_NONE; i++) {
		const char **to = (const char **)(void *)((char *)event + rows[i].to);
		const struct json_node *node = rows[i].is_shown ? dynamics_shown(&record, rows[i].name)
								: dynamics_column(&record, rows[i].name);
		outcome = dynamics_text(reading, node, rows[i].limit, to);
	}
	const struct json_node *written = json_get(dynamics_input(reading->message, "Target"), "Attributes");
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		if (crm_is_yes(reading_pair(written, refusals[i]))) {
			event->consent.contact = STATEMENT_WITHDRAWN;
		}
	}
	read_profile(reading, &record);
	return outcome;
}

/* ---- messages ---- */

/* Quotes are won and lost, too. */
static bool is_close(const struct json_node *message)
{
	return (dynamics_is(message, "Win") || dynamics_is(message, "Lose")) &&
	       (strcmp(chat_text(message, "PrimaryEntityName"), "opportunity") == 0 ||
		dynamics_input(message, "OpportunityClose") != NULL);
}

static bool writes(const struct json_node *message)
{
	static const char *const names[] = {"Create", "Update", "SetState", "SetStateDynamicEntity", "Assign"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (dynamics_is(message, names[i])) {
			return true;
		}
	}
	return false;
}

static enum outcome read_what(struct reading *reading)
{
	const struct json_node *message = reading->message;
	const char *name = "", *table = "";
	enum outcome outcome = reading_needed(reading, "MessageName", 128, &name);
	outcome = outcome == OUTCOME_NONE ? reading_needed(reading, "PrimaryEntityName", 128, &table) : outcome;
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	const struct dynamics_record record = dynamics_record(message);
	bool is_over = dynamics_is(message, "Delete");
	reading->event->party = PARTY_AGENT;
	if (is_close(message)) {
		return read_close(reading);
	}
	if (strcmp(table, "opportunity") == 0 && (writes(message) || is_over)) {
		return read_opportunity(reading);
	}
	if (strcmp(table, "connection") == 0 && (writes(message) || is_over) && is_of_deal(&record)) {
		return read_connection(reading);
	}
	if (strcmp(table, "contact") == 0 && writes(message)) {
		return read_contact(reading);
	}
	return crm_custom(reading, table, name);
}

static enum outcome read_time(struct reading *reading)
{
	const char *date = "";
	int64_t at_us;
	enum outcome outcome = reading_needed(reading, "OperationCreatedOn", 64, &date);
	if (outcome != OUTCOME_NONE || !dynamics_date(date, &at_us)) {
		return outcome != OUTCOME_NONE ? outcome : OUTCOME_bad_value;
	}
	reading_times(reading, 0, 0, at_us);
	return OUTCOME_NONE;
}

/* An operation that is done at once has no number of its own: the request that it was a part of has, and when and to what. */
static enum outcome read_id(struct reading *reading)
{
	static const char *const of_operation[] = {"OperationId", "OwningExtension.Id"};
	static const char *const of_request[] = {"CorrelationId",   "RequestId",
						 "MessageName",	    "PrimaryEntityName",
						 "PrimaryEntityId", "OperationCreatedOn",
						 "Depth",	    "OwningExtension.Id"};
	const char *id = chat_text(reading->message, "OperationId");
	bool has_number = id[strspn(id, "0-")] != '\0';
	reading->field = "OperationId";
	return has_number ? chat_id(reading, of_operation, COUNT_OF(of_operation), "operation", "")
			  : chat_id(reading, of_request, COUNT_OF(of_request), "request", "");
}

static reading_step *const steps[] = {read_what, read_time, read_id};

/* The record on the other side of a connection is no deal, or no contact: nobody's touch. */
static bool is_left_out(const struct json_node *message)
{
	const struct dynamics_record record = dynamics_record(message);
	return strcmp(chat_text(message, "PrimaryEntityName"), "connection") == 0 &&
	       dynamics_column(&record, "record1id") != NULL && dynamics_column(&record, "record2id") != NULL &&
	       !is_of_deal(&record);
}

bool dynamics_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		   struct source_items *ret_items)
{
	struct json_node *root;
	struct source_item *item = arena_zero(arena, 1, sizeof(*item));
	if (item == NULL || !reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	struct reading reading = {.request = request, .options = options, .arena = arena, .message = root};
	*ret_items = (struct source_items){.count = 0, .items = item};
	if (!is_left_out(root)) {
		reading_item(&reading, "dynamics", CHANNEL_CRM, steps, COUNT_OF(steps), item);
		ret_items->count = 1;
	}
	return true;
}

enum hook_proof dynamics_scheme(const struct source_request *request, const struct hook_secret *secret,
				struct arena *arena)
{
	const char *given = source_more_header(request, "X-Phased-Secret");
	for (size_t i = 0; i < request->query_count && given[0] == '\0'; i++) {
		if (strcmp(request->arguments[i].name, "code") == 0) {
			given = request->arguments[i].value;
		}
	}
	if (given[0] == '\0') {
		return hook_password(request, secret, arena);
	}
	return signature_equal(given, strlen(given), secret->bytes, secret->size) ? HOOK_PROVEN : HOOK_FORGED;
}

#include "collector/source/salesforce.h"

#include <string.h>
#include <strings.h>

#include "collector/source/chat.h"
#include "collector/source/crm.h"
#include "core/base/arena.h"
#include "core/base/check.h"

#define HEADER "ChangeEventHeader."
#define ID_SIZE_MAX 128
#define WORD_SIZE_MAX 64

/* An event is about each of its records: this one. "*" stands for more than anybody listed. */
static const char *record_of(const struct reading *reading)
{
	return reading->around;
}

static const char *entity_of(const struct json_node *message)
{
	return chat_text(message, HEADER "entityName");
}

static bool is_change(const struct json_node *message, const char *type)
{
	return strcmp(chat_text(message, HEADER "changeType"), type) == 0;
}

/* Events that were lost on the way, or too many to be told one by one: something has changed. */
static bool is_gap(const struct json_node *message, const char *record)
{
	return strncmp(chat_text(message, HEADER "changeType"), "GAP_", 4) == 0 || strchr(record, '*') != NULL;
}

static enum outcome take_text(struct reading *reading, const char *name, size_t max, const char **ret)
{
	reading->field = name;
	return crm_text(reading, reading_find(reading->message, name), max, ret);
}

static enum outcome take_optional(struct reading *reading, const char *name, size_t max, const char **ret)
{
	return crm_optional(take_text(reading, name, max, ret));
}

/* ---- deals ---- */

static const struct deal_field {
	const char *name;
	enum crm_part part;
} deal_fields[] = {
	{"Amount", CRM_AMOUNT},	      {"CurrencyIsoCode", CRM_CURRENCY},
	{"Probability", CRM_PERCENT}, {"CloseDate", CRM_CLOSE},
	{"OwnerId", CRM_OWNER},
};

/* A deal that is closed and not won is lost, whatever its stage is called. */
static void settle_state(struct reading *reading)
{
	const struct json_node *won = reading_find(reading->message, "IsWon");
	const struct json_node *closed = reading_find(reading->message, "IsClosed");
	if (crm_is_yes(won)) {
		reading->event->opportunity.state = OPPORTUNITY_WON;
	} else if (won != NULL && crm_is_yes(closed)) {
		reading->event->opportunity.state = OPPORTUNITY_LOST;
	}
}

static enum outcome read_opportunity(struct reading *reading)
{
	const char *stage = "", *contact = "";
	struct event *event = reading->event;
	reading->field = HEADER "recordIds";
	enum outcome outcome = crm_deal(reading, record_of(reading));
	if (outcome != OUTCOME_NONE || is_change(reading->message, "DELETE") ||
	    is_change(reading->message, "GAP_DELETE")) {
		event->opportunity.state = OPPORTUNITY_DELETED;
		return outcome;
	}
	if (is_change(reading->message, "UNDELETE")) {
		event->opportunity.state = OPPORTUNITY_OPEN;
	}
	outcome = take_optional(reading, "StageName", ID_SIZE_MAX, &stage);
	outcome = outcome == OUTCOME_NONE ? crm_stage(reading, stage) : outcome;
	settle_state(reading);
	for (size_t i = 0; i < COUNT_OF(deal_fields) && outcome == OUTCOME_NONE; i++) {
		outcome = crm_optional(crm_part(reading, deal_fields[i].part,
						reading_find(reading->message, deal_fields[i].name)));
	}
	outcome = outcome == OUTCOME_NONE ? take_text(reading, "ContactId", ID_SIZE_MAX, &contact) : outcome;
	return outcome == OUTCOME_NONE ? crm_contact(reading, contact) : outcome;
}

/* ---- whose they are ---- */

static bool has_changed(const struct json_node *message, const char *field)
{
	const struct json_node *list = reading_find(message, HEADER "changedFields");
	for (size_t i = 0; list != NULL && list->kind == JSON_LIST && i < list->count; i++) {
		if (list->items[i]->kind == JSON_TEXT && strcmp(list->items[i]->text, field) == 0) {
			return is_change(message, "UPDATE");
		}
	}
	return false;
}

static void read_profile(struct reading *reading)
{
	const struct json_node *message = reading->message;
	for (size_t i = 0; i < message->count; i++) {
		if (crm_is_profile(reading->options, message->keys[i])) {
			crm_profile(reading, message->keys[i], message->items[i],
				    has_changed(message, message->keys[i]));
		}
	}
}

/* Of a change only what has changed is told, of a deletion nothing, unless the channel is enriched with these two fields. */
static bool names_both(const struct json_node *message)
{
	return chat_text(message, "OpportunityId")[0] != '\0' && chat_text(message, "ContactId")[0] != '\0';
}

static enum outcome read_role(struct reading *reading)
{
	struct event *event = reading->event;
	const char *deal = "", *contact = "";
	enum outcome outcome = take_text(reading, "OpportunityId", ID_SIZE_MAX + 1, &deal);
	outcome = outcome == OUTCOME_NONE ? crm_deal(reading, deal) : outcome;
	outcome = outcome == OUTCOME_NONE ? take_text(reading, "ContactId", ID_SIZE_MAX, &contact) : outcome;
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (is_change(reading->message, "DELETE")) {
		return crm_left(reading, contact);
	}
	event->identity.crm_id = contact;
	event->identity.verified = true;
	read_profile(reading);
	outcome = take_optional(reading, "Role", 128, &event->identity.role);
	return outcome == OUTCOME_NONE ? crm_contact(reading, contact) : outcome;
}

/* ---- contacts ---- */

static enum outcome read_name(struct reading *reading)
{
	const char *first = "", *last = "";
	enum outcome outcome = take_optional(reading, "Name.FirstName", 128, &first);
	outcome = outcome == OUTCOME_NONE ? take_optional(reading, "Name.LastName", 128, &last) : outcome;
	if (outcome != OUTCOME_NONE || first[0] == '\0' || last[0] == '\0') {
		return outcome; /* half a name is none */
	}
	const char *name = arena_print(reading->arena, "%s %s", first, last);
	return name != NULL ? reading_copy(reading, name, 128, &reading->event->identity.name) : OUTCOME_too_large;
}

static enum outcome read_contact(struct reading *reading)
{
	struct event *event = reading->event;
	event->action = ACTION_IDENTIFY;
	event->identity.verified = true;
	reading->field = HEADER "recordIds";
	if (record_of(reading)[0] == '\0') {
		return OUTCOME_bad_value;
	}
	enum outcome outcome = reading_copy(reading, record_of(reading), ID_SIZE_MAX, &event->identity.crm_id);
	outcome = outcome == OUTCOME_NONE ? take_optional(reading, "Email", 255, &event->identity.email) : outcome;
	outcome = outcome == OUTCOME_NONE ? take_optional(reading, "Title", 128, &event->identity.title) : outcome;
	outcome = outcome == OUTCOME_NONE ? read_name(reading) : outcome;
	if (crm_is_yes(reading_find(reading->message, "HasOptedOutOfEmail"))) {
		event->consent.contact = STATEMENT_WITHDRAWN;
	}
	read_profile(reading);
	return outcome;
}

/* ---- messages ---- */

static bool is_entity(const struct json_node *message, const char *name)
{
	return strcmp(entity_of(message), name) == 0;
}

static bool is_known_change(const struct json_node *message)
{
	static const char *const types[] = {"CREATE", "UPDATE", "DELETE", "UNDELETE"};
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (is_change(message, types[i])) {
			return true;
		}
	}
	return false;
}

/* Passed on by its name alone, of a contact with whose it is. */
static enum outcome read_other(struct reading *reading, const char *entity, const char *type)
{
	const char *record = record_of(reading);
	bool is_listed = strchr(record, '*') == NULL;
	if (is_listed && strcmp(entity, "Contact") == 0) {
		enum outcome outcome =
			reading_copy(reading, record, ID_SIZE_MAX, &reading->event->identity.crm_id);
		if (outcome != OUTCOME_NONE) {
			return outcome;
		}
	}
	const char *word = is_listed ? type : arena_print(reading->arena, "%s.*", type);
	return word != NULL ? crm_custom(reading, entity, word) : OUTCOME_too_large;
}

static enum outcome read_what(struct reading *reading)
{
	const struct json_node *message = reading->message;
	const char *entity = "", *type = "", *record = record_of(reading);
	enum outcome outcome = reading_needed(reading, HEADER "entityName", WORD_SIZE_MAX, &entity);
	outcome = outcome == OUTCOME_NONE ? reading_needed(reading, HEADER "changeType", WORD_SIZE_MAX, &type)
					  : outcome;
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	bool is_whole = is_known_change(message) && !is_gap(message, record);
	reading->event->party = PARTY_AGENT;
	if (is_entity(message, "Opportunity") &&
	    (is_whole || (is_change(message, "GAP_DELETE") && strchr(record, '*') == NULL))) {
		return read_opportunity(reading);
	}
	if (is_entity(message, "OpportunityContactRole") && is_whole && names_both(message)) {
		return read_role(reading);
	}
	if (is_entity(message, "Contact") && is_whole && !is_change(message, "DELETE")) {
		return read_contact(reading);
	}
	return read_other(reading, entity, type);
}

static enum outcome read_time(struct reading *reading)
{
	return reading_when(reading, HEADER "commitTimestamp", READING_MILLISECONDS);
}

static enum outcome read_id(struct reading *reading)
{
	const char *key = "", *number = "0";
	enum outcome outcome = reading_needed(reading, HEADER "transactionKey", ID_SIZE_MAX, &key);
	outcome = outcome == OUTCOME_NONE ? reading_text(reading, HEADER "sequenceNumber", 20, &number) : outcome;
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	const char *id = arena_print(reading->arena, "%s-%s-%s", key, number, record_of(reading));
	if (id == NULL || strlen(id) > ID_SIZE_MAX) {
		return OUTCOME_too_large;
	}
	return reading_copy(reading, id, ID_SIZE_MAX, &reading->event->id);
}

static reading_step *const steps[] = {read_what, read_time, read_id};

/* An update of what nothing is made of: a deal's name, a contact's telephone. */
static bool is_left_out(const struct json_node *message, const struct source_options *options)
{
	static const char *const of_deals[] = {"StageName", "IsWon", "IsClosed", "ContactId"};
	static const char *const of_contacts[] = {"Email", "Title", "Name", "HasOptedOutOfEmail"};
	bool is_deal = is_entity(message, "Opportunity"), is_contact = is_entity(message, "Contact");
	if (!is_change(message, "UPDATE") || (!is_deal && !is_contact)) {
		return false;
	}
	const char *const *names = is_deal ? of_deals : of_contacts;
	for (size_t i = 0; i < COUNT_OF(of_deals); i++) {
		if (reading_find(message, names[i]) != NULL) {
			return false;
		}
	}
	for (size_t i = 0; is_deal && i < COUNT_OF(deal_fields); i++) {
		if (reading_find(message, deal_fields[i].name) != NULL) {
			return false;
		}
	}
	for (size_t i = 0; is_contact && i < message->count; i++) {
		if (crm_is_profile(options, message->keys[i])) {
			return false;
		}
	}
	return true;
}

/* An event for each of its records. False: there are more than are taken. */
static bool read_records(struct reading *reading, struct source_item *items, size_t *count)
{
	const struct json_node *message = reading->message;
	const struct json_node *records = reading_find(message, HEADER "recordIds");
	size_t records_count = records != NULL && records->kind == JSON_LIST ? records->count : 0;
	bool is_nothing = is_left_out(message, reading->options);
	if (records_count > SOURCE_EVENTS_MAX) {
		return false;
	}
	for (size_t i = 0; i < records_count || i == 0; i++) {
		bool is_id = i < records_count && records->items[i]->kind == JSON_TEXT;
		if (*count == SOURCE_EVENTS_MAX) {
			return false;
		}
		reading->around = is_id ? records->items[i]->text : "";
		if (is_id && is_nothing && strchr(records->items[i]->text, '*') == NULL) {
			continue;
		}
		reading_item(reading, "salesforce", CHANNEL_CRM, steps, COUNT_OF(steps), &items[(*count)++]);
	}
	return true;
}

bool salesforce_read(const struct source_request *request, const struct source_options *options,
		     struct arena *arena, struct source_items *ret_items)
{
	struct json_node *root;
	if (!reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	struct source_item *items = arena_zero(arena, SOURCE_EVENTS_MAX, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	*ret_items = (struct source_items){.count = 0, .items = items};
	for (size_t i = 0; i < (root->kind == JSON_LIST ? root->count : 1); i++) {
		const struct json_node *one = root->kind == JSON_LIST ? root->items[i] : root;
		const struct json_node *payload = json_get(one, "payload");
		struct reading reading = {.request = request, .options = options, .arena = arena};
		reading.message = payload != NULL ? payload : one;
		if (!read_records(&reading, items, &ret_items->count)) {
			return false;
		}
	}
	return true;
}

#include "collector/source/hubspot.h"

#include <string.h>

#include "collector/source/chat.h"
#include "collector/source/crm.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/signature.h"

#define WORD_SIZE_MAX 128

enum object { OBJECT_OTHER, OBJECT_DEAL, OBJECT_CONTACT };

/* "deal" of "deal.creation", or what stands in its place: types of objects by number. */
static enum object object_of(const char *name, size_t size)
{
	static const struct {
		const char *name;
		enum object object;
	} rows[] = {
		{"deal", OBJECT_DEAL}, {"0-3", OBJECT_DEAL}, {"contact", OBJECT_CONTACT}, {"0-1", OBJECT_CONTACT}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (strlen(rows[i].name) == size && strncmp(rows[i].name, name, size) == 0) {
			return rows[i].object;
		}
	}
	return OBJECT_OTHER;
}

static enum object object_at(const struct json_node *message, const char *path)
{
	const char *name = chat_text(message, path);
	return object_of(name, strlen(name));
}

/* What a message is about, and behind it what has happened: "propertyChange" …; "" where that is not told. */
static enum object object_of_message(const struct json_node *message, const char **ret_kind)
{
	const char *word = chat_text(message, "subscriptionType");
	const char *dot = strchr(word, '.');
	*ret_kind = dot != NULL ? dot + 1 : "";
	if (strncmp(word, "object.", 7) == 0) {
		return object_at(message, "objectTypeId");
	}
	return object_of(word, dot != NULL ? (size_t)(dot - word) : 0);
}

/* ---- deals ---- */

static const struct deal_property {
	const char *name;
	enum crm_part part;
} deal_properties[] = {
	{"amount", CRM_AMOUNT},
	{"deal_currency_code", CRM_CURRENCY},
	{"hs_deal_stage_probability", CRM_PROBABILITY},
	{"closedate", CRM_CLOSE},
	{"hubspot_owner_id", CRM_OWNER},
};

static const struct deal_property *deal_property_of(const struct json_node *message)
{
	const char *name = chat_text(message, "propertyName");
	for (size_t i = 0; i < COUNT_OF(deal_properties); i++) {
		if (strcmp(deal_properties[i].name, name) == 0) {
			return &deal_properties[i];
		}
	}
	return NULL;
}

/* Stages have numbers of a pipeline's own, but that a deal is won or lost is a property, too. */
static enum opportunity_state closed_by(const struct json_node *message)
{
	const char *name = chat_text(message, "propertyName");
	if (!crm_is_yes(reading_find(message, "propertyValue"))) {
		return OPPORTUNITY_UNSAID;
	}
	return strcmp(name, "hs_is_closed_won") == 0	? OPPORTUNITY_WON
	       : strcmp(name, "hs_is_closed_lost") == 0 ? OPPORTUNITY_LOST
							: OPPORTUNITY_UNSAID;
}

static bool is_stage(const struct json_node *message)
{
	return strcmp(chat_text(message, "propertyName"), "dealstage") == 0;
}

static enum outcome read_deal_property(struct reading *reading)
{
	const struct deal_property *property = deal_property_of(reading->message);
	reading->field = "propertyValue";
	if (property != NULL) {
		return crm_part(reading, property->part, reading_find(reading->message, "propertyValue"));
	}
	if (is_stage(reading->message)) {
		const char *stage = "";
		enum outcome outcome = reading_text(reading, "propertyValue", WORD_SIZE_MAX, &stage);
		return outcome == OUTCOME_NONE ? crm_stage(reading, stage) : outcome;
	}
	reading->event->opportunity.state = closed_by(reading->message);
	return OUTCOME_NONE;
}

static enum outcome read_deal(struct reading *reading, const char *kind)
{
	const char *id = "";
	enum outcome outcome = reading_needed(reading, "objectId", WORD_SIZE_MAX + 1, &id);
	outcome = outcome == OUTCOME_NONE ? crm_deal(reading, id) : outcome;
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	struct event *event = reading->event;
	if (strcmp(kind, "propertyChange") == 0) {
		return read_deal_property(reading);
	}
	if (strcmp(kind, "deletion") == 0) {
		event->opportunity.state = OPPORTUNITY_DELETED;
	} else if (strcmp(kind, "restore") == 0) {
		event->opportunity.state = OPPORTUNITY_OPEN;
	}
	return OUTCOME_NONE;
}

/* ---- whose they are ---- */

struct association {
	const char *deal, *contact; /* where their ids stand; NULL: it joins other things */
	bool is_over;
};

static struct association association_of(const struct json_node *message)
{
	const char *type = chat_text(message, "associationType");
	enum object from = object_at(message, "fromObjectTypeId"), to = object_at(message, "toObjectTypeId");
	struct association association = {.is_over = chat_is_true(message, "associationRemoved")};
	if (strcmp(type, "DEAL_TO_CONTACT") == 0 || (from == OBJECT_DEAL && to == OBJECT_CONTACT)) {
		association.deal = "fromObjectId";
		association.contact = "toObjectId";
	} else if (strcmp(type, "CONTACT_TO_DEAL") == 0 || (from == OBJECT_CONTACT && to == OBJECT_DEAL)) {
		association.deal = "toObjectId";
		association.contact = "fromObjectId";
	}
	return association;
}

/* Who loses a label ("decision maker") stays the deal's contact. */
static bool is_label(const struct json_node *message)
{
	return strcmp(chat_text(message, "associationCategory"), "USER_DEFINED") == 0;
}

static enum outcome read_association(struct reading *reading)
{
	struct association association = association_of(reading->message);
	const char *deal = "", *contact = "";
	enum outcome outcome = reading_needed(reading, association.deal, WORD_SIZE_MAX + 1, &deal);
	outcome = outcome == OUTCOME_NONE ? crm_deal(reading, deal) : outcome;
	if (outcome == OUTCOME_NONE) {
		outcome = reading_needed(reading, association.contact, WORD_SIZE_MAX + 1, &contact);
	}
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	return association.is_over ? crm_left(reading, contact) : crm_contact(reading, contact);
}

/* ---- contacts ---- */

static const struct contact_property {
	const char *name;
	size_t limit, to; /* offset in struct event */
} contact_properties[] = {
	{"email", 255, offsetof(struct event, identity.email)},
	{"jobtitle", 128, offsetof(struct event, identity.title)},
	{"company", 128, offsetof(struct event, identity.company)},
	{"hs_buying_role", 128, offsetof(struct event, identity.role)},
};

static enum outcome read_contact_property(struct reading *reading)
{
	const char *name = chat_text(reading->message, "propertyName");
	const struct json_node *value = reading_find(reading->message, "propertyValue");
	struct event *event = reading->event;
	for (size_t i = 0; i < COUNT_OF(contact_properties); i++) {
		if (strcmp(contact_properties[i].name, name) == 0) {
			const char **to = (const char **)(void *)((char *)event + contact_properties[i].to);
			return reading_text(reading, "propertyValue", contact_properties[i].limit, to);
		}
	}
	if (strcmp(name, "hs_email_optout") == 0 && crm_is_yes(value)) {
		event->consent.contact = STATEMENT_WITHDRAWN;
	}
	crm_profile(reading, name, value, true);
	return OUTCOME_NONE;
}

static enum outcome read_contact(struct reading *reading, const char *kind)
{
	struct event *event = reading->event;
	enum outcome outcome = reading_needed(reading, "objectId", WORD_SIZE_MAX, &event->identity.crm_id);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	event->identity.verified = true;
	event->action = ACTION_IDENTIFY;
	if (strcmp(kind, "propertyChange") == 0) {
		return read_contact_property(reading);
	}
	if (strcmp(kind, "privacyDeletion") == 0) {
		event->action = ACTION_CONSENT;
		event->consent.profile = event->consent.contact = STATEMENT_WITHDRAWN;
	} else if (strcmp(kind, "creation") != 0 && strcmp(kind, "restore") != 0) {
		return crm_custom(reading, "contact", kind);
	}
	return OUTCOME_NONE;
}

/* ---- messages ---- */

/* By hand in HubSpot, or by what somebody has set up there. */
static enum party party_of(const struct json_node *message)
{
	const char *by = chat_text(message, "changeSource");
	bool is_agent = strncmp(by, "CRM_UI", 6) == 0 || strncmp(by, "MOBILE", 6) == 0 || strcmp(by, "USER") == 0;
	return is_agent ? PARTY_AGENT : PARTY_SYSTEM;
}

static enum outcome read_kind(struct reading *reading)
{
	static const char *const of_deals[] = {"propertyChange", "creation", "deletion", "restore"};
	const char *kind, *word = "";
	enum outcome outcome = reading_needed(reading, "subscriptionType", WORD_SIZE_MAX, &word);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	enum object object = object_of_message(reading->message, &kind);
	reading->event->party = party_of(reading->message);
	if (association_of(reading->message).deal != NULL) {
		return read_association(reading);
	}
	for (size_t i = 0; object == OBJECT_DEAL && i < COUNT_OF(of_deals); i++) {
		if (strcmp(kind, of_deals[i]) == 0) {
			return read_deal(reading, kind);
		}
	}
	if (object == OBJECT_CONTACT) {
		return read_contact(reading, kind);
	}
	reading->event->action = ACTION_CUSTOM;
	return reading_copy(reading, word, WORD_SIZE_MAX, &reading->event->label);
}

static enum outcome read_time(struct reading *reading)
{
	return reading_when(reading, "occurredAt", READING_MILLISECONDS);
}

/* Their own ids may come again. An association is told from both of its ends: it is one. */
static enum outcome read_id(struct reading *reading)
{
	static const char *const paths[] = {"portalId",	    "subscriptionType", "objectTypeId", "objectId",
					    "propertyName", "propertyValue",	"occurredAt"};
	static const char *const of_both_ends[] = {"portalId", "associationRemoved", "associationCategory",
						   "occurredAt"};
	struct association association = association_of(reading->message);
	if (association.deal == NULL) {
		return chat_id(reading, paths, COUNT_OF(paths), "", "");
	}
	const char *contact = "";
	enum outcome outcome = reading_text(reading, association.contact, WORD_SIZE_MAX + 1, &contact);
	return outcome == OUTCOME_NONE ? chat_id(reading, of_both_ends, COUNT_OF(of_both_ends),
						 reading->event->opportunity.id, contact)
				       : outcome;
}

static reading_step *const steps[] = {read_kind, read_time, read_id};

/* What somebody subscribed to and nothing is made of: other things' associations, a deal's name, a contact's telephone. */
static bool is_left_out(const struct json_node *message, const struct source_options *options)
{
	const char *kind, *name = chat_text(message, "propertyName");
	enum object object = object_of_message(message, &kind);
	if (strcmp(kind, "associationChange") == 0) {
		struct association association = association_of(message);
		return association.deal == NULL || (association.is_over && is_label(message));
	}
	if (object == OBJECT_OTHER || strcmp(kind, "propertyChange") != 0) {
		return false;
	}
	if (object == OBJECT_DEAL) {
		return name[0] != '\0' && deal_property_of(message) == NULL && !is_stage(message) &&
		       closed_by(message) == OPPORTUNITY_UNSAID;
	}
	for (size_t i = 0; i < COUNT_OF(contact_properties); i++) {
		if (strcmp(contact_properties[i].name, name) == 0) {
			return false;
		}
	}
	return name[0] != '\0' && strcmp(name, "hs_email_optout") != 0 && !crm_is_profile(options, name);
}

bool hubspot_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		  struct source_items *ret_items)
{
	struct json_node *root;
	if (!reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	size_t count = root->kind == JSON_LIST ? root->count : 1;
	struct source_item *items = arena_zero(arena, count, sizeof(*items));
	if (count > SOURCE_EVENTS_MAX || items == NULL) {
		return false;
	}
	*ret_items = (struct source_items){.count = 0, .items = items};
	for (size_t i = 0; i < count; i++) {
		struct reading reading = {.request = request, .options = options, .arena = arena};
		reading.message = root->kind == JSON_LIST ? root->items[i] : root;
		if (!is_left_out(reading.message, options)) {
			reading_item(&reading, "hubspot", CHANNEL_CRM, steps, COUNT_OF(steps),
				     &items[ret_items->count++]);
		}
	}
	return true;
}

/* ---- proof ---- */

/* As HubSpot has it when it signs: the percent escapes of these characters are written out, all others stay. */
static const struct {
	const char *escape;
	char plain;
} escapes[] = {
	{"%3A", ':'},  {"%2F", '/'}, {"%3F", '?'}, {"%40", '@'}, {"%21", '!'}, {"%24", '$'},
	{"%27", '\''}, {"%28", '('}, {"%29", ')'}, {"%2A", '*'}, {"%2C", ','}, {"%3B", ';'},
};

static const char *signed_url(const char *url, struct arena *arena)
{
	char *text = arena_text(arena, url, strlen(url));
	size_t used = 0;
	for (const char *at = url; text != NULL && *at != '\0';) {
		size_t i = 0;
		while (i < COUNT_OF(escapes) && strncmp(at, escapes[i].escape, 3) != 0) {
			i++;
		}
		if (i < COUNT_OF(escapes)) {
			text[used++] = escapes[i].plain;
			at += 3;
		} else {
			text[used++] = *at++;
		}
	}
	if (text != NULL) {
		text[used] = '\0';
	}
	return text;
}

enum hook_proof hubspot_scheme(const struct source_request *request, const struct hook_secret *secret,
			       struct arena *arena)
{
	const char *given = source_more_header(request, "X-HubSpot-Signature-v3");
	const char *at = source_more_header(request, "X-HubSpot-Request-Timestamp");
	const char *url = signed_url(request->hook->url, arena);
	int64_t at_us;
	if (given[0] == '\0' || url == NULL || !reading_digits(at, MOMENT_MS_US, &at_us)) {
		return HOOK_UNSIGNED;
	}
	const char *begin = arena_print(arena, "POST%s", url);
	if (begin == NULL) {
		return HOOK_UNSIGNED;
	}
	const struct signature_piece pieces[] = {
		{begin, strlen(begin)}, {request->raw, request->raw_size}, {at, strlen(at)}};
	return signature_is(SIGNATURE_SHA256, SIGNATURE_BASE64, given, secret->bytes, secret->size, pieces,
			    COUNT_OF(pieces))
		       ? hook_at(request, at_us)
		       : HOOK_FORGED;
}

#include "core/flow/event_message.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"

/* The enums of event.h and of event.proto have the same numbers. */
#define SAME_ACTION(name, number, evidence) \
	static_assert((int)PHASED__V1__EVENT__ACTION__##name == (int)ACTION_##name, "action " #name);
ACTION_LIST(SAME_ACTION)
#undef SAME_ACTION
#define SAME(theirs, ours) static_assert((int)PHASED__V1__##theirs == (int)(ours), #theirs);
SAME(EVENT__CHANNEL__WEB, CHANNEL_WEB)
SAME(EVENT__CHANNEL__EMAIL, CHANNEL_EMAIL)
SAME(EVENT__CHANNEL__CHAT, CHANNEL_CHAT)
SAME(EVENT__CHANNEL__CRM, CHANNEL_CRM)
SAME(EVENT__CHANNEL__OFFLINE, CHANNEL_OFFLINE)
SAME(EVENT__PARTY__PERSON, PARTY_PERSON)
SAME(EVENT__PARTY__AGENT, PARTY_AGENT)
SAME(EVENT__PARTY__BOT, PARTY_BOT)
SAME(EVENT__PARTY__SYSTEM, PARTY_SYSTEM)
SAME(CONSENT__STATE__GRANTED, STATEMENT_GRANTED)
SAME(CONSENT__STATE__DENIED, STATEMENT_DENIED)
SAME(CONSENT__STATE__WITHDRAWN, STATEMENT_WITHDRAWN)
SAME(OPPORTUNITY__STATE__OPEN, OPPORTUNITY_OPEN)
SAME(OPPORTUNITY__STATE__WON, OPPORTUNITY_WON)
SAME(OPPORTUNITY__STATE__LOST, OPPORTUNITY_LOST)
SAME(OPPORTUNITY__STATE__DELETED, OPPORTUNITY_DELETED)

/* clang-format off */
/* The fields that are the same on both sides but for their type: X(ours, theirs). The others are written out below. */
#define EVENT_FIELDS(X) \
	X(id, id) X(source, source) X(site, site) X(channel, channel) X(action, action) X(label, label) \
	X(occurred_us, occurred_us) X(stamped_us, stamped_us) X(received_us, received_us) X(party, party) \
	X(session_id, session_id) X(thread_id, thread_id) X(process, process) X(engaged_ms, engaged_ms) \
	X(scroll_percent, scroll_percent)
#define IDENTITY_FIELDS(X) \
	X(identity.anonymous_id, anonymous_id) X(identity.visitor_id, visitor_id) \
	X(identity.recipient_id, recipient_id) X(identity.user_id, user_id) X(identity.crm_id, crm_id) \
	X(identity.previous_id, previous_id) X(identity.name, name) X(identity.title, title) X(identity.role, role) \
	X(identity.company, company) X(identity.company_domain, company_domain) X(identity.verified, verified)
#define CONSENT_FIELDS(X) \
	X(consent.analytics, analytics) X(consent.profile, profile) X(consent.contact, contact) \
	X(consent.policy, policy) X(consent.gpc, gpc) X(consent.dnt, dnt) X(consent.anonymous, anonymous)
#define CONTENT_FIELDS(X) \
	X(content.url, url) X(content.title, title) X(content.content_id, content_id) X(content.form_id, form_id) \
	X(content.target_url, target_url) X(content.search, search) X(content.topic, topic) \
	X(content.language, language) X(content.referrer, referrer)
#define CAMPAIGN_FIELDS(X) \
	X(campaign.source, source) X(campaign.medium, medium) X(campaign.name, name) X(campaign.term, term) \
	X(campaign.content, content) X(campaign.message_id, message_id)
#define MACHINE_FIELDS(X) X(machine_reasons, reasons)
#define OPPORTUNITY_FIELDS(X) \
	X(opportunity.id, id) X(opportunity.stage, stage) X(opportunity.state, state) \
	X(opportunity.currency, currency) X(opportunity.close_us, close_us) X(opportunity.owner, owner)
/* clang-format on */

/* In each, `event` and `from` or `to` are in scope. The casts: texts are const with us only, enums are two of a kind. */
#define TAKE(ours, theirs) event->ours = (__typeof__(event->ours))from->theirs;
#define GIVE(ours, theirs) to->theirs = (__typeof__(to->theirs))event->ours;

/* What a part that is absent reads as. */
static const Phased__V1__Identity no_identity = PHASED__V1__IDENTITY__INIT;
static const Phased__V1__Consent no_consent = PHASED__V1__CONSENT__INIT;
static const Phased__V1__Content no_content = PHASED__V1__CONTENT__INIT;
static const Phased__V1__Campaign no_campaign = PHASED__V1__CAMPAIGN__INIT;
static const Phased__V1__Machine no_machine = PHASED__V1__MACHINE__INIT;
static const Phased__V1__Opportunity no_opportunity = PHASED__V1__OPPORTUNITY__INIT;

static void take_identity(const Phased__V1__Identity *from, struct event *event)
{
	IDENTITY_FIELDS(TAKE)
	event->identity.email = "";
	if (from->address_case == PHASED__V1__IDENTITY__ADDRESS_EMAIL) {
		event->identity.email = from->email;
	} else if (from->address_case == PHASED__V1__IDENTITY__ADDRESS_EMAIL_ACTOR && from->email_actor.len > 0) {
		CHECK(from->email_actor.len == sizeof(event->identity.email_actor));
		event->identity.has_email_actor = true;
		memcpy(event->identity.email_actor, from->email_actor.data, from->email_actor.len);
	}
}

static void take_consent(const Phased__V1__Consent *from, struct event *event)
{
	CONSENT_FIELDS(TAKE)
}

static void take_content(const Phased__V1__Content *from, struct event *event)
{
	CONTENT_FIELDS(TAKE)
}

static void take_campaign(const Phased__V1__Campaign *from, struct event *event)
{
	CAMPAIGN_FIELDS(TAKE)
}

static void take_machine(const Phased__V1__Machine *from, struct event *event)
{
	MACHINE_FIELDS(TAKE)
}

static void take_opportunity(const Phased__V1__Opportunity *from, struct event *event)
{
	OPPORTUNITY_FIELDS(TAKE)
	event->opportunity.probability =
		from->has_probability_case == PHASED__V1__OPPORTUNITY__HAS_PROBABILITY_PROBABILITY
			? from->probability
			: (double)NAN;
	event->opportunity.amount =
		from->has_amount_case == PHASED__V1__OPPORTUNITY__HAS_AMOUNT_AMOUNT ? from->amount : (double)NAN;
	event->opportunity.contact_ids_count = (unsigned)from->n_contact_ids;
	event->opportunity.contact_ids = (const char **)from->contact_ids;
	event->opportunity.left_contact_ids_count = (unsigned)from->n_left_contact_ids;
	event->opportunity.left_contact_ids = (const char **)from->left_contact_ids;
}

/* The shortest decimal that reads back as the same number. NULL: arena full. */
static const char *number_text(double number, struct arena *arena)
{
	char text[32];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number) {
			break;
		}
	}
	return arena_text(arena, text, strlen(text));
}

static const char *property_text(const Phased__V1__Property *from, struct arena *arena)
{
	switch (from->value_case) {
	case PHASED__V1__PROPERTY__VALUE_TEXT:
		return from->text;
	case PHASED__V1__PROPERTY__VALUE_NUMBER:
		return number_text(from->number, arena);
	case PHASED__V1__PROPERTY__VALUE_INTEGER:
		return arena_print(arena, "%" PRId64, from->integer);
	case PHASED__V1__PROPERTY__VALUE_FLAG:
		return from->flag ? "true" : "false";
	default:
		return "";
	}
}

static bool take_properties(const Phased__V1__Event *from, struct arena *arena, struct event *event)
{
	if (from->n_properties == 0) {
		return true;
	}
	event->properties_count = (unsigned)from->n_properties;
	event->properties = arena_take(arena, from->n_properties * sizeof(struct event_property));
	for (size_t i = 0; event->properties != NULL && i < from->n_properties; i++) {
		const char *value = property_text(from->properties[i], arena);
		if (value == NULL) {
			return false;
		}
		event->properties[i] = (struct event_property){.key = from->properties[i]->key, .value = value};
	}
	return event->properties != NULL;
}

bool event_from_message(const Phased__V1__Event *from, struct arena *arena, struct event *event)
{
	*event = (struct event){0};
	if (!take_properties(from, arena, event)) {
		return false;
	}
	EVENT_FIELDS(TAKE)
	take_identity(from->identity != NULL ? from->identity : &no_identity, event);
	take_consent(from->consent != NULL ? from->consent : &no_consent, event);
	take_content(from->content != NULL ? from->content : &no_content, event);
	take_campaign(from->campaign != NULL ? from->campaign : &no_campaign, event);
	take_machine(from->machine != NULL ? from->machine : &no_machine, event);
	event->opportunity.present = from->opportunity != NULL;
	take_opportunity(from->opportunity != NULL ? from->opportunity : &no_opportunity, event);
	event->has_value = from->has_value_case == PHASED__V1__EVENT__HAS_VALUE_VALUE;
	event->value = event->has_value ? from->value : 0;
	event->has_rating = from->has_rating_case == PHASED__V1__EVENT__HAS_RATING_RATING;
	event->rating = event->has_rating ? from->rating : 0;
	return true;
}

static bool keep_text(void *place, struct arena *arena)
{
	const char **text = place;
	*text = **text != '\0' ? arena_text(arena, *text, strlen(*text)) : "";
	return *text != NULL;
}

static bool keep_number(void *place, struct arena *arena)
{
	(void)place;
	(void)arena;
	return true;
}

static bool keep_texts(const char ***texts, size_t count, struct arena *arena)
{
	const char **kept = arena_array(arena, count, sizeof(*kept));
	bool fits = kept != NULL;
	for (size_t i = 0; i < count && fits; i++) {
		kept[i] = (*texts)[i];
		fits = keep_text(&kept[i], arena);
	}
	*texts = kept;
	return fits;
}

static bool keep_contacts(struct event *event, struct arena *arena)
{
	size_t count = event->opportunity.contact_ids_count;
	size_t left = event->opportunity.left_contact_ids_count;
	return (count == 0 || keep_texts(&event->opportunity.contact_ids, count, arena)) &&
	       (left == 0 || keep_texts(&event->opportunity.left_contact_ids, left, arena));
}

static bool keep_properties(struct event *event, struct arena *arena)
{
	size_t count = event->properties_count;
	struct event_property *properties = arena_array(arena, count, sizeof(*properties));
	bool fits = properties != NULL;
	for (size_t i = 0; i < count && fits; i++) {
		properties[i] = event->properties[i];
		fits = keep_text(&properties[i].key, arena) && keep_text(&properties[i].value, arena);
	}
	event->properties = properties;
	return fits;
}

#define KEEP(ours, theirs) \
	&&_Generic(event->ours, const char * : keep_text, default : keep_number)(&event->ours, arena)

bool event_keep(struct event *event, struct arena *arena)
{
	/* clang-format off */
	return keep_text(&event->identity.email, arena) EVENT_FIELDS(KEEP) IDENTITY_FIELDS(KEEP) CONSENT_FIELDS(KEEP)
		CONTENT_FIELDS(KEEP) CAMPAIGN_FIELDS(KEEP) OPPORTUNITY_FIELDS(KEEP)
		&& keep_contacts(event, arena)
		&& (event->properties_count == 0 || keep_properties(event, arena));
	/* clang-format on */
}

static void give_identity(const struct event *event, Phased__V1__Identity *to)
{
	*to = (Phased__V1__Identity)PHASED__V1__IDENTITY__INIT;
	IDENTITY_FIELDS(GIVE)
	if (event->identity.has_email_actor) {
		to->address_case = PHASED__V1__IDENTITY__ADDRESS_EMAIL_ACTOR;
		to->email_actor.data = (uint8_t *)event->identity.email_actor;
		to->email_actor.len = sizeof(event->identity.email_actor);
	} else if (event->identity.email != NULL && event->identity.email[0] != '\0') {
		to->address_case = PHASED__V1__IDENTITY__ADDRESS_EMAIL;
		to->email = (char *)event->identity.email;
	}
}

static void give_consent(const struct event *event, Phased__V1__Consent *to)
{
	*to = (Phased__V1__Consent)PHASED__V1__CONSENT__INIT;
	CONSENT_FIELDS(GIVE)
}

static void give_content(const struct event *event, Phased__V1__Content *to)
{
	*to = (Phased__V1__Content)PHASED__V1__CONTENT__INIT;
	CONTENT_FIELDS(GIVE)
}

static void give_campaign(const struct event *event, Phased__V1__Campaign *to)
{
	*to = (Phased__V1__Campaign)PHASED__V1__CAMPAIGN__INIT;
	CAMPAIGN_FIELDS(GIVE)
}

static void give_machine(const struct event *event, Phased__V1__Machine *to)
{
	*to = (Phased__V1__Machine)PHASED__V1__MACHINE__INIT;
	MACHINE_FIELDS(GIVE)
}

static void give_opportunity(const struct event *event, Phased__V1__Opportunity *to)
{
	*to = (Phased__V1__Opportunity)PHASED__V1__OPPORTUNITY__INIT;
	OPPORTUNITY_FIELDS(GIVE)
	if (!isnan(event->opportunity.probability)) {
		to->has_probability_case = PHASED__V1__OPPORTUNITY__HAS_PROBABILITY_PROBABILITY;
		to->probability = event->opportunity.probability;
	}
	if (!isnan(event->opportunity.amount)) {
		to->has_amount_case = PHASED__V1__OPPORTUNITY__HAS_AMOUNT_AMOUNT;
		to->amount = event->opportunity.amount;
	}
	to->n_contact_ids = event->opportunity.contact_ids_count;
	to->contact_ids = (char **)event->opportunity.contact_ids;
	to->n_left_contact_ids = event->opportunity.left_contact_ids_count;
	to->left_contact_ids = (char **)event->opportunity.left_contact_ids;
}

static bool give_properties(const struct event *event, struct arena *arena, Phased__V1__Event *to)
{
	Phased__V1__Property *properties = arena_zero(arena, event->properties_count, sizeof(*properties));
	to->properties = arena_zero(arena, event->properties_count, sizeof(properties));
	if (properties == NULL || to->properties == NULL) {
		return false;
	}
	to->n_properties = event->properties_count;
	for (size_t i = 0; i < to->n_properties; i++) {
		properties[i] = (Phased__V1__Property)PHASED__V1__PROPERTY__INIT;
		properties[i].key = (char *)event->properties[i].key;
		properties[i].value_case = PHASED__V1__PROPERTY__VALUE_TEXT;
		properties[i].text = (char *)event->properties[i].value;
		to->properties[i] = &properties[i];
	}
	return true;
}

/* NULL for a part that says nothing, so that it costs no byte. */
static void *unless_empty(ProtobufCMessage *part)
{
	return protobuf_c_message_get_packed_size(part) > 0 ? part : NULL;
}

bool event_to_message(const struct event *event, struct arena *arena, struct event_message *ret)
{
	Phased__V1__Event *to = &ret->event;
	*to = (Phased__V1__Event)PHASED__V1__EVENT__INIT;
	EVENT_FIELDS(GIVE)
	give_identity(event, &ret->identity);
	give_consent(event, &ret->consent);
	give_content(event, &ret->content);
	give_campaign(event, &ret->campaign);
	give_machine(event, &ret->machine);
	give_opportunity(event, &ret->opportunity);
	to->identity = unless_empty(&ret->identity.base);
	to->consent = unless_empty(&ret->consent.base);
	to->content = unless_empty(&ret->content.base);
	to->campaign = unless_empty(&ret->campaign.base);
	to->machine = unless_empty(&ret->machine.base);
	to->opportunity = event->opportunity.present ? &ret->opportunity : NULL;
	if (event->has_value) {
		to->has_value_case = PHASED__V1__EVENT__HAS_VALUE_VALUE;
		to->value = event->value;
	}
	if (event->has_rating) {
		to->has_rating_case = PHASED__V1__EVENT__HAS_RATING_RATING;
		to->rating = event->rating;
	}
	return give_properties(event, arena, to);
}

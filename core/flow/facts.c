#include "core/flow/facts.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/unicode.h"
#include "core/flow/attribute.h"
#include "core/flow/role.h"

/* ── what an event states ─────────────────────────────────────────────────────────────────────────────────────── */

static bool is_person(const struct event *event, uint32_t reasons)
{
	return reasons == 0 && (event->party == PARTY_PERSON || event->party == PARTY_UNSAID);
}

/* What the event says of a purpose, UNSAID when it does not count. */
static enum statement statement_of(const struct event *event, enum purpose purpose, uint32_t reasons)
{
	if (purpose == PURPOSE_REVIEW ||
	    (purpose == PURPOSE_CONTACT && event->action == ACTION_EMAIL_UNSUBSCRIBE)) {
		bool counts = event->action == ACTION_EMAIL_UNSUBSCRIBE && event->identity.verified;
		bool is_here = (reasons != 0) == (purpose == PURPOSE_REVIEW);
		return counts && is_here ? STATEMENT_WITHDRAWN : STATEMENT_UNSAID;
	}
	enum statement statement = purpose == PURPOSE_PROFILE ? event->consent.profile : event->consent.contact;
	return statement == STATEMENT_GRANTED && reasons != 0 ? STATEMENT_UNSAID : statement;
}

static void add_declared(struct facts *facts, const struct declared *template, enum attribute attribute,
			 const char *value)
{
	size_t size;
	unicode_trim(value, &size);
	if (size > 0) {
		struct declared *declared = &facts->declared[facts->declared_count++];
		*declared = *template;
		declared->attribute = attribute;
		declared->value = value;
	}
}

const struct facts facts_none = {.has_claim = false};

void facts_from_event(const struct event *event, const struct identified *who, uint64_t event_id, uint32_t reasons,
		      struct facts *ret_facts)
{
	struct facts *facts = ret_facts;
	facts->has_claim = false;
	facts->consent_count = facts->declared_count = 0;
	if (!who->has_strong) {
		return;
	}
	const struct fact_key key = {event->stamped_us, event_id, who->has_weak ? who->weak.id : who->strong.id};
	if (who->has_weak && is_person(event, reasons)) {
		facts->has_claim = true;
		facts->claim = (struct claim){who->weak.id, who->strong.id, key, event->occurred_us,
					      event->identity.verified ? CLAIM_VERIFIED : CLAIM_CLAIMED};
	}
	for (enum purpose purpose = 0; purpose < PURPOSE_COUNT; purpose++) {
		enum statement statement = statement_of(event, purpose, reasons);
		if (statement != STATEMENT_UNSAID) {
			facts->consents[facts->consent_count++] =
				(struct consent){who->strong.id,       purpose,	       key,
						 event->occurred_us,   (int)statement, event->source,
						 event->consent.policy};
		}
	}
	if (event->consent.profile == STATEMENT_GRANTED && is_person(event, reasons)) {
		const struct declared template = {.actor_id = who->strong.id,
						  .source = event->source,
						  .key = key,
						  .at_us = event->occurred_us};
		add_declared(facts, &template, ATTRIBUTE_ADDRESS, who->has_address ? who->address.value : "");
		add_declared(facts, &template, ATTRIBUTE_NAME, event->identity.name);
		add_declared(facts, &template, ATTRIBUTE_ROLE, event->identity.role);
		add_declared(facts, &template, ATTRIBUTE_TITLE, event->identity.title);
		add_declared(facts, &template, ATTRIBUTE_COMPANY, event->identity.company);
	}
}

void facts_review(struct facts *facts, enum consent_scanner policy)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < facts->consent_count; i++) {
		struct consent *consent = &facts->consents[i];
		if (consent->purpose == PURPOSE_REVIEW && policy == CONSENT_DROP) {
			continue;
		}
		if (consent->purpose == PURPOSE_REVIEW && policy == CONSENT_WITHDRAW) {
			consent->purpose = PURPOSE_CONTACT;
		}
		facts->consents[kept++] = *consent;
	}
	facts->consent_count = kept;
}

/* ── what makes a person ──────────────────────────────────────────────────────────────────────────────────────── */

/* What of a person's consents decides on values; taken once for all rows. */
struct holding {
	bool consented;
	int64_t denied_us;
};

static struct holding holding_of(const struct consent *consents, size_t count)
{
	return (struct holding){
		.consented = attribute_consent_state(consents, count, PURPOSE_PROFILE) == STATEMENT_GRANTED,
		.denied_us = attribute_consent_denied_at(consents, count, PURPOSE_PROFILE),
	};
}

static bool stands(const struct declared *declared, const struct holding *holding)
{
	return holding->consented && declared->at_us > holding->denied_us;
}

bool facts_declared_stands(const struct declared *declared, const struct consent *consents, size_t consent_count)
{
	struct holding holding = holding_of(consents, consent_count);
	return stands(declared, &holding);
}

static bool is_newer(const struct declared *a, const struct declared *b)
{
	if (a->at_us != b->at_us) {
		return a->at_us > b->at_us;
	}
	if (a->key.event_id != b->key.event_id) {
		return a->key.event_id > b->key.event_id;
	}
	return strcmp(a->value, b->value) > 0;
}

static void set_role(struct person *person)
{
	if (person->role_declared != NULL) {
		person->role = role_read(person->role_declared);
	}
	if (person->role == ROLE_NONE && person->title != NULL) {
		person->role = role_read(person->title);
		person->role_inferred = person->role != ROLE_NONE;
	}
	if (person->role == ROLE_NONE && person->role_declared != NULL) {
		person->role = ROLE_OTHER;
	}
}

void facts_person(const struct consent *consents, size_t consent_count, const struct declared *declared,
		  size_t declared_count, struct person *ret_person)
{
	struct holding holding = holding_of(consents, consent_count);
	const struct declared *newest[ATTRIBUTE_COUNT] = {NULL};
	for (size_t i = 0; i < declared_count; i++) {
		CHECK((unsigned)declared[i].attribute < ATTRIBUTE_COUNT);
		const struct declared **place = &newest[declared[i].attribute];
		if (stands(&declared[i], &holding) && (*place == NULL || is_newer(&declared[i], *place))) {
			*place = &declared[i];
		}
	}
	const char *values[ATTRIBUTE_COUNT];
	for (unsigned attribute = 0; attribute < ATTRIBUTE_COUNT; attribute++) {
		values[attribute] = newest[attribute] != NULL ? newest[attribute]->value : NULL;
	}
	struct person person = {
		.consented = holding.consented,
		.may_write = holding.consented && attribute_consent_state(consents, consent_count,
									  PURPOSE_CONTACT) == STATEMENT_GRANTED,
		.address = values[ATTRIBUTE_ADDRESS],
		.name = values[ATTRIBUTE_NAME],
		.title = values[ATTRIBUTE_TITLE],
		.company = values[ATTRIBUTE_COMPANY],
		.role_declared = values[ATTRIBUTE_ROLE],
	};
	set_role(&person);
	*ret_person = person;
}

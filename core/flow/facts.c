#include "core/flow/facts.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/unicode.h"
#include "core/flow/account.h"
#include "core/flow/attribute.h"
#include "core/flow/role.h"

/* ── what an event states ─────────────────────────────────────────────────────────────────────────────────────── */

static bool is_person(const struct event *event, uint32_t reasons)
{
	return reasons == 0 && (event->party == PARTY_PERSON || event->party == PARTY_UNSAID);
}

/* What stands in the CRM somebody at the seller's entered, or another system: it is told of the person all the same. */
static bool may_declare(const struct event *event, uint32_t reasons)
{
	return is_person(event, reasons) ||
	       (reasons == 0 && event->channel == CHANNEL_CRM && event->party != PARTY_BOT);
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

/* ---- who is one with whom ---- */

static void add_assertion(struct facts *facts, const struct uuid *one, const struct uuid *other,
			  const struct fact_key *key, int64_t at_us, int address_of, enum assertion_kind kind)
{
	int order = uuid_compare(one, other);
	if (order == 0) {
		return;
	}
	facts->assertions[facts->assertion_count++] = (struct assertion){
		.a = order < 0 ? *one : *other,
		.b = order < 0 ? *other : *one,
		.key = *key,
		.at_us = at_us,
		.kind = kind,
		.address_of = address_of == 0 ? 0
			      : order < 0     ? 1
					      : 2,
	};
}

static void add_assertions(struct facts *facts, const struct event *event, const struct identified *who,
			   const struct fact_key *key)
{
	if (who->by_hand) {
		if (who->has_previous) {
			bool splits = strcmp(event->label, FACTS_SPLIT) == 0;
			add_assertion(facts, &who->strong.id, &who->previous.id, key, event->occurred_us, 0,
				      splits ? ASSERTION_VETO : ASSERTION_HAND);
		}
		return;
	}
	bool is_user = who->strong.kind == ACTOR_USER;
	if (is_user && who->has_address) {
		add_assertion(facts, &who->strong.id, &who->address.id, key, event->occurred_us, 1,
			      ASSERTION_EVENT);
	}
	if (who->has_address && who->has_crm) {
		add_assertion(facts, &who->address.id, &who->crm.id, key, event->occurred_us, 0, ASSERTION_EVENT);
	}
	if (is_user && who->has_previous) {
		add_assertion(facts, &who->strong.id, &who->previous.id, key, event->occurred_us, 0,
			      ASSERTION_EVENT);
	}
}

const struct facts facts_none = {.has_claim = false};

void facts_from_event(const struct event *event, const struct identified *who, uint64_t event_id, uint32_t reasons,
		      struct facts *ret_facts)
{
	struct facts *facts = ret_facts;
	facts->has_claim = false;
	facts->consent_count = facts->declared_count = facts->assertion_count = 0;
	if (!who->has_strong) {
		return;
	}
	const struct fact_key key = {event->stamped_us, event_id, who->has_weak ? who->weak.id : who->strong.id};
	if (who->has_weak && is_person(event, reasons)) {
		facts->has_claim = true;
		facts->claim = (struct claim){who->weak.id, who->strong.id, key, event->occurred_us,
					      event->identity.verified ? CLAIM_VERIFIED : CLAIM_CLAIMED};
	}
	if (event->identity.verified && reasons == 0 && event->party != PARTY_BOT) {
		add_assertions(facts, event, who, &key);
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
	if (event->consent.profile == STATEMENT_GRANTED && may_declare(event, reasons)) {
		const struct declared template = {.actor_id = who->strong.id,
						  .source = event->source,
						  .key = key,
						  .at_us = event->occurred_us};
		add_declared(facts, &template, ATTRIBUTE_ADDRESS, who->has_address ? who->address.value : "");
		add_declared(facts, &template, ATTRIBUTE_NAME, event->identity.name);
		add_declared(facts, &template, event->channel == CHANNEL_CRM ? ATTRIBUTE_CRM_ROLE : ATTRIBUTE_ROLE,
			     event->identity.role);
		add_declared(facts, &template, ATTRIBUTE_TITLE, event->identity.title);
		add_declared(facts, &template, ATTRIBUTE_COMPANY, event->identity.company);
		add_declared(facts, &template, ATTRIBUTE_ACCOUNT, who->account);
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

/* What was declared of a person's actors, and the newest of each attribute that stands. */
struct standing {
	const struct facts_part *parts;
	size_t count;
	const struct declared *newest[ATTRIBUTE_COUNT];
};

static bool says_role(const struct declared *row, const struct declared *as, enum role role)
{
	return strcmp(row->value, as->value) == 0 || role_read(row->value) == role;
}

/* The newest row of a source that tells another role than its newest one; NULL: none does. */
static const struct declared *last_other(const struct standing *standing, const struct declared *newest,
					 enum role role)
{
	const struct declared *other = NULL;
	for (size_t i = 0; i < standing->count; i++) {
		const struct facts_part *part = &standing->parts[i];
		struct holding holding = holding_of(part->consents, part->consent_count);
		for (size_t j = 0; j < part->declared_count; j++) {
			const struct declared *row = &part->declared[j];
			if (row->attribute == newest->attribute && stands(row, &holding) &&
			    (other == NULL || is_newer(row, other)) && !says_role(row, newest, role)) {
				other = row;
			}
		}
	}
	return other;
}

/* Since when a source has told the role that its newest row tells, and no other one. */
static int64_t role_since(const struct standing *standing, const struct declared *newest, enum role role)
{
	const struct declared *other = last_other(standing, newest, role);
	int64_t since_us = newest->at_us;
	for (size_t i = 0; i < standing->count; i++) {
		const struct facts_part *part = &standing->parts[i];
		struct holding holding = holding_of(part->consents, part->consent_count);
		for (size_t j = 0; j < part->declared_count; j++) {
			const struct declared *row = &part->declared[j];
			if (row->attribute == newest->attribute && stands(row, &holding) &&
			    row->at_us < since_us && (other == NULL || is_newer(row, other))) {
				since_us = row->at_us;
			}
		}
	}
	return since_us;
}

static void set_role(const struct standing *standing, struct person *person)
{
	static const struct {
		enum attribute attribute;
		enum role_source source;
	} sources[] = {
		{ATTRIBUTE_ROLE, ROLE_DECLARED}, {ATTRIBUTE_CRM_ROLE, ROLE_CRM}, {ATTRIBUTE_TITLE, ROLE_TITLE}};
	const struct declared *unknown = NULL;
	for (size_t i = 0; i < COUNT_OF(sources) && person->role == ROLE_NONE; i++) {
		const struct declared *row = standing->newest[sources[i].attribute];
		enum role role = row != NULL ? role_read(row->value) : ROLE_NONE;
		bool other =
			row != NULL && role == ROLE_NONE && sources[i].source != ROLE_TITLE && unknown == NULL;
		if (role != ROLE_NONE || other) {
			person->role_source = sources[i].source;
			person->role_at_us = row->at_us;
			person->role_since_us = role_since(standing, row, role);
		}
		person->role = role;
		unknown = other ? row : unknown;
	}
	if (person->role == ROLE_NONE && unknown != NULL) {
		person->role = ROLE_OTHER;
	}
}

static void set_account(const struct standing *standing, struct person *person)
{
	const struct declared *account = standing->newest[ATTRIBUTE_ACCOUNT];
	person->named = account != NULL;
	person->host = account != NULL		 ? account->value
		       : person->address != NULL ? strrchr(person->address, '@') + 1
						 : NULL;
	person->domain = person->host != NULL ? account_domain(person->host) : NULL;
}

_Static_assert(STATEMENT_UNSAID < STATEMENT_GRANTED && STATEMENT_GRANTED < STATEMENT_DENIED &&
		       STATEMENT_DENIED < STATEMENT_WITHDRAWN,
	       "facts_stricter()");
int facts_stricter(int a, int b)
{
	return a > b ? a : b;
}

static bool has_granted(const struct facts_part *parts, size_t count, enum purpose purpose)
{
	int state = STATEMENT_UNSAID;
	for (size_t i = 0; i < count; i++) {
		state = facts_stricter(state, attribute_consent_state(parts[i].consents, parts[i].consent_count,
								      purpose));
	}
	return state == STATEMENT_GRANTED;
}

/* Of each attribute the newest that stands. */
static void choose_declared(struct standing *standing, const struct facts_part *part)
{
	struct holding holding = holding_of(part->consents, part->consent_count);
	for (size_t i = 0; i < part->declared_count; i++) {
		const struct declared *declared = &part->declared[i];
		CHECK((unsigned)declared->attribute < ATTRIBUTE_COUNT);
		const struct declared **place = &standing->newest[declared->attribute];
		if (stands(declared, &holding) && (*place == NULL || is_newer(declared, *place))) {
			*place = declared;
		}
	}
}

void facts_person(const struct facts_part *parts, size_t count, struct person *ret_person)
{
	bool consented = has_granted(parts, count, PURPOSE_PROFILE);
	struct standing standing = {.parts = parts, .count = count};
	for (size_t i = 0; i < count && consented; i++) {
		choose_declared(&standing, &parts[i]);
	}
	const char *values[ATTRIBUTE_COUNT];
	for (unsigned attribute = 0; attribute < ATTRIBUTE_COUNT; attribute++) {
		const struct declared *newest = standing.newest[attribute];
		values[attribute] = newest != NULL ? newest->value : NULL;
	}
	struct person person = {
		.consented = consented,
		.may_write = consented && has_granted(parts, count, PURPOSE_CONTACT),
		.address = values[ATTRIBUTE_ADDRESS],
		.name = values[ATTRIBUTE_NAME],
		.title = values[ATTRIBUTE_TITLE],
		.company = values[ATTRIBUTE_COMPANY],
		.role_at_us = INT64_MIN,
		.role_since_us = INT64_MIN,
		.role_declared =
			values[ATTRIBUTE_ROLE] != NULL ? values[ATTRIBUTE_ROLE] : values[ATTRIBUTE_CRM_ROLE],
	};
	set_role(&standing, &person);
	set_account(&standing, &person);
	*ret_person = person;
}

struct person_row facts_person_row(const struct uuid *contact_id, const struct person *person)
{
	return (struct person_row){
		.contact_id = *contact_id,
		.stands = person->consented,
		.address = person->address,
		.name = person->name,
		.role = person->consented ? role_name(person->role) : NULL,
		.role_declared = person->role_declared,
		.title = person->title,
		.company = person->company,
		.may_write = person->may_write,
		.role_source = person->role_source,
		.role_at_us = person->role_at_us,
		.role_since_us = person->role_since_us,
		.host = person->host,
		.domain = person->domain,
		.named = person->named,
	};
}

const char *facts_address(const struct facts_part *part)
{
	struct standing standing = {.parts = part, .count = 1};
	choose_declared(&standing, part);
	const struct declared *newest = standing.newest[ATTRIBUTE_ADDRESS];
	return newest != NULL ? newest->value : NULL;
}

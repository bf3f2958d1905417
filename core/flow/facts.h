/*
 * What one event states about who did it, and what all that was stated makes of a person. Pure: the second is a
 * function of the set of statements, in whatever order they came.
 *
 * Nothing personal is a fact unless the very event that says it also grants profile consent; and what was said at or
 * before a refusal is no longer held. docs/decisions/ says why.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/identify.h"
#include "core/model/actor.h"
#include "core/model/consent.h"
#include "core/model/event.h"
#include "core/model/role.h"
#include "core/model/rows.h"

#define FACTS_ASSERTIONS_MAX 3
#define FACTS_SPLIT "split" /* label of the ALIAS that says that two are not one */

struct facts {
	unsigned assertion_count;
	struct assertion assertions[FACTS_ASSERTIONS_MAX];
	bool has_claim;
	struct claim claim;
	unsigned consent_count;
	struct consent consents[PURPOSE_COUNT]; /* one a purpose */
	unsigned declared_count;
	struct declared declared[ATTRIBUTE_COUNT]; /* one an attribute */
};

extern const struct facts facts_none;
static inline bool facts_are_none(const struct facts *facts)
{
	return !facts->has_claim && facts->consent_count == 0 && facts->declared_count == 0 &&
	       facts->assertion_count == 0;
}

/*
 * `who` is what identify_event() made of the event; `reasons` all machine reasons, the event's own and ours. Texts are
 * the event's and the identified's: borrowed as long as they live.
 *
 * Claim: a weak and a strong actor, by a PERSON and no machine; verified when the identity is.
 * Consent: what is not UNSAID, on the strong actor. A machine grants nothing; what it refuses counts. An
 * EMAIL_UNSUBSCRIBE says contact WITHDRAWN when the identity is verified, where a machine has a part in it for purpose REVIEW;
 * else nothing about contact.
 * Declared: on the strong actor, by a PERSON or in a CRM record (by no BOT) and no machine, where the event itself grants
 * profile: the address (an actor id alone is none), name, role, title, company, when not blank; the account that a group
 * call or a CRM record names. A CRM record's role is a CRM_ROLE.
 *
 * Assertions: where the identity is verified, by no machine and no BOT: a user id and an address are one, so are an address and a
 * CRM's contact, and what an ALIAS names. An ALIAS of source "phasectl" names two actors by their ids (email_actor,
 * previous_id as text): somebody knows that they are one or, with label "split", that they are not.
 *
 * Nothing is written where nothing is stated: a claim that there is not, statements beyond their count.
 */
void facts_from_event(const struct event *event, const struct identified *who, uint64_t event_id, uint32_t reasons,
		      struct facts *ret_facts);

/* What is stated for REVIEW becomes what configuration makes of it: it stays, counts for contact, or goes. */
void facts_review(struct facts *facts, enum consent_scanner policy);

/* A person as reports show them. Texts are the declared rows'; NULL when there is none that stands. */
struct person {
	bool consented; /* profile is GRANTED; nothing below without it */
	bool may_write; /* contact is GRANTED */
	const char *address, *name, *title, *company;
	const char *role_declared; /* as they wrote it, or else as the CRM has it */
	/* Of the strongest source that tells one: declared, CRM, title; OTHER when one was declared that nobody knows. */
	enum role role;
	enum role_source role_source;
	int64_t role_at_us;    /* when that source last said so; without a role INT64_MIN, as the next */
	int64_t role_since_us; /* and since when it has said nothing else */
	/* Of the account that was named, else of the address: the host name, and what of it can be registered, NULL when that
	 * is nothing (flow/account.h). What account that is, overrides and lists in the database say. */
	const char *host, *domain;
	bool named;
};

/* All consents that count for one strong actor, and all declared rows of it, in any order. */
struct facts_part {
	const struct consent *consents;
	size_t consent_count;
	const struct declared *declared;
	size_t declared_count;
};

/*
 * Of all actors of a person. The most restrictive of their states holds. Of an attribute's rows that stand for their own actor the
 * newest by (at, event id) holds; at equal place the greater text.
 */
void facts_person(const struct facts_part *parts, size_t count, struct person *ret_person);

/* As it is stored, of the contact of this id. Texts are the person's. */
struct person_row facts_person_row(const struct uuid *contact_id, const struct person *person);

/* The address alone, of one actor by itself; NULL when there is none that stands. */
const char *facts_address(const struct facts_part *part);

/* The more restrictive of two states of a purpose; what is unsaid restricts nothing. */
int facts_stricter(int a, int b);

/* May this row be kept, given all consents of its actor? Else it must be deleted. A row that may not is never needed
 * again, whatever is stated later. */
bool facts_declared_stands(const struct declared *declared, const struct consent *consents, size_t consent_count);

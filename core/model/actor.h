/*
 * Who did it: actors, and the facts about them that events state. Everything derived from them is a pure function of
 * the set of facts.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/uuid.h"

enum actor_kind {
	ACTOR_COOKIE,
	ACTOR_VISITOR,
	ACTOR_RECIPIENT, /* weak */
	ACTOR_EMAIL,
	ACTOR_USER,
	ACTOR_CRM, /* strong */
	ACTOR_KIND_COUNT
};

static inline bool actor_is_weak(enum actor_kind kind)
{
	return kind <= ACTOR_RECIPIENT;
}

const char *actor_kind_name(enum actor_kind kind); /* "cookie", … as hashed and stored */

struct actor {
	struct uuid id;
	enum actor_kind kind;
	const char *space; /* "" for email */
	const char *value; /* normalised; "" when it may not be stored or was not given */
};

/* Where a fact came from: the touch whose event stated it. Facts stand and fall with the copy that the touch is of. */
struct fact_key {
	int64_t stamped_us;
	uint64_t event_id;
	struct uuid touch_actor; /* on whom the touch is recorded */
};

enum claim_strength { CLAIM_CLAIMED, CLAIM_VERIFIED };

/* "At this time the person behind `weak` was `strong`." */
struct claim {
	struct uuid weak, strong;
	struct fact_key key;
	int64_t at_us;
	enum claim_strength strength;
};

/* Two strong actors are one person, says an event; or they are or are not, says somebody who knows. */
enum assertion_kind {
	ASSERTION_EVENT,
	ASSERTION_HAND, /* phasectl identity join */
	ASSERTION_VETO	/* phasectl identity split */
};

/* Why an assertion joins nothing; what it says may have been said already. */
enum assertion_refused { REFUSED_NOT, REFUSED_ADDRESSES, REFUSED_ACTORS, REFUSED_VETO };

struct assertion {
	struct uuid a, b; /* a < b */
	struct fact_key key;
	int64_t at_us;
	enum assertion_kind kind;
	int address_of;			/* 1: b is an address of user id a; 2: a is one of b; 0: neither */
	enum assertion_refused refused; /* derived from all others: core/flow/kin.h */
};

/*
 * One of the strong actors of a person who has several. Derived from the assertions. The contact's id is the smallest of them;
 * each of the others is joined, as of a moment, to the one that lies nearer to that: a tree.
 */
struct kin {
	struct uuid actor_id, contact_id;
	struct uuid via; /* of the contact's own: itself */
	int64_t at_us;	 /* INT64_MIN: of the contact's own */
};

enum purpose {
	PURPOSE_PROFILE,
	PURPOSE_CONTACT,
	PURPOSE_REVIEW, /* contact, said by what looks like a machine: decides nothing, waits for somebody to look at it */
	PURPOSE_COUNT
};
const char *purpose_name(enum purpose purpose);

struct consent {
	struct uuid actor_id; /* strong */
	enum purpose purpose;
	struct fact_key key;
	int64_t at_us;
	int state; /* enum statement, never UNSAID */
	const char *source, *policy;
};

enum attribute {
	ATTRIBUTE_ADDRESS,
	ATTRIBUTE_NAME,
	ATTRIBUTE_ROLE,
	ATTRIBUTE_TITLE,
	ATTRIBUTE_COMPANY,
	ATTRIBUTE_CRM_ROLE, /* as the CRM has it; ATTRIBUTE_ROLE: as the person declared it */
	ATTRIBUTE_ACCOUNT,  /* a host name: of the account that a group call or a CRM record names */
	ATTRIBUTE_COUNT
};
const char *attribute_name(enum attribute attribute);

struct declared {
	struct uuid actor_id; /* strong */
	enum attribute attribute;
	const char *source;
	struct fact_key key;
	int64_t at_us;
	const char *value;
};

/* Whose touches of an actor these are: from_us ≤ at < to_us. */
struct stretch {
	struct uuid actor_id;
	int64_t from_us, to_us; /* INT64_MIN, INT64_MAX: open ends */
	struct uuid contact_id;
};

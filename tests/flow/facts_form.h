/* For the tests of facts: Ann, a form that she filled in, and who an event names. */
#pragma once
#include <string.h>

#include "core/flow/facts.h"

#define U STATEMENT_UNSAID
#define G STATEMENT_GRANTED
#define D STATEMENT_DENIED
#define W STATEMENT_WITHDRAWN
#define SAME(a, b) (((a) == NULL && (b) == NULL) || ((a) != NULL && (b) != NULL && strcmp(a, b) == 0))

static const struct actor ann = {{{2}}, ACTOR_EMAIL, "", "ann@acme.test"};

/* A form that Ann filled in with all that a form may ask, both consents granted. */
static inline struct event form(void)
{
	struct event event = {.source = "snowplow",
			      .action = ACTION_FORM_SUBMIT,
			      .occurred_us = 100,
			      .stamped_us = 90,
			      .party = PARTY_PERSON};
	event.identity.name = "Ann Berg";
	event.identity.title = "Økonomichef";
	event.identity.role = "CFO";
	event.identity.company = "Acme";
	event.consent.profile = STATEMENT_GRANTED;
	event.consent.contact = STATEMENT_GRANTED;
	event.consent.policy = "2026-1";
	return event;
}

static inline struct identified who(const struct actor *weak, const struct actor *strong,
				    const struct actor *address)
{
	struct identified who = {.has_weak = weak != NULL,
				 .has_strong = strong != NULL,
				 .has_address = address != NULL,
				 .account = ""};
	if (weak != NULL) {
		who.weak = *weak;
	}
	if (strong != NULL) {
		who.strong = *strong;
	}
	if (address != NULL) {
		who.address = *address;
	}
	return who;
}

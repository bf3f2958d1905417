/*
 * May this event be taken? What it says of analytics itself, what the browser signals beside it, and what configuration
 * makes of both. About one event alone: nothing is looked up. The collector asks before Kafka, the daemon of every event.
 */
#pragma once
#include <stdbool.h>

#include "core/model/event.h"

/* What an event is taken for that says nothing. */
enum consent_unsaid { CONSENT_REQUIRE, CONSENT_ALLOW };

/* When Sec-GPC and DNT stand for a refusal. */
enum consent_signal {
	CONSENT_IGNORE,		/* never: they are noted */
	CONSENT_UNLESS_GRANTED, /* where the event itself does not say that analytics are granted */
	CONSENT_DENY,		/* always */
};

/* What becomes of an unsubscribe by a signed hook that looks like a scanner's. */
enum consent_scanner {
	CONSENT_REVIEW,	  /* it waits for somebody to look at it */
	CONSENT_WITHDRAW, /* it counts */
	CONSENT_DROP,	  /* nothing */
};

struct consent_policy {
	int unsaid[CHANNEL_COUNT]; /* enum consent_unsaid; of no known channel: REQUIRE, which is 0 */
	int gpc, dnt;		   /* enum consent_signal */
	int unsubscribe;	   /* enum consent_scanner; the daemon's alone */
};

/*
 * What the event comes to say of analytics: its own word, DENIED where a signal counts as one; a withdrawal is a denial here.
 * A signal never silences an event that itself takes back or refuses profile or contact: what asks for less to be kept would
 * keep that from being heard.
 */
enum statement consent_said(const struct consent_policy *policy, const struct event *event);

/* May it be taken that says this (consent_said()) on this channel? */
bool consent_allows(const struct consent_policy *policy, enum channel channel, enum statement said);

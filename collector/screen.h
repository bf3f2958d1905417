/*
 * What may leave the collector: the rules that hold for events of every source. Pure.
 *
 * No consent to analytics: the event goes nowhere. No consent to a profile in the event itself: no address, no name, no
 * role; the address's keyed id stands in its place. And whatever was said: nothing that looks like a mail address in any
 * text but the one field that is for it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "collector/source/source.h"
#include "core/flow/identify.h"
#include "core/model/consent.h"
#include "core/model/event.h"
#include "core/model/outcome.h"

struct screen_options {
	const struct consent_policy *consent;
	struct identify_options identify;
	const char *const *user_agents; /* of more machines than the list of user_agents.h has, lower case */
	size_t user_agents_count;
	const char *const *known_agents; /* of no machines, though that list has them, lower case */
	size_t known_agents_count;
};

/* Machine reasons that the request's headers give. `agent`: as struct source_item has it. */
unsigned screen_machine(const struct source_request *request, const char *agent,
			const struct screen_options *options);

/*
 * OUTCOME_NONE: it may go. no_consent: it is dropped. Else it is rejected, *ret_field says where. consent.analytics is what it comes to
 * (consent_said()). Changes the event; its texts may be shared or constant and are replaced, never overwritten.
 */
enum outcome screen_event(struct event *event, const struct screen_options *options, struct arena *arena,
			  const char **ret_field);

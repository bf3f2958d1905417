#include "core/model/consent.h"

#include <assert.h>

static_assert((int)CONSENT_REQUIRE == 0, "an event of no known channel needs consent");

static bool is_refusal(enum statement statement)
{
	return statement == STATEMENT_DENIED || statement == STATEMENT_WITHDRAWN;
}

/* Is this signal, where it was sent, a refusal of what the event says? */
static bool refuses(bool is_sent, int when, enum statement said)
{
	return is_sent && (when == CONSENT_DENY || (when == CONSENT_UNLESS_GRANTED && said != STATEMENT_GRANTED));
}

enum statement consent_said(const struct consent_policy *policy, const struct event *event)
{
	enum statement said = event->consent.analytics;
	if (is_refusal(said)) {
		return STATEMENT_DENIED;
	}
	bool takes_back = is_refusal(event->consent.profile) || is_refusal(event->consent.contact);
	bool is_refused =
		refuses(event->consent.gpc, policy->gpc, said) || refuses(event->consent.dnt, policy->dnt, said);
	return is_refused && !takes_back ? STATEMENT_DENIED : said;
}

bool consent_allows(const struct consent_policy *policy, enum channel channel, enum statement said)
{
	return said == STATEMENT_GRANTED || (said == STATEMENT_UNSAID && policy->unsaid[channel] == CONSENT_ALLOW);
}

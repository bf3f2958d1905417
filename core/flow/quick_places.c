#include "core/flow/quick_places.h"

#include <stddef.h>

#include "core/model/event.h"

#define AT(field) \
	{ \
		VALUE, offsetof(struct event, field), NULL \
	}
#define MESSAGE(places) \
	{ \
		INNER, 0, places \
	}
#define NONE \
	{ \
		LEFT_OUT, 0, NULL \
	}

/* clang-format off */
const struct place quick_identity_places[] = {
	AT(identity.anonymous_id), AT(identity.visitor_id), AT(identity.recipient_id), AT(identity.email),
	AT(identity.email_actor), AT(identity.user_id), AT(identity.crm_id), AT(identity.previous_id), AT(identity.name),
	AT(identity.title), AT(identity.role), AT(identity.company), AT(identity.company_domain), AT(identity.verified),
};

static const struct place consent_places[] = {
	AT(consent.analytics), AT(consent.profile), AT(consent.contact), AT(consent.policy), AT(consent.gpc), AT(consent.dnt),
	AT(consent.anonymous),
};
static const struct place content_places[] = {
	AT(content.url), AT(content.title), AT(content.content_id), AT(content.form_id), AT(content.target_url),
	AT(content.search), AT(content.topic), AT(content.language), AT(content.referrer),
};
static const struct place campaign_places[] = {
	AT(campaign.source), AT(campaign.medium), AT(campaign.name), AT(campaign.term), AT(campaign.content),
	AT(campaign.message_id),
};
static const struct place machine_places[] = {AT(machine_reasons)};
const struct place quick_event_places[] = {
	AT(id), AT(source), AT(site), AT(channel), AT(action), AT(label), AT(occurred_us), AT(stamped_us), AT(received_us),
	AT(party), MESSAGE(quick_identity_places), MESSAGE(consent_places), MESSAGE(content_places),
	MESSAGE(campaign_places), MESSAGE(machine_places), AT(session_id), AT(thread_id), AT(process),
	NONE /* opportunity */, AT(value), AT(rating), AT(engaged_ms), AT(scroll_percent),
	NONE /* properties */,
};
/* clang-format on */

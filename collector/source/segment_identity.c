/*
 * Who a message is about, and what its visitor consented to.
 */
#include "collector/source/banner.h"
#include "collector/source/person.h"
#include "collector/source/segment_event.h"
#include "core/base/check.h"

#define ID_SIZE_MAX 256
#define TO(member) offsetof(struct event, identity.member)

enum outcome segment_identity(struct reading *reading)
{
	static const struct reading_row ids[] = {
		{"anonymousId", ID_SIZE_MAX, TO(anonymous_id)},
		{"userId", ID_SIZE_MAX, TO(user_id)},
	};
	const struct segment_call *call = reading->around;
	struct event *event = reading->event;
	enum outcome outcome = reading_texts(reading, ids, COUNT_OF(ids));
	if (outcome == OUTCOME_NONE && event->identity.anonymous_id[0] == '\0') {
		reading->field = "AnonymousId";
		outcome = reading_copy(reading, call->header_id, ID_SIZE_MAX, &event->identity.anonymous_id);
	}
	if (outcome == OUTCOME_NONE && event->action == ACTION_ALIAS) {
		outcome = reading_text(reading, "previousId", ID_SIZE_MAX, &event->identity.previous_id);
	}
	if (outcome == OUTCOME_NONE) {
		outcome = event->action == ACTION_GROUP ? person_company(reading, "traits")
							: person_read(reading, "traits");
	}
	outcome = outcome != OUTCOME_NONE ? outcome : person_read(reading, "context.traits");
	person_settle(reading);
	return outcome;
}

enum outcome segment_consent(struct reading *reading)
{
	return banner_read(reading, "context.consent.categoryPreferences",
			   "context.consentManagement.allowedConsentIds",
			   "context.consentManagement.deniedConsentIds");
}

#include "ctl/own_event.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/decode.h"
#include "core/flow/identify.h"

bool own_event_prepare(struct own_event *own, struct ctl *ctl, struct event *event, const struct uuid *about,
		       struct fail *fail)
{
	own->message = (struct produce_message){.channel = CHANNEL_CRM, .has_key = true, .key = *about};
	event->source = IDENTIFY_BY_HAND;
	event->channel = CHANNEL_CRM;
	event->stamped_us = event->occurred_us;
	event->received_us = moment_now_us();
	event->party = PARTY_AGENT;
	event->identity.has_email_actor = true;
	memcpy(event->identity.email_actor, about->bytes, sizeof(event->identity.email_actor));
	bool fits = encode_event(event, &ctl->arena, &own->message.bytes, &own->message.size);
	CHECK(fits);
	const struct message sent_as = {
		.timestamp_us = event->received_us, .value = own->message.bytes, .size = own->message.size};
	struct event *read;
	struct reject reject;
	enum outcome outcome = decode_event(&sent_as, &ctl->arena, NULL, &read, &reject);
	if (outcome != OUTCOME_NONE) { /* a time of long ago, a name longer than an event may have */
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "the daemon would not take this: %s at %s",
				outcome_about[outcome].name, reject.field);
	}
	own->topic = topics_of_channel(&ctl->conf, CHANNEL_CRM);
	if (own->topic[0] == '\0') {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "no topic is configured for channel crm");
	}
	return sender_start(&own->sender, ctl, fail) && sender_look(&own->sender, own->topic, fail);
}

bool own_event_deliver(struct own_event *own, struct fail *fail)
{
	return sender_send(&own->sender, own->topic, &own->message, fail) && sender_drain(&own->sender, fail);
}

void own_event_finish(struct own_event *own)
{
	sender_finish(&own->sender);
}

bool own_event_send(struct ctl *ctl, struct event *event, const struct uuid *about, struct fail *fail)
{
	struct own_event own = {0};
	bool sent = own_event_prepare(&own, ctl, event, about, fail) && own_event_deliver(&own, fail);
	own_event_finish(&own);
	return sent;
}

#include "ctl/own_event.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/decode.h"
#include "core/flow/identify.h"
#include "ctl/sender.h"

bool own_event_send(struct ctl *ctl, struct event *event, const struct uuid *about, struct fail *fail)
{
	struct produce_message message = {.channel = CHANNEL_CRM, .has_key = true, .key = *about};
	struct sender sender = {0};
	event->source = IDENTIFY_BY_HAND;
	event->channel = CHANNEL_CRM;
	event->stamped_us = event->occurred_us;
	event->received_us = moment_now_us();
	event->party = PARTY_AGENT;
	event->identity.has_email_actor = true;
	memcpy(event->identity.email_actor, about->bytes, sizeof(event->identity.email_actor));
	bool fits = encode_event(event, &ctl->arena, &message.bytes, &message.size);
	CHECK(fits);
	const struct message sent_as = {
		.timestamp_us = event->received_us, .value = message.bytes, .size = message.size};
	struct event *read;
	struct reject reject;
	enum outcome outcome = decode_event(&sent_as, &ctl->arena, NULL, &read, &reject);
	if (outcome != OUTCOME_NONE) { /* a time of long ago, a name longer than an event may have */
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "the daemon would not take this: %s at %s",
				outcome_about[outcome].name, reject.field);
	}
	const char *topic = topics_of_channel(&ctl->conf, CHANNEL_CRM);
	if (topic[0] == '\0') {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "no topic is configured for channel crm");
	}
	bool sent = sender_start(&sender, ctl, fail) && sender_look(&sender, topic, fail) &&
		    sender_send(&sender, topic, &message, fail) && sender_drain(&sender, fail);
	sender_finish(&sender);
	return sent;
}

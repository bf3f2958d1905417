/*
 * An event that phasectl itself has to tell: to Kafka like any other, so that the daemon does the rest and a replay of the topic does it
 * again.
 */
#pragma once
#include <stdbool.h>

#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "core/model/event.h"
#include "ctl/ctl.h"
#include "ctl/produce.h"
#include "ctl/sender.h"

/* One that is ready to be sent; starts as zeros. own_event_finish() ends it. */
struct own_event {
	struct produce_message message;
	const char *topic;
	struct sender sender;
};

/*
 * Finds out all that can be wrong with it before it is sent: would the daemon take it, is there a topic, are there brokers? On channel crm, about the strong actor
 * `about`, by an agent; occurred_us must be said, the rest that every event has is filled in. After ctl_read_conf_for_kafka(). False: *fail;
 * EXIT_USAGE: the daemon would not take it.
 */
bool own_event_prepare(struct own_event *own, struct ctl *ctl, struct event *event, const struct uuid *about,
		       struct fail *fail);
/* Waits for the acknowledgement. */
bool own_event_deliver(struct own_event *own, struct fail *fail);
void own_event_finish(struct own_event *own);

/* All three. */
bool own_event_send(struct ctl *ctl, struct event *event, const struct uuid *about, struct fail *fail);

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

/*
 * Sends it on channel crm, about the strong actor `about`, by an agent; occurred_us must be said, the rest that every event has is filled in.
 * Waits for the acknowledgement. After ctl_read_conf_for_kafka(). False: *fail; EXIT_USAGE: the daemon would not take it.
 */
bool own_event_send(struct ctl *ctl, struct event *event, const struct uuid *about, struct fail *fail);

/*
 * CloudEvents 1.0 over HTTP: binary mode (attributes in headers), structured mode and batches. What they mean is said by
 * core/flow/cloudevent.h, for events on topics as well.
 *
 * Proof: a bearer token, as the specification of webhooks for CloudEvents has it; a signature as Standard Webhooks have it; or a
 * password or a path (hook_password). A signature covers the body alone, so that in binary mode, where headers say
 * whose an event is, it proves nothing.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter cloudevents_read;
hook_scheme cloudevents_scheme;

extern const char *const cloudevents_headers[]; /* NULL ends */

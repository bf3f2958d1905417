/*
 * Chatwoot's webhooks: one event a request, as JSON.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter chatwoot_read;

/* "sha256=" and hexadecimal HMAC-SHA256 of time "." body in X-Chatwoot-Signature, the time, in seconds, in
 * X-Chatwoot-Timestamp. Versions before 4.11 sign nothing: proof: secret. */
hook_scheme chatwoot_scheme;

/*
 * Zendesk's webhooks of conversations (Sunshine Conversations v2): a list of events a request, as JSON.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter zendesk_read;

/* Of conversations: the secret as it is, in X-API-Key. Of the help desk's own webhooks: base64 HMAC-SHA256 of time and body in
 * X-Zendesk-Webhook-Signature, the time (RFC 3339) in X-Zendesk-Webhook-Signature-Timestamp. */
hook_scheme zendesk_scheme;

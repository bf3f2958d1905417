/*
 * HubSpot's webhooks of deals and contacts: a JSON list of changes, each of one property or one association.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter hubspot_read;

/* Base64 HMAC-SHA256 of method, the configured url, body and time in X-HubSpot-Signature-v3, the time, in milliseconds, in
 * X-HubSpot-Request-Timestamp. The older signatures, which HubSpot sends along, sign no time and prove nothing here. */
hook_scheme hubspot_scheme;

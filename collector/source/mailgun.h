/*
 * Mailgun's webhooks: one event a request, as JSON.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter mailgun_read;

/*
 * HMAC-SHA256 of signature.timestamp and signature.token in the body. It says that Mailgun made the two, not that the rest of
 * the body is theirs, and Mailgun sends for eight hours what is not taken, so no window bounds it: a copy of a request has the
 * id of the first and counts once. The way here has to be TLS.
 */
hook_scheme mailgun_scheme;

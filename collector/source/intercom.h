/*
 * Intercom's webhooks: one notification a request, as JSON.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter intercom_read;

/* "sha1=" and hexadecimal HMAC-SHA1 of the body in X-Hub-Signature. No time is signed: a copy has the id of the first and
 * counts once. */
hook_scheme intercom_scheme;

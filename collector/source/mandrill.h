/*
 * Mandrill's (Mailchimp Transactional's) webhooks: a form whose field mandrill_events is a list of events, as JSON.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter mandrill_read;

/* base64 HMAC-SHA1 of the address that Mandrill calls (the hook's url, which is not ours to know otherwise) and the form's
 * fields, names in order. No time is signed: a copy has the ids of the first and counts once. */
hook_scheme mandrill_scheme;

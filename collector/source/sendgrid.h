/*
 * SendGrid's event webhook: a list of events a request, as JSON.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter sendgrid_read;

/*
 * ECDSA over time and body, by the public key that SendGrid's settings show (base64, one line, or PEM). Its retries, for a
 * day, may carry the first one's time, so no window bounds it: a copy has the ids of the first and counts once.
 */
hook_scheme sendgrid_scheme;

/*
 * Crisp's webhooks: one event a request, as JSON.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter crisp_read;

/* Hexadecimal HMAC-SHA256 of "[" time ";" body "]" in X-Crisp-Signature, the time, in milliseconds, in
 * X-Crisp-Request-Timestamp. */
hook_scheme crisp_scheme;

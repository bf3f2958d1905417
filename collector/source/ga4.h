/*
 * Google Analytics 4's Measurement Protocol: events that a site's own servers and apps send, up to 25 a request.
 *
 * api_secret proves whose a request is where it is configured for it, as a hook's secret; on the path that everybody knows
 * it is not looked at, and what comes there is anybody's word.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"

source_adapter ga4_read;
hook_scheme ga4_scheme;

extern const char *const ga4_paths[]; /* NULL ends */

/*
 * Matomo's trackers: matomo.js, image pixels in pages without scripts, and those of servers, one hit at a time or in bulk.
 *
 * A hit names no event and no moment: both are made of what it says, the same for the same hit, by whatever way it comes
 * again. No token of Matomo's is known here, so that what needs one (`cip`, `cdt`, `cdo`) is anybody's word and is not read.
 */
#pragma once
#include "collector/source/source.h"

source_adapter matomo_read;

extern const char *const matomo_paths[]; /* NULL ends */

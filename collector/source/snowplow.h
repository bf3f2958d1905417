/*
 * Snowplow's tracker protocol 2, trackers v3 and v4: POST with a batch, GET pixel. Pure, like every adapter.
 *
 * An event that cannot be read costs itself alone; an envelope that cannot be read costs the request. Events of trackers
 * are public: nothing here ever says `verified`.
 */
#pragma once
#include "collector/source/source.h"

source_adapter snowplow_read;

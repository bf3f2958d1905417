/*
 * The Segment specification's trackers: Segment's own (analytics.js, Node and others), RudderStack's, Jitsu's. They send the
 * same messages (page, track, identify, group, alias), one by one or in a batch, by other paths and headers.
 *
 * An event's source is "segment", "rudderstack" or "jitsu": a part of its key, so that it follows from what is the same in
 * every retry of it.
 */
#pragma once
#include "collector/source/source.h"

source_adapter segment_read;

extern const char *const segment_paths[], *const segment_pixel_paths[],
						  *const segment_jitsu_paths[]; /* NULL ends */
extern const char *const segment_headers[];					/* likewise */

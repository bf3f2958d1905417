/*
 * What a visitor allowed in a site's consent banner, as its tracker passes it on. Pure.
 */
#pragma once
#include "collector/source/reading.h"

/*
 * Analytics and profile, by the names that are configured (segment.analytics_scopes, profile_scopes). At `map_path` of the
 * message each category's name has a true or a false; at the other two paths, which may be NULL, are lists of names. An empty
 * banner is a refusal, none says nothing.
 */
enum outcome banner_read(struct reading *reading, const char *map_path, const char *allowed_path,
			 const char *denied_path);

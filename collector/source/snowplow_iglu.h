/*
 * iglu URIs: "iglu:VENDOR/NAME/jsonschema/MAJOR-REVISION-ADDITION". What a thing is, is said by vendor, name and major
 * version; the rest may grow.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define IGLU_SNOWPLOW "com.snowplowanalytics.snowplow"

struct iglu {
	const char *vendor, *name; /* point into the URI */
	size_t vendor_size, name_size;
	unsigned major;
};

bool iglu_read(const char *uri, struct iglu *ret_iglu); /* NULL is none */
/* `vendor` NULL: any. `major` 0: any. */
bool iglu_matches(const struct iglu *iglu, const char *vendor, const char *name, unsigned major);
bool iglu_is(const char *uri, const char *vendor, const char *name, unsigned major);

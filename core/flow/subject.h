/*
 * What a touch was about: event → subject. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/model/event.h"
#include "core/model/subject.h"

struct arena;

/* `keys`: the property keys that configuration names, sorted, at most SUBJECT_PROPERTIES_MAX. False: arena full. */
bool subject_from_event(const struct event *event, const char *const *keys, size_t key_count, struct arena *arena,
			struct subject *ret_subject);
/* 0 under 10 s, 1 from 10 s, 2 from 30 s, 3 from 2 min, 4 from 10 min. */
int subject_engagement(uint32_t engaged_ms);
/* Host (lower case, without port 80/443) and path (without query and fragment) of an absolute http(s) URL; "" and ""
 * for anything else. False: arena full. */
bool subject_url_parts(const char *url, struct arena *arena, const char **ret_host, const char **ret_path);

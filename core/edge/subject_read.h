/*
 * A row of what touches were about, as table phased.subject and view report.subject have it, read back.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/edge/postgres.h"
#include "core/model/subject.h"

struct arena;

/* What to SELECT for it. */
#define SUBJECT_READ_COLUMNS \
	"subject_id, source, site, channel, process, action, label, host, path, title, content_id, form_id, " \
	"target_host, target_path, topic, engagement, properties"
#define SUBJECT_READ_COUNT 17

/* From the row's first column on. Texts are put into the arena. The properties are missing: `*ret_lines` has their values, a line each, and
 * subject_give_properties() finds what they are of. False: arena full. */
bool subject_read(const struct postgres_rows *rows, size_t row, struct arena *arena, struct subject *ret_subject,
		  const char **ret_lines);

#include "ctl/seen.h"

#include <assert.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/edge/schema.h"
#include "ctl/subject_row.h"

#define ARENA_SIZE ((size_t)256 * 1024 * 1024)
#define REPLY_MS_MAX 600000 /* all touches are counted */
#define PAGE 500

static const struct postgres_statement declare = {
	.name = "declare",
	.sql = "DECLARE seen NO SCROLL CURSOR FOR SELECT " SUBJECT_READ_COLUMNS
	       ", property_keys, m.touches, m.last_at FROM (SELECT subject_id, count(*) AS touches, max(at) AS "
	       "last_at "
	       "FROM report.measured WHERE party = 1 AND at >= $1 GROUP BY subject_id ORDER BY 2 DESC, subject_id "
	       "LIMIT "
	       "50001) m JOIN report.subject s USING (subject_id) ORDER BY m.touches DESC, subject_id",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TIMESTAMPTZ, false}},
};
static_assert(SEEN_SUBJECTS_MAX == 50000, "declare asks for one more");
static const struct postgres_statement fetch = {.name = "fetch", .sql = "FETCH 500 FROM seen", .simple = true};
static_assert(PAGE == 500, "fetch names it");
/* A touch at most 30 minutes after the last one of its rule is a repeat, and does not count. */
static const struct postgres_statement count_rules = {
	.name = "count_rules",
	.sql = "SELECT number, count(*) FROM (SELECT r.number, m.at - lag(m.at) OVER (PARTITION BY m.contact_id, "
	       "r.number "
	       "ORDER BY m.at, m.event) AS gap FROM report.measured m JOIN unnest($2, $3) AS r (subject_id, "
	       "number) "
	       "USING (subject_id) WHERE m.party = 1 AND m.at >= $1) t WHERE gap IS NULL OR gap > interval '30 "
	       "minutes' "
	       "GROUP BY number",
	.parameter_count = 3,
	.parameters = {{POSTGRES_TIMESTAMPTZ, false}, {POSTGRES_INT8, true}, {POSTGRES_INT4, true}},
};

/* ---- Subjects ---- */

struct reading {
	struct seen *seen;
	const struct matcher *matcher;
	size_t rows; /* of the last page */
	struct subject_row_keys keys;
	bool has_keys;
};

static bool no_room(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "what was seen does not fit into memory");
}

static bool take(struct reading *reading, const struct postgres_rows *rows, size_t i)
{
	struct seen *seen = reading->seen;
	struct seen_subject *subject = &seen->subjects[seen->count];
	bool told;
	reading->has_keys = reading->has_keys || subject_row_keys_split(postgres_text(rows, i, SUBJECT_READ_COUNT),
									&seen->arena, &reading->keys);
	if (!reading->has_keys ||
	    !subject_row_read(rows, i, &reading->keys, &seen->arena, &subject->subject, &told)) {
		return false;
	}
	subject->touches = (uint64_t)postgres_int(rows, i, SUBJECT_READ_COUNT + 1);
	subject->last_us = postgres_moment(rows, i, SUBJECT_READ_COUNT + 2);
	matcher_match(reading->matcher, &subject->subject, &subject->match);
	seen->touches += subject->touches;
	seen->count++;
	return true;
}

static bool on_subjects(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct reading *reading = context;
	struct seen *seen = reading->seen;
	reading->rows = postgres_count(rows);
	for (size_t i = 0; i < reading->rows; i++) {
		seen->cut = seen->count == SEEN_SUBJECTS_MAX;
		if (!seen->cut && !take(reading, rows, i)) {
			return no_room(fail);
		}
	}
	return true;
}

bool seen_read(struct seen *seen, struct ctl *ctl, const struct matcher *matcher, int64_t days,
	       struct progress *progress, struct fail *fail)
{
	struct postgres_value since;
	struct reading reading = {.seen = seen, .matcher = matcher};
	*seen = (struct seen){.since_us = days > 0 ? moment_now_us() - days * MOMENT_DAY_US : INT64_MIN};
	if (!arena_init(&seen->arena, ARENA_SIZE)) {
		return no_room(fail);
	}
	seen->subjects = arena_array(&seen->arena, SEEN_SUBJECTS_MAX, sizeof(*seen->subjects));
	if (seen->subjects == NULL || !postgres_value_moment(&seen->arena, seen->since_us, &since)) {
		return no_room(fail);
	}
	seen->postgres = ctl_connect(ctl, REPLY_MS_MAX, fail);
	if (seen->postgres == NULL) {
		return false;
	}
	progress_show(progress, -1, "counting touches");
	if (!ctl_begin_reading(seen->postgres, fail) ||
	    !postgres_add(seen->postgres, &declare, &since, NULL, NULL, fail)) {
		return false;
	}
	do {
		if (!postgres_add(seen->postgres, &fetch, NULL, on_subjects, &reading, fail) ||
		    !progress_turn(progress, seen->postgres, fail)) {
			schema_explain(fail);
			return false;
		}
		progress_show(progress, -1, "%zu subjects", seen->count);
	} while (reading.rows == PAGE && !seen->cut);
	return true;
}

/* ---- Touches that count ---- */

static bool on_counts(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	uint64_t *counted = context;
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		counted[postgres_int(rows, i, 0)] = (uint64_t)postgres_int(rows, i, 1);
	}
	return true;
}

bool seen_count(struct seen *seen, struct progress *progress, uint64_t *ret_counted, struct fail *fail)
{
	struct postgres_array subjects, numbers;
	struct postgres_value values[3];
	postgres_array_init(&subjects, &seen->arena, POSTGRES_INT8, seen->count);
	postgres_array_init(&numbers, &seen->arena, POSTGRES_INT4, seen->count);
	for (size_t i = 0; i < seen->count; i++) {
		const struct match *match = &seen->subjects[i].match;
		if (match->rule != MATCH_NO_RULE) {
			postgres_array_int(&subjects, (int64_t)seen->subjects[i].subject.id);
			postgres_array_int(&numbers, match->process * PHASE_RULES_MAX + match->rule);
		}
	}
	if (!postgres_value_moment(&seen->arena, seen->since_us, &values[0]) ||
	    !postgres_array_value(&subjects, &values[1]) || !postgres_array_value(&numbers, &values[2])) {
		return no_room(fail);
	}
	progress_show(progress, -1, "counting without repeats");
	return postgres_add(seen->postgres, &count_rules, values, on_counts, ret_counted, fail) &&
	       progress_turn(progress, seen->postgres, fail);
}

void seen_finish(struct seen *seen)
{
	postgres_destroy(seen->postgres);
	arena_finish(&seen->arena);
	*seen = (struct seen){0};
}

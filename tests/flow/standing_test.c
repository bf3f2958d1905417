/* core/flow/standing.h: how far somebody came, and how that was lost. When late is entered, tests/flow/alerts_test.c holds to the definition. */
#include "core/flow/standing.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/moment.h"
#include "tests/table.h"
#include "tests/vectors/vectors.h"

#define CHANGES_MAX 8
#define HOUR_US (MOMENT_DAY_US / 24)

/* A change an hour, to what is shown; T: by time alone. */
static const struct {
	const char *what, *changes;
	int peak, fell_hour; /* 0: not */
	bool by_time;
} rows[] = {
	{"nothing was ever shown", "", 0, 0, false},
	{"none is no phase", "1T", 0, 0, false},
	{"what is shown is the peak", "2 3", SHOWN_MID, 0, false},
	{"back", "2 3 2", SHOWN_MID, 3, false},
	{"back by time", "2 3 0T", SHOWN_MID, 3, true},
	{"the first loss counts, not what follows", "4 3 2 0T", SHOWN_LATE, 2, false},
	{"the peak again", "3 2 3", SHOWN_MID, 0, false},
	{"lost once more", "3 2 3 0T", SHOWN_MID, 4, true},
	{"farther", "2 0T 4", SHOWN_LATE, 0, false},
	{"won or lost: what was before is over", "4 1 2", SHOWN_EARLY, 0, false},
	{"won or lost, and nothing since", "4 1", 0, 0, false},
	{"forgotten is not closed", "4 1T 2", SHOWN_LATE, 2, true},
};

static size_t changes_of(const char *text, struct change_row *ret_changes)
{
	size_t count = 0;
	for (; *text != '\0'; text++) {
		if (*text >= '0' && *text <= '4') {
			ret_changes[count] = (struct change_row){.to_shown = *text - '0',
								 .by_time = text[1] == 'T',
								 .cause = 100 + count,
								 .at_us = (int64_t)(count + 1) * HOUR_US};
			count++;
		}
	}
	return count;
}

START_TEST(the_peak_is_the_farthest_that_was_shown_and_falls_when_it_is_no_more)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct change_row changes[CHANGES_MAX];
		struct standing standing;
		standing_peak(changes, changes_of(rows[i].changes, changes), &standing);
		ck_assert_msg(standing.peak == rows[i].peak, "%s: %d", rows[i].what, standing.peak);
		ck_assert_msg(standing.fell_us ==
				      (rows[i].fell_hour == 0 ? INT64_MIN : rows[i].fell_hour * HOUR_US),
			      "%s", rows[i].what);
		ck_assert_msg(standing.fell_us == INT64_MIN || standing.by_time == rows[i].by_time, "%s",
			      rows[i].what);
		ck_assert_msg(standing.fell_us == INT64_MIN || rows[i].by_time ||
				      standing.cause == 99 + (uint64_t)rows[i].fell_hour,
			      "%s", rows[i].what);
	}
}
END_TEST

/* At noon of a day somebody says that this is late: enough at the end of that day and of the next. */
START_TEST(days_that_time_alone_brings_are_told_with_the_last_touch)
{
	struct vectors *vectors = vectors_read();
	struct alerts_process process;
	struct standing_late late;
	struct phase_state state;
	struct arena arena;
	bool scratch[1];
	struct fold_touch touch = {
		.ms = INT64_C(20000) * 86400000 + 43200000, .id = 1, .kind = FOLD_CONFIRM, .rule = 1 << 6};
	ck_assert(arena_init(&arena, (size_t)64 * 1024));
	alerts_process_init(&process, &vectors->process);
	standing_late_begin(&late, &process, &arena);
	fold_all(&vectors->process, &touch, 1, scratch, &state, NULL, standing_step, &late);
	ck_assert_uint_eq(late.count, 0);
	standing_late_end(&late);
	ck_assert_uint_eq(late.count, 1);
	ck_assert_int_eq(late.days[0], 20001);
	ck_assert(!late.full);
	arena_finish(&arena);
	free(vectors);
}
END_TEST

TEST_MAIN("standing", the_peak_is_the_farthest_that_was_shown_and_falls_when_it_is_no_more,
	  days_that_time_alone_brings_are_told_with_the_last_touch)

/* core/flow/explain.h: a slice of contacts gets what is written of them, each its own, whatever order rows and touches come in. */
#include "core/flow/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/flow/match.h"
#include "tests/random.h"
#include "tests/table.h"
#include "tests/vectors/vectors.h"

#define CLOSE 1e-9
#define DAY_US INT64_C(86400000000)
#define FIRST_DAY INT64_C(19875)
#define START_US (FIRST_DAY * DAY_US)

enum { PRODUCT = 8, PRICING = 14, PEOPLE = 200, TOUCHES_MAX = PEOPLE * 60 };

static struct vectors *vectors;
static struct arena arena;
static struct model_process processes[2];
static struct fold_process folds[2];
static struct model model = {.version = 7, .process_count = 2, .processes = processes};
static struct contacts_model ready = {.model = &model, .processes = folds};

static void begin(void)
{
	vectors = vectors_read();
	ck_assert(arena_init(&arena, (size_t)256 * 1024 * 1024));
	processes[0] = processes[1] = vectors->model;
	processes[0].name = "parts";
	processes[1].name = "standard";
	folds[0] = folds[1] = vectors->process;
}

static void end(void)
{
	arena_finish(&arena);
	free(vectors);
}

static struct uuid id_of(unsigned person)
{
	return (struct uuid){{(uint8_t)(person * 37), (uint8_t)(person >> 8), (uint8_t)person}};
}

static double sum_of(const struct explain_row *row)
{
	double sum = row->start;
	for (size_t i = 0; i < row->line_count; i++) {
		sum += row->lines[i].effect;
	}
	return sum;
}

/* The fold of the touches of a row, and what it shows at its moment. */
static struct phase_view view_of(const struct explain_row *row, const struct evidence_row *touches, size_t count,
				 uint32_t *ret_counted)
{
	static struct fold_touch own[TOUCHES_MAX];
	static bool scratch[TOUCHES_MAX];
	struct phase_state state;
	struct phase_view view;
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		if (uuid_equal(&touches[i].contact_id, &row->contact_id) &&
		    strcmp(touches[i].process, row->process) == 0) {
			own[n++] = (struct fold_touch){.ms = moment_floor(touches[i].at_us, 1000),
						       .id = touches[i].event_id,
						       .rule = (uint16_t)touches[i].rule};
		}
	}
	qsort(own, n, sizeof(*own), fold_compare);
	fold_all(&vectors->process, own, n, scratch, &state, NULL, NULL, NULL);
	fold_view(&vectors->process, &state, row->as_of_us / 1000, &view);
	*ret_counted = state.counted;
	return view;
}

START_TEST(lines_of_each_add_up_to_what_is_shown_of_it)
{
	begin();
	static struct evidence_row touches[TOUCHES_MAX], given[TOUCHES_MAX];
	static struct explain_row rows[PEOPLE * 2];
	size_t count = 0, row_count = 0;
	uint64_t chance = 5;
	for (unsigned person = 0; person < PEOPLE; person++) {
		rows[row_count++] = (struct explain_row){.contact_id = id_of(person), .process = "standard"};
		if (person % 3 == 0) {
			rows[row_count++] = (struct explain_row){.contact_id = id_of(person), .process = "parts"};
		}
		for (size_t n = 1 + random_below(&chance, 50); n > 0; n--) {
			touches[count++] = (struct evidence_row){
				.contact_id = id_of(person),
				.process = person % 3 == 0 && n % 2 == 0 ? "parts" : "standard",
				.at_us = START_US + (int64_t)random_below(&chance, 90 * DAY_US),
				.event_id = n,
				.rule = (int)random_below(&chance, vectors->process.rule_count),
			};
		}
	}
	for (size_t i = count; i > 1; i--) {
		size_t other = random_below(&chance, i);
		struct evidence_row kept = touches[i - 1];
		touches[i - 1] = touches[other];
		touches[other] = kept;
	}
	memcpy(given, touches, sizeof(given));
	struct explain_rows slice = {.rows = rows, .row_count = row_count, .touches = given, .touch_count = count};
	ck_assert(explain_slice(&ready, &slice, START_US + 80 * DAY_US, &arena));
	size_t told = 0, later = 0;
	for (size_t i = 0; i < row_count; i++) {
		const struct explain_row *row = &rows[i];
		uint32_t counted, lines = 0;
		struct phase_view view = view_of(row, touches, count, &counted);
		ck_assert_int_eq(row->phase, view.reported);
		if (row->phase == MAIN_NONE) {
			ck_assert_uint_eq(row->line_count + row->day_count, 0);
			continue;
		}
		double p = view.main[view.reported];
		ck_assert(fabs(sum_of(row) - (log(p) - log(1 - p))) < CLOSE);
		ck_assert(fabs(row->logit - sum_of(row)) < CLOSE);
		for (size_t n = 0; n < row->line_count; n++) {
			lines += row->lines[n].touches;
		}
		ck_assert_uint_eq(lines, counted);
		ck_assert_int_eq(row->first_day + (int64_t)row->day_count, row->as_of_us / DAY_US);
		for (size_t n = 0; n < row->day_count; n++) {
			const int16_t *main = row->days[n].main;
			ck_assert_int_eq(main[0] + main[1] + main[2], 1000);
			ck_assert(main[0] >= 0 && main[1] >= 0 && main[2] >= 0);
		}
		told++;
		later += row->as_of_us > START_US + 80 * DAY_US; /* as of the last touch */
	}
	ck_assert_uint_gt(told, PEOPLE);
	ck_assert_uint_gt(later, 20);
	end();
}
END_TEST

START_TEST(who_is_in_no_process_or_was_closed_has_nothing_to_explain)
{
	begin();
	struct evidence_row touches[] = {
		{id_of(2), "standard", START_US, 1, PRODUCT, .content = "radar"},
		{id_of(2), "standard", START_US + DAY_US, 2, PRICING},
		{id_of(2), "standard", START_US + 2 * DAY_US, 3, -1, .confirm = MATCH_CLOSES},
		{id_of(3), "standard", START_US, 1, PRODUCT, .content = "radar"},
		{id_of(3), "standard", START_US + DAY_US, 4, -1, .confirm = 1 << 5 | 1 << 6 | 1 << 7},
	};
	struct explain_row rows[] = {
		{.contact_id = id_of(1)}, /* in none any more */
		{.contact_id = id_of(2), .process = "standard"},
		{.contact_id = id_of(3), .process = "standard"},
		{.contact_id = id_of(4), .process = "unheard-of"},
	};
	const struct uuid id_of_2 = id_of(2), id_of_3 = id_of(3);
	struct explain_rows slice = {.rows = rows, .row_count = 4, .touches = touches, .touch_count = 5};
	ck_assert(explain_slice(&ready, &slice, START_US + 4 * DAY_US, &arena));
	for (size_t i = 0; i < slice.row_count; i++) {
		const struct explain_row *row = &rows[i];
		bool third = uuid_equal(&row->contact_id, &id_of_3);
		ck_assert_int_eq(row->phase != MAIN_NONE, third);
		if (third) {
			ck_assert_uint_eq(row->line_count, 2);
			ck_assert_str_eq(row->lines[0].content, "radar");
			ck_assert_str_eq(row->lines[1].rule, "confirm");
			ck_assert_uint_eq(row->day_count, 4);
		} else if (row->day_count > 0) {
			ck_assert(uuid_equal(&row->contact_id, &id_of_2));
			ck_assert_uint_eq(row->day_count, 4);
			ck_assert(row->days[1].main[0] >= 0 && row->days[2].main[0] == -1);
			ck_assert_int_eq(row->days[3].main[2], -1);
		}
	}
	end();
}
END_TEST

START_TEST(long_histories_are_bounded)
{
	begin();
	enum { COUNT = 3000 };
	static struct evidence_row touches[COUNT];
	for (size_t i = 0; i < COUNT; i++) {
		touches[i] = (struct evidence_row){id_of(1), "standard", START_US + (int64_t)i * DAY_US / 2, i,
						   (int)(i % vectors->process.rule_count)};
	}
	struct explain_row row = {.contact_id = id_of(1), .process = "standard"};
	struct explain_rows slice = {.rows = &row, .row_count = 1, .touches = touches, .touch_count = COUNT};
	ck_assert(explain_slice(&ready, &slice, START_US + 1500 * DAY_US, &arena));
	ck_assert_uint_le(row.line_count, EXPLAIN_LAST);
	ck_assert_uint_gt(row.earlier, 1000);
	ck_assert_uint_eq(row.day_count, EXPLAIN_DAYS_MAX);
	ck_assert_int_eq(row.first_day, FIRST_DAY + 1500 - EXPLAIN_DAYS_MAX);
	ck_assert(fabs(sum_of(&row) - row.logit) < CLOSE);
	end();
}
END_TEST

START_TEST(a_full_arena_is_said)
{
	begin();
	struct evidence_row touch = {id_of(1), "standard", START_US, 1, PRODUCT};
	struct explain_row row = {.contact_id = id_of(1), .process = "standard"};
	struct explain_rows slice = {.rows = &row, .row_count = 1, .touches = &touch, .touch_count = 1};
	struct arena small;
	size_t size = 256;
	for (bool done = false; !done; size += 512) {
		ck_assert(arena_init(&small, size));
		done = explain_slice(&ready, &slice, START_US + 30 * DAY_US, &small);
		ck_assert(!done || row.line_count == 1);
		arena_finish(&small);
	}
	ck_assert_uint_gt(size, 2000);
	end();
}
END_TEST

TEST_MAIN("explain", lines_of_each_add_up_to_what_is_shown_of_it,
	  who_is_in_no_process_or_was_closed_has_nothing_to_explain, long_histories_are_bounded,
	  a_full_arena_is_said)

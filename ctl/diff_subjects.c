/*
 * What touches were about, read once and matched under both models: a site has thousands of subjects and millions of touches.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/postgres.h"
#include "core/flow/fold_input.h"
#include "ctl/diff.h"
#include "ctl/subject_row.h"

#define SUBJECTS_MAX ((size_t)4 * 1024 * 1024)
#define ARENA_SIZE ((size_t)1024 * 1024 * 1024)
#define PAGE 1000

struct reading {
	struct diff *diff;
	struct arena page; /* texts of one */
	struct subject_row_keys keys;
	bool has_keys;
	size_t seen; /* on this page */
};

static const struct postgres_statement declare = {
	.name = "diff_subjects",
	.sql = "DECLARE subjects NO SCROLL CURSOR FOR SELECT " SUBJECT_READ_COLUMNS
	       ", property_keys FROM report.subject",
	.simple = true};
static const struct postgres_statement fetch = {
	.name = "diff_subjects_page", .sql = "FETCH 1000 FROM subjects", .simple = true};
_Static_assert(PAGE == 1000, "fetch names it");
static const struct postgres_statement close_cursor = {
	.name = "diff_subjects_close", .sql = "CLOSE subjects", .simple = true};

static bool no_room(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "more than %zu different subjects: too many for memory",
			SUBJECTS_MAX);
}

/* Which of the diff's processes is this one of a model's? */
static int process_of(const struct diff *diff, enum diff_side side, int number)
{
	for (unsigned i = 0; i < diff->process_count; i++) {
		if (diff->processes[i].number[side] == number) {
			return (int)i;
		}
	}
	CHECK(false);
	return -1;
}

static void match(const struct diff *diff, const struct subject *subject, struct diff_subject *ret_subject)
{
	*ret_subject = (struct diff_subject){.id = subject->id};
	for (unsigned side = 0; side < DIFF_SIDES; side++) {
		struct match found;
		matcher_match(diff->models[side].matcher, subject, &found);
		ret_subject->by[side] = (struct diff_reading){
			.process = process_of(diff, (enum diff_side)side, found.process),
			.rule = found.rule,
			.confirm = found.confirm,
			.mail_click = found.mail_click,
			.link = found.link,
			.content = found.content,
		};
	}
}

static bool on_page(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct reading *reading = context;
	struct diff_subjects *subjects = &reading->diff->subjects;
	reading->seen = postgres_count(rows);
	if (subjects->count + reading->seen > SUBJECTS_MAX) {
		return no_room(fail);
	}
	for (size_t i = 0; i < reading->seen; i++) {
		struct subject subject;
		bool told;
		reading->has_keys =
			reading->has_keys || subject_row_keys_split(postgres_text(rows, i, SUBJECT_READ_COUNT),
								    &subjects->arena, &reading->keys);
		size_t mark = reading->page.used;
		if (!reading->has_keys) {
			return fail_set(fail, FAIL_DATA, EXIT_BAD_DATA,
					"the database's subject.property_keys are more than there can be");
		}
		CHECK(subject_row_read(rows, i, &reading->keys, &reading->page, &subject, &told));
		subjects->unread += !told;
		match(reading->diff, &subject, &subjects->list[subjects->count++]);
		arena_back(&reading->page, mark);
	}
	return true;
}

static bool read_all(struct reading *reading, struct fail *fail)
{
	struct diff *diff = reading->diff;
	if (!postgres_add(diff->postgres, &declare, NULL, NULL, NULL, fail)) {
		return false;
	}
	do {
		if (!postgres_add(diff->postgres, &fetch, NULL, on_page, reading, fail) ||
		    !progress_turn(diff->progress, diff->postgres, fail)) {
			return false;
		}
		progress_show(diff->progress, -1, "%zu subjects matched", diff->subjects.count);
	} while (reading->seen == PAGE);
	return postgres_add(diff->postgres, &close_cursor, NULL, NULL, NULL, fail) &&
	       progress_turn(diff->progress, diff->postgres, fail);
}

/* ---- Finding them ---- */

static bool index_all(struct diff_subjects *subjects)
{
	size_t room = 16;
	while (room < 2 * subjects->count) {
		room *= 2;
	}
	subjects->places = arena_zero(&subjects->arena, room, sizeof(*subjects->places));
	if (subjects->places == NULL) {
		return false;
	}
	subjects->place_mask = room - 1;
	for (size_t i = 0; i < subjects->count; i++) {
		size_t at = subjects->list[i].id & subjects->place_mask; /* a hash already */
		while (subjects->places[at] != 0) {
			at = (at + 1) & subjects->place_mask;
		}
		subjects->places[at] = (uint32_t)i + 1;
	}
	return true;
}

int64_t diff_subjects_find(const struct diff_subjects *subjects, uint64_t id)
{
	size_t at = id & subjects->place_mask;
	while (subjects->places[at] != 0) {
		if (subjects->list[subjects->places[at] - 1].id == id) {
			return (int64_t)subjects->places[at] - 1;
		}
		at = (at + 1) & subjects->place_mask;
	}
	return -1;
}

bool diff_subjects_read(struct diff *diff, struct fail *fail)
{
	struct diff_subjects *subjects = &diff->subjects;
	struct reading *reading = arena_zero(&diff->ctl->arena, 1, sizeof(*reading));
	CHECK(reading != NULL);
	reading->diff = diff;
	if (!arena_init(&subjects->arena, ARENA_SIZE) || !arena_init(&reading->page, (size_t)1024 * 1024)) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	subjects->list = arena_array(&subjects->arena, SUBJECTS_MAX, sizeof(*subjects->list));
	CHECK(subjects->list != NULL);
	bool good = read_all(reading, fail);
	arena_finish(&reading->page);
	arena_cut(&subjects->arena, subjects->list + subjects->count);
	return good && (index_all(subjects) || no_room(fail));
}

void diff_subjects_finish(struct diff_subjects *subjects)
{
	arena_finish(&subjects->arena);
}

/* ---- What they are read as ---- */

bool diff_reading_counts(const struct diff_reading *reading, int party)
{
	return fold_input_counts(party, 0, 0, reading->rule, reading->confirm);
}

static const struct model_rule *rule_of(const struct diff *diff, enum diff_side side,
					const struct diff_reading *reading)
{
	int number = diff->processes[reading->process].number[side];
	return &diff->models[side].model->processes[number].rules[reading->rule];
}

const char *diff_reading_name(const struct diff *diff, enum diff_side side, const struct diff_reading *reading)
{
	if (reading->confirm != 0) {
		return reading->confirm == MATCH_CLOSES ? "won or lost" : "confirm";
	}
	return reading->rule >= 0 ? rule_of(diff, side, reading)->name : NULL;
}

bool diff_reading_same(const struct diff *diff, const struct diff_reading *old, const struct diff_reading *new)
{
	const char *before = diff_reading_name(diff, DIFF_OLD, old),
		   *after = diff_reading_name(diff, DIFF_NEW, new);
	if (before == NULL || after == NULL) {
		return before == after;
	}
	return old->process == new->process &&strcmp(before, after) == 0;
}

/* daemon/subjects.h: each subject of a batch is made once, and none outlives it. */
#include "daemon/subjects.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "tests/daemon/plan.h"
#include "tests/table.h"

static struct arena arena, batch;
static struct subjects subjects;
static const struct subject_keys none;

static struct engine *make(void)
{
	struct fail fail;
	struct model *model;
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024) && arena_init(&batch, (size_t)64 * 1024 * 1024));
	ck_assert(model_file_read("tests/daemon/model", &arena, &model, &fail));
	struct engine *engine = engine_create(model->text, model->text_size, model->version, &fail);
	ck_assert_msg(engine != NULL, "%s", fail.text);
	return engine;
}

static struct event labelled(struct arena *texts, size_t number)
{
	struct event event = plan_blank();
	event.label = arena_print(texts, "label %zu", number);
	event.content.url = "https://www.nordlys.test/";
	return event;
}

static const struct subject_known *find(struct arena *texts, size_t number)
{
	struct event event = labelled(texts, number);
	struct subject subject;
	const struct subject_known *known = subjects_find(&subjects, &event, &none, &batch);
	ck_assert(known != NULL && subject_from_event(&event, NULL, 0, texts, &subject));
	ck_assert_uint_eq(known->subject.id, subject.id);
	ck_assert_str_eq(known->subject.label, event.label);
	return known;
}

START_TEST(a_subject_is_made_once_a_batch)
{
	struct engine *engine = make();
	subjects_begin(&subjects, engine);
	const struct subject_known *first = find(&batch, 1);
	const struct subject_known *second = find(&batch, 2);
	size_t used = batch.used;
	ck_assert_ptr_eq(find(&arena, 1), first);
	ck_assert_ptr_eq(find(&arena, 2), second);
	ck_assert_uint_eq(batch.used, used);
	ck_assert_int_eq(first->match.process, second->match.process);

	memset(batch.base, 0xff, batch.used); /* nothing of it may be looked at any more */
	arena_reset(&batch, batch.limit);
	subjects_begin(&subjects, engine);
	find(&batch, 2);
	find(&batch, 1);
	engine_destroy(engine);
}
END_TEST

START_TEST(more_subjects_than_have_room_are_right_all_the_same)
{
	struct engine *engine = make();
	subjects_begin(&subjects, engine);
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < (size_t)3 * SUBJECTS_MAX; i++) {
			find(&batch, i);
		}
	}
	engine_destroy(engine);
}
END_TEST

START_TEST(a_full_arena_is_said)
{
	struct engine *engine = make();
	struct event event = labelled(&arena, 1);
	subjects_begin(&subjects, engine);
	batch.limit = 64;
	ck_assert_ptr_null(subjects_find(&subjects, &event, &none, &batch));
	batch.limit = sizeof(struct subject_known) + 8; /* not even the host's name */
	batch.used = 0;
	ck_assert_ptr_null(subjects_find(&subjects, &event, &none, &batch));
	batch.limit = (size_t)1 << 20;
	batch.used = 0;
	find(&batch, 1);
	engine_destroy(engine);
}
END_TEST

TEST_MAIN("subjects", a_subject_is_made_once_a_batch, more_subjects_than_have_room_are_right_all_the_same,
	  a_full_arena_is_said)

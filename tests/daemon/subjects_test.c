/* daemon/subjects.h: each subject is made once, and outlives its batch. */
#include "daemon/subjects.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "tests/daemon/plan.h"
#include "tests/table.h"

static struct arena arena, batch;
static struct subjects *subjects;
static const struct subject_keys none;

static struct engine *make_engine(void)
{
	struct fail fail;
	struct model *model;
	ck_assert(model_file_read("tests/daemon/model", &arena, &model, &fail));
	struct engine *engine = engine_create(model->text, model->text_size, model->version, &fail);
	ck_assert_msg(engine != NULL, "%s", fail.text);
	return engine;
}

static struct engine *make(void)
{
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024) && arena_init(&batch, (size_t)64 * 1024 * 1024));
	subjects = subjects_create();
	ck_assert(subjects != NULL);
	return make_engine();
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
	const struct subject_known *known = subjects_find(subjects, &event, &none, &batch);
	ck_assert(known != NULL && subject_from_event(&event, NULL, 0, texts, &subject));
	ck_assert_uint_eq(known->subject.id, subject.id);
	ck_assert_str_eq(known->subject.label, event.label);
	return known;
}

static void finish(struct engine *engine)
{
	subjects_destroy(subjects);
	engine_destroy(engine);
}

START_TEST(a_subject_is_made_once)
{
	struct engine *engine = make();
	subjects_begin(subjects, engine);
	const struct subject_known *first = find(&batch, 1);
	const struct subject_known *second = find(&batch, 2);
	size_t used = batch.used;
	ck_assert_ptr_eq(find(&arena, 1), first);
	ck_assert_ptr_eq(find(&arena, 2), second);
	ck_assert_uint_eq(batch.used, used);
	ck_assert_int_eq(first->match.process, second->match.process);

	batch.used = batch.peak;
	memset(batch.base, 0xff, batch.used); /* nothing of it may be looked at any more */
	arena_reset(&batch, batch.limit);
	subjects_begin(subjects, engine);
	ck_assert_ptr_eq(find(&arena, 2), second);
	ck_assert_ptr_eq(find(&arena, 1), first);
	ck_assert_uint_eq(batch.used, 0);
	finish(engine);
}
END_TEST

/* What a model has made of subjects is nothing to the next one, even if it lies where the first has lain. */
START_TEST(another_engine_knows_no_subjects)
{
	struct engine *engine = make();
	subjects_begin(subjects, engine);
	const uint64_t id = find(&batch, 1)->subject.id;
	ck_assert(find(&batch, 1)->match.content != NULL);
	struct engine *other = make_engine();
	engine_learn(other, id, &(struct match){.rule = 77, .link = 78});
	arena_reset(&batch, batch.limit);
	subjects_begin(subjects, other);
	const struct subject_known *known = find(&batch, 1);
	ck_assert_int_eq(known->match.rule, 77);
	ck_assert_uint_eq(known->match.link, 78);
	ck_assert_ptr_null(known->match.content);
	engine_destroy(other);
	finish(engine);
}
END_TEST

START_TEST(kept_texts_are_copies)
{
	struct engine *engine = make();
	const char *names[] = {"colour", "plan"};
	struct event_property given[] = {{"plan", "pro"}, {"colour", "red"}};
	const struct subject_keys keys = {names, COUNT_OF(names)};
	struct event event = labelled(&batch, 1);
	event.properties = given;
	event.properties_count = COUNT_OF(given);
	event.content.url = arena_print(&batch, "https://www.nordlys.test/%s?q=1", "a");
	event.content.target_url = arena_print(&batch, "https://files.nordlys.test/%s", "b");
	subjects_begin(subjects, engine);
	const struct subject_known *known = subjects_find(subjects, &event, &keys, &batch);
	const struct subject *subject = &known->subject;
	batch.used = batch.peak;
	memset(batch.base, 0xff, batch.used);
	memset(given, 0xff, sizeof(given));
	ck_assert_str_eq(subject->label, "label 1");
	ck_assert_str_eq(subject->path, "/a");
	ck_assert_str_eq(subject->target_host, "files.nordlys.test");
	ck_assert_uint_eq(subject->properties_count, 2);
	ck_assert_str_eq(subject->property_values[0], "red");
	ck_assert_str_eq(subject->property_values[1], "pro");
	finish(engine);
}
END_TEST

START_TEST(one_with_too_much_text_is_the_batch_s)
{
	struct engine *engine = make();
	struct event event = labelled(&arena, 1);
	char title[1200];
	memset(title, 'a', sizeof(title));
	title[sizeof(title) - 1] = '\0';
	subjects_begin(subjects, engine);
	find(&batch, 1);
	event.content.title = title;
	const struct subject_known *known = subjects_find(subjects, &event, &none, &batch);
	const struct subject_known *again = subjects_find(subjects, &event, &none, &batch);
	ck_assert(known != again && known->subject.id == again->subject.id);
	ck_assert_str_eq(again->subject.title, title);
	finish(engine);
}
END_TEST

START_TEST(more_subjects_than_have_room_are_right_all_the_same)
{
	struct engine *engine = make();
	size_t used = 0;
	for (size_t round = 0; round < 3; round++) {
		arena_reset(&batch, batch.limit);
		subjects_begin(subjects, engine);
		for (size_t i = 0; i < (size_t)3 * SUBJECTS_MAX; i++) {
			find(&batch, i);
		}
		ck_assert(used == 0 || used == batch.used); /* each round begins anew, with as much room */
		used = batch.used;
	}
	finish(engine);
}
END_TEST

START_TEST(a_full_arena_is_said)
{
	struct engine *engine = make();
	struct event event = labelled(&arena, 1);
	subjects_begin(subjects, engine);
	batch.limit = 64;
	ck_assert_ptr_null(subjects_find(subjects, &event, &none, &batch));
	batch.limit = sizeof(struct subject_known) + 8; /* not even the host's name */
	batch.used = 0;
	ck_assert_ptr_null(subjects_find(subjects, &event, &none, &batch));
	batch.limit = (size_t)1 << 20;
	batch.used = 0;
	find(&batch, 1);
	finish(engine);
}
END_TEST

TEST_MAIN("subjects", a_subject_is_made_once, another_engine_knows_no_subjects, kept_texts_are_copies,
	  one_with_too_much_text_is_the_batch_s, more_subjects_than_have_room_are_right_all_the_same,
	  a_full_arena_is_said)

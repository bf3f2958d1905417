/* daemon/engine.h: the cache never says more than the database knows, and never less than the matcher. */
#include "daemon/engine.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "core/flow/subject.h"
#include "tests/daemon/plan.h"
#include "tests/table.h"

#define CACHED_MAX 65536

static struct arena arena;
static struct model *model;

static struct engine *make(void)
{
	struct fail fail;
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
	ck_assert(model_file_read("tests/daemon/model", &arena, &model, &fail));
	struct engine *engine = engine_create(model->text, model->text_size, model->version, &fail);
	ck_assert_msg(engine != NULL, "%s", fail.text);
	return engine;
}

START_TEST(what_is_learned_is_known_until_it_is_forgotten)
{
	struct engine *engine = make();
	struct event event = plan_blank();
	struct subject subject;
	struct match first, again;
	event.channel = CHANNEL_EMAIL;
	event.action = ACTION_EMAIL_CLICK;
	event.content.target_url = "https://www.nordlys.test/guide/1";
	ck_assert(subject_from_event(&event, NULL, 0, &arena, &subject));
	ck_assert(!engine_knows(engine, subject.id));
	engine_match(engine, &subject, &first);
	ck_assert_str_eq(first.content, "guide");
	ck_assert(first.mail_click && first.link != 0 && first.rule >= 0);
	engine_learn(engine, subject.id, &first);
	ck_assert(engine_knows(engine, subject.id));
	engine_match(engine, &subject, &again);
	ck_assert_ptr_null(again.content);
	ck_assert(again.process == first.process && again.rule == first.rule && again.mail_click &&
		  again.link == first.link && again.confirm == first.confirm);
	engine_forget(engine);
	ck_assert(!engine_knows(engine, subject.id));
	engine_match(engine, &subject, &again);
	ck_assert_str_eq(again.content, "guide");
	engine_destroy(engine);
	arena_finish(&arena);
}
END_TEST

/* Ids that collide are told apart: all in one slot of the table, or just anything. */
START_TEST(a_full_cache_is_emptied_not_overrun)
{
	struct engine *engine = make();
	for (uint64_t i = 0; i < 1000; i++) {
		engine_learn(engine, i << 32, &(struct match){.rule = (int)i, .content = ""});
	}
	for (uint64_t i = 0; i < 1000; i++) {
		struct subject subject = {.id = i << 32};
		struct match match;
		engine_match(engine, &subject, &match);
		ck_assert_int_eq(match.rule, (int)i);
	}
	for (uint64_t i = 1000; i < CACHED_MAX; i++) {
		engine_learn(engine, i * UINT64_C(0x9e3779b97f4a7c15), &(struct match){.content = ""});
	}
	ck_assert(engine_knows(engine, 0));
	engine_learn(engine, 3, &(struct match){.content = ""});
	ck_assert(engine_knows(engine, 3) && !engine_knows(engine, 0));
	engine_destroy(engine);
	arena_finish(&arena);
}
END_TEST

START_TEST(a_text_of_another_version_is_refused)
{
	struct fail fail;
	engine_destroy(make());
	ck_assert_ptr_null(engine_create(model->text, model->text_size, model->version + 1, &fail));
	ck_assert_int_eq(fail.exit_code, EXIT_BAD_DATA);
	ck_assert_ptr_null(engine_create("process: x\n", 11, 1, &fail));
	ck_assert_ptr_nonnull(strstr(fail.text, "of table phased.model"));
	arena_finish(&arena);
}
END_TEST

TEST_MAIN("daemon_engine", what_is_learned_is_known_until_it_is_forgotten, a_full_cache_is_emptied_not_overrun,
	  a_text_of_another_version_is_refused)

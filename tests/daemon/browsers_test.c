/* daemon/browsers.h: who an event is by is what identify_event() says, whether or not it is made anew. */
#include "daemon/browsers.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "tests/daemon/plan.h"
#include "tests/table.h"

static struct arena texts, batch;
static struct browsers *browsers;
static struct identity_key key = {.size = IDENTITY_KEY_SIZE_MIN};
static const char *const blocked[] = {"nobody"};
static const struct identify_options options = {&key, blocked, COUNT_OF(blocked)};

static void begin(void)
{
	if (browsers == NULL) {
		ck_assert(arena_init(&texts, (size_t)1 << 24) && arena_init(&batch, (size_t)1 << 24));
		browsers = calloc(1, sizeof(*browsers));
		ck_assert(browsers != NULL);
	}
	arena_reset(&batch, batch.limit);
	browsers_begin(browsers);
}

static void check_actor(bool has, const struct actor *found, const struct actor *expected)
{
	if (has) {
		ck_assert(uuid_equal(&found->id, &expected->id));
		ck_assert_int_eq(found->kind, expected->kind);
		ck_assert_str_eq(found->space, expected->space);
		ck_assert_str_eq(found->value, expected->value);
	}
}

static const struct identified *identify(const struct event *event)
{
	struct identified expected;
	ck_assert(identify_event(event, &options, &texts, &expected));
	const struct identified *found = browsers_identify(browsers, event, &options, &batch);
	ck_assert(found != NULL);
	ck_assert_int_eq(found->has_weak, expected.has_weak);
	ck_assert_int_eq(found->has_strong, expected.has_strong);
	ck_assert_uint_eq(found->blocked, expected.blocked);
	check_actor(found->has_weak, &found->weak, &expected.weak);
	check_actor(found->has_strong, &found->strong, &expected.strong);
	return found;
}

static struct event by(const char *site, const char *anonymous_id)
{
	struct event event = plan_blank();
	event.site = arena_text(&batch, site, strlen(site));
	event.identity.anonymous_id = arena_text(&batch, anonymous_id, strlen(anonymous_id));
	return event;
}

START_TEST(a_browser_is_identified_once_a_batch)
{
	begin();
	struct event event = by("shop", "b-1");
	const struct identified *first = identify(&event);
	event = by("shop", "b-1");
	size_t used = batch.used;
	ck_assert_ptr_eq(identify(&event), first);
	ck_assert_uint_eq(batch.used, used);
	memset(batch.base, 0xff, batch.used); /* nothing of it may be looked at any more */
	begin();
	event = by("shop", "b-1");
	identify(&event);
}
END_TEST

START_TEST(whoever_else_is_somebody_else)
{
	struct event events[10];
	begin();
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		events[i] = by("shop", "b-1");
	}
	events[1].site = "club";
	events[2].identity.anonymous_id = " b-1";
	events[3].identity.visitor_id = "v-1";
	events[4].identity.recipient_id = "r-1";
	events[5].identity.user_id = "u-1";
	events[6].identity.email = "astrid@acme.test";
	events[7].identity.crm_id = "c-1";
	events[8].identity.has_email_actor = true;
	events[8].identity.email_actor[0] = 1;
	events[9].identity.anonymous_id = "nobody";
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT_OF(events); i++) {
			identify(&events[i]);
		}
	}
}
END_TEST

START_TEST(more_browsers_than_have_room_are_right_all_the_same)
{
	begin();
	for (size_t i = 0; i < (size_t)2 * 3 * BROWSERS_MAX; i++) {
		struct event event = by("shop", "b");
		event.identity.anonymous_id = arena_print(&batch, "b-%zu", i / 2);
		identify(&event);
		arena_reset(&texts, texts.limit);
	}
}
END_TEST

START_TEST(a_full_arena_is_said)
{
	begin();
	struct event event = by("shop", "b-1");
	size_t limit = batch.limit;
	batch.limit = batch.used + 8;
	ck_assert_ptr_null(browsers_identify(browsers, &event, &options, &batch));
	batch.limit = limit;
	identify(&event);
}
END_TEST

TEST_MAIN("browsers", a_browser_is_identified_once_a_batch, whoever_else_is_somebody_else,
	  more_browsers_than_have_room_are_right_all_the_same, a_full_arena_is_said)

/* core/flow/beside.h */
#include "core/flow/beside.h"

#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "tests/table.h"

static struct identity_key key = {.bytes = {1, 2, 3}, .size = 32};
static struct arena arena;

static const struct beside *of(const struct event *event)
{
	const struct beside *beside;
	ck_assert(arena.limit > 0 || arena_init(&arena, 65536));
	arena_reset(&arena, 0);
	ck_assert(beside_of_event(event, &key, &arena, &beside));
	return beside;
}

START_TEST(acts_of_a_chat_that_names_its_conversation_stand_beside_their_touches)
{
	static const struct {
		enum channel channel;
		int action;
		const char *label, *thread;
		enum thread_act act; /* NONE: nothing */
	} rows[] = {
		{CHANNEL_CHAT, ACTION_CHAT_STARTED, "", "7", ACT_STARTED},
		{CHANNEL_CHAT, ACTION_CHAT_MESSAGE, "", "7", ACT_MESSAGE},
		{CHANNEL_CHAT, ACTION_CHAT_ASSIGNED, "", "7", ACT_ASSIGNED},
		{CHANNEL_CHAT, ACTION_CHAT_CLOSED, "", "7", ACT_CLOSED},
		{CHANNEL_CHAT, ACTION_CHAT_RATED, "", "7", ACT_RATED},
		{CHANNEL_CHAT, ACTION_CUSTOM, "reopened", "7", ACT_REOPENED},
		{CHANNEL_CHAT, ACTION_CUSTOM, "snoozed", "7", ACT_NONE},
		{CHANNEL_CHAT, ACTION_PAGE_VIEW, "", "7", ACT_NONE},
		{CHANNEL_CHAT, ACTION_CHAT_MESSAGE, "", "", ACT_NONE},
		{CHANNEL_EMAIL, ACTION_EMAIL_REPLY, "", "7", ACT_NONE},
		{CHANNEL_EMAIL, ACTION_CHAT_MESSAGE, "", "7", ACT_NONE},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = event_blank;
		event.channel = rows[i].channel;
		event.action = rows[i].action;
		event.label = rows[i].label;
		event.thread_id = rows[i].thread;
		const struct beside *beside = of(&event);
		ck_assert_msg((beside == NULL) == (rows[i].act == ACT_NONE), "row %zu", i);
		if (beside != NULL) {
			ck_assert_msg(beside->act == rows[i].act, "row %zu", i);
			ck_assert_str_eq(rows[i].thread, beside->thread);
			ck_assert(!beside->has_cost && isnan(beside->rating));
		}
	}
}
END_TEST

START_TEST(ratings_are_of_a_hundred)
{
	static const struct {
		double rating;
		bool has, is;
	} rows[] = {{0, true, true},	  {100, true, true},	      {-.5, true, false},
		    {100.5, true, false}, {(double)NAN, true, false}, {50, false, false}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = event_blank;
		event.channel = CHANNEL_CHAT;
		event.action = ACTION_CHAT_RATED;
		event.thread_id = "7";
		event.has_rating = rows[i].has;
		event.rating = rows[i].rating;
		ck_assert_msg(isnan(of(&event)->rating) != rows[i].is, "row %zu", i);
	}
}
END_TEST

START_TEST(a_conversation_is_not_called_by_what_tells_who_somebody_is)
{
	static const struct {
		const char *thread;
		bool keyed;
	} rows[] = {
		{"12/7", false}, {"visitor", true}, {"browser", true}, {"user", true}, {"ann@firma.test", true}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = event_blank;
		event.channel = CHANNEL_CHAT;
		event.action = ACTION_CHAT_MESSAGE;
		event.thread_id = rows[i].thread;
		event.identity.visitor_id = "visitor";
		event.identity.anonymous_id = "browser";
		event.identity.user_id = "user";
		const char *thread = of(&event)->thread;
		ck_assert_msg((strcmp(thread, rows[i].thread) != 0) == rows[i].keyed, "row %zu: %s", i, thread);
		ck_assert_msg(!rows[i].keyed || strlen(thread) == UUID_TEXT_SIZE - 1, "row %zu: %s", i, thread);
	}
}
END_TEST

START_TEST(a_value_is_a_cost_outside_the_web_alone)
{
	static const struct {
		enum channel channel;
		bool has;
		double value;
		const char *currency; /* as sent; NULL: not */
		const char *is;	      /* NULL: no cost */
	} rows[] = {
		{CHANNEL_OFFLINE, true, 12.5, "EUR", "EUR"},
		{CHANNEL_OFFLINE, true, 0, "dkk", "DKK"},
		{CHANNEL_OFFLINE, true, 1, NULL, ""},
		{CHANNEL_OFFLINE, true, 1, "euro", ""},
		{CHANNEL_OFFLINE, true, 1, "E1R", ""},
		{CHANNEL_OFFLINE, true, -1, "EUR", NULL},
		{CHANNEL_OFFLINE, false, 1, "EUR", NULL},
		{CHANNEL_WEB, true, 1, "EUR", NULL},
		{CHANNEL_OFFLINE, true, (double)NAN, "EUR", NULL},
		{CHANNEL_OFFLINE, true, 1e12, "EUR", "EUR"},
		{CHANNEL_OFFLINE, true, 1.7e308, "EUR", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event_property properties[] = {{"kind", "fair"}, {"currency", rows[i].currency}};
		struct event event = event_blank;
		event.channel = rows[i].channel;
		event.action = ACTION_TOUCH;
		event.has_value = rows[i].has;
		event.value = rows[i].value;
		event.properties = properties;
		event.properties_count = rows[i].currency != NULL ? 2 : 1;
		const struct beside *beside = of(&event);
		ck_assert_msg((beside != NULL) == (rows[i].is != NULL), "row %zu", i);
		if (beside != NULL) {
			ck_assert_msg(beside->has_cost && beside->act == ACT_NONE, "row %zu", i);
			ck_assert_double_eq(rows[i].value, beside->amount);
			ck_assert_str_eq(rows[i].is, beside->currency);
		}
	}
}
END_TEST

/* In their order. */
START_TEST(all_that_stands_beside_touches_has_one_order)
{
	const struct beside nothing = {.thread = "", .rating = (double)NAN};
	const struct beside rows[] = {
		{.thread = "", .rating = (double)NAN},
		{.thread = "", .rating = (double)NAN, .has_cost = true, .amount = 0},
		{.thread = "", .rating = (double)NAN, .has_cost = true, .amount = 0, .currency = "EUR"},
		{.thread = "", .rating = (double)NAN, .has_cost = true, .amount = 2.5, .currency = "DKK"},
		{.thread = "", .rating = (double)NAN, .has_cost = true, .amount = 2.5, .currency = "EUR"},
		{.act = ACT_RATED, .thread = "A", .rating = 100},
		{.act = ACT_RATED, .thread = "a", .rating = (double)NAN},
		{.act = ACT_RATED, .thread = "a", .rating = 0},
		{.act = ACT_RATED, .thread = "a", .rating = 50},
		{.act = ACT_MESSAGE, .thread = "\xc3\xa6", .rating = (double)NAN},
	};
	ck_assert_int_eq(0, beside_compare(NULL, &nothing));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t j = 0; j < COUNT_OF(rows); j++) {
			const struct beside *a = i > 0 ? &rows[i] : NULL, *b = j > 0 ? &rows[j] : NULL;
			int order = beside_compare(a, b), expected = (i > j) - (i < j);
			ck_assert_msg((order > 0) - (order < 0) == expected, "rows %zu and %zu", i, j);
		}
	}
}
END_TEST

TEST_MAIN("beside", acts_of_a_chat_that_names_its_conversation_stand_beside_their_touches,
	  ratings_are_of_a_hundred, a_conversation_is_not_called_by_what_tells_who_somebody_is,
	  a_value_is_a_cost_outside_the_web_alone, all_that_stands_beside_touches_has_one_order)

/* daemon/breaker.c alone: which messages count, from when on it stops, and that it says where and what to do. */
#include "daemon/breaker.h"

#include <stdlib.h>
#include <string.h>

#include "tests/random.h"
#include "tests/table.h"

#define ITEMS_MAX 4096

static const char *const topics[] = {"phased.web", "phased.chat", "phased.rejected"};

/* A letter a message: . applied  d duplicate  m machine  n no_consent  u unreadable  b bad_value  r refused  C uncollected
 * c reported  h handed_back; capital U, B, R: of phased.chat. */
static size_t items_of(const char *text, struct item *items)
{
	static const struct {
		char letter;
		uint16_t topic;
		enum outcome outcome;
	} letters[] = {
		{'.', 0, OUTCOME_applied},    {'d', 0, OUTCOME_duplicate},   {'m', 0, OUTCOME_machine},
		{'n', 0, OUTCOME_no_consent}, {'u', 0, OUTCOME_unreadable},  {'b', 0, OUTCOME_bad_value},
		{'r', 0, OUTCOME_refused},    {'U', 1, OUTCOME_unreadable},  {'B', 1, OUTCOME_bad_value},
		{'R', 1, OUTCOME_refused},    {'C', 2, OUTCOME_uncollected}, {'h', 0, OUTCOME_handed_back},
		{'c', 2, OUTCOME_reported},
	};
	size_t count = 0;
	for (; text[count] != '\0'; count++) {
		size_t i = 0;
		while (letters[i].letter != text[count]) {
			i++;
			ck_assert_uint_lt(i, COUNT_OF(letters));
		}
		items[count] = (struct item){.partition = {letters[i].topic, 3},
					     .offset = 100 + (int64_t)count,
					     .saved = letters[i].outcome};
	}
	return count;
}

START_TEST(it_stops_when_more_than_the_share_of_the_last_were_rejected)
{
	static const struct {
		size_t messages;
		unsigned percent;
		const char *before, *now; /* written already, one by one; to be written */
		const char *at;		  /* NULL: allowed */
	} rows[] = {
		{10, 50, "", ".....", NULL},
		{10, 50, "", "uuuuu", NULL},		     /* half is not over half */
		{10, 50, "", "uuuuuu", "phased.web/3@105:"}, /* of ten, though only six were seen */
		{10, 50, "uuuuu", "u", "phased.web/3@100:"},
		{10, 50, "uuuuu", ".....", NULL},
		{10, 50, "uuuuu.....", "u", NULL}, /* one falls out, one comes */
		{10, 50, ".....uuuuu", ".u", "phased.web/3@101:"},
		{10, 50, ".....uuuuu", "u", "phased.web/3@100:"},
		{10, 50, "uuuuu",
		 "....."
		 "....."
		 "uuuuu",
		 NULL}, /* more than the window in one batch */
		{10, 50, "uuuuu",
		 "....."
		 "uuuuu"
		 "u",
		 "phased.web/3@110:"},
		{10, 50, "",
		 "uuuuu....."
		 "uuuuu....."
		 "uuuuu",
		 NULL},
		{10, 50, "",
		 "uuuuu....."
		 "uuuuu.....u..."
		 "uu",
		 NULL},
		{10, 50, "", "uubbrr", "phased.web/3@105:"},		   /* whatever the reason */
		{10, 50, "", "dmn.dmn.dmn.dmn.", NULL},			   /* not rejected: read and decided */
		{10, 50, "CCCcCCCCCCcC", "CCcCCCCC", NULL},		   /* the collector's, not ours */
		{10, 50, "uuuuuCCCCCCCCCCCC", "CCu", "phased.web/3@102:"}, /* nor do they make ours fewer */
		{10, 50, "uuuuuhhhhhhhhhhhh", "u", "phased.web/3@100:"},
		{10, 50, "", "CCCCCCCCCCuuuuu..........CCuuuuu", NULL},
		{10, 100, "uuuuuuuuuu", "uuuuuuuuuuuuuuuuuu", NULL}, /* never */
		{10, 99, "", "uuuuuuuuuu", "phased.web/3@109:"},
		{1, 50, "", "u", "phased.web/3@100:"},
		{1, 50, "....", "...", NULL},
		{4, 25, "u...", "u", NULL},
		{4, 25, "u..", "u", "phased.web/3@100:"},
	};
	struct item items[64];
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct breaker *breaker = breaker_create(&(struct breaker_options){
			.messages = rows[i].messages, .percent = rows[i].percent, .topics = topics});
		size_t count = items_of(rows[i].before, items);
		for (size_t j = 0; j < count; j++) {
			breaker_add(breaker, &items[j], 1);
		}
		count = items_of(rows[i].now, items);
		struct fail fail = {.text = ""};
		bool allows = breaker_allows(breaker, items, count, &fail);
		ck_assert_msg(allows == (rows[i].at == NULL), "row %zu: %s then %s: %s", i, rows[i].before,
			      rows[i].now, fail.text);
		if (!allows) {
			ck_assert_msg(strncmp(fail.text, rows[i].at, strlen(rows[i].at)) == 0, "row %zu: %s", i,
				      fail.text);
			ck_assert_int_eq(fail.kind, FAIL_FATAL);
			ck_assert_int_eq(fail.exit_code, EXIT_BAD_DATA);
		}
		breaker_destroy(breaker);
	}
}
END_TEST

START_TEST(it_says_where_most_came_from_and_why)
{
	static const struct {
		const char *before, *now, *said;
	} rows[] = {
		{"UUUU", "uu", "most of them from phased.chat as unreadable"},
		{"Ub", "BBBBBB", "most of them from phased.chat as bad_value"},
		{"RRuuu", "r", "most of them from phased.web as unreadable"},
	};
	struct item items[64];
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct breaker *breaker =
			breaker_create(&(struct breaker_options){.messages = 10, .percent = 50, .topics = topics});
		breaker_add(breaker, items, items_of(rows[i].before, items));
		struct fail fail;
		ck_assert(!breaker_allows(breaker, items, items_of(rows[i].now, items), &fail));
		ck_assert_msg(strstr(fail.text, rows[i].said) != NULL, "%s", fail.text);
		ck_assert_msg(strstr(fail.text, "start again") != NULL, "cut: %s", fail.text);
		breaker_destroy(breaker);
	}
}
END_TEST

START_TEST(another_share_holds_for_what_was_seen_already)
{
	struct item items[64];
	struct fail fail;
	struct breaker *breaker =
		breaker_create(&(struct breaker_options){.messages = 10, .percent = 50, .topics = topics});
	breaker_add(breaker, items, items_of("...uuuu", items));
	ck_assert(breaker_allows(breaker, items, items_of("u", items), &fail));
	breaker_set_percent(breaker, 40);
	ck_assert(!breaker_allows(breaker, items, items_of("u", items), &fail));
	ck_assert_msg(strstr(fail.text, "more than 40 % of the last 10") != NULL, "%s", fail.text);
	breaker_set_percent(breaker, 100);
	ck_assert(breaker_allows(breaker, items, items_of("uuuuuuuuuu", items), &fail));
	breaker_destroy(breaker);
}
END_TEST

/* The same said in the plainest way: the last ones of all, counted. */
static bool is_over(const struct item *items, size_t count, size_t messages, unsigned percent)
{
	size_t seen = 0, rejected = 0;
	for (size_t i = count; i-- > 0 && seen < messages;) {
		if (items[i].saved != OUTCOME_uncollected) {
			seen++;
			rejected += items[i].saved == OUTCOME_unreadable ? 1 : 0;
		}
	}
	return rejected * 100 > messages * percent;
}

START_TEST(however_the_messages_are_cut_into_batches_it_is_the_same)
{
	static const char letters[] = "..uuuC";
	static struct item items[ITEMS_MAX];
	static char text[ITEMS_MAX + 1];
	uint64_t random = 7;
	unsigned trips = 0;
	for (unsigned round = 0; round < 300; round++) {
		size_t messages = 1 + random_below(&random, 40), length = 1 + random_below(&random, 300);
		unsigned percent = 30 + (unsigned)random_below(&random, 71),
			 bad = 1 + (unsigned)random_below(&random, 5);
		for (size_t i = 0; i < length; i++) {
			text[i] = letters[random_below(&random, bad + 1)];
		}
		text[length] = '\0';
		size_t count = items_of(text, items), written = 0;
		struct breaker *breaker = breaker_create(
			&(struct breaker_options){.messages = messages, .percent = percent, .topics = topics});
		bool allowed = true;
		while (allowed && written < count) {
			size_t step = 1 + random_below(&random, 90);
			step = step < count - written ? step : count - written;
			bool over = false;
			for (size_t i = 1; i <= step; i++) {
				over = over || is_over(items, written + i, messages, percent);
			}
			struct fail fail;
			allowed = breaker_allows(breaker, items + written, step, &fail);
			ck_assert_int_eq(allowed, !over);
			breaker_add(breaker, items + written, step);
			written += step;
		}
		trips += allowed ? 0 : 1;
		breaker_destroy(breaker);
	}
	ck_assert_uint_gt(trips, 50);
	ck_assert_uint_lt(trips, 250);
}
END_TEST

TEST_MAIN("breaker", it_stops_when_more_than_the_share_of_the_last_were_rejected,
	  it_says_where_most_came_from_and_why, another_share_holds_for_what_was_seen_already,
	  however_the_messages_are_cut_into_batches_it_is_the_same)

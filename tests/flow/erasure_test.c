/* core/flow/erasure.h and erasure_message.h: what is refused once somebody is erased, whose the rest is, and how it is told. */
#include "core/flow/erasure.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/attribute.h"
#include "core/flow/erasure_message.h"
#include "core/model/event.h"
#include "tests/random.h"
#include "tests/table.h"

#define MINUTE_US INT64_C(60000000)
#define ROOM 64
#define WORLDS 3000

static struct arena arena;

/* Each test runs in a process of its own. */
static void make_room(void)
{
	CHECK(arena_init(&arena, (size_t)64 * 1024 * 1024));
}

/* Any short name is an id: its own bytes. */
static struct uuid id_of(const char *name)
{
	struct uuid id = {{0}};
	memcpy(id.bytes, name, strlen(name));
	return id;
}

static struct claim claim_of(const char *weak, const char *strong, int64_t minute, uint64_t event_id)
{
	struct claim claim = {.weak = id_of(weak), .strong = id_of(strong), .at_us = minute * MINUTE_US};
	claim.key = (struct fact_key){claim.at_us, event_id, claim.weak};
	return claim;
}

/* ---- stories ---- */

static const struct {
	const char *name;
	const char *claims;  /* "browser who minute, …" */
	const char *touches; /* "browser minute, …": before the first claim */
	const char *refused; /* "id [from] to, …", minutes; the erasure is at 1000 */
} stories[] = {
	{"nobody knows them", "", "", "ann - 1000"},
	{"a browser of their own goes whole", "b1 ann 10", "", "ann - 1000, b1 - 1000"},
	{"claimed twice, it still is their own", "b1 ann 10, b1 ann 50", "", "ann - 1000, b1 - 1000"},
	{"both names of one person are one", "b1 ann 10, b1 ann2 50", "", "ann - 1000, ann2 - 1000, b1 - 1000"},
	{"shared: from their claim to the other's", "b1 ann 10, b1 bo 50", "", "ann - 1000, b1 10 50"},
	{"shared: from their claim on", "b1 bo 10, b1 ann 50", "", "ann - 1000, b1 50 1000"},
	{"shared: by turns", "b1 ann 10, b1 bo 20, b1 ann 30, b1 bo 40", "", "ann - 1000, b1 10 20, b1 30 40"},
	{"shared: the session before their claim", "b1 ann 100, b1 bo 200", "b1 10, b1 80, b1 95",
	 "ann - 1000, b1 80 200"},
	{"shared: the session before another's is not theirs", "b1 bo 100, b1 ann 200", "b1 80",
	 "ann - 1000, b1 200 1000"},
	{"the other's own browser stays", "b1 ann 10, b2 bo 10, b2 ann 20", "",
	 "ann - 1000, b1 - 1000, b2 20 1000"},
	{"of a browser that they never had nothing goes", "b1 bo 10", "", "ann - 1000"},
	{"a claim from the future changes nothing", "b1 bo 10, b1 ann 2000", "", "ann - 1000"},
};

static size_t read_claims(const char *text, struct claim *ret_claims)
{
	size_t count = 0;
	char weak[16], strong[16];
	int minute, used;
	while (sscanf(text, " %15s %15s %d%n", weak, strong, &minute, &used) == 3) {
		ret_claims[count] = claim_of(weak, strong, minute, count);
		count++;
		text += used;
		text += *text == ',';
	}
	erasure_sort_claims(ret_claims, count);
	return count;
}

static size_t read_times(const char *text, struct touch_time *ret_times)
{
	size_t count = 0;
	char weak[16];
	int minute, used;
	while (sscanf(text, " %15s %d%n", weak, &minute, &used) == 2) {
		ret_times[count++] =
			(struct touch_time){.key = {.actor_id = id_of(weak)}, .at_us = minute * MINUTE_US};
		text += used;
		text += *text == ',';
	}
	erasure_sort_times(ret_times, count);
	return count;
}

static const char *print_rows(const struct ledger_row *rows, size_t count)
{
	const char *text = "";
	for (size_t i = 0; i < count; i++) {
		const char *from = rows[i].from_us == INT64_MIN
					   ? "-"
					   : arena_print(&arena, "%" PRId64, rows[i].from_us / MINUTE_US);
		text = arena_print(&arena, "%s%s%.16s %s %" PRId64, text, i > 0 ? ", " : "",
				   (const char *)rows[i].actor_id.bytes, from, (rows[i].at_us + 1) / MINUTE_US);
	}
	return text;
}

START_TEST(stories_of_what_is_refused)
{
	struct claim claims[ROOM];
	struct touch_time times[ROOM];
	struct ledger_row *rows;
	size_t count;
	make_room();
	for (size_t i = 0; i < COUNT_OF(stories); i++) {
		arena_reset(&arena, 0);
		struct uuid person[2] = {id_of("ann"), id_of("ann2")};
		size_t persons = strstr(stories[i].claims, "ann2") != NULL ? 2 : 1;
		size_t claim_count = read_claims(stories[i].claims, claims);
		size_t time_count = read_times(stories[i].touches, times);
		ck_assert(erasure_ledger(person, persons, claims, claim_count, times, time_count, 1000 * MINUTE_US,
					 1000 * MINUTE_US, &arena, &rows, &count));
		ck_assert_msg(strcmp(print_rows(rows, count), stories[i].refused) == 0, "%s: %s", stories[i].name,
			      print_rows(rows, count));
	}
}
END_TEST

/* ---- any claims ---- */

static uint64_t seed;

static const char *const browsers[] = {"b1", "b2", "b3"}, *const people[] = {"ann", "ann2", "bo", "cy"};

static bool everybody(const void *context, const struct uuid *strong)
{
	(void)context;
	(void)strong;
	return true;
}

static bool is_refused(const struct ledger_row *rows, size_t count, const struct uuid *actor, int64_t at_us)
{
	for (size_t i = 0; i < count; i++) {
		if (uuid_equal(&rows[i].actor_id, actor) && rows[i].from_us <= at_us && at_us <= rows[i].at_us) {
			return true;
		}
	}
	return false;
}

static bool is_ann(const struct uuid *id)
{
	struct uuid ann = id_of("ann"), ann2 = id_of("ann2");
	return uuid_equal(id, &ann) || uuid_equal(id, &ann2);
}

/* Only claims of persons who are one, or of one moment, make the two differ in whom they call the same. */
START_TEST(refused_is_what_attribution_gives_them_and_nothing_else)
{
	struct uuid person[] = {id_of("ann"), id_of("ann2")};
	make_room();
	for (unsigned world = 0; world < WORLDS; world++) {
		struct claim claims[ROOM];
		struct touch_time times[3 * ROOM];
		struct ledger_row *rows;
		size_t claim_count = random_below(&seed, 12), time_count = 0, row_count, before = 0;
		arena_reset(&arena, 0);
		for (size_t i = 0; i < claim_count; i++) {
			/* A minute of its own each. */
			claims[i] = claim_of(browsers[random_below(&seed, 3)], people[random_below(&seed, 4)],
					     (int64_t)(random_below(&seed, 50) * 20 + i), i);
		}
		erasure_sort_claims(claims, claim_count);
		for (size_t b = 0; b < 3; b++) {
			for (size_t i = 0; i < 20; i++) {
				times[time_count++] = (struct touch_time){
					.key = {.actor_id = id_of(browsers[b])},
					.at_us = (int64_t)random_below(&seed, 1000) * MINUTE_US + 30};
			}
		}
		erasure_sort_times(times, time_count);
		ck_assert(erasure_ledger(person, 2, claims, claim_count, times, time_count, 1100 * MINUTE_US,
					 1100 * MINUTE_US, &arena, &rows, &row_count));
		for (size_t b = 0; b < 3; b++) {
			struct uuid weak = id_of(browsers[b]);
			struct claim its[ROOM];
			struct stretch stretches[ROOM];
			int64_t moments[ROOM];
			size_t its_count = 0;
			for (size_t i = before; i < claim_count; i++) {
				if (uuid_equal(&claims[i].weak, &weak)) {
					its[its_count] = claims[i];
					its[its_count].strong =
						is_ann(&claims[i].strong) ? person[0] : claims[i].strong;
					its_count++;
				}
			}
			bool named = false;
			for (size_t i = 0; i < its_count; i++) {
				named = named || is_ann(&its[i].strong);
			}
			for (size_t i = 0; i < 20; i++) {
				moments[i] = times[b * 20 + i].at_us;
			}
			size_t stretch_count = attribute_stretches(&weak, its, its_count, moments, 20, everybody,
								   NULL, stretches);
			for (size_t i = 0; i < 20; i++) {
				bool theirs = is_ann(attribute_contact(stretches, stretch_count, moments[i]));
				ck_assert_msg(is_refused(rows, row_count, &weak, moments[i]) == theirs,
					      "world %u, %s, minute %" PRId64, world, browsers[b],
					      moments[i] / MINUTE_US);
				ck_assert(named || !theirs);
			}
		}
	}
}
END_TEST

START_TEST(what_is_left_is_given_out_by_the_claims_that_are_left)
{
	struct claim claims[] = {claim_of("b1", "bo", 50, 1), claim_of("b2", "cy", 10, 2)};
	struct uuid consenting[] = {id_of("dag"), id_of("bo")};
	struct stretch *stretches;
	size_t count;
	struct uuid bo = id_of("bo"), b1 = id_of("b1");
	make_room();
	ck_assert(erasure_stretches(claims, 2, consenting, 2, NULL, 0, &arena, &stretches, &count));
	ck_assert_uint_eq(count, 1); /* b2 is all its own again: no row */
	ck_assert(uuid_equal(&stretches[0].actor_id, &b1) && uuid_equal(&stretches[0].contact_id, &bo));
	ck_assert(stretches[0].from_us == INT64_MIN && stretches[0].to_us == INT64_MAX);
}
END_TEST

START_TEST(of_a_public_device_those_are_concerned_whose_claims_may_count)
{
	size_t claim_count = 2 * ATTRIBUTE_CLAIMS_MAX + 100, count;
	struct claim *claims = calloc(claim_count, sizeof(*claims));
	struct uuid ann = id_of("ann"), early = id_of("p0"), late = id_of("p611");
	CHECK(claims != NULL);
	make_room();
	for (size_t i = 0; i < claim_count; i++) { /* every other one of the first is ann's */
		const char *strong = i % 2 == 0 && i < 200 ? "ann" : arena_print(&arena, "p%zu", i == 1 ? 0 : i);
		claims[i] = claim_of("b1", strong, (int64_t)i, i);
	}
	const struct uuid *ids = erasure_concerned(&ann, 1, claims, claim_count, &arena, &count);
	ck_assert_ptr_nonnull(ids);
	ck_assert_uint_eq(count, 2 + ATTRIBUTE_CLAIMS_MAX + 1); /* ann, the device, whoever may count */
	ck_assert(erasure_covers(ids, count, &early, 1) && !erasure_covers(ids, count, &late, 1));
	free(claims);
}
END_TEST

START_TEST(of_rows_with_one_beginning_the_newest_erasure_stands)
{
	struct ledger_row rows[] = {{id_of("b"), INT64_MIN, 7, 9, "{}"},
				    {id_of("a"), INT64_MIN, 1, 1, "{}"},
				    {id_of("b"), INT64_MIN, 8, 5, "{}"},
				    {id_of("b"), 3, 4, 5, "{}"}};
	ck_assert_uint_eq(erasure_newest(rows, 4), 3);
	ck_assert(rows[1].from_us == INT64_MIN && rows[1].erased_us == 9 && rows[2].from_us == 3);
}
END_TEST

/* ---- messages ---- */

START_TEST(a_message_reads_as_it_was_written)
{
	struct ledger_row given[] = {{id_of("a"), INT64_MIN, INT64_C(1790000000123456), INT64_C(1790000000000001),
				      "{\"phased.web\":[17,0],\"phased.email\":[]}"},
				     {id_of("a"), INT64_C(1780000000000000), INT64_C(1780000000000999),
				      INT64_C(1790000000000000), "{}"}};
	struct ledger_row *rows;
	size_t count;
	make_room();
	const char *text = erasure_message_write(given, 2, &arena);
	ck_assert_ptr_nonnull(text);
	ck_assert(erasure_message_read(given[0].actor_id.bytes, 16, text, strlen(text), &arena, &rows, &count));
	ck_assert_uint_eq(count, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert(uuid_equal(&rows[i].actor_id, &given[i].actor_id));
		ck_assert_int_eq(rows[i].from_us, given[i].from_us);
		ck_assert_int_eq(rows[i].at_us, given[i].at_us);
		ck_assert_int_eq(rows[i].erased_us, given[i].erased_us);
		ck_assert_str_eq(rows[i].positions, given[i].positions);
	}
}
END_TEST

#define ROW(more) "{\"from\":null,\"at\":\"2026-11-26T15:00:00Z\",\"erased\":\"2026-11-26T15:00:00Z\"" more "}"

START_TEST(what_is_no_message_is_refused)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"rows\":[]}",
		"{\"rows\":[7]}",
		"{\"rows\":[" ROW("") "]}",
		"{\"rows\":[" ROW(",\"positions\":[]") "]}",
		"{\"rows\":[" ROW(",\"positions\":{\"a\":[\"1\"]}") "]}",
		"{\"rows\":[" ROW(",\"positions\":{\"a\":[1.5]}") "]}",
		"{\"rows\":[" ROW(",\"positions\":{\"a\":7}") "]}",
		"{\"rows\":[" ROW(",\"positions\":{\"a\\\"]\":[7]}") "]}",
		"{\"rows\":[{\"from\":\"soon\",\"at\":\"2026-11-26T15:00:00Z\",\"erased\":\"2026-11-26T15:00:"
		"00Z\","
		"\"positions\":{}}]}",
		"{\"rows\":[{\"from\":null,\"at\":7,\"erased\":\"2026-11-26T15:00:00Z\",\"positions\":{}}]}"};
	static const char good[] = "{\"rows\":[" ROW(",\"positions\":{}") "]}";
	struct ledger_row *rows;
	size_t count;
	make_room();
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		ck_assert_msg(!erasure_message_read("0123456789abcdef", 16, bad[i], strlen(bad[i]), &arena, &rows,
						    &count),
			      "taken: %s", bad[i]);
	}
	ck_assert(erasure_message_read("0123456789abcdef", 16, good, sizeof(good) - 1, &arena, &rows, &count));
	ck_assert(!erasure_message_read("0123456789abcde", 15, good, sizeof(good) - 1, &arena, &rows, &count));
	ck_assert(!erasure_message_read(NULL, 0, good, sizeof(good) - 1, &arena, &rows, &count));
}
END_TEST

TEST_MAIN("erasure", stories_of_what_is_refused, refused_is_what_attribution_gives_them_and_nothing_else,
	  what_is_left_is_given_out_by_the_claims_that_are_left,
	  of_a_public_device_those_are_concerned_whose_claims_may_count,
	  of_rows_with_one_beginning_the_newest_erasure_stands, a_message_reads_as_it_was_written,
	  what_is_no_message_is_refused)

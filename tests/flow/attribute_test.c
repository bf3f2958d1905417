/* core/flow/attribute.h: the stories of attribution.txt, and what must hold of any set of claims. */
#include "core/flow/attribute.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/moment.h"
#include "core/flow/identify.h"
#include "core/model/event.h"
#include "tests/random.h"
#include "tests/table.h"

#define LINES_MAX 64

enum what { VISIT, CLAIM, AGREES, REFUSES };

struct line {
	enum what what;
	int64_t at_us;
	uint64_t event_id;
	char where[32], who[64], whose[32];
	unsigned number;
};

struct story {
	char name[128];
	size_t count;
	struct line lines[LINES_MAX];
};

/* Any name is an id: its own bytes. */
static struct uuid id_of(const char *name)
{
	struct uuid id = {{0}};
	memcpy(id.bytes, name, strnlen(name, sizeof(id.bytes)));
	return id;
}

/* ── one story ────────────────────────────────────────────────────────────────────────────────────────────────── */

struct people {
	struct consent consents[LINES_MAX];
	size_t count;
};

static bool has_consented(const void *context, const struct uuid *strong)
{
	const struct people *people = context;
	struct consent theirs[LINES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < people->count; i++) {
		if (uuid_equal(&people->consents[i].actor_id, strong)) {
			theirs[count++] = people->consents[i];
		}
	}
	return attribute_consent_state(theirs, count, PURPOSE_PROFILE) == STATEMENT_GRANTED;
}

static int compare_times(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* The stretches of one device, from the story's lines in the order in which they stand. */
static size_t stretches_of(const struct story *story, const char *where, const struct people *people,
			   struct stretch *ret_stretches)
{
	struct uuid weak = id_of(where);
	struct claim claims[LINES_MAX];
	int64_t touches[LINES_MAX];
	size_t count = 0, touch_count = 0;
	for (size_t i = 0; i < story->count; i++) {
		const struct line *line = &story->lines[i];
		if (strcmp(line->where, where) != 0) {
			continue;
		}
		if (line->what == CLAIM) {
			claims[count++] = (struct claim){
				weak, id_of(line->who), {line->at_us, line->event_id}, line->at_us, CLAIM_CLAIMED};
		} else if (line->what == VISIT) {
			touches[touch_count++] = line->at_us;
		}
	}
	qsort(claims, count, sizeof(claims[0]), attribute_compare_claims);
	qsort(touches, touch_count, sizeof(touches[0]), compare_times);
	return attribute_stretches(&weak, claims, count, touches, touch_count, has_consented, people,
				   ret_stretches);
}

static void check_story(const struct story *story)
{
	struct people people = {.count = 0};
	for (size_t i = 0; i < story->count; i++) {
		const struct line *line = &story->lines[i];
		if (line->what == AGREES || line->what == REFUSES) {
			people.consents[people.count++] = (struct consent){
				.actor_id = id_of(line->who),
				.purpose = PURPOSE_PROFILE,
				.key = {line->at_us, line->event_id},
				.at_us = line->at_us,
				.state = line->what == AGREES ? STATEMENT_GRANTED : STATEMENT_WITHDRAWN,
			};
		}
	}
	for (size_t i = 0; i < story->count; i++) {
		const struct line *line = &story->lines[i];
		if (line->what != VISIT) {
			continue;
		}
		struct stretch stretches[LINES_MAX + 2];
		size_t count = stretches_of(story, line->where, &people, stretches);
		struct uuid expected = id_of(strcmp(line->whose, "nobody") == 0 ? line->where : line->whose);
		const struct uuid *found = attribute_contact(stretches, count, line->at_us);
		ck_assert_msg(uuid_equal(found, &expected), "attribution.txt:%u: %s: not %s's but %.16s's",
			      line->number, story->name, line->whose, (const char *)found->bytes);
	}
}

/* ── reading them ─────────────────────────────────────────────────────────────────────────────────────────────── */

/* The text up to the next '|', trimmed; NULL after the last one. */
static char *next_column(char **rest)
{
	char *column = strsep(rest, "|");
	if (column == NULL) {
		return NULL;
	}
	column += strspn(column, " \t");
	size_t size = strlen(column);
	while (size > 0 && strchr(" \t\n", column[size - 1]) != NULL) {
		column[--size] = '\0';
	}
	return column;
}

/* "2026-03-02 09:00[:30[.000001]] [#7]" */
static bool read_when(char *when, struct line *line)
{
	char *number = strchr(when, '#');
	if (number != NULL) {
		line->event_id = strtoull(number + 1, NULL, 10);
		number[-1] = '\0';
	}
	char text[64];
	if (strlen(when) < 16 || when[10] != ' ') {
		return false;
	}
	snprintf(text, sizeof(text), "%.10sT%s%sZ", when, when + 11, strlen(when) == 16 ? ":00" : "");
	return moment_read(text, &line->at_us);
}

/* False: nothing happened (a claim of nobody). */
static bool read_what(char *what, struct line *line)
{
	static const struct identity_key key = {.size = IDENTITY_KEY_SIZE_MIN};
	static const struct identify_options options = {.key = &key};
	char verb[16];
	if (strcmp(what, "visit") == 0) {
		line->what = VISIT;
	} else if (sscanf(what, "is %63s", line->who) == 1) {
		line->what = CLAIM;
	} else if (sscanf(what, "says \"%63[^\"]\"", line->who) == 1) {
		line->what = CLAIM;
		return !identify_is_blocked(line->who, &options);
	} else {
		ck_assert_msg(sscanf(what, "%63s %15s", line->who, verb) == 2 &&
				      (strcmp(verb, "agrees") == 0 || strcmp(verb, "refuses") == 0),
			      "attribution.txt:%u: what is \"%s\"?", line->number, what);
		line->what = strcmp(verb, "agrees") == 0 ? AGREES : REFUSES;
	}
	return true;
}

static void read_line(char *text, unsigned number, struct story *story)
{
	ck_assert_uint_lt(story->count, LINES_MAX);
	struct line line = {.number = number, .event_id = number};
	char *when = next_column(&text), *where = next_column(&text), *what = next_column(&text),
	     *whose = next_column(&text);
	ck_assert_msg(what != NULL && read_when(when, &line), "attribution.txt:%u: when?", number);
	snprintf(line.where, sizeof(line.where), "%s", where);
	if (read_what(what, &line)) {
		ck_assert_msg((line.what == VISIT) == (whose != NULL), "attribution.txt:%u: whose?", number);
		snprintf(line.whose, sizeof(line.whose), "%s", whose != NULL ? whose : "");
		story->lines[story->count++] = line;
	}
}

static size_t read_stories(struct story **ret_stories)
{
	FILE *file = fopen("tests/flow/attribution.txt", "r");
	ck_assert_msg(file != NULL, "run it from the repository's root");
	struct story *stories = NULL;
	size_t count = 0;
	char text[256];
	for (unsigned number = 1; fgets(text, sizeof(text), file) != NULL; number++) {
		if (text[0] == '#' || text[0] == '\n') {
			continue;
		}
		if (strncmp(text, "STORY ", 6) == 0) {
			stories = realloc(stories, ++count * sizeof(*stories));
			ck_assert_ptr_nonnull(stories);
			stories[count - 1].count = 0;
			snprintf(stories[count - 1].name, sizeof(stories[count - 1].name), "%.*s",
				 (int)strcspn(text + 6, "\n"), text + 6);
			continue;
		}
		ck_assert_uint_gt(count, 0);
		read_line(text, number, &stories[count - 1]);
	}
	fclose(file);
	*ret_stories = stories;
	return count;
}

START_TEST(stories_are_told_as_they_happened)
{
	struct story *stories;
	size_t count = read_stories(&stories);
	ck_assert_uint_ge(count, 20);
	for (size_t i = 0; i < count; i++) {
		check_story(&stories[i]);
	}
	free(stories);
}
END_TEST

START_TEST(stories_are_the_same_in_any_order)
{
	struct story *stories;
	size_t count = read_stories(&stories);
	uint64_t state = 1;
	for (size_t i = 0; i < count; i++) {
		for (unsigned again = 0; again < 20; again++) {
			random_shuffle(&state, stories[i].lines, stories[i].count, sizeof(stories[i].lines[0]));
			check_story(&stories[i]);
		}
	}
	free(stories);
}
END_TEST

/* ── any set of claims ────────────────────────────────────────────────────────────────────────────────────────── */

#define CLAIMS_MAX 12
#define TOUCHES_MAX 24
#define ROUNDS 20000

__extension__ typedef __int128 wide; /* so that no difference of times overflows */

struct world {
	struct uuid weak;
	struct claim claims[CLAIMS_MAX];
	int64_t touches[TOUCHES_MAX];
	size_t count, touch_count;
	unsigned consented; /* a bit a person */
};

static struct uuid person(uint64_t number)
{
	return (struct uuid){{1, (uint8_t)number}};
}

static bool world_consented(const void *context, const struct uuid *strong)
{
	const struct world *world = context;
	return world->consented >> strong->bytes[1] & 1;
}

/* Few places on the time line, so that times meet and gaps of exactly 30 min are common; now and then its ends. */
static int64_t some_time(uint64_t *state)
{
	uint64_t kind = random_below(state, 40);
	if (kind < 2) {
		return kind == 0 ? INT64_MIN : INT64_MAX;
	}
	return (int64_t)random_below(state, 16) * ATTRIBUTE_SESSION_US / 2 + (int64_t)random_below(state, 3) - 1;
}

static void make_world(uint64_t *state, struct world *ret_world)
{
	struct world world = {.weak = {{2}}};
	world.count = random_below(state, CLAIMS_MAX + 1);
	world.touch_count = random_below(state, TOUCHES_MAX + 1);
	uint64_t people = 1 + random_below(state, 3);
	world.consented = (unsigned)random_below(state, 8);
	for (size_t i = 0; i < world.count; i++) {
		/* Event ids far apart, so that signed and unsigned order differ; stamps and ids may be equal, too. */
		world.claims[i] = (struct claim){
			.weak = world.weak,
			.strong = person(random_below(state, people)),
			.key = {(int64_t)random_below(state, 2), random_below(state, 3) << 62},
			.at_us = some_time(state),
		};
	}
	for (size_t i = 0; i < world.touch_count; i++) {
		world.touches[i] = some_time(state);
	}
	*ret_world = world;
}

static size_t world_stretches(const struct world *world, struct stretch *ret_stretches)
{
	struct world sorted = *world;
	qsort(sorted.claims, sorted.count, sizeof(sorted.claims[0]), attribute_compare_claims);
	qsort(sorted.touches, sorted.touch_count, sizeof(sorted.touches[0]), compare_times);
	return attribute_stretches(&world->weak, sorted.claims, sorted.count, sorted.touches, sorted.touch_count,
				   world_consented, world, ret_stretches);
}

/* The rules, read off the page for one touch, from claims and touches in any order. */
static struct uuid naive_contact(const struct world *world, int64_t at_us)
{
	const struct claim *first = NULL, *latest = NULL;
	bool shared = false;
	for (size_t i = 0; i < world->count; i++) {
		const struct claim *claim = &world->claims[i];
		if (first == NULL || attribute_compare_claims(claim, first) < 0) {
			first = claim;
		}
		if (claim->at_us <= at_us && (latest == NULL || attribute_compare_claims(claim, latest) > 0)) {
			latest = claim;
		}
		shared = shared || !uuid_equal(&claim->strong, &world->claims[0].strong);
	}
	const struct claim *whose = latest != NULL ? latest : first; /* rules 1 and 2 */
	if (latest == NULL && shared) {				     /* rule 3 */
		wide reached = first->at_us;
		for (bool moved = true; moved;) {
			moved = false;
			for (size_t i = 0; i < world->touch_count; i++) {
				wide gap = reached - world->touches[i];
				if (gap > 0 && gap <= ATTRIBUTE_SESSION_US) {
					reached = world->touches[i];
					moved = true;
				}
			}
		}
		whose = at_us >= reached ? first : NULL;
	}
	return whose != NULL && world_consented(world, &whose->strong) ? whose->strong : world->weak;
}

START_TEST(each_touch_is_whose_the_rules_say)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t state = seed;
		struct world world;
		make_world(&state, &world);
		struct stretch stretches[CLAIMS_MAX + 2];
		size_t count = world_stretches(&world, stretches);
		for (size_t i = 0; i < world.touch_count; i++) {
			struct uuid expected = naive_contact(&world, world.touches[i]);
			ck_assert_msg(uuid_equal(attribute_contact(stretches, count, world.touches[i]), &expected),
				      "seed %" PRIu64 ", touch %zu", seed, i);
		}
	}
}
END_TEST

START_TEST(stretches_cover_all_time_and_neighbours_differ)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t state = seed;
		struct world world;
		make_world(&state, &world);
		struct stretch stretches[CLAIMS_MAX + 2];
		size_t count = world_stretches(&world, stretches);
		ck_assert_uint_ge(count, 1);
		ck_assert_uint_le(count, world.count + 2);
		ck_assert_int_eq(stretches[0].from_us, INT64_MIN);
		ck_assert_int_eq(stretches[count - 1].to_us, INT64_MAX);
		for (size_t i = 0; i < count; i++) {
			ck_assert(uuid_equal(&stretches[i].actor_id, &world.weak));
			if (i > 0) {
				ck_assert_int_eq(stretches[i].from_us, stretches[i - 1].to_us);
				ck_assert_msg(stretches[i - 1].from_us < stretches[i - 1].to_us, "seed %" PRIu64,
					      seed);
				ck_assert_msg(!uuid_equal(&stretches[i].contact_id, &stretches[i - 1].contact_id),
					      "seed %" PRIu64, seed);
			}
		}
	}
}
END_TEST

START_TEST(claims_in_any_order_give_the_same_stretches)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t state = seed;
		struct world world;
		make_world(&state, &world);
		struct stretch stretches[CLAIMS_MAX + 2], again[CLAIMS_MAX + 2];
		memset(stretches, 0, sizeof(stretches));
		memset(again, 0, sizeof(again));
		size_t count = world_stretches(&world, stretches);
		random_shuffle(&state, world.claims, world.count, sizeof(world.claims[0]));
		random_shuffle(&state, world.touches, world.touch_count, sizeof(world.touches[0]));
		ck_assert_uint_eq(world_stretches(&world, again), count);
		ck_assert_msg(memcmp(stretches, again, count * sizeof(stretches[0])) == 0, "seed %" PRIu64, seed);
	}
}
END_TEST

/* Rule 5, read off the page; without sessions, which a list that is cut has none of. */
static struct uuid naive_contact_on_public(const struct world *world, size_t max, int64_t at_us)
{
	struct claim sorted[CLAIMS_MAX];
	memcpy(sorted, world->claims, world->count * sizeof(sorted[0]));
	qsort(sorted, world->count, sizeof(sorted[0]), attribute_compare_claims);
	const struct claim *latest = NULL;
	for (size_t i = 0; i < world->count && sorted[i].at_us < sorted[max].at_us; i++) {
		latest = sorted[i].at_us <= at_us ? &sorted[i] : latest;
	}
	bool counts = latest != NULL && at_us < sorted[max].at_us && world_consented(world, &latest->strong);
	return counts ? latest->strong : world->weak;
}

/* Whatever comes behind the first `max` + 1 need not be there, save that it may say that they are several. */
START_TEST(a_public_device_is_nobodys_once_too_many_have_claimed_it)
{
	unsigned cut = 0, whole = 0;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t state = seed;
		struct world world, sorted;
		make_world(&state, &world);
		size_t max = 1 + random_below(&state, 4);
		sorted = world;
		qsort(sorted.claims, sorted.count, sizeof(sorted.claims[0]), attribute_compare_claims);
		bool several = attribute_is_shared(sorted.claims, sorted.count);
		size_t given = sorted.count > max + 1 && random_below(&state, 2) == 0 ? max + 1 : sorted.count;
		size_t count = attribute_cut(sorted.claims, given, max, several);
		if (world.count <= max || !several) {
			ck_assert_uint_eq(count, given);
			whole++;
			continue;
		}
		cut++;
		struct stretch stretches[CLAIMS_MAX + 2];
		size_t stretch_count = attribute_stretches(&world.weak, sorted.claims, count, NULL, 0,
							   world_consented, &world, stretches);
		for (size_t i = 0; i < world.touch_count; i++) {
			struct uuid expected = naive_contact_on_public(&world, max, world.touches[i]);
			ck_assert_msg(uuid_equal(attribute_contact(stretches, stretch_count, world.touches[i]),
						 &expected),
				      "seed %" PRIu64 ", touch %zu", seed, i);
		}
	}
	ck_assert(cut > ROUNDS / 4 && whole > ROUNDS / 4);
}
END_TEST

/* From all claims, without a cut before. */
START_TEST(of_all_claims_on_a_public_device_the_first_count)
{
	enum { COUNT = ATTRIBUTE_CLAIMS_MAX + 50 };
	static struct claim claims[COUNT];
	static struct stretch stretches[COUNT + 2];
	struct world world = {.weak = {{2}}, .consented = 3};
	static const int64_t times[] = {999, 2000};
	for (unsigned persons = 1; persons <= 2; persons++) {
		for (size_t i = 0; i < COUNT; i++) {
			claims[i] = (struct claim){.weak = world.weak,
						   .strong = person(i == COUNT - 1 ? persons - 1 : 0),
						   .at_us = 1000 + (int64_t)i};
		}
		size_t count = attribute_stretches(&world.weak, claims, COUNT, times, 2, world_consented, &world,
						   stretches);
		ck_assert_uint_eq(count, persons == 1 ? 1 : 3);
		struct uuid ann = person(0);
		const int64_t end_us = 1000 + ATTRIBUTE_CLAIMS_MAX;
		bool whole = persons == 1;
		ck_assert(uuid_equal(attribute_contact(stretches, count, 999), whole ? &ann : &world.weak));
		ck_assert(uuid_equal(attribute_contact(stretches, count, 1000), &ann));
		ck_assert(uuid_equal(attribute_contact(stretches, count, end_us - 1), &ann));
		ck_assert(uuid_equal(attribute_contact(stretches, count, end_us), whole ? &ann : &world.weak));
		ck_assert(uuid_equal(attribute_contact(stretches, count, INT64_MAX), whole ? &ann : &world.weak));
	}
}
END_TEST

START_TEST(claims_are_ordered_by_time_then_event_then_stamp_then_person)
{
	static const struct claim claims[] = {
		{.at_us = -1, .key = {9, 9}, .strong = {{9}}},
		{.at_us = 0, .key = {9, 1}, .strong = {{9}}},
		{.at_us = 0, .key = {-1, UINT64_MAX}, .strong = {{0xff}}},
		{.at_us = 0, .key = {0, UINT64_MAX}, .strong = {{0x7f}}},
		{.at_us = 0, .key = {0, UINT64_MAX}, .strong = {{0x80}}},
	};
	for (size_t i = 0; i < COUNT_OF(claims); i++) {
		for (size_t j = 0; j < COUNT_OF(claims); j++) {
			int order = attribute_compare_claims(&claims[i], &claims[j]);
			ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}
END_TEST

START_TEST(a_denial_is_the_newest_that_is_no_grant)
{
	static const struct consent consents[] = {
		{.purpose = PURPOSE_PROFILE, .at_us = 30, .state = STATEMENT_GRANTED},
		{.purpose = PURPOSE_PROFILE, .at_us = 20, .state = STATEMENT_WITHDRAWN},
		{.purpose = PURPOSE_PROFILE, .at_us = 10, .state = STATEMENT_DENIED},
		{.purpose = PURPOSE_CONTACT, .at_us = 40, .state = STATEMENT_DENIED},
	};
	ck_assert_int_eq(attribute_consent_denied_at(consents, 4, PURPOSE_PROFILE), 20);
	ck_assert_int_eq(attribute_consent_state(consents, 4, PURPOSE_PROFILE), STATEMENT_GRANTED);
	ck_assert_int_eq(attribute_consent_denied_at(consents, 4, PURPOSE_CONTACT), 40);
	ck_assert_int_eq(attribute_consent_state(consents, 4, PURPOSE_CONTACT), STATEMENT_DENIED);
	ck_assert_int_eq(attribute_consent_denied_at(consents, 1, PURPOSE_PROFILE), INT64_MIN);
	ck_assert_int_eq(attribute_consent_denied_at(NULL, 0, PURPOSE_PROFILE), INT64_MIN);
	ck_assert_int_eq(attribute_consent_state(NULL, 0, PURPOSE_PROFILE), STATEMENT_UNSAID);
}
END_TEST

START_TEST(a_withdrawal_is_the_newest_there_is_of_profile)
{
	static const struct consent consents[] = {
		{.purpose = PURPOSE_PROFILE, .at_us = 50, .state = STATEMENT_GRANTED},
		{.purpose = PURPOSE_PROFILE, .at_us = 20, .state = STATEMENT_WITHDRAWN},
		{.purpose = PURPOSE_PROFILE, .at_us = 30, .state = STATEMENT_WITHDRAWN},
		{.purpose = PURPOSE_PROFILE, .at_us = 40, .state = STATEMENT_DENIED},
		{.purpose = PURPOSE_CONTACT, .at_us = 60, .state = STATEMENT_WITHDRAWN},
	};
	ck_assert_int_eq(attribute_withdrawn_at(consents, COUNT_OF(consents)), 30);
	ck_assert_int_eq(attribute_withdrawn_at(consents, 2), 20);
	ck_assert_int_eq(attribute_withdrawn_at(consents, 1), INT64_MIN);
	ck_assert_int_eq(attribute_withdrawn_at(NULL, 0), INT64_MIN);
}
END_TEST

TEST_MAIN("attribute", stories_are_told_as_they_happened, stories_are_the_same_in_any_order,
	  each_touch_is_whose_the_rules_say, stretches_cover_all_time_and_neighbours_differ,
	  claims_in_any_order_give_the_same_stretches, a_public_device_is_nobodys_once_too_many_have_claimed_it,
	  of_all_claims_on_a_public_device_the_first_count,
	  claims_are_ordered_by_time_then_event_then_stamp_then_person, a_denial_is_the_newest_that_is_no_grant,
	  a_withdrawal_is_the_newest_there_is_of_profile)

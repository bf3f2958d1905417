/* core/flow/kin.h: who is one person with whom, from what is asserted; and which events assert something. */
#include "core/flow/kin.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/flow/facts.h"
#include "tests/random.h"
#include "tests/table.h"

#define SAID_MAX 32

static struct arena arena;

static void setup(void)
{
	CHECK(arena_init(&arena, (size_t)1024 * 1024));
}

/* A letter is an actor: 'A' to 'Z'. Small ones of the same letter are not asked for. */
static struct uuid id_of(char letter)
{
	return (struct uuid){{(uint8_t)letter}};
}

/* What is said at the time of its place: "ab" joined by an event, "ab+" by hand, "ab-" split; "ua@": a is an address of login u. */
static size_t read_said(const char *said, struct assertion *ret_assertions)
{
	size_t count = 0;
	for (const char *at = said; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " ")) {
		char one = at[0], other = at[1], how = at[2];
		bool in_order = one < other;
		CHECK(count < SAID_MAX);
		ret_assertions[count] = (struct assertion){
			.a = id_of((char)(in_order ? one : other)),
			.b = id_of((char)(in_order ? other : one)),
			.key = {.event_id = count},
			.at_us = (int64_t)count + 1,
			.kind = how == '+'   ? ASSERTION_HAND
				: how == '-' ? ASSERTION_VETO
					     : ASSERTION_EVENT,
			.address_of = how != '@' ? 0
				      : in_order ? 1
						 : 2,
		};
		count++;
	}
	return count;
}

/* "abc de": each person's actors; what was refused, by its place, behind a bar. */
static void print_kin(const struct kin *kin, size_t count, const struct assertion *assertions,
		      size_t assertion_count, char *ret_text)
{
	char *at = ret_text;
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && !uuid_equal(&kin[i].contact_id, &kin[i - 1].contact_id)) {
			*at++ = ' ';
		}
		*at++ = (char)kin[i].actor_id.bytes[0];
	}
	*at++ = '|';
	for (size_t i = 0; i < assertion_count; i++) {
		*at++ = "-aAv"[assertions[i].refused];
	}
	*at = '\0';
}

static const struct said_row {
	const char *row, *said, *kin;
} rows[] = {
	{"nothing was said", "", "|"},
	{"two are one", "ab", "ab|-"},
	{"and whoever is one with either", "ab bc de", "abc de|---"},
	{"the same again changes nothing", "ab ba ab", "ab|---"},
	{"what follows already is no news", "ab bc ac", "abc|---"},
	{"a veto keeps two apart, said later", "ab ab-", "|v-"},
	{"or before", "ab- ab ab", "|-vv"},
	{"and the last word by hand holds", "ab ab- ab+", "ab|---"},
	{"the last of two", "ab+ ab- ab+ ab-", "|----"},
	{"apart also by way of a third: the later link goes", "ab bc ac-", "ab|-v-"},
	{"apart from each of its person", "ab cd bd- ac", "ab cd|---v"},
	{"by hand what no event says", "ab+", "ab|-"},
	{"five addresses of a login", "ua@ ub@ uc@ ud@ ue@", "abcdeu|-----"},
	{"the sixth joins nothing", "ua@ ub@ uc@ ud@ ue@ uf@", "abcdeu|-----a"},
	{"whichever end the login is", "ax@ ay@ az@ av@ aw@ au@", "avwxyz|-----a"},
	{"one that is known already is none more", "ua@ ua@ ub@ ub@ uc@ ud@ ue@", "abcdeu|-------"},
	{"one that is kept away makes room", "ua@ ub@ uc@ ud@ ue@ uf@ ua-",
	 "bcdefu|v-----"
	 "-"},
	{"one that follows from others is one of them", "ab bu ua@ uc@ ud@ ue@ uf@ ug@", "abcdefu|-------a"},
	{"once", "ab bu ua@ ua@ uc@ ua@ ud@ ue@ uf@", "abcdefu|---------"},
	{"one that was joined by hand is none of them", "ua+ ua@ ub@ uc@ ud@ ue@ uf@", "abcdefu|-------"},
	{"by hand there may be more", "ua@ ub@ uc@ ud@ ue@ uf+", "abcdefu|------"},
	{"sixteen are one person", "ab ac ad ae af ag ah ai aj ak al am an ao ap",
	 "abcdefghijklmnop|---------------"},
	{"a seventeenth is not", "ab ac ad ae af ag ah ai aj ak al am an ao ap aq",
	 "abcdefghijklmnop|---------------A"},
	{"nor by hand", "ab ac ad ae af ag ah ai aj ak al am an ao ap aq+", "abcdefghijklmnop|---------------A"},
	{"two persons too large for one", "ab ac ad ae af ag ah ij ik il im in io ip iq ai",
	 "abcdefgh ijklmnopq|---------------A"},
};

START_TEST(who_is_one_with_whom)
{
	setup();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct assertion assertions[SAID_MAX];
		size_t count = read_said(rows[i].said, assertions), kin_count;
		struct kin *kin;
		char text[128];
		arena_reset(&arena, 0);
		ck_assert(kin_solve(assertions, count, &arena, &kin, &kin_count));
		print_kin(kin, kin_count, assertions, count, text);
		ck_assert_msg(strcmp(text, rows[i].kin) == 0, "%s: %s", rows[i].row, text);
	}
}
END_TEST

static size_t some_assertions(uint64_t *chance, struct assertion *ret_assertions)
{
	size_t count = 1 + random_below(chance, SAID_MAX);
	uint64_t actors = 2 + random_below(chance, 22);
	for (size_t i = 0; i < count; i++) {
		char one = (char)('a' + random_below(chance, actors)), other = one;
		while (other == one) {
			other = (char)('a' + random_below(chance, actors));
		}
		uint64_t how = random_below(chance, 20);
		ret_assertions[i] = (struct assertion){
			.a = id_of((char)(one < other ? one : other)),
			.b = id_of((char)(one < other ? other : one)),
			.key = {.event_id = i, .stamped_us = (int64_t)random_below(chance, 3)},
			.at_us = (int64_t)random_below(chance, 12),
			.kind = how == 0   ? ASSERTION_HAND
				: how == 1 ? ASSERTION_VETO
					   : ASSERTION_EVENT,
			.address_of = how < 2 ? 0 : (int)random_below(chance, 3),
		};
	}
	return count;
}

static void check_persons(const struct kin *kin, size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		end = i + 1;
		while (end < count && uuid_equal(&kin[end].contact_id, &kin[i].contact_id)) {
			end++;
		}
		ck_assert(end - i >= 2 && end - i <= KIN_ACTORS_MAX);
		ck_assert(uuid_equal(&kin[i].contact_id, &kin[i].actor_id)); /* the smallest */
		for (size_t a = 0; a < end - i; a++) {
			for (size_t b = 0; b < end - i; b++) {
				int64_t since_us = kin_since(kin + i, end - i, a, b);
				ck_assert_int_eq(since_us, kin_since(kin + i, end - i, b, a));
				ck_assert((a == b) == (since_us == INT64_MIN));
				size_t c = (a + b) % (end - i); /* never later than by way of a third */
				int64_t one = kin_since(kin + i, end - i, a, c),
					other = kin_since(kin + i, end - i, c, b);
				ck_assert(since_us <= (one > other ? one : other));
			}
		}
	}
}

#define ROUNDS 3000

START_TEST(in_any_order_they_are_the_same_persons)
{
	setup();
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t chance = seed;
		struct assertion assertions[SAID_MAX], shuffled[SAID_MAX];
		size_t count = some_assertions(&chance, assertions), kin_count, again_count;
		struct kin *kin, *again;
		memcpy(shuffled, assertions, sizeof(shuffled));
		random_shuffle(&chance, shuffled, count, sizeof(shuffled[0]));
		arena_reset(&arena, 0);
		ck_assert(kin_solve(assertions, count, &arena, &kin, &kin_count));
		ck_assert(kin_solve(shuffled, count, &arena, &again, &again_count));
		ck_assert_uint_eq(kin_count, again_count);
		ck_assert(kin_count == 0 || memcmp(kin, again, kin_count * sizeof(*kin)) == 0);
		for (size_t i = 0; i < count; i++) {
			ck_assert(assertions[i].key.event_id == shuffled[i].key.event_id &&
				  assertions[i].refused == shuffled[i].refused);
		}
		check_persons(kin, kin_count);
	}
}
END_TEST

/* What kin_knows() says is nothing new, changes nothing. */
START_TEST(what_is_known_changes_nothing)
{
	setup();
	size_t known = 0;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t chance = seed;
		struct assertion assertions[SAID_MAX + 1], more = {.kind = ASSERTION_EVENT};
		size_t count = some_assertions(&chance, assertions), kin_count, after_count;
		struct kin *kin, *after;
		arena_reset(&arena, 0);
		ck_assert(kin_solve(assertions, count, &arena, &kin, &kin_count));
		if (kin_count == 0) {
			continue;
		}
		size_t one = random_below(&chance, kin_count), other = random_below(&chance, kin_count);
		if (uuid_compare(&kin[one].actor_id, &kin[other].actor_id) >= 0) {
			continue;
		}
		more.a = kin[one].actor_id;
		more.b = kin[other].actor_id;
		more.at_us = (int64_t)random_below(&chance, 14);
		more.address_of = (int)random_below(&chance, 3);
		more.key.event_id = random_below(&chance, 40);
		if (kin_knows(&more, &kin[one], &kin[other])) {
			known++;
			assertions[count] = more;
			ck_assert(kin_solve(assertions, count + 1, &arena, &after, &after_count));
			ck_assert(kin_count == after_count && memcmp(kin, after, kin_count * sizeof(*kin)) == 0);
		}
	}
	ck_assert_uint_gt(known, ROUNDS / 200);
}
END_TEST

#define MANY 240000

/* Each by itself, neither with all others nor once for each person: that would be 10,000 million steps. */
START_TEST(many_are_gone_through_at_once)
{
	struct arena large;
	ck_assert(arena_init(&large, (size_t)160 * 1024 * 1024));
	struct assertion *assertions = arena_zero(&large, MANY, sizeof(*assertions));
	ck_assert_ptr_nonnull(assertions);
	for (size_t i = 0; i < MANY;
	     i++) { /* three actors each: one is joined with two, of whom the second is split off */
		static const enum assertion_kind kinds[] = {ASSERTION_EVENT, ASSERTION_HAND, ASSERTION_VETO};
		assertions[i] = (struct assertion){.at_us = (int64_t)i, .key.event_id = i, .kind = kinds[i % 3]};
		uint64_t person = i / 3;
		memcpy(assertions[i].a.bytes, &person, sizeof(person));
		memcpy(assertions[i].b.bytes, &person, sizeof(person));
		assertions[i].b.bytes[15] = i % 3 == 0 ? 1 : 2;
	}
	struct kin *kin;
	size_t count;
	ck_assert(kin_solve(assertions, MANY, &large, &kin, &count));
	ck_assert_uint_eq(count, (size_t)2 * MANY / 3);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(kin[i].actor_id.bytes[15], (int)(i % 2));
	}
	arena_finish(&large);
}
END_TEST

START_TEST(verified_events_assert_who_is_one)
{
	static const struct actor ann = {.id = {{1}}, .kind = ACTOR_EMAIL},
				  login = {.id = {{2}}, .kind = ACTOR_USER},
				  record = {.id = {{3}}, .kind = ACTOR_CRM},
				  old = {.id = {{4}}, .kind = ACTOR_USER};
	static const struct {
		const char *row;
		const struct actor *strong, *address, *crm, *previous;
		bool verified, by_hand;
		enum party party;
		uint32_t reasons;
		const char *label;
		const char *says; /* pairs by their numbers; how */
	} said[] = {
		{"a login with an address", &login, &ann, NULL, NULL, true, false, PARTY_PERSON, 0, "", "12e"},
		{"that nobody vouches for", &login, &ann, NULL, NULL, false, false, PARTY_PERSON, 0, "", ""},
		{"a CRM's record with an address, from a server", &ann, &ann, &record, NULL, true, false,
		 PARTY_SYSTEM, 0, "", "13e"},
		{"all three", &login, &ann, &record, NULL, true, false, PARTY_PERSON, 0, "", "12e13e"},
		{"a login and a record are nobody's word", &login, NULL, &record, NULL, true, false, PARTY_PERSON,
		 0, "", ""},
		{"an alias", &login, NULL, NULL, &old, true, false, PARTY_PERSON, 0, "", "24e"},
		{"an address alone", &ann, &ann, NULL, NULL, true, false, PARTY_PERSON, 0, "", ""},
		{"by a bot", &login, &ann, NULL, NULL, true, false, PARTY_BOT, 0, "", ""},
		{"by a scanner", &login, &ann, NULL, NULL, true, false, PARTY_PERSON, MACHINE_TOO_SOON, "", ""},
		{"by hand", &ann, &ann, NULL, &login, true, true, PARTY_AGENT, 0, "join", "12h"},
		{"split by hand", &ann, &ann, NULL, &login, true, true, PARTY_AGENT, 0, "split", "12v"},
		{"with itself", &ann, &ann, NULL, &ann, true, true, PARTY_AGENT, 0, "split", ""},
	};
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		struct event event = event_blank;
		struct identified who = {
			.has_strong = true, .strong = *said[i].strong, .by_hand = said[i].by_hand};
		event.identity.verified = said[i].verified;
		event.party = said[i].party;
		event.label = said[i].label;
		who.has_address = said[i].address != NULL;
		who.address = who.has_address ? *said[i].address : who.address;
		who.has_crm = said[i].crm != NULL;
		who.crm = who.has_crm ? *said[i].crm : who.crm;
		who.has_previous = said[i].previous != NULL;
		who.previous = who.has_previous ? *said[i].previous : who.previous;
		struct facts facts;
		facts_from_event(&event, &who, 7, said[i].reasons, &facts);
		char text[3 * FACTS_ASSERTIONS_MAX + 1] = "", *at = text;
		for (unsigned j = 0; j < facts.assertion_count; j++) {
			const struct assertion *assertion = &facts.assertions[j];
			*at++ = (char)('0' + assertion->a.bytes[0]);
			*at++ = (char)('0' + assertion->b.bytes[0]);
			*at++ = "ehv"[assertion->kind];
			*at = '\0';
			ck_assert_int_eq(assertion->address_of, assertion->kind == ASSERTION_EVENT &&
										assertion->a.bytes[0] == 1 &&
										assertion->b.bytes[0] == 2
									? 2
									: 0);
		}
		ck_assert_msg(strcmp(text, said[i].says) == 0, "%s: %s", said[i].row, text);
	}
}
END_TEST

TEST_MAIN("flow_kin", who_is_one_with_whom, in_any_order_they_are_the_same_persons, what_is_known_changes_nothing,
	  many_are_gone_through_at_once, verified_events_assert_who_is_one)

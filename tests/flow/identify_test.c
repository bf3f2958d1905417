/* core/flow/identify.h: who acted, as one event says it. */
#include "core/flow/identify.h"

#include <string.h>

#include "core/base/arena.h"
#include "tests/table.h"

#define TEXT_50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define TEXT_250 TEXT_50 TEXT_50 TEXT_50 TEXT_50 TEXT_50
#define DOMAIN_240 \
	"a" TEXT_50 "." TEXT_50 "b." TEXT_50 "b." TEXT_50 "b." \
	"ccccccccccccccccccccccccccc.test"

#define AA_10 "a\u030aa\u030aa\u030aa\u030aa\u030aa\u030aa\u030aa\u030aa\u030aa\u030a"
#define AA_80 AA_10 AA_10 AA_10 AA_10 AA_10 AA_10 AA_10 AA_10
#define TEXT_47 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeee"
#define DOMAIN_REST "." TEXT_50 "." TEXT_50 "." TEXT_50 ".test"

static const struct identity_key key = {
	.bytes = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
		  16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
	.size = 32,
};
static const char *const blocked[] = {"noreply@acme.test", "visitor"};
static const struct identify_options options = {&key, blocked, COUNT_OF(blocked)};

START_TEST(actor_ids_are_keyed_hashes)
{
	/* Computed with Python's hmac: HMAC-SHA256(00 01 … 1f, kind ‖ 0 ‖ space ‖ 0 ‖ value), first 16 bytes. The first
	 * one also with openssl dgst. */
	static const struct {
		enum actor_kind kind;
		const char *space, *value, *id;
	} rows[] = {
		{ACTOR_EMAIL, "", "ann@acme.test", "612d9462-d183-7fa0-9cc1-196458a55d66"},
		{ACTOR_EMAIL, "", "åse@xn--blbr-roah.test", "da887a62-3be4-233c-1a4d-73dda683e120"},
		{ACTOR_USER, "shop", "42", "1043744d-c394-7d20-55e1-7b0391e5b6de"},
		{ACTOR_USER, "web", "42", "7adaa4df-e4c3-80ed-7394-47eacaecec01"},
		{ACTOR_USER, "shop", "ann@acme.test", "93b64eb0-a983-9f38-835c-5318cfa65744"},
		{ACTOR_CRM, "shop", "42", "90888f43-f75d-1d08-b2eb-1f5c28e32cb1"},
		{ACTOR_COOKIE, "shop", "c-1", "b131a3e3-5244-7781-0c17-b606a8428960"},
		{ACTOR_VISITOR, "shop", "v-1", "0826d6d1-ccf1-24a3-373f-2ccac3a13945"},
		{ACTOR_RECIPIENT, "news", "r-1", "d42f74e2-03bb-7cd9-5b3e-857756122b44"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct uuid id = identify_actor_id(&key, rows[i].kind, rows[i].space, rows[i].value);
		char text[UUID_TEXT_SIZE];
		uuid_print(&id, text);
		ck_assert_str_eq(text, rows[i].id);
	}
}
END_TEST

START_TEST(a_key_has_a_name_of_its_own)
{
	char kid[IDENTITY_KID_SIZE];
	struct identity_key other = key;
	identify_kid(&key, kid);
	ck_assert_str_eq(kid, "933007a5314c9534"); /* Python's hmac of "kid", first 8 bytes */
	other.bytes[31] ^= 1;
	identify_kid(&other, kid);
	ck_assert_str_ne(kid, "933007a5314c9534");
}
END_TEST

START_TEST(addresses_are_normalised)
{
	static const struct {
		const char *email, *normal; /* NULL: no address */
	} rows[] = {
		{"ann@acme.test", "ann@acme.test"},
		{"  Ann.Berg+News@ACME.Test\r\n", "ann.berg+news@acme.test"}, /* no provider's tricks */
		{"\u00a0ann@acme.test\u200b", "ann@acme.test"},
		{"åse@blåbær.test", "åse@xn--blbr-roah.test"},
		{"a\u030ase@BLÅBÆR.test", "åse@xn--blbr-roah.test"},
		{"ÅSE@acme.test", "Åse@acme.test"},	   /* only ASCII has one lower case everywhere */
		{"J\u030c@acme.test", "\u01f0@acme.test"}, /* a composed form only after lower case */
		{"o'brien/x=y@acme.test", "o'brien/x=y@acme.test"},
		{"ann@localhost", "ann@localhost"},
		{"ann@xn--blbr-roah.test", "ann@xn--blbr-roah.test"},
		{"abcdefghijklm@" DOMAIN_240, "abcdefghijklm@" DOMAIN_240}, /* 254 bytes */

		/* The limit holds for what comes out (254 and 255 bytes here) … */
		{TEXT_47 "@åaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" DOMAIN_REST,
		 TEXT_47 "@xn--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-lnd" DOMAIN_REST},
		{TEXT_47 "x@åaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" DOMAIN_REST, NULL},
		/* … and for what was given (255 here, 175 composed). */
		{AA_80 "12345@acme.test", NULL},

		{"abcdefghijklmn@" DOMAIN_240, NULL},
		{"", NULL},
		{"ann", NULL},
		{"@", NULL},
		{"ann@", NULL},
		{"@acme.test", NULL},
		{"null", NULL},
		{"ann@acme..test", NULL},
		{"ann@acme.test.", NULL},
		{"ann@-acme.test", NULL},
		{"ann@a_b.test", NULL},
		{"ann@[192.0.2.1]", NULL},
		{"ann@♥.test", NULL},
		{"ann@acme@home.test", NULL},
		{"Ann <ann@acme.test>", NULL},
		{"ann berg@acme.test", NULL},
		{"ann@acme.test, bo@acme.test", NULL},
		{"mailto:ann@acme.test", NULL},
		{"\"ann\"@acme.test", NULL},
		{"an\u00a0n@acme.test", NULL},
		{"an\nn@acme.test", NULL},
		{"\xff@acme.test", NULL},
		{TEXT_250 "@acme.test", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char normal[IDENTITY_EMAIL_SIZE_MAX + 1] = "untouched";
		bool good = identify_normalise_email(rows[i].email, normal);
		ck_assert_msg(good == (rows[i].normal != NULL), "%s", rows[i].email);
		ck_assert_str_eq(normal, good ? rows[i].normal : "untouched");
		if (good) {
			char again[IDENTITY_EMAIL_SIZE_MAX + 1];
			ck_assert(identify_normalise_email(normal, again));
			ck_assert_str_eq(again, normal);
		}
	}
}
END_TEST

START_TEST(ids_are_trimmed_and_nobodys_ids_blocked)
{
	static const struct {
		const char *value, *normal; /* NULL: blocked or unusable */
	} rows[] = {
		{"42", "42"},
		{" 42\n", "42"},
		{"AbC", "AbC"},
		{"abc", "abc"},
		{"10", "10"},
		{"nullable", "nullable"},
		{"ann berg", "ann berg"},
		{"tester", "tester"},
		{"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"},
		{TEXT_250 "123456", TEXT_250 "123456"},
		{" " TEXT_250 "123456 ", TEXT_250 "123456"},

		{TEXT_250 "1234567", NULL},
		{"", NULL},
		{" \t", NULL},
		{"null", NULL},
		{"NULL", NULL},
		{" Null ", NULL},
		{"undefined", NULL},
		{"anonymous", NULL},
		{"Guest", NULL},
		{"unknown", NULL},
		{"test", NULL},
		{"0", NULL},
		{"00000", NULL},
		{"x", NULL},
		{"xxxx", NULL},
		{"-----", NULL},
		{"ååå", NULL},
		{"Visitor", NULL},
		{"00000000-0000-0000-0000-000000000000", NULL},
	};
	struct arena arena;
	ck_assert(arena_init(&arena, 65536));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = {.site = "shop", .identity.user_id = rows[i].value};
		event.identity.anonymous_id = event.identity.visitor_id = event.identity.recipient_id = "";
		event.identity.email = event.identity.crm_id = "";
		struct identified who;
		ck_assert(identify_event(&event, &options, &arena, &who));
		ck_assert_msg(who.has_strong == (rows[i].normal != NULL), "%s", rows[i].value);
		ck_assert_msg(who.blocked == (rows[i].normal == NULL && rows[i].value[0] != '\0'), "%s",
			      rows[i].value);
		if (who.has_strong) {
			ck_assert_str_eq(who.strong.value, rows[i].normal);
			struct uuid id = identify_actor_id(&key, ACTOR_USER, "shop", rows[i].normal);
			ck_assert_msg(uuid_equal(&who.strong.id, &id), "%s", rows[i].value);
		}
	}
	arena_finish(&arena);
}
END_TEST

/* ids as above */
#define EMAIL_ANN "612d9462-d183-7fa0-9cc1-196458a55d66"
#define USER_42 "1043744d-c394-7d20-55e1-7b0391e5b6de"
#define USER_ANN "93b64eb0-a983-9f38-835c-5318cfa65744"
#define CRM_42 "90888f43-f75d-1d08-b2eb-1f5c28e32cb1"
#define COOKIE "b131a3e3-5244-7781-0c17-b606a8428960"
#define VISITOR "0826d6d1-ccf1-24a3-373f-2ccac3a13945"
#define ONLY_ID "01020304-0506-0708-090a-0b0c0d0e0f10"

static void check_actor(const char *row, bool has, const struct actor *actor, const char *id, const char *value)
{
	ck_assert_msg(has == (id != NULL), "%s", row);
	if (has) {
		char text[UUID_TEXT_SIZE];
		uuid_print(&actor->id, text);
		ck_assert_msg(strcmp(text, id) == 0, "%s: %s", row, text);
		ck_assert_str_eq(actor->value, value);
		ck_assert_str_eq(actor->space, actor->kind == ACTOR_EMAIL ? "" : "shop");
	}
}

START_TEST(an_event_tells_a_weak_and_a_strong_actor)
{
	static const struct {
		const char *row, *anonymous, *visitor, *recipient, *user, *email, *crm;
		bool email_actor;
		const char *weak, *weak_value, *strong, *strong_value, *address, *address_value;
		unsigned blocked;
	} rows[] = {
		{.row = "nothing given"},
		{.row = "a cookie", .anonymous = "c-1", .weak = COOKIE, .weak_value = "c-1"},
		{.row = "a cookie goes before a visitor",
		 .anonymous = "c-1",
		 .visitor = "v-1",
		 .weak = COOKIE,
		 .weak_value = "c-1"},
		{.row = "a blocked cookie leaves it to the visitor",
		 .anonymous = "undefined",
		 .visitor = "v-1",
		 .weak = VISITOR,
		 .weak_value = "v-1",
		 .blocked = 1},
		{.row = "a form",
		 .anonymous = "c-1",
		 .email = " Ann@Acme.test",
		 .weak = COOKIE,
		 .weak_value = "c-1",
		 .strong = EMAIL_ANN,
		 .strong_value = "ann@acme.test",
		 .address = EMAIL_ANN,
		 .address_value = "ann@acme.test"},
		{.row = "a login goes before its address",
		 .user = "42",
		 .email = "ann@acme.test",
		 .strong = USER_42,
		 .strong_value = "42",
		 .address = EMAIL_ANN,
		 .address_value = "ann@acme.test"},
		{.row = "an address goes before a CRM contact",
		 .email = "ann@acme.test",
		 .crm = "42",
		 .strong = EMAIL_ANN,
		 .strong_value = "ann@acme.test",
		 .address = EMAIL_ANN,
		 .address_value = "ann@acme.test"},
		{.row = "a CRM contact alone", .crm = "42", .strong = CRM_42, .strong_value = "42"},
		{.row = "an actor id in place of the address",
		 .email_actor = true,
		 .strong = ONLY_ID,
		 .strong_value = "",
		 .address = ONLY_ID,
		 .address_value = ""},
		{.row = "the address itself goes before the actor id",
		 .email = "ann@acme.test",
		 .email_actor = true,
		 .strong = EMAIL_ANN,
		 .strong_value = "ann@acme.test",
		 .address = EMAIL_ANN,
		 .address_value = "ann@acme.test"},
		{.row = "no address, but its actor id",
		 .email = "ann",
		 .email_actor = true,
		 .strong = ONLY_ID,
		 .strong_value = "",
		 .address = ONLY_ID,
		 .address_value = "",
		 .blocked = 1},
		{.row = "a user id that looks like an address stays a user",
		 .user = "ann@acme.test",
		 .strong = USER_ANN,
		 .strong_value = "ann@acme.test"},
		{.row = "an address that configuration blocks", .email = "NoReply@acme.test", .blocked = 1},
		{.row = "all of it nobody's",
		 .anonymous = "0",
		 .visitor = "null",
		 .recipient = " ",
		 .user = "guest",
		 .email = "test",
		 .crm = "00000000-0000-0000-0000-000000000000",
		 .blocked = 6},
	};
	struct arena arena;
	ck_assert(arena_init(&arena, 65536));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
#define GIVEN(field) (rows[i].field == NULL ? "" : rows[i].field)
		struct event event = {.site = "shop"};
		event.identity.anonymous_id = GIVEN(anonymous);
		event.identity.visitor_id = GIVEN(visitor);
		event.identity.recipient_id = GIVEN(recipient);
		event.identity.user_id = GIVEN(user);
		event.identity.email = GIVEN(email);
		event.identity.crm_id = GIVEN(crm);
		event.identity.has_email_actor = rows[i].email_actor;
		for (uint8_t byte = 0; byte < 16; byte++) {
			event.identity.email_actor[byte] = (uint8_t)(byte + 1);
		}
		struct identified who;
		ck_assert(identify_event(&event, &options, &arena, &who));
		check_actor(rows[i].row, who.has_weak, &who.weak, rows[i].weak, rows[i].weak_value);
		check_actor(rows[i].row, who.has_strong, &who.strong, rows[i].strong, rows[i].strong_value);
		check_actor(rows[i].row, who.has_address, &who.address, rows[i].address, rows[i].address_value);
		ck_assert_msg(who.blocked == rows[i].blocked, "%s: %u blocked", rows[i].row, who.blocked);
	}
	arena_finish(&arena);
}
END_TEST

START_TEST(an_alias_names_whom_it_was_before)
{
	static const char before[] = "00112233-4455-6677-8899-aabbccddeeff";
	static const struct {
		const char *row;
		enum action action;
		const char *source, *previous;
		bool by_person, has_previous, by_hand;
		unsigned blocked;
	} rows[] = {
		{"a user id", ACTION_ALIAS, "tracker", " 41 ", true, true, false, 0},
		{"none", ACTION_ALIAS, "tracker", "", true, false, false, 0},
		{"nobody's", ACTION_ALIAS, "tracker", "null", true, false, false, 1},
		{"of a browser alone", ACTION_ALIAS, "tracker", "41", false, false, false, 0},
		{"of what is no alias", ACTION_IDENTIFY, "tracker", "41", true, false, false, 0},
		{"by hand, an actor's id", ACTION_ALIAS, "phasectl", before, true, true, true, 0},
		{"by hand, what is none", ACTION_ALIAS, "phasectl", "41", true, false, true, 1},
	};
	struct arena arena;
	ck_assert(arena_init(&arena, 65536));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = event_blank;
		event.action = rows[i].action;
		event.source = rows[i].source;
		event.site = "shop";
		event.identity.anonymous_id = "c1";
		event.identity.has_email_actor = rows[i].by_person;
		event.identity.email_actor[0] = 1;
		event.identity.previous_id = rows[i].previous;
		struct identified who;
		ck_assert(identify_event(&event, &options, &arena, &who));
		ck_assert_msg(who.has_previous == rows[i].has_previous && who.by_hand == rows[i].by_hand &&
				      who.blocked == rows[i].blocked,
			      "%s", rows[i].row);
		if (who.has_previous && !who.by_hand) {
			ck_assert_str_eq(who.previous.value, "41");
			ck_assert_int_eq(who.previous.kind, ACTOR_USER);
		}
	}
	arena_finish(&arena);
}
END_TEST

START_TEST(all_whom_an_event_names_are_listed_once)
{
	static const struct {
		const char *anonymous, *visitor, *user, *email, *crm, *previous;
		const char *named; /* kinds, in order */
	} rows[] = {
		{"", "", "", "", "", "", ""},
		{"c1", "v1", "", "", "", "", "cookie"},
		{"", "", "", "ann@firma.test", "", "", "email"},
		{"c1", "", "41", "", "", "", "cookie user"},
		{"c1", "", "41", "ann@firma.test", "", "", "cookie user email"},
		{"", "", "", "ann@firma.test", "71", "", "email crm"},
		{"", "", "", "", "71", "", "crm"},
		{"c1", "", "41", "ann@firma.test", "71", "40", "cookie user email crm user"},
		{"", "", "41", "", "", "41", "user"},
	};
	struct arena arena;
	ck_assert(arena_init(&arena, 65536));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = event_blank;
		event.action = ACTION_ALIAS;
		event.site = "shop";
		event.identity.anonymous_id = rows[i].anonymous;
		event.identity.visitor_id = rows[i].visitor;
		event.identity.user_id = rows[i].user;
		event.identity.email = rows[i].email;
		event.identity.crm_id = rows[i].crm;
		event.identity.previous_id = rows[i].previous;
		struct identified who;
		const struct actor *named[IDENTIFY_NAMED_MAX];
		char kinds[64] = "";
		ck_assert(identify_event(&event, &options, &arena, &who));
		size_t count = identify_named(&who, named), size = 0;
		for (size_t j = 0; j < count; j++) {
			size += (size_t)snprintf(kinds + size, sizeof(kinds) - size, "%s%s", j > 0 ? " " : "",
						 actor_kind_name(named[j]->kind));
			ck_assert_uint_lt(size, sizeof(kinds));
		}
		ck_assert_str_eq(kinds, rows[i].named);
	}
	arena_finish(&arena);
}
END_TEST

START_TEST(group_calls_and_the_crm_name_an_account)
{
	static const struct {
		const char *row;
		enum channel channel;
		enum action action;
		const char *given, *account;
	} rows[] = {
		{"a group call", CHANNEL_WEB, ACTION_GROUP, " ACME.test\n", "acme.test"},
		{"the CRM", CHANNEL_CRM, ACTION_IDENTIFY, "blåbær.test", "xn--blbr-roah.test"},
		{"a host stays one", CHANNEL_CRM, ACTION_OPP_CHANGED, "mail.acme.test", "mail.acme.test"},
		{"what somebody typed into a form", CHANNEL_WEB, ACTION_FORM_SUBMIT, "acme.test", ""},
		{"a login", CHANNEL_WEB, ACTION_IDENTIFY, "acme.test", ""},
		{"nothing", CHANNEL_CRM, ACTION_IDENTIFY, "", ""},
		{"an address", CHANNEL_CRM, ACTION_IDENTIFY, "ann@acme.test", ""},
		{"a URL", CHANNEL_WEB, ACTION_GROUP, "https://acme.test/", ""},
		{"no host name", CHANNEL_WEB, ACTION_GROUP, "Acme A/S", ""},
		{"254 bytes", CHANNEL_WEB, ACTION_GROUP, TEXT_250 ".com", ""},
	};
	struct arena arena;
	ck_assert(arena_init(&arena, 65536));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = event_blank;
		event.channel = rows[i].channel;
		event.action = rows[i].action;
		event.identity.user_id = "42";
		event.identity.company_domain = rows[i].given;
		struct identified who;
		ck_assert(identify_event(&event, &options, &arena, &who));
		ck_assert_msg(strcmp(who.account, rows[i].account) == 0, "%s: %s", rows[i].row, who.account);
	}
	arena_finish(&arena);
}
END_TEST

START_TEST(an_actor_id_of_zeros_is_blocked)
{
	struct event event = {.site = "shop"};
	event.identity.anonymous_id = event.identity.visitor_id = event.identity.recipient_id = "";
	event.identity.user_id = event.identity.email = event.identity.crm_id = "";
	event.identity.has_email_actor = true;
	struct identified who;
	struct arena arena;
	ck_assert(arena_init(&arena, 4096));
	ck_assert(identify_event(&event, &options, &arena, &who));
	ck_assert(!who.has_strong && !who.has_address && who.blocked == 1);
	arena_finish(&arena);
}
END_TEST

START_TEST(a_full_arena_is_said)
{
	static const struct {
		const char *anonymous_id, *email;
		bool fits;
	} rows[] = {{" c-1", "", true}, {"c-1 ", "", false}, {"", "ann@firma.test", false}, {"c-1", "", true}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = {.site = "shop"};
		event.identity.anonymous_id = rows[i].anonymous_id;
		event.identity.email = rows[i].email;
		event.identity.visitor_id = event.identity.recipient_id = "";
		event.identity.user_id = event.identity.crm_id = "";
		struct identified who = {.blocked = 7};
		struct arena arena;
		ck_assert(arena_init(&arena, 4096));
		ck_assert_ptr_nonnull(arena_take(&arena, 4096));
		ck_assert_msg(identify_event(&event, &options, &arena, &who) == rows[i].fits, "row %zu", i);
		ck_assert_msg(who.blocked == (rows[i].fits ? 0 : 7), "row %zu", i);
		arena_finish(&arena);
	}
}
END_TEST

TEST_MAIN("identify", actor_ids_are_keyed_hashes, a_key_has_a_name_of_its_own, addresses_are_normalised,
	  ids_are_trimmed_and_nobodys_ids_blocked, an_event_tells_a_weak_and_a_strong_actor,
	  an_alias_names_whom_it_was_before, all_whom_an_event_names_are_listed_once,
	  group_calls_and_the_crm_name_an_account, an_actor_id_of_zeros_is_blocked, a_full_arena_is_said)

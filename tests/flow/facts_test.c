/* core/flow/facts.h: what an event states, and what all of it makes of a person. */
#include "core/flow/facts.h"

#include <inttypes.h>
#include <string.h>

#include "core/flow/attribute.h"
#include "tests/random.h"
#include "tests/table.h"

#define EVENT_ID UINT64_C(0xfedcba9876543210)

static const struct actor cookie = {{{1}}, ACTOR_COOKIE, "shop", "c-1"};
static const struct actor ann = {{{2}}, ACTOR_EMAIL, "", "ann@acme.test"};
static const struct actor ann_only = {{{2}}, ACTOR_EMAIL, "", ""};
static const struct actor user = {{{3}}, ACTOR_USER, "shop", "42"};

/* A form that Ann filled in with all that a form may ask, both consents granted. */
static struct event form(void)
{
	struct event event = {.source = "snowplow",
			      .action = ACTION_FORM_SUBMIT,
			      .occurred_us = 100,
			      .stamped_us = 90,
			      .party = PARTY_PERSON};
	event.identity.name = "Ann Berg";
	event.identity.title = "Økonomichef";
	event.identity.role = "CFO";
	event.identity.company = "Acme";
	event.consent.profile = STATEMENT_GRANTED;
	event.consent.contact = STATEMENT_GRANTED;
	event.consent.policy = "2026-1";
	return event;
}

static struct identified who(const struct actor *weak, const struct actor *strong, const struct actor *address)
{
	struct identified who = {
		.has_weak = weak != NULL, .has_strong = strong != NULL, .has_address = address != NULL};
	if (weak != NULL) {
		who.weak = *weak;
	}
	if (strong != NULL) {
		who.strong = *strong;
	}
	if (address != NULL) {
		who.address = *address;
	}
	return who;
}

START_TEST(a_form_states_all_it_was_filled_in_with)
{
	struct event event = form();
	struct identified identified = who(&cookie, &ann, &ann);
	struct facts facts;
	facts_from_event(&event, &identified, EVENT_ID, 0, &facts);

	ck_assert(facts.has_claim);
	ck_assert(uuid_equal(&facts.claim.weak, &cookie.id) && uuid_equal(&facts.claim.strong, &ann.id));
	ck_assert_int_eq(facts.claim.at_us, 100);
	ck_assert_int_eq(facts.claim.key.stamped_us, 90);
	ck_assert_uint_eq(facts.claim.key.event_id, EVENT_ID);
	ck_assert_int_eq(facts.claim.strength, CLAIM_CLAIMED);

	ck_assert_uint_eq(facts.consent_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct consent *consent = &facts.consents[i];
		ck_assert_uint_eq(consent->purpose, i);
		ck_assert_int_eq(consent->state, STATEMENT_GRANTED);
		ck_assert(uuid_equal(&consent->actor_id, &ann.id));
		ck_assert(consent->at_us == 100 && consent->key.stamped_us == 90 &&
			  consent->key.event_id == EVENT_ID);
		ck_assert_str_eq(consent->source, "snowplow");
		ck_assert_str_eq(consent->policy, "2026-1");
	}

	static const char *const values[ATTRIBUTE_COUNT] = {"ann@acme.test", "Ann Berg", "CFO", "Økonomichef",
							    "Acme"};
	ck_assert_uint_eq(facts.declared_count, ATTRIBUTE_COUNT);
	for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
		const struct declared *declared = &facts.declared[i];
		ck_assert_uint_eq(declared->attribute, i);
		ck_assert_str_eq(declared->value, values[i]);
		ck_assert(uuid_equal(&declared->actor_id, &ann.id));
		ck_assert(declared->at_us == 100 && declared->key.stamped_us == 90 &&
			  declared->key.event_id == EVENT_ID);
		ck_assert_str_eq(declared->source, "snowplow");
	}
}
END_TEST

/* Shorter for the table below. */
#define U STATEMENT_UNSAID
#define G STATEMENT_GRANTED
#define D STATEMENT_DENIED
#define W STATEMENT_WITHDRAWN

START_TEST(what_an_event_states_depends_on_who_says_it)
{
	static const struct {
		const char *row;
		const struct actor *weak, *strong, *address;
		enum action action;
		enum party party;
		uint32_t reasons;
		bool verified;
		enum statement profile, contact; /* as the event has them */
		bool claim;
		enum statement says_profile, says_contact; /* as facts */
		unsigned declared;
	} rows[] = {
		{"a form", &cookie, &ann, &ann, ACTION_FORM_SUBMIT, PARTY_PERSON, 0, false, G, G, true, G, G, 5},
		{"a party that is unsaid is a person", &cookie, &ann, &ann, ACTION_FORM_SUBMIT, PARTY_UNSAID, 0,
		 false, G, G, true, G, G, 5},
		{"nobody strong", &cookie, NULL, NULL, ACTION_FORM_SUBMIT, PARTY_PERSON, 0, false, G, G, false, U,
		 U, 0},
		{"nobody weak", NULL, &ann, &ann, ACTION_IDENTIFY, PARTY_PERSON, 0, false, G, U, false, G, U, 5},
		{"nobody at all", NULL, NULL, NULL, ACTION_PAGE_VIEW, PARTY_PERSON, 0, false, G, G, false, U, U,
		 0},
		{"a login with its address", &cookie, &user, &ann, ACTION_IDENTIFY, PARTY_PERSON, 0, true, G, U,
		 true, G, U, 5},
		{"a login without", &cookie, &user, NULL, ACTION_IDENTIFY, PARTY_PERSON, 0, true, G, U, true, G, U,
		 4},
		{"only the address's actor id", &cookie, &ann_only, &ann_only, ACTION_FORM_SUBMIT, PARTY_PERSON, 0,
		 false, G, U, true, G, U, 4},

		{"no word about consent", &cookie, &ann, &ann, ACTION_FORM_SUBMIT, PARTY_PERSON, 0, false, U, U,
		 true, U, U, 0},
		{"leave to write is none to store", &cookie, &ann, &ann, ACTION_FORM_SUBMIT, PARTY_PERSON, 0,
		 false, U, G, true, U, G, 0},
		{"profile denied", &cookie, &ann, &ann, ACTION_FORM_SUBMIT, PARTY_PERSON, 0, false, D, D, true, D,
		 D, 0},
		{"profile withdrawn", NULL, &ann, &ann, ACTION_CONSENT, PARTY_PERSON, 0, false, W, U, false, W, U,
		 0},

		{"a scanner follows a personal link", &cookie, &ann, &ann, ACTION_EMAIL_CLICK, PARTY_PERSON,
		 MACHINE_TOO_SOON, true, U, U, false, U, U, 0},
		{"a machine grants nothing", &cookie, &ann, &ann, ACTION_FORM_SUBMIT, PARTY_PERSON,
		 MACHINE_HONEYPOT, false, G, G, false, U, U, 0},
		{"what a machine refuses counts", &cookie, &ann, &ann, ACTION_CONSENT, PARTY_PERSON,
		 MACHINE_USER_AGENT, false, W, D, false, W, D, 0},
		{"an agent claims nothing and tells nothing", &cookie, &ann, &ann, ACTION_CHAT_MESSAGE,
		 PARTY_AGENT, 0, false, G, U, false, G, U, 0},
		{"nor does a bot", &cookie, &ann, &ann, ACTION_CHAT_MESSAGE, PARTY_BOT, 0, false, U, U, false, U,
		 U, 0},
		{"nor a system", &cookie, &ann, &ann, ACTION_EMAIL_DELIVERED, PARTY_SYSTEM, 0, true, W, W, false,
		 W, W, 0},

		{"a signed unsubscribe", NULL, &ann, &ann, ACTION_EMAIL_UNSUBSCRIBE, PARTY_PERSON, 0, true, U, U,
		 false, U, W, 0},
		{"one that anybody can send", NULL, &ann, &ann, ACTION_EMAIL_UNSUBSCRIBE, PARTY_PERSON, 0, false,
		 U, W, false, U, U, 0},
		{"one that a scanner made", NULL, &ann, &ann, ACTION_EMAIL_UNSUBSCRIBE, PARTY_PERSON,
		 MACHINE_ALL_LINKS, true, U, W, false, U, U, 0},
		{"one that anybody can send, and a scanner did", NULL, &ann, &ann, ACTION_EMAIL_UNSUBSCRIBE,
		 PARTY_PERSON, MACHINE_ALL_LINKS, false, U, W, false, U, U, 0},
		{"an unsubscribe grants nothing", NULL, &ann, &ann, ACTION_EMAIL_UNSUBSCRIBE, PARTY_PERSON, 0,
		 true, U, G, false, U, W, 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = form();
		event.action = rows[i].action;
		event.party = rows[i].party;
		event.identity.verified = rows[i].verified;
		event.consent.profile = rows[i].profile;
		event.consent.contact = rows[i].contact;
		struct identified identified = who(rows[i].weak, rows[i].strong, rows[i].address);
		struct facts facts;
		facts_from_event(&event, &identified, EVENT_ID, rows[i].reasons, &facts);

		ck_assert_msg(facts.has_claim == rows[i].claim, "%s: claim", rows[i].row);
		if (facts.has_claim) {
			ck_assert_msg((facts.claim.strength == CLAIM_VERIFIED) == rows[i].verified, "%s",
				      rows[i].row);
			ck_assert(uuid_equal(&facts.claim.strong, &rows[i].strong->id));
		}
		int says[PURPOSE_COUNT] = {U, U, U};
		for (unsigned k = 0; k < facts.consent_count; k++) {
			says[facts.consents[k].purpose] = facts.consents[k].state;
			ck_assert_int_ne(facts.consents[k].state, U);
		}
		ck_assert_msg(says[PURPOSE_PROFILE] == (int)rows[i].says_profile, "%s: profile", rows[i].row);
		ck_assert_msg(says[PURPOSE_CONTACT] == (int)rows[i].says_contact, "%s: contact", rows[i].row);
		bool is_scanned =
			rows[i].action == ACTION_EMAIL_UNSUBSCRIBE && rows[i].verified && rows[i].reasons != 0;
		ck_assert_msg(says[PURPOSE_REVIEW] == (is_scanned ? (int)W : (int)U), "%s: review", rows[i].row);
		ck_assert_msg(facts.declared_count == rows[i].declared, "%s: %u declared", rows[i].row,
			      facts.declared_count);
		for (unsigned k = 0; k < facts.declared_count; k++) {
			ck_assert(uuid_equal(&facts.declared[k].actor_id, &rows[i].strong->id));
		}
	}
}
END_TEST

START_TEST(a_scanners_unsubscribe_becomes_what_is_configured)
{
	static const struct {
		enum consent_scanner policy;
		unsigned count;
		enum purpose purpose; /* of the last one */
	} rows[] = {{CONSENT_REVIEW, 2, PURPOSE_REVIEW},
		    {CONSENT_WITHDRAW, 2, PURPOSE_CONTACT},
		    {CONSENT_DROP, 1, PURPOSE_PROFILE}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = form();
		event.action = ACTION_EMAIL_UNSUBSCRIBE;
		event.identity.verified = true;
		event.consent.profile = D;
		struct identified identified = who(NULL, &ann, &ann);
		struct facts facts;
		facts_from_event(&event, &identified, EVENT_ID, MACHINE_ALL_LINKS, &facts);
		facts_review(&facts, rows[i].policy);
		ck_assert_uint_eq(facts.consent_count, rows[i].count);
		ck_assert_int_eq(facts.consents[rows[i].count - 1].purpose, rows[i].purpose);
		ck_assert_int_eq(facts.consents[0].purpose, PURPOSE_PROFILE);
		/* What a person unsubscribed counts whatever is configured. */
		facts_from_event(&event, &identified, EVENT_ID, 0, &facts);
		facts_review(&facts, rows[i].policy);
		ck_assert_uint_eq(facts.consent_count, 2);
		ck_assert_int_eq(facts.consents[1].purpose, PURPOSE_CONTACT);
	}
}
END_TEST

START_TEST(blank_fields_are_not_declared)
{
	struct event event = form();
	event.identity.name = "";
	event.identity.role = " \t";
	event.identity.title = "\u00a0";
	struct identified identified = who(NULL, &ann_only, &ann_only);
	struct facts facts;
	facts_from_event(&event, &identified, EVENT_ID, 0, &facts);
	ck_assert_uint_eq(facts.declared_count, 1);
	ck_assert_int_eq(facts.declared[0].attribute, ATTRIBUTE_COMPANY);
}
END_TEST

/* ── persons ──────────────────────────────────────────────────────────────────────────────────────────────────── */

#define PROFILE(at, id, said) \
	{ \
		.purpose = PURPOSE_PROFILE, .at_us = at, .key = {at, id}, .state = said \
	}
#define CONTACT(at, id, said) \
	{ \
		.purpose = PURPOSE_CONTACT, .at_us = at, .key = {at, id}, .state = said \
	}
#define SAID(at, id, what, text) \
	{ \
		.attribute = ATTRIBUTE_##what, .at_us = at, .key = {at, id}, .value = text \
	}
#define SAME(a, b) (((a) == NULL && (b) == NULL) || ((a) != NULL && (b) != NULL && strcmp(a, b) == 0))

START_TEST(a_person_is_what_was_said_last_with_consent)
{
	static const struct {
		const char *row;
		struct consent consents[4];  /* state UNSAID ends */
		struct declared declared[4]; /* value NULL ends */
		bool consented, may_write;
		const char *name, *role_declared, *title;
		enum role role;
		bool inferred;
	} rows[] = {
		{.row = "nothing known"},
		{"granted",
		 {PROFILE(5, 1, G)},
		 {SAID(5, 1, NAME, "Ann")},
		 true,
		 false,
		 "Ann",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 false},
		{"leave to write, too",
		 {PROFILE(5, 1, G), CONTACT(5, 1, G)},
		 {SAID(5, 1, NAME, "Ann")},
		 true,
		 true,
		 "Ann",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 false},
		{"leave to write alone", {CONTACT(5, 1, G)}, {SAID(5, 1, NAME, "Ann")}, .consented = false},
		{"leave to write taken back",
		 {PROFILE(5, 1, G), CONTACT(5, 1, G), CONTACT(6, 2, W)},
		 {SAID(5, 1, NAME, "Ann")},
		 true,
		 false,
		 "Ann",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 false},
		{"denied after it",
		 {PROFILE(5, 1, G), PROFILE(6, 2, D)},
		 {SAID(5, 1, NAME, "Ann")},
		 .consented = false},
		{"withdrawn, granted again: what was said before is gone",
		 {PROFILE(5, 1, G), PROFILE(6, 2, W), PROFILE(7, 3, G)},
		 {SAID(5, 1, NAME, "Ann"), SAID(7, 3, TITLE, "Skipper")},
		 true,
		 false,
		 NULL,
		 NULL,
		 "Skipper",
		 ROLE_NONE,
		 false},
		{"denied at the same time by an earlier event: granted, yet the value is gone",
		 {PROFILE(5, 1, D), PROFILE(5, 2, G)},
		 {SAID(5, 2, NAME, "Ann")},
		 .consented = true},
		{"denied before it",
		 {PROFILE(4, 1, D), PROFILE(5, 2, G)},
		 {SAID(5, 2, NAME, "Ann")},
		 true,
		 false,
		 "Ann",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 false},
		{"a contact refusal drops no value",
		 {PROFILE(5, 1, G), CONTACT(6, 2, W)},
		 {SAID(5, 1, NAME, "Ann")},
		 true,
		 false,
		 "Ann",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 false},
		{"the newest name",
		 {PROFILE(5, 1, G), PROFILE(6, 0, G)},
		 {SAID(6, 0, NAME, "Ann Berg"), SAID(5, 1, NAME, "Ann")},
		 true,
		 false,
		 "Ann Berg",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 false},
		{"of one time the later event's, without sign",
		 {PROFILE(5, 1, G), PROFILE(5, UINT64_MAX, G)},
		 {SAID(5, UINT64_MAX, NAME, "Ann"), SAID(5, 1, NAME, "Berg")},
		 true,
		 false,
		 "Ann",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 false},
		{"of one event the greater text",
		 {PROFILE(5, 1, G)},
		 {SAID(5, 1, NAME, "B"), SAID(5, 1, NAME, "A")},
		 true,
		 false,
		 "B",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 false},
		{"a declared role goes before the title",
		 {PROFILE(5, 1, G), PROFILE(6, 2, G)},
		 {SAID(5, 1, ROLE, "Indkøber"), SAID(6, 2, TITLE, "CEO")},
		 true,
		 false,
		 NULL,
		 "Indkøber",
		 "CEO",
		 ROLE_PROCUREMENT,
		 false},
		{"a title alone tells the role",
		 {PROFILE(5, 1, G)},
		 {SAID(5, 1, TITLE, "IT-chef")},
		 true,
		 false,
		 NULL,
		 NULL,
		 "IT-chef",
		 ROLE_IT,
		 true},
		{"a role nobody knows leaves it to the title",
		 {PROFILE(5, 1, G)},
		 {SAID(5, 1, ROLE, "decider"), SAID(5, 1, TITLE, "CEO")},
		 true,
		 false,
		 NULL,
		 "decider",
		 "CEO",
		 ROLE_CEO,
		 true},
		{"a role nobody knows is another one",
		 {PROFILE(5, 1, G)},
		 {SAID(5, 1, ROLE, "decider"), SAID(5, 1, TITLE, "Skipper")},
		 true,
		 false,
		 NULL,
		 "decider",
		 "Skipper",
		 ROLE_OTHER,
		 false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t consents = 0, declared = 0;
		while (consents < 4 && rows[i].consents[consents].state != U) {
			consents++;
		}
		while (declared < 4 && rows[i].declared[declared].value != NULL) {
			declared++;
		}
		struct person person;
		facts_person(rows[i].consents, consents, rows[i].declared, declared, &person);
		ck_assert_msg(person.consented == rows[i].consented, "%s: consented", rows[i].row);
		ck_assert_msg(person.may_write == rows[i].may_write, "%s: may write", rows[i].row);
		ck_assert_msg(SAME(person.name, rows[i].name), "%s: name", rows[i].row);
		ck_assert_msg(SAME(person.role_declared, rows[i].role_declared), "%s: role", rows[i].row);
		ck_assert_msg(SAME(person.title, rows[i].title), "%s: title", rows[i].row);
		ck_assert_msg(person.role == rows[i].role, "%s: role %d", rows[i].row, (int)person.role);
		ck_assert_msg(person.role_inferred == rows[i].inferred, "%s: inferred", rows[i].row);
		ck_assert_ptr_null(person.address);
		ck_assert_ptr_null(person.company);
	}
}
END_TEST

#define EVENTS_MAX 8
#define ROUNDS 20000

/* What events of one person state: consents, and values where the event grants profile. */
struct said {
	size_t consent_count, declared_count;
	struct consent consents[EVENTS_MAX * PURPOSE_COUNT];
	struct declared declared[EVENTS_MAX * ATTRIBUTE_COUNT];
};

static struct facts some_facts(uint64_t *state)
{
	static const char *const texts[] = {"", "CFO", "CEO", "Ann"};
	struct event event = form();
	event.occurred_us = (int64_t)random_below(state, 4);
	event.stamped_us = (int64_t)random_below(state, 2);
	event.identity.name = texts[random_below(state, 4)];
	event.identity.role = texts[random_below(state, 4)];
	event.identity.title = texts[random_below(state, 4)];
	event.consent.profile =
		random_below(state, 2) == 0 ? G : (enum statement)random_below(state, STATEMENT_COUNT);
	event.consent.contact = (enum statement)random_below(state, STATEMENT_COUNT);
	struct identified identified = who(NULL, &ann, &ann);
	struct facts facts;
	facts_from_event(&event, &identified, random_below(state, 3) << 62, 0, &facts);
	return facts;
}

static void say(struct said *said, const struct facts *facts)
{
	memcpy(said->consents + said->consent_count, facts->consents,
	       facts->consent_count * sizeof(facts->consents[0]));
	said->consent_count += facts->consent_count;
	memcpy(said->declared + said->declared_count, facts->declared,
	       facts->declared_count * sizeof(facts->declared[0]));
	said->declared_count += facts->declared_count;
}

static struct person person_of(const struct said *said)
{
	struct person person;
	facts_person(said->consents, said->consent_count, said->declared, said->declared_count, &person);
	return person;
}

static bool same_person(const struct person *a, const struct person *b)
{
	return a->consented == b->consented && a->may_write == b->may_write && SAME(a->address, b->address) &&
	       SAME(a->name, b->name) && SAME(a->role_declared, b->role_declared) && SAME(a->title, b->title) &&
	       SAME(a->company, b->company) && a->role == b->role && a->role_inferred == b->role_inferred;
}

START_TEST(statements_in_any_order_make_the_same_person)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t state = seed;
		struct said said = {0};
		for (size_t count = random_below(&state, EVENTS_MAX + 1); count > 0; count--) {
			struct facts facts = some_facts(&state);
			say(&said, &facts);
		}
		struct person person = person_of(&said);
		random_shuffle(&state, said.consents, said.consent_count, sizeof(said.consents[0]));
		random_shuffle(&state, said.declared, said.declared_count, sizeof(said.declared[0]));
		struct person again = person_of(&said);
		ck_assert_msg(same_person(&person, &again), "seed %" PRIu64, seed);
	}
}
END_TEST

/* A store that deletes at each event what does not stand then ends with the same person as one that kept everything:
 * what is deleted is never missed. */
START_TEST(what_was_deleted_on_the_way_is_never_missed)
{
	unsigned deleted = 0, kept = 0;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t state = seed;
		struct said all = {0}, store = {0};
		for (size_t count = random_below(&state, EVENTS_MAX + 1); count > 0; count--) {
			struct facts facts = some_facts(&state);
			say(&all, &facts);
			say(&store, &facts);
			size_t left = 0;
			for (size_t i = 0; i < store.declared_count; i++) {
				if (facts_declared_stands(&store.declared[i], store.consents,
							  store.consent_count)) {
					store.declared[left++] = store.declared[i];
				} else {
					deleted++;
				}
			}
			store.declared_count = left;
		}
		struct person person = person_of(&all), stored = person_of(&store);
		ck_assert_msg(same_person(&person, &stored), "seed %" PRIu64, seed);
		ck_assert(person.consented || store.declared_count == 0);
		kept += store.declared_count > 0;
	}
	ck_assert(deleted > ROUNDS / 2 && kept > ROUNDS / 4);
}
END_TEST

TEST_MAIN("facts", a_form_states_all_it_was_filled_in_with, what_an_event_states_depends_on_who_says_it,
	  a_scanners_unsubscribe_becomes_what_is_configured, blank_fields_are_not_declared,
	  a_person_is_what_was_said_last_with_consent, statements_in_any_order_make_the_same_person,
	  what_was_deleted_on_the_way_is_never_missed)

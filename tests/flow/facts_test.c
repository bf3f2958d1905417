/* core/flow/facts.h: what an event states, and that all of it makes the same person in any order. */
#include "core/flow/facts.h"

#include <inttypes.h>
#include <string.h>

#include "core/flow/attribute.h"
#include "tests/flow/facts_form.h"
#include "tests/random.h"
#include "tests/table.h"

#define EVENT_ID UINT64_C(0xfedcba9876543210)

static const struct actor cookie = {{{1}}, ACTOR_COOKIE, "shop", "c-1"};
static const struct actor ann_only = {{{2}}, ACTOR_EMAIL, "", ""};
static const struct actor user = {{{3}}, ACTOR_USER, "shop", "42"};

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

	static const char *const values[] = {"ann@acme.test", "Ann Berg", "CFO", "Økonomichef", "Acme"};
	ck_assert_uint_eq(facts.declared_count, COUNT_OF(values));
	for (unsigned i = 0; i < COUNT_OF(values); i++) {
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

START_TEST(a_crm_record_tells_of_a_person_whoever_entered_it)
{
	static const struct {
		const char *row;
		enum channel channel;
		enum action action;
		enum party party;
		uint32_t reasons;
		unsigned declared; /* a bit each attribute */
	} rows[] = {
#define ALL_BUT_ROLE \
	(1u << ATTRIBUTE_ADDRESS | 1u << ATTRIBUTE_NAME | 1u << ATTRIBUTE_TITLE | 1u << ATTRIBUTE_COMPANY | \
	 1u << ATTRIBUTE_ACCOUNT)
		{"a form", CHANNEL_WEB, ACTION_FORM_SUBMIT, PARTY_PERSON, 0, ALL_BUT_ROLE | 1u << ATTRIBUTE_ROLE},
		{"by a person", CHANNEL_CRM, ACTION_IDENTIFY, PARTY_PERSON, 0,
		 ALL_BUT_ROLE | 1u << ATTRIBUTE_CRM_ROLE},
		{"by an agent", CHANNEL_CRM, ACTION_IDENTIFY, PARTY_AGENT, 0,
		 ALL_BUT_ROLE | 1u << ATTRIBUTE_CRM_ROLE},
		{"by a system", CHANNEL_CRM, ACTION_IDENTIFY, PARTY_SYSTEM, 0,
		 ALL_BUT_ROLE | 1u << ATTRIBUTE_CRM_ROLE},
		{"by a bot", CHANNEL_CRM, ACTION_IDENTIFY, PARTY_BOT, 0, 0},
		{"by what looks like a machine", CHANNEL_CRM, ACTION_IDENTIFY, PARTY_AGENT, MACHINE_HONEYPOT, 0},
		{"an agent in a chat", CHANNEL_CHAT, ACTION_CHAT_MESSAGE, PARTY_AGENT, 0, 0},
#undef ALL_BUT_ROLE
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event event = form();
		event.channel = rows[i].channel;
		event.action = rows[i].action;
		event.party = rows[i].party;
		struct identified identified = who(&cookie, &ann, &ann);
		identified.account = "acme.test";
		struct facts facts;
		facts_from_event(&event, &identified, EVENT_ID, rows[i].reasons, &facts);
		unsigned declared = 0;
		for (unsigned k = 0; k < facts.declared_count; k++) {
			declared |= 1u << facts.declared[k].attribute;
		}
		ck_assert_msg(declared == rows[i].declared, "%s: %x", rows[i].row, declared);
		bool claims = rows[i].party == PARTY_PERSON && rows[i].reasons == 0;
		ck_assert_msg(facts.has_claim == claims, "%s: claim", rows[i].row);
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
	static const char *const hosts[] = {"acme.test", "nord.acme.test", "co.uk"};
	struct event event = form();
	event.occurred_us = (int64_t)random_below(state, 4);
	event.stamped_us = (int64_t)random_below(state, 2);
	event.identity.name = texts[random_below(state, 4)];
	event.identity.role = texts[random_below(state, 4)];
	event.identity.title = texts[random_below(state, 4)];
	event.channel = random_below(state, 3) == 0 ? CHANNEL_CRM : CHANNEL_WEB;
	event.consent.profile =
		random_below(state, 2) == 0 ? G : (enum statement)random_below(state, STATEMENT_COUNT);
	event.consent.contact = (enum statement)random_below(state, STATEMENT_COUNT);
	struct identified identified = who(NULL, &ann, &ann);
	identified.account = random_below(state, 3) == 0 ? hosts[random_below(state, COUNT_OF(hosts))] : "";
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
	const struct facts_part part = {said->consents, said->consent_count, said->declared, said->declared_count};
	facts_person(&part, 1, &person);
	return person;
}

static bool same_person(const struct person *a, const struct person *b)
{
	return a->consented == b->consented && a->may_write == b->may_write && SAME(a->address, b->address) &&
	       SAME(a->name, b->name) && SAME(a->role_declared, b->role_declared) && SAME(a->title, b->title) &&
	       SAME(a->company, b->company) && a->role == b->role && a->role_source == b->role_source &&
	       a->role_at_us == b->role_at_us && a->role_since_us == b->role_since_us && SAME(a->host, b->host) &&
	       SAME(a->domain, b->domain) && a->named == b->named;
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
	  a_crm_record_tells_of_a_person_whoever_entered_it, statements_in_any_order_make_the_same_person,
	  what_was_deleted_on_the_way_is_never_missed)

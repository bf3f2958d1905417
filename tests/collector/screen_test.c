/* collector/screen.h: what may leave the collector. */
#include "collector/screen.h"

#include <string.h>

#include "collector/conf.h"
#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/flow/decode.h"
#include "tests/table.h"

static struct arena arena;
static const struct identity_key key = {.bytes = "0123456789abcdef0123456789abcdef", .size = 32};
static const struct consent_policy consent = {
	.unsaid = {[CHANNEL_WEB] = CONSENT_REQUIRE, [CHANNEL_CHAT] = CONSENT_ALLOW}};
static const char *const agents[] = {"acme monitor", "acme probe"}, *const no_machines[] = {"pingdom"};
static const struct screen_options options = {.consent = &consent,
					      .identify = {.key = &key},
					      .user_agents = agents,
					      .user_agents_count = COUNT_OF(agents),
					      .known_agents = no_machines,
					      .known_agents_count = COUNT_OF(no_machines)};

static struct event *new_event(void)
{
	if (arena.base == NULL) {
		ck_assert(arena_init(&arena, (size_t)4 * 1024 * 1024));
	}
	struct event *event = source_event(&arena);
	event->id = "e1";
	event->source = "snowplow";
	event->channel = CHANNEL_WEB;
	event->action = ACTION_PAGE_VIEW;
	event->party = PARTY_PERSON;
	event->consent.analytics = STATEMENT_GRANTED;
	return event;
}

static enum outcome screen(struct event *event)
{
	const char *field;
	return screen_event(event, &options, &arena, &field);
}

START_TEST(consent_to_analytics_decides)
{
	static const struct {
		enum channel channel;
		enum statement analytics;
		enum outcome outcome;
	} rows[] = {
		{CHANNEL_WEB, STATEMENT_GRANTED, OUTCOME_NONE},
		{CHANNEL_WEB, STATEMENT_UNSAID, OUTCOME_no_consent},
		{CHANNEL_WEB, STATEMENT_DENIED, OUTCOME_no_consent},
		{CHANNEL_WEB, STATEMENT_WITHDRAWN, OUTCOME_no_consent},
		{CHANNEL_CHAT, STATEMENT_GRANTED, OUTCOME_NONE},
		{CHANNEL_CHAT, STATEMENT_UNSAID, OUTCOME_NONE},
		{CHANNEL_CHAT, STATEMENT_DENIED, OUTCOME_no_consent},
		{CHANNEL_CHAT, STATEMENT_WITHDRAWN, OUTCOME_no_consent},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event *event = new_event();
		event->channel = rows[i].channel;
		event->consent.analytics = rows[i].analytics;
		ck_assert_msg(screen(event) == rows[i].outcome, "row %zu", i);
	}
}
END_TEST

static struct event *person(enum statement profile)
{
	struct event *event = new_event();
	event->consent.profile = profile;
	event->identity.email = " Ann.Aas@ACME.test ";
	event->identity.name = "Ann Aas";
	event->identity.title = "Finance";
	event->identity.role = "cfo";
	event->identity.company = "Acme";
	event->identity.company_domain = "acme.test";
	return event;
}

START_TEST(without_profile_consent_a_pseudonym_stands_in_place_of_the_person)
{
	struct uuid id = identify_actor_id(&key, ACTOR_EMAIL, "", "Ann.Aas@acme.test");
	struct uuid lower = identify_actor_id(&key, ACTOR_EMAIL, "", "ann.aas@acme.test");
	static const enum statement others[] = {STATEMENT_UNSAID, STATEMENT_DENIED, STATEMENT_WITHDRAWN};
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct event *event = person(others[i]);
		ck_assert_int_eq(screen(event), OUTCOME_NONE);
		ck_assert_str_eq(event->identity.email, "");
		ck_assert(event->identity.has_email_actor);
		ck_assert(memcmp(event->identity.email_actor, id.bytes, 16) == 0 ||
			  memcmp(event->identity.email_actor, lower.bytes, 16) == 0);
		ck_assert_str_eq(event->identity.name, "");
		ck_assert_str_eq(event->identity.title, "");
		ck_assert_str_eq(event->identity.role, "");
		ck_assert_str_eq(event->identity.company, "");
		ck_assert_str_eq(event->identity.company_domain, "");
	}
}
END_TEST

START_TEST(with_profile_consent_the_person_goes)
{
	struct event *event = person(STATEMENT_GRANTED);
	ck_assert_int_eq(screen(event), OUTCOME_NONE);
	ck_assert_str_eq(event->identity.email, "ann.aas@acme.test");
	ck_assert(!event->identity.has_email_actor);
	ck_assert_str_eq(event->identity.name, "Ann Aas");
	ck_assert_str_eq(event->identity.role, "cfo");
}
END_TEST

START_TEST(the_pseudonym_is_the_one_that_the_address_would_have_had)
{
	struct event *known = person(STATEMENT_GRANTED), *unknown = person(STATEMENT_UNSAID);
	struct identified a, b;
	screen(known);
	screen(unknown);
	ck_assert(identify_event(known, &options.identify, &arena, &a));
	ck_assert(identify_event(unknown, &options.identify, &arena, &b));
	ck_assert(a.has_strong && b.has_strong && uuid_equal(&a.strong.id, &b.strong.id));
}
END_TEST

START_TEST(an_address_in_another_id_is_an_address)
{
	struct event *event = new_event();
	event->identity.user_id = "ann@acme.test";
	event->identity.anonymous_id = "ann@acme.test";
	event->session_id = "s-ann@acme.test";
	ck_assert_int_eq(screen(event), OUTCOME_NONE);
	struct uuid id = identify_actor_id(&key, ACTOR_EMAIL, "", "ann@acme.test");
	ck_assert_str_eq(event->identity.user_id, "");
	ck_assert_str_eq(event->identity.anonymous_id, "");
	ck_assert_str_eq(event->session_id, "");
	ck_assert(event->identity.has_email_actor);
	ck_assert_mem_eq(event->identity.email_actor, id.bytes, 16);

	event = new_event();
	event->identity.user_id = "ann@acme.test";
	event->identity.email = "bo@acme.test"; /* the field that is for it wins */
	ck_assert_int_eq(screen(event), OUTCOME_NONE);
	id = identify_actor_id(&key, ACTOR_EMAIL, "", "bo@acme.test");
	ck_assert_mem_eq(event->identity.email_actor, id.bytes, 16);
}
END_TEST

START_TEST(what_is_no_address_is_dropped)
{
	static const char *const emails[] = {"ann", "@acme.test", "ann@", "a b@acme.test", "Ann <ann@acme.test>"};
	for (size_t i = 0; i < COUNT_OF(emails); i++) {
		struct event *event = person(i % 2 == 0 ? STATEMENT_GRANTED : STATEMENT_UNSAID);
		event->identity.email = emails[i];
		ck_assert_int_eq(screen(event), OUTCOME_NONE);
		ck_assert_str_eq(event->identity.email, "");
		ck_assert(!event->identity.has_email_actor);
	}
}
END_TEST

START_TEST(an_id_with_an_address_is_refused)
{
	struct event *event = new_event();
	const char *field;
	event->id = "ann@acme.test-1";
	ck_assert_int_eq(screen_event(event, &options, &arena, &field), OUTCOME_bad_value);
	ck_assert_str_eq(field, "id");
}
END_TEST

/* Every text of an event holds an address; nothing that is encoded then does, whatever was consented to. */
START_TEST(no_text_lets_an_address_through)
{
	static const enum statement profiles[] = {STATEMENT_UNSAID, STATEMENT_GRANTED};
	for (size_t i = 0; i < COUNT_OF(profiles); i++) {
		struct event *event = new_event();
		const char **const texts[] = {
			&event->site,
			&event->label,
			&event->session_id,
			&event->thread_id,
			&event->process,
			&event->identity.anonymous_id,
			&event->identity.visitor_id,
			&event->identity.recipient_id,
			&event->identity.user_id,
			&event->identity.crm_id,
			&event->identity.previous_id,
			&event->identity.name,
			&event->identity.title,
			&event->identity.role,
			&event->identity.company,
			&event->identity.company_domain,
			&event->consent.policy,
			&event->content.url,
			&event->content.title,
			&event->content.content_id,
			&event->content.form_id,
			&event->content.target_url,
			&event->content.search,
			&event->content.topic,
			&event->content.language,
			&event->content.referrer,
			&event->campaign.source,
			&event->campaign.medium,
			&event->campaign.name,
			&event->campaign.term,
			&event->campaign.content,
			&event->campaign.message_id,
			&event->opportunity.id,
			&event->opportunity.stage,
			&event->opportunity.owner,
		};
		for (size_t j = 0; j < COUNT_OF(texts); j++) {
			*texts[j] = j % 2 == 0 ? "x/ann%40acme.test" : "ann@acme.test";
		}
		struct event_property properties[] = {
			{"a", "of ann@acme.test"}, {"ann@acme.test", "b"}, {"kept", "yes"}};
		event->properties = properties;
		event->properties_count = 3;
		const char *contacts[] = {"ann@acme.test", "501"}, *left[] = {"502", "ann@acme.test"};
		event->opportunity.present = true;
		event->opportunity.contact_ids = contacts;
		event->opportunity.left_contact_ids = left;
		event->opportunity.contact_ids_count = event->opportunity.left_contact_ids_count = 2;
		event->consent.profile = profiles[i];
		ck_assert_int_eq(screen(event), OUTCOME_NONE);
		event->identity.email = ""; /* the one field that is for it */
		const uint8_t *bytes;
		size_t size;
		ck_assert(encode_event(event, &arena, &bytes, &size));
		ck_assert_ptr_null(memmem(bytes, size, "ann", 3));
		ck_assert_uint_eq(event->properties_count, 1);
		ck_assert_str_eq(event->properties[0].key, "kept");
		ck_assert_uint_eq(event->opportunity.contact_ids_count, 1);
		ck_assert_str_eq(event->opportunity.contact_ids[0], "501");
		ck_assert_uint_eq(event->opportunity.left_contact_ids_count, 1);
		ck_assert_str_eq(event->opportunity.left_contact_ids[0], "502");
		ck_assert_str_eq(event->label, "*************");
	}
}
END_TEST

#define PERSON "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

START_TEST(machines_are_told_by_their_headers)
{
	static const struct {
		bool is_head;
		enum source_header header;
		const char *value, *agent;
		unsigned reasons;
	} rows[] = {
		{false, SOURCE_DNT, "1", PERSON, 0},
		{false, SOURCE_DNT, "", "", MACHINE_NO_USER_AGENT},
		{false, SOURCE_DNT, "", "Mozilla/5.0", MACHINE_NO_USER_AGENT},
		{false, SOURCE_DNT, "", "Mozilla/5.0 (compatible; Googlebot/2.1)", MACHINE_USER_AGENT},
		{false, SOURCE_DNT, "", "Mozilla/5.0 HeadlessChrome/140.0", MACHINE_USER_AGENT},
		{false, SOURCE_DNT, "", "Mozilla/5.0 ACME Monitor", MACHINE_USER_AGENT}, /* by configuration */
		{false, SOURCE_DNT, "", "Pingdom.com_bot_version_1.4", 0},		 /* likewise */
		{false, SOURCE_DNT, "", "Pingdom.com, acme probe", MACHINE_USER_AGENT},
		{true, SOURCE_DNT, "", PERSON, MACHINE_PREFETCH},
		{false, SOURCE_SEC_PURPOSE, "prefetch;prerender", PERSON, MACHINE_PREFETCH},
		{false, SOURCE_SEC_PURPOSE, "Prefetch", PERSON, MACHINE_PREFETCH},
		{false, SOURCE_PURPOSE, "prefetch", PERSON, MACHINE_PREFETCH},
		{false, SOURCE_X_MOZ, "prefetch", PERSON, MACHINE_PREFETCH},
		{false, SOURCE_X_PURPOSE, "preview", PERSON, MACHINE_PREFETCH},
		{false, SOURCE_X_PURPOSE, "instant", PERSON, MACHINE_PREFETCH},
		{false, SOURCE_X_PURPOSE, "other", PERSON, 0},
		{true, SOURCE_DNT, "", "", MACHINE_PREFETCH | MACHINE_NO_USER_AGENT},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct source_request request = {.is_head = rows[i].is_head};
		for (size_t j = 0; j < SOURCE_HEADER_COUNT; j++) {
			request.header[j] = "";
		}
		request.header[rows[i].header] = rows[i].value;
		request.header[SOURCE_USER_AGENT] = rows[i].agent;
		ck_assert_msg(screen_machine(&request, NULL, &options) == rows[i].reasons, "row %zu", i);
		/* Passed on by a server: its own agent is not looked at, but what it says of the person is. */
		request.header[SOURCE_USER_AGENT] = "node-fetch/1.0";
		unsigned expected =
			rows[i].reasons & ~(unsigned)(rows[i].agent[0] == '\0' ? MACHINE_NO_USER_AGENT : 0);
		ck_assert_msg(screen_machine(&request, rows[i].agent, &options) == expected, "row %zu", i);
	}
}
END_TEST

TEST_MAIN("screen", consent_to_analytics_decides,
	  without_profile_consent_a_pseudonym_stands_in_place_of_the_person, with_profile_consent_the_person_goes,
	  the_pseudonym_is_the_one_that_the_address_would_have_had, an_address_in_another_id_is_an_address,
	  what_is_no_address_is_dropped, an_id_with_an_address_is_refused, no_text_lets_an_address_through,
	  machines_are_told_by_their_headers)

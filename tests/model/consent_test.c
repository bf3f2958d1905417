/* core/model/consent.h: which events may be taken, by what they say, what the browser signals, and what is configured. */
#include "core/model/consent.h"

#include "tests/table.h"

#define U STATEMENT_UNSAID
#define G STATEMENT_GRANTED
#define D STATEMENT_DENIED
#define W STATEMENT_WITHDRAWN

/* Every channel under each of the two words, every statement: no channel may do as another one is told. */
START_TEST(each_channel_requires_or_allows_by_its_own_word)
{
	static const struct {
		enum statement said;
		bool required, allowed; /* taken? */
	} rows[] = {{U, false, true}, {G, true, true}, {D, false, false}, {W, false, false}};
	for (enum channel channel = CHANNEL_UNSAID; channel < CHANNEL_COUNT; channel++) {
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			struct event event = {.channel = channel, .consent.analytics = rows[i].said};
			struct consent_policy required = {.gpc = CONSENT_UNLESS_GRANTED},
					      allowed = {.dnt = CONSENT_DENY};
			for (int other = 0; other < CHANNEL_COUNT; other++) {
				required.unsaid[other] = other == (int)channel ? CONSENT_REQUIRE : CONSENT_ALLOW;
				allowed.unsaid[other] = other == (int)channel ? CONSENT_ALLOW : CONSENT_REQUIRE;
			}
			ck_assert_msg(consent_allows(&required, channel, consent_said(&required, &event)) ==
					      rows[i].required,
				      "channel %d, require, statement %d", (int)channel, (int)rows[i].said);
			ck_assert_msg(consent_allows(&allowed, channel, consent_said(&allowed, &event)) ==
					      rows[i].allowed,
				      "channel %d, allow, statement %d", (int)channel, (int)rows[i].said);
		}
	}
}
END_TEST

START_TEST(a_signal_refuses_as_it_is_configured)
{
	static const struct {
		int when; /* of the signal that is sent */
		enum statement analytics, profile, contact;
		enum statement said;
	} rows[] = {
		{CONSENT_IGNORE, U, U, U, U},
		{CONSENT_IGNORE, G, G, U, G},
		{CONSENT_IGNORE, D, U, U, D},
		{CONSENT_IGNORE, W, U, U, D},
		{CONSENT_UNLESS_GRANTED, U, U, U, D},
		{CONSENT_UNLESS_GRANTED, U, G, G, D}, /* to be known by name is not to be measured */
		{CONSENT_UNLESS_GRANTED, G, U, U, G},
		{CONSENT_UNLESS_GRANTED, D, U, U, D},
		{CONSENT_UNLESS_GRANTED, W, U, U, D},
		{CONSENT_DENY, U, U, U, D},
		{CONSENT_DENY, G, U, U, D},
		{CONSENT_DENY, G, G, G, D},
		{CONSENT_DENY, D, U, U, D},
		/* a refusal is heard, whatever the browser signals */
		{CONSENT_DENY, G, W, U, G},
		{CONSENT_DENY, G, D, U, G},
		{CONSENT_DENY, G, U, W, G},
		{CONSENT_UNLESS_GRANTED, U, W, U, U},
		{CONSENT_UNLESS_GRANTED, U, U, D, U},
		{CONSENT_DENY, D, W, W, D}, /* but the event's own word stands */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int sent = 0; sent < 4; sent++) { /* none, gpc, dnt, both */
			bool gpc = (sent & 1) != 0, dnt = (sent & 2) != 0;
			struct event event = {.consent = {.analytics = rows[i].analytics,
							  .profile = rows[i].profile,
							  .contact = rows[i].contact,
							  .gpc = gpc,
							  .dnt = dnt}};
			struct consent_policy policy = {.gpc = gpc ? rows[i].when : CONSENT_DENY,
							.dnt = dnt ? rows[i].when : CONSENT_DENY};
			enum statement expected = sent != 0		   ? rows[i].said
						  : rows[i].analytics == W ? D
									   : rows[i].analytics;
			ck_assert_msg(consent_said(&policy, &event) == expected, "row %zu, signals %d", i, sent);
		}
	}
}
END_TEST

START_TEST(one_signal_is_not_taken_for_the_other)
{
	struct consent_policy policy = {.gpc = CONSENT_DENY, .dnt = CONSENT_IGNORE};
	struct event event = {.consent = {.analytics = G, .dnt = true}};
	ck_assert_int_eq(consent_said(&policy, &event), G);
	event.consent.gpc = true;
	ck_assert_int_eq(consent_said(&policy, &event), D);
}
END_TEST

TEST_MAIN("consent", each_channel_requires_or_allows_by_its_own_word, a_signal_refuses_as_it_is_configured,
	  one_signal_is_not_taken_for_the_other)

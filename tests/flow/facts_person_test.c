/* core/flow/facts.h: what all that was stated makes of a person. */
#include "core/flow/facts.h"

#include <inttypes.h>
#include <string.h>

#include "core/flow/attribute.h"
#include "tests/flow/facts_form.h"
#include "tests/table.h"

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

START_TEST(a_person_is_what_was_said_last_with_consent)
{
	static const struct {
		const char *row;
		struct consent consents[4];  /* state UNSAID ends */
		struct declared declared[4]; /* value NULL ends */
		bool consented, may_write;
		const char *name, *role_declared, *title;
		enum role role;
		enum role_source source;
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
		 ROLE_SOURCE_NONE},
		{"leave to write, too",
		 {PROFILE(5, 1, G), CONTACT(5, 1, G)},
		 {SAID(5, 1, NAME, "Ann")},
		 true,
		 true,
		 "Ann",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 ROLE_SOURCE_NONE},
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
		 ROLE_SOURCE_NONE},
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
		 ROLE_SOURCE_NONE},
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
		 ROLE_SOURCE_NONE},
		{"a contact refusal drops no value",
		 {PROFILE(5, 1, G), CONTACT(6, 2, W)},
		 {SAID(5, 1, NAME, "Ann")},
		 true,
		 false,
		 "Ann",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 ROLE_SOURCE_NONE},
		{"the newest name",
		 {PROFILE(5, 1, G), PROFILE(6, 0, G)},
		 {SAID(6, 0, NAME, "Ann Berg"), SAID(5, 1, NAME, "Ann")},
		 true,
		 false,
		 "Ann Berg",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 ROLE_SOURCE_NONE},
		{"of one time the later event's, without sign",
		 {PROFILE(5, 1, G), PROFILE(5, UINT64_MAX, G)},
		 {SAID(5, UINT64_MAX, NAME, "Ann"), SAID(5, 1, NAME, "Berg")},
		 true,
		 false,
		 "Ann",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 ROLE_SOURCE_NONE},
		{"of one event the greater text",
		 {PROFILE(5, 1, G)},
		 {SAID(5, 1, NAME, "B"), SAID(5, 1, NAME, "A")},
		 true,
		 false,
		 "B",
		 NULL,
		 NULL,
		 ROLE_NONE,
		 ROLE_SOURCE_NONE},
		{"a declared role goes before the title",
		 {PROFILE(5, 1, G), PROFILE(6, 2, G)},
		 {SAID(5, 1, ROLE, "Indkøber"), SAID(6, 2, TITLE, "CEO")},
		 true,
		 false,
		 NULL,
		 "Indkøber",
		 "CEO",
		 ROLE_PROCUREMENT,
		 ROLE_DECLARED},
		{"a title alone tells the role",
		 {PROFILE(5, 1, G)},
		 {SAID(5, 1, TITLE, "IT-chef")},
		 true,
		 false,
		 NULL,
		 NULL,
		 "IT-chef",
		 ROLE_IT,
		 ROLE_TITLE},
		{"a role nobody knows leaves it to the title",
		 {PROFILE(5, 1, G)},
		 {SAID(5, 1, ROLE, "decider"), SAID(5, 1, TITLE, "CEO")},
		 true,
		 false,
		 NULL,
		 "decider",
		 "CEO",
		 ROLE_CEO,
		 ROLE_TITLE},
		{"a role nobody knows is another one",
		 {PROFILE(5, 1, G)},
		 {SAID(5, 1, ROLE, "decider"), SAID(5, 1, TITLE, "Skipper")},
		 true,
		 false,
		 NULL,
		 "decider",
		 "Skipper",
		 ROLE_OTHER,
		 ROLE_DECLARED},
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
		const struct facts_part part = {rows[i].consents, consents, rows[i].declared, declared};
		facts_person(&part, 1, &person);
		ck_assert_msg(person.consented == rows[i].consented, "%s: consented", rows[i].row);
		ck_assert_msg(person.may_write == rows[i].may_write, "%s: may write", rows[i].row);
		ck_assert_msg(SAME(person.name, rows[i].name), "%s: name", rows[i].row);
		ck_assert_msg(SAME(person.role_declared, rows[i].role_declared), "%s: role", rows[i].row);
		ck_assert_msg(SAME(person.title, rows[i].title), "%s: title", rows[i].row);
		ck_assert_msg(person.role == rows[i].role, "%s: role %d", rows[i].row, (int)person.role);
		ck_assert_msg(person.role_source == rows[i].source, "%s: source %d", rows[i].row,
			      (int)person.role_source);
		ck_assert_ptr_null(person.address);
		ck_assert_ptr_null(person.company);
	}
}
END_TEST

START_TEST(an_account_follows_from_who_names_it_else_from_the_address)
{
	static const struct {
		const char *row;
		struct declared declared[3]; /* value NULL ends */
		const char *host, *domain;
		bool named;
	} rows[] = {
		{"nothing", {{.value = NULL}}, NULL, NULL, false},
		{"an address", {SAID(5, 1, ADDRESS, "ann@mail.acme.test")}, "mail.acme.test", "acme.test", false},
		{"a public suffix alone", {SAID(5, 1, ADDRESS, "ann@co.uk")}, "co.uk", NULL, false},
		{"an IP address", {SAID(5, 1, ADDRESS, "ann@192.0.2.1")}, "192.0.2.1", NULL, false},
		{"the newest address",
		 {SAID(6, 1, ADDRESS, "ann@new.test"), SAID(5, 1, ADDRESS, "ann@old.test")},
		 "new.test",
		 "new.test",
		 false},
		{"who names one goes before a newer address",
		 {SAID(6, 1, ADDRESS, "ann@new.test"), SAID(5, 1, ACCOUNT, "mail.acme.test")},
		 "mail.acme.test",
		 "acme.test",
		 true},
		{"and of these the newest",
		 {SAID(5, 1, ACCOUNT, "a.test"), SAID(6, 1, ACCOUNT, "b.test"), SAID(4, 1, ACCOUNT, "c.test")},
		 "b.test",
		 "b.test",
		 true},
	};
	static const struct consent granted = PROFILE(1, 1, G);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t declared = 0;
		while (declared < 3 && rows[i].declared[declared].value != NULL) {
			declared++;
		}
		struct person person;
		facts_person(&(const struct facts_part){&granted, 1, rows[i].declared, declared}, 1, &person);
		ck_assert_msg(SAME(person.host, rows[i].host), "%s: host", rows[i].row);
		ck_assert_msg(SAME(person.domain, rows[i].domain), "%s: domain", rows[i].row);
		ck_assert_msg(person.named == rows[i].named, "%s: named", rows[i].row);
	}
}
END_TEST

START_TEST(an_actor_keeps_the_newest_address_that_stands)
{
	static const struct {
		const char *row;
		struct consent consents[2];  /* state UNSAID ends */
		struct declared declared[2]; /* value NULL ends */
		const char *address;
	} rows[] = {
		{"none was said", {PROFILE(5, 1, G)}, {SAID(5, 1, NAME, "Ann")}, NULL},
		{"one was said", {PROFILE(5, 1, G)}, {SAID(5, 1, ADDRESS, "ann@acme.test")}, "ann@acme.test"},
		{"two were said",
		 {PROFILE(5, 1, G)},
		 {SAID(6, 2, ADDRESS, "ann@acme.test"), SAID(5, 1, ADDRESS, "a@acme.test")},
		 "ann@acme.test"},
		{"without consent", {CONTACT(5, 1, G)}, {SAID(5, 1, ADDRESS, "ann@acme.test")}, NULL},
		{"denied since",
		 {PROFILE(5, 1, G), PROFILE(6, 2, D)},
		 {SAID(5, 1, ADDRESS, "ann@acme.test")},
		 NULL},
		{"said before it was denied, granted since",
		 {PROFILE(6, 2, D), PROFILE(7, 3, G)},
		 {SAID(5, 1, ADDRESS, "ann@acme.test")},
		 NULL},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t consents = 0, declared = 0;
		while (consents < 2 && rows[i].consents[consents].state != U) {
			consents++;
		}
		while (declared < 2 && rows[i].declared[declared].value != NULL) {
			declared++;
		}
		const struct facts_part part = {rows[i].consents, consents, rows[i].declared, declared};
		struct person person;
		facts_person(&part, 1, &person);
		ck_assert_msg(SAME(facts_address(&part), rows[i].address), "%s", rows[i].row);
		ck_assert_msg(SAME(person.address, rows[i].address), "%s: of the person", rows[i].row);
	}
}
END_TEST

START_TEST(a_role_is_told_by_its_strongest_source_and_since_when)
{
	static const struct {
		const char *row;
		struct declared declared[4]; /* value NULL ends */
		enum role role;
		enum role_source source;
		int64_t at, since;
	} rows[] = {
		{"none", {{.value = NULL}}, ROLE_NONE, ROLE_SOURCE_NONE, INT64_MIN, INT64_MIN},
		{"declared, before the CRM and a title",
		 {SAID(5, 1, ROLE, "CFO"), SAID(6, 1, CRM_ROLE, "CEO"), SAID(7, 1, TITLE, "CMO")},
		 ROLE_CFO,
		 ROLE_DECLARED,
		 5,
		 5},
		{"the CRM, before a title",
		 {SAID(6, 1, CRM_ROLE, "CEO"), SAID(7, 1, TITLE, "CMO")},
		 ROLE_CEO,
		 ROLE_CRM,
		 6,
		 6},
		{"the same in other words",
		 {SAID(5, 1, ROLE, "CFO"), SAID(6, 1, ROLE, "Økonomichef"), SAID(4, 1, ROLE, "CEO")},
		 ROLE_CFO,
		 ROLE_DECLARED,
		 6,
		 5},
		{"since the last time that another one was told",
		 {SAID(3, 1, ROLE, "CFO"), SAID(4, 1, ROLE, "CEO"), SAID(5, 1, ROLE, "CFO"),
		  SAID(6, 1, ROLE, "CFO")},
		 ROLE_CFO,
		 ROLE_DECLARED,
		 6,
		 5},
		{"another source does not end it",
		 {SAID(3, 1, ROLE, "CFO"), SAID(4, 1, CRM_ROLE, "CEO"), SAID(5, 1, ROLE, "CFO")},
		 ROLE_CFO,
		 ROLE_DECLARED,
		 5,
		 3},
		{"of one time the later event's",
		 {SAID(3, 1, ROLE, "CFO"), SAID(3, 2, ROLE, "CEO")},
		 ROLE_CEO,
		 ROLE_DECLARED,
		 3,
		 3},
		{"unknown words leave it to the CRM",
		 {SAID(3, 1, ROLE, "decider"), SAID(2, 1, CRM_ROLE, "HR")},
		 ROLE_HR,
		 ROLE_CRM,
		 2,
		 2},
		{"unknown words of the CRM, too",
		 {SAID(3, 1, CRM_ROLE, "decider"), SAID(2, 1, TITLE, "HR")},
		 ROLE_HR,
		 ROLE_TITLE,
		 2,
		 2},
		{"unknown words of both: the stronger one's",
		 {SAID(3, 1, ROLE, "decider"), SAID(2, 1, ROLE, "chooser"), SAID(4, 1, CRM_ROLE, "judge")},
		 ROLE_OTHER,
		 ROLE_DECLARED,
		 3,
		 2},
		{"a title that tells nothing",
		 {SAID(3, 1, TITLE, "Skipper")},
		 ROLE_NONE,
		 ROLE_SOURCE_NONE,
		 INT64_MIN,
		 INT64_MIN},
	};
	static const struct consent granted = PROFILE(1, 1, G);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t declared = 0;
		while (declared < 4 && rows[i].declared[declared].value != NULL) {
			declared++;
		}
		struct person person;
		facts_person(&(const struct facts_part){&granted, 1, rows[i].declared, declared}, 1, &person);
		ck_assert_msg(person.role == rows[i].role, "%s: role %d", rows[i].row, (int)person.role);
		ck_assert_msg(person.role_source == rows[i].source, "%s: source %d", rows[i].row,
			      (int)person.role_source);
		ck_assert_msg(person.role_at_us == rows[i].at, "%s: at %" PRId64, rows[i].row, person.role_at_us);
		ck_assert_msg(person.role_since_us == rows[i].since, "%s: since %" PRId64, rows[i].row,
			      person.role_since_us);
	}
}
END_TEST

TEST_MAIN("facts_person", a_person_is_what_was_said_last_with_consent,
	  an_account_follows_from_who_names_it_else_from_the_address,
	  an_actor_keeps_the_newest_address_that_stands, a_role_is_told_by_its_strongest_source_and_since_when)

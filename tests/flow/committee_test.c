/* core/flow/committee.h against numbers worked out by hand. */
#include "core/flow/committee.h"

#include <math.h>
#include <string.h>

#include "tests/table.h"

#define CLOSE 1e-12
#define MEMBERS_MAX 4
#define BIT(role) (1u << (role))

/* Everybody decides; CFO, IT and HR are expected. */
static struct committee_settings settings_of(void)
{
	struct committee_settings settings = {.expected = {[ROLE_CFO] = true, [ROLE_IT] = true, [ROLE_HR] = true}};
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		settings.multiplier[role] = 1;
	}
	return settings;
}

static void check_same(double ours, double theirs, size_t row)
{
	ck_assert_msg(isnan(theirs) ? isnan(ours) : fabs(ours - theirs) < CLOSE, "row %zu: %.15g instead of %.15g",
		      row, ours, theirs);
}

START_TEST(people_agree_as_far_as_mixing_them_loses_nothing)
{
	static const struct {
		struct committee_member members[MEMBERS_MAX];
		size_t count;
		double consensus, weight; /* of the first member */
	} rows[] = {
		{{{.activity = 1, .main = {.2, .5, .3}}}, 1, (double)NAN, 1},
		{{{.activity = 1, .main = {.2, .5, .3}}, {.activity = 4, .main = {.2, .5, .3}}}, 2, 1, .2},
		/* 1 - ln 2 / ln 3 */
		{{{.activity = 1, .main = {1, 0, 0}}, {.activity = 1, .main = {0, 0, 1}}},
		 2,
		 0.369070246428543,
		 .5},
		{{{.activity = 2, .main = {1, 0, 0}},
		  {.activity = 2, .main = {0, 1, 0}},
		  {.activity = 2, .main = {0, 0, 1}}},
		 3,
		 0,
		 1.0 / 3},
		/* Entropy of 1/4, 3/4: .562335144618808; ln 3: 1.098612288668110 */
		{{{.activity = 1, .main = {1, 0, 0}}, {.activity = 3, .main = {0, 1, 0}}},
		 2,
		 0.488140492857085,
		 .25},
		/* Nobody counts for more than five touches. */
		{{{.activity = 50, .main = {1, 0, 0}}, {.activity = 5, .main = {0, 0, 1}}},
		 2,
		 0.369070246428543,
		 .5},
		/* A quarter of a touch is quiet. */
		{{{.activity = 1, .main = {1, 0, 0}}, {.activity = .25, .main = {0, 0, 1}}}, 2, (double)NAN, 1},
		{{{.activity = .25, .main = {1, 0, 0}}}, 1, (double)NAN, 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct committee_settings settings = settings_of();
		struct committee_member members[MEMBERS_MAX];
		struct committee committee;
		memcpy(members, rows[i].members, sizeof(members));
		committee_measure(&settings, NULL, members, rows[i].count, &committee);
		ck_assert_uint_eq(committee.members, rows[i].count);
		check_same(committee.consensus, rows[i].consensus, i);
		check_same(members[0].weight, rows[i].weight, i);
	}
}
END_TEST

START_TEST(who_is_active_is_there_and_who_is_quiet_is_silent)
{
	struct committee_settings settings = settings_of();
	settings.multiplier[ROLE_USER] = 0;
	struct committee_member members[] = {
		{.role = ROLE_CFO, .activity = 3, .main = {0, 0, 1}},
		{.role = ROLE_CFO, .activity = 1, .main = {0, 0, 1}}, /* a role is there once */
		{.role = ROLE_IT, .activity = .1, .main = {0, 0, 1}},
		{.role = ROLE_USER, .activity = 9, .main = {1, 0, 0}}, /* does not decide */
		{.role = ROLE_NONE, .activity = 0},
	};
	struct committee committee;
	committee_measure(&settings, NULL, members, COUNT_OF(members), &committee);
	ck_assert_uint_eq(committee.members, 5);
	ck_assert_uint_eq(committee.active, 2);
	ck_assert_uint_eq(committee.silent, 2);
	ck_assert_uint_eq(committee.laggards, 0);
	ck_assert_uint_eq(committee.missing, BIT(ROLE_IT) | BIT(ROLE_HR));
	check_same(committee.coverage, 1.0 / 3, 0);
	check_same(committee.consensus, 1, 0);
	ck_assert_double_eq(members[3].weight, 0);
	memset(settings.expected, 0, sizeof(settings.expected));
	committee_measure(&settings, NULL, members, COUNT_OF(members), &committee);
	ck_assert_uint_eq(committee.missing, 0);
	check_same(committee.coverage, (double)NAN, 1);
}
END_TEST

START_TEST(who_is_over_three_quarters_of_a_phase_behind_the_account_lags)
{
	static const double account[MAIN_COUNT] = {0, 0, 1};
	static const struct {
		double activity, main[MAIN_COUNT];
		bool lags;
	} rows[] = {
		{1, {0, 1, 0}, true},	 {1, {0, .75, .25}, false}, {1, {0, .8, .2}, true},
		{1, {0, .2, .8}, false}, {.2, {1, 0, 0}, false}, /* quiet */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct committee_settings settings = settings_of();
		struct committee_member member = {.role = ROLE_CFO, .activity = rows[i].activity};
		struct committee committee;
		memcpy(member.main, rows[i].main, sizeof(member.main));
		committee_measure(&settings, account, &member, 1, &committee);
		ck_assert_msg(member.laggard == rows[i].lags && committee.laggards == (rows[i].lags ? 1 : 0),
			      "row %zu", i);
		committee_measure(&settings, NULL, &member, 1, &committee);
		ck_assert_uint_eq(committee.laggards, 0);
	}
}
END_TEST

TEST_MAIN("flow_committee", people_agree_as_far_as_mixing_them_loses_nothing,
	  who_is_active_is_there_and_who_is_quiet_is_silent,
	  who_is_over_three_quarters_of_a_phase_behind_the_account_lags)

/*
 * What a contact is at its account, as a buying committee counts it. The words of reports; what people wrote is told
 * apart by flow/role.
 */
#pragma once
#include <stdbool.h>

/* X(name, word) */
/* clang-format off */
#define ROLE_LIST(X) \
	X(CFO, "CFO") X(CMO, "CMO") X(CEO, "CEO") X(SALES, "sales") X(PRODUCTION, "production") X(HR, "HR") \
	X(PROCUREMENT, "procurement") X(IT, "IT") X(USER, "user") X(OTHER, "other")
/* clang-format on */

enum role {
	ROLE_NONE, /* not known */
#define ROLE_ENUM(name, word) ROLE_##name,
	ROLE_LIST(ROLE_ENUM)
#undef ROLE_ENUM
		ROLE_COUNT
};

/* What a role is known from, the strongest first. Stored: never renumber. */
enum role_source {
	ROLE_SOURCE_NONE,
	ROLE_DECLARED, /* by the person, at a form */
	ROLE_CRM,
	ROLE_TITLE /* inferred from the title */
};

#define COMMITTEE_MULTIPLIER_MAX 4 /* more than that would be one person's account */

/* What committees are made of: conf/accounts.yaml. Of ROLE_NONE: of whom no role is known. */
struct committee_settings {
	bool expected[ROLE_COUNT];
	/* What factors of their touches are raised to; 0: does not decide, and is not counted. */
	double multiplier[ROLE_COUNT];
};

/* By its name, exactly. ROLE_NONE: there is none of that name. */
enum role role_named(const char *name);
const char *role_name(enum role role); /* "CFO", "sales", …; NULL for ROLE_NONE */

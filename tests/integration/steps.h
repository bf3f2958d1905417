/*
 * The scenarios that store_steps plays, by subject, and what they share.
 */
#pragma once
#include "tests/integration/stage.h"

struct scenario {
	const char *name;
	void (*play)(void);
};
#define SCENARIO(name) \
	{ \
#name, name \
	}

/* Each ends with a name of NULL. */
extern const struct scenario steps_versions[], steps_locks[], steps_fence[];

#define COOKIE "cookie"
#define KARI "kari@firma.test"
#define OLA "ola@firma.test"
#define NOBODY_COUNTS "LOCK TABLE phased.outcome_day IN SHARE MODE" /* what is written last, before COMMIT */

/*
 * The world in which contacts are simulated: how purchases of one process go, what people in each phase look for, which
 * mails are sent. It is on purpose not the world that the model assumes; README.md says in what they differ.
 */
#pragma once
#include "core/base/fail.h"
#include "core/model/model.h"
#include "tests/accuracy/chance.h"

#define WORLD_DAYS 300 /* that the calendar has */
#define WORLD_MAILS_MAX 80
#define WORLD_LINKS_MAX 8
#define WORLD_START_MS INT64_C(1717372800000) /* a Monday */
#define DAY_MS INT64_C(86400000)

/* How right marketing's points are about a site. */
enum world_site {
	WORLD_SITE_USUAL,   /* on the whole, wrong in each thing */
	WORLD_SITE_MATCHED, /* to the letter, and people look for what their phase needs */
	WORLD_SITE_NOISY,   /* hardly: what calibration is for */
	WORLD_SITES
};

/* How purchases of a process go. */
struct buyers {
	const char *process;
	double days[MAIN_COUNT];  /* mean stay in all fine phases of a main phase together */
	double start[MAIN_COUNT]; /* shares: where those who buy are when they are first seen, and after a pause */
	double back, stall;	  /* shares of those who leave a fine phase; the rest goes forward */
	double pause_days;	  /* mean time from stalling to taking it up again */
	double visits_a_week;	  /* of somebody in a buying phase */
};

struct world_link {
	uint16_t rule;
	uint64_t link;
};

struct world_mail {
	int64_t ms;
	unsigned count;
	struct world_link links[WORLD_LINKS_MAX];
};

struct world {
	const struct model_process *process;
	const struct buyers *buyers;
	uint64_t seed;
	bool simple;		   /* people without tastes and curiosity */
	unsigned fine[MAIN_COUNT]; /* how many fine phases a main phase has */
	/* How likely somebody who looks for what phase k needs is to take this rule's thing, within its channel. */
	double appeal[PHASE_RULES_MAX][PHASE_STATES];
	bool is_click[PHASE_RULES_MAX]; /* a link in a mail leads to it */
	uint16_t open_rule;		/* of mail opens; rule_count when there is none */
	unsigned mail_count;
	struct world_mail mails[WORLD_MAILS_MAX];
};

/* False: nobody has described the buyers of this process (world.c, table). */
bool world_init(struct world *ret_world, const struct model_process *process, enum world_site site, uint64_t seed,
		struct fail *fail);

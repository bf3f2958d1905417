/*
 * What a method says of a contact at 24:00 UTC of a day; methods are compared by these.
 */
#pragma once
#include "core/model/phase.h"
#include "tests/accuracy/life.h"

struct answer {
	enum main_phase phase; /* if it is buying at all */
	double main[MAIN_COUNT];
	enum shown shown;
	enum band band; /* BAND_NULL of those that have none */
	int fine;	/* state, or 0 */
};

/* Days are scored from the first one with enough counted touches for phased to show something; it is the same day for all methods. */
struct told {
	unsigned from_day; /* days of the life when there is none */
	struct answer days[WORLD_DAYS];
};

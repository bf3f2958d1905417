/*
 * The words of the phase model: states, fold state of one contact in one process, what is shown.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define PHASE_STATES 8	     /* 0 none, then up to seven fine phases */
#define PHASE_RULES_MAX 2048 /* rules of one process, `other` ones included */
#define PHASE_RECENT_MAX \
	256 /* rules whose last touch a state knows: who touches more within half an hour is no person */
#define PHASE_CLICKS_MAX 4 /* the four most recent distinct links tell whether a fifth makes a burst */
#define PHASE_REPEAT_MS INT64_C(1800000)
#define PHASE_BURST_MS INT64_C(60000)
#define PHASE_CHECKPOINT 64 /* touches that left a trace, from one checkpoint to the next */

enum main_phase { MAIN_NONE = -1, MAIN_EARLY, MAIN_MID, MAIN_LATE, MAIN_COUNT };
enum shown { SHOWN_UNKNOWN, SHOWN_NONE, SHOWN_EARLY, SHOWN_MID, SHOWN_LATE, SHOWN_COUNT };
enum band { BAND_NULL, BAND_LOW, BAND_MEDIUM, BAND_HIGH, BAND_COUNT };

static inline enum shown shown_of_main(enum main_phase phase)
{
	return (enum shown)(SHOWN_EARLY + (int)phase);
}
_Static_assert(SHOWN_LATE - SHOWN_EARLY == MAIN_LATE - MAIN_EARLY &&
		       SHOWN_MID - SHOWN_EARLY == MAIN_MID - MAIN_EARLY,
	       "in one order");

const char *main_phase_name(enum main_phase phase); /* "early" …; NULL for MAIN_NONE */
const char *shown_name(enum shown shown);	    /* "unknown", "none", "early", … */
const char *band_name(enum band band);		    /* "low" …; NULL for BAND_NULL */

struct phase_recent {
	uint16_t rule;
	int64_t last_ms;
};

struct phase_click {
	uint64_t link; /* a link's hash, or 1 + rule where the link is not known */
	int64_t last_ms;
	bool left_out; /* that click was part of a burst */
};

/*
 * Moved by touches only. All that is needed to fold the next touch in order, and a function of the set of touches alone:
 * whatever order they came in, the same bits.
 */
struct phase_state {
	double pi[PHASE_STATES];
	double activity;
	int64_t minute;	     /* of the last counted touch or CONFIRM; meaningless while !moved */
	bool moved;	     /* a counted touch or a CONFIRM has moved pi from the prior */
	bool closed;	     /* won or lost, and nothing has moved pi since */
	enum main_phase rep; /* hysteresis phase */
	uint32_t counted;
	uint32_t confirmed; /* CONFIRMs */
	unsigned channels;  /* of counted touches: 1 << enum channel, each */
	int64_t first_ms;   /* first counted touch or CONFIRM; 0 while !moved */
	int64_t counted_ms; /* last counted touch, CONFIRM, or what closed it; 0 when there is none */
	bool started;	    /* some touch left a trace: last_ms is valid */
	int64_t last_ms;    /* of the last touch that left a trace (hard facts too): one at or before it is late */
	/* Touches that left a trace, repeats and hard facts too. Numbers the checkpoints, so nothing takes it back. */
	uint32_t taken;
	/* The most recent distinct mail links, those of bursts too, newest first (at one time: larger link first), at most
	 * 60 s before the later of last_ms and the newest click. */
	unsigned click_count;
	struct phase_click clicks[PHASE_CLICKS_MAX];
	/* Last, and mostly empty: what lies behind the count is not looked at, and may be anything. */
	unsigned
		recent_count; /* rules whose last touch is at most 30 min before last_ms, the latest so many, by rule */
	struct phase_recent recent[PHASE_RECENT_MAX];
};

/* What is shown at a time; computed from a copy of the state moved there. */
struct phase_view {
	double posterior[PHASE_STATES];
	double main[MAIN_COUNT];
	double activity;
	enum main_phase reported; /* MAIN_NONE while nothing has moved */
	enum shown shown;
	enum band band;
	int fine; /* state index 1..7, or 0: null */
	bool quiet;
	uint32_t counted;
};

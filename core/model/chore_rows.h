/*
 * What the daemons' chores beside batches ask of the database and what they write: what time alone changes, explanations, accounts. Rows as
 * those of rows.h.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/uuid.h"
#include "core/model/phase.h"
#include "core/model/role.h"
#include "core/model/rows.h"

/* A slice of table phase whose rows are due: what time alone may have changed by `hour_us`. */
struct due_rows {
	int64_t now_us;
	int64_t blocks; /* of the table, at the most, that hold due rows */
	/* out, in the arena */
	bool ours;	 /* else another daemon is at it, or all is done */
	int64_t hour_us; /* the full hour that is worked off; of all daemons */
	bool last;	 /* the end of the table, or of the way back to whoever was passed over */
	bool has_model;
	uint64_t model_version;	  /* in force */
	struct phase_row *phases; /* `version`: of their arbiter; by contact */
	size_t phase_count;
};

/* What became of them. A row is written where its contact's arbiter is still of that version; whoever has written it since knows
 * better. */
struct reviewed_rows {
	int64_t now_us; /* when they are written */
	const struct arbiter_row
		*rows; /* state NULL: of process 'standard', which gets nothing but another version */
	size_t row_count;
	const struct change_row *changes;
	size_t change_count;
	int64_t ways_back_max; /* so often it goes back in an hour to whoever was passed over */
	/* out: how many rows of phase were written, how many changes; the others were passed over */
	int64_t written, changed;
	int64_t done_us;   /* full hour up to which all is written, this slice included */
	bool goes_on;	   /* of this hour something is left: the rest of the table, or whoever was passed over */
	int64_t ways_back; /* how often it has gone back so far, now included */
};

/* What the touches of one rule and UTC day say for a phase. */
struct why_line {
	int64_t day;	     /* since 1970 */
	const char *rule;    /* "confirm": a person said so */
	const char *content; /* of the first touch that had one; NULL: none has */
	unsigned touches;
	double effect; /* logit: the sum of their shares */
};

/* The main phases at the end of a day, in thousandths; -1: the process was closed. */
struct history_day {
	int16_t main[MAIN_COUNT];
};

/* A touch that a rule takes, or a hard fact; what is cleared of its contact is in it already. */
struct evidence_row {
	struct uuid contact_id;
	const char *process;
	int64_t at_us;
	uint64_t event_id;
	int rule; /* place among those of the process; -1: a hard fact */
	bool mail_click;
	uint64_t link;
	uint16_t confirm;
	const char *content; /* NULL: none that has a name */
};

/* A contact in a process whose explanation and history are of before. */
struct explain_row {
	struct uuid contact_id;
	int64_t version;     /* of its arbiter: where it is another by now, nothing is written */
	const char *process; /* NULL: it is in none any more */
	uint32_t taken;	     /* touches that left a trace, by its state */
	/* what is written */
	int64_t as_of_us;
	int phase; /* enum main_phase: what is explained; MAIN_NONE: there is nothing to */
	double start, logit;
	size_t earlier; /* touches that counted and are part of the start */
	const struct why_line *lines;
	size_t line_count;
	int64_t first_day;
	const struct history_day *days;
	size_t day_count;
	int peak;		  /* enum shown, from early on: the farthest that was shown; 0: none */
	int64_t fell_us;	  /* from when on it was shown no more; INT64_MIN: it is */
	const char *fell_rule;	  /* of the touch that moved it; NULL: time alone */
	const int64_t *late_days; /* at whose end late was entered, since 1970 */
	size_t late_count;
};

/* A slice of them, in three turns: who they are, what they have done, what follows from it. */
struct explain_rows {
	uint64_t model_version;		/* contacts of another one are left to who folds them anew */
	int64_t look_max, contacts_max; /* how many are looked at, how many are found */
	/* out of the first turn, in the arena */
	bool ours;	   /* else another daemon is at it, or nothing has changed */
	bool last;	   /* the end of the table */
	struct uuid after; /* up to this one all is done once these are */
	struct explain_row *rows;
	size_t row_count;
	/* out of the second, of those that are asked for */
	const struct uuid *asked;
	size_t asked_count;
	struct evidence_row *touches;
	size_t touch_count;
	struct change_row *changes; /* of what is shown: when, to what, by what */
	size_t change_count;
	/* out of the third: contacts that were written */
	int64_t written;
};

/* A contact of an account that is due. */
struct account_contact_row {
	const char *account;
	struct uuid contact_id;
	int64_t version; /* of its arbiter: where it is another by now, nothing is written of its account */
	enum role role;
	uint32_t taken; /* touches that left a trace, by its states */
};

struct account_change {
	int64_t at_ms;
	enum shown from, to;
	bool by_time; /* at a full hour */
};

/* A member who is active in a process. */
struct account_weight {
	struct uuid contact_id;
	double weight;
	bool laggard;
};

/* An account in a process: what is written of it. */
struct account_phase_row {
	const char *account, *process;
	int64_t as_of_us; /* INT64_MIN: nothing has come */
	uint32_t counted, confirmed;
	double activity; /* at the last touch */
	double main[MAIN_COUNT];
	int shown; /* enum shown; -1: more than is folded */
	int fine, band;
	bool quiet;
	int64_t since_us, last_us; /* INT64_MIN: none */
	unsigned members, active, silent, laggards;
	double consensus, coverage; /* NaN: none */
	unsigned missing;	    /* 1 << enum role */
	const struct account_change *changes;
	size_t change_count;
	const struct account_weight *weights;
	size_t weight_count;
};

/* An account whose rows are of before. */
struct account_due_row {
	const char *account;
	int64_t signature; /* of its contacts, that was found */
	int64_t contacts;  /* how many; 0: it has none any more */
	bool too_long;	   /* more than is folded */
	/* out */
	int64_t review_us; /* when time alone changes something; INT64_MIN: never */
};

/* A slice of them, in three turns: which they are, what their contacts have done, what follows from it. */
struct account_rows {
	uint64_t model_version; /* accounts with contacts of another one are left until these are folded anew */
	int64_t hour_us;	/* the full hour up to which time passes */
	int64_t look_max, accounts_max, contacts_max; /* contacts that are looked at; found; of each account */
	/* out of the first turn, in the arena */
	bool ours;	   /* else another daemon is at it, or nothing has changed */
	bool last;	   /* the end of the accounts */
	const char *after; /* up to this one all is done once these are */
	int64_t way;	   /* which way through the accounts this is, of all daemons */
	int64_t settings_mark;
	struct committee_settings settings;
	struct account_due_row *due;
	size_t due_count;
	struct account_contact_row *contacts; /* of those */
	size_t contact_count;
	/* out of the second, of those contacts that are asked for */
	const struct uuid *asked;
	size_t asked_count;
	struct evidence_row *touches;
	size_t touch_count;
	/* what is written */
	const struct account_phase_row *phases;
	size_t phase_count;
	/* out of the third: accounts that were written */
	int64_t written;
};

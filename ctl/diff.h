/*
 * phasectl model diff: one history under two models. What its parts hand to each other.
 *
 * diff_models.c makes the models ready; diff_subjects.c reads what touches were about and matches it under both; diff_contacts.c reads whose touches there are, one contact at a
 * time; diff_fold.c folds them under both; diff_tally.c counts what differs; diff_why.c finds the reasons of the largest moves;
 * diff_words.c and diff_json.c say it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/uuid.h"
#include "core/flow/alerts.h"
#include "core/flow/fold.h"
#include "core/flow/match.h"
#include "ctl/ctl.h"
#include "ctl/progress.h"

#define DIFF_PROCESSES_MAX (2 * MODEL_PROCESSES_MAX)
#define DIFF_LISTED_MAX 1000 /* of each list: moves, alerts, contacts left out */
#define DIFF_LATE_MAX 32     /* times that one contact enters late in one process; later ones are not told */

enum diff_side { DIFF_OLD, DIFF_NEW, DIFF_SIDES };

/* A model made ready. */
struct diff_model {
	const struct model *model;
	struct matcher *matcher;
	struct fold_process *folds;    /* as many as the model has processes */
	struct alerts_process *alerts; /* likewise */
};

/* A process by name. */
struct diff_process {
	const char *name;
	int number[DIFF_SIDES]; /* in each model; -1: it has none of that name */
};

/* ---- What touches were about ---- */

/* What a model makes of a subject. */
struct diff_reading {
	int process; /* in diff->processes */
	int rule;    /* in the model's; -1: never evidence */
	uint16_t confirm;
	bool mail_click;
	uint64_t link;
	const char *content; /* "": none */
};

struct diff_subject {
	uint64_t id;
	uint64_t touches; /* of contacts that were folded */
	struct diff_reading by[DIFF_SIDES];
};

struct diff_subjects {
	struct arena arena; /* all of them, and what is sent of them */
	struct diff_subject *list;
	size_t count;
	uint32_t *places; /* by hash of the id: 1 + place in the list; 0: none */
	size_t place_mask;
	uint64_t unread; /* whose properties could not be told: matched without */
};

/* ---- Whose they are ---- */

struct diff_touch {
	int64_t at_us;
	uint64_t event;
	uint32_t subject; /* in the list */
	int party;
	uint32_t cleared; /* machine reasons that are none for the contact: bursts, of which only the fold knows */
};

struct diff_contact {
	struct uuid id;
	const struct diff_touch *touches; /* by time */
	size_t count;			  /* more than diff->touches_max: too many, and none of them are here */
};

/* ---- Folded ---- */

struct diff_late {
	int64_t entered_ms, left_ms; /* INT64_MAX: not yet */
};

/* One contact in one process under one model. */
struct diff_folded {
	bool has_row; /* a report shows it */
	struct phase_state state;
	struct phase_view view; /* at diff->at_ms */
	size_t late_count;
	struct diff_late late[DIFF_LATE_MAX];
	/* The touches folded, in order; each one's place in the contact's list; did it count? Valid until the same side is folded again. */
	const struct fold_touch *touches;
	const uint32_t *places;
	const bool *counted;
	size_t count;
};

/* Room for the longest history. */
struct diff_room {
	struct diff_entry *entries;
	struct fold_touch *touches;
	uint32_t *places;
	bool *counted, *scratch;
};

/* ---- What differs ---- */

/* What a report shows; `phase` DIFF_ABSENT: no row. */
#define DIFF_ABSENT SHOWN_COUNT
#define DIFF_PHASES (SHOWN_COUNT + 1)
struct diff_shown {
	int phase; /* enum shown */
	enum band band;
	bool quiet;
	uint32_t touches;
	double main[MAIN_COUNT];
	double index; /* expected main phase: 0 early … 2 late; of nobody's: the prior's */
};

struct diff_row {
	struct uuid contact;
	unsigned process;
	struct diff_shown by[DIFF_SIDES];
};

struct diff_alert {
	struct uuid contact;
	unsigned process;
	int64_t at_ms;
};

struct diff_alerts {
	uint64_t count;
	struct diff_alert *latest; /* DIFF_LISTED_MAX of them at the most, the latest first */
	size_t listed;
};

struct diff_long {
	struct uuid contact;
	uint64_t touches;
};

/* Touches that another rule would take. */
struct diff_rule {
	struct diff_reading by[DIFF_SIDES];
	uint64_t subjects, touches;
};

struct diff_tally {
	uint64_t contacts, touches; /* folded */
	uint64_t elsewhere;	    /* contacts of whom another phase would be shown in some process */
	uint64_t only_surer;	    /* rows of the same phase with another band or quiet */
	uint64_t phases[DIFF_PROCESSES_MAX][DIFF_PHASES][DIFF_PHASES]; /* rows: from, to */
	uint64_t bands[BAND_COUNT][BAND_COUNT];			       /* of those of the same phase */
	uint64_t went_quiet, came_back;				       /* likewise */
	struct diff_row *moves; /* listed_max of them at the most, the largest first */
	size_t move_count;
	uint64_t late_kept;
	struct diff_alerts raised, dropped; /* under the new model alone; under the old one alone */
	struct diff_long *too_long;
	size_t too_long_listed;
	uint64_t too_long_count;
	struct diff_rule *rules; /* most touches first */
	size_t rule_count;
	uint64_t rule_touches, rule_subjects;
};

struct diff_person {
	struct uuid contact;
	const char *name;
};

struct diff {
	struct ctl *ctl;
	struct postgres *postgres;
	struct progress *progress; /* the caller's */
	const char *doing;	   /* what is done to touches, for that: "folded under both" */
	struct diff_model models[DIFF_SIDES];
	struct diff_process processes[DIFF_PROCESSES_MAX];
	unsigned process_count;
	int64_t now_us; /* what was done until then, INT64_MIN: until the snapshot's now */
	int64_t at_ms;	/* its full hour: what the daemon's review has come to */
	double sample;	/* part of the contacts that is looked at: 1 all */
	size_t touches_max, listed_max;
	bool json;
	struct diff_subjects subjects;
	struct diff_room rooms[DIFF_SIDES];
	struct diff_folded folded[DIFF_SIDES];
	struct diff_tally tally;
	struct diff_person *persons; /* by contact */
	size_t person_count;
};

#define DIFF_ANSWER_MS (60 * 60 * 1000) /* for whoever connects: the server sorts all touches before it answers */

/* diff_models.c: begins a transaction that is read only, and reads the model in force and that of `path`, a file or folder; NULL: the one in
 * force is both. diff_models_finish() takes a zeroed one, too. */
bool diff_models_read(struct diff *diff, const char *path, struct fail *fail);
void diff_models_finish(struct diff *diff);

/* diff_subjects.c: reads and matches all subjects. False: *fail. */
bool diff_subjects_read(struct diff *diff, struct fail *fail);
void diff_subjects_finish(struct diff_subjects *subjects);
/* Place in the list; -1: none. */
int64_t diff_subjects_find(const struct diff_subjects *subjects, uint64_t id);
/* Is it input of the fold under a model? */
bool diff_reading_counts(const struct diff_reading *reading, int party);
/* The same process, rule and fact? */
bool diff_reading_same(const struct diff *diff, const struct diff_reading *old, const struct diff_reading *new);
/* "web.pricing", "won or lost", "a fact"; NULL where it is no input. */
const char *diff_reading_name(const struct diff *diff, enum diff_side side, const struct diff_reading *reading);

/* diff_contacts.c: calls back for each contact, by id: all, or those of `only` (NULL: all), sorted. */
typedef void diff_on_contact(struct diff *diff, const struct diff_contact *contact, void *context);
bool diff_contacts_read(struct diff *diff, const struct uuid *only, size_t only_count, diff_on_contact *on_contact,
			void *context, struct fail *fail);

/* diff_fold.c: folds one contact's touches of a process under a model into diff->folded[side]. */
bool diff_room_init(struct diff *diff);
void diff_room_finish(struct diff *diff);
void diff_fold(struct diff *diff, const struct diff_contact *contact, unsigned process, enum diff_side side);

/* diff_tally.c: a diff_on_contact that folds and counts; and, once all are, the rules. False: no memory. */
bool diff_tally_init(struct diff *diff);
void diff_tally_finish(struct diff_tally *tally);
void diff_tally_contact(struct diff *diff, const struct diff_contact *contact, void *context);
bool diff_tally_rules(struct diff *diff);
/* Does anything differ? */
bool diff_tally_differs(const struct diff_tally *tally);
/* Does a row? */
bool diff_row_differs(const struct diff_row *row);

/* diff_why.c: why a row moves: what each day's touches of a rule say for the phase, less what they said. */
struct diff_line {
	int64_t day;			/* days since 1970, UTC */
	const char *rules[DIFF_SIDES];	/* NULL: it takes none of them, or in another process: */
	const char *others[DIFF_SIDES]; /* that process's name */
	const char *content;
	unsigned touches;
	double effect;
};
#define DIFF_EXPLAINED_MAX 20000 /* touches of one contact: of more no reasons are told */
struct diff_why {
	const struct diff_row *row;
	bool too_many; /* touches: the rest is empty */
	enum main_phase phase;
	bool has[DIFF_SIDES]; /* has anything counted? */
	double logit[DIFF_SIDES];
	double start;		 /* difference of the starts; of one side alone: its start */
	struct diff_line *lines; /* by day and rules */
	size_t count;
};
typedef void diff_on_why(struct diff *diff, const struct diff_why *why);
/* Reads the listed moves again, and calls back for each, in the order of their list. False: *fail. */
bool diff_why_moves(struct diff *diff, diff_on_why *on_why, struct fail *fail);

/* diff_json.c */
void diff_json_head(const struct diff *diff);
void diff_json_row(const struct diff *diff, const struct diff_row *row);
void diff_json_alert(const struct diff *diff, const struct diff_alert *alert, bool raised);
void diff_json_long(const struct diff_long *contact);
void diff_json_why(struct diff *diff, const struct diff_why *why);
void diff_json_end(const struct diff *diff);

/* diff_names.c: who the listed contacts are, where the role may read report.person. False: *fail. */
bool diff_names_read(struct diff *diff, struct fail *fail);
const char *diff_name(const struct diff *diff, const struct uuid *contact); /* "" where it is not known */

/* diff_words.c */
void diff_words_head(const struct diff *diff);
void diff_words_counts(const struct diff *diff);
void diff_words_why(struct diff *diff, const struct diff_why *why);
void diff_words_end(const struct diff *diff);

/*
 * What a batch asks of the database and what it writes: rows as structs, knowing neither SQL nor libpq.
 *
 * Lists and texts live in the arena of the batch. Fields under "out" are filled by the store.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/uuid.h"
#include "core/model/actor.h"
#include "core/model/message.h"
#include "core/model/phase.h"
#include "core/model/subject.h"
#include "core/model/touch.h"

/* A partition of a topic by name, as PostgreSQL knows it. */
struct position_row {
	const char *topic;
	int32_t partition;
	int64_t from_offset; /* where it stands: next_offset */
	int64_t to_offset;   /* advance: where it shall stand */
	int64_t epoch;
	int64_t end_offset; /* of the log; -1: not known */
	int64_t oldest_us;  /* record time of the last message applied */
	bool set_by_hand;   /* look: by `phasectl position set`, and not claimed since */
};

/* Who is in play in a batch, as ADVANCE or PEEK finds it, and LOAD again where it has waited for locks. */
struct in_play_rows {
	struct claim *claims; /* on each weak actor `claim_room`, the first ones */
	size_t claim_count;
	struct kin *kin; /* persons of several actors, of whom any is in play */
	size_t kin_count;
	struct assertion *assertions; /* of pairs of whom something new is said: all that link them to anybody */
	size_t assertion_count;
};

/* Careful way: BEGIN, advance, and the claims that say which contacts the batch concerns. Quick way, twice: a PEEK reads the
 * model in force and the claims in a snapshot, SAVE advances. */
struct advance_rows {
	const char *group;
	const struct position_row *positions;
	size_t position_count;
	const struct uuid *weak; /* of the batch */
	size_t weak_count;
	const struct uuid
		*decided; /* persons whose consent the batch decides: all weak actors claimed for them, too */
	size_t decided_count;
	size_t claims_max; /* so many claims on one weak actor count (rule 5 of core/flow/attribute.h) */
	size_t claim_room; /* so many are read, the first ones */
	/* Strong actors that the batch names; pairs that it asserts something of (a moment of INT64_MIN: whatever is known already,
	 * all that was asserted of them is asked for) */
	const struct uuid *strong;
	size_t strong_count;
	const struct assertion *asserted;
	size_t asserted_count;
	const int64_t *months; /* quick way: moments in months whose partition of table touch may be missing */
	size_t month_count;
	/* out, in the arena */
	bool has_model;
	uint64_t model_version;
	struct in_play_rows in_play;
};

/* Where the store had a row when it was read: its own, for finding it again. */
struct row_place {
	uint8_t bytes[6];
};

/* The row of this process is the contact's arbiter. */
#define ARBITER_PROCESS "standard"

/* A row of table phase as it was loaded. */
struct phase_row {
	struct uuid contact_id;
	struct row_place place;
	const char *process;
	int64_t version;
	uint64_t model_version;
	const uint8_t *fold; /* phase_pack(); size 0 before the first touch */
	size_t fold_size;
	int shown;	   /* enum shown */
	int64_t since_us;  /* INT64_MIN: none */
	int64_t review_us; /* nothing changes by time before; INT64_MIN: nothing ever */
	int64_t touched_since_us; /* where time alone has changed it after the last touch: as that one had left it; INT64_MIN: never changed */
	uint32_t
		cleared; /* of an arbiter: machine reasons that are none for this contact, as somebody has decided */
};

/* Refuses touches of an actor with from_us ≤ at ≤ at_us, and messages of one partition below an offset. */
struct erasure_row {
	struct uuid actor_id;
	int64_t from_us, at_us;
	bool has_position;
	struct partition partition;
	int64_t below;
};

/* A row of the ledger as it is written. */
struct ledger_row {
	struct uuid actor_id;
	int64_t from_us; /* INT64_MIN: the actor goes whole */
	int64_t at_us, erased_us;
	const char *positions; /* JSON: {"topic": [offset of partition 0, …], …} */
};

struct touch_key {
	struct uuid actor_id;
	int64_t stamped_us;
	uint64_t event_id;
};

/* What was done in a conversation, of a touch of a chat. The numbers are stored. */
enum thread_act {
	ACT_NONE,
	ACT_STARTED,
	ACT_MESSAGE,
	ACT_ASSIGNED,
	ACT_CLOSED,
	ACT_RATED,
	ACT_REOPENED,
};

/* What stands beside a touch. */
struct beside {
	enum thread_act act; /* NONE: no conversation */
	const char *thread;  /* "": none */
	double rating;	     /* 0 to 100; NaN: none */
	bool has_cost;
	double amount;
	char currency[4]; /* three capital letters, else "" */
};

/* A touch that stands under a key of the batch. */
struct copy_row {
	struct touch touch;
	const struct beside *beside; /* NULL: nothing. Its act is not asked for: the subject tells it */
	int channel;		     /* of its subject */
	bool has_person;	     /* its event stated consent, and so perhaps more, of this person */
	struct uuid person;
	bool has_asserted; /* and asserted something of this actor */
	struct uuid asserted;
};

struct thread_touch {
	struct touch_key key;
	int64_t at_us;
	const char *source, *site, *thread;
	enum thread_act act;
	int16_t party;
	double rating; /* 0 to 100; NaN: none */
};

/* What a touch cost. */
struct cost_row {
	struct touch_key key;
	int64_t at_us;
	uint64_t subject_id;
	double amount;
	const char *currency; /* three letters; "": not said */
};

struct touch_time {
	struct touch_key key;
	int64_t at_us;
};

/* How many persons, and how many claims of each, say whether all claims on an actor are of one person. */
#define LOAD_OTHERS_MAX 18
#define LOAD_OTHERS_EACH 2

/* Careful way: arbiters made and locked in key order; only then, by later statements, facts and states. Quick way: facts and
 * states in the snapshot that PEEK began, no locks; with `keys` of suspected copies alone. */
struct load_rows {
	bool quick;
	uint64_t model_version;
	const struct uuid *contacts; /* sorted; the locks */
	size_t contact_count;
	const struct uuid *weak; /* sorted: those of advance and those it found through `decided` */
	size_t weak_count;
	const struct uuid *
		decided; /* sorted: those of ADVANCE, and all that they are one with or may come to be; their values, too */
	size_t decided_count;
	const struct uuid *persons; /* all strong actors in play */
	size_t person_count;
	const struct assertion *asserted; /* as in store_advance */
	size_t asserted_count;

	const struct uuid *actors; /* whom the batch names: looked up in the ledger of erasures */
	size_t actor_count;
	const struct position_row *positions; /* of the batch, and which partitions these are */
	const struct partition *partitions;
	size_t position_count;
	const struct touch_key *keys; /* of the batch's touches */
	size_t key_count;
	const struct uuid *timed; /* weak actors whose sessions matter (rule 3) */
	size_t timed_count;
	size_t claim_room;	    /* as ADVANCE had it */
	const struct uuid *crowded; /* weak actors of whom there may be more claims than that: for whom? */
	size_t crowded_count;
	const struct claim *stated; /* by the batch, of them: are these there already? */
	size_t stated_count;
	/* out, in the arena; who is in play, quick way: in, as PEEK has it, which saw the same */
	struct in_play_rows in_play;
	struct consent *consents;
	size_t consent_count;
	struct declared *declared;
	size_t declared_count;
	struct erasure_row *erasures;
	size_t erasure_count;
	struct copy_row *copies; /* touches that stand under `keys` */
	size_t copy_count;
	struct touch_time *times; /* of all touches of `timed` */
	size_t time_count;
	struct claim *
		others; /* on `crowded`: LOAD_OTHERS_EACH for each of LOAD_OTHERS_MAX persons, or all; and those of `stated` */
	size_t other_count;
	struct phase_row *phases; /* of `contacts`, every process */
	size_t phase_count;
};

/* A touch as a refold reads it. */
struct touch_row {
	bool by_stretch;
	struct uuid contact_id; /* of its stretch, when read by one */
	struct touch_key
		key; /* of this the event's id alone, when read by a stretch and without read->with_keys */
	int64_t at_us;
	uint32_t reasons;
	int party;
	uint64_t subject_id;
	/* what that matches: not the store's to fill */
	int process; /* number; -1: it has no rule under this model */
	int rule;    /* -1: never evidence */
	bool mail_click;
	uint64_t link;
	uint16_t confirm;
};

/* Of whom to read touches: all of every process; or of one, from its last checkpoint before a moment on. */
struct read_ask {
	struct uuid id;
	const char *process; /* NULL: every one */
	int64_t before_us;   /* INT64_MIN: from the start */
	int64_t after_us;    /* where there is no checkpoint: from there on; INT64_MIN: from the start */
	uint32_t cleared;    /* touches with none but these reasons, too */
};

/* A state to go on from: after all touches of its millisecond. */
struct checkpoint_row {
	struct uuid contact_id;
	const char *process;
	uint32_t n; /* after so many times 64 touches that left a trace */
	int64_t at_us;
	const uint8_t *fold; /* phase_pack() */
	size_t fold_size;
	int shown;	  /* enum shown; since when: */
	int64_t since_us; /* INT64_MIN: nothing yet */
};

/* Reads the touches of contacts (by their stretches) and of actors (those recorded on them), for refolds. */
struct read_rows {
	uint64_t model_version;
	const struct read_ask *contacts;
	size_t contact_count;
	const struct read_ask *actors;
	size_t actor_count;
	const struct uuid *moved; /* actors whose stored stretches are true no longer: left out of the contacts' */
	size_t moved_count;
	bool with_keys; /* touches are to be known again by their keys */
	bool counted_only; /* none of subjects that are stored with what makes them no evidence: dearer, for histories that do not fit else */
	/* out, in the arena */
	struct checkpoint_row *checkpoints; /* from which each ask with a process begins; none: from the start */
	size_t checkpoint_count;
	struct touch_row *touches;
	size_t touch_count;
};

/* What a subject matches under a model. */
struct rule_row {
	uint64_t subject_id;
	const char *process;
	int rule; /* number; -1: never evidence */
	bool mail_click;
	uint64_t link;
	uint16_t confirm;
};

struct rule_rows {
	uint64_t model_version;
	const uint64_t *subjects;
	size_t subject_count;
	/* out, in the arena; of those that are stored with their rule */
	struct rule_row *rules;
	size_t rule_count;
};

struct subject_row {
	const struct subject *subject;
	const char *process;
	const char *rule; /* NULL: never evidence */
	int rule_number;  /* -1 */
	const char *content;
	bool mail_click;
	uint64_t link;
	uint16_t confirm;
};

struct person_row {
	struct uuid contact_id;
	bool stands;							     /* false: the row goes */
	const char *address, *name, *role, *role_declared, *title, *company; /* NULL: none */
	bool may_write;
	int role_source; /* enum role_source; NONE: no role, and the next two are INT64_MIN */
	int64_t role_at_us, role_since_us;
	const char *host, *domain; /* where its account follows from; NULL: none */
	bool named;		   /* by a group call or a CRM record, not by the address */
};

/* Touches of an actor that a withdrawal erases: both moments included. */
struct erased_row {
	struct uuid actor_id;
	int64_t from_us, until_us;
};

/* A state to write; the row of process 'standard' gets version + 1. */
struct state_row {
	struct uuid contact_id;
	const char *process;
	const uint8_t *fold;
	size_t fold_size;
	uint32_t counted, confirmed;
	double activity, early, mid, late;
	int reported, shown, fine, band;
	bool quiet;
	int64_t since_us, last_us, review_us; /* INT64_MIN: NULL */
};

struct change_row {
	struct uuid contact_id;
	const char *process;
	int64_t at_us;
	int from_shown, to_shown;
	int64_t from_since_us; /* since when from_shown was */
	bool by_time;	       /* at a full hour, without a touch */
	uint64_t cause;	       /* event id of the touch; 0 by time */
	bool late;
};

/* What time was noted to have changed after a touch that came in order all the same: is undone. */
struct undone_row {
	struct uuid contact_id;
	const char *process;
	int64_t after_us;
};

struct outcome_row {
	int64_t day_us;
	const char *source, *site;
	int channel;
	const char *outcome;
	int64_t n; /* less than 0: counted before as what it no longer is */
	/* Of these, those that said so of analytics; denied: or withdrawn. Of what could not be read nothing is known. */
	int64_t granted, denied, unsaid;
};

/* A change of an opportunity, as sellers report it. Texts are never NULL. */
struct stage_row {
	const char *source, *site, *id;
	int64_t stamped_us;
	uint64_t event_id;
	int64_t received_us, at_us;
	uint64_t subject_id;
	uint32_t reasons;
	const char *stage;
	int state;		    /* enum opportunity_state */
	double probability, amount; /* NaN: unsaid */
	const char *currency;
	int64_t close_us; /* INT64_MIN: unsaid */
	const char *owner;
};

/* That somebody is a contact of an opportunity, or no longer is; and where the message lies that says so. */
struct associate_row {
	const struct stage_row *stage; /* which opportunity, and which event */
	struct uuid actor_id;
	bool present;
	const char *topic;
	int32_t partition;
	int64_t offset;
};

struct reject_row {
	const char *topic;
	int32_t partition;
	int64_t offset;
	const char *reason, *field;
	uint32_t size;
	uint64_t hash;
	int64_t at_us;
	const char *source;
	const uint8_t *raw; /* NULL: not kept */
	int form;	    /* enum message_form */
};

/* The arbiter of a contact that is concerned: written on condition that nobody else has written it since it was loaded. */
struct arbiter_row {
	struct uuid contact_id;
	struct row_place place; /* as loaded, as the next */
	int64_t version;
	const struct state_row *state; /* NULL: nothing but the version changes */
};

/* A contact that waits for its refold. */
struct waiting_row {
	struct uuid contact_id;
	int64_t from_us; /* before this moment nothing has changed; INT64_MIN: something may have */
	bool anonymous;	 /* picked: and its touches are found by its actor, not by stretches */
};

/* Begins the refold of contacts that wait: those that have waited longest and that nobody else is at, locked. */
struct pick_rows {
	size_t contacts_max;
	/* out, in the arena */
	bool has_model;
	uint64_t model_version; /* in force */
	struct waiting_row *waiting;
	size_t waiting_count;
	struct load_rows load; /* phases alone */
};

/* What was folded anew: whatever is stored of it from there on is replaced. */
struct refolded_row {
	struct uuid contact_id;
	const char *process; /* NULL: every one */
	int64_t after_us;    /* of the checkpoint that it went on from; INT64_MIN: from the start */
	uint32_t n;	     /* its number; 0 */
};

/* All that a batch writes, then COMMIT. Every list may be empty. */
struct save_rows {
	uint64_t model_version;
	int64_t now_us;
	/*
	 * Quick way: SAVE begins with the subjects in a transaction of their own, then BEGIN and these positions (which stop
	 * it when another model is in force), then come the arbiters, each list in key order: where one was not as loaded,
	 * nothing is written (SQLSTATE PH002). `states` and `bumped` then hold no arbiters, and the new touches must be new
	 * (23505). NULL: careful way, all this has been done.
	 */
	const struct advance_rows *quick;
	const struct arbiter_row *arbiters_new, *arbiters; /* no row yet; loaded */
	size_t arbiter_new_count, arbiter_count;
	/* Of many touches, what is new goes by COPY, in turns of their own (enum save_part); `actors` and `changes` then lack
	 * what came into the world together with a new arbiter, and with a state that was folded in order. */
	bool by_copy;
	const struct actor *actors_new;
	size_t actor_new_count;
	const struct change_row *changes_new;
	size_t change_new_count;

	const struct subject_row *subjects;
	size_t subject_count;
	const struct actor *actors; /* inserted where missing; a value takes the place of NULL */
	size_t actor_count;
	const struct uuid *valueless; /* actors whose value goes */
	size_t valueless_count;
	const struct claim *claims_gone, *claims;
	size_t claim_gone_count, claim_count;
	const struct consent *consents_gone, *consents;
	size_t consent_gone_count, consent_count;
	const struct declared *declared_gone, *declared;
	size_t declared_gone_count, declared_count;
	const struct assertion *assertions_gone, *assertions; /* gone, too: of which another thing follows now */
	size_t assertion_gone_count, assertion_count;
	const struct uuid *kin_gone; /* actors whose person is another, or joined otherwise */
	size_t kin_gone_count;
	const struct kin *kin;
	size_t kin_count;
	const struct person_row *persons;
	size_t person_count;
	const struct uuid *stretched; /* actors whose stretches are written anew */
	size_t stretched_count;
	const struct stretch *stretches;
	size_t stretch_count;
	const struct touch *touches, *replacing; /* new ones; those that take the place of a copy; sorted by key */
	size_t touch_count, replacing_count;
	const struct thread_touch
		*thread_touches; /* of new and replacing touches; of these all that stood there before goes */
	size_t thread_touch_count;
	const struct cost_row *costs; /* likewise */
	size_t cost_count;
	const struct erased_row *erased; /* once the touches are written that take the place of others */
	size_t erased_count;
	const struct touch_key
		*timed; /* of these, mails sent or delivered, clicks in mails, and whatever replaces a copy */
	size_t timed_count;
	const struct state_row *states;
	size_t state_count;
	const struct uuid *bumped; /* arbiters that only get version + 1 */
	size_t bumped_count;
	const struct refolded_row *refolded; /* whose changes and checkpoints are written anew */
	size_t refolded_count;
	const struct undone_row *undone; /* before the changes */
	size_t undone_count;
	const struct change_row *changes;
	size_t change_count;
	const struct checkpoint_row *checkpoints;
	size_t checkpoint_count;
	const struct waiting_row *waiting; /* contacts that are to be refolded later */
	size_t waiting_count;
	const struct uuid *caught_up; /* that wait no longer */
	size_t caught_up_count;
	const struct outcome_row *outcomes;
	size_t outcome_count;
	const struct reject_row *rejects;
	size_t reject_count;
	const struct stage_row *stages;
	size_t stage_count;
	const struct associate_row *associates;
	size_t associate_count;
};

/* What one turn writes of them. ALL, or by COPY the others in this order. */
enum save_part {
	SAVE_ALL,
	SAVE_BEGIN,    /* BEGIN, positions */
	SAVE_ARBITERS, /* COPY: arbiters_new, before any other arbiter: everybody takes them in this order */
	SAVE_ROWS,     /* what is neither below nor above */
	SAVE_COPY,     /* COPY: actors_new, changes_new, touches */
	SAVE_END       /* rows that every batch of the day writes, held for as short a time as can be; COMMIT */
};

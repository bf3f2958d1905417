/*
 * Between contacts.c and the files contacts_*.c: runs of touches, and what is collected
 * while one is folded.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/sort.h"
#include "core/flow/contacts.h"

#define CONTACTS_MS_US INT64_C(1000)

/* What is collected while one contact's process is folded. */
struct folding {
	struct contacts *contacts;
	const struct fold_process *process;
	const char *process_name;
	struct uuid contact_id;
	enum shown shown;
	int64_t since_us; /* INT64_MIN: nothing shown yet */
	/* Up to when this is known: the last touch that moved the state, or the last hour after it at which time changed something. */
	int64_t seen_ms;
	int64_t not_before_ms;	  /* time changes nothing before, after seen_ms */
	struct phase_state last;  /* as that touch left it, up to what tells which touches count */
	int64_t touched_since_us; /* since_us as it left it */
	bool late;		  /* a refold: what changes was not noticed when it happened */
	bool full;
};

void folding_begin(struct folding *folding, struct contacts *contacts, const struct uuid *contact_id,
		   unsigned process, bool late);
/* Goes on from a state as its last touch left it. */
void folding_go_on(struct folding *folding, const struct phase_state *state, enum shown shown, int64_t since_us);
/* Goes on from a row whose fold was unpacked to `state`, and which time may have changed since. */
void folding_load(struct folding *folding, const struct phase_row *loaded, const struct phase_state *state);
/* A fold_step: after the last touch of a millisecond that moved the state. */
void folding_step(void *context, const struct phase_state *state, const struct fold_touch *touch);
/* No touch moves the state up to then, the moment included: what does time change, hour by hour? */
void folding_pass(struct folding *folding, int64_t until_ms);
/* Where a state has come to a checkpoint, once folding_step() was called. */
void folding_checkpoint(void *context, const struct phase_state *state);
/* Adds the row of a state that nothing has moved. There is room for it. */
struct state_row *folding_empty(struct contacts *contacts, const struct uuid *contact_id, const char *process);
/* Adds the row of a state. False: arena full. */
bool folding_end(struct folding *folding, const struct phase_state *state);

/* Of a contact and a process: is it folded anew, and from where? */
struct contacts_want {
	bool wanted;
	bool has_state; /* of all that is stored of a contact */
	bool done;
	const struct checkpoint_row *from; /* NULL: the start */
};

static inline struct contacts_want *contacts_want(const struct contacts *contacts,
						  const struct cast_member *member, unsigned process)
{
	return &contacts->wants[cast_number(contacts->cast, member) * contacts->model->model->process_count +
				process];
}

/* Every process, from the start. */
static inline bool contacts_is_whole(const struct cast_member *member)
{
	return member->refold_all && member->refold_us == INT64_MIN;
}

/* Sorts what was loaded, as it mostly is, and notes where each member's rows are. False: arena full. */
bool contacts_link_phases(struct contacts *contacts, struct load_rows *load);

/*
 * A run: the touches of one contact in one process. An entry a touch: its contact and its process, by name, are the key; its place
 * is that in cast->touches or, behind these, in what was read.
 */

/* Notes the model's processes in the order of their names. False: arena full. */
bool runs_order_names(struct contacts *contacts);
struct sort_entry runs_entry(const struct contacts *contacts, const struct cast_member *contact, unsigned process,
			     size_t place);
/* The batch's own touches that are the fold's input; room for all its touches. */
size_t runs_list(const struct contacts *contacts, const struct item *items, struct sort_entry *ret_entries);
/* Of sorted entries: how many runs there are, and how long the longest one is. */
size_t runs_count(const struct sort_entry *entries, size_t count, size_t *ret_longest);
size_t runs_end(const struct sort_entry *entries, size_t count, size_t start);
struct cast_member *runs_member(const struct contacts *contacts, const struct sort_entry *run);
unsigned runs_process(const struct contacts *contacts, const struct sort_entry *run);
/* The touches of a run in the fold's order. */
void runs_fill(const struct contacts *contacts, const struct item *items, const struct read_rows *read,
	       const struct sort_entry *run, size_t count, struct fold_touch *ret_touches);

/*
 * FOLD: what the touches of a batch do to the states of their contacts. Pure.
 *
 * contacts_in_order() folds new touches onto loaded states; where one is late, makes a burst, or the state is of another
 * model, its contact joins those that are refolded. contacts_refold() folds the touches of these anew, from the last checkpoint
 * before whatever changed. A contact is folded or refolded in a batch, never both.
 *
 * What time alone changes happens at full hours, between two touches as after the last one: what it changed before a touch is
 * found when that touch is folded, or by contacts_review() when nothing comes. The rows are the same.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/flow/cast.h"
#include "core/flow/fold.h"
#include "core/flow/item.h"
#include "core/model/model.h"
#include "core/model/chore_rows.h"

struct arena;
struct sort_entry;

/* A model made ready: what the fold needs of each process. */
struct contacts_model {
	const struct model *model;
	const struct fold_process *processes; /* as many as the model has, in its order */
};

/* Results gathered: states and changes to write. In the cast's arena. */
struct contacts {
	struct cast *cast;
	const struct contacts_model *model;
	const uint16_t *process_ranks, *process_order; /* by name: of each process, and which process is where */
	const struct sort_entry *entries;	       /* contacts_inside.h */
	size_t entry_count;
	struct cast_slice *phases; /* of each member, in load->phases: */
	const struct phase_row *loaded;
	struct state_row *states; /* by contact, then process */
	size_t state_count, state_room;
	struct change_row *changes;
	size_t change_count, change_room;
	struct checkpoint_row *checkpoints;
	size_t checkpoint_count, checkpoint_room;
	struct undone_row *undone;
	size_t undone_count, undone_room;
	int64_t now_us;		     /* up to when time has passed, of who is refolded */
	struct contacts_want *wants; /* contacts_inside.h */
	bool of_queue;		     /* they have waited: touches of any process may have come meanwhile */
	struct waiting_row *waiting; /* too many to be refolded now */
	size_t waiting_count;
	size_t refold_count; /* contacts; what was folded anew of them: */
	struct refolded_row *refolded;
	size_t refolded_count;
};

/* False: arena full. Call once screen_batch() is done. */
bool contacts_in_order(struct contacts *contacts, struct cast *cast, const struct contacts_model *model,
		       const struct item *items, struct load_rows *load);
/* Its number; -1: the model has none of this name. */
int contacts_process(const struct model *model, const char *name);

/* How many contacts are refolded at once, of how many touches by what their states say; the rest waits. */
struct contacts_bounds {
	size_t contacts, touches;
};

/*
 * Fills what READ asks for, of contacts->refold_count contacts that are to be refolded; 0: no READ. The rest is listed in
 * contacts->waiting, less those who are contacts no longer, which must show at once; of whom a withdrawal takes touches away
 * waits with an empty state. False: arena full.
 */
bool contacts_ask(struct contacts *contacts, const struct load_rows *load, const struct contacts_bounds *bounds,
		  struct read_rows *ret_read);
/* In place of contacts_in_order(): contacts that have waited, in `cast` made of them by cast_of_waiting(); then ask with
 * bounds NULL, and refold. False: arena full. */
bool contacts_of_waiting(struct contacts *contacts, struct cast *cast, const struct contacts_model *model,
			 const struct waiting_row *waiting, size_t count, struct load_rows *load);
/* Folds the contacts of contacts_ask() from what was read (and what it matches) and from the batch's own touches, and on to `now_us`. False: arena
 * full. */
bool contacts_refold(struct contacts *contacts, const struct item *items, size_t count,
		     const struct read_rows *read, int64_t now_us);

/* What time alone has changed by due->hour_us, and when to look again. Rows of another model are left out: they are refolded.
 * False: arena full. */
bool contacts_review(const struct contacts_model *model, const struct due_rows *due, struct arena *arena,
		     struct reviewed_rows *ret_rows);

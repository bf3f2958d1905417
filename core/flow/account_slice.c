#include "core/flow/account_slice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/flow/account_fold.h"
#include "core/flow/committee.h"
#include "core/flow/contacts_inside.h"
#include "core/flow/evidence.h"
#include "core/flow/fold_input.h"
#include "core/flow/review.h"

/* One contact of the account that is being worked on. */
struct member {
	const struct account_contact_row *row;
	/* In this process, less what tells which touches count (from `recent` on); NULL: has done nothing there, or does not decide. */
	struct phase_state *state;
	int64_t seen_ms; /* account_seen() */
};

struct work {
	const struct contacts_model *model;
	struct account_rows *slice;
	struct arena *arena;
	int64_t hour_ms;
	account_factors **factors; /* of each process and role: made when asked for */
	struct account_phase_row *phases;
	/* of one account */
	struct account_due_row *due;
	struct member *members;
	size_t member_count;
	/* in one process, of number `process` */
	unsigned process;
	const char *process_name;
	const struct fold_process *fold;
	struct account_touch *pool;
	size_t pool_count, pool_room;
};

/* ---- Order ---- */

static int compare_contacts(const void *a, const void *b)
{
	const struct account_contact_row *x = a, *y = b;
	int order = strcmp(x->account, y->account);
	return order != 0 ? order : uuid_compare(&x->contact_id, &y->contact_id);
}

static int compare_due(const void *a, const void *b)
{
	return strcmp(((const struct account_due_row *)a)->account, ((const struct account_due_row *)b)->account);
}

/* The touches of a contact in a process, of those that are sorted. */
static const struct evidence_row *touches_of(const struct account_rows *slice, const struct uuid *contact_id,
					     const char *process, size_t *ret_count)
{
	size_t from = 0, to = slice->touch_count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct evidence_row *row = &slice->touches[middle];
		if (evidence_compare_keys(&row->contact_id, row->process, contact_id, process) < 0) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	while (to < slice->touch_count &&
	       evidence_compare_keys(&slice->touches[to].contact_id, slice->touches[to].process, contact_id,
				     process) == 0) {
		to++;
	}
	*ret_count = to - from;
	return slice->touches + from;
}

/* ---- A member ---- */

static account_factors *factors_of(struct work *work, enum role role)
{
	account_factors **factors = &work->factors[work->process * ROLE_COUNT + role];
	if (*factors == NULL) {
		*factors = account_factors_make(work->fold, work->slice->settings.multiplier[role], work->arena);
	}
	return *factors;
}

static bool make_room(struct work *work, size_t more)
{
	if (work->pool_count + more <= work->pool_room) {
		return true;
	}
	size_t room = 2 * (work->pool_count + more);
	struct account_touch *pool = arena_array(work->arena, room, sizeof(*pool));
	if (pool == NULL) {
		return false;
	}
	if (work->pool_count > 0) {
		memcpy(pool, work->pool, work->pool_count * sizeof(*pool));
	}
	work->pool = pool;
	work->pool_room = room;
	return true;
}

static bool keep_state(struct work *work, struct member *member, const struct phase_state *state)
{
	size_t size = offsetof(struct phase_state, recent);
	member->state = arena_take(work->arena, size);
	if (member->state != NULL) {
		memcpy(member->state, state, size);
		member->seen_ms = account_seen(work->fold, member->state, work->hour_ms);
	}
	return member->state != NULL;
}

/* Folds what it has done, and adds what counted of it to the pool. */
static bool fold_rows(struct work *work, struct member *member, const struct evidence_row *rows, size_t count)
{
	enum role role = member->row->role;
	struct fold_touch *touches = arena_array(work->arena, count, sizeof(*touches));
	bool *scratch = arena_array(work->arena, count, sizeof(*scratch));
	bool *counted = arena_array(work->arena, count, sizeof(*counted));
	account_factors *factors = factors_of(work, role);
	struct phase_state state;
	if (touches == NULL || scratch == NULL || counted == NULL || factors == NULL || !make_room(work, count)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		touches[i] = fold_input(rows[i].at_us, rows[i].event_id, 0, rows[i].rule, rows[i].mail_click,
					rows[i].link, rows[i].confirm);
	}
	qsort(touches, count, sizeof(*touches), fold_compare);
	fold_all(work->fold, touches, count, scratch, &state, counted, NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		if (counted[i]) {
			work->pool[work->pool_count++] = (struct account_touch){
				.touch = touches[i],
				.contact_id = member->row->contact_id,
				.multiplier = work->slice->settings.multiplier[role],
				.factor = touches[i].kind == FOLD_TOUCH ? factors[touches[i].rule] : NULL,
			};
		}
	}
	return !(state.moved || state.closed) || keep_state(work, member, &state);
}

/* Of those who decide. */
static bool fold_members(struct work *work)
{
	work->pool_count = 0;
	for (size_t i = 0; i < work->member_count; i++) {
		struct member *member = &work->members[i];
		member->state = NULL;
		if (!(work->slice->settings.multiplier[member->row->role] > 0)) {
			continue;
		}
		size_t count;
		const struct evidence_row *rows =
			touches_of(work->slice, &member->row->contact_id, work->process_name, &count);
		if (count > 0 && !fold_rows(work, member, rows, count)) {
			return false;
		}
	}
	return true;
}

/* ---- The committee ---- */

/* Of those that are active. False: arena full. */
static bool list_weights(struct work *work, const struct committee_member *members, struct account_phase_row *row)
{
	struct account_weight *weights = arena_array(work->arena, row->active + 1, sizeof(*weights));
	row->weight_count = 0;
	row->weights = weights;
	for (size_t i = 0; weights != NULL && i < work->member_count; i++) {
		if (members[i].weight > 0) {
			weights[row->weight_count++] = (struct account_weight){
				.contact_id = work->members[i].row->contact_id,
				.weight = members[i].weight,
				.laggard = members[i].laggard,
			};
		}
	}
	return weights != NULL;
}

static bool measure(struct work *work, const double *main, int64_t as_of_ms, struct account_phase_row *row)
{
	struct committee_member *members = arena_zero(work->arena, work->member_count + 1, sizeof(*members));
	struct committee committee;
	if (members == NULL) {
		return false;
	}
	for (size_t i = 0; i < work->member_count; i++) {
		const struct member *member = &work->members[i];
		members[i].role = member->row->role;
		if (member->state != NULL) {
			struct phase_view view;
			fold_view(work->fold, member->state, as_of_ms, &view);
			members[i].activity = view.activity;
			memcpy(members[i].main, view.main, sizeof(view.main));
		}
	}
	committee_measure(&work->slice->settings, main, members, work->member_count, &committee);
	row->members = committee.members;
	row->active = committee.active;
	row->silent = committee.silent;
	row->laggards = committee.laggards;
	row->missing = committee.missing;
	row->consensus = committee.consensus;
	row->coverage = committee.coverage;
	return list_weights(work, members, row);
}

/* ---- The account ---- */

static struct account_phase_row *add_row(struct work *work, const char *process)
{
	struct account_phase_row *row = &work->phases[work->slice->phase_count++];
	*row = (struct account_phase_row){
		.account = work->due->account,
		.process = process,
		.as_of_us = INT64_MIN,
		.since_us = INT64_MIN,
		.last_us = INT64_MIN,
		.consensus = (double)NAN,
		.coverage = (double)NAN,
	};
	return row;
}

static int64_t to_us(int64_t ms)
{
	return ms == INT64_MIN ? INT64_MIN : ms * CONTACTS_MS_US;
}

/* The last moment at which something changed, of the account or of any of its members; and when that will be next. */
static int64_t moments(struct work *work, const struct account_fold *fold)
{
	int64_t as_of_ms = fold->seen_ms;
	int64_t review_ms = account_review(work->fold, &fold->state, fold->seen_ms, work->hour_ms);
	for (size_t i = 0; i < work->member_count; i++) {
		const struct member *member = &work->members[i];
		if (member->state != NULL) {
			int64_t ms = account_review(work->fold, member->state, member->seen_ms, work->hour_ms);
			as_of_ms = member->seen_ms > as_of_ms ? member->seen_ms : as_of_ms;
			review_ms = ms < review_ms ? ms : review_ms;
		}
	}
	int64_t review_us = review_ms == REVIEW_NEVER ? INT64_MIN : to_us(review_ms);
	int64_t *due_us = &work->due->review_us;
	*due_us = *due_us == INT64_MIN || (review_us != INT64_MIN && review_us < *due_us) ? review_us : *due_us;
	return as_of_ms;
}

static bool tell(struct work *work)
{
	struct account_fold fold;
	struct phase_view view;
	work->pool_count = account_touches_sort(work->pool, work->pool_count);
	if (!account_fold(work->fold, work->pool, work->pool_count, work->hour_ms, work->arena, &fold)) {
		return false;
	}
	int64_t as_of_ms = moments(work, &fold);
	struct account_phase_row *row = add_row(work, work->process_name);
	fold_view(work->fold, &fold.state, as_of_ms, &view);
	row->as_of_us = to_us(as_of_ms);
	row->counted = fold.state.counted;
	row->confirmed = fold.state.confirmed;
	row->activity = fold.state.activity;
	memcpy(row->main, view.main, sizeof(row->main));
	row->shown = (int)view.shown;
	row->fine = view.fine;
	row->band = (int)view.band;
	row->quiet = view.quiet;
	row->since_us = to_us(fold.since_ms);
	row->last_us = to_us(fold.state.counted_ms);
	row->changes = fold.changes;
	row->change_count = fold.change_count;
	return measure(work, fold.state.moved ? view.main : NULL, as_of_ms, row);
}

/* Nothing has counted anywhere, or too much: who there is. */
static bool tell_nothing(struct work *work)
{
	struct account_phase_row *row = add_row(work, ARBITER_PROCESS);
	row->quiet = true;
	if (work->due->too_long) {
		row->shown = -1;
		row->members = (unsigned)work->due->contacts;
		return true;
	}
	return measure(work, NULL, 0, row);
}

static bool tell_account(struct work *work)
{
	size_t before = work->slice->phase_count;
	work->due->review_us = INT64_MIN;
	for (unsigned p = 0; p < work->model->model->process_count && !work->due->too_long; p++) {
		work->process = p;
		work->process_name = work->model->model->processes[p].name;
		work->fold = &work->model->processes[p];
		if (!fold_members(work) || (work->pool_count > 0 && !tell(work))) {
			return false;
		}
	}
	for (size_t i = 0; i < work->member_count; i++) {
		work->members[i].state = NULL;
	}
	return work->slice->phase_count > before || work->due->contacts == 0 || tell_nothing(work);
}

static bool begin(struct work *work)
{
	struct account_rows *slice = work->slice;
	size_t processes = work->model->model->process_count;
	work->factors = arena_zero(work->arena, processes * ROLE_COUNT + 1, sizeof(*work->factors));
	work->phases = arena_array(work->arena, slice->due_count * (processes + 1) + 1, sizeof(*work->phases));
	work->members = arena_array(work->arena, slice->contact_count + 1, sizeof(*work->members));
	slice->phases = work->phases;
	slice->phase_count = 0;
	if (slice->due_count > 0) {
		qsort(slice->due, slice->due_count, sizeof(*slice->due), compare_due);
	}
	if (slice->contact_count > 0) {
		qsort(slice->contacts, slice->contact_count, sizeof(*slice->contacts), compare_contacts);
	}
	if (slice->touch_count > 0) {
		qsort(slice->touches, slice->touch_count, sizeof(*slice->touches), evidence_compare);
	}
	return work->factors != NULL && work->phases != NULL && work->members != NULL;
}

bool account_slice(const struct contacts_model *model, struct account_rows *slice, struct arena *arena)
{
	struct work work = {
		.model = model, .slice = slice, .arena = arena, .hour_ms = slice->hour_us / CONTACTS_MS_US};
	if (!begin(&work)) {
		return false;
	}
	for (size_t i = 0, at = 0; i < slice->due_count; i++) {
		work.due = &slice->due[i];
		work.member_count = 0;
		while (at < slice->contact_count && strcmp(slice->contacts[at].account, work.due->account) < 0) {
			at++;
		}
		for (; at < slice->contact_count && strcmp(slice->contacts[at].account, work.due->account) == 0;
		     at++) {
			work.members[work.member_count++].row = &slice->contacts[at];
		}
		if (!tell_account(&work)) {
			return false;
		}
	}
	return true;
}

/*
 * The turns that write: all rows of a batch, then COMMIT. Each list is one statement over arrays, in one column order;
 * an empty list sends nothing.
 */
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql_save.h"

static void put_rule(struct postgres_array *array, int number)
{
	if (number < 0) {
		postgres_array_null(array);
	} else {
		postgres_array_int(array, number);
	}
}

/* Values of the configured property keys, a line each; a full arena is noticed by the column, which is full too. */
static const char *property_lines(const struct subject *subject, struct arena *arena)
{
	const char *lines = "";
	for (unsigned i = 0; i < subject->properties_count && lines != NULL; i++) {
		lines = arena_print(arena, "%s%s%s", lines, i > 0 ? "\n" : "", subject->property_values[i]);
	}
	return lines != NULL ? lines : "";
}

static bool save_subjects(struct store *store, const struct save_rows *save, struct arena *arena,
			  struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_INT8, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_INT2,
						   POSTGRES_TEXT, POSTGRES_INT4, POSTGRES_TEXT, POSTGRES_TEXT,
						   POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_TEXT,
						   POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_INT2,
						   POSTGRES_TEXT};
	if (save->subject_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->subject_count, at);
	for (size_t i = 0; i < save->subject_count; i++) {
		const struct subject_row *row = &save->subjects[i];
		postgres_array_int(at[0], (int64_t)row->subject->id);
		postgres_array_text(at[1], row->subject->source);
		postgres_array_text(at[2], row->subject->site);
		postgres_array_int(at[3], row->subject->channel);
		postgres_array_text(at[4], row->subject->process);
		postgres_array_int(at[5], row->subject->action);
		postgres_array_text(at[6], row->subject->label);
		postgres_array_text(at[7], row->subject->host);
		postgres_array_text(at[8], row->subject->path);
		postgres_array_text(at[9], row->subject->title);
		postgres_array_text(at[10], row->subject->content_id);
		postgres_array_text(at[11], row->subject->form_id);
		postgres_array_text(at[12], row->subject->target_host);
		postgres_array_text(at[13], row->subject->target_path);
		postgres_array_text(at[14], row->subject->topic);
		postgres_array_int(at[15], row->subject->engagement);
		postgres_array_text(at[16], property_lines(row->subject, arena));
	}
	return columns_add(columns, store->postgres, &sql_save_subjects, NULL, NULL, fail);
}

static bool save_rules(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_INT8, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_INT2,
						   POSTGRES_TEXT, POSTGRES_BOOL, POSTGRES_INT8, POSTGRES_INT2};
	if (save->subject_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)save->model_version);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->subject_count, at);
	for (size_t i = 0; i < save->subject_count; i++) {
		const struct subject_row *row = &save->subjects[i];
		postgres_array_int(at[0], (int64_t)row->subject->id);
		postgres_array_text(at[1], row->process);
		postgres_array_text(at[2], row->rule);
		put_rule(at[3], row->rule_number);
		postgres_array_text(at[4], row->content);
		postgres_array_int(at[5], row->mail_click);
		postgres_array_int(at[6], (int64_t)row->link);
		postgres_array_int(at[7], row->confirm);
	}
	return columns_add(columns, store->postgres, &sql_save_rules, NULL, NULL, fail);
}

static bool add_touches(struct store *store, const struct postgres_statement *statement,
			const struct touch *touches, size_t count, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID,	 POSTGRES_TIMESTAMPTZ, POSTGRES_INT8,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ, POSTGRES_INT8,
						   POSTGRES_INT4,	 POSTGRES_INT2};
	if (count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), count, at);
	for (size_t i = 0; i < count; i++) {
		const struct touch *row = &touches[i];
		postgres_array_uuid(at[0], &row->actor_id);
		postgres_array_moment(at[1], row->stamped_us);
		postgres_array_int(at[2], (int64_t)row->event_id);
		postgres_array_moment(at[3], row->received_us);
		postgres_array_moment(at[4], row->at_us);
		postgres_array_int(at[5], (int64_t)row->subject_id);
		postgres_array_int(at[6], (int64_t)row->reasons);
		postgres_array_int(at[7], row->party);
	}
	return columns_add(columns, store->postgres, statement, NULL, NULL, fail);
}

static bool save_touches(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	const struct postgres_statement *new_ones = save->quick != NULL ? &sql_insert_touches : &sql_save_touches;
	return add_touches(store, &sql_save_touches, save->replacing, save->replacing_count, arena, fail) &&
	       (save->by_copy || add_touches(store, new_ones, save->touches, save->touch_count, arena, fail));
}

static bool erase_touches(struct store *store, const struct save_rows *save, struct arena *arena,
			  struct fail *fail)
{
	if (save->erased_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	store_add_erased(columns, save);
	return columns_add(columns, store->postgres, &sql_erase_touches, NULL, NULL, fail);
}

static bool save_changes(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_TEXT,       POSTGRES_TIMESTAMPTZ,
						   POSTGRES_INT2, POSTGRES_INT2,       POSTGRES_INT8,
						   POSTGRES_BOOL, POSTGRES_TIMESTAMPTZ};
	if (save->change_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_moment(columns, save->now_us);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->change_count, at);
	for (size_t i = 0; i < save->change_count; i++) {
		const struct change_row *row = &save->changes[i];
		postgres_array_uuid(at[0], &row->contact_id);
		postgres_array_text(at[1], row->process);
		postgres_array_moment(at[2], row->at_us);
		postgres_array_int(at[3], row->from_shown);
		postgres_array_int(at[4], row->to_shown);
		if (row->by_time) {
			postgres_array_null(at[5]);
		} else {
			postgres_array_int(at[5], (int64_t)row->cause);
		}
		postgres_array_int(at[6], row->late);
		postgres_array_moment(at[7], row->from_since_us);
	}
	return columns_add(columns, store->postgres, &sql_save_changes, NULL, NULL, fail);
}

/* What came too soon after its mail was delivered: once all touches are there. */
static bool save_timed(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	if (save->timed_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *actors = columns_array(columns, POSTGRES_UUID, save->timed_count);
	struct postgres_array *stamped = columns_array(columns, POSTGRES_TIMESTAMPTZ, save->timed_count);
	for (size_t i = 0; i < save->timed_count; i++) {
		postgres_array_uuid(actors, &save->timed[i].actor_id);
		postgres_array_moment(stamped, save->timed[i].stamped_us);
	}
	return columns_add(columns, store->postgres, &sql_save_timed, NULL, NULL, fail);
}

static bool drop_outcomes(struct store *store, const struct save_rows *save, struct arena *arena,
			  struct fail *fail)
{
	static const enum postgres_type types[] = {
		POSTGRES_DATE, POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_INT2, POSTGRES_TEXT,
	};
	size_t count = 0;
	for (size_t i = 0; i < save->outcome_count; i++) {
		count += save->outcomes[i].n < 0 ? 1 : 0;
	}
	if (count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), count, at);
	for (size_t i = 0; i < save->outcome_count; i++) {
		const struct outcome_row *row = &save->outcomes[i];
		if (row->n >= 0) {
			continue;
		}
		postgres_array_date(at[0], row->day_us);
		postgres_array_text(at[1], row->source);
		postgres_array_text(at[2], row->site);
		postgres_array_int(at[3], row->channel);
		postgres_array_text(at[4], row->outcome);
	}
	return columns_add(columns, store->postgres, &sql_drop_outcomes, NULL, NULL, fail);
}

static bool save_outcomes(struct store *store, const struct save_rows *save, struct arena *arena,
			  struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_DATE, POSTGRES_TEXT, POSTGRES_TEXT,
						   POSTGRES_INT2, POSTGRES_TEXT, POSTGRES_INT8,
						   POSTGRES_INT8, POSTGRES_INT8, POSTGRES_INT8};
	if (save->outcome_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->outcome_count, at);
	for (size_t i = 0; i < save->outcome_count; i++) {
		const struct outcome_row *row = &save->outcomes[i];
		postgres_array_date(at[0], row->day_us);
		postgres_array_text(at[1], row->source);
		postgres_array_text(at[2], row->site);
		postgres_array_int(at[3], row->channel);
		postgres_array_text(at[4], row->outcome);
		postgres_array_int(at[5], row->n);
		postgres_array_int(at[6], row->granted);
		postgres_array_int(at[7], row->denied);
		postgres_array_int(at[8], row->unsaid);
	}
	return columns_add(columns, store->postgres, &sql_save_outcomes, NULL, NULL, fail) &&
	       drop_outcomes(store, save, arena, fail);
}

static bool save_rejects(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_TEXT, POSTGRES_INT4,	POSTGRES_INT8,
						   POSTGRES_TEXT, POSTGRES_TEXT,	POSTGRES_INT4,
						   POSTGRES_INT8, POSTGRES_TIMESTAMPTZ, POSTGRES_TEXT};
	if (save->reject_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->reject_count, at);
	for (size_t i = 0; i < save->reject_count; i++) {
		const struct reject_row *row = &save->rejects[i];
		postgres_array_text(at[0], row->topic);
		postgres_array_int(at[1], row->partition);
		postgres_array_int(at[2], row->offset);
		postgres_array_text(at[3], row->reason);
		postgres_array_text(at[4], row->field);
		postgres_array_int(at[5], row->size);
		postgres_array_int(at[6], (int64_t)row->hash);
		postgres_array_moment(at[7], row->at_us);
		postgres_array_text(at[8], row->source);
	}
	return columns_add(columns, store->postgres, &sql_save_rejects, NULL, NULL, fail);
}

/* Three columns: a contact, its process, a moment. */
struct phase_moments {
	struct postgres_array *contacts, *processes, *moments;
};

static struct phase_moments begin_moments(struct columns *columns, size_t expected)
{
	struct phase_moments found; /* in the statement's order */
	found.contacts = columns_array(columns, POSTGRES_UUID, expected);
	found.processes = columns_array(columns, POSTGRES_TEXT, expected);
	found.moments = columns_array(columns, POSTGRES_TIMESTAMPTZ, expected);
	return found;
}

static void add_moment(const struct phase_moments *to, const struct uuid *contact, const char *process, int64_t us)
{
	postgres_array_uuid(to->contacts, contact);
	postgres_array_text(to->processes, process);
	postgres_array_moment(to->moments, us);
}

/* Of what was folded anew: changes that are not among the new ones go. */
static bool drop_changes(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	if (save->refolded_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct phase_moments refolded = begin_moments(columns, save->refolded_count);
	for (size_t i = 0; i < save->refolded_count; i++) {
		const struct refolded_row *row = &save->refolded[i];
		add_moment(&refolded, &row->contact_id, row->process, row->after_us);
	}
	struct phase_moments changes = begin_moments(columns, save->change_count);
	for (size_t i = 0; i < save->change_count; i++) {
		const struct change_row *row = &save->changes[i];
		add_moment(&changes, &row->contact_id, row->process, row->at_us);
	}
	return columns_add(columns, store->postgres, &sql_drop_changes, NULL, NULL, fail);
}

static bool undo_changes(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	if (save->undone_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct phase_moments undone = begin_moments(columns, save->undone_count);
	for (size_t i = 0; i < save->undone_count; i++) {
		const struct undone_row *row = &save->undone[i];
		add_moment(&undone, &row->contact_id, row->process, row->after_us);
	}
	return columns_add(columns, store->postgres, &sql_undo_changes, NULL, NULL, fail);
}

bool store_drop_by_ids(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	return store_by_ids(store, &sql_drop_kin, save->kin_gone, save->kin_gone_count, NULL, arena, fail) &&
	       store_by_ids(store, &sql_drop_stretches, save->stretched, save->stretched_count, NULL, arena,
			    fail) &&
	       store_by_ids(store, &sql_save_valueless, save->valueless, save->valueless_count, NULL, arena,
			    fail) &&
	       store_by_ids(store, &sql_bump, save->bumped, save->bumped_count, NULL, arena, fail);
}

/* What is replaced goes before what takes its place. */
static store_part *const careful_parts[] = {
	save_subjects,
	save_rules,
	store_drop_by_ids,
	store_save_actors,
	store_drop_claims,
	store_save_claims,
	store_drop_consents,
	store_save_consents,
	store_drop_declared,
	store_save_declared,
	store_drop_assertions,
	store_save_assertions,
	store_save_kin,
	store_drop_persons,
	store_save_persons,
	store_save_stretches,
	save_touches,
	erase_touches,
	store_save_states,
	drop_changes,
	undo_changes,
	save_changes,
	store_drop_checkpoints,
	store_save_checkpoints,
	store_drop_explained,
	store_save_waiting,
	save_timed,
	store_save_threads,
	store_save_costs,
	store_save_stages,
	store_save_associates,
	save_outcomes,
	save_rejects,
	store_save_raws,
	NULL,
};

/* Arbiters first, as the careful way takes their locks; new touches last, since one that is not new ends it. */
static store_part *const quick_parts[] = {
	store_save_arbiters_new,
	store_save_arbiters,
	store_drop_by_ids,
	store_save_actors,
	store_drop_claims,
	store_save_claims,
	store_drop_consents,
	store_save_consents,
	store_drop_declared,
	store_save_declared,
	store_drop_assertions,
	store_save_assertions,
	store_save_kin,
	store_drop_persons,
	store_save_persons,
	store_save_stretches,
	store_save_states,
	drop_changes,
	undo_changes,
	save_changes,
	store_drop_checkpoints,
	store_save_checkpoints,
	store_drop_explained,
	store_save_waiting,
	save_touches,
	erase_touches,
	NULL,
};

/* Threads' locks behind all that arbiters guard, and before the rows that every batch of the day writes: everybody takes them in this order. */
static store_part *const shared_parts[] = {save_timed,	      store_save_threads,    store_save_costs,
					   store_save_stages, store_save_associates, save_outcomes,
					   save_rejects,      store_save_raws,	     NULL};

static bool add_parts(struct store *store, store_part *const *parts, const struct save_rows *save,
		      struct arena *arena, struct fail *fail)
{
	for (size_t i = 0; parts[i] != NULL; i++) {
		if (!parts[i](store, save, arena, fail)) {
			return false;
		}
	}
	return true;
}

/*
 * Two lanes often meet a new subject at the same time. In the batch's own transaction the later one would wait for the
 * other's COMMIT with all it has; in one of their own they are there at once. That a subject is there says nothing; but
 * who has lost its partitions writes not even these.
 */
static bool add_subjects(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	return save->subject_count == 0 ||
	       (postgres_add(store->postgres, &sql_begin, NULL, NULL, NULL, fail) &&
		store_add_holds(store, save->quick, arena, fail) && save_subjects(store, save, arena, fail) &&
		save_rules(store, save, arena, fail) &&
		postgres_add(store->postgres, &sql_commit, NULL, NULL, NULL, fail));
}

static bool add_begin(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	return add_subjects(store, save, arena, fail) &&
	       postgres_add(store->postgres, &sql_begin, NULL, NULL, NULL, fail) &&
	       store_add_positions(store, save->quick, &save->model_version, arena, fail);
}

static bool add_end(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	return add_parts(store, shared_parts, save, arena, fail) &&
	       postgres_add(store->postgres, &sql_commit, NULL, NULL, NULL, fail);
}

static bool add_all(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	if (save->quick == NULL) {
		return add_parts(store, careful_parts, save, arena, fail) &&
		       postgres_add(store->postgres, &sql_commit, NULL, NULL, NULL, fail);
	}
	return add_begin(store, save, arena, fail) && add_parts(store, quick_parts, save, arena, fail) &&
	       add_end(store, save, arena, fail);
}

bool store_save(struct store *store, const struct save_rows *save, enum save_part part, struct arena *arena,
		struct fail *fail)
{
	bool added = false;
	store->arena = arena;
	switch (part) {
	case SAVE_ALL:
		added = add_all(store, save, arena, fail);
		break;
	case SAVE_BEGIN:
		added = add_begin(store, save, arena, fail);
		break;
	case SAVE_ROWS:
		added = add_parts(store, quick_parts, save, arena, fail);
		break;
	case SAVE_END:
		added = add_end(store, save, arena, fail);
		break;
	case SAVE_ARBITERS:
		return store_copy_arbiters(store, save, arena, fail);
	case SAVE_COPY:
		return store_copy_new(store, save, arena, fail);
	}
	return added && postgres_send(store->postgres, fail);
}

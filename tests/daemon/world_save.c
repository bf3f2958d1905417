/*
 * The turn that writes and commits, list by list as core/edge/store_save.c sends them; all of it or nothing.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/model/phase_pack.h"
#include "tests/daemon/world_inside.h"

/* Of the lists: where they are written to, and whether a constraint was violated. */
struct saving {
	struct world_client *client;
	const struct save_rows *save;
	struct tables *to;
	bool violated;
};

static void insert(struct saving *saving, enum table table, const void *row)
{
	saving->violated = !tables_insert(saving->to, table, row) || saving->violated;
}

static void save_subjects(struct saving *saving)
{
	for (size_t i = 0; i < saving->save->subject_count; i++) {
		const struct subject_row *row = &saving->save->subjects[i];
		const struct subject *subject = row->subject;
		char texts[900];
		int size =
			snprintf(texts, sizeof(texts), "%s/%s/%s/%d/%s/%s%s/%s/%s/%s/%s%s/%s/%d", subject->source,
				 subject->site, subject->process, subject->action, subject->label, subject->host,
				 subject->path, subject->title, subject->content_id, subject->form_id,
				 subject->target_host, subject->target_path, subject->topic, subject->engagement);
		CHECK(size > 0 && size < (int)sizeof(texts));
		char link[700];
		snprintf(link, sizeof(link), "%s%s", subject->target_host, subject->target_path);
		struct subject_line subject_line = {subject->id, subject->channel, tables_text(texts),
						    tables_text(link)};
		struct rule_line rule_line = {subject->id,
					      tables_text(row->process),
					      tables_text(row->rule),
					      row->rule_number,
					      tables_text(row->content),
					      row->mail_click,
					      row->link,
					      row->confirm};
		tables_insert(saving->to, TABLE_SUBJECT, &subject_line);
		tables_insert(saving->to, TABLE_RULE, &rule_line);
	}
}

static void drop_by_ids(struct saving *saving)
{
	const struct save_rows *save = saving->save;
	for (size_t i = tables_count(saving->to, TABLE_STRETCH); i-- > 0;) {
		const struct stretch_line *row = tables_row(saving->to, TABLE_STRETCH, i);
		if (world_has_id(save->stretched, save->stretched_count, &row->actor_id)) {
			tables_delete(saving->to, TABLE_STRETCH, i);
		}
	}
	for (size_t i = 0; i < save->valueless_count; i++) {
		struct actor_line *row = tables_find(saving->to, TABLE_ACTOR, &save->valueless[i]);
		if (row != NULL) {
			row->value = NULL;
		}
	}
	for (size_t i = 0; i < save->bumped_count; i++) {
		struct phase_line key = {.contact_id = save->bumped[i], .process = tables_text("standard")};
		struct phase_line *row = tables_find(saving->to, TABLE_PHASE, &key);
		CHECK(row != NULL && world_has_id(saving->client->transaction.locked,
						  saving->client->transaction.locked_count, &key.contact_id));
		row->version++;
	}
}

static void save_actors(struct saving *saving)
{
	for (size_t i = 0; i < saving->save->actor_new_count; i++) {
		const struct actor *row = &saving->save->actors_new[i];
		CHECK(row->value[0] == '\0'); /* nobody's address is a cookie */
		struct actor_line line = {row->id, row->kind, tables_text(row->space), NULL};
		insert(saving, TABLE_ACTOR, &line);
	}
	for (size_t i = 0; i < saving->save->actor_count; i++) {
		const struct actor *row = &saving->save->actors[i];
		const char *value = row->value[0] != '\0' ? tables_text(row->value) : NULL;
		struct actor_line line = {row->id, row->kind, tables_text(row->space), value};
		struct actor_line *found = tables_find(saving->to, TABLE_ACTOR, &line);

		if (found == NULL) {
			insert(saving, TABLE_ACTOR, &line);
		} else if (found->value == NULL) {
			found->value = value;
		}
	}
}

static struct claim_line claim_line(const struct claim *row)
{
	return (struct claim_line){row->weak,	      row->strong, row->key.stamped_us,
				   row->key.event_id, row->at_us,  row->strength};
}

static struct consent_line consent_line(const struct consent *row)
{
	return (struct consent_line){
		row->actor_id,		 row->purpose, row->key.stamped_us, row->key.event_id,
		row->key.touch_actor,	 row->at_us,   row->state,	    tables_text(row->source),
		tables_text(row->policy)};
}

static struct declared_line declared_line(const struct declared *row)
{
	return (struct declared_line){row->actor_id,	   row->attribute,	   tables_text(row->source),
				      row->key.stamped_us, row->key.event_id,	   row->key.touch_actor,
				      row->at_us,	   tables_text(row->value)};
}

/* Whoever it was for. */
static void drop_claim(struct tables *tables, const struct claim *gone)
{
	for (size_t i = tables_count(tables, TABLE_CLAIM); i-- > 0;) {
		const struct claim_line *row = tables_row(tables, TABLE_CLAIM, i);
		if (uuid_equal(&row->weak, &gone->weak) && row->at_us == gone->at_us &&
		    row->stamped_us == gone->key.stamped_us && row->event_id == gone->key.event_id) {
			tables_delete(tables, TABLE_CLAIM, i);
		}
	}
}

static struct assertion_line assertion_line(const struct assertion *row)
{
	return (struct assertion_line){
		row->a,	    row->b,    row->key.stamped_us, row->key.event_id, row->key.touch_actor,
		row->at_us, row->kind, row->address_of,	    row->refused};
}

static void save_kin(struct saving *saving)
{
	const struct save_rows *save = saving->save;
	for (size_t i = 0; i < save->assertion_gone_count; i++) {
		struct assertion_line line = assertion_line(&save->assertions_gone[i]);
		tables_delete_key(saving->to, TABLE_ASSERTION, &line);
	}
	for (size_t i = 0; i < save->assertion_count; i++) {
		struct assertion_line line = assertion_line(&save->assertions[i]);
		bool is_new = tables_insert(saving->to, TABLE_ASSERTION, &line);
		saving->violated = saving->violated || (save->quick != NULL && !is_new);
	}
	for (size_t i = 0; i < save->kin_gone_count; i++) {
		tables_delete_key(saving->to, TABLE_KIN, &save->kin_gone[i]);
	}
	for (size_t i = 0; i < save->kin_count; i++) {
		struct kin_line line = {save->kin[i].actor_id, save->kin[i].contact_id, save->kin[i].via,
					save->kin[i].at_us};
		insert(saving, TABLE_KIN, &line);
	}
}

static void save_facts(struct saving *saving)
{
	const struct save_rows *save = saving->save;
	save_kin(saving);
	for (size_t i = 0; i < save->claim_gone_count; i++) {
		drop_claim(saving->to, &save->claims_gone[i]);
	}
	for (size_t i = 0; i < save->claim_count; i++) {
		struct claim_line line = claim_line(&save->claims[i]);
		insert(saving, TABLE_CLAIM, &line);
	}
	for (size_t i = 0; i < save->consent_gone_count; i++) {
		struct consent_line line = consent_line(&save->consents_gone[i]);
		tables_delete_key(saving->to, TABLE_CONSENT, &line);
	}
	for (size_t i = 0; i < save->consent_count; i++) {
		struct consent_line line = consent_line(&save->consents[i]);
		insert(saving, TABLE_CONSENT, &line);
	}
	for (size_t i = 0; i < save->declared_gone_count; i++) {
		struct declared_line line = declared_line(&save->declared_gone[i]);
		tables_delete_key(saving->to, TABLE_DECLARED, &line);
	}
	for (size_t i = 0; i < save->declared_count; i++) {
		struct declared_line line = declared_line(&save->declared[i]);
		insert(saving, TABLE_DECLARED, &line);
	}
}

static void save_persons(struct saving *saving)
{
	for (size_t i = 0; i < saving->save->person_count; i++) {
		const struct person_row *row = &saving->save->persons[i];
		struct contact_line line = {row->contact_id,
					    tables_text(row->address),
					    tables_text(row->name),
					    tables_text(row->role),
					    tables_text(row->role_declared),
					    tables_text(row->title),
					    tables_text(row->company),
					    row->may_write,
					    row->role_source,
					    row->role_at_us,
					    row->role_since_us,
					    tables_text(row->host),
					    tables_text(row->domain),
					    row->named};
		tables_delete_key(saving->to, TABLE_CONTACT, &line);
		if (row->stands) {
			insert(saving, TABLE_CONTACT, &line);
		}
	}
}

static void save_stretches(struct saving *saving)
{
	for (size_t i = 0; i < saving->save->stretch_count; i++) {
		const struct stretch *row = &saving->save->stretches[i];
		struct stretch_line line = {row->actor_id, row->from_us, row->to_us, row->contact_id};
		insert(saving, TABLE_STRETCH, &line);
	}
}

#define HOUR_US INT64_C(3600000000)
#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static bool is_before(const struct touch_line *a, const struct touch_line *b)
{
	int order = ORDER(a->received_us, b->received_us);
	order = order != 0 ? order : ORDER(a->at_us, b->at_us);
	order = order != 0 ? order : ORDER((int64_t)a->subject_id, (int64_t)b->subject_id);
	order = order != 0 ? order : ORDER(a->reasons & MACHINE_SAID, b->reasons & MACHINE_SAID);
	order = order != 0 ? order : ORDER(a->party, b->party);
	return order < 0;
}

static bool is_poison(const struct world *world, uint64_t event_id)
{
	for (size_t i = 0; i < world->poison_count; i++) {
		if (world->poison[i] == event_id) {
			return true;
		}
	}
	return false;
}

static struct touch_line touch_line(const struct touch *row)
{
	return (struct touch_line){row->actor_id, row->stamped_us, row->event_id, row->received_us,
				   row->at_us,	  row->subject_id, row->reasons,  row->party};
}

static void replace_touch(struct saving *saving, const struct touch *row)
{
	struct touch_line line = touch_line(row), *found = tables_find(saving->to, TABLE_TOUCH, &line);
	CHECK(found != NULL && is_before(&line, found)); /* locks or versions made it certain */
	*found = line;
}

static void save_touches(struct saving *saving)
{
	const struct save_rows *save = saving->save;
	for (size_t i = 0; i < save->replacing_count; i++) {
		saving->violated =
			saving->violated || is_poison(saving->client->world, save->replacing[i].event_id);
		replace_touch(saving, &save->replacing[i]);
	}
	for (size_t i = 0; i < save->touch_count; i++) {
		struct touch_line line = touch_line(&save->touches[i]);
		saving->violated = saving->violated || is_poison(saving->client->world, line.event_id);
		CHECK(save->quick != NULL || tables_find(saving->to, TABLE_TOUCH, &line) == NULL);
		insert(saving, TABLE_TOUCH, &line);
	}
}

static void erase_touches(struct saving *saving)
{
	for (size_t i = tables_count(saving->to, TABLE_TOUCH); i-- > 0;) {
		const struct touch_line *row = tables_row(saving->to, TABLE_TOUCH, i);
		for (size_t j = 0; j < saving->save->erased_count; j++) {
			const struct erased_row *erased = &saving->save->erased[j];
			if (uuid_equal(&row->actor_id, &erased->actor_id) && row->at_us >= erased->from_us &&
			    row->at_us <= erased->until_us) {
				tables_delete(saving->to, TABLE_TOUCH, i);
				break;
			}
		}
	}
}

struct phase_line world_phase_line(const struct state_row *row, uint64_t model_version)
{
	CHECK(row->review_us == INT64_MIN ||
	      (row->last_us != INT64_MIN && row->review_us > row->last_us && row->review_us % HOUR_US == 0));
	return (struct phase_line){
		.contact_id = row->contact_id,
		.process = tables_text(row->process),
		.version = 1,
		.model_version = model_version,
		.fold = tables_hex(row->fold, row->fold_size),
		.counted = row->counted,
		.confirmed = row->confirmed,
		.activity = row->activity,
		.early = row->early,
		.mid = row->mid,
		.late = row->late,
		.reported = row->reported,
		.shown = row->shown,
		.fine = row->fine,
		.band = row->band,
		.quiet = row->quiet,
		.since_us = row->since_us,
		.last_us = row->last_us,
		.review_us = row->review_us,
	};
}

static void save_state(struct saving *saving, const struct state_row *row)
{
	struct phase_line line = world_phase_line(row, saving->save->model_version);
	struct phase_line *found = tables_find(saving->to, TABLE_PHASE, &line);
	if (found != NULL) {
		line.version = found->version + 1;
		line.cleared = found->cleared;
		*found = line;
	} else {
		insert(saving, TABLE_PHASE, &line);
	}
}

static void save_states(struct saving *saving)
{
	const struct save_rows *save = saving->save;
	for (size_t i = 0; i < save->state_count; i++) {
		CHECK(world_has_id(saving->client->transaction.locked, saving->client->transaction.locked_count,
				   &save->states[i].contact_id));
		save_state(saving, &save->states[i]);
	}
	for (size_t i = 0; i < save->arbiter_new_count + save->arbiter_count; i++) {
		bool fresh = i < save->arbiter_new_count;
		const struct arbiter_row *row =
			fresh ? &save->arbiters_new[i] : &save->arbiters[i - save->arbiter_new_count];
		struct phase_line key = {.contact_id = row->contact_id, .process = tables_text("standard")};
		struct phase_line *found = tables_find(saving->to, TABLE_PHASE, &key);
		CHECK(found != NULL &&
		      (row->state == NULL || uuid_equal(&row->state->contact_id, &row->contact_id)));
		if (row->state != NULL) {
			save_state(saving, row->state);
		} else {
			found->version++;
		}
	}
}

struct change_line world_change_line(const struct change_row *row)
{
	return (struct change_line){row->contact_id,
				    tables_text(row->process),
				    row->at_us,
				    row->from_shown,
				    row->to_shown,
				    row->from_since_us,
				    row->by_time ? TABLES_TIME : row->cause};
}

/* All that comes after a contact's last touch is time's. */
static void undo_changes(struct saving *saving, const struct undone_row *undone)
{
	for (size_t i = tables_count(saving->to, TABLE_CHANGE); i-- > 0;) {
		const struct change_line *row = tables_row(saving->to, TABLE_CHANGE, i);
		if (uuid_equal(&row->contact_id, &undone->contact_id) &&
		    strcmp(row->process, undone->process) == 0 && row->at_us > undone->after_us) {
			CHECK(row->cause == TABLES_TIME);
			tables_delete(saving->to, TABLE_CHANGE, i);
		}
	}
}

/* Is a row of this contact and process replaced? Changes by their moment, checkpoints by their number. */
static bool is_refolded(const struct save_rows *save, const struct uuid *contact_id, const char *process,
			int64_t at_us, int64_t n)
{
	for (size_t i = 0; i < save->refolded_count; i++) {
		const struct refolded_row *row = &save->refolded[i];
		if (uuid_equal(&row->contact_id, contact_id) &&
		    (row->process == NULL || strcmp(row->process, process) == 0) && at_us > row->after_us &&
		    n > row->n) {
			return true;
		}
	}
	return false;
}

static void save_checkpoints(struct saving *saving)
{
	const struct save_rows *save = saving->save;
	for (size_t i = tables_count(saving->to, TABLE_CHECKPOINT); i-- > 0;) {
		const struct checkpoint_line *row = tables_row(saving->to, TABLE_CHECKPOINT, i);
		if (is_refolded(save, &row->contact_id, row->process, INT64_MAX, row->n)) {
			tables_delete(saving->to, TABLE_CHECKPOINT, i);
		}
	}
	for (size_t i = 0; i < save->checkpoint_count; i++) {
		const struct checkpoint_row *row = &save->checkpoints[i];
		struct checkpoint_line line = {row->contact_id, tables_text(row->process),
					       row->n,		save->model_version,
					       row->at_us,	tables_hex(row->fold, row->fold_size),
					       row->shown,	row->since_us};
		CHECK(tables_insert(saving->to, TABLE_CHECKPOINT, &line)); /* it is numbered by what is folded */
	}
}

static void save_waiting(struct saving *saving)
{
	const struct save_rows *save = saving->save;
	for (size_t i = 0; i < save->waiting_count; i++) {
		const struct waiting_row *row = &save->waiting[i];
		struct waiting_line line = {row->contact_id, row->from_us, row->anonymous};
		struct waiting_line *found = tables_find(saving->to, TABLE_WAITING, &line);
		CHECK(world_has_id(saving->client->transaction.locked, saving->client->transaction.locked_count,
				   &row->contact_id));
		if (found == NULL) {
			insert(saving, TABLE_WAITING, &line);
		} else if (line.from_us < found->from_us) {
			found->from_us = line.from_us;
		}
	}
	for (size_t i = 0; i < save->caught_up_count; i++) {
		struct waiting_line line = {.contact_id = save->caught_up[i]};
		CHECK(tables_delete_key(saving->to, TABLE_WAITING, &line)); /* nobody else took it meanwhile */
	}
}

static void save_changes(struct saving *saving)
{
	const struct save_rows *save = saving->save;
	for (size_t i = tables_count(saving->to, TABLE_CHANGE); i-- > 0;) {
		const struct change_line *row = tables_row(saving->to, TABLE_CHANGE, i);
		if (is_refolded(save, &row->contact_id, row->process, row->at_us, INT64_MAX)) {
			tables_delete(saving->to, TABLE_CHANGE, i);
		}
	}
	for (size_t i = 0; i < save->undone_count; i++) {
		undo_changes(saving, &save->undone[i]);
	}
	for (size_t i = 0; i < save->change_count; i++) {
		struct change_line line = world_change_line(&save->changes[i]);
		tables_delete_key(saving->to, TABLE_CHANGE, &line);
		insert(saving, TABLE_CHANGE, &line);
	}
	for (size_t i = 0; i < save->change_new_count; i++) {
		struct change_line line = world_change_line(&save->changes_new[i]);
		insert(saving, TABLE_CHANGE, &line);
	}
}

static void save_outcomes(struct saving *saving)
{
	const struct save_rows *save = saving->save;
	for (size_t i = 0; i < save->outcome_count; i++) {
		const struct outcome_row *row = &save->outcomes[i];
		struct outcome_line line = {row->day_us,
					    tables_text(row->source),
					    tables_text(row->site),
					    row->channel,
					    tables_text(row->outcome),
					    row->n,
					    row->granted,
					    row->denied,
					    row->unsaid};
		struct outcome_line *found = tables_find(saving->to, TABLE_OUTCOME, &line);
		if (found != NULL) {
			found->n += line.n;
			found->granted += line.granted;
			found->denied += line.denied;
			found->unsaid += line.unsaid;
		} else {
			insert(saving, TABLE_OUTCOME, &line);
			found = tables_find(saving->to, TABLE_OUTCOME, &line);
		}
		if (row->n < 0 && found->n == 0) {
			tables_delete_key(saving->to, TABLE_OUTCOME, &line);
		}
	}
}

static void save_rejects(struct saving *saving)
{
	const struct save_rows *save = saving->save;
	for (size_t i = 0; i < save->reject_count; i++) {
		const struct reject_row *row = &save->rejects[i];
		struct rejected_line line = {
			tables_text(row->topic), row->partition, row->offset, tables_text(row->reason),
			tables_text(row->field), row->size,	 row->hash,   row->at_us,
			tables_text(row->source)};
		tables_insert(saving->to, TABLE_REJECTED, &line);
	}
}

/* What the transaction held before: positions and new arbiters. */
static void save_held(struct saving *saving)
{
	const struct world_transaction *transaction = &saving->client->transaction;
	for (size_t i = 0; i < transaction->position_count; i++) {
		struct position_line *found = tables_find(saving->to, TABLE_POSITION, &transaction->positions[i]);
		CHECK(found != NULL && found->epoch == transaction->positions[i].epoch);
		*found = transaction->positions[i];
	}
	for (size_t i = 0; i < transaction->made_count; i++) {
		struct phase_line line = {
			.contact_id = transaction->made[i],
			.process = tables_text("standard"),
			.model_version = transaction->model_version,
			.fold = tables_text(""),
			.reported = -1,
			.since_us = INT64_MIN,
			.last_us = INT64_MIN,
			.review_us = INT64_MIN,
		};
		CHECK(tables_insert(saving->to, TABLE_PHASE, &line));
	}
}

bool world_commits(const struct world_client *client)
{
	return client->turn == WORLD_REVIEW_SAVE ||
	       (client->part == SAVE_END ? client->turn == WORLD_END
					 : client->turn == WORLD_SAVE && client->part == SAVE_ALL);
}

/* ---- the quick way's arbiters ---- */

static bool wait_for_arbiters(const struct world_client *client, const struct arbiter_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (world_is_locked(client->world, client, &rows[i].contact_id)) {
			return true;
		}
	}
	return false;
}

void world_lock_arbiter(struct world_client *client, const struct uuid *contact_id, bool is_new)
{
	struct world_transaction *transaction = &client->transaction;
	CHECK(transaction->locked_count < WORLD_LOCKS_MAX);
	transaction->locked[transaction->locked_count++] = *contact_id;
	if (is_new) {
		transaction->made[transaction->made_count++] = *contact_id;
	}
}

/* False: one is not as it was loaded. */
static bool take_arbiters(struct world_client *client, const struct arbiter_row *rows, size_t count, bool are_new)
{
	for (size_t i = 0; i < count; i++) {
		struct phase_line key = {.contact_id = rows[i].contact_id, .process = tables_text("standard")};
		const struct phase_line *found = tables_find(&client->world->tables, TABLE_PHASE, &key);
		if (are_new ? found != NULL : found == NULL || found->version != rows[i].version) {
			return false;
		}
		world_lock_arbiter(client, &rows[i].contact_id, are_new);
	}
	return true;
}

static enum postgres_result arbiters(struct world_client *client, bool are_new, struct fail *ret_fail)
{
	const struct save_rows *save = client->save;
	const struct arbiter_row *rows = are_new ? save->arbiters_new : save->arbiters;
	size_t count = are_new ? save->arbiter_new_count : save->arbiter_count;
	if (wait_for_arbiters(client, rows, count)) {
		return POSTGRES_GOES_ON;
	}
	if (!take_arbiters(client, rows, count, are_new)) {
		return are_new && save->by_copy ? world_refuse(client, FAIL_DATA, "23505", ret_fail)
						: world_refuse(client, FAIL_RETRY, "PH002", ret_fail);
	}
	return POSTGRES_TURN_DONE;
}

static enum postgres_result begin_quick(struct world_client *client, struct fail *ret_fail)
{
	const struct save_rows *save = client->save;
	CHECK(save->bumped_count == 0 && (save->by_copy || save->actor_new_count + save->change_new_count == 0));
	if (!save->by_copy && (wait_for_arbiters(client, save->arbiters_new, save->arbiter_new_count) ||
			       wait_for_arbiters(client, save->arbiters, save->arbiter_count))) {
		return POSTGRES_GOES_ON;
	}
	struct saving subjects = {client, save, &client->world->tables, false};
	if (save->subject_count > 0 && !world_holds(client, save->quick)) {
		return world_refuse(client, FAIL_RETRY, "PH001", ret_fail);
	}
	save_subjects(&subjects); /* in a transaction of their own */
	enum postgres_result moved = world_advance(client, save->quick, ret_fail);
	client->transaction.model_version = save->model_version;
	if (moved == POSTGRES_TURN_DONE && !save->by_copy) {
		moved = arbiters(client, true, ret_fail);
		moved = moved == POSTGRES_TURN_DONE ? arbiters(client, false, ret_fail) : moved;
	}
	return moved;
}

static bool news_are_there(const struct world_client *client)
{
	const struct save_rows *save = client->save;
	const struct tables *tables = &client->world->tables;
	bool there = false;
	for (size_t i = 0; i < save->touch_count; i++) {
		struct touch_line line = touch_line(&save->touches[i]);
		there = there || tables_find(tables, TABLE_TOUCH, &line) != NULL;
	}
	for (size_t i = 0; i < save->actor_new_count; i++) {
		struct actor_line line = {.id = save->actors_new[i].id};
		there = there || tables_find(tables, TABLE_ACTOR, &line) != NULL;
	}
	for (size_t i = 0; i < save->change_new_count; i++) {
		struct change_line line = world_change_line(&save->changes_new[i]);
		there = there || tables_find(tables, TABLE_CHANGE, &line) != NULL;
	}
	return there;
}

/* ---- all of it ---- */

static enum postgres_result write_all(struct world_client *client, struct fail *ret_fail)
{
	struct world *world = client->world;
	tables_copy(&world->tables, &world->work);
	struct saving saving = {client, client->save, &world->work, false};
	world_check_lists(client->save);
	save_held(&saving);
	save_subjects(&saving);
	drop_by_ids(&saving);
	save_actors(&saving);
	save_facts(&saving);
	save_persons(&saving);
	save_stretches(&saving);
	save_touches(&saving);
	erase_touches(&saving);
	save_states(&saving);
	save_changes(&saving);
	save_checkpoints(&saving);
	save_waiting(&saving);
	world_time(&world->work, client->save);
	save_outcomes(&saving);
	save_rejects(&saving);
	if (saving.violated) {
		return world_refuse(client, FAIL_DATA, "23505", ret_fail);
	}
	struct tables kept = world->tables;
	world->tables = world->work;
	world->work = kept;
	client->transaction.open = false;
	client->commits++;
	return POSTGRES_TURN_DONE;
}

enum postgres_result world_save(struct world_client *client, struct fail *ret_fail)
{
	struct world *world = client->world;
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) { /* rows that many share: subjects, outcomes */
		if (world->limbo[i].used && world->limbo[i].commits) {
			return POSTGRES_GOES_ON;
		}
	}
	if (client->turn == WORLD_SAVE && client->save->quick != NULL) {
		enum postgres_result begun = begin_quick(client, ret_fail);
		if (begun != POSTGRES_TURN_DONE || client->save->by_copy) {
			return begun;
		}
	}
	switch (client->turn) {
	case WORLD_ARBITERS:
		return arbiters(client, true, ret_fail);
	case WORLD_ROWS:
		return arbiters(client, false, ret_fail);
	case WORLD_COPY:
		return news_are_there(client) ? world_refuse(client, FAIL_DATA, "23505", ret_fail)
					      : POSTGRES_TURN_DONE;
	default:
		return write_all(client, ret_fail);
	}
}

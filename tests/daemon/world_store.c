/*
 * What each turn does in the tables: core/edge/store_sql.h, statement by statement, as loops.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "tests/daemon/world.h"
#include "tests/random.h"

const struct tables *world_view(const struct world_client *client)
{
	return client->transaction.open && client->transaction.is_snapshot ? &client->snapshot
									   : &client->world->tables;
}

enum postgres_result world_refuse(struct world_client *client, enum fail_kind kind, const char *code,
				  struct fail *ret_fail)
{
	client->transaction.aborted = client->transaction.open; /* the server has let go of its locks already */
	fail_set(ret_fail, kind, EXIT_AWAY, "postgres: refused: SQLSTATE %s", code);
	snprintf(ret_fail->code, sizeof(ret_fail->code), "%s", code);
	return POSTGRES_TURN_FAILED;
}

static enum postgres_result arena_full(struct world_client *client, struct fail *ret_fail)
{
	(void)client;
	fail_set(ret_fail, FAIL_DATA, EXIT_AWAY, "postgres: the batch needs more memory than batch.arena_mb");
	ret_fail->code[0] = '\0';
	return POSTGRES_TURN_FAILED;
}

/* Rows of an answer: room for all of a table, in the client's arena. NULL: full. */
static void *room(struct world_client *client, size_t count, size_t size)
{
	if (arena_take(client->arena, count * size * client->world->arena_percent / 100) == NULL) {
		return NULL;
	}
	return arena_zero(client->arena, count + 1, size);
}

static const char *copy_text(struct world_client *client, const char *text)
{
	return arena_text(client->arena, text, strlen(text));
}

static bool has_id(const struct uuid *ids, size_t count, const struct uuid *id)
{
	for (size_t i = 0; i < count; i++) {
		if (uuid_equal(&ids[i], id)) {
			return true;
		}
	}
	return false;
}

/* ---- locks ---- */

static bool transaction_locks(const struct world_transaction *transaction, const struct uuid *contact)
{
	return has_id(transaction->locked, transaction->locked_count, contact);
}

bool world_is_locked(const struct world *world, const struct world_client *by, const struct uuid *contact)
{
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
		const struct world_client *other = &world->clients[i];
		if ((other != by && other->transaction.open && !other->transaction.aborted &&
		     transaction_locks(&other->transaction, contact)) ||
		    (world->limbo[i].used && transaction_locks(&world->limbo[i].transaction, contact))) {
			return true;
		}
	}
	return false;
}

static bool transaction_moves(const struct world_transaction *transaction, const struct position_line *position)
{
	for (size_t i = 0; i < transaction->position_count; i++) {
		if (transaction->positions[i].topic == position->topic &&
		    transaction->positions[i].partition == position->partition) {
			return true;
		}
	}
	return false;
}

static bool position_is_locked(const struct world_client *client, const struct position_line *position)
{
	const struct world *world = client->world;
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
		const struct world_client *other = &world->clients[i];
		if ((other != client && other->transaction.open && !other->transaction.aborted &&
		     transaction_moves(&other->transaction, position)) ||
		    (world->limbo[i].used && transaction_moves(&world->limbo[i].transaction, position))) {
			return true;
		}
	}
	return false;
}

static struct position_line key_of(const char *topic, int32_t partition)
{
	return (struct position_line){.topic = tables_text(topic), .partition = partition};
}

/* ---- CLAIM, LOOK ---- */

static enum postgres_result claim(struct world_client *client)
{
	struct tables *tables = &client->world->tables;
	for (size_t i = 0; i < client->position_count; i++) {
		struct position_line key = key_of(client->positions[i].topic, client->positions[i].partition);
		if (position_is_locked(client, &key)) {
			return POSTGRES_GOES_ON;
		}
	}
	for (size_t i = 0; i < client->position_count; i++) {
		struct position_line row = key_of(client->positions[i].topic, client->positions[i].partition);
		struct position_line *found = tables_find(tables, TABLE_POSITION, &row);
		if (found == NULL) {
			row.next_offset = KAFKA_SOURCE_BEGINNING;
			row.end_offset = -1;
			tables_insert(tables, TABLE_POSITION, &row);
			found = tables_find(tables, TABLE_POSITION, &row);
		}
		found->epoch++;
		found->owner = tables_text(client->owner);
		client->positions[i].from_offset = found->next_offset;
		client->positions[i].epoch = found->epoch;
	}
	return POSTGRES_TURN_DONE;
}

static enum postgres_result look(struct world_client *client)
{
	for (size_t i = 0; i < client->position_count; i++) {
		struct position_line key = key_of(client->positions[i].topic, client->positions[i].partition);
		const struct position_line *found = tables_find(&client->world->tables, TABLE_POSITION, &key);
		client->positions[i].epoch = STORE_NO_POSITION;
		if (found != NULL) {
			client->positions[i].from_offset = found->next_offset;
			client->positions[i].epoch = found->epoch;
		}
	}
	return POSTGRES_TURN_DONE;
}

/* ---- ADVANCE ---- */

/* Claims on these weak actors, and on all that are claimed for these persons. */
static bool read_claims(struct world_client *client, const struct uuid *weak, size_t weak_count,
			const struct uuid *strong, size_t strong_count, struct claim **ret_claims,
			size_t *ret_count)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_CLAIM), used = 0;
	struct claim *claims = room(client, count, sizeof(*claims));
	if (claims == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct claim_line *row = tables_row(tables, TABLE_CLAIM, i);
		bool wanted = has_id(weak, weak_count, &row->weak);
		for (size_t j = 0; j < count && !wanted; j++) {
			const struct claim_line *other = tables_row(tables, TABLE_CLAIM, j);
			wanted = uuid_equal(&other->weak, &row->weak) &&
				 has_id(strong, strong_count, &other->strong);
		}
		if (wanted) {
			claims[used++] = (struct claim){row->weak,
							row->strong,
							{row->stamped_us, row->event_id, row->weak},
							row->at_us,
							(enum claim_strength)row->strength};
		}
	}
	random_shuffle(&client->world->chance, claims, used, sizeof(*claims));
	*ret_claims = claims;
	*ret_count = used;
	return true;
}

static void open_transaction(struct world_client *client)
{
	struct world_transaction *transaction = &client->transaction;
	CHECK(!transaction->open);
	transaction->open = true;
	transaction->aborted = transaction->is_snapshot = transaction->reviews = false;
	transaction->position_count = transaction->locked_count = transaction->made_count = 0;
}

bool world_holds(const struct world_client *client, const struct advance_rows *rows)
{
	for (size_t i = 0; i < rows->position_count; i++) {
		struct position_line key = key_of(rows->positions[i].topic, rows->positions[i].partition);
		const struct position_line *found = tables_find(&client->world->tables, TABLE_POSITION, &key);
		if (found == NULL || found->epoch != rows->positions[i].epoch) {
			return false;
		}
	}
	return true;
}

enum postgres_result world_advance(struct world_client *client, const struct advance_rows *rows,
				   struct fail *ret_fail)
{
	struct world *world = client->world;
	struct world_transaction *transaction = &client->transaction;
	for (size_t i = 0; i < rows->position_count; i++) {
		struct position_line key = key_of(rows->positions[i].topic, rows->positions[i].partition);
		if (position_is_locked(client, &key)) {
			return POSTGRES_GOES_ON;
		}
	}
	open_transaction(client);
	for (size_t i = 0; i < rows->position_count; i++) {
		const struct position_row *position = &rows->positions[i];
		struct position_line key = key_of(position->topic, position->partition);
		const struct position_line *found = tables_find(&world->tables, TABLE_POSITION, &key);
		if (found == NULL || found->next_offset != position->from_offset ||
		    found->epoch != position->epoch) {
			return world_refuse(client, FAIL_RETRY, "PH001", ret_fail);
		}
		CHECK(!transaction_moves(transaction, found));
		struct position_line *moved = &transaction->positions[transaction->position_count++];
		*moved = *found;
		moved->next_offset = position->to_offset;
		moved->end_offset = position->end_offset;
		moved->oldest_us = position->oldest_us;
	}
	return POSTGRES_TURN_DONE;
}

static enum postgres_result read_advance(struct world_client *client, struct fail *ret_fail)
{
	struct advance_rows *rows = client->advance;
	rows->has_model = true;
	rows->model_version = client->world->model_version;
	return read_claims(client, rows->weak, rows->weak_count, rows->decided, rows->decided_count, &rows->claims,
			   &rows->claim_count)
		       ? POSTGRES_TURN_DONE
		       : arena_full(client, ret_fail);
}

static enum postgres_result advance(struct world_client *client, struct fail *ret_fail)
{
	enum postgres_result moved = world_advance(client, client->advance, ret_fail);
	return moved == POSTGRES_TURN_DONE ? read_advance(client, ret_fail) : moved;
}

static enum postgres_result months(struct world_client *client, const struct advance_rows *rows,
				   struct fail *ret_fail)
{
	open_transaction(client);
	if (!world_holds(client, rows)) {
		return world_refuse(client, FAIL_RETRY, "PH001", ret_fail);
	}
	client->transaction.open = false;
	client->world->months++;
	return POSTGRES_TURN_DONE;
}

static enum postgres_result peek(struct world_client *client, struct fail *ret_fail)
{
	if (client->advance->month_count > 0 && months(client, client->advance, ret_fail) != POSTGRES_TURN_DONE) {
		return POSTGRES_TURN_FAILED;
	}
	open_transaction(client);
	client->transaction.is_snapshot = true;
	tables_copy(&client->world->tables, &client->snapshot);
	return read_advance(client, ret_fail);
}

/* ---- LOAD ---- */

static bool load_consents(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_CONSENT);
	load->consents = room(client, count, sizeof(*load->consents));
	load->consent_count = 0;
	for (size_t i = 0; i < count && load->consents != NULL; i++) {
		const struct consent_line *row = tables_row(tables, TABLE_CONSENT, i);
		if (!has_id(load->persons, load->person_count, &row->actor_id)) {
			continue;
		}
		struct consent *consent = &load->consents[load->consent_count++];
		*consent = (struct consent){
			.actor_id = row->actor_id,
			.purpose = (enum purpose)row->purpose,
			.key = {row->stamped_us, row->event_id, row->touch_actor},
			.at_us = row->at_us,
			.state = (int)row->state,
			.source = copy_text(client, row->source),
			.policy = copy_text(client, row->policy),
		};
		if (consent->source == NULL || consent->policy == NULL) {
			return false;
		}
	}
	random_shuffle(&client->world->chance, load->consents, load->consent_count, sizeof(*load->consents));
	return load->consents != NULL;
}

static bool load_declared(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_DECLARED);
	load->declared = room(client, count, sizeof(*load->declared));
	load->declared_count = 0;
	for (size_t i = 0; i < count && load->declared != NULL; i++) {
		const struct declared_line *row = tables_row(tables, TABLE_DECLARED, i);
		if (!has_id(load->decided, load->decided_count, &row->actor_id)) {
			continue;
		}
		struct declared *declared = &load->declared[load->declared_count++];
		*declared = (struct declared){
			.actor_id = row->actor_id,
			.attribute = (enum attribute)row->attribute,
			.source = copy_text(client, row->source),
			.key = {row->stamped_us, row->event_id, row->touch_actor},
			.at_us = row->at_us,
			.value = copy_text(client, row->value),
		};
		if (declared->source == NULL || declared->value == NULL) {
			return false;
		}
	}
	random_shuffle(&client->world->chance, load->declared, load->declared_count, sizeof(*load->declared));
	return load->declared != NULL;
}

static bool load_erasures(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_ERASURE);
	load->erasures = room(client, count, sizeof(*load->erasures));
	load->erasure_count = 0;
	for (size_t i = 0; i < count && load->erasures != NULL; i++) {
		const struct erasure_line *row = tables_row(tables, TABLE_ERASURE, i);
		if (has_id(load->actors, load->actor_count, &row->actor_id)) {
			load->erasures[load->erasure_count++] = (struct erasure_row){row->actor_id, row->at_us};
		}
	}
	return load->erasures != NULL;
}

static bool is_key(const struct load_rows *load, const struct touch_line *row)
{
	for (size_t i = 0; i < load->key_count; i++) {
		if (uuid_equal(&load->keys[i].actor_id, &row->actor_id) &&
		    load->keys[i].stamped_us == row->stamped_us && load->keys[i].event_id == row->event_id) {
			return true;
		}
	}
	return false;
}

/* The touch, its subject's channel, and whose consent its event stated. */
static void copy_of(const struct tables *tables, const struct touch_line *row, struct copy_row *ret_copy)
{
	struct subject_line key = {.id = row->subject_id};
	const struct subject_line *subject = tables_find(tables, TABLE_SUBJECT, &key);
	CHECK(subject != NULL);
	*ret_copy = (struct copy_row){
		.touch = {row->actor_id, row->stamped_us, row->event_id, row->at_us, row->received_us,
			  row->subject_id, (uint32_t)row->reasons, (int16_t)row->party},
		.channel = (int)subject->channel,
	};
	for (size_t i = 0; i < tables_count(tables, TABLE_CONSENT); i++) {
		const struct consent_line *consent = tables_row(tables, TABLE_CONSENT, i);
		if (uuid_equal(&consent->touch_actor, &row->actor_id) && consent->stamped_us == row->stamped_us &&
		    consent->event_id == row->event_id) {
			ret_copy->has_person = true;
			ret_copy->person = consent->actor_id;
		}
	}
}

static bool load_touches(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_TOUCH);
	load->copies = room(client, count, sizeof(*load->copies));
	load->times = room(client, count, sizeof(*load->times));
	load->copy_count = load->time_count = 0;
	for (size_t i = 0; i < count && load->copies != NULL && load->times != NULL; i++) {
		const struct touch_line *row = tables_row(tables, TABLE_TOUCH, i);
		if (is_key(load, row)) {
			copy_of(tables, row, &load->copies[load->copy_count++]);
		}
		if (has_id(load->timed, load->timed_count, &row->actor_id)) {
			load->times[load->time_count++] =
				(struct touch_time){{row->actor_id, row->stamped_us, row->event_id}, row->at_us};
		}
	}
	random_shuffle(&client->world->chance, load->times, load->time_count, sizeof(*load->times));
	random_shuffle(&client->world->chance, load->copies, load->copy_count, sizeof(*load->copies));
	return load->copies != NULL && load->times != NULL;
}

/* Where time has moved it on: the last change until its last touch. */
static int64_t touched_since(const struct tables *tables, const struct phase_line *row)
{
	int64_t since_us = INT64_MIN;
	for (size_t i = 0; row->since_us > row->last_us && i < tables_count(tables, TABLE_CHANGE); i++) {
		const struct change_line *change = tables_row(tables, TABLE_CHANGE, i);
		if (uuid_equal(&change->contact_id, &row->contact_id) && change->process == row->process &&
		    change->at_us <= row->last_us && change->at_us > since_us) {
			since_us = change->at_us;
		}
	}
	return since_us;
}

static bool load_phases(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	const struct world_transaction *transaction = &client->transaction;
	size_t count = tables_count(tables, TABLE_PHASE);
	load->phases = room(client, count + transaction->made_count, sizeof(*load->phases));
	load->phase_count = 0;
	for (size_t i = 0; i < count && load->phases != NULL; i++) {
		const struct phase_line *row = tables_row(tables, TABLE_PHASE, i);
		if (!has_id(load->contacts, load->contact_count, &row->contact_id)) {
			continue;
		}
		uint8_t *fold = room(client, strlen(row->fold) / 2, 1);
		const char *process = copy_text(client, row->process);
		if (fold == NULL || process == NULL) {
			return false;
		}
		load->phases[load->phase_count++] = (struct phase_row){
			.contact_id = row->contact_id,
			.process = process,
			.version = row->version,
			.model_version = row->model_version,
			.fold = fold,
			.fold_size = tables_unhex(row->fold, fold),
			.shown = (int)row->shown,
			.since_us = row->since_us,
			.review_us = row->review_us,
			.touched_since_us = touched_since(tables, row),
		};
	}
	for (size_t i = 0; i < transaction->made_count && load->phases != NULL; i++) {
		load->phases[load->phase_count++] = (struct phase_row){
			.contact_id = transaction->made[i],
			.process = "standard",
			.model_version = load->model_version,
			.fold = (const uint8_t *)"",
			.since_us = INT64_MIN,
			.review_us = INT64_MIN,
			.touched_since_us = INT64_MIN,
		};
	}
	random_shuffle(&client->world->chance, load->phases, load->phase_count, sizeof(*load->phases));
	return load->phases != NULL;
}

static void lock(struct world_client *client, const struct load_rows *load)
{
	struct world_transaction *transaction = &client->transaction;
	transaction->model_version = load->model_version;
	for (size_t i = 0; i < load->contact_count; i++) {
		CHECK(i == 0 ||
		      uuid_compare(&load->contacts[i - 1], &load->contacts[i]) < 0); /* in key order, each once */
		CHECK(transaction->locked_count < WORLD_LOCKS_MAX);
		transaction->locked[transaction->locked_count++] = load->contacts[i];
		struct phase_line key = {.contact_id = load->contacts[i], .process = tables_text("standard")};
		if (tables_find(&client->world->tables, TABLE_PHASE, &key) == NULL) {
			transaction->made[transaction->made_count++] = load->contacts[i];
		}
	}
}

static enum postgres_result load_all(struct world_client *client, struct fail *ret_fail)
{
	struct load_rows *load = client->load;
	CHECK(load->quick == client->transaction.is_snapshot);
	for (size_t i = 0; i < load->contact_count && !load->quick; i++) {
		if (world_is_locked(client->world, client, &load->contacts[i])) {
			return POSTGRES_GOES_ON;
		}
	}
	CHECK(client->transaction.locked_count == 0); /* never lock more */
	if (!load->quick) {
		lock(client, load);
	}
	bool fits = (load->quick || read_claims(client, load->weak, load->weak_count, load->decided,
						load->decided_count, &load->claims, &load->claim_count)) &&
		    load_consents(client, load) && load_declared(client, load) && load_erasures(client, load) &&
		    load_touches(client, load) && load_phases(client, load);
	client->transaction.open = !load->quick;
	return fits ? POSTGRES_TURN_DONE : arena_full(client, ret_fail);
}

/* ---- READ ---- */

static void add_read(struct world_client *client, const struct touch_line *touch, const struct uuid *contact)
{
	struct read_rows *read = client->read;
	struct touch_row *row = &read->touches[read->touch_count++];
	*row = (struct touch_row){
		.by_stretch = contact != NULL,
		.key = {touch->actor_id, touch->stamped_us, touch->event_id},
		.at_us = touch->at_us,
		.reasons = (uint32_t)touch->reasons,
		.party = (int)touch->party,
		.rule = -1,
	};
	if (contact != NULL) {
		row->contact_id = *contact;
	}
	struct rule_line key = {.subject_id = touch->subject_id};
	const struct rule_line *rule = tables_find(world_view(client), TABLE_RULE, &key);
	if (rule != NULL) {
		row->process = rule->process;
		row->rule = (int)rule->number;
		row->mail_click = rule->mail_click != 0;
		row->link = rule->link;
		row->confirm = (uint16_t)rule->confirm;
	}
}

/* The one that an ask begins with; NULL: none, the start. */
static const struct checkpoint_line *checkpoint_of(const struct world_client *client, const struct read_ask *ask)
{
	const struct tables *tables = world_view(client);
	const struct checkpoint_line *found = NULL;
	for (size_t i = 0; i < tables_count(tables, TABLE_CHECKPOINT); i++) {
		const struct checkpoint_line *row = tables_row(tables, TABLE_CHECKPOINT, i);
		if (uuid_equal(&row->contact_id, &ask->id) && ask->process != NULL &&
		    strcmp(row->process, ask->process) == 0 && row->at_us < ask->before_us &&
		    row->model_version == client->read->model_version && (found == NULL || row->n > found->n)) {
			found = row;
		}
	}
	return found;
}

static bool add_checkpoints(struct world_client *client, const struct read_ask *asks, size_t count)
{
	struct read_rows *read = client->read;
	for (size_t i = 0; i < count; i++) {
		const struct checkpoint_line *row = checkpoint_of(client, &asks[i]);
		if (row == NULL) {
			continue;
		}
		uint8_t *fold = room(client, strlen(row->fold) / 2, 1);
		if (fold == NULL) {
			return false;
		}
		client->world->gone_on++;
		read->checkpoints[read->checkpoint_count++] = (struct checkpoint_row){
			.contact_id = row->contact_id,
			.process = asks[i].process,
			.n = (uint32_t)row->n,
			.at_us = row->at_us,
			.fold = fold,
			.fold_size = tables_unhex(row->fold, fold),
			.shown = (int)row->shown,
			.since_us = row->since_us,
		};
	}
	return true;
}

/* Once for each ask for this contact or actor that wants it. */
static void add_asked(struct world_client *client, const struct touch_line *touch, const struct read_ask *asks,
		      size_t count, const struct uuid *id, bool by_stretch)
{
	struct rule_line key = {.subject_id = touch->subject_id};
	const struct rule_line *rule = tables_find(world_view(client), TABLE_RULE, &key);
	for (size_t i = 0; i < count; i++) {
		const struct checkpoint_line *from = checkpoint_of(client, &asks[i]);
		if (uuid_equal(&asks[i].id, id) &&
		    touch->at_us > (from != NULL ? from->at_us : asks[i].after_us) &&
		    (asks[i].process == NULL || (rule != NULL && strcmp(rule->process, asks[i].process) == 0))) {
			add_read(client, touch, by_stretch ? id : NULL);
		}
	}
}

static enum postgres_result read_touches(struct world_client *client, struct fail *ret_fail)
{
	const struct tables *tables = world_view(client);
	struct read_rows *read = client->read;
	size_t count = tables_count(tables, TABLE_TOUCH);
	size_t asks = read->contact_count + read->actor_count;
	read->touches = room(client, count * (asks + 1), sizeof(*read->touches));
	read->checkpoints = room(client, asks, sizeof(*read->checkpoints));
	read->touch_count = read->checkpoint_count = 0;
	if (read->touches == NULL || read->checkpoints == NULL ||
	    !add_checkpoints(client, read->contacts, read->contact_count) ||
	    !add_checkpoints(client, read->actors, read->actor_count)) {
		return arena_full(client, ret_fail);
	}
	for (size_t i = 0; i < count; i++) {
		const struct touch_line *touch = tables_row(tables, TABLE_TOUCH, i);
		for (size_t j = 0; j < tables_count(tables, TABLE_STRETCH); j++) {
			const struct stretch_line *stretch = tables_row(tables, TABLE_STRETCH, j);
			if (uuid_equal(&stretch->actor_id, &touch->actor_id) && touch->at_us >= stretch->from_us &&
			    touch->at_us < stretch->to_us &&
			    !has_id(read->moved, read->moved_count, &stretch->actor_id)) {
				add_asked(client, touch, read->contacts, read->contact_count, &stretch->contact_id,
					  true);
			}
		}
		add_asked(client, touch, read->actors, read->actor_count, &touch->actor_id, false);
	}
	random_shuffle(&client->world->chance, read->touches, read->touch_count, sizeof(*read->touches));
	return POSTGRES_TURN_DONE;
}

/* ---- review ---- */

#define HOUR_US INT64_C(3600000000)

static int compare_due(const void *a, const void *b)
{
	const struct phase_row *x = a, *y = b;
	int order = uuid_compare(&x->contact_id, &y->contact_id);
	return order != 0 ? order : strcmp(x->process, y->process);
}

/* By chance some of the rows that are due; the real one goes through the table block by block. Nobody else is at it meanwhile. */
static enum postgres_result review_due(struct world_client *client, struct fail *ret_fail)
{
	struct world *world = client->world;
	struct due_rows *due = client->due;
	size_t count = tables_count(&world->tables, TABLE_PHASE);
	open_transaction(client);
	due->ours = due->last = true;
	due->phase_count = 0;
	due->done_us = due->hour_us = moment_floor(due->now_us, HOUR_US) * HOUR_US;
	due->phases = room(client, count, sizeof(*due->phases));
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
		due->ours = due->ours &&
			    (i == client->number || !world->clients[i].transaction.open ||
			     !world->clients[i].transaction.reviews) &&
			    !(world->limbo[i].used && world->limbo[i].transaction.reviews);
	}
	client->transaction.reviews = due->ours;
	for (size_t i = 0; due->ours && due->phases != NULL && i < count; i++) {
		const struct phase_line *row = tables_row(&world->tables, TABLE_PHASE, i);
		struct phase_line key = {.contact_id = row->contact_id, .process = tables_text("standard")};
		const struct phase_line *arbiter = tables_find(&world->tables, TABLE_PHASE, &key);
		if (row->review_us == INT64_MIN || row->review_us > due->hour_us) {
			continue;
		}
		if (world_random(world, 4) == 0) {
			due->last = false;
			continue;
		}
		uint8_t *fold = room(client, strlen(row->fold) / 2, 1);
		if (fold == NULL) {
			return arena_full(client, ret_fail);
		}
		due->phases[due->phase_count++] = (struct phase_row){
			.contact_id = row->contact_id,
			.process = row->process,
			.version = arbiter->version,
			.model_version = row->model_version,
			.fold = fold,
			.fold_size = tables_unhex(row->fold, fold),
			.shown = (int)row->shown,
			.since_us = row->since_us,
			.review_us = row->review_us,
		};
	}
	qsort(due->phases, due->phase_count, sizeof(*due->phases), compare_due);
	return due->phases != NULL ? POSTGRES_TURN_DONE : arena_full(client, ret_fail);
}

/* ---- PICK ---- */

static bool is_by_stretch(const struct tables *tables, const struct uuid *actor)
{
	for (size_t i = 0; i < tables_count(tables, TABLE_STRETCH); i++) {
		if (uuid_equal(&((const struct stretch_line *)tables_row(tables, TABLE_STRETCH, i))->actor_id,
			       actor)) {
			return true;
		}
	}
	return false;
}

static int compare_waiting(const void *a, const void *b)
{
	return uuid_compare(&((const struct waiting_row *)a)->contact_id,
			    &((const struct waiting_row *)b)->contact_id);
}

/* Those that nobody has locked, from anywhere in the queue. */
static enum postgres_result pick(struct world_client *client, struct fail *ret_fail)
{
	const struct tables *tables = &client->world->tables;
	struct pick_rows *pick = client->pick;
	struct world_transaction *transaction = &client->transaction;
	size_t count = tables_count(tables, TABLE_WAITING),
	       first = count > 0 ? world_random(client->world, count) : 0;
	struct uuid *ids = room(client, count, sizeof(*ids));
	pick->waiting = room(client, count, sizeof(*pick->waiting));
	if (ids == NULL || pick->waiting == NULL) {
		return arena_full(client, ret_fail);
	}
	open_transaction(client);
	pick->has_model = true;
	pick->model_version = transaction->model_version = client->world->model_version;
	pick->waiting_count = 0;
	for (size_t i = 0; i < count && pick->waiting_count < pick->contacts_max; i++) {
		const struct waiting_line *row = tables_row(tables, TABLE_WAITING, (first + i) % count);
		if (!world_is_locked(client->world, client, &row->contact_id)) {
			transaction->locked[transaction->locked_count++] = row->contact_id;
			pick->waiting[pick->waiting_count++] = (struct waiting_row){
				row->contact_id, row->from_us,
				row->anonymous != 0 && !is_by_stretch(tables, &row->contact_id)};
		}
	}
	if (pick->waiting_count > 0) {
		qsort(pick->waiting, pick->waiting_count, sizeof(*pick->waiting), compare_waiting);
	}
	for (size_t i = 0; i < pick->waiting_count; i++) {
		ids[i] = pick->waiting[i].contact_id;
	}
	pick->load = (struct load_rows){.contacts = ids, .contact_count = pick->waiting_count};
	return load_phases(client, &pick->load) ? POSTGRES_TURN_DONE : arena_full(client, ret_fail);
}

/* ---- the rest ---- */

enum postgres_result world_execute(struct world_client *client, struct fail *ret_fail)
{
	enum world_turn turn = client->turn;
	bool begins = turn == WORLD_SAVE && client->save->quick != NULL;
	bool inside = turn == WORLD_LOAD || (turn >= WORLD_SAVE && turn <= WORLD_END) || turn == WORLD_REVIEW_SAVE;
	bool either = turn == WORLD_READ || turn == WORLD_POSTPONE ||
		      turn == WORLD_ROLLBACK; /* the quick way reads with nothing open */
	CHECK(either || (inside && !begins ? client->transaction.open && !client->transaction.aborted
					   : !client->transaction.open));
	switch (turn) {
	case WORLD_CLAIM:
		return claim(client);
	case WORLD_LOOK:
		return look(client);
	case WORLD_MONTHS:
		return months(client, client->months, ret_fail);
	case WORLD_PEEK:
		return peek(client, ret_fail);
	case WORLD_ADVANCE:
		return advance(client, ret_fail);
	case WORLD_LOAD:
		return load_all(client, ret_fail);
	case WORLD_READ:
		return read_touches(client, ret_fail);
	case WORLD_PICK:
		return pick(client, ret_fail);
	case WORLD_POSTPONE: /* in no order anyway */
		return POSTGRES_TURN_DONE;
	case WORLD_SAVE:
	case WORLD_ARBITERS:
	case WORLD_ROWS:
	case WORLD_COPY:
	case WORLD_END:
		return world_save(client, ret_fail);
	case WORLD_REVIEW_DUE:
		return review_due(client, ret_fail);
	case WORLD_REVIEW_SAVE:
		return world_review_save(client);
	case WORLD_ROLLBACK:
		client->transaction.open = false;
		return POSTGRES_TURN_DONE;
	case WORLD_NONE:
	case WORLD_TURNS:
		break;
	}
	CHECK(!"a turn");
	return POSTGRES_LOST;
}

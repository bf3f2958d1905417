/*
 * What each turn does in the tables: core/edge/store_sql*.h, statement by statement, as loops.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/daemon/world_inside.h"
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

enum postgres_result world_full(struct world_client *client, struct fail *ret_fail)
{
	(void)client;
	fail_set(ret_fail, FAIL_DATA, EXIT_AWAY, "postgres: the batch needs more memory than batch.arena_mb");
	ret_fail->code[0] = '\0';
	return POSTGRES_TURN_FAILED;
}

/* Rows of an answer: room for all of a table, in the client's arena. NULL: full. */
void *world_room(struct world_client *client, size_t count, size_t size)
{
	if (arena_take(client->arena, count * size * client->world->arena_percent / 100) == NULL) {
		return NULL;
	}
	return arena_zero(client->arena, count + 1, size);
}

const char *world_text(struct world_client *client, const char *text)
{
	return arena_text(client->arena, text, strlen(text));
}

bool world_has_id(const struct uuid *ids, size_t count, const struct uuid *id)
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
	return world_has_id(transaction->locked, transaction->locked_count, contact);
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

void world_open(struct world_client *client)
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
	world_open(client);
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
	struct world_play play = {.weak = rows->weak,
				  .weak_count = rows->weak_count,
				  .strong = rows->strong,
				  .strong_count = rows->strong_count,
				  .decided = rows->decided,
				  .decided_count = rows->decided_count,
				  .asserted = rows->asserted,
				  .asserted_count = rows->asserted_count,
				  .claim_room = rows->claim_room};
	if (!world_read_play(client, &play)) {
		return world_full(client, ret_fail);
	}
	rows->in_play = play.out;
	return POSTGRES_TURN_DONE;
}

static enum postgres_result advance(struct world_client *client, struct fail *ret_fail)
{
	enum postgres_result moved = world_advance(client, client->advance, ret_fail);
	return moved == POSTGRES_TURN_DONE ? read_advance(client, ret_fail) : moved;
}

static enum postgres_result months(struct world_client *client, const struct advance_rows *rows,
				   struct fail *ret_fail)
{
	world_open(client);
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
	world_open(client);
	client->transaction.is_snapshot = true;
	tables_copy(&client->world->tables, &client->snapshot);
	return read_advance(client, ret_fail);
}

/* ---- the rest ---- */

enum postgres_result world_execute(struct world_client *client, struct fail *ret_fail)
{
	enum world_turn turn = client->turn;
	bool begins = turn == WORLD_SAVE && client->save->quick != NULL;
	bool inside = turn == WORLD_LOAD || (turn >= WORLD_SAVE && turn <= WORLD_END) || turn == WORLD_REVIEW_SAVE;
	bool either = turn == WORLD_READ || turn == WORLD_RULES || turn == WORLD_POSTPONE ||
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
		return world_load(client, ret_fail);
	case WORLD_READ:
		return world_read(client, ret_fail);
	case WORLD_RULES:
		return world_rules(client, ret_fail);
	case WORLD_PICK:
		return world_pick(client, ret_fail);
	case WORLD_POSTPONE: /* in no order anyway */
		return POSTGRES_TURN_DONE;
	case WORLD_SAVE:
	case WORLD_ARBITERS:
	case WORLD_ROWS:
	case WORLD_COPY:
	case WORLD_END:
		return world_save(client, ret_fail);
	case WORLD_REVIEW_DUE:
		return world_review_due(client, ret_fail);
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

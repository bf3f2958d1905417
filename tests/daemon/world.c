/*
 * Clock, Kafka, connections and faults; world_store.c has what the turns do.
 */
#include "tests/daemon/world_inside.h"

#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/random.h"

const char *const world_topics[WORLD_TOPICS] = {"web", "email", "chat", "crm", "rejected"};
const char *const world_turn_names[WORLD_TURNS] = {"none",     "CLAIM",	     "LOOK",	    "MONTHS",  "PEEK",
						   "ADVANCE",  "LOAD",	     "READ",	    "RULES",   "PICK",
						   "POSTPONE", "SAVE",	     "ARBITERS",    "ROWS",    "COPY",
						   "END",      "REVIEW DUE", "REVIEW SAVE", "ROLLBACK"};

uint64_t world_random(struct world *world, uint64_t below)
{
	return random_below(&world->chance, below);
}

void world_reset(struct world *world, uint64_t seed, uint64_t model_version)
{
	tables_clear(&world->tables);
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
		world->limbo[i].used = false;
		tables_finish(&world->clients[i].snapshot);
		memset(&world->clients[i], 0, sizeof(world->clients[i]));
		world->clients[i].world = world;
		world->clients[i].number = (unsigned)i;
		world->clients[i].take_max = 64;
	}
	for (size_t i = 0; i < WORLD_TOPICS; i++) {
		for (size_t j = 0; j < WORLD_PARTITIONS; j++) {
			world->logs[i][j].count = world->logs[i][j].first = 0;
		}
	}
	world->chance = seed;
	world->now_us = INT64_C(1772000000000000);
	world->monotonic_us = INT64_C(5000000);
	world->model_version = model_version;
	world->fault = NULL;
	world->fault_context = NULL;
	world->poison_count = 0;
	world->months = 0;
}

void world_finish(struct world *world)
{
	tables_finish(&world->tables);
	tables_finish(&world->work);
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
		tables_finish(&world->limbo[i].before);
		tables_finish(&world->limbo[i].after);
		tables_finish(&world->clients[i].snapshot);
	}
}

int64_t world_produce(struct world *world, struct partition partition, const uint8_t *bytes, size_t size,
		      enum message_form form, int64_t timestamp_us)
{
	struct world_log *log = &world->logs[partition.topic][partition.number];
	CHECK(log->count < WORLD_LOG_MAX);
	log->messages[log->count] = (struct world_message){bytes, size, form, timestamp_us};
	return log->first + log->count++;
}

/* ---- clock and chance ---- */

static struct world_client *client_of(void *self)
{
	return self;
}

static int64_t now_us(void *self)
{
	return client_of(self)->world->now_us;
}

static int64_t monotonic_us(void *self)
{
	return client_of(self)->world->monotonic_us;
}

static uint64_t next_random(void *self)
{
	return random_next(&client_of(self)->world->chance);
}

/* ---- source ---- */

static void source_assign(void *self, const struct partition_start *starts, size_t count)
{
	struct world_client *client = self;
	CHECK(!client->holds_messages);
	memset(client->assigned, 0, sizeof(client->assigned));
	for (size_t i = 0; i < count; i++) {
		struct partition at = starts[i].partition;
		int64_t first = client->world->logs[at.topic][at.number].first;
		client->assigned[at.topic][at.number] = true;
		client->next[at.topic][at.number] =
			starts[i].offset == KAFKA_SOURCE_BEGINNING ? first : starts[i].offset;
	}
}

static void source_unassign(void *self)
{
	struct world_client *client = self;
	CHECK(!client->holds_messages);
	memset(client->assigned, 0, sizeof(client->assigned));
}

/* By chance a few at a time, from any partition; sometimes it seems as if no more had arrived yet. */
static size_t source_take(void *self, struct message *ret_messages, size_t max)
{
	struct world_client *client = self;
	struct world *world = client->world;
	CHECK(!client->holds_messages && max > 0);
	size_t most = 1 + world_random(world, client->take_max), count = 0;
	most = most < max ? most : max;
	if (world_random(world, 4) == 0) {
		return 0;
	}
	for (unsigned tries = 0; count < most && tries < 64; tries++) {
		uint16_t topic = (uint16_t)world_random(world, WORLD_TOPICS);
		int32_t number = (int32_t)world_random(world, WORLD_PARTITIONS);
		const struct world_log *log = &world->logs[topic][number];
		int64_t *next = &client->next[topic][number];
		if (!client->assigned[topic][number] || *next >= log->first + log->count) {
			continue;
		}
		const struct world_message *message = &log->messages[*next - log->first];
		ret_messages[count++] = (struct message){
			.partition = {topic, number},
			.offset = *next,
			.timestamp_us = message->timestamp_us,
			.form = message->form,
			.value = message->bytes,
			.size = message->size,
		};
		(*next)++;
	}
	client->holds_messages = count > 0;
	return count;
}

static void source_release(void *self)
{
	client_of(self)->holds_messages = false;
}

static uint64_t source_holes(void *self)
{
	(void)self;
	return 0;
}

static int64_t source_end(void *self, struct partition partition)
{
	const struct world_log *log = &client_of(self)->world->logs[partition.topic][partition.number];
	return log->first + log->count;
}

static void source_mirror(void *self, const struct partition_start *next, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		client_of(self)->mirrored[next[i].partition.topic][next[i].partition.number] = next[i].offset;
	}
}

/* ---- connections ---- */

static enum postgres_state store_state(void *self)
{
	return client_of(self)->state;
}

static const struct world_real *real_of(const struct world_client *client)
{
	return client->world->real == NULL ? NULL : &client->world->real[client->number];
}

void world_connect(struct world_client *client)
{
	CHECK(client->state == POSTGRES_DOWN);
	client->state = real_of(client) != NULL ? postgres_state(real_of(client)->postgres) : POSTGRES_IDLE;
	client->transaction.open = false;
}

void world_disconnect(struct world_client *client)
{
	if (real_of(client) != NULL) {
		postgres_drop(real_of(client)->postgres);
	}
	client->state = POSTGRES_DOWN;
	client->transaction.open = false;
	client->turn = WORLD_NONE;
}

static void store_drop(void *self)
{
	world_disconnect(self);
}

static uint64_t store_turns(void *self)
{
	return client_of(self)->turns;
}

static bool send(struct world_client *client, enum world_turn turn, struct arena *arena)
{
	CHECK(client->state == POSTGRES_IDLE);
	client->state = POSTGRES_BUSY;
	client->turn = turn;
	client->arena = arena;
	client->turns++;
	return true;
}

/* Room for the parameters of a turn, as the real store takes it from the arena. */
static bool charge(struct arena *arena, size_t rows, struct fail *fail)
{
	return arena_take(arena, 256 + rows * 64) != NULL ||
	       fail_set(fail, FAIL_DATA, EXIT_CONFIG, "store: the batch needs more memory than batch.arena_mb");
}

#define REAL(call) (real_of(self) == NULL || (call))

static struct store *store_of(void *self)
{
	return real_of(self)->store;
}

static bool send_claim(void *self, const char *group, const char *owner, struct position_row *positions,
		       size_t count, struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->positions = positions;
	client->position_count = count;
	client->owner = owner;
	return REAL(store_claim(store_of(self), group, owner, positions, count, arena, fail)) &&
	       charge(arena, count, fail) && send(client, WORLD_CLAIM, arena);
}

static bool send_look(void *self, const char *group, struct position_row *positions, size_t count,
		      struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->positions = positions;
	client->position_count = count;
	return REAL(store_look(store_of(self), group, positions, count, arena, fail)) &&
	       charge(arena, count, fail) && send(client, WORLD_LOOK, arena);
}

static bool send_months(void *self, const struct advance_rows *rows, struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->months = rows;
	return REAL(store_months(store_of(self), rows, arena, fail)) && charge(arena, rows->month_count, fail) &&
	       send(client, WORLD_MONTHS, arena);
}

static bool send_advance(void *self, struct advance_rows *advance, struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->advance = advance;
	advance->has_model = false;
	advance->in_play = (struct in_play_rows){0};
	return REAL(store_advance(store_of(self), advance, arena, fail)) &&
	       charge(arena, advance->position_count + advance->weak_count + advance->decided_count, fail) &&
	       send(client, WORLD_ADVANCE, arena);
}

static bool send_peek(void *self, struct advance_rows *peek, struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->advance = peek;
	peek->has_model = false;
	peek->in_play = (struct in_play_rows){0};
	return REAL(store_peek(store_of(self), peek, arena, fail)) &&
	       charge(arena, peek->weak_count + peek->decided_count, fail) && send(client, WORLD_PEEK, arena);
}

static bool send_load(void *self, struct load_rows *load, struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->load = load;
	return REAL(store_load(store_of(self), load, arena, fail)) &&
	       charge(arena, load->contact_count * 2 + load->weak_count + load->person_count + load->key_count,
		      fail) &&
	       send(client, WORLD_LOAD, arena);
}

static bool send_read(void *self, struct read_rows *read, struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->read = read;
	read->touches = NULL;
	read->touch_count = 0;
	return REAL(store_read(store_of(self), read, arena, fail)) &&
	       charge(arena, read->contact_count + read->actor_count, fail) && send(client, WORLD_READ, arena);
}

static bool send_rules(void *self, struct rule_rows *rules, struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->rules = rules;
	rules->rules = NULL;
	rules->rule_count = 0;
	return REAL(store_rules(store_of(self), rules, arena, fail)) &&
	       charge(arena, rules->subject_count, fail) && send(client, WORLD_RULES, arena);
}

static bool send_pick(void *self, struct pick_rows *pick, struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->pick = pick;
	return REAL(store_pick(store_of(self), pick, arena, fail)) && charge(arena, pick->contacts_max, fail) &&
	       send(client, WORLD_PICK, arena);
}

static bool send_postpone(void *self, const struct uuid *contact_id, struct arena *arena, struct fail *fail)
{
	return REAL(store_postpone(store_of(self), contact_id, arena, fail)) && charge(arena, 1, fail) &&
	       send(self, WORLD_POSTPONE, arena);
}

static bool send_save(void *self, const struct save_rows *save, enum save_part part, struct arena *arena,
		      struct fail *fail)
{
	static const enum world_turn turns[] = {
		[SAVE_ALL] = WORLD_SAVE,  [SAVE_BEGIN] = WORLD_SAVE, [SAVE_ARBITERS] = WORLD_ARBITERS,
		[SAVE_ROWS] = WORLD_ROWS, [SAVE_COPY] = WORLD_COPY,  [SAVE_END] = WORLD_END,
	};
	struct world_client *client = self;
	client->save = save;
	client->part = part;
	size_t rows =
		save->touch_count +
		(save->state_count + save->arbiter_new_count + save->arbiter_count + save->subject_count) * 4;
	return REAL(store_save(store_of(self), save, part, arena, fail)) && charge(arena, rows, fail) &&
	       send(client, turns[part], arena);
}

static bool send_review_due(void *self, struct due_rows *due, struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->due = due;
	return REAL(store_review_due(store_of(self), due, arena, fail)) && send(client, WORLD_REVIEW_DUE, arena);
}

static bool send_review_save(void *self, struct reviewed_rows *reviewed, struct arena *arena, struct fail *fail)
{
	struct world_client *client = self;
	client->reviewed = reviewed;
	return REAL(store_review_save(store_of(self), reviewed, arena, fail)) &&
	       send(client, WORLD_REVIEW_SAVE, arena);
}

static bool send_rollback(void *self, struct fail *fail)
{
	return REAL(store_rollback(store_of(self), fail)) && send(self, WORLD_ROLLBACK, NULL);
}

/* ---- how a turn ends ---- */

static void to_limbo(struct world_client *client, bool commits)
{
	struct world_limbo *limbo = &client->world->limbo[client->number];
	CHECK(!limbo->used);
	limbo->used = true;
	limbo->commits = commits;
	limbo->transaction = client->transaction;
}

bool world_land(struct world *world)
{
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
		struct world_limbo *limbo = &world->limbo[i];
		if (limbo->used) {
			limbo->used = false;
			if (limbo->commits) {
				tables_apply_difference(&limbo->before, &limbo->after, &world->tables);
			}
			return true;
		}
	}
	return false;
}

static enum postgres_result lost(struct world_client *client, struct fail *ret_fail)
{
	world_disconnect(client);
	fail_set(ret_fail, FAIL_RETRY, EXIT_AWAY, "postgres: connection lost");
	snprintf(ret_fail->code, sizeof(ret_fail->code), "08006");
	return POSTGRES_LOST;
}

static enum postgres_result refused(struct world_client *client, const char *code, struct fail *ret_fail)
{
	enum fail_kind kind = code[0] == '2' ? FAIL_DATA : strncmp(code, "42", 2) == 0 ? FAIL_FATAL : FAIL_RETRY;
	client->transaction.aborted = client->transaction.open;
	fail_set(ret_fail, kind, EXIT_AWAY, "postgres: refused: SQLSTATE %s", code);
	snprintf(ret_fail->code, sizeof(ret_fail->code), "%s", code);
	return POSTGRES_TURN_FAILED;
}

static enum postgres_result real_ready(struct world_client *client, struct fail *ret_fail)
{
	const struct world_real *real = real_of(client);
	CHECK(real != NULL);
	struct postgres *postgres = real->postgres;
	if (real->stepped) {
		enum postgres_result result = postgres_ready(postgres, ret_fail);
		client->state = postgres_state(postgres);
		client->turn = result == POSTGRES_GOES_ON ? client->turn : WORLD_NONE;
		return result;
	}
	bool done = postgres_wait(postgres, ret_fail);
	client->state = postgres_state(postgres);
	client->turn = WORLD_NONE;
	return done ? POSTGRES_TURN_DONE : client->state == POSTGRES_DOWN ? POSTGRES_LOST : POSTGRES_TURN_FAILED;
}

static enum postgres_result store_ready(void *self, struct fail *ret_fail)
{
	struct world_client *client = self;
	struct world *world = client->world;
	CHECK(client->state == POSTGRES_BUSY);
	if (real_of(client) != NULL) {
		return real_ready(client, ret_fail);
	}
	const char *code = "40001";
	enum world_fault fault =
		world->fault == NULL ? FAULT_NONE : world->fault(world->fault_context, client, &code);
	bool in_limbo = world->limbo[client->number].used;
	if (fault == FAULT_ABORTS_LATER || fault == FAULT_COMMITS_LATER) {
		if (in_limbo ||
		    (fault == FAULT_COMMITS_LATER ? !world_commits(client) : !client->transaction.open)) {
			fault = FAULT_LOST_BEFORE;
		}
	}
	if (fault == FAULT_LOST_BEFORE) {
		return lost(client, ret_fail);
	}
	if (fault == FAULT_ABORTS_LATER) {
		to_limbo(client, false);
		return lost(client, ret_fail);
	}
	if (fault == FAULT_REFUSED) {
		client->state = POSTGRES_IDLE;
		client->turn = WORLD_NONE;
		return refused(client, code, ret_fail);
	}
	struct world_limbo *limbo = &world->limbo[client->number];
	if (fault == FAULT_COMMITS_LATER) {
		tables_copy(&world->tables, &limbo->before);
	}
	enum postgres_result result = world_execute(client, ret_fail);
	if (result == POSTGRES_GOES_ON) {
		return result;
	}
	if (fault == FAULT_COMMITS_LATER &&
	    result == POSTGRES_TURN_DONE) { /* take it back, to be done by world_land() */
		tables_copy(&world->tables, &limbo->after);
		tables_copy(&limbo->before, &world->tables);
		to_limbo(client, true);
		return lost(client, ret_fail);
	}
	if (fault == FAULT_LOST_AFTER) {
		return lost(client, ret_fail);
	}
	client->state = POSTGRES_IDLE;
	client->turn = WORLD_NONE;
	return result;
}

static const struct io_ops ops = {
	.now_us = now_us,
	.monotonic_us = monotonic_us,
	.random = next_random,
	.source_assign = source_assign,
	.source_unassign = source_unassign,
	.source_take = source_take,
	.source_release = source_release,
	.source_end = source_end,
	.source_holes = source_holes,
	.source_mirror = source_mirror,
	.store_state = store_state,
	.store_drop = store_drop,
	.store_ready = store_ready,
	.store_turns = store_turns,
	.store_claim = send_claim,
	.store_look = send_look,
	.store_months = send_months,
	.store_advance = send_advance,
	.store_peek = send_peek,
	.store_load = send_load,
	.store_read = send_read,
	.store_rules = send_rules,
	.store_save = send_save,
	.store_review_due = send_review_due,
	.store_review_save = send_review_save,
	.store_pick = send_pick,
	.store_postpone = send_postpone,
	.store_rollback = send_rollback,
};

struct io world_io(struct world_client *client)
{
	return (struct io){&ops, client};
}

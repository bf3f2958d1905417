#include "tests/daemon/drive.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/model_file.h"
#include "core/flow/attribute.h"
#include "tests/daemon/oracle.h"
#include "tests/random.h"

#define STEPS_MAX 200000

static const char *const owners[WORLD_CLIENTS_MAX] = {"one", "two", "three"};

__attribute__((format(printf, 2, 3))) static void wrong(struct drive *drive, const char *format, ...)
{
	if (drive->wrong != NULL) {
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(drive->wrong_text, sizeof(drive->wrong_text), format, arguments);
	va_end(arguments);
	drive->wrong = drive->wrong_text;
}

/* ---- making ---- */

static void read_model(struct arena *arena, struct model **ret_model)
{
	struct fail fail;
	CHECK(arena_init(arena, (size_t)64 * 1024 * 1024));
	if (!model_file_read("tests/daemon/model", arena, ret_model, &fail)) {
		fprintf(stderr, "%s\n", fail.text);
		CHECK(!"a model");
	}
}

/* What patterns were compiled to is the library's, outside of our arenas: it has to be given back. */
static struct drive *to_finish;

static void finish_at_exit(void)
{
	if (to_finish != NULL) {
		drive_finish(to_finish);
	}
}

void drive_init(struct drive *drive, struct world *world)
{
	struct arena arena;
	struct model *model;
	struct fail fail;
	CHECK(to_finish == NULL && atexit(finish_at_exit) == 0);
	to_finish = drive;
	*drive = (struct drive){.world = world, .key = {.size = IDENTITY_KEY_SIZE_MIN}};
	memset(drive->key.bytes, 'k', drive->key.size);
	read_model(&arena, &model);
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
		struct driven *daemon = &drive->daemons[i];
		daemon->engine = engine_create(model->text, model->text_size, model->version, &fail);
		CHECK(daemon->engine != NULL && arena_init(&daemon->claim_arena, (size_t)1024 * 1024) &&
		      arena_init(&daemon->review_arena, (size_t)4 * 1024 * 1024));
		for (unsigned j = 0; j < model->process_count; j++) {
			/* as many of them in a few touches as there are in a long history */
			unsigned every = DRIVE_CHECKPOINT;
			memcpy((char *)(uintptr_t)&engine_model(daemon->engine)->processes[j].checkpoint, &every,
			       sizeof(every));
		}
		counters_init(&daemon->counters);
	}
	arena_finish(&arena);
}

void drive_finish(struct drive *drive)
{
	to_finish = NULL;
	oracle_finish();
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
		engine_destroy(drive->daemons[i].engine);
		arena_finish(&drive->daemons[i].claim_arena);
		arena_finish(&drive->daemons[i].review_arena);
	}
}

const struct contacts_model *drive_model(const struct drive *drive)
{
	return engine_model(drive->daemons[0].engine);
}

static void start_daemon(struct drive *drive, size_t number)
{
	struct driven *daemon = &drive->daemons[number];
	struct batch_options options = {
		.conf = &drive->conf,
		.io = world_io(&drive->world->clients[number]),
		.key = &drive->key,
		.assignment = &daemon->assignment,
		.counters = &daemon->counters,
		.topics = world_topics,
		.rejected_topic = WORLD_REJECTED,
		.crew = &drive->crews[drive->are_lanes ? 0 : number],
	};
	struct fail fail;
	daemon->drive = drive;
	daemon->client = &drive->world->clients[number];
	daemon->assignment.count = daemon->wanted_count = 0;
	daemon->claim_wanted = daemon->claim_under_way = daemon->release_wanted = daemon->in_trouble = false;
	daemon->review_under_way = false;
	for (struct metric *metric = daemon->counters.registry.first; metric != NULL; metric = metric->next) {
		metric->value = 0;
	}
	engine_forget(daemon->engine);
	daemon->batch = batch_create(&options, &fail);
	CHECK(daemon->batch != NULL);
	batch_set_engine(daemon->batch, daemon->engine);
	daemon->batch->claims_max = drive->claims_max;
	CHECK(refolder_init(&daemon->refolder, &drive->conf, &daemon->counters));
	daemon->batch->copy_min =
		world_random(drive->world, 2) == 0 ? 1 + (size_t)world_random(drive->world, 20) : 1000;
	world_connect(daemon->client);
}

void drive_start(struct drive *drive, uint64_t seed, size_t count)
{
	CHECK(count <= WORLD_CLIENTS_MAX);
	world_reset(drive->world, seed, drive_model(drive)->model->version);
	drive->count = count;
	drive->wrong = NULL;
	drive->until_us = 0;
	drive->keeps_waiting = drive->nobody_waits = false;
	drive->claims_max = ATTRIBUTE_CLAIMS_MAX;

	drive->conf.kafka.group = "phased";
	drive->conf.consent.unsaid[CHANNEL_WEB] = CONSENT_REQUIRE;
	drive->conf.consent.unsaid[CHANNEL_EMAIL] = drive->conf.consent.unsaid[CHANNEL_CHAT] = CONSENT_ALLOW;
	drive->conf.consent.unsaid[CHANNEL_CRM] = drive->conf.consent.unsaid[CHANNEL_OFFLINE] = CONSENT_ALLOW;
	drive->conf.batch.events_min = 1 + (int64_t)world_random(drive->world, 20);
	drive->conf.batch.events_max = drive->conf.batch.events_min + (int64_t)world_random(drive->world, 200);
	drive->conf.batch.linger_ms = (int64_t)world_random(drive->world, 3);
	drive->conf.batch.arena_mb = 16;
	drive->conf.review.until_us = INT64_MAX;
	drive->conf.batch.copy_min = 1000;
	drive->conf.batch.quick = world_random(drive->world, 4) != 0;
	drive->are_lanes = world_random(drive->world, 2) == 0;
	for (size_t i = 0; i < count; i++) {
		start_daemon(drive, i);
	}
	drive->conf.batch.refolds_max =
		world_random(drive->world, 2) == 0 ? 1000 : (int64_t)world_random(drive->world, 3);
	drive->conf.batch.refold_touches_max =
		world_random(drive->world, 2) == 0 ? 1000 : (int64_t)world_random(drive->world, 12);
	for (size_t i = 0; i < count; i++) {
		drive->daemons[i].refolder.slice = 1 + world_random(drive->world, 4);
	}
}

void drive_count_claims(struct drive *drive, size_t claims_max)
{
	drive->claims_max = claims_max;
	for (size_t i = 0; i < drive->count; i++) {
		drive->daemons[i].batch->claims_max = claims_max;
	}
}

void drive_refold_at_once(struct drive *drive)
{
	drive->conf.batch.refolds_max = drive->conf.batch.refold_touches_max = 1000;
	drive->keeps_waiting = true;
}

void drive_stop(struct drive *drive)
{
	for (size_t i = 0; i < drive->count; i++) {
		batch_destroy(drive->daemons[i].batch);
		drive->daemons[i].batch = NULL;
		refolder_finish(&drive->daemons[i].refolder);
	}
	drive->count = 0;
}

/* ---- what always holds ---- */

static void check_counts(struct driven *daemon)
{
	const struct counters *counters = &daemon->counters;
	double sum = counters->in_flight.value;
	for (int i = OUTCOME_NONE + 1; i < OUTCOME_COUNT; i++) {
		sum += counters->outcomes[i].value;
	}
	double held = 0;
	for (size_t i = daemon->batch->first; i < daemon->batch->item_count; i++) {
		held += daemon->batch->items[i].follows ? 0 : 1;
	}
	if (sum != counters->received.value || held != counters->in_flight.value) {
		wrong(daemon->drive, "received %.0f, outcomes and in flight %.0f, held %.0f of %.0f in flight",
		      counters->received.value, sum, held, counters->in_flight.value);
	}
}

/* The round trips of each window that met no trouble. */
static void check_turns(struct driven *daemon)
{
	struct drive *drive = daemon->drive;
	bool begins = batch_is_empty(daemon->batch) || daemon->batch->filling;
	bool committed = counters_batches(&daemon->counters) > daemon->committed_at_start;
	uint64_t turns = daemon->client->turns - daemon->turns_at_start;
	/* A batch may start over once, for persons whom it did not know to be concerned; one that did not fit is trouble. */
	double redone = daemon->counters.redone.value - daemon->redone_at_start;
	bool smaller = daemon->batch->count < daemon->batch->item_count - daemon->batch->first;
	daemon->in_trouble =
		daemon->in_trouble || redone > 1 || (redone > 0 && (smaller || daemon->batch->counted_only));
	if (committed && !daemon->in_trouble &&
	    drive->count == 1) { /* what others write meanwhile may cost another try */
		drive->windows++;
		drive->windows_over_4 += turns > 4;
		drive->turns_max = turns > drive->turns_max ? turns : drive->turns_max;
		if (turns > DRIVE_TURNS_MAX) {
			wrong(drive, "a batch took %d round trips", (int)turns);
		}
	}
	if (committed || begins) {
		daemon->turns_at_start = daemon->client->turns;
		daemon->committed_at_start = counters_batches(&daemon->counters);
		daemon->redone_at_start = daemon->counters.redone.value;
		daemon->in_trouble = false;
	}
}

/* ---- one round of the loop ---- */

static void link_lost(struct driven *daemon, const struct fail *fail)
{
	if (daemon->client->state != POSTGRES_DOWN) {
		world_disconnect(daemon->client);
	}
	daemon->claim_under_way = daemon->review_under_way = false;
	daemon->in_trouble = true;
	refolder_lost(&daemon->refolder, fail);
	batch_lost(daemon->batch, fail);
}

static void after_run(struct driven *daemon, enum batch_run run, const struct fail *fail)
{
	if (run == BATCH_DROPS) {
		link_lost(daemon, fail);
	} else if (run == BATCH_FAILED) {
		wrong(daemon->drive, "the daemon gave up: %s", fail->text);
	}
}

static void after_refold(struct driven *daemon, enum refolder_end end, const struct fail *fail)
{
	struct drive *drive = daemon->drive;
	daemon->turns_at_start = daemon->client->turns; /* none of a batch's */
	drive->nobody_waits = end == REFOLDER_DONE && !daemon->refolder.found;
	for (size_t i = 0; i < drive->count; i++) {
		drive->nobody_waits = drive->nobody_waits && batch_is_empty(drive->daemons[i].batch) &&
				      drive->daemons[i].refolder.step == REFOLDER_IDLE;
	}
	if (end == REFOLDER_DROPS) {
		link_lost(daemon, fail);
	}
}

/* As often as not, between two batches. */
static void refold(struct driven *daemon)
{
	struct fail fail;
	after_refold(daemon,
		     refolder_begin(&daemon->refolder, world_io(daemon->client), daemon->engine, false, &fail),
		     &fail);
}

static void claimed(struct driven *daemon)
{
	struct partition_start starts[WORLD_TOPICS * WORLD_PARTITIONS];
	daemon->claim_under_way = false;
	if (!daemon->claim_wanted || daemon->claim_is_old) {
		return;
	}
	daemon->claim_wanted = false;
	assignment_set(&daemon->assignment, daemon->wanted, daemon->claimed, daemon->wanted_count, 0, 1);
	for (size_t i = 0; i < daemon->wanted_count; i++) {
		starts[i] = (struct partition_start){daemon->wanted[i], daemon->claimed[i].from_offset};
	}
	struct io io = world_io(daemon->client);
	io.ops->source_assign(io.self, starts, daemon->wanted_count);
}

static void send_review(struct driven *daemon)
{
	struct fail fail;
	struct io io = world_io(daemon->client);
	arena_reset(&daemon->review_arena, 0);
	daemon->due = (struct due_rows){.now_us = io.ops->now_us(io.self), .blocks = 16};
	CHECK(io.ops->store_review_due(io.self, &daemon->due, &daemon->review_arena, &fail));
	daemon->review_under_way = true;
	daemon->review_writes = false;
	daemon->turns_at_start += 2; /* these are no batch's */
}

static void reviewed(struct driven *daemon)
{
	struct fail fail;
	struct io io = world_io(daemon->client);
	if (daemon->review_writes) {
		daemon->review_under_way = false;
		daemon->drive->reviewed += (uint64_t)daemon->reviewed.written;
		daemon->drive->changed_by_time += (uint64_t)daemon->reviewed.changed;
		return;
	}
	CHECK(contacts_review(engine_model(daemon->engine), &daemon->due, &daemon->review_arena,
			      &daemon->reviewed));
	daemon->reviewed.ways_back_max = 2;
	CHECK(io.ops->store_review_save(io.self, &daemon->reviewed, &daemon->review_arena, &fail));
	daemon->review_writes = true;
}

static void serve_store(struct driven *daemon)
{
	struct fail why, fail;
	struct io io = world_io(daemon->client);
	switch (io.ops->store_ready(io.self, &why)) {
	case POSTGRES_GOES_ON:
	case POSTGRES_CONNECTED:
		break;
	case POSTGRES_TURN_DONE:
		if (daemon->claim_under_way) {
			claimed(daemon);
		} else if (daemon->review_under_way) {
			reviewed(daemon);
		} else if (daemon->refolder.step != REFOLDER_IDLE) {
			after_refold(daemon, refolder_turn_done(&daemon->refolder, &fail), &fail);
		} else {
			after_run(daemon, batch_turn_done(daemon->batch, &fail), &fail);
		}
		break;
	case POSTGRES_TURN_FAILED:
		daemon->in_trouble = true;
		if (daemon->claim_under_way || daemon->review_under_way) {
			link_lost(daemon, &why);
		} else if (daemon->refolder.step != REFOLDER_IDLE) {
			after_refold(daemon, refolder_turn_failed(&daemon->refolder, &why, &fail), &fail);
		} else {
			after_run(daemon, batch_turn_failed(daemon->batch, &why, &fail), &fail);
		}
		break;
	case POSTGRES_LOST:
		link_lost(daemon, &why);
		break;
	}
}

static void release(struct driven *daemon)
{
	struct io io = world_io(daemon->client);
	if (batch_is_busy(daemon->batch) || daemon->refolder.step != REFOLDER_IDLE) {
		if (!daemon->release_now) {
			return;
		}
		struct fail fail;
		fail_set(&fail, FAIL_RETRY, EXIT_AWAY, "kafka: partitions lost");
		link_lost(daemon, &fail);
	}
	batch_hand_back(daemon->batch);
	assignment_clear(&daemon->assignment);
	io.ops->source_unassign(io.self);
	daemon->release_wanted = daemon->release_now = false;
}

static void send_claim(struct driven *daemon)
{
	struct fail fail;
	struct io io = world_io(daemon->client);
	arena_reset(&daemon->claim_arena, 0);
	daemon->claim_is_old = false;
	for (size_t i = 0; i < daemon->wanted_count; i++) {
		daemon->claimed[i] = (struct position_row){
			.topic = world_topics[daemon->wanted[i].topic],
			.partition = daemon->wanted[i].number,
		};
	}
	CHECK(io.ops->store_claim(io.self, daemon->drive->conf.kafka.group, owners[daemon->client->number],
				  daemon->claimed, daemon->wanted_count, &daemon->claim_arena, &fail));
	daemon->claim_under_way = true;
}

static void run_batch(struct driven *daemon)
{
	struct fail fail;
	daemon->drive->nobody_waits = daemon->drive->nobody_waits && batch_is_empty(daemon->batch);
	while (daemon->client->state == POSTGRES_IDLE && daemon->drive->wrong == NULL) {
		bool may_run =
			batch_is_busy(daemon->batch) || (!daemon->release_wanted && batch_fill(daemon->batch));
		check_counts(daemon);
		check_turns(daemon);
		if (!may_run || batch_wakes_us(daemon->batch) > daemon->drive->world->monotonic_us) {
			return;
		}
		after_run(daemon, batch_run(daemon->batch, &fail), &fail);
		check_counts(daemon);
	}
}

/* An hour, a day, a month: now and then. */
static void pass_hours(struct drive *drive)
{
	static const int64_t most[] = {2, 2, 24, 700};
	struct world *world = drive->world;
	if (drive->until_us != 0 && world_random(world, 16) == 0) {
		int64_t hours = (int64_t)world_random(world, (uint64_t)most[world_random(world, COUNT_OF(most))]);
		int64_t at_us = world->now_us + hours * 60 * 60 * MOMENT_SECOND_US;
		world->now_us = at_us < drive->until_us ? at_us : drive->until_us;
	}
}

void drive_step(struct drive *drive, size_t number)
{
	struct driven *daemon = &drive->daemons[number];
	pass_hours(drive);
	bool served = daemon->client->state == POSTGRES_BUSY;
	if (served) {
		serve_store(daemon);
	} else if (daemon->client->state == POSTGRES_DOWN && world_random(drive->world, 3) == 0) {
		world_connect(daemon->client);
	}
	check_counts(daemon);
	check_turns(daemon);
	if (daemon->release_wanted) {
		release(daemon);
	}
	if (daemon->client->state != POSTGRES_IDLE || (served && drive->stepped)) {
		return;
	}
	if (!batch_is_busy(daemon->batch) && batch_wants_claim(daemon->batch)) {
		batch_hand_back(daemon->batch);
		daemon->claim_wanted = true;
	}
	if (daemon->claim_wanted && !daemon->release_wanted && !batch_is_busy(daemon->batch)) {
		send_claim(daemon);
	} else if (drive->until_us != 0 && !batch_is_busy(daemon->batch) && world_random(drive->world, 8) == 0) {
		send_review(daemon);
	} else if (batch_is_empty(daemon->batch) && !daemon->release_wanted && !drive->keeps_waiting &&
		   world_random(drive->world, 4) == 0) {
		refold(daemon);
	} else {
		run_batch(daemon);
	}
	check_counts(daemon);
}

/* ---- the group ---- */

void drive_rebalance(struct drive *drive, unsigned shift, bool lost)
{
	CHECK(drive->count > 0);
	for (size_t i = 0; i < drive->count; i++) {
		struct driven *daemon = &drive->daemons[i];
		daemon->wanted_count = 0;
		daemon->release_wanted = true;
		daemon->release_now = lost;
		daemon->claim_wanted = true;
		daemon->claim_is_old = daemon->claim_under_way;
	}
	for (unsigned i = 0; i < WORLD_TOPICS * WORLD_PARTITIONS; i++) {
		struct driven *daemon = &drive->daemons[(i + shift) % drive->count];
		daemon->wanted[daemon->wanted_count++] =
			(struct partition){(uint16_t)(i / WORLD_PARTITIONS), (int32_t)(i % WORLD_PARTITIONS)};
	}
}

static bool is_at_end(const struct drive *drive, unsigned topic, int32_t number)
{
	const struct world_log *log = &drive->world->logs[topic][number];
	if (drive->world->real != NULL) { /* by what somebody mirrored */
		bool mirrored = false;
		for (size_t i = 0; i < drive->count; i++) {
			mirrored = mirrored || drive->world->clients[i].mirrored[topic][number] >= log->count;
		}
		return mirrored;
	}
	struct position_line key = {.topic = tables_text(world_topics[topic]), .partition = number};
	const struct position_line *row = tables_find(&drive->world->tables, TABLE_POSITION, &key);
	int64_t at = row == NULL || row->next_offset == KAFKA_SOURCE_BEGINNING ? log->first : row->next_offset;
	return at >= log->first + log->count;
}

bool drive_is_done(const struct drive *drive)
{
	for (size_t i = 0; i < drive->count; i++) {
		const struct driven *daemon = &drive->daemons[i];
		if (!batch_is_empty(daemon->batch) || daemon->claim_wanted || daemon->review_under_way ||
		    daemon->refolder.step != REFOLDER_IDLE) {
			return false;
		}
	}
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
		if (drive->world->limbo[i].used) {
			return false;
		}
	}
	if (!drive->keeps_waiting &&
	    (drive->world->real != NULL ? !drive->nobody_waits
					: tables_count(&drive->world->tables, TABLE_WAITING) > 0)) {
		return false;
	}
	for (unsigned i = 0; i < WORLD_TOPICS * WORLD_PARTITIONS; i++) {
		if (!is_at_end(drive, i / WORLD_PARTITIONS, (int32_t)(i % WORLD_PARTITIONS))) {
			return false;
		}
	}
	return true;
}

bool drive_drain(struct drive *drive)
{
	for (unsigned step = 0; step < STEPS_MAX; step++) {
		if (drive->wrong != NULL) {
			return false;
		}
		drive_step(drive, world_random(drive->world, drive->count));
		drive->world->monotonic_us += (int64_t)world_random(drive->world, 2000);
		if (world_random(drive->world, 50) == 0) {
			world_land(drive->world);
			drive->world->monotonic_us += INT64_C(6000000);
		}
		if (drive_is_done(drive)) {
			return drive->wrong == NULL;
		}
	}
	wrong(drive, "not done after %d steps", STEPS_MAX);
	return false;
}

void drive_review_rest(struct drive *drive)
{
	struct world *world = drive->world;
	struct driven *daemon = &drive->daemons[0];
	world->fault = NULL;
	world->now_us = drive->until_us +
			60 * 60 * MOMENT_SECOND_US; /* what batches wrote in the hour before is due in this one */
	while (world_land(world)) {
	}
	if (daemon->client->state == POSTGRES_DOWN) {
		world_connect(daemon->client);
	}
	do {
		for (send_review(daemon); daemon->review_under_way;) {
			serve_store(daemon);
		}
	} while (daemon->due.ours && !(daemon->due.last && daemon->due.phase_count == 0 && world->real == NULL) &&
		 !(daemon->due.last && world->real != NULL));
}

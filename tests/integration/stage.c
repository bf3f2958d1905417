#include "tests/integration/stage.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"

#define CLIENTS 2
#define PATIENCE_US (15 * MOMENT_SECOND_US) /* longer than any lock is waited for */
#define COPY_NEVER 100000
#define MINUTE_US (60 * MOMENT_SECOND_US)

struct drive stage_drive;
struct plan stage_plan;

static struct world world;
static struct world_real real[CLIENTS];
static struct postgres *holder, *hand;
static struct arena plan_arena, run_arena;
static double failures_expected;
static bool harmed;

static const char *const names[CLIENTS] = {"A", "B"};
static const char *const applications[CLIENTS] = {"stage-A", "stage-B"};

void stage_expect(bool good, const char *what)
{
	if (!good) {
		printf("not so: %s\n", what);
		exit(EXIT_FOUND);
	}
}

static void expect_of(unsigned who, bool good, const char *what)
{
	if (!good) {
		const struct batch *batch = stage_drive.daemons[who].batch;
		printf("%s: %s (in turn %s, last trouble: %s)\n", names[who], what,
		       world_turn_names[world.clients[who].turn], batch->why.text);
		exit(EXIT_FOUND);
	}
}

/* ---- opening ---- */

/* Connected again, as the daemon would. */
static void settle(unsigned who)
{
	struct postgres *postgres = real[who].postgres;
	struct fail fail;
	if (postgres_state(postgres) == POSTGRES_DOWN) {
		real_need(postgres_connect(postgres, &fail) && postgres_wait(postgres, &fail), &fail);
	}
	real_script(postgres, "SET ROLE phased_writer");
	real_need(store_settle(real[who].store, &fail) && postgres_wait(postgres, &fail), &fail);
}

/* Daemons, not lanes of one: what is between lanes would keep them apart. */
static void set_up(struct driven *daemon, bool by_copy)
{
	struct crew *own = &stage_drive.crews[daemon - stage_drive.daemons];
	crew_leave(daemon->batch->options.crew, daemon->batch);
	CHECK(crew_join(own, daemon->batch));
	daemon->batch->options.crew = own;
	daemon->batch->limit = daemon->batch->limit_max = PLAN_MESSAGES_MAX;
	daemon->batch->copy_min = by_copy ? 1 : COPY_NEVER;
	daemon->batch->way.allowed = true;
}

void stage_open(const char *conninfo, bool by_copy)
{
	struct fail fail;
	log_start(LOG_LEVEL_ERROR);
	CHECK(arena_init(&plan_arena, (size_t)64 * 1024 * 1024) &&
	      arena_init(&run_arena, (size_t)64 * 1024 * 1024));
	holder = real_connect(conninfo, "holder");
	hand = real_connect(conninfo, "hand");
	for (unsigned i = 0; i < CLIENTS; i++) {
		real[i].postgres = real_connect(conninfo, applications[i]);
		real[i].store = store_create(real[i].postgres, REAL_REPLY_MS, &fail);
		real_need(real[i].store != NULL, &fail);
		real[i].stepped = true;
		settle(i);
	}
	world.real = real;
	drive_init(&stage_drive, &world);
	stage_drive.stepped = true;
	real_empty(hand, drive_model(&stage_drive), &stage_plan, &run_arena);
	drive_start(&stage_drive, 1, CLIENTS);
	drive_refold_at_once(&stage_drive);
	stage_drive.conf.batch.events_min = stage_drive.conf.batch.events_max = PLAN_MESSAGES_MAX;
	stage_drive.conf.batch.linger_ms = 1000;
	for (unsigned i = 0; i < CLIENTS; i++) {
		set_up(&stage_drive.daemons[i], by_copy);
	}
	drive_rebalance(&stage_drive, 0, false);
	/* The day before: months are made, statements prepared. */
	stage_has(A, stage_view("before A", -24 * 60));
	stage_has(B, stage_view("before B", -24 * 60));
}

void stage_close(void)
{
	drive_stop(&stage_drive);
	drive_finish(&stage_drive);
	world_finish(&world);
	for (unsigned i = 0; i < CLIENTS; i++) {
		store_destroy(real[i].store);
		postgres_destroy(real[i].postgres);
	}
	postgres_destroy(holder);
	postgres_destroy(hand);
	arena_finish(&plan_arena);
	arena_finish(&run_arena);
}

/* ---- events ---- */

struct event stage_view(const char *cookie, int minute)
{
	static char ids[PLAN_MESSAGES_MAX][8];
	static unsigned number;
	struct event event = plan_blank();
	CHECK(number < PLAN_MESSAGES_MAX);
	snprintf(ids[number], sizeof(ids[0]), "e%u", number);
	event.id = ids[number++];
	event.identity.anonymous_id = cookie;
	event.content.url = minute % 2 == 0 ? "https://www.nordlys.test/early" : "https://www.nordlys.test/mid";
	event.occurred_us = event.stamped_us = event.received_us = STAGE_NINE_US + minute * MINUTE_US;
	return event;
}

struct event stage_claim(const char *cookie, const char *email, int minute)
{
	struct event event = stage_view(cookie, minute);
	event.action = ACTION_IDENTIFY;
	event.identity.email = email;
	return event;
}

struct event stage_consent(const char *email, int minute, enum statement statement)
{
	struct event event = stage_claim("", email, minute);
	event.action = ACTION_CONSENT;
	event.consent.profile = statement;
	return event;
}

void stage_give(unsigned who, struct event event)
{
	plan_add(&stage_plan, &event, &plan_arena);
	const struct plan_message *message = &stage_plan.messages[stage_plan.count - 1];
	world_produce(&world, (struct partition){message->topic, (int32_t)who}, message->message.bytes,
		      message->message.size, message->message.form, message->message.timestamp_us);
}

void stage_has(unsigned who, struct event event)
{
	stage_give(who, event);
	stage_applies(who);
}

/* ---- turns ---- */

void stage_quick(unsigned who, bool quick)
{
	stage_drive.daemons[who].batch->way.allowed = quick;
}

/* One round of its loop, when PostgreSQL has something to say or after a moment. True: a turn has ended. */
static bool step(unsigned who)
{
	struct world_client *client = &world.clients[who];
	struct postgres *postgres = real[who].postgres;
	bool busy = client->state == POSTGRES_BUSY;
	if (client->state == POSTGRES_DOWN) {
		settle(who);
	} else if (busy) {
		struct pollfd watched = {postgres_fd(postgres), POLLIN, 0};
		watched.events |= postgres_wants_write(postgres) ? POLLOUT : 0;
		poll(&watched, 1, 10);
	}
	drive_step(&stage_drive, who);
	world.monotonic_us += 10000;
	expect_of(who, stage_drive.wrong == NULL, stage_drive.wrong);
	return busy && client->state != POSTGRES_BUSY;
}

static int64_t deadline(void)
{
	return moment_monotonic_us() + PATIENCE_US;
}

void stage_sends(unsigned who, enum world_turn turn)
{
	const struct world_client *client = &world.clients[who];
	for (int64_t until_us = deadline(); client->state != POSTGRES_BUSY || client->turn != turn; step(who)) {
		expect_of(who, moment_monotonic_us() < until_us, world_turn_names[turn]);
	}
}

static void ends(unsigned who, enum world_turn turn)
{
	stage_drive.daemons[who].batch->why = (struct fail){.kind = FAIL_RETRY};
	stage_sends(who, turn);
	for (int64_t until_us = deadline(); !step(who);) {
		expect_of(who, moment_monotonic_us() < until_us, "does not end");
	}
}

void stage_ends(unsigned who, enum world_turn turn)
{
	ends(who, turn);
	expect_of(who, stage_drive.daemons[who].batch->why.code[0] == '\0', "was refused");
}

void stage_refused(unsigned who, enum world_turn turn, const char *code)
{
	ends(who, turn);
	expect_of(who, strcmp(stage_drive.daemons[who].batch->why.code, code) == 0, code);
	failures_expected += strcmp(code, "PH001") == 0 ? 1 : 0;
}

void stage_waits(unsigned who)
{
#define WAITING(application) \
	"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' " \
	"AND " \
	"application_name = '" application "'"
	static const char *const counts[CLIENTS] = {WAITING("stage-A"), WAITING("stage-B")};
	for (int64_t until_us = deadline() - PATIENCE_US / 2; real_count(hand, counts[who]) == 0;) {
		bool ended = step(who); /* what goes by COPY is sent when the server asks for it */
		expect_of(who, !ended && moment_monotonic_us() < until_us, "does not wait for a lock");
	}
}

static const struct save_rows *save_of(unsigned who)
{
	return &stage_drive.daemons[who].batch->save;
}

void stage_writes_arbiters(unsigned who)
{
	stage_sends(who, WORLD_SAVE);
	if (save_of(who)->by_copy) {
		stage_sends(who, save_of(who)->arbiter_new_count > 0 ? WORLD_ARBITERS : WORLD_ROWS);
	}
}

void stage_misses(unsigned who)
{
	const struct driven *daemon = &stage_drive.daemons[who];
	double misses = daemon->counters.quick_misses.value;
	enum world_turn turn = WORLD_NONE;
	for (int64_t until_us = deadline(); daemon->counters.quick_misses.value == misses;) {
		turn = daemon->client->state == POSTGRES_BUSY ? daemon->client->turn : WORLD_NONE;
		step(who);
		expect_of(who, moment_monotonic_us() < until_us, "does not end");
		if (batch_is_empty(daemon->batch)) { /* what harm it does is for stage_ends_well() to say */
			printf("%s: was not refused\n", names[who]);
			harmed = true;
			return;
		}
	}
	const char *code = daemon->batch->why.code;
	bool good = save_of(who)->by_copy ? (turn == WORLD_ARBITERS && strcmp(code, "23505") == 0) ||
						    (turn == WORLD_ROWS && strcmp(code, "PH002") == 0)
					  : turn == WORLD_SAVE && strcmp(code, "PH002") == 0;
	expect_of(who, good, "is refused for another reason");
}

void stage_commits(unsigned who)
{
	stage_sends(who, WORLD_SAVE);
	if (save_of(who)->by_copy) {
		stage_sends(who, WORLD_END);
	}
}

static bool has_applied(unsigned who)
{
	const struct driven *daemon = &stage_drive.daemons[who];
	bool all =
		batch_is_empty(daemon->batch) && !daemon->claim_wanted && daemon->client->state == POSTGRES_IDLE;
	for (size_t i = 0; i < daemon->assignment.count; i++) {
		const struct assigned *part = &daemon->assignment.parts[i];
		const struct world_log *log = &world.logs[part->partition.topic][part->partition.number];
		all = all && (log->count == 0 || part->next_offset >= log->count);
	}
	return all;
}

void stage_applies(unsigned who)
{
	for (int64_t until_us = deadline(); !has_applied(who); step(who)) {
		expect_of(who, moment_monotonic_us() < until_us, "does not get there");
	}
}

void stage_starts_to_take_over(unsigned who)
{
	struct driven *daemon = &stage_drive.daemons[who];
	daemon->wanted_count = 0;
	for (unsigned i = 0; i < WORLD_TOPICS * WORLD_PARTITIONS; i++) {
		daemon->wanted[daemon->wanted_count++] =
			(struct partition){(uint16_t)(i / WORLD_PARTITIONS), (int32_t)(i % WORLD_PARTITIONS)};
	}
	daemon->release_wanted = daemon->claim_wanted = true;
	stage_sends(who, WORLD_CLAIM);
}

void stage_takes_over(unsigned who)
{
	stage_starts_to_take_over(who);
	stage_ends(who, WORLD_CLAIM);
}

void stage_cut(unsigned who)
{
	struct driven *daemon = &stage_drive.daemons[who];
	struct fail fail;
	fail_set(&fail, FAIL_RETRY, EXIT_AWAY, "postgres: connection lost");
	world_disconnect(daemon->client);
	daemon->in_trouble = true;
	batch_lost(daemon->batch, &fail);
	failures_expected++;
}

/* ---- hands ---- */

void stage_hold(const char *sql)
{
	real_script(holder, "BEGIN");
	real_script(holder, sql);
}

void stage_let_go(void)
{
	real_script(holder, "COMMIT");
}

void stage_hold_middle_of_a(void)
{
	const struct load_rows *load = &stage_drive.daemons[A].batch->load;
	CHECK(load->contact_count > 1);
	real_script(holder, "BEGIN");
	real_empty_arbiter(holder, &load->contacts[load->contact_count / 2]);
}

void stage_go_back(void)
{
	real_script(holder, "ROLLBACK");
}

void stage_hand(const char *sql)
{
	real_script(hand, sql);
}

void stage_erase_of_a(void)
{
	const struct load_rows *load = &stage_drive.daemons[A].batch->load;
	CHECK(load->actor_count == 1 && stage_plan.erased_count < PLAN_ERASED_MAX);
	stage_plan.erased[stage_plan.erased_count++] =
		(struct erasure_line){load->actors[0], INT64_MIN, STAGE_NINE_US + 600 * MINUTE_US, 0};
	real_erase(hand, &stage_plan.erased[stage_plan.erased_count - 1], &run_arena);
}

/* ---- what is expected ---- */

double stage_outcomes(unsigned who, enum outcome outcome)
{
	return stage_drive.daemons[who].counters.outcomes[outcome].value;
}

int64_t stage_count(const char *sql)
{
	return real_count(hand, sql);
}

int64_t stage_contents(void)
{
	/* Of every table the rows as text, in order; partitions are tables, too. */
	return real_count(
		hand,
		"SELECT hashtextextended(string_agg(c.oid || query_to_xml(format('SELECT t::text AS row FROM %s "
		"t ORDER BY 1', "
		"c.oid::regclass), true, false, c.oid::regclass::text)::text, '' ORDER BY c.oid), 0) "
		"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
		"WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)'");
}

void stage_ends_well(void)
{
	unsigned who = A;
	for (int64_t until_us = deadline(); !has_applied(A) || !has_applied(B); who = A + B - who) {
		expect_of(who, moment_monotonic_us() < until_us, "does not get there");
		if (!has_applied(who)) {
			step(who);
		}
	}
	double failures = 0;
	for (unsigned i = 0; i < CLIENTS; i++) {
		failures += stage_drive.daemons[i].counters.store_failures.value;
	}
	if (failures != failures_expected) {
		printf("trouble %.0f times, expected %.0f: %s / %s\n", failures, failures_expected,
		       stage_drive.daemons[A].batch->why.text, stage_drive.daemons[B].batch->why.text);
		exit(EXIT_FOUND);
	}
	const char *text = real_difference(hand, &stage_plan, &stage_drive, &run_arena);
	if (text[0] != '\0') {
		printf("(- expected, + found):\n%s", text);
	}
	if (text[0] != '\0' || harmed) {
		exit(EXIT_FOUND);
	}
}

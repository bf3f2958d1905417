#include "tests/daemon/scene.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "tests/daemon/oracle.h"

struct world scene_world;
struct drive scene_drive;
struct plan scene_plan;
struct arena scene_plan_arena, scene_run_arena;

void scene_setup(void)
{
	log_start(LOG_LEVEL_ERROR);
	CHECK(arena_init(&scene_plan_arena, (size_t)64 * 1024 * 1024) &&
	      arena_init(&scene_run_arena, (size_t)64 * 1024 * 1024));
	drive_init(&scene_drive, &scene_world);
}

void scene_start(size_t daemons)
{
	tables_clear(&scene_world.tables);
	tables_forget_texts();
	arena_reset(&scene_run_arena, SCENE_KEEP);
	drive_start(&scene_drive, scene_plan.seed + 1, daemons);
	drive_refold_at_once(&scene_drive);
}

/* One page view of one cookie. */
struct event scene_view(unsigned number, unsigned cookie)
{
	static char ids[PLAN_MESSAGES_MAX][16], cookies[PLAN_MESSAGES_MAX][16];
	struct event event = plan_blank();
	CHECK(number < PLAN_MESSAGES_MAX && cookie < PLAN_MESSAGES_MAX);
	snprintf(ids[number], sizeof(ids[0]), "e%u", number);
	snprintf(cookies[cookie], sizeof(cookies[0]), "cookie-%u", cookie);
	event.id = ids[number];
	event.identity.anonymous_id = cookies[cookie];
	event.content.url = number % 2 == 0 ? "https://www.nordlys.test/early" : "https://www.nordlys.test/mid";
	event.occurred_us = event.stamped_us = event.received_us = NINE_US + number * MINUTE_US;
	return event;
}

/* So many page views, of so many cookies by turns. */
void scene_plan_views(unsigned count, unsigned cookies)
{
	arena_reset(&scene_plan_arena, SCENE_KEEP);
	scene_plan.seed = 1;
	scene_plan.is_calm = false;
	scene_plan.count = scene_plan.erased_count = scene_plan.cleared_count = 0;
	for (unsigned i = 0; i < count; i++) {
		struct event event = scene_view(i, i % cookies);
		plan_add(&scene_plan, &event, &scene_plan_arena);
	}
}

/* All in the order of the scene_plan, on one partition. */
void scene_produce(void)
{
	for (size_t i = 0; i < scene_plan.count; i++) {
		const struct world_message *message = &scene_plan.messages[i].message;
		world_produce(&scene_world, (struct partition){0, 0}, message->bytes, message->size, message->form,
			      message->timestamp_us);
	}
}

const char *scene_difference(void)
{
	return oracle_difference(&scene_plan, &scene_drive, &scene_run_arena, &scene_world.tables);
}

/* How many messages of the plan cannot be read in the first place. */
size_t scene_unreadable(void)
{
	size_t count = 0;
	for (size_t i = 0; i < scene_plan.count; i++) {
		count += scene_plan.messages[i].event == NULL;
	}
	return count;
}

double scene_outcomes(size_t number, enum outcome outcome)
{
	return scene_drive.daemons[number].counters.outcomes[outcome].value;
}

int64_t scene_rows_of(const char *outcome)
{
	int64_t n = 0;
	for (size_t i = 0; i < tables_count(&scene_world.tables, TABLE_OUTCOME); i++) {
		const struct outcome_line *row = tables_row(&scene_world.tables, TABLE_OUTCOME, i);
		n += strcmp(row->outcome, outcome) == 0 ? row->n : 0;
	}
	return n;
}

struct position_line *scene_position(void)
{
	struct position_line key = {.topic = tables_text("web"), .partition = 0};
	struct position_line *row = tables_find(&scene_world.tables, TABLE_POSITION, &key);
	ck_assert_ptr_nonnull(row);
	return row;
}

enum world_fault scene_at_first(void *context, struct world_client *client, const char **code)
{
	struct scene_script *script = context;
	if (script->done || client->turn != script->turn) {
		return FAULT_NONE;
	}
	script->done = true;
	*code = script->code;
	return script->fault;
}

/* One daemon with all partitions, and the plan's messages as one batch. */
void scene_start_one_batch(void)
{
	scene_start(1);
	scene_drive.conf.batch.events_min = scene_drive.conf.batch.events_max = PLAN_MESSAGES_MAX;
	scene_drive.conf.batch.linger_ms = 1000;
	scene_drive.daemons[0].batch->limit = scene_drive.daemons[0].batch->limit_max = PLAN_MESSAGES_MAX;
	scene_produce();
	drive_rebalance(&scene_drive, 0, false);
}

/* Steps until the daemon's turn under way is of this kind. */
void scene_step_to(enum world_turn turn)
{
	for (unsigned i = 0; i < 10000; i++) {
		if (scene_world.clients[0].state == POSTGRES_BUSY && scene_world.clients[0].turn == turn) {
			return;
		}
		drive_step(&scene_drive, 0);
		scene_world.monotonic_us += 10000;
		ck_assert_msg(scene_drive.wrong == NULL, "%s", scene_drive.wrong);
	}
	ck_abort_msg("no %s", world_turn_names[turn]);
}

void scene_finish_well(void)
{
	ck_assert_msg(drive_drain(&scene_drive), "%s", scene_drive.wrong);
	const char *text = scene_difference();
	ck_assert_msg(text[0] == '\0', "\n%.2000s", text);
}

/*
 * What tests of single batches share: one world, one daemon in it (or more), a few page views as one batch, step by step.
 */
#pragma once
#include "tests/daemon/drive.h"
#include "tests/daemon/plan.h"

#define NINE_US INT64_C(1772442000000000) /* 2026-03-02 09:00 UTC */
#define MINUTE_US INT64_C(60000000)
#define SCENE_KEEP ((size_t)4 * 1024 * 1024) /* pages of an arena that stay */

extern struct world scene_world;
extern struct drive scene_drive;
extern struct plan scene_plan;
extern struct arena scene_plan_arena, scene_run_arena;

/* A fault at the first turn of a kind: scene_at_first() as the world's fault, this as its context. */
struct scene_script {
	enum world_turn turn;
	enum world_fault fault;
	const char *code;
	bool done;
};
enum world_fault scene_at_first(void *context, struct world_client *client, const char **code);

/* Once, before all else. */
void scene_setup(void);
/* An empty world with so many daemons. */
void scene_start(size_t daemons);
/* One page view of one cookie, a minute after that of the number before. */
struct event scene_view(unsigned number, unsigned cookie);
/* The plan: so many page views, of so many cookies by turns. */
void scene_plan_views(unsigned count, unsigned cookies);
/* All messages in the order of the plan, on web/0. */
void scene_produce(void);
/* One daemon with all partitions, and the plan's messages as one batch. */
void scene_start_one_batch(void);

/* Steps until the daemon's turn under way is of this kind. */
void scene_step_to(enum world_turn turn);
/* Until all is applied, and as the oracle says. */
void scene_finish_well(void);

/* Oracle and tables: lines that differ. */
const char *scene_difference(void);
/* How many messages of the plan cannot be read in the first place. */
size_t scene_unreadable(void);
/* A daemon's counter; the sum of table outcome_day. */
double scene_outcomes(size_t number, enum outcome outcome);
int64_t scene_rows_of(const char *outcome);
/* Of web/0. */
struct position_line *scene_position(void);

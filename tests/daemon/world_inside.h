/*
 * Between the files of the world: world.c (clients, time, Kafka), world_store.c (which turn does what; positions, claims, locks), and what
 * the turns do in the tables: world_load.c, world_read.c, world_save.c (world_checks.c), world_chores.c. core/edge/store_sql*.h, statement by statement, as loops.
 */
#pragma once
#include "tests/daemon/world.h"

bool world_is_locked(const struct world *world, const struct world_client *by, const struct uuid *contact);
/* What its transaction reads. */
const struct tables *world_view(const struct world_client *client);
/* Are these positions still of the epochs that the client thinks? */
bool world_holds(const struct world_client *client, const struct advance_rows *rows);
/* ADVANCE's first statement; GOES_ON: waits for a lock. */
enum postgres_result world_advance(struct world_client *client, const struct advance_rows *rows,
				   struct fail *ret_fail);
/* A statement is refused: the transaction is aborted. */
enum postgres_result world_refuse(struct world_client *client, enum fail_kind kind, const char *code,
				  struct fail *ret_fail);
/* Does this turn end with COMMIT? */
bool world_commits(const struct world_client *client);
enum postgres_result world_save(struct world_client *client, struct fail *ret_fail);
enum postgres_result world_review_save(struct world_client *client);
enum postgres_result world_execute(struct world_client *client, struct fail *ret_fail);

/* Rows of an answer: room for all of a table, in the client's arena. NULL: full. */
void *world_room(struct world_client *client, size_t count, size_t size);
const char *world_text(struct world_client *client, const char *text);
/* What a turn ends in then. */
enum postgres_result world_full(struct world_client *client, struct fail *ret_fail);
bool world_has_id(const struct uuid *ids, size_t count, const struct uuid *id);
void world_open(struct world_client *client);
void world_lock_arbiter(struct world_client *client, const struct uuid *contact_id, bool is_new);

/* Who is in play, and what follows: as core/edge/store_in_play.c asks for it. */
struct world_play {
	const struct uuid *weak, *strong, *decided;
	size_t weak_count, strong_count, decided_count;
	const struct assertion *asserted;
	size_t asserted_count, claim_room;
	struct in_play_rows out;
};
/* False: arena full. */
bool world_read_play(struct world_client *client, struct world_play *play);
enum postgres_result world_load(struct world_client *client, struct fail *ret_fail);
/* False: arena full. */
bool world_load_phases(struct world_client *client, struct load_rows *load);
/* A row as it is loaded, but for its process's name. False: arena full. */
bool world_phase_row(struct world_client *client, const struct phase_line *row, struct phase_row *ret_row);
enum postgres_result world_read(struct world_client *client, struct fail *ret_fail);
enum postgres_result world_rules(struct world_client *client, struct fail *ret_fail);
enum postgres_result world_review_due(struct world_client *client, struct fail *ret_fail);
/* Clicks near the touches that SAVE lists: which of them came too soon after their mail? */
void world_time(struct tables *tables, const struct save_rows *save);
enum postgres_result world_pick(struct world_client *client, struct fail *ret_fail);

struct phase_line world_phase_line(const struct state_row *row, uint64_t model_version);
struct change_line world_change_line(const struct change_row *row);
/* CHECKs the lists of a SAVE. */
void world_check_lists(const struct save_rows *save);

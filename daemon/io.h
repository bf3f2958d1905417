/*
 * The daemon's outside world: clock, source and store through one table, so that a simulator can stand in for all
 * three. io_real.c binds it to the clock, to Kafka and to PostgreSQL.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/edge/kafka_source.h"
#include "core/edge/postgres.h"
#include "core/edge/store.h"
#include "core/model/chore_rows.h"

struct arena;

struct io_ops {
	/* clock and chance */
	int64_t (*now_us)(void *self);
	int64_t (*monotonic_us)(void *self);
	uint64_t (*random)(void *self);

	/* source: as core/edge/kafka_source.h says */
	int (*source_fd)(void *self);
	void (*source_woken)(void *self);
	void (*source_notice)(void *self, struct kafka_notice *ret_notice);
	void (*source_assign)(void *self, const struct partition_start *starts, size_t count);
	void (*source_unassign)(void *self);
	size_t (*source_take)(void *self, struct message *ret_messages, size_t max);
	void (*source_release)(void *self);
	int64_t (*source_end)(void *self, struct partition partition);
	uint64_t (*source_holes)(void *self);
	void (*source_mirror)(void *self, const struct partition_start *next, size_t count);
	void (*source_close)(void *self);
	bool (*source_closed)(void *self);

	/* store: as core/edge/postgres.h and core/edge/store.h say */
	enum postgres_state (*store_state)(void *self);
	bool (*store_connect)(void *self, struct fail *fail);
	void (*store_drop)(void *self);
	int (*store_fd)(void *self);
	bool (*store_wants_write)(void *self);
	int64_t (*store_deadline_us)(void *self);
	enum postgres_result (*store_ready)(void *self, struct fail *ret_fail);
	uint64_t (*store_turns)(void *self);
	bool (*store_settle)(void *self, struct fail *fail);
	bool (*store_greet)(void *self, const struct store_settings *settings, struct arena *arena,
			    struct store_greeting *ret, struct fail *fail);
	bool (*store_claim)(void *self, const char *group, const char *owner, struct position_row *positions,
			    size_t count, struct arena *arena, struct fail *fail);
	bool (*store_look)(void *self, const char *group, struct position_row *positions, size_t count,
			   struct arena *arena, struct fail *fail);
	bool (*store_months)(void *self, const struct advance_rows *rows, struct arena *arena, struct fail *fail);
	bool (*store_advance)(void *self, struct advance_rows *advance, struct arena *arena, struct fail *fail);
	bool (*store_peek)(void *self, struct advance_rows *peek, struct arena *arena, struct fail *fail);
	bool (*store_load)(void *self, struct load_rows *load, struct arena *arena, struct fail *fail);
	bool (*store_read)(void *self, struct read_rows *read, struct arena *arena, struct fail *fail);
	bool (*store_rules)(void *self, struct rule_rows *rules, struct arena *arena, struct fail *fail);
	bool (*store_save)(void *self, const struct save_rows *save, enum save_part part, struct arena *arena,
			   struct fail *fail);
	bool (*store_pick)(void *self, struct pick_rows *pick, struct arena *arena, struct fail *fail);
	bool (*store_postpone)(void *self, const struct uuid *contact_id, struct arena *arena, struct fail *fail);
	bool (*store_queue)(void *self, struct arena *arena, struct store_queue *ret, struct fail *fail);
	bool (*store_takeover)(void *self, int64_t contacts_max, int64_t queue_max, struct arena *arena,
			       int64_t *ret_again_ms, struct fail *fail);
	bool (*store_purge_rejects)(void *self, int64_t before_us, int64_t count_max, struct arena *arena,
				    int64_t *ret_count, struct fail *fail);
	bool (*store_retention)(void *self, int64_t months, int64_t count_max, int64_t queue_max,
				struct arena *arena, struct store_retention *ret, struct fail *fail);
	bool (*store_deals)(void *self, int64_t pairs_max, int64_t queue_max, bool expire, struct arena *arena,
			    struct store_deals *ret, struct fail *fail);
	bool (*store_review_due)(void *self, struct due_rows *due, struct arena *arena, struct fail *fail);
	bool (*store_review_save)(void *self, struct reviewed_rows *reviewed, struct arena *arena,
				  struct fail *fail);
	bool (*store_explain_due)(void *self, struct explain_rows *slice, struct arena *arena, struct fail *fail);
	bool (*store_explain_read)(void *self, struct explain_rows *slice, struct arena *arena, struct fail *fail);
	bool (*store_explain_save)(void *self, struct explain_rows *slice, struct arena *arena, struct fail *fail);
	bool (*store_account_due)(void *self, struct account_rows *slice, struct arena *arena, struct fail *fail);
	bool (*store_account_read)(void *self, struct account_rows *slice, struct arena *arena, struct fail *fail);
	bool (*store_account_save)(void *self, struct account_rows *slice, struct arena *arena, struct fail *fail);
	bool (*store_rollback)(void *self, struct fail *fail);
};

struct io {
	const struct io_ops *ops;
	void *self;
};

/* Up to when time passes for contacts (review.until). */
static inline int64_t io_passed_us(struct io io, int64_t until_us)
{
	int64_t now_us = io.ops->now_us(io.self);
	return now_us < until_us ? now_us : until_us;
}

/* One lane's. Borrows source, which all lanes share, postgres and store for the life of the io. */
struct io_real {
	struct kafka_source *source;
	unsigned lane; /* whose messages are taken */
	struct postgres *postgres;
	struct store *store;
	uint64_t seed; /* 0: from the clock */
};
struct io io_real(struct io_real *real);

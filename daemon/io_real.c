#include "daemon/io.h"

#include "core/base/moment.h"

static int64_t now_us(void *self)
{
	(void)self;
	return moment_now_us();
}

static int64_t monotonic_us(void *self)
{
	(void)self;
	return moment_monotonic_us();
}

/* xorshift64: for jitter, nothing that must not be guessed. */
static uint64_t next_random(void *self)
{
	struct io_real *real = self;
	real->seed ^= real->seed << 13;
	real->seed ^= real->seed >> 7;
	real->seed ^= real->seed << 17;
	return real->seed;
}

static struct kafka_source *source(void *self)
{
	return ((struct io_real *)self)->source;
}

static struct postgres *postgres(void *self)
{
	return ((struct io_real *)self)->postgres;
}

static struct store *store(void *self)
{
	return ((struct io_real *)self)->store;
}

static int source_fd(void *self)
{
	return kafka_source_fd(source(self));
}

static void source_woken(void *self)
{
	kafka_source_woken(source(self));
}

static void source_notice(void *self, struct kafka_notice *ret_notice)
{
	kafka_source_notice(source(self), ret_notice);
}

static void source_assign(void *self, const struct partition_start *starts, size_t count)
{
	kafka_source_assign(source(self), starts, count);
}

static void source_unassign(void *self)
{
	kafka_source_unassign(source(self));
}

static size_t source_take(void *self, struct message *ret_messages, size_t max)
{
	return kafka_source_take(source(self), ((struct io_real *)self)->lane, ret_messages, max);
}

static void source_release(void *self)
{
	kafka_source_release(source(self), ((struct io_real *)self)->lane);
}

static int64_t source_end(void *self, struct partition partition)
{
	return kafka_source_end(source(self), partition);
}

static uint64_t source_holes(void *self)
{
	return kafka_source_counts(source(self)).holes;
}

static void source_mirror(void *self, const struct partition_start *next, size_t count)
{
	kafka_source_mirror(source(self), next, count);
}

static void source_close(void *self)
{
	kafka_source_close(source(self));
}

static bool source_closed(void *self)
{
	return kafka_source_closed(source(self));
}

static enum postgres_state state(void *self)
{
	return postgres_state(postgres(self));
}

static bool connect_store(void *self, struct fail *fail)
{
	return postgres_connect(postgres(self), fail);
}

static void drop(void *self)
{
	postgres_drop(postgres(self));
}

static int store_fd(void *self)
{
	return postgres_fd(postgres(self));
}

static bool wants_write(void *self)
{
	return postgres_wants_write(postgres(self));
}

static int64_t deadline_us(void *self)
{
	return postgres_deadline_us(postgres(self));
}

static enum postgres_result ready(void *self, struct fail *ret_fail)
{
	return postgres_ready(postgres(self), ret_fail);
}

static uint64_t turns(void *self)
{
	return postgres_turns(postgres(self));
}

static bool settle(void *self, struct fail *fail)
{
	return store_settle(store(self), fail);
}

static bool greet(void *self, const struct store_settings *settings, struct arena *arena,
		  struct store_greeting *ret, struct fail *fail)
{
	return store_greet(store(self), settings, arena, ret, fail);
}

static bool claim(void *self, const char *group, const char *owner, struct position_row *positions, size_t count,
		  struct arena *arena, struct fail *fail)
{
	return store_claim(store(self), group, owner, positions, count, arena, fail);
}

static bool look(void *self, const char *group, struct position_row *positions, size_t count, struct arena *arena,
		 struct fail *fail)
{
	return store_look(store(self), group, positions, count, arena, fail);
}

static bool purge_rejects(void *self, int64_t before_us, int64_t count_max, struct arena *arena,
			  int64_t *ret_count, struct fail *fail)
{
	return store_purge_rejects(store(self), before_us, count_max, arena, ret_count, fail);
}

static bool retention(void *self, int64_t months, int64_t count_max, int64_t queue_max, struct arena *arena,
		      struct store_retention *ret, struct fail *fail)
{
	return store_retention(store(self), months, count_max, queue_max, arena, ret, fail);
}

static bool months(void *self, const struct advance_rows *rows, struct arena *arena, struct fail *fail)
{
	return store_months(store(self), rows, arena, fail);
}

static bool advance(void *self, struct advance_rows *rows, struct arena *arena, struct fail *fail)
{
	return store_advance(store(self), rows, arena, fail);
}

static bool peek(void *self, struct advance_rows *rows, struct arena *arena, struct fail *fail)
{
	return store_peek(store(self), rows, arena, fail);
}

static bool load(void *self, struct load_rows *rows, struct arena *arena, struct fail *fail)
{
	return store_load(store(self), rows, arena, fail);
}

static bool read_touches(void *self, struct read_rows *rows, struct arena *arena, struct fail *fail)
{
	return store_read(store(self), rows, arena, fail);
}

static bool read_rules(void *self, struct rule_rows *rows, struct arena *arena, struct fail *fail)
{
	return store_rules(store(self), rows, arena, fail);
}

static bool save(void *self, const struct save_rows *rows, enum save_part part, struct arena *arena,
		 struct fail *fail)
{
	return store_save(store(self), rows, part, arena, fail);
}

static bool review_due(void *self, struct due_rows *due, struct arena *arena, struct fail *fail)
{
	return store_review_due(store(self), due, arena, fail);
}

static bool review_save(void *self, struct reviewed_rows *reviewed, struct arena *arena, struct fail *fail)
{
	return store_review_save(store(self), reviewed, arena, fail);
}

static bool explain_due(void *self, struct explain_rows *slice, struct arena *arena, struct fail *fail)
{
	return store_explain_due(store(self), slice, arena, fail);
}

static bool explain_read(void *self, struct explain_rows *slice, struct arena *arena, struct fail *fail)
{
	return store_explain_read(store(self), slice, arena, fail);
}

static bool explain_save(void *self, struct explain_rows *slice, struct arena *arena, struct fail *fail)
{
	return store_explain_save(store(self), slice, arena, fail);
}

static bool account_due(void *self, struct account_rows *slice, struct arena *arena, struct fail *fail)
{
	return store_account_due(store(self), slice, arena, fail);
}

static bool account_read(void *self, struct account_rows *slice, struct arena *arena, struct fail *fail)
{
	return store_account_read(store(self), slice, arena, fail);
}

static bool account_save(void *self, struct account_rows *slice, struct arena *arena, struct fail *fail)
{
	return store_account_save(store(self), slice, arena, fail);
}

static bool pick(void *self, struct pick_rows *rows, struct arena *arena, struct fail *fail)
{
	return store_pick(store(self), rows, arena, fail);
}

static bool postpone(void *self, const struct uuid *contact_id, struct arena *arena, struct fail *fail)
{
	return store_postpone(store(self), contact_id, arena, fail);
}

static bool queue(void *self, struct arena *arena, struct store_queue *ret, struct fail *fail)
{
	return store_queue(store(self), arena, ret, fail);
}

static bool deals(void *self, int64_t pairs_max, int64_t queue_max, bool expire, struct arena *arena,
		  struct store_deals *ret, struct fail *fail)
{
	return store_deals(store(self), pairs_max, queue_max, expire, arena, ret, fail);
}

static bool takeover(void *self, int64_t contacts_max, int64_t queue_max, struct arena *arena,
		     int64_t *ret_again_ms, struct fail *fail)
{
	return store_takeover(store(self), contacts_max, queue_max, arena, ret_again_ms, fail);
}

static bool rollback(void *self, struct fail *fail)
{
	return store_rollback(store(self), fail);
}

static const struct io_ops real_ops = {
	.now_us = now_us,
	.monotonic_us = monotonic_us,
	.random = next_random,
	.source_fd = source_fd,
	.source_woken = source_woken,
	.source_notice = source_notice,
	.source_assign = source_assign,
	.source_unassign = source_unassign,
	.source_take = source_take,
	.source_release = source_release,
	.source_end = source_end,
	.source_holes = source_holes,
	.source_mirror = source_mirror,
	.source_close = source_close,
	.source_closed = source_closed,
	.store_state = state,
	.store_connect = connect_store,
	.store_drop = drop,
	.store_fd = store_fd,
	.store_wants_write = wants_write,
	.store_deadline_us = deadline_us,
	.store_ready = ready,
	.store_turns = turns,
	.store_settle = settle,
	.store_greet = greet,
	.store_claim = claim,
	.store_look = look,
	.store_purge_rejects = purge_rejects,
	.store_retention = retention,
	.store_deals = deals,
	.store_months = months,
	.store_advance = advance,
	.store_peek = peek,
	.store_load = load,
	.store_read = read_touches,
	.store_rules = read_rules,
	.store_save = save,
	.store_review_due = review_due,
	.store_review_save = review_save,
	.store_explain_due = explain_due,
	.store_explain_read = explain_read,
	.store_explain_save = explain_save,
	.store_account_due = account_due,
	.store_account_read = account_read,
	.store_account_save = account_save,
	.store_pick = pick,
	.store_postpone = postpone,
	.store_queue = queue,
	.store_takeover = takeover,
	.store_rollback = rollback,
};

struct io io_real(struct io_real *real)
{
	if (real->seed == 0) {
		/* Multiplied, so that lanes made in one µs do not draw alike. */
		real->seed = (((uint64_t)moment_now_us() + real->lane) * UINT64_C(0x9e3779b97f4a7c15)) | 1;
	}
	return (struct io){&real_ops, real};
}

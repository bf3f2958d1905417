#include "ctl/service.h"

#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_admin.h"
#include "core/edge/kafka_read.h"
#include "core/edge/postgres.h"
#include "ctl/position.h"

#define READ_MAX 64
#define READ_MS_MAX 5000

static const struct postgres_statement list_parts = {
	.name = "list_parts",
	.sql = "SELECT topic, partition, next_offset, end_offset, epoch, owner, oldest, updated_at FROM "
	       "phased.position WHERE grp = $1 ORDER BY topic, partition",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TEXT, false}},
};
static const struct postgres_statement now = {.name = "now", .sql = "SELECT now()"};
static const struct postgres_statement lately = {
	.name = "lately",
	.sql = "SELECT count(*) FILTER (WHERE noted_at > now() - interval '1 hour'), count(*), "
	       "has_table_privilege('phased.model', 'SELECT') FROM phased.rejected WHERE noted_at > now() - "
	       "interval '1 "
	       "day'",
};
static const struct postgres_statement model_of_view = {
	.name = "model_of_view",
	.sql = "SELECT model, accepted_at FROM report.model WHERE in_force",
};
static const struct postgres_statement model_of_table = {
	.name = "model_of_table",
	.sql = "SELECT lpad(to_hex(version), 16, '0'), accepted_at FROM phased.model WHERE in_force",
};

struct loading {
	struct service *service;
	struct arena *arena;
	bool sees_table;
};

static bool on_now(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct loading *loading = context;
	(void)fail;
	loading->service->now_us = postgres_moment(rows, 0, 0);
	return true;
}

static bool on_lately(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct loading *loading = context;
	(void)fail;
	loading->service->rejected_hour = postgres_int(rows, 0, 0);
	loading->service->rejected_day = postgres_int(rows, 0, 1);
	loading->sees_table = postgres_int(rows, 0, 2) != 0;
	return true;
}

static bool on_model(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct loading *loading = context;
	(void)fail;
	if (postgres_count(rows) == 1) {
		snprintf(loading->service->model, sizeof(loading->service->model), "%s",
			 postgres_text(rows, 0, 0));
		loading->service->model_us = postgres_moment(rows, 0, 1);
	}
	return true;
}

static const char *copy(struct arena *arena, const struct postgres_rows *rows, size_t row, unsigned column)
{
	const char *text = postgres_text(rows, row, column);
	return arena_text(arena, text, strlen(text));
}

static bool on_parts(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct loading *loading = context;
	struct service *service = loading->service;
	service->count = postgres_count(rows);
	service->parts = arena_zero(loading->arena, service->count + 1, sizeof(*service->parts));
	bool fits = service->parts != NULL;
	for (size_t i = 0; fits && i < service->count; i++) {
		service->parts[i] = (struct service_part){
			.topic = copy(loading->arena, rows, i, 0),
			.partition = postgres_int(rows, i, 1),
			.next = postgres_int(rows, i, 2),
			.end = postgres_int(rows, i, 3),
			.low = -2,
			.high = -2,
			.epoch = postgres_int(rows, i, 4),
			.owner = copy(loading->arena, rows, i, 5),
			.oldest_us = postgres_is_null(rows, i, 6) ? INT64_MIN : postgres_moment(rows, i, 6),
			.updated_us = postgres_moment(rows, i, 7),
		};
		fits = service->parts[i].topic != NULL && service->parts[i].owner != NULL;
	}
	return fits || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "positions do not fit into memory");
}

static void find_farthest(struct service *service)
{
	service->behind_s = 0;
	for (size_t i = 0; i < service->count; i++) {
		double own = service->parts[i].behind_s;
		service->behind_s = own > service->behind_s ? own : service->behind_s;
	}
}

/* Lag by what is known of the ends; how old the oldest is: not older than what was applied last. */
static void measure(struct service *service)
{
	service->lag = 0;
	for (size_t i = 0; i < service->count; i++) {
		struct service_part *part = &service->parts[i];
		int64_t from = part->next != POSITION_BEGINNING ? part->next : part->low, end = service_end(part);
		part->lag = end < 0 || from < 0 ? -1 : end > from ? end - from : 0;
		int64_t since_us = part->oldest_us != INT64_MIN ? part->oldest_us : part->updated_us;
		part->behind_s = part->lag > 0 && service->now_us > since_us
					 ? (double)(service->now_us - since_us) / (double)MOMENT_SECOND_US
					 : 0;
		service->lag += part->lag > 0 ? part->lag : 0;
	}
	find_farthest(service);
}

bool service_load_parts(struct ctl *ctl, struct postgres *postgres, struct arena *arena,
			struct service *ret_service, struct fail *fail)
{
	struct postgres_value group;
	*ret_service = (struct service){0};
	struct loading loading = {.service = ret_service, .arena = arena};
	postgres_value_text(ctl->conf.kafka.group, &group);
	if (!postgres_add(postgres, &now, NULL, on_now, &loading, fail) ||
	    !postgres_add(postgres, &list_parts, &group, on_parts, &loading, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	measure(ret_service);
	return true;
}

bool service_load(struct ctl *ctl, struct postgres *postgres, struct arena *arena, struct service *ret_service,
		  struct fail *fail)
{
	struct loading loading = {.service = ret_service, .arena = arena};
	return postgres_add(postgres, &lately, NULL, on_lately, &loading, fail) &&
	       service_load_parts(ctl, postgres, arena, ret_service, fail) &&
	       postgres_add(postgres, loading.sees_table ? &model_of_table : &model_of_view, NULL, on_model,
			    &loading, fail) &&
	       ctl_turn(postgres, fail);
}

/* The first message that waits of partitions that lag says how old it is. */
static bool read_oldest(struct ctl *ctl, struct arena *arena, struct service *service, struct fail *fail)
{
	struct kafka_record *records = arena_zero(arena, READ_MAX, sizeof(*records));
	size_t of_part[READ_MAX], count = 0;
	if (records == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "messages do not fit into memory");
	}
	for (size_t i = 0; i < service->count && count < READ_MAX; i++) {
		const struct service_part *part = &service->parts[i];
		int64_t from = part->next > part->low ? part->next : part->low;
		if (part->lag > 0 && part->low >= 0 && from < part->high) {
			of_part[count] = i;
			records[count++] = (struct kafka_record){
				.topic = part->topic, .partition = (int32_t)part->partition, .offset = from};
		}
	}
	if (!kafka_read(ctl->conf.kafka.brokers, ctl->conf.kafka.properties, records, count, READ_MS_MAX, arena,
			fail)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct service_part *part = &service->parts[of_part[i]];
		if (records[i].found == KAFKA_FOUND) {
			int64_t age_us = service->now_us - records[i].timestamp_us;
			part->behind_s = age_us > 0 ? (double)age_us / (double)MOMENT_SECOND_US : 0;
		}
	}
	return true;
}

bool service_ask_bounds(struct ctl *ctl, struct arena *arena, struct service *service, struct fail *fail)
{
	struct kafka_bounds *bounds = arena_zero(arena, service->count + 1, sizeof(*bounds));
	if (bounds == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "positions do not fit into memory");
	}
	for (size_t i = 0; i < service->count; i++) {
		bounds[i] = (struct kafka_bounds){.topic = service->parts[i].topic,
						  .partition = (int32_t)service->parts[i].partition,
						  .at_us = INT64_MIN};
	}
	if (service->count > 0 && !kafka_admin_bounds(ctl->conf.kafka.brokers, ctl->conf.kafka.properties, bounds,
						      service->count, POSITION_KAFKA_MS_MAX, fail)) {
		return false;
	}
	for (size_t i = 0; i < service->count; i++) {
		service->parts[i].low = bounds[i].low;
		service->parts[i].high = bounds[i].high;
	}
	measure(service);
	return true;
}

bool service_ask_kafka(struct ctl *ctl, struct arena *arena, struct service *service, struct fail *fail)
{
	if (!service_ask_bounds(ctl, arena, service, fail)) {
		return false;
	}
	bool good = read_oldest(ctl, arena, service, fail);
	find_farthest(service);
	return good;
}

enum service_place service_place(const struct service_part *part)
{
	return part->low == -2			  ? PLACE_UNKNOWN
	       : part->low < 0			  ? PLACE_NO_PARTITION
	       : part->next == POSITION_BEGINNING ? PLACE_IN_LOG
	       : part->next < part->low		  ? PLACE_BEFORE_LOG
	       : part->next > part->high	  ? PLACE_AFTER_LOG
						  : PLACE_IN_LOG;
}

int64_t service_end(const struct service_part *part)
{
	return part->high >= 0 ? part->high : part->end;
}

#include "ctl/rejects.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/edge/conf_parts.h"
#include "core/flow/decode.h"
#include "core/model/outcome.h"
#include "ctl/json_line.h"

#define READ_MS_MAX 30000
#define DECODE_ARENA_SIZE ((size_t)16 * 1024 * 1024)

static bool whole_number(const char *text, int64_t high, int64_t *ret)
{
	char *end;
	errno = 0;
	int64_t number = strtoll(text, &end, 10);
	if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || number > high) {
		return false;
	}
	*ret = number;
	return true;
}

bool rejects_place(const char *text, struct arena *arena, struct reject_entry *ret_place, struct fail *fail)
{
	char *topic = arena_text(arena, text, strlen(text));
	CHECK(topic != NULL);
	char *slash = strrchr(topic, '/'), *at = slash != NULL ? strchr(slash, '@') : NULL;
	if (at != NULL) {
		*slash = *at = '\0';
	}
	if (at == NULL || !conf_is_topic(topic) || !whole_number(slash + 1, INT32_MAX, &ret_place->partition) ||
	    !whole_number(at + 1, INT64_MAX - 1, &ret_place->offset)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"expected TOPIC/PARTITION@OFFSET, as phased.web/3@8812");
	}
	ret_place->topic = topic;
	return true;
}

/* "90s", "30m", "12h", "7d" before now, or a time. */
static bool read_since(const char *text, int64_t *ret_us, struct fail *fail)
{
	static const struct {
		char unit;
		int64_t us;
	} units[] = {{'s', MOMENT_SECOND_US},
		     {'m', 60 * MOMENT_SECOND_US},
		     {'h', 3600 * MOMENT_SECOND_US},
		     {'d', MOMENT_DAY_US}};
	size_t size = strlen(text);
	char digits[8];
	int64_t number;
	for (size_t i = 0; size > 1 && size <= sizeof(digits) && i < COUNT_OF(units); i++) {
		memcpy(digits, text, size - 1);
		digits[size - 1] = '\0';
		if (text[size - 1] == units[i].unit && whole_number(digits, 9999999, &number)) {
			*ret_us = moment_now_us() - number * units[i].us;
			return true;
		}
	}
	return moment_read(text, ret_us) || fail_set(fail, FAIL_FATAL, EXIT_USAGE,
						     "--since: expected a time, as 2026-11-25T20:00:00Z, or how "
						     "long ago, as 90s, 30m, 12h or 7d");
}

static bool is_reason(const char *word, struct fail *fail)
{
	const char *names[OUTCOME_COUNT];
	size_t count = 0;
	for (int i = OUTCOME_NONE + 1; i < OUTCOME_COUNT; i++) {
		if (outcome_about[i].kept == OUTCOME_REJECTED && i != OUTCOME_uncollected) {
			names[count++] = outcome_about[i].name;
			if (strcmp(word, outcome_about[i].name) == 0) {
				return true;
			}
		}
	}
	const char *nearest = text_nearest(word, names, count);
	return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
			"--reason: expected a reason, as unreadable or unknown_action%s%s%s",
			nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
			nearest != NULL ? "?" : "");
}

bool rejects_filter(const struct reject_filter *filter, struct arena *arena,
		    struct postgres_value ret_values[static REJECT_FILTER_VALUES], struct fail *fail)
{
	int64_t since_us;
	if ((filter->reason != NULL && !is_reason(filter->reason, fail)) ||
	    (filter->since != NULL && !read_since(filter->since, &since_us, fail))) {
		return false;
	}
	ret_values[2] = (struct postgres_value){.size = -1};
	bool fits = postgres_value_text(filter->topic, &ret_values[0]) &&
		    postgres_value_text(filter->reason, &ret_values[1]) &&
		    (filter->since == NULL || postgres_value_moment(arena, since_us, &ret_values[2])) &&
		    postgres_value_int(arena, POSTGRES_BOOL, filter->all, &ret_values[3]);
	CHECK(fits);
	return true;
}

static const char *copy(struct arena *arena, const struct postgres_rows *rows, size_t row, unsigned column)
{
	const char *text = postgres_text(rows, row, column);
	return arena_text(arena, text, strlen(text));
}

bool rejects_on_rows(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct reject_entries *entries = context;
	entries->count = postgres_count(rows);
	entries->rows = arena_zero(entries->arena, entries->count + 1, sizeof(*entries->rows));
	bool fits = entries->rows != NULL;
	for (size_t i = 0; fits && i < entries->count; i++) {
		struct reject_entry *entry = &entries->rows[i];
		*entry = (struct reject_entry){
			.topic = copy(entries->arena, rows, i, 0),
			.partition = postgres_int(rows, i, 1),
			.offset = postgres_int(rows, i, 2),
			.reason = copy(entries->arena, rows, i, 3),
			.field = copy(entries->arena, rows, i, 4),
			.source = copy(entries->arena, rows, i, 5),
			.size = postgres_int(rows, i, 6),
			.hash = (uint64_t)postgres_int(rows, i, 7),
			.at_us = postgres_moment(rows, i, 8),
			.noted_us = postgres_moment(rows, i, 9),
			.retried_us = postgres_is_null(rows, i, 10) ? INT64_MIN : postgres_moment(rows, i, 10),
		};
		fits = entry->topic != NULL && entry->reason != NULL && entry->field != NULL &&
		       entry->source != NULL;
	}
	return fits || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "rows do not fit into memory");
}

json_t *rejects_json(const struct reject_entry *entry)
{
	char hash[24];
	snprintf(hash, sizeof(hash), "%016" PRIx64, entry->hash);
	json_t *object =
		json_pack("{ss sI sI ss ss ss sI ss so so so}", "topic", entry->topic, "partition",
			  (json_int_t)entry->partition, "offset", (json_int_t)entry->offset, "reason",
			  entry->reason, "field", entry->field, "source", entry->source, "size",
			  (json_int_t)entry->size, "hash", hash, "at", json_line_moment(entry->at_us), "noted_at",
			  json_line_moment(entry->noted_us), "retried_at", json_line_moment(entry->retried_us));
	CHECK(object != NULL);
	return object;
}

struct kafka_record *rejects_read(struct ctl *ctl, const struct reject_entries *entries, struct fail *fail)
{
	struct kafka_record *records = arena_zero(&ctl->arena, entries->count + 1, sizeof(*records));
	if (records == NULL) {
		fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "messages do not fit into memory");
		return NULL;
	}
	for (size_t i = 0; i < entries->count; i++) {
		records[i] = (struct kafka_record){.topic = entries->rows[i].topic,
						   .partition = (int32_t)entries->rows[i].partition,
						   .offset = entries->rows[i].offset};
	}
	return kafka_read(ctl->conf.kafka.brokers, ctl->conf.kafka.properties, records, entries->count,
			  READ_MS_MAX, &ctl->arena, fail)
		       ? records
		       : NULL;
}

bool rejects_is_same(const struct reject_entry *entry, const struct kafka_record *record)
{
	if (entry->size == 0 && entry->hash == 0) { /* the row does not know: its record's time is all there is */
		return entry->at_us == record->timestamp_us;
	}
	if (entry->size != (int64_t)record->size) {
		return false;
	}
	const struct hash_piece piece = {record->value, record->size};
	return record->size > EVENT_MESSAGE_SIZE_MAX || entry->hash == hash_64(&piece, 1);
}

enum outcome rejects_would_be(const struct ctl *ctl, const struct kafka_record *record, struct reject *ret_reject)
{
	struct arena arena;
	struct event event;
	if (record->size > EVENT_MESSAGE_SIZE_MAX) {
		*ret_reject = (struct reject){.reason = OUTCOME_too_large};
		return OUTCOME_too_large;
	}
	CHECK(arena_init(&arena, DECODE_ARENA_SIZE));
	const struct message message = {.offset = record->offset,
					.timestamp_us = record->timestamp_us,
					.form = record->form,
					.cloud = record->cloud,
					.value = record->value,
					.size = record->size};
	enum outcome outcome =
		decode_event_into(&message, &ctl->conf.cloudevents.map, &arena, &arena, NULL, &event, ret_reject);
	arena_finish(&arena);
	return outcome;
}

bool rejects_is_collectors(const struct ctl *ctl, const struct reject_entry *entry)
{
	return strcmp(entry->topic, ctl->conf.kafka.topic[CONF_REJECTED]) == 0;
}

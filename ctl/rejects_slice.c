#include "ctl/rejects_slice.h"

#include <string.h>

#include "core/base/check.h"
#include "core/edge/postgres_array.h"

#define SLICE "500"

static const struct postgres_statement begin = {.name = "begin", .sql = "BEGIN", .simple = true};
static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};
static const struct postgres_statement now = {.name = "now", .sql = "SELECT now()"};
#define PLACE_PARAMETERS \
	{POSTGRES_TEXT, false}, {POSTGRES_INT4, false}, \
	{ \
		POSTGRES_INT8, false \
	}
#define NEXT \
	REJECT_COLUMNS REJECT_WHERE \
		"AND r.retried_at IS NULL AND (r.topic, r.partition, r.\"offset\") > ($5, $6, $7) " \
		"AND r.noted_at < $8 " \
		"ORDER BY r.topic, r.partition, r.\"offset\" LIMIT " SLICE
#define NEXT_VALUES (REJECT_FILTER_VALUES + 4)
#define NEXT_PARAMETERS \
	REJECT_PARAMETERS, PLACE_PARAMETERS, \
	{ \
		POSTGRES_TIMESTAMPTZ, false \
	}
/* After the place $5/$6@$7, noted before $8. */
static const struct postgres_statement next_locked = {
	.name = "next_locked",
	.sql = NEXT " FOR UPDATE SKIP LOCKED",
	.parameter_count = NEXT_VALUES,
	.parameters = {NEXT_PARAMETERS},
};
static const struct postgres_statement next_seen = {
	.name = "next_seen", .sql = NEXT, .parameter_count = NEXT_VALUES, .parameters = {NEXT_PARAMETERS}};
#define ONE REJECT_COLUMNS "WHERE r.topic = $1 AND r.partition = $2 AND r.\"offset\" = $3"
static const struct postgres_statement one_locked = {
	.name = "one_locked",
	.sql = ONE " FOR UPDATE SKIP LOCKED",
	.parameter_count = 3,
	.parameters = {PLACE_PARAMETERS},
};
static const struct postgres_statement one_seen = {
	.name = "one_seen", .sql = ONE, .parameter_count = 3, .parameters = {PLACE_PARAMETERS}};
static const struct postgres_statement kept_bytes = {
	.name = "kept_bytes",
	.sql = "SELECT k.ordinality, w.form, w.value FROM unnest($1::text[], $2::integer[], $3::bigint[]) WITH "
	       "ORDINALITY "
	       "AS k (topic, partition, place, ordinality) JOIN phased.rejected_raw w ON w.topic = k.topic AND "
	       "w.partition = k.partition AND w.\"offset\" = k.place",
	.parameter_count = 3,
	.parameters = {{POSTGRES_TEXT, true}, {POSTGRES_INT4, true}, {POSTGRES_INT8, true}},
};
static const struct postgres_statement mark = {
	.name = "mark",
	.sql = "UPDATE phased.rejected r SET retried_at = clock_timestamp() FROM unnest($1::text[], "
	       "$2::integer[], "
	       "$3::bigint[]) AS k (topic, partition, place) WHERE r.topic = k.topic AND r.partition = "
	       "k.partition AND "
	       "r.\"offset\" = k.place",
	.parameter_count = 3,
	.parameters = {{POSTGRES_TEXT, true}, {POSTGRES_INT4, true}, {POSTGRES_INT8, true}},
};

static bool take(struct slice *slice, const struct postgres_statement *statement,
		 const struct postgres_value *values, struct fail *fail)
{
	slice->entries = (struct reject_entries){.arena = &slice->ctl->arena};
	if (!postgres_add(slice->postgres, &begin, NULL, NULL, NULL, fail) ||
	    !postgres_add(slice->postgres, statement, values, rejects_on_rows, &slice->entries, fail) ||
	    !ctl_turn(slice->postgres, fail)) {
		return false;
	}
	slice->fates = arena_zero(&slice->ctl->arena, slice->entries.count + 1, sizeof(*slice->fates));
	return slice->fates != NULL || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "rows do not fit into memory");
}

static bool place_values(struct slice *slice, const struct reject_entry *place, struct postgres_value *ret_values)
{
	return postgres_value_text(place->topic, &ret_values[0]) &&
	       postgres_value_int(&slice->ctl->arena, POSTGRES_INT4, place->partition, &ret_values[1]) &&
	       postgres_value_int(&slice->ctl->arena, POSTGRES_INT8, place->offset, &ret_values[2]);
}

static bool on_now(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(int64_t *)context = postgres_moment(rows, 0, 0);
	return true;
}

bool slice_begin(struct slice *slice, struct fail *fail)
{
	return postgres_add(slice->postgres, &now, NULL, on_now, &slice->begun_us, fail) &&
	       ctl_turn(slice->postgres, fail);
}

bool slice_next(struct slice *slice, const struct postgres_value filter[static REJECT_FILTER_VALUES],
		const struct reject_entry *last, struct fail *fail)
{
	struct postgres_value values[NEXT_VALUES];
	memcpy(values, filter, REJECT_FILTER_VALUES * sizeof(*values));
	bool fits = place_values(slice, last, values + REJECT_FILTER_VALUES) &&
		    postgres_value_moment(&slice->ctl->arena, slice->begun_us, &values[NEXT_VALUES - 1]);
	CHECK(fits);
	return take(slice, slice->dry_run ? &next_seen : &next_locked, values, fail);
}

bool slice_one(struct slice *slice, const struct reject_entry *place, struct fail *fail)
{
	struct postgres_value values[3];
	bool fits = place_values(slice, place, values);
	CHECK(fits);
	return take(slice, slice->dry_run ? &one_seen : &one_locked, values, fail);
}

/* Where the rows lie whose fate is this one (FATE_COUNT: all), as three arrays; returns how many. */
static size_t list_places(struct slice *slice, enum fate fate, struct postgres_value ret_values[static 3])
{
	struct postgres_array topics, partitions, offsets;
	size_t used = 0;
	postgres_array_init(&topics, &slice->ctl->arena, POSTGRES_TEXT, slice->entries.count);
	postgres_array_init(&partitions, &slice->ctl->arena, POSTGRES_INT4, slice->entries.count);
	postgres_array_init(&offsets, &slice->ctl->arena, POSTGRES_INT8, slice->entries.count);
	for (size_t i = 0; i < slice->entries.count; i++) {
		const struct reject_entry *entry = &slice->entries.rows[i];
		if (fate == FATE_COUNT || slice->fates[i] == fate) {
			postgres_array_text(&topics, entry->topic);
			postgres_array_int(&partitions, entry->partition);
			postgres_array_int(&offsets, entry->offset);
			used++;
		}
	}
	bool fits = postgres_array_value(&topics, &ret_values[0]) &&
		    postgres_array_value(&partitions, &ret_values[1]) &&
		    postgres_array_value(&offsets, &ret_values[2]);
	CHECK(fits);
	return used;
}

static bool on_kept(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct slice *slice = context;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		size_t row = (size_t)postgres_int(rows, i, 0) - 1, size;
		struct kafka_record *record = &slice->records[row];
		const uint8_t *bytes = postgres_bytes(rows, i, 2, &size);
		if (record->found == KAFKA_FOUND) {
			continue;
		}
		static const struct kafka_header json[] = {{"content-type", "application/json", 16}},
						 other[] = {{"content-type", "application/octet-stream", 24}},
						 cloud[] = {{"content-type", "application/cloudevents+json", 28}};
		record->form = (enum message_form)postgres_int(rows, i, 1);
		record->headers = record->form == FORM_JSON	    ? json
				  : record->form == FORM_UNKNOWN    ? other
				  : record->form == FORM_CLOUDEVENT ? cloud
								    : NULL;
		record->header_count = record->headers != NULL ? 1 : 0;
		record->timestamp_us = slice->entries.rows[row].at_us;
		record->value = (const uint8_t *)arena_text(&slice->ctl->arena, (const char *)bytes, size);
		record->size = size;
		record->found = KAFKA_FOUND;
		if (record->value == NULL) {
			return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "messages do not fit into memory");
		}
	}
	return true;
}

bool slice_read(struct slice *slice, struct fail *fail)
{
	struct postgres_value values[3];
	slice->records = rejects_read(slice->ctl, &slice->entries, fail);
	if (slice->records == NULL) {
		return false;
	}
	for (size_t i = 0; i < slice->entries.count; i++) {
		struct kafka_record *record = &slice->records[i];
		if (record->found == KAFKA_FOUND && !rejects_is_same(&slice->entries.rows[i], record)) {
			*record = (struct kafka_record){.topic = record->topic,
							.partition = record->partition,
							.offset = record->offset,
							.found = KAFKA_GONE};
		}
	}
	list_places(slice, FATE_COUNT, values);
	return postgres_add(slice->postgres, &kept_bytes, values, on_kept, slice, fail) &&
	       ctl_turn(slice->postgres, fail);
}

bool slice_finish(struct slice *slice, struct fail *fail)
{
	struct postgres_value values[3];
	bool has_sent = !slice->dry_run && list_places(slice, FATE_SENT, values) > 0;
	return (!has_sent || postgres_add(slice->postgres, &mark, values, NULL, NULL, fail)) &&
	       postgres_add(slice->postgres, &commit, NULL, NULL, NULL, fail) && ctl_turn(slice->postgres, fail);
}

/*
 * What was rejected of somebody's: where the bytes of rejected messages are kept, those that name them go. All are looked through, since
 * nobody knows beforehand whose they are.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/edge/postgres.h"
#include "core/flow/decode.h"
#include "ctl/erase.h"

#define SLICE "200" /* of at most EVENT_MESSAGE_SIZE_MAX bytes each */
#define SLICE_ROWS 200
#define DECODE_ARENA_SIZE ((size_t)4 * 1024 * 1024)

static const struct postgres_statement read_raws = {
	.name = "read_raws",
	.sql = "SELECT r.topic, r.partition, r.\"offset\", r.form, r.value FROM phased.rejected_raw r WHERE "
	       "(r.topic, "
	       "r.partition, r.\"offset\") > ($1, $2, $3) ORDER BY r.topic, r.partition, r.\"offset\" "
	       "LIMIT " SLICE,
	.parameter_count = 3,
	.parameters = {{POSTGRES_TEXT, false}, {POSTGRES_INT4, false}, {POSTGRES_INT8, false}},
};
static const struct postgres_statement drop_raw = {
	.name = "drop_raw",
	.sql = "DELETE FROM phased.rejected_raw r WHERE r.topic = $1 AND r.partition = $2 AND r.\"offset\" = $3",
	.parameter_count = 3,
	.parameters = {{POSTGRES_TEXT, false}, {POSTGRES_INT4, false}, {POSTGRES_INT8, false}},
};

#define TOPIC_SIZE_MAX 249 /* Kafka takes no longer ones */

/* Where a row lies. */
struct place {
	char topic[TOPIC_SIZE_MAX + 1];
	int64_t partition, offset;
};

struct looking {
	struct ctl *ctl;
	const struct erase_person *person;
	const struct uuid *actors;
	size_t actor_count;
	struct arena work; /* one message's */
	size_t seen;
	struct place last, theirs[SLICE_ROWS];
	size_t their_count;
	const struct postgres_statement *statement; /* for each of them */
	postgres_on_rows *on_rows;
	void *context;
};

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

static bool is_theirs(const struct looking *looking, const struct actor *actor)
{
	return bsearch(&actor->id, looking->actors, looking->actor_count, sizeof(actor->id), compare_ids) != NULL;
}

/* Anywhere in the bytes, in whatever case. */
static bool holds_address(const char *address, const uint8_t *bytes, size_t size)
{
	size_t length = strlen(address);
	for (size_t i = 0; i + length <= size; i++) {
		if (strncasecmp((const char *)bytes + i, address, length) == 0) {
			return true;
		}
	}
	return false;
}

static bool holds_id(const struct looking *looking, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < looking->actor_count; i++) {
		if (memmem(bytes, size, looking->actors[i].bytes, sizeof(looking->actors[i].bytes)) != NULL) {
			return true;
		}
	}
	return false;
}

static bool names_them(const struct looking *looking, const struct identified *who)
{
	const struct actor *named[IDENTIFY_NAMED_MAX];
	size_t count = identify_named(who, named);
	for (size_t i = 0; i < count; i++) {
		if (is_theirs(looking, named[i])) {
			return true;
		}
	}
	return false;
}

/* Where it can be read today: by whom it names. */
static bool is_of_them(struct looking *looking, const uint8_t *bytes, size_t size, int64_t form)
{
	const struct conf *conf = &looking->ctl->conf;
	const struct identify_options options = {.key = &looking->person->key,
						 .blocked = conf->identity.blocked.items,
						 .blocked_count = conf->identity.blocked.count};
	const struct message message = {
		.timestamp_us = MOMENT_2000_US, .form = (enum message_form)form, .value = bytes, .size = size};
	struct event *event;
	struct reject reject;
	struct identified who;
	arena_reset(&looking->work, DECODE_ARENA_SIZE);
	enum outcome outcome = decode_event(&message, &looking->work, NULL, &event, &reject);
	return outcome == OUTCOME_NONE && identify_event(event, &options, &looking->work, &who) &&
	       names_them(looking, &who);
}

static bool on_raws(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct looking *looking = context;
	looking->seen = postgres_count(rows);
	CHECK(looking->seen <= SLICE_ROWS);
	for (size_t i = 0; i < looking->seen; i++) {
		const char *topic = postgres_text(rows, i, 0);
		struct place *place = &looking->last;
		if (strlen(topic) > TOPIC_SIZE_MAX) {
			return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
					"phased.rejected_raw: a topic of more than %d bytes", TOPIC_SIZE_MAX);
		}
		memcpy(place->topic, topic, strlen(topic) + 1);
		place->partition = postgres_int(rows, i, 1);
		place->offset = postgres_int(rows, i, 2);
		size_t size;
		const uint8_t *bytes = postgres_bytes(rows, i, 4, &size);
		if (holds_address(looking->person->address, bytes, size) || holds_id(looking, bytes, size) ||
		    is_of_them(looking, bytes, size, postgres_int(rows, i, 3))) {
			looking->theirs[looking->their_count++] = *place;
		}
	}
	return true;
}

/* Adds a statement whose parameters are a place. */
static bool add_at(const struct looking *looking, struct postgres *postgres,
		   const struct postgres_statement *statement, const struct place *place,
		   postgres_on_rows *on_rows, void *context, struct fail *fail)
{
	struct arena *arena = &looking->ctl->arena;
	struct postgres_value values[3];
	const char *topic = arena_text(arena, place->topic, strlen(place->topic));
	if (topic == NULL || !postgres_value_text(topic, &values[0]) ||
	    !postgres_value_int(arena, POSTGRES_INT4, place->partition, &values[1]) ||
	    !postgres_value_int(arena, POSTGRES_INT8, place->offset, &values[2])) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory for rejected messages");
	}
	return postgres_add(postgres, statement, values, on_rows, context, fail);
}

/* One slice. */
static bool look_on(struct looking *looking, struct postgres *postgres, struct fail *fail)
{
	looking->their_count = 0;
	if (!add_at(looking, postgres, &read_raws, &looking->last, on_raws, looking, fail) ||
	    !ctl_turn(postgres, fail)) {
		return false;
	}
	for (size_t i = 0; i < looking->their_count; i++) {
		if (!add_at(looking, postgres, looking->statement, &looking->theirs[i], looking->on_rows,
			    looking->context, fail)) {
			return false;
		}
	}
	return looking->their_count == 0 || ctl_turn(postgres, fail);
}

bool erase_rejects_each(struct ctl *ctl, struct postgres *postgres, const struct erase_person *person,
			const struct uuid *actors, size_t actor_count, const struct postgres_statement *statement,
			postgres_on_rows *on_rows, void *context, int64_t *ret_count, struct fail *fail)
{
	struct looking looking = {.ctl = ctl,
				  .person = person,
				  .actors = actors,
				  .actor_count = actor_count,
				  .statement = statement,
				  .on_rows = on_rows,
				  .context = context,
				  .last = {"", -1, -1}};
	bool good = arena_init(&looking.work, DECODE_ARENA_SIZE);
	CHECK(good);
	int64_t found = 0;
	do {
		size_t mark = ctl->arena.used;
		good = look_on(&looking, postgres, fail);
		found += (int64_t)looking.their_count;
		arena_back(&ctl->arena, mark);
	} while (good && looking.seen == SLICE_ROWS);
	arena_finish(&looking.work);
	*ret_count = found;
	return good;
}

bool erase_rejects(struct ctl *ctl, struct postgres *postgres, const struct erase_person *person,
		   const struct uuid *actors, size_t actor_count, int64_t *ret_deleted, struct fail *fail)
{
	return erase_rejects_each(ctl, postgres, person, actors, actor_count, &drop_raw, NULL, NULL, ret_deleted,
				  fail);
}

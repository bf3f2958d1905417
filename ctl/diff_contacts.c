/*
 * Whose touches there are: a stream of them in the order of contacts, one contact at a time in memory.
 *
 * The server sorts, and works ahead while what it sent is folded: a turn asks for several pages.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/postgres.h"
#include "ctl/diff.h"

#define PAGE 5000
#define PAGES 16 /* of a turn */

struct stream {
	struct diff *diff;
	diff_on_contact *on_contact;
	void *context;
	struct diff_touch *touches; /* of the contact under way; room for touches_max */
	struct diff_contact contact;
	bool begun, ended;
	uint64_t read, contacts;
};

/* Only of what is evidence under one of the models. ORDER BY decides nothing but how much is left to sort. */
#define TOUCHES \
	"CURSOR FOR SELECT m.contact_id, m.at, m.event, m.subject_id, m.party, m.bursts_cleared FROM " \
	"report.measured m WHERE " \
	"m.subject_id = ANY ($1) AND m.at <= $2 AND "
static const struct postgres_statement declare_all = {
	.name = "diff_touches",
	.sql = "DECLARE touches NO SCROLL " TOUCHES
	       "($3 IS NULL OR m.contact_id < $3) ORDER BY m.contact_id, m.at",
	.parameter_count = 3,
	.parameters = {{POSTGRES_INT8, true}, {POSTGRES_TIMESTAMPTZ, false}, {POSTGRES_UUID, false}}};
static const struct postgres_statement declare_some = {
	.name = "diff_touches_of",
	.sql = "DECLARE touches NO SCROLL " TOUCHES "m.contact_id = ANY ($3) ORDER BY m.contact_id, m.at",
	.parameter_count = 3,
	.parameters = {{POSTGRES_INT8, true}, {POSTGRES_TIMESTAMPTZ, false}, {POSTGRES_UUID, true}}};
static const struct postgres_statement fetch = {
	.name = "diff_touches_page", .sql = "FETCH 5000 FROM touches", .simple = true};
_Static_assert(PAGE == 5000, "fetch names it");
static const struct postgres_statement close_cursor = {
	.name = "diff_touches_close", .sql = "CLOSE touches", .simple = true};

static void finish_contact(struct stream *stream)
{
	if (stream->begun) {
		stream->on_contact(stream->diff, &stream->contact, stream->context);
	}
}

static void begin_contact(struct stream *stream, const struct uuid *id)
{
	finish_contact(stream);
	stream->contacts++;
	stream->begun = true;
	stream->contact = (struct diff_contact){.id = *id, .touches = stream->touches};
}

static bool on_page(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct stream *stream = context;
	size_t count = postgres_count(rows);
	(void)fail;
	for (size_t i = 0; i < count; i++) {
		struct uuid id = postgres_uuid(rows, i, 0);
		if (!stream->begun || !uuid_equal(&id, &stream->contact.id)) {
			begin_contact(stream, &id);
		}
		int64_t subject = diff_subjects_find(&stream->diff->subjects, (uint64_t)postgres_int(rows, i, 3));
		CHECK(subject >= 0);
		if (stream->contact.count < stream->diff->touches_max) {
			stream->touches[stream->contact.count] = (struct diff_touch){
				.at_us = postgres_moment(rows, i, 1),
				.event = (uint64_t)postgres_int(rows, i, 2),
				.subject = (uint32_t)subject,
				.party = (int)postgres_int(rows, i, 4),
				.cleared = postgres_int(rows, i, 5) != 0 ? MACHINE_BURST : 0,
			};
		}
		stream->contact.count++;
	}
	stream->read += count;
	stream->ended = count < PAGE;
	return true;
}

/* Ids are keyed hashes, spread evenly: how far their order has come is how far all has come. */
static double part_of(const struct stream *stream)
{
	return stream->begun ? (double)(uuid_high(&stream->contact.id) >> 32) / 4294967296.0 / stream->diff->sample
			     : 0;
}

static bool read_pages(struct stream *stream, bool is_all, struct fail *fail)
{
	struct diff *diff = stream->diff;
	while (!stream->ended) {
		for (unsigned i = 0; i < PAGES; i++) {
			if (!postgres_add(diff->postgres, &fetch, NULL, on_page, stream, fail)) {
				return false;
			}
		}
		if (is_all && stream->read == 0) {
			progress_show(diff->progress, -1, "%zu subjects matched; the database sorts touches",
				      diff->subjects.count);
		}
		if (!progress_turn(diff->progress, diff->postgres, fail)) {
			return false;
		}
		if (is_all) {
			progress_show(diff->progress, part_of(stream),
				      "%" PRIu64 " touches of %" PRIu64 " contacts %s", stream->read,
				      stream->contacts, diff->doing);
		}
	}
	finish_contact(stream);
	return postgres_add(diff->postgres, &close_cursor, NULL, NULL, NULL, fail) &&
	       progress_turn(diff->progress, diff->postgres, fail);
}

/* Ids of the subjects whose touches can be evidence. */
static bool list_subjects(struct diff *diff, struct arena *arena, struct postgres_value *ret_value)
{
	const struct diff_subjects *subjects = &diff->subjects;
	struct postgres_array array;
	postgres_array_init(&array, arena, POSTGRES_INT8, subjects->count);
	for (size_t i = 0; i < subjects->count; i++) {
		const struct diff_subject *subject = &subjects->list[i];
		if (diff_reading_counts(&subject->by[DIFF_OLD], PARTY_PERSON) ||
		    diff_reading_counts(&subject->by[DIFF_NEW], PARTY_PERSON)) {
			postgres_array_int(&array, (int64_t)subject->id);
		}
	}
	return postgres_array_value(&array, ret_value);
}

/* Below which id the sample lies. */
static struct uuid sample_end(double sample)
{
	struct uuid id = {{0}};
	uint32_t end = htobe32((uint32_t)(sample * 4294967295.0));
	memcpy(id.bytes, &end, sizeof(end));
	return id;
}

static bool declare(struct diff *diff, const struct uuid *only, size_t only_count, struct arena *arena,
		    struct postgres_value values[3], struct uuid *end, struct fail *fail)
{
	if (!list_subjects(diff, arena, &values[0]) || !postgres_value_moment(arena, diff->now_us, &values[1])) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	if (only == NULL) {
		*end = sample_end(diff->sample);
		values[2] = (struct postgres_value){.size = -1};
		return (diff->sample >= 1 || postgres_value_uuid(end, &values[2])) &&
		       postgres_add(diff->postgres, &declare_all, values, NULL, NULL, fail);
	}
	struct postgres_array ids;
	postgres_array_init(&ids, arena, POSTGRES_UUID, only_count);
	for (size_t i = 0; i < only_count; i++) {
		postgres_array_uuid(&ids, &only[i]);
	}
	return postgres_array_value(&ids, &values[2]) &&
	       postgres_add(diff->postgres, &declare_some, values, NULL, NULL, fail);
}

bool diff_contacts_read(struct diff *diff, const struct uuid *only, size_t only_count, diff_on_contact *on_contact,
			void *context, struct fail *fail)
{
	struct stream stream = {.diff = diff, .on_contact = on_contact, .context = context};
	struct postgres_value values[3];
	struct uuid end;
	size_t mark = diff->subjects.arena.used;
	stream.touches = malloc((diff->touches_max + 1) * sizeof(*stream.touches));
	if (stream.touches == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	bool good = declare(diff, only, only_count, &diff->subjects.arena, values, &end, fail) &&
		    read_pages(&stream, only == NULL, fail);
	arena_back(&diff->subjects.arena, mark);
	free(stream.touches);
	return good;
}

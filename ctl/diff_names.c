/*
 * Who the contacts are that are listed. Asked of the same snapshot, at the end, of those few alone.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/postgres.h"
#include "ctl/diff.h"
#include "ctl/report_phases.h"

static const struct postgres_statement read_persons = {
	.name = "diff_persons",
	.sql = "SELECT contact_id, coalesce(name, address) FROM report.person WHERE contact_id = ANY ($1) AND "
	       "coalesce(name, address) IS NOT NULL ORDER BY contact_id",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, true}}};

static bool on_persons(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct diff *diff = context;
	struct arena *arena = &diff->subjects.arena;
	size_t count = postgres_count(rows);
	diff->persons = arena_array(arena, count + 1, sizeof(*diff->persons));
	bool fits = diff->persons != NULL;
	for (size_t i = 0; fits && i < count; i++) {
		const char *name = postgres_text(rows, i, 1);
		diff->persons[i] = (struct diff_person){
			.contact = postgres_uuid(rows, i, 0),
			.name = arena_text(arena, name, strlen(name)),
		};
		fits = diff->persons[i].name != NULL;
	}
	diff->person_count = count;
	return fits || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
}

bool diff_names_read(struct diff *diff, struct fail *fail)
{
	const struct diff_tally *tally = &diff->tally;
	const struct diff_alerts *alerts[] = {&tally->raised, &tally->dropped};
	struct postgres_array ids;
	struct postgres_value value;
	bool may = false;
	if (!report_may_see_people(diff->postgres, &may, fail)) {
		return false;
	}
	postgres_array_init(&ids, &diff->subjects.arena, POSTGRES_UUID, tally->move_count + 1);
	for (size_t i = 0; i < tally->move_count; i++) {
		postgres_array_uuid(&ids, &tally->moves[i].contact);
	}
	for (size_t i = 0; i < tally->too_long_listed; i++) {
		postgres_array_uuid(&ids, &tally->too_long[i].contact);
	}
	for (size_t k = 0; k < COUNT_OF(alerts); k++) {
		for (size_t i = 0; i < alerts[k]->listed; i++) {
			postgres_array_uuid(&ids, &alerts[k]->latest[i].contact);
		}
	}
	if (!postgres_array_value(&ids, &value)) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	return !may || (postgres_add(diff->postgres, &read_persons, &value, on_persons, diff, fail) &&
			progress_turn(diff->progress, diff->postgres, fail));
}

static int by_contact(const void *a, const void *b)
{
	return uuid_compare(&((const struct diff_person *)a)->contact, &((const struct diff_person *)b)->contact);
}

const char *diff_name(const struct diff *diff, const struct uuid *contact)
{
	struct diff_person key = {.contact = *contact};
	const struct diff_person *found = NULL;
	if (diff->person_count > 0) {
		found = bsearch(&key, diff->persons, diff->person_count, sizeof(key), by_contact);
	}
	return found != NULL ? found->name : "";
}

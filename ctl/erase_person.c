/*
 * Whom phasectl erase is about.
 */
#include <string.h>

#include "core/edge/key_file.h"
#include "core/edge/postgres.h"
#include "core/flow/erasure.h"
#include "ctl/contact_word.h"
#include "ctl/erase.h"

/* Whoever said that this is their address, and all that these, and the address, are one person with. */
static const struct postgres_statement find_same = {
	.name = "find_same",
	.sql = "WITH same (id) AS (SELECT d.actor_id FROM phased.declared d WHERE d.attribute = 0 AND d.value = "
	       "$1 UNION "
	       "SELECT $2) SELECT s.id FROM same s UNION SELECT m.actor_id FROM same s JOIN phased.kin k ON "
	       "k.actor_id = "
	       "s.id JOIN phased.kin m ON m.contact_id = k.contact_id",
	.parameter_count = 2,
	.parameters = {{POSTGRES_TEXT, false}, {POSTGRES_UUID, false}},
};

struct found {
	struct ctl *ctl;
	struct erase_person *person;
};

bool erase_person_read(struct ctl *ctl, struct erase_person *person, struct fail *fail)
{
	_Static_assert(IDENTITY_KEY_SIZE_MAX == KEY_FILE_SIZE_MAX, "one key");
	if (!contact_word_address("address", person->address, fail) ||
	    !key_file_read(ctl->conf.identity.key_file, person->key.bytes, &person->key.size, fail)) {
		return false;
	}
	person->own = identify_actor_id(&person->key, ACTOR_EMAIL, "", person->address);
	return true;
}

static bool on_same(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	const struct found *found = context;
	struct erase_person *person = found->person;
	size_t count = postgres_count(rows);
	struct uuid *ids = arena_array(&found->ctl->arena, count + 1, sizeof(*ids));
	if (ids == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "too many go by this address");
	}
	for (size_t i = 0; i < count; i++) {
		ids[i] = postgres_uuid(rows, i, 0);
	}
	person->ids = ids;
	person->count = erasure_unique(ids, count);
	return true;
}

bool erase_person_find(struct ctl *ctl, struct postgres *postgres, struct erase_person *person, struct fail *fail)
{
	struct found found = {ctl, person};
	struct postgres_value values[2];
	return postgres_value_text(person->address, &values[0]) && postgres_value_uuid(&person->own, &values[1]) &&
	       postgres_add(postgres, &find_same, values, on_same, &found, fail) && ctl_turn(postgres, fail);
}

void erase_person_finish(struct erase_person *person)
{
	explicit_bzero(person, sizeof(*person));
}

#include "ctl/actor_word.h"

#include <string.h>

#include "core/base/check.h"
#include "core/edge/postgres.h"
#include "ctl/contact_word.h"

static const struct postgres_statement find_actors = {
	.name = "find_actors",
	.sql = "SELECT a.actor_id FROM phased.actor a WHERE a.kind >= 3 AND a.actor_id BETWEEN $1 AND $2 LIMIT 2",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_UUID, false}},
};

struct found {
	struct uuid id;
	size_t count;
};

static bool on_actors(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct found *found = context;
	(void)fail;
	found->count = postgres_count(rows);
	if (found->count > 0) {
		found->id = postgres_uuid(rows, 0, 0);
	}
	return true;
}

/* From the id to itself, or between the ids that begin with these digits. */
static bool read_range(const struct ctl *ctl, const char *what, const char *word, struct uuid *ret_from,
		       struct uuid *ret_to, struct fail *fail)
{
	char address[IDENTITY_EMAIL_SIZE_MAX + 1];
	if (strcmp(word, "-") != 0) {
		return contact_word_range(what, word, ret_from, ret_to, fail);
	}
	if (!contact_word_address(what, address, fail) || !contact_word_address_id(ctl, address, ret_from, fail)) {
		return false;
	}
	*ret_to = *ret_from;
	return true;
}

bool actor_word_id(struct ctl *ctl, struct postgres *postgres, const char *what, const char *word,
		   struct uuid *ret_id, struct fail *fail)
{
	struct uuid from, to;
	struct postgres_value values[2];
	struct found found = {0};
	if (!read_range(ctl, what, word, &from, &to, fail)) {
		return false;
	}
	bool fits = postgres_value_uuid(&from, &values[0]) && postgres_value_uuid(&to, &values[1]);
	CHECK(fits);
	if (!postgres_add(postgres, &find_actors, values, on_actors, &found, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	*ret_id = found.id;
	return found.count == 1 ||
	       fail_set(fail, FAIL_FATAL, EXIT_FOUND,
			"%s: %s person's identifier is known by this; phasectl identity show lists "
			"a person's",
			what, found.count == 0 ? "no" : "more than one");
}

#include "ctl/actor_word.h"

#include <string.h>

#include "core/edge/postgres.h"
#include "ctl/contact_word.h"

static const struct postgres_statement find_actors = {
	.name = "find_actors",
	.sql = "SELECT a.actor_id FROM phased.actor a WHERE a.kind >= 3 AND a.actor_id BETWEEN $1 AND $2 LIMIT 2",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_UUID, false}},
};

/* From the id to itself, or between the ids that begin with these digits. */
static bool read_range(const struct ctl *ctl, struct postgres *postgres, const char *what, const char *word,
		       struct uuid *ret_from, struct uuid *ret_to, struct fail *fail)
{
	char address[IDENTITY_EMAIL_SIZE_MAX + 1];
	if (strcmp(word, "-") != 0) {
		return contact_word_range(what, word, ret_from, ret_to, fail);
	}
	if (!contact_word_address(what, address, fail) || !contact_word_address_id(ctl, address, ret_from, fail) ||
	    !contact_word_key_fits(ctl, postgres, fail)) {
		return false;
	}
	*ret_to = *ret_from;
	return true;
}

bool actor_word_id(struct ctl *ctl, struct postgres *postgres, const char *what, const char *word,
		   struct uuid *ret_id, struct fail *fail)
{
	struct uuid from, to;
	struct contact_word_found found;
	if (!read_range(ctl, postgres, what, word, &from, &to, fail) ||
	    !contact_word_look(postgres, &find_actors, &from, &to, &found, fail)) {
		return false;
	}
	*ret_id = found.id;
	return found.count == 1 ||
	       fail_set(fail, FAIL_FATAL, EXIT_FOUND,
			"%s: %s person's identifier is known by this; phasectl identity show lists "
			"a person's",
			what, found.count == 0 ? "no" : "more than one");
}

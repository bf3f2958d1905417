#include "ctl/contact_word.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/edge/key_file.h"
#include "core/edge/postgres.h"

#define DIGITS_MIN 8

bool contact_word_range(const char *what, const char *word, struct uuid *ret_from, struct uuid *ret_to,
			struct fail *fail)
{
	static const char low[] = "00000000-0000-0000-0000-000000000000",
			  high[] = "ffffffff-ffff-ffff-ffff-ffffffffffff";
	char from[sizeof(low)], to[sizeof(high)];
	size_t size = strlen(word);
	bool fits = size >= DIGITS_MIN && size < sizeof(low);
	if (fits) {
		snprintf(from, sizeof(from), "%s%s", word, low + size);
		snprintf(to, sizeof(to), "%s%s", word, high + size);
	}
	return (fits && uuid_read(from, ret_from) && uuid_read(to, ret_to)) ||
	       fail_set(fail, FAIL_FATAL, EXIT_USAGE,
			"%s: expected an id of a contact, the first 8 digits or more of one, or - for an address "
			"on stdin",
			what);
}

bool contact_word_line(char *ret_line, size_t size)
{
	size_t count = 0;
	int byte;
	while ((byte = getchar()) != EOF && byte != '\n') {
		if (byte == '\0' || count + 1 == size) {
			return false;
		}
		ret_line[count++] = (char)byte;
	}
	ret_line[count] = '\0';
	return count > 0;
}

bool contact_word_is_more(void)
{
	int byte = EOF;
	while (!isatty(STDIN_FILENO) && (byte = getchar()) != EOF && isspace(byte)) {
	}
	return byte != EOF;
}

bool contact_word_address(const char *what, char ret_address[static IDENTITY_EMAIL_SIZE_MAX + 1],
			  struct fail *fail)
{
	char line[IDENTITY_EMAIL_SIZE_MAX + 64], address[IDENTITY_EMAIL_SIZE_MAX + 1];
	if (!contact_word_line(line, sizeof(line)) || !identify_normalise_email(line, address)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "%s -: expected one mail address on stdin", what);
	}
	if (contact_word_is_more()) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"%s -: there is a second line on stdin: expected one mail address and no more",
				what);
	}
	memcpy(ret_address, address, sizeof(address));
	return true;
}

bool contact_word_address_id(const struct ctl *ctl, const char *address, struct uuid *ret_id, struct fail *fail)
{
	struct identity_key key;
	if (!key_file_read(ctl->conf.identity.key_file, key.bytes, &key.size, fail)) {
		return false;
	}
	*ret_id = identify_actor_id(&key, ACTOR_EMAIL, "", address);
	explicit_bzero(&key, sizeof(key));
	return true;
}

static const struct postgres_statement find_kid = {
	.name = "find_kid", .sql = "SELECT kid FROM report.identity_key", .simple = true};

/* Context: char[IDENTITY_KID_SIZE]. */
static bool on_kid(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	snprintf(context, IDENTITY_KID_SIZE, "%s", postgres_count(rows) > 0 ? postgres_text(rows, 0, 0) : "");
	return true;
}

bool contact_word_kept_kid(struct postgres *postgres, const struct postgres_statement *find,
			   char ret_kid[static IDENTITY_KID_SIZE], struct fail *fail)
{
	return postgres_add(postgres, find, NULL, on_kid, ret_kid, fail) && ctl_turn(postgres, fail);
}

bool contact_word_key_fits(const struct ctl *ctl, struct postgres *postgres, struct fail *fail)
{
	struct identity_key key;
	char ours[IDENTITY_KID_SIZE], kept[IDENTITY_KID_SIZE];
	if (!key_file_read(ctl->conf.identity.key_file, key.bytes, &key.size, fail)) {
		return false;
	}
	identify_kid(&key, ours);
	explicit_bzero(&key, sizeof(key));
	if (!contact_word_kept_kid(postgres, &find_kid, kept, fail)) {
		return false;
	}
	return kept[0] == '\0' || strcmp(kept, ours) == 0 ||
	       fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
			"identity.key_file: this is key %s, and this database was begun with key %s: addresses "
			"have other ids "
			"there",
			ours, kept);
}

static const struct postgres_statement find_ids = {
	.name = "find_ids",
	.sql = "SELECT DISTINCT contact_id FROM report.contact_phase WHERE contact_id BETWEEN $1 AND $2 LIMIT 2",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_UUID, false}},
};

static bool on_ids(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct contact_word_found *found = context;
	(void)fail;
	found->count = postgres_count(rows);
	if (found->count > 0) {
		found->id = postgres_uuid(rows, 0, 0);
	}
	return true;
}

bool contact_word_look(struct postgres *postgres, const struct postgres_statement *statement,
		       const struct uuid *from, const struct uuid *to, struct contact_word_found *ret_found,
		       struct fail *fail)
{
	struct postgres_value values[2];
	*ret_found = (struct contact_word_found){.count = 0};
	bool fits = postgres_value_uuid(from, &values[0]) && postgres_value_uuid(to, &values[1]);
	CHECK(fits);
	return postgres_add(postgres, statement, values, on_ids, ret_found, fail) && ctl_turn(postgres, fail);
}

/* Whose identifier it is now; itself where it is nobody's, or a contact's own. */
static const struct postgres_statement find_contact = {
	.name = "find_contact",
	.sql = "SELECT contact_id FROM report.identity WHERE actor_id = $1 AND coalesce(kind, '') NOT IN "
	       "('cookie', 'visitor', "
	       "'recipient')",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, false}},
};

static bool find_its_contact(struct postgres *postgres, struct uuid *ret_id, struct fail *fail)
{
	struct postgres_value value;
	struct contact_word_found found = {.count = 0};
	bool fits = postgres_value_uuid(ret_id, &value);
	CHECK(fits);
	if (!postgres_add(postgres, &find_contact, &value, on_ids, &found, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	*ret_id = found.count > 0 ? found.id : *ret_id;
	return true;
}

bool contact_word_id(struct ctl *ctl, struct postgres *postgres, const char *what, const char *word,
		     struct uuid *ret_id, struct fail *fail)
{
	char address[IDENTITY_EMAIL_SIZE_MAX + 1];
	struct uuid from, to;
	struct contact_word_found found;
	if (strcmp(word, "-") == 0) {
		return contact_word_address(what, address, fail) &&
		       contact_word_address_id(ctl, address, ret_id, fail) &&
		       contact_word_key_fits(ctl, postgres, fail) && find_its_contact(postgres, ret_id, fail);
	}
	if (!contact_word_range(what, word, &from, &to, fail)) {
		return false;
	}
	if (uuid_equal(&from, &to)) {
		*ret_id = from;
		return find_its_contact(postgres, ret_id, fail);
	}
	if (!contact_word_look(postgres, &find_ids, &from, &to, &found, fail)) {
		return false;
	}
	*ret_id = found.id;
	return found.count == 1 || fail_set(fail, FAIL_FATAL, EXIT_FOUND, "%s: %s contact's id begins so", what,
					    found.count == 0 ? "no" : "more than one");
}

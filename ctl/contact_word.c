#include "ctl/contact_word.h"

#include <stdio.h>
#include <string.h>

#include "core/edge/key_file.h"

bool contact_word_address(const char *what, char ret_address[static IDENTITY_EMAIL_SIZE_MAX + 1],
			  struct fail *fail)
{
	char line[IDENTITY_EMAIL_SIZE_MAX + 64];
	bool there = fgets(line, sizeof(line), stdin) != NULL;
	if (there) {
		line[strcspn(line, "\r\n")] = '\0';
	}
	if (!there || !identify_normalise_email(line, ret_address)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "%s -: expected one mail address on stdin", what);
	}
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

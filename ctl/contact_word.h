/*
 * CONTACT, as people give one to a command: an id, or - for a mail address on stdin, which stands in no argv.
 */
#pragma once
#include <stdbool.h>

#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "core/flow/identify.h"
#include "ctl/ctl.h"

struct postgres;
struct postgres_statement;

/* An id by its first 8 digits or more: from that with zeros behind to that with f's. False: it is no such thing, *fail says what was
 * expected. `what` is the option or command that names it. */
bool contact_word_range(const char *what, const char *word, struct uuid *ret_from, struct uuid *ret_to,
			struct fail *fail);
/* Which contact is meant: an id (of a person's identifier: the person), its first digits where they are enough among those who are in a phase, - for an address on
 * stdin. False: *fail. */
bool contact_word_id(struct ctl *ctl, struct postgres *postgres, const char *what, const char *word,
		     struct uuid *ret_id, struct fail *fail);

/* The address on stdin, in its normal form: one line, and none behind it. `what` is named where it is otherwise. */
bool contact_word_address(const char *what, char ret_address[static IDENTITY_EMAIL_SIZE_MAX + 1],
			  struct fail *fail);
/* The id that this address has, by the configured identity key. Says nothing of a database: contact_word_key_fits() does. */
bool contact_word_address_id(const struct ctl *ctl, const char *address, struct uuid *ret_id, struct fail *fail);
/* Which key the ids in this database were made with, as a statement of one column finds it; "" where no daemon has begun yet. A turn of its own. */
bool contact_word_kept_kid(struct postgres *postgres, const struct postgres_statement *find,
			   char ret_kid[static IDENTITY_KID_SIZE], struct fail *fail);
/* Is the configured key the one that the ids in this database were made with? Else an address would be found nowhere. A turn of its own.
 * False: *fail, EXIT_CONFIG where it is another one. */
bool contact_word_key_fits(const struct ctl *ctl, struct postgres *postgres, struct fail *fail);

struct contact_word_found {
	struct uuid id; /* the first; where there is one */
	size_t count;
};
/* What a statement finds between two ids. A turn of its own. False: *fail. */
bool contact_word_look(struct postgres *postgres, const struct postgres_statement *statement,
		       const struct uuid *from, const struct uuid *to, struct contact_word_found *ret_found,
		       struct fail *fail);
/* The first line of stdin. False: none, or one that does not fit, or that holds a zero byte. */
bool contact_word_line(char *ret_line, size_t size);
/* Is there anything but white space behind it? On a terminal there is always more to come: there the line is all. */
bool contact_word_is_more(void);

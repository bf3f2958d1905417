/*
 * Between the files of phasectl erase: whom it is about, what is rejected of theirs, the topic, the proof.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "core/edge/erase.h"
#include "core/edge/postgres.h"
#include "core/flow/identify.h"
#include "ctl/ctl.h"

/* Whoever goes by an address: its own actor, and each strong actor that is said to be the same. */
struct erase_person {
	char address[IDENTITY_EMAIL_SIZE_MAX + 1]; /* in its normal form; shown nowhere */
	struct identity_key key;		   /* erase_person_finish() ends it */
	struct uuid own;			   /* of the address itself */
	struct uuid *ids; /* of erase_person_find(): it, and the others'; sorted; in ctl->arena */
	size_t count;
};
/* From stdin, and from the identity key. */
bool erase_person_read(struct ctl *ctl, struct erase_person *person, struct fail *fail);
/* Whom the database says to be the same, as of now. A turn of its own. */
bool erase_person_find(struct ctl *ctl, struct postgres *postgres, struct erase_person *person, struct fail *fail);
void erase_person_finish(struct erase_person *person);

/* Deletes the bytes of rejected messages that name the person, or one of `actors` (sorted), in the transaction that is open. */
bool erase_rejects(struct ctl *ctl, struct postgres *postgres, const struct erase_person *person,
		   const struct uuid *actors, size_t actor_count, int64_t *ret_deleted, struct fail *fail);

/* The same rows: runs a statement, whose parameters are topic, partition and offset, for each. */
bool erase_rejects_each(struct ctl *ctl, struct postgres *postgres, const struct erase_person *person,
			const struct uuid *actors, size_t actor_count, const struct postgres_statement *statement,
			postgres_on_rows *on_rows, void *context, int64_t *ret_count, struct fail *fail);

/* How far the logs of all topics that daemons read reach, as the ledger keeps it: JSON in ctl->arena. NULL: *fail. */
const char *erase_positions(struct ctl *ctl, struct fail *fail);
/* The ledger's rows, by actor, to the topic of erasures; returns once all replicas have them. */
bool erase_publish(struct ctl *ctl, const struct ledger_row *rows, size_t count, struct fail *fail);

/* Looks for whatever is left of the person, and says so. Returns the exit code. */
int erase_verify(struct ctl *ctl, struct postgres *postgres, struct erase_person *person, bool json);

/*
 * A migrated PostgreSQL under a world of tests/daemon: emptied, with a model in force, and read back into tables.
 */
#pragma once
#include "core/edge/postgres.h"
#include "tests/daemon/oracle.h"

#define REAL_REPLY_MS 60000

/* Whatever fails here ends the program. */
void real_need(bool good, const struct fail *fail);
struct postgres *real_connect(const char *conninfo, const char *application);
void real_script(struct postgres *postgres, const char *sql);

/* As a superuser: nothing but this model and the plan's erasures. */
void real_empty(struct postgres *postgres, const struct contacts_model *model, const struct plan *plan,
		struct arena *arena);
/* What the plan has decided of contacts' machine reasons, of whom anything is known; as the owner. */
void real_clear(struct postgres *postgres, const struct plan *plan, struct arena *arena);
/* Writes an empty arbiter, whatever was there. */
void real_empty_arbiter(struct postgres *postgres, const struct uuid *contact_id);
/* An actor is erased by hand: arbiter and ledger; what else is known of it is the caller's to delete. */
void real_erase(struct postgres *postgres, const struct erasure_line *erased, struct arena *arena);
/* What SELECT count(*) … says. */
int64_t real_count(struct postgres *postgres, const char *sql);
/* Oracle and tables: lines that differ, in the arena. */
const char *real_difference(struct postgres *postgres, const struct plan *plan, const struct drive *drive,
			    struct arena *arena);

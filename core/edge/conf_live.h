/*
 * The configuration that a running program goes by, and how its file is read again.
 *
 * A reload reads the file into a fresh struct and checks all of it. Only then what may change while the program runs (the
 * schema's `reloadable`) goes over into the struct in force, in place: whoever reads through a pointer to it sees it at
 * once. Everything else stays as it was at the start, and is named: it takes a restart. A bad file changes nothing.
 *
 * Never logs; reads the file and nothing else. The keys named are keys, never values.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/fail.h"
#include "core/edge/conf_schema.h"

struct conf_live {
	const struct conf_schema *schema;
	const char *path;
	void *conf;	       /* in force; the caller's */
	struct arena first;    /* of what was read at the start and needs a restart */
	struct arena later[2]; /* of what the last reload took over, and of the next one */
	unsigned next;	       /* of `later` */
};

/* SIGHUP while a program starts must neither end it nor be lost: it is held back from the first on, by threads begun
 * meanwhile for good, until the loop has a handler for it. Of the thread that calls. */
void conf_live_hold_signal(void);
void conf_live_take_signal(void);

/* What is in force, on stdout, as a file that would give the same; what may be secret is left out. */
void conf_live_show(const struct conf_live *live);

#define CONF_CHANGES_SIZE 400 /* bytes of a list of keys, cut at its end with "…" */

struct conf_changes {
	unsigned taken, waiting;	      /* how many keys */
	char taken_keys[CONF_CHANGES_SIZE];   /* "log.level, batch.linger_ms": in force now */
	char waiting_keys[CONF_CHANGES_SIZE]; /* differ from what is in force and take a restart */
};

/* Reads the file into *conf, which must live as long as *live; `schema` and `path` are borrowed for as long. End it with
 * conf_live_finish() also after false. */
bool conf_live_start(struct conf_live *live, const struct conf_schema *schema, const char *path, void *conf,
		     struct fail *fail);
void conf_live_finish(struct conf_live *live); /* zeroed is fine */

/*
 * Reads it again. After true whoever copied texts or lists of reloadable keys out of the struct must copy them anew before
 * the next reload: that is how long the old ones live. False: nothing has changed, *fail says why with file and line.
 */
bool conf_live_reload(struct conf_live *live, struct conf_changes *ret_changes, struct fail *fail);

#define CONF_CHANGES_TEXT_SIZE (2 * CONF_CHANGES_SIZE + 200)
/* "FILE read again: log.level changed; kafka.brokers differs, which takes a restart"; returns `text`. */
const char *conf_changes_say(const struct conf_changes *changes, const struct conf_live *live, char *ret_text,
			     size_t size);

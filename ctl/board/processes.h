/*
 * The processes that there is anything of, as links: which of them a page is about.
 */
#pragma once
#include "ctl/board/job.h"

struct processes {
	const char **names;
	size_t count;
};

/* Adds the statement; `context` goes to `on_rows`, which hands its rows to processes_read(). */
bool processes_ask(struct postgres *postgres, postgres_on_rows *on_rows, void *context, struct fail *fail);
bool processes_read(struct job *job, const struct postgres_rows *rows, struct processes *ret_processes,
		    struct fail *fail);
/* The one that is asked is there in any case. */
void processes_show(const struct processes *processes, const struct job *job, FILE *out);

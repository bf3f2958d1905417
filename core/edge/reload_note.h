/*
 * How a reload went, left where the one who asked for it looks: RUNTIME_DIRECTORY/reload, one line
 *
 *	PROCESS BEGUN good
 *	PROCESS BEGUN bad WHY
 *
 * BEGUN is the monotonic µs at which it began, so that the result of an earlier reload is never taken for that of a later
 * one. A signal says nothing back, and a reload that failed must be seen by who asked for it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reload_note {
	int process;
	int64_t begun_us; /* monotonic */
	bool is_good;
	char why[512]; /* not good: one line */
};

/* By the service itself; `why` NULL: good. Does nothing without a RUNTIME_DIRECTORY in the environment. Replaces the
 * note as a whole; what cannot be written is not said. */
void reload_note_write(int64_t begun_us, const char *why);
/* The path of the note in this directory. False: too long. */
bool reload_note_path(const char *directory, char *ret_path, size_t size);
/* False: there is none, or nothing that reload_note_write() wrote. */
bool reload_note_read(const char *path, struct reload_note *ret);

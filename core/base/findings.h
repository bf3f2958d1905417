/*
 * What is wrong, or could be better, in files that people write: found all in one go, to be shown together.
 *
 * A finding says where, what, and what to write instead. Bounded: beyond the limit they are only counted.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"

struct arena;

#define FINDING_TEXT_SIZE 512 /* longer ones are cut */

enum finding_grade {
	FINDING_ERROR,	 /* the file cannot be used so */
	FINDING_WARNING, /* it can, and does not do what it seems to say */
	FINDING_ADVICE,	 /* it does; there may be a better way */
	FINDING_GRADES
};

struct finding {
	enum finding_grade grade;
	const char *file;    /* "": none */
	unsigned line;	     /* from 1; 0: the file as a whole */
	const char *what;    /* one line */
	const char *instead; /* what to write or do; "": what says it */
};

struct findings {
	struct arena *arena;
	struct finding *items;
	size_t count, max;
	size_t of_grade[FINDING_GRADES]; /* also those that found no room */
	bool cut;			 /* some found no room */
};

/* Texts and items go to the arena, texts as text_show() shows them. False: it is full. */
bool findings_init(struct findings *findings, size_t max, struct arena *arena);
/* `instead` may be NULL. */
void findings_add(struct findings *findings, enum finding_grade grade, const char *file, unsigned line,
		  const char *instead, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* An error as a reader of files says it: "FILE:LINE: what", where the file is this one. Empties fail->text, so that nobody notes it again;
 * an empty one is none. False: no more are taken. */
bool findings_add_fail(struct findings *findings, const char *file, struct fail *fail);
/* By file, line, gravest first; those of one place in the order in which they were found. */
void findings_sort(struct findings *findings);
/* "error", "warning", "advice". */
const char *finding_grade_name(enum finding_grade grade);

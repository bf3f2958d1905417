/*
 * Words of a message → topics that it is about. Pure once made; the message's text goes nowhere.
 *
 * Words are compared caselessly, å as aa, ä and æ as ae, ö and ø as oe, ü as ue, ß as ss, é as e: as people write them who
 * have other keys. All languages are asked at once, since nobody knows which one a message is in.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/flow/beginnings.h"
#include "core/model/topic.h"

struct arena;

#define TOPICS_NAMES_MAX 256	  /* bytes: those of field content.topic */
#define TOPICS_TEXT_MAX 4096	  /* bytes of a message that are looked at, */
#define TOPICS_TEXT_WORDS_MAX 512 /* and so many words of them */

/* Open so that a caller may hold it. */
struct topics {
	const struct topic_book *book;
	struct topics_phrase *phrases;
	struct topics_endings *endings; /* by language */
	struct beginnings begun;	/* phrases by their first word, where nothing may stand before that */
	unsigned *loose;		/* the others */
	unsigned phrase_count, loose_count;
};

/* Borrows the book; what it makes lives in the arena. False: that is full. */
bool topics_init(struct topics *ret_topics, const struct topic_book *book, struct arena *arena);

/* Names of the topics, sorted, with a comma between; "" for none, and for a text that is no UTF-8. Those that do not fit are
 * left out. */
void topics_of(const struct topics *topics, const char *text, char ret_names[static TOPICS_NAMES_MAX + 1]);

/* Is each example about its topic, and each sentence about nothing that is to be? False: *fail names file, line, topic. */
bool topics_check(const struct topics *topics, struct fail *fail);

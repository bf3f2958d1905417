/*
 * What the adapters of chats share. The text of a message is asked for its topics and goes no further. Pure.
 *
 * Whoever spoke, an event is the visitor's: party says who acted.
 */
#pragma once
#include "collector/source/reading.h"

/* A system's word for an event. */
struct chat_word {
	const char *word;
	int action;	   /* CUSTOM: the word is its label; UNSAID: nobody's touch, left out */
	enum party party;  /* who did it */
	const char *label; /* of CUSTOM, in place of the word; NULL: none */
};

#define CHAT_LEFT_OUT(word) \
	{ \
		word, ACTION_UNSAID, PARTY_UNSAID, NULL \
	}

/* NULL: no row has it. */
const struct chat_word *chat_find(const struct chat_word *rows, size_t count, const char *word);
/* Sets action, party and label by a row; NULL: CUSTOM with the word as its label, done by a PERSON: a rule may ask for it. */
enum outcome chat_word(struct reading *reading, const struct chat_word *row, const char *word);

/* Topics of a text, sorted, as content.topic; NULL: there is none. `is_html`: what stands in tags is none of it. */
enum outcome chat_topics(struct reading *reading, const char *text, bool is_html);

/* A rating within [low, high] as 0 to 100; the number as it was given is property "rating". NULL, and what is none: left out. */
enum outcome chat_rating(struct reading *reading, const struct json_node *node, double low, double high);

/* The id of an event that has none of its own, from what stands at these paths of the message and the two texts. */
enum outcome chat_id(struct reading *reading, const char *const *paths, size_t count, const char *kind,
		     const char *more);

/* A request whose body is one message, an event or, where `is_left_out` says so, none. */
bool chat_read(struct reading *reading, const char *source, bool (*is_left_out)(const struct json_node *message),
	       reading_step *const *steps, size_t count, struct source_items *ret_items);

/* The text at a path; "" when there is none. */
const char *chat_text(const struct json_node *message, const char *path);
bool chat_is_true(const struct json_node *message, const char *path);

/*
 * Mail providers: what one of them calls things, as a table, and how any of them is read by it. Pure.
 *
 * A mailing's events are its recipient's: the provider knows the address that it sent to, so it is verified. What machines
 * of the mail's way did (sent, delivered, bounced) is a SYSTEM's doing, and moves nobody.
 */
#pragma once
#include "collector/source/reading.h"

/* A provider's word for an event. */
struct mail_word {
	const char *word;
	int action;	   /* CUSTOM: the word is its label */
	enum party party;  /* who did it */
	const char *label; /* of CUSTOM, in place of the word; NULL: none */
};

/* Of a mail that will be tried again. */
#define MAIL_DEFERRED(word) \
	{ \
		word, ACTION_CUSTOM, PARTY_SYSTEM, "deferred" \
	}
#define MAIL_DONE(word, action) \
	{ \
		word, ACTION_##action, PARTY_SYSTEM, NULL \
	}
#define MAIL_PERSON(word, action) \
	{ \
		word, ACTION_##action, PARTY_PERSON, NULL \
	}

#define MAIL_PATHS_MAX 4

/* Paths into a message (reading_find()); NULL: the provider does not say it. */
struct mail_source {
	const char *source;
	const char *word;
	const struct mail_word *words;
	size_t words_count;
	const char *times[MAIL_PATHS_MAX]; /* the first that is there */
	enum reading_unit unit;
	const char *id; /* NULL, and where it is not there: made of action, time, recipient, message and link */
	const char *recipients[MAIL_PATHS_MAX];
	reading_step *recipient; /* in place of these paths; NULL: they say it */
	const char *link;
	const char *message;	  /* Message-ID; one that looks like an address by its hash */
	const char *message_ends; /* kept of it is what stands in front of one of these; NULL: all */
	const char *mailing;	  /* the campaign's number: told apart by it where there is no message and no id */
	const char *agent;	  /* User-Agent of whoever opened or clicked */
	const char *tags;	  /* a text or a list: the first is campaign.name, all are properties "tag" */
	const char *properties;	  /* a map whose flat values are the sender's own */
	reading_step *settle;	  /* what no table says, after all that but the id; NULL: nothing */
};

/* One message, as one event. */
void mail_item(struct reading *reading, const struct mail_source *source, struct source_item *ret_item);
/* A request whose body is such messages: a list of them, or one alone. False: more than SOURCE_EVENTS_MAX, or the arena is full. */
bool mail_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
	       const struct mail_source *source, struct source_items *ret_items);
/* The same of messages that lie elsewhere in it. */
bool mail_items(const struct source_request *request, const struct source_options *options, struct arena *arena,
		const struct json_node *root, const struct mail_source *source, struct source_items *ret_items);

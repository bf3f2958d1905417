/*
 * What the adapters of mail providers share: what a provider's word for an event is here, and whom and what it is about. Pure.
 *
 * A mailing's events are its recipient's: the provider knows the address that it sent to, so it is verified. What machines
 * of the mail's way did (sent, delivered, bounced) is a SYSTEM's doing.
 */
#pragma once
#include "collector/source/reading.h"

struct mail_word {
	const char *word;
	int action;	   /* CUSTOM: the word is its label */
	enum party party;  /* who did it */
	const char *label; /* NULL: none, or of CUSTOM the word itself */
};

/* Sets action, party and label by the provider's word; one that is in no row is CUSTOM with the word as its label, done by
 * a PERSON: a rule may ask for it. */
enum outcome mail_word(struct reading *reading, const char *word, const struct mail_word *rows, size_t count);

/* The recipient at a path of the message: email, verified. */
enum outcome mail_recipient(struct reading *reading, const char *path);
/* The link at a path of the message: target_url, and its utm as campaign. */
enum outcome mail_link(struct reading *reading, const char *path);
/* The mail's Message-ID at a path, as thread and as campaign.message_id: what stands in front of its @, as the whole looks
 * like an address and would be left out. */
enum outcome mail_message(struct reading *reading, const char *path);
/* The User-Agent at a path, as whoever opened or clicked had it; nothing there: nobody's. */
enum outcome mail_agent(struct reading *reading, const char *path);
/* A tag, or a list of them: the first is campaign.name, all are properties "tag". */
enum outcome mail_tags(struct reading *reading, const char *path);

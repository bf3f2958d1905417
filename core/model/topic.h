/*
 * Topics of messages and the words that tell of them, as read from their file. Plain data; who matches is flow/topics.
 * Lives in the arena of its reader.
 */
#pragma once

#define TOPIC_COUNT_MAX 64
#define TOPIC_LANGUAGES_MAX 16
#define TOPIC_ENDINGS_MAX 64 /* of one language */
#define TOPIC_WORDS_MAX 512  /* of one topic in one language */
#define TOPIC_PARTS_MAX 4    /* words of a phrase */

struct topic_language {
	const char *code; /* "da" */
	unsigned ending_count;
	const char *const *endings; /* what its words may end in beyond what is given */
};

/*
 * "pris" with any ending of its language; "pris-" whatever goes on, "-pris" whatever comes before; several words: one after
 * another.
 */
struct topic_words {
	unsigned language; /* index */
	unsigned word_count;
	const char *const *words;
	const char *example; /* a sentence that must be found to be about the topic */
	unsigned example_line;
};

struct topic {
	const char *name;
	unsigned words_count; /* languages in which it has words */
	const struct topic_words *words;
};

struct topic_sentence {
	const char *text;
	unsigned line;
};

struct topic_book {
	const char *file; /* it was read from, for errors */
	unsigned language_count;
	const struct topic_language *languages;
	unsigned topic_count;
	const struct topic *topics; /* by name */
	unsigned nothing_count;
	const struct topic_sentence *nothing; /* sentences that must be about no topic */
};

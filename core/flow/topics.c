#include "core/flow/topics.h"

#include <stdint.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/base/unicode.h"

#define FOLDED_MAX (3 * TOPICS_TEXT_MAX)

/* A word, in a message or in the book. */
struct word {
	const char *text;
	size_t size;
	bool open_before, open_behind; /* the book's: part of others */
};

struct topics_endings {
	struct word *endings;
	unsigned count;
};

struct topics_phrase {
	struct word words[TOPIC_PARTS_MAX];
	unsigned count;
	unsigned topic, language;
};

/* ---- Letters ---- */

/* Folded text in place: letters that some keyboards have not, as others write them. All of them are two bytes. */
static void spell_out(char *text)
{
	static const struct {
		unsigned char letter; /* behind 0xc3 */
		const char *spelt;
	} letters[] = {{0xa5, "aa"}, {0xa4, "ae"}, {0xa6, "ae"}, {0xb6, "oe"},
		       {0xb8, "oe"}, {0xbc, "ue"}, {0xa9, "e"},	 {0xa8, "e"}};
	char *to = text;
	for (const char *at = text; *at != '\0'; at++) {
		const char *spelt = NULL;
		for (size_t i = 0; (unsigned char)*at == 0xc3 && i < COUNT_OF(letters); i++) {
			spelt = (unsigned char)at[1] == letters[i].letter ? letters[i].spelt : spelt;
		}
		if (spelt == NULL) {
			*to++ = *at;
			continue;
		}
		memcpy(to, spelt, strlen(spelt));
		to += strlen(spelt);
		at++;
	}
	*to = '\0';
}

/* At most `max` bytes. False: no UTF-8, or it does not fit. */
static bool normalise(const char *text, size_t size, size_t max, char *ret_text)
{
	if (!unicode_fold(text, size, max, ret_text)) {
		return false;
	}
	spell_out(ret_text);
	return true;
}

/* ---- Making ---- */

static bool keep_word(struct arena *arena, const char *text, size_t size, struct word *ret_word)
{
	bool before = size > 1 && text[0] == '-', behind = size > 1 && text[size - 1] == '-';
	size_t max = size * 4;
	char *kept = arena_take(arena, max + 1);
	if (kept == NULL || !normalise(text + before, size - before - behind, max, kept)) {
		return false;
	}
	*ret_word =
		(struct word){.text = kept, .size = strlen(kept), .open_before = before, .open_behind = behind};
	arena_cut(arena, kept + ret_word->size + 1);
	return true;
}

static bool make_phrase(struct arena *arena, const char *text, struct topics_phrase *phrase)
{
	for (const char *at = text; *at != '\0' && phrase->count < TOPIC_PARTS_MAX;) {
		size_t size = strcspn(at, " ");
		if (!keep_word(arena, at, size, &phrase->words[phrase->count++])) {
			return false;
		}
		at += size + (at[size] == ' ');
	}
	return phrase->count > 0;
}

static bool make_endings(struct topics *topics, struct arena *arena)
{
	const struct topic_book *book = topics->book;
	topics->endings = arena_zero(arena, book->language_count, sizeof(*topics->endings));
	for (unsigned l = 0; topics->endings != NULL && l < book->language_count; l++) {
		struct topics_endings *endings = &topics->endings[l];
		endings->count = book->languages[l].ending_count;
		endings->endings = arena_zero(arena, endings->count, sizeof(*endings->endings));
		for (unsigned i = 0; i < endings->count; i++) {
			const char *ending = book->languages[l].endings[i];
			if (endings->endings == NULL ||
			    !keep_word(arena, ending, strlen(ending), &endings->endings[i])) {
				return false;
			}
		}
	}
	return topics->endings != NULL;
}

static bool make_phrases(struct topics *topics, struct arena *arena)
{
	const struct topic_book *book = topics->book;
	unsigned count = 0;
	for (unsigned t = 0; t < book->topic_count; t++) {
		for (unsigned w = 0; w < book->topics[t].words_count; w++) {
			count += book->topics[t].words[w].word_count;
		}
	}
	topics->phrases = arena_zero(arena, count, sizeof(*topics->phrases));
	for (unsigned t = 0; topics->phrases != NULL && t < book->topic_count; t++) {
		for (unsigned w = 0; w < book->topics[t].words_count; w++) {
			const struct topic_words *words = &book->topics[t].words[w];
			for (unsigned i = 0; i < words->word_count; i++) {
				struct topics_phrase *phrase = &topics->phrases[topics->phrase_count++];
				phrase->topic = t;
				phrase->language = words->language;
				if (!make_phrase(arena, words->words[i], phrase)) {
					return false;
				}
			}
		}
	}
	return topics->phrases != NULL;
}

bool topics_init(struct topics *ret_topics, const struct topic_book *book, struct arena *arena)
{
	struct topics topics = {.book = book};
	if (!make_endings(&topics, arena) || !make_phrases(&topics, arena)) {
		return false;
	}
	struct beginning *begun = arena_array(arena, topics.phrase_count, sizeof(*begun));
	size_t begun_count = 0;
	topics.loose = arena_array(arena, topics.phrase_count, sizeof(*topics.loose));
	for (unsigned i = 0; begun != NULL && topics.loose != NULL && i < topics.phrase_count; i++) {
		const struct word *first = &topics.phrases[i].words[0];
		if (first->open_before) {
			topics.loose[topics.loose_count++] = i;
		} else {
			begun[begun_count++] =
				(struct beginning){.text = first->text, .size = first->size, .number = i};
		}
	}
	*ret_topics = topics;
	return begun != NULL && topics.loose != NULL &&
	       beginnings_init(&ret_topics->begun, begun, begun_count, arena);
}

/* ---- Matching ---- */

/* A message, normalised, and where its words are. */
struct message_words {
	char text[FOLDED_MAX + 1];
	struct word words[TOPICS_TEXT_WORDS_MAX];
	unsigned count;
};

static void read_message(const char *text, struct message_words *ret_words)
{
	ret_words->count = 0;
	if (!normalise(text, text_cut(text, TOPICS_TEXT_MAX), FOLDED_MAX, ret_words->text)) {
		return;
	}
	size_t size;
	const char *word = unicode_word(ret_words->text, &size);
	while (word != NULL && ret_words->count < TOPICS_TEXT_WORDS_MAX) {
		ret_words->words[ret_words->count++] = (struct word){.text = word, .size = size};
		word = unicode_word(word + size, &size);
	}
}

static bool is_ending(const struct topics_endings *endings, const char *rest, size_t size)
{
	bool found = size == 0;
	for (unsigned i = 0; !found && i < endings->count; i++) {
		const struct word *ending = &endings->endings[i];
		found = ending->size == size && memcmp(ending->text, rest, size) == 0;
	}
	return found;
}

/* Wherever it stands in the word, for one that is open before. */
static bool is_word(const struct topics_endings *endings, const struct word *wanted, const struct word *word)
{
	size_t starts = wanted->size > word->size ? 0 : wanted->open_before ? word->size - wanted->size + 1 : 1;
	for (size_t at = 0; at < starts; at++) {
		size_t end = at + wanted->size;
		if (memcmp(word->text + at, wanted->text, wanted->size) == 0 &&
		    (wanted->open_behind || is_ending(endings, word->text + end, word->size - end))) {
			return true;
		}
	}
	return false;
}

static bool stands_at(const struct topics *topics, const struct topics_phrase *phrase,
		      const struct message_words *message, unsigned at)
{
	bool good = phrase->count <= message->count - at;
	for (unsigned i = 0; good && i < phrase->count; i++) {
		good = is_word(&topics->endings[phrase->language], &phrase->words[i], &message->words[at + i]);
	}
	return good;
}

/* Bits of the topics that the phrase of a number adds. */
static uint64_t found_at(const struct topics *topics, unsigned number, const struct message_words *message,
			 unsigned at, uint64_t found)
{
	const struct topics_phrase *phrase = &topics->phrases[number];
	uint64_t bit = UINT64_C(1) << phrase->topic;
	return (found & bit) == 0 && stands_at(topics, phrase, message, at) ? bit : 0;
}

static uint64_t find(const struct topics *topics, const struct message_words *message)
{
	uint64_t found = 0;
	for (unsigned at = 0; at < message->count; at++) {
		const struct word *word = &message->words[at];
		for (int node = beginnings_longest(&topics->begun, word->text, word->size);
		     node != BEGINNINGS_NONE; node = beginnings_shorter(&topics->begun, node)) {
			struct beginnings_run whole, begun;
			beginnings_numbers(&topics->begun, node, word->size, &whole, &begun);
			for (size_t i = 0; i < begun.count; i++) {
				found |= found_at(topics, begun.first[i].number, message, at, found);
			}
		}
		for (unsigned i = 0; i < topics->loose_count; i++) {
			found |= found_at(topics, topics->loose[i], message, at, found);
		}
	}
	return found;
}

void topics_of(const struct topics *topics, const char *text, char ret_names[static TOPICS_NAMES_MAX + 1])
{
	struct message_words message;
	read_message(text, &message);
	uint64_t found = find(topics, &message);
	size_t used = 0;
	ret_names[0] = '\0';
	for (unsigned t = 0; t < topics->book->topic_count; t++) {
		const char *name = topics->book->topics[t].name;
		size_t size = strlen(name), comma = used > 0;
		if ((found & UINT64_C(1) << t) != 0 && used + comma + size <= TOPICS_NAMES_MAX) {
			memcpy(ret_names + used, ",", comma);
			memcpy(ret_names + used + comma, name, size + 1);
			used += comma + size;
		}
	}
}

/* ---- Examples ---- */

static bool check_topic(const struct topics *topics, const struct topic *topic, struct fail *fail)
{
	for (unsigned i = 0; i < topic->words_count; i++) {
		const struct topic_words *words = &topic->words[i];
		char names[TOPICS_NAMES_MAX + 1];
		topics_of(topics, words->example, names);
		if (!text_is_among(topic->name, names)) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
					"%s:%u: topic \"%s\": its example in \"%s\" is about %s",
					topics->book->file, words->example_line, topic->name,
					topics->book->languages[words->language].code,
					names[0] != '\0' ? names : "nothing");
		}
	}
	return true;
}

bool topics_check(const struct topics *topics, struct fail *fail)
{
	const struct topic_book *book = topics->book;
	for (unsigned t = 0; t < book->topic_count; t++) {
		if (!check_topic(topics, &book->topics[t], fail)) {
			return false;
		}
	}
	for (unsigned i = 0; i < book->nothing_count; i++) {
		char names[TOPICS_NAMES_MAX + 1];
		topics_of(topics, book->nothing[i].text, names);
		if (names[0] != '\0') {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
					"%s:%u: \"nothing\": this sentence is found to be about %s", book->file,
					book->nothing[i].line, names);
		}
	}
	return true;
}

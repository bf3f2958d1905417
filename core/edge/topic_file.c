/*
 * languages → their endings; topics → words and an example in each language; sentences that are about nothing.
 */
#include "core/edge/topic_file.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/unicode.h"
#include "core/edge/model_part.h"

#define WORD_SIZE_MAX 64
#define LETTERS_MIN 2	   /* of a word that is no part of a phrase */
#define OPEN_LETTERS_MIN 3 /* of one that is part of others: two letters are in every second word */
#define SENTENCE_SIZE_MAX 1024

struct root_text {
	struct yaml_node *languages, *topics, *nothing;
};

static const struct yaml_field root_fields[] = {
	{.key = "languages", .type = YAML_NODE, .offset = offsetof(struct root_text, languages)},
	{.key = "topics", .type = YAML_NODE, .offset = offsetof(struct root_text, topics)},
	{.key = "nothing", .type = YAML_NODE, .offset = offsetof(struct root_text, nothing)},
	{0},
};

/* What is being read, and the words for languages that it has. */
struct reading {
	struct model_reader reader;
	struct topic_book *book;
	const char *codes[TOPIC_LANGUAGES_MAX + 1];
};

static bool is_map(const struct reading *reading, const struct yaml_node *node, const struct yaml_node *place,
		   const char *key, size_t max)
{
	if (node == NULL || node->kind != YAML_MAP || node->count == 0) {
		return yaml_complain(reading->reader.file, node != NULL ? node : place, reading->reader.fail,
				     "\"%s\" must be a map, and not empty", key);
	}
	return node->count <= max ||
	       yaml_complain(reading->reader.file, node, reading->reader.fail,
			     "\"%s\" has %zu keys, at most %zu are allowed", key, node->count, max);
}

/* A list of texts, each of at most `max` bytes. */
static bool read_texts(const struct reading *reading, const struct yaml_node *node, const char *key,
		       size_t count_max, size_t max, const char ***ret_texts)
{
	const struct yaml_node *list;
	if (!model_part_list(&reading->reader, node, key, count_max, &list)) {
		return false;
	}
	size_t count = list != NULL ? list->count : 0;
	const char **texts = model_part_zero(&reading->reader, count, sizeof(*texts));
	for (size_t i = 0; texts != NULL && i < count; i++) {
		const struct yaml_node *item = list->items[i];
		if (item->kind != YAML_SCALAR || item->text[0] == '\0') {
			yaml_complain(reading->reader.file, item, reading->reader.fail,
				      "\"%s\" must be a list of texts", key);
			return false;
		}
		texts[i] = item->text;
		if (!model_part_text(&reading->reader, item, key, max, &texts[i])) {
			return false;
		}
	}
	*ret_texts = texts;
	return texts != NULL;
}

/* ---- Languages ---- */

static bool read_languages(struct reading *reading, const struct yaml_node *node, const struct yaml_node *root)
{
	if (!is_map(reading, node, root, "languages", TOPIC_LANGUAGES_MAX)) {
		return false;
	}
	struct topic_language *languages = model_part_zero(&reading->reader, node->count, sizeof(*languages));
	for (size_t i = 0; languages != NULL && i < node->count; i++) {
		const char **endings;
		reading->codes[i] = languages[i].code = node->keys[i]->text;
		if (!model_part_name(&reading->reader, node->keys[i], "languages", languages[i].code) ||
		    !read_texts(reading, node->items[i], languages[i].code, TOPIC_ENDINGS_MAX, WORD_SIZE_MAX,
				&endings)) {
			return false;
		}
		languages[i].endings = endings;
		languages[i].ending_count =
			node->items[i]->kind == YAML_LIST ? (unsigned)node->items[i]->count : 0;
	}
	reading->book->languages = languages;
	reading->book->language_count = (unsigned)node->count;
	return languages != NULL;
}

/* ---- Words ---- */

static size_t letters_of(const char *text, size_t size)
{
	size_t letters = 0;
	for (size_t i = 0; i < size; i++) {
		letters += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	return letters;
}

/* One word of a phrase, with or without hyphens. */
static bool is_part(const char *text, size_t size, size_t least)
{
	bool before = size > 0 && text[0] == '-', behind = size > 1 && text[size - 1] == '-';
	size_t word_size;
	least = before || behind ? OPEN_LETTERS_MIN : least;
	text += before;
	size -= before + behind;
	const char *word = unicode_word(text, &word_size);
	return word == text && word_size >= size && letters_of(text, size) >= least;
}

static bool check_word(const struct reading *reading, const struct yaml_node *node, const char *text)
{
	unsigned parts = 0;
	bool good = true;
	size_t least = strchr(text, ' ') != NULL ? 1 : LETTERS_MIN;
	for (const char *at = text; good && *at != '\0'; parts++) {
		size_t size = strcspn(at, " ");
		good = is_part(at, size, least);
		at += size + (at[size] == ' ');
	}
	return (good && parts <= TOPIC_PARTS_MAX && text[strlen(text) - 1] != ' ') ||
	       yaml_complain(
		       reading->reader.file, node, reading->reader.fail,
		       "\"%.80s\" is no word: letters and digits, at least %d (%d where a hyphen before or behind "
		       "makes it part of others); at most %d such, with a blank between",
		       text, LETTERS_MIN, OPEN_LETTERS_MIN, TOPIC_PARTS_MAX);
}

static bool read_words(struct reading *reading, const struct yaml_node *key, const struct yaml_node *list,
		       const struct yaml_node *examples, struct topic_words *words)
{
	int language;
	const char **texts;
	if (!yaml_word(key, reading->codes, reading->reader.file, "words", &language, reading->reader.fail) ||
	    !read_texts(reading, list, key->text, TOPIC_WORDS_MAX, WORD_SIZE_MAX, &texts)) {
		return false;
	}
	for (size_t i = 0; list->kind == YAML_LIST && i < list->count; i++) {
		if (!check_word(reading, list->items[i], texts[i])) {
			return false;
		}
	}
	const struct yaml_node *example = examples != NULL ? yaml_get(examples, key->text) : NULL;
	if (example == NULL || example->kind != YAML_SCALAR || example->text[0] == '\0') {
		return yaml_complain(reading->reader.file, example != NULL ? example : key, reading->reader.fail,
				     "words in \"%s\" need an example: a sentence about the topic", key->text);
	}
	*words = (struct topic_words){
		.language = (unsigned)language,
		.word_count = list->kind == YAML_LIST ? (unsigned)list->count : 0,
		.words = texts,
		.example = example->text,
		.example_line = example->line,
	};
	return model_part_text(&reading->reader, example, "examples", SENTENCE_SIZE_MAX, &words->example);
}

/* ---- Topics ---- */

struct topic_text {
	struct yaml_node *words, *examples;
};

static const struct yaml_field topic_fields[] = {
	{.key = "words", .type = YAML_NODE, .offset = offsetof(struct topic_text, words)},
	{.key = "examples", .type = YAML_NODE, .offset = offsetof(struct topic_text, examples)},
	{0},
};

static bool read_topic(struct reading *reading, const struct yaml_node *name, const struct yaml_node *node,
		       struct topic *topic)
{
	struct topic_text text;
	const struct model_reader *reader = &reading->reader;
	if (!model_part_name(reader, name, "topics", name->text) ||
	    !yaml_fill(node, topic_fields, reader->file, reader->arena, &text, reader->fail) ||
	    !is_map(reading, text.words, name, "words", TOPIC_LANGUAGES_MAX) ||
	    !is_map(reading, text.examples, name, "examples", TOPIC_LANGUAGES_MAX)) {
		return false;
	}
	const char *languages[TOPIC_LANGUAGES_MAX + 1] = {NULL};
	struct topic_words *words = model_part_zero(reader, text.words->count, sizeof(*words));
	for (size_t i = 0; words != NULL && i < text.words->count; i++) {
		languages[i] = text.words->keys[i]->text;
		if (!read_words(reading, text.words->keys[i], text.words->items[i], text.examples, &words[i])) {
			return false;
		}
	}
	*topic = (struct topic){.name = name->text, .words_count = (unsigned)text.words->count, .words = words};
	return words != NULL && yaml_only_keys(text.examples, languages, reader->file, reader->fail);
}

static int compare_topics(const void *a, const void *b)
{
	const struct topic *one = a, *other = b;
	return strcmp(one->name, other->name);
}

static bool read_topics(struct reading *reading, const struct yaml_node *node, const struct yaml_node *root)
{
	if (!is_map(reading, node, root, "topics", TOPIC_COUNT_MAX)) {
		return false;
	}
	struct topic *topics = model_part_zero(&reading->reader, node->count, sizeof(*topics));
	for (size_t i = 0; topics != NULL && i < node->count; i++) {
		if (!read_topic(reading, node->keys[i], node->items[i], &topics[i])) {
			return false;
		}
	}
	if (topics == NULL) {
		return false;
	}
	qsort(topics, node->count, sizeof(*topics), compare_topics);
	reading->book->topics = topics;
	reading->book->topic_count = (unsigned)node->count;
	return true;
}

static bool read_nothing(struct reading *reading, const struct yaml_node *node)
{
	const char **texts;
	if (!read_texts(reading, node, "nothing", TOPIC_WORDS_MAX, SENTENCE_SIZE_MAX, &texts)) {
		return false;
	}
	size_t count = node != NULL ? node->count : 0;
	struct topic_sentence *sentences = model_part_zero(&reading->reader, count, sizeof(*sentences));
	for (size_t i = 0; sentences != NULL && i < count; i++) {
		sentences[i] = (struct topic_sentence){.text = texts[i], .line = node->items[i]->line};
	}
	reading->book->nothing = sentences;
	reading->book->nothing_count = (unsigned)count;
	return sentences != NULL;
}

/* ---- The file ---- */

static bool read_book(const struct yaml_node *root, const char *file, struct arena *arena,
		      const struct topic_book **ret_book, struct fail *fail)
{
	struct root_text text;
	struct reading reading = {.reader = {.file = file, .arena = arena, .fail = fail}};
	reading.book = model_part_zero(&reading.reader, 1, sizeof(*reading.book));
	if (reading.book == NULL || !yaml_fill(root, root_fields, file, arena, &text, fail) ||
	    !read_languages(&reading, text.languages, root) || !read_topics(&reading, text.topics, root) ||
	    !read_nothing(&reading, text.nothing)) {
		return false;
	}
	reading.book->file = file;
	*ret_book = reading.book;
	return true;
}

bool topic_file_read(const char *path, struct arena *arena, const struct topic_book **ret_book, struct fail *fail)
{
	struct yaml_node *root;
	return yaml_read_file(path, arena, &root, fail) && read_book(root, path, arena, ret_book, fail);
}

bool topic_file_parse(const char *text, size_t size, const char *file, struct arena *arena,
		      const struct topic_book **ret_book, struct fail *fail)
{
	struct yaml_node *root;
	return yaml_parse(text, size, file, arena, &root, fail) && read_book(root, file, arena, ret_book, fail);
}

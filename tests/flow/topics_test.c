/* core/flow/topics.h and core/edge/topic_file.h: words, endings, compounds, phrases; the shipped lists; what is refused. */
#include "core/flow/topics.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "core/edge/topic_file.h"
#include "tests/table.h"

static struct arena arena;

static void setup(void)
{
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
}

static struct topics make(const char *text)
{
	const struct topic_book *book;
	struct topics topics;
	struct fail fail;
	bool good = text == NULL ? topic_file_read("conf/topics.yaml", &arena, &book, &fail)
				 : topic_file_parse(text, strlen(text), "topics", &arena, &book, &fail);
	ck_assert_msg(good, "%s", fail.text);
	ck_assert(topics_init(&topics, book, &arena));
	return topics;
}

#define LANGUAGES "languages: {da: [en, er], de: [e, es], en: [s]}\n"
#define BOOK \
	LANGUAGES \
	"topics:\n" \
	"  price:\n" \
	"    words: {da: [pris, hvad koster], de: [-preis, rabatt-], en: [quote, how much]}\n" \
	"    examples: {da: Prisen?, de: Der Listenpreis?, en: How much?}\n" \
	"  delivery:\n" \
	"    words: {da: [k\xc3\xb8rsel], de: [-schiff-, gr\xc3\xb6\xc3\x9f" \
	"e]}\n" \
	"    examples: {da: K\xc3\xb8rsel, de: Dampfschiffe}\n"

START_TEST(words_are_found_in_what_people_write)
{
	setup();
	static const struct {
		const char *text, *names;
	} rows[] = {
		{"", ""},
		{"!?. ", ""},
		{"pris", "price"},
		{"Er prisen fast?", "price"},
		{"PRISER!", "price"},
		{"prisernes", ""}, /* no such ending here */
		{"prison", ""},
		{"enterprise", ""},
		{"Listenpreis", "price"},
		{"des Listenpreises", "price"},
		{"preis", "price"},
		{"preislich", ""},
		{"Rabattstaffel", "price"},
		{"hvad koster den", "price"},
		{"Hvad, koster?", "price"},
		{"koster hvad", ""},
		{"hvad den koster", ""},
		{"hvad", ""},
		{"how much", "price"},
		{"how much", "price"},
		{"quotes", "price"},
		{"quoten", ""}, /* an ending of another language */
		{"Dampfschifffahrt", "delivery"},
		{"K\xc3\x98RSEL", "delivery"},
		{"koersel", "delivery"},
		{"k\xc3\xb6rsel", "delivery"},	/* as on a Swedish keyboard */
		{"ko\xcc\x88rsel", "delivery"}, /* written as two */
		{"GR\xc3\x96SSE, Groesse", "delivery"},
		{"pris og k\xc3\xb8rsel", "delivery,price"},
		{"k\xc3\xb8rsel og pris", "delivery,price"},
		{"pris\xff", ""}, /* no UTF-8 */
	};
	struct topics topics = make(BOOK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char names[TOPICS_NAMES_MAX + 1];
		topics_of(&topics, rows[i].text, names);
		ck_assert_msg(strcmp(names, rows[i].names) == 0, "row %zu (%s): %s", i, rows[i].text, names);
	}
}
END_TEST

START_TEST(only_so_much_of_a_message_is_looked_at)
{
	setup();
	struct topics topics = make(BOOK);
	static char text[64 * 1024];
	char names[TOPICS_NAMES_MAX + 1];
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text + TOPICS_TEXT_MAX - 5, " pris ", 6);
	topics_of(&topics, text, names);
	ck_assert_str_eq(names, "price");
	memcpy(text + TOPICS_TEXT_MAX - 5, "x pris", 6);
	topics_of(&topics, text, names);
	ck_assert_str_eq(names, "");
	for (size_t i = 0; i < TOPICS_TEXT_WORDS_MAX; i++) {
		memcpy(text + 2 * i, "x ", 2);
	}
	memcpy(text + (size_t)2 * TOPICS_TEXT_WORDS_MAX, "pris", 5);
	topics_of(&topics, text, names);
	ck_assert_str_eq(names, "");
	topics_of(&topics, text + 2, names);
	ck_assert_str_eq(names, "price");
}
END_TEST

/* Names that do not fit are left out whole. */
START_TEST(names_fit_into_their_field)
{
	setup();
	static char text[16 * 1024];
	size_t used = (size_t)snprintf(text, sizeof(text), LANGUAGES "topics:\n");
	for (unsigned i = 0; i < 10; i++) {
		used += (size_t)snprintf(
			text + used, sizeof(text) - used,
			"  topic-with-a-name-of-thirty-%c:\n    words: {en: [all]}\n    examples: {en: all}\n",
			(char)('a' + i));
	}
	struct topics topics = make(text);
	char names[TOPICS_NAMES_MAX + 1];
	topics_of(&topics, "all", names);
	ck_assert_uint_eq(strlen(names), 8 * 30 - 1);
	ck_assert_ptr_nonnull(strstr(names, "thirty-h"));
	ck_assert_ptr_null(strstr(names, "thirty-i"));
}
END_TEST

/* ---- The shipped lists ---- */

START_TEST(each_shipped_topic_has_words_and_a_true_example_in_five_languages)
{
	setup();
	struct topics topics = make(NULL);
	struct fail fail = {0};
	ck_assert_msg(topics_check(&topics, &fail), "%s", fail.text);
	ck_assert_uint_eq(topics.book->language_count, 5);
	ck_assert_uint_ge(topics.book->topic_count, 14);
	for (unsigned t = 0; t < topics.book->topic_count; t++) {
		ck_assert_msg(topics.book->topics[t].words_count == 5, "%s", topics.book->topics[t].name);
	}
}
END_TEST

static bool has_topic(const struct topic_book *book, const char *name)
{
	bool found = false;
	for (unsigned t = 0; t < book->topic_count; t++) {
		found = found || strcmp(book->topics[t].name, name) == 0;
	}
	return found;
}

START_TEST(each_topic_that_shipped_rules_name_is_shipped_and_the_other_way_round)
{
	setup();
	const struct topics topics = make(NULL);
	bool named[TOPIC_COUNT_MAX] = {false};
	struct model *model;
	struct fail fail;
	ck_assert_msg(model_file_read("conf/model", &arena, &model, &fail), "%s", fail.text);
	for (unsigned p = 0; p < model->process_count; p++) {
		const struct model_process *process = &model->processes[p];
		for (unsigned r = 0; r < process->rule_count; r++) {
			for (unsigned i = 0; i < process->rules[r].condition_count; i++) {
				const char *topic = process->rules[r].conditions[i].topic;
				ck_assert_msg(topic == NULL || has_topic(topics.book, topic), "%s", topic);
				for (unsigned t = 0; topic != NULL && t < topics.book->topic_count; t++) {
					named[t] = named[t] || strcmp(topics.book->topics[t].name, topic) == 0;
				}
			}
		}
	}
	for (unsigned t = 0; t < topics.book->topic_count; t++) {
		ck_assert_msg(named[t], "no rule names %s", topics.book->topics[t].name);
	}
}
END_TEST

START_TEST(shipped_words_tell_more_than_their_examples)
{
	setup();
	static const struct {
		const char *text, *names;
	} rows[] = {
		{"Hvad er jeres priser p\xc3\xa5 radarer?", "price"},
		{"Wir brauchen ein Angebot bis Freitag.", "price"},
		{"Vad kostar frakten?", "delivery,price"},
		{"N\xc3\xa5r blir den levert, og hva koster den?", "price"},
		{"Wann wird geliefert?", "delivery"},
		{"Har I en rammeaftale med Havnen?", "agreement"},
		{"Is there an API, and is it encrypted?", "integration,security"},
		{"Gew\xc3\xa4hrleistung und AGB?", "contract"},
		{"Gewaehrleistung und AGB?", "contract"},
		{"Vi beh\xc3\xb6ver en reservdel", "parts"},
		{"Do you have any references from a harbour?", "references"},
		{"Hvem bruger den i dag?", "references"},
		{"What is the resolution at 12 V?", "technical"},
		{"Ist das Ger\xc3\xa4t f\xc3\xbcr offene Boote geeignet?", "fit"},
		{"K\xc3\xb6nnen wir einen Termin vereinbaren?", "demo"},
		{"Der Kurs springt, wir haben St\xc3\xb6rungen.", "problem"},
		{"Wir bereiten eine Ausschreibung vor.", "tender"},
		{"Is a prototype to be had?", "pilot"},
		{"God morgen!", ""},
	};
	struct topics topics = make(NULL);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char names[TOPICS_NAMES_MAX + 1];
		topics_of(&topics, rows[i].text, names);
		ck_assert_msg(strcmp(names, rows[i].names) == 0, "%s: %s", rows[i].text, names);
	}
}
END_TEST

/* ---- What is refused ---- */

#define TOPIC(words, examples) \
	LANGUAGES "topics:\n  price:\n    words: {" words "}\n    examples: {" examples "}\n"

START_TEST(a_wrong_file_names_line_key_and_nearest_word)
{
	setup();
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"", "topics:1: \"languages\" must be a map, and not empty"},
		{LANGUAGES, "topics:1: \"topics\" must be a map, and not empty"},
		{LANGUAGES "topcis: {}\n", "topics:2: unknown key \"topcis\" (did you mean \"topics\"?)"},
		{"languages: {DA: []}\ntopics: {}\n",
		 "topics:1: \"languages\": \"DA\" is no name: lower-case letters, digits, _ - . "
		 "and at most 64 of them"},
		{"languages: {da: e}\n", "topics:1: \"da\" must be a list"},
		{TOPIC("ad: [pris]", "da: pris"),
		 "topics:4: \"words\": \"ad\" is not a word for it (did you mean \"da\"?)"},
		{TOPIC("da: [pris]", "en: price"),
		 "topics:4: words in \"da\" need an example: a sentence about the topic"},
		{TOPIC("da: [pris]", "da: pris, en: price"), "topics:5: unknown key \"en\" (known: da)"},
		{TOPIC("da: []", "da: pris"), ""},
		{TOPIC("da: [pris, '']", "da: pris"), "topics:4: \"da\" must be a list of texts"},
		{TOPIC("da: [e-mail]", "da: pris"), "topics:4: \"e-mail\" is no word: letters and digits, at "
						    "least 2 (3 where a hyphen before or behind makes it part "
						    "of others); at most 4 such, with a blank between"},
		{TOPIC("da: [x]", "da: pris"), "topics:4: \"x\" is no word: letters and digits, at least 2 (3 "
					       "where a hyphen before or behind makes it part of "
					       "others); at most 4 such, with a blank between"},
		{TOPIC("da: [\xc3\xa5-]", "da: pris"),
		 "topics:4: \"\xc3\xa5-\" is no word: letters and digits, at least 2 (3 where a hyphen before or "
		 "behind makes it part of "
		 "others); at most 4 such, with a blank between"},
		{TOPIC("da: [en to tre fire fem]", "da: pris"),
		 "topics:4: \"en to tre fire fem\" is no word: letters and digits, at least 2 (3 where a hyphen "
		 "before or behind "
		 "makes it part of others); at most 4 such, with a blank between"},
		{LANGUAGES "topics:\n  Price: {}\n",
		 "topics:3: \"topics\": \"Price\" is no name: lower-case letters, digits, _ - . and "
		 "at most 64 of them"},
		{LANGUAGES "topics:\n  price: {wrods: {}}\n",
		 "topics:3: unknown key \"wrods\" (did you mean \"words\"?)"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct topic_book *book = NULL;
		struct fail fail = {0};
		bool good = topic_file_parse(rows[i].text, strlen(rows[i].text), "topics", &arena, &book, &fail);
		ck_assert_msg(good == (rows[i].error[0] == '\0'), "row %zu: %s", i, fail.text);
		ck_assert_str_eq(fail.text, rows[i].error);
		ck_assert(good || fail.exit_code == EXIT_CONFIG);
	}
}
END_TEST

START_TEST(an_example_that_is_about_something_else_names_its_line)
{
	setup();
	static const struct {
		const char *text, *error;
	} rows[] = {
		{BOOK "nothing: [hej]\n", ""},
		{TOPIC("da: [pris], en: [price]", "da: Prisen?, en: The cost?"),
		 "topics:5: topic \"price\": its example in \"en\" is about nothing"},
		{BOOK "  gift: {words: {en: [gift]}, examples: {en: How much?}}\n",
		 "topics:9: topic \"gift\": its example in \"en\" is about price"},
		{BOOK "nothing:\n- hej\n- Den pris er god.\n",
		 "topics:11: \"nothing\": this sentence is found to be about price"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct topics topics = make(rows[i].text);
		struct fail fail = {0};
		ck_assert(topics_check(&topics, &fail) == (rows[i].error[0] == '\0'));
		ck_assert_str_eq(fail.text, rows[i].error);
	}
}
END_TEST

TEST_MAIN("topics", words_are_found_in_what_people_write, only_so_much_of_a_message_is_looked_at,
	  names_fit_into_their_field, each_shipped_topic_has_words_and_a_true_example_in_five_languages,
	  each_topic_that_shipped_rules_name_is_shipped_and_the_other_way_round,
	  shipped_words_tell_more_than_their_examples, a_wrong_file_names_line_key_and_nearest_word,
	  an_example_that_is_about_something_else_names_its_line)

/*
 * Any bytes as a file of topics, and as a message. Beyond not crashing: a refusal names the file; names that are found are
 * the book's, sorted, and fit their field; the same text gives the same names.
 */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/topic_file.h"
#include "core/flow/topics.h"
#include "tests/fuzz/fuzz.h"

static const char small[] =
	"languages: {da: [en, er], de: [e]}\n"
	"topics:\n"
	"  price: {words: {da: [pris-, hvad koster], de: [-preis]}, examples: {da: pris, de: preis}}\n"
	"  size: {words: {de: [-gr\xc3\xb6\xc3\x9f-]}, examples: {de: Gr\xc3\xb6\xc3\x9f"
	"e}}\n"
	"nothing: [hej]\n";

static void check_names(const struct topics *topics, const char *text)
{
	char names[TOPICS_NAMES_MAX + 1], again[TOPICS_NAMES_MAX + 1];
	topics_of(topics, text, names);
	topics_of(topics, text, again);
	CHECK(strlen(names) <= TOPICS_NAMES_MAX && strcmp(names, again) == 0);
	char *rest = names;
	const char *last = "";
	for (const char *name = strsep(&rest, ","); name != NULL && name[0] != '\0'; name = strsep(&rest, ",")) {
		CHECK(strcmp(last, name) < 0);
		last = name;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	const struct topic_book *book;
	struct topics topics;
	struct fail fail;
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)64 << 20));
	arena_reset(&arena, (size_t)1 << 20);
	const char *text = arena_text(&arena, (const char *)data, size);
	CHECK(text != NULL && topic_file_parse(small, sizeof(small) - 1, "small", &arena, &book, &fail) &&
	      topics_init(&topics, book, &arena));
	check_names(&topics, text);
	if (!topic_file_parse((const char *)data, size, "topics", &arena, &book, &fail)) {
		CHECK(fail.exit_code == EXIT_CONFIG && strncmp(fail.text, "topics:", 7) == 0);
		return 0;
	}
	CHECK(topics_init(&topics, book, &arena));
	check_names(&topics, text);
	CHECK(topics_check(&topics, &fail) || strncmp(fail.text, "topics:", 7) == 0);
	return 0;
}

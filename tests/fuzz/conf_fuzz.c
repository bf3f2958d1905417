/*
 * Any bytes as a configuration file of both programs. Beyond not crashing: a refusal names the file, in showable text, and
 * leaves what was there; what was accepted prints as a file that is accepted and prints the same again.
 */
#include <string.h>

#include "collector/conf.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/edge/conf.h"
#include "tests/fuzz/fuzz.h"

#define STRUCT_SIZE_MAX ((size_t)64 * 1024)

static void check_refusal(const struct fail *fail, const char *conf)
{
	static const char nothing[STRUCT_SIZE_MAX];
	CHECK(fail->exit_code == EXIT_CONFIG && fail->kind == FAIL_FATAL);
	CHECK(strncmp(fail->text, "f.yaml:", 7) == 0);
	CHECK(memcmp(conf, nothing, STRUCT_SIZE_MAX) == 0);
}

/* Values that are not shown read back as what they are by default, and so print the same. */
static void check_taken(const struct conf_schema *schema, const char *conf, struct arena *arena)
{
	static char again[STRUCT_SIZE_MAX];
	struct fail fail;
	const char *text = conf_schema_text(schema, conf, arena);
	CHECK(text != NULL && text_is_utf8(text, strlen(text)));
	CHECK(conf_schema_parse(schema, text, strlen(text), "f.yaml", arena, again, &fail));
	if (strstr(text, "not shown") == NULL) {
		CHECK(strcmp(conf_schema_text(schema, again, arena), text) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct conf_schema *const schemas[] = {&conf_schema, &collect_conf_schema};
	static struct arena arena;
	static char conf[STRUCT_SIZE_MAX];
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)64 << 20));
	for (size_t i = 0; i < COUNT_OF(schemas); i++) {
		struct fail fail;
		CHECK(schemas[i]->size <= sizeof(conf));
		memset(conf, 0, sizeof(conf));
		arena_reset(&arena, (size_t)1 << 20);
		if (conf_schema_parse(schemas[i], (const char *)data, size, "f.yaml", &arena, conf, &fail)) {
			check_taken(schemas[i], conf, &arena);
		} else {
			check_refusal(&fail, conf);
		}
	}
	return 0;
}

/*
 * What matching a subject costs with the default model. Prints µs of this processor a subject. Not a test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/model_file.h"
#include "core/flow/match.h"

#define ROUNDS 2000

static struct subject page(const char *path, const char *title)
{
	return (struct subject){.source = "snowplow",
				.site = "nordlys-web",
				.channel = CHANNEL_WEB,
				.process = "",
				.action = ACTION_PAGE_VIEW,
				.label = "",
				.host = "www.nordlys.test",
				.path = path,
				.title = title,
				.content_id = "",
				.form_id = "",
				.target_host = "",
				.target_path = "",
				.topic = ""};
}

int main(void)
{
	struct arena arena;
	struct model *model;
	struct fail fail;
	CHECK(arena_init(&arena, (size_t)16 * 1024 * 1024));
	if (!model_file_read("conf/model/standard.yaml", &arena, &model, &fail)) {
		fprintf(stderr, "%s\n", fail.text);
		return EXIT_FAILURE;
	}
	clock_t begun = clock();
	struct matcher *matcher = matcher_create(model, &fail);
	CHECK(matcher != NULL);
	double compile_us = (double)(clock() - begun) * 1e6 / CLOCKS_PER_SEC;
	const struct subject subjects[] = {
		page("/prices/", "Prices | Nordlys Marine Navigation"),
		page("/products/skarv-radar/", "Skarv solid-state radar | Nordlys Marine Navigation"),
		page("/", "Navigation for workboats | Nordlys Marine Navigation"),
	};
	long rules = 0;
	begun = clock();
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < COUNT_OF(subjects); i++) {
			struct match match;
			matcher_match(matcher, &subjects[i], &match);
			rules += match.rule;
		}
	}
	size_t matches = ROUNDS * COUNT_OF(subjects);
	double us = (double)(clock() - begun) * 1e6 / CLOCKS_PER_SEC;
	printf("match: %.1f us a subject, %.0f us to compile the model's patterns (checksum %ld)\n",
	       us / (double)matches, compile_us, rules);
	matcher_destroy(matcher);
	arena_finish(&arena);
	return EXIT_SUCCESS;
}

/* model_seen_check(): what is said of contents is said of all of them. */
#include "core/flow/model_seen.h"

#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/findings.h"
#include "core/edge/model_file.h"
#include "tests/table.h"

#define CONTENTS 600

static struct arena arena;

/* Content c0 is known by /p/0, and so on; names do not stand in the order of the alphabet. */
static struct model *with_many_contents(void)
{
	static char text[CONTENTS * 64 + 1024];
	size_t used =
		(size_t)snprintf(text, sizeof(text),
				 "process: standard\nphases: [{name: none, prior: .5}, {name: look, main: early, "
				 "prior: .5, entry: 1}]\nrules:\n- {name: web.a, match: [{path: {is: /p/7}}, "
				 "{path: {is: /p/599}}], example: {action: PAGE_VIEW, url: "
				 "'http://x.test/p/7'}}\ncontents:\n");
	for (unsigned i = 0; i < CONTENTS; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "- {name: c%u, phase: early, path: {is: /p/%u}}\n", i, i);
	}
	struct model *model = NULL;
	struct fail fail;
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
	ck_assert_msg(model_file_parse(text, used, &arena, &model, &fail), "%s", fail.text);
	return model;
}

static struct subject page(const char *path)
{
	return (struct subject){.source = "",
				.site = "",
				.channel = CHANNEL_WEB,
				.process = "",
				.action = ACTION_PAGE_VIEW,
				.label = "",
				.host = "x.test",
				.path = path,
				.title = "",
				.content_id = "",
				.form_id = "",
				.target_host = "",
				.target_path = "",
				.topic = ""};
}

static bool is_said(const struct findings *findings, enum finding_grade grade, const char *what)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->items[i].grade == grade && strcmp(findings->items[i].what, what) == 0) {
			return true;
		}
	}
	return false;
}

START_TEST(all_contents_are_held_against_what_was_seen)
{
	struct model *model = with_many_contents();
	struct matcher *matcher = matcher_create(model, NULL);
	static const char *const paths[] = {"/p/7", "/p/550", "/p/599", "/else", "/P/550"};
	static const uint64_t counted[PHASE_RULES_MAX];
	struct seen_subject subjects[COUNT_OF(paths)] = {0};
	struct findings findings;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		subjects[i].subject = page(paths[i]);
		subjects[i].touches = 10 + i;
		matcher_match(matcher, &subjects[i].subject, &subjects[i].match);
	}
	const struct model_seen seen = {
		.matcher = matcher, .subjects = subjects, .count = COUNT_OF(subjects), .counted = counted};
	ck_assert(findings_init(&findings, 100, &arena));
	model_seen_check(&seen, &findings);
	ck_assert(is_said(&findings, FINDING_WARNING,
			  "content \"c550\" serves early, but of its 25 touches no rule took one"));
	ck_assert_uint_eq(findings.of_grade[FINDING_WARNING], 1);
	bool counts = false;
	for (size_t i = 0; i < findings.count; i++) {
		counts = counts ||
			 strncmp(findings.items[i].what,
				 "597 of 600 contents were not among the 5 subjects seen: c0, c1, c2", 66) == 0;
	}
	ck_assert(counts);
	matcher_destroy(matcher);
	arena_finish(&arena);
}
END_TEST

TEST_MAIN("model_seen", all_contents_are_held_against_what_was_seen)

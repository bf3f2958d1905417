#include "ctl/model_lint_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"

#define DAY_SIZE 10 /* of a moment: 2026-11-25 */

/* Characters that turn the direction of writing would make a line on a terminal read as another one: U+200E, U+200F, U+202A to
 * U+202E, U+2066 to U+2069. */
static unsigned turning_character(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;
	if (bytes[0] != 0xe2 || (bytes[1] != 0x80 && bytes[1] != 0x81)) {
		return 0;
	}
	unsigned code = 0x2000u + (bytes[1] - 0x80u) * 64 + (bytes[2] - 0x80u);
	bool turns = code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
		     (code >= 0x2066 && code <= 0x2069);
	return turns ? code : 0;
}

/* Texts have no control characters (lint_item.c), so that nothing else must be escaped. */
static void print_quoted(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		unsigned code = turning_character(text);
		if (code != 0) {
			printf("\\u%04x", code);
			text += 2;
			continue;
		}
		if (*text == '"' || *text == '\\') {
			putchar('\\');
		}
		putchar(*text);
	}
	putchar('"');
}

/* `key: "text"`, with a comma before all but the first; nothing for an absent text. */
static void print_text(const char *key, const char *text, bool *is_first)
{
	if (text != NULL && text[0] != '\0') {
		printf("%s%s: ", *is_first ? "" : ", ", key);
		print_quoted(text);
		*is_first = false;
	}
}

static void print_pattern(const char *key, const struct model_pattern *pattern, bool *is_first)
{
	static const char *const kinds[MODEL_KIND_COUNT] = {
		[MODEL_REGEX] = "regex", [MODEL_IS] = "is", [MODEL_STARTS] = "starts", [MODEL_GLOB] = "glob"};
	if (pattern->text != NULL) {
		printf("%s%s: {%s: ", *is_first ? "" : ", ", key, kinds[pattern->kind]);
		print_quoted(pattern->text);
		putchar('}');
		*is_first = false;
	}
}

static void print_action(int action, bool *is_first)
{
	if (action != 0) {
		printf("%saction: %s", *is_first ? "" : ", ", action_name(action));
		*is_first = false;
	}
}

static void print_condition(const struct model_condition *condition)
{
	static const char *const engaged[] = {NULL, "10s", "30s", "2min", "10min"};
	bool is_first = true;
	printf("      - {");
	print_action(condition->action, &is_first);
	print_text("source", condition->source, &is_first);
	print_text("site", condition->site, &is_first);
	print_text("host", condition->host, &is_first);
	print_text("content", condition->content, &is_first);
	print_text("topic", condition->topic, &is_first);
	print_text("target_host", condition->target_host, &is_first);
	print_pattern("target", &condition->target, &is_first);
	print_pattern("form", &condition->form, &is_first);
	print_pattern("label", &condition->label, &is_first);
	print_pattern("path", &condition->path, &is_first);
	print_pattern("title", &condition->title, &is_first);
	print_text("engaged", engaged[condition->engagement_min], &is_first);
	printf("}\n");
}

static void print_url(const char *key, const char *host, const char *path, bool *is_first)
{
	char url[2048];
	if (host[0] == '\0') {
		return;
	}
	int size = snprintf(url, sizeof(url), "https://%s%s", host, path);
	CHECK(size > 0 && (size_t)size < sizeof(url)); /* lint_item.c has seen to that */
	print_text(key, url, is_first);
}

static void print_example(const struct subject *subject)
{
	static const unsigned engaged_ms[] = {0, 10000, 30000, 120000, 600000};
	bool is_first = true;
	printf("    example: {");
	print_action(subject->action, &is_first);
	print_text("source", subject->source, &is_first);
	print_text("site", subject->site, &is_first);
	print_text("label", subject->label, &is_first);
	print_url("url", subject->host, subject->path, &is_first);
	print_text("title", subject->title, &is_first);
	print_text("content_id", subject->content_id, &is_first);
	print_text("form_id", subject->form_id, &is_first);
	print_url("target_url", subject->target_host, subject->target_path, &is_first);
	print_text("topic", subject->topic, &is_first);
	CHECK((size_t)subject->engagement < COUNT_OF(engaged_ms));
	if (subject->engagement > 0) {
		printf(", engaged_ms: %u", engaged_ms[subject->engagement]);
	}
	printf("}\n");
}

static void print_counts(const struct lint_rule *rule)
{
	char moment[MOMENT_TEXT_SIZE];
	moment_print(rule->last_us, moment);
	printf("  # %" PRIu64 " %s, the last on %.*s", rule->touches, rule->touches == 1 ? "touch" : "touches",
	       DAY_SIZE, moment);
	if (rule->texts > 1) {
		printf("; %zu different ones: ", rule->texts);
		for (size_t i = 0; i < LINT_SHOWN && rule->shown[i].text != NULL; i++) {
			printf("%s", i > 0 ? ", " : "");
			print_quoted(rule->shown[i].text);
			printf(" %" PRIu64, rule->shown[i].touches);
		}
		printf("%s", rule->texts > LINT_SHOWN ? ", …" : "");
	}
	if (rule->example->match.content[0] != '\0') {
		printf("; content %s", rule->example->match.content);
	}
	printf("\n");
}

static void print_rule(const struct lint_rule *rule)
{
	print_counts(rule);
	printf("  - name: %s\n    points: {}\n    match:\n", rule->name);
	print_condition(&rule->condition);
	print_example(&rule->example->subject);
}

/* Those behind all rules stand together, of whatever channel. */
static bool is_same_place(const struct lint_rule *a, const struct lint_rule *b)
{
	return a->example->match.process == b->example->match.process &&
	       (a->condition.line > 0) == (b->condition.line > 0) &&
	       (a->condition.line == 0 || a->example->match.rule == b->example->match.rule);
}

/* " line 102", " lines 102, 104": of the conditions of `other` that rules from here on must stand before. */
static void print_lines(const struct lint_rule *rules, size_t count)
{
	unsigned last = rules[0].condition.line;
	size_t end = 1;
	bool several = false;
	for (; end < count && is_same_place(&rules[0], &rules[end]); end++) {
		several = several || rules[end].condition.line != last;
	}
	printf(" line%s %u", several ? "s" : "", last);
	for (size_t i = 1; i < end; i++) {
		if (rules[i].condition.line != last) {
			last = rules[i].condition.line;
			printf(", %u", last);
		}
	}
}

/* Of the first of `count` rules. */
static void print_place(const struct model_process *process, const struct lint_rule *rule, size_t count)
{
	const struct model_rule *other = &process->rules[rule->example->match.rule];
	if (rule->condition.line == 0) {
		printf("\n# %s, behind all rules:\n", process->file);
	} else {
		printf("\n# %s:%u, before rule %s, which takes these by", process->file, other->line, other->name);
		print_lines(rule, count);
		printf(":\n");
	}
	printf("# phases:");
	for (unsigned k = 0; k < process->states; k++) {
		printf("%s %s", k > 0 ? "," : "", process->state_names[k]);
	}
	printf("\n");
}

void model_lint_print(const struct model *model, const struct lint *lint)
{
	for (size_t i = 0; i < lint->count; i++) {
		if (i == 0 || !is_same_place(&lint->rules[i - 1], &lint->rules[i])) {
			print_place(&model->processes[lint->rules[i].example->match.process], &lint->rules[i],
				    lint->count - i);
		}
		print_rule(&lint->rules[i]);
	}
}

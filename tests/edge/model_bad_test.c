/* Model files that people get wrong, or mean badly: each is a clear error with its line, all of them at once, and none of them does harm. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/findings.h"
#include "core/edge/model_file.h"
#include "core/flow/examples.h"
#include "core/flow/model_check.h"
#include "core/flow/model_patterns.h"
#include "tests/random.h"
#include "tests/table.h"

static struct arena arena;

static void setup(void)
{
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
}

/* All that is found in a file of this text; "FILE" stands for its name. */
static struct findings check(const char *text, size_t size)
{
	char path[64];
	struct findings findings;
	struct model *model;
	struct fail fail;
	int file = memfd_create("model", MFD_CLOEXEC);
	ck_assert(file >= 0 && write(file, text, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	ck_assert(findings_init(&findings, 100, &arena));
	if (model_file_check(path, &arena, &findings, &model) && model_patterns_check(model, &findings)) {
		struct matcher *matcher = matcher_create(model, &fail);
		ck_assert_msg(matcher != NULL, "%s", fail.text);
		if (examples_check(model, matcher, NULL, 0, &findings)) {
			model_check_rules(model, &findings);
			model_check_contents(model, matcher, &findings);
		}
		matcher_destroy(matcher);
	}
	close(file);
	findings_sort(&findings);
	return findings;
}

/* "4 error: what | instead", one after another, with a line end between. */
static const char *told(const struct findings *findings)
{
	const char *text = "";
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		text = arena_print(&arena, "%s%s%u %s: %s%s%s", text, i > 0 ? "\n" : "", finding->line,
				   finding_grade_name(finding->grade), finding->what,
				   finding->instead[0] != '\0' ? " | " : "", finding->instead);
		ck_assert_ptr_nonnull(text);
	}
	return text;
}

#define HEAD \
	"process: standard\n" \
	"phases: [{name: none, prior: .5}, {name: look, main: early, prior: .25, entry: 1}, {name: buy, main: " \
	"late, prior: .25}]\n"
#define VIEW(name, path) \
	"- {name: " name ", match: [{path: " path "}], example: {action: PAGE_VIEW, url: 'http://x.test/a'}}\n"
#define RULES HEAD "rules:\n"

/* ---- What cannot be used ---- */

START_TEST(bad_models_are_clear_errors_with_their_line)
{
	setup();
	static const struct {
		const char *text, *told;
	} rows[] = {
		/* numbers and words */
		{RULES "- name: web.a\n  points: {look: 4, buy: -1, none: two}\n",
		 "5 error: \"points.look\" must be 0, 1, 2 or 3, not 4\n"
		 "5 error: \"points.buy\" must be 0, 1, 2 or 3, not -1\n"
		 "5 error: \"points.none\" must be 0, 1, 2 or 3, not two"},
		{RULES "- name: web.a\n  points: {lok: 1, late: 2}\n",
		 "5 error: \"points\": \"lok\" is no phase of this process (did you mean \"look\"?)\n"
		 "5 error: \"points\": \"late\" is no phase of this process (known: none, look, buy)"},
		{RULES
		 "- {name: .pricing}\n- {name: web.}\n- {name: pricing}\n- {name: emial.click}\n- {name: crm.x}\n",
		 "4 error: rule \".pricing\": a name begins with its channel: web. email. or chat.\n"
		 "5 error: rule \"web.\": a word is missing behind the channel, as in web.pricing\n"
		 "6 error: rule \"pricing\": a name begins with its channel: web. email. or chat.\n"
		 "7 error: rule \"emial.click\": a name begins with its channel: web. email. or chat. (did you "
		 "mean \"email.\"?)\n"
		 "8 error: rule \"crm.x\": a name begins with its channel: web. email. or chat."},
		{RULES VIEW("web.a", "^/a") VIEW("web.a", "^/b"),
		 "5 error: rule \"web.a\" stands twice (first on line 4)"},
		{RULES "- {name: web.a, frequncy: rare}\n- {name: web.b, frequency: often}\n",
		 "4 error: unknown key \"frequncy\" (did you mean \"frequency\"?)\n"
		 "5 error: \"frequency\": \"often\" is not a word for it (known: common, normal, rare)"},
		{HEAD "rules:\n- {name: web.a, match: [{content: pricelist}], example: {action: PAGE_VIEW}}\n"
		      "contents: [{name: price-list, path: x}]\n",
		 "4 error: \"content\": \"pricelist\" is none of the contents (did you mean \"price-list\"?)"},
		{HEAD "contents:\n- {name: a, path: x}\n- {name: b}\n- {name: a, path: z}\n",
		 "5 error: content \"b\" needs \"path\" or \"content_id\" to be known by\n"
		 "6 error: content \"a\" stands twice (first on line 4): give each a name of its own"},
		{"process: standard\nphases:\n- {name: none, prior: .5}\n- {name: a, main: erly, prior: .5, "
		 "entry: 1}\n"
		 "- {name: b, main: late, prior: x}\nrules:\n- {name: web.a, points: {b: 9}}\n",
		 "4 error: \"main\": \"erly\" is not a word for it (did you mean \"early\"?)\n"
		 "5 error: \"prior\" must be a number, not \"x\""},
		/* layout */
		{"process: standard\nrules:\n\t- {name: web.a}\n",
		 "3 error: not YAML: found a tab character (a tab: YAML wants spaces)"},
		{RULES "- name: web.a\n\tpoints: {}\n",
		 "5 error: not YAML: found a tab character (a tab: YAML wants spaces)"},
		{RULES "- name: web.a\n   points: {}\n", "5 error: not YAML: mapping values are not allowed in "
							 "this context (a \": \" too many: a text that holds one "
							 "stands in quotes, 'a: b')"},
		{RULES "- {name: web.a, match: [{path: /a\n",
		 "5 error: not YAML: did not find expected ',' or '}' while parsing a flow mapping that begins on "
		 "line 4 (not "
		 "closed by }; or a text that holds [ ] { } or , needs quotes)"},
		{HEAD "process: standard\n", "3 error: key \"process\" stands twice (first on line 1)"},
		{HEAD "---\n" HEAD, "3 error: more than one document"},
		{"process: standard\r\nphases: 7\r\n", "2 error: \"phases\" must be a list"},
		{"\xef\xbb\xbfprocess: standard\nphases: 7\n", "2 error: \"phases\" must be a list"},
		{RULES "- name: \"web.a\xe2\x80\xa8\"\n",
		 "4 error: \"name\": \"web.a\xe2\x80\xa8\" is no name: lower-case letters, digits, "
		 "_ - . and at most 64 of them"},
		{RULES "- name: w\xe9"
		       "b\n",
		 "4 error: not UTF-8 text (save the file as UTF-8)"},
		{RULES "- name: \"web\\0\"\n", "4 error: a text holds a NUL byte"},
		/* what makes a small file large, or a short text long */
		{"a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n",
		 "1 error: anchors (&name) are not read here: write it out where it is needed"},
		{"a: [x]\nb: *a\n",
		 "2 error: aliases (*name) are not read here: write it out (or in quotes, if a text begins "
		 "with *)"},
		{"a:\n"
		 "  [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
		 "2 error: nested too deeply"},
		{RULES "- {name: web.a, match: [{path: '^/(a+)+$'}], example: {action: PAGE_VIEW, url: "
		       "'http://x.test/a'}}\n",
		 "4 error: rule \"web.a\": \"path\": \"^/(a+)+$\" tries without end on some texts (one of 1024 "
		 "bytes is "
		 "enough), and would count as not fitting them | one repetition, not one inside another: "
		 "([a-z]+)+ says no "
		 "more than [a-z]+; or {starts: …}, {glob: …}"},
		{RULES "- {name: web.a, match: [{path: '^/[a'}, {title: '(b'}], example: {action: PAGE_VIEW}}\n",
		 "4 error: rule \"web.a\": \"path\": \"^/[a\" is no pattern: missing terminating ] for character "
		 "class at "
		 "character 5 | mend it; where the text is meant as it stands, {is: …} or {starts: …} needs no "
		 "signs\n"
		 "4 error: rule \"web.a\": \"title\": \"(b\" is no pattern: missing closing parenthesis at "
		 "character 3 | mend "
		 "it; where the text is meant as it stands, {is: …} or {starts: …} needs no signs"},
		{HEAD "contents: [{name: a, path: '(x|x)*y$'}]\n",
		 "3 error: content \"a\": \"path\": \"(x|x)*y$\" tries without end on some texts (one of 1024 "
		 "bytes is enough), "
		 "and would count as not fitting them | one repetition, not one inside another: ([a-z]+)+ says no "
		 "more than "
		 "[a-z]+; or {starts: …}, {glob: …}"},
		/* several at once */
		{RULES "- name: web.a\n  points: {look: 5}\n  match:\n  - {pth: x}\n  - {action: PAGE_VEIW}\n  "
		       "example: {}\n"
		       "- {name: web.b}\n",
		 "5 error: \"points.look\" must be 0, 1, 2 or 3, not 5\n"
		 "7 error: unknown key \"pth\" (did you mean \"path\"?)\n"
		 "8 error: \"action\": \"PAGE_VEIW\" is no action (did you mean \"PAGE_VIEW\"?)\n"
		 "9 error: \"action\" is missing\n"
		 "10 error: rule \"web.b\" has no \"match\""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct findings findings = check(rows[i].text, strlen(rows[i].text));
		ck_assert_msg(strcmp(told(&findings), rows[i].told) == 0, "row %zu: %s\nwanted: %s", i,
			      told(&findings), rows[i].told);
		ck_assert_uint_eq(findings.of_grade[FINDING_ERROR], findings.count);
	}
}
END_TEST

START_TEST(ten_megabytes_are_refused_at_the_line_where_they_are_too_many)
{
	setup();
	static char text[10 * 1024 * 1024];
	memset(text, '#', sizeof(text));
	for (size_t i = 1023; i < sizeof(text); i += 1024) {
		text[i] = '\n';
	}
	struct findings findings = check(text, sizeof(text));
	ck_assert_str_eq(told(&findings),
			 "4097 error: over 4194304 bytes (what stands before this line is as much as is read)");
}
END_TEST

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *out = fopen(path, "w");
	ck_assert(out != NULL && fputs(text, out) >= 0 && fclose(out) == 0);
}

START_TEST(two_files_that_name_one_process_are_told_apart_and_every_file_is_looked_at)
{
	setup();
	char folder[] = "/tmp/model-bad-XXXXXX", wanted[512];
	struct findings findings;
	struct model *model = NULL;
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file(folder, "1.yaml", HEAD);
	write_file(folder, "2.yaml", "# the same\n" HEAD);
	write_file(folder, "3.yaml", "process: tender\nrulse: []\n");
	ck_assert(findings_init(&findings, 100, &arena));
	ck_assert(!model_file_check(folder, &arena, &findings, &model));
	ck_assert_ptr_null(model);
	snprintf(wanted, sizeof(wanted),
		 "2 error: process \"standard\" stands in %s/1.yaml already\n"
		 "2 error: unknown key \"rulse\" (did you mean \"rules\"?)",
		 folder);
	ck_assert_str_eq(told(&findings), wanted);
	for (int i = 1; i <= 3; i++) {
		char path[64];
		snprintf(path, sizeof(path), "%s/%d.yaml", folder, i);
		unlink(path);
	}
	rmdir(folder);
}
END_TEST

START_TEST(more_errors_than_there_is_room_for_are_counted)
{
	setup();
	static char text[64 * 1024];
	size_t used = (size_t)snprintf(text, sizeof(text), RULES);
	for (int i = 0; i < 150; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "- {name: web.r%d, frequency: x}\n", i);
	}
	struct findings findings = check(text, used);
	ck_assert(findings.cut);
	ck_assert_uint_eq(findings.count, 100);
}
END_TEST

/* ---- Whatever else there is in a file ---- */

/* A whole file that says much, cut anywhere, or with bytes that somebody's cat has typed. */
static size_t read_standard(char *text, size_t size)
{
	FILE *file = fopen("conf/model/standard.yaml", "r");
	ck_assert_ptr_nonnull(file);
	size_t used = fread(text, 1, size, file);
	ck_assert(used > 0 && used < size);
	fclose(file);
	return used;
}

static void check_one_line_each(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		ck_assert_ptr_null(strchr(findings->items[i].what, '\n'));
		ck_assert_ptr_null(strchr(findings->items[i].instead, '\n'));
	}
}

START_TEST(a_file_that_was_cut_or_mistyped_is_refused_with_a_line_or_is_another_model)
{
	setup();
	static char good[64 * 1024], text[64 * 1024];
	size_t size = read_standard(good, sizeof(good)), mark = arena.used;
	uint64_t state = 7;
	for (unsigned round = 0; round < 200; round++) {
		static const char typed[] = "\t\n {}[]&*:-\"'#x0\\";
		arena_back(&arena, mark);
		memcpy(text, good, size);
		size_t used = round % 2 == 0 ? (size_t)random_below(&state, size) : size;
		for (unsigned i = 0; round % 2 == 1 && i < 3; i++) {
			text[random_below(&state, size)] = typed[random_below(&state, sizeof(typed) - 1)];
		}
		struct findings findings = check(text, used);
		check_one_line_each(&findings);
		for (size_t i = 0; i < findings.count; i++) {
			bool whole = strstr(findings.items[i].what, "no process \"standard\"") != NULL;
			ck_assert_msg(whole || findings.items[i].line > 0, "%s", told(&findings));
		}
	}
}
END_TEST

TEST_MAIN("model_bad", bad_models_are_clear_errors_with_their_line,
	  ten_megabytes_are_refused_at_the_line_where_they_are_too_many,
	  two_files_that_name_one_process_are_told_apart_and_every_file_is_looked_at,
	  more_errors_than_there_is_room_for_are_counted,
	  a_file_that_was_cut_or_mistyped_is_refused_with_a_line_or_is_another_model)

/* core/edge/model_file.h: the default model, what is refused and how, and the canonical text. */
#include "core/edge/model_file.h"

#include <string.h>

#include "core/base/arena.h"
#include "tests/table.h"
#include "tests/vectors/vectors.h"

static struct arena arena;

static void setup(void)
{
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
}

static struct model *parse(const char *text)
{
	struct model *model = NULL;
	struct fail fail;
	ck_assert_msg(model_file_parse(text, strlen(text), &arena, &model, &fail), "%s", fail.text);
	return model;
}

static struct model *read_standard(void)
{
	struct model *model = NULL;
	struct fail fail;
	ck_assert_msg(model_file_read("conf/model/standard.yaml", &arena, &model, &fail), "%s", fail.text);
	return model;
}

/* ---- The default model ---- */

static const struct model_rule *rule_of(const struct model_process *process, const char *name)
{
	for (unsigned r = 0; r < process->rule_count; r++) {
		if (strcmp(process->rules[r].name, name) == 0) {
			return &process->rules[r];
		}
	}
	ck_abort_msg("no rule %s", name);
}

START_TEST(the_default_model_has_the_numbers_of_the_reference)
{
	setup();
	struct vectors *vectors = vectors_read();
	const struct model *model = read_standard();
	ck_assert_uint_eq(model->process_count, 1);
	const struct model_process *got = &model->processes[0], *wanted = &vectors->model;
	ck_assert_str_eq(got->name, "standard");
	ck_assert_uint_eq(got->states, wanted->states);
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		ck_assert_str_eq(got->state_names[k], wanted->state_names[k]);
		ck_assert_int_eq(got->state_main[k], wanted->state_main[k]);
		ck_assert(got->prior[k] == wanted->prior[k] && got->entry[k] == wanted->entry[k]);
	}
	ck_assert(got->dwell_days == 20 && got->dwell_none_days == 90 && got->back == .25 && got->stall == .2);
	ck_assert(got->unit == .5);
	ck_assert_mem_eq(got->power, wanted->power, sizeof(got->power));
	ck_assert_uint_eq(got->rule_count, 33);
	for (unsigned r = 0; r < wanted->rule_count; r++) {
		const struct model_rule *rule = rule_of(got, wanted->rules[r].name);
		ck_assert_int_eq(rule->channel, wanted->rules[r].channel);
		ck_assert_int_eq(rule->frequency, wanted->rules[r].frequency);
		ck_assert(rule->ignored == wanted->rules[r].ignored);
		ck_assert_msg(memcmp(rule->points, wanted->rules[r].points, sizeof(rule->points)) == 0, "%s",
			      rule->name);
		ck_assert(!rule->claims && rule->example != NULL);
		ck_assert_msg((rule->example->action == ACTION_EMAIL_CLICK) == vectors->mail_click[r], "%s",
			      rule->name);
	}
	free(vectors);
}
END_TEST

/* ---- The canonical text ---- */

START_TEST(the_canonical_text_reads_back_to_the_same_model)
{
	setup();
	struct model *model = NULL;
	struct fail fail;
	ck_assert_msg(model_file_read("conf/model", &arena, &model, &fail), "%s", fail.text);
	const struct model *again = parse(model->text);
	ck_assert_str_eq(again->text, model->text);
	ck_assert(again->version == model->version);
	ck_assert_uint_eq(strlen(model->text), model->text_size);
}
END_TEST

#define PHASES "phases: [{name: none, prior: .5}, {name: look, main: early, prior: .5, entry: 1}]\n"
#define RULE "- {name: web.a, match: [{path: ^/a}], example: {action: PAGE_VIEW, url: 'http://x.test/a'}}\n"
#define SMALL "process: standard\n" PHASES "rules:\n" RULE

START_TEST(the_version_is_that_of_the_meaning_not_of_the_layout)
{
	setup();
	static const struct {
		const char *text;
		bool same;
	} rows[] = {
		{SMALL, true},
		{"# a comment\nunit: 0.50\nrules:\n  - match:\n    - path: \"^/a\"\n    name: web.a\n    "
		 "frequency: normal\n"
		 "    points: {look: 0}\n    example:\n      url: http://x.test/a\n      action: PAGE_VIEW\n"
		 "phases:\n- name: none\n  prior: 5e-1\n- {entry: 1.0, prior: 0.5, name: look, main: "
		 "early}\nprocess: standard\n"
		 "moves: {back: .250}\ncontents: []\n",
		 true},
		{SMALL "- {name: email.other}\n- {name: web.other, frequency: common}\n- {name: chat.other}\n",
		 false},
		{SMALL "- {name: web.other, frequency: common}\n- {name: email.other}\n- {name: chat.other}\n",
		 true},
		{SMALL "unit: 0.6\n", false},
		{SMALL "moves: {stall: .3}\n", false},
		{SMALL "contents: [{name: c, path: ^/a}]\n", false},
		{"process: standard\n" PHASES "rules:\n- {name: web.a, frequency: rare, match: [{path: ^/a}], "
		 "example: {action: PAGE_VIEW, url: 'http://x.test/a'}}\n",
		 false},
		{"process: standard\n" PHASES
		 "rules:\n- {name: web.a, match: [{path: {regex: ^/a}}], example: {action: "
		 "PAGE_VIEW, url: 'http://x.test/a'}}\n",
		 true},
		{"process: standard\n" PHASES
		 "rules:\n- {name: web.a, match: [{path: {starts: ^/a}}], example: {action: "
		 "PAGE_VIEW, url: 'http://x.test/a'}}\n",
		 false},
		{"process: standard\n" PHASES "rules:\n- {name: web.a, match: [{path: ^/ab}], example: {action: "
		 "PAGE_VIEW, url: 'http://x.test/a'}}\n",
		 false},
	};
	uint64_t version = parse(SMALL)->version;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct model *model = parse(rows[i].text);
		ck_assert_msg((model->version == version) == rows[i].same, "row %zu:\n%s", i, model->text);
		ck_assert(parse(model->text)->version == model->version);
	}
}
END_TEST

START_TEST(odd_texts_survive_the_canonical_text)
{
	setup();
	const struct model *model =
		parse("process: standard\n" PHASES "rules:\n"
		      "- name: web.a\n  match: [{path: '\\d\"[\\\\]#: ', title: \"bl\xc3\xa5 'x' {}\"}, "
		      "{property: {key: plan, value: '- x'}}]\n"
		      "  example: {action: CUSTOM, label: '*& !%@`', properties: {b: yes, a: \"1\"}}\n"
		      "contents: [{name: x, title: '{a: b}', content_id: ' y '}]\n");
	const struct model *again = parse(model->text);
	ck_assert_str_eq(again->text, model->text);
	const struct model_rule *rule = &again->processes[0].rules[0];
	ck_assert_str_eq(rule->conditions[0].path.text, "\\d\"[\\\\]#: ");
	ck_assert_str_eq(rule->conditions[0].title.text, "bl\xc3\xa5 'x' {}");
	ck_assert_str_eq(rule->conditions[1].property_value.text, "- x");
	ck_assert_str_eq(rule->example->label, "*& !%@`");
	ck_assert_uint_eq(rule->example->properties_count, 2);
	ck_assert_str_eq(again->processes[0].contents[0].content_id, " y ");
}
END_TEST

START_TEST(every_kind_of_pattern_survives_the_canonical_text)
{
	setup();
	const struct model *model = parse("process: standard\n" PHASES "rules:\n"
					  "- name: web.a\n  match: [{path: {is: '/a\"\\'}, title: {starts: A}, "
					  "label: {glob: '\\**?'}, form: "
					  "{regex: x}, target: y}, {property: {key: plan, value: {is: pro}}}]\n"
					  "  example: {action: CUSTOM}\n"
					  "contents: [{name: x, path: {starts: /x}}]\n");
	const struct model *again = parse(model->text);
	ck_assert_str_eq(again->text, model->text);
	ck_assert(again->version == model->version);
	const struct model_condition *conditions = again->processes[0].rules[0].conditions;
	const struct {
		const struct model_pattern *pattern;
		enum model_kind kind;
		const char *text;
	} rows[] = {
		{&conditions[0].path, MODEL_IS, "/a\"\\"},
		{&conditions[0].title, MODEL_STARTS, "A"},
		{&conditions[0].label, MODEL_GLOB, "\\**?"},
		{&conditions[0].form, MODEL_REGEX, "x"},
		{&conditions[0].target, MODEL_REGEX, "y"},
		{&conditions[1].property_value, MODEL_IS, "pro"},
		{&again->processes[0].contents[0].path, MODEL_STARTS, "/x"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_int_eq(rows[i].pattern->kind, rows[i].kind);
		ck_assert_str_eq(rows[i].pattern->text, rows[i].text);
	}
}
END_TEST

START_TEST(several_processes_are_read_standard_last)
{
	setup();
	const struct model *model =
		parse("processes:\n- {process: standard, phases: [{name: none, prior: .5}, {name: look, main: "
		      "early, prior: .5, entry: 1}]}\n"
		      "- process: tender\n  unit: 1\n  phases: [{name: none, prior: .5}, {name: ask, main: mid, "
		      "prior: .25, "
		      "entry: 1}, {name: bid, main: late, prior: .25}]\n");
	ck_assert_uint_eq(model->process_count, 2);
	ck_assert_str_eq(model->processes[0].name, "tender");
	ck_assert_str_eq(model->processes[1].name, "standard");
	ck_assert_uint_eq(model->processes[0].states, 3);
	ck_assert_uint_eq(model->processes[0].rule_count, 3);
	ck_assert(model->processes[0].power[1] > 2.718 && model->processes[0].power[1] < 2.719);
	ck_assert(parse(model->text)->version == model->version);
}
END_TEST

/* ---- What is refused ---- */

#define HEAD "process: standard\n" PHASES

START_TEST(a_wrong_model_names_line_key_and_nearest_word)
{
	setup();
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"", "model:1: \"process\" is missing"},
		{"processes: []\n", "model: no process \"standard\""},
		{"process: tender\n" PHASES, "model: no process \"standard\""},
		{"process: Standard\n" PHASES, "model:1: \"process\": \"Standard\" is no name: lower-case "
					       "letters, digits, _ - . and at most 64 of them"},
		{HEAD "rulse: []\n", "model:3: unknown key \"rulse\" (did you mean \"rules\"?)"},
		{"process: standard\n", "model:1: \"phases\" needs none and at least one more"},
		{"process: standard\nphases: [{name: none, prior: 1}]\n",
		 "model:2: \"phases\" needs none and at least one more"},
		{"process: standard\nphases:\n- {name: look, prior: .5}\n- {name: b, main: early, prior: .5, "
		 "entry: 1}\n",
		 "model:3: the first phase, and no other, is \"none\": in no buying process"},
		{"process: standard\nphases:\n- {name: none, prior: .5}\n- {name: b, main: erly, prior: .5, "
		 "entry: 1}\n",
		 "model:4: \"main\": \"erly\" is not a word for it (did you mean \"early\"?)"},
		{"process: standard\nphases:\n- {name: none, prior: .5}\n- {name: mid, main: early, prior: .5, "
		 "entry: 1}\n",
		 "model:4: \"mid\" is a main phase: a fine one needs another name"},
		{"process: standard\nphases:\n- {name: none, prior: .5}\n- {name: b, main: late, prior: .5, "
		 "entry: 1}\n"
		 "- {name: c, main: mid, prior: 0}\n",
		 "model:5: phases go from early over mid to late: \"c\" comes too late in the list"},
		{"process: standard\nphases:\n- {name: none, prior: .5}\n- {name: b, main: late, prior: .5, "
		 "entry: 1}\n"
		 "- {name: b, main: late, prior: 0}\n",
		 "model:5: phase \"b\" stands twice"},
		{"process: standard\nphases:\n- {name: none, prior: .5}\n- {name: b, main: late, prior: .4, "
		 "entry: 1}\n",
		 "model:3: \"prior\" of all phases must sum to 1, not 0.9"},
		{"process: standard\nphases:\n- {name: none, prior: .5}\n- {name: b, main: late, prior: .5}\n",
		 "model:3: \"entry\" of all phases but none must sum to 1, not 0"},
		{"process: standard\nphases:\n- {name: none, prior: 1}\n- {name: b, main: late, prior: 0, entry: "
		 "1}\n",
		 "model:3: \"prior\" of none must leave something to the others"},
		{HEAD "unit: 3\n", "model:3: \"unit\" must be from 0.01 to 2, not 3"},
		{HEAD "moves: {dwell_days: 0}\n",
		 "model:3: \"moves.dwell_days\" must be from 0.1 to 3650 days, not 0"},
		{HEAD "moves: {back: .7, stall: .4}\n",
		 "model:3: \"moves.back\" and \"moves.stall\" must not sum to more than 1"},
		{HEAD "rules: {}\n", "model:3: \"rules\" must be a list"},
		{HEAD "rules:\n- web.blog\n", "model:4: a map of keys is expected"},
		{HEAD "rules:\n- {name: webb.blog}\n",
		 "model:4: rule \"webb.blog\": a name begins with its channel: web. email. or chat. (did you mean "
		 "\"web.\"?)"},
		{HEAD "rules:\n- {name: crm.x}\n",
		 "model:4: rule \"crm.x\": a name begins with its channel: web. email. or chat."},
		{HEAD "rules:\n- {name: web.a}\n", "model:4: rule \"web.a\" has no \"match\""},
		{HEAD "rules:\n- {name: web.a, match: [{path: a}]}\n",
		 "model:4: rule \"web.a\" has no \"example\": an event that must match it"},
		{SMALL RULE, "model:5: rule \"web.a\" stands twice (first on line 4)"},
		{HEAD "rules:\n- {name: web.other, evidence: ignored}\n",
		 "model:4: rule \"web.other\" cannot be ignored: what a touch says depends on it"},
		{HEAD "rules:\n- {name: web.a, frequency: comon}\n",
		 "model:4: \"frequency\": \"comon\" is not a word for it (did you mean \"common\"?)"},
		{HEAD "rules:\n- name: web.a\n  points: {lok: 1}\n",
		 "model:5: \"points\": \"lok\" is no phase of this process (did you mean \"look\"?)"},
		{HEAD "rules:\n- name: web.a\n  points: {look: 4}\n",
		 "model:5: \"points.look\" must be 0, 1, 2 or 3, not 4"},
		{HEAD "rules:\n- name: web.a\n  match:\n  - {pth: a}\n",
		 "model:6: unknown key \"pth\" (did you mean \"path\"?)"},
		{HEAD "rules:\n- name: web.a\n  match:\n  - {}\n",
		 "model:6: an empty condition would take everything"},
		{HEAD "rules:\n- name: web.a\n  match:\n  - {action: PAGE_VEIW}\n",
		 "model:6: \"action\": \"PAGE_VEIW\" is no action (did you mean \"PAGE_VIEW\"?)"},
		{HEAD "rules:\n- name: email.a\n  match:\n  - {action: EMAIL_SENT}\n",
		 "model:6: \"action\": EMAIL_SENT is never evidence, so no rule can take it"},
		{HEAD "contents: [{name: price-list, path: x}]\nrules:\n- name: web.a\n  match:\n  - {content: "
		      "pricelist}\n",
		 "model:7: \"content\": \"pricelist\" is none of the contents (did you mean \"price-list\"?)"},
		{HEAD "rules:\n- name: web.a\n  match:\n  - {property: {key: plan}}\n",
		 "model:6: \"property\" needs \"key\" and \"value\""},
		{HEAD "rules:\n- name: web.a\n  match:\n  - {path: {start: /a}}\n",
		 "model:6: \"path\": \"start\" is not a word for it (did you mean \"starts\"?)"},
		{HEAD "rules:\n- name: web.a\n  match:\n  - {path: {starts: /a, is: /a/b}}\n",
		 "model:6: \"path\" must be a text, or one of {is: …}, {starts: …}, {glob: …}, {regex: …}"},
		{HEAD "rules:\n- name: web.a\n  match:\n  - {property: {key: plan, value: {is: [a, b]}}}\n",
		 "model:6: \"property.value\" must be a text, or one of {is: …}, {starts: …}, {glob: …}, {regex: "
		 "…}"},
		{HEAD "rules:\n- name: web.a\n  match:\n  - {title: {is: ''}}\n",
		 "model:6: \"title\": an empty text is nothing to look for"},
		{HEAD "rules:\n- name: web.a\n  match:\n  - {label: {glob: 'a*\\\\\\'}}\n",
		 "model:6: \"label\": \"a*\\\\\\\" ends with a \\ that stands before nothing"},
		{HEAD "contents:\n- {name: a, path: {glub: x}}\n",
		 "model:4: \"path\": \"glub\" is not a word for it (did you mean \"glob\"?)"},
		{HEAD "rules:\n- name: web.a\n  match:\n  - {engaged: 1min}\n",
		 "model:6: \"engaged\": \"1min\" is not a word for it (did you mean \"2min\"?)"},
		{HEAD "rules:\n- name: web.a\n  match: [{path: a}]\n  example: {path: a}\n",
		 "model:6: unknown key \"path\" (known: action, source, site, label, url, title, content_id, "
		 "form_id, target_url, "
		 "topic, engaged_ms, properties)"},
		{HEAD "rules:\n- name: web.a\n  match: [{path: a}]\n  example: {url: 'http://x.test/a'}\n",
		 "model:6: \"action\" is missing"},
		{HEAD "rules:\n- name: web.a\n  match: [{path: \"a\\nb\"}]\n",
		 "model:5: \"path\" must be one line without control characters"},
		{HEAD "contents:\n- {name: a}\n",
		 "model:4: content \"a\" needs \"path\" or \"content_id\" to be known by"},
		{HEAD "contents:\n- {name: a, path: x}\n- {name: a, path: y}\n",
		 "model:5: content \"a\" stands twice (first on line 4): give each a name of its own"},
		{HEAD "contents:\n- {name: a, path: x, phase: middle}\n",
		 "model:4: \"phase\": \"middle\" is not a word for it (did you mean \"mid\"?)"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct model *model = NULL;
		struct fail fail = {0};
		ck_assert_msg(!model_file_parse(rows[i].text, strlen(rows[i].text), &arena, &model, &fail),
			      "row %zu", i);
		ck_assert_str_eq(fail.text, rows[i].error);
		ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
		ck_assert_ptr_null(model);
	}
}
END_TEST

/* The canonical text names the `other` rules too, and must fit the same limit. */
START_TEST(as_many_rules_as_fit_fit_once_more)
{
	setup();
	for (unsigned count = PHASE_RULES_MAX - 3; count <= PHASE_RULES_MAX - 2; count++) {
		static char text[512 * 1024];
		size_t used = (size_t)snprintf(text, sizeof(text), HEAD "rules:\n");
		for (unsigned r = 0; r < count; r++) {
			used += (size_t)snprintf(
				text + used, sizeof(text) - used,
				"- {name: web.r%u, match: [{path: x}], example: {action: CUSTOM}}\n", r);
		}
		struct model *model = NULL, *again = NULL;
		struct fail fail = {0};
		bool fits = count + 3 <= PHASE_RULES_MAX;
		ck_assert(model_file_parse(text, used, &arena, &model, &fail) == fits);
		ck_assert_str_eq(
			fail.text,
			fits ? ""
			     : "model:4: \"rules\" has over 2048 entries, counting those for touches that "
			       "match nothing");
		ck_assert(!fits || model_file_parse(model->text, model->text_size, &arena, &again, &fail));
	}
}
END_TEST

START_TEST(files_and_folders_are_read)
{
	static const char *const names[] = {"call-off", "innovation", "parts", "tender", "standard"};
	setup();
	struct model *model = NULL;
	struct fail fail;
	const struct model *one = read_standard();
	ck_assert_msg(model_file_read("conf/model", &arena, &model, &fail), "%s", fail.text);
	ck_assert_uint_eq(model->process_count, COUNT_OF(names));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		ck_assert_str_eq(model->processes[i].name, names[i]);
	}
	ck_assert(model->version != one->version);
	ck_assert_uint_eq(model->processes[4].rule_count, one->processes[0].rule_count);
	ck_assert(!model_file_read("tests/none.yaml", &arena, &model, &fail));
	ck_assert_str_eq(fail.text, "tests/none.yaml: No such file or directory");
	ck_assert(!model_file_read("tests/edge", &arena, &model, &fail));
	ck_assert_str_eq(fail.text, "tests/edge: no *.yaml file in it that can be read");
}
END_TEST

TEST_MAIN("model_file", the_default_model_has_the_numbers_of_the_reference,
	  the_canonical_text_reads_back_to_the_same_model, the_version_is_that_of_the_meaning_not_of_the_layout,
	  odd_texts_survive_the_canonical_text, every_kind_of_pattern_survives_the_canonical_text,
	  several_processes_are_read_standard_last, a_wrong_model_names_line_key_and_nearest_word,
	  as_many_rules_as_fit_fit_once_more, files_and_folders_are_read)

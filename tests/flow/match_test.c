/* core/flow/match.h: the demo's site as dev/site/README.md tells it, other sites, and each kind of condition. */
#include "core/flow/match.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/findings.h"
#include "core/base/moment.h"
#include "core/edge/model_file.h"
#include "core/flow/examples.h"
#include "tests/table.h"

static struct arena arena;

static struct matcher *make(const char *text, struct model **ret_model)
{
	struct fail fail;
	ck_assert(arena.base != NULL || arena_init(&arena, (size_t)64 * 1024 * 1024));
	bool good = text == NULL ? model_file_read("conf/model", &arena, ret_model, &fail)
				 : model_file_parse(text, strlen(text), &arena, ret_model, &fail);
	ck_assert_msg(good, "%s", fail.text);
	struct matcher *matcher = matcher_create(*ret_model, &fail);
	ck_assert_msg(matcher != NULL, "%s", fail.text);
	return matcher;
}

/* Absent texts are "", as everywhere. */
static struct subject filled(struct subject subject)
{
	const char **texts[] = {&subject.source,  &subject.site,  &subject.process,	&subject.label,
				&subject.host,	  &subject.path,  &subject.title,	&subject.content_id,
				&subject.form_id, &subject.topic, &subject.target_host, &subject.target_path};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		*texts[i] = *texts[i] != NULL ? *texts[i] : "";
	}
	return subject;
}

static const char *rule_name(const struct model *model, const struct match *match)
{
	return match->rule == MATCH_NO_RULE ? "" : model->processes[match->process].rules[match->rule].name;
}

static void check(const struct matcher *matcher, const struct model *model, struct subject subject,
		  const char *rule, size_t row)
{
	struct match match;
	subject = filled(subject);
	matcher_match(matcher, &subject, &match);
	ck_assert_msg(strcmp(rule_name(model, &match), rule) == 0, "row %zu (%s): %s instead of %s", row,
		      subject.path, rule_name(model, &match), rule);
}

/* ---- Examples ---- */

START_TEST(every_rule_of_the_default_model_takes_its_example)
{
	struct model *model;
	struct matcher *matcher = make(NULL, &model);
	struct findings findings;
	ck_assert(findings_init(&findings, 8, &arena));
	ck_assert(examples_check(model, matcher, NULL, 0, &findings));
	ck_assert_uint_eq(findings.count, 0);
	matcher_destroy(matcher);
}
END_TEST

#define TWO_STATES "phases: [{name: none, prior: .5}, {name: look, main: early, prior: .5, entry: 1}]\n"

START_TEST(an_example_that_does_not_fit_names_its_line_and_the_way_out)
{
	static const char *const keys[] = {"colour", "plan"};
	static const struct {
		const char *rules;
		unsigned line;
		const char *what, *instead;
	} rows[] = {
		{"- {name: web.a, match: [{path: ^/a}], example: {action: PAGE_VIEW, url: 'https://x.test/a'}}\n",
		 0, "", ""},
		{"- {name: web.a, match: [{path: ^/a}], example: {action: PAGE_VIEW, url: 'https://x.test/b'}}\n",
		 4, "rule \"web.a\": its example matches rule \"web.other\"",
		 "an example that fits \"match\" of \"web.a\", or a \"match\" that the example fits: none of its "
		 "conditions does"},
		{"- {name: web.a, match: [{path: ^/}], example: {action: PAGE_VIEW, url: 'https://x.test/b'}}\n"
		 "- {name: web.b, match: [{path: ^/b}], example: {action: PAGE_VIEW, url: 'https://x.test/b'}}\n",
		 5, "rule \"web.b\": its example matches rule \"web.a\"",
		 "\"web.a\" stands first, and takes it by line 4: put \"web.b\" before it, or let line 4 take "
		 "less"},
		{"- {name: web.a, match: [{property: {key: plan, value: x}}], example: {action: CUSTOM, "
		 "properties: {plan: x}}}\n",
		 0, "", ""},
		{"- {name: web.a, match: [{property: {key: plam, value: x}}], example: {action: CUSTOM, "
		 "properties: {plam: x}}}\n",
		 4, "rule \"web.a\": property \"plam\" is not among the configuration's subject.property_keys",
		 "did you mean \"plan\"?"},
		{"- {name: web.a, match: [{engaged: 2min}], example: {action: PAGE_ENGAGED, engaged_ms: "
		 "120000}}\n",
		 0, "", ""},
		{"- {name: web.a, match: [{engaged: 2min}], example: {action: PAGE_ENGAGED, engaged_ms: "
		 "119999}}\n",
		 4, "rule \"web.a\": its example matches rule \"web.other\"",
		 "an example that fits \"match\" of \"web.a\", or a \"match\" that the example fits: none of its "
		 "conditions does"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[1024];
		struct model *model;
		struct findings findings;
		snprintf(text, sizeof(text), "process: standard\n" TWO_STATES "rules:\n%s", rows[i].rules);
		struct matcher *matcher = make(text, &model);
		ck_assert(findings_init(&findings, 8, &arena));
		bool good = examples_check(model, matcher, keys, COUNT_OF(keys), &findings);
		ck_assert_msg(good == (rows[i].line == 0) && good == (findings.count == 0), "row %zu", i);
		if (!good) {
			const struct finding *first = &findings.items[0];
			ck_assert_int_eq(first->grade, FINDING_ERROR);
			ck_assert_str_eq(first->file, "model");
			ck_assert_uint_eq(first->line, rows[i].line);
			ck_assert_str_eq(first->what, rows[i].what);
			ck_assert_str_eq(first->instead, rows[i].instead);
		}
		matcher_destroy(matcher);
	}
}
END_TEST

/* ---- The demo's site ---- */

/* The text between the next two backquotes of a cell, or "" where it has none. */
static void code_of(const char *cell, char *ret_text, size_t size)
{
	const char *begin = strchr(cell, '`');
	const char *end = begin != NULL ? strchr(begin + 1, '`') : NULL;
	snprintf(ret_text, size, "%.*s", end != NULL ? (int)(end - begin - 1) : 0, end != NULL ? begin + 1 : "");
}

START_TEST(every_page_of_the_demo_is_the_rule_that_its_readme_says)
{
	struct model *model;
	struct matcher *matcher = make(NULL, &model);
	FILE *readme = fopen("dev/site/README.md", "r");
	ck_assert_ptr_nonnull(readme);
	char line[1024];
	size_t pages = 0;
	while (fgets(line, sizeof(line), readme) != NULL) {
		if (strncmp(line, "| `/", 4) != 0) {
			continue;
		}
		char *cells[4], *rest = line + 1;
		for (size_t i = 0; i < COUNT_OF(cells); i++) {
			cells[i] = strsep(&rest, "|");
			ck_assert_ptr_nonnull(rest);
		}
		char path[128], title[256], content[128], rule[128], process[128];
		code_of(cells[0], path, sizeof(path));
		code_of(cells[2], content, sizeof(content));
		code_of(cells[3], rule, sizeof(rule));
		const char *of = strstr(cells[3], " of ");
		code_of(of != NULL ? of : "`standard`", process, sizeof(process));
		snprintf(title, sizeof(title), "%s | Nordlys Marine Navigation", cells[1]);
		struct subject page = {.channel = CHANNEL_WEB,
				       .action = ACTION_PAGE_VIEW,
				       .source = "snowplow",
				       .host = "127.0.0.1:4711",
				       .path = path,
				       .title = title,
				       .content_id = content};
		struct match match;
		page = filled(page);
		matcher_match(matcher, &page, &match);
		ck_assert_msg(strcmp(rule_name(model, &match), rule) == 0, "%s: %s instead of %s", path,
			      rule_name(model, &match), rule);
		ck_assert_str_eq(model->processes[match.process].name, process);
		ck_assert_str_eq(match.content, content);
		/* the trackers of a real site send no content id: its path must do */
		page.content_id = "";
		matcher_match(matcher, &page, &match);
		ck_assert_msg(strcmp(match.content, content) == 0, "%s: \"%s\" instead of \"%s\"", path,
			      match.content, content);
		/* a submit on it speaks for nothing, unless its form does */
		page.action = ACTION_FORM_SUBMIT;
		page.form_id = "newsletter";
		matcher_match(matcher, &page, &match);
		ck_assert_str_eq(rule_name(model, &match), "web.other");
		pages++;
	}
	fclose(readme);
	ck_assert_uint_ge(pages, 55);
	matcher_destroy(matcher);
}
END_TEST

START_TEST(mails_chats_and_forms_are_the_rules_that_the_readme_says)
{
	struct model *model;
	struct matcher *matcher = make(NULL, &model);
	static const struct {
		struct subject subject;
		const char *rule;
	} rows[] = {
		{{.channel = CHANNEL_WEB,
		  .action = ACTION_FORM_SUBMIT,
		  .path = "/demo/",
		  .form_id = "demo-request"},
		 "web.demo_request"},
		{{.channel = CHANNEL_WEB,
		  .action = ACTION_FORM_SUBMIT,
		  .path = "/quote/",
		  .form_id = "quote-request"},
		 "web.quote_request"},
		{{.channel = CHANNEL_WEB,
		  .action = ACTION_FORM_SUBMIT,
		  .path = "/x/",
		  .form_id = "industrial-news"},
		 "web.other"},
		{{.channel = CHANNEL_WEB,
		  .action = ACTION_FORM_START,
		  .path = "/demo/",
		  .form_id = "demo-request"},
		 "web.other"},
		{{.channel = CHANNEL_WEB,
		  .action = ACTION_BUTTON_CLICK,
		  .path = "/calculator/",
		  .label = "Calculate specification"},
		 "web.roi_calculator"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_SENT}, ""},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_OPEN}, "email.open"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_FORWARD}, "email.forward"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_REPLY, .topic = "price"}, "email.reply_price"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_REPLY, .topic = "delivery,fit"},
		 "email.reply_price"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_REPLY, .topic = "prices"},
		 "email.reply_question"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_REPLY}, "email.reply_question"},
		{{.channel = CHANNEL_EMAIL,
		  .action = ACTION_EMAIL_CLICK,
		  .target_path = "/articles/radar-blind-in-rain/"},
		 "email.click_early"},
		{{.channel = CHANNEL_EMAIL,
		  .action = ACTION_EMAIL_CLICK,
		  .target_path = "/films/three-trends-on-the-bridge/"},
		 "email.click_early"},
		{{.channel = CHANNEL_EMAIL,
		  .action = ACTION_EMAIL_CLICK,
		  .target_path = "/library/webinar-sensor-fusion/"},
		 "email.click_early"},
		{{.channel = CHANNEL_EMAIL,
		  .action = ACTION_EMAIL_CLICK,
		  .target_path = "/guides/refit-in-five-days/"},
		 "email.click_mid"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/products/"},
		 "email.click_mid"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/compare/"},
		 "email.click_mid"},
		{{.channel = CHANNEL_EMAIL,
		  .action = ACTION_EMAIL_CLICK,
		  .target_path = "/customers/kystlos-pilot-boats/"},
		 "email.click_mid"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/trust/security/"},
		 "email.click_mid"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/calculator/"},
		 "email.click_late"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/prices/"},
		 "email.click_late"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/quote/"},
		 "email.click_late"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/terms/"},
		 "email.click_late"},
		{{.channel = CHANNEL_EMAIL,
		  .action = ACTION_EMAIL_CLICK,
		  .target_path = "/support/first-day-aboard/"},
		 "email.click_late"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/"}, "email.other"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/blog/winter-quay/"},
		 "email.other"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_STARTED}, ""},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "problem"}, "chat.problem"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "fit"}, "chat.fit"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "technical"}, "chat.technical"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "references"},
		 "chat.references"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "price"}, "chat.price"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "delivery"}, "chat.delivery"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "fit,price,problem"},
		 "chat.price"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "weather"}, "chat.other"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE}, "chat.other"},
		{{.channel = CHANNEL_CRM, .action = ACTION_OPP_CHANGED}, ""},
		{{.channel = CHANNEL_CRM, .action = ACTION_CUSTOM, .label = "demo requested"}, ""},
		{{.channel = CHANNEL_OFFLINE, .action = ACTION_TOUCH, .label = "fair"}, ""},
		{{.channel = CHANNEL_WEB, .action = ACTION_IDENTIFY, .path = "/prices/"}, ""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check(matcher, model, rows[i].subject, rows[i].rule, i);
	}
	matcher_destroy(matcher);
}
END_TEST

START_TEST(other_sites_in_five_languages_are_understood)
{
	struct model *model;
	struct matcher *matcher = make(NULL, &model);
	static const struct {
		const char *path, *title, *rule;
	} rows[] = {
		{"/pricing", "Pricing", "web.pricing"},
		{"/PRICING/", "Pricing", "web.pricing"},
		{"/da/priser/", "Priser", "web.pricing"},
		{"/de-ch/preise", "Preise", "web.pricing"},
		{"/sv/prislista", "Prislista", "web.pricing"},
		{"/p/1234", "Prisliste 2026 | Acme", "web.pricing"},
		{"/pricing-of-fish/", "Fish", "web.other"},
		{"/blog/why-pricing-matters", "Pricing: why it matters", "web.blog"},
		{"/nyheter/2026/ny-kunde", "Ny kunde", "web.blog"},
		{"/cases/acme", "Acme", "web.case_study"},
		{"/referenzen/acme", "Acme", "web.case_study"},
		{"/kundehistorier/acme", "Acme", "web.case_study"},
		{"/produkte/x", "X", "web.product"},
		{"/losninger/x", "X", "web.product"},
		{"/vergleich", "Vergleich", "web.compare"},
		{"/x/y",
		 "K\xc3\xb8"
		 "bsguide: valg af radar",
		 "web.solution_guide"},
		{"/x/y", "K\xc3\x96PGUIDE: v\xc3\xa4lja radar", "web.solution_guide"},
		{"/webinare/termin", "Termin", "web.webinar"},
		{"/whitepaper/x", "X", "web.whitepaper"},
		{"/articles/", "Articles", "web.other"},
		{"/om-oss", "Om oss", "web.careers_about"},
		{"/karriere/", "Karriere", "web.careers_about"},
		{"/sicherheit", "Sicherheit", "web.security_docs"},
		{"/handelsbetingelser", "Handelsbetingelser", "web.contract_terms"},
		{"/kom-i-gang", "Kom i gang", "web.onboarding_docs"},
		{"/rechner/", "Rechner", "web.roi_calculator"},
		{"", "", "web.other"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct subject page = {.channel = CHANNEL_WEB,
				       .action = ACTION_PAGE_VIEW,
				       .host = "acme.test",
				       .path = rows[i].path,
				       .title = rows[i].title};
		check(matcher, model, page, rows[i].rule, i);
	}
	matcher_destroy(matcher);
}
END_TEST

/* ---- Conditions ---- */

#define PHASES \
	"phases: [{name: none, prior: .5}, {name: look, main: early, prior: .25, entry: 1}, {name: buy, main: " \
	"late, prior: .25}]\n"

START_TEST(each_kind_of_condition_must_hold)
{
	static const char *const plan[] = {"plan"}, *const plam[] = {"plam"}, *const a_plan[] = {"a", "plan"};
	static const char *const enterprise[] = {"enterprise"}, *const b_enter[] = {"b", "Enter"},
				 *const no[] = {"no"};
	static const struct {
		const char *condition;
		struct subject good, bad;
	} rows[] = {
		{"action: LINK_OUT", {.action = ACTION_LINK_OUT}, {.action = ACTION_PAGE_VIEW}},
		{"source: segment", {.source = "segment"}, {.source = "segment2"}},
		{"site: shop", {.site = "shop"}, {.site = "Shop"}},
		{"host: acme.test", {.host = "acme.test"}, {.host = "notacme.test"}},
		{"host: acme.test", {.host = "www.acme.test:8080"}, {.host = "acme.test.evil.test"}},
		{"host: '[::1]'", {.host = "[::1]:80"}, {.host = "::1"}},
		{"target_host: acme.test", {.target_host = "acme.test"}, {.host = "acme.test"}},
		{"topic: fit", {.topic = "delivery,fit,price"}, {.topic = "fitness"}},
		{"label: ^roi", {.label = "ROI opened"}, {.label = "the roi"}},
		{"title: k\xc3\xb8"
		 "b",
		 {.title = "K\xc3\x98"
			   "B NU"},
		 {.title = "kob nu"}},
		{"title: '\\bpris\\b'", {.title = "Se pris!"}, {.title = "pris\xc3\xa6nder"}},
		{"path: ^/a$", {.path = "/A"}, {.path = "/ab"}},
		{"form: ^demo$", {.form_id = "demo"}, {.form_id = "demo2"}},
		{"target: \\.pdf$", {.target_path = "/x.pdf"}, {.path = "/x.pdf"}},
		{"content: guide", {.content_id = "id-7"}, {.content_id = "id-8"}},
		{"content: guide", {.path = "/guide/x"}, {.path = "/x/guide"}},
		{"content: guide", {.target_path = "/guide/x"}, {.path = "/x", .target_path = "/guide/x"}},
		{"engaged: 30s", {.engagement = 2}, {.engagement = 1}},
		{"property: {key: plan, value: ^enter}",
		 {.properties_count = 1, .property_keys = plan, .property_values = enterprise},
		 {.properties_count = 1, .property_keys = plam, .property_values = enterprise}},
		{"property: {key: plan, value: ^enter}",
		 {.properties_count = 2, .property_keys = a_plan, .property_values = b_enter},
		 {.properties_count = 1, .property_keys = plan, .property_values = no}},
		{"path: ^/a, title: x", {.path = "/a", .title = "x"}, {.path = "/a", .title = "y"}},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[1024];
		snprintf(text, sizeof(text),
			 "process: standard\n" PHASES
			 "contents: [{name: guide, content_id: id-7, path: ^/guide/}]\n"
			 "rules: [{name: web.x, match: [{%s}], example: {action: CUSTOM}}]\n",
			 rows[i].condition);
		struct model *model;
		struct matcher *matcher = make(text, &model);
		struct subject good = rows[i].good, bad = rows[i].bad;
		good.channel = bad.channel = CHANNEL_WEB;
		good.action = good.action != 0 ? good.action : ACTION_CUSTOM;
		bad.action = bad.action != 0 ? bad.action : ACTION_CUSTOM;
		check(matcher, model, good, "web.x", i);
		check(matcher, model, bad, "web.other", i);
		good.channel = CHANNEL_CHAT;
		check(matcher, model, good, "chat.other", i);
		matcher_destroy(matcher);
	}
}
END_TEST

START_TEST(the_first_rule_of_the_channel_takes_it_and_other_comes_last)
{
	struct model *model;
	struct matcher *matcher =
		make("process: standard\n" PHASES "rules:\n"
		     "- {name: web.other, match: [{path: ^/first}]}\n"
		     "- {name: web.a, match: [{path: ^/a}, {path: ^/first}], example: {action: CUSTOM}}\n"
		     "- {name: web.b, match: [{path: ^/}], example: {action: CUSTOM}}\n",
		     &model);
	static const struct {
		const char *path, *rule;
	} rows[] = {{"/a", "web.a"}, {"/b", "web.b"}, {"/first", "web.other"}, {"x", "web.other"}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check(matcher, model,
		      (struct subject){.channel = CHANNEL_WEB, .action = ACTION_CUSTOM, .path = rows[i].path},
		      rows[i].rule, i);
	}
	matcher_destroy(matcher);
}
END_TEST

START_TEST(a_subject_has_one_process)
{
	struct model *model;
	struct matcher *matcher = make(
		"processes:\n"
		"- {process: standard, " PHASES ", contents: [{name: s, content_id: s}]}\n"
		"- {process: parts, " PHASES ", contents: [{name: spare, path: ^/parts/}],\n"
		"   rules: [{name: web.p, claims: yes, match: [{path: ^/order}], example: {action: CUSTOM}}]}\n"
		"- {process: tender, " PHASES ",\n"
		"   rules: [{name: web.t, claims: yes, match: [{path: ^/order/tender}], example: {action: "
		"CUSTOM}},\n"
		"           {name: web.u, match: [{path: ^/u}], example: {action: CUSTOM}}]}\n",
		&model);
	static const struct {
		const char *process, *path, *content_id, *wanted, *rule;
	} rows[] = {
		{"", "/", "", "standard", "web.other"},
		{"tender", "/u", "", "tender", "web.u"},
		{"tender", "/parts/7", "", "tender", "web.other"},
		{"nothing known", "/parts/7", "", "parts", "web.other"},
		{"", "/order", "", "parts", "web.p"},
		{"", "/order/tender", "", "parts", "web.p"},
		{"", "/order/tender", "s", "standard", "web.other"},
		{"", "/u", "", "standard", "web.other"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct subject subject = filled((struct subject){.channel = CHANNEL_WEB,
								 .action = ACTION_CUSTOM,
								 .process = rows[i].process,
								 .path = rows[i].path,
								 .content_id = rows[i].content_id});
		struct match match;
		matcher_match(matcher, &subject, &match);
		ck_assert_msg(strcmp(model->processes[match.process].name, rows[i].wanted) == 0, "row %zu: %s", i,
			      model->processes[match.process].name);
		ck_assert_str_eq(rule_name(model, &match), rows[i].rule);
	}
	matcher_destroy(matcher);
}
END_TEST

/* A producer of whatever kind wrote them. */
START_TEST(a_topic_is_found_behind_any_number_of_commas)
{
	struct model *model;
	struct matcher *matcher = make(NULL, &model);
	char topics[257];
	struct match match;
	for (unsigned commas = 0; commas < 250; commas += 83) {
		memset(topics, ',', commas);
		memcpy(topics + commas, "price", sizeof("price"));
		struct subject subject = filled(
			(struct subject){.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = topics});
		matcher_match(matcher, &subject, &match);
		ck_assert_msg(strcmp(model->processes[match.process].rules[match.rule].name, "chat.price") == 0,
			      "%u commas", commas);
	}
	matcher_destroy(matcher);
}
END_TEST

START_TEST(won_or_lost_closes_the_process_it_names)
{
	struct model *model;
	struct matcher *matcher = make(NULL, &model);
	static const struct {
		int action;
		enum opportunity_state state;
		bool closes;
	} rows[] = {
		{ACTION_OPP_CHANGED, OPPORTUNITY_WON, true},	  {ACTION_OPP_CHANGED, OPPORTUNITY_LOST, true},
		{ACTION_OPP_CHANGED, OPPORTUNITY_OPEN, false},	  {ACTION_OPP_CHANGED, OPPORTUNITY_UNSAID, false},
		{ACTION_OPP_CHANGED, OPPORTUNITY_DELETED, false}, {ACTION_CUSTOM, OPPORTUNITY_WON, false},
		{ACTION_CONFIRM, OPPORTUNITY_LOST, false}};
	struct match match;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct subject subject = filled((struct subject){.channel = CHANNEL_CRM,
								 .action = rows[i].action,
								 .label = opportunity_state_name(rows[i].state)});
		matcher_match(matcher, &subject, &match);
		ck_assert_msg(match.confirm == (rows[i].closes ? MATCH_CLOSES : 0) && match.rule == MATCH_NO_RULE,
			      "row %zu", i);
	}
	matcher_destroy(matcher);
}
END_TEST

START_TEST(a_confirm_names_states_and_a_mail_click_its_link)
{
	struct model *model;
	struct matcher *matcher = make(NULL, &model);
	static const struct {
		const char *label;
		uint16_t mask;
	} rows[] = {{"early", 0x06}, {"mid", 0x18}, {"Late", 0xe0}, {"doubt", 0x10},
		    {"none", 0},     {"", 0},	    {"lat", 0}};
	struct match match;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct subject subject = filled((struct subject){
			.channel = CHANNEL_OFFLINE, .action = ACTION_CONFIRM, .label = rows[i].label});
		matcher_match(matcher, &subject, &match);
		ck_assert(match.confirm == rows[i].mask && match.rule == MATCH_NO_RULE && !match.mail_click);
	}
	static const struct {
		struct subject subject;
		size_t same; /* row whose link it is; its own row: none before */
	} clicks[] = {
		{{.target_path = "/prices/"}, 0},
		{{.target_path = "/prices/", .target_host = "www.nordlys.test", .content_id = "price-list"}, 0},
		{{.target_path = "/x"}, 2},
		{{.target_path = "/x", .target_host = "acme.test"}, 3},
		{{.content_id = "unknown"}, 4},
		{{.content_id = "unknown", .target_path = "/x"}, 4},
		{{.target_path = ""}, 6},
	};
	uint64_t links[COUNT_OF(clicks)];
	for (size_t i = 0; i < COUNT_OF(clicks); i++) {
		struct subject subject = filled(clicks[i].subject);
		subject.channel = CHANNEL_EMAIL;
		subject.action = ACTION_EMAIL_CLICK;
		matcher_match(matcher, &subject, &match);
		links[i] = match.link;
		ck_assert(match.mail_click && match.confirm == 0);
		for (size_t j = 0; j < i; j++) {
			ck_assert_msg((links[i] == links[j]) == (clicks[i].same == clicks[j].same),
				      "rows %zu and %zu", i, j);
		}
	}
	ck_assert(links[6] == 0);
	matcher_destroy(matcher);
}
END_TEST

/* ---- Patterns ---- */

START_TEST(a_wrong_pattern_names_its_line)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"rules:\n- name: web.x\n  example: {action: CUSTOM}\n  match:\n  - {path: ok}\n  - {title: "
		 "'a('}\n",
		 "model:8: rule \"web.x\": \"title\": \"a(\" is no pattern: missing closing parenthesis at "
		 "character 3"},
		{"contents:\n- {name: a, path: '[z-a]'}\n",
		 "model:4: content \"a\": \"path\": \"[z-a]\" is no pattern: range out of order in character "
		 "class at character 4"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[512];
		struct model *model;
		struct fail fail;
		ck_assert(arena_init(&arena, (size_t)16 * 1024 * 1024));
		snprintf(text, sizeof(text), "process: standard\n" PHASES "%s", rows[i].text);
		ck_assert_msg(model_file_parse(text, strlen(text), &arena, &model, &fail), "%s", fail.text);
		ck_assert_ptr_null(matcher_create(model, &fail));
		ck_assert_str_eq(fail.text, rows[i].error);
		ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
	}
}
END_TEST

START_TEST(a_pattern_that_runs_away_is_no_match_and_costs_little)
{
	struct model *model;
	struct matcher *matcher =
		make("process: standard\n" PHASES "rules:\n"
		     "- {name: web.x, match: [{title: '(a+)+$'}], example: {action: CUSTOM}}\n"
		     "- {name: web.y, match: [{label: '(a|b|ab)*c'}], example: {action: CUSTOM}}\n",
		     &model);
	char title[257], label[1025];
	memset(title, 'a', sizeof(title) - 2);
	title[255] = '!';
	title[256] = '\0';
	for (size_t i = 0; i < sizeof(label) - 1; i++) {
		label[i] = "ab"[i % 2];
	}
	label[1024] = '\0';
	int64_t begun_us = moment_monotonic_us();
	check(matcher, model, (struct subject){.channel = CHANNEL_WEB, .action = ACTION_CUSTOM, .title = title},
	      "web.other", 0);
	check(matcher, model, (struct subject){.channel = CHANNEL_WEB, .action = ACTION_CUSTOM, .label = label},
	      "web.other", 1);
	ck_assert_int_lt(moment_monotonic_us() - begun_us, 2 * MOMENT_SECOND_US);
	check(matcher, model, (struct subject){.channel = CHANNEL_WEB, .action = ACTION_CUSTOM, .title = "\xff"},
	      "web.other", 2);
	matcher_destroy(matcher);
}
END_TEST

TEST_MAIN("match", every_rule_of_the_default_model_takes_its_example,
	  an_example_that_does_not_fit_names_its_line_and_the_way_out,
	  every_page_of_the_demo_is_the_rule_that_its_readme_says,
	  mails_chats_and_forms_are_the_rules_that_the_readme_says, other_sites_in_five_languages_are_understood,
	  each_kind_of_condition_must_hold, the_first_rule_of_the_channel_takes_it_and_other_comes_last,
	  a_subject_has_one_process, won_or_lost_closes_the_process_it_names,
	  a_topic_is_found_behind_any_number_of_commas, a_confirm_names_states_and_a_mail_click_its_link,
	  a_wrong_pattern_names_its_line, a_pattern_that_runs_away_is_no_match_and_costs_little)

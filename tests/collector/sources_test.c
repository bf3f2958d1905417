/*
 * Adapters of JSON and form sources (collector/source/): what each makes of the requests in tests/collector/cases/NAME.txt.
 *
 *   = what the case shows
 *   @ /path             of the request
 *   ? name=value        of its query, or of a form in its body
 *   ~ header=value
 *   anything else       its body; $NOW is the moment that it is received, in seconds
 *   > field=value       of the event: all that is not as usual, in the order of struct event
 *   +                   what follows is the next event's
 *   ! outcome field     or: it is rejected
 *
 * Of each body every beginning is read too: whatever a reader of half a request sees, it must end within bounds.
 */
#include <string.h>

#include "collector/conf.h"
#include "collector/source/body.h"
#include "collector/source/brevo.h"
#include "collector/source/chatwoot.h"
#include "collector/source/cloudevents.h"
#include "collector/source/crisp.h"
#include "collector/source/dynamics.h"
#include "collector/source/ga4.h"
#include "collector/source/hook.h"
#include "collector/source/hubspot.h"
#include "collector/source/intercom.h"
#include "collector/source/mailgun.h"
#include "collector/source/mandrill.h"
#include "collector/source/plausible.h"
#include "collector/source/matomo.h"
#include "collector/source/posthog.h"
#include "collector/source/postmark.h"
#include "collector/source/rocketchat.h"
#include "collector/source/salesforce.h"
#include "collector/source/segment.h"
#include "collector/source/sendgrid.h"
#include "collector/source/ses.h"
#include "collector/source/zendesk.h"
#include "core/base/arena.h"
#include "core/edge/topic_file.h"
#include "core/flow/topics.h"
#include "tests/collector/told.h"
#include "tests/table.h"

#define RECEIVED_US INT64_C(1795316000000000) /* 2026-11-22T02:53:20Z */
#define LINE_SIZE 16384
#define PAIRS_MAX 32

static struct arena arena;

static const struct form forms[] = {
	{.id = "demo-request",
	 .field = {[FORM_EMAIL] = "email",
		   [FORM_NAME] = "name",
		   [FORM_ROLE] = "role",
		   [FORM_PROFILE] = "consent_profile",
		   [FORM_CONTACT] = "consent_contact"}},
};
static const char *const extensions[] = {"pdf", "zip"};
static const char *const scopes[] = {"analytics", "statistics"};
static const char *const profile_scopes[] = {"profiling", "personalization"};
static const char *const won[] = {"closedwon", "Closed Won"}, *const lost[] = {"closedlost", "140001"};
static const char *const profile_fields[] = {"phased_profile", "new_profile", "Profile__c"};
static const struct source_site sites[] = {{"WK1", "shop"}, {"k1:s1", "app"}, {"k2", "other"}};
static struct conf_cloudevents cloudevents;
static struct source_options options = {.forms = {.count = 1, .forms = forms},
					.download_extensions = extensions,
					.download_extensions_count = 2,
					.consent_scopes = scopes,
					.consent_scopes_count = 2,
					.page_ping_ms = 10000,
					.segment = {.sites = sites,
						    .sites_count = COUNT_OF(sites),
						    .analytics_scopes = scopes,
						    .analytics_scopes_count = COUNT_OF(scopes),
						    .profile_scopes = profile_scopes,
						    .profile_scopes_count = COUNT_OF(profile_scopes)},
					.plausible = {.anonymous_id = "browser",
						      .user_id = "user",
						      .analytics = "may_count",
						      .profile = "may_know"},
					.ga4 = {.analytics = "analytics_storage", .profile = ""},
					.crm = {.won_stages = won,
						.won_stages_count = COUNT_OF(won),
						.lost_stages = lost,
						.lost_stages_count = COUNT_OF(lost),
						.profile_fields = profile_fields,
						.profile_fields_count = COUNT_OF(profile_fields)}};

/* Whose cases are run: the file is named as the source. */
static const struct tested {
	const char *source;
	enum channel channel;
	source_adapter *adapter;
	bool is_hook;
} tested[] = {
	/* clang-format off */
	{"brevo", CHANNEL_EMAIL, brevo_read, true},
	{"chatwoot", CHANNEL_CHAT, chatwoot_read, true},
	{"cloudevents", CHANNEL_WEB, cloudevents_read, true},
	{"crisp", CHANNEL_CHAT, crisp_read, true},
	{"dynamics", CHANNEL_CRM, dynamics_read, true},
	{"ga4", CHANNEL_WEB, ga4_read, false},
	{"hubspot", CHANNEL_CRM, hubspot_read, true},
	{"intercom", CHANNEL_CHAT, intercom_read, true},
	{"mailgun", CHANNEL_EMAIL, mailgun_read, true},
	{"mandrill", CHANNEL_EMAIL, mandrill_read, true},
	{"plausible", CHANNEL_WEB, plausible_read, false},
	{"matomo", CHANNEL_WEB, matomo_read, false},
	{"posthog", CHANNEL_WEB, posthog_read, false},
	{"postmark", CHANNEL_EMAIL, postmark_read, true},
	{"rocketchat", CHANNEL_CHAT, rocketchat_read, true},
	{"salesforce", CHANNEL_CRM, salesforce_read, true},
	{"segment", CHANNEL_WEB, segment_read, false},
	{"sendgrid", CHANNEL_EMAIL, sendgrid_read, true},
	{"ses", CHANNEL_EMAIL, ses_read, true},
	{"zendesk", CHANNEL_CHAT, zendesk_read, true},
	/* clang-format on */
};

struct one_case {
	char about[256];
	unsigned line;
	const char *path;
	struct source_pair arguments[PAIRS_MAX], headers[PAIRS_MAX];
	size_t arguments_count, headers_count;
	char body[LINE_SIZE], expected[TOLD_SIZE];
};

static struct source_pair pair_of(const char *line)
{
	const char *equals = strchr(line, '=');
	ck_assert_msg(equals != NULL, "%s", line);
	return (struct source_pair){arena_text(&arena, line, (size_t)(equals - line)),
				    arena_text(&arena, equals + 1, strlen(equals + 1))};
}

static void add_body(struct one_case *one, const char *line)
{
	const char *now = strstr(line, "$NOW");
	size_t used = strlen(one->body);
	if (now != NULL) {
		snprintf(one->body + used, sizeof(one->body) - used, "%.*s%lld%s\n", (int)(now - line), line,
			 (long long)(RECEIVED_US / 1000000), now + 4);
	} else {
		snprintf(one->body + used, sizeof(one->body) - used, "%s\n", line);
	}
}

static void take_line(struct one_case *one, const char *line)
{
	size_t used = strlen(one->expected);
	const char *rest = line[0] != '\0' && line[1] == ' ' ? line + 2 : "";
	switch (line[0]) {
	case '\0':
	case '#':
		return;
	case '@':
		one->path = arena_text(&arena, rest, strlen(rest));
		return;
	case '?':
		ck_assert_uint_lt(one->arguments_count, PAIRS_MAX);
		one->arguments[one->arguments_count++] = pair_of(rest);
		return;
	case '~':
		ck_assert_uint_lt(one->headers_count, PAIRS_MAX);
		one->headers[one->headers_count++] = pair_of(rest);
		return;
	case '>':
	case '!':
	case '+':
		snprintf(one->expected + used, sizeof(one->expected) - used, "%s\n", line);
		return;
	default:
		add_body(one, line);
	}
}

static void describe(const struct one_case *one, const struct tested *about, const struct hook *hook,
		     struct source_request *ret)
{
	*ret = (struct source_request){.path = one->path,
				       .arguments = one->arguments,
				       .arguments_count = one->arguments_count,
				       .more_headers = one->headers,
				       .more_headers_count = one->headers_count,
				       .hook = about->is_hook ? hook : NULL,
				       .body = "",
				       .received_us = RECEIVED_US};
	for (size_t i = 0; i < SOURCE_HEADER_COUNT; i++) {
		ret->header[i] = "";
		for (size_t j = 0; j < one->headers_count; j++) {
			if (strcmp(one->headers[j].name, source_header_names[i]) == 0) {
				ret->header[i] = one->headers[j].value;
			}
		}
	}
}

/* Of exactly so many bytes, so that a reader that goes on behind them is caught by the sanitizer. */
static void read_body(const struct tested *about, struct source_request *request, const char *bytes, size_t size,
		      struct source_items *ret_items)
{
	char *body = malloc(size + 1);
	ck_assert_ptr_nonnull(body);
	memcpy(body, bytes, size);
	body[size] = '\0';
	request->raw = body;
	request->raw_size = size;
	request->plain = body;
	request->plain_size = size;
	struct source_pair pairs[PAIRS_MAX];
	memcpy(pairs, request->arguments, request->arguments_count * sizeof(pairs[0]));
	if (body_kind(body, size, &request->body, &request->body_size) == BODY_FORM) {
		ck_assert(body_form(request->body, request->body_size, PAIRS_MAX, &arena, pairs,
				    &request->arguments_count));
		request->arguments = pairs;
		request->body_size = 0;
	}
	*ret_items = (struct source_items){.count = 0};
	ck_assert(about->adapter(request, &options, &arena, ret_items));
	ck_assert_uint_le(ret_items->count, SOURCE_EVENTS_MAX);
	free(body);
}

static void run_case(const struct one_case *one, const struct tested *about)
{
	const struct hook hook = {.name = "hook-1", .source = about->source, .url = ""};
	const struct told_usual usual = {.source = about->source,
					 .channel = about->channel,
					 .occurred_us = RECEIVED_US,
					 .received_us = RECEIVED_US,
					 .site = about->is_hook ? "hook-1" : ""};
	static char told[TOLD_SIZE];
	struct source_request request;
	struct source_items items;
	size_t size = strlen(one->body);
	told[0] = '\0';
	describe(one, about, &hook, &request);
	read_body(about, &request, one->body, size, &items);
	for (size_t i = 0; i < items.count; i++) {
		if (i > 0) {
			size_t used = strlen(told);
			snprintf(told + used, sizeof(told) - used, "+\n");
		}
		told_item(&items.items[i], &usual, told);
	}
	ck_assert_msg(strcmp(told, one->expected) == 0, "%s.txt:%u: %s\nexpected:\n%sgot:\n%s", about->source,
		      one->line, one->about, one->expected, told);
	for (size_t cut = 0; cut < size; cut += 1 + size / 256) {
		describe(one, about, &hook, &request);
		read_body(about, &request, one->body, cut, &items);
	}
}

static unsigned run_file(const struct tested *about)
{
	char path[128];
	snprintf(path, sizeof(path), "tests/collector/cases/%s.txt", about->source);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s", path);
	static struct one_case one;
	static char line[LINE_SIZE];
	unsigned cases = 0;
	one.line = 0;
	for (unsigned number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '=') {
			arena_reset(&arena, 0);
			memset(&one, 0, sizeof(one));
			snprintf(one.about, sizeof(one.about), "%s", line + 2);
			one.line = number;
			one.path = "";
		} else if (one.line != 0) {
			take_line(&one, line);
		}
		int next = fgetc(file);
		if (one.line != 0 && (next == '=' || next == EOF)) {
			run_case(&one, about);
			cases++;
			one.line = 0;
		}
		ungetc(next, file);
	}
	fclose(file);
	return cases;
}

/* As from collect.yaml, so that the names of fields are tested with what they do. */
static void map_cloudevents(struct arena *kept)
{
	static const char text[] =
		"cloudevents:\n  subject: crm_id\n  map: {site: st, anonymous_id: a, user_id: who.id, "
		"email: who.email, name: who.name, "
		"person_title: t, role: r, company: co, company_domain: cd, url: page.url, "
		"title: page.title, content_id: ci, "
		"form_id: f, target_url: tu, search: q, language: l, referrer: ref, "
		"session_id: s, thread_id: th, label: what, "
		"analytics: may.count, profile: may.know, contact: may.write, value: total, "
		"engaged_ms: ms, property.plan: plan, "
		"property.deep: a.b.c}\n";
	struct collect_conf conf;
	struct fail fail;
	ck_assert_msg(collect_conf_parse(text, sizeof(text) - 1, "x", kept, &conf, &fail), "%s", fail.text);
	ck_assert_uint_eq(conf.cloudevents.map.count,
			  cloudevent_fields_count + 1); /* all but crm_id, and two properties */
	cloudevents = conf.cloudevents;
	options.cloudevents = &cloudevents.map;
}

START_TEST(what_a_source_sends_becomes_events)
{
	static struct arena kept;
	static struct topics topics;
	const struct topic_book *book;
	struct fail fail;
	ck_assert(arena_init(&arena, (size_t)64 << 20) && arena_init(&kept, (size_t)16 << 20));
	ck_assert_msg(topic_file_read("conf/topics.yaml", &kept, &book, &fail), "%s", fail.text);
	ck_assert(topics_init(&topics, book, &kept));
	options.topics = &topics;
	map_cloudevents(&kept);
	const struct tested *about = &tested[_i];
	ck_assert_uint_ge(run_file(about), 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sources");
	TCase *all = tcase_create("all");
	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, what_a_source_sends_becomes_events, 0, COUNT_OF(tested));
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}

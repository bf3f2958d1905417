/*
 * collector/source/hook.h and each source's scheme: a request proves whose it is when it is signed as the vendor signs, by
 * either of two secrets, and in no other way. How the vendors sign is said by known answers (tests/base/signature_test.c) and,
 * where there is one, by the vendor's own verifier (tests/whole/signatures_test.py).
 */
#include "collector/source/hook.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/conf.h"
#include "collector/hooks.h"
#include "collector/routes.h"
#include "collector/source/cloudevents.h"
#include "collector/source/mandrill.h"
#include "collector/source/source.h"
#include "core/base/arena.h"
#include "core/base/signature.h"
#include "tests/collector/signed.h"
#include "tests/collector/sns_signed.h"
#include "tests/table.h"

#define RECEIVED_US INT64_C(1700000000000000)
#define SECRET "phased-test-secret"

static hook_scheme *scheme_of(const char *source)
{
	for (enum route route = 0; route < ROUTE_COUNT; route++) {
		if (routes[route].scheme != NULL && strcmp(routes[route].source, source) == 0) {
			return routes[route].scheme;
		}
	}
	ck_abort_msg("%s has no route", source);
	return NULL;
}

static struct hook hook_of(const char *source, const char *first, const char *second)
{
	bool is_hubspot = strcmp(source, "hubspot") == 0;
	struct hook hook = {.name = "news", .source = source, .url = is_hubspot ? SIGNED_HUBSPOT_URL : SIGNED_URL};
	const char *const secrets[] = {first, second};
	for (size_t i = 0; i < COUNT_OF(secrets) && secrets[i] != NULL; i++) {
		hook.secrets[hook.secrets_count++] = (struct hook_secret){secrets[i], strlen(secrets[i])};
	}
	return hook;
}

static struct hook hook_pinned(const char *first, const char *second)
{
	struct hook hook = {
		.name = "news", .source = "ses", .is_pinned = true, .topics = {SNS_TOPIC}, .topics_count = 1};
	const char *const secrets[] = {first, second};
	for (size_t i = 0; i < COUNT_OF(secrets) && secrets[i] != NULL; i++) {
		hook.certificates[hook.certificates_count++] = (struct hook_certificate){
			.name = signed_certificate(secrets[i]), .pem = sns_certificate(secrets[i], &signed_arena)};
	}
	return hook;
}

static struct hook hook_for(const struct signed_row *row, const char *first, const char *second)
{
	if (row->is_pinned) {
		return hook_pinned(first, second);
	}
	return row->secret_of == NULL ? hook_of(row->source, first, second)
				      : hook_of(row->source, row->secret_of(first),
						second != NULL ? row->secret_of(second) : NULL);
}

static enum hook_proof prove(const struct signed_row *row, const struct sent *sent, const struct hook *hook)
{
	const struct source_request request = {.path = sent->path != NULL ? sent->path : "/hooks/x/news",
					       .body = sent->body,
					       .body_size = strlen(sent->body),
					       .raw = sent->body,
					       .raw_size = strlen(sent->body),
					       .more_headers = sent->headers,
					       .more_headers_count = sent->headers_count,
					       .arguments = sent->fields,
					       .arguments_count = sent->fields_count,
					       .query_count = sent->query_count,
					       .hook = hook,
					       .received_us = RECEIVED_US};
	return hook_prove(&request, scheme_of(row->source), &signed_arena);
}

static void begin(void)
{
	ck_assert(arena_init(&signed_arena, (size_t)4 << 20));
}

START_TEST(what_the_sender_signs_is_proven)
{
	const struct signed_row *row = &signed_rows[_i];
	struct sent sent = {.source = row->source, .body = "{\"a\":1}"};
	row->sign(SECRET, RECEIVED_US / 1000000, &sent);
	const struct hook one = hook_for(row, SECRET, NULL);
	const struct hook changed = hook_for(row, "the-new-secret", SECRET);
	const struct hook other = hook_for(row, "the-new-secret", "another-secret");
	bool is_known = row->right == NULL || strstr(sent.body, row->right) != NULL;
	for (size_t i = 0; i < sent.headers_count; i++) {
		is_known = is_known || strstr(sent.headers[i].value, row->right) != NULL;
	}
	ck_assert_msg(is_known, "%s: not as the vendor signs", row->source);
	ck_assert_msg(prove(row, &sent, &one) == HOOK_PROVEN, "%s", row->source);
	ck_assert_msg(prove(row, &sent, &one) == HOOK_PROVEN, "%s: the same again", row->source);
	ck_assert_msg(prove(row, &sent, &changed) == HOOK_PROVEN, "%s: by its second secret", row->source);
	ck_assert_msg(prove(row, &sent, &other) == (row->is_pinned ? HOOK_UNKNOWN : HOOK_FORGED),
		      "%s: by none of them", row->source);
}
END_TEST

START_TEST(what_is_signed_at_another_time_is_stale)
{
	static const struct {
		int64_t late_s;
		bool is_stale;
	} times[] = {{0, false}, {299, false}, {-299, false}, {301, true}, {-301, true}, {86400, true}};
	const struct signed_row *row = &signed_rows[_i];
	const struct hook hook = hook_for(row, SECRET, NULL);
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		struct sent sent = {.source = row->source, .body = "{}"};
		row->sign(SECRET, RECEIVED_US / 1000000 - times[i].late_s, &sent);
		enum hook_proof wanted = times[i].is_stale && row->has_window ? HOOK_STALE : HOOK_PROVEN;
		ck_assert_msg(prove(row, &sent, &hook) == wanted, "%s: %lld s late", row->source,
			      (long long)times[i].late_s);
	}
}
END_TEST

START_TEST(what_is_not_signed_proves_nothing)
{
	static const char *const bodies[] = {"",
					     "{",
					     "{}",
					     "[]",
					     "null",
					     "{\"signature\":null}",
					     "{\"signature\":{\"timestamp\":1,\"token\":2,\"signature\":3}}"};
	const struct signed_row *row = &signed_rows[_i];
	const struct hook hook = hook_for(row, SECRET, NULL);
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct sent sent = {.source = row->source, .body = bodies[i]};
		enum hook_proof proof = prove(row, &sent, &hook);
		ck_assert_msg(proof == HOOK_UNSIGNED || proof == HOOK_FORGED, "%s: %s", row->source, bodies[i]);
	}
	const struct hook none = {.name = "news", .source = row->source, .url = ""};
	struct sent sent = {.source = row->source, .body = "{}"};
	row->sign("", RECEIVED_US / 1000000, &sent);
	ck_assert_msg(prove(row, &sent, &none) == HOOK_UNSIGNED, "%s: without any secret", row->source);
}
END_TEST

START_TEST(a_body_that_was_changed_on_its_way_is_forged)
{
	const struct signed_row *row = &signed_rows[_i];
	const struct hook hook = hook_for(row, SECRET, NULL);
	struct sent sent = {.source = row->source, .body = "{\"a\":1}"};
	row->sign(SECRET, RECEIVED_US / 1000000, &sent);
	const char *whole = sent.body;
	if (row->signs == SIGNS_NOTHING) {
		return;
	}
	for (size_t cut = 0; cut < strlen(whole); cut++) {
		sent.body = arena_text(&signed_arena, whole, cut);
		enum hook_proof proof = prove(row, &sent, &hook);
		ck_assert_msg(proof != HOOK_PROVEN, "%s: its first %zu bytes", row->source, cut);
	}
	sent.body = arena_print(&signed_arena, "%s\n", whole);
	ck_assert_msg((prove(row, &sent, &hook) == HOOK_PROVEN) == (row->signs != SIGNS_BODY),
		      "%s: a line end more", row->source);
}
END_TEST

START_TEST(a_secret_stands_in_the_path_or_as_the_password)
{
	static const struct {
		const char *about, *path, *authorization;
		enum hook_proof proof;
	} cases[] = {
		{"nothing", "/hooks/postmark/news", "", HOOK_UNSIGNED},
		{"in the path", "/hooks/postmark/news/" SECRET, "", HOOK_PROVEN},
		{"another in the path", "/hooks/postmark/news/phased-test-secreT", "", HOOK_FORGED},
		{"a part of it", "/hooks/postmark/news/phased", "", HOOK_FORGED},
		{"more than it", "/hooks/postmark/news/" SECRET "/", "", HOOK_FORGED},
		{"as the password", "/hooks/postmark/news", "Basic aG9vazpwaGFzZWQtdGVzdC1zZWNyZXQ=", HOOK_PROVEN},
		{"in any case", "/hooks/postmark/news", "basic aG9vazpwaGFzZWQtdGVzdC1zZWNyZXQ=", HOOK_PROVEN},
		{"another password", "/hooks/postmark/news", "Basic aG9vazpzZWNyZXQ=", HOOK_FORGED},
		{"as the name", "/hooks/postmark/news", "Basic cGhhc2VkLXRlc3Qtc2VjcmV0Og==", HOOK_FORGED},
		{"no password", "/hooks/postmark/news", "Basic aG9vaw==", HOOK_UNSIGNED},
		{"no base64", "/hooks/postmark/news", "Basic ?", HOOK_UNSIGNED},
		{"another way", "/hooks/postmark/news", "Bearer phased-test-secret", HOOK_UNSIGNED},
	};
	const struct hook hook = hook_of("postmark", "older-secret", SECRET);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct source_pair header = {"Authorization", cases[i].authorization};
		const struct source_request request = {.path = cases[i].path,
						       .body = "{}",
						       .body_size = 2,
						       .more_headers = &header,
						       .more_headers_count = 1,
						       .hook = &hook,
						       .received_us = RECEIVED_US};
		ck_assert_msg(hook_prove(&request, hook_password, &signed_arena) == cases[i].proof, "%s",
			      cases[i].about);
	}
}
END_TEST

START_TEST(a_path_names_its_hook)
{
	const struct hook hooks[] = {hook_of("mailgun", SECRET, NULL),
				     {.name = "newsletter", .source = "mailgun"}};
	static const struct {
		const char *path;
		int which;
	} cases[] = {
		{"/hooks/mailgun/news", 0},
		{"/hooks/mailgun/news/x", 0},
		{"/hooks/mailgun/newsletter", 1},
		{"/hooks/mailgun/newsx", -1},
		{"/hooks/mailgun/new", -1},
		{"/hooks/mailgun/", -1},
		{"/hooks/sendgrid/news", -1},
		{"/hooks/", -1},
		{"/", -1},
		{"", -1},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct hook *hook = hook_find(hooks, COUNT_OF(hooks), cases[i].path);
		ck_assert_msg(hook == (cases[i].which < 0 ? NULL : &hooks[cases[i].which]), "%s", cases[i].path);
	}
}
END_TEST

/* A file of this text and mode, whose path is returned. */
static const char *secret_file(const char *text, mode_t mode)
{
	char path[] = "/tmp/phased-hooks-XXXXXX";
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	return arena_text(&signed_arena, path, strlen(path));
}

START_TEST(secrets_are_read_from_files_of_their_own)
{
	static const struct {
		const char *about, *text;
		mode_t mode;
		size_t count;
		const char *complaint; /* count 0 */
	} cases[] = {
		{"one", "0123456789\n", 0600, 1, ""},
		{"two", "0123456789\nabcdefghij", 0640, 2, ""},
		{"two, and empty lines", "0123456789\n\nabcdefghij\n\n", 0600, 2, ""},
		{"with the line ends of another system", "0123456789\r\nabcdefghij\r\n", 0600, 2, ""},
		{"two keys",
		 "-----BEGIN A-----\nMFkw\n-----END A-----\n-----BEGIN B-----\nMFkw\n-----END B-----\n", 0600, 2,
		 ""},
		{"a control character", "01234\t56789\n", 0600, 0, "control character"},
		{"a public key", "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n", 0600, 1, ""},
		{"three", "0123456789\nabcdefghij\n0123456789\n", 0600, 0, "more than two secrets"},
		{"short", "0123456\n", 0600, 0, "less than 8 bytes"},
		{"none", "", 0600, 0, "empty"},
		{"everybody's", "0123456789\n", 0644, 0, "chmod 0600"},
	};
	struct hooks hooks = {.count = 0};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *path = secret_file(cases[i].text, cases[i].mode);
		struct hook hook = {.name = "news", .source = "mailgun", .url = "", .secret_file = path};
		struct collect_conf conf = {.hooks = {.items = &hook, .count = 1},
					    .chat = {.topics_file = "conf/topics.yaml"}};
		struct fail fail = {.text = ""};
		bool good = hooks_load(&hooks, &conf, &fail);
		unlink(path);
		ck_assert_msg(good == (cases[i].count > 0), "%s: %s", cases[i].about, fail.text);
		ck_assert_msg(strstr(fail.text, cases[i].complaint) != NULL, "%s: %s", cases[i].about, fail.text);
		ck_assert_msg(strstr(fail.text, "0123456") == NULL, "%s: the secret is told", cases[i].about);
		ck_assert_msg(good || strstr(fail.text, path) != NULL, "%s: %s", cases[i].about, fail.text);
		ck_assert_msg(!good || hooks.items[0].secrets_count == cases[i].count, "%s", cases[i].about);
		ck_assert_uint_eq(hooks.count, 1); /* what was there before stays */
	}
	ck_assert_str_eq(hooks.items[0].secrets[0].bytes,
			 "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----");
	hooks_finish(&hooks);
}
END_TEST

START_TEST(a_key_that_is_none_is_refused_where_it_is_read)
{
	const char *path = secret_file("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", 0600);
	struct hook hook = {.name = "fairs", .source = "sendgrid", .url = "", .secret_file = path};
	struct collect_conf conf = {.hooks = {.items = &hook, .count = 1},
				    .chat = {.topics_file = "conf/topics.yaml"}};
	struct hooks hooks = {.count = 0};
	struct fail fail = {.text = ""};
	ck_assert(!hooks_load(&hooks, &conf, &fail));
	ck_assert_msg(strstr(fail.text, "no public key") != NULL, "%s", fail.text);
	unlink(path);
	path = secret_file(signed_public_half(SECRET), 0600);
	hook.secret_file = path;
	ck_assert_msg(hooks_load(&hooks, &conf, &fail), "%s", fail.text);
	unlink(path);
	hooks_finish(&hooks);
}
END_TEST

/* HubSpot signs its address with these escapes written out, and sends older signatures along, which sign no time. */
START_TEST(an_address_with_escapes_is_signed_as_hubspot_writes_it)
{
	static const struct {
		const char *about, *url, *written;
		enum hook_proof proof;
	} cases[] = {
		{"as it is", "https://c.example/h?a=b", "https://c.example/h?a=b", HOOK_PROVEN},
		{"all that are written out", "https://c.example/h?a=%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B",
		 "https://c.example/h?a=:/?@!$'()*,;", HOOK_PROVEN},
		{"others stay", "https://c.example/h?a=%20%26%3D", "https://c.example/h?a=%20%26%3D", HOOK_PROVEN},
		{"cut escapes stay", "https://c.example/h?a=%3", "https://c.example/h?a=%3", HOOK_PROVEN},
		{"not those", "https://c.example/h?a=%20", "https://c.example/h?a= ", HOOK_FORGED},
		{"another address", "https://c.example/h", "https://d.example/h", HOOK_FORGED},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *whole = arena_print(&signed_arena, "POST%s{}1700000000000", cases[i].written);
		const struct signature_piece piece = {whole, strlen(whole)};
		uint8_t bytes[SIGNATURE_SIZE_MAX];
		size_t size = signature_hmac(SIGNATURE_SHA256, SECRET, strlen(SECRET), &piece, 1, bytes);
		struct hook hook = hook_of("hubspot", SECRET, NULL);
		hook.url = cases[i].url;
		const struct sent sent = {.body = "{}",
					  .headers = {{"X-HubSpot-Request-Timestamp", "1700000000000"},
						      {"X-HubSpot-Signature-v3", signed_base64(bytes, size)}},
					  .headers_count = 2};
		const struct signed_row row = {.source = "hubspot"};
		ck_assert_msg(prove(&row, &sent, &hook) == cases[i].proof, "%s", cases[i].about);
	}
}
END_TEST

/* The known answer of Standard Webhooks' own documentation, whose secrets are packed. */
START_TEST(a_cloudevents_signature_proves_what_it_covers)
{
	static const char body[] = "{\"test\": 2432232314}";
	const struct hook hook = hook_of("cloudevents", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", NULL);
	const struct source_pair headers[] = {
		{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
		{"webhook-timestamp", "1614265330"},
		{"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		{"Content-Type", "application/cloudevents+json"},
		{"ce-type", "com.acme.seen"},
	};
	struct source_request request = {.path = "/hooks/cloudevents/news",
					 .body = body,
					 .raw = body,
					 .body_size = sizeof(body) - 1,
					 .raw_size = sizeof(body) - 1,
					 .more_headers = headers,
					 .more_headers_count = COUNT_OF(headers),
					 .hook = &hook,
					 .received_us = INT64_C(1614265330000000)};
	ck_assert_int_eq(hook_prove(&request, cloudevents_scheme, &signed_arena), HOOK_PROVEN);
	struct source_pair binary[COUNT_OF(headers)];
	memcpy(binary, headers, sizeof(headers));
	binary[3].value = "application/json"; /* so that the headers say whose it is, which nobody has signed */
	request.more_headers = binary;
	ck_assert_int_eq(hook_prove(&request, cloudevents_scheme, &signed_arena), HOOK_UNSIGNED);
}
END_TEST

/* Whatever stands in the query beside a form that was signed. */
START_TEST(what_is_read_of_a_form_is_what_was_signed)
{
	const struct source_pair arguments[] = {
		{"mandrill_events",
		 "[{\"event\":\"unsub\",\"ts\":1795315784,\"msg\":{\"email\":\"ann@acme.test\"}}]"},
		{"mandrill_events", "[]"}};
	struct sent sent = {.source = "mandrill", .body = ""};
	signed_mandrill(SECRET, 0, &sent);
	const struct hook hook = hook_of("mandrill", SECRET, NULL);
	const struct source_request request = {.path = "/hooks/mandrill/news",
					       .arguments = arguments,
					       .arguments_count = 2,
					       .query_count = 1,
					       .body = "",
					       .raw = "",
					       .more_headers = sent.headers,
					       .more_headers_count = sent.headers_count,
					       .hook = &hook,
					       .received_us = RECEIVED_US};
	static const struct source_options options;
	struct source_items items;
	ck_assert_int_eq(hook_prove(&request, mandrill_scheme, &signed_arena), HOOK_PROVEN);
	ck_assert(mandrill_read(&request, &options, &signed_arena, &items));
	ck_assert_uint_eq(items.count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hooks");
	TCase *each = tcase_create("each source"), *all = tcase_create("all");
	const TTest *const of_each[] = {what_the_sender_signs_is_proven, what_is_signed_at_another_time_is_stale,
					what_is_not_signed_proves_nothing,
					a_body_that_was_changed_on_its_way_is_forged};
	for (size_t i = 0; i < COUNT_OF(of_each); i++) {
		tcase_add_loop_test(each, of_each[i], 0, (int)signed_rows_count);
	}
	tcase_set_timeout(each, 60); /* keys are made */
	tcase_add_checked_fixture(each, begin, NULL);
	tcase_add_checked_fixture(all, begin, NULL);
	tcase_add_test(all, a_secret_stands_in_the_path_or_as_the_password);
	tcase_add_test(all, a_path_names_its_hook);
	tcase_add_test(all, secrets_are_read_from_files_of_their_own);
	tcase_add_test(all, a_key_that_is_none_is_refused_where_it_is_read);
	tcase_add_test(all, a_cloudevents_signature_proves_what_it_covers);
	tcase_add_test(all, what_is_read_of_a_form_is_what_was_signed);
	tcase_add_test(all, an_address_with_escapes_is_signed_as_hubspot_writes_it);
	suite_add_tcase(suite, each);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

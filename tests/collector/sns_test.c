/*
 * collector/source/sns.h: whose word a message of Amazon's is, what a log may name of one that is nobody's, and what is asked of
 * whoever runs the collector. That our own signing is Amazon's is said by its verifier (tests/whole/signatures_test.py).
 */
#include "collector/source/sns.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/conf.h"
#include "collector/hooks.h"
#include "core/base/arena.h"
#include "tests/collector/sns_signed.h"
#include "tests/table.h"

#define OURS "ours"
#define THEIRS "theirs"
#define OTHER_NAME "SimpleNotificationService-ff.pem"
#define FOREIGN "arn:aws:sns:eu-west-1:210987654321:ses-events"

static struct arena arena;

static void begin(void)
{
	ck_assert(arena_init(&arena, (size_t)8 << 20));
}

static struct hook hook_of(const char *pem)
{
	return (struct hook){.name = "amazon",
			     .source = "ses",
			     .is_pinned = true,
			     .certificates = {{.name = OTHER_NAME, .pem = sns_certificate(THEIRS, &arena)},
					      {.name = SNS_CERTIFICATE, .pem = pem}},
			     .certificates_count = 2,
			     .topics = {"arn:aws:sns:eu-north-1:123456789012:other", SNS_TOPIC},
			     .topics_count = 2};
}

static enum hook_proof prove(const struct hook *hook, const char *body, const char **ret_detail)
{
	struct source_request request = {.hook = hook, .body = body, .body_size = strlen(body)};
	request.proof = hook_prove(&request, sns_scheme, &arena);
	*ret_detail = sns_detail(&request, &arena);
	return request.proof;
}

START_TEST(a_message_is_the_topics_that_is_listed_by_the_certificate_that_is_pinned)
{
	static const struct {
		const char *about;
		struct sns_letter letter;
		const char *who;
		enum hook_proof proof;
		const char *detail; /* that a log names */
	} rows[] = {
		{"by SHA-1", {.version = "1"}, OURS, HOOK_PROVEN, ""},
		{"by SHA-256", {.version = "2"}, OURS, HOOK_PROVEN, ""},
		{"by another hash", {.version = "3"}, OURS, HOOK_FORGED, ""},
		{"with a subject", {.subject = "Amazon SES"}, OURS, HOOK_PROVEN, ""},
		{"with line ends in it", {.message = "a\nMessageId\nb\n"}, OURS, HOOK_PROVEN, ""},
		{"a topic's question", {.type = "SubscriptionConfirmation"}, OURS, HOOK_PROVEN, ""},
		{"a topic's farewell", {.type = "UnsubscribeConfirmation"}, OURS, HOOK_PROVEN, ""},
		{"of no known kind", {.type = "Letter"}, OURS, HOOK_UNSIGNED, ""},
		{"another region's host",
		 {.url = "https://sns.us-gov-west-1.amazonaws.com/" SNS_CERTIFICATE},
		 OURS,
		 HOOK_PROVEN,
		 ""},
		{"China's host",
		 {.url = "https://sns.cn-north-1.amazonaws.com.cn/" SNS_CERTIFICATE},
		 OURS,
		 HOOK_PROVEN,
		 ""},
		{"by another's key", {.message = "{}"}, THEIRS, HOOK_FORGED, ""},
		{"by another certificate that is pinned", {.url = SNS_HOST OTHER_NAME}, OURS, HOOK_FORGED, ""},
		{"and its key", {.url = SNS_HOST OTHER_NAME}, THEIRS, HOOK_PROVEN, ""},
		{"by one that is not",
		 {.url = SNS_HOST "SimpleNotificationService-0b.pem"},
		 OURS,
		 HOOK_UNKNOWN,
		 "sns.eu-west-1.amazonaws.com/SimpleNotificationService-0b.pem"},
		{"at a host that is not Amazon's",
		 {.url = "https://sns.eu-west-1.amazonaws.com.evil.test/" SNS_CERTIFICATE},
		 OURS,
		 HOOK_FORGED,
		 ""},
		{"at one that looks like it",
		 {.url = "https://sns.eu-west-1.amazonaws.com@evil.test/" SNS_CERTIFICATE},
		 OURS,
		 HOOK_FORGED,
		 ""},
		{"by a bucket of anybody's",
		 {.url = "https://s3.amazonaws.com/" SNS_CERTIFICATE},
		 OURS,
		 HOOK_FORGED,
		 ""},
		{"without TLS",
		 {.url = "http://sns.eu-west-1.amazonaws.com/" SNS_CERTIFICATE},
		 OURS,
		 HOOK_FORGED,
		 ""},
		{"in another folder", {.url = SNS_HOST "x/" SNS_CERTIFICATE}, OURS, HOOK_FORGED, ""},
		{"by an odd name", {.url = SNS_HOST "ann-acme-test.pem"}, OURS, HOOK_FORGED, ""},
		{"by another name's beginning", {.url = SNS_HOST SNS_CERTIFICATE "?x"}, OURS, HOOK_FORGED, ""},
		{"another account's topic, well signed", {.topic = FOREIGN}, OURS, HOOK_FOREIGN, FOREIGN},
		{"another account's topic, asking",
		 {.topic = FOREIGN, .type = "SubscriptionConfirmation"},
		 OURS,
		 HOOK_FOREIGN,
		 FOREIGN},
		{"one that only ends like ours", {.topic = SNS_TOPIC "x"}, OURS, HOOK_FOREIGN, SNS_TOPIC "x"},
		{"another topic by another's key", {.topic = FOREIGN}, THEIRS, HOOK_FORGED, ""},
		{"what is no topic's name", {.topic = "ann@acme.test"}, OURS, HOOK_FOREIGN, ""},
	};
	const struct hook hook = hook_of(sns_certificate(OURS, &arena));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *detail, *body = sns_signed(&rows[i].letter, rows[i].who, &arena);
		enum hook_proof proof = prove(&hook, body, &detail);
		ck_assert_msg(proof == rows[i].proof, "%s: %s", rows[i].about, hook_proof_name(proof));
		ck_assert_msg(strcmp(detail, rows[i].detail) == 0, "%s: %s", rows[i].about, detail);
	}
	const struct hook none = {.name = "amazon", .source = "ses", .is_pinned = true};
	const char *detail, *body = sns_signed(&(struct sns_letter){.type = NULL}, OURS, &arena);
	ck_assert_int_eq(prove(&none, body, &detail), HOOK_UNKNOWN);
	ck_assert_str_eq(detail, "sns.eu-west-1.amazonaws.com/" SNS_CERTIFICATE);
}
END_TEST

/* The value of one field at a time, one byte of it. */
START_TEST(whatever_is_changed_of_what_is_signed_proves_nothing)
{
	static const char *const fields[] = {"Message",	  "MessageId",	     "Subject",	 "SubscribeURL",
					     "Timestamp", "Token",	     "TopicArn", "Type",
					     "Signature", "SignatureVersion"};
	const struct hook hook = hook_of(sns_certificate(OURS, &arena));
	const struct sns_letter letter = {.type = "SubscriptionConfirmation", .message = "abc", .subject = "def"};
	const char *body = sns_signed(&letter, OURS, &arena), *detail;
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		char *changed = arena_text(&arena, body, strlen(body));
		char *at = strstr(changed, arena_print(&arena, "\"%s\":\"", fields[i]));
		ck_assert_msg(at != NULL, "%s", fields[i]);
		at += strlen(fields[i]) + 4;
		*at = *at == 'A' ? 'B' : 'A';
		ck_assert_msg(prove(&hook, changed, &detail) < HOOK_STALE, "%s", fields[i]);
		at[-1] = ' '; /* and no text at all */
		ck_assert_msg(prove(&hook, changed, &detail) < HOOK_STALE, "%s: not JSON", fields[i]);
	}
}
END_TEST

/* A topic's owner may write what he likes into its messages: lines that look like ours, too. */
START_TEST(a_foreign_topics_message_is_not_read_as_ours)
{
	const struct hook hook = hook_of(sns_certificate(OURS, &arena));
	const struct sns_letter letter = {.topic = FOREIGN,
					  .message = "x\nMessageId\ny\nTimestamp\nz\nTopicArn\n" SNS_TOPIC
						     "\nType\nNotification"};
	const char *whole = sns_signed(&letter, OURS, &arena), *detail;
	const char *signature = strstr(whole, "\"SignatureVersion\"");
	ck_assert_int_eq(prove(&hook, whole, &detail), HOOK_FOREIGN);
	static const char *const heads[] = {
		"{\"Message\":\"x\",\"MessageId\":\"y\",\"Timestamp\":\"z\",\"TopicArn\":\"" SNS_TOPIC
		"\",\"Type\":\"Notification\\nMessageId\\n22b8-1\\nTimestamp\\n2023-11-14T22:13:20."
		"000Z\\nTopicArn\\n" FOREIGN "\\nType\\nNotification\",",
		"{\"Message\":\"x\",\"MessageId\":\"y\",\"Timestamp\":\"z\",\"TopicArn\":\"" SNS_TOPIC
		"\\nType\\nNotification\\nMessageId\\n22b8-1\\nTimestamp\\n2023-11-14T22:13:20."
		"000Z\\nTopicArn\\n" FOREIGN "\",\"Type\":\"Notification\",",
	};
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		enum hook_proof proof = prove(&hook, arena_print(&arena, "%s%s", heads[i], signature), &detail);
		ck_assert_msg(proof != HOOK_PROVEN, "%zu: %s", i, hook_proof_name(proof));
		ck_assert_str_eq(detail, "");
	}
}
END_TEST

START_TEST(a_question_is_told_with_its_address_apart)
{
	static const struct {
		struct sns_letter letter;
		const char *about, *url; /* "": nothing is asked */
	} rows[] = {
		{{.type = "SubscriptionConfirmation"},
		 SNS_TOPIC " sends nothing yet, its subscription waits to be confirmed",
		 SNS_HOST "?Action=ConfirmSubscription&Token=2336"},
		{{.type = "UnsubscribeConfirmation"},
		 SNS_TOPIC " sends nothing more, its subscription was ended",
		 SNS_HOST "?Action=ConfirmSubscription&Token=2336"},
		{{.type = NULL}, "", ""},
		{{.type = "SubscriptionConfirmation", .subscribe_url = "https://evil.test/"}, "", ""},
		{{.type = "SubscriptionConfirmation", .subscribe_url = SNS_HOST "?a b"}, "", ""},
		{{.type = "SubscriptionConfirmation", .subscribe_url = SNS_HOST "\nx"}, "", ""},
		{{.type = "SubscriptionConfirmation", .topic = "news"}, "", ""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *body = sns_signed(&rows[i].letter, OURS, &arena);
		const struct source_request request = {.body = body, .body_size = strlen(body)};
		struct sns_message message;
		struct source_items items;
		ck_assert(sns_open(&request, &arena, &message, &items));
		ck_assert_str_eq(items.notice != NULL ? items.notice->about : "", rows[i].about);
		ck_assert_str_eq(items.notice != NULL ? items.notice->url : "", rows[i].url);
		ck_assert_int_eq(message.text != NULL, i == 2);
	}
}
END_TEST

START_TEST(certificates_are_read_from_files)
{
	char folder[] = "/tmp/phased-sns-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(folder));
	const char *path = arena_print(&arena, "%s/" SNS_CERTIFICATE, folder);
	const struct {
		const char *about, *text;
		mode_t mode;
		const char *complaint; /* "": it is taken */
	} rows[] = {
		{"a certificate", sns_certificate(OURS, &arena), 0600, ""},
		{"one that others may write", sns_certificate(OURS, &arena), 0666, "chmod 0600"},
		{"nothing", "", 0600, "no certificate"},
		{"no certificate", "-----BEGIN CERTIFICATE-----\nMFkw\n-----END CERTIFICATE-----\n", 0600,
		 "no certificate"},
		{"no PEM", "MFkw", 0600, "no certificate"},
	};
	struct hooks hooks = {.count = 0};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hook hook = hook_of(NULL);
		hook.url = hook.secret_file = "";
		hook.certificates[0] = (struct hook_certificate){.name = SNS_CERTIFICATE, .file = path};
		hook.certificates_count = 1;
		struct collect_conf conf = {.hooks = {.items = &hook, .count = 1},
					    .chat = {.topics_file = "conf/topics.yaml"}};
		struct fail fail = {.text = ""};
		FILE *file = fopen(path, "w");
		ck_assert(file != NULL && fputs(rows[i].text, file) >= 0 && fclose(file) == 0);
		ck_assert_int_eq(chmod(path, rows[i].mode), 0);
		ck_assert_msg(hooks_load(&hooks, &conf, &fail) == (rows[i].complaint[0] == '\0'), "%s: %s",
			      rows[i].about, fail.text);
		ck_assert_msg(strstr(fail.text, rows[i].complaint) != NULL, "%s: %s", rows[i].about, fail.text);
		ck_assert_int_eq(unlink(path), 0);
	}
	const struct hook *loaded = &hooks.items[0]; /* the first one's still */
	const char *detail, *body = sns_signed(&(struct sns_letter){.version = "2"}, OURS, &arena);
	ck_assert_int_eq(prove(loaded, body, &detail), HOOK_PROVEN);
	hooks_finish(&hooks);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_message_is_the_topics_that_is_listed_by_the_certificate_that_is_pinned,
				      whatever_is_changed_of_what_is_signed_proves_nothing,
				      a_foreign_topics_message_is_not_read_as_ours,
				      a_question_is_told_with_its_address_apart, certificates_are_read_from_files};
	Suite *suite = suite_create("sns");
	TCase *all = tcase_create("all");
	tcase_add_checked_fixture(all, begin, NULL);
	tcase_set_timeout(all, 60);
	for (size_t i = 0; i < COUNT_OF(tests); i++) {
		tcase_add_test(all, tests[i]);
	}
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include "tests/collector/signed.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "core/base/moment.h"
#include "core/base/signature.h"
#include "tests/collector/sns_signed.h"
#include "tests/table.h"

struct arena signed_arena;

static const char *hex_of(enum signature_hash hash, const char *secret, const char *a, const char *b,
			  const char *c)
{
	const struct signature_piece pieces[] = {{a, strlen(a)}, {b, strlen(b)}, {c, strlen(c)}};
	uint8_t bytes[SIGNATURE_SIZE_MAX];
	size_t size = signature_hmac(hash, secret, strlen(secret), pieces, COUNT_OF(pieces), bytes);
	char *text = arena_zero(&signed_arena, 2 * size + 1, 1);
	for (size_t i = 0; i < size; i++) {
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	}
	return text;
}

const char *signed_base64(const uint8_t *bytes, size_t size)
{
	uint8_t *text = arena_zero(&signed_arena, size * 2 + 8, 1);
	EVP_EncodeBlock(text, bytes, (int)size);
	return (const char *)text;
}

static void sign_mailgun(const char *secret, int64_t at_s, struct sent *ret)
{
	const char *at = arena_print(&signed_arena, "%lld", (long long)at_s);
	ret->body = arena_print(&signed_arena,
				"{\"signature\":{\"timestamp\":\"%s\",\"token\":\"tok123\",\"signature\":\"%s\"}}",
				at, hex_of(SIGNATURE_SHA256, secret, at, "tok123", ""));
}

static void sign_chatwoot(const char *secret, int64_t at_s, struct sent *ret)
{
	const char *at = arena_print(&signed_arena, "%lld", (long long)at_s);
	ret->headers[0] = (struct source_pair){"X-Chatwoot-Timestamp", at};
	ret->headers[1] = (struct source_pair){"X-Chatwoot-Signature",
					       arena_print(&signed_arena, "sha256=%s",
							   hex_of(SIGNATURE_SHA256, secret, at, ".", ret->body))};
	ret->headers_count = 2;
}

void signed_mandrill(const char *secret, int64_t at_s, struct sent *ret)
{
	(void)at_s;
	const struct signature_piece pieces[] = {
		{SIGNED_URL, strlen(SIGNED_URL)}, {"mandrill_events", 15}, {"[]", 2}};
	uint8_t bytes[SIGNATURE_SIZE_MAX];
	size_t size = signature_hmac(SIGNATURE_SHA1, secret, strlen(secret), pieces, COUNT_OF(pieces), bytes);
	ret->fields[0] = (struct source_pair){"mandrill_events", "[]"};
	ret->fields_count = 1;
	ret->headers[0] = (struct source_pair){"X-Mandrill-Signature", signed_base64(bytes, size)};
	ret->headers_count = 1;
}

static void sign_intercom(const char *secret, int64_t at_s, struct sent *ret)
{
	(void)at_s;
	ret->headers[0] = (struct source_pair){"X-Hub-Signature",
					       arena_print(&signed_arena, "sha1=%s",
							   hex_of(SIGNATURE_SHA1, secret, ret->body, "", ""))};
	ret->headers_count = 1;
}

static void sign_crisp(const char *secret, int64_t at_s, struct sent *ret)
{
	const char *at = arena_print(&signed_arena, "%lld000", (long long)at_s);
	const char *begin = arena_print(&signed_arena, "[%s;", at);
	ret->headers[0] = (struct source_pair){"X-Crisp-Request-Timestamp", at};
	ret->headers[1] =
		(struct source_pair){"X-Crisp-Signature", hex_of(SIGNATURE_SHA256, secret, begin, ret->body, "]")};
	ret->headers_count = 2;
}

/* As the help desk's webhooks are; those of conversations show the secret as it is. */
static void sign_zendesk(const char *secret, int64_t at_s, struct sent *ret)
{
	char at[MOMENT_TEXT_SIZE];
	uint8_t bytes[SIGNATURE_SIZE_MAX];
	moment_print(at_s * 1000000, at);
	const struct signature_piece pieces[] = {{at, strlen(at)}, {ret->body, strlen(ret->body)}};
	size_t size = signature_hmac(SIGNATURE_SHA256, secret, strlen(secret), pieces, COUNT_OF(pieces), bytes);
	ret->headers[0] = (struct source_pair){"X-Zendesk-Webhook-Signature-Timestamp",
					       arena_text(&signed_arena, at, strlen(at))};
	ret->headers[1] = (struct source_pair){"X-Zendesk-Webhook-Signature", signed_base64(bytes, size)};
	ret->headers_count = 2;
}

static void show_zendesk(const char *secret, int64_t at_s, struct sent *ret)
{
	(void)at_s;
	ret->headers[0] = (struct source_pair){"X-API-Key", secret};
	ret->headers_count = 1;
}

static void show_rocketchat(const char *secret, int64_t at_s, struct sent *ret)
{
	(void)at_s;
	ret->headers[0] = (struct source_pair){"X-RocketChat-Livechat-Token", secret};
	ret->headers_count = 1;
}

static void show_ga4(const char *secret, int64_t at_s, struct sent *ret)
{
	(void)at_s;
	ret->fields[0] = (struct source_pair){"measurement_id", "G-ACME"};
	ret->fields[1] = (struct source_pair){"api_secret", secret};
	ret->fields_count = 2;
}

static void sign_hubspot(const char *secret, int64_t at_s, struct sent *ret)
{
	const char *at = arena_print(&signed_arena, "%lld000", (long long)at_s);
	const char *whole = arena_print(&signed_arena, "POST%s%s%s", SIGNED_HUBSPOT_URL, ret->body, at);
	const struct signature_piece piece = {whole, strlen(whole)};
	uint8_t bytes[SIGNATURE_SIZE_MAX];
	size_t size = signature_hmac(SIGNATURE_SHA256, secret, strlen(secret), &piece, 1, bytes);
	ret->headers[0] = (struct source_pair){"X-HubSpot-Request-Timestamp", at};
	ret->headers[1] = (struct source_pair){"X-HubSpot-Signature-v3", signed_base64(bytes, size)};
	ret->headers_count = 2;
}

static void show_dynamics(const char *secret, int64_t at_s, struct sent *ret)
{
	(void)at_s;
	ret->headers[0] = (struct source_pair){"X-Phased-Secret", secret};
	ret->headers_count = 1;
}

static void show_dynamics_in_query(const char *secret, int64_t at_s, struct sent *ret)
{
	(void)at_s;
	ret->fields[0] = (struct source_pair){"code", secret};
	ret->fields_count = ret->query_count = 1;
}

/* As Standard Webhooks have it. */
static void sign_cloudevents(const char *secret, int64_t at_s, struct sent *ret)
{
	const char *at = arena_print(&signed_arena, "%lld", (long long)at_s);
	const char *whole = arena_print(&signed_arena, "msg_1.%s.%s", at, ret->body);
	const struct signature_piece piece = {whole, strlen(whole)};
	uint8_t bytes[SIGNATURE_SIZE_MAX];
	size_t size = signature_hmac(SIGNATURE_SHA256, secret, strlen(secret), &piece, 1, bytes);
	ret->headers[0] = (struct source_pair){"webhook-id", "msg_1"};
	ret->headers[1] = (struct source_pair){"webhook-timestamp", at};
	ret->headers[2] = (struct source_pair){"webhook-signature", arena_print(&signed_arena, "v1a,AAAA v1,%s",
										signed_base64(bytes, size))};
	ret->headers_count = 3;
}

static void show_bearer(const char *secret, int64_t at_s, struct sent *ret)
{
	(void)at_s;
	ret->headers[0] = (struct source_pair){"Authorization", arena_print(&signed_arena, "Bearer %s", secret)};
	ret->headers_count = 1;
}

static void sign_password(const char *secret, int64_t at_s, struct sent *ret)
{
	(void)at_s;
	ret->path = arena_print(&signed_arena, "/hooks/%s/news/%s", ret->source, secret);
}

/* A private key of the sender's, whose public half is what we have: for each secret's text one. */
static EVP_PKEY *key_for(const char *secret)
{
	static struct {
		const char *secret;
		EVP_PKEY *key;
	} made[8];
	size_t i = 0;
	while (i < COUNT_OF(made) && made[i].key != NULL && strcmp(made[i].secret, secret) != 0) {
		i++;
	}
	ck_assert_uint_lt(i, COUNT_OF(made));
	if (made[i].key == NULL) {
		made[i].secret = secret;
		made[i].key = EVP_EC_gen("P-256");
		ck_assert_ptr_nonnull(made[i].key);
	}
	return made[i].key;
}

const char *signed_public_half(const char *secret)
{
	uint8_t *bytes = NULL;
	int size = i2d_PUBKEY(key_for(secret), &bytes);
	ck_assert_int_gt(size, 0);
	const char *text = signed_base64(bytes, (size_t)size);
	OPENSSL_free(bytes);
	return text;
}

static void sign_sendgrid(const char *secret, int64_t at_s, struct sent *ret)
{
	const char *at = arena_print(&signed_arena, "%lld", (long long)at_s);
	const char *whole = arena_print(&signed_arena, "%s%s", at, ret->body);
	uint8_t bytes[256];
	size_t size = sizeof(bytes);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ck_assert_int_eq(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key_for(secret)), 1);
	ck_assert_int_eq(EVP_DigestSign(context, bytes, &size, (const uint8_t *)whole, strlen(whole)), 1);
	EVP_MD_CTX_free(context);
	ret->headers[0] = (struct source_pair){"X-Twilio-Email-Event-Webhook-Timestamp", at};
	ret->headers[1] =
		(struct source_pair){"X-Twilio-Email-Event-Webhook-Signature", signed_base64(bytes, size)};
	ret->headers_count = 2;
}

/* Of a secret's certificate: each request names it. */
const char *signed_certificate(const char *secret)
{
	return arena_print(&signed_arena, "SimpleNotificationService-%02zx%02x.pem", strlen(secret),
			   (unsigned)(unsigned char)secret[0]);
}

/* Whose secret is a private key, and ours its certificate. */
static void sign_ses(const char *secret, int64_t at_s, struct sent *ret)
{
	(void)at_s;
	const char *url = arena_print(&signed_arena, "%s%s", SNS_HOST, signed_certificate(secret));
	ret->body = sns_signed(&(struct sns_letter){.url = url}, secret, &signed_arena);
}

const struct signed_row signed_rows[] = {
	{"chatwoot", sign_chatwoot, true, SIGNS_BODY,
	 "7c0046939f7af4d1d7814d4533890fca5e9fa45c7ae46c09c4f1e3117fa3a439"},
	{"mailgun", sign_mailgun, false, SIGNS_A_PART,
	 "e634f020f10df9e36621220ed92b04841a8e5e3fe3fcb7d4e2a193373d1c6c37"},
	{"sendgrid", sign_sendgrid, false, SIGNS_BODY, NULL, signed_public_half},
	{"mandrill", signed_mandrill, false, SIGNS_NOTHING, "ODddqw5Vol1/VZOPOqBA1IiKITo="},
	{"intercom", sign_intercom, false, SIGNS_BODY, "76901cc1fd5d68469e7f3bfe51e123a50b854bd9"},
	{"crisp", sign_crisp, true, SIGNS_BODY,
	 "8e7194747a98c1063837ab55167c0f5f133ead664e4cf4475a443da3741544c1"},
	{"zendesk", sign_zendesk, true, SIGNS_BODY, "pHx6ep3qfznLBNuSugkTu3a5FzXDxt9g1sao0CZkWeY="},
	{"zendesk", show_zendesk, false, SIGNS_NOTHING},
	{"rocketchat", show_rocketchat, false, SIGNS_NOTHING},
	{"cloudevents", sign_cloudevents, true, SIGNS_BODY},
	{"cloudevents", show_bearer, false, SIGNS_NOTHING},
	{"cloudevents", sign_password, false, SIGNS_NOTHING},
	{"ga4", show_ga4, false, SIGNS_NOTHING},
	{"ga4", sign_password, false, SIGNS_NOTHING},
	{"hubspot", sign_hubspot, true, SIGNS_BODY, "RhACYWjf1pq7RMcSWD/dcUHRzqN3w4DWErxL/Xg+zp0="},
	{"dynamics", show_dynamics, false, SIGNS_NOTHING},
	{"dynamics", show_dynamics_in_query, false, SIGNS_NOTHING},
	{"dynamics", sign_password, false, SIGNS_NOTHING},
	{"salesforce", sign_password, false, SIGNS_NOTHING},
	{"ses", sign_ses, false, SIGNS_A_PART, NULL, NULL, true},
	{"postmark", sign_password, false, SIGNS_NOTHING},
	{"brevo", sign_password, false, SIGNS_NOTHING},
};

const size_t signed_rows_count = COUNT_OF(signed_rows);

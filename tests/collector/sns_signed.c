#include "tests/collector/sns_signed.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "core/base/arena.h"
#include "tests/table.h"

#define KEY_BITS 1024 /* are made at once; real ones have more */
#define KEYS_MAX 4

static struct {
	const char *who;
	EVP_PKEY *key;
} made[KEYS_MAX];

static EVP_PKEY *key_of(const char *who)
{
	size_t i = 0;
	while (i < KEYS_MAX && made[i].key != NULL && strcmp(made[i].who, who) != 0) {
		i++;
	}
	ck_assert_uint_lt(i, KEYS_MAX);
	if (made[i].key == NULL) {
		made[i].who = who;
		made[i].key = EVP_RSA_gen(KEY_BITS);
		ck_assert_ptr_nonnull(made[i].key);
	}
	return made[i].key;
}

const char *sns_certificate(const char *who, struct arena *arena)
{
	X509 *certificate = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;
	ck_assert(certificate != NULL && bio != NULL);
	ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(certificate), 86400));
	ck_assert_int_eq(X509_set_pubkey(certificate, key_of(who)), 1);
	ck_assert_int_gt(X509_sign(certificate, key_of(who), EVP_sha256()), 0);
	ck_assert_int_eq(PEM_write_bio_X509(bio, certificate), 1);
	long size = BIO_get_mem_data(bio, &bytes);
	const char *text = arena_text(arena, bytes, (size_t)size);
	BIO_free(bio);
	X509_free(certificate);
	return text;
}

static const char *or_usual(const char *text, const char *usual)
{
	return text != NULL ? text : usual;
}

static const char *escaped(const char *text, struct arena *arena)
{
	char *out = arena_zero(arena, 2 * strlen(text) + 1, 1), *at = out;
	for (; *text != '\0'; text++) {
		if (*text == '\n' || *text == '"') {
			*at++ = '\\';
		}
		if (*text == '\n') {
			*at++ = 'n';
		} else {
			*at++ = *text;
		}
	}
	return out;
}

/* Base64 of the signature of a text. */
static const char *sign(const char *text, const char *version, const char *who, struct arena *arena)
{
	uint8_t bytes[KEY_BITS / 8];
	size_t size = sizeof(bytes);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const EVP_MD *hash = strcmp(version, "1") == 0 ? EVP_sha1() : EVP_sha256();
	ck_assert_int_eq(EVP_DigestSignInit(context, NULL, hash, NULL, key_of(who)), 1);
	ck_assert_int_eq(EVP_DigestSign(context, bytes, &size, (const uint8_t *)text, strlen(text)), 1);
	EVP_MD_CTX_free(context);
	uint8_t *base64 = arena_zero(arena, 2 * size + 8, 1);
	EVP_EncodeBlock(base64, bytes, (int)size);
	return (const char *)base64;
}

const char *sns_signed(const struct sns_letter *letter, const char *who, struct arena *arena)
{
	const char *type = or_usual(letter->type, "Notification"), *message = or_usual(letter->message, "{}");
	const char *version = or_usual(letter->version, "1"), *topic = or_usual(letter->topic, SNS_TOPIC);
	const char *url = or_usual(letter->url, SNS_HOST SNS_CERTIFICATE);
	const char *subscribe = or_usual(letter->subscribe_url, SNS_HOST "?Action=ConfirmSubscription&Token=2336");
	bool is_plain = strcmp(type, "Notification") == 0;
	const struct {
		const char *name, *value;
	} lines[] = {
		{"Message", message},
		{"MessageId", "22b8-1"},
		{"Subject", letter->subject},
		{"SubscribeURL", is_plain ? NULL : subscribe},
		{"Timestamp", "2023-11-14T22:13:20.000Z"},
		{"Token", is_plain ? NULL : "2336"},
		{"TopicArn", topic},
		{"Type", type},
	};
	const char *text = "", *json = "{";
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		if (lines[i].value != NULL) {
			text = arena_print(arena, "%s%s\n%s\n", text, lines[i].name, lines[i].value);
			json = arena_print(arena, "%s\"%s\":\"%s\",", json, lines[i].name,
					   escaped(lines[i].value, arena));
		}
	}
	return arena_print(arena, "%s\"SignatureVersion\":\"%s\",\"Signature\":\"%s\",\"SigningCertURL\":\"%s\"}",
			   json, version, sign(text, version, who, arena), url);
}

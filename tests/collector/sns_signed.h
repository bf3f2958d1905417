/*
 * Messages as Amazon's Simple Notification Service signs them, by keys of our own. Each `who` has one key and certificate.
 */
#pragma once

struct arena;

#define SNS_TOPIC "arn:aws:sns:eu-west-1:123456789012:ses-events"
#define SNS_HOST "https://sns.eu-west-1.amazonaws.com/"
#define SNS_CERTIFICATE "SimpleNotificationService-0a1b.pem"

/* NULL: as usual, or (subject, of what is optional) none. */
struct sns_letter {
	const char *type, *message, *subject, *topic, *url, *version, *subscribe_url;
};

/* In PEM, named in no way. */
const char *sns_certificate(const char *who, struct arena *arena);
/* The envelope as JSON. Texts of the letter are in it as they are, but line ends, which are escaped. */
const char *sns_signed(const struct sns_letter *letter, const char *who, struct arena *arena);

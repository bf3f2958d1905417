/*
 * A webhook: its sender, and how a request proves that it is that sender's. Pure.
 *
 * A scheme looks at one request and one secret. Comparisons take the same time however much of a guess is right.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct source_request;

#define HOOK_SECRETS_MAX 2 /* the one in use, and the one before or after it while it is changed */
#define HOOK_PATH "/hooks/"
/* Of schemes that sign a fresh time in each attempt. */
#define HOOK_WINDOW_US (300 * INT64_C(1000000))

#define HOOK_CERTIFICATES_MAX 8
#define HOOK_TOPICS_MAX 16

/* Bytes as they are in the file, with a NUL behind that is not counted. */
struct hook_secret {
	const char *bytes;
	size_t size;
};

/* Of a sender that signs by certificates which it says the address of: one that is pinned, as a file. */
struct hook_certificate {
	const char *name; /* the file's, which is the address's last part */
	const char *file; /* where it stands, a path */
	const char *pem;
};

struct hook {
	const char *name;   /* the site of its events */
	const char *source; /* "mailgun" */
	const char *url;    /* as the sender calls it, for schemes that sign it; "": not told */
	bool is_plain; /* its requests carry no signature: a secret in the path or as the password proves them */
	const char *secret_file; /* where they stand, a path */
	struct hook_secret secrets[HOOK_SECRETS_MAX];
	size_t secrets_count;
	bool is_pinned; /* has these in place of secrets: */
	struct hook_certificate certificates[HOOK_CERTIFICATES_MAX];
	size_t certificates_count;
	const char
		*topics[HOOK_TOPICS_MAX]; /* whose messages are taken; the certificates sign for every customer */
	size_t topics_count;
};

enum hook_proof {
	HOOK_UNSIGNED, /* there is nothing that could prove it, or not in the scheme's form */
	HOOK_UNKNOWN,  /* by a certificate that is not pinned */
	HOOK_FORGED,
	HOOK_STALE,   /* signed well, but at another time than about now */
	HOOK_FOREIGN, /* signed well, but of a topic that is not listed */
	HOOK_PROVEN
};

/* "signature missing" … for a log. */
const char *hook_proof_name(enum hook_proof proof);

typedef enum hook_proof hook_scheme(const struct source_request *request, const struct hook_secret *secret,
				    struct arena *arena);
/* What a log may name of a request that proves nothing (its certificate's address, its topic), never a text that somebody chose
 * freely; "": nothing. */
typedef const char *hook_detail(const struct source_request *request, struct arena *arena);

/* By the first of request->hook's secrets that proves it; else what came nearest. A hook that is pinned has none: its scheme
 * chooses among its certificates. */
enum hook_proof hook_prove(const struct source_request *request, hook_scheme *scheme, struct arena *arena);

/* A scheme: the secret is the last part of the path, or the password of basic authentication by any name. */
hook_scheme hook_password;

/* For schemes that sign when they send: is it about now? (Of a signature that is right.) */
enum hook_proof hook_at(const struct source_request *request, int64_t signed_us);

/* The hook that the path /hooks/SOURCE/NAME or /hooks/SOURCE/NAME/… names; NULL: none. */
const struct hook *hook_find(const struct hook *hooks, size_t count, const char *path);

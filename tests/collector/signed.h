/*
 * What each sender of webhooks sends, signed as it signs: with whatever secret, at whatever time. How vendors sign is said by known answers
 * (tests/base/signature_test.c) and, where there is one, by the vendor's own verifier (tests/whole/signatures_test.py).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/source/source.h"
#include "core/base/arena.h"

#define SIGNED_HUBSPOT_URL "https://c.example/hooks/hubspot"
#define SIGNED_URL "https://c.example/hooks/mandrill"

extern struct arena signed_arena; /* what is made lies there; initialised by the test */

/* A request under way: what a scheme looks at. */
struct sent {
	const char *source, *body;
	struct source_pair headers[SOURCE_MORE_HEADERS_MAX];
	size_t headers_count;
	const char *path;
	struct source_pair fields[2]; /* of the query, or of a form, which is then no body */
	size_t fields_count;
	size_t query_count; /* of these are the query's */
};

/* Makes the request that the sender makes at a moment, in seconds, with this secret. */
typedef void signer(const char *secret, int64_t at_s, struct sent *ret);

enum signs { SIGNS_NOTHING, SIGNS_A_PART, SIGNS_BODY };

struct signed_row {
	const char *source;
	signer *sign;
	bool has_window;  /* it is signed anew for each attempt */
	enum signs signs; /* what of the body */
	const char
		*right; /* a vendor's or our own known answer: what `body` must hold or a header be; NULL: none */
	const char *(*secret_of)(const char *secret); /* the half of it that we have; NULL: all */
	bool is_pinned;				      /* that half is a certificate */
};

extern const struct signed_row signed_rows[];
extern const size_t signed_rows_count;

/* Which certificate a secret's requests name; the public half of a secret's key, as SendGrid shows it. */
const char *signed_certificate(const char *secret);
const char *signed_public_half(const char *secret);
const char *signed_base64(const uint8_t *bytes, size_t size);
void signed_mandrill(const char *secret, int64_t at_s, struct sent *ret);

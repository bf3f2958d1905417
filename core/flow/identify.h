/*
 * Who did it, as one event says it: normalised identifiers → keyed actor ids. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/uuid.h"
#include "core/model/actor.h"
#include "core/model/event.h"

struct arena;

#define IDENTIFY_BY_HAND "phasectl" /* source of what people at a terminal say */

#define IDENTITY_KEY_SIZE_MIN 32
#define IDENTITY_KEY_SIZE_MAX 128
#define IDENTITY_EMAIL_SIZE_MAX 254
#define IDENTITY_ID_SIZE_MAX 256

struct identity_key {
	uint8_t bytes[IDENTITY_KEY_SIZE_MAX];
	size_t size;
};

/* Which key it is: enough to tell keys apart, no help to whoever does not have it. */
#define IDENTITY_KID_SIZE 17
void identify_kid(const struct identity_key *key, char ret_kid[static IDENTITY_KID_SIZE]);

struct identify_options {
	const struct identity_key *key;
	const char *const *blocked; /* more values that never make an actor, lower case */
	size_t blocked_count;
};

/* What an event says about who acted. The touch is recorded on `weak` when there is one, else on `strong`. */
struct identified {
	bool has_weak, has_strong;
	struct actor weak;   /* first usable of anonymous_id, visitor_id, recipient_id */
	struct actor strong; /* first usable of user_id, email (or email_actor), crm_id */
	bool has_address;    /* the event gave a usable address, whether or not `strong` is that one */
	struct actor address;
	bool has_crm; /* as for the address */
	struct actor crm;
	bool has_previous; /* of an ALIAS by `strong`: the user id that went before */
	struct actor previous;
	/* An ALIAS that phasectl sends: `strong` and `previous` are named by their ids alone; of which kind they are is not said. */
	bool by_hand;
	const char *account; /* host name of the account that a group call or a CRM record names, "": none */
	unsigned blocked;    /* identifiers given (not "") that are blocked or unusable, weak and strong */
};

/* actor_id = first 128 bits of HMAC-SHA256(K, kind ‖ 0 ‖ space ‖ 0 ‖ normalised value). */
struct uuid identify_actor_id(const struct identity_key *key, enum actor_kind kind, const char *space,
			      const char *value);

/*
 * trim, NFC, lower-case ASCII, domain by IDNA 2008 (A-label form). No provider's tricks: dots and plus tags stay.
 * False when it is no address: no '@', an empty part, over 254 bytes (as given or as it comes out), white space, a
 * control character or one of "(),:;<>@[\] in the local part, a domain that is no host name.
 */
bool identify_normalise_email(const char *email, char ret_email[static IDENTITY_EMAIL_SIZE_MAX + 1]);
/* Empty, null, undefined, anonymous, guest, unknown, test (in any case), one character however often ("0", "000", "xx"),
 * the nil UUID, configured. `value` is trimmed. Asked of addresses, too: the configured list may name some. */
bool identify_is_blocked(const char *value, const struct identify_options *options);

/*
 * All whom an event names, each once: whom it is by, then whom it names beside: an address, a CRM's contact, who it was before.
 * Nobody is named beside a weak actor alone. They lie in `who`. Returns how many.
 */
#define IDENTIFY_NAMED_MAX 5
size_t identify_named(const struct identified *who, const struct actor *ret_actors[static IDENTIFY_NAMED_MAX]);

/* Names it nobody but a browser? Then who it is by is told by site and anonymous_id alone. */
bool identify_is_browser(const struct event *event);

/*
 * The event's texts are within the limits of event.h. The id space is its site, empty for addresses. An `email` that
 * is usable goes before `email_actor`, whose value is "". Kinds come from the field alone: a user_id that looks like an
 * address stays a user. Texts of actors are the event's or in the arena. False: arena full.
 */
bool identify_event(const struct event *event, const struct identify_options *options, struct arena *arena,
		    struct identified *ret);

#include "core/flow/identify.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/domain.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/base/unicode.h"

static struct uuid make_id(const struct identity_key *key, enum actor_kind kind, struct hash_piece space,
			   struct hash_piece value)
{
	CHECK(key->size >= IDENTITY_KEY_SIZE_MIN && key->size <= IDENTITY_KEY_SIZE_MAX);
	const char *name = actor_kind_name(kind);
	const struct hash_piece pieces[] = {{name, strlen(name)}, space, value};
	uint8_t hash[HASH_SIZE];
	hash_hmac(key->bytes, key->size, pieces, COUNT_OF(pieces), hash);
	struct uuid id;
	memcpy(id.bytes, hash, sizeof(id.bytes));
	return id;
}

struct uuid identify_actor_id(const struct identity_key *key, enum actor_kind kind, const char *space,
			      const char *value)
{
	return make_id(key, kind, (struct hash_piece){space, strlen(space)},
		       (struct hash_piece){value, strlen(value)});
}

void identify_kid(const struct identity_key *key, char ret_kid[static IDENTITY_KID_SIZE])
{
	CHECK(key->size >= IDENTITY_KEY_SIZE_MIN && key->size <= IDENTITY_KEY_SIZE_MAX);
	static const char name[] = "kid"; /* one piece: no actor's id is made so */
	uint8_t hash[HASH_SIZE];
	hash_hmac(key->bytes, key->size, &(struct hash_piece){name, strlen(name)}, 1, hash);
	for (size_t i = 0; i < (IDENTITY_KID_SIZE - 1) / 2; i++) {
		snprintf(ret_kid + 2 * i, 3, "%02x", hash[i]);
	}
}

static bool is_local_part(const char *local)
{
	return *local != '\0' && strpbrk(local, "\"(),:;<>@[\\]") == NULL && !unicode_has_space_or_control(local);
}

bool identify_normalise_email(const char *email, char ret_email[static IDENTITY_EMAIL_SIZE_MAX + 1])
{
	size_t size;
	const char *trimmed = unicode_trim(email, &size);
	char text[IDENTITY_EMAIL_SIZE_MAX + 1];
	if (size > IDENTITY_EMAIL_SIZE_MAX || !unicode_nfc(trimmed, size, IDENTITY_EMAIL_SIZE_MAX, text)) {
		return false;
	}
	char *at = strrchr(text, '@');
	char domain[DOMAIN_SIZE_MAX + 1];
	if (at == NULL || !domain_normalise(at + 1, domain)) {
		return false;
	}
	*at = '\0';
	/* Once more NFC: 'J' with a caron has no composed form, the 'j' that it has become has one. */
	char local[IDENTITY_EMAIL_SIZE_MAX + 1];
	text_lower(text);
	if (!unicode_nfc(text, strlen(text), IDENTITY_EMAIL_SIZE_MAX, local) || !is_local_part(local)) {
		return false;
	}
	size_t local_size = strlen(local);
	size_t domain_size = strlen(domain);
	if (local_size + 1 + domain_size > IDENTITY_EMAIL_SIZE_MAX) {
		return false;
	}
	memcpy(ret_email, local, local_size);
	ret_email[local_size] = '@';
	memcpy(ret_email + local_size + 1, domain, domain_size + 1);
	return true;
}

/* "0", "000", "xx", "ååå": nobody's id. */
static bool is_one_character(const char *value)
{
	size_t first = 1;
	while (((unsigned char)value[first] & 0xc0) == 0x80) {
		first++;
	}
	for (const char *at = value + first; *at != '\0'; at += first) {
		if (*at != *value || strncmp(value, at, first) != 0) {
			return false;
		}
	}
	return true;
}

static bool is_blocked(const char *value, size_t size, const struct identify_options *options)
{
#define WORD(word) \
	{ \
		word, sizeof(word) - 1 \
	}
	static const struct {
		const char *text;
		size_t size;
	} words[] = {
		WORD("null"),
		WORD("undefined"),
		WORD("anonymous"),
		WORD("guest"),
		WORD("unknown"),
		WORD("test"),
		WORD("00000000-0000-0000-0000-000000000000"),
	};
#undef WORD
	if (size == 0 || is_one_character(value)) {
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (size == words[i].size && strcasecmp(value, words[i].text) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < options->blocked_count; i++) {
		if (strcasecmp(value, options->blocked[i]) == 0) {
			return true;
		}
	}
	return false;
}

bool identify_is_blocked(const char *value, const struct identify_options *options)
{
	return is_blocked(value, strlen(value), options);
}

enum usable { ABSENT, USABLE, UNUSABLE, ARENA_FULL };

/* The address in its normal form, in the arena. */
static enum usable normal_address(const char *email, const struct identify_options *options, struct arena *arena,
				  struct hash_piece *ret_value)
{
	char normal[IDENTITY_EMAIL_SIZE_MAX + 1];
	if (!identify_normalise_email(email, normal) || identify_is_blocked(normal, options)) {
		return UNUSABLE;
	}
	size_t size = strlen(normal);
	*ret_value = (struct hash_piece){arena_text(arena, normal, size), size};
	return ret_value->bytes != NULL ? USABLE : ARENA_FULL;
}

/* Trimmed; case is kept. Nearly all are in that form as they come, and stay where they are. */
static enum usable normal_id(const char *id, const struct identify_options *options, struct arena *arena,
			     struct hash_piece *ret_value)
{
	size_t size;
	const char *value = unicode_trim(id, &size);
	if (size > IDENTITY_ID_SIZE_MAX) {
		return UNUSABLE;
	}
	if (value[size] != '\0') {
		value = arena_text(arena, value, size);
		if (value == NULL) {
			return ARENA_FULL;
		}
	}
	*ret_value = (struct hash_piece){value, size};
	return is_blocked(value, size, options) ? UNUSABLE : USABLE;
}

/* `value` is not "". */
static enum usable identify_actor(const struct identify_options *options, enum actor_kind kind,
				  struct hash_piece space, const char *value, struct arena *arena,
				  struct actor *ret_actor)
{
	struct hash_piece normal = {NULL, 0};
	enum usable usable = kind == ACTOR_EMAIL ? normal_address(value, options, arena, &normal)
						 : normal_id(value, options, arena, &normal);
	if (usable == USABLE) {
		*ret_actor = (struct actor){make_id(options->key, kind, space, normal), kind, space.bytes,
					    normal.bytes};
	}
	return usable;
}

/* The address's actor id that stands in place of an address. */
static enum usable identify_email_actor(const struct event *event, struct actor *ret_actor)
{
	static const struct uuid nil;
	if (!event->identity.has_email_actor) {
		return ABSENT;
	}
	struct actor actor = {.kind = ACTOR_EMAIL, .space = "", .value = ""};
	memcpy(actor.id.bytes, event->identity.email_actor, sizeof(actor.id.bytes));
	if (uuid_equal(&actor.id, &nil)) {
		return UNUSABLE;
	}
	*ret_actor = actor;
	return USABLE;
}

bool identify_is_browser(const struct event *event)
{
	const char *const others[] = {event->identity.visitor_id, event->identity.recipient_id,
				      event->identity.user_id, event->identity.email, event->identity.crm_id};
	bool is_browser = event->identity.anonymous_id[0] != '\0' && !event->identity.has_email_actor;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		is_browser = is_browser && others[i][0] == '\0';
	}
	return is_browser;
}

/* A group call and a CRM record name an account by its domain; what somebody typed into a form does not. False: arena full. */
static bool identify_account(const struct event *event, struct arena *arena, const char **ret_account)
{
	*ret_account = "";
	if (event->action != ACTION_GROUP && event->channel != CHANNEL_CRM) {
		return true;
	}
	size_t size;
	const char *text = unicode_trim(event->identity.company_domain, &size);
	char given[DOMAIN_SIZE_MAX + 1], normal[DOMAIN_SIZE_MAX + 1];
	if (size == 0 || size > DOMAIN_SIZE_MAX) {
		return true;
	}
	memcpy(given, text, size);
	given[size] = '\0';
	if (domain_normalise(given, normal)) {
		*ret_account = arena_text(arena, normal, strlen(normal));
	}
	return *ret_account != NULL;
}

/* The address, or else the id that stands in place of one. */
static enum usable identify_address(const struct event *event, const struct identify_options *options,
				    struct arena *arena, unsigned *blocked, struct actor *ret_actor)
{
	if (event->identity.email[0] != '\0') {
		enum usable usable = identify_actor(options, ACTOR_EMAIL, (struct hash_piece){"", 0},
						    event->identity.email, arena, ret_actor);
		if (usable != UNUSABLE) {
			return usable;
		}
		*blocked += 1;
	}
	return identify_email_actor(event, ret_actor);
}

/* Whom an ALIAS names beside the person that it is by; of a browser alone it says nothing. False: arena full. */
static bool identify_previous(const struct event *event, const struct identify_options *options,
			      struct hash_piece site, struct arena *arena, struct identified *found)
{
	const char *previous = event->identity.previous_id;
	if (event->action != ACTION_ALIAS) {
		return true;
	}
	found->by_hand = event->identity.has_email_actor && strcmp(event->source, IDENTIFY_BY_HAND) == 0;
	if (previous[0] == '\0') {
		return true;
	}
	enum usable usable = UNUSABLE;
	if (!found->by_hand) {
		usable = identify_actor(options, ACTOR_USER, site, previous, arena, &found->previous);
	} else if (uuid_read(previous, &found->previous.id)) {
		usable = USABLE;
	}
	found->has_previous = usable == USABLE && found->has_strong;
	found->blocked += usable == UNUSABLE;
	return usable != ARENA_FULL;
}

static void note_actor(struct identified *found, const struct actor *actor)
{
	bool weak = actor_is_weak(actor->kind);
	bool *has = weak ? &found->has_weak : &found->has_strong;
	if (!*has) {
		*has = true;
		*(weak ? &found->weak : &found->strong) = *actor;
	}
	if (actor->kind == ACTOR_EMAIL) {
		found->has_address = true;
		found->address = *actor;
	} else if (actor->kind == ACTOR_CRM) {
		found->has_crm = true;
		found->crm = *actor;
	}
}

bool identify_event(const struct event *event, const struct identify_options *options, struct arena *arena,
		    struct identified *ret)
{
	/* Strongest first, within weak and within strong. */
	const struct {
		enum actor_kind kind;
		const char *value;
	} given[] = {
		{ACTOR_COOKIE, event->identity.anonymous_id},
		{ACTOR_VISITOR, event->identity.visitor_id},
		{ACTOR_RECIPIENT, event->identity.recipient_id},
		{ACTOR_USER, event->identity.user_id},
		{ACTOR_EMAIL, event->identity.email},
		{ACTOR_CRM, event->identity.crm_id},
	};
	const struct hash_piece site = {event->site, strlen(event->site)};
	struct identified found = {0};
	for (size_t i = 0; i < COUNT_OF(given); i++) {
		struct actor actor;
		enum usable usable = ABSENT;
		if (given[i].kind == ACTOR_EMAIL) {
			usable = identify_address(event, options, arena, &found.blocked, &actor);
		} else if (*given[i].value != '\0') {
			usable = identify_actor(options, given[i].kind, site, given[i].value, arena, &actor);
		}
		if (usable == ARENA_FULL) {
			return false;
		}
		found.blocked += usable == UNUSABLE;
		if (usable == USABLE) {
			note_actor(&found, &actor);
		}
	}
	if (!identify_account(event, arena, &found.account) ||
	    !identify_previous(event, options, site, arena, &found)) {
		return false;
	}
	*ret = found;
	return true;
}

size_t identify_named(const struct identified *who, const struct actor *ret_actors[static IDENTIFY_NAMED_MAX])
{
	const struct actor *const given[IDENTIFY_NAMED_MAX] = {
		who->has_weak ? &who->weak : NULL,	   who->has_strong ? &who->strong : NULL,
		who->has_address ? &who->address : NULL,   who->has_crm ? &who->crm : NULL,
		who->has_previous ? &who->previous : NULL,
	};
	size_t count = 0;
	for (size_t i = 0; i < IDENTIFY_NAMED_MAX; i++) {
		bool is_new = given[i] != NULL;
		for (size_t j = 0; j < count && is_new; j++) {
			is_new = !uuid_equal(&given[i]->id, &ret_actors[j]->id);
		}
		if (is_new) {
			ret_actors[count++] = given[i];
		}
	}
	return count;
}

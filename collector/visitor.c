#include "collector/visitor.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/uuid.h"
#include "core/flow/identify.h"

#define DAY_SECONDS 86400U
/* Actor ids are made with the same key, each in the space of its site: this space is nobody's site. */
#define SPACE "\x01network user id"

/* Value of one cookie of "a=b; c=d"; false: there is none, or it is no UUID. */
static bool read_cookie(const char *cookies, const char *name, char ret_id[static UUID_TEXT_SIZE])
{
	size_t name_size = strlen(name);
	for (const char *at = cookies; *at != '\0';) {
		at += strspn(at, "; ");
		size_t size = strcspn(at, ";");
		if (size == name_size + UUID_TEXT_SIZE && strncmp(at, name, name_size) == 0 &&
		    at[name_size] == '=') {
			struct uuid id;
			char text[UUID_TEXT_SIZE];
			memcpy(text, at + name_size + 1, UUID_TEXT_SIZE - 1);
			text[UUID_TEXT_SIZE - 1] = '\0';
			if (uuid_read(text, &id)) {
				uuid_print(&id, ret_id);
				return true;
			}
		}
		at += size;
	}
	return false;
}

/* A made event id is no sender's: two browsers that asked for the same pixel within a second have the same. */
static bool has_own_id(const struct event *event)
{
	return strncmp(event->id, SOURCE_MADE_ID, strlen(SOURCE_MADE_ID)) != 0;
}

static void make_id(const struct visitor_options *options, const struct event *first,
		    char ret_id[static UUID_TEXT_SIZE])
{
	struct uuid id;
	if (has_own_id(first)) {
		id = identify_actor_id(options->key, ACTOR_COOKIE, SPACE, first->id);
	} else {
		CHECK(getrandom(id.bytes, sizeof(id.bytes), 0) == (ssize_t)sizeof(id.bytes));
	}
	id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40); /* version 4, as every reader of cookies expects */
	id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
	uuid_print(&id, ret_id);
}

static const struct event *first_event(const struct source_items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		if (items->items[i].event != NULL) {
			return items->items[i].event;
		}
	}
	return NULL;
}

static bool has_refused(const struct source_items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		const struct event *event = items->items[i].event;
		if (event != NULL && (event->consent.analytics == STATEMENT_DENIED ||
				      event->consent.analytics == STATEMENT_WITHDRAWN)) {
			return true;
		}
	}
	return false;
}

bool visitor_settle(const struct visitor_options *options, const struct source_request *request,
		    const char *cookies, struct source_items *items, struct arena *arena,
		    struct visitor *ret_visitor)
{
	struct visitor visitor = {.what = VISITOR_SILENT};
	const struct event *first = first_event(items);
	if (options->name[0] == '\0' || request->header[SOURCE_SP_ANONYMOUS][0] != '\0' || first == NULL ||
	    first->consent.anonymous) {
		*ret_visitor = visitor;
		return true;
	}
	bool is_known = read_cookie(cookies, options->name, visitor.id);
	if (!is_known) {
		make_id(options, first, visitor.id);
	}
	const char *id = arena_text(arena, visitor.id, strlen(visitor.id));
	if (id == NULL) {
		return false;
	}
	for (size_t i = 0; i < items->count; i++) {
		struct event *event = items->items[i].event;
		if (event != NULL && event->identity.anonymous_id[0] == '\0') {
			event->identity.anonymous_id = id;
		}
	}
	if (has_refused(items)) {
		visitor.what = is_known ? VISITOR_FORGET : VISITOR_SILENT;
	} else {
		visitor.what = VISITOR_SET;
	}
	*ret_visitor = visitor;
	return true;
}

/* The host itself, or one above it. */
static bool lies_in(const char *host, size_t size, const char *domain)
{
	size_t domain_size = strlen(domain);
	return size >= domain_size && strncasecmp(host + size - domain_size, domain, domain_size) == 0 &&
	       (size == domain_size || host[size - domain_size - 1] == '.');
}

static void add_cookie(const struct visitor_options *options, const struct visitor *visitor, const char *domain,
		       struct visitor_cookies *cookies)
{
	static const char *const sites[] = {
		[VISITOR_SAME_SITE_NONE] = "None",
		[VISITOR_SAME_SITE_LAX] = "Lax",
		[VISITOR_SAME_SITE_STRICT] = "Strict",
	};
	bool is_set = visitor->what == VISITOR_SET;
	char age[16];
	snprintf(age, sizeof(age), "%u", is_set ? options->days * DAY_SECONDS : 0);
	const char *const pieces[] = {options->name,
				      "=",
				      is_set ? visitor->id : "",
				      "; Path=/; Max-Age=",
				      age,
				      domain[0] != '\0' ? "; Domain=" : "",
				      domain,
				      options->is_secure ? "; Secure" : "",
				      "; HttpOnly; SameSite=",
				      sites[options->same_site]};
	char *at = cookies->lines[cookies->count], *end = at + VISITOR_COOKIE_SIZE;
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		size_t size = strlen(pieces[i]);
		CHECK(size < (size_t)(end - at)); /* names and domains are short by configuration */
		at = mempcpy(at, pieces[i], size);
	}
	*at = '\0';
	cookies->count++;
}

void visitor_cookies(const struct visitor_options *options, const struct visitor *visitor, const char *host,
		     struct visitor_cookies *ret_cookies)
{
	const char *set_for = "";
	size_t size = strcspn(host, ":");
	ret_cookies->count = 0;
	if (visitor->what == VISITOR_SILENT || options->name[0] == '\0') { /* a reload may have taken the name */
		return;
	}
	if (visitor->what == VISITOR_FORGET) {
		add_cookie(options, visitor, "", ret_cookies);
	}
	for (size_t i = 0; i < options->domains_count && ret_cookies->count < VISITOR_COOKIES_MAX; i++) {
		if (!lies_in(host, size, options->domains[i])) {
			continue;
		}
		if (visitor->what == VISITOR_FORGET) {
			add_cookie(options, visitor, options->domains[i], ret_cookies);
		} else if (set_for[0] == '\0') {
			set_for = options->domains[i];
		}
	}
	if (visitor->what == VISITOR_SET) {
		add_cookie(options, visitor, set_for, ret_cookies);
	}
}

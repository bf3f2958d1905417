/*
 * URLs as trackers send them → what may be kept of them. Pure.
 *
 * Kept: scheme, host, port, path; of the query only utm_*; never a user name, a password, a fragment. A URL without a
 * host ("mailto:…", "tel:…", "javascript:…") keeps its scheme alone.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct event;

#define URL_SIZE_MAX 1024

/* At most URL_SIZE_MAX bytes, cut between characters; "" when there is none or it is not UTF-8. NULL: arena full. */
const char *url_clean(const char *url, struct arena *arena);
/* The same without any query. */
const char *url_without_query(const char *url, struct arena *arena);
/* utm_source, _medium, _campaign, _term, _content of the query, decoded, into event->campaign; of Matomo's mtm_ and pk_ the
 * same, and _kwd for the term. False: arena full. */
bool url_campaign(const char *url, struct arena *arena, struct event *event);

/* A copy of a name or value of a query or form with its escapes undone; a broken escape, and one of a NUL, stays as it is.
 * NULL: arena full. */
char *url_decode(const char *bytes, size_t size, struct arena *arena);
/* The same of what knows no '+' for a space. */
char *url_unescape(const char *bytes, size_t size, struct arena *arena);

/* A link as it stands on a page, made whole by that page's URL; one that is whole already, or whose page has no host, as it is.
 * NULL: arena full. */
const char *url_on_page(const char *link, const char *page, struct arena *arena);

/* Host of an http or https URL, without port; false: it has none. Points into the URL. */
bool url_host(const char *url, const char **ret_host, size_t *ret_size);
/* Do both have a host, and not the same one? */
bool url_other_host(const char *url, const char *page);
/* Does the path end in a dot and one of these (lower case)? */
bool url_has_extension(const char *url, const char *const *extensions, size_t count);

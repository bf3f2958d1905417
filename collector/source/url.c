#include "collector/source/url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "collector/source/source.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"

#define CAMPAIGN_SIZE_MAX 128
#define EXTENSION_SIZE_MAX 16

/* Where the parts of a URL begin; sizes in bytes. */
struct parts {
	size_t scheme;	   /* "https:"; 0: relative */
	size_t authority;  /* with its "//"; 0: none */
	size_t user;	   /* of the authority, behind the "//": "ann:secret@" */
	size_t path;	   /* up to '?', '#' or the end */
	const char *query; /* behind '?', or NULL */
	size_t query_size;
};

static size_t scheme_size(const char *url)
{
	size_t size = 0;
	while (isalnum((unsigned char)url[size]) ||
	       (size > 0 && url[size] != '\0' && strchr("+-.", url[size]) != NULL)) {
		size++;
	}
	return size > 0 && isalpha((unsigned char)url[0]) && url[size] == ':' ? size + 1 : 0;
}

static struct parts split(const char *url)
{
	struct parts parts = {.scheme = scheme_size(url)};
	const char *at = url + parts.scheme;
	if (strncmp(at, "//", 2) == 0) {
		parts.authority = 2 + strcspn(at + 2, "/?#\\");
		for (size_t i = parts.authority; i > 2; i--) {
			if (at[i - 1] == '@') {
				parts.user = i - 2;
				break;
			}
		}
		at += parts.authority;
	}
	parts.path = strcspn(at, "?#");
	if (at[parts.path] == '?') {
		parts.query = at + parts.path + 1;
		parts.query_size = strcspn(parts.query, "#");
	}
	return parts;
}

/* Next "name=value" of a query; false at its end. */
static bool next_pair(const char **at, const char *end, const char **ret_pair, size_t *ret_size)
{
	if (*at >= end) {
		return false;
	}
	const char *stop = memchr(*at, '&', (size_t)(end - *at));
	*ret_pair = *at;
	*ret_size = (size_t)((stop != NULL ? stop : end) - *at);
	*at += *ret_size + 1;
	return true;
}

static bool is_campaign(const char *pair, size_t size)
{
	return size > 4 && strncasecmp(pair, "utm_", 4) == 0;
}

/* Of those that name a campaign, in Matomo's words too; 0: it does not. */
static size_t campaign_prefix(const char *pair, size_t size)
{
	static const char *const prefixes[] = {"utm_", "mtm_", "pk_"};
	for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
		size_t prefix = strlen(prefixes[i]);
		if (size > prefix && strncasecmp(pair, prefixes[i], prefix) == 0) {
			return prefix;
		}
	}
	return 0;
}

struct writer {
	char text[URL_SIZE_MAX + 1];
	size_t used;
	bool full;
};

/* All of it, or as much of it as makes whole characters. Nothing more once something did not fit. */
static void put(struct writer *writer, const char *bytes, size_t size)
{
	size_t room = URL_SIZE_MAX - writer->used;
	if (writer->full) {
		return;
	}
	if (size > room) {
		writer->full = true;
		size = room;
		while (size > 0 && ((unsigned char)bytes[size] & 0xc0) == 0x80) {
			size--;
		}
	}
	memcpy(writer->text + writer->used, bytes, size);
	writer->used += size;
}

static void put_campaign(struct writer *writer, const struct parts *parts)
{
	const char *at = parts->query, *pair;
	size_t size;
	char before = '?';
	while (at != NULL && next_pair(&at, parts->query + parts->query_size, &pair, &size)) {
		if (is_campaign(pair, size) && size + 1 <= URL_SIZE_MAX - writer->used) {
			put(writer, &before, 1);
			put(writer, pair, size);
			before = '&';
		}
	}
}

static const char *clean(const char *url, bool with_campaign, struct arena *arena)
{
	if (url == NULL || !text_is_utf8(url, strlen(url))) {
		return "";
	}
	struct parts parts = split(url);
	struct writer writer = {.used = 0};
	put(&writer, url, parts.scheme);
	const char *at = url + parts.scheme;
	if (parts.authority > 0) {
		put(&writer, "//", 2);
		put(&writer, at + 2 + parts.user, parts.authority - 2 - parts.user);
	}
	if (parts.authority > 0 || parts.scheme == 0) {
		put(&writer, at + parts.authority, parts.path);
	}
	if (with_campaign) {
		put_campaign(&writer, &parts);
	}
	writer.text[writer.used] = '\0';
	return source_text(arena, writer.text, URL_SIZE_MAX);
}

const char *url_clean(const char *url, struct arena *arena)
{
	return clean(url, true, arena);
}

const char *url_without_query(const char *url, struct arena *arena)
{
	return clean(url, false, arena);
}

static int hex_digit(char digit)
{
	return digit >= '0' && digit <= '9'   ? digit - '0'
	       : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
	       : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
					      : -1;
}

static char *undo_escapes(const char *bytes, size_t size, bool is_plus_a_space, struct arena *arena)
{
	char *text = arena_text(arena, bytes, size);
	size_t used = 0;
	for (size_t i = 0; text != NULL && i < size; i++) {
		int high = bytes[i] == '%' && i + 2 < size ? hex_digit(bytes[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(bytes[i + 2]) : -1;
		if (low >= 0 && high + low > 0) {
			text[used++] = (char)(high * 16 + low);
			i += 2;
		} else {
			text[used++] = (char)(bytes[i] == '+' && is_plus_a_space ? ' ' : bytes[i]);
		}
	}
	if (text != NULL) {
		text[used] = '\0';
	}
	return text;
}

char *url_decode(const char *bytes, size_t size, struct arena *arena)
{
	return undo_escapes(bytes, size, true, arena);
}

char *url_unescape(const char *bytes, size_t size, struct arena *arena)
{
	return undo_escapes(bytes, size, false, arena);
}

static const char *decode(const char *bytes, size_t size, struct arena *arena)
{
	size_t most = (size_t)CAMPAIGN_SIZE_MAX * 3; /* of which no more is kept */
	const char *text = url_decode(bytes, size < most ? size : most, arena);
	return text != NULL ? source_text(arena, text, CAMPAIGN_SIZE_MAX) : NULL;
}

bool url_campaign(const char *url, struct arena *arena, struct event *event)
{
	const struct {
		const char *name;
		const char **to;
	} rows[] = {
		{"source=", &event->campaign.source},	{"medium=", &event->campaign.medium},
		{"campaign=", &event->campaign.name},	{"term=", &event->campaign.term},
		{"content=", &event->campaign.content}, {"kwd=", &event->campaign.term},
		{"keyword=", &event->campaign.term},
	};
	if (url == NULL) {
		return true;
	}
	struct parts parts = split(url);
	const char *at = parts.query, *pair;
	size_t size;
	while (at != NULL && next_pair(&at, parts.query + parts.query_size, &pair, &size)) {
		size_t prefix = campaign_prefix(pair, size);
		pair += prefix;
		size -= prefix;
		for (size_t i = 0; prefix > 0 && i < COUNT_OF(rows); i++) {
			size_t name_size = strlen(rows[i].name);
			if (size > name_size && strncasecmp(pair, rows[i].name, name_size) == 0) {
				*rows[i].to = decode(pair + name_size, size - name_size, arena);
				if (*rows[i].to == NULL) {
					return false;
				}
			}
		}
	}
	return true;
}

const char *url_on_page(const char *link, const char *page, struct arena *arena)
{
	struct parts parts = split(link), base = split(page);
	size_t kept = base.scheme; /* of the page's URL, for a link to another host */
	bool has_slash = true;
	if (link[0] == '\0' || parts.scheme > 0 || base.scheme == 0 || base.authority == 0) {
		return link;
	}
	if (parts.authority == 0) {
		kept += base.authority;
	}
	if (parts.authority == 0 && (link[0] == '?' || link[0] == '#')) {
		kept += base.path;
	} else if (parts.authority == 0 && link[0] != '/') {
		size_t path = base.path;
		while (path > 0 && page[kept + path - 1] != '/') {
			path--;
		}
		kept += path;
		has_slash = path > 0;
	}
	return arena_print(arena, "%.*s%s%s", (int)kept, page, has_slash ? "" : "/", link);
}

bool url_host(const char *url, const char **ret_host, size_t *ret_size)
{
	struct parts parts = split(url);
	if (parts.authority == 0 ||
	    (parts.scheme != 0 && strncasecmp(url, "http:", 5) != 0 && strncasecmp(url, "https:", 6) != 0)) {
		return false;
	}
	const char *host = url + parts.scheme + 2 + parts.user;
	size_t size = parts.authority - 2 - parts.user;
	size_t bare = 0;
	if (size > 0 && host[0] == '[') {
		while (bare < size && host[bare] != ']') {
			bare++;
		}
	}
	while (bare < size && host[bare] != ':') {
		bare++;
	}
	*ret_host = host;
	*ret_size = bare;
	return bare > 0;
}

bool url_other_host(const char *url, const char *page)
{
	const char *host, *page_host;
	size_t size, page_size;
	return url_host(url, &host, &size) && url_host(page, &page_host, &page_size) &&
	       (size != page_size || strncasecmp(host, page_host, size) != 0);
}

bool url_has_extension(const char *url, const char *const *extensions, size_t count)
{
	struct parts parts = split(url);
	const char *path = url + parts.scheme + parts.authority;
	size_t from = parts.path;
	while (from > 0 && path[from - 1] != '.' && path[from - 1] != '/') {
		from--;
	}
	size_t size = parts.path - from;
	if (from == 0 || path[from - 1] != '.' || size == 0 || size > EXTENSION_SIZE_MAX) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (strlen(extensions[i]) == size && strncasecmp(extensions[i], path + from, size) == 0) {
			return true;
		}
	}
	return false;
}

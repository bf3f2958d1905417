#include "core/flow/subject.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"

int subject_engagement(uint32_t engaged_ms)
{
	static const uint32_t from_ms[] = {10 * 1000, 30 * 1000, 2 * 60 * 1000, 10 * 60 * 1000};
	int class = 0;
	for (size_t i = 0; i < COUNT_OF(from_ms); i++) {
		class += engaged_ms >= from_ms[i];
	}
	return class;
}

/* Where the authority begins; NULL when it is no absolute http(s) URL. */
static const char *url_authority(const char *url)
{
	static const char *const schemes[] = {"http://", "https://"};
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0) {
			return url + strlen(schemes[i]);
		}
	}
	return NULL;
}

/* "user:password@host:443" → "host"; another port stays. */
static char *url_host(const char *authority, size_t size, struct arena *arena)
{
	const char *user_end = memrchr(authority, '@', size);
	if (user_end != NULL) {
		size -= (size_t)(user_end + 1 - authority);
		authority = user_end + 1;
	}
	char *host = arena_text(arena, authority, size);
	if (host == NULL) {
		return NULL;
	}
	text_lower(host);
	char *port = strrchr(host, ':');
	if (port != NULL && (strcmp(port, ":80") == 0 || strcmp(port, ":443") == 0 || strcmp(port, ":") == 0)) {
		*port = '\0';
	}
	return host;
}

bool subject_url_parts(const char *url, struct arena *arena, const char **ret_host, const char **ret_path)
{
	const char *authority = url_authority(url);
	size_t authority_size = authority == NULL ? 0 : strcspn(authority, "/?#");
	if (authority_size == 0) {
		*ret_host = *ret_path = "";
		return true;
	}
	const char *path = authority + authority_size;
	size_t path_size = strcspn(path, "?#");
	const char *host = url_host(authority, authority_size, arena);
	const char *path_text = path_size == 0 ? "/" : arena_text(arena, path, path_size);
	if (host == NULL || path_text == NULL) {
		return false;
	}
	*ret_host = host;
	*ret_path = host[0] == '\0' ? "" : path_text;
	return true;
}

/* The value of the event's first property with this key; NULL when there is none or it is empty. */
static const char *property(const struct event *event, const char *key)
{
	for (unsigned i = 0; i < event->properties_count; i++) {
		if (strcmp(event->properties[i].key, key) == 0) {
			return event->properties[i].value[0] == '\0' ? NULL : event->properties[i].value;
		}
	}
	return NULL;
}

static void take_properties(const struct event *event, const char *const *keys, size_t key_count,
			    struct subject *subject)
{
	CHECK(key_count <= SUBJECT_PROPERTIES_MAX);
	for (size_t i = 0; i < key_count; i++) {
		const char *value = property(event, keys[i]);
		if (value != NULL) {
			subject->property_keys[subject->properties_count] = keys[i];
			subject->property_values[subject->properties_count++] = value;
		}
	}
}

/* The pieces that the hash is over; grows by its callers in the order of struct subject. */
struct pieces {
	struct hash_piece list[HASH_PIECES_MAX];
	size_t count;
};

static void add(struct pieces *pieces, const char *text)
{
	CHECK(pieces->count < HASH_PIECES_MAX);
	pieces->list[pieces->count++] = (struct hash_piece){text, strlen(text)};
}

/* Numbers by their names or digits; a property that the event does not have leaves no trace. */
static uint64_t subject_hash(const struct subject *subject)
{
	char action[12], engagement[12];
	snprintf(action, sizeof(action), "%d", subject->action);
	snprintf(engagement, sizeof(engagement), "%d", subject->engagement);
	const char *const texts[] = {
		subject->source,      subject->site,	channel_name((enum channel)subject->channel),
		subject->process,     action,		subject->label,
		subject->host,	      subject->path,	subject->title,
		subject->content_id,  subject->form_id, subject->target_host,
		subject->target_path, subject->topic,	engagement,
	};
	struct pieces pieces = {0};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		add(&pieces, texts[i]);
	}
	for (unsigned i = 0; i < subject->properties_count; i++) {
		add(&pieces, subject->property_keys[i]);
		add(&pieces, subject->property_values[i]);
	}
	return hash_64(pieces.list, pieces.count);
}

bool subject_from_event(const struct event *event, const char *const *keys, size_t key_count, struct arena *arena,
			struct subject *ret_subject)
{
	struct subject subject = {
		.source = event->source,
		.site = event->site,
		.channel = (int)event->channel,
		.process = event->process,
		.action = event->action,
		.label = event->label,
		.title = event->content.title,
		.content_id = event->content.content_id,
		.form_id = event->content.form_id,
		.topic = event->content.topic,
		.engagement = subject_engagement(event->engaged_ms),
	};
	if (!subject_url_parts(event->content.url, arena, &subject.host, &subject.path) ||
	    !subject_url_parts(event->content.target_url, arena, &subject.target_host, &subject.target_path)) {
		return false;
	}
	take_properties(event, keys, key_count, &subject);
	subject.id = subject_hash(&subject);
	*ret_subject = subject;
	return true;
}

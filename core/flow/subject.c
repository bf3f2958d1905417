#include "core/flow/subject.h"

#include <string.h>
#include <strings.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"

/* Most texts of an event are empty. */
static size_t text_size(const char *text)
{
	return text[0] == '\0' ? 0 : strlen(text);
}

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

/* The sender's own name for it; an opportunity says where it stands, which is all that the fold takes of one. */
static const char *label_of(const struct event *event)
{
	return event->action == ACTION_OPP_CHANGED ? opportunity_state_name(event->opportunity.state)
						   : event->label;
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

/* Those of the keys that the event has. */
struct properties {
	const char *keys[SUBJECT_PROPERTIES_MAX];
	const char *values[SUBJECT_PROPERTIES_MAX];
	unsigned count;
};

static void take_properties(const struct event *event, const char *const *keys, size_t key_count,
			    struct properties *ret)
{
	CHECK(key_count <= SUBJECT_PROPERTIES_MAX);
	ret->count = 0;
	for (size_t i = 0; event->properties_count > 0 && i < key_count; i++) {
		const char *value = property(event, keys[i]);
		if (value != NULL) {
			ret->keys[ret->count] = keys[i];
			ret->values[ret->count++] = value;
		}
	}
}

/* False: arena full. */
static bool keep_properties(const struct properties *properties, struct arena *arena, struct subject *subject)
{
	size_t count = properties->count, size = count * sizeof(char *);
	const char **lists = count > 0 ? arena_array(arena, 2 * count, sizeof(*lists)) : NULL;
	if (count > 0 && lists == NULL) {
		return false;
	}
	if (count > 0) {
		memcpy(lists, properties->keys, size);
		memcpy(lists + count, properties->values, size);
		subject->property_values = lists + count;
	}
	subject->property_keys = lists;
	subject->properties_count = properties->count;
	return true;
}

/* The pieces that the hash is over; grows by its callers in the order of struct subject. */
struct pieces {
	struct hash_piece list[HASH_PIECES_MAX];
	size_t count;
};

static void add(struct pieces *pieces, const char *text)
{
	CHECK(pieces->count < HASH_PIECES_MAX);
	pieces->list[pieces->count++] = (struct hash_piece){text, text_size(text)};
}

#define NUMBER_SIZE 12

/* Actions and classes are never below 0. */
static void print_number(int number, char ret_text[static NUMBER_SIZE])
{
	unsigned left = (unsigned)number, size = 1;
	for (unsigned more = left / 10; more > 0; more /= 10) {
		size++;
	}
	ret_text[size] = '\0';
	while (size > 0) {
		ret_text[--size] = (char)('0' + left % 10);
		left /= 10;
	}
}

/* Numbers by their names or digits; a property that the event does not have leaves no trace. */
static uint64_t subject_hash(const struct subject *subject)
{
	char action[NUMBER_SIZE], engagement[NUMBER_SIZE];
	print_number(subject->action, action);
	print_number(subject->engagement, engagement);
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
		.label = label_of(event),
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
	struct properties properties;
	take_properties(event, keys, key_count, &properties);
	if (!keep_properties(&properties, arena, &subject)) {
		return false;
	}
	subject.id = subject_hash(&subject);
	*ret_subject = subject;
	return true;
}

/* "" needs no room. False: arena full. */
static bool copy_text(const char **text, struct arena *arena)
{
	*text = **text == '\0' ? "" : arena_text(arena, *text, strlen(*text));
	return *text != NULL;
}

bool subject_copy(const struct subject *subject, struct arena *arena, struct subject *ret_subject)
{
	struct subject copy = *subject;
	const char **texts[] = {&copy.source,  &copy.site,	  &copy.process,     &copy.label,
				&copy.host,    &copy.path,	  &copy.title,	     &copy.content_id,
				&copy.form_id, &copy.target_host, &copy.target_path, &copy.topic};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (!copy_text(texts[i], arena)) {
			return false;
		}
	}
	struct properties properties = {.count = subject->properties_count};
	for (unsigned i = 0; i < properties.count; i++) {
		properties.keys[i] = subject->property_keys[i];
		properties.values[i] = subject->property_values[i];
		if (!copy_text(&properties.values[i], arena)) {
			return false;
		}
	}
	if (!keep_properties(&properties, arena, &copy)) {
		return false;
	}
	*ret_subject = copy;
	return true;
}

/* ---- properties, of what was stored ---- */

#define LINES_MAX 24
#define TRIES_MAX 20000 /* of what a sender may have made hard to tell */

/* The values where of the line ends those in `within` belong to one. False: more than there can be, or arena full. */
static bool split(const char *lines, uint32_t within, struct arena *arena, struct properties *properties)
{
	properties->count = 0;
	for (unsigned number = 0; *lines != '\0'; number++) {
		size_t size = strcspn(lines, "\n");
		for (; lines[size] == '\n' && number < LINES_MAX && (within & UINT32_C(1) << number) != 0;
		     number++) {
			size += 1 + strcspn(lines + size + 1, "\n");
		}
		if (properties->count == SUBJECT_PROPERTIES_MAX) {
			return false;
		}
		properties->values[properties->count] = arena_text(arena, lines, size);
		if (properties->values[properties->count++] == NULL) {
			return false;
		}
		lines += size + (lines[size] == '\n' ? 1 : 0);
	}
	return true;
}

/* Of so many of the keys: those that give the id, into `properties`. */
static bool find_keys(const struct subject *subject, const char *const *keys, size_t key_count,
		      struct properties *properties, unsigned *tries)
{
	for (uint32_t chosen = 0; chosen < UINT32_C(1) << key_count && *tries < TRIES_MAX; chosen++) {
		struct subject given = *subject;
		unsigned used = 0;
		if ((unsigned)__builtin_popcount(chosen) != properties->count) {
			continue;
		}
		for (uint32_t left = chosen; left != 0; left &= left - 1) {
			properties->keys[used++] = keys[__builtin_ctz(left)];
		}
		given.property_keys = properties->keys;
		given.property_values = properties->values;
		given.properties_count = properties->count;
		++*tries;
		if (subject_hash(&given) == subject->id) {
			return true;
		}
	}
	return false;
}

bool subject_give_properties(struct subject *subject, const char *const *keys, size_t key_count, const char *lines,
			     struct arena *arena)
{
	struct properties properties;
	unsigned ends = 0, tries = 0;
	CHECK(key_count <= SUBJECT_PROPERTIES_MAX);
	for (const char *at = lines; *at != '\0'; at++) {
		ends += *at == '\n' ? 1 : 0;
	}
	for (uint32_t within = 0; ends <= LINES_MAX && within < UINT32_C(1) << ends && tries < TRIES_MAX;
	     within++) {
		size_t mark = arena->used;
		if (split(lines, within, arena, &properties) && properties.count <= key_count &&
		    find_keys(subject, keys, key_count, &properties, &tries)) {
			return keep_properties(&properties, arena, subject);
		}
		arena_back(arena, mark);
		tries++;
	}
	return false;
}

/* ---- knowing one again ---- */

/* Both host and path are functions of what stands before the query and the fragment. */
static size_t url_size(const char *url)
{
	size_t size = text_size(url);
	const char *end = size == 0 ? NULL : memchr(url, '#', size);
	size = end != NULL ? (size_t)(end - url) : size;
	end = size == 0 ? NULL : memchr(url, '?', size);
	return end != NULL ? (size_t)(end - url) : size;
}

/* With a NUL behind, which no text holds. NULL: no room, now or before. */
static char *put_text(char *at, const char *end, const char *text, size_t size)
{
	if (at == NULL || (size_t)(end - at) <= size) {
		return NULL;
	}
	if (size > 0) {
		memcpy(at, text, size);
	}
	at[size] = '\0';
	return at + size + 1;
}

void subject_look(const struct event *event, const struct subject_keys *keys, struct subject_look *ret_look)
{
	const char *label = label_of(event);
	const struct {
		const char *text;
		size_t size;
	} texts[] = {
		{event->content.url, url_size(event->content.url)},
		{event->content.title, text_size(event->content.title)},
		{label, text_size(label)},
		{event->content.target_url, url_size(event->content.target_url)},
		{event->content.content_id, text_size(event->content.content_id)},
		{event->content.form_id, text_size(event->content.form_id)},
		{event->content.topic, text_size(event->content.topic)},
		{event->process, text_size(event->process)},
		{event->site, text_size(event->site)},
		{event->source, text_size(event->source)},
	};
	const int32_t numbers[] = {(int32_t)event->action, (int32_t)event->channel,
				   subject_engagement(event->engaged_ms)};
	const char *end = ret_look->bytes + sizeof(ret_look->bytes);
	char *at = ret_look->bytes + sizeof(numbers);
	memcpy(ret_look->bytes, numbers, sizeof(numbers));
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		at = put_text(at, end, texts[i].text, texts[i].size);
	}
	for (size_t i = 0; i < keys->count; i++) {
		const char *value = property(event, keys->items[i]); /* never "" */
		at = value == NULL ? put_text(at, end, "", 0) : put_text(at, end, value, strlen(value));
	}
	ret_look->size = at != NULL ? (size_t)(at - ret_look->bytes) : 0;
}

#include "core/edge/conf_live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/check.h"
#include "core/base/yaml_text.h"

bool conf_live_start(struct conf_live *live, const struct conf_schema *schema, const char *path, void *conf,
		     struct fail *fail)
{
	*live = (struct conf_live){.schema = schema, .path = path, .conf = conf};
	if (!arena_init(&live->first, CONF_ARENA_SIZE) || !arena_init(&live->later[0], CONF_ARENA_SIZE) ||
	    !arena_init(&live->later[1], CONF_ARENA_SIZE)) {
		return fail_set(fail, FAIL_FATAL, EXIT_AWAY, "%s: out of memory", path);
	}
	return conf_schema_read(schema, path, &live->first, conf, fail);
}

void conf_live_finish(struct conf_live *live)
{
	arena_finish(&live->first);
	arena_finish(&live->later[0]);
	arena_finish(&live->later[1]);
}

static void mask_signal(int how)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	CHECK(pthread_sigmask(how, &set, NULL) == 0);
}

void conf_live_hold_signal(void)
{
	mask_signal(SIG_BLOCK);
}

void conf_live_take_signal(void)
{
	mask_signal(SIG_UNBLOCK);
}

void conf_live_show(const struct conf_live *live)
{
	printf("# %s is good. In force:\n", live->path);
	yaml_print(stdout, live->schema->fields, live->conf);
}

/* ---- What differs ---- */

static bool same_node(const struct yaml_node *a, const struct yaml_node *b)
{
	size_t a_count = a != NULL ? a->count : 0, b_count = b != NULL ? b->count : 0;
	if (a == NULL || b == NULL) { /* none is as good as an empty one */
		return a_count == 0 && b_count == 0;
	}
	if (a->kind != b->kind || a->count != b->count) {
		return false;
	}
	if (a->kind == YAML_SCALAR) {
		return strcmp(a->text, b->text) == 0;
	}
	for (size_t i = 0; i < a->count; i++) {
		if ((a->kind == YAML_MAP && !same_node(a->keys[i], b->keys[i])) ||
		    !same_node(a->items[i], b->items[i])) {
			return false;
		}
	}
	return true;
}

static bool same_texts(const struct yaml_texts *a, const struct yaml_texts *b)
{
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0) {
			return false;
		}
	}
	return true;
}

static const size_t sizes[] = {
	[YAML_TEXT] = sizeof(const char *),
	[YAML_INTEGER] = sizeof(int64_t),
	[YAML_NUMBER] = sizeof(double),
	[YAML_BOOL] = sizeof(bool),
	[YAML_WORD] = sizeof(int),
	[YAML_TEXTS] = sizeof(struct yaml_texts),
	[YAML_NODE] = sizeof(struct yaml_node *),
};

static bool same_value(const struct yaml_field *field, const void *a, const void *b)
{
	switch (field->type) {
	case YAML_TEXT:
		return strcmp(*(const char *const *)a, *(const char *const *)b) == 0;
	case YAML_TEXTS:
		return same_texts(a, b);
	case YAML_NODE:
		return same_node(*(struct yaml_node *const *)a, *(struct yaml_node *const *)b);
	case YAML_INTEGER:
	case YAML_NUMBER:
	case YAML_BOOL:
	case YAML_WORD:
	case YAML_SECTION:
		break;
	}
	return memcmp(a, b, sizes[field->type]) == 0;
}

/* Whole keys, as long as there is room for one more and the sign of a cut behind it. */
static void add_key(char *keys, const char *path, const char *key)
{
	static const char cut[] = ", …";
	size_t used = strlen(keys), room = CONF_CHANGES_SIZE - used;
	if (used >= sizeof(cut) && strcmp(keys + used - (sizeof(cut) - 1), cut) == 0) {
		return;
	}
	int more = snprintf(keys + used, room, "%s%s%s", used > 0 ? ", " : "", path, key);
	if ((size_t)more + sizeof(cut) > room) {
		memcpy(keys + used, cut, sizeof(cut));
	}
}

/* ---- Taking over ---- */

struct taker {
	char *conf;
	const char *fresh;
	struct conf_changes *changes;
	char path[96]; /* "kafka." while in section kafka */
};

static void take_fields(struct taker *taker, const struct yaml_field *fields);

static void take_field(struct taker *taker, const struct yaml_field *field)
{
	struct conf_changes *changes = taker->changes;
	if (field->type == YAML_SECTION) {
		size_t used = strlen(taker->path);
		snprintf(taker->path + used, sizeof(taker->path) - used, "%s.", field->key);
		take_fields(taker, field->fields);
		taker->path[used] = '\0';
		return;
	}
	bool same = same_value(field, taker->conf + field->offset, taker->fresh + field->offset);
	if (!same && field->reloadable) {
		add_key(changes->taken_keys, taker->path, field->key);
		changes->taken++;
	} else if (!same) {
		add_key(changes->waiting_keys, taker->path, field->key);
		changes->waiting++;
	}
	if (field->reloadable) { /* also what is the same: the memory of the last reload is given up */
		memcpy(taker->conf + field->offset, taker->fresh + field->offset, sizes[field->type]);
	}
}

static void take_fields(struct taker *taker, const struct yaml_field *fields)
{
	for (const struct yaml_field *field = fields; field->key != NULL; field++) {
		take_field(taker, field);
	}
}

/* A pipe that was read at the start has nothing more to say, and nothing is a configuration, too: all defaults. */
static bool is_file(const char *path, struct fail *fail)
{
	struct stat about;
	if (stat(path, &about) != 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: %s", path, strerror(errno));
	}
	return S_ISREG(about.st_mode) ||
	       fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: no regular file, it cannot be read again", path);
}

bool conf_live_reload(struct conf_live *live, struct conf_changes *ret_changes, struct fail *fail)
{
	struct arena *arena = &live->later[live->next];
	arena_reset(arena, 0);
	char *fresh = arena_zero(arena, 1, live->schema->size);
	CHECK(fresh != NULL);
	if (!is_file(live->path, fail) || !conf_schema_read(live->schema, live->path, arena, fresh, fail)) {
		return false;
	}
	*ret_changes = (struct conf_changes){0};
	take_fields(&(struct taker){.conf = live->conf, .fresh = fresh, .changes = ret_changes},
		    live->schema->fields);
	for (const struct conf_span *span = live->schema->made; span->size > 0; span++) {
		memcpy((char *)live->conf + span->offset, fresh + span->offset, span->size);
	}
	live->next = 1 - live->next;
	return true;
}

const char *conf_changes_say(const struct conf_changes *changes, const struct conf_live *live, char *ret_text,
			     size_t size)
{
	const char *waiting = changes->waiting == 1  ? " differs, which takes a restart"
			      : changes->waiting > 1 ? " differ, which takes a restart"
						     : "";
	snprintf(ret_text, size, "%.100s read again: %s%s%s%s%s", live->path,
		 changes->taken > 0 ? changes->taken_keys : "nothing", " changed",
		 changes->waiting > 0 ? "; " : "", changes->waiting_keys, waiting);
	return ret_text;
}

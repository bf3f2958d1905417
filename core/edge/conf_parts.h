/*
 * What the configuration files of all programs have in common and a schema cannot say: librdkafka's settings, names of
 * topics, paths. Reads no file.
 */
#pragma once
#include <stdbool.h>

#include "core/base/fail.h"

struct arena;
struct yaml_node;
struct yaml_texts;

/* {a: 1, b: 2} → "a", "1", "b", "2", NULL, as the kafka_* options take them. `map` may be NULL. */
bool conf_properties(const struct yaml_node *map, const char *file, struct arena *arena,
		     const char *const **ret_properties, struct fail *fail);
/* Does Kafka allow it? */
bool conf_is_topic(const char *name);
/* More values that name nobody: lower case, in place. */
bool conf_blocked(struct yaml_texts *blocked, const struct yaml_node *node, const char *file, struct arena *arena,
		  struct fail *fail);

/* A path as it stands, or beside the file that names it. NULL: the arena is full. */
const char *conf_path(const char *file, const char *path, struct arena *arena);
/* The same, but a bare name is one of the service's credentials when systemd gave it some (LoadCredential=). */
const char *conf_secret_path(const char *file, const char *path, struct arena *arena);

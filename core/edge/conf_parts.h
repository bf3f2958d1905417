/*
 * What the configuration files of all programs have in common: words, and steps for librdkafka's settings, names of
 * topics, paths. Reads no file.
 */
#pragma once
#include <stdbool.h>

#include "core/edge/conf_schema.h"

struct arena;

#define CONF_TOPIC_NAME_MAX 249 /* bytes; Kafka's */

enum conf_consent { CONF_REQUIRE, CONF_ALLOW };
extern const char *const conf_consent_words[]; /* by enum conf_consent */
extern const char *const conf_log_words[];     /* by enum log_level */

/* What the keys say that stand in all files: the same words in each. */
#define CONF_BROKERS_HELP \
	"Some of the cluster's brokers, \"host:port,host:port\"; the others are learned from them."
#define CONF_PROPERTIES_FILE_HELP \
	"The same, one setting a line, key=value, in a file that only its owner reads: for passwords. They win " \
	"over " \
	"those above. A bare name is looked for among the service's credentials first. Empty: none."
#define CONF_CONSENT_HELP \
	"require: dropped and counted; allow: taken. An event that says denied is always dropped."
#define CONF_LOG_HELP \
	"The least urgent lines that are written: error (someone must act), warning (we coped), info (state " \
	"changed), "

/* {a: 1, b: 2} → "a", "1", "b", "2", NULL, as the kafka_* options take them. `map` may be NULL. */
bool conf_properties(const struct conf_reader *reader, const struct yaml_node *map,
		     const char *const **ret_properties);
/* Does Kafka allow it? */
bool conf_is_topic(const char *name);
/* More values that name nobody (identity.blocked): lower case, in place. */
bool conf_blocked(const struct conf_reader *reader, struct yaml_texts *blocked);
/* Copies them in lower case. False: memory is full. */
bool conf_lower(const struct conf_reader *reader, struct yaml_texts *texts);

/* A path as it stands, or beside the file that names it. NULL: the arena is full. */
const char *conf_path(const char *file, const char *path, struct arena *arena);
/* The same for the file of a secret, which may be none: "" stays "". A bare name is one of the service's credentials when
 * systemd gave it some (LoadCredential=). */
const char *conf_secret_path(const char *file, const char *path, struct arena *arena);

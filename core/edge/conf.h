/*
 * The configuration file of phased and phasectl: YAML → struct conf, by one schema.
 *
 * Every key has a default, bounds, a unit and help; conf/phased.yaml and the keys in docs/man/phased.yaml.5 are the schema
 * written to a file, and a test keeps them so. Errors name file, line, key and the nearest valid word. Reads the file and
 * nothing else: whether a path, a server or a topic is there is for the parts that use them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/base/yaml.h"
#include "core/edge/conf_cloudevents.h"
#include "core/edge/conf_parts.h"
#include "core/edge/conf_schema.h"
#include "core/model/consent.h"
#include "core/model/event.h"

struct arena;

enum conf_topic { CONF_WEB, CONF_EMAIL, CONF_CHAT, CONF_CRM, CONF_REJECTED, CONF_ERASURE, CONF_TOPIC_COUNT };

/* Texts live in the arena that conf_read() was given. Numbers are within the bounds of the schema. */
struct conf {
	struct {
		const char *brokers; /* "host:port,…" */
		const char *group;
		const char *instance_id; /* "": none */
		const char *client_id;
		const char *topic[CONF_TOPIC_COUNT]; /* by what they are for; "": none */
		struct yaml_texts more_topics;
		struct yaml_texts topics; /* what a daemon reads: more_topics, then topic[] save CONF_ERASURE */
		int64_t buffer_mb;
		int64_t session_ms;
		struct yaml_node *properties_node; /* as written; use properties */
		const char *const *properties;	   /* key, value, …, NULL: as the kafka_* options take them */
		const char *properties_file;	   /* more of them, a path; "": none. Read by secret_file.h */
	} kafka;
	struct {
		const char *conninfo;
		const char *password_file; /* a path; "": none. Read by secret_file.h */
		int64_t connect_ms_max;
		int64_t reply_ms_max;
		bool synchronous_commit;
	} postgres;
	struct {
		const char *key_file;	   /* a path, relative ones resolved (conf.c says against what) */
		struct yaml_texts blocked; /* lower case */
	} identity;
	struct {
		const char *path; /* a file or a directory, relative ones resolved */
	} model;
	struct {
		const char *path; /* of the file of accounts, relative ones resolved */
		int64_t share_percent;
	} accounts;
	struct {
		struct yaml_texts property_keys; /* sorted, each once, at most SUBJECT_PROPERTIES_MAX */
	} subject;
	struct consent_policy consent;
	struct conf_cloudevents cloudevents;
	struct {
		int64_t events_min;
		int64_t events_max; /* ≥ events_min */
		int64_t linger_ms;
		int64_t arena_mb;
		bool quick;
		int64_t copy_min;
		int64_t refolds_max, refold_touches_max;
		int64_t lanes;
	} batch;
	struct {
		int64_t messages;
		int64_t percent;
	} breaker;
	struct {
		int64_t days; /* 0: for ever */
		bool keep_raw;
	} rejects;
	struct {
		int64_t touch_months; /* 0: for ever */
	} retention;
	struct {
		const char *until;
		int64_t until_us; /* INT64_MAX: as it passes */
	} review;
	struct {
		int64_t share_percent; /* 0: never */
	} explain;
	struct {
		const char *listen; /* "": no port is opened */
		int64_t connections_max;
		int64_t request_s_max;
	} http;
	struct {
		int level; /* enum log_level */
	} log;
	struct {
		int64_t seconds;
	} stop;
};

#define CONF_FILE "/etc/phased/phased.yaml" /* where the programs look when they are told nothing */

/* False: *fail has "FILE:LINE: …", FAIL_FATAL / EXIT_CONFIG. */
bool conf_read(const char *path, struct arena *arena, struct conf *ret_conf, struct fail *fail);
/* The same from a text; `path` is named in errors and is what relative paths are relative to. */
bool conf_parse(const char *text, size_t size, const char *path, struct arena *arena, struct conf *ret_conf,
		struct fail *fail);

extern const struct conf_schema conf_schema;

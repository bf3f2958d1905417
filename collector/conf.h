/*
 * collect.yaml: what phased-collect is told. One schema, as core/edge/conf.h for the other programs; conf/collect.yaml and
 * the keys in docs/man/collect.yaml.5 are the schema written to a file, and a test keeps them so.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/source/form.h"
#include "collector/source/hook.h"
#include "collector/source/source.h"
#include "core/base/fail.h"
#include "core/base/yaml.h"
#include "core/edge/conf_cloudevents.h"
#include "core/edge/conf_parts.h"
#include "core/edge/conf_schema.h"
#include "core/edge/http_address.h"
#include "core/model/consent.h"
#include "core/model/event.h"

struct arena;

/* Texts live in the arena that it was read into. Numbers are within the bounds of the schema. */
struct collect_conf {
	struct {
		const char *listen, *admin_listen; /* admin "": no port is opened */
		int64_t connections_max, kept_max;
		int64_t head_s_max, request_s_max, kept_s_max;
		int64_t body_kib_max, bodies_mib_max;
		int64_t memory_mib_max;
		int64_t address_connections_max, address_requests_s_max, key_requests_s_max; /* 0: no limit */
		struct yaml_texts trusted_proxies; /* as written; use proxies */
		struct http_networks proxies;
		int forwarded_by;	   /* enum http_forwarded */
		struct yaml_texts origins; /* none: all */
	} http;
	struct {
		const char *brokers;
		const char *client_id;
		const char *topic[CHANNEL_COUNT]; /* [CHANNEL_UNSAID] is where rejects go */
		int64_t buffer_mib;
		int64_t delivery_ms_max;
		struct yaml_node *properties_node; /* as written; use properties */
		const char *const *properties;
		const char *properties_file; /* more of them, a path; "": none. Read by secret_file.h */
	} kafka;
	struct {
		const char *key_file; /* relative ones resolved */
		struct yaml_texts blocked;
	} identity;
	struct consent_policy consent;
	struct {
		struct yaml_texts post_paths, get_paths, consent_scopes;
		int64_t page_ping_s;
		struct {
			const char *name; /* "": none */
			int64_t days;
			struct yaml_texts domains;
			bool is_secure;
			int same_site; /* enum visitor_same_site */
		} cookie;
	} snowplow;
	struct {
		struct yaml_node *keys_node; /* as written; use sites */
		struct source_site *sites;
		size_t sites_count;
		struct yaml_texts analytics_scopes, profile_scopes; /* lower case */
	} segment;
	struct {
		const char *anonymous_id, *user_id, *analytics, *profile; /* "": none */
	} plausible;
	struct {
		const char *analytics, *profile;
	} ga4;
	struct {
		struct yaml_texts extensions; /* lower case */
	} download;
	struct {
		struct yaml_texts user_agents, known_agents; /* lower case */
	} machine;
	struct {
		const char *topics_file; /* relative ones resolved */
	} chat;
	struct {
		struct yaml_texts won_stages, lost_stages, profile_fields;
	} crm;
	struct conf_cloudevents cloudevents;
	struct yaml_node *hooks_node; /* as written; use hooks */
	struct {
		struct hook *items; /* without their secrets: hooks.h reads those */
		size_t count;
	} hooks;
	struct yaml_node *forms_node; /* as written; use forms */
	struct form_map forms;
	struct {
		int level; /* enum log_level */
	} log;
	struct {
		int64_t seconds;
	} stop;
};

#define COLLECT_CONF_FILE "/etc/phased/collect.yaml"

/* From a text; `path` is named in errors and is what relative paths are relative to. False: *fail has "FILE:LINE: …",
 * FAIL_FATAL / EXIT_CONFIG. (main.c reads the file by core/edge/conf_live.h.) */
bool collect_conf_parse(const char *text, size_t size, const char *path, struct arena *arena,
			struct collect_conf *ret_conf, struct fail *fail);

extern const struct conf_schema collect_conf_schema;

/* The commented default file, with the demo site's forms mapped. NULL: the arena is full. */
char *collect_conf_default_text(struct arena *arena);

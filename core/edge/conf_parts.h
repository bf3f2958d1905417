/*
 * What the configuration files of all programs have in common: rows, words, and steps for librdkafka's settings, names
 * of topics, paths. Reads no file.
 */
#pragma once
#include <stdbool.h>

#include "core/edge/conf_schema.h"

struct arena;

#define CONF_TOPIC_NAME_MAX 249 /* bytes; Kafka's */

extern const char *const conf_consent_words[]; /* by enum consent_unsaid */
extern const char *const conf_signal_words[];  /* by enum consent_signal */
extern const char *const conf_scanner_words[]; /* by enum consent_scanner */
extern const char *const conf_log_words[];     /* by enum log_level */

/*
 * Rows for keys that stand in all files, with the same bounds and words. AT(member) is the including file's: where its own
 * struct has them.
 */
#define CONF_BROKERS_ROW \
	{ \
		"brokers", YAML_TEXT, AT(kafka.brokers), \
			.low = 1, .high = 4096, .fallback = "127.0.0.1:9092", \
			.help = "Some of the cluster's brokers, \"host:port,host:port\"; the others are learned " \
				"from them." \
	}
#define CONF_CLIENT_ID_ROW(program) \
	{ \
		"client_id", YAML_TEXT, AT(kafka.client_id), .high = 128, .fallback = (program), \
							     .help = "The name brokers log." \
	}
/* `promise`: what the settings are for that are refused. */
#define CONF_PROPERTIES_ROW(promise) \
	{ \
		"properties", YAML_NODE, AT(kafka.properties_node), \
			.hidden = true, \
			.help = "More settings of librdkafka, as a map: {security.protocol: ssl, " \
				"ssl.ca.location: /etc/ssl/kafka.pem}. Those that " promise \
				" rests on are refused." \
	}
#define CONF_PROPERTIES_FILE_ROW \
	{ \
		"properties_file", YAML_TEXT, AT(kafka.properties_file), \
			.high = 4095, .fallback = "", \
			.help = "The same, one setting a line, key=value, in a file that only its owner reads: " \
				"for passwords. They win over those above. A bare name is looked for among " \
				"the service's credentials first. Empty: none." \
	}
#define CONF_KEY_FILE_ROW(key_help) \
	{ \
		"key_file", YAML_TEXT, AT(identity.key_file), .low = 1, .high = 4095, .fallback = "identity.key", \
							      .help = (key_help) \
	}
#define CONF_BLOCKED_ROW(blocked_help) \
	{ \
		"blocked", YAML_TEXTS, AT(identity.blocked), .high = 256, .fallback = "[]", .reloadable = true, \
							     .help = (blocked_help) \
	}
#define CONF_CONSENT_ROW(name, channel, otherwise, consent_help) \
	{ \
		name, YAML_WORD, AT(consent.unsaid[channel]), .fallback = (otherwise), \
							      .words = conf_consent_words, .reloadable = true, \
							      .help = (consent_help) \
	}
#define CONF_CONSENT_ROWS \
	CONF_CONSENT_ROW( \
		"web", CHANNEL_WEB, "require", \
		"What becomes of a web event that says nothing about consent to analytics. require: dropped and " \
		"counted; allow: taken. An event that says denied is always dropped."), \
		CONF_CONSENT_ROW("email", CHANNEL_EMAIL, "allow", "The same for email."), \
		CONF_CONSENT_ROW("chat", CHANNEL_CHAT, "allow", "The same for chat."), \
		CONF_CONSENT_ROW("crm", CHANNEL_CRM, "allow", "The same for what comes from the CRM system.")
#define CONF_SIGNAL_ROW(name, at, signal_help) \
	{ \
		name, YAML_WORD, AT(consent.at), .fallback = "unless_granted", .words = conf_signal_words, \
						 .reloadable = true, .help = (signal_help) \
	}
#define CONF_SIGNAL_ROWS \
	CONF_SIGNAL_ROW( \
		"gpc", gpc, \
		"When Sec-GPC, the browser's global privacy control, stands for a refusal of analytics. " \
		"unless_granted: where the event does not itself say that they are granted, on channels that " \
		"allow, too; deny: always; ignore: never. Noted in the event whatever is set. An event that " \
		"itself " \
		"refuses or takes back profile or contact is heard all the same."), \
		CONF_SIGNAL_ROW("dnt", dnt, "The same for DNT, its predecessor.")
#define CONF_LOG_LEVEL_ROW(debug_help) \
	{ \
		"level", YAML_WORD, AT(log.level), .fallback = "info", .words = conf_log_words, \
						   .reloadable = true, \
						   .help = "The least urgent lines that are written: error " \
							   "(someone must act), warning (we coped), info " \
							   "(state changed), debug (" debug_help ")." \
	}

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

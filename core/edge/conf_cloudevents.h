/*
 * The section "cloudevents" of phased.yaml and collect.yaml: what events of foreign types mean. One for both programs, so that
 * an event means the same whichever way it comes.
 */
#pragma once
#include "core/edge/conf_schema.h"
#include "core/model/cloudevent.h"

struct conf_cloudevents {
	int channel, subject; /* as written; use map */
	struct yaml_node *map_node;
	struct cloudevent_map map;
};

extern const char *const conf_cloudevents_channels[];

#define CLOUDEVENT_FIELDS_HELP \
	"site, anonymous_id, user_id, crm_id, email, name, person_title, role, company, company_domain, url, " \
	"title, " \
	"content_id, form_id, target_url, search, language, referrer, session_id, thread_id, label (in place of " \
	"the " \
	"type), analytics, profile, contact (true, yes, 1, granted or allowed is a consent, anything else a " \
	"refusal), " \
	"value, engaged_ms, " CLOUDEVENT_PROPERTY "NAME"

/* What steps make of it, for conf_schema.made. */
#define CONF_CLOUDEVENTS_SPAN(type) \
	{ \
		offsetof(type, cloudevents.map), sizeof(struct cloudevent_map) \
	}

#define CONF_CLOUDEVENTS_ROWS(map_help) \
	{"channel", \
	 YAML_WORD, \
	 AT(cloudevents.channel), \
	 .fallback = "web", \
	 .words = conf_cloudevents_channels, \
	 .reloadable = true, \
	 .help = "The channel of events of types that are not ours: by it the topic and what consent.* says of " \
		 "them. What is of crm or " \
		 "offline is never evidence."}, \
		{"subject", \
		 YAML_WORD, \
		 AT(cloudevents.subject), \
		 .fallback = "user_id", \
		 .words = cloudevent_subject_words, \
		 .reloadable = true, \
		 .help = "Whose id the attribute subject is. An address is one, whatever stands here; nobody: " \
			 "it names something " \
			 "else, and only an address in it is looked at."}, \
	{ \
		"map", YAML_NODE, AT(cloudevents.map_node), .fallback = "{}", .reloadable = true, \
							    .help = (map_help) \
	}

/* A step: map_node and the rest into map. */
bool conf_cloudevents_read(const struct conf_reader *reader, struct conf_cloudevents *conf);

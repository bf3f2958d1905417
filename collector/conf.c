/*
 * The schema as a table, and what it cannot say as a list of steps.
 */
#include "collector/conf.h"

#include <string.h>

#include "collector/conf_crm.h"
#include "collector/conf_hooks.h"
#include "collector/conf_http.h"
#include "collector/conf_segment.h"
#include "collector/conf_trackers.h"
#include "collector/visitor.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"

#define PATHS_MAX 16
#define LIST_MAX 500

static const char *const same_site_words[] = {[VISITOR_SAME_SITE_NONE] = "none",
					      [VISITOR_SAME_SITE_LAX] = "lax",
					      [VISITOR_SAME_SITE_STRICT] = "strict",
					      NULL};

#define AT(member) .offset = offsetof(struct collect_conf, member)

#define TOPIC_FIELD(name, at, topic_help) \
	{ \
		name, YAML_TEXT, AT(kafka.topic[at]), .low = 1, .high = CONF_TOPIC_NAME_MAX, \
						      .fallback = "phased." name, .help = (topic_help) \
	}

static const struct yaml_field topic_fields[] = {
	TOPIC_FIELD("web", CHANNEL_WEB, "Events of web sites."),
	TOPIC_FIELD("email", CHANNEL_EMAIL, "Events of mailings."),
	TOPIC_FIELD("chat", CHANNEL_CHAT, "Events of chats."),
	TOPIC_FIELD("crm", CHANNEL_CRM, "What CRM systems report."),
	TOPIC_FIELD("rejected", CHANNEL_UNSAID,
		    "What could not be read: reason, field, size and hash, no content."),
	{0},
};

static const struct yaml_field kafka_fields[] = {
	CONF_BROKERS_ROW,
	CONF_CLIENT_ID_ROW("phased-collect"),
	{"topics", YAML_SECTION, .fields = topic_fields, .help = "Topics by what they carry."},
	{"buffer_mb", YAML_INTEGER, AT(kafka.buffer_mib), .low = 1, .high = 2047, .fallback = "64", .unit = "MiB",
	 .help = "Memory for events that brokers have not acknowledged yet. Full: requests are answered 503."},
	{"delivery_ms_max", YAML_INTEGER, AT(kafka.delivery_ms_max), .low = 100, .high = 600000,
	 .fallback = "4000", .unit = "ms",
	 .help = "A request waits so long for the brokers' acknowledgement, then it is answered 503 and the "
		 "tracker "
		 "sends it again. Trackers give up after 5 s."},
	CONF_PROPERTIES_ROW("the acknowledgement"),
	CONF_PROPERTIES_FILE_ROW,
	{0},
};

static const struct yaml_field identity_fields[] = {
	CONF_KEY_FILE_ROW(
		"The secret that actor ids are keyed with, the same as in phased.yaml. A bare name is looked for "
		"among the service's credentials first. Readable by its owner and group only."),
	CONF_BLOCKED_ROW("More values that name nobody, beside the built-in ones; the same as in phased.yaml."),
	{0},
};

static const struct yaml_field consent_fields[] = {
	CONF_CONSENT_ROWS,
	CONF_SIGNAL_ROWS,
	{0},
};

static const struct yaml_field cookie_fields[] = {
	{"name", YAML_TEXT, AT(snowplow.cookie.name), .high = 64, .fallback = "sp", .reloadable = true,
	 .help = "The cookie in which the collector keeps an id of its own for each browser: it stands for the "
		 "visitor "
		 "where an event names none. Set when an event was taken, never with SP-Anonymous; an event that "
		 "denies "
		 "analytics takes it away. Empty: no cookie is read or set."},
	{"days", YAML_INTEGER, AT(snowplow.cookie.days), .low = 1, .high = 400, .fallback = "365", .unit = "days",
	 .reloadable = true, .help = "How long it lives after the last event."},
	{"domains", YAML_TEXTS, AT(snowplow.cookie.domains), .high = 253, .fallback = "[]", .reloadable = true,
	 .help = "Its Domain: the first of these that the collector's own host, as browsers name it, is or lies "
		 "in; list a domain to share the cookie with other hosts in it. None of them: that host alone. It "
		 "is "
		 "taken away for that host and all of these that it lies in."},
	{"secure", YAML_BOOL, AT(snowplow.cookie.is_secure), .fallback = "true", .reloadable = true,
	 .help = "Browsers send it back by https alone."},
	{"same_site", YAML_WORD, AT(snowplow.cookie.same_site), .fallback = "none", .words = same_site_words,
	 .reloadable = true,
	 .help = "none: also to pages of another site than the collector's, needs secure; lax or strict: not."},
	{0},
};

static const struct yaml_field snowplow_fields[] = {
	{"post_paths", YAML_TEXTS, AT(snowplow.post_paths), .high = 128,
	 .fallback = "[/com.snowplowanalytics.snowplow/tp2]", .reloadable = true,
	 .help = "Paths that take batches by POST: those of the tracker's postPath. By GET they are pixels."},
	{"get_paths", YAML_TEXTS, AT(snowplow.get_paths), .high = 128, .fallback = "[/i, /ice.png]",
	 .reloadable = true, .help = "Paths that take one event by GET and answer with a pixel."},
	{"page_ping_s", YAML_INTEGER, AT(snowplow.page_ping_s), .low = 1, .high = 600, .fallback = "10",
	 .unit = "s", .reloadable = true,
	 .help = "The tracker's heartbeatDelay: how long a page ping says that the page was looked at. The "
		 "tracker "
		 "does not send it."},
	{"consent_scopes", YAML_TEXTS, AT(snowplow.consent_scopes), .high = 64, .reloadable = true,
	 .fallback = "[analytics, statistics, performance, measurement]",
	 .help = "The banner's names for what analytics are in: a visitor who allowed some of its scopes "
		 "(allow_selected) "
		 "has granted analytics when one of these is among them, and else denied them."},
	{"cookie", YAML_SECTION, .fields = cookie_fields, .help = "The network user id."},
	{0},
};

static const struct yaml_field download_fields[] = {
	{"extensions", YAML_TEXTS, AT(download.extensions), .high = 16,
	 .fallback = "[pdf, doc, docx, xls, xlsx, ppt, pptx, odt, ods, odp, csv, zip, epub, mp3, mp4]",
	 .reloadable = true, .help = "A link whose path ends so is a download, not a link to follow."},
	{0},
};

static const struct yaml_field machine_fields[] = {
	{"user_agents", YAML_TEXTS, AT(machine.user_agents), .high = 128, .fallback = "[]", .reloadable = true,
	 .help = "More machines: a visitor whose User-Agent holds one of these, in any case, is kept, flagged, "
		 "and moves "
		 "nothing. The list of crawlers, monitors and HTTP libraries that is built in is public "
		 "(crawler-user-agents). No User-Agent at all is a machine always."},
	{"known_agents", YAML_TEXTS, AT(machine.known_agents), .high = 128, .fallback = "[]", .reloadable = true,
	 .help = "Not machines, though the list that is built in has them: a User-Agent that holds one of these."},
	{0},
};

static const struct yaml_field chat_fields[] = {
	{"topics_file", YAML_TEXT, AT(chat.topics_file), .low = 1, .high = 4095, .fallback = "topics.yaml",
	 .reloadable = true,
	 .help = "Words that tell what a message is about. Read when there are hooks, and again on SIGHUP. What a "
		 "message says goes no further: its topics do."},
	{0},
};

static const struct yaml_field log_fields[] = {
	CONF_LOG_LEVEL_ROW("each answer: its route, status and time, never who asked"),
	{0},
};

static const struct yaml_field stop_fields[] = {
	{"seconds", YAML_INTEGER, AT(stop.seconds), .low = 1, .high = 300, .fallback = "8", .unit = "s",
	 .reloadable = true,
	 .help = "How long a stopping collector lets requests that wait for the brokers finish. The unit's "
		 "TimeoutStopSec must be longer."},
	{0},
};

static const struct yaml_field collect_conf_fields[] = {
	{"http", YAML_SECTION, .fields = collect_conf_http_fields, .help = "Where events come from."},
	{"kafka", YAML_SECTION, .fields = kafka_fields, .help = "Where they go."},
	{"identity", YAML_SECTION, .fields = identity_fields, .help = "Who is who."},
	{"consent", YAML_SECTION, .fields = consent_fields, .help = "Events that do not say."},
	{"snowplow", YAML_SECTION, .fields = snowplow_fields, .help = "Snowplow's web trackers, v3 and v4."},
	{"segment", YAML_SECTION, .fields = collect_conf_segment_fields,
	 .help = "The Segment specification's trackers: Segment, RudderStack, Jitsu."},
	{"plausible", YAML_SECTION, .fields = collect_conf_plausible_fields,
	 .help = "Plausible's tracker. By itself it says of nobody who he is, nor what he allowed: its site's own "
		 "properties may."},
	{"ga4", YAML_SECTION, .fields = collect_conf_ga4_fields,
	 .help = "Google Analytics 4's Measurement Protocol."},
	{"download", YAML_SECTION, .fields = download_fields, .help = "What is a download."},
	{"machine", YAML_SECTION, .fields = machine_fields, .help = "Who is a machine."},
	{"chat", YAML_SECTION, .fields = chat_fields, .help = "Messages of chats, by webhooks."},
	{"crm", YAML_SECTION, .fields = collect_conf_crm_fields, .help = "What CRM systems report, by webhooks."},
	{"cloudevents", YAML_SECTION, .fields = collect_conf_cloudevents_fields,
	 .help = "CloudEvents, by a hook of that source. Those of type " CLOUDEVENT_TYPE
		 " carry our own Event; these keys are about all others."},
	{"log", YAML_SECTION, .fields = log_fields, .help = "What is said."},
	{"stop", YAML_SECTION, .fields = stop_fields, .help = "How it ends."},
	{"hooks", YAML_NODE, AT(hooks_node), .reloadable = true, .help = COLLECT_CONF_HOOKS_HELP},
	{"forms", YAML_NODE, AT(forms_node), .reloadable = true,
	 .help = "Which field of which form is what: form id → {email, name, title, role, company: the field's "
		 "name; "
		 "profile, contact: the box that is ticked to consent}. Fields that are not named here are not "
		 "read. "
		 "Without profile ticked in the same form no address and no name leaves the collector."},
	{0},
};

/* ---- What the schema cannot say ---- */

static bool check_topics(const struct conf_reader *reader, void *into)
{
	struct collect_conf *conf = into;
	conf->kafka.topic[CHANNEL_OFFLINE] = conf->kafka.topic[CHANNEL_CRM];
	for (size_t i = 0; i < CHANNEL_COUNT; i++) {
		if (!conf_is_topic(conf->kafka.topic[i])) {
			return yaml_complain(reader->path, conf_node(reader, "kafka", "topics"), reader->fail,
					     "\"kafka.topics\": \"%.80s\" is no name for a topic",
					     conf->kafka.topic[i]);
		}
	}
	return true;
}

static bool read_properties(const struct conf_reader *reader, void *into)
{
	struct collect_conf *conf = into;
	return conf_properties(reader, conf->kafka.properties_node, &conf->kafka.properties);
}

static bool read_identity(const struct conf_reader *reader, void *into)
{
	struct collect_conf *conf = into;
	if (!conf_blocked(reader, &conf->identity.blocked)) {
		return false;
	}
	conf->identity.key_file = conf_secret_path(reader->path, conf->identity.key_file, reader->arena);
	conf->kafka.properties_file = conf_secret_path(reader->path, conf->kafka.properties_file, reader->arena);
	return (conf->identity.key_file != NULL && conf->kafka.properties_file != NULL) || conf_too_large(reader);
}

static bool check_paths(const struct conf_reader *reader, void *into)
{
	struct collect_conf *conf = into;
	static const char *const own[] = {"/healthz", "/readyz", "/metrics"};
	const struct {
		const char *key;
		const struct yaml_texts *paths;
	} rows[] = {{"post_paths", &conf->snowplow.post_paths}, {"get_paths", &conf->snowplow.get_paths}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct yaml_node *node = conf_node(reader, "snowplow", rows[i].key);
		bool good = rows[i].paths->count <= PATHS_MAX;
		for (size_t j = 0; good && j < rows[i].paths->count; j++) {
			const char *path = rows[i].paths->items[j];
			good = path[0] == '/' && strpbrk(path, "?# ") == NULL;
			for (size_t k = 0; k < COUNT_OF(own); k++) {
				good = good && strcmp(path, own[k]) != 0;
			}
		}
		if (!good) {
			return yaml_complain(
				reader->path, node, reader->fail,
				"\"snowplow.%s\" must be at most %d paths that begin with /, without a query, "
				"none of them one of ours",
				rows[i].key, PATHS_MAX);
		}
	}
	return true;
}

/* What goes into a header as it is. */
static bool is_made_of(const char *text, const char *more)
{
	for (; *text != '\0'; text++) {
		bool is_plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
				(*text >= '0' && *text <= '9');
		if (!is_plain && strchr(more, *text) == NULL) {
			return false;
		}
	}
	return true;
}

static bool check_cookie(const struct conf_reader *reader, void *into)
{
	const struct collect_conf *conf = into;
	const struct yaml_node *node = conf_node(reader, "snowplow", "cookie");
	if (!is_made_of(conf->snowplow.cookie.name, "_-.")) {
		return yaml_complain(reader->path, node, reader->fail,
				     "\"snowplow.cookie.name\" must be letters, digits, _, - and .");
	}
	const struct yaml_texts *domains = &conf->snowplow.cookie.domains;
	for (size_t i = 0; i < domains->count; i++) {
		const char *domain = domains->items[i];
		if (domains->count > PATHS_MAX || domain[0] == '.' || strchr(domain, '.') == NULL ||
		    !is_made_of(domain, "-.")) {
			return yaml_complain(reader->path, node, reader->fail,
					     "\"snowplow.cookie.domains\" must be at most %d domains like "
					     "\"acme.test\", without a leading dot",
					     PATHS_MAX);
		}
	}
	if (conf->snowplow.cookie.same_site == VISITOR_SAME_SITE_NONE && !conf->snowplow.cookie.is_secure &&
	    conf->snowplow.cookie.name[0] != '\0') {
		return yaml_complain(
			reader->path, node, reader->fail,
			"\"snowplow.cookie\": same_site none needs secure, or browsers drop the cookie");
	}
	return true;
}

static bool find_topics(const struct conf_reader *reader, void *into)
{
	struct collect_conf *conf = into;
	conf->chat.topics_file = conf_path(reader->path, conf->chat.topics_file, reader->arena);
	return conf->chat.topics_file != NULL || conf_too_large(reader);
}

static bool lower_list(const struct conf_reader *reader, const char *section, const char *key,
		       struct yaml_texts *list)
{
	if (list->count > LIST_MAX) {
		return CONF_COMPLAIN(reader, section, key, "\"%s.%s\" has more than %d values", section, key,
				     LIST_MAX);
	}
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i][0] == '\0') {
			return CONF_COMPLAIN(reader, section, key, "\"%s.%s\" has an empty value", section, key);
		}
	}
	return conf_lower(reader, list);
}

static bool lower_lists(const struct conf_reader *reader, void *into)
{
	struct collect_conf *conf = into;
	return lower_list(reader, "machine", "user_agents", &conf->machine.user_agents) &&
	       lower_list(reader, "machine", "known_agents", &conf->machine.known_agents) &&
	       lower_list(reader, "snowplow", "consent_scopes", &conf->snowplow.consent_scopes) &&
	       lower_list(reader, "segment", "analytics_scopes", &conf->segment.analytics_scopes) &&
	       lower_list(reader, "segment", "profile_scopes", &conf->segment.profile_scopes) &&
	       lower_list(reader, "download", "extensions", &conf->download.extensions);
}

static bool read_form(const struct conf_reader *reader, const char *id, const struct yaml_node *map,
		      struct form *ret_form)
{
	struct form form = {.id = id};
	if (map->kind != YAML_MAP) {
		return yaml_complain(reader->path, map, reader->fail, "\"forms.%.80s\" must be a map", id);
	}
	if (!yaml_only_keys(map, form_part_names, reader->path, reader->fail)) {
		return false;
	}
	for (size_t i = 0; i < FORM_PART_COUNT; i++) {
		const struct yaml_node *field = yaml_get(map, form_part_names[i]);
		if (field != NULL && (field->kind != YAML_SCALAR || field->text[0] == '\0')) {
			return yaml_complain(reader->path, field, reader->fail,
					     "\"forms.%.80s.%s\" must name a field", id, form_part_names[i]);
		}
		form.field[i] = field != NULL ? field->text : NULL;
	}
	*ret_form = form;
	return true;
}

static bool read_forms(const struct conf_reader *reader, void *into)
{
	struct collect_conf *conf = into;
	const struct yaml_node *map = conf->forms_node;
	if (map == NULL || (map->kind == YAML_MAP && map->count == 0)) {
		return true;
	}
	if (map->kind != YAML_MAP || map->count > FORMS_MAX) {
		return yaml_complain(reader->path, map, reader->fail,
				     "\"forms\" must be a map of at most %d forms", FORMS_MAX);
	}
	struct form *forms = arena_zero(reader->arena, map->count, sizeof(*forms));
	if (forms == NULL) {
		return conf_too_large(reader);
	}
	for (size_t i = 0; i < map->count; i++) {
		if (!read_form(reader, map->keys[i]->text, map->items[i], &forms[i])) {
			return false;
		}
	}
	conf->forms = (struct form_map){.count = map->count, .forms = forms};
	return true;
}

static conf_step *const steps[] = {
	collect_conf_http_check,
	check_topics,
	read_properties,
	read_identity,
	check_paths,
	check_cookie,
	find_topics,
	lower_lists,
	collect_conf_segment_read,
	collect_conf_crm_check,
	collect_conf_hooks_read,
	collect_conf_cloudevents_read,
	read_forms,
	NULL,
};

const struct conf_schema collect_conf_schema = {
	.opening = "# Configuration of phased-collect. Each key is optional: what stands here behind a # "
		   "is what holds without it.\n"
		   "# What is reloadable takes effect on SIGHUP; all else takes a restart.\n"
		   "# Relative paths start at this file's directory.\n",
	.fields = collect_conf_fields,
	.size = sizeof(struct collect_conf),
	.steps = steps,
	.made =
		(const struct conf_span[]){
			{offsetof(struct collect_conf, forms), sizeof(struct form_map)},
			CONF_CLOUDEVENTS_SPAN(struct collect_conf),
			{offsetof(struct collect_conf, hooks), sizeof(((struct collect_conf *)NULL)->hooks)},
			{offsetof(struct collect_conf, segment.sites),
			 sizeof(struct source_site *) + sizeof(size_t)},
			{offsetof(struct collect_conf, http.proxies), sizeof(struct http_networks)},
			{0},
		},
};

bool collect_conf_parse(const char *text, size_t size, const char *path, struct arena *arena,
			struct collect_conf *ret_conf, struct fail *fail)
{
	return conf_schema_parse(&collect_conf_schema, text, size, path, arena, ret_conf, fail);
}

/* ---- As text ---- */

/* The forms of the demo's site (dev/site), as an example that works. */
#define DEMO_FORM(id) \
	"  " id ":\n    email: email\n    name: name\n    role: role\n    profile: consent_profile\n" \
	"    contact: consent_contact\n"
static const char *const demo_forms =
	"forms:\n" DEMO_FORM("demo-request") DEMO_FORM("quote-request") DEMO_FORM("newsletter");

char *collect_conf_default_text(struct arena *arena)
{
	const char *text = conf_schema_default_text(&collect_conf_schema, arena);
	if (text == NULL) {
		return NULL;
	}
	static const char commented[] = "#forms: {}\n";
	size_t size = strlen(text) - (sizeof(commented) - 1);
	CHECK(strcmp(text + size, commented) == 0); /* forms stand last */
	return arena_print(arena, "%.*s%s", (int)size, text, demo_forms);
}

/*
 * The schema as a table, and what it cannot say as a list of steps.
 */
#include "core/edge/conf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/base/moment.h"
#include "core/model/message.h"
#include "core/model/subject.h"

#define AT(member) .offset = offsetof(struct conf, member)

#define TOPIC_FIELD(name, at, topic_help) \
	{ \
		name, YAML_TEXT, AT(kafka.topic[at]), .high = CONF_TOPIC_NAME_MAX, .fallback = "phased." name, \
						      .help = topic_help \
	}

static const struct yaml_field topic_fields[] = {
	TOPIC_FIELD("web", CONF_WEB, "Events of web sites."),
	TOPIC_FIELD("email", CONF_EMAIL, "Events of mailings."),
	TOPIC_FIELD("chat", CONF_CHAT, "Events of chats."),
	TOPIC_FIELD("crm", CONF_CRM, "What CRM systems report, and what happened offline."),
	TOPIC_FIELD("rejected", CONF_REJECTED, "What the collector could not read."),
	TOPIC_FIELD("erasure", CONF_ERASURE, "Who was erased (compacted)."),
	{"more", YAML_TEXTS, AT(kafka.more_topics), .high = CONF_TOPIC_NAME_MAX, .fallback = "[]",
	 .help = "More topics with events, of any channel."},
	{0},
};

static const struct yaml_field kafka_fields[] = {
	CONF_BROKERS_ROW,
	{"group", YAML_TEXT, AT(kafka.group), .low = 1, .high = 128, .fallback = "phased",
	 .help = "Consumer group. All daemons that write to one database share one; positions are kept under its "
		 "name."},
	{"instance_id", YAML_TEXT, AT(kafka.instance_id), .high = 128, .fallback = "",
	 .help = "This daemon's lasting name in the group (group.instance.id): a restart within session_ms then "
		 "moves no partition. Must differ between daemons. Empty: none."},
	CONF_CLIENT_ID_ROW("phased"),
	{"topics", YAML_SECTION, .fields = topic_fields,
	 .help = "Topics by what they carry. One that does not exist yet is waited for. Empty: none."},
	{"buffer_mb", YAML_INTEGER, AT(kafka.buffer_mb), .low = 1, .high = 2047, .fallback = "92", .unit = "MiB",
	 .help = "Memory for messages fetched and not taken yet, over all partitions, with librdkafka's own 350 "
		 "bytes "
		 "for each. Before version 2.2 librdkafka does not fetch for a second once that is full, so it is "
		 "also "
		 "a limit of the rate: about 1,900 events a second for each MiB. Later versions look again after "
		 "10 ms; "
		 "then a quarter of it is used."},
	{"session_ms", YAML_INTEGER, AT(kafka.session_ms), .low = 1000, .high = 1800000, .fallback = "10000",
	 .unit = "ms",
	 .help = "A daemon not heard of for so long loses its partitions to the others of its group. The brokers "
		 "set bounds of their own (group.min.session.timeout.ms)."},
	CONF_PROPERTIES_ROW("exactly-once"),
	CONF_PROPERTIES_FILE_ROW,
	{0},
};

static const struct yaml_field postgres_fields[] = {
	{"conninfo", YAML_TEXT, AT(postgres.conninfo), .high = 4096, .fallback = "dbname=phased",
	 .help = "How to reach PostgreSQL, as libpq reads it. No password here: password_file, PGPASSFILE, or "
		 "peer "
		 "authentication. A socket directory (host=/run/postgresql) or hostaddr= beside host=: the "
		 "daemon stands still while a host's name is looked up."},
	{"password_file", YAML_TEXT, AT(postgres.password_file), .high = 4095, .fallback = "",
	 .help = "The password, in a file of one line that only its owner reads. A bare name is looked for among "
		 "the service's credentials first. Empty: none."},
	{"connect_ms_max", YAML_INTEGER, AT(postgres.connect_ms_max), .low = 100, .high = 600000,
	 .fallback = "10000", .unit = "ms", .help = "A connection that is not made within this is tried anew."},
	{"reply_ms_max", YAML_INTEGER, AT(postgres.reply_ms_max), .low = 100, .high = 3600000, .fallback = "60000",
	 .unit = "ms",
	 .help = "A connection whose answer takes longer is given up, and its transaction tried again."},
	{"synchronous_commit", YAML_BOOL, AT(postgres.synchronous_commit), .fallback = "yes",
	 .help = "no: a crash of PostgreSQL may lose the last moments, events and positions alike, and they are "
		 "read from Kafka again. Safe here, and a little faster."},
	{0},
};

static const struct yaml_field identity_fields[] = {
	CONF_KEY_FILE_ROW(
		"The secret that actor ids are keyed with (openssl rand -hex 32). A bare name is looked for "
		"among the service's credentials first. Another key makes other ids: never change it."),
	CONF_BLOCKED_ROW("More values that name nobody, beside the built-in ones (anonymous, null, 0, …)."),
	{0},
};

static const struct yaml_field model_fields[] = {
	{"path", YAML_TEXT, AT(model.path), .low = 1, .high = 4095, .fallback = "model", .reloadable = true,
	 .help = "Model file, or directory of them, that phasectl model accept and try read. The daemon takes its "
		 "model from the database."},
	{0},
};

static const struct yaml_field accounts_fields[] = {
	{"path", YAML_TEXT, AT(accounts.path), .low = 1, .high = 4095, .fallback = "accounts.yaml",
	 .reloadable = true,
	 .help = "File that phasectl accounts accept reads: lists of mail providers, and whose domains are whose. "
		 "The "
		 "daemon asks the database."},
	{"share_percent", YAML_INTEGER, AT(accounts.share_percent), .low = 0, .high = 100, .fallback = "10",
	 .unit = "%", .reloadable = true,
	 .help = "Share of the time that a daemon may spend on where accounts are, while no event waits. 0: none, "
		 "and "
		 "report.account_phase and report.committee stay as they are."},
	{0},
};

static const struct yaml_field subject_fields[] = {
	{"property_keys", YAML_TEXTS, AT(subject.property_keys), .high = 64, .fallback = "[]",
	 .help = "Keys of event properties that rules may look at, at most 16. Fixed in the database at first "
		 "start."},
	{0},
};

static const struct yaml_field consent_fields[] = {
	CONF_CONSENT_ROWS,
	CONF_CONSENT_ROW("offline", CHANNEL_OFFLINE, "allow", "The same for fairs, calls and dinners."),
	CONF_SIGNAL_ROWS,
	{"unsubscribe", YAML_WORD, AT(consent.unsubscribe), .fallback = "review", .words = conf_scanner_words,
	 .reloadable = true,
	 .help = "What becomes of an unsubscribe that the mail provider's signed hook reports and that looks like "
		 "a "
		 "scanner's, which follows every link. review: it changes nothing and waits for somebody to look "
		 "at it "
		 "(phasectl unsubscribe list); withdraw: this person may not be written to any more; ignore: "
		 "nothing."},
	{0},
};

static const struct yaml_field batch_fields[] = {
	{"events_min", YAML_INTEGER, AT(batch.events_min), .low = 1, .high = 50000, .fallback = "500",
	 .reloadable = true,
	 .help = "A batch of so many messages does not wait for more. Under backlog batches grow up to "
		 "events_max."},
	{"events_max", YAML_INTEGER, AT(batch.events_max), .low = 1, .high = 50000, .fallback = "10000",
	 .reloadable = true, .help = "Largest batch."},
	{"linger_ms", YAML_INTEGER, AT(batch.linger_ms), .low = 0, .high = 1000, .fallback = "5", .unit = "ms",
	 .reloadable = true, .help = "How long a smaller batch waits for more."},
	{"arena_mb", YAML_INTEGER, AT(batch.arena_mb), .low = 16, .high = 4096, .fallback = "256", .unit = "MiB",
	 .help = "Most memory for the messages of a batch, and twice as much for what is done with them; each "
		 "lane has "
		 "a batch. What is not used costs nothing. A batch that does not fit is made smaller."},
	{"quick", YAML_BOOL, AT(batch.quick), .fallback = "yes", .reloadable = true,
	 .help = "yes: a batch is written without locks, on the condition that nobody else has written the same "
		 "contacts meanwhile, and again with locks where somebody has. no: always with locks; the same "
		 "result, a third as fast."},
	{"copy_min", YAML_INTEGER, AT(batch.copy_min), .low = 1, .high = 50000, .fallback = "1000",
	 .reloadable = true,
	 .help = "A quick batch of so many new touches sends what is new by COPY: up to four round trips more, "
		 "half the "
		 "price of each row."},
	{"refolds_max", YAML_INTEGER, AT(batch.refolds_max), .low = 0, .high = 50000, .fallback = "200",
	 .reloadable = true,
	 .help = "So many contacts whose history has changed (a late event, another copy, a claim) a batch folds "
		 "anew itself. The rest waits in table refold, and is folded anew when a lane has nothing else to "
		 "do."},
	{"refold_touches_max", YAML_INTEGER, AT(batch.refold_touches_max), .low = 0, .high = 1000000,
	 .fallback = "20000", .reloadable = true,
	 .help = "And as many as have so many touches together, by what was folded of them before."},
	{"lanes", YAML_INTEGER, AT(batch.lanes), .low = 1, .high = LANES_MAX, .fallback = "2",
	 .help = "Connections to PostgreSQL that work at the same time, each on its own share of the partitions "
		 "(partition number modulo lanes). More than PostgreSQL has processors for bring nothing."},
	{0},
};

static const struct yaml_field breaker_fields[] = {
	{"messages", YAML_INTEGER, AT(breaker.messages), .low = 1, .high = 1000000, .fallback = "10000",
	 .help = "So many of the last messages are looked at. What the collector could not read does not count."},
	{"percent", YAML_INTEGER, AT(breaker.percent), .low = 1, .high = 100, .fallback = "50", .unit = "%",
	 .reloadable = true,
	 .help = "More rejected messages among them than this, and the daemon ends with 65, before it writes "
		 "more; it "
		 "goes on there when it is started again. 100: never."},
	{0},
};

static const struct yaml_field rejects_fields[] = {
	{"days", YAML_INTEGER, AT(rejects.days), .low = 0, .high = 3650, .fallback = "7", .unit = "days",
	 .reloadable = true, .help = "A row of table rejected is deleted so long after it was written. 0: never."},
	{"keep_raw", YAML_BOOL, AT(rejects.keep_raw), .fallback = "no", .reloadable = true,
	 .help = "yes: the bytes of rejected messages of at most 64 KiB are kept in table rejected_raw, as long "
		 "as "
		 "their rows, so that phasectl rejects retry finds them when the topic holds them no more. "
		 "Whoever they are about is in them."},
	{0},
};

static const struct yaml_field retention_fields[] = {
	{"touch_months", YAML_INTEGER, AT(retention.touch_months), .low = 0, .high = 1200, .fallback = "25",
	 .unit = "months", .reloadable = true,
	 .help = "What people did before the beginning of the month that lies so many months back is deleted, and "
		 "taken no more; contacts are as if it had never come. It stays so when this is made longer "
		 "later. 0: all is kept."},
	{0},
};

static const struct yaml_field cloudevents_fields[] = {
	CONF_CLOUDEVENTS_ROWS("What data of such an event tells, as in collect.yaml: fields, and the keys that "
			      "lead to each in the "
			      "data, a dot between them. Empty: no other type is known, and an event of one is "
			      "rejected by its name."),
	{0},
};

static const struct yaml_field review_fields[] = {
	{"until", YAML_TEXT, AT(review.until), .high = 64, .fallback = "",
	 .help = "Time passes for contacts up to this moment and no further, for looking at events of the past as "
		 "of then: 2026-03-01T00:00:00Z. Empty: it passes as it does."},
	{0},
};

static const struct yaml_field explain_fields[] = {
	{"share_percent", YAML_INTEGER, AT(explain.share_percent), .low = 0, .high = 100, .fallback = "10",
	 .unit = "%", .reloadable = true,
	 .help = "Share of the time that a daemon may spend on it, while no event waits. 0: none, and report.why "
		 "and report.history stay as they are; phasectl why needs neither."},
	{0},
};

static const struct yaml_field http_fields[] = {
	{"listen", YAML_TEXT, AT(http.listen), .high = 255, .fallback = "127.0.0.1:9640",
	 .help = "Where /metrics, /healthz and /readyz are served: host:port, or unix:/path. Empty: nowhere."},
	{"connections_max", YAML_INTEGER, AT(http.connections_max), .low = 1, .high = 1000, .fallback = "16",
	 .help = "Connections at once."},
	{"request_s_max", YAML_INTEGER, AT(http.request_s_max), .low = 1, .high = 600, .fallback = "10",
	 .unit = "s", .help = "A request must be whole within this."},
	{0},
};

static const struct yaml_field log_fields[] = {
	CONF_LOG_LEVEL_ROW("each batch, connection and claim"),
	{0},
};

static const struct yaml_field stop_fields[] = {
	{"seconds", YAML_INTEGER, AT(stop.seconds), .low = 1, .high = 300, .fallback = "10", .unit = "s",
	 .reloadable = true,
	 .help = "How long a stopping daemon lets the batch under way finish. The unit's TimeoutStopSec must be "
		 "longer."},
	{0},
};

static const struct yaml_field conf_fields[] = {
	{"kafka", YAML_SECTION, .fields = kafka_fields, .help = "Where events come from."},
	{"postgres", YAML_SECTION, .fields = postgres_fields, .help = "Where they go."},
	{"identity", YAML_SECTION, .fields = identity_fields, .help = "Who is who."},
	{"model", YAML_SECTION, .fields = model_fields, .help = "Rules, content, phases."},
	{"accounts", YAML_SECTION, .fields = accounts_fields, .help = "Which organisation a contact buys for."},
	{"subject", YAML_SECTION, .fields = subject_fields, .help = "What a touch is about."},
	{"consent", YAML_SECTION, .fields = consent_fields, .help = "Events that do not say."},
	{"cloudevents", YAML_SECTION, .fields = cloudevents_fields,
	 .help = "CloudEvents on the topics, in binary and in structured mode. Those of type " CLOUDEVENT_TYPE
		 " carry our own Event; these keys are about all others."},
	{"batch", YAML_SECTION, .fields = batch_fields, .help = "How much is done at once."},
	{"breaker", YAML_SECTION, .fields = breaker_fields,
	 .help = "When so much is rejected that it cannot be right: a wrong topic, a producer gone wrong."},
	{"rejects", YAML_SECTION, .fields = rejects_fields,
	 .help = "What is known of messages that could not be taken (phasectl rejects)."},
	{"retention", YAML_SECTION, .fields = retention_fields,
	 .help = "How long is kept what people did (phasectl retention)."},
	{"review", YAML_SECTION, .fields = review_fields,
	 .help = "What time alone changes, once an hour: less sure, quiet, none."},
	{"explain", YAML_SECTION, .fields = explain_fields,
	 .help = "Why people are where they are, and how that was day by day: rows for reports, written once no "
		 "event waits."},
	{"http", YAML_SECTION, .fields = http_fields, .help = "Metrics and health."},
	{"log", YAML_SECTION, .fields = log_fields, .help = "What is said."},
	{"stop", YAML_SECTION, .fields = stop_fields, .help = "How a daemon ends."},
	{0},
};

/* ---- What the schema cannot say ---- */

/* Takes one more topic to read; "" is none. */
static bool add_topic(const struct conf_reader *reader, struct yaml_texts *topics, const char *name)
{
	if (name[0] == '\0') {
		return true;
	}
	if (!conf_is_topic(name)) {
		return CONF_COMPLAIN(reader, "kafka", "topics",
				     "\"kafka.topics\": \"%.80s\" is no name for a topic", name);
	}
	for (size_t i = 0; i < topics->count; i++) {
		if (strcmp(topics->items[i], name) == 0) {
			return CONF_COMPLAIN(reader, "kafka", "topics", "\"kafka.topics\" names %.80s twice",
					     name);
		}
	}
	topics->items[topics->count++] = name;
	return true;
}

static bool gather_topics(const struct conf_reader *reader, void *into)
{
	struct conf *conf = into;
	struct yaml_texts *topics = &conf->kafka.topics;
	size_t most = CONF_TOPIC_COUNT + conf->kafka.more_topics.count;
	topics->items = arena_zero(reader->arena, most, sizeof(*topics->items));
	if (topics->items == NULL) {
		return conf_too_large(reader);
	}
	for (size_t i = 0; i < conf->kafka.more_topics.count; i++) {
		if (!add_topic(reader, topics, conf->kafka.more_topics.items[i])) {
			return false;
		}
	}
	for (int i = 0; i < CONF_TOPIC_COUNT; i++) {
		if (!add_topic(reader, topics, conf->kafka.topic[i])) {
			return false;
		}
	}
	static_assert(CONF_ERASURE == CONF_TOPIC_COUNT - 1, "the one that is not read comes last");
	topics->count -= conf->kafka.topic[CONF_ERASURE][0] != '\0' ? 1 : 0;
	if (topics->count < 1 || topics->count > TOPICS_MAX) {
		return CONF_COMPLAIN(reader, "kafka", "topics",
				     "\"kafka.topics\" must name 1 to %d topics to read, not %zu", TOPICS_MAX,
				     topics->count);
	}
	return true;
}

static bool read_properties(const struct conf_reader *reader, void *into)
{
	struct conf *conf = into;
	return conf_properties(reader, conf->kafka.properties_node, &conf->kafka.properties);
}

static bool lower_blocked(const struct conf_reader *reader, void *into)
{
	struct conf *conf = into;
	return conf_blocked(reader, &conf->identity.blocked);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool sort_property_keys(const struct conf_reader *reader, void *into)
{
	struct conf *conf = into;
	struct yaml_texts *keys = &conf->subject.property_keys;
	if (keys->count > SUBJECT_PROPERTIES_MAX) {
		return CONF_COMPLAIN(reader, "subject", "property_keys",
				     "\"subject.property_keys\" must name at most %d keys, not %zu",
				     SUBJECT_PROPERTIES_MAX, keys->count);
	}
	if (keys->count > 0) {
		qsort(keys->items, keys->count, sizeof(*keys->items), compare_texts);
	}
	for (size_t i = 0; i < keys->count; i++) {
		if (keys->items[i][0] == '\0' || (i > 0 && strcmp(keys->items[i - 1], keys->items[i]) == 0)) {
			return CONF_COMPLAIN(
				reader, "subject", "property_keys",
				"\"subject.property_keys\" has a key twice, or an empty one: \"%.80s\"",
				keys->items[i]);
		}
	}
	return true;
}

static bool check_batch(const struct conf_reader *reader, void *into)
{
	struct conf *conf = into;
	if (conf->batch.events_min <= conf->batch.events_max) {
		return true;
	}
	return CONF_COMPLAIN(reader, "batch", "events_min",
			     "\"batch.events_min\" (%lld) is more than \"batch.events_max\" (%lld)",
			     (long long)conf->batch.events_min, (long long)conf->batch.events_max);
}

static bool read_until(const struct conf_reader *reader, void *into)
{
	struct conf *conf = into;
	conf->review.until_us = INT64_MAX;
	return conf->review.until[0] == '\0' || moment_read(conf->review.until, &conf->review.until_us) ||
	       CONF_COMPLAIN(reader, "review", "until",
			     "\"review.until\" must be a moment like 2026-03-01T00:00:00Z, not \"%.64s\"",
			     conf->review.until);
}

static bool resolve_paths(const struct conf_reader *reader, void *into)
{
	struct conf *conf = into;
	conf->identity.key_file = conf_secret_path(reader->path, conf->identity.key_file, reader->arena);
	conf->model.path = conf_path(reader->path, conf->model.path, reader->arena);
	conf->accounts.path = conf_path(reader->path, conf->accounts.path, reader->arena);
	conf->postgres.password_file = conf_secret_path(reader->path, conf->postgres.password_file, reader->arena);
	conf->kafka.properties_file = conf_secret_path(reader->path, conf->kafka.properties_file, reader->arena);
	return (conf->identity.key_file != NULL && conf->model.path != NULL && conf->accounts.path != NULL &&
		conf->postgres.password_file != NULL && conf->kafka.properties_file != NULL) ||
	       conf_too_large(reader);
}

static bool read_cloudevents(const struct conf_reader *reader, void *into)
{
	return conf_cloudevents_read(reader, &((struct conf *)into)->cloudevents);
}

static conf_step *const steps[] = {
	gather_topics, read_properties,	 lower_blocked, sort_property_keys, check_batch, read_until,
	resolve_paths, read_cloudevents, NULL,
};

const struct conf_schema conf_schema = {
	.opening = "# Configuration of phased and phasectl. Each key is optional: what stands here behind a "
		   "# is what holds without it.\n# What is reloadable takes effect on SIGHUP; all else takes a "
		   "restart.\n# Relative paths start at this file's directory.\n",
	.fields = conf_fields,
	.size = sizeof(struct conf),
	.steps = steps,
	.made = (const struct conf_span[]){CONF_CLOUDEVENTS_SPAN(struct conf), {0}},
};

bool conf_read(const char *path, struct arena *arena, struct conf *ret_conf, struct fail *fail)
{
	return conf_schema_read(&conf_schema, path, arena, ret_conf, fail);
}

bool conf_parse(const char *text, size_t size, const char *path, struct arena *arena, struct conf *ret_conf,
		struct fail *fail)
{
	return conf_schema_parse(&conf_schema, text, size, path, arena, ret_conf, fail);
}

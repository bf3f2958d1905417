/*
 * phasectl check: is everything there that phased needs? One line for each thing it looks at; changes nothing.
 *
 * Goes on after something is wrong, as far as what comes next can still be looked at, and exits with the gravest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/kafka_admin.h"
#include "core/edge/key_file.h"
#include "core/edge/postgres.h"
#include "core/edge/schema.h"
#include "core/edge/topic_file.h"
#include "core/flow/identify.h"
#include "core/flow/topics.h"
#include "ctl/contact_word.h"
#include "ctl/ctl.h"
#include "ctl/model_load.h"
#include "ctl/topics.h"

#define KAFKA_MS_MAX 5000
#define SAID_SIZE 512

static const char *words_path;

/* What a step rests on. */
enum need { NEEDS_NOTHING, NEEDS_CONF, NEEDS_KAFKA, NEEDS_POSTGRES, NEEDS_SCHEMA, NEED_COUNT };

struct checks {
	struct ctl *ctl;
	bool has[NEED_COUNT];
	char kid[IDENTITY_KID_SIZE]; /* "": the key cannot be read */
	struct model *model;
	struct postgres *postgres;
	int worst;
};

/* Looks at one thing and says what it saw. True: as it should be; else *fail. */
typedef bool check_step(struct checks *checks, char *ret_said, struct fail *fail);

static bool check_configuration(struct checks *checks, char *ret_said, struct fail *fail)
{
	checks->has[NEEDS_CONF] = ctl_read_conf_for_kafka(checks->ctl, fail);
	snprintf(ret_said, SAID_SIZE, "%s", checks->ctl->config_path);
	return checks->has[NEEDS_CONF];
}

static bool check_key(struct checks *checks, char *ret_said, struct fail *fail)
{
	struct identity_key key;
	snprintf(ret_said, SAID_SIZE, "%s", checks->ctl->conf.identity.key_file);
	bool good = key_file_read(checks->ctl->conf.identity.key_file, key.bytes, &key.size, fail);
	if (good) {
		identify_kid(&key, checks->kid);
	}
	explicit_bzero(&key, sizeof(key));
	return good;
}

static bool check_model(struct checks *checks, char *ret_said, struct fail *fail)
{
	if (!model_load(checks->ctl, checks->ctl->conf.model.path, &checks->model, fail)) {
		return false;
	}
	model_describe(checks->model, ret_said, SAID_SIZE);
	return true;
}

static bool check_topic_words(struct checks *checks, char *ret_said, struct fail *fail)
{
	const struct topic_book *book;
	struct topics topics;
	struct arena *arena = &checks->ctl->arena;
	bool is_there;
	const char *path = ctl_topic_words(checks->ctl, words_path, &is_there);
	if (!is_there) {
		snprintf(ret_said, SAID_SIZE, "none: no %s", path);
		return true;
	}
	if (!topic_file_read(path, arena, &book, fail)) {
		return false;
	}
	if (!topics_init(&topics, book, arena)) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: too large", path);
	}
	snprintf(ret_said, SAID_SIZE, "%s (%u topics, %u languages, %u words)", path, book->topic_count,
		 book->language_count, topics.phrase_count);
	return topics_check(&topics, fail);
}

static bool check_kafka(struct checks *checks, char *ret_said, struct fail *fail)
{
	const struct conf *conf = &checks->ctl->conf;
	checks->has[NEEDS_KAFKA] =
		kafka_admin_look(conf->kafka.brokers, conf->kafka.properties, NULL, 0, KAFKA_MS_MAX, fail);
	snprintf(ret_said, SAID_SIZE, "%s", conf->kafka.brokers);
	return checks->has[NEEDS_KAFKA];
}

static bool check_topics(struct checks *checks, char *ret_said, struct fail *fail)
{
	const struct conf *conf = &checks->ctl->conf;
	struct kafka_topic topics[TOPICS_ALL_MAX];
	size_t count = topics_of_conf(conf, 0, topics), used = 0, missing = 0;
	if (!kafka_admin_look(conf->kafka.brokers, conf->kafka.properties, topics, count, KAFKA_MS_MAX, fail)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		missing += topics[i].partitions == 0 ? 1 : 0;
	}
	for (size_t i = 0; i < count && used < SAID_SIZE; i++) {
		if ((missing == 0) == (topics[i].partitions > 0)) {
			used += (size_t)snprintf(ret_said + used, SAID_SIZE - used, "%s%s", used > 0 ? ", " : "",
						 topics[i].name);
			if (missing == 0 && used < SAID_SIZE) {
				used += (size_t)snprintf(ret_said + used, SAID_SIZE - used, " %d",
							 topics[i].partitions);
			}
		}
	}
	if (missing > 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND, "not there: %.400s: run phasectl topics create",
				ret_said);
	}
	return conf->kafka.topic[CONF_ERASURE][0] == '\0' || topics_keep_erasures(conf, KAFKA_MS_MAX, fail);
}

static bool check_postgres(struct checks *checks, char *ret_said, struct fail *fail)
{
	checks->postgres = ctl_connect(checks->ctl, (unsigned)checks->ctl->conf.postgres.reply_ms_max, fail);
	snprintf(ret_said, SAID_SIZE, "connected");
	checks->has[NEEDS_POSTGRES] = checks->postgres != NULL;
	return checks->postgres != NULL;
}

static bool check_schema(struct checks *checks, char *ret_said, struct fail *fail)
{
	checks->has[NEEDS_SCHEMA] =
		postgres_add(checks->postgres, &schema_statement, NULL, schema_on_rows, NULL, fail) &&
		ctl_turn(checks->postgres, fail);
	if (!checks->has[NEEDS_SCHEMA]) {
		schema_explain(fail);
	}
	snprintf(ret_said, SAID_SIZE, "version %d", SCHEMA_VERSION);
	return checks->has[NEEDS_SCHEMA];
}

static const struct postgres_statement in_force = {
	.name = "in_force", .sql = "SELECT version FROM phased.model WHERE in_force", .simple = true};

/* Context: uint64_t; 0 where there is none. */
static bool on_in_force(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(uint64_t *)context = postgres_count(rows) > 0 ? (uint64_t)postgres_int(rows, 0, 0) : 0;
	return true;
}

static bool check_in_force(struct checks *checks, char *ret_said, struct fail *fail)
{
	uint64_t version;
	if (!postgres_add(checks->postgres, &in_force, NULL, on_in_force, &version, fail) ||
	    !ctl_turn(checks->postgres, fail)) {
		return false;
	}
	if (version == 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND, "none yet: run phasectl model accept");
	}
	if (checks->model != NULL && checks->model->version != version) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND,
				"%016" PRIx64 ", but the files of model.path say %016" PRIx64, version,
				checks->model->version);
	}
	snprintf(ret_said, SAID_SIZE, "%016" PRIx64, version);
	return true;
}

/* As phased_writer, who runs this, may read it. */
static const struct postgres_statement kept_kid = {
	.name = "kept_kid", .sql = "SELECT value FROM phased.setting WHERE key = 'identity.kid'", .simple = true};

/* Is the key the one that the database was begun with? */
static bool check_kid(struct checks *checks, char *ret_said, struct fail *fail)
{
	char kept[IDENTITY_KID_SIZE];
	if (!contact_word_kept_kid(checks->postgres, &kept_kid, kept, fail)) {
		return false;
	}
	if (kept[0] != '\0' && checks->kid[0] != '\0' && strcmp(kept, checks->kid) != 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
				"%s, but identity.key_file is key %s: everybody in this database would be "
				"somebody else",
				kept, checks->kid);
	}
	snprintf(ret_said, SAID_SIZE, "%s", kept[0] != '\0' ? kept : "none yet: the first daemon's");
	return true;
}

/* What would write rows of people into PostgreSQL's own log: DETAIL of what it refuses, parameters of statements. */
static const struct postgres_statement log_settings = {
	.name = "log_settings",
	.sql = "SELECT string_agg(s.name || ' = ' || s.setting, ', ' ORDER BY s.name) FROM pg_settings s WHERE "
	       "(s.name = 'log_error_verbosity' AND s.setting <> 'terse') OR (s.name = "
	       "'log_parameter_max_length_on_error' AND "
	       "s.setting <> '0') OR (current_setting('log_parameter_max_length') <> '0' AND ((s.name = "
	       "'log_statement' AND "
	       "s.setting IN ('mod', 'all')) OR (s.name IN ('log_min_duration_statement', "
	       "'log_min_duration_sample') AND "
	       "s.setting <> '-1') OR (s.name = 'log_transaction_sample_rate' AND s.setting <> '0')))",
	.simple = true,
};

/* Context: char[SAID_SIZE]; "" where nothing does. */
static bool on_log_settings(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	snprintf(context, SAID_SIZE, "%s", postgres_is_null(rows, 0, 0) ? "" : postgres_text(rows, 0, 0));
	return true;
}

static bool check_server_log(struct checks *checks, char *ret_said, struct fail *fail)
{
	char wrong[SAID_SIZE];
	if (!postgres_add(checks->postgres, &log_settings, NULL, on_log_settings, wrong, fail) ||
	    !ctl_turn(checks->postgres, fail)) {
		return false;
	}
	snprintf(ret_said, SAID_SIZE, "says nothing of people");
	return wrong[0] == '\0' ||
	       fail_set(fail, FAIL_FATAL, EXIT_FOUND,
			"may have addresses in it: %.200s; see \"PostgreSQL's log\" in the operations guide",
			wrong);
}

static const struct postgres_statement has_accounts = {
	.name = "has_accounts",
	.sql = "SELECT count(*), count(account) FROM phased.account_domain",
	.simple = true};

/* Context: two numbers, of rows and of domains that are another account's. */
static bool on_accounts(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	int64_t *numbers = context;
	(void)fail;
	numbers[0] = postgres_int(rows, 0, 0);
	numbers[1] = postgres_int(rows, 0, 1);
	return true;
}

static bool check_accounts(struct checks *checks, char *ret_said, struct fail *fail)
{
	int64_t numbers[2];
	if (!postgres_add(checks->postgres, &has_accounts, NULL, on_accounts, numbers, fail) ||
	    !ctl_turn(checks->postgres, fail)) {
		return false;
	}
	snprintf(ret_said, SAID_SIZE, "%" PRId64 " domains tell of none, %" PRId64 " are another account's",
		 numbers[0] - numbers[1] - 1, numbers[1]);
	return numbers[0] > 0 || fail_set(fail, FAIL_FATAL, EXIT_FOUND,
					  "none are told from addresses yet: run phasectl accounts accept");
}

static const struct {
	const char *name;
	check_step *step;
	enum need needs;
} steps[] = {
	{"configuration", check_configuration, NEEDS_NOTHING},
	{"identity key", check_key, NEEDS_CONF},
	{"model", check_model, NEEDS_CONF},
	{"topic words", check_topic_words, NEEDS_CONF},
	{"kafka", check_kafka, NEEDS_CONF},
	{"topics", check_topics, NEEDS_KAFKA},
	{"postgres", check_postgres, NEEDS_CONF},
	{"schema", check_schema, NEEDS_POSTGRES},
	{"server log", check_server_log, NEEDS_SCHEMA},
	{"key in force", check_kid, NEEDS_SCHEMA},
	{"model in force", check_in_force, NEEDS_SCHEMA},
	{"accounts", check_accounts, NEEDS_SCHEMA},
};

/* Gravest first: what must be mended before the rest can be judged. */
static int rank(int exit_code)
{
	static const int order[] = {EXIT_CONFIG,      EXIT_AWAY,    EXIT_BAD_DATA,
				    EXIT_NOT_ALLOWED, EXIT_OUR_BUG, EXIT_FOUND};
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		if (order[i] == exit_code) {
			return (int)(COUNT_OF(order) - i);
		}
	}
	return 0;
}

static int run(struct ctl *ctl)
{
	struct checks checks = {.ctl = ctl, .has[NEEDS_NOTHING] = true};
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		char said[SAID_SIZE] = "";
		struct fail fail = {0};
		if (!checks.has[steps[i].needs]) {
			continue;
		}
		bool good = steps[i].step(&checks, said, &fail);
		printf("%-6s %-15s %s\n", good ? "ok" : "wrong", steps[i].name, good ? said : fail.text);
		fflush(stdout);
		if (!good && rank((int)fail.exit_code) > rank(checks.worst)) {
			checks.worst = (int)fail.exit_code;
		}
	}
	postgres_destroy(checks.postgres);
	return checks.worst;
}

static const struct option_about options[] = {
	{"topics", "FILE", OPTION_TEXT, &words_path, 0, 0,
	 "words of topics (default: topics.yaml beside the configuration, where there is one)"},
	{0},
};

const struct command check_command = {
	.words = "check",
	.summary = "look whether all is there that phased needs",
	.details =
		"Looks at the configuration, the identity key, the model with each rule's example, the words of "
		"topics with\n"
		"their examples, Kafka and its topics, PostgreSQL, its schema, what its log may say of people, "
		"the key\n"
		"that it was begun with, the model in force and the lists of accounts; one line each. Exit: the "
		"gravest of\n"
		"78 configuration, 69 a server is away, 65 model or schema, 77 not allowed, 1 topics, model or "
		"lists not\n"
		"there yet.",
	.options = options,
	.run = run,
};

/*
 * phased: reads the command line and the configuration, makes the parts, runs the loop.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/secret.h"
#include "core/edge/conf.h"
#include "core/edge/kafka_log.h"
#include "core/edge/key_file.h"
#include "core/edge/secret_file.h"
#include "core/edge/service.h"
#include "daemon/eraser.h"
#include "daemon/loop.h"

#define SECRETS_SIZE ((size_t)64 * 1024)

static const char usage[] =
	"usage: phased [--config FILE] [--instance NAME] [--listen ADDRESS] [--check-config]\n"
	"\n"
	"Reads behaviour events from Kafka and keeps the buying phase of each contact in PostgreSQL.\n"
	"\n"
	"  --config FILE    configuration (default " CONF_FILE ")\n"
	"  --instance NAME  in place of kafka.instance_id, for several daemons with one configuration\n"
	"  --listen ADDRESS in place of http.listen\n"
	"  --check-config   read the configuration, print what is in force, and end: 0, or 78 and what is wrong\n"
	"  --version        print the version, and end\n"
	"  --help           print this, and end\n"
	"\n"
	"SIGTERM, SIGINT: finishes the batches under way, ends with 0.\n"
	"SIGHUP: reads the configuration again; what may change while it runs takes effect, a bad file changes "
	"nothing.\n";

struct parts {
	struct conf_live live;
	struct conf conf; /* in force */
	struct identity_key key;
	struct arena secrets;
	const char *password; /* NULL: none */
	struct kafka_source *source;
	struct lane_parts {
		struct postgres *postgres;
		struct store *store;
		struct io_real real;
	} lanes[LANES_MAX];
	struct eraser_parts {
		struct kafka_log *log;
		struct postgres *postgres;
		struct store *store;
		struct eraser *eraser;
	} eraser;
	struct counters counters;
	struct service service;
	const char *instance, *listen; /* as the configuration says, or the command line */
	char owner[192];
};

static bool make_source(struct parts *parts, struct fail *fail)
{
	const struct conf *conf = &parts->conf;
	struct kafka_source_options options = {
		.brokers = conf->kafka.brokers,
		.group = conf->kafka.group,
		.instance_id = parts->instance,
		.client_id = conf->kafka.client_id,
		.topics = conf->kafka.topics.items,
		.topic_count = conf->kafka.topics.count,
		.lanes = (unsigned)conf->batch.lanes,
		.properties = conf->kafka.properties,
		.buffer_mb = (unsigned)conf->kafka.buffer_mb,
		.session_ms = (unsigned)conf->kafka.session_ms,
	};
	parts->source = kafka_source_create(&options, fail);
	return parts->source != NULL;
}

/* A connection, and who speaks over it. */
static bool make_store(struct parts *parts, struct postgres **ret_postgres, struct store **ret_store,
		       struct fail *fail)
{
	const struct postgres_options options = {
		.conninfo = parts->conf.postgres.conninfo,
		.password = parts->password,
		.application = "phased",
		.connect_ms_max = (unsigned)parts->conf.postgres.connect_ms_max,
		.reply_ms_max = (unsigned)parts->conf.postgres.reply_ms_max,
		.synchronous_commit = parts->conf.postgres.synchronous_commit,
	};
	*ret_postgres = postgres_create(&options, fail);
	*ret_store = *ret_postgres != NULL ? store_create(*ret_postgres, options.reply_ms_max, fail) : NULL;
	return *ret_store != NULL;
}

static bool make_lane(struct parts *parts, unsigned number, struct fail *fail)
{
	struct lane_parts *lane = &parts->lanes[number];
	if (!make_store(parts, &lane->postgres, &lane->store, fail)) {
		return false;
	}
	lane->real = (struct io_real){
		.source = parts->source, .lane = number, .postgres = lane->postgres, .store = lane->store};
	return true;
}

/* Without a topic of erasures there is nothing to be read. */
static bool make_eraser(struct parts *parts, struct fail *fail)
{
	const struct conf *conf = &parts->conf;
	struct eraser_parts *eraser = &parts->eraser;
	const struct kafka_log_options options = {
		.brokers = conf->kafka.brokers,
		.client_id = conf->kafka.client_id,
		.properties = conf->kafka.properties,
		.topic = conf->kafka.topic[CONF_ERASURE],
	};
	if (options.topic[0] == '\0') {
		return true;
	}
	eraser->log = kafka_log_create(&options, fail);
	if (eraser->log == NULL || !make_store(parts, &eraser->postgres, &eraser->store, fail)) {
		return false;
	}
	eraser->eraser = eraser_create(&(struct eraser_options){
		.log = eraser->log, .postgres = eraser->postgres, .store = eraser->store, .topic = options.topic});
	eraser->log = eraser->eraser != NULL ? NULL : eraser->log;
	return eraser->eraser != NULL || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "phased: no memory");
}

static int number_of(const struct yaml_texts *topics, const char *name)
{
	for (size_t i = 0; i < topics->count; i++) {
		if (name[0] != '\0' && strcmp(topics->items[i], name) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static bool read_secrets(struct parts *parts, struct fail *fail)
{
	struct conf *conf = &parts->conf;
	CHECK(arena_init(&parts->secrets, SECRETS_SIZE));
	return key_file_read(conf->identity.key_file, parts->key.bytes, &parts->key.size, fail) &&
	       (conf->postgres.password_file[0] == '\0' ||
		secret_file_text("postgres.password_file", conf->postgres.password_file, &parts->secrets,
				 &parts->password, fail)) &&
	       (conf->kafka.properties_file[0] == '\0' ||
		secret_file_properties("kafka.properties_file", conf->kafka.properties_file, &parts->secrets,
				       &conf->kafka.properties, fail));
}

static bool run(struct parts *parts, struct fail *fail)
{
	if (!read_secrets(parts, fail) || !make_source(parts, fail) || !make_eraser(parts, fail)) {
		return false;
	}
	counters_init(&parts->counters);
	char host[96] = "?";
	gethostname(host, sizeof(host) - 1);
	snprintf(parts->owner, sizeof(parts->owner), "%s:%d%s%s", host, (int)getpid(),
		 parts->instance[0] != '\0' ? " " : "", parts->instance);
	struct loop_options options = {
		.conf = &parts->conf,
		.live = &parts->live,
		.lane_count = (unsigned)parts->conf.batch.lanes,
		.key = &parts->key,
		.counters = &parts->counters,
		.owner = parts->owner,
		.topics = parts->conf.kafka.topics.items,
		.rejected_topic = number_of(&parts->conf.kafka.topics, parts->conf.kafka.topic[CONF_REJECTED]),
		.service = &parts->service,
		.listen = parts->listen,
		.eraser = parts->eraser.eraser,
	};
	for (unsigned i = 0; i < options.lane_count; i++) {
		if (!make_lane(parts, i, fail)) {
			return false;
		}
		options.lanes[i] = io_real(&parts->lanes[i].real);
	}
	log_info("phased " PHASED_VERSION ": group %s, starting", parts->conf.kafka.group);
	return loop_run(&options, fail);
}

static void finish(struct parts *parts)
{
	kafka_source_destroy(parts->source);
	eraser_destroy(parts->eraser.eraser);
	kafka_log_destroy(parts->eraser.log);
	store_destroy(parts->eraser.store);
	postgres_destroy(parts->eraser.postgres);
	for (unsigned i = 0; i < LANES_MAX; i++) {
		store_destroy(parts->lanes[i].store);
		postgres_destroy(parts->lanes[i].postgres);
	}
	explicit_bzero(&parts->key, sizeof(parts->key));
	if (parts->secrets.used > 0) {
		explicit_bzero(parts->secrets.base, parts->secrets.used);
	}
	arena_finish(&parts->secrets);
	conf_live_finish(&parts->live);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"instance", required_argument, NULL, 'i'},
		{"listen", required_argument, NULL, 'l'},
		{"check-config", no_argument, NULL, 'k'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	secret_forbid_cores();
	const char *path = CONF_FILE;
	const char *instance = NULL, *listen = NULL;
	bool check_only = false;
	for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'i':
			instance = optarg;
			break;
		case 'l':
			listen = optarg;
			break;
		case 'k':
			check_only = true;
			break;
		case 'v':
			puts("phased " PHASED_VERSION);
			return EXIT_DONE;
		case 'h':
			fputs(usage, stdout);
			return EXIT_DONE;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	static struct parts parts;
	struct fail fail;
	log_start(LOG_LEVEL_INFO);
	service_init(&parts.service);
	conf_live_hold_signal();
	signal(SIGPIPE, SIG_IGN); /* TLS below librdkafka writes without asking; a reader of our log may end */
	if (!conf_live_start(&parts.live, &conf_schema, path, &parts.conf, &fail)) {
		service_failed(&parts.service, fail.text);
		log_error("%s", fail.text);
		return (int)fail.exit_code;
	}
	log_start((enum log_level)parts.conf.log.level);
	parts.instance = instance != NULL ? instance : parts.conf.kafka.instance_id;
	parts.listen = listen != NULL ? listen : parts.conf.http.listen;
	int exit_code = EXIT_DONE;
	if (check_only) {
		conf_live_show(&parts.live);
	} else if (!run(&parts, &fail)) {
		service_failed(&parts.service, fail.text);
		log_error("%s", fail.text);
		exit_code = (int)fail.exit_code;
	}
	finish(&parts);
	return exit_code;
}

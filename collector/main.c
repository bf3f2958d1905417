/*
 * phased-collect: HTTP from web trackers → events on Kafka.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "collector/collect.h"
#include "collector/conf.h"
#include "collector/hooks.h"
#include "collector/loop.h"
#include "core/base/log.h"
#include "core/base/secret.h"
#include "core/edge/conf_live.h"
#include "core/edge/key_file.h"
#include "core/edge/secret_file.h"
#include "core/edge/service.h"

/* The admin port, the brokers, logs, libraries; connections that are on their way out. */
#define DESCRIPTORS_MORE 512

static const char *const usage =
	"usage: phased-collect [--config FILE] [--check-config]\n"
	"\n"
	"Takes events of web trackers by HTTP and puts them on Kafka; answers 2xx when the brokers have them.\n"
	"\n"
	"  --config FILE    configuration, default " COLLECT_CONF_FILE "\n"
	"  --check-config   read it and the identity key, print what is in force, and end: 0, or 78 and what is "
	"wrong\n"
	"  --version        print the version\n"
	"  --help           print this\n"
	"\n"
	"Once it listens it prints on stdout: \"listening ADDRESS\" and, with an admin port, \"admin ADDRESS\".\n"
	"SIGTERM, SIGINT: takes no more, finishes what waits, ends with 0.\n"
	"SIGHUP: reads the configuration again; what may change while it runs takes effect, a bad file changes "
	"nothing.\n";

struct arguments {
	const char *config;
	bool check_only;
};

/* -1: go on; else the exit code. */
static int read_arguments(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check-config", no_argument, NULL, 'k'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	*ret = (struct arguments){.config = COLLECT_CONF_FILE};
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			ret->config = optarg;
			break;
		case 'k':
			ret->check_only = true;
			break;
		case 'v':
			printf("phased-collect %s\n", PHASED_VERSION);
			return EXIT_DONE;
		case 'h':
			fputs(usage, stdout);
			return EXIT_DONE;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "phased-collect: no arguments are expected, see --help\n");
		return EXIT_USAGE;
	}
	return -1;
}

static struct service service;

static int give_up(const struct fail *fail)
{
	service_failed(&service, fail->text);
	log_error("%s", fail->text);
	return (int)fail->exit_code;
}

/* To whoever started it and has to know the port; and to whoever has to know whether it has the daemons' key. */
static void say_addresses(const struct collect *collect, const struct identity_key *key)
{
	char kid[IDENTITY_KID_SIZE];
	identify_kid(key, kid);
	printf("listening %s\n", collect_address(collect));
	if (collect_admin_address(collect)[0] != '\0') {
		printf("admin %s\n", collect_admin_address(collect));
	}
	fflush(stdout);
	log_info("identity: key %s", kid);
	log_info("listening on %s", collect_address(collect));
}

/* Each connection is a descriptor; the default limit of 1024 may be less than what is configured. */
static void raise_descriptors(const struct collect_conf *conf)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)conf->http.connections_max + DESCRIPTORS_MORE;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
		return;
	}
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < wanted) {
		log_warning("%llu descriptors are not enough for http.connections_max: raise LimitNOFILE to %llu",
			    (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
	}
}

static int run(const struct collect_conf *conf, struct conf_live *live, const struct identity_key *key)
{
	struct fail fail;
	raise_descriptors(conf);
	struct collect *collect = collect_create(conf, key, &fail);
	if (collect == NULL) {
		return give_up(&fail);
	}
	say_addresses(collect, key);
	loop_run(collect, &(struct loop_options){.conf = conf, .live = live, .service = &service});
	collect_destroy(collect);
	log_info("stopped");
	return EXIT_DONE;
}

static int start(const struct arguments *arguments)
{
	struct conf_live live;
	struct collect_conf conf; /* in force */
	struct identity_key key = {0};
	struct fail fail;
	int status;
	if (!conf_live_start(&live, &collect_conf_schema, arguments->config, &conf, &fail) ||
	    !key_file_read(conf.identity.key_file, key.bytes, &key.size, &fail) ||
	    (conf.kafka.properties_file[0] != '\0' &&
	     !secret_file_properties("kafka.properties_file", conf.kafka.properties_file, &live.first,
				     &conf.kafka.properties, &fail))) {
		status = give_up(&fail);
	} else if (arguments->check_only) {
		struct hooks hooks = {.count = 0};
		bool good = hooks_load(&hooks, &conf, &fail);
		hooks_finish(&hooks);
		if (good) {
			conf_live_show(&live);
		}
		status = good ? EXIT_DONE : give_up(&fail);
	} else {
		log_start((enum log_level)conf.log.level);
		status = run(&conf, &live, &key);
	}
	explicit_bzero(&key, sizeof(key));
	conf_live_finish(&live);
	return status;
}

int main(int argc, char **argv)
{
	secret_forbid_cores();
	struct arguments arguments;
	int status = read_arguments(argc, argv, &arguments);
	if (status >= 0) {
		return status;
	}
	conf_live_hold_signal();
	signal(SIGPIPE, SIG_IGN);
	log_start(LOG_LEVEL_INFO);
	service_init(&service);
	return start(&arguments);
}

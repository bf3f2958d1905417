#include "core/edge/kafka_client.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/moment.h"

/* librdkafka would print to stderr. What matters reaches us as an event; the rest is silence. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk, (void)level, (void)facility, (void)text;
}

static bool set(rd_kafka_conf_t *conf, const char *key, const char *value, struct fail *fail)
{
	char why[256];
	rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, key, value, why, sizeof(why));
	if (result == RD_KAFKA_CONF_OK) {
		return true;
	}
	/* `why` holds the value, and a value may be a secret. */
	return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "kafka: setting %s: %s", key,
			result == RD_KAFKA_CONF_UNKNOWN ? "librdkafka has no such setting" : "not a valid value");
}

static bool is_fixed(const struct kafka_setting *settings, const char *key)
{
	for (; settings->key != NULL; settings++) {
		if (settings->fixed && strcmp(settings->key, key) == 0) {
			return true;
		}
	}
	return strcmp(key, "bootstrap.servers") == 0 || strcmp(key, "metadata.broker.list") == 0 ||
	       strcmp(key, "client.id") == 0;
}

static bool fill(rd_kafka_conf_t *conf, const char *brokers, const char *client_id,
		 const struct kafka_setting *settings, const char *const *properties, struct fail *fail)
{
	if (!set(conf, "bootstrap.servers", brokers, fail)) {
		return false;
	}
	if (client_id != NULL && *client_id != '\0' && !set(conf, "client.id", client_id, fail)) {
		return false;
	}
	for (const struct kafka_setting *setting = settings; setting->key != NULL; setting++) {
		if (setting->value != NULL && !set(conf, setting->key, setting->value, fail)) {
			return false;
		}
	}
	for (; properties != NULL && properties[0] != NULL; properties += 2) {
		if (is_fixed(settings, properties[0])) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
					"kafka: setting %s is not free: phased sets it itself", properties[0]);
		}
		if (properties[1] == NULL) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "kafka: setting %s has no value",
					properties[0]);
		}
		if (!set(conf, properties[0], properties[1], fail)) {
			return false;
		}
	}
	return true;
}

rd_kafka_conf_t *kafka_client_conf(const char *brokers, const char *client_id,
				   const struct kafka_setting *settings, const char *const *properties,
				   struct fail *fail)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	CHECK(conf != NULL);
	rd_kafka_conf_set_log_cb(conf, on_log);
	/* Of all that librdkafka could tell: that a broker came or went, quickly. */
	static const struct kafka_setting common[] = {
		{"log.connection.close", "false", false},
		{"socket.keepalive.enable", "true", false},
		{"reconnect.backoff.ms", "100", false},
		{"reconnect.backoff.max.ms", "1000", false},
		{0},
	};
	if (!fill(conf, brokers, client_id, common, NULL, fail) ||
	    !fill(conf, brokers, client_id, settings, properties, fail)) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	return conf;
}

rd_kafka_t *kafka_client_create(rd_kafka_type_t type, rd_kafka_conf_t **conf, struct fail *fail)
{
	char why[256];
	rd_kafka_t *rk = rd_kafka_new(type, *conf, why, sizeof(why));
	if (rk == NULL) {
		rd_kafka_conf_destroy(*conf);
		fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "kafka: %s", why);
	}
	*conf = NULL;
	return rk;
}

static void *destroy(void *rk)
{
	rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return NULL;
}

/* Signals are the loop's. */
bool kafka_client_part(rd_kafka_t *rk, pthread_t *ret_thread)
{
	sigset_t all, before;
	sigfillset(&all);
	CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	bool started = pthread_create(ret_thread, NULL, destroy, rk) == 0;
	CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	if (!started) {
		destroy(rk);
	}
	return started;
}

void kafka_client_parted(pthread_t thread, unsigned ms_max)
{
	int64_t until_us = moment_monotonic_us() + (int64_t)ms_max * 1000;
	const struct timespec until = {.tv_sec = until_us / MOMENT_SECOND_US,
				       .tv_nsec = until_us % MOMENT_SECOND_US * 1000};
	if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) != 0) {
		pthread_detach(thread);
	}
}

void kafka_client_destroy(rd_kafka_t *rk)
{
	pthread_t thread;
	if (rk != NULL && kafka_client_part(rk, &thread)) {
		kafka_client_parted(thread, KAFKA_PART_MS_MAX);
	}
}

bool kafka_wake_init(struct kafka_wake *wake, struct fail *fail)
{
	wake->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wake->fd < 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "kafka: no eventfd: %s", strerror(errno));
	}
	return true;
}

void kafka_wake_watch(const struct kafka_wake *wake, rd_kafka_queue_t *queue)
{
	static const uint64_t one = 1;
	rd_kafka_queue_io_event_enable(queue, wake->fd, &one, sizeof(one));
}

void kafka_wake_ring(const struct kafka_wake *wake)
{
	static const uint64_t one = 1;
	ssize_t size = write(wake->fd, &one, sizeof(one));
	CHECK(size == (ssize_t)sizeof(one));
}

void kafka_wake_drain(const struct kafka_wake *wake)
{
	uint64_t count;
	ssize_t size = read(wake->fd, &count, sizeof(count));
	CHECK(size == (ssize_t)sizeof(count) || errno == EAGAIN || errno == EINTR);
}

void kafka_wake_finish(struct kafka_wake *wake)
{
	if (wake->fd >= 0) {
		close(wake->fd);
	}
	wake->fd = -1;
}

bool kafka_client_stats_up(const char *json)
{
	/* Brokers alone have a state in capitals; the consumer group's is "up". */
	return strstr(json, "\"state\":\"UP\"") != NULL;
}

void kafka_client_text(char *ret_text, size_t size, const char *text)
{
	snprintf(ret_text, size, "%.*s", (int)strcspn(text, "\n"), text);
}

#include "core/edge/kafka_log.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_client.h"

#define ASK_AGAIN_US MOMENT_SECOND_US
#define PARTITIONS_READ_MAX 4096

struct kafka_log {
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	rd_kafka_queue_t *queue;
	struct kafka_wake wake;
	rd_kafka_message_t *held; /* what was handed out last */
	int64_t ask_at_us;	  /* monotonic */
	bool *ended;		  /* by partition; NULL: it is not known yet which there are */
	int32_t partitions, left;
};

struct kafka_log *kafka_log_create(const struct kafka_log_options *options, struct fail *fail)
{
	static const struct kafka_setting settings[] = {
		{"auto.offset.reset", "error", true},
		{"isolation.level", "read_committed", true},
		{"enable.auto.commit", "false", true},
		{"enable.partition.eof", "true", true},
		{"allow.auto.create.topics", "false", true},
		{"queued.max.messages.kbytes", "4096", false},
		{"fetch.message.max.bytes", "1048576", false},
		{"fetch.wait.max.ms", "50", false},
		{0},
	};
	struct kafka_log *log = calloc(1, sizeof(*log));
	if (log == NULL) {
		fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "kafka: no memory");
		return NULL;
	}
	log->wake.fd = -1;
	rd_kafka_conf_t *conf =
		kafka_client_conf(options->brokers, options->client_id, settings, options->properties, fail);
	if (conf != NULL && kafka_wake_init(&log->wake, fail)) {
		log->rk = kafka_client_create(RD_KAFKA_CONSUMER, &conf, fail);
	} else if (conf != NULL) {
		rd_kafka_conf_destroy(conf);
	}
	if (log->rk != NULL) {
		log->topic = rd_kafka_topic_new(log->rk, options->topic, NULL);
		log->queue = rd_kafka_queue_new(log->rk);
	}
	if (log->rk == NULL || log->topic == NULL || log->queue == NULL) {
		if (log->rk != NULL) {
			fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "kafka: %s: no name for a topic", options->topic);
		}
		kafka_log_destroy(log);
		return NULL;
	}
	kafka_wake_watch(&log->wake, log->queue);
	return log;
}

static void stop_all(struct kafka_log *log)
{
	for (int32_t i = 0; log->ended != NULL && i < log->partitions; i++) {
		if (!log->ended[i]) {
			rd_kafka_consume_stop(log->topic, i);
		}
	}
}

void kafka_log_destroy(struct kafka_log *log)
{
	if (log == NULL) {
		return;
	}
	pthread_t thread;
	if (log->held != NULL) {
		rd_kafka_message_destroy(log->held);
	}
	stop_all(log);
	if (log->queue != NULL) {
		rd_kafka_queue_io_event_enable(log->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(log->queue);
	}
	if (log->topic != NULL) {
		rd_kafka_topic_destroy(log->topic);
	}
	if (log->rk != NULL && kafka_client_part(log->rk, &thread)) {
		kafka_client_parted(thread, 0);
	}
	kafka_wake_finish(&log->wake);
	free(log->ended);
	free(log);
}

int kafka_log_fd(const struct kafka_log *log)
{
	return log->wake.fd;
}

/* ---- which partitions there are ---- */

static bool is_led(const rd_kafka_metadata_topic_t *topic)
{
	for (int i = 0; i < topic->partition_cnt; i++) {
		if (topic->partitions[i].leader < 0) {
			return false;
		}
	}
	return topic->partition_cnt > 0 && topic->partition_cnt <= PARTITIONS_READ_MAX;
}

static bool start(struct kafka_log *log, int32_t count, struct fail *fail)
{
	log->ended = calloc((size_t)count, sizeof(*log->ended));
	CHECK(log->ended != NULL);
	log->partitions = log->left = count;
	for (int32_t i = 0; i < count; i++) {
		if (rd_kafka_consume_start_queue(log->topic, i, RD_KAFKA_OFFSET_BEGINNING, log->queue) != 0) {
			return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "kafka: %s: %s",
					rd_kafka_topic_name(log->topic), rd_kafka_err2str(rd_kafka_last_error()));
		}
	}
	return true;
}

static enum kafka_log_result ask(struct kafka_log *log, struct fail *fail)
{
	int64_t now_us = moment_monotonic_us();
	if (now_us < log->ask_at_us) {
		return KAFKA_LOG_NOTHING;
	}
	const struct rd_kafka_metadata *metadata;
	const char *name = rd_kafka_topic_name(log->topic);
	rd_kafka_resp_err_t error = rd_kafka_metadata(log->rk, 0, log->topic, &metadata, KAFKA_LOG_ASK_MS);
	log->ask_at_us = moment_monotonic_us() + ASK_AGAIN_US;
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "kafka: %s: no broker answers", name);
		return KAFKA_LOG_AWAY;
	}
	const rd_kafka_metadata_topic_t *topic = metadata->topic_cnt == 1 ? &metadata->topics[0] : NULL;
	enum kafka_log_result result = KAFKA_LOG_AWAY;
	if (topic != NULL && topic->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
		fail_set(fail, FAIL_FATAL, EXIT_NOT_ALLOWED, "kafka: %s: may not be read", name);
		result = KAFKA_LOG_BROKEN;
	} else if (topic == NULL || topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "kafka: no topic %s: run phasectl topics create", name);
	} else if (!is_led(topic)) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "kafka: %s: has partitions without a leader", name);
	} else {
		result = start(log, topic->partition_cnt, fail) ? KAFKA_LOG_NOTHING : KAFKA_LOG_BROKEN;
	}
	rd_kafka_metadata_destroy(metadata);
	return result;
}

/* ---- reading ---- */

/* All that was read is read once more, and which partitions there are is asked anew. */
static void start_over(struct kafka_log *log)
{
	stop_all(log);
	free(log->ended);
	log->ended = NULL;
	log->ask_at_us = moment_monotonic_us() + ASK_AGAIN_US;
}

/* What librdkafka does not mend by itself: the partition is not what it was. */
static bool is_another(rd_kafka_resp_err_t error)
{
	return error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
	       error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	       error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

static enum kafka_log_result on_error(struct kafka_log *log, const rd_kafka_message_t *raw, struct fail *fail)
{
	const char *name = rd_kafka_topic_name(log->topic);
	bool known = raw->partition >= 0 && raw->partition < log->partitions;
	if (raw->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (known && !log->ended[raw->partition]) {
			rd_kafka_consume_stop(log->topic, raw->partition);
			log->ended[raw->partition] = true;
			log->left--;
		}
		return KAFKA_LOG_NOTHING;
	}
	if (raw->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
		fail_set(fail, FAIL_FATAL, EXIT_NOT_ALLOWED, "kafka: %s: may not be read", name);
		return KAFKA_LOG_BROKEN;
	}
	if (raw->err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || raw->err == RD_KAFKA_RESP_ERR__TRANSPORT) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "kafka: %s: no broker answers", name);
	} else if (known) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "kafka: %s/%d: %s", name, (int)raw->partition,
			 rd_kafka_err2str(raw->err));
	} else {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "kafka: %s: %s", name, rd_kafka_err2str(raw->err));
	}
	if (is_another(raw->err)) {
		start_over(log);
	}
	return KAFKA_LOG_AWAY;
}

enum kafka_log_result kafka_log_next(struct kafka_log *log, struct kafka_log_message *ret_message,
				     struct fail *fail)
{
	if (log->held != NULL) {
		rd_kafka_message_destroy(log->held);
		log->held = NULL;
	}
	if (log->ended == NULL) {
		enum kafka_log_result result = ask(log, fail);
		if (log->ended == NULL || result != KAFKA_LOG_NOTHING) {
			return result;
		}
	}
	kafka_wake_drain(&log->wake);
	while (log->left > 0) {
		rd_kafka_message_t *raw = rd_kafka_consume_queue(log->queue, 0);
		if (raw == NULL) {
			return KAFKA_LOG_NOTHING;
		}
		if (raw->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			log->held = raw;
			*ret_message = (struct kafka_log_message){raw->partition, raw->offset,	raw->key,
								  raw->payload,	  raw->key_len, raw->len};
			return KAFKA_LOG_MESSAGE;
		}
		enum kafka_log_result result = on_error(log, raw, fail);
		rd_kafka_message_destroy(raw);
		if (result != KAFKA_LOG_NOTHING) {
			return result;
		}
	}
	return KAFKA_LOG_END;
}

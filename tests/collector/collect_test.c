/* collector/collect.h against librdkafka's mock cluster: what trouble with the producer means for those who ask. */
#include "collector/collect.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/conf.h"
#include "core/base/arena.h"
#include "tests/edge/mock_kafka.h"

#define GOOD "/i?e=pv&p=web&tv=js-4.10.1&aid=acme-web&duid=cookie-1&url=https%3A%2F%2Facme.test%2F"
#define BAD GOOD "&dtm=nonsense"

struct stage {
	struct mock_kafka mock;
	struct arena arena;
	struct collect_conf conf;
	struct collect *collect;
};

static const struct identity_key key = {.bytes = "0123456789abcdef0123456789abcdef", .size = 32};

/* `dies`: its first producer ends for good as soon as it is connected. */
static void stage_open(struct stage *stage, bool dies)
{
	char text[1024];
	struct fail fail;
	const int16_t init_producer_id = 22;
	mock_kafka_start(&stage->mock);
	if (dies) {
		rd_kafka_mock_push_request_errors(stage->mock.cluster, init_producer_id, 1,
						  RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
	}
	ck_assert(arena_init(&stage->arena, (size_t)4 * 1024 * 1024));
	snprintf(text, sizeof(text),
		 "http: {listen: \"127.0.0.1:0\", admin_listen: \"\"}\n"
		 "kafka: {brokers: \"%s\", delivery_ms_max: 5000}\n"
		 "identity: {key_file: identity.key}\n"
		 "consent: {web: allow}\n",
		 stage->mock.brokers);
	ck_assert_msg(collect_conf_parse(text, strlen(text), "collect.yaml", &stage->arena, &stage->conf, &fail),
		      "%s", fail.text);
	stage->collect = collect_create(&stage->conf, &key, &fail);
	ck_assert_msg(stage->collect != NULL, "%s", fail.text);
}

static void stage_close(struct stage *stage)
{
	collect_destroy(stage->collect);
	arena_finish(&stage->arena);
	mock_kafka_stop(&stage->mock);
}

/* One turn of a loop: sleeps until a descriptor is readable, a tenth of a second at most. */
static void turn(struct stage *stage)
{
	int fds[COLLECT_FDS_MAX];
	struct pollfd watched[COLLECT_FDS_MAX];
	int wait_ms = collect_turn(stage->collect);
	unsigned count = collect_fds(stage->collect, fds);
	for (unsigned i = 0; i < count; i++) {
		watched[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	}
	poll(watched, count, wait_ms < 100 ? wait_ms : 100);
}

static int say(struct stage *stage, const char *path)
{
	char text[512];
	const char *colon = strrchr(collect_address(stage->collect), ':');
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	int size = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
	ck_assert_int_eq(send(fd, text, (size_t)size, 0), size);
	return fd;
}

static unsigned hear(struct stage *stage, int fd)
{
	char text[2048] = "";
	MOCK_UNTIL(20, mock_wait(fd, 0), turn(stage));
	ck_assert_int_gt(recv(fd, text, sizeof(text) - 1, 0), 12);
	close(fd);
	ck_assert_msg(strncmp(text, "HTTP/1.1 ", 9) == 0, "%s", text);
	return (unsigned)strtoul(text + 9, NULL, 10);
}

static unsigned ask(struct stage *stage, const char *path)
{
	return hear(stage, say(stage, path));
}

START_TEST(a_topic_for_rejects_that_may_not_be_written_is_503_for_malformed_events_alone)
{
	struct stage stage;
	stage_open(&stage, false);
	mock_kafka_deny(&stage.mock, stage.conf.kafka.topic[CHANNEL_UNSAID]);
	ck_assert_uint_eq(ask(&stage, GOOD), 200);
	for (int i = 0; i < 5; i++) { /* the first ones meet a topic that is not known yet */
		int good = say(&stage, GOOD), bad = say(&stage, BAD), other = say(&stage, GOOD);
		ck_assert_uint_eq(hear(&stage, bad), 503);
		ck_assert_uint_eq(hear(&stage, good), 200);
		ck_assert_uint_eq(hear(&stage, other), 200);
		ck_assert(collect_is_up(stage.collect));
	}
	stage_close(&stage);
}
END_TEST

/* Nobody need ask for it: who is told 503 sends nothing on. */
START_TEST(a_producer_that_gave_up_is_made_anew)
{
	struct stage stage;
	stage_open(&stage, true);
	MOCK_UNTIL(20, collect_is_up(stage.collect), turn(&stage));
	ck_assert_uint_eq(ask(&stage, GOOD), 200);
	stage_close(&stage);
}
END_TEST

START_TEST(while_none_can_be_made_all_is_503_and_it_is_tried_again)
{
	static const char *const broken[] = {"no.such.setting", "x", NULL};
	struct stage stage;
	stage_open(&stage, true);
	const char *const *good = stage.conf.kafka.properties;
	stage.conf.kafka.properties = broken;
	int fds[COLLECT_FDS_MAX];
	unsigned usual = collect_fds(stage.collect, fds);
	MOCK_UNTIL(20, collect_fds(stage.collect, fds) < usual, turn(&stage));
	ck_assert(!collect_is_up(stage.collect));
	ck_assert_uint_eq(ask(&stage, GOOD), 503);
	ck_assert_uint_eq(ask(&stage, "/readyz"), 503);
	ck_assert_uint_eq(ask(&stage, "/healthz"), 200);
	int64_t begun_us = moment_monotonic_us();
	while (moment_monotonic_us() < begun_us + 2 * MOMENT_SECOND_US) { /* some more attempts */
		turn(&stage);
	}
	ck_assert_uint_eq(ask(&stage, GOOD), 503);
	stage.conf.kafka.properties = good;
	MOCK_UNTIL(20, ask(&stage, GOOD) == 200, turn(&stage));
	stage_close(&stage);
}
END_TEST

START_TEST(giving_up_needs_no_other_producer)
{
	static const char *const broken[] = {"no.such.setting", "x", NULL};
	struct stage stage;
	stage_open(&stage, false);
	ck_assert_uint_eq(ask(&stage, GOOD), 200);
	rd_kafka_mock_broker_set_rtt(stage.mock.cluster, 1, 60000);
	int waits = say(&stage, GOOD);
	char said[256] = "";
	MOCK_UNTIL(20, strstr(said, " 1 requests wait") != NULL, {
		turn(&stage);
		collect_say(stage.collect, said, sizeof(said));
	});
	stage.conf.kafka.properties = broken;
	collect_quiesce(stage.collect);
	collect_give_up(stage.collect);
	ck_assert_uint_eq(hear(&stage, waits), 503);
	MOCK_UNTIL(20, collect_is_idle(stage.collect, false), turn(&stage));
	stage_close(&stage);
}
END_TEST

TEST_MAIN("collect", a_topic_for_rejects_that_may_not_be_written_is_503_for_malformed_events_alone,
	  a_producer_that_gave_up_is_made_anew, while_none_can_be_made_all_is_503_and_it_is_tried_again,
	  giving_up_needs_no_other_producer)

/*
 * Sends requests over connections that are kept, each the next as soon as the last is answered, and prints how many were
 * answered and how long that took: one JSON object on stdout.
 *
 *	bench_http_load --port N [--connections N] [--seconds N] [--warm N]
 *
 * What is sent is a page view as Snowplow's tracker sends it, each with an id of its own. What comes before --warm
 * seconds is answered and not measured.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/options.h"

#define REQUEST_SIZE_MAX 4096
#define ANSWER_SIZE_MAX 4096
#define CONNECTIONS_MAX 10000
#define SLOWEST_US 4000000 /* longer counts as this */
#define EVENTS 256
#define ID_BEFORE "\"eid\":\"5f3c6a10-0d5e-4f57-9c5a-"
#define ID_SIZE 12

static const char event[] =
	"{\"schema\":\"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4\",\"data\":[{"
	"\"e\":\"pv\",\"url\":\"https://www.acme.test/products/pumps/cp-40?utm_source=news&utm_campaign=spring\","
	"\"page\":\"CP 40, self-priming pump | Acme\",\"refr\":\"https://www.acme.test/products/pumps\"," ID_BEFORE
	"%012llx\",\"tv\":\"js-4.10.1\",\"tna\":\"sp\",\"aid\":\"acme-web\",\"p\":\"web\","
	"\"cookie\":\"1\",\"cs\":\"UTF-8\",\"lang\":\"en-GB\",\"res\":\"1920x1080\",\"cd\":\"24\",\"tz\":\"Europe/"
	"Berlin\","
	"\"dtm\":\"%013lld\",\"vp\":\"1903x969\",\"ds\":\"1903x2845\",\"vid\":\"3\","
	"\"sid\":\"b1f1c7c6-3d37-4a92-9d6b-0d1f54a1a7ee\",\"duid\":\"0f8a2c0e-6b7e-4c2b-8a55-%012llx\","
	"\"co\":\"{\\\"schema\\\":\\\"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/"
	"1-0-0\\\",\\\"data\\\":[{"
	"\\\"schema\\\":\\\"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/"
	"1-0-0\\\",\\\"data\\\":{\\\"id\\\":"
	"\\\"3a4b57a1-3a0f-4d0e-8a40-6a7a0a2c4f9d\\\"}},{\\\"schema\\\":"
	"\\\"iglu:com.snowplowanalytics.snowplow/gdpr/jsonschema/"
	"1-0-0\\\",\\\"data\\\":{\\\"basisForProcessing\\\":"
	"\\\"consent\\\",\\\"documentId\\\":\\\"privacy\\\",\\\"documentVersion\\\":\\\"3\\\"}}]}\",\"stm\":\"%"
	"013lld\"}]}";

static const char head[] =
	"POST /com.snowplowanalytics.snowplow/tp2 HTTP/1.1\r\nHost: collect.acme.test\r\nConnection: "
	"keep-alive\r\n"
	"Content-Length: %zu\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 "
	"Firefox/140.0\r\n"
	"Accept: */*\r\nAccept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
	"Content-Type: application/json; charset=UTF-8\r\nOrigin: https://www.acme.test\r\n"
	"Referer: https://www.acme.test/\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: "
	"same-site\r\n\r\n";

struct connection {
	int fd;
	int64_t sent_us;
	size_t heard, request_size;
	char *id; /* in the request: the event's */
	char answer[ANSWER_SIZE_MAX], request[REQUEST_SIZE_MAX];
};

static struct {
	int64_t port, connections, seconds, warm_s;
	int64_t measure_us, end_us; /* moments, monotonic */
	uint64_t sent, answered, failed;
	uint64_t measured, sum_us;
	uint32_t took[SLOWEST_US + 1];
} load = {.connections = 256, .seconds = 5, .warm_s = 1};

static void give_up(const char *what)
{
	fprintf(stderr, "bench_http_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Only its id changes afterwards: what is measured is the server. */
static void prepare(struct connection *connection, unsigned long long number)
{
	char body[REQUEST_SIZE_MAX];
	long long now_ms = moment_now_us() / 1000;
	int body_size = snprintf(body, sizeof(body), event, 0ULL, now_ms - 40, number, now_ms);
	int size = snprintf(connection->request, REQUEST_SIZE_MAX, head, (size_t)body_size);
	CHECK(body_size > 0 && size + body_size < REQUEST_SIZE_MAX);
	memcpy(connection->request + size, body, (size_t)body_size + 1);
	connection->request_size = (size_t)size + (size_t)body_size;
	connection->id = strstr(connection->request, ID_BEFORE) + strlen(ID_BEFORE);
}

static void ask(struct connection *connection)
{
	char id[ID_SIZE + 1];
	snprintf(id, sizeof(id), "%012llx", (unsigned long long)++load.sent);
	memcpy(connection->id, id, ID_SIZE);
	connection->heard = 0;
	connection->sent_us = moment_monotonic_us();
	if (send(connection->fd, connection->request, connection->request_size, MSG_NOSIGNAL) !=
	    (ssize_t)connection->request_size) {
		give_up("a request is not taken");
	}
}

static void note(const struct connection *connection)
{
	int64_t now_us = moment_monotonic_us();
	bool good = strncmp(connection->answer, "HTTP/1.1 200 ", 13) == 0;
	load.answered++;
	load.failed += !good;
	if (now_us >= load.measure_us && now_us < load.end_us) {
		int64_t us = now_us - connection->sent_us;
		load.took[us < SLOWEST_US ? us : SLOWEST_US]++;
		load.sum_us += (uint64_t)us;
		load.measured++;
	}
}

/* Is the whole answer there? Its length is always declared. */
static bool is_whole(const struct connection *connection)
{
	const char *end = strstr(connection->answer, "\r\n\r\n");
	const char *length = end != NULL ? strcasestr(connection->answer, "\r\nContent-Length: ") : NULL;
	if (length == NULL) {
		return false;
	}
	size_t size = (size_t)(end + 4 - connection->answer) + strtoul(length + 18, NULL, 10);
	return connection->heard >= size;
}

static void hear(struct connection *connection)
{
	ssize_t got = recv(connection->fd, connection->answer + connection->heard,
			   ANSWER_SIZE_MAX - 1 - connection->heard, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (got <= 0) {
		give_up("the server closed a connection");
	}
	connection->heard += (size_t)got;
	connection->answer[connection->heard] = '\0';
	if (is_whole(connection)) {
		note(connection);
		if (moment_monotonic_us() < load.end_us) {
			ask(connection);
		}
	}
}

static int dial(void)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons((uint16_t)load.port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		give_up("cannot connect");
	}
	return fd;
}

static double quantile_ms(double share)
{
	uint64_t wanted = (uint64_t)(share * (double)load.measured), seen = 0;
	for (int us = 0; us <= SLOWEST_US; us++) {
		seen += load.took[us];
		if (seen > wanted) {
			return us / 1e3;
		}
	}
	return 0;
}

static void run(struct connection *connections)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int64_t i = 0; i < load.connections; i++) {
		connections[i].fd = dial();
		struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = &connections[i]};
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &wanted) != 0) {
			give_up("epoll");
		}
		prepare(&connections[i], (unsigned long long)i);
		ask(&connections[i]);
	}
	while (load.answered < load.sent) {
		struct epoll_event events[EVENTS];
		int count = epoll_wait(epoll, events, EVENTS, 10000);
		if (count == 0) {
			errno = ETIMEDOUT;
			give_up("no answer");
		}
		for (int i = 0; i < count; i++) {
			hear(events[i].data.ptr);
		}
	}
	close(epoll);
}

static const struct option_about options[] = {
	{"port", "N", OPTION_NUMBER, &load.port, 1, 65535, "of the server on 127.0.0.1"},
	{"connections", "N", OPTION_NUMBER, &load.connections, 1, CONNECTIONS_MAX, "at once"},
	{"seconds", "N", OPTION_NUMBER, &load.seconds, 1, 600, "that are measured"},
	{"warm", "N", OPTION_NUMBER, &load.warm_s, 0, 60, "seconds before that"},
	{0},
};

int main(int argc, char **argv)
{
	struct fail fail;
	int rest;
	if (!options_parse(options, NULL, argc - 1, argv + 1, &rest, &fail)) {
		fprintf(stderr, "bench_http_load: %s\n", fail.text);
		return EXIT_USAGE;
	}
	if (rest > 0 || load.port == 0) {
		fprintf(stderr, "bench_http_load: needs --port\n");
		options_print(options);
		return EXIT_USAGE;
	}
	struct connection *connections = calloc((size_t)load.connections, sizeof(*connections));
	CHECK(connections != NULL);
	load.measure_us = moment_monotonic_us() + load.warm_s * MOMENT_SECOND_US;
	load.end_us = load.measure_us + load.seconds * MOMENT_SECOND_US;
	run(connections);
	printf("{\"requests\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"measured\": %" PRIu64
	       ", \"requests_a_second\": %.0f, \"mean_ms\": %.3f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
	       "\"p999_ms\": %.3f}\n",
	       load.answered, load.failed, load.measured, (double)load.measured / (double)load.seconds,
	       load.measured > 0 ? (double)load.sum_us / 1e3 / (double)load.measured : 0, quantile_ms(.5),
	       quantile_ms(.99), quantile_ms(.999));
	free(connections);
	return EXIT_DONE;
}

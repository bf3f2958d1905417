/*
 * One member of a group, told what to do line by line on stdin, saying what happens line by line on stdout.
 *
 *	in	assign TOPIC/PARTITION@OFFSET…	OFFSET -2: the beginning	unassign
 *		take COUNT			once
 *		flow COUNT			takes of COUNT again and again, from now on; 0: no more
 *		mirror TOPIC/PARTITION@OFFSET…	end TOPIC/PARTITION	counts	close
 *	out	assigned|revoked|lost TOPIC/PARTITION…		away|back|out-of-range|trouble|fatal [TOPIC/PARTITION] TEXT
 *		message TOPIC/PARTITION@OFFSET FORM VALUE	took COUNT (after each take that gave something, or was asked for)
 *		end OFFSET	counts MESSAGES BYTES REWOUND HOLES	closed
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_source.h"
#include "tests/integration/kafka_edges.h"

#define TAKE_MAX 10000

struct member {
	struct kafka_source *source;
	char **topics;
	size_t topic_count;
	unsigned lanes;
	size_t flow;
	bool is_closing;
	char line[65536];
	size_t line_size;
};

static void print_partition(const struct member *member, struct partition partition)
{
	printf(" %s/%d", member->topics[partition.topic], (int)partition.number);
}

static void say_notice(const struct member *member, const struct kafka_notice *notice)
{
	static const char *const words[] = {
		[KAFKA_ASSIGNED] = "assigned", [KAFKA_REVOKED] = "revoked", [KAFKA_LOST] = "lost",
		[KAFKA_AWAY] = "away",	       [KAFKA_BACK] = "back",	    [KAFKA_OUT_OF_RANGE] = "out-of-range",
		[KAFKA_TROUBLE] = "trouble",   [KAFKA_FATAL] = "fatal",
	};
	printf("%s", words[notice->kind]);
	for (size_t i = 0; i < notice->partition_count; i++) {
		print_partition(member, notice->partitions[i]);
	}
	printf("%s%s\n", notice->text[0] != '\0' ? " " : "", notice->text);
}

static void notices(struct member *member)
{
	static struct kafka_notice notice;
	for (;;) {
		kafka_source_notice(member->source, &notice);
		if (notice.kind == KAFKA_NOTHING) {
			return;
		}
		say_notice(member, &notice);
	}
}

static size_t take_lane(struct member *member, unsigned lane, size_t max)
{
	static const char *const forms[] = {
		[FORM_PROTOBUF] = "protobuf", [FORM_JSON] = "json", [FORM_UNKNOWN] = "unknown"};
	static struct message messages[TAKE_MAX];
	CHECK(max <= TAKE_MAX);
	size_t count = kafka_source_take(member->source, lane, messages, max);
	for (size_t i = 0; i < count; i++) {
		printf("message");
		print_partition(member, messages[i].partition);
		printf("@%lld %s %.*s\n", (long long)messages[i].offset, forms[messages[i].form],
		       (int)messages[i].size, (const char *)messages[i].value);
	}
	kafka_source_release(member->source, lane);
	return count;
}

static size_t take(struct member *member, size_t max)
{
	size_t count = 0;
	for (unsigned lane = 0; lane < member->lanes && count < max; lane++) {
		count += take_lane(member, lane, max - count);
	}
	return count;
}

/* "topic/3@17", "topic/3" */
static struct partition_start read_start(const struct member *member, char *word)
{
	char *slash = strrchr(word, '/'), *at = strchr(slash, '@');
	*slash = '\0';
	for (size_t i = 0; i < member->topic_count; i++) {
		if (strcmp(member->topics[i], word) == 0) {
			return (struct partition_start){
				.partition = {.topic = (uint16_t)i,
					      .number = (int32_t)strtol(slash + 1, NULL, 10)},
				.offset = at != NULL ? strtoll(at + 1, NULL, 10) : 0};
		}
	}
	CHECK(false && "unknown topic");
	return (struct partition_start){0};
}

static size_t read_starts(const struct member *member, char *words, struct partition_start *ret_starts)
{
	size_t count = 0;
	char *place = NULL;
	for (char *word = strtok_r(words, " ", &place); word != NULL; word = strtok_r(NULL, " ", &place)) {
		CHECK(count < PARTITIONS_MAX);
		ret_starts[count++] = read_start(member, word);
	}
	return count;
}

static void obey(struct member *member, char *line)
{
	static struct partition_start starts[PARTITIONS_MAX];
	char *words = line + strcspn(line, " ");
	if (*words != '\0') {
		*words++ = '\0';
	}
	if (strcmp(line, "assign") == 0) {
		kafka_source_assign(member->source, starts, read_starts(member, words, starts));
	} else if (strcmp(line, "unassign") == 0) {
		kafka_source_unassign(member->source);
	} else if (strcmp(line, "take") == 0) {
		printf("took %zu\n", take(member, strtoul(words, NULL, 10)));
	} else if (strcmp(line, "flow") == 0) {
		member->flow = strtoul(words, NULL, 10);
	} else if (strcmp(line, "mirror") == 0) {
		kafka_source_mirror(member->source, starts, read_starts(member, words, starts));
	} else if (strcmp(line, "end") == 0) {
		printf("end %lld\n",
		       (long long)kafka_source_end(member->source, read_start(member, words).partition));
	} else if (strcmp(line, "counts") == 0) {
		struct kafka_source_counts counts = kafka_source_counts(member->source);
		printf("counts %llu %llu %llu %llu\n", (unsigned long long)counts.messages,
		       (unsigned long long)counts.bytes, (unsigned long long)counts.rewound,
		       (unsigned long long)counts.holes);
	} else if (strcmp(line, "close") == 0) {
		member->is_closing = true;
		kafka_source_close(member->source);
	} else {
		CHECK(false && "unknown command");
	}
}

/* False: nobody speaks any more. */
static bool listen_once(struct member *member)
{
	ssize_t size =
		read(STDIN_FILENO, member->line + member->line_size, sizeof(member->line) - member->line_size);
	if (size <= 0) {
		return size < 0 && errno == EINTR;
	}
	member->line_size += (size_t)size;
	char *end;
	while ((end = memchr(member->line, '\n', member->line_size)) != NULL) {
		*end = '\0';
		obey(member, member->line);
		member->line_size -= (size_t)(end + 1 - member->line);
		memmove(member->line, end + 1, member->line_size);
	}
	return true;
}

/* As a loop of ours: what is ready, notices, then messages, again at once while there may be more of them. */
static void loop(struct member *member)
{
	bool more = false;
	for (;;) {
		struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
				       {.fd = kafka_source_fd(member->source), .events = POLLIN}};
		fflush(stdout);
		poll(fds, COUNT_OF(fds), more ? 0 : 1000);
		if ((fds[0].revents & (POLLIN | POLLHUP)) != 0 && !listen_once(member)) {
			return;
		}
		if ((fds[1].revents & POLLIN) != 0) {
			kafka_source_woken(member->source);
		}
		notices(member);
		more = member->flow > 0 && !member->is_closing && take(member, member->flow) == member->flow;
		if (kafka_source_closed(member->source)) {
			printf("closed\n");
			return;
		}
	}
}

static struct kafka_source *create(const char *brokers, const char *group, const char *instance,
				   unsigned session_ms, unsigned buffer_mb, unsigned lanes, char **topics,
				   size_t topic_count, struct fail *fail)
{
	return kafka_source_create(
		&(struct kafka_source_options){
			.brokers = brokers,
			.group = group,
			.instance_id = instance,
			.client_id = "kafka_edges",
			.topics = (const char *const *)topics,
			.topic_count = topic_count,
			.lanes = lanes,
			.buffer_mb = buffer_mb,
			.session_ms = session_ms,
		},
		fail);
}

int edges_consume(const char *brokers, char **words, size_t count)
{
	static struct member member;
	struct fail fail;
	CHECK(count >= 5);
	member.topics = words + 4;
	member.topic_count = count - 4;
	const char *slash = strchr(words[3], '/');
	member.lanes = slash != NULL ? (unsigned)strtoul(slash + 1, NULL, 10) : 1;
	member.source = create(brokers, words[0], words[1], (unsigned)strtoul(words[2], NULL, 10),
			       (unsigned)strtoul(words[3], NULL, 10), member.lanes, member.topics,
			       member.topic_count, &fail);
	if (member.source == NULL) {
		return edges_complain(&fail);
	}
	loop(&member);
	kafka_source_destroy(member.source);
	return EXIT_DONE;
}

/* ---- What a message costs ---- */

static int64_t thread_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void assign_from_beginning(struct kafka_source *source)
{
	static struct kafka_notice notice;
	static struct partition_start starts[PARTITIONS_MAX];
	for (kafka_source_notice(source, &notice); notice.kind != KAFKA_NOTHING;
	     kafka_source_notice(source, &notice)) {
		if (notice.kind != KAFKA_ASSIGNED) {
			continue;
		}
		for (size_t i = 0; i < notice.partition_count; i++) {
			starts[i] = (struct partition_start){.partition = notice.partitions[i],
							     .offset = KAFKA_SOURCE_BEGINNING};
		}
		kafka_source_assign(source, starts, notice.partition_count);
	}
}

int edges_drain(const char *brokers, char **words, size_t count)
{
	static struct message messages[TAKE_MAX];
	struct fail fail;
	CHECK(count == 4);
	size_t wanted = strtoul(words[2], NULL, 10), total = 0, takes = 0, bytes = 0;
	int64_t spent_ns = 0, begun_us = 0;
	struct kafka_source *source = create(brokers, words[0], "", 10000, (unsigned)strtoul(words[1], NULL, 10),
					     1, words + 3, 1, &fail);
	if (source == NULL) {
		return edges_complain(&fail);
	}
	while (total < wanted) {
		poll(&(struct pollfd){.fd = kafka_source_fd(source), .events = POLLIN}, 1, 1000);
		kafka_source_woken(source);
		assign_from_beginning(source);
		for (size_t got = TAKE_MAX; got == TAKE_MAX;) {
			int64_t before_ns = thread_ns();
			got = kafka_source_take(source, 0, messages, TAKE_MAX);
			for (size_t i = 0; i < got; i++) {
				bytes += messages[i].size;
			}
			kafka_source_release(source, 0);
			spent_ns += got > 0 ? thread_ns() - before_ns : 0;
			begun_us = begun_us == 0 && got > 0 ? moment_monotonic_us() : begun_us;
			total += got;
			takes += got > 0 ? 1 : 0;
		}
	}
	double seconds = (double)(moment_monotonic_us() - begun_us) / 1e6;
	printf("messages=%zu bytes=%zu takes=%zu ns_per_message=%.0f messages_per_s=%.0f\n", total, bytes, takes,
	       (double)spent_ns / (double)total, (double)total / seconds);
	kafka_source_destroy(source);
	return EXIT_DONE;
}

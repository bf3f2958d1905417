/*
 * phasectl rejects retry: sends rejected messages once more to where they came from.
 *
 * A message that its log still holds, or whose bytes were kept, and that a daemon would take today, is sent again as it was:
 * same partition, key, headers and time. It then goes the ordinary way, and its touch key makes a second copy of it a
 * duplicate. Rows are locked, their messages sent and acknowledged, then the rows marked, in one transaction a slice: who
 * dies in between leaves rows that are not marked, and the next retry sends those messages again, which counts nothing
 * twice. Two retries at the same time take different rows.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/model/outcome.h"
#include "ctl/rejects_slice.h"
#include "ctl/sender.h"

#define NAMED_MAX 100
#define BUFFER_KIB_MAX (64 * 1024)
#define DELIVERY_MS_MAX 30000

static struct {
	struct reject_filter filter;
	const char *place;
	bool all, dry_run;
} asked;

static const struct option_about options[] = {
	REJECT_FILTER_OPTIONS(asked.filter),
	{"all", NULL, OPTION_FLAG, &asked.all, 0, 0, "all that were not tried again"},
	{"dry-run", NULL, OPTION_FLAG, &asked.dry_run, 0, 0, "only say what would be done"},
	{0},
};

struct retry {
	struct slice slice;
	struct kafka_sink *sink;
	size_t under_way;
	uint64_t counts[FATE_COUNT], named;
};

static void on_delivered(void *context, void *token, bool delivered)
{
	struct retry *retry = context;
	*(enum fate *)token = delivered ? FATE_SENT : FATE_LOST;
	retry->under_way--;
}

static void name(struct retry *retry, size_t i, const char *words, const char *more, const char *field)
{
	const struct reject_entry *entry = &retry->slice.entries.rows[i];
	if (retry->named++ < NAMED_MAX) {
		printf("%s/%" PRId64 "@%" PRId64 ": %s%s%s%s\n", entry->topic, entry->partition, entry->offset,
		       words, more, field[0] != '\0' ? " at " : "", field);
	}
}

/* Is it to be sent? Where not, its fate is decided. */
static bool judge(struct retry *retry, size_t i)
{
	const struct kafka_record *record = &retry->slice.records[i];
	struct reject reject = {0};
	if (rejects_is_collectors(retry->slice.ctl, &retry->slice.entries.rows[i])) {
		retry->slice.fates[i] = FATE_COLLECTORS;
		return false;
	}
	if (record->found != KAFKA_FOUND) {
		retry->slice.fates[i] = FATE_GONE;
		name(retry, i, "not in the log any more", "", "");
		return false;
	}
	enum outcome outcome = rejects_would_be(retry->slice.ctl, record, &reject);
	if (outcome != OUTCOME_NONE) {
		text_show(reject.field);
		retry->slice.fates[i] = FATE_STILL;
		name(retry, i, "would be rejected again: ", outcome_about[outcome].name, reject.field);
		return false;
	}
	return true;
}

static void serve(struct retry *retry, int ms_max)
{
	struct pollfd watched = {.fd = kafka_sink_fd(retry->sink), .events = POLLIN};
	poll(&watched, 1, ms_max);
	while (kafka_sink_poll(retry->sink)) {
	}
}

static bool send(struct retry *retry, size_t i, struct fail *fail)
{
	if (asked.dry_run) {
		retry->slice.fates[i] = FATE_SENT;
		name(retry, i, "would be sent again", "", "");
		return true;
	}
	int64_t deadline_us = moment_monotonic_us() + DELIVERY_MS_MAX * INT64_C(1000);
	retry->slice.fates[i] = FATE_LOST;
	while (!kafka_sink_resend(retry->sink, &retry->slice.records[i], &retry->slice.fates[i], fail)) {
		if (fail->kind != FAIL_RETRY || moment_monotonic_us() > deadline_us) {
			name(retry, i, "could not be sent", "", "");
			return false;
		}
		serve(retry, 1000);
	}
	retry->under_way++;
	return true;
}

static bool send_all(struct retry *retry, struct fail *fail)
{
	bool good = true;
	for (size_t i = 0; good && i < retry->slice.entries.count; i++) {
		good = !judge(retry, i) || send(retry, i, fail);
	}
	while (retry->under_way > 0) { /* ends: each message has its deadline */
		serve(retry, 1000);
	}
	return good;
}

static bool run_slice(struct retry *retry, struct fail *fail)
{
	struct fail trouble;
	if (!slice_read(&retry->slice, fail)) {
		return false;
	}
	bool sent = send_all(retry, &trouble);
	for (size_t i = 0; i < retry->slice.entries.count; i++) {
		retry->counts[retry->slice.fates[i]]++;
	}
	if (!slice_finish(&retry->slice, fail)) {
		return false;
	}
	if (!sent) {
		*fail = trouble;
	}
	return sent;
}

static bool retry_one(struct retry *retry, struct fail *fail)
{
	struct reject_entry place;
	if (!rejects_place(asked.place, &retry->slice.ctl->arena, &place, fail) ||
	    !slice_one(&retry->slice, &place, fail)) {
		return false;
	}
	if (retry->slice.entries.count == 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND,
				"%s: no such row in rejected, or somebody tries it again at this moment",
				asked.place);
	}
	if (retry->slice.entries.rows[0].retried_us != INT64_MIN) {
		char when[MOMENT_TEXT_SIZE];
		moment_print(retry->slice.entries.rows[0].retried_us, when);
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND, "%s: was tried again already, %s", asked.place,
				when);
	}
	return run_slice(retry, fail);
}

static bool retry_all(struct retry *retry, struct fail *fail)
{
	CHECK(retry->slice.ctl != NULL);
	struct arena *arena = &retry->slice.ctl->arena;
	struct postgres_value filter[REJECT_FILTER_VALUES];
	struct reject_entry last = {.topic = "", .partition = -1, .offset = -1};
	char topic[256];
	if (!rejects_filter(&asked.filter, arena, filter, fail) || !slice_begin(&retry->slice, fail)) {
		return false;
	}
	size_t mark = arena->used;
	do {
		arena_back(arena, mark);
		if (!slice_next(&retry->slice, filter, &last, fail) || !run_slice(retry, fail)) {
			return false;
		}
		size_t count = retry->slice.entries.count;
		if (count > 0) {
			last = retry->slice.entries.rows[count - 1];
			snprintf(topic, sizeof(topic), "%s", last.topic);
			last.topic = topic;
		}
	} while (retry->slice.entries.count > 0);
	return true;
}

static void print_counts(const struct retry *retry)
{
	static const char *const words[FATE_COUNT] = {
		[FATE_LOST] = "not acknowledged",
		[FATE_STILL] = "would be rejected again",
		[FATE_GONE] = "not in the log any more",
		[FATE_COLLECTORS] = "reported by the collector, which are no events",
	};
	if (retry->named > NAMED_MAX) {
		printf("… and %" PRIu64 " more\n", retry->named - NAMED_MAX);
	}
	printf("%" PRIu64 " %s", retry->counts[FATE_SENT],
	       asked.dry_run ? "would be sent again (not done)" : "sent again");
	for (int i = FATE_LOST; i < FATE_COUNT; i++) {
		if (retry->counts[i] > 0) {
			printf(", %" PRIu64 " %s", retry->counts[i], words[i]);
		}
	}
	if (retry->counts[FATE_UNTRIED] > 0) {
		printf(", %" PRIu64 " of the same slice not tried", retry->counts[FATE_UNTRIED]);
	}
	putchar('\n');
}

static bool start(struct retry *retry, struct ctl *ctl, struct fail *fail)
{
	bool has_filter = asked.filter.topic != NULL || asked.filter.reason != NULL || asked.filter.since != NULL;
	if ((asked.place != NULL) + has_filter + asked.all != 1) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"expected TOPIC/PARTITION@OFFSET, or --topic, --reason, --since, or --all");
	}
	if (!ctl_read_conf_for_kafka(ctl, fail)) {
		return false;
	}
	retry->sink = sender_sink(ctl, BUFFER_KIB_MAX, DELIVERY_MS_MAX, on_delivered, retry, fail);
	retry->slice.postgres = retry->sink != NULL ? ctl_connect_to_schema(ctl, fail) : NULL;
	return retry->slice.postgres != NULL;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct retry retry = {.slice = {.ctl = ctl, .dry_run = asked.dry_run}};
	bool started = start(&retry, ctl, &fail);
	bool done = started && (asked.place != NULL ? retry_one(&retry, &fail) : retry_all(&retry, &fail));
	if (done || retry.counts[FATE_SENT] > 0) {
		print_counts(&retry);
	}
	postgres_destroy(retry.slice.postgres);
	kafka_sink_destroy(retry.sink, 0);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	if (retry.counts[FATE_LOST] > 0) {
		fail_set(&fail, FAIL_RETRY, EXIT_AWAY,
			 "rejects retry: kafka: messages were not acknowledged within %d s",
			 DELIVERY_MS_MAX / 1000);
		return ctl_complain(&fail);
	}
	return retry.counts[FATE_STILL] + retry.counts[FATE_GONE] > 0 ? EXIT_FOUND : EXIT_DONE;
}

const struct command rejects_retry_command = {
	.words = "rejects retry",
	.summary = "send rejected messages again, after a fix or an upgrade",
	.details = "Reads each message where it was rejected and, if a daemon of this version would take it, "
		   "sends it once "
		   "more to the\n"
		   "same partition, as it was; then marks its row. A message that was sent twice, since this "
		   "program was "
		   "killed in\n"
		   "between, counts once. What would be rejected again is named and stays. Say which: one place, "
		   "some by "
		   "--topic,\n"
		   "--reason and --since, or --all. Needs phased_writer. Exit 1: some stay; 69: some were not "
		   "acknowledged.",
	.options = options,
	.operand = {"TOPIC/PARTITION@OFFSET", &asked.place, false},
	.run = run,
};

/*
 * What the source has to say: librdkafka's events become notices, one at a time.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_source_inside.h"

/* So many statistics in a row without a connected broker, and we are cut off. */
#define DOWN_MAX 3
/* The same trouble is said again after so long. */
#define TROUBLE_US (60 * MOMENT_SECOND_US)
/* Fenced once more within this of being made anew, it is another daemon's doing. */
#define ANEW_AGAIN_US (60 * MOMENT_SECOND_US)

int kafka_source_topic(const struct kafka_source *source, const char *name)
{
	for (size_t i = 0; i < source->topic_count; i++) {
		if (strcmp(source->topics[i], name) == 0) {
			return (int)i;
		}
	}
	return -1;
}

/*
 * Another member took our instance id. After an outage it may be ourselves: librdkafka joins anew while a request of its
 * membership before is still under way. Its consumer has given up for ever in either case, so another one is made; a second
 * daemon of that name then is fenced itself, and does not take it for its own doing. What to say.
 */
static const char *fenced(struct kafka_source *source, int64_t now_us)
{
	bool is_unsettled = now_us < source->unsettled_until_us;
	bool again = source->anew_us != 0 && now_us - source->anew_us < ANEW_AGAIN_US;
	if (is_unsettled && !again && !source->is_closing) {
		source->anew = ANEW_WANTED;
		return "fenced by our own membership before the outage, or by another member with our "
		       "kafka.instance_id: "
		       "joining the group anew";
	}
	source->is_fatal = true;
	source->is_fenced = !is_unsettled;
	return is_unsettled ? "fenced by our own membership before the outage, or by another one with our "
			      "kafka.instance_id, and not for the first time: start again"
			    : "fenced: another member of the group has our kafka.instance_id, which must differ "
			      "between "
			      "daemons";
}

void kafka_source_trouble(struct kafka_source *source, rd_kafka_resp_err_t error, const char *text)
{
	int64_t now_us = moment_monotonic_us();
	char why[sizeof(source->trouble)];
	rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(source->rk, why, sizeof(why));
	if (source->anew != ANEW_NO) {
		return; /* it has given up, and said so */
	}
	if (fatal == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
		text = fenced(source, now_us);
	} else if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
		source->is_fatal = true;
		text = why;
	} else if (error == source->last_trouble && now_us - source->last_trouble_us < TROUBLE_US) {
		return;
	}
	source->last_trouble = error;
	source->last_trouble_us = now_us;
	kafka_client_text(source->trouble, sizeof(source->trouble), text);
}

static bool say(struct kafka_notice *notice, enum kafka_notice_kind kind, const char *text)
{
	notice->kind = kind;
	kafka_client_text(notice->text, sizeof(notice->text), text);
	return true;
}

static bool list_partitions(const struct kafka_source *source, const rd_kafka_topic_partition_list_t *list,
			    struct kafka_notice *notice)
{
	if (list->cnt > PARTITIONS_MAX) {
		char text[128];
		snprintf(text, sizeof(text), "%d partitions assigned to one process, %d is the most", list->cnt,
			 PARTITIONS_MAX);
		notice->exit_code = EXIT_CONFIG;
		say(notice, KAFKA_FATAL, text);
		return false;
	}
	notice->partition_count = 0;
	for (int i = 0; i < list->cnt; i++) {
		int topic = kafka_source_topic(source, list->elems[i].topic);
		CHECK(topic >= 0);
		notice->partitions[notice->partition_count++] =
			(struct partition){.topic = (uint16_t)topic, .number = list->elems[i].partition};
	}
	return true;
}

static bool on_rebalance(struct kafka_source *source, rd_kafka_event_t *event, struct kafka_notice *notice)
{
	bool is_assign = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	if (is_assign && source->is_closing) {
		rd_kafka_assign(source->rk, NULL);
		return false;
	}
	if (!list_partitions(source, rd_kafka_event_topic_partition_list(event), notice)) {
		return true;
	}
	if (is_assign) {
		source->state = STATE_ASSIGNING;
		source->unsettled_until_us = 0;
		return say(notice, KAFKA_ASSIGNED, "");
	}
	bool is_lost = rd_kafka_assignment_lost(source->rk) != 0;
	source->state = STATE_REVOKING;
	source->unsettled_until_us = is_lost ? INT64_MAX : source->unsettled_until_us;
	return say(notice, is_lost ? KAFKA_LOST : KAFKA_REVOKED, "");
}

static bool set_link(struct kafka_source *source, enum kafka_source_link link, struct kafka_notice *notice)
{
	enum kafka_source_link before = source->link;
	source->link = link;
	if (link == LINK_DOWN) {
		source->unsettled_until_us = INT64_MAX;
	} else if (source->unsettled_until_us == INT64_MAX && source->state == STATE_ASSIGNED) {
		/* Not assigned anew since. Still a member? Within a session it has been told, or is lost. */
		source->unsettled_until_us = moment_monotonic_us() + source->session_us;
	}
	if (link == LINK_DOWN && before != LINK_DOWN) {
		return say(notice, KAFKA_AWAY, source->last_error);
	}
	if (link == LINK_UP) {
		source->last_error[0] = '\0';
	}
	return link == LINK_UP && before == LINK_DOWN && say(notice, KAFKA_BACK, "");
}

static bool on_statistics(struct kafka_source *source, rd_kafka_event_t *event, struct kafka_notice *notice)
{
	if (kafka_client_stats_up(rd_kafka_event_stats(event))) {
		source->downs = 0;
		return set_link(source, LINK_UP, notice);
	}
	source->downs++;
	return source->downs >= DOWN_MAX && set_link(source, LINK_DOWN, notice);
}

static bool on_error(struct kafka_source *source, rd_kafka_event_t *event, struct kafka_notice *notice)
{
	rd_kafka_resp_err_t error = rd_kafka_event_error(event);
	const char *text = rd_kafka_event_error_string(event);
	switch (error) {
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		if (source->last_error[0] == '\0') {
			kafka_client_text(source->last_error, sizeof(source->last_error), text);
		}
		return set_link(source, LINK_DOWN, notice);
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__RESOLVE:
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
		/* One connection: tried again by itself. Whether all are gone is said apart. */
		kafka_client_text(source->last_error, sizeof(source->last_error), text);
		return false;
	default:
		kafka_source_trouble(source, error, text);
		return false;
	}
}

static bool serve(struct kafka_source *source, rd_kafka_event_t *event, struct kafka_notice *notice)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_REBALANCE:
		return on_rebalance(source, event, notice);
	case RD_KAFKA_EVENT_STATS:
		return on_statistics(source, event, notice);
	case RD_KAFKA_EVENT_ERROR:
		return on_error(source, event, notice);
	default:
		/* A message on this queue would be lost: each partition is forwarded to our own before it is read. */
		CHECK(rd_kafka_event_type(event) != RD_KAFKA_EVENT_FETCH);
		return false;
	}
}

static bool say_out_of_range(struct kafka_source *source, struct kafka_notice *notice)
{
	for (size_t i = 0; source->out_of_range_count > 0 && i < source->slots.count; i++) {
		struct kafka_slot *slot = &source->slots.slots[i];
		if (slot->out_of_range) {
			slot->out_of_range = false;
			source->out_of_range_count--;
			notice->partitions[0] = slot->partition;
			notice->partition_count = 1;
			return say(notice, KAFKA_OUT_OF_RANGE, "the position is not in the log");
		}
	}
	return false;
}

static bool say_trouble(struct kafka_source *source, struct kafka_notice *notice)
{
	if (source->trouble[0] == '\0') {
		return false;
	}
	say(notice, source->is_fatal ? KAFKA_FATAL : KAFKA_TROUBLE, source->trouble);
	notice->exit_code = source->is_fenced ? EXIT_CONFIG : EXIT_AWAY;
	source->trouble[0] = '\0';
	return true;
}

/* The consumer has given up: whatever was assigned is lost, and with the answer another one is made. */
static bool say_given_up(struct kafka_source *source, struct kafka_notice *notice)
{
	if (source->anew != ANEW_WANTED) {
		return false;
	}
	source->anew = ANEW_LOST_SAID;
	source->state = STATE_REVOKING;
	for (size_t i = 0; i < source->slots.count; i++) {
		notice->partitions[notice->partition_count++] = source->slots.slots[i].partition;
	}
	return say(notice, KAFKA_LOST, "");
}

void kafka_source_notice(struct kafka_source *source, struct kafka_notice *ret_notice)
{
	ret_notice->kind = KAFKA_NOTHING;
	ret_notice->partition_count = 0;
	ret_notice->text[0] = '\0';
	kafka_source_mirror_due(source);
	for (;;) {
		if (say_out_of_range(source, ret_notice) || say_trouble(source, ret_notice) ||
		    say_given_up(source, ret_notice)) {
			return;
		}
		if (source->anew != ANEW_NO && !source->is_closing) { /* to leave, its events must be answered */
			return;
		}
		rd_kafka_event_t *event = rd_kafka_queue_poll(source->events, 0);
		if (event == NULL) {
			return;
		}
		bool said = serve(source, event, ret_notice);
		rd_kafka_event_destroy(event);
		if (said) {
			return;
		}
	}
}

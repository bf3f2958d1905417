/* core/edge/kafka_source.h against librdkafka's mock cluster: another member has our instance id, or we have had it ourselves. */
#include "core/edge/kafka_source_inside.h"
#include "tests/edge/kafka_member.h"

#define API_HEARTBEAT 12

/* Of all that it has, the mock answers this to the next heartbeat. */
static void fence(const struct mock_kafka *mock)
{
	rd_kafka_mock_push_request_errors(mock->cluster, API_HEARTBEAT, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
}

/* One with an instance id, which has read `count` messages. */
static void begin(struct mock_kafka *mock, struct member *member, unsigned count, unsigned lanes)
{
	start(mock, count);
	join_as(member, mock->brokers, lanes, "one");
	MOCK_UNTIL(30, member->assigned && member->total >= count, step(member));
}

static void outage(const struct mock_kafka *mock, struct member *member)
{
	unsigned backs = member->notices[KAFKA_BACK];
	rd_kafka_mock_broker_set_down(mock->cluster, 1);
	MOCK_UNTIL(30, member->notices[KAFKA_AWAY] > backs, step(member));
	rd_kafka_mock_broker_set_up(mock->cluster, 1);
	MOCK_UNTIL(30, member->notices[KAFKA_BACK] > backs, step(member));
}

/* Fenced by what the group still knew of it: all it had is lost, and no more is to be heard of that. */
static void outage_and_fence(const struct mock_kafka *mock, struct member *member)
{
	fence(mock);
	outage(mock, member);
	MOCK_UNTIL(30, member->notices[KAFKA_LOST] > 0, step(member));
	ck_assert_uint_eq(member->notices[KAFKA_TROUBLE], 1);
	ck_assert_uint_eq(member->notices[KAFKA_FATAL], 0);
	ck_assert_msg(strstr(member->text, "joining the group anew") != NULL, "%s", member->text);
}

static void expect_fatal(struct member *member, enum exit_code exit_code)
{
	MOCK_UNTIL(30, member->notices[KAFKA_FATAL] > 0, step(member));
	ck_assert_int_eq(member->exit_code, exit_code);
	ck_assert_msg(strstr(member->text, "fenced") != NULL, "%s", member->text);
	kafka_source_destroy(member->source);
}

START_TEST(fenced_without_an_outage_it_is_another_daemon)
{
	struct mock_kafka mock;
	static struct member member;
	begin(&mock, &member, 400, 1);
	fence(&mock);
	expect_fatal(&member, EXIT_CONFIG);
	ck_assert_uint_eq(member.notices[KAFKA_ASSIGNED], 1);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(fenced_after_an_outage_it_joins_anew_and_ends_when_that_happens_again)
{
	struct mock_kafka mock;
	static struct member member;
	begin(&mock, &member, 400, 2);
	int fd = kafka_source_fd(member.source);
	outage_and_fence(&mock, &member);
	MOCK_UNTIL(30, member.assigned, step(&member));
	ck_assert_int_eq(kafka_source_fd(member.source), fd);
	produce(&mock, 400, 400, NULL);
	MOCK_UNTIL(30, member.total >= 800, step(&member)); /* from where it stood, in order: take_lane() looks */
	ck_assert_uint_eq(member.total, 800);
	fence(&mock);
	expect_fatal(&member, EXIT_CONFIG);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(fenced_after_two_outages_in_a_row_it_is_to_be_started_again)
{
	struct mock_kafka mock;
	static struct member member;
	begin(&mock, &member, 4, 1);
	outage_and_fence(&mock, &member);
	MOCK_UNTIL(30, member.assigned, step(&member));
	fence(&mock);
	outage(&mock, &member);
	expect_fatal(&member, EXIT_AWAY);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(an_outage_is_forgotten_when_the_membership_has_held_for_a_session)
{
	struct mock_kafka mock;
	static struct member member;
	begin(&mock, &member, 4, 1);
	member.source->session_us = MOMENT_SECOND_US / 2;
	outage(&mock, &member);
	int64_t until_us = moment_monotonic_us() + MOMENT_SECOND_US;
	MOCK_UNTIL(30, moment_monotonic_us() > until_us && member.assigned, step(&member));
	fence(&mock);
	expect_fatal(&member, EXIT_CONFIG);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(ending_before_another_consumer_has_joined)
{
	struct mock_kafka mock;
	static struct member member;
	begin(&mock, &member, 4, 1);
	outage_and_fence(&mock, &member);
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(while_it_leaves_no_other_consumer_is_made)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 4);
	for (int answers = 0; answers <= 1; answers++) {
		join_as(&member, mock.brokers, 1, "one");
		member.answers = answers != 0;
		MOCK_UNTIL(30, member.notices[KAFKA_ASSIGNED] > 0, step(&member));
		const rd_kafka_t *rk = member.source->rk;
		member.source->anew = ANEW_LOST_SAID;
		kafka_source_close(member.source);
		kafka_source_unassign(member.source); /* what was given to it is lost */
		ck_assert_ptr_eq(member.source->rk, rk);
		leave(&member);
	}
	mock_kafka_stop(&mock);
}
END_TEST

/* librdkafka waits in a consumer's destruction for whoever holds a message of it. */
START_TEST(the_loop_does_not_wait_for_a_consumer_that_is_being_destroyed)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 4);
	join_as(&member, mock.brokers, 1, "one");
	member.resting_lane = 0;
	rd_kafka_message_t *held = NULL;
	MOCK_UNTIL(30, held != NULL, {
		step(&member);
		held = rd_kafka_consume_queue(member.source->lanes[0].messages, 0);
	});
	kafka_source_unassign(member.source);
	member.assigned = false;
	int64_t began_us = moment_monotonic_us();
	kafka_anew(member.source);
	kafka_anew(member.source);
	ck_assert_int_lt(moment_monotonic_us() - began_us, MOMENT_SECOND_US / 2);
	rd_kafka_message_destroy(held);
	member.resting_lane = -1;
	MOCK_UNTIL(30, member.total >= 4, step(&member));
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

TEST_MAIN("kafka_fenced", fenced_without_an_outage_it_is_another_daemon,
	  fenced_after_an_outage_it_joins_anew_and_ends_when_that_happens_again,
	  fenced_after_two_outages_in_a_row_it_is_to_be_started_again,
	  an_outage_is_forgotten_when_the_membership_has_held_for_a_session,
	  ending_before_another_consumer_has_joined, while_it_leaves_no_other_consumer_is_made,
	  the_loop_does_not_wait_for_a_consumer_that_is_being_destroyed)

/* core/edge/kafka_source.h against librdkafka's mock cluster: members, brokers that go away, ending. */
#include "tests/edge/kafka_member.h"

START_TEST(answer_to_an_assignment_may_take_its_time)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 400);
	join(&member, mock.brokers);
	member.answers = false;
	MOCK_UNTIL(30, member.notices[KAFKA_ASSIGNED] == 1, step(&member));
	int64_t until_us = moment_monotonic_us() + 2 * MOMENT_SECOND_US;
	while (moment_monotonic_us() < until_us) {
		step(&member);
	}
	ck_assert_uint_eq(member.total, 0);
	answer_assigned(&member);
	MOCK_UNTIL(30, member.total >= 400, step(&member));
	ck_assert_uint_eq(member.notices[KAFKA_ASSIGNED], 1);
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(members_share_and_hand_over)
{
	struct mock_kafka mock;
	static struct member first, second;
	start(&mock, 4000);
	join(&first, mock.brokers);
	MOCK_UNTIL(30, first.total >= 4000, step(&first));
	join(&second, mock.brokers);
	/*
	 * The mock ends a round when it has the leader's SyncGroup, and sends away a follower whose own comes later: it joins
	 * again, which is another round for both. So not how many rounds, but that each ends as it should (on_notice()).
	 */
	MOCK_UNTIL(30, first.assigned && second.assigned && first.partition_count == PARTITIONS, {
		step(&first);
		memcpy(second.positions, first.positions, sizeof(second.positions));
		step(&second);
	});
	ck_assert_uint_ge(first.notices[KAFKA_REVOKED], 1);
	ck_assert_uint_eq(first.notices[KAFKA_REVOKED], first.notices[KAFKA_ASSIGNED] - 1);
	ck_assert_uint_eq(first.notices[KAFKA_LOST] + second.notices[KAFKA_LOST], 0);
	ck_assert_uint_eq(second.partition_count, PARTITIONS);
	kafka_source_mirror(first.source, &(struct partition_start){.partition = first.partitions[0], .offset = 5},
			    1);
	leave(&second);
	MOCK_UNTIL(30, first.partition_count == 2 * PARTITIONS && first.assigned, step(&first));
	ck_assert_uint_eq(first.total + second.total, 4000);
	leave(&first);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(broker_away_and_back_is_said_once_each)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 400);
	join(&member, mock.brokers);
	MOCK_UNTIL(30, member.total >= 400, step(&member));
	rd_kafka_mock_broker_set_down(mock.cluster, 1);
	MOCK_UNTIL(30, member.notices[KAFKA_AWAY] > 0, step(&member));
	int64_t until_us = moment_monotonic_us() + 3 * MOMENT_SECOND_US;
	while (moment_monotonic_us() < until_us) {
		step(&member);
	}
	ck_assert_uint_eq(member.notices[KAFKA_AWAY], 1);
	ck_assert_uint_eq(member.notices[KAFKA_BACK], 0);
	rd_kafka_mock_broker_set_up(mock.cluster, 1);
	MOCK_UNTIL(30, member.notices[KAFKA_BACK] > 0, step(&member));
	ck_assert_uint_eq(member.notices[KAFKA_BACK], 1);
	ck_assert_msg(member.text[0] != '\0', "no reason was given");
	produce(&mock, 400, 400, NULL);
	MOCK_UNTIL(30, member.total >= 800, step(&member));
	ck_assert_uint_eq(member.total, 800);
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(no_broker_at_all_is_said_and_ending_does_not_wait)
{
	static struct member member;
	join(&member, "127.0.0.1:1");
	MOCK_UNTIL(20, member.notices[KAFKA_AWAY] > 0, step(&member));
	ck_assert_msg(strstr(member.text, "127.0.0.1:1") != NULL, "%s", member.text);
	int64_t begun_us = moment_monotonic_us();
	leave(&member);
	ck_assert_int_lt(moment_monotonic_us() - begun_us, 5 * MOMENT_SECOND_US);
}
END_TEST

START_TEST(ending_without_leaving_is_quick)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 4000);
	join(&member, mock.brokers);
	MOCK_UNTIL(30, member.assigned, {
		mock_wait(kafka_source_fd(member.source), 50);
		notices(&member);
	});
	static struct message messages[10];
	MOCK_UNTIL(30, kafka_source_take(member.source, 0, messages, 10) > 0, mock_wait(-1, 10));
	int64_t begun_us = moment_monotonic_us();
	kafka_source_destroy(member.source);
	ck_assert_int_lt(moment_monotonic_us() - begun_us, 5 * MOMENT_SECOND_US);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(leaving_while_an_assignment_waits_for_its_answer)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 4);
	join(&member, mock.brokers);
	member.answers = false;
	MOCK_UNTIL(30, member.notices[KAFKA_ASSIGNED] == 1, step(&member));
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(ending_in_the_middle_of_leaving_does_not_wait_for_an_answer)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 400);
	join(&member, mock.brokers);
	MOCK_UNTIL(30, member.total >= 400, step(&member));
	int64_t begun_us = moment_monotonic_us();
	kafka_source_release(member.source, 0);
	kafka_source_close(member.source); /* the group asks for its partitions back: nobody answers */
	kafka_source_destroy(member.source);
	ck_assert_int_lt(moment_monotonic_us() - begun_us, 5 * MOMENT_SECOND_US);
	mock_kafka_stop(&mock);
}
END_TEST

TEST_MAIN("kafka_group", answer_to_an_assignment_may_take_its_time, members_share_and_hand_over,
	  broker_away_and_back_is_said_once_each, no_broker_at_all_is_said_and_ending_does_not_wait,
	  ending_without_leaving_is_quick, leaving_while_an_assignment_waits_for_its_answer,
	  ending_in_the_middle_of_leaving_does_not_wait_for_an_answer)

/* core/edge/kafka_source.h against librdkafka's mock cluster: messages and positions. */
#include "core/edge/kafka_slots.h"
#include "core/edge/kafka_source_inside.h"
#include "tests/edge/kafka_member.h"

START_TEST(messages_come_from_the_positions_given)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 4000);
	join(&member, mock.brokers);
	member.positions[0] = 990;
	member.positions[1] = KAFKA_SOURCE_BEGINNING;
	member.positions[2] = 0;
	member.positions[3] = 1000; /* all read */
	MOCK_UNTIL(30, member.total >= 10 + 1000 + 1000, step(&member));
	ck_assert_uint_eq(member.total, 2010);
	ck_assert_uint_eq(seen(&member, 0, 990, 1000), 10);
	ck_assert_uint_eq(seen(&member, 3, 0, 1000), 0);
	ck_assert_uint_eq(member.partition_count, 2 * PARTITIONS);
	ck_assert_int_eq(kafka_source_end(member.source, (struct partition){.topic = 1, .number = 1}), 1000);
	ck_assert_int_eq(kafka_source_end(member.source, (struct partition){.topic = 1, .number = 77}), -1);
	struct kafka_source_counts counts = kafka_source_counts(member.source);
	ck_assert_uint_eq(counts.messages, 2010);
	ck_assert_uint_eq(counts.rewound + counts.holes, 0);
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(what_a_small_take_leaves_is_not_lost)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 400);
	join(&member, mock.brokers);
	member.take_max = 7;
	MOCK_UNTIL(30, member.total >= 400, step(&member));
	ck_assert_uint_eq(member.total, 400);
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(assigned_anew_it_goes_on_elsewhere)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 4000);
	join(&member, mock.brokers);
	MOCK_UNTIL(30, member.total >= 4000, step(&member));
	for (unsigned round = 1; round <= 3; round++) { /* back, as after an offset was set by hand */
		for (int i = 0; i < PARTITIONS; i++) {
			member.positions[i] = 400;
		}
		answer_assigned(&member);
		MOCK_UNTIL(30, member.total >= 4000 + round * 2400, step(&member));
		ck_assert_uint_eq(member.total, 4000 + round * 2400);
		ck_assert_uint_eq(member.seen[2][399], 1);
		ck_assert_uint_eq(member.seen[2][400], 1 + round);
	}
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(position_outside_the_log_stops_only_its_partition)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 400);
	join(&member, mock.brokers);
	member.positions[2] = 100000;
	MOCK_UNTIL(30, member.notices[KAFKA_OUT_OF_RANGE] > 0 && member.total >= 300, step(&member));
	ck_assert_int_eq(member.out_of_range, 2);
	ck_assert_uint_eq(member.total, 300);
	ck_assert_uint_eq(member.notices[KAFKA_OUT_OF_RANGE], 1);
	member.positions[2] = KAFKA_SOURCE_BEGINNING;
	answer_assigned(&member);
	MOCK_UNTIL(30, member.total >= 400, step(&member));
	ck_assert_uint_eq(seen(&member, 2, 0, 100), 100);
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(a_lane_that_rests_does_not_hold_up_the_other)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 4000);
	join_lanes(&member, mock.brokers, 2);
	member.resting_lane = 1;
	MOCK_UNTIL(30, member.total >= 2000, step(&member));
	produce(&mock, 4000, 4000, NULL);
	MOCK_UNTIL(30, member.total >= 4000, step(&member));
	ck_assert_uint_eq(seen(&member, 0, 0, 2000) + seen(&member, 2, 0, 2000), 4000);
	member.resting_lane = 0;
	answer_assigned(&member); /* also assigned anew each has its own, from where it stood */
	MOCK_UNTIL(30, member.total >= 8000, step(&member));
	ck_assert_uint_eq(seen(&member, 1, 0, 2000) + seen(&member, 3, 0, 2000), 4000);
	ck_assert_uint_eq(kafka_source_counts(member.source).messages, 8000);
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(each_lane_wakes)
{
	struct mock_kafka mock;
	static struct member member;
	start(&mock, 8);
	join_lanes(&member, mock.brokers, 2);
	MOCK_UNTIL(30, member.total >= 8, step(&member));
	int64_t waited_us = 0;
	for (unsigned round = 0; round < 10; round++) { /* one message, to partitions 0 and 1 in turns */
		produce(&mock, (2 + round / 2) * PARTITIONS + round % 2, 1, NULL);
		int64_t begun_us = moment_monotonic_us();
		MOCK_UNTIL(30, member.total >= 9 + round, {
			mock_wait(kafka_source_fd(member.source), 5000);
			kafka_source_woken(member.source);
			notices(&member);
			take(&member);
		});
		waited_us += moment_monotonic_us() - begun_us;
	}
	/* Without a wake-up of its own a message would wait for the statistics, which come once a second. */
	ck_assert_int_lt(waited_us, 3 * MOMENT_SECOND_US);
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(form_is_read_from_the_header)
{
	static const struct {
		const char *type;
		enum message_form form;
	} rows[] = {
		{"application/json", FORM_JSON},
		{"Application/JSON; charset=utf-8", FORM_JSON},
		{"application/x-protobuf", FORM_PROTOBUF},
		{"application/protobuf ;x=y", FORM_PROTOBUF},
		{"text/plain", FORM_UNKNOWN},
		{"", FORM_UNKNOWN},
		{"application/jso", FORM_UNKNOWN},
		{NULL, FORM_PROTOBUF},
	};
	struct mock_kafka mock;
	static struct member member;
	static struct message messages[1];
	start(&mock, 0);
	join(&member, mock.brokers);
	MOCK_UNTIL(30, member.assigned, step(&member));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		produce(&mock, 0, 1, rows[i].type);
		MOCK_UNTIL(30, kafka_source_take(member.source, 0, messages, 1) > 0, mock_wait(-1, 10));
		ck_assert_msg(messages[0].form == rows[i].form, "%s", rows[i].type);
		kafka_source_release(member.source, 0);
	}
	leave(&member);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(what_cannot_be_json_is_told_by_its_bytes)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool is_wire;
	} rows[] = {
#define ROW(bytes, is_wire) {bytes, sizeof(bytes) - 1, is_wire}
		ROW("\x0a\x01"
		    "1\x12\x01s",
		    true),
		ROW("\x0a\x00\x12", true),
		ROW("\x0a\x02"
		    "12\x12\x06 \"id\" ",
		    true),
		ROW("", false),
		ROW("\x0a", false),
		ROW("\x0a\x01", false),
		ROW("\x0a\x01"
		    "1",
		    false),
		ROW("\x0a\x7f", false),
		ROW("\x0a\xff\x12\x12", false),
		ROW("\x0a\x01"
		    "1\x1a\x01s",
		    false),
		ROW("\x12\x01s\x0a\x01"
		    "1",
		    false),
		ROW("\n { \"id\": \"12345678901234567890123456789012345678901234567890\"}", false),
		ROW("{\"id\":\"1\"}", false),
#undef ROW
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(kafka_take_is_wire((const uint8_t *)rows[i].bytes, rows[i].size) == rows[i].is_wire,
			      "row %zu", i);
	}
}
END_TEST

START_TEST(settings_that_positions_rest_on_are_refused)
{
	static const char *const rows[] = {"enable.auto.commit",
					   "enable.auto.offset.store",
					   "auto.offset.reset",
					   "isolation.level",
					   "partition.assignment.strategy",
					   "group.id",
					   "group.instance.id",
					   "session.timeout.ms",
					   "no.such"};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fail fail = {0};
		const char *const properties[] = {rows[i], "earliest", NULL};
		const struct kafka_source_options options = {.brokers = "127.0.0.1:1",
							     .group = "g",
							     .topics = topics,
							     .topic_count = 1,
							     .properties = properties,
							     .buffer_mb = 1,
							     .session_ms = 10000};
		ck_assert_ptr_null(kafka_source_create(&options, &fail));
		ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
		ck_assert_msg(strstr(fail.text, rows[i]) != NULL, "%s", fail.text);
	}
}
END_TEST

START_TEST(all_bounds_of_the_configuration_are_taken)
{
	static const struct {
		unsigned buffer_mb, session_ms, lanes;
	} rows[] = {
		{1, 1000, 1}, {64, 10000, 2}, {2047, 1800000, 1}, {1, 1000, LANES_MAX}, {2047, 1000, LANES_MAX}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fail fail = {0};
		const struct kafka_source_options options = {.brokers = "127.0.0.1:1",
							     .group = "g",
							     .topics = topics,
							     .topic_count = 1,
							     .lanes = rows[i].lanes,
							     .buffer_mb = rows[i].buffer_mb,
							     .session_ms = rows[i].session_ms};
		struct kafka_source *source = kafka_source_create(&options, &fail);
		ck_assert_msg(source != NULL, "%s", fail.text);
		kafka_source_destroy(source);
	}
}
END_TEST

START_TEST(partitions_are_found_whatever_their_numbers)
{
	static struct kafka_slots slots;
	for (int round = 0; round < 2; round++) {
		kafka_slots_clear(&slots);
		for (int i = 0; i < PARTITIONS_MAX; i++) { /* many that fall on one place */
			struct partition partition = {.topic = (uint16_t)(i % TOPICS_MAX),
						      .number = i * 1024 / (round + 1)};
			ck_assert_ptr_null(kafka_slots_find(&slots, partition));
			kafka_slots_add(&slots, partition, i);
		}
		for (int i = 0; i < PARTITIONS_MAX; i++) {
			struct partition partition = {.topic = (uint16_t)(i % TOPICS_MAX),
						      .number = i * 1024 / (round + 1)};
			ck_assert_int_eq(kafka_slots_find(&slots, partition)->next, i);
		}
		ck_assert_ptr_null(kafka_slots_find(&slots, (struct partition){.topic = 1, .number = 0}));
	}
}
END_TEST

TEST_MAIN("kafka_source", messages_come_from_the_positions_given, what_a_small_take_leaves_is_not_lost,
	  assigned_anew_it_goes_on_elsewhere, position_outside_the_log_stops_only_its_partition,
	  a_lane_that_rests_does_not_hold_up_the_other, each_lane_wakes, form_is_read_from_the_header,
	  what_cannot_be_json_is_told_by_its_bytes, settings_that_positions_rest_on_are_refused,
	  all_bounds_of_the_configuration_are_taken, partitions_are_found_whatever_their_numbers)

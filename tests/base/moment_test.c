/* core/base/moment.h: RFC 3339 in and out. */
#include "core/base/moment.h"

#include "tests/table.h"

START_TEST(rfc3339_is_read)
{
	static const struct {
		const char *text;
		bool good;
		int64_t us;
	} rows[] = {
		{"1970-01-01T00:00:00Z", true, 0},
		{"2000-01-01T00:00:00Z", true, MOMENT_2000_US},
		{"2024-02-29T12:30:00.5+01:00", true, INT64_C(1709206200500000)},
		{"2024-02-29t12:30:00.123456789z", true, INT64_C(1709209800123456)},
		{"0001-01-01T00:00:00Z", true, INT64_C(-62135596800000000)},
		{"9999-12-31T23:59:59Z", true, INT64_C(253402300799000000)},
		{"2023-02-29T12:30:00Z", false, 0},
		{"2024-13-01T00:00:00Z", false, 0},
		{"2024-01-01T00:00:00", false, 0},
		{"2024-01-01", false, 0},
		{"", false, 0},
		{"2024-01-01T00:00:00Zx", false, 0},
		{"2024-01-01T00:00:00.Z", false, 0},
		{"2024-01-01T24:00:00Z", false, 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t us = 7;
		ck_assert_msg(moment_read(rows[i].text, &us) == rows[i].good, "%s", rows[i].text);
		ck_assert_int_eq(us, rows[i].good ? rows[i].us : 7);
	}
}
END_TEST

START_TEST(what_is_printed_reads_back)
{
	static const int64_t moments[] = {0,
					  MOMENT_2000_US,
					  INT64_C(-62135596800000000),
					  INT64_C(253402300799999999),
					  INT64_C(1709209800123456),
					  -1};
	for (size_t i = 0; i < COUNT_OF(moments); i++) {
		char text[MOMENT_TEXT_SIZE];
		moment_print(moments[i], text);
		int64_t us = 7;
		ck_assert_msg(moment_read(text, &us), "%s", text);
		ck_assert_int_eq(us, moments[i]);
	}
}
END_TEST

START_TEST(floors_go_down_before_1970)
{
	ck_assert_int_eq(moment_floor(-1, 60000), -1);
	ck_assert_int_eq(moment_floor(-60000, 60000), -1);
	ck_assert_int_eq(moment_floor(59999, 60000), 0);
}
END_TEST

TEST_MAIN("moment", rfc3339_is_read, what_is_printed_reads_back, floors_go_down_before_1970)

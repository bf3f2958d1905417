/* collector/drops.h: what was dropped is counted, reported once a minute, and again when the report was lost. */
#include "collector/drops.h"

#include <stdio.h>
#include <string.h>

#include "core/base/moment.h"
#include "core/model/event.h"
#include "tests/table.h"

#define MINUTE_US (60 * MOMENT_SECOND_US)

static void add(struct drops *drops, const char *site, int64_t now_us)
{
	drops_count(drops, drops_hold(drops, "snowplow", site, CHANNEL_WEB), &(struct drops_count){.all = 1},
		    now_us);
}

/* Sends all there is to report; returns how many events that is. */
static uint64_t report_all(struct drops *drops, struct drops_row **rows, size_t *ret_count)
{
	uint64_t events = 0;
	size_t place = 0;
	*ret_count = 0;
	for (struct drops_row *row; (row = drops_next(drops, &place)) != NULL;) {
		struct reject report;
		drops_report(row, &report);
		ck_assert_int_eq(report.reason, OUTCOME_no_consent);
		ck_assert_str_eq(report.site, row->site);
		events += report.count;
		drops_sent(drops, row);
		rows[(*ret_count)++] = row;
	}
	return events;
}

START_TEST(drops_are_reported_a_minute_after_the_first)
{
	struct drops drops = {0};
	struct drops_row *rows[DROPS_MAX];
	size_t count;
	ck_assert(!drops_are_due(&drops, 10 * MINUTE_US));
	add(&drops, "acme-web", 1000);
	add(&drops, "acme-web", MINUTE_US);
	add(&drops, "other", MINUTE_US);
	ck_assert(!drops_are_due(&drops, MINUTE_US + 999));
	ck_assert(drops_are_due(&drops, MINUTE_US + 1000));
	ck_assert_uint_eq(report_all(&drops, rows, &count), 3);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(drops.in_flight, 2);
	ck_assert(!drops_are_due(&drops, 10 * MINUTE_US));
	ck_assert_ptr_eq(drops_of(&drops, rows[1]), rows[1]);
	ck_assert_ptr_null(drops_of(&drops, rows));
	drops_ended(&drops, rows[0], true, 10 * MINUTE_US);
	drops_ended(&drops, rows[1], true, 10 * MINUTE_US);
	ck_assert_uint_eq(report_all(&drops, rows, &count), 0);
}
END_TEST

START_TEST(a_report_that_was_lost_is_made_again)
{
	struct drops drops = {0};
	struct drops_row *rows[DROPS_MAX];
	size_t count;
	add(&drops, "acme-web", 0);
	ck_assert_uint_eq(report_all(&drops, rows, &count), 1);
	add(&drops, "acme-web", 5);
	ck_assert_uint_eq(report_all(&drops, rows + 1, &count), 0); /* one report of a row at a time */
	drops_ended(&drops, rows[0], false, MINUTE_US);
	ck_assert(!drops_are_due(&drops, 2 * MINUTE_US - 1));
	ck_assert(drops_are_due(&drops, 2 * MINUTE_US));
	ck_assert_uint_eq(report_all(&drops, rows, &count), 2);
	drops_ended(&drops, rows[0], true, 2 * MINUTE_US);
	ck_assert_uint_eq(drops.waiting, 0);
}
END_TEST

START_TEST(sites_beyond_the_list_are_counted_together)
{
	struct drops drops = {0};
	struct drops_row *rows[DROPS_MAX];
	size_t count;
	for (unsigned i = 0; i < 3 * DROPS_MAX; i++) {
		char site[80];
		snprintf(site, sizeof(site), "site-%u", i);
		add(&drops, site, 0);
	}
	ck_assert_uint_eq(report_all(&drops, rows, &count), 3 * DROPS_MAX);
	ck_assert_uint_eq(count, DROPS_MAX);
	ck_assert_str_eq(rows[DROPS_MAX - 1]->site, "");
	for (size_t i = 0; i < count; i++) {
		drops_ended(&drops, rows[i], true, 0);
	}
	add(&drops, "new", 0); /* the list begins anew */
	ck_assert_uint_eq(report_all(&drops, rows, &count), 1);
	ck_assert_str_eq(rows[0]->site, "new");
}
END_TEST

START_TEST(a_row_stays_its_sites_until_it_is_counted_in)
{
	struct drops drops = {0};
	struct drops_row *rows[DROPS_MAX], *held = drops_hold(&drops, "snowplow", "slow", CHANNEL_WEB);
	size_t count;
	add(&drops, "other", 0);
	ck_assert_uint_eq(report_all(&drops, rows, &count), 1);
	drops_ended(&drops, rows[0], true, 0);
	add(&drops, "third", 0);
	drops_count(&drops, held, &(struct drops_count){.all = 3}, 0);
	ck_assert_str_eq(held->site, "slow");
	ck_assert_uint_eq(held->count.all, 3);
	drops_count(&drops, drops_hold(&drops, "snowplow", "slow", CHANNEL_WEB), &(struct drops_count){0},
		    0); /* was answered 503 */
	ck_assert_uint_eq(report_all(&drops, rows, &count), 4);
}
END_TEST

START_TEST(of_what_was_dropped_it_is_told_how_much_was_denied)
{
	struct drops drops = {0};
	struct drops_row *row = NULL;
	for (uint32_t denied = 0; denied <= 2; denied++) {
		row = drops_hold(&drops, "snowplow", "acme-web", CHANNEL_WEB);
		drops_count(&drops, row, &(struct drops_count){.all = 2, .denied = denied}, 0);
	}
	struct reject report;
	for (int i = 0; i < 2; i++) { /* the first one is lost */
		drops_report(row, &report);
		ck_assert_uint_eq(report.count, 6);
		ck_assert_uint_eq(report.denied, 3);
		drops_sent(&drops, row);
		drops_ended(&drops, row, i > 0, 0);
	}
	ck_assert_uint_eq(row->count.all + row->count.denied, 0);
}
END_TEST

START_TEST(no_site_tells_an_address)
{
	struct drops drops = {0};
	static const char long_site[] =
		"0123456789012345678901234567890123456789012345678901234567890\xc3\xa6\xc3\xa6\xc3\xa6";
	add(&drops, "of ann@acme.test", 0);
	add(&drops, long_site, 0);
	ck_assert_ptr_null(strstr(drops.rows[0].site, "ann"));
	ck_assert_uint_eq(strlen(drops.rows[1].site), 63); /* between characters */
}
END_TEST

TEST_MAIN("drops", of_what_was_dropped_it_is_told_how_much_was_denied, drops_are_reported_a_minute_after_the_first,
	  a_report_that_was_lost_is_made_again, sites_beyond_the_list_are_counted_together,
	  a_row_stays_its_sites_until_it_is_counted_in, no_site_tells_an_address)

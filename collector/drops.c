#include "collector/drops.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/text.h"

#define REPORT_US (60 * MOMENT_SECOND_US)
#define COUNT_MAX INT32_MAX /* as the message allows */

/* The row of this site, a new one, or, where there is no room, the one of all others. */
static struct drops_row *find(struct drops *drops, const char *source, const char *site, int channel)
{
	for (size_t i = 0; i < drops->used; i++) {
		struct drops_row *row = &drops->rows[i];
		if (row->channel == channel && strcmp(row->source, source) == 0 && strcmp(row->site, site) == 0) {
			return row;
		}
	}
	if (drops->used == DROPS_MAX) {
		return &drops->rows[DROPS_MAX - 1];
	}
	struct drops_row *row = &drops->rows[drops->used++];
	*row = (struct drops_row){.source = source, .channel = channel};
	if (drops->used < DROPS_MAX) {
		memcpy(row->site, site, strlen(site) + 1);
	}
	return row;
}

struct drops_row *drops_hold(struct drops *drops, const char *source, const char *site, int channel)
{
	char name[DROPS_SITE_SIZE];
	size_t size = text_cut(site, sizeof(name) - 1);
	memcpy(name, site, size);
	name[size] = '\0';
	text_mask_addresses(name);
	if (drops->waiting == 0 && drops->in_flight == 0 && drops->held == 0) {
		drops->used = 0;
	}
	drops->held++;
	return find(drops, source, name, channel);
}

static void add(struct drops_count *to, const struct drops_count *more)
{
	to->all += more->all;
	to->denied += more->denied;
}

void drops_count(struct drops *drops, struct drops_row *row, const struct drops_count *count, int64_t now_us)
{
	CHECK(drops->held > 0 && count->denied <= count->all);
	drops->held--;
	if (count->all > 0 && count->all <= COUNT_MAX - row->count.all - row->in_flight.all) {
		add(&row->count, count);
		drops->since_us = drops->waiting == 0 ? now_us : drops->since_us;
		drops->waiting += count->all;
	}
}

bool drops_are_due(const struct drops *drops, int64_t now_us)
{
	return drops->waiting > 0 && now_us - drops->since_us >= REPORT_US;
}

struct drops_row *drops_next(struct drops *drops, size_t *place)
{
	while (*place < drops->used) {
		struct drops_row *row = &drops->rows[(*place)++];
		if (row->count.all > 0 && row->in_flight.all == 0) {
			return row;
		}
	}
	return NULL;
}

void drops_report(const struct drops_row *row, struct reject *ret_report)
{
	*ret_report = (struct reject){.reason = OUTCOME_no_consent,
				      .count = row->count.all,
				      .denied = row->count.denied,
				      .site = row->site,
				      .channel = row->channel};
}

void drops_sent(struct drops *drops, struct drops_row *row)
{
	CHECK(row->count.all > 0 && row->in_flight.all == 0);
	row->in_flight = row->count;
	drops->waiting -= row->count.all;
	drops->in_flight++;
	row->count = (struct drops_count){0};
}

void drops_ended(struct drops *drops, struct drops_row *row, bool delivered, int64_t now_us)
{
	CHECK(row->in_flight.all > 0 && drops->in_flight > 0);
	if (!delivered) {
		add(&row->count, &row->in_flight);
		drops->waiting += row->in_flight.all;
		drops->since_us = now_us;
	}
	row->in_flight = (struct drops_count){0};
	drops->in_flight--;
}

struct drops_row *drops_of(struct drops *drops, const void *token)
{
	for (size_t i = 0; i < drops->used; i++) {
		if (token == &drops->rows[i]) {
			return &drops->rows[i];
		}
	}
	return NULL;
}

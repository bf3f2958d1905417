/*
 * phasectl position show: how far the group has come in each partition, beside what the logs hold.
 *
 * Only reads. A Kafka that is away costs its columns, not the command.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "ctl/ctl.h"
#include "ctl/json_line.h"
#include "ctl/position.h"
#include "ctl/service.h"
#include "ctl/terminal.h"

static struct {
	bool json;
} asked;

static const struct option_about options[] = {
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line"},
	{0},
};

static const char *const places[] = {
	[PLACE_UNKNOWN] = "unknown",
	[PLACE_IN_LOG] = "in log",
	[PLACE_BEFORE_LOG] = "before log",
	[PLACE_AFTER_LOG] = "after log",
	[PLACE_NO_PARTITION] = "no such partition",
};

/* Has the partition stopped? */
static bool is_outside(const struct service_part *part)
{
	enum service_place place = service_place(part);
	return place != PLACE_IN_LOG && place != PLACE_UNKNOWN;
}

static void print_json(const char *group, const struct service_part *part)
{
	json_line_print(json_pack("{ss ss sI sI so so sI ss so so so so ss}", "group", group, "topic", part->topic,
				  "partition", (json_int_t)part->partition, "next_offset", (json_int_t)part->next,
				  "end_offset", json_line_number(part->end), "lag", json_line_number(part->lag),
				  "epoch", (json_int_t)part->epoch, "owner", part->owner, "oldest",
				  json_line_moment(part->oldest_us), "updated_at",
				  json_line_moment(part->updated_us), "low", json_line_number(part->low), "high",
				  json_line_number(part->high), "state", places[service_place(part)]),
			0);
}

static const struct terminal_column columns[] = {
	{"PARTITION", 22, false, false}, {"NEXT", 11, true, false}, {"LAG", 9, true, false},
	{"LOG", 20, true, false},	 {"EPOCH", 5, true, false}, {"APPLIED", 7, true, false},
	{"OWNER", 20, false, false},
};

static void print_row(const struct service *service, const struct service_part *part)
{
	char name[320], next[24] = "beginning", lag[24] = "", log[48] = "", epoch[24], age[TERMINAL_AGE_SIZE] = "";
	snprintf(name, sizeof(name), "%s/%" PRId64, part->topic, part->partition);
	if (part->next != POSITION_BEGINNING) {
		snprintf(next, sizeof(next), "%" PRId64, part->next);
	}
	if (part->lag >= 0) {
		snprintf(lag, sizeof(lag), "%" PRId64, part->lag);
	}
	if (part->low >= 0) {
		snprintf(log, sizeof(log), "%" PRId64 "…%" PRId64, part->low, part->high);
	}
	snprintf(epoch, sizeof(epoch), "%" PRId64, part->epoch);
	if (part->oldest_us != INT64_MIN) {
		terminal_age((double)(service->now_us - part->oldest_us) / (double)MOMENT_SECOND_US, age);
	}
	const char *const cells[] = {name, next, lag, log, epoch, age, part->owner};
	terminal_row(columns, COUNT_OF(columns), cells, is_outside(part) ? TERMINAL_YELLOW : TERMINAL_PLAIN,
		     is_outside(part) ? places[service_place(part)] : "");
}

static void print_table(const char *group, const struct service *service)
{
	size_t outside = 0;
	terminal_start();
	if (service->count > 0) {
		terminal_titles(columns, COUNT_OF(columns));
	}
	for (size_t i = 0; i < service->count; i++) {
		print_row(service, &service->parts[i]);
		outside += is_outside(&service->parts[i]) ? 1 : 0;
	}
	printf("group %s: %zu partition%s, %" PRId64 " waiting", group, service->count,
	       service->count == 1 ? "" : "s", service->lag);
	printf(outside > 0 ? ", %zu not in the log: see phasectl position set --help\n" : "\n", outside);
}

static bool load(struct ctl *ctl, struct service *ret_service, struct fail *fail)
{
	struct postgres *postgres = NULL;
	bool good = ctl_read_conf_for_kafka(ctl, fail) && (postgres = ctl_connect_to_schema(ctl, fail)) != NULL &&
		    service_load_parts(ctl, postgres, &ctl->arena, ret_service, fail);
	postgres_destroy(postgres);
	return good;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct service service;
	if (!load(ctl, &service, &fail)) {
		return ctl_give_up(ctl, &fail);
	}
	if (!service_ask_bounds(ctl, &ctl->arena, &service, &fail)) {
		fprintf(stderr, "phasectl: position show: %s: what the logs hold is not shown\n", fail.text);
	}
	if (!asked.json) {
		print_table(ctl->conf.kafka.group, &service);
	}
	for (size_t i = 0; asked.json && i < service.count; i++) {
		print_json(ctl->conf.kafka.group, &service.parts[i]);
	}
	return EXIT_DONE;
}

const struct command position_show_command = {
	.words = "position show",
	.summary = "how far the daemons have come in each partition",
	.details = "NEXT is the offset that is read next, LOG what the partition's log holds, APPLIED how old the "
		   "last "
		   "applied\n"
		   "message is, OWNER who claimed the partition last. A position that its log does not hold has "
		   "stopped "
		   "its\n"
		   "partition: phasectl position set is the way on. Needs phased_monitor or phased_writer.",
	.options = options,
	.run = run,
};

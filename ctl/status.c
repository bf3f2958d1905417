/*
 * phasectl status: what is running where, how far it is, and whether that is well. Only reads.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/edge/schema.h"
#include "ctl/ctl.h"
#include "ctl/endpoint.h"
#include "ctl/json_line.h"
#include "ctl/position.h"
#include "ctl/service.h"
#include "ctl/terminal.h"

#define STALLED_S 60
#define WRONG_MAX 32

static struct {
	const char *endpoints;
	int64_t lag_max_s;
	bool json;
} asked = {.lag_max_s = 300};

static const struct option_about options[] = {
	{"endpoints", "LIST", OPTION_TEXT, &asked.endpoints, 0, 0,
	 "addresses of /readyz, commas between, or none\n(default: http.listen of the "
	 "configuration)"},
	{"lag-max", "SECONDS", OPTION_NUMBER, &asked.lag_max_s, 1, INT32_MAX,
	 "a partition that is farther behind is not well (default: 300)"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object"},
	{0},
};

struct status {
	struct service service;
	struct endpoint endpoints[ENDPOINTS_MAX];
	size_t endpoint_count;
	bool has_kafka;
	char kafka_trouble[256];
	char wrong[WRONG_MAX][320];
	size_t wrong_count; /* all; the first WRONG_MAX are kept */
};

static void complain(struct status *status, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct status *status, const char *format, ...)
{
	if (status->wrong_count < WRONG_MAX) {
		va_list arguments;
		va_start(arguments, format);
		vsnprintf(status->wrong[status->wrong_count], sizeof(status->wrong[0]), format, arguments);
		va_end(arguments);
	}
	status->wrong_count++;
}

/* ---- what is wrong ---- */

static void judge_part(struct status *status, const struct service_part *part)
{
	double quiet_s = (double)(status->service.now_us - part->updated_us) / (double)MOMENT_SECOND_US;
	enum service_place place = service_place(part);
	if (place == PLACE_NO_PARTITION) {
		complain(status, "%s/%" PRId64 ": Kafka has no such partition", part->topic, part->partition);
	} else if (place == PLACE_BEFORE_LOG || place == PLACE_AFTER_LOG) {
		complain(status,
			 "%s/%" PRId64 ": its position is not in the log: it has stopped (phasectl position show)",
			 part->topic, part->partition);
	} else if (part->lag > 0 && part->behind_s > STALLED_S && quiet_s > STALLED_S) {
		complain(status, "%s/%" PRId64 ": %" PRId64 " messages wait, and nothing was committed for %.0f s",
			 part->topic, part->partition, part->lag, quiet_s);
	} else if (part->behind_s > (double)asked.lag_max_s) {
		complain(status, "%s/%" PRId64 ": %.0f s behind", part->topic, part->partition, part->behind_s);
	}
}

static void judge(struct status *status)
{
	if (status->service.model[0] == '\0') {
		complain(status, "no model is in force (phasectl model accept)");
	}
	if (status->service.count == 0) {
		complain(status, "no daemon of this group has claimed a partition yet");
	}
	if (!status->has_kafka) {
		complain(status, "%s", status->kafka_trouble);
	}
	for (size_t i = 0; i < status->endpoint_count; i++) {
		const struct endpoint *endpoint = &status->endpoints[i];
		if (!endpoint->ready) {
			complain(status, "%s: %s%s", endpoint->address, endpoint->reached ? "not ready: " : "",
				 endpoint->why);
		}
	}
	for (size_t i = 0; i < status->service.count; i++) {
		judge_part(status, &status->service.parts[i]);
	}
}

/* ---- JSON ---- */

static json_t *json_parts(const struct service *service)
{
	json_t *list = json_array();
	for (size_t i = 0; i < service->count; i++) {
		const struct service_part *part = &service->parts[i];
		json_array_append_new(list,
				      json_pack("{ss sI sI so so sf sI ss so}", "topic", part->topic, "partition",
						(json_int_t)part->partition, "next_offset", (json_int_t)part->next,
						"end_offset", json_line_number(service_end(part)), "lag",
						json_line_number(part->lag), "lag_seconds", part->behind_s,
						"epoch", (json_int_t)part->epoch, "owner", part->owner,
						"committed_at", json_line_moment(part->updated_us)));
	}
	return list;
}

static void print_json(const struct ctl *ctl, const struct status *status)
{
	const struct service *service = &status->service;
	json_t *wrong = json_array(), *endpoints = json_array();
	for (size_t i = 0; i < status->wrong_count && i < WRONG_MAX; i++) {
		json_array_append_new(wrong, json_string(status->wrong[i]));
	}
	for (size_t i = 0; i < status->endpoint_count; i++) {
		const struct endpoint *endpoint = &status->endpoints[i];
		json_array_append_new(endpoints, json_pack("{ss sb sb ss}", "address", endpoint->address,
							   "reached", endpoint->reached, "ready", endpoint->ready,
							   "why", endpoint->why));
	}
	json_t *object = json_pack("{sb so ss si so so sI sI sb sI sf so so}", "healthy", status->wrong_count == 0,
				   "wrong", wrong, "group", ctl->conf.kafka.group, "schema", SCHEMA_VERSION,
				   "model", service->model[0] != '\0' ? json_string(service->model) : json_null(),
				   "model_accepted_at",
				   service->model[0] != '\0' ? json_line_moment(service->model_us) : json_null(),
				   "rejected_hour", (json_int_t)service->rejected_hour, "rejected_day",
				   (json_int_t)service->rejected_day, "kafka", status->has_kafka, "lag",
				   (json_int_t)service->lag, "lag_seconds", service->behind_s, "endpoints",
				   endpoints, "partitions", json_parts(service));
	json_line_print(object, 0);
}

/* ---- Table ---- */

static const struct terminal_column columns[] = {
	{"PARTITION", 22, false, false}, {"NEXT", 11, true, false},  {"LAG", 9, true, false},
	{"BEHIND", 8, true, false},	 {"COMMIT", 8, true, false}, {"OWNER", 24, false, false},
};

static void print_parts(const struct service *service)
{
	if (service->count > 0) {
		terminal_titles(columns, COUNT_OF(columns));
	}
	for (size_t i = 0; i < service->count; i++) {
		const struct service_part *part = &service->parts[i];
		char name[320], next[24] = "beginning", lag[24] = "", behind[TERMINAL_AGE_SIZE],
				commit[TERMINAL_AGE_SIZE];
		snprintf(name, sizeof(name), "%s/%" PRId64, part->topic, part->partition);
		if (part->next != POSITION_BEGINNING) {
			snprintf(next, sizeof(next), "%" PRId64, part->next);
		}
		if (part->lag >= 0) {
			snprintf(lag, sizeof(lag), "%" PRId64, part->lag);
		}
		terminal_age(part->behind_s, behind);
		terminal_age((double)(service->now_us - part->updated_us) / (double)MOMENT_SECOND_US, commit);
		const char *const cells[] = {name, next, lag, part->lag > 0 ? behind : "", commit, part->owner};
		terminal_row(columns, COUNT_OF(columns), cells, part->lag > 0 ? TERMINAL_YELLOW : TERMINAL_PLAIN,
			     "");
	}
}

static void print_table(const struct ctl *ctl, const struct status *status)
{
	const struct service *service = &status->service;
	char age[TERMINAL_AGE_SIZE];
	print_parts(service);
	terminal_age(service->behind_s, age);
	printf("group %s: %zu partition%s, %" PRId64 " waiting, %s behind\n", ctl->conf.kafka.group,
	       service->count, service->count == 1 ? "" : "s", service->lag, age);
	terminal_age((double)(service->now_us - service->model_us) / (double)MOMENT_SECOND_US, age);
	printf("schema %d, model %s%s%s%s\n", SCHEMA_VERSION, service->model[0] != '\0' ? service->model : "none",
	       service->model[0] != '\0' ? ", in force for " : "", service->model[0] != '\0' ? age : "", "");
	printf("rejected: %" PRId64 " in the last hour, %" PRId64 " in the last day\n", service->rejected_hour,
	       service->rejected_day);
	for (size_t i = 0; i < status->endpoint_count; i++) {
		endpoint_print(&status->endpoints[i], stdout);
	}
	for (size_t i = 0; i < status->wrong_count && i < WRONG_MAX; i++) {
		printf("%swrong: %s%s\n", terminal_style(TERMINAL_YELLOW), status->wrong[i],
		       terminal_style_end(TERMINAL_YELLOW));
	}
	if (status->wrong_count > WRONG_MAX) {
		printf("… and %zu more\n", status->wrong_count - WRONG_MAX);
	}
	printf("%s\n", status->wrong_count == 0 ? "healthy" : "not healthy");
}

static bool load(struct ctl *ctl, struct status *status, struct fail *fail)
{
	if (!ctl_read_conf(ctl, fail)) {
		return false;
	}
	if (!endpoints_list(asked.endpoints != NULL ? asked.endpoints : ctl->conf.http.listen, &ctl->arena,
			    status->endpoints, &status->endpoint_count)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"--endpoints: expected at most %d addresses, commas between", ENDPOINTS_MAX);
	}
	struct postgres *postgres = ctl_connect_to_schema(ctl, fail);
	bool good = postgres != NULL && service_load(ctl, postgres, &ctl->arena, &status->service, fail);
	postgres_destroy(postgres);
	if (!good) {
		return false;
	}
	struct fail trouble;
	status->has_kafka = ctl_read_properties(ctl, &trouble) &&
			    service_ask_kafka(ctl, &ctl->arena, &status->service, &trouble);
	if (!status->has_kafka) {
		snprintf(status->kafka_trouble, sizeof(status->kafka_trouble), "%.250s", trouble.text);
	}
	for (size_t i = 0; i < status->endpoint_count; i++) {
		endpoint_ask(&status->endpoints[i], &ctl->arena);
	}
	return true;
}

static int run(struct ctl *ctl)
{
	static struct status status;
	struct fail fail;
	terminal_start();
	if (!load(ctl, &status, &fail)) {
		return ctl_give_up(ctl, &fail);
	}
	judge(&status);
	if (asked.json) {
		print_json(ctl, &status);
	} else {
		print_table(ctl, &status);
	}
	return status.wrong_count == 0 ? EXIT_DONE : EXIT_FOUND;
}

const struct command status_command = {
	.words = "status",
	.summary = "what is running where, how far it is, and whether that is well",
	.details = "BEHIND is the age of the oldest message that waits, COMMIT how long ago the partition's "
		   "position was "
		   "written.\n"
		   "Exit 0: healthy. 1: not: a partition is more than --lag-max behind, has stopped or makes no "
		   "progress, an "
		   "endpoint\n"
		   "is not ready or does not answer, Kafka is away, or there is no model or no position. 69: "
		   "PostgreSQL is "
		   "away.\n"
		   "Needs phased_monitor or phased_writer.",
	.options = options,
	.run = run,
};

#include "ctl/top.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/moment.h"
#include "ctl/position.h"
#include "ctl/terminal.h"

#define NUMBER_SIZE 32

/* A second's growth; one that fell began anew: nothing is known of it. */
static double rate(const struct top_sample *before, const struct top_sample *now, double was, double is)
{
	double seconds = (double)(now->at_us - before->at_us) / (double)MOMENT_SECOND_US;
	return seconds > 0 && is > was ? (is - was) / seconds : 0;
}

/* 12345678 → "12,345,678". */
static const char *grouped(double value, char ret_text[static NUMBER_SIZE])
{
	char digits[NUMBER_SIZE];
	int size = snprintf(digits, sizeof(digits), "%.0f", value > 0 && value < 1e15 ? value : 0);
	size_t used = 0;
	for (int i = 0; i < size && used + 2 < NUMBER_SIZE; i++) {
		if (i > 0 && (size - i) % 3 == 0) {
			ret_text[used++] = ',';
		}
		ret_text[used++] = digits[i];
	}
	ret_text[used] = '\0';
	return ret_text;
}

static double lag_of(const struct top_sample *sample)
{
	return sample->has_metrics || !sample->has_service ? sample->metric_lag : (double)sample->service.lag;
}

static double behind_of(const struct top_sample *sample)
{
	return sample->has_metrics || !sample->has_service ? sample->metric_behind_s : sample->service.behind_s;
}

/* ---- positions ---- */

static double part_rate(const struct top_sample *before, const struct top_sample *now,
			const struct service_part *part)
{
	for (size_t i = 0; before->has_service && i < before->service.count; i++) {
		const struct service_part *was = &before->service.parts[i];
		if (was->partition == part->partition && strcmp(was->topic, part->topic) == 0) {
			return rate(before, now, (double)(was->next > 0 ? was->next : 0), (double)part->next);
		}
	}
	return 0;
}

static double all_parts_rate(const struct top_sample *before, const struct top_sample *now)
{
	double sum = 0;
	for (size_t i = 0; now->has_service && i < now->service.count; i++) {
		sum += part_rate(before, now, &now->service.parts[i]);
	}
	return sum;
}

static int by_lag(const void *a, const void *b)
{
	const struct service_part *x = *(const struct service_part *const *)a,
				  *y = *(const struct service_part *const *)b;
	if (x->lag != y->lag) {
		return x->lag < y->lag ? 1 : -1;
	}
	int order = strcmp(x->topic, y->topic);
	return order != 0 ? order : (x->partition > y->partition) - (x->partition < y->partition);
}

static void view_parts(const struct top_sample *before, const struct top_sample *now, FILE *out)
{
	const struct service *service = &now->service;
	const struct service_part **order = calloc(service->count + 1, sizeof(const struct service_part *));
	if (order == NULL || !now->has_service) {
		free(order);
		return;
	}
	for (size_t i = 0; i < service->count; i++) {
		order[i] = &service->parts[i];
	}
	qsort(order, service->count, sizeof(const struct service_part *), by_lag);
	fprintf(out, "\n%-24s %13s %9s %11s %8s  %s\n", "PARTITION", "NEXT", "/s", "LAG", "BEHIND", "OWNER");
	for (size_t i = 0; i < service->count; i++) {
		const struct service_part *part = order[i];
		char name[320], cell[TERMINAL_CELL_SIZE], owner[TERMINAL_CELL_SIZE], age[TERMINAL_AGE_SIZE] = "",
										     numbers[3][NUMBER_SIZE];
		snprintf(name, sizeof(name), "%s/%" PRId64, part->topic, part->partition);
		terminal_fit(name, 24, false, cell);
		terminal_fit(part->owner, 28, false, owner);
		if (part->lag > 0) {
			terminal_age(part->behind_s, age);
		}
		fprintf(out, "%s %13s %9s %11s %8s  %s\n", cell, grouped((double)part->next, numbers[0]),
			grouped(part_rate(before, now, part), numbers[1]),
			part->lag >= 0 ? grouped((double)part->lag, numbers[2]) : "", age, owner);
	}
	free(order);
}

/* ---- outcomes and steps ---- */

static void view_outcomes(const struct top_sample *before, const struct top_sample *now, FILE *out)
{
	fprintf(out, "\n%-20s %11s %17s\n", "OUTCOME", "/s", "TOTAL");
	for (int i = OUTCOME_NONE + 1; i < OUTCOME_COUNT; i++) {
		char numbers[2][NUMBER_SIZE];
		if (now->outcomes[i] > 0) {
			fprintf(out, "%-20s %11s %17s\n", outcome_about[i].name,
				grouped(rate(before, now, before->outcomes[i], now->outcomes[i]), numbers[0]),
				grouped(now->outcomes[i], numbers[1]));
		}
	}
}

struct step_pace {
	const char *name;
	double busy, ms; /* seconds a second; of a run */
};

static int by_busy(const void *a, const void *b)
{
	double x = ((const struct step_pace *)a)->busy, y = ((const struct step_pace *)b)->busy;
	return (x < y) - (x > y);
}

/* The busiest first; returns how many were busy at all. */
static size_t pace_steps(const struct top_sample *before, const struct top_sample *now,
			 struct step_pace ret_paces[static TOP_STEPS_MAX])
{
	size_t used = 0;
	for (size_t i = 0; i < now->step_count; i++) {
		const struct top_step *step = &now->steps[i];
		struct top_step was = {.seconds = step->seconds};
		for (size_t j = 0; j < before->step_count; j++) {
			was = strcmp(before->steps[j].name, step->name) == 0 ? before->steps[j] : was;
		}
		double busy = rate(before, now, was.seconds, step->seconds),
		       runs = rate(before, now, was.runs, step->runs);
		if (busy > 0) {
			ret_paces[used++] =
				(struct step_pace){step->name, busy, runs > 0 ? busy / runs * 1000 : 0};
		}
	}
	if (used > 0) {
		qsort(ret_paces, used, sizeof(*ret_paces), by_busy);
	}
	return used;
}

static void view_steps(const struct top_sample *before, const struct top_sample *now, FILE *out)
{
	struct step_pace paces[TOP_STEPS_MAX] = {0};
	size_t count = pace_steps(before, now, paces);
	fprintf(out, "\n%-20s %11s %17s\n", "STEP", "BUSY", "A RUN");
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%-20s %9.1f %% %14.1f ms%s\n", paces[i].name, paces[i].busy * 100, paces[i].ms,
			i == 0 ? "  slowest" : "");
	}
}

/* ---- the whole ---- */

void top_view(const struct top_sample *before, const struct top_sample *now, const char *group, FILE *out)
{
	char clock[MOMENT_TEXT_SIZE], age[TERMINAL_AGE_SIZE], numbers[4][NUMBER_SIZE];
	moment_print_second(now->wall_us, clock);
	fprintf(out, "phased  group %s  %s", group, clock);
	if (now->has_service) {
		fprintf(out, "  model %s", now->service.model[0] != '\0' ? now->service.model : "none");
	}
	fputc('\n', out);
	for (size_t i = 0; i < now->endpoint_count; i++) {
		endpoint_print(&now->endpoints[i], out);
	}
	if (!now->has_service) {
		fprintf(out, "%s\n", now->trouble);
	}
	double received = now->has_metrics ? rate(before, now, before->received, now->received)
					   : all_parts_rate(before, now);
	double applied = rate(before, now, before->outcomes[OUTCOME_applied], now->outcomes[OUTCOME_applied]);
	terminal_age(behind_of(now), age);
	fprintf(out, "received %s/s  applied %s/s  in flight %s  lag %s, %s behind\n",
		grouped(received, numbers[0]), grouped(applied, numbers[1]), grouped(now->in_flight, numbers[2]),
		grouped(lag_of(now), numbers[3]), age);
	if (now->has_collector) {
		fprintf(out, "collected %s/s\n",
			grouped(rate(before, now, before->collected, now->collected), numbers[0]));
	}
	if (now->has_metrics) {
		fprintf(out, "batches %.1f/s quick, %.1f/s careful  round trips %.1f/s\n",
			rate(before, now, before->quick, now->quick),
			rate(before, now, before->careful, now->careful),
			rate(before, now, before->turns, now->turns));
		view_outcomes(before, now, out);
		view_steps(before, now, out);
	}
	view_parts(before, now, out);
}

void top_line(const struct top_sample *before, const struct top_sample *now, FILE *out)
{
	char clock[MOMENT_TEXT_SIZE];
	struct step_pace paces[TOP_STEPS_MAX] = {0};
	size_t count = pace_steps(before, now, paces);
	double rejected = 0, received = now->has_metrics ? rate(before, now, before->received, now->received)
							 : all_parts_rate(before, now);
	for (int i = OUTCOME_NONE + 1; i < OUTCOME_COUNT; i++) {
		rejected += outcome_about[i].kept == OUTCOME_REJECTED
				    ? rate(before, now, before->outcomes[i], now->outcomes[i])
				    : 0;
	}
	moment_print_second(now->wall_us, clock);
	fprintf(out, "%s received %.0f/s applied %.0f/s rejected %.0f/s in_flight %.0f lag %.0f behind %.1f s",
		clock, received,
		rate(before, now, before->outcomes[OUTCOME_applied], now->outcomes[OUTCOME_applied]), rejected,
		now->in_flight, lag_of(now), behind_of(now));
	if (count > 0) {
		fprintf(out, " slowest %s %.1f %%", paces[0].name, paces[0].busy * 100);
	}
	fprintf(out, "%s%s\n", now->has_service ? "" : " ", now->trouble);
}

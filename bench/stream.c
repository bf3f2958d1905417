#include "bench/stream_inside.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"

#define RETRY_EVERY 101	  /* messages: one of them repeats an earlier one */
#define BOUNCE_PERCENT 45 /* visits of one page */
#define ON_PERCENT 55	  /* of the others go on after each page but the first two */
#define BESIDES_PERCENT 18
#define PAGES_MAX 30
#define MAIL_PERCENT 12 /* of visits on a journey begin in a mail */

/* Of a hundred visits how many begin in each hour of the day (UTC). */
static const uint8_t hours[24] = {1, 1, 1, 1, 1, 2, 4, 6, 8, 8, 8, 7, 5, 7, 8, 7, 6, 4, 4, 4, 3, 2, 1, 1};

/* ---- chance ---- */

static uint64_t below(struct stream *stream, uint64_t limit)
{
	stream->random += UINT64_C(0x9e3779b97f4a7c15);
	return stream_mix(stream->random) % limit;
}

static bool percent(struct stream *stream, unsigned chance)
{
	return below(stream, 100) < chance;
}

/* About exponential: many short, few long, at most eight times the mean. */
static int64_t about(struct stream *stream, int64_t mean)
{
	int64_t value = (int64_t)below(stream, (uint64_t)mean * 2);
	while (percent(stream, 30) && value < mean * 6) {
		value += (int64_t)below(stream, (uint64_t)mean * 2);
	}
	return value * 7 / 10;
}

/* Low numbers more often than high ones. */
static uint32_t popular(struct stream *stream, uint32_t count)
{
	uint64_t one = below(stream, UINT64_C(1) << 20), two = below(stream, UINT64_C(1) << 20);
	return (uint32_t)((one * two >> 20) * count >> 20);
}

/* ---- planning ---- */

/* When a contact is on its journey: days before the end of it all. */
struct window {
	int64_t first, days;
};

static struct window window_of(const struct stream *stream, uint32_t contact)
{
	const struct stream_options *options = &stream->options;
	uint64_t one = stream_mix(contact), two = stream_mix(one);
	int64_t longest = options->journey < options->days ? options->journey : options->days;
	if (longest == 0) {
		return (struct window){.first = options->days, .days = options->days};
	}
	int64_t days = 1 + (int64_t)(one % (uint64_t)longest);
	return (struct window){.first = days + (int64_t)(two % (uint64_t)(options->days - days + 1)),
			       .days = days};
}

static int64_t visit_start(struct stream *stream, struct window window)
{
	CHECK(window.days > 0);
	unsigned hour = (unsigned)below(stream, 24);
	while (below(stream, 8) >= hours[hour]) {
		hour = (unsigned)below(stream, 24);
	}
	int64_t day = window.first - window.days + 1 + (int64_t)below(stream, (uint64_t)window.days);
	return stream->options.until_s * MOMENT_SECOND_US - day * MOMENT_DAY_US +
	       (int64_t)hour * 3600 * MOMENT_SECOND_US + (int64_t)below(stream, UINT64_C(3600000000));
}

static struct stream_planned *plan(struct stream *stream, int64_t occurred_us, uint32_t contact,
				   enum stream_act act)
{
	struct stream_planned *planned = &stream->planned[stream->count++];
	*planned = (struct stream_planned){
		.occurred_us = occurred_us - occurred_us % STREAM_STAMP_US,
		.received_us = occurred_us + 30000 + about(stream, 300000),
		.contact = contact,
		.number = (uint32_t)stream->distinct++,
		.visit = stream->visits,
		.act = (uint8_t)act,
	};
	return planned;
}

static void choose_page(struct stream *stream, uint8_t *ret_section, uint16_t *ret_page)
{
	unsigned weight = (unsigned)below(stream, STREAM_WEIGHT_SUM);
	uint8_t section = 0;
	while (weight >= stream_sections[section].weight) {
		weight -= stream_sections[section].weight;
		section++;
	}
	*ret_section = section;
	*ret_page = (uint16_t)popular(stream, stream_sections[section].pages);
}

static unsigned visit_length(struct stream *stream)
{
	unsigned pages = percent(stream, BOUNCE_PERCENT) ? 1 : 2;
	while (pages > 1 && pages < PAGES_MAX && percent(stream, ON_PERCENT)) {
		pages++;
	}
	return pages;
}

/* What is read in the first, second and last third of a journey: the sections from, to. One in ten goes it backwards. */
static const uint8_t thirds[][2] = {{3, 5}, {6, 9}, {10, 12}};
#define READS_ON_PERCENT 60

static void choose_step(struct stream *stream, struct stream_planned *view, struct window window)
{
	int64_t begun_us = stream->options.until_s * MOMENT_SECOND_US - window.first * MOMENT_DAY_US;
	int64_t third = (view->occurred_us - begun_us) * 3 / (window.days * MOMENT_DAY_US);
	third = third < 0 ? 0 : third > 2 ? 2 : third;
	const uint8_t *range = thirds[view->contact % 10 == 3 ? 2 - third : third];
	if (percent(stream, READS_ON_PERCENT)) {
		view->section = (uint8_t)(range[0] + below(stream, range[1] - range[0] + 1u));
		view->page = (uint16_t)popular(stream, stream_sections[view->section].pages);
	} else {
		choose_page(stream, &view->section, &view->page);
	}
}

/* Which page an event is about, and whether it is a click in a mail. */
static void choose(struct stream *stream, struct stream_planned *view, struct window window, bool is_first)
{
	if (stream->options.journey == 0) {
		choose_page(stream, &view->section, &view->page);
		return;
	}
	choose_step(stream, view, window);
	if (is_first && percent(stream, MAIL_PERCENT)) {
		view->act = ACT_MAIL;
	}
}

static void plan_form(struct stream *stream, int64_t at_us, uint32_t contact)
{
	plan(stream, at_us, contact, ACT_FORM)->page = (uint16_t)(popular(stream, STREAM_FORMS));
}

/* At most `room` events. On a journey the form comes first, so that hardly anything is to be moved by it. */
static void plan_visit(struct stream *stream, uint32_t contact, bool with_form, size_t room)
{
	struct window window = window_of(stream, contact);
	bool form_first = with_form && stream->options.journey > 0;
	int64_t at_us =
		visit_start(stream, form_first ? (struct window){.first = window.first, .days = 1} : window);
	if (form_first) {
		plan_form(stream, at_us, contact);
		room--;
		with_form = false;
		at_us += 2 * MOMENT_SECOND_US + about(stream, 50 * MOMENT_SECOND_US);
	}
	unsigned pages = visit_length(stream);
	for (unsigned i = 0; i < pages && room > (with_form ? 1 : 0); i++) {
		struct stream_planned *view = plan(stream, at_us, contact, ACT_VIEW);
		choose(stream, view, window, i == 0);
		room--;
		at_us += 2 * MOMENT_SECOND_US + about(stream, 50 * MOMENT_SECOND_US);
		if (room > (with_form ? 1 : 0) && percent(stream, BESIDES_PERCENT)) {
			struct stream_planned *besides =
				plan(stream, at_us, contact, stream_sections[view->section].besides);
			besides->section = view->section;
			besides->page = view->page;
			room--;
			at_us += 2 * MOMENT_SECOND_US + about(stream, 20 * MOMENT_SECOND_US);
		}
	}
	if (with_form && room > 0) {
		plan_form(stream, at_us, contact);
	}
	stream->visits++;
}

/* A tracker that did not hear back: seconds later, or after a night in a closed laptop. */
static void plan_retry(struct stream *stream, const struct stream_planned *original)
{
	struct stream_planned *retry = &stream->planned[stream->count++];
	*retry = *original;
	retry->act |= STREAM_RETRY;
	retry->received_us += percent(stream, 90) ? about(stream, 20 * MOMENT_SECOND_US)
						  : about(stream, 6 * 3600 * MOMENT_SECOND_US);
	retry->occurred_us += (int64_t)below(stream, STREAM_STAMP_US); /* the clock's correction is another one */
}

static int compare_planned(const void *a, const void *b)
{
	const struct stream_planned *x = a, *y = b;
	if (x->received_us != y->received_us) {
		return x->received_us < y->received_us ? -1 : 1;
	}
	if (x->number != y->number) {
		return x->number < y->number ? -1 : 1;
	}
	return (x->act & STREAM_RETRY) - (y->act & STREAM_RETRY);
}

static void plan_all(struct stream *stream)
{
	const struct stream_options *options = &stream->options;
	size_t events = (size_t)options->events, visits = (size_t)stream_distinct(options);
	uint32_t contacts = (uint32_t)options->contacts;
	for (uint32_t contact = 0; contact < contacts; contact++) {
		size_t rest = contacts - contact - 1; /* each of them needs one */
		uint32_t person;
		plan_visit(stream, contact, stream_person(stream, contact, &person),
			   visits - stream->count - rest);
	}
	while (stream->count < visits) {
		plan_visit(stream, popular(stream, contacts), false, visits - stream->count);
	}
	while (stream->count < events) {
		plan_retry(stream, &stream->planned[below(stream, visits)]);
	}
	qsort(stream->planned, stream->count, sizeof(*stream->planned), compare_planned);
}

int64_t stream_distinct(const struct stream_options *options)
{
	return options->events - options->events / RETRY_EVERY;
}

struct stream *stream_create(const struct stream_options *options)
{
	CHECK(options->contacts >= 1 && options->contacts <= stream_distinct(options) && options->days >= 1 &&
	      options->known >= 1 && options->known <= 20);
	struct stream *stream = calloc(1, sizeof(*stream));
	if (stream != NULL) {
		stream->options = *options;
		stream->random = stream_mix((uint64_t)options->seed);
		stream->planned = calloc((size_t)options->events, sizeof(*stream->planned));
	}
	if (stream == NULL || stream->planned == NULL) {
		stream_destroy(stream);
		return NULL;
	}
	plan_all(stream);
	return stream;
}

void stream_destroy(struct stream *stream)
{
	if (stream != NULL) {
		free(stream->planned);
		free(stream);
	}
}

bool stream_next(struct stream *stream, struct arena *arena, struct event *ret_event, bool *ret_is_retry)
{
	if (stream->at == stream->count) {
		return false;
	}
	const struct stream_planned *planned = &stream->planned[stream->at++];
	stream_fill(stream, planned, arena, ret_event);
	*ret_is_retry = (planned->act & STREAM_RETRY) != 0;
	return true;
}

/* ---- right now ---- */

static void live_visitor(struct stream *stream, size_t place)
{
	bool is_new = percent(stream, 5);
	uint32_t known = (uint32_t)stream->options.contacts;
	stream->live[place].contact = is_new ? known + stream->live_contacts++ : (uint32_t)below(stream, known);
	stream->live[place].visit = ++stream->visits;
}

void stream_live(struct stream *stream, int64_t now_us, struct arena *arena, struct event *ret_event)
{
	if (stream->live_numbers == 0) {
		for (size_t i = 0; i < STREAM_LIVE_VISITORS; i++) {
			live_visitor(stream, i);
		}
	}
	size_t place = (size_t)below(stream, STREAM_LIVE_VISITORS);
	struct stream_planned planned = {
		.occurred_us = now_us,
		.received_us = now_us,
		.contact = stream->live[place].contact,
		.number = (uint32_t)(stream->distinct + stream->live_numbers++),
		.visit = stream->live[place].visit,
		.act = ACT_VIEW,
	};
	choose_page(stream, &planned.section, &planned.page);
	stream_fill(stream, &planned, arena, ret_event);
	ret_event->id = stream_uuid(stream, arena, "live",
				    stream_mix((uint64_t)now_us) + planned.number); /* of this run alone */
	CHECK(ret_event->id != NULL);
	if (percent(stream, BOUNCE_PERCENT)) {
		live_visitor(stream, place);
	}
}

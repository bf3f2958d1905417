#include "bench/stream.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"

#define RETRY_EVERY 101 /* messages: one of them repeats an earlier one */
#define IDENTIFY_EVERY 20
#define BOUNCE_PERCENT 45 /* visits of one page */
#define ON_PERCENT 55	  /* of the others go on after each page but the first two */
#define PAGES_MAX 30
#define LIVE_VISITORS 5000
#define STAMP_US 5000 /* what the stamps are rounded to, so that copies of an event have one */

/* One message to come. */
struct planned {
	int64_t received_us;
	int64_t occurred_us;
	uint32_t contact;
	uint32_t number; /* of the event; a retry has that of its original */
	uint32_t visit;	 /* whose session id it carries */
	uint16_t page;	 /* within its section, or the form */
	uint8_t section;
	uint8_t act; /* enum act; bit 7: a retry */
};

struct stream {
	struct stream_options options;
	struct planned *planned;
	size_t count, distinct, at;
	uint64_t random;
	uint32_t visits;
	uint32_t live_numbers, live_contacts;
	struct {
		uint32_t contact, visit;
	} live[LIVE_VISITORS];
};

/* ---- the site ---- */

enum act { ACT_VIEW, ACT_ENGAGED, ACT_DOWNLOAD, ACT_CLICK, ACT_SEARCH, ACT_PLAY, ACT_FORM };
#define RETRY 0x80

/* What pages there are, how often they are read, and what people do on them besides. `path` takes the page's number. */
static const struct section {
	unsigned weight, pages;
	enum act besides;
	const char *path, *title, *content;
} sections[] = {
	{150, 1, ACT_CLICK, "", "Nordlys Marine Navigation", "home-%u"},
	{40, 12, ACT_CLICK, "about/page-%u/", "About us, %u | Nordlys Marine Navigation", "about-%u"},
	{200, 400, ACT_ENGAGED, "blog/note-%u/", "Note %u from the quay | Nordlys Marine Navigation", "blog-%u"},
	{80, 120, ACT_ENGAGED, "articles/lost-position-%u/", "Why bridges lose position, %u | Nordlys", "art-%u"},
	{15, 8, ACT_PLAY, "films/trends-%u/", "Film: trends on the small bridge, %u", "film-%u"},
	{40, 60, ACT_DOWNLOAD, "library/position-integrity-%u/", "White paper: position integrity, %u", "wp-%u"},
	{55, 40, ACT_ENGAGED, "guides/choosing-a-radar-%u/", "Guide: choosing a radar, %u", "guide-%u"},
	{260, 800, ACT_ENGAGED, "products/item-%u/", "Item %u | Nordlys Marine Navigation", "item-%u"},
	{25, 3, ACT_CLICK, "compare/%u/", "Compare bridge systems, %u | Nordlys", "compare-%u"},
	{35, 60, ACT_ENGAGED, "customers/story-%u/", "Customer story: pilot boats, %u", "case-%u"},
	{8, 2, ACT_CLICK, "trust/security/%u/", "Security and type approval, %u | Nordlys", "doc-%u"},
	{10, 1, ACT_CLICK, "calculator/", "Specification calculator | Nordlys", "tool-%u"},
	{35, 2, ACT_ENGAGED, "prices/%u/", "Prices, %u | Nordlys Marine Navigation", "prices-%u"},
	{47, 300, ACT_SEARCH, "support/topic-%u/", "Help with topic %u | Nordlys", "help-%u"},
};
#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))
#define WEIGHT_SUM 1000
#define BESIDES_PERCENT 18

static const struct {
	const char *path, *title, *form;
} forms[] = {
	{"demo/", "Book a sea trial | Nordlys Marine Navigation", "demo-request"},
	{"quote/", "Ask for a quote | Nordlys Marine Navigation", "quote-request"},
	{"blog/", "Blog | Nordlys Marine Navigation", "newsletter"},
	{"library/", "Library | Nordlys Marine Navigation", "paper-access"},
};
#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

static const char *const roles[] = {"CFO", "Technical manager", "Skipper", "Procurement", "", "CEO", "IT", ""};
#define ROLE_COUNT (sizeof(roles) / sizeof(roles[0]))
static const char *const languages[] = {"en", "en-GB", "nb-NO", "de-DE", "da-DK", "sv-SE", "en-US", "fr-FR"};
#define LANGUAGE_COUNT (sizeof(languages) / sizeof(languages[0]))

/* Of a hundred visits how many begin in each hour of the day (UTC). */
static const uint8_t hours[24] = {1, 1, 1, 1, 1, 2, 4, 6, 8, 8, 8, 7, 5, 7, 8, 7, 6, 4, 4, 4, 3, 2, 1, 1};

/* ---- chance ---- */

static uint64_t mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

static uint64_t below(struct stream *stream, uint64_t limit)
{
	stream->random += UINT64_C(0x9e3779b97f4a7c15);
	return mix(stream->random) % limit;
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

static bool identifies(uint32_t contact)
{
	return contact % IDENTIFY_EVERY == IDENTIFY_EVERY - 1;
}

static int64_t visit_start(struct stream *stream)
{
	unsigned hour = (unsigned)below(stream, 24);
	while (below(stream, 8) >= hours[hour]) {
		hour = (unsigned)below(stream, 24);
	}
	int64_t day = (int64_t)below(stream, (uint64_t)stream->options.days) + 1;
	return stream->options.until_s * MOMENT_SECOND_US - day * MOMENT_DAY_US +
	       (int64_t)hour * 3600 * MOMENT_SECOND_US + (int64_t)below(stream, UINT64_C(3600000000));
}

static struct planned *plan(struct stream *stream, int64_t occurred_us, uint32_t contact, enum act act)
{
	struct planned *planned = &stream->planned[stream->count++];
	*planned = (struct planned){
		.occurred_us = occurred_us - occurred_us % STAMP_US,
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
	unsigned weight = (unsigned)below(stream, WEIGHT_SUM);
	uint8_t section = 0;
	while (weight >= sections[section].weight) {
		weight -= sections[section].weight;
		section++;
	}
	*ret_section = section;
	*ret_page = (uint16_t)popular(stream, sections[section].pages);
}

static unsigned visit_length(struct stream *stream)
{
	unsigned pages = percent(stream, BOUNCE_PERCENT) ? 1 : 2;
	while (pages > 1 && pages < PAGES_MAX && percent(stream, ON_PERCENT)) {
		pages++;
	}
	return pages;
}

/* At most `room` events. */
static void plan_visit(struct stream *stream, uint32_t contact, bool with_form, size_t room)
{
	int64_t at_us = visit_start(stream);
	unsigned pages = visit_length(stream);
	for (unsigned i = 0; i < pages && room > (with_form ? 1 : 0); i++) {
		struct planned *view = plan(stream, at_us, contact, ACT_VIEW);
		choose_page(stream, &view->section, &view->page);
		room--;
		at_us += 2 * MOMENT_SECOND_US + about(stream, 50 * MOMENT_SECOND_US);
		if (room > (with_form ? 1 : 0) && percent(stream, BESIDES_PERCENT)) {
			struct planned *besides = plan(stream, at_us, contact, sections[view->section].besides);
			besides->section = view->section;
			besides->page = view->page;
			room--;
			at_us += 2 * MOMENT_SECOND_US + about(stream, 20 * MOMENT_SECOND_US);
		}
	}
	if (with_form && room > 0) {
		plan(stream, at_us, contact, ACT_FORM)->page = (uint16_t)(popular(stream, FORM_COUNT));
	}
	stream->visits++;
}

/* A tracker that did not hear back: seconds later, or after a night in a closed laptop. */
static void plan_retry(struct stream *stream, const struct planned *original)
{
	struct planned *retry = &stream->planned[stream->count++];
	*retry = *original;
	retry->act |= RETRY;
	retry->received_us += percent(stream, 90) ? about(stream, 20 * MOMENT_SECOND_US)
						  : about(stream, 6 * 3600 * MOMENT_SECOND_US);
	retry->occurred_us += (int64_t)below(stream, STAMP_US); /* the clock's correction is another one */
}

static int compare_planned(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;
	if (x->received_us != y->received_us) {
		return x->received_us < y->received_us ? -1 : 1;
	}
	if (x->number != y->number) {
		return x->number < y->number ? -1 : 1;
	}
	return (x->act & RETRY) - (y->act & RETRY);
}

static void plan_all(struct stream *stream)
{
	const struct stream_options *options = &stream->options;
	size_t events = (size_t)options->events, visits = (size_t)stream_distinct(options);
	uint32_t contacts = (uint32_t)options->contacts;
	for (uint32_t contact = 0; contact < contacts; contact++) {
		size_t rest = contacts - contact - 1; /* each of them needs one */
		plan_visit(stream, contact, identifies(contact), visits - stream->count - rest);
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
	CHECK(options->contacts >= 1 && options->contacts <= stream_distinct(options) && options->days >= 1);
	struct stream *stream = calloc(1, sizeof(*stream));
	if (stream != NULL) {
		stream->options = *options;
		stream->random = mix((uint64_t)options->seed);
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

/* ---- events ---- */

static const char *uuid_of(const struct stream *stream, struct arena *arena, const char *what, uint64_t number)
{
	uint64_t salt = (uint64_t)stream->options.seed;
	for (; *what != '\0'; what++) {
		salt = mix(salt ^ (uint64_t)*what);
	}
	uint64_t high = mix(salt ^ number), low = mix(high);
	return arena_print(arena, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32),
			   (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
			   (unsigned)(0x8000 | (low >> 48 & 0x3fff)), (unsigned long long)(low & 0xffffffffffff));
}

/* Numbers that go into a text which may not use them are ignored, as printf does. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
static const char *numbered(struct arena *arena, const char *format, unsigned number)
{
	return arena_print(arena, format, number);
}
#pragma GCC diagnostic pop

static void fill_page(const struct planned *planned, struct arena *arena, struct event *event)
{
	const struct section *section = &sections[planned->section];
	event->content.url =
		arena_print(arena, "https://www.nordlys.test/%s", numbered(arena, section->path, planned->page));
	event->content.title = numbered(arena, section->title, planned->page);
	event->content.content_id = numbered(arena, section->content, planned->page);
	switch ((enum act)(planned->act & ~RETRY)) {
	case ACT_ENGAGED:
		event->action = ACTION_PAGE_ENGAGED;
		event->engaged_ms = (uint32_t)(mix(planned->number) % 200000);
		event->scroll_percent = (uint32_t)(mix(planned->number) % 101);
		break;
	case ACT_DOWNLOAD:
		event->action = ACTION_CONTENT_DOWNLOAD;
		event->content.target_url = arena_print(
			arena, "https://www.nordlys.test/library/position-integrity-%u.pdf", planned->page);
		break;
	case ACT_CLICK:
		event->action = ACTION_BUTTON_CLICK;
		event->label = "Calculate specification";
		break;
	case ACT_SEARCH:
		event->action = ACTION_SITE_SEARCH;
		event->content.search = "antenna height";
		break;
	case ACT_PLAY:
		event->action = ACTION_VIDEO_PLAY;
		break;
	case ACT_VIEW:
	case ACT_FORM:
		break;
	}
}

static void fill_form(const struct stream *stream, const struct planned *planned, struct arena *arena,
		      struct event *event)
{
	unsigned person = planned->contact / IDENTIFY_EVERY;
	bool is_second = person % 2 == 1 && mix(person) % 50 < (uint64_t)stream->options.second_percent;
	person -= is_second ? 1 : 0; /* the browser before is the first one of this person */
	event->action = ACTION_FORM_SUBMIT;
	event->content.url = arena_print(arena, "https://www.nordlys.test/%s", forms[planned->page].path);
	event->content.title = forms[planned->page].title;
	event->content.form_id = forms[planned->page].form;
	event->identity.email = arena_print(arena, "person%u@company%u.test", person, person / 7);
	event->identity.name = arena_print(arena, "Person %u", person);
	event->identity.role = roles[person % ROLE_COUNT];
	event->identity.company = arena_print(arena, "Company %u", person / 7);
	event->consent.profile = STATEMENT_GRANTED;
	event->consent.contact = person % 2 == 0 ? STATEMENT_GRANTED : STATEMENT_UNSAID;
	event->consent.policy = "2026-05";
}

static void fill(const struct stream *stream, const struct planned *planned, struct arena *arena,
		 struct event *event)
{
	uint64_t contact = mix(planned->contact);
	int64_t skew_us = (int64_t)(contact % 20000) - 10000; /* the sender's clock */
	memset(event, 0, sizeof(*event));
	event->id = uuid_of(stream, arena, "event", planned->number);
	event->source = "snowplow";
	event->site = "nordlys";
	event->channel = CHANNEL_WEB;
	event->action = ACTION_PAGE_VIEW;
	event->occurred_us = planned->occurred_us;
	event->received_us = planned->received_us;
	event->party = PARTY_PERSON;
	event->label = "";
	event->identity.anonymous_id = uuid_of(stream, arena, "contact", planned->contact);
	event->identity.visitor_id = event->identity.recipient_id = event->identity.email = "";
	event->identity.user_id = event->identity.crm_id = event->identity.previous_id = "";
	event->identity.name = event->identity.title = event->identity.role = "";
	event->identity.company = event->identity.company_domain = "";
	event->consent.analytics = STATEMENT_GRANTED;
	event->consent.policy = "";
	event->content.url = event->content.title = event->content.content_id = event->content.form_id = "";
	event->content.target_url = event->content.search = event->content.topic = "";
	event->content.referrer = "https://www.nordlys.test/";
	event->content.language = languages[contact % LANGUAGE_COUNT];
	event->campaign.source = event->campaign.medium = event->campaign.name = "";
	event->campaign.term = event->campaign.content = event->campaign.message_id = "";
	if (planned->visit % 8 == 0) {
		event->content.referrer = "https://search.test/";
		event->campaign.source = "search";
		event->campaign.medium = "cpc";
		event->campaign.name = "autumn-refit";
	}
	event->session_id = uuid_of(stream, arena, "visit", planned->visit);
	event->thread_id = event->process = "";
	event->opportunity.id = event->opportunity.stage = event->opportunity.currency = event->opportunity.owner =
		"";
	if ((planned->act & ~RETRY) == ACT_FORM) {
		fill_form(stream, planned, arena, event);
	} else {
		fill_page(planned, arena, event);
	}
	/* The stamp is the same in each copy: the moment without what corrected it. */
	event->stamped_us = (planned->occurred_us - planned->occurred_us % STAMP_US) + skew_us;
	CHECK(event->session_id != NULL && event->content.title != NULL); /* else the arena was full */
}

bool stream_next(struct stream *stream, struct arena *arena, struct event *ret_event, bool *ret_is_retry)
{
	if (stream->at == stream->count) {
		return false;
	}
	const struct planned *planned = &stream->planned[stream->at++];
	fill(stream, planned, arena, ret_event);
	*ret_is_retry = (planned->act & RETRY) != 0;
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
		for (size_t i = 0; i < LIVE_VISITORS; i++) {
			live_visitor(stream, i);
		}
	}
	size_t place = (size_t)below(stream, LIVE_VISITORS);
	struct planned planned = {
		.occurred_us = now_us,
		.received_us = now_us,
		.contact = stream->live[place].contact,
		.number = (uint32_t)(stream->distinct + stream->live_numbers++),
		.visit = stream->live[place].visit,
		.act = ACT_VIEW,
	};
	choose_page(stream, &planned.section, &planned.page);
	fill(stream, &planned, arena, ret_event);
	ret_event->id =
		uuid_of(stream, arena, "live", mix((uint64_t)now_us) + planned.number); /* of this run alone */
	CHECK(ret_event->id != NULL);
	if (percent(stream, BOUNCE_PERCENT)) {
		live_visitor(stream, place);
	}
}

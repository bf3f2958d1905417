/*
 * The events of a stream: what the invented site has, and what a planned message says about it and who sent it.
 */
#include <string.h>

#include "bench/stream_inside.h"
#include "core/base/arena.h"
#include "core/base/check.h"

/* ---- the site ---- */

/* What pages there are, how often they are read, and what people do on them besides. `path` takes the page's number. */
const struct stream_section stream_sections[STREAM_SECTIONS] = {
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

static const struct {
	const char *path, *title, *form;
} forms[STREAM_FORMS] = {
	{"demo/", "Book a sea trial | Nordlys Marine Navigation", "demo-request"},
	{"quote/", "Ask for a quote | Nordlys Marine Navigation", "quote-request"},
	{"blog/", "Blog | Nordlys Marine Navigation", "newsletter"},
	{"library/", "Library | Nordlys Marine Navigation", "paper-access"},
};

static const char *const roles[] = {"CFO", "Technical manager", "Skipper", "Procurement", "", "CEO", "IT", ""};
#define ROLE_COUNT (sizeof(roles) / sizeof(roles[0]))
static const char *const languages[] = {"en", "en-GB", "nb-NO", "de-DE", "da-DK", "sv-SE", "en-US", "fr-FR"};
#define LANGUAGE_COUNT (sizeof(languages) / sizeof(languages[0]))
/* Of those who are told apart by --journey: every role that there is, and who says none. */
static const char *const buyers[] = {"CEO",	   "CFO",   "CMO",  "HR",      "IT", "Procurement",
				     "Production", "Sales", "User", "Skipper", ""};
#define BUYER_COUNT (sizeof(buyers) / sizeof(buyers[0]))
static const char *const sites[] = {"nordlys", "nordlys-de", "nordlys-shop"};
#define SITE_COUNT (sizeof(sites) / sizeof(sites[0]))
#define TOLD_OF 20 /* browsers: so many of them as options.known say who they are */

/* ---- events ---- */

uint64_t stream_mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

const char *stream_uuid(const struct stream *stream, struct arena *arena, const char *what, uint64_t number)
{
	uint64_t salt = (uint64_t)stream->options.seed;
	for (; *what != '\0'; what++) {
		salt = stream_mix(salt ^ (uint64_t)*what);
	}
	uint64_t high = stream_mix(salt ^ number), low = stream_mix(high);
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

static void fill_page(const struct stream_planned *planned, struct arena *arena, struct event *event)
{
	const struct stream_section *section = &stream_sections[planned->section];
	event->content.url =
		arena_print(arena, "https://www.nordlys.test/%s", numbered(arena, section->path, planned->page));
	event->content.title = numbered(arena, section->title, planned->page);
	event->content.content_id = numbered(arena, section->content, planned->page);
	switch ((enum stream_act)(planned->act & ~STREAM_RETRY)) {
	case ACT_ENGAGED:
		event->action = ACTION_PAGE_ENGAGED;
		event->engaged_ms = (uint32_t)(stream_mix(planned->number) % 200000);
		event->scroll_percent = (uint32_t)(stream_mix(planned->number) % 101);
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
	case ACT_MAIL:
		break;
	}
}

bool stream_person(const struct stream *stream, uint32_t contact, uint32_t *ret_person)
{
	uint32_t known = (uint32_t)stream->options.known, place = contact % TOLD_OF;
	if (place < TOLD_OF - known) {
		return false;
	}
	*ret_person = contact / TOLD_OF * known + place - (TOLD_OF - known);
	return true;
}

/* Each company has somebody; of the rest, the first companies have most. */
static uint32_t company_of(const struct stream *stream, uint32_t person)
{
	uint64_t accounts = (uint64_t)stream->options.accounts;
	if (accounts == 0 || person < accounts) {
		return accounts == 0 ? person / 7 : person;
	}
	uint64_t one = stream_mix(person), two = stream_mix(one);
	return (uint32_t)(((one >> 44) * (two >> 44) >> 20) * accounts >> 20);
}

static void fill_form(const struct stream *stream, const struct stream_planned *planned, struct arena *arena,
		      struct event *event)
{
	uint32_t person;
	CHECK(stream_person(stream, planned->contact, &person));
	bool is_second = person % 2 == 1 && stream_mix(person) % 50 < (uint64_t)stream->options.second_percent;
	person -= is_second ? 1 : 0; /* the browser before is the first one of this person */
	uint32_t company = company_of(stream, person);
	event->action = ACTION_FORM_SUBMIT;
	event->content.url = arena_print(arena, "https://www.nordlys.test/%s", forms[planned->page].path);
	event->content.title = forms[planned->page].title;
	event->content.form_id = forms[planned->page].form;
	event->identity.email = arena_print(arena, "person%u@company%u.test", person, company);
	event->identity.name = arena_print(arena, "Person %u", person);
	event->identity.role = stream->options.journey > 0 ? buyers[stream_mix(person) % BUYER_COUNT]
							   : roles[person % ROLE_COUNT];
	event->identity.company = arena_print(arena, "Company %u", company);
	event->consent.profile = STATEMENT_GRANTED;
	event->consent.contact = person % 2 == 0 ? STATEMENT_GRANTED : STATEMENT_UNSAID;
	event->consent.policy = "2026-05";
}

/* With options.journey: several sites, mail, and crawlers. */
static void fill_variety(const struct stream *stream, const struct stream_planned *planned, struct event *event)
{
	event->site = sites[planned->contact % SITE_COUNT];
	if (planned->act % STREAM_RETRY == ACT_MAIL) {
		event->channel = CHANNEL_EMAIL;
		event->action = ACTION_EMAIL_CLICK;
		event->source = "mailgun";
		event->campaign.message_id = "autumn";
	}
	if (stream_mix(planned->visit) % 100 < (uint64_t)stream->options.machine_percent) {
		event->machine_reasons = MACHINE_USER_AGENT;
	}
}

void stream_fill(const struct stream *stream, const struct stream_planned *planned, struct arena *arena,
		 struct event *event)
{
	uint64_t contact = stream_mix(planned->contact);
	int64_t skew_us = (int64_t)(contact % 20000) - 10000; /* the sender's clock */
	memset(event, 0, sizeof(*event));
	event->id = stream_uuid(stream, arena, "event", planned->number);
	event->source = "snowplow";
	event->site = "nordlys";
	event->channel = CHANNEL_WEB;
	event->action = ACTION_PAGE_VIEW;
	event->occurred_us = planned->occurred_us;
	event->received_us = planned->received_us;
	event->party = PARTY_PERSON;
	event->label = "";
	event->identity.anonymous_id = stream_uuid(stream, arena, "contact", planned->contact);
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
	event->session_id = stream_uuid(stream, arena, "visit", planned->visit);
	event->thread_id = event->process = "";
	event->opportunity.id = event->opportunity.stage = event->opportunity.currency = event->opportunity.owner =
		"";
	if ((planned->act & ~STREAM_RETRY) == ACT_FORM) {
		fill_form(stream, planned, arena, event);
	} else {
		fill_page(planned, arena, event);
	}
	if (stream->options.journey > 0) {
		fill_variety(stream, planned, event);
	}
	/* The stamp is the same in each copy: the moment without what corrected it. */
	event->stamped_us = (planned->occurred_us - planned->occurred_us % STREAM_STAMP_US) + skew_us;
	CHECK(event->session_id != NULL && event->content.title != NULL); /* else the arena was full */
}

/*
 * Messages by chance: who, what, when, which copies.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/decode.h"
#include "core/flow/facts.h"
#include "tests/daemon/plan.h"
#include "tests/random.h"

#define MINUTE_US INT64_C(60000000)

/* A plan in the making. */
struct making {
	struct plan *plan;
	struct arena *arena;
	uint64_t chance;
	unsigned number;
	uint64_t weak_count, person_count;
	const struct identity_key *key;
};

static uint64_t below(struct making *making, uint64_t count)
{
	return random_below(&making->chance, count);
}

/* So many times in a hundred. */
static bool now_and_then(struct making *making, unsigned percent)
{
	return below(making, 100) < percent;
}

static const char *name(struct making *making, const char *format, uint64_t number)
{
	const char *text = arena_print(making->arena, "%s%d", format, (int)number);
	CHECK(text != NULL);
	return text;
}

/* Quarters of an hour, so that gaps are near half an hour; a little to either side of it. */
static int64_t some_time(struct making *making)
{
	static const int64_t beside[] = {
		0, 0, 0, 0, 1, -1, 999, 1000, -1000, 500000, MINUTE_US, -MINUTE_US, MINUTE_US + 1000};
	bool apart =
		making->plan->seed % 4 == 0; /* mostly months, so that time alone changes something in between */
	int64_t days = now_and_then(making, apart ? 70 : 10) ? (int64_t)below(making, apart ? 130 : 40) : 0;
	return PLAN_BEGIN_US + days * MOMENT_DAY_US + (int64_t)below(making, 14) * 15 * MINUTE_US +
	       beside[below(making, COUNT_OF(beside))];
}

static struct event blank(struct making *making)
{
	static const char *const sites[] = {"nordlys", "nordlys", "nordlys", "other"};
	struct event event = plan_blank();
	event.id = name(making, "e", making->number++);
	event.site = sites[below(making, COUNT_OF(sites))];
	event.occurred_us = some_time(making);
	event.stamped_us =
		now_and_then(making, 10) ? 0 : event.occurred_us + (int64_t)below(making, 3) * MINUTE_US;
	event.received_us = event.occurred_us + (int64_t)below(making, 5) * MOMENT_SECOND_US;
	return event;
}

/* ---- who ---- */

static void add_weak(struct making *making, struct event *event)
{
	event->identity.anonymous_id = name(making, "cookie-", below(making, making->weak_count));
	event->site = "nordlys";
}

static void add_strong(struct making *making, struct event *event)
{
	uint64_t person = below(making, making->person_count);
	switch (below(making, 6)) {
	case 0:
		event->identity.user_id = name(making, "user-", person);
		event->site = "nordlys";
		break;
	case 1: {
		event->identity.user_id = name(making, "user-", person);
		event->site = "nordlys";
		if (now_and_then(making, 50)) {
			person = below(making, making->person_count);
		}
		event->identity.email = arena_print(making->arena, "p%d@firma.test", (int)person);
		break;
	}
	case 2:
		event->identity.crm_id = name(making, "crm-", person);
		event->site = "nordlys";
		if (now_and_then(making, 40)) {
			event->identity.email = arena_print(making->arena, "p%d@firma.test",
							    (int)below(making, making->person_count));
		}
		break;
	default:
		event->identity.email = arena_print(making->arena, "p%d@firma.test", (int)person);
	}
	event->identity.verified = now_and_then(making, 40);
}

static void say_something(struct making *making, struct event *event)
{
	static const char *const titles[] = {"CFO", "Head of purchasing", "Maskinchef", ""};
	static const char *const roles[] = {"", "", "cfo", "skipper"};
	if (now_and_then(making, 70)) {
		event->identity.name = name(making, "Name ", below(making, 3));
	}
	event->identity.title = titles[below(making, COUNT_OF(titles))];
	event->identity.role = roles[below(making, COUNT_OF(roles))];
	if (now_and_then(making, 30)) {
		event->identity.company = name(making, "Firma ", below(making, 2));
		event->identity.company_domain =
			event->identity.title[0] == 'C' ? "nord.firma.test" : "other.test";
	}
}

static void state_consent(struct making *making, struct event *event, unsigned percent)
{
	static const enum statement states[] = {STATEMENT_GRANTED, STATEMENT_GRANTED, STATEMENT_GRANTED,
						STATEMENT_GRANTED, STATEMENT_DENIED,  STATEMENT_WITHDRAWN};
	if (now_and_then(making, percent)) {
		event->consent.profile = states[below(making, COUNT_OF(states))];
	}
	if (now_and_then(making, percent / 2)) {
		event->consent.contact = states[below(making, COUNT_OF(states))];
	}
	event->consent.policy = now_and_then(making, 30) ? "2026-1" : "";
}

/* ---- what ---- */

static const char *some_process(struct making *making, unsigned percent)
{
	static const char *const names[] = {"tender", "tender", "parts", "standard", "no-such"};
	return now_and_then(making, percent) ? names[below(making, COUNT_OF(names))] : "";
}

static void page(struct making *making, struct event *event)
{
	static const char *const paths[] = {"early", "early", "mid", "late", "guide", "about", "tender", "part"};
	event->content.url =
		arena_print(making->arena, "https://www.nordlys.test/%s", paths[below(making, COUNT_OF(paths))]);
	event->content.title = name(making, "Page ", below(making, 2));
	event->process = some_process(making, 8);
	if (making->plan->is_calm && now_and_then(making, 50)) {
		event->site = "nordlys";
		event->identity.recipient_id = "recipient-0"; /* between clicks on mails */
		event->occurred_us += (int64_t)below(making, 7) * 10 * MOMENT_SECOND_US;
		event->received_us += MINUTE_US;
		return;
	}
	add_weak(making, event);
	if (!making->plan->is_calm && now_and_then(making, 12)) {
		add_strong(making, event);
		state_consent(making, event, 30);
	}
}

static void form(struct making *making, struct event *event)
{
	event->action = now_and_then(making, 50) ? ACTION_FORM_SUBMIT : ACTION_IDENTIFY;
	event->content.form_id = "contact";
	event->content.url = "https://www.nordlys.test/late";
	add_weak(making, event);
	add_strong(making, event);
	say_something(making, event);
	state_consent(making, event, 80);
}

/* Somebody known, without a browser. */
static void strong_only(struct making *making, struct event *event)
{
	static const int actions[] = {ACTION_CONSENT, ACTION_PAGE_VIEW, ACTION_CUSTOM, ACTION_TOUCH};
	event->action = actions[below(making, COUNT_OF(actions))];
	event->content.url = "https://www.nordlys.test/mid";
	event->channel = event->action == ACTION_TOUCH ? CHANNEL_OFFLINE : CHANNEL_WEB;
	add_strong(making, event);
	say_something(making, event);
	if (event->action == ACTION_CONSENT && event->identity.company[0] != '\0') {
		event->channel = CHANNEL_CRM; /* which names an account, and another kind of role */
	}
	state_consent(making, event, 60);
}

static void mail(struct making *making, struct event *event)
{
	static const int actions[] = {ACTION_EMAIL_OPEN, ACTION_EMAIL_CLICK,	 ACTION_EMAIL_CLICK,
				      ACTION_EMAIL_SENT, ACTION_EMAIL_DELIVERED, ACTION_EMAIL_UNSUBSCRIBE};
	event->source = "mailgun";
	event->site = "nordlys";
	event->channel = CHANNEL_EMAIL;
	event->action = actions[below(making, COUNT_OF(actions))];
	event->stamped_us += event->stamped_us != 0 && now_and_then(making, 50)
				     ? (int64_t)below(making, 22) * MOMENT_SECOND_US
				     : 0;
	event->consent.analytics = STATEMENT_UNSAID;
	event->content.target_url =
		arena_print(making->arena, "https://www.nordlys.test/guide/%d", (int)below(making, 6));
	event->process = some_process(making, 8);
	if (making->plan->is_calm) {
		event->identity.recipient_id = "recipient-0";
		return;
	}
	if (now_and_then(making, 70)) {
		event->identity.recipient_id = name(making, "recipient-", below(making, 2));
	}
	if (now_and_then(making, 60)) {
		event->identity.email =
			arena_print(making->arena, "p%d@firma.test", (int)below(making, making->person_count));
		event->identity.verified = now_and_then(making, 70);
	}
}

static void chat(struct making *making, struct event *event)
{
	event->source = "chatwoot";
	event->site = "nordlys";
	event->channel = CHANNEL_CHAT;
	event->action = ACTION_CHAT_MESSAGE;
	event->content.topic = now_and_then(making, 60) ? "price" : "";
	event->consent.analytics = STATEMENT_UNSAID;
	event->identity.visitor_id = "visitor-0";
	if (now_and_then(making, 40)) {
		add_strong(making, event);
		state_consent(making, event, 30);
	}
	if (now_and_then(making, 30)) {
		event->party = PARTY_AGENT;
	}
}

static void confirm(struct making *making, struct event *event)
{
	static const char *const labels[] = {"late", "mid", "funds", "problem", "bid", "nonsense"};
	event->source = "phasectl";
	event->channel = CHANNEL_CRM;
	event->action = ACTION_CONFIRM;
	event->label = labels[below(making, COUNT_OF(labels))];
	event->process = some_process(making, 30);
	if (now_and_then(making, 50)) {
		add_weak(making, event);
	} else {
		event->identity.email =
			arena_print(making->arena, "p%d@firma.test", (int)below(making, making->person_count));
	}
}

static void close_one(struct making *making, struct event *event)
{
	confirm(making, event);
	event->source = "crm";
	event->site = "nordlys";
	event->action = ACTION_OPP_CHANGED;
	event->label = "";
	event->opportunity.present = true;
	if (now_and_then(making,
			 50)) { /* as CRMs do: nobody by name, some contacts by their numbers, one of them twice */
		unsigned count = 1 + (unsigned)below(making, 4);
		const char **ids = arena_array(making->arena, count, sizeof(*ids));
		CHECK(ids != NULL);
		for (unsigned i = 0; i < count; i++) {
			ids[i] = now_and_then(making, 10)
					 ? "null"
					 : name(making, "crm-", below(making, making->person_count));
		}
		event->opportunity.contact_ids = ids;
		event->opportunity.contact_ids_count = count;
		event->identity.email = now_and_then(making, 40) ? event->identity.email : "";
		event->identity.anonymous_id = "";
	}
	event->opportunity.state = (enum opportunity_state)below(making, OPPORTUNITY_COUNT);
}

static struct uuid some_strong(struct making *making)
{
	int person = (int)below(making, making->person_count);
	uint64_t which = below(making, 3);
	return which == 0   ? identify_actor_id(making->key, ACTOR_USER, "nordlys",
						name(making, "user-", (uint64_t)person))
	       : which == 1 ? identify_actor_id(making->key, ACTOR_CRM, "nordlys",
						name(making, "crm-", (uint64_t)person))
			    : identify_actor_id(making->key, ACTOR_EMAIL, "",
						arena_print(making->arena, "p%d@firma.test", person));
}

/* Somebody says that two are one, or not; or a login has another name now. */
static void alias(struct making *making, struct event *event)
{
	event->action = ACTION_ALIAS;
	event->site = "nordlys";
	event->identity.verified = now_and_then(making, 90);
	if (now_and_then(making, 30)) {
		event->identity.user_id = name(making, "user-", below(making, making->person_count));
		event->identity.previous_id = name(making, "user-", below(making, making->person_count));
		return;
	}
	struct uuid other = some_strong(making);
	/* an address's: a copy of another action is taken for one */
	struct uuid one = identify_actor_id(making->key, ACTOR_EMAIL, "",
					    arena_print(making->arena, "p%d@firma.test",
							(int)below(making, making->person_count)));
	char text[UUID_TEXT_SIZE];
	uuid_print(&other, text);
	event->source = "phasectl";
	event->channel = CHANNEL_CRM;
	event->label = now_and_then(making, 50) ? FACTS_SPLIT : "";
	event->identity.has_email_actor = true;
	memcpy(event->identity.email_actor, one.bytes, sizeof(one.bytes));
	event->identity.previous_id = arena_text(making->arena, text, strlen(text));
	CHECK(event->identity.previous_id != NULL);
}

static void nobody(struct making *making, struct event *event)
{
	event->identity.anonymous_id = "undefined";
	event->content.url = "https://www.nordlys.test/early";
	if (now_and_then(making, 50)) {
		add_weak(making, event);
		event->consent.analytics = now_and_then(making, 50) ? STATEMENT_DENIED : STATEMENT_UNSAID;
	}
}

/* ---- copies ---- */

/* The same event once more: as it was, or differing in what a retry, a bug or a mischief may change. */
static struct event copy_of(struct making *making, struct event event, unsigned copy)
{
	if (now_and_then(making, 30)) {
		return event;
	}
	if (now_and_then(making, 15)) { /* received at the same moment: the other columns decide */
		event.occurred_us +=
			now_and_then(making, 60) ? (int64_t)(below(making, 3)) * MINUTE_US - MINUTE_US : 0;
		event.content.title =
			now_and_then(making, 40) ? name(making, "Page ", below(making, 3)) : event.content.title;
		event.machine_reasons = now_and_then(making, 40) ? 1u << below(making, 3) : event.machine_reasons;
		event.party = now_and_then(making, 40) ? (enum party)(1 + below(making, 3)) : event.party;
		return event;
	}
	/* Copies that differ in what their touch does not hold differ in when they were received, too. */
	event.received_us +=
		(now_and_then(making, 70) ? 1 : -1) * (int64_t)copy * (int64_t)(1 + below(making, 1000000));
	if (now_and_then(making, 40)) {
		event.occurred_us += (int64_t)(below(making, 5)) * 10 * MINUTE_US - 20 * MINUTE_US;
	}
	if (now_and_then(making, 20) && event.identity.email[0] != '\0') {
		event.identity.email =
			arena_print(making->arena, "p%d@firma.test", (int)below(making, making->person_count));
	}
	if (now_and_then(making, 20)) {
		event.content.title = name(making, "Page ", 2 + below(making, 2));
	}
	if (now_and_then(making, 10)) {
		event.process = some_process(making, 70);
	}
	if (now_and_then(making, 15)) {
		event.machine_reasons = event.machine_reasons != 0 ? 0 : MACHINE_BURST;
	}
	if (now_and_then(making, 10)) {
		event.party = event.party == PARTY_PERSON ? PARTY_AGENT : PARTY_PERSON;
	}
	if (now_and_then(making, 20)) {
		state_consent(making, &event, 60);
	}
	if (now_and_then(making, 10)) {
		say_something(making, &event);
	}
	if (now_and_then(making, 5)) {
		add_weak(making, &event);
	}
	if (now_and_then(making, 5)) {
		event.identity.anonymous_id = "";
	}
	if (now_and_then(making, 5)) {
		event.stamped_us += MINUTE_US;
	}
	if (now_and_then(making, 5)) {
		event.action = event.action == ACTION_CUSTOM ? ACTION_PAGE_VIEW : ACTION_CUSTOM;
	}
	if (now_and_then(making, 3)) {
		event.channel = event.channel == CHANNEL_WEB ? CHANNEL_CHAT : CHANNEL_WEB;
	}
	return event;
}

/* ---- messages ---- */

static void add_event(struct making *making, const struct event *event)
{
	plan_add(making->plan, event, making->arena);
}

static void add_with_copies(struct making *making, const struct event *event)
{
	unsigned copies =
		now_and_then(making, making->plan->is_calm ? 10 : 35) ? 1 + (unsigned)below(making, 3) : 0;
	add_event(making, event);
	for (unsigned i = 1; i <= copies; i++) {
		struct event copy = copy_of(making, *event, i);
		add_event(making, &copy);
	}
}

/* Several clicks on one mail, within a minute or a little more. */
static void add_burst(struct making *making)
{
	struct event first = blank(making);
	mail(making, &first);
	first.action = ACTION_EMAIL_CLICK;
	first.identity.recipient_id = name(making, "recipient-", making->plan->is_calm ? 0 : below(making, 2));
	unsigned clicks = 2 + (unsigned)below(making, 5);
	int64_t apart_us = now_and_then(making, 60) ? 10 * MOMENT_SECOND_US : MOMENT_SECOND_US;
	for (unsigned i = 0; i < clicks; i++) {
		struct event click = first;
		click.id = name(making, "e", making->number++);
		click.occurred_us = first.occurred_us + (int64_t)below(making, 7) * apart_us +
				    (int64_t)below(making, 2) * 1000;
		click.stamped_us = click.occurred_us;
		click.received_us = first.received_us + 2 * MINUTE_US;
		click.content.target_url =
			arena_print(making->arena, "https://www.nordlys.test/guide/%d", (int)below(making, 6));
		click.machine_reasons = now_and_then(making, 8) ? MACHINE_HONEYPOT : first.machine_reasons;
		add_with_copies(making, &click);
	}
}

/* What cannot be read, in several ways; what the collector could not read, or dropped. */
static void add_unreadable(struct making *making)
{
	static const char *const texts[] = {"", "\xff\xff", "{", "{\"id\": 1}", "{\"colour\": \"red\"}"};
	struct plan_message *message = plan_add_message(making->plan);
	uint64_t which = below(making, COUNT_OF(texts) + 2);
	message->message.timestamp_us = some_time(making);
	if (which >= COUNT_OF(texts)) {
		struct reject reject = {
			.reason = OUTCOME_unreadable, .field = "body", .size = 12, .hash = making->number};
		if (which > COUNT_OF(texts)) { /* not that, but how many it dropped */
			reject = (struct reject){.reason = OUTCOME_no_consent,
						 .count = 1 + (uint32_t)below(making, 1000),
						 .denied = (uint32_t)below(making, 2),
						 .site = "nordlys",
						 .channel = CHANNEL_WEB};
		}
		message->topic = WORLD_REJECTED;
		CHECK(encode_rejected(&reject, message->message.timestamp_us, "snowplow", making->arena,
				      &message->message.bytes, &message->message.size));
		return;
	}
	message->topic = (uint16_t)below(making, WORLD_REJECTED + 1);
	message->message.form = now_and_then(making, 70) ? FORM_JSON : FORM_PROTOBUF;
	message->message.bytes = (const uint8_t *)texts[which];
	message->message.size = strlen(texts[which]);
}

static struct uuid some_actor(struct making *making, const struct identity_key *key)
{
	if (now_and_then(making, 50)) {
		return identify_actor_id(key, ACTOR_COOKIE, "nordlys",
					 name(making, "cookie-", below(making, making->weak_count)));
	}
	return identify_actor_id(key, ACTOR_EMAIL, "",
				 arena_print(making->arena, "p%d@firma.test",
					     (int)below(making, making->person_count)));
}

static uint32_t some_reasons(struct making *making)
{
	static const uint32_t reasons[] = {0, MACHINE_USER_AGENT, MACHINE_BURST,
					   MACHINE_BURST | MACHINE_PROVIDER_FLAG, UINT32_MAX};
	return reasons[below(making, COUNT_OF(reasons))];
}

static void add_cleared(struct making *making, const struct identity_key *key)
{
	struct plan *plan = making->plan;
	struct plan_cleared *cleared = &plan->cleared[plan->cleared_count];
	cleared->contact_id = some_actor(making, key);
	cleared->reasons = some_reasons(making);
	cleared->before = now_and_then(making, 50) ? some_reasons(making) : cleared->reasons;
	for (size_t i = 0; i < plan->cleared_count; i++) {
		if (uuid_equal(&plan->cleared[i].contact_id, &cleared->contact_id)) {
			return;
		}
	}
	plan->cleared_count++;
}

/* Of the strong ones those of one kind, another in each plan. */
static struct uuid some_erased(struct making *making, const struct identity_key *key)
{
	uint64_t kind = making->plan->seed % 3;
	if (kind == 0 || now_and_then(making, 50)) {
		return some_actor(making, key);
	}
	return identify_actor_id(key, kind == 1 ? ACTOR_USER : ACTOR_CRM, "nordlys",
				 name(making, kind == 1 ? "user-" : "crm-", below(making, making->person_count)));
}

static void add_erased(struct making *making, const struct identity_key *key)
{
	struct erasure_line *line = &making->plan->erased[making->plan->erased_count++];
	*line = (struct erasure_line){some_erased(making, key), INT64_MIN, some_time(making), 0};
	if (now_and_then(making, 30)) { /* a stretch of it */
		int64_t other_us = some_time(making);
		line->from_us = other_us < line->at_us ? other_us : line->at_us;
		line->at_us = other_us < line->at_us ? line->at_us : other_us;
	}
	if (making->plan->erased_count == 2 && uuid_equal(&line->actor_id, &making->plan->erased[0].actor_id)) {
		making->plan->erased_count--;
	}
}

typedef void make_event(struct making *making, struct event *event);

static make_event *const kinds[] = {page, page, page, page,    form,	  form,	  form, strong_only,
				    mail, mail, chat, confirm, close_one, nobody, alias};
/* Of who is one with whom, mostly. */
static make_event *const joined_kinds[] = {page,	form,  strong_only, strong_only,
					   strong_only, alias, alias,	    close_one};
static make_event *const calm_kinds[] = {mail, mail, mail, page, page, confirm, close_one};

void plan_make(struct plan *plan, uint64_t seed, const struct identity_key *key, struct arena *arena)
{
	struct making making = {.plan = plan, .arena = arena, .chance = seed, .key = key};
	plan->seed = seed;
	plan->count = plan->erased_count = plan->cleared_count = 0;
	making.weak_count = 1 + below(&making, 3);
	making.person_count = 1 + below(&making, 3);
	bool is_joined = now_and_then(&making, 25);
	making.person_count += is_joined ? below(&making, 9) : 0;
	plan->is_calm = !is_joined && now_and_then(&making, 25);
	making.weak_count = plan->is_calm ? 1 : making.weak_count;
	unsigned events = 2 + (unsigned)below(&making, now_and_then(&making, 20) ? 35 : 12);
	events += plan->is_calm ? 10 : 0;
	for (unsigned i = 0; i < events && plan->count + 40 < PLAN_MESSAGES_MAX; i++) {
		if (now_and_then(&making, plan->is_calm ? 25 : 6)) {
			add_burst(&making);
		} else if (now_and_then(&making, 5)) {
			add_unreadable(&making);
		} else {
			struct event event = blank(&making);
			if (plan->is_calm) {
				calm_kinds[below(&making, COUNT_OF(calm_kinds))](&making, &event);
			} else if (is_joined) {
				joined_kinds[below(&making, COUNT_OF(joined_kinds))](&making, &event);
			} else {
				kinds[below(&making, COUNT_OF(kinds))](&making, &event);
			}
			if (now_and_then(&making, 7)) {
				event.machine_reasons = MACHINE_USER_AGENT;
			}
			if (now_and_then(&making, 4)) {
				event.party = now_and_then(&making, 50) ? PARTY_BOT : PARTY_AGENT;
			}
			add_with_copies(&making, &event);
		}
	}
	for (unsigned i = 0; i < PLAN_ERASED_MAX && now_and_then(&making, 10); i++) {
		add_erased(&making, key);
	}
	while (plan->cleared_count < PLAN_CLEARED_MAX && now_and_then(&making, 30)) {
		add_cleared(&making, key);
	}
}

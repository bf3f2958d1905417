#include "bench/batch_make.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/decode.h"
#include "core/flow/facts.h"
#include "core/flow/fold.h"
#include "core/flow/review.h"
#include "core/flow/subject.h"
#include "core/model/phase_pack.h"
#include "tests/random.h"

#define WINDOW_US (60 * MOMENT_SECOND_US)
#define PAGES 300
#define EARLIER_TOUCHES 3
#define KNOWN_PERCENT 80
#define PERSON_PERCENT 5 /* of the known: said before who they are */
#define FORM_PERCENT 5	 /* of all: say so now */
#define RETRY_PERMILLE 10

struct making {
	struct made *made;
	struct arena *arena;
	const struct contacts_model *model;
	const struct matcher *matcher;
	struct identify_options identify;
	uint64_t seed;
	size_t claim_room, phase_room, touch_room;
	const char *pages[PAGES];
};

static void *must(void *piece)
{
	CHECK(piece != NULL);
	return piece;
}

static void make_pages(struct making *making)
{
	static const char *const words[] = {"prices",  "products", "guides",  "support", "about",
					    "compare", "blog",	   "careers", "demo",	 "integrations"};
	for (unsigned i = 0; i < PAGES; i++) {
		making->pages[i] = must(arena_print(making->arena, "%s/%u", words[i % COUNT_OF(words)], i));
	}
}

/* What TAKE makes of an event. */
static void fill_item(struct making *making, const struct event *event)
{
	struct made *made = making->made;
	struct identified *who = must(arena_zero(making->arena, 1, sizeof(*who)));
	struct subject *subject = must(arena_zero(making->arena, 1, sizeof(*subject)));
	struct facts *facts = must(arena_zero(making->arena, 1, sizeof(*facts)));
	CHECK(identify_event(event, &making->identify, making->arena, who));
	CHECK(subject_from_event(event, NULL, 0, making->arena, subject));
	uint64_t event_id = decode_event_id(event);
	facts_from_event(event, who, event_id, 0, facts);
	struct kept_event *kept = must(arena_zero(making->arena, 1, sizeof(*kept)));
	*kept = (struct kept_event){event->id, event->source, event->site, event->channel, event->stamped_us};
	struct item *item = &made->items[made->count++];
	*item = (struct item){
		.timestamp_us = event->received_us,
		.event = kept,
		.who = who,
		.facts = facts,
		.subject = subject,
		.has_weak = who->has_weak,
		.has_strong = who->has_strong,
		.touch = {.actor_id = who->has_weak ? who->weak.id : who->strong.id,
			  .stamped_us = event->stamped_us,
			  .event_id = event_id,
			  .at_us = event->occurred_us,
			  .received_us = event->received_us,
			  .subject_id = subject->id,
			  .party = PARTY_PERSON},
	};
	matcher_match(making->matcher, subject, &item->match);
}

/* By way of the decoder, so that it is what the daemon would have. */
static const struct event *make_event(struct making *making, unsigned contact, unsigned step, int64_t at_us,
				      bool form)
{
	static const char *const sites[] = {"nordlys", "nordlys-shop", "nordlys-docs"};
	unsigned page = (unsigned)random_below(&making->seed, PAGES);
	const char *said = !form ? ""
				 : must(arena_print(making->arena,
						    ",\"email\":\"person%u@firm%u.test\",\"name\":\"Person "
						    "%u\",\"company\":\"Firm %u\"",
						    contact, contact % 500, contact, contact % 500));
	const char *consent =
		form ? ",\"profile\":\"GRANTED\",\"contact\":\"GRANTED\",\"policy\":\"2026-01\"" : "";
	const char *json = must(arena_print(
		making->arena,
		"{\"id\":\"%08x-8d0c-4a0f-9c53-%012x\",\"source\":\"snowplow\",\"site\":\"%s\",\"channel\":"
		"\"WEB\","
		"\"action\":\"%s\",\"occurred_us\":%" PRId64 ",\"stamped_us\":%" PRId64 ",\"received_us\":%" PRId64
		",\"identity\":{\"anonymous_id\":\"%08x-2f1c-4f0a-8d3a-5a5f6f3b9c22\"%s},"
		"\"consent\":{\"analytics\":\"GRANTED\"%s},\"content\":{\"url\":\"https://nordlys.test/%s\","
		"\"title\":\"%s | Nordlys\"}}",
		contact, step, sites[contact % COUNT_OF(sites)], form ? "FORM_SUBMIT" : "PAGE_VIEW", at_us,
		at_us - 7, at_us + MOMENT_SECOND_US / 4, contact, said, consent, making->pages[page],
		making->pages[page]));
	struct message message = {
		.timestamp_us = at_us, .form = FORM_JSON, .value = (const uint8_t *)json, .size = strlen(json)};
	struct event *event;
	struct reject reject;
	CHECK(decode_event(&message, making->arena, NULL, &event, &reject) == OUTCOME_NONE);
	return event;
}

static struct fold_touch earlier_touch(struct making *making, unsigned which)
{
	int64_t days = 3 * (int64_t)(EARLIER_TOUCHES - which);
	return (struct fold_touch){
		.ms = NOW_US / 1000 - days * 86400000 - (int64_t)random_below(&making->seed, 80000000),
		.id = random_next(&making->seed),
		.rule = (uint16_t)random_below(&making->seed, making->model->model->processes[0].rule_count),
	};
}

static void add_phase(struct making *making, const struct uuid *id)
{
	struct load_rows *load = &making->made->load;
	const struct fold_process *process = &making->model->processes[0];
	struct phase_state state;
	struct phase_view view;
	uint8_t packed[PHASE_PACK_SIZE_MAX];
	fold_start(process, &state);
	for (unsigned i = 0; i < EARLIER_TOUCHES; i++) {
		struct fold_touch touch = earlier_touch(making, i);
		fold_touch(process, &state, &touch);
	}
	/* As the last review left it, an hour ago at most. */
	int64_t seen_ms = state.counted_ms, since_ms = seen_ms, next_ms;
	enum shown shown = fold_shown(&state);
	while ((next_ms = review_next(process, &state, seen_ms, NOW_US / 1000 - REVIEW_HOUR_MS, &view)) !=
	       REVIEW_NEVER) {
		since_ms = view.shown != shown ? next_ms : since_ms;
		shown = view.shown;
		seen_ms = next_ms;
	}
	size_t size = phase_pack(&state, packed);
	CHECK(load->phase_count < making->phase_room);
	load->phases[load->phase_count++] = (struct phase_row){
		.contact_id = *id,
		.process = "standard",
		.version = 3,
		.model_version = making->model->model->version,
		.fold = (const uint8_t *)must(arena_text(making->arena, (const char *)packed, size)),
		.fold_size = size,
		.shown = (int)shown,
		.since_us = since_ms * 1000,
		.review_us = review_when(process, &state, seen_ms) * 1000,
		.touched_since_us = state.counted_ms * 1000,
	};
}

/* A claim and a consent of long ago. */
static void add_person(struct making *making, const struct item *item)
{
	struct made *made = making->made;
	struct fact_key key = {NOW_US - 30 * MOMENT_DAY_US, random_next(&making->seed), item->touch.actor_id};
	struct uuid person;
	uint64_t halves[2] = {random_next(&making->seed), random_next(&making->seed)};
	memcpy(&person, halves, sizeof(person));
	CHECK(made->load.in_play.claim_count < making->claim_room);
	made->load.in_play.claims[made->load.in_play.claim_count++] = (struct claim){
		.weak = item->touch.actor_id, .strong = person, .key = key, .at_us = key.stamped_us};
	made->load.consents[made->load.consent_count++] = (struct consent){.actor_id = person,
									   .purpose = PURPOSE_PROFILE,
									   .key = key,
									   .at_us = key.stamped_us,
									   .state = STATEMENT_GRANTED,
									   .source = "snowplow",
									   .policy = "2026-01"};
	add_phase(making, &person);
}

/* What READ brings of somebody who is refolded. */
static void add_history(struct making *making, const struct item *item)
{
	struct read_rows *read = &making->made->read;
	for (unsigned i = 0; i < EARLIER_TOUCHES; i++) {
		struct fold_touch touch = earlier_touch(making, i);
		CHECK(read->touch_count < making->touch_room);
		read->touches[read->touch_count++] = (struct touch_row){
			.key = {item->touch.actor_id, touch.ms * 1000, touch.id},
			.at_us = touch.ms * 1000,
			.party = PARTY_PERSON,
			.process = 0, /* the only one */
			.rule = touch.rule,
		};
	}
}

/* The event that came last comes again, or came before this batch: half of the retries each. */
static void maybe_retry(struct making *making)
{
	struct made *made = making->made;
	const struct item *item = &made->items[made->count - 1];
	uint64_t chance = random_below(&making->seed, 2000);
	if (chance < RETRY_PERMILLE) {
		struct item *again = &made->items[made->count++];
		*again = *item;
		again->touch.received_us += MOMENT_SECOND_US;
		again->timestamp_us += MOMENT_SECOND_US;
	} else if (chance < 2 * RETRY_PERMILLE) {
		made->suspects[made->load.copy_count] =
			(struct touch_key){item->touch.actor_id, item->touch.stamped_us, item->touch.event_id};
		struct copy_row *copy = &made->load.copies[made->load.copy_count++];
		*copy = (struct copy_row){.touch = item->touch, .channel = CHANNEL_WEB};
		copy->touch.received_us--;
	}
}

/* A session: one view in two is followed by another. */
static void make_session(struct making *making, unsigned contact, size_t count)
{
	struct made *made = making->made;
	int64_t at_us = NOW_US + (int64_t)random_below(&making->seed, (uint64_t)WINDOW_US);
	bool form = random_below(&making->seed, 100) < FORM_PERCENT;
	bool known = random_below(&making->seed, 100) < KNOWN_PERCENT;
	bool person = known && !form && random_below(&making->seed, 100) < PERSON_PERCENT;
	const struct item *first = &made->items[made->count];
	for (unsigned step = 0; made->count < count; step++) {
		fill_item(making, make_event(making, contact, step, at_us, form && step == 0));
		if (!form && made->count < count) {
			maybe_retry(making);
		}
		at_us += (int64_t)random_below(&making->seed, 30 * MOMENT_SECOND_US) + 1000;
		if (random_below(&making->seed, 2) == 0) {
			break;
		}
	}
	if (known) {
		add_phase(making, &first->touch.actor_id);
	}
	if (person) {
		add_person(making, first);
	}
	if (known && form) {
		add_history(making, first);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	return (x->timestamp_us > y->timestamp_us) - (x->timestamp_us < y->timestamp_us);
}

static int by_contact(const void *a, const void *b)
{
	return uuid_compare(&((const struct phase_row *)a)->contact_id,
			    &((const struct phase_row *)b)->contact_id);
}

static int by_weak(const void *a, const void *b)
{
	return uuid_compare(&((const struct claim *)a)->weak, &((const struct claim *)b)->weak);
}

void make_batch(struct made *made, size_t count, const struct contacts_model *model, const struct matcher *matcher)
{
	static const struct identity_key key = {.bytes = "0123456789abcdef0123456789abcdef", .size = 32};
	*made = (struct made){0};
	CHECK(arena_init(&made->arena, (size_t)1 << 30));
	struct making making = {
		.made = made,
		.arena = &made->arena,
		.model = model,
		.matcher = matcher,
		.identify = {.key = &key},
		.seed = count,
		.claim_room = count,
		.phase_room = 2 * count,
		.touch_room = EARLIER_TOUCHES * count,
	};
	made->items = must(arena_zero(&made->arena, count + 1, sizeof(*made->items)));
	made->load.phases = must(arena_zero(&made->arena, making.phase_room, sizeof(struct phase_row)));
	made->load.in_play.claims = must(arena_zero(&made->arena, making.claim_room, sizeof(struct claim)));
	made->load.consents = must(arena_zero(&made->arena, making.claim_room, sizeof(struct consent)));
	made->load.copies = must(arena_zero(&made->arena, count + 1, sizeof(struct copy_row)));
	made->suspects = must(arena_zero(&made->arena, count + 1, sizeof(*made->suspects)));
	made->read.touches = must(arena_zero(&made->arena, making.touch_room, sizeof(struct touch_row)));
	make_pages(&making);
	for (unsigned contact = 0; made->count < count; contact++) {
		make_session(&making, contact, count);
	}
	qsort(made->items, made->count, sizeof(*made->items), by_time);
	for (size_t i = 0; i < made->count; i++) {
		made->items[i].offset = (int64_t)i;
	}
	/* The database looks keys up in the order in which they are asked for: that of the ids. */
	qsort(made->load.phases, made->load.phase_count, sizeof(struct phase_row), by_contact);
	for (size_t i = 0; i < made->load.phase_count; i++) { /* and so they lie in memory */
		struct phase_row *row = &made->load.phases[i];
		row->fold =
			(const uint8_t *)must(arena_text(&made->arena, (const char *)row->fold, row->fold_size));
	}
	qsort(made->load.in_play.claims, made->load.in_play.claim_count, sizeof(struct claim), by_weak);
	made->advance.in_play.claims = made->load.in_play.claims;
	made->advance.in_play.claim_count = made->load.in_play.claim_count;
}

#include "daemon/take.h"

#include <math.h>

#include "core/base/hash.h"
#include "core/flow/decode.h"
#include "core/flow/facts.h"
#include "core/flow/machine.h"
#include "core/flow/beside.h"

#define LINE 64		   /* bytes of a processor's cache */
#define LOOK_AHEAD_MAX 512 /* bytes; what is longer is seen coming by the processor itself */

static void reject_full(struct item *item, const struct message *message, struct arena *arena)
{
	struct reject *reject = arena_zero(arena, 1, sizeof(*reject));
	if (reject != NULL) {
		reject->reason = OUTCOME_too_large;
		reject->size = (uint32_t)message->size;
		reject->hash = hash_64(&(struct hash_piece){message->value, message->size}, 1);
	}
	item->decoded = OUTCOME_too_large;
	item->reject = reject;
}

static void fill_touch(struct item *item, const struct event *event, uint64_t event_id)
{
	item->has_weak = item->who->has_weak;
	item->has_strong = item->who->has_strong;
	item->touch = (struct touch){
		.actor_id = item->who->has_weak ? item->who->weak.id : item->who->strong.id,
		.stamped_us = event->stamped_us,
		.event_id = event_id,
		.at_us = event->occurred_us,
		.received_us = event->received_us,
		.subject_id = item->subject->id,
		.reasons = machine_reasons(event),
		.party = (int16_t)event->party,
	};
}

/* Only who is known by a strong identifier states anything, and seldom. NULL: arena full. */
static const struct facts *facts_of(const struct take *take, const struct event *event,
				    const struct identified *who, uint64_t event_id, struct arena *arena)
{
	struct facts facts;
	if (!who->has_strong) {
		return &facts_none;
	}
	facts_from_event(event, who, event_id, machine_reasons(event), &facts);
	facts_review(&facts, (enum consent_scanner)take->conf->consent.unsubscribe);
	if (facts_are_none(&facts)) {
		return &facts_none;
	}
	struct facts *kept = arena_take(arena, sizeof(*kept));
	if (kept != NULL) {
		*kept = facts;
	}
	return kept;
}

/* Who, what about, which rule, which facts. False: arena full. */
static bool fill_item(struct take *take, const struct event *event, const struct identified *who,
		      struct arena *arena, struct item *item)
{
	take->counters->blocked_ids.value += who->blocked;
	if (!who->has_weak && !who->has_strong) {
		item->decoded = OUTCOME_unidentified;
		return true;
	}
	const struct yaml_texts *named = &take->conf->subject.property_keys;
	const struct subject_keys keys = {named->items, named->count};
	const struct subject_known *known = subjects_find(take->subjects, event, &keys, arena);
	uint64_t event_id = decode_event_id(event);
	const struct facts *facts = known != NULL ? facts_of(take, event, who, event_id, arena) : NULL;
	if (facts == NULL) {
		return false;
	}
	item->who = who;
	item->facts = facts;
	item->subject = &known->subject;
	item->match = known->match;
	fill_touch(item, event, event_id);
	return true;
}

/* Is there an item of that actor already? Of one that has no touch it is nobody's. */
static bool is_there(const struct item *items, size_t count, const struct uuid *actor_id)
{
	for (size_t i = 0; i < count; i++) {
		if (items[i].decoded == OUTCOME_NONE && uuid_equal(&items[i].touch.actor_id, actor_id)) {
			return true;
		}
	}
	return false;
}

/*
 * An opportunity is about each contact that the CRM names with it: the touch is recorded on all of them. The first item is
 * that of whom the event itself names, else of the first contact. Returns how many items there are; 0: arena full.
 */
static size_t fill_items(struct take *take, const struct event *event, struct arena *arena, struct item *items)
{
	const struct identified *who = browsers_identify(take->browsers, event, &take->identify, arena);
	size_t used = 1;
	if (who == NULL || !fill_item(take, event, who, arena, &items[0])) {
		return 0;
	}
	struct event about = *event;
	about.identity = event_blank.identity;
	about.consent.profile = about.consent.contact = STATEMENT_UNSAID; /* not for all of them */
	for (unsigned i = 0; event->action == ACTION_OPP_CHANGED && i < event->opportunity.contact_ids_count;
	     i++) {
		about.identity.crm_id = event->opportunity.contact_ids[i];
		struct identified *contact = arena_take(arena, sizeof(*contact));
		struct item item = items[0];
		item.decoded = OUTCOME_NONE;
		item.follows = items[0].decoded == OUTCOME_NONE;
		if (contact == NULL || !identify_event(&about, &take->identify, arena, contact) ||
		    !fill_item(take, &about, contact, arena, &item)) {
			return 0;
		}
		item.touch.party = (int16_t)(item.follows ? TOUCH_FOLLOWS : item.touch.party);
		if (item.decoded == OUTCOME_NONE && !is_there(items, used, &item.touch.actor_id)) {
			items[item.follows ? used++ : 0] = item;
		}
	}
	return used;
}

/* An id that was masked is several deals'. */
static bool has_deal(const struct event *event)
{
	return event->action == ACTION_OPP_CHANGED && event->opportunity.id[0] != '\0' &&
	       strchr(event->opportunity.id, '*') == NULL;
}

/* Whose it is, where that looks like an id of a CRM's; not a name, nor an address. */
static const char *owner_of(const struct event *event)
{
	static const char id[] = "0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *owner = event->opportunity.owner;
	return strpbrk(owner, "0123456789") != NULL && owner[strspn(owner, id)] == '\0' ? owner : "";
}

/* What the event says of an opportunity; whom it says that it left, by their ids. NULL: arena full. */
static struct deal *deal_of(const struct take *take, const struct event *event, struct arena *arena)
{
	const unsigned count = event->opportunity.left_contact_ids_count;
	struct deal *deal = arena_zero(arena, 1, sizeof(*deal));
	struct uuid *left = arena_array(arena, (size_t)count + 1, sizeof(*left));
	struct event about = *event;
	about.identity = event_blank.identity;
	for (unsigned i = 0; deal != NULL && left != NULL && i < count; i++) {
		struct identified who;
		about.identity.crm_id = event->opportunity.left_contact_ids[i];
		if (!identify_event(&about, &take->identify, arena, &who)) {
			return NULL;
		}
		if (who.has_strong) {
			left[deal->left_count++] = who.strong.id;
		}
	}
	if (deal == NULL || left == NULL) {
		return NULL;
	}
	deal->left = left;
	const char *owner = owner_of(event);
	deal->says = event->opportunity.state != OPPORTUNITY_UNSAID || event->opportunity.stage[0] != '\0' ||
		     !isnan(event->opportunity.probability) || !isnan(event->opportunity.amount) ||
		     event->opportunity.currency[0] != '\0' || event->opportunity.close_us != 0 ||
		     owner[0] != '\0';
	deal->stage = (struct stage_row){
		.source = event->source,
		.site = event->site,
		.id = event->opportunity.id,
		.stamped_us = event->stamped_us,
		.event_id = decode_event_id(event),
		.received_us = event->received_us,
		.at_us = event->occurred_us,
		.reasons = machine_reasons(event),
		.stage = event->opportunity.stage,
		.state = event->opportunity.state,
		.probability = event->opportunity.probability,
		.amount = event->opportunity.amount,
		.currency = event->opportunity.currency,
		.close_us = event->opportunity.close_us != 0 ? event->opportunity.close_us : INT64_MIN,
		.owner = owner,
	};
	return deal;
}

static struct kept_event *keep_event(const struct event *event, struct arena *arena)
{
	struct kept_event *kept = arena_take(arena, sizeof(*kept));
	if (kept != NULL) {
		*kept = (struct kept_event){event->id,	    event->source,     event->site,
					    event->channel, event->stamped_us, NULL};
	}
	return kept;
}

/* What its touches are about, be they this event's or follow from it, and what it says. Where it names nobody, that is all. False: arena full. */
static bool remember(struct take *take, const struct event *event, struct kept_event *kept, struct arena *arena,
		     struct item *items, size_t count)
{
	const struct yaml_texts *named = &take->conf->subject.property_keys;
	const struct subject_keys keys = {named->items, named->count};
	const struct subject_known *known = subjects_find(take->subjects, event, &keys, arena);
	struct deal *deal = deal_of(take, event, arena);
	if (known == NULL || deal == NULL) {
		return false;
	}
	deal->stage.subject_id = known->subject.id;
	kept->deal = deal;
	for (size_t i = 0; i < count; i++) {
		items[i].has_deal = true;
	}
	if (items[0].decoded == OUTCOME_unidentified) {
		items[0].decoded = OUTCOME_remembered;
		items[0].subject = &known->subject;
		items[0].match = known->match;
		items[0].touch.subject_id = known->subject.id;
		items[0].touch.stamped_us = event->stamped_us; /* its day is counted by it */
	}
	return true;
}

/* As fill_items(), and what stands beside the touch. */
static size_t fill_all(struct take *take, const struct event *event, struct kept_event *kept, struct arena *arena,
		       struct item *items)
{
	size_t used = fill_items(take, event, arena, items);
	if (used == 0 || !beside_of_event(event, take->identify.key, arena, &kept->beside)) {
		return 0;
	}
	items[0].has_beside = items[0].decoded == OUTCOME_NONE && kept->beside != NULL;
	return has_deal(event) && !remember(take, event, kept, arena, items, used) ? 0 : used;
}

static void decode_rejected_one(const struct message *message, struct arena *arena, struct item *item,
				struct reject *ret_reject)
{
	int64_t received_us;
	item->decoded = decode_rejected(message, arena, ret_reject, &received_us, &item->reject_source);
	if (item->decoded == OUTCOME_NONE) {
		item->decoded = ret_reject->count != 0 ? OUTCOME_reported : OUTCOME_uncollected;
	}
}

/* The message itself, where it is asked for, and is one of ours by its size. */
static void keep_raw(const struct take *take, const struct message *message, struct arena *arena,
		     struct reject *reject)
{
	if (!take->conf->rejects.keep_raw || message->partition.topic == take->rejected_topic ||
	    message->size == 0 || message->size > EVENT_MESSAGE_SIZE_MAX) {
		return;
	}
	reject->raw = (const uint8_t *)arena_text(arena, (const char *)message->value, message->size);
	reject->size = (uint32_t)message->size;
	reject->form = message->form;
}

/* Returns how many items it has. */
static size_t decode_one(struct take *take, const struct message *message, struct arena *arena, struct item *items)
{
	struct item *item = &items[0];
	*item = (struct item){
		.partition = message->partition, .offset = message->offset, .timestamp_us = message->timestamp_us};
	struct reject reject = {0};
	struct event event;
	if (message->partition.topic == take->rejected_topic) {
		decode_rejected_one(message, arena, item, &reject);
	} else {
		struct decode_count unknown = {0};
		item->decoded = decode_event_into(message, &take->conf->cloudevents.map, arena, take->scratch,
						  &unknown, &event, &reject);
		take->counters->unknown_fields.value += (double)unknown.unknown_fields;
	}
	if (item->decoded != OUTCOME_NONE) {
		struct reject *kept = arena_zero(arena, 1, sizeof(*kept));
		if (kept != NULL) {
			*kept = reject;
			keep_raw(take, message, arena, kept);
		}
		item->reject = kept;
		return 1;
	}
	struct kept_event *kept = keep_event(&event, arena);
	item->event = kept;
	const struct consent_policy *consent = &take->conf->consent;
	enum statement said = consent_said(consent, &event);
	item->said = (uint8_t)said;
	if (item->event != NULL && !consent_allows(consent, event.channel, said)) {
		item->decoded = OUTCOME_no_consent;
		return 1;
	}
	if (item->event != NULL && event.occurred_us < take->kept_from_us) {
		item->decoded = OUTCOME_expired;
		return 1;
	}
	size_t used = kept == NULL ? 0 : fill_all(take, &event, kept, arena, items);
	if (used == 0) {
		reject_full(item, message, arena);
	}
	return used > 0 ? used : 1;
}

/* Ours, and not before our position? A message that was in flight over an unassign may be neither. */
static bool is_expected(struct take *take, const struct message *message)
{
	const struct assigned *part = assignment_find(take->assignment, message->partition);
	return part != NULL && message->offset >= part->next_offset;
}

/* Messages lie where another core has put them: the next one's bytes are on their way while this one is read. */
static void look_ahead(const struct take *take)
{
	if (take->chunk_at < take->chunk_count) {
		const struct message *next = &take->chunk[take->chunk_at];
		for (size_t at = 0; at < next->size && at < LOOK_AHEAD_MAX; at += LINE) {
			__builtin_prefetch(next->value + at);
		}
	}
}

bool take_items(struct take *take, const struct engine *engine, struct arena *arena, struct item *items,
		size_t *count, size_t max)
{
	if (*count == 0) {
		subjects_begin(take->subjects, engine);
		browsers_begin(take->browsers);
	}
	while (*count < max && arena->limit - arena->used > TAKE_ROOM) {
		if (take->chunk_at == take->chunk_count) {
			take->io.ops->source_release(take->io.self);
			size_t wanted = max - *count < TAKE_CHUNK ? max - *count : TAKE_CHUNK;
			take->chunk_count = take->io.ops->source_take(take->io.self, take->chunk, wanted);
			take->chunk_at = 0;
			if (take->chunk_count == 0) {
				return true;
			}
		}
		const struct message *message = &take->chunk[take->chunk_at++];
		look_ahead(take);
		if (!is_expected(take, message)) {
			continue;
		}
		counters_received(take->counters, message->size);
		*count += decode_one(take, message, arena, &items[*count]);
	}
	if (take->chunk_at == take->chunk_count) { /* nothing is held longer than it is needed */
		take->io.ops->source_release(take->io.self);
		take->chunk_count = take->chunk_at = 0;
	}
	return false;
}

void take_forget(struct take *take)
{
	take->io.ops->source_release(take->io.self);
	take->chunk_count = take->chunk_at = 0;
}

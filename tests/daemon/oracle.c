#include "tests/daemon/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/flow/attribute.h"
#include "core/flow/decode.h"
#include "core/flow/machine.h"
#include "core/flow/subject.h"
#include "tests/daemon/oracle_inside.h"

#define SESSION_US INT64_C(1800000000)

/* ---- understanding ---- */

static bool may_be_counted(const struct conf *conf, const struct event *event)
{
	return event->consent.analytics == STATEMENT_GRANTED ||
	       (event->consent.analytics == STATEMENT_UNSAID &&
		conf->consent.unsaid[event->channel] == CONSENT_ALLOW);
}

static bool is_erased(const struct plan *plan, const struct seen *seen)
{
	for (size_t i = 0; i < plan->erased_count; i++) {
		const struct erasure_line *erased = &plan->erased[i];
		if (((seen->who.has_weak && uuid_equal(&seen->who.weak.id, &erased->actor_id)) ||
		     (seen->who.has_strong && uuid_equal(&seen->who.strong.id, &erased->actor_id)) ||
		     (seen->who.has_address && uuid_equal(&seen->who.address.id, &erased->actor_id)) ||
		     (seen->who.has_crm && uuid_equal(&seen->who.crm.id, &erased->actor_id)) ||
		     (seen->who.has_previous && uuid_equal(&seen->who.previous.id, &erased->actor_id))) &&
		    seen->event->occurred_us >= erased->from_us && seen->event->occurred_us <= erased->at_us) {
			return true;
		}
	}
	return false;
}

/* What an event, or a copy of it that names one of its contacts, means for who is named. */
static void understand_touch(struct oracle *oracle, const struct plan *plan, struct seen *seen,
			     const struct event *event)
{
	struct identify_options options = {.key = &oracle->drive->key};
	CHECK(identify_event(event, &options, oracle->arena, &seen->who));
	if (!seen->who.has_weak && !seen->who.has_strong) {
		seen->outcome = OUTCOME_unidentified;
		return;
	}
	if (is_erased(plan, seen)) {
		seen->outcome = OUTCOME_erased;
		return;
	}
	CHECK(subject_from_event(event, NULL, 0, oracle->arena, &seen->subject));
	matcher_match(oracle->matcher, &seen->subject, &seen->match);
	facts_from_event(event, &seen->who, decode_event_id(event), machine_reasons(event), &seen->facts);
	seen->touch = (struct touch_line){
		.actor_id = seen->who.has_weak ? seen->who.weak.id : seen->who.strong.id,
		.stamped_us = event->stamped_us,
		.event_id = decode_event_id(event),
		.received_us = event->received_us,
		.at_us = event->occurred_us,
		.subject_id = seen->subject.id,
		.reasons = machine_reasons(event),
		.party = event->party,
	};
}

static bool has_touch_of(const struct seen *first, const struct seen *end, const struct uuid *actor)
{
	for (; first < end; first++) {
		if (first->subject.id != 0 && uuid_equal(&first->touch.actor_id, actor)) {
			return true;
		}
	}
	return false;
}

/* An opportunity has a touch on each of its contacts, once; the first that can be identified stands for the message. */
static void understand_contacts(struct oracle *oracle, const struct plan *plan, struct seen *first)
{
	for (unsigned i = 0; i < first->event->opportunity.contact_ids_count; i++) {
		struct event *about = arena_take(oracle->arena, sizeof(*about));
		struct seen *seen = first->outcome == OUTCOME_unidentified ? first : &oracle->seen[oracle->count];
		CHECK(about != NULL && oracle->count < COUNT_OF(oracle->seen));
		struct seen more = {.timestamp_us = first->timestamp_us,
				    .topic = first->topic,
				    .reject_source = "",
				    .event = first->event,
				    .follows = seen != first};
		*about = event_blank;
		about->identity.crm_id = first->event->opportunity.contact_ids[i];
		about->site = first->event->site;
		struct identify_options options = {.key = &oracle->drive->key};
		struct identified who;
		CHECK(identify_event(about, &options, oracle->arena, &who));
		if (!who.has_strong || has_touch_of(first, &oracle->seen[oracle->count], &who.strong.id)) {
			continue;
		}
		*about = *first->event;
		about->identity = event_blank.identity;
		about->identity.crm_id = first->event->opportunity.contact_ids[i];
		about->consent.profile = about->consent.contact = STATEMENT_UNSAID;
		understand_touch(oracle, plan, &more, about);
		more.touch.party = more.follows ? TOUCH_FOLLOWS : more.touch.party;
		*seen = more;
		oracle->count += seen != first ? 1 : 0;
	}
}

static void understand_event(struct oracle *oracle, const struct plan *plan, struct seen *seen)
{
	if (!may_be_counted(&oracle->drive->conf, seen->event)) {
		seen->outcome = OUTCOME_no_consent;
		return;
	}
	understand_touch(oracle, plan, seen, seen->event);
	if (seen->event->action == ACTION_OPP_CHANGED) {
		understand_contacts(oracle, plan, seen);
	}
}

static void understand(struct oracle *oracle, const struct plan *plan, const struct plan_message *message)
{
	struct seen *seen = &oracle->seen[oracle->count++];
	struct message raw = {
		.timestamp_us = message->message.timestamp_us,
		.form = message->message.form,
		.value = message->message.bytes,
		.size = message->message.size,
	};
	*seen = (struct seen){
		.timestamp_us = raw.timestamp_us, .topic = world_topics[message->topic], .reject_source = ""};
	if (message->topic == WORLD_REJECTED) {
		int64_t received_us;
		seen->outcome =
			decode_rejected(&raw, oracle->arena, &seen->reject, &received_us, &seen->reject_source);
		if (seen->outcome == OUTCOME_NONE) {
			seen->outcome = seen->reject.count > 0 ? OUTCOME_reported : OUTCOME_uncollected;
		}
		return;
	}
	struct event *event;
	seen->outcome = decode_event(&raw, oracle->arena, NULL, &event, &seen->reject);
	if (seen->outcome == OUTCOME_NONE) {
		seen->event = event;
		understand_event(oracle, plan, seen);
	}
}

/* ---- which copy stands ---- */

static bool same_event(const struct touch_line *a, const struct touch_line *b)
{
	return uuid_equal(&a->actor_id, &b->actor_id) && a->stamped_us == b->stamped_us &&
	       a->event_id == b->event_id;
}

static bool goes_before(const struct touch_line *a, const struct touch_line *b)
{
	if (a->received_us != b->received_us) {
		return a->received_us < b->received_us;
	}
	if (a->at_us != b->at_us) {
		return a->at_us < b->at_us;
	}
	if (a->subject_id != b->subject_id) {
		return (int64_t)a->subject_id < (int64_t)b->subject_id;
	}
	return a->reasons != b->reasons ? a->reasons < b->reasons : a->party < b->party;
}

static void choose(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		struct seen *seen = &oracle->seen[i];
		if (seen->outcome != OUTCOME_NONE) {
			continue;
		}
		seen->stands = true;
		for (size_t j = 0; j < oracle->count && seen->stands; j++) {
			const struct seen *other = &oracle->seen[j];
			if (j != i && other->event != NULL && other->subject.id != 0 &&
			    same_event(&seen->touch, &other->touch)) {
				bool equal = !goes_before(&seen->touch, &other->touch) &&
					     !goes_before(&other->touch, &seen->touch);
				seen->stands = goes_before(&seen->touch, &other->touch) || (equal && i < j);
			}
		}
	}
	for (size_t i = 0; i < oracle->count; i++) {
		struct seen *seen = &oracle->seen[i];
		seen->states = seen->stands;
		if (seen->outcome == OUTCOME_NONE) {
			seen->outcome = !seen->stands		   ? OUTCOME_duplicate
					: seen->touch.reasons != 0 ? OUTCOME_machine
								   : OUTCOME_applied;
		}
	}
}

/* ---- facts ---- */

static void gather_facts(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		if (!seen->states) {
			continue;
		}
		for (unsigned j = 0; j < seen->facts.assertion_count; j++) {
			oracle->assertions[oracle->assertion_count++] = seen->facts.assertions[j];
		}
		for (unsigned j = 0; j < seen->facts.consent_count; j++) {
			oracle->consents[oracle->consent_count++] = seen->facts.consents[j];
		}
		for (unsigned j = 0; j < seen->facts.declared_count; j++) {
			oracle->declared[oracle->declared_count++] = seen->facts.declared[j];
		}
	}
}

/* ---- whose is it ---- */

/* All claims on a weak actor by (at, event id), then what else there is to tell them apart. */
size_t oracle_claims_on(const struct oracle *oracle, const struct uuid *weak, struct claim *ret_claims)
{
	size_t count = 0;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		if (seen->states && seen->facts.has_claim && uuid_equal(&seen->facts.claim.weak, weak)) {
			ret_claims[count++] = seen->facts.claim;
		}
	}
	qsort(ret_claims, count, sizeof(*ret_claims), attribute_compare_claims);
	return count;
}

/* The earliest moment of the session that runs up to c₁: from touch to touch backwards, no gap over 30 minutes. */
int64_t oracle_session_begin(const struct oracle *oracle, const struct uuid *weak, int64_t claim_us)
{
	int64_t begin = claim_us;
	for (;;) {
		int64_t before = INT64_MIN;
		for (size_t i = 0; i < oracle->count; i++) {
			const struct touch_line *touch = &oracle->seen[i].touch;
			if (oracle->seen[i].stands && uuid_equal(&touch->actor_id, weak) && touch->at_us < begin &&
			    touch->at_us >= begin - SESSION_US && touch->at_us > before) {
				before = touch->at_us;
			}
		}
		if (before == INT64_MIN) {
			return begin;
		}
		begin = before;
	}
}

/* Rules 1 to 5. */
const struct uuid *oracle_person_on_weak(const struct oracle *oracle, const struct uuid *weak, int64_t at_us)
{
	static struct claim claims[PLAN_MESSAGES_MAX];
	size_t count = oracle_claims_on(oracle, weak, claims);
	const struct uuid *person = NULL;
	bool several = false; /* persons: actors who are one are one person */
	struct uuid first[KIN_ACTORS_MAX], its[KIN_ACTORS_MAX];
	for (size_t i = 0; i < count; i++) {
		oracle_person(oracle, &claims[0].strong, first);
		oracle_person(oracle, &claims[i].strong, its);
		several = several || !uuid_equal(&its[0], &first[0]);
		if (claims[i].at_us <= at_us) {
			person = &claims[i].strong; /* 1: the latest at or before it */
		}
	}
	if (several && count > oracle->drive->claims_max) { /* 5 */
		bool counts = at_us >= claims[0].at_us && at_us < claims[oracle->drive->claims_max].at_us;
		person = counts ? person : NULL;
	} else if (count > 0 && person == NULL &&
		   (!several || at_us >= oracle_session_begin(oracle, weak, claims[0].at_us))) {
		person = &claims[0].strong; /* 2, 3 */
	}
	return person;
}

struct uuid oracle_contact_on_weak(const struct oracle *oracle, const struct uuid *weak, int64_t at_us)
{
	const struct uuid *strong = oracle_person_on_weak(oracle, weak, at_us);
	struct uuid ids[KIN_ACTORS_MAX];
	if (strong == NULL || !oracle_has_consented(oracle, strong)) {
		return *weak;
	}
	oracle_person(oracle, strong, ids);
	return ids[0];
}

/* False: nobody's, of a person without consent. */
bool oracle_contact_of(const struct oracle *oracle, const struct seen *seen, struct uuid *ret_contact)
{
	const struct uuid *actor = &seen->touch.actor_id;
	if (seen->who.has_weak) {
		*ret_contact = oracle_contact_on_weak(oracle, actor, seen->touch.at_us);
		return true;
	}
	struct uuid ids[KIN_ACTORS_MAX];
	oracle_person(oracle, actor, ids);
	*ret_contact = ids[0];
	return oracle_has_consented(oracle, actor);
}

/* ---- all ---- */

static size_t list_exempt(const struct oracle *oracle, struct uuid *ret_exempt)
{
	size_t count = 0;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		bool declares = seen->loose && !seen->stands && seen->facts.declared_count > 0;
		for (unsigned j = 0; !(seen->stands && seen->states) && j < seen->facts.consent_count; j++) {
			if (declares || (seen->facts.consents[j].purpose == PURPOSE_PROFILE &&
					 seen->facts.consents[j].state != STATEMENT_GRANTED)) {
				ret_exempt[count++] = seen->facts.consents[j].actor_id;
			}
		}
	}
	return count;
}

static struct matcher *matcher; /* one for the process */

void oracle_finish(void)
{
	matcher_destroy(matcher);
	matcher = NULL;
}

static bool is_exempt(const struct uuid *id, const struct uuid *exempt, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (uuid_equal(&exempt[i], id)) {
			return true;
		}
	}
	return false;
}

void oracle_forget_values(struct tables *tables, const struct uuid *exempt, size_t count)
{
	for (size_t i = tables_count(tables, TABLE_DECLARED); i-- > 0;) {
		if (is_exempt(&((struct declared_line *)tables_row(tables, TABLE_DECLARED, i))->actor_id, exempt,
			      count)) {
			tables_delete(tables, TABLE_DECLARED, i);
		}
	}
	for (size_t i = 0; i < tables_count(tables, TABLE_CONTACT); i++) {
		struct contact_line *line = tables_row(tables, TABLE_CONTACT, i);
		if (is_exempt(&line->id, exempt, count)) {
			*line = (struct contact_line){.id = line->id, .may_write = line->may_write};
		}
	}
	for (size_t i = 0; i < tables_count(tables, TABLE_ACTOR); i++) {
		struct actor_line *line = tables_row(tables, TABLE_ACTOR, i);
		if (is_exempt(&line->id, exempt, count)) {
			line->value = NULL;
		}
	}
}

static void fill(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->plan->count; i++) {
		if (!oracle->plan->messages[i].left_out) {
			understand(oracle, oracle->plan, &oracle->plan->messages[i]);
		}
	}
	choose(oracle);
	oracle_loosen(oracle);
	gather_facts(oracle);
	oracle_join(oracle);
	oracle_erase(oracle);
	oracle_time_clicks(oracle);
	oracle_fill_touches(oracle);
	oracle_fill_persons(oracle);
	oracle_fill_subjects(oracle);
	oracle_fill_outcomes(oracle);
	oracle_fill_phases(oracle);
}

const char *oracle_difference(const struct plan *plan, const struct drive *drive, struct arena *arena,
			      struct tables *found)
{
	static struct oracle oracle;
	static struct uuid exempt[2 * 4 * PLAN_MESSAGES_MAX];
	struct tables expected = {0};
	struct fail fail;
	if (matcher == NULL) {
		matcher = matcher_create(drive_model(drive)->model, &fail);
		CHECK(matcher != NULL);
	}
	oracle = (struct oracle){.plan = plan,
				 .drive = drive,
				 .model = drive_model(drive),
				 .matcher = matcher,
				 .arena = arena,
				 .tables = &expected,
				 .found = found};
	fill(&oracle);
	size_t exempt_count = oracle_exempt_linked(&oracle, exempt, list_exempt(&oracle, exempt));
	struct tables *const both[] = {&expected, found};
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		oracle_forget_values(both[i], exempt, exempt_count);
		oracle_merge_outcomes(&oracle, both[i]);
	}
	const char *text = tables_difference(tables_dump(&expected, arena), tables_dump(found, arena), arena);
	tables_finish(&expected);
	return text;
}

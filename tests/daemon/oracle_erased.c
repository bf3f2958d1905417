/*
 * What withdrawals erase, and what they may have erased: an event goes when somebody whose it was by the claims that were known then has
 * withdrawn, and stays gone. So of events that any of the claims gives to such a person, at or before a withdrawal, it is left open
 * whether they are there; those that all of them together give to one must not be.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/attribute.h"
#include "tests/daemon/oracle_inside.h"

/* ---- which ---- */

static bool is_touch(const struct seen *seen)
{
	return seen->subject.id != 0;
}

static bool same_event(const struct seen *a, const struct seen *b)
{
	return is_touch(a) && is_touch(b) && uuid_equal(&a->touch.actor_id, &b->touch.actor_id) &&
	       a->touch.stamped_us == b->touch.stamped_us && a->touch.event_id == b->touch.event_id;
}

/* In any copy of any event, by anybody who was ever said to be one with that person. */
static int64_t withdrawn_at(const struct oracle *oracle, const struct uuid *person)
{
	int64_t withdrawn_us = INT64_MIN;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct facts *facts = &oracle->seen[i].facts;
		for (unsigned j = 0; is_touch(&oracle->seen[i]) && j < facts->consent_count; j++) {
			int64_t at_us = attribute_withdrawn_at(&facts->consents[j], 1);
			if (at_us > withdrawn_us &&
			    oracle_is_linked(oracle, person, &facts->consents[j].actor_id)) {
				withdrawn_us = at_us;
			}
		}
	}
	return withdrawn_us;
}

static bool may_be_erased(const struct oracle *oracle, const struct seen *seen)
{
	if (!seen->who.has_weak) {
		return seen->touch.at_us <= withdrawn_at(oracle, &seen->touch.actor_id);
	}
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *other = &oracle->seen[i];
		if (is_touch(other) && other->facts.has_claim &&
		    uuid_equal(&other->facts.claim.weak, &seen->touch.actor_id) &&
		    seen->touch.at_us <= withdrawn_at(oracle, &other->facts.claim.strong)) {
			return true;
		}
	}
	return false;
}

/* ---- as it is found ---- */

static bool is_as_found(const struct seen *seen, const struct touch_line *found)
{
	return seen->touch.received_us == found->received_us && seen->touch.at_us == found->at_us &&
	       seen->touch.subject_id == found->subject_id && seen->touch.party == found->party &&
	       seen->touch.reasons == (found->reasons & MACHINE_SAID);
}

static bool has_asserted(const struct oracle *oracle, const struct assertion *assertion)
{
	struct assertion_line key = {.a = assertion->a,
				     .b = assertion->b,
				     .stamped_us = assertion->key.stamped_us,
				     .event_id = assertion->key.event_id,
				     .touch_actor = assertion->key.touch_actor};
	const struct assertion_line *row = tables_find(oracle->found, TABLE_ASSERTION, &key);
	return row != NULL && row->at_us == assertion->at_us && row->kind == (int64_t)assertion->kind;
}

/* Is all there that it states, and does it state anything? */
static bool has_stated(const struct oracle *oracle, const struct seen *seen)
{
	const struct facts *facts = &seen->facts;
	struct claim_line claim = {facts->claim.weak,
				   facts->claim.strong,
				   facts->claim.key.stamped_us,
				   facts->claim.key.event_id,
				   0,
				   0};
	const struct claim_line *claimed =
		facts->has_claim ? tables_find(oracle->found, TABLE_CLAIM, &claim) : NULL;
	bool all = !facts->has_claim || (claimed != NULL && claimed->at_us == facts->claim.at_us &&
					 claimed->strength == (int64_t)facts->claim.strength);
	for (unsigned i = 0; i < facts->consent_count; i++) {
		const struct consent *consent = &facts->consents[i];
		struct consent_line key = {.actor_id = consent->actor_id,
					   .purpose = consent->purpose,
					   .stamped_us = consent->key.stamped_us,
					   .event_id = consent->key.event_id,
					   .touch_actor = consent->key.touch_actor};
		const struct consent_line *row = tables_find(oracle->found, TABLE_CONSENT, &key);
		all = all && row != NULL && row->at_us == consent->at_us && row->state == consent->state &&
		      strcmp(row->policy, consent->policy) == 0;
	}
	for (unsigned i = 0; i < facts->assertion_count; i++) {
		all = all && has_asserted(oracle, &facts->assertions[i]);
	}
	return all && !facts_are_none(facts);
}

static unsigned count_facts(const struct facts *facts)
{
	return (facts->has_claim ? 1 : 0) + facts->consent_count + facts->assertion_count;
}

/* Does a copy of the same event, by the same person, state what holds already? */
static bool is_stated(const struct oracle *oracle, const struct seen *seen)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *other = &oracle->seen[i];
		if (other->states && same_event(other, seen) &&
		    uuid_equal(&other->who.strong.id, &seen->who.strong.id)) {
			return true;
		}
	}
	return false;
}

/*
 * One of the copies has its touch there, or none. One of them has stated what holds; or several, which name different people: what is
 * refused on somebody else's browser is known again by whose it is, once its touch has gone. Where nothing is as any of them says, the one
 * holds that was received first, and the tables differ.
 */
static void settle_event(struct oracle *oracle, size_t first)
{
	const struct touch_line *found = tables_find(oracle->found, TABLE_TOUCH, &oracle->seen[first].touch);
	struct seen *stands = NULL, *was = NULL;
	bool is_good = false; /* or one of them states nothing */
	for (size_t i = first; i < oracle->count; i++) {
		struct seen *seen = &oracle->seen[i];
		if (!same_event(seen, &oracle->seen[first])) {
			continue;
		}
		was = seen->states ? seen : was;
		is_good = is_good || facts_are_none(&seen->facts);
		if (stands == NULL && found != NULL && is_as_found(seen, found)) {
			stands = seen;
		}
		seen->stands = seen->states = false;
	}
	if (stands != NULL) {
		stands->stands = true;
	}
	for (unsigned most = 1 + PURPOSE_COUNT; most > 0; most--) { /* one may state a part of what another does */
		if (stands != NULL && count_facts(&stands->facts) == most && has_stated(oracle, stands)) {
			stands->states = !is_stated(oracle, stands);
		}
		for (size_t i = first; i < oracle->count; i++) {
			struct seen *seen = &oracle->seen[i];
			if (same_event(seen, &oracle->seen[first]) && count_facts(&seen->facts) == most &&
			    has_stated(oracle, seen)) {
				seen->states = seen->states || !is_stated(oracle, seen);
				is_good = true;
			}
		}
	}
	if (!is_good && was != NULL) {
		was->states = true;
	}
}

static struct oracle_counts counts;

struct oracle_counts oracle_counts(void)
{
	return counts;
}

void oracle_loosen(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		if (!is_touch(&oracle->seen[i]) || !may_be_erased(oracle, &oracle->seen[i])) {
			continue;
		}
		for (size_t j = 0; j < oracle->count; j++) {
			oracle->seen[j].loose =
				oracle->seen[j].loose || same_event(&oracle->seen[j], &oracle->seen[i]);
		}
	}
	for (size_t i = 0; i < oracle->count; i++) {
		counts.touches += oracle->seen[i].stands ? 1 : 0;
		counts.open += oracle->seen[i].stands && oracle->seen[i].loose ? 1 : 0;
	}
	for (size_t i = 0; i < oracle->count; i++) {
		bool is_first = oracle->seen[i].loose;
		for (size_t j = 0; j < i && is_first; j++) {
			is_first = !same_event(&oracle->seen[j], &oracle->seen[i]);
		}
		if (is_first) {
			settle_event(oracle, i);
		}
	}
}

/* ---- what must be gone ---- */

static bool has_withdrawn(const struct oracle *oracle, const struct uuid *actor, int64_t at_us)
{
	struct consent consents[2 * PLAN_MESSAGES_MAX];
	return at_us <= attribute_withdrawn_at(consents, oracle_consents_of(oracle, actor, consents));
}

/* Of a browser with more claims for one person than are read, anybody's of whom it was claimed for. */
static bool anybody_has_withdrawn(const struct oracle *oracle, const struct uuid *weak, int64_t at_us)
{
	static struct claim claims[PLAN_MESSAGES_MAX];
	size_t count = oracle_claims_on(oracle, weak, claims), max = oracle->drive->claims_max;
	bool any = false;
	for (size_t i = 0; i < count && count > max && at_us >= claims[max].at_us; i++) {
		any = any || has_withdrawn(oracle, &claims[i].strong, at_us);
	}
	return any;
}

static bool is_erased(const struct oracle *oracle, const struct seen *seen)
{
	int64_t at_us = seen->touch.at_us;
	if (!seen->who.has_weak) {
		return has_withdrawn(oracle, &seen->touch.actor_id, at_us);
	}
	const struct uuid *person = oracle_person_on_weak(oracle, &seen->touch.actor_id, at_us);
	return person != NULL && (has_withdrawn(oracle, person, at_us) ||
				  anybody_has_withdrawn(oracle, &seen->touch.actor_id, at_us));
}

void oracle_erase(struct oracle *oracle)
{
	static bool erased[COUNT_OF(oracle->seen)];
	for (size_t i = 0; i < oracle->count; i++) {
		bool must_go = is_touch(&oracle->seen[i]) && is_erased(oracle, &oracle->seen[i]);
		erased[i] = oracle->seen[i].stands && must_go;
		counts.must_go += must_go ? 1 : 0;
	}
	for (size_t i = 0; i < oracle->count; i++) {
		oracle->seen[i].stands = oracle->seen[i].stands && !erased[i];
	}
}

bool oracle_may_have_gone(const struct seen *seen)
{
	return seen->loose && !seen->stands;
}

bool oracle_has_actor(const struct oracle *oracle, const struct seen *seen, const struct uuid *actor)
{
	return !seen->loose || seen->stands || seen->states ||
	       tables_find(oracle->found, TABLE_ACTOR, actor) != NULL;
}

bool oracle_has_subject(const struct oracle *oracle, const struct seen *seen)
{
	return !seen->loose || seen->stands ||
	       tables_find(oracle->found, TABLE_SUBJECT, &seen->subject.id) != NULL;
}

/* ---- how they were counted ---- */

static bool is_counted_there(const struct seen *seen, const struct outcome_line *row)
{
	const struct event *event = seen->event;
	return seen->loose && row->day_us == moment_floor(event->stamped_us, MOMENT_DAY_US) * MOMENT_DAY_US &&
	       strcmp(row->source, event->source) == 0 && strcmp(row->site, event->site) == 0 &&
	       row->channel == (int64_t)event->channel;
}

static bool is_open(const char *outcome)
{
	static const enum outcome open[] = {OUTCOME_applied, OUTCOME_machine, OUTCOME_duplicate, OUTCOME_erased};
	for (size_t i = 0; i < COUNT_OF(open); i++) {
		if (strcmp(outcome_about[open[i]].name, outcome) == 0) {
			return true;
		}
	}
	return false;
}

void oracle_merge_outcomes(const struct oracle *oracle, struct tables *tables)
{
	for (size_t i = tables_count(tables, TABLE_OUTCOME); i-- > 0;) {
		struct outcome_line row = *(struct outcome_line *)tables_row(tables, TABLE_OUTCOME, i);
		bool merges = false;
		for (size_t j = 0; j < oracle->count && is_open(row.outcome); j++) {
			merges = merges || is_counted_there(&oracle->seen[j], &row);
		}
		if (!merges) {
			continue;
		}
		tables_delete(tables, TABLE_OUTCOME, i);
		row.outcome = tables_text("written or not");
		struct outcome_line *sum = tables_find(tables, TABLE_OUTCOME, &row);
		if (sum != NULL) {
			sum->n += row.n;
			sum->granted += row.granted;
			sum->denied += row.denied;
			sum->unsaid += row.unsaid;
		} else {
			CHECK(tables_insert(tables, TABLE_OUTCOME, &row));
		}
	}
}

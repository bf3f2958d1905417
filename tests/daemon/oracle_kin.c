/*
 * Who is one person with whom, and what of all that they stated counts for each of them.
 */
#include <stdlib.h>

#include "core/base/check.h"
#include "core/flow/attribute.h"
#include "core/flow/kin.h"
#include "tests/daemon/oracle_inside.h"

static bool is_pair(const struct assertion *x, const struct assertion *y)
{
	return uuid_equal(&x->a, &y->a) && uuid_equal(&x->b, &y->b);
}

/* The last word by hand on a pair. NULL: there is none. */
static const struct assertion *last_word(const struct oracle *oracle, const struct assertion *pair)
{
	const struct assertion *last = NULL;
	for (size_t i = 0; i < oracle->assertion_count; i++) {
		if (oracle->assertions[i].kind != ASSERTION_EVENT && is_pair(&oracle->assertions[i], pair)) {
			last = &oracle->assertions[i]; /* they are in their order */
		}
	}
	return last;
}

/* How the two are joined, by the edges so far: the latest of them on the way. False: they are not. */
static bool way(const struct oracle *oracle, const struct uuid *from, const struct uuid *to,
		const struct uuid *back, int64_t *ret_since_us)
{
	if (uuid_equal(from, to)) {
		*ret_since_us = INT64_MIN;
		return true;
	}
	for (size_t i = 0; i < oracle->edge_count; i++) {
		const struct assertion *edge = oracle->edges[i];
		const struct uuid *next = uuid_equal(&edge->a, from)   ? &edge->b
					  : uuid_equal(&edge->b, from) ? &edge->a
								       : NULL;
		if (next != NULL && (back == NULL || !uuid_equal(next, back)) &&
		    way(oracle, next, to, from, ret_since_us)) {
			*ret_since_us = *ret_since_us > edge->at_us ? *ret_since_us : edge->at_us;
			return true;
		}
	}
	return false;
}

static bool is_one(const struct oracle *oracle, const struct uuid *x, const struct uuid *y)
{
	int64_t since_us;
	return way(oracle, x, y, NULL, &since_us);
}

/* Everybody who is one with an actor, itself too, by id. */
size_t oracle_person(const struct oracle *oracle, const struct uuid *actor,
		     struct uuid ret_ids[static KIN_ACTORS_MAX])
{
	size_t count = 1;
	ret_ids[0] = *actor;
	for (size_t i = 0; i < 2 * oracle->edge_count; i++) {
		const struct uuid *id = i % 2 == 0 ? &oracle->edges[i / 2]->a : &oracle->edges[i / 2]->b;
		size_t at = 0;
		while (at < count && !uuid_equal(&ret_ids[at], id)) {
			at++;
		}
		if (at == count && is_one(oracle, id, actor)) {
			CHECK(count < KIN_ACTORS_MAX);
			ret_ids[count++] = *id;
		}
	}
	for (size_t i = 1; i < count; i++) {
		for (size_t j = i; j > 0 && uuid_compare(&ret_ids[j - 1], &ret_ids[j]) > 0; j--) {
			struct uuid swap = ret_ids[j];
			ret_ids[j] = ret_ids[j - 1];
			ret_ids[j - 1] = swap;
		}
	}
	return count;
}

static bool is_address_of(const struct assertion *assertion, const struct uuid *user)
{
	return assertion->address_of != 0 &&
	       uuid_equal(assertion->address_of == 2 ? &assertion->b : &assertion->a, user);
}

/* Two who were one already, by way of others: is that said for the first time? */
static bool is_new(const struct oracle *oracle, const struct assertion *assertion)
{
	bool is_new = assertion->address_of != 0;
	for (size_t i = 0; i < oracle->edge_count; i++) {
		is_new = is_new && !is_pair(oracle->edges[i], assertion);
	}
	for (size_t i = 0; i < oracle->follows_count; i++) {
		is_new = is_new && !is_pair(oracle->follows[i], assertion);
	}
	return is_new;
}

static enum assertion_refused judge(const struct oracle *oracle, const struct assertion *assertion)
{
	struct uuid ids[KIN_ACTORS_MAX];
	size_t addresses = 0;
	for (size_t i = 0; i < oracle->assertion_count; i++) {
		const struct assertion *veto = last_word(oracle, &oracle->assertions[i]);
		if (veto != NULL && veto->kind == ASSERTION_VETO &&
		    ((is_one(oracle, &veto->a, &assertion->a) && is_one(oracle, &veto->b, &assertion->b)) ||
		     (is_one(oracle, &veto->a, &assertion->b) && is_one(oracle, &veto->b, &assertion->a)))) {
			return REFUSED_VETO;
		}
	}
	const struct uuid *user = assertion->address_of == 2 ? &assertion->b : &assertion->a;
	for (size_t i = 0; i < oracle->edge_count; i++) {
		addresses += is_address_of(oracle->edges[i], user) ? 1 : 0;
	}
	for (size_t i = 0; i < oracle->follows_count; i++) {
		addresses += is_address_of(oracle->follows[i], user) ? 1 : 0;
	}
	if (assertion->address_of != 0 && addresses >= KIN_ADDRESSES_MAX) {
		return REFUSED_ADDRESSES;
	}
	return oracle_person(oracle, &assertion->a, ids) + oracle_person(oracle, &assertion->b, ids) >
			       KIN_ACTORS_MAX
		       ? REFUSED_ACTORS
		       : REFUSED_NOT;
}

static void fill_kin(struct oracle *oracle, const struct uuid *actor)
{
	struct uuid ids[KIN_ACTORS_MAX];
	struct kin_line line = {.actor_id = *actor, .via = *actor, .at_us = INT64_MIN};
	if (oracle_person(oracle, actor, ids) == 1) {
		return;
	}
	line.contact_id = ids[0];
	for (size_t i = 0; i < oracle->edge_count; i++) {
		const struct assertion *edge = oracle->edges[i];
		const struct uuid *other = uuid_equal(&edge->a, actor)	 ? &edge->b
					   : uuid_equal(&edge->b, actor) ? &edge->a
									 : NULL;
		int64_t since_us;
		if (other != NULL && way(oracle, other, &ids[0], actor, &since_us)) {
			line.via = *other;
			line.at_us = edge->at_us;
		}
	}
	if (uuid_equal(actor, &ids[0])) {
		line.via = *actor;
		line.at_us = INT64_MIN;
	}
	tables_insert(oracle->tables, TABLE_KIN, &line);
}

void oracle_join(struct oracle *oracle)
{
	qsort(oracle->assertions, oracle->assertion_count, sizeof(oracle->assertions[0]), kin_compare_assertions);
	for (size_t i = 0; i < oracle->assertion_count; i++) {
		struct assertion *assertion = &oracle->assertions[i];
		const struct assertion *word = last_word(oracle, assertion);
		bool joins = assertion->kind == ASSERTION_EVENT || assertion == word;
		if (assertion->kind == ASSERTION_VETO || !joins) {
			continue;
		}
		if (is_one(oracle, &assertion->a, &assertion->b)) {
			if (is_new(oracle, assertion)) {
				oracle->follows[oracle->follows_count++] = assertion;
			}
			continue;
		}
		assertion->refused = judge(oracle, assertion);
		if (assertion->refused == REFUSED_NOT) {
			oracle->edges[oracle->edge_count++] = assertion;
		}
	}
	for (size_t i = 0; i < oracle->assertion_count; i++) {
		const struct assertion *row = &oracle->assertions[i];
		struct assertion_line line = {
			row->a,	    row->b,    row->key.stamped_us, row->key.event_id, row->key.touch_actor,
			row->at_us, row->kind, row->address_of,	    row->refused};
		CHECK(tables_insert(oracle->tables, TABLE_ASSERTION, &line));
		fill_kin(oracle, &row->a);
		fill_kin(oracle, &row->b);
	}
}

/* ---- what they stated ---- */

size_t oracle_consents_of(const struct oracle *oracle, const struct uuid *actor, struct consent *ret_consents)
{
	size_t count = 0;
	for (size_t i = 0; i < oracle->consent_count; i++) {
		const struct consent *consent = &oracle->consents[i];
		int64_t since_us;
		if (uuid_equal(&consent->actor_id, actor) ||
		    (way(oracle, &consent->actor_id, actor, NULL, &since_us) && consent->at_us > since_us)) {
			ret_consents[count++] = *consent;
		}
	}
	return count;
}

bool oracle_has_consented(const struct oracle *oracle, const struct uuid *actor)
{
	struct uuid ids[KIN_ACTORS_MAX];
	size_t count = oracle_person(oracle, actor, ids);
	bool granted = false, refused = false;
	for (size_t i = 0; i < count; i++) {
		struct consent consents[2 * PLAN_MESSAGES_MAX];
		int state = attribute_consent_state(consents, oracle_consents_of(oracle, &ids[i], consents),
						    PURPOSE_PROFILE);
		granted = granted || state == STATEMENT_GRANTED;
		refused = refused || state == STATEMENT_DENIED || state == STATEMENT_WITHDRAWN;
	}
	return granted && !refused;
}

/* ---- whose values the order decides about ---- */

static bool is_linked(const struct oracle *oracle, const struct uuid *x, const struct uuid *y)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct facts *facts = &oracle->seen[i].facts;
		for (unsigned j = 0; j < facts->assertion_count; j++) {
			if ((uuid_equal(&facts->assertions[j].a, x) && uuid_equal(&facts->assertions[j].b, y)) ||
			    (uuid_equal(&facts->assertions[j].b, x) && uuid_equal(&facts->assertions[j].a, y))) {
				return true;
			}
		}
	}
	return false;
}

static size_t add_linked(const struct oracle *oracle, const struct uuid *id, struct uuid *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (uuid_equal(&ids[i], id)) {
			return count;
		}
	}
	CHECK(count < PLAN_MESSAGES_MAX);
	ids[count++] = *id;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct facts *facts = &oracle->seen[i].facts;
		for (unsigned j = 0; j < facts->assertion_count; j++) {
			const struct assertion *pair = &facts->assertions[j];
			if (is_linked(oracle, id, &pair->a)) {
				count = add_linked(oracle, &pair->a, ids, count);
			}
			if (is_linked(oracle, id, &pair->b)) {
				count = add_linked(oracle, &pair->b, ids, count);
			}
		}
	}
	return count;
}

bool oracle_is_linked(const struct oracle *oracle, const struct uuid *one, const struct uuid *other)
{
	struct uuid linked[PLAN_MESSAGES_MAX];
	size_t count = add_linked(oracle, one, linked, 0);
	for (size_t i = 0; i < count; i++) {
		if (uuid_equal(&linked[i], other)) {
			return true;
		}
	}
	return false;
}

size_t oracle_exempt_linked(const struct oracle *oracle, struct uuid *ids, size_t count)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct facts *facts = &oracle->seen[i].facts;
		for (unsigned j = 0; j < facts->consent_count; j++) {
			struct uuid linked[PLAN_MESSAGES_MAX];
			bool refuses = facts->consents[j].purpose == PURPOSE_PROFILE &&
				       facts->consents[j].state != STATEMENT_GRANTED;
			size_t linked_count =
				refuses ? add_linked(oracle, &facts->consents[j].actor_id, linked, 0) : 0;
			for (size_t k = 0; linked_count > 1 && k < linked_count; k++) {
				size_t at = 0;
				while (at < count && !uuid_equal(&ids[at], &linked[k])) {
					at++;
				}
				CHECK(at < PLAN_MESSAGES_MAX);
				ids[at] = linked[k];
				count = at == count ? count + 1 : count;
			}
		}
	}
	return count;
}

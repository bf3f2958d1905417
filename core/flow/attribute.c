#include "core/flow/attribute.h"

#include "core/base/check.h"
#include "core/model/event.h"

static int compare_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int attribute_compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = compare_i64(x->at_us, y->at_us);
	if (order == 0) {
		order = compare_u64(x->key.event_id, y->key.event_id);
	}
	if (order == 0) {
		order = compare_i64(x->key.stamped_us, y->key.stamped_us);
	}
	return order != 0 ? order : uuid_compare(&x->strong, &y->strong);
}

bool attribute_is_shared(const struct claim *claims, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (!uuid_equal(&claims[i].strong, &claims[0].strong)) {
			return true;
		}
	}
	return false;
}

/* Where the session begins that runs up to `claim_us`: the earliest touch before it that no gap cuts off. */
static int64_t session_start(int64_t claim_us, const int64_t *touch_at_us, size_t touch_count)
{
	int64_t start = claim_us;
	for (size_t i = touch_count; i > 0; i--) {
		int64_t at_us = touch_at_us[i - 1];
		CHECK(i == touch_count || at_us <= touch_at_us[i]);
		if (at_us >= claim_us) {
			continue;
		}
		/* Unsigned: the two may lie further apart than an int64_t reaches. */
		if ((uint64_t)start - (uint64_t)at_us > (uint64_t)ATTRIBUTE_SESSION_US) {
			break;
		}
		start = at_us;
	}
	return start;
}

/* From `from_us` on it is `contact`. Replaces what began at the same time, joins what is one contact's. */
static size_t add_stretch(struct stretch *stretches, size_t count, const struct uuid *actor, int64_t from_us,
			  const struct uuid *contact)
{
	if (count > 0 && stretches[count - 1].from_us == from_us) {
		count--;
	}
	if (count > 0 && uuid_equal(&stretches[count - 1].contact_id, contact)) {
		stretches[count - 1].to_us = INT64_MAX;
		return count;
	}
	if (count > 0) {
		stretches[count - 1].to_us = from_us;
	}
	stretches[count] = (struct stretch){*actor, from_us, INT64_MAX, *contact};
	return count + 1;
}

/* How many of more than `max` claims count: by time alone, so that of equal ones all do or none does. */
static size_t count_early(const struct claim *claims, size_t max)
{
	size_t used = 0;
	while (claims[used].at_us < claims[max].at_us) {
		used++;
	}
	return used;
}

size_t attribute_cut(struct claim *claims, size_t count, size_t max, bool several)
{
	if (count <= max || !several) {
		return count;
	}
	size_t used = count_early(claims, max);
	claims[used] =
		(struct claim){.weak = claims[max].weak, .strong = claims[max].weak, .at_us = claims[max].at_us};
	return used + 1;
}

size_t attribute_stretches(const struct uuid *weak, const struct claim *claims, size_t count,
			   const int64_t *touch_at_us, size_t touch_count, attribute_consented *consented,
			   const void *context, struct stretch *ret_stretches)
{
	bool shared = attribute_is_shared(claims, count);
	bool cut = shared && count > ATTRIBUTE_CLAIMS_MAX;
	size_t used = cut ? count_early(claims, ATTRIBUTE_CLAIMS_MAX) : count;
	size_t stretches = add_stretch(ret_stretches, 0, weak, INT64_MIN, weak);
	for (size_t i = 0; i < used; i++) {
		CHECK(uuid_equal(&claims[i].weak, weak));
		CHECK(i == 0 || attribute_compare_claims(&claims[i - 1], &claims[i]) <= 0);
		const struct uuid *contact = consented(context, &claims[i].strong) ? &claims[i].strong : weak;
		if (i == 0) {
			int64_t past_us =
				shared ? session_start(claims[0].at_us, touch_at_us, cut ? 0 : touch_count)
				       : INT64_MIN;
			stretches = add_stretch(ret_stretches, stretches, weak, past_us, contact);
		}
		stretches = add_stretch(ret_stretches, stretches, weak, claims[i].at_us, contact);
	}
	return cut ? add_stretch(ret_stretches, stretches, weak, claims[ATTRIBUTE_CLAIMS_MAX].at_us, weak)
		   : stretches;
}

const struct uuid *attribute_contact(const struct stretch *stretches, size_t count, int64_t at_us)
{
	CHECK(count > 0 && stretches[0].from_us == INT64_MIN);
	size_t low = 0, high = count; /* the last that begins at or before at_us is in [low, high) */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (stretches[middle].from_us <= at_us) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return &stretches[low].contact_id;
}

int attribute_consent_state(const struct consent *consents, size_t count, enum purpose purpose)
{
	const struct consent *newest = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct consent *consent = &consents[i];
		if (consent->purpose != purpose) {
			continue;
		}
		int order = newest == NULL ? 1 : compare_i64(consent->at_us, newest->at_us);
		if (order == 0) {
			order = compare_u64(consent->key.event_id, newest->key.event_id);
		}
		if (order == 0) {
			order = consent->state - newest->state;
		}
		if (order > 0) {
			newest = consent;
		}
	}
	return newest == NULL ? STATEMENT_UNSAID : newest->state;
}

int64_t attribute_consent_denied_at(const struct consent *consents, size_t count, enum purpose purpose)
{
	int64_t denied_us = INT64_MIN;
	for (size_t i = 0; i < count; i++) {
		if (consents[i].purpose == purpose && consents[i].state != STATEMENT_GRANTED &&
		    consents[i].at_us > denied_us) {
			denied_us = consents[i].at_us;
		}
	}
	return denied_us;
}

int64_t attribute_withdrawn_at(const struct consent *consents, size_t count)
{
	int64_t withdrawn_us = INT64_MIN;
	for (size_t i = 0; i < count; i++) {
		if (consents[i].purpose == PURPOSE_PROFILE && consents[i].state == STATEMENT_WITHDRAWN &&
		    consents[i].at_us > withdrawn_us) {
			withdrawn_us = consents[i].at_us;
		}
	}
	return withdrawn_us;
}

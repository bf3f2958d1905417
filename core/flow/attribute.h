/*
 * Whose touches are these? The stretches of one weak actor, from all claims on it. Pure, and independent of the order
 * in which the claims arrived.
 *
 *	1. A touch at or after the first claim belongs to the person of the latest claim at or before it.
 *	2. A touch before the first claim belongs to that person if the actor was only ever claimed for one person.
 *	3. Claimed for two or more: only when it is in the same session (no gap over 30 min up to the claim).
 *	4. A claim never joins two strong actors.
 *	5. Whoever was claimed for several persons by more than ATTRIBUTE_CLAIMS_MAX claims is a public device: what counts are
 *	   those before the time of the next one. From then on, and before the first claim, its touches are nobody's.
 * A person without profile consent gets nothing: their stretch stays with the anonymous contact, whose id is the weak
 * actor's.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/actor.h"

#define ATTRIBUTE_SESSION_US INT64_C(1800000000)
#define ATTRIBUTE_CLAIMS_MAX 256

/* (at, event_id unsigned, stamped, strong): the order that attribution goes by. For qsort. */
int attribute_compare_claims(const void *a, const void *b);

/* Does this person have profile consent? */
typedef bool attribute_consented(const void *context, const struct uuid *strong);

/*
 * `claims`: all claims on `weak`, sorted by attribute_compare_claims. `touch_at_us`: times of all touches of the actor,
 * sorted (those at or after the first claim are not looked at; may be empty when there is one person only).
 * Writes at most `count` + 2 stretches to ret_stretches, in time order, neighbours of one contact joined, covering all
 * time from INT64_MIN to INT64_MAX. Returns how many. No claims: one stretch, the actor's own contact.
 */
size_t attribute_stretches(const struct uuid *weak, const struct claim *claims, size_t count,
			   const int64_t *touch_at_us, size_t touch_count, attribute_consented *consented,
			   const void *context, struct stretch *ret_stretches);

/*
 * Rule 5 for who does not have all claims: a list of at least the `max` + 1 first of them, in order, is cut where there are more than
 * `max` and they are of `several` persons, and ended by one of the actor on itself, from which on it is nobody's. Returns
 * how many are left; of a list that was cut the touches' times are not needed. attribute_stretches() takes it so.
 */
size_t attribute_cut(struct claim *claims, size_t count, size_t max, bool several);

/* The contact of a touch at `at_us`. The stretches cover all time. */
const struct uuid *attribute_contact(const struct stretch *stretches, size_t count, int64_t at_us);

/* Two or more distinct persons claimed? Then touches before the first claim depend on one another (rule 3). */
bool attribute_is_shared(const struct claim *claims, size_t count);

/* State of one purpose from all statements of a person: the newest by (at, event_id) holds; at equal place the most
 * restrictive. STATEMENT_UNSAID when there is none. */
int attribute_consent_state(const struct consent *consents, size_t count, enum purpose purpose);
/* Time of the newest statement of the purpose that is not GRANTED; INT64_MIN when there is none. Values that were
 * declared at or before it are not kept. */
int64_t attribute_consent_denied_at(const struct consent *consents, size_t count, enum purpose purpose);
/* Time of the newest statement that profile consent is WITHDRAWN; INT64_MIN when there is none. What the person did at or before it is
 * erased, whatever was or will be granted. */
int64_t attribute_withdrawn_at(const struct consent *consents, size_t count);

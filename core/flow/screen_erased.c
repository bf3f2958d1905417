/*
 * What withdrawals erase: touches of whoever has withdrawn profile consent, at or before that, whosesoever they are by the rules of
 * attribution while consent is not looked at. Those of the batch are refused; what is stored goes in the same transaction.
 *
 * What such an event states holds all the same: a claim, by pseudonym, says who else is at that browser, and the withdrawal says itself.
 */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/attribute.h"
#include "core/flow/screen_facts.h"

/* When each member has withdrawn, by number, before the batch and after it; INT64_MIN: never. */
struct withdrawals {
	const int64_t *before_us, *after_us;
};

static bool has_withdrawal(const struct consent *consents, size_t count)
{
	return attribute_withdrawn_at(consents, count) != INT64_MIN;
}

/* False: arena full. */
static bool list_withdrawals(const struct cast *cast, struct withdrawals *ret_withdrawals)
{
	int64_t *before_us = arena_array(cast->arena, cast->count + 1, sizeof(*before_us));
	int64_t *after_us = arena_array(cast->arena, cast->count + 1, sizeof(*after_us));
	if (before_us == NULL || after_us == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		before_us[i] = attribute_withdrawn_at(cast->consents_before + member->consents_before.first,
						      member->consents_before.count);
		after_us[i] = attribute_withdrawn_at(cast->consents_after + member->consents_after.first,
						     member->consents_after.count);
	}
	*ret_withdrawals = (struct withdrawals){before_us, after_us};
	return true;
}

/* ---- of one actor ---- */

static bool everybody(const void *context, const struct uuid *strong)
{
	(void)context;
	(void)strong;
	return true;
}

/* Spans of a weak actor, from all claims on it and the times of its touches. False: arena full. */
static bool span_claims(const struct cast *cast, const struct uuid *weak, const struct claim *claims, size_t count,
			const struct screen_times *times, const int64_t *withdrawn_us,
			const struct cast_span **ret_spans, uint32_t *ret_count)
{
	struct stretch *stretches = arena_array(cast->arena, count + 2, sizeof(*stretches));
	struct cast_span *spans = arena_array(cast->arena, count + 2, sizeof(*spans));
	uint32_t used = 0;
	if (stretches == NULL || spans == NULL) {
		return false;
	}
	size_t stretch_count =
		attribute_stretches(weak, claims, count, times->at_us, times->count, everybody, NULL, stretches);
	for (size_t i = 0; i < stretch_count; i++) {
		const struct stretch *stretch = &stretches[i];
		const struct cast_member *owner = cast_find(cast, &stretch->contact_id);
		CHECK(owner != NULL);
		int64_t until_us = withdrawn_us[cast_number(cast, owner)];
		if (owner->strong && stretch->from_us <= until_us) {
			int64_t last_us = stretch->to_us == INT64_MAX ? INT64_MAX : stretch->to_us - 1;
			spans[used++] =
				(struct cast_span){stretch->from_us, until_us < last_us ? until_us : last_us};
		}
	}
	*ret_spans = spans;
	*ret_count = used;
	return true;
}

static bool span_person(const struct cast *cast, int64_t withdrawn_us, const struct cast_span **ret_spans,
			uint32_t *ret_count)
{
	struct cast_span *span = arena_array(cast->arena, 1, sizeof(*span));
	if (span == NULL) {
		return false;
	}
	*span = (struct cast_span){INT64_MIN, withdrawn_us};
	*ret_spans = span;
	*ret_count = withdrawn_us != INT64_MIN ? 1 : 0;
	return true;
}

static bool same_spans(const struct cast_span *a, uint32_t a_count, const struct cast_span *b, uint32_t b_count)
{
	for (uint32_t i = 0; a_count == b_count && i < a_count; i++) {
		if (a[i].from_us != b[i].from_us || a[i].until_us != b[i].until_us) {
			return false;
		}
	}
	return a_count == b_count;
}

/* Where they are as before, whatever lay in them has gone already. */
static bool span_member(const struct cast *cast, const struct item *items, struct cast_member *member,
			const struct load_rows *load, const struct withdrawals *withdrawals)
{
	const struct claim *before = cast->claims_before + member->claims_before.first;
	const struct claim *after = cast->claims_after + member->claims_after.first;
	size_t number = cast_number(cast, member);
	const struct cast_span *spans_before;
	uint32_t before_count;
	struct screen_times times_before, times_after;
	bool fits =
		member->strong
			? span_person(cast, withdrawals->before_us[number], &spans_before, &before_count) &&
				  span_person(cast, withdrawals->after_us[number], &member->erased,
					      &member->erased_count)
			: screen_times(cast, items, member, load, &times_before, &times_after) &&
				  span_claims(cast, &member->id, before, member->claims_before.count,
					      &times_before, withdrawals->before_us, &spans_before,
					      &before_count) &&
				  span_claims(cast, &member->id, after, member->claims_after.count, &times_after,
					      withdrawals->after_us, &member->erased, &member->erased_count);
	if (fits) {
		member->erases = member->erased_count > 0 &&
				 !same_spans(spans_before, before_count, member->erased, member->erased_count);
	}
	return fits;
}

/* ---- of all ---- */

/* A copy that takes the place of one that is stored, which may lie elsewhere, does so first. */
static void refuse(struct cast *cast, struct item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct item *item = &items[i];
		if (!item_is_known(item)) {
			continue;
		}
		struct cast_member *actor = &cast->members[cast_actor(&cast->parts[i])];
		if (cast_is_erased(actor, item->touch.at_us)) {
			item->outcome = OUTCOME_erased;
			actor->erases = actor->erases || item->copy == COPY_REPLACES;
		}
	}
}

bool screen_erased(struct cast *cast, struct item *items, size_t count, const struct load_rows *load)
{
	struct withdrawals withdrawals;
	if (!has_withdrawal(cast->consents_before, cast->consent_before_count) &&
	    !has_withdrawal(cast->consents_after, cast->consent_after_count)) {
		return true;
	}
	cast->erases = true;
	if (!list_withdrawals(cast, &withdrawals)) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		bool claimed = member->claims_before.count + member->claims_after.count > 0;
		if ((member->strong || claimed) && !span_member(cast, items, member, load, &withdrawals)) {
			return false;
		}
	}
	refuse(cast, items, count);
	return true;
}

/* ---- who had what is erased ---- */

static void loses(struct cast_member *contact)
{
	contact->loses = contact->concerned = true;
	cast_refold(contact, true, INT64_MIN);
}

/* Both in order of time. */
static void mark_weak(struct cast *cast, const struct cast_member *actor)
{
	uint32_t at = 0;
	for (uint32_t i = 0; i < actor->stretch_before_count; i++) {
		const struct stretch *stretch = &actor->stretches_before[i];
		while (at < actor->erased_count && actor->erased[at].until_us < stretch->from_us) {
			at++;
		}
		if (at < actor->erased_count && actor->erased[at].from_us < stretch->to_us) {
			loses(cast_find(cast, &stretch->contact_id));
		}
	}
}

void screen_mark_losers(struct cast *cast)
{
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		if (member->erases && !member->strong) {
			mark_weak(cast, member);
		} else if (member->erases && member->consented_before) {
			loses(member);
		}
	}
}

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
		before_us[i] = attribute_withdrawn_at(member->statements_before, member->statement_before_count);
		after_us[i] = attribute_withdrawn_at(member->statements, member->statement_count);
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

/* From when on a weak actor's touches are those of the first claim's person. INT64_MIN when the arena is full, too: `ret_fits`. */
static int64_t past_of(const struct cast *cast, const struct cast_member *weak, const struct screen_times *times,
		       bool before, bool *ret_fits)
{
	size_t count = before ? weak->claims_before.count : weak->claims_after.count;
	const struct claim *claims = screen_claims(cast, weak, before);
	struct stretch *stretches = arena_array(cast->arena, count + 2, sizeof(*stretches));
	*ret_fits = claims != NULL && stretches != NULL;
	if (!*ret_fits || count == 0) {
		return INT64_MIN;
	}
	size_t used = attribute_stretches(&weak->id, claims, count, times->at_us, times->count, everybody, NULL,
					  stretches);
	/* The last that begins before that claim: from its moment on they may be another one's. */
	size_t at = used - 1;
	while (at > 0 && stretches[at].from_us >= claims[0].at_us) {
		at--;
	}
	return uuid_equal(&stretches[at].contact_id, &claims[0].strong) ? stretches[at].from_us : claims[0].at_us;
}

/* When somebody who was claimed has withdrawn, by number. */
static int64_t withdrawal_of(const struct cast *cast, const struct withdrawals *withdrawals, bool before,
			     const struct uuid *strong)
{
	const struct cast_member *owner = cast_find(cast, strong);
	CHECK(owner != NULL);
	return (before ? withdrawals->before_us : withdrawals->after_us)[cast_number(cast, owner)];
}

/* The last one of all who were claimed on a weak actor, who are one person. */
static int64_t last_withdrawal(const struct cast *cast, const struct cast_member *weak,
			       const struct load_rows *load, const struct withdrawals *withdrawals, bool before)
{
	const struct cast_slice *slice = before ? &weak->claims_before : &weak->claims_after;
	const struct claim *claims = (before ? cast->claims_before : cast->claims_after) + slice->first;
	int64_t last_us = INT64_MIN;
	for (uint32_t i = 0; i < slice->count; i++) {
		int64_t at_us = withdrawal_of(cast, withdrawals, before, &claims[i].strong);
		last_us = at_us > last_us ? at_us : last_us;
	}
	for (size_t i = 0; i < load->other_count; i++) {
		const struct claim *other = &load->others[i];
		if (uuid_equal(&other->weak, &weak->id) && (before || !screen_is_taken_back(cast, other))) {
			int64_t at_us = withdrawal_of(cast, withdrawals, before, &other->strong);
			last_us = at_us > last_us ? at_us : last_us;
		}
	}
	return last_us;
}

/* How many claims say whose each touch was: not those that are mixed, of which only the first ones are read. */
static uint32_t count_read(const struct cast *cast, const struct cast_member *weak, const struct claim *claims,
			   bool before)
{
	uint32_t count = before ? weak->claims_before.count : weak->claims_after.count;
	if (before ? weak->mixed_before : weak->mixed) {
		const struct claim *limit = &claims[cast->claims_max];
		for (count = 0; claims[count].at_us < limit->at_us;) {
			count++;
		}
	}
	return count;
}

static bool has_withdrawn(const struct cast *cast, const struct cast_member *weak,
			  const struct withdrawals *withdrawals, bool before)
{
	const struct cast_slice *slice = before ? &weak->claims_before : &weak->claims_after;
	const struct claim *claims = (before ? cast->claims_before : cast->claims_after) + slice->first;
	for (uint32_t i = 0; i < slice->count; i++) {
		if (withdrawal_of(cast, withdrawals, before, &claims[i].strong) != INT64_MIN) {
			return true;
		}
	}
	return before ? weak->mixed_before : weak->mixed; /* then it may be one whose claims are not read */
}

/*
 * Spans of a weak actor, from all claims on it and the times of its touches: whose withdrawal counts is who was claimed, be they one with
 * others or not. Past the claims that are read it is whoever of them withdrew last. False: arena full.
 */
static bool span_claims(const struct cast *cast, const struct cast_member *weak, const struct screen_times *times,
			const struct load_rows *load, const struct withdrawals *withdrawals, bool before,
			const struct cast_span **ret_spans, uint32_t *ret_count)
{
	const struct cast_slice *slice = before ? &weak->claims_before : &weak->claims_after;
	const struct claim *claims = (before ? cast->claims_before : cast->claims_after) + slice->first;
	struct cast_span *spans = arena_array(cast->arena, slice->count + 1, sizeof(*spans));
	bool fits;
	int64_t from_us = past_of(cast, weak, times, before, &fits);
	if (spans == NULL || !fits) {
		return false;
	}
	uint32_t used = 0, count = count_read(cast, weak, claims, before);
	for (uint32_t i = 0, next; i < count; i = next) {
		next = i + 1;
		while (next < count && uuid_equal(&claims[next].strong, &claims[i].strong)) {
			next++;
		}
		int64_t until_us = withdrawal_of(cast, withdrawals, before, &claims[i].strong);
		int64_t last_us = next < slice->count ? claims[next].at_us - 1 : INT64_MAX;
		if (until_us != INT64_MIN && from_us <= until_us && from_us <= last_us) {
			spans[used++] = (struct cast_span){from_us, until_us < last_us ? until_us : last_us};
		}
		from_us = next < slice->count ? claims[next].at_us : INT64_MAX;
	}
	int64_t last_us =
		count < slice->count ? last_withdrawal(cast, weak, load, withdrawals, before) : INT64_MIN;
	if (last_us != INT64_MIN && from_us <= last_us) {
		spans[used++] = (struct cast_span){from_us, last_us};
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
	size_t number = cast_number(cast, member);
	const struct cast_span *spans_before;
	uint32_t before_count;
	struct screen_times times_before, times_after;
	bool fits = member->strong
			    ? span_person(cast, withdrawals->before_us[number], &spans_before, &before_count) &&
				      span_person(cast, withdrawals->after_us[number], &member->erased,
						  &member->erased_count)
			    : screen_times(cast, items, member, load, &times_before, &times_after) &&
				      span_claims(cast, member, &times_before, load, withdrawals, true,
						  &spans_before, &before_count) &&
				      span_claims(cast, member, &times_after, load, withdrawals, false,
						  &member->erased, &member->erased_count);
	if (fits) {
		member->erases = member->erased_count > 0 &&
				 !same_spans(spans_before, before_count, member->erased, member->erased_count);
	}
	return fits;
}

/* ---- of all ---- */

/*
 * Assertions of who are one anyhow are stored, and not loaded. Where another copy of the event may have been erased and have left nothing
 * but such a one, all that was asserted of its person is asked for: then screen_facts() finds it. Of what the quick way did not look up,
 * that is so where it is erased itself: else everything that somebody says who has withdrawn once would be asked for.
 */
static void doubt(struct cast *cast, const struct item *item, const struct cast_part *part,
		  const struct load_rows *load)
{
	if (item->copy != COPY_NEW || part->strong == CAST_NOBODY || facts_are_none(item->facts)) {
		return;
	}
	const struct cast_member *strong = &cast->members[part->strong];
	if (strong->kin_before > 0 && !strong->asserted &&
	    (item->outcome == OUTCOME_erased || screen_is_looked_up(load, &item->touch))) {
		cast->wider[cast->wider_count++] = strong->id;
	}
}

/* A copy that takes the place of one that is stored, which may lie elsewhere, does so first. */
static void refuse(struct cast *cast, struct item *items, size_t count, const struct load_rows *load)
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
		if (actor->erased_count > 0) {
			doubt(cast, item, &cast->parts[i], load);
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
		bool may_lose = member->strong || has_withdrawn(cast, member, &withdrawals, true) ||
				has_withdrawn(cast, member, &withdrawals, false);
		if (may_lose && !span_member(cast, items, member, load, &withdrawals)) {
			return false;
		}
	}
	refuse(cast, items, count, load);
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
	if (!cast->erases) { /* nobody has withdrawn: no member has spans */
		return;
	}
	bool has_several = cast->kin_before_count + cast->kin_after_count > 0;
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		cast->reads_keys = cast->reads_keys || (member->erased_count > 0 && has_several);
		if (member->erases && !member->strong) {
			mark_weak(cast, member);
		} else if (member->erases && member->consented_before) {
			loses(&cast->members[member->person_before]);
		}
	}
}

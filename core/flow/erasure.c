#include "core/flow/erasure.h"

#include <stdlib.h>

#include "core/base/arena.h"
#include "core/flow/attribute.h"

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

size_t erasure_unique(struct uuid *ids, size_t count)
{
	if (count > 1) {
		qsort(ids, count, sizeof(*ids), compare_ids);
	}
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !uuid_equal(&ids[kept - 1], &ids[i])) {
			ids[kept++] = ids[i];
		}
	}
	return kept;
}

static bool has_id(const struct uuid *ids, size_t count, const struct uuid *id)
{
	return count > 0 && bsearch(id, ids, count, sizeof(*id), compare_ids) != NULL;
}

bool erasure_covers(const struct uuid *ids, size_t count, const struct uuid *wanted, size_t wanted_count)
{
	for (size_t i = 0; i < wanted_count; i++) {
		if (!has_id(ids, count, &wanted[i])) {
			return false;
		}
	}
	return true;
}

struct uuid *erasure_concerned(const struct uuid *actors, size_t actor_count, struct claim *claims,
			       size_t claim_count, struct arena *arena, size_t *ret_count)
{
	struct uuid *ids = arena_array(arena, actor_count + 2 * claim_count + 1, sizeof(*ids));
	if (ids == NULL) {
		return NULL;
	}
	size_t count = 0;
	for (size_t i = 0; i < actor_count; i++) {
		ids[count++] = actors[i];
	}
	erasure_sort_claims(claims, claim_count);
	for (size_t i = 0; i < claim_count;) {
		size_t others = 0, end = i;
		ids[count++] = claims[i].weak;
		for (; end < claim_count && uuid_equal(&claims[end].weak, &claims[i].weak); end++) {
			others += has_id(actors, actor_count, &claims[end].strong) ? 0 : 1;
			if (others <= ATTRIBUTE_CLAIMS_MAX + 1) {
				ids[count++] = claims[end].strong;
			}
		}
		i = end;
	}
	*ret_count = erasure_unique(ids, count);
	return ids;
}

struct uuid *erasure_weak(const struct claim *claims, size_t claim_count, struct arena *arena, size_t *ret_count)
{
	struct uuid *ids = arena_array(arena, claim_count + 1, sizeof(*ids));
	for (size_t i = 0; ids != NULL && i < claim_count; i++) {
		ids[i] = claims[i].weak;
	}
	*ret_count = ids != NULL ? erasure_unique(ids, claim_count) : 0;
	return ids;
}

struct uuid *erasure_actors(const struct ledger_row *rows, size_t row_count, struct arena *arena,
			    size_t *ret_count)
{
	struct uuid *ids = arena_array(arena, row_count + 1, sizeof(*ids));
	for (size_t i = 0; ids != NULL && i < row_count; i++) {
		ids[i] = rows[i].actor_id;
	}
	*ret_count = ids != NULL ? erasure_unique(ids, row_count) : 0;
	return ids;
}

/* ---- order ---- */

static int compare_claims(const void *a, const void *b)
{
	int order = uuid_compare(&((const struct claim *)a)->weak, &((const struct claim *)b)->weak);
	return order != 0 ? order : attribute_compare_claims(a, b);
}

static int compare_times(const void *a, const void *b)
{
	const struct touch_time *x = a, *y = b;
	int order = uuid_compare(&x->key.actor_id, &y->key.actor_id);
	return order != 0 ? order : (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

void erasure_sort_claims(struct claim *claims, size_t count)
{
	if (count > 1) {
		qsort(claims, count, sizeof(*claims), compare_claims);
	}
}

void erasure_sort_times(struct touch_time *times, size_t count)
{
	if (count > 1) {
		qsort(times, count, sizeof(*times), compare_times);
	}
}

/* ---- one weak actor after the other ---- */

/* Its claims, and the times of its touches, as attribution wants them. */
struct weak {
	const struct claim *claims;
	size_t claim_count;
	int64_t *times;
	size_t time_count;
};

/* The next one: claims from *at on. False: arena full. */
static bool next_weak(const struct claim *claims, size_t claim_count, size_t *at, const struct touch_time *times,
		      size_t time_count, size_t *time_at, struct arena *arena, struct weak *ret)
{
	const struct uuid *id = &claims[*at].weak;
	*ret = (struct weak){.claims = claims + *at};
	while (*at < claim_count && uuid_equal(&claims[*at].weak, id)) {
		ret->claim_count++;
		++*at;
	}
	while (*time_at < time_count && uuid_compare(&times[*time_at].key.actor_id, id) < 0) {
		++*time_at;
	}
	size_t first = *time_at;
	while (*time_at < time_count && uuid_equal(&times[*time_at].key.actor_id, id)) {
		++*time_at;
	}
	ret->time_count = *time_at - first;
	ret->times = arena_array(arena, ret->time_count + 1, sizeof(*ret->times));
	for (size_t i = 0; ret->times != NULL && i < ret->time_count; i++) {
		ret->times[i] = times[first + i].at_us;
	}
	return ret->times != NULL;
}

/* ---- the ledger ---- */

struct persons {
	const struct uuid *ids; /* sorted */
	size_t count;
};

static bool is_theirs(const struct persons *persons, const struct uuid *strong)
{
	return has_id(persons->ids, persons->count, strong);
}

static bool everybody_consents(const void *context, const struct uuid *strong)
{
	(void)context;
	(void)strong;
	return true;
}

/* All their strong actors are one person here: the first. NULL: arena full. */
static const struct claim *as_one(const struct weak *weak, const struct persons *persons, struct arena *arena)
{
	struct claim *claims = arena_array(arena, weak->claim_count, sizeof(*claims));
	for (size_t i = 0; claims != NULL && i < weak->claim_count; i++) {
		claims[i] = weak->claims[i];
		if (is_theirs(persons, &claims[i].strong)) {
			claims[i].strong = persons->ids[0];
		}
	}
	if (claims != NULL) { /* at one moment of one event, the order may be another now */
		erasure_sort_claims(claims, weak->claim_count);
	}
	return claims;
}

static bool add_weak(const struct weak *weak, const struct persons *persons, const struct ledger_row *whole,
		     struct arena *arena, struct ledger_row *rows, size_t *count)
{
	const struct claim *claims = as_one(weak, persons, arena);
	struct stretch *stretches = arena_array(arena, weak->claim_count + 2, sizeof(*stretches));
	if (claims == NULL || stretches == NULL) {
		return false;
	}
	struct ledger_row row = *whole;
	row.actor_id = weak->claims[0].weak;
	if (!attribute_is_shared(claims, weak->claim_count)) {
		if (is_theirs(persons, &claims[0].strong)) {
			rows[(*count)++] = row;
		}
		return true;
	}
	size_t stretch_count = attribute_stretches(&row.actor_id, claims, weak->claim_count, weak->times,
						   weak->time_count, everybody_consents, NULL, stretches);
	for (size_t i = 0; i < stretch_count; i++) {
		const struct stretch *stretch = &stretches[i];
		if (!uuid_equal(&stretch->contact_id, &persons->ids[0]) || stretch->from_us > whole->at_us) {
			continue;
		}
		row.from_us = stretch->from_us;
		row.at_us = stretch->to_us - 1 < whole->at_us ? stretch->to_us - 1 : whole->at_us;
		rows[(*count)++] = row;
	}
	return true;
}

static int compare_rows(const void *a, const void *b)
{
	const struct ledger_row *x = a, *y = b;
	int order = uuid_compare(&x->actor_id, &y->actor_id);
	if (order == 0) {
		order = (x->from_us > y->from_us) - (x->from_us < y->from_us);
	}
	return order != 0 ? order : (x->erased_us > y->erased_us) - (x->erased_us < y->erased_us);
}

size_t erasure_newest(struct ledger_row *rows, size_t count)
{
	size_t kept = 0;
	if (count > 1) {
		qsort(rows, count, sizeof(*rows), compare_rows);
	}
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && uuid_equal(&rows[kept - 1].actor_id, &rows[i].actor_id) &&
		    rows[kept - 1].from_us == rows[i].from_us) {
			rows[kept - 1] = rows[i];
		} else {
			rows[kept++] = rows[i];
		}
	}
	return kept;
}

bool erasure_ledger(const struct uuid *person, size_t person_count, const struct claim *claims, size_t claim_count,
		    const struct touch_time *times, size_t time_count, int64_t at_us, int64_t erased_us,
		    struct arena *arena, struct ledger_row **ret_rows, size_t *ret_count)
{
	const struct persons persons = {person, person_count};
	/* No weak actor has more stretches than claims and two more. */
	struct ledger_row *rows = arena_array(arena, person_count + 3 * claim_count + 1, sizeof(*rows));
	if (rows == NULL) {
		return false;
	}
	struct ledger_row whole = {
		.from_us = INT64_MIN, .at_us = at_us, .erased_us = erased_us, .positions = "{}"};
	size_t count = 0;
	for (size_t i = 0; i < person_count; i++) {
		whole.actor_id = person[i];
		rows[count++] = whole;
	}
	for (size_t at = 0, time_at = 0; at < claim_count;) {
		struct weak weak;
		if (!next_weak(claims, claim_count, &at, times, time_count, &time_at, arena, &weak)) {
			return false;
		}
		if (!add_weak(&weak, &persons, &whole, arena, rows, &count)) {
			return false;
		}
	}
	qsort(rows, count, sizeof(*rows), compare_rows);
	*ret_rows = rows;
	*ret_count = count;
	return true;
}

/* ---- what is left ---- */

static bool consents(const void *context, const struct uuid *strong)
{
	return is_theirs(context, strong);
}

bool erasure_stretches(const struct claim *claims, size_t claim_count, struct uuid *consenting,
		       size_t consenting_count, const struct touch_time *times, size_t time_count,
		       struct arena *arena, struct stretch **ret_stretches, size_t *ret_count)
{
	const struct persons who = {consenting, erasure_unique(consenting, consenting_count)};
	struct stretch *stretches = arena_array(arena, 3 * claim_count + 1, sizeof(*stretches));
	if (stretches == NULL) {
		return false;
	}
	size_t count = 0;
	for (size_t at = 0, time_at = 0; at < claim_count;) {
		struct weak weak;
		if (!next_weak(claims, claim_count, &at, times, time_count, &time_at, arena, &weak)) {
			return false;
		}
		const struct uuid *id = &weak.claims[0].weak;
		size_t its = attribute_stretches(id, weak.claims, weak.claim_count, weak.times, weak.time_count,
						 consents, &who, stretches + count);
		bool own = its == 1 && uuid_equal(&stretches[count].contact_id, id);
		count += own ? 0 : its;
	}
	*ret_stretches = stretches;
	*ret_count = count;
	return true;
}

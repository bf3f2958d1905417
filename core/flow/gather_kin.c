#include "core/flow/gather_kin.h"

#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/kin.h"

/* What follows from it; NULL: nothing, it was known or stands no longer. They are in the order in which they were gone through. */
static const struct assertion *find_after(const struct cast *cast, const struct assertion *assertion)
{
	return cast->assertion_after_count > 0
		       ? bsearch(assertion, cast->assertions_after, cast->assertion_after_count,
				 sizeof(*assertion), kin_compare_assertions)
		       : NULL;
}

/* Loaded ones that go, or are written anew since something else follows from them now; then those of the batch. */
static bool gather_assertions(const struct cast *cast, const struct item *items, struct save_rows *save)
{
	size_t room = cast->assertion_before_count + cast->added.assertions;
	struct assertion *gone = arena_array(cast->arena, cast->assertion_before_count + 1, sizeof(*gone));
	struct assertion *fresh = arena_array(cast->arena, room + 1, sizeof(*fresh));
	if (gone == NULL || fresh == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->assertion_before_count; i++) {
		const struct assertion *before = &cast->assertions_before[i];
		const struct assertion *after = cast->assertion_gone[i] ? NULL : find_after(cast, before);
		if (after == NULL || after->refused != before->refused) {
			gone[save->assertion_gone_count++] = *before;
		}
		if (after != NULL && after->refused != before->refused) {
			fresh[save->assertion_count++] = *after;
		}
	}
	for (size_t i = 0; i < cast->asserting_count; i++) {
		const struct item *item = &items[cast->asserting[i]];
		for (unsigned j = 0; j < item->facts->assertion_count && item->copy != COPY_LOSES; j++) {
			const struct assertion *after = find_after(cast, &item->facts->assertions[j]);
			fresh[save->assertion_count++] = after != NULL ? *after : item->facts->assertions[j];
		}
	}
	save->assertions_gone = gone;
	save->assertions = fresh;
	return true;
}

static bool same_kin(const struct kin *x, const struct kin *y)
{
	return uuid_equal(&x->contact_id, &y->contact_id) && uuid_equal(&x->via, &y->via) && x->at_us == y->at_us;
}

bool gather_kin(const struct cast *cast, const struct item *items, struct save_rows *save)
{
	if (cast->asserting_count + cast->assertion_before_count == 0) {
		return true;
	}
	struct uuid *gone = arena_array(cast->arena, cast->kin_before_count + 1, sizeof(*gone));
	struct kin *fresh = arena_array(cast->arena, cast->kin_after_count + 1, sizeof(*fresh));
	if (gone == NULL || fresh == NULL || !gather_assertions(cast, items, save)) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		const struct kin *before =
			member->kin_before > 0 ? &cast->kin_before[member->kin_before - 1] : NULL;
		const struct kin *after = member->kin_after > 0 ? &cast->kin_after[member->kin_after - 1] : NULL;
		bool stays = before != NULL && after != NULL && same_kin(before, after);
		if (before != NULL && !stays) {
			gone[save->kin_gone_count++] = member->id;
		}
		if (after != NULL && !stays) {
			fresh[save->kin_count++] = *after;
		}
	}
	save->kin_gone = gone;
	save->kin = fresh;
	return true;
}

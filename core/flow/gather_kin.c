#include "core/flow/gather_kin.h"

#include "core/base/arena.h"
#include "core/base/check.h"

static bool same_assertion(const struct assertion *x, const struct assertion *y)
{
	return x->key.event_id == y->key.event_id && x->key.stamped_us == y->key.stamped_us &&
	       uuid_equal(&x->a, &y->a) && uuid_equal(&x->b, &y->b) &&
	       uuid_equal(&x->key.touch_actor, &y->key.touch_actor);
}

/* What follows from it; NULL: nothing, it was known or stands no longer. */
static const struct assertion *find_after(const struct cast *cast, const struct assertion *assertion)
{
	for (size_t i = 0; i < cast->assertion_after_count; i++) {
		if (same_assertion(&cast->assertions_after[i], assertion)) {
			return &cast->assertions_after[i];
		}
	}
	return NULL;
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

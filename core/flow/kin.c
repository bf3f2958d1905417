#include "core/flow/kin.h"

#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/check.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_pairs(const struct assertion *x, const struct assertion *y)
{
	int order = uuid_compare(&x->a, &y->a);
	return order != 0 ? order : uuid_compare(&x->b, &y->b);
}

int kin_compare_assertions(const void *a, const void *b)
{
	const struct assertion *x = a, *y = b;
	int order = ORDER(x->at_us, y->at_us);
	order = order != 0 ? order : ORDER(x->key.event_id, y->key.event_id);
	order = order != 0 ? order : ORDER(x->key.stamped_us, y->key.stamped_us);
	order = order != 0 ? order : compare_pairs(x, y);
	order = order != 0 ? order : ORDER((int)x->kind, (int)y->kind);
	return order != 0 ? order : uuid_compare(&x->key.touch_actor, &y->key.touch_actor);
}

int kin_compare(const void *a, const void *b)
{
	const struct kin *x = a, *y = b;
	int order = uuid_compare(&x->contact_id, &y->contact_id);
	return order != 0 ? order : uuid_compare(&x->actor_id, &y->actor_id);
}

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

/* ---- who is joined with whom ---- */

/* Actors by number, in the order of their ids; of each set of them the smallest one stands for it. */
struct joining {
	struct uuid *ids;
	size_t count;
	uint32_t *set, *size, *addresses;
	struct edge {
		uint32_t a, b;
		int64_t at_us;
	} * edges;
	size_t edge_count;
	struct edge *vetoes;
	size_t veto_count;
};

static uint32_t number_of(const struct joining *joining, const struct uuid *id)
{
	const struct uuid *found = bsearch(id, joining->ids, joining->count, sizeof(*id), compare_ids);
	CHECK(found != NULL);
	return (uint32_t)(found - joining->ids);
}

static uint32_t set_of(const struct joining *joining, uint32_t actor)
{
	while (joining->set[actor] != actor) {
		actor = joining->set[actor];
	}
	return actor;
}

static bool begin(struct joining *joining, const struct assertion *assertions, size_t count, struct arena *arena)
{
	joining->ids = arena_array(arena, 2 * count + 1, sizeof(*joining->ids));
	joining->set = arena_array(arena, 2 * count + 1, sizeof(*joining->set));
	joining->size = arena_array(arena, 2 * count + 1, sizeof(*joining->size));
	joining->addresses = arena_zero(arena, 2 * count + 1, sizeof(*joining->addresses));
	joining->edges = arena_array(arena, count + 1, sizeof(*joining->edges));
	joining->vetoes = arena_array(arena, count + 1, sizeof(*joining->vetoes));
	if (joining->ids == NULL || joining->set == NULL || joining->size == NULL || joining->addresses == NULL ||
	    joining->edges == NULL || joining->vetoes == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		joining->ids[2 * i] = assertions[i].a;
		joining->ids[2 * i + 1] = assertions[i].b;
	}
	qsort(joining->ids, 2 * count, sizeof(*joining->ids), compare_ids);
	for (size_t i = 0; i < 2 * count; i++) {
		if (i == 0 || !uuid_equal(&joining->ids[i], &joining->ids[joining->count - 1])) {
			joining->set[joining->count] = (uint32_t)joining->count;
			joining->size[joining->count] = 1;
			joining->ids[joining->count++] = joining->ids[i];
		}
	}
	return true;
}

/* Is there a later word on this pair by somebody who knows? Assertions are sorted; few are by hand. */
static bool is_overruled(const struct assertion *assertions, size_t count, size_t at)
{
	for (size_t i = at + 1; i < count; i++) {
		if (assertions[i].kind != ASSERTION_EVENT && compare_pairs(&assertions[i], &assertions[at]) == 0) {
			return true;
		}
	}
	return false;
}

static void list_vetoes(struct joining *joining, const struct assertion *assertions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (assertions[i].kind == ASSERTION_VETO && !is_overruled(assertions, count, i)) {
			joining->vetoes[joining->veto_count++] =
				(struct edge){number_of(joining, &assertions[i].a),
					      number_of(joining, &assertions[i].b), assertions[i].at_us};
		}
	}
}

static bool is_kept_apart(const struct joining *joining, uint32_t one, uint32_t other)
{
	for (size_t i = 0; i < joining->veto_count; i++) {
		uint32_t a = set_of(joining, joining->vetoes[i].a), b = set_of(joining, joining->vetoes[i].b);
		if ((a == one && b == other) || (a == other && b == one)) {
			return true;
		}
	}
	return false;
}

static enum assertion_refused join(struct joining *joining, const struct assertion *assertion)
{
	uint32_t a = number_of(joining, &assertion->a), b = number_of(joining, &assertion->b);
	uint32_t user = assertion->address_of == 2 ? b : a;
	uint32_t one = set_of(joining, a), other = set_of(joining, b);
	if (one == other) {
		return REFUSED_NOT;
	}
	if (is_kept_apart(joining, one, other)) {
		return REFUSED_VETO;
	}
	if (assertion->address_of != 0 && joining->addresses[user] == KIN_ADDRESSES_MAX) {
		return REFUSED_ADDRESSES;
	}
	if (joining->size[one] + joining->size[other] > KIN_ACTORS_MAX) {
		return REFUSED_ACTORS;
	}
	uint32_t low = one < other ? one : other, high = one < other ? other : one;
	joining->addresses[user] += assertion->address_of != 0 ? 1 : 0;
	joining->set[high] = low;
	joining->size[low] += joining->size[high];
	joining->edges[joining->edge_count++] = (struct edge){a, b, assertion->at_us};
	return REFUSED_NOT;
}

/* ---- their tree ---- */

/* From the contact's own actor outwards; a person has few. */
static size_t list_person(const struct joining *joining, uint32_t root, struct kin *ret_kin)
{
	size_t used = 1;
	ret_kin[0] = (struct kin){joining->ids[root], joining->ids[root], joining->ids[root], INT64_MIN};
	for (size_t done = 0; done < used; done++) {
		for (size_t i = 0; i < joining->edge_count; i++) {
			const struct edge *edge = &joining->edges[i];
			const struct uuid *a = &joining->ids[edge->a], *b = &joining->ids[edge->b];
			const struct uuid *here = &ret_kin[done].actor_id;
			const struct uuid *there = uuid_equal(a, here) ? b : uuid_equal(b, here) ? a : NULL;
			if (there != NULL && !(done > 0 && uuid_equal(there, &ret_kin[done].via))) {
				CHECK(used < KIN_ACTORS_MAX);
				ret_kin[used++] = (struct kin){*there, ret_kin[0].actor_id, *here, edge->at_us};
			}
		}
	}
	qsort(ret_kin, used, sizeof(*ret_kin), kin_compare);
	return used;
}

bool kin_solve(struct assertion *assertions, size_t count, struct arena *arena, struct kin **ret_kin,
	       size_t *ret_count)
{
	struct joining joining = {0};
	if (count > 1) {
		qsort(assertions, count, sizeof(*assertions), kin_compare_assertions);
	}
	if (!begin(&joining, assertions, count, arena)) {
		return false;
	}
	list_vetoes(&joining, assertions, count);
	for (size_t i = 0; i < count; i++) {
		struct assertion *assertion = &assertions[i];
		bool joins = assertion->kind == ASSERTION_EVENT ||
			     (assertion->kind == ASSERTION_HAND && !is_overruled(assertions, count, i));
		assertion->refused = joins ? join(&joining, assertion) : REFUSED_NOT;
	}
	struct kin *kin = arena_array(arena, 2 * joining.edge_count + 1, sizeof(*kin));
	if (kin == NULL) {
		return false;
	}
	size_t used = 0;
	for (uint32_t i = 0; i < joining.count; i++) {
		if (joining.set[i] == i && joining.size[i] > 1) {
			used += list_person(&joining, i, kin + used);
		}
	}
	*ret_kin = kin;
	*ret_count = used;
	return true;
}

/* ---- what a tree says ---- */

static size_t place_of(const struct kin *rows, size_t count, const struct uuid *actor)
{
	for (size_t i = 0; i < count; i++) {
		if (uuid_equal(&rows[i].actor_id, actor)) {
			return i;
		}
	}
	CHECK(false);
	return 0;
}

/* How far from the contact's own actor. */
static size_t depth_of(const struct kin *rows, size_t count, size_t i)
{
	size_t depth = 0;
	for (; !uuid_equal(&rows[i].via, &rows[i].actor_id); depth++) {
		CHECK(depth < count);
		i = place_of(rows, count, &rows[i].via);
	}
	return depth;
}

int64_t kin_since(const struct kin *rows, size_t count, size_t i, size_t j)
{
	size_t deep = depth_of(rows, count, i), other_deep = depth_of(rows, count, j);
	int64_t since_us = INT64_MIN;
	while (i != j) {
		size_t *climbs = deep >= other_deep ? &i : &j;
		*(deep >= other_deep ? &deep : &other_deep) -= 1;
		since_us = rows[*climbs].at_us > since_us ? rows[*climbs].at_us : since_us;
		*climbs = place_of(rows, count, &rows[*climbs].via);
	}
	return since_us;
}

size_t kin_statements(const struct kin *rows, size_t count, size_t which, const struct kin_stated *stated,
		      struct consent *ret_statements)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t since_us = kin_since(rows, count, which, i);
		for (size_t j = 0; j < stated[i].count; j++) {
			const struct consent *statement = &stated[i].consents[j];
			if (i == which || statement->at_us > since_us) {
				ret_statements[used++] = *statement;
			}
		}
	}
	return used;
}

static bool is_earlier(const struct kin *row, const struct uuid *via, int64_t at_us)
{
	return row != NULL && uuid_equal(&row->via, via) && row->at_us < at_us;
}

bool kin_knows(const struct assertion *assertion, const struct kin *a, const struct kin *b)
{
	return assertion->kind == ASSERTION_EVENT &&
	       (is_earlier(a, &assertion->b, assertion->at_us) || is_earlier(b, &assertion->a, assertion->at_us));
}

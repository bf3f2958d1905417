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

/* From one actor to another; of pairs that are kept apart from the smaller to the greater. */
struct way {
	uint32_t from, to;
	uint32_t before; /* the one before it from the same actor, counted from 1 */
	int64_t at_us;
};

/* Actors by number, in the order of their ids; of each set of them the smallest one stands for it. */
struct joining {
	struct uuid *ids;
	size_t count;
	uint32_t *set, *size;
	uint32_t *next; /* of the same set: round it */
	struct addresses {
		uint32_t count, numbers[KIN_ADDRESSES_MAX];
	} * addresses;
	bool *overruled;   /* of each assertion: there is a later word on its pair */
	struct way *edges; /* those that join, both ways */
	uint32_t *last;	   /* of each actor's edges, counted from 1 */
	uint32_t edge_count;
	struct way *vetoes; /* sorted */
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
	joining->next = arena_array(arena, 2 * count + 1, sizeof(*joining->next));
	joining->size = arena_array(arena, 2 * count + 1, sizeof(*joining->size));
	joining->addresses = arena_zero(arena, 2 * count + 1, sizeof(*joining->addresses));
	joining->last = arena_zero(arena, 2 * count + 1, sizeof(*joining->last));
	joining->overruled = arena_zero(arena, count + 1, sizeof(*joining->overruled));
	joining->edges = arena_array(arena, 2 * count + 1, sizeof(*joining->edges));
	joining->vetoes = arena_array(arena, count + 1, sizeof(*joining->vetoes));
	if (joining->ids == NULL || joining->set == NULL || joining->next == NULL || joining->size == NULL ||
	    joining->addresses == NULL || joining->last == NULL || joining->overruled == NULL ||
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
			joining->set[joining->count] = joining->next[joining->count] = (uint32_t)joining->count;
			joining->size[joining->count] = 1;
			joining->ids[joining->count++] = joining->ids[i];
		}
	}
	return true;
}

/* What somebody who knows has said of a pair: by pair, then in order of time. */
struct word {
	const struct assertion *assertion;
	size_t at;
};

static int compare_words(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int order = compare_pairs(x->assertion, y->assertion);
	return order != 0 ? order : ORDER(x->at, y->at);
}

static int compare_ways(const void *a, const void *b)
{
	const struct way *x = a, *y = b;
	int order = ORDER(x->from, y->from);
	return order != 0 ? order : ORDER(x->to, y->to);
}

/* Which words by hand are not the last on their pair, and which pairs are kept apart. False: arena full. */
static bool list_words(struct joining *joining, const struct assertion *assertions, size_t count,
		       struct arena *arena)
{
	size_t used = 0;
	struct word *words = arena_array(arena, count + 1, sizeof(*words));
	if (words == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (assertions[i].kind != ASSERTION_EVENT) {
			words[used++] = (struct word){&assertions[i], i};
		}
	}
	if (used > 1) {
		qsort(words, used, sizeof(*words), compare_words);
	}
	for (size_t i = 0; i < used; i++) {
		const struct assertion *word = words[i].assertion;
		bool is_last = i + 1 == used || compare_pairs(word, words[i + 1].assertion) != 0;
		joining->overruled[words[i].at] = !is_last;
		if (is_last && word->kind == ASSERTION_VETO) { /* in the order of their pairs */
			joining->vetoes[joining->veto_count++] =
				(struct way){number_of(joining, &word->a), number_of(joining, &word->b), 0, 0};
		}
	}
	arena_cut(arena, words);
	return true;
}

/* Both have few actors. */
static bool is_kept_apart(const struct joining *joining, uint32_t one, uint32_t other)
{
	uint32_t a = one, b = other;
	if (joining->veto_count == 0) {
		return false;
	}
	do {
		do {
			const struct way wanted = {a < b ? a : b, a < b ? b : a, 0, 0};
			if (bsearch(&wanted, joining->vetoes, joining->veto_count, sizeof(wanted), compare_ways) !=
			    NULL) {
				return true;
			}
			b = joining->next[b];
		} while (b != other);
		a = joining->next[a];
	} while (a != one);
	return false;
}

static void add_edge(struct joining *joining, uint32_t from, uint32_t to, int64_t at_us)
{
	joining->edges[joining->edge_count++] = (struct way){from, to, joining->last[from], at_us};
	joining->last[from] = joining->edge_count;
}

static bool is_joined_directly(const struct joining *joining, uint32_t from, uint32_t to)
{
	uint32_t edge = joining->last[from];
	while (edge > 0 && joining->edges[edge - 1].to != to) {
		edge = joining->edges[edge - 1].before;
	}
	return edge > 0;
}

static void note_address(struct addresses *addresses, uint32_t address)
{
	for (uint32_t i = 0; i < addresses->count; i++) {
		if (addresses->numbers[i] == address) {
			return;
		}
	}
	if (addresses->count < KIN_ADDRESSES_MAX) {
		addresses->numbers[addresses->count++] = address;
	}
}

static enum assertion_refused join(struct joining *joining, const struct assertion *assertion)
{
	uint32_t a = number_of(joining, &assertion->a), b = number_of(joining, &assertion->b);
	uint32_t user = assertion->address_of == 2 ? b : a, address = user == a ? b : a;
	uint32_t one = set_of(joining, a), other = set_of(joining, b);
	struct addresses *addresses = assertion->address_of != 0 ? &joining->addresses[user] : NULL;
	if (one == other) {
		if (addresses != NULL && !is_joined_directly(joining, a, b)) {
			note_address(addresses, address);
		}
		return REFUSED_NOT;
	}
	if (is_kept_apart(joining, one, other)) {
		return REFUSED_VETO;
	}
	if (addresses != NULL && addresses->count == KIN_ADDRESSES_MAX) {
		return REFUSED_ADDRESSES;
	}
	if (joining->size[one] + joining->size[other] > KIN_ACTORS_MAX) {
		return REFUSED_ACTORS;
	}
	uint32_t low = one < other ? one : other, high = one < other ? other : one;
	uint32_t next = joining->next[low];
	joining->set[high] = low;
	joining->next[low] = joining->next[high];
	joining->next[high] = next;
	joining->size[low] += joining->size[high];
	if (addresses != NULL) {
		note_address(addresses, address);
	}
	add_edge(joining, a, b, assertion->at_us);
	add_edge(joining, b, a, assertion->at_us);
	return REFUSED_NOT;
}

/* ---- their tree ---- */

/* From the contact's own actor outwards; a person has few. */
static size_t list_person(const struct joining *joining, uint32_t root, struct kin *ret_kin)
{
	size_t used = 1;
	uint32_t numbers[KIN_ACTORS_MAX] = {root};
	ret_kin[0] = (struct kin){joining->ids[root], joining->ids[root], joining->ids[root], INT64_MIN};
	for (size_t done = 0; done < used; done++) {
		uint32_t here = numbers[done];
		for (uint32_t i = joining->last[here]; i > 0; i = joining->edges[i - 1].before) {
			const struct way *edge = &joining->edges[i - 1];
			const struct uuid *there = &joining->ids[edge->to];
			if (done == 0 || !uuid_equal(there, &ret_kin[done].via)) {
				CHECK(used < KIN_ACTORS_MAX);
				numbers[used] = edge->to;
				ret_kin[used++] =
					(struct kin){*there, joining->ids[root], joining->ids[here], edge->at_us};
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
	if (!begin(&joining, assertions, count, arena) || !list_words(&joining, assertions, count, arena)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct assertion *assertion = &assertions[i];
		bool joins = assertion->kind != ASSERTION_VETO && !joining.overruled[i];
		assertion->refused = joins ? join(&joining, assertion) : REFUSED_NOT;
	}
	struct kin *kin = arena_array(arena, joining.edge_count + 1, sizeof(*kin));
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

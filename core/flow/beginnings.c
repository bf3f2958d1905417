/*
 * In the order of bytes whatever begins a text stands before it, and between the two stands nothing but what begins with
 * it, too. So the last text that is not behind the one asked about, or one that begins that last one, is the answer;
 * and each knows the longest other one that begins it.
 */
#include "core/flow/beginnings.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"

struct beginnings_node {
	const char *text;
	size_t size;
	size_t first; /* in all[] */
	size_t whole; /* so many of them for all of a text, */
	size_t begun; /* then so many for a beginning */
	int shorter;  /* the longest other one that begins it */
};

/* The order of bytes; what begins the other comes first. */
static int compare_texts(const char *a, size_t a_size, const char *b, size_t b_size)
{
	int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
	return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare(const void *a, const void *b)
{
	const struct beginning *one = a, *other = b;
	int order = compare_texts(one->text, one->size, other->text, other->size);
	if (order != 0) {
		return order;
	}
	if (one->whole != other->whole) {
		return one->whole ? -1 : 1;
	}
	return (one->number > other->number) - (one->number < other->number);
}

static bool begins(const struct beginnings_node *node, const char *text, size_t size)
{
	return node->size <= size && memcmp(node->text, text, node->size) == 0;
}

static void add_node(struct beginnings *set, const struct beginning *entry, size_t first)
{
	int shorter = (int)set->node_count - 1; /* it, or one that begins it */
	while (shorter != BEGINNINGS_NONE && !begins(&set->nodes[shorter], entry->text, entry->size)) {
		shorter = set->nodes[shorter].shorter;
	}
	set->nodes[set->node_count++] = (struct beginnings_node){
		.text = entry->text, .size = entry->size, .first = first, .shorter = shorter};
}

bool beginnings_init(struct beginnings *set, struct beginning *entries, size_t count, struct arena *arena)
{
	CHECK(count < INT_MAX);
	*set = (struct beginnings){.all = entries};
	set->nodes = arena_zero(arena, count, sizeof(*set->nodes));
	if (set->nodes == NULL) {
		return false;
	}
	if (count > 1) {
		qsort(entries, count, sizeof(*entries), compare);
	}
	for (size_t i = 0; i < count; i++) {
		const struct beginning *entry = &entries[i];
		if (i == 0 || compare_texts(entry[-1].text, entry[-1].size, entry->text, entry->size) != 0) {
			add_node(set, entry, i);
		}
		struct beginnings_node *node = &set->nodes[set->node_count - 1];
		node->whole += entry->whole;
		node->begun += !entry->whole;
	}
	return true;
}

int beginnings_longest(const struct beginnings *set, const char *text, size_t size)
{
	size_t low = 0, high = set->node_count; /* the last that is not behind the text is in [low − 1, high) */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct beginnings_node *node = &set->nodes[middle];
		if (compare_texts(node->text, node->size, text, size) <= 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	int node = (int)low - 1;
	while (node != BEGINNINGS_NONE && !begins(&set->nodes[node], text, size)) {
		node = set->nodes[node].shorter;
	}
	return node;
}

int beginnings_shorter(const struct beginnings *set, int node)
{
	return set->nodes[node].shorter;
}

void beginnings_numbers(const struct beginnings *set, int node, size_t size, struct beginnings_run *ret_whole,
			struct beginnings_run *ret_begun)
{
	const struct beginnings_node *found = &set->nodes[node];
	const struct beginning *first = set->all + found->first;
	*ret_whole = (struct beginnings_run){first, found->size == size ? found->whole : 0};
	*ret_begun = (struct beginnings_run){first + found->whole, found->begun};
}

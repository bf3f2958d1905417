#include "core/base/sort.h"

#include <stdbool.h>
#include <string.h>

#define FEW 24	     /* so many are put in place one by one */
#define ID_BITS 11   /* of a digit of an id: two of them tell most of 50,000 ids apart */
#define MOVES_EACH 4 /* so many moves an id are cheaper than another way of sorting */

/* ---- numbers: one byte after another, the lowest first; bytes that all have alike are passed over ---- */

/* Bits in which some keys differ; 0: they are in order. */
static uint64_t differing_bits(const struct sort_entry *entries, size_t count)
{
	uint64_t bits = 0;
	bool sorted = true;
	for (size_t i = 1; i < count; i++) {
		bits |= entries[i - 1].key ^ entries[i].key;
		sorted = sorted && entries[i - 1].key <= entries[i].key;
	}
	return sorted ? 0 : bits;
}

static void place_few(struct sort_entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct sort_entry entry = entries[i];
		size_t at = i;
		for (; at > 0 && entries[at - 1].key > entry.key; at--) {
			entries[at] = entries[at - 1];
		}
		entries[at] = entry;
	}
}

static void scatter(const struct sort_entry *from, size_t count, unsigned shift, struct sort_entry *to)
{
	uint32_t counts[256] = {0}, sum = 0;
	for (size_t i = 0; i < count; i++) {
		counts[from[i].key >> shift & 255]++;
	}
	for (unsigned digit = 0; digit < 256; digit++) {
		uint32_t these = counts[digit];
		counts[digit] = sum;
		sum += these;
	}
	for (size_t i = 0; i < count; i++) {
		to[counts[from[i].key >> shift & 255]++] = from[i];
	}
}

void sort_entries(struct sort_entry *entries, size_t count, struct sort_entry *spare)
{
	if (count <= FEW) {
		place_few(entries, count);
		return;
	}
	struct sort_entry *from = entries, *to = spare;
	uint64_t bits = differing_bits(entries, count);
	for (unsigned shift = 0; shift < 64; shift += 8) {
		if ((bits >> shift & 255) != 0) {
			scatter(from, count, shift, to);
			struct sort_entry *sorted = to;
			to = from;
			from = sorted;
		}
	}
	if (from != entries) {
		memcpy(entries, from, count * sizeof(*entries));
	}
}

/* ---- ids ---- */

/* False: too many of them are far from their place; they are all there, in whatever order. */
static bool place_ids(struct sort_id *ids, size_t count, size_t moves)
{
	for (size_t i = 1; i < count; i++) {
		struct sort_id id = ids[i];
		size_t at = i;
		for (; at > 0 && sort_id_after(&ids[at - 1], &id); at--) {
			ids[at] = ids[at - 1];
		}
		ids[at] = id;
		if (i - at > moves) {
			return false;
		}
		moves -= i - at;
	}
	return true;
}

/* `from` by digits of one kind into `to`. */
static void spread(const struct sort_id *from, size_t count, unsigned shift, struct sort_id *to)
{
	const uint64_t mask = (1u << ID_BITS) - 1;
	uint32_t counts[1u << ID_BITS] = {0};
	for (size_t i = 0; i < count; i++) {
		counts[from[i].high >> shift & mask]++;
	}
	uint32_t sum = 0;
	for (unsigned digit = 0; digit <= mask; digit++) {
		uint32_t these = counts[digit];
		counts[digit] = sum;
		sum += these;
	}
	for (size_t i = 0; i < count; i++) {
		to[counts[from[i].high >> shift & mask]++] = from[i];
	}
}

static void merge(const struct sort_id *a, size_t a_count, const struct sort_id *b, size_t b_count,
		  struct sort_id *ret_ids)
{
	while (a_count > 0 && b_count > 0) {
		if (sort_id_after(a, b)) {
			*ret_ids++ = *b++;
			b_count--;
		} else {
			*ret_ids++ = *a++;
			a_count--;
		}
	}
	memcpy(ret_ids, a, a_count * sizeof(*ret_ids));
	memcpy(ret_ids + a_count, b, b_count * sizeof(*ret_ids));
}

static void merge_ids(struct sort_id *ids, size_t count, struct sort_id *spare)
{
	struct sort_id *from = ids, *to = spare;
	for (size_t width = 1; width < count; width *= 2) {
		for (size_t i = 0; i < count; i += 2 * width) {
			size_t a = count - i < width ? count - i : width;
			size_t b = count - i - a < width ? count - i - a : width;
			merge(from + i, a, from + i + a, b, to + i);
		}
		struct sort_id *sorted = to;
		to = from;
		from = sorted;
	}
	if (from != ids) {
		memcpy(ids, from, count * sizeof(*ids));
	}
}

void sort_ids(struct sort_id *ids, size_t count, struct sort_id *spare)
{
	if (count <= FEW) {
		place_ids(ids, count, SIZE_MAX);
		return;
	}
	spread(ids, count, 64 - 2 * ID_BITS, spare);
	spread(spare, count, 64 - ID_BITS, ids);
	if (!place_ids(ids, count, count * MOVES_EACH)) {
		merge_ids(ids, count, spare);
	}
}

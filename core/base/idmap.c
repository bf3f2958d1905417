#include "core/base/idmap.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"

static bool make_slots(struct idmap *map, size_t slots)
{
	struct uuid *ids = arena_take(map->arena, slots * sizeof(*ids));
	uint32_t *numbers = arena_take(map->arena, slots * sizeof(*numbers));
	if (ids == NULL || numbers == NULL) {
		return false;
	}
	memset(numbers, 0xff, slots * sizeof(*numbers));
	map->ids = ids;
	map->numbers = numbers;
	map->slots = slots;
	map->used = 0;
	return true;
}

bool idmap_init(struct idmap *map, struct arena *arena, size_t expected)
{
	size_t slots = 16;
	while (slots < expected * 2) {
		slots *= 2;
	}
	*map = (struct idmap){.arena = arena};
	return make_slots(map, slots);
}

static size_t find(const struct idmap *map, const struct uuid *id)
{
	size_t slot = uuid_hash(id) & (map->slots - 1);
	while (map->numbers[slot] != IDMAP_NONE && !uuid_equal(&map->ids[slot], id)) {
		slot = (slot + 1) & (map->slots - 1);
	}
	return slot;
}

uint32_t idmap_get(const struct idmap *map, const struct uuid *id)
{
	return map->numbers[find(map, id)];
}

bool idmap_put(struct idmap *map, const struct uuid *id, uint32_t number, uint32_t *ret_number)
{
	CHECK(number != IDMAP_NONE);
	size_t slot = find(map, id);
	if (map->numbers[slot] == IDMAP_NONE) {
		if ((map->used + 1) * 2 > map->slots) {
			struct idmap old = *map;
			if (!make_slots(map, old.slots * 2)) {
				*map = old;
				return false;
			}
			for (size_t i = 0; i < old.slots; i++) {
				if (old.numbers[i] != IDMAP_NONE) {
					size_t place = find(map, &old.ids[i]);
					map->ids[place] = old.ids[i];
					map->numbers[place] = old.numbers[i];
					map->used++;
				}
			}
			slot = find(map, id);
		}
		map->ids[slot] = *id;
		map->numbers[slot] = number;
		map->used++;
	}
	*ret_number = map->numbers[slot];
	return true;
}

#include "collector/waiting.h"

#include <stdlib.h>

#include "core/base/check.h"

bool waiting_init(struct waiting_list *list, unsigned count)
{
	*list = (struct waiting_list){.slots = calloc(count, sizeof(*list->slots)), .count = count, .free = count};
	for (unsigned i = 0; list->slots != NULL && i < count; i++) {
		list->slots[i].next = i; /* the one before */
	}
	return list->slots != NULL;
}

void waiting_finish(struct waiting_list *list)
{
	free(list->slots);
	*list = (struct waiting_list){0};
}

struct waiting *waiting_begin(struct waiting_list *list, struct http_request *request, enum route route,
			      int64_t begun_us)
{
	CHECK(list->free != 0); /* one request a connection */
	struct waiting *waiting = &list->slots[list->free - 1];
	list->free = waiting->next;
	list->used++;
	*waiting = (struct waiting){.request = request, .route = route, .begun_us = begun_us};
	return waiting;
}

void waiting_end(struct waiting_list *list, struct waiting *waiting)
{
	CHECK(waiting->request != NULL && waiting->pending == 0);
	waiting->request = NULL;
	waiting->next = list->free;
	list->free = (unsigned)(waiting - list->slots) + 1;
	list->used--;
}

int64_t waiting_oldest_us(const struct waiting_list *list)
{
	int64_t oldest_us = INT64_MAX;
	for (unsigned i = 0; list->used > 0 && i < list->count; i++) {
		const struct waiting *waiting = &list->slots[i];
		if (waiting->request != NULL && waiting->begun_us < oldest_us) {
			oldest_us = waiting->begun_us;
		}
	}
	return oldest_us;
}

void waiting_lose_all(struct waiting_list *list)
{
	for (unsigned i = 0; i < list->count; i++) {
		list->slots[i].is_lost = list->slots[i].request != NULL;
	}
}

/* slot × fates + fate + 1 */
void *waiting_token(const struct waiting_list *list, const struct waiting *waiting, enum fate fate)
{
	return (void *)((uintptr_t)(waiting - list->slots) * FATE_COUNT + fate + 1);
}

struct waiting *waiting_of(struct waiting_list *list, const void *token, enum fate *ret_fate)
{
	uintptr_t number = (uintptr_t)token - 1;
	CHECK(number / FATE_COUNT < list->count);
	struct waiting *waiting = &list->slots[number / FATE_COUNT];
	CHECK(waiting->request != NULL && waiting->pending > 0);
	*ret_fate = (enum fate)(number % FATE_COUNT);
	return waiting;
}

#include "daemon/lag.h"

#include "core/base/moment.h"
#include "daemon/batch_steps.h"

/* Time of the record of the first message in hand of each partition, by its place in the assignment; INT64_MIN: none. */
static void find_oldest(const struct batch *batch, size_t count, int64_t ret_oldest_us[static PARTITIONS_MAX])
{
	struct assignment *assignment = batch->options.assignment;
	size_t left = count;
	for (size_t i = 0; i < count; i++) {
		ret_oldest_us[i] = INT64_MIN;
	}
	for (size_t i = batch->first; i < batch->item_count && left > 0; i++) {
		const struct item *item = &batch->items[i];
		const struct assigned *part = assignment_find(assignment, item->partition);
		if (part != NULL && ret_oldest_us[part - assignment->parts] == INT64_MIN) {
			ret_oldest_us[part - assignment->parts] = item->timestamp_us;
			left--;
		}
	}
}

/* Since when it is known that a message waits. */
static int64_t waits_since_us(struct assigned *part, int64_t end, int64_t now_us)
{
	if (part->marked_us == 0 || part->next_offset >= part->marked_offset) {
		part->marked_offset = end;
		part->marked_us = now_us;
	}
	return part->marked_us;
}

size_t lag_measure(struct batch *batch, int64_t now_us, struct lag *ret_lags)
{
	struct assignment *assignment = batch->options.assignment;
	int64_t oldest_us[PARTITIONS_MAX];
	const size_t count = assignment->count;
	find_oldest(batch, count, oldest_us);
	for (size_t i = 0; i < count; i++) {
		struct assigned *part = &assignment->parts[i];
		int64_t end = batch->io.ops->source_end(batch->io.self, part->partition);
		int64_t next = part->next_offset > 0 ? part->next_offset : 0;
		struct lag *lag = &ret_lags[i];
		*lag = (struct lag){
			.topic = batch->options.topics[part->partition.topic],
			.partition = part->partition.number,
			.next_offset = part->next_offset,
			.end_offset = end,
			.offsets = end > next ? end - next : 0,
		};
		if (lag->offsets == 0 && oldest_us[i] == INT64_MIN) {
			part->marked_us = 0;
			continue;
		}
		int64_t since_us = waits_since_us(part, end, now_us);
		since_us = oldest_us[i] != INT64_MIN ? oldest_us[i] : since_us;
		lag->offsets = lag->offsets > 0 ? lag->offsets : 1; /* in hand before its end was heard of */
		lag->seconds = now_us > since_us ? (double)(now_us - since_us) / (double)MOMENT_SECOND_US : 0;
	}
	return count;
}

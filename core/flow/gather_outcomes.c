/*
 * What a batch counts: outcomes by day, source, site and channel; and the rows of what was rejected.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/flow/gather.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

/* The UTC day of the sender's stamp, the same in every copy; of the record where nothing could be read. */
static int64_t outcome_day(const struct item *item)
{
	int64_t us = item->event != NULL ? item->event->stamped_us : item->timestamp_us;
	return moment_floor(us, MOMENT_DAY_US) * MOMENT_DAY_US;
}

static int compare_outcomes(const void *a, const void *b)
{
	const struct outcome_row *x = a, *y = b;
	int order = ORDER(x->day_us, y->day_us);
	if (order == 0) {
		order = strcmp(x->source, y->source);
	}
	if (order == 0) {
		order = strcmp(x->site, y->site);
	}
	if (order == 0) {
		order = ORDER(x->channel, y->channel);
	}
	return order != 0 ? order : strcmp(x->outcome, y->outcome);
}

#define TALLY_RECENT_MAX 64 /* a power of two */
#define MIX UINT64_C(0x9e3779b97f4a7c15)
#define AHEAD 8 /* items: subjects are anywhere in memory */

/* Counts under way. Rows are few: days, sources, sites, channels, outcomes. */
struct tally {
	struct arena *arena;
	struct outcome_row *rows;
	size_t count, room;
	uint32_t *slots; /* open addressing, at most half used: row + 1, 0: free */
	size_t slot_count;
	/*
	 * Subjects that are kept share their texts: where the very same ones come again, the row is found without
	 * reading them. Other texts may be equal all the same, so this only saves time.
	 */
	struct tally_recent {
		const char *source, *site;
		int64_t day;
		int channel;
		enum outcome outcome; /* NONE: nothing here */
		uint32_t row;
	} recent[TALLY_RECENT_MAX];
};

static bool tally_init(struct tally *tally, struct arena *arena)
{
	*tally = (struct tally){.arena = arena, .slot_count = 64, .room = 16};
	tally->slots = arena_zero(arena, tally->slot_count, sizeof(*tally->slots));
	tally->rows = arena_array(arena, tally->room, sizeof(*tally->rows));
	return tally->slots != NULL && tally->rows != NULL;
}

static uint64_t hash_row(const struct outcome_row *row)
{
	uint64_t hash = ((uint64_t)row->day_us ^ (uint64_t)(unsigned)row->channel) * MIX;
	const char *const texts[] = {row->source, row->site, row->outcome};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		hash = hash_stir(hash, texts[i], strlen(texts[i]));
	}
	return hash;
}

/* The slot of an equal row, or a free one. */
static uint32_t *tally_slot(const struct tally *tally, const struct outcome_row *row)
{
	size_t at = hash_row(row) >> 32 & (tally->slot_count - 1);
	while (tally->slots[at] != 0 && compare_outcomes(&tally->rows[tally->slots[at] - 1], row) != 0) {
		at = (at + 1) & (tally->slot_count - 1);
	}
	return &tally->slots[at];
}

static bool tally_grow(struct tally *tally)
{
	struct outcome_row *rows = arena_array(tally->arena, tally->room * 2, sizeof(*rows));
	uint32_t *slots = arena_zero(tally->arena, tally->slot_count * 2, sizeof(*slots));
	if (rows == NULL || slots == NULL) {
		return false;
	}
	memcpy(rows, tally->rows, tally->count * sizeof(*rows));
	tally->rows = rows;
	tally->room *= 2;
	tally->slots = slots;
	tally->slot_count *= 2;
	for (size_t i = 0; i < tally->count; i++) {
		*tally_slot(tally, &rows[i]) = (uint32_t)i + 1;
	}
	return true;
}

static void add_said(struct outcome_row *row, enum statement said, int64_t n)
{
	row->granted += said == STATEMENT_GRANTED ? n : 0;
	row->denied += said == STATEMENT_DENIED ? n : 0;
	row->unsaid += said == STATEMENT_UNSAID ? n : 0;
}

/* Adds the row's counts to the one that is like it. False: arena full. */
static bool tally_row(struct tally *tally, const struct outcome_row *row, uint32_t *ret_row)
{
	uint32_t *slot = tally_slot(tally, row);
	if (*slot != 0) {
		*ret_row = *slot - 1;
		struct outcome_row *sum = &tally->rows[*ret_row];
		sum->n += row->n;
		sum->granted += row->granted;
		sum->denied += row->denied;
		sum->unsaid += row->unsaid;
		return true;
	}
	if (tally->count == tally->room) {
		if (!tally_grow(tally)) {
			return false;
		}
		slot = tally_slot(tally, row);
	}
	*ret_row = (uint32_t)tally->count;
	tally->rows[tally->count++] = *row;
	*slot = (uint32_t)tally->count;
	return true;
}

/* Adds n to the row of an outcome of an event of that channel. False: arena full. */
static bool tally_add(struct tally *tally, const struct item *item, int channel, enum outcome outcome, int64_t n,
		      uint32_t *ret_row)
{
	const struct kept_event *event = item->event;
	struct outcome_row row = {
		.day_us = outcome_day(item),
		.source = event != NULL ? event->source : "",
		.site = event != NULL ? event->site : "",
		.channel = channel,
		.outcome = outcome_about[outcome].name,
		.n = n,
	};
	if (event != NULL) {
		add_said(&row, (enum statement)item->said, n);
	}
	return tally_row(tally, &row, ret_row);
}

static enum outcome touch_outcome(const struct touch *touch)
{
	return touch->reasons != 0 ? OUTCOME_machine : OUTCOME_applied;
}

static int channel_of(const struct item *item)
{
	return item->event != NULL ? (int)item->event->channel : 0;
}

/* What the collector dropped, counted as if it had come to us. */
static bool tally_report(struct tally *tally, const struct item *item)
{
	const struct reject *report = item->reject;
	uint32_t row;
	return tally_row(tally,
			 &(struct outcome_row){
				 .day_us = outcome_day(item),
				 .source = item->reject_source,
				 .site = report->site,
				 .channel = report->channel,
				 .outcome = outcome_about[report->reason].name,
				 .n = report->count,
				 .denied = report->denied,
				 .unsaid = (int64_t)report->count - report->denied,
			 },
			 &row);
}

/* An item that is counted as what became of it. */
static bool tally_item(struct tally *tally, const struct item *item)
{
	const struct subject *subject = item->subject;
	uint32_t row;
	if (item->follows) {
		return true;
	}
	if (item->outcome == OUTCOME_reported) {
		return tally_report(tally, item);
	}
	if (subject == NULL) {
		return tally_add(tally, item, channel_of(item), item->outcome, 1, &row);
	}
	int64_t day = moment_floor(item->touch.stamped_us, MOMENT_DAY_US);
	uint64_t hash = ((uintptr_t)subject->site ^ (uint64_t)day << 16 ^ (uint64_t)subject->channel << 8 ^
			 (uint64_t)item->outcome) *
			MIX;
	struct tally_recent *recent = &tally->recent[hash >> 40 & (TALLY_RECENT_MAX - 1)];
	if (recent->source == subject->source && recent->site == subject->site && recent->day == day &&
	    recent->channel == subject->channel && recent->outcome == item->outcome) {
		tally->rows[recent->row].n++;
		add_said(&tally->rows[recent->row], (enum statement)item->said, 1);
		return true;
	}
	if (!tally_add(tally, item, channel_of(item), item->outcome, 1, &row)) {
		return false;
	}
	*recent = (struct tally_recent){subject->source, subject->site, day, subject->channel, item->outcome, row};
	return true;
}

/*
 * A day's counts say how many touches there are, and how many copies beside them, in whatever order these came. So one
 * that takes another's place is counted as the touch, and the other one, from now on, as the duplicate: each of them where it is
 * by this touch that its message is counted. What the other one had said of analytics is not known any more: what copies say that say
 * different things is counted right in all, of this outcome or that.
 */
static bool tally_replacing(struct tally *tally, const struct item *item)
{
	const struct copy_row *replaced = item->replaced;
	uint32_t row;
	enum outcome outcome = item_stands(item) ? touch_outcome(&item->touch) : item->outcome;
	return (item->follows || tally_add(tally, item, (int)item->event->channel, outcome, 1, &row)) &&
	       (replaced->touch.party == TOUCH_FOLLOWS ||
		(tally_add(tally, item, replaced->channel, touch_outcome(&replaced->touch), -1, &row) &&
		 tally_add(tally, item, replaced->channel, OUTCOME_duplicate, 1, &row)));
}

static bool is_rejected(const struct item *item)
{
	return !item->follows && outcome_about[item->outcome].kept == OUTCOME_REJECTED;
}

static bool gather_counts(const struct item *items, size_t count, struct arena *arena, struct save_rows *save,
			  size_t *ret_rejected)
{
	size_t rejected = 0;
	struct tally tally;
	if (!tally_init(&tally, arena)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (i + AHEAD < count) {
			__builtin_prefetch(items[i + AHEAD].subject);
		}
		rejected += is_rejected(&items[i]) ? 1 : 0;
		if (items[i].copy == COPY_REPLACES ? !tally_replacing(&tally, &items[i])
						   : !tally_item(&tally, &items[i])) {
			return false;
		}
	}
	size_t kept = 0;
	for (size_t i = 0; i < tally.count; i++) {
		const struct outcome_row *row = &tally.rows[i];
		if (row->n != 0 || row->granted != 0 || row->denied != 0 || row->unsaid != 0) {
			tally.rows[kept++] = tally.rows[i];
		}
	}
	if (kept > 1) {
		qsort(tally.rows, kept, sizeof(*tally.rows), compare_outcomes);
	}
	save->outcomes = tally.rows;
	save->outcome_count = kept;
	*ret_rejected = rejected;
	return true;
}

static bool gather_rejects(const struct item *items, size_t count, size_t rejected, const char *const *topics,
			   struct arena *arena, struct save_rows *save)
{
	struct reject_row *rows = arena_array(arena, rejected + 1, sizeof(*rows));
	if (rows == NULL) {
		return false;
	}
	size_t used = 0;
	for (size_t i = 0; i < count && used < rejected; i++) {
		const struct item *item = &items[i];
		if (!is_rejected(item)) {
			continue;
		}
		rows[used] = (struct reject_row){
			.topic = topics[item->partition.topic],
			.partition = item->partition.number,
			.offset = item->offset,
			.reason = outcome_about[item->outcome].name,
			.field = "",
			.at_us = item->timestamp_us,
			.source = item->reject_source != NULL ? item->reject_source
				  : item->event != NULL	      ? item->event->source
							      : "",
		};
		if (item->reject != NULL) {
			rows[used].reason = outcome_about[item->reject->reason].name;
			rows[used].field = item->reject->field;
			rows[used].size = item->reject->size;
			rows[used].hash = item->reject->hash;
			rows[used].raw = item->reject->raw;
			rows[used].form = item->reject->form;
		}
		used++;
	}
	save->rejects = rows;
	save->reject_count = used;
	return true;
}

bool gather_outcomes(const struct item *items, size_t count, const char *const *topics, struct arena *arena,
		     struct save_rows *ret_save)
{
	size_t rejected;
	return gather_counts(items, count, arena, ret_save, &rejected) &&
	       gather_rejects(items, count, rejected, topics, arena, ret_save);
}

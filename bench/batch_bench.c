/*
 * What the pure stages of a batch cost, between what LOAD brought and what SAVE sends: ns of this processor an event, stage by
 * stage, and bytes of the arena. No database: what would be sent is encoded and thrown away. Not a test.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/batch_make.h"
#include "core/base/check.h"
#include "core/edge/model_file.h"
#include "core/edge/store.h"
#include "core/flow/arbiters.h"
#include "core/flow/gather.h"
#include "core/flow/screen.h"

#define TRIES 30	   /* the best counts, stage by stage: others use the machine too */
#define EVENTS_EACH 600000 /* small batches are tried more often */

/* Stands in for the connection (the linker puts these in place of postgres.c's): all is encoded, nothing sent. */
static size_t encoded;
static bool sums_wanted;  /* of the first try: two builds that write the same have the same sum, */
static uint64_t byte_sum; /* whatever order they write a list in */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names for what stands in */
bool __wrap_postgres_add(struct postgres *postgres, const struct postgres_statement *statement,
			 const struct postgres_value *values, postgres_on_rows *on_rows, void *context,
			 struct fail *fail);
bool __wrap_postgres_copy(struct postgres *postgres, const struct postgres_statement *statement,
			  const struct postgres_piece *pieces, unsigned count, struct fail *fail);
bool __wrap_postgres_send(struct postgres *postgres, struct fail *fail);

static void count_bytes(const uint8_t *bytes, size_t size, unsigned place)
{
	encoded += size;
	for (size_t i = 0; sums_wanted && i < size; i++) {
		byte_sum += (uint64_t)bytes[i] * bytes[i] * (place + 1);
	}
}

bool __wrap_postgres_add(struct postgres *postgres, const struct postgres_statement *statement,
			 const struct postgres_value *values, postgres_on_rows *on_rows, void *context,
			 struct fail *fail)
{
	(void)postgres, (void)on_rows, (void)context, (void)fail;
	for (unsigned i = 0; i < statement->parameter_count; i++) {
		count_bytes(values[i].bytes, values[i].size > 0 ? (size_t)values[i].size : 0, i);
	}
	return true;
}

bool __wrap_postgres_copy(struct postgres *postgres, const struct postgres_statement *statement,
			  const struct postgres_piece *pieces, unsigned count, struct fail *fail)
{
	(void)postgres, (void)statement, (void)fail;
	for (unsigned i = 0; i < count; i++) {
		count_bytes((const uint8_t *)pieces[i].bytes, pieces[i].size, 0);
	}
	return true;
}

bool __wrap_postgres_send(struct postgres *postgres, struct fail *fail)
{
	(void)postgres, (void)fail;
	return true;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

enum stage { ASK, PLAN, LOAD_ARRAYS, SCREEN, IN_ORDER, REFOLD, GATHER, ARBITERS, SAVE_ARRAYS, STAGES };
static const char *const stage_names[STAGES] = {"ask",	  "plan",   "load's arrays", "screen",	     "in order",
						"refold", "gather", "arbiters",	     "save's arrays"};

struct bench {
	const struct made *made;
	const struct contacts_model *model;
	struct store *store;
	struct arena work, rows;
	/* of the try under way */
	struct advance_rows advance;
	struct load_rows load;
	struct read_rows read;
	struct cast cast;
	struct contacts contacts;
	struct save_rows save;
	size_t used;
	double best_ns[STAGES];
};

static double now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *copy_of(struct bench *bench, const void *rows, size_t count, size_t size)
{
	void *copy = arena_array(&bench->rows, count + 1, size);
	CHECK(copy != NULL);
	memcpy(copy, rows, count * size);
	return copy;
}

/* What LOAD brings, anew: SCREEN sorts it in place. */
static void bring_rows(struct bench *bench)
{
	const struct load_rows *made = &bench->made->load;
	struct load_rows *load = &bench->load;
	load->in_play.claim_count = made->in_play.claim_count;
	load->in_play.claims =
		copy_of(bench, made->in_play.claims, made->in_play.claim_count, sizeof(*made->in_play.claims));
	load->consent_count = made->consent_count;
	load->consents = copy_of(bench, made->consents, made->consent_count, sizeof(*made->consents));
	load->copy_count = made->copy_count;
	load->copies = copy_of(bench, made->copies, made->copy_count, sizeof(*made->copies));
	load->phase_count = made->phase_count;
	load->phases = copy_of(bench, made->phases, made->phase_count, sizeof(*made->phases));
	bench->read.touches =
		copy_of(bench, bench->made->read.touches, bench->made->read.touch_count, sizeof(struct touch_row));
	bench->read.touch_count = bench->made->read.touch_count;
}

/* As the quick way: only keys of copies that were written a while ago. */
static bool leave_suspects(struct bench *bench)
{
	bench->load.quick = true;
	bench->load.keys = bench->made->suspects;
	bench->load.key_count = bench->made->load.copy_count;
	return true;
}

static bool run_stage(struct bench *bench, enum stage stage)
{
	struct item *items = bench->made->items;
	size_t count = bench->made->count;
	static const char *const topics[] = {"web"};
	struct fail fail;
	switch (stage) {
	case ASK:
		return cast_ask(&bench->cast, items, count, NULL, 0, &bench->work, &bench->advance);
	case PLAN:
		return cast_plan(&bench->cast, items, count, &bench->advance, &bench->load) &&
		       leave_suspects(bench);
	case LOAD_ARRAYS:
		return store_load(bench->store, &bench->load, &bench->work, &fail);
	case SCREEN:
		return screen_batch(&bench->cast, items, count, &bench->load) == SCREEN_DONE;
	case IN_ORDER:
		return contacts_in_order(&bench->contacts, &bench->cast, bench->model, items, &bench->load);
	case REFOLD:
		return contacts_refold(&bench->contacts, items, count, &bench->read, NOW_US);
	case GATHER:
		return gather_batch(&bench->cast, &bench->contacts, items, count, topics, &bench->save);
	case ARBITERS:
		bench->save.quick = &bench->advance;
		bench->save.by_copy = true;
		return arbiters_split(&bench->load, &bench->work, &bench->save);
	case SAVE_ARRAYS:
		for (enum save_part part = SAVE_BEGIN; part <= SAVE_END; part++) {
			if (!store_save(bench->store, &bench->save, part, &bench->work, &fail)) {
				return false;
			}
		}
		return true;
	default:
		return false;
	}
}

static void run_try(struct bench *bench)
{
	arena_reset(&bench->work, bench->work.limit);
	arena_reset(&bench->rows, bench->rows.limit);
	for (size_t i = 0; i < bench->made->count; i++) {
		bench->made->items[i].outcome = OUTCOME_NONE;
		bench->made->items[i].copy = COPY_LOSES;
	}
	bench->advance = bench->made->advance;
	bench->save = (struct save_rows){.model_version = bench->model->model->version};
	encoded = 0;
	for (unsigned stage = 0; stage < STAGES; stage++) {
		if (stage == SCREEN) {
			bring_rows(bench);
		} else if (stage == REFOLD) {
			size_t touches = bench->made->read.touch_count;
			struct touch_row *rows = bench->read.touches;
			CHECK(contacts_ask(&bench->contacts, &bench->load, NULL, &bench->read));
			bench->read.touches = rows;
			bench->read.touch_count = touches;
		}
		double begun = now_ns();
		CHECK(run_stage(bench, (enum stage)stage));
		double ns = (now_ns() - begun) / (double)bench->made->count;
		bench->best_ns[stage] = ns < bench->best_ns[stage] ? ns : bench->best_ns[stage];
	}
	bench->used = bench->work.used;
}

static void run_size(size_t count, const struct contacts_model *model, const struct matcher *matcher,
		     struct store *store)
{
	struct made made;
	make_batch(&made, count, model, matcher);
	struct bench bench = {.made = &made, .model = model, .store = store};
	byte_sum = 0;
	CHECK(arena_init(&bench.work, (size_t)1 << 30) && arena_init(&bench.rows, (size_t)1 << 30));
	for (unsigned stage = 0; stage < STAGES; stage++) {
		bench.best_ns[stage] = 1e18;
	}
	for (size_t i = 0; i < TRIES || i * count < EVENTS_EACH; i++) {
		sums_wanted = i == 0;
		run_try(&bench);
	}
	double sum = 0;
	encoded /= count;
	printf("batch: %zu events, %zu contacts, %zu refolded, %zu touches, %zu arbiters, %zu bytes sent an "
	       "event\n",
	       count, bench.load.contact_count, bench.contacts.refold_count, bench.save.touch_count,
	       bench.save.arbiter_new_count + bench.save.arbiter_count, encoded);
	for (unsigned stage = 0; stage < STAGES; stage++) {
		printf("batch: %6.0f ns an event: %s\n", bench.best_ns[stage], stage_names[stage]);
		sum += bench.best_ns[stage];
	}
	printf("batch: %6.0f ns an event in all; %zu bytes of the arena (checksum %" PRIu64 ")\n", sum,
	       bench.used / count, byte_sum);
	arena_finish(&bench.work);
	arena_finish(&bench.rows);
	arena_finish(&made.arena);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {500, 5000, 20000};
	struct arena arena;
	struct model *model;
	struct fail fail;
	CHECK(arena_init(&arena, (size_t)16 * 1024 * 1024));
	if (!model_file_read("conf/model/standard.yaml", &arena, &model, &fail)) {
		fprintf(stderr, "%s\n", fail.text);
		return EXIT_FAILURE;
	}
	struct matcher *matcher = matcher_create(model, &fail);
	struct fold_process *processes = arena_zero(&arena, model->process_count, sizeof(*processes));
	struct store *store = store_create(NULL, 1000, &fail);
	CHECK(matcher != NULL && processes != NULL && store != NULL);
	for (unsigned i = 0; i < model->process_count; i++) {
		fold_process_init(&processes[i], &model->processes[i]);
	}
	const struct contacts_model ready = {model, processes};
	size_t only = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		if (only == 0 || only == sizes[i]) {
			run_size(sizes[i], &ready, matcher, store);
		}
	}
	store_destroy(store);
	matcher_destroy(matcher);
	arena_finish(&arena);
	return EXIT_SUCCESS;
}

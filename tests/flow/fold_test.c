/* core/flow/fold.h: the reference results; folding on equals folding from the start; what a touch may and may not do. */
#include "core/flow/fold.h"
#include "core/model/phase_pack.h"

#include <math.h>
#include <string.h>

#include "tests/table.h"
#include "tests/vectors/vectors.h"

#define CLOSE 1e-9
#define DAY_MS INT64_C(86400000)
#define START_MS INT64_C(1717200000000)

static void ck_close(double got, double wanted, const char *what, const char *contact, int64_t ms)
{
	ck_assert_msg(fabs(got - wanted) <= CLOSE, "%s of %s at %lld: %.17g instead of %.17g", what, contact,
		      (long long)ms, got, wanted);
}

static const char *word(const char *name)
{
	return name != NULL ? name : "";
}

static void check_answer(const struct phase_view *view, const struct vector_answer *row)
{
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		ck_close(view->posterior[k], row->posterior[k], "posterior", row->contact, row->ms);
	}
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		ck_close(view->main[m], row->main[m], "main", row->contact, row->ms);
	}
	ck_close(view->activity, row->activity, "activity", row->contact, row->ms);
	ck_assert_msg(view->counted == row->counted, "%s at %lld", row->contact, (long long)row->ms);
	ck_assert_str_eq(word(main_phase_name(view->reported)), row->reported);
	ck_assert_str_eq(word(band_name(view->band)), row->band);
	ck_assert_str_eq(shown_name(view->shown), row->shown);
}

START_TEST(fold_gives_the_reference_results)
{
	struct vectors *vectors = vectors_read();
	ck_assert_uint_eq(vectors->answer_count, 660);
	static struct fold_touch touches[VECTOR_TOUCHES_MAX];
	static bool scratch[VECTOR_TOUCHES_MAX];
	for (size_t i = 0; i < vectors->answer_count; i++) {
		const struct vector_answer *row = &vectors->answers[i];
		struct phase_state state;
		struct phase_view view;
		size_t count = vectors_of(vectors, row->contact, row->ms, touches);
		fold_all(&vectors->process, touches, count, scratch, &state, NULL, NULL, NULL);
		fold_view(&vectors->process, &state, row->ms, &view);
		check_answer(&view, row);
	}
	free(vectors);
}
END_TEST

START_TEST(weights_are_those_of_the_rule_book)
{
	struct vectors *vectors = vectors_read();
	ck_assert_uint_eq(vectors->model.rule_count, 33);
	for (unsigned r = 0; r < vectors->model.rule_count; r++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			ck_close(log(vectors->process.factor[r][k]), vectors->weights[r][k], "weight",
				 vectors->rule_names[r], k);
		}
	}
	free(vectors);
}
END_TEST

/* ---- Order ---- */

/* Repeatable noise. */
static uint64_t noise_state;

static uint64_t noise(uint64_t below)
{
	noise_state = noise_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (noise_state >> 33) % below;
}

/* Mostly bursts of clicks, repeats and equal times: what can go wrong must come up often. */
static void make_touches(struct fold_touch *touches, size_t count, unsigned rule_count)
{
	static const int64_t steps[] = {0,     1,     7,       9000,	20000,	 59999,
					60000, 60001, 1799999, 1800000, 1800001, DAY_MS};
	int64_t ms = START_MS;
	for (size_t i = 0; i < count; i++) {
		ms += steps[noise(noise(4) == 0 ? COUNT_OF(steps) : 5)];
		touches[i] =
			(struct fold_touch){.ms = ms, .id = noise(1u << 30), .rule = (uint16_t)noise(rule_count)};
		if (noise(2) == 0) {
			touches[i].rule = (uint16_t)(18 + noise(5));
			touches[i].mail_click = true;
			touches[i].link = noise(3) == 0 ? 0 : 1000 + noise(8);
		} else if (noise(20) == 0) {
			touches[i].kind = FOLD_CONFIRM;
			touches[i].rule = (uint16_t)noise(256);
		} else if (noise(20) == 0) {
			touches[i].kind = FOLD_CLOSE;
			touches[i].rule = 0;
		}
	}
	qsort(touches, count, sizeof(*touches), fold_compare);
}

static bool same_bits(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size) == 0;
}

/* To the bit, field by field: padding may differ. */
static bool same_state(const struct phase_state *a, const struct phase_state *b)
{
	bool same = same_bits(a->pi, b->pi, sizeof(a->pi)) &&
		    same_bits(&a->activity, &b->activity, sizeof(double)) && a->minute == b->minute &&
		    a->moved == b->moved && a->closed == b->closed && a->rep == b->rep &&
		    a->counted == b->counted && a->confirmed == b->confirmed && a->channels == b->channels &&
		    a->first_ms == b->first_ms && a->counted_ms == b->counted_ms && a->started == b->started &&
		    a->last_ms == b->last_ms && a->recent_count == b->recent_count &&
		    a->click_count == b->click_count && a->taken == b->taken;
	for (unsigned i = 0; same && i < a->recent_count; i++) {
		same = a->recent[i].rule == b->recent[i].rule && a->recent[i].last_ms == b->recent[i].last_ms;
	}
	for (unsigned i = 0; same && i < a->click_count; i++) {
		same = a->clicks[i].link == b->clicks[i].link && a->clicks[i].last_ms == b->clicks[i].last_ms &&
		       a->clicks[i].left_out == b->clicks[i].left_out;
	}
	return same;
}

static void check_same(const struct phase_state *on, const struct phase_state *all, unsigned round, size_t at)
{
	ck_assert_msg(same_state(on, all), "round %u: folding on differs from refolding at touch %zu", round, at);
}

static bool marked_by_definition(const struct fold_process *process, const struct fold_touch *touches,
				 size_t count, size_t at)
{
	for (size_t from = 0; from < count; from++) {
		uint64_t links[64];
		size_t found = 0;
		for (size_t i = from; i < count && touches[i].ms - touches[from].ms <= 60000; i++) {
			uint64_t link = touches[i].link != 0 ? touches[i].link : (uint64_t)touches[i].rule + 1;
			size_t known = 0;
			while (known < found && links[known] != link) {
				known++;
			}
			bool click = touches[i].kind == FOLD_TOUCH && touches[i].mail_click &&
				     !process->ignored[touches[i].rule];
			if (click && known == found) {
				links[found++] = link;
			}
		}
		if (found >= 4 && at >= from && touches[at].ms - touches[from].ms <= 60000) {
			return true;
		}
	}
	return false;
}

/* Which touches count, straight from the words of docs/model.md and as slow as they are. */
static void count_by_definition(const struct fold_process *process, const struct fold_touch *touches, size_t count,
				bool *ret_counted)
{
	int64_t last_ms[PHASE_RULES_MAX];
	for (size_t r = 0; r < PHASE_RULES_MAX; r++) {
		last_ms[r] = INT64_MIN / 2;
	}
	for (size_t i = 0; i < count; i++) {
		const struct fold_touch *touch = &touches[i];
		if (touch->kind != FOLD_TOUCH) {
			ret_counted[i] = touch->kind == FOLD_CLOSE || touch->rule != 0;
			for (size_t r = 0; touch->kind == FOLD_CLOSE && r < PHASE_RULES_MAX; r++) {
				last_ms[r] = INT64_MIN / 2;
			}
			continue;
		}
		bool out = process->ignored[touch->rule] ||
			   (touch->mail_click && marked_by_definition(process, touches, count, i));
		ret_counted[i] = !out && touch->ms - last_ms[touch->rule] > 1800000;
		last_ms[touch->rule] = out ? last_ms[touch->rule] : touch->ms;
	}
}

/* Of the touches that count, since it was won or lost. */
static unsigned channels_by_definition(const struct fold_process *process, const struct fold_touch *touches,
				       size_t count, const bool *counted)
{
	unsigned channels = 0;
	for (size_t i = 0; i < count; i++) {
		if (touches[i].kind == FOLD_CLOSE) {
			channels = 0;
		} else if (touches[i].kind == FOLD_TOUCH && counted[i]) {
			channels |= process->channel[touches[i].rule];
		}
	}
	return channels;
}

struct checkpoints {
	struct phase_state states[16];
	size_t count;
};

static void on_checkpoint(void *context, const struct phase_state *state)
{
	struct checkpoints *checkpoints = context;
	ck_assert_uint_lt(checkpoints->count, COUNT_OF(checkpoints->states));
	checkpoints->states[checkpoints->count++] = *state;
}

/* From the last checkpoint that lies over a minute before what changed; those behind it are made anew. */
static void go_on(const struct fold_process *process, const struct fold_touch *sorted, size_t count,
		  int64_t changed_ms, struct checkpoints *checkpoints, struct phase_state *ret_state)
{
	const struct fold_hooks hooks = {.on_checkpoint = on_checkpoint, .context = checkpoints};
	bool scratch[40];
	size_t from = 0;
	fold_start(process, ret_state);
	while (checkpoints->count > 0 &&
	       checkpoints->states[checkpoints->count - 1].last_ms >= changed_ms - PHASE_BURST_MS) {
		checkpoints->count--;
	}
	if (checkpoints->count > 0) {
		*ret_state = checkpoints->states[checkpoints->count - 1];
		while (from < count && sorted[from].ms <= ret_state->last_ms) {
			from++;
		}
	}
	fold_on(process, sorted + from, count - from, scratch, ret_state, NULL, &hooks);
}

static void check_checkpoints(const struct fold_process *process, const struct fold_touch *sorted, size_t count,
			      const struct checkpoints *checkpoints, unsigned round)
{
	static struct checkpoints wanted;
	static struct phase_state state;
	const struct fold_hooks hooks = {.on_checkpoint = on_checkpoint, .context = &wanted};
	bool scratch[40];
	wanted.count = 0;
	fold_start(process, &state);
	fold_on(process, sorted, count, scratch, &state, NULL, &hooks);
	ck_assert_uint_eq(checkpoints->count, wanted.count);
	for (size_t i = 0; i < wanted.count; i++) {
		check_same(&checkpoints->states[i], &wanted.states[i], round, i);
	}
}

/* Touches come one by one, now and then out of order. Where fold_touch() refuses, the state must be untouched and
 * refolding must be what is needed; where it accepts, the state must be what refolding gives, to the bit. */
static void play(const struct fold_process *process, unsigned round, unsigned *seen)
{
	enum { COUNT = 40 };
	struct fold_touch order[COUNT], known[COUNT], sorted[COUNT];
	bool scratch[COUNT], counted[COUNT], wanted[COUNT];
	static struct phase_state state, before, all;
	static struct checkpoints checkpoints;
	checkpoints.count = 0;
	noise_state = round;
	make_touches(order, COUNT, process->rule_count);
	for (size_t i = 1; i < COUNT; i++) {
		size_t other = noise(6) == 0 ? noise(i) : i;
		struct fold_touch swap = order[i];
		order[i] = order[other];
		order[other] = swap;
	}
	fold_start(process, &state);
	for (size_t i = 0; i < COUNT; i++) {
		known[i] = order[i];
		memcpy(sorted, known, (i + 1) * sizeof(*known));
		qsort(sorted, i + 1, sizeof(*sorted), fold_compare);
		fold_all(process, sorted, i + 1, scratch, &all, counted, NULL, NULL);
		count_by_definition(process, sorted, i + 1, wanted);
		ck_assert_msg(memcmp(counted, wanted, i + 1) == 0, "round %u: other touches count at touch %zu",
			      round, i);
		ck_assert_uint_eq(all.channels, channels_by_definition(process, sorted, i + 1, wanted));
		before = state;
		enum fold_result result = fold_touch(process, &state, &order[i]);
		seen[result]++;
		if (result == FOLD_LATE || result == FOLD_BURST) {
			check_same(&state, &before, round, i);
			go_on(process, sorted, i + 1, order[i].ms, &checkpoints, &state);
		} else if (fold_checkpoint(process, &state) > fold_checkpoint(process, &before)) {
			on_checkpoint(&checkpoints, &state);
		}
		check_same(&state, &all, round, i);
		check_checkpoints(process, sorted, i + 1, &checkpoints, round);
		/* as the database gives it back */
		uint8_t bytes[PHASE_PACK_SIZE_MAX];
		ck_assert(phase_unpack(bytes, phase_pack(&state, bytes), &state));
		check_same(&state, &all, round, i);
		struct phase_view view;
		fold_view(process, &state, state.counted_ms, &view);
		ck_assert_msg(fold_shown(&state) == view.shown, "round %u: something else is shown at touch %zu",
			      round, i);
		size_t place = 0;
		while (sorted[place].id != order[i].id || sorted[place].ms != order[i].ms) {
			place++;
		}
		if (result == FOLD_MOVED || result == FOLD_LEFT_OUT) {
			ck_assert(counted[place] == (result == FOLD_MOVED));
		}
		if (result == FOLD_BURST) {
			ck_assert(!counted[place]);
		}
	}
}

START_TEST(what_counts_is_as_defined_and_folding_on_gives_the_bits_of_refolding)
{
	struct vectors *vectors = vectors_read();
	unsigned seen[4] = {0};
	vectors->process.checkpoint = 4; /* as many as the database has of a long history, in a short one */
	for (unsigned round = 1; round <= 3000; round++) {
		play(&vectors->process, round, seen);
	}
	for (unsigned result = 0; result < 4; result++) {
		ck_assert_msg(seen[result] > 500, "result %u came up %u times only", result, seen[result]);
	}
	free(vectors);
}
END_TEST

/* ---- Behaviours, a row each ---- */

enum { PRODUCT = 8, PRICING = 14, CLICK_EARLY = 20, CLICK_LATE = 22, OPEN = 18 };

/* One event that came with a cookie and without is two touches of one id, maybe of one contact. */
START_TEST(touches_of_one_id_have_an_order_too)
{
	struct fold_touch touches[] = {
		{.ms = START_MS, .id = 7, .rule = 2},
		{.ms = START_MS, .id = 7, .rule = 5, .link = 1, .mail_click = true},
		{.ms = START_MS, .id = 7, .rule = 5, .link = 2, .mail_click = true},
		{.ms = START_MS, .id = 8, .rule = 0},
		{.ms = START_MS, .id = 1, .kind = FOLD_CONFIRM, .rule = 2},
		{.ms = START_MS, .id = 0, .kind = FOLD_CLOSE},
	};
	for (size_t i = 0; i < COUNT_OF(touches); i++) {
		for (size_t j = 0; j < COUNT_OF(touches); j++) {
			int order = fold_compare(&touches[i], &touches[j]);
			ck_assert_msg((order > 0) - (order < 0) == (i > j) - (i < j), "%zu, %zu: %d", i, j, order);
		}
	}
}
END_TEST

START_TEST(a_refused_touch_says_why)
{
	struct vectors *vectors = vectors_read();
	static const struct {
		struct fold_touch touch;
		enum fold_result result;
	} rows[] = {
		{{.ms = START_MS, .rule = PRODUCT}, FOLD_MOVED},
		{{.ms = START_MS, .rule = PRICING}, FOLD_LATE},
		{{.ms = START_MS - 1, .rule = OPEN}, FOLD_LEFT_OUT},
		{{.ms = START_MS + 1800000, .rule = PRODUCT}, FOLD_LEFT_OUT},
		{{.ms = START_MS + 3600001, .rule = PRODUCT}, FOLD_MOVED},
		{{.ms = START_MS + DAY_MS, .rule = CLICK_EARLY, .mail_click = true, .link = 91}, FOLD_MOVED},
		{{.ms = START_MS + DAY_MS + 20000, .rule = CLICK_EARLY, .mail_click = true, .link = 92},
		 FOLD_LEFT_OUT},
		{{.ms = START_MS + DAY_MS + 40000, .rule = CLICK_LATE, .mail_click = true, .link = 93},
		 FOLD_MOVED},
		{{.ms = START_MS + DAY_MS + 60001, .rule = CLICK_LATE, .mail_click = true, .link = 94},
		 FOLD_LEFT_OUT},
		{{.ms = START_MS + DAY_MS + 60002, .rule = CLICK_LATE, .mail_click = true, .link = 95},
		 FOLD_BURST},
		{{.ms = START_MS + 2 * DAY_MS, .kind = FOLD_CONFIRM, .rule = 0}, FOLD_LEFT_OUT},
		{{.ms = START_MS + 2 * DAY_MS, .kind = FOLD_CONFIRM, .rule = 1 << 7}, FOLD_MOVED},
		{{.ms = START_MS + 2 * DAY_MS, .kind = FOLD_CONFIRM, .rule = 1 << 7}, FOLD_LATE},
		{{.ms = START_MS + 3 * DAY_MS, .kind = FOLD_CLOSE}, FOLD_MOVED},
		{{.ms = START_MS + 3 * DAY_MS, .rule = PRODUCT}, FOLD_LATE},
		{{.ms = START_MS + 3 * DAY_MS + 1, .rule = OPEN}, FOLD_LEFT_OUT},
		{{.ms = START_MS + 3 * DAY_MS + 2, .rule = PRODUCT}, FOLD_MOVED},
	};
	struct phase_state state;
	fold_start(&vectors->process, &state);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(fold_touch(&vectors->process, &state, &rows[i].touch) == rows[i].result, "row %zu",
			      i);
	}
	free(vectors);
}
END_TEST

START_TEST(a_scanner_that_goes_on_needs_no_more_refolds)
{
	struct vectors *vectors = vectors_read();
	struct fold_touch clicks[50];
	bool scratch[50];
	struct phase_state state, all;
	unsigned refolds = 0;
	fold_start(&vectors->process, &state);
	for (size_t i = 0; i < 50; i++) {
		clicks[i] = (struct fold_touch){.ms = START_MS + (int64_t)i * 500,
						.id = i,
						.rule = CLICK_LATE,
						.mail_click = true,
						.link = 100 + i};
		fold_all(&vectors->process, clicks, i + 1, scratch, &all, NULL, NULL, NULL);
		if (fold_touch(&vectors->process, &state, &clicks[i]) == FOLD_BURST) {
			refolds++;
			state = all;
		}
		check_same(&state, &all, 0, i);
	}
	ck_assert_uint_eq(refolds, 1);
	ck_assert(!state.moved && !state.started && state.counted == 0);
	free(vectors);
}
END_TEST

START_TEST(many_clicks_on_one_link_stay_cheap)
{
	struct vectors *vectors = vectors_read();
	enum { COUNT = 200000 };
	struct fold_touch *clicks = calloc(COUNT, sizeof(*clicks));
	bool *scratch = calloc(COUNT, sizeof(*scratch));
	ck_assert(clicks != NULL && scratch != NULL);
	for (size_t i = 0; i < COUNT; i++) {
		clicks[i] = (struct fold_touch){.ms = START_MS + (int64_t)(i / 10),
						.id = i,
						.rule = CLICK_LATE,
						.mail_click = true,
						.link = 100 + i % 5};
	}
	struct phase_state state;
	fold_all(&vectors->process, clicks, COUNT, scratch, &state, NULL, NULL, NULL);
	ck_assert_uint_eq(state.counted, 0);
	free(clicks);
	free(scratch);
	free(vectors);
}
END_TEST

START_TEST(a_confirmed_phase_is_a_fact_and_no_counted_touch)
{
	struct vectors *vectors = vectors_read();
	struct phase_state state;
	struct phase_view view;
	fold_start(&vectors->process, &state);
	struct fold_touch confirm = {.ms = START_MS, .kind = FOLD_CONFIRM, .rule = 1 << 5 | 1 << 6 | 1 << 7};
	ck_assert_int_eq(fold_touch(&vectors->process, &state, &confirm), FOLD_MOVED);
	fold_view(&vectors->process, &state, START_MS, &view);
	/* the prior, late times e^4, over the sum */
	double e4 = exp(4), sum = .90 + .10 * e4;
	ck_close(view.posterior[0], .10 / sum, "none", "confirm", 0);
	ck_close(view.posterior[7], .02 * e4 / sum, "accept", "confirm", 0);
	ck_assert_int_eq(view.reported, MAIN_LATE);
	ck_assert_int_eq(view.shown, SHOWN_UNKNOWN);
	ck_assert_int_eq(view.band, BAND_NULL);
	ck_assert_uint_eq(view.counted, 0);
	ck_assert_uint_eq(state.confirmed, 1);
	ck_assert(state.recent_count == 0 && view.activity == 0 && view.quiet);
	free(vectors);
}
END_TEST

/* Of a closed process nothing is left: what comes later gives what it would give alone, and until then `none` is shown. */
START_TEST(won_or_lost_closes_a_process_and_a_later_touch_opens_it_again)
{
	struct vectors *vectors = vectors_read();
	const struct fold_touch touches[] = {
		{.ms = START_MS, .rule = PRODUCT},
		{.ms = START_MS + DAY_MS, .rule = PRICING},
		{.ms = START_MS + 2 * DAY_MS, .kind = FOLD_CONFIRM, .rule = 1 << 7},
		{.ms = START_MS + 3 * DAY_MS, .kind = FOLD_CLOSE},
		{.ms = START_MS + 3 * DAY_MS + 60000, .rule = PRICING},
		{.ms = START_MS + 4 * DAY_MS, .rule = PRODUCT},
	};
	static const enum shown shown[] = {SHOWN_UNKNOWN, SHOWN_MID,	 SHOWN_LATE,
					   SHOWN_NONE,	  SHOWN_UNKNOWN, SHOWN_MID};
	struct phase_state state, alone;
	struct phase_view view;
	fold_start(&vectors->process, &state);
	fold_start(&vectors->process, &alone);
	alone.taken = 4; /* checkpoints go on being numbered */
	for (size_t i = 0; i < COUNT_OF(touches); i++) {
		ck_assert_int_eq(fold_touch(&vectors->process, &state, &touches[i]), FOLD_MOVED);
		ck_assert_msg(fold_shown(&state) == shown[i], "%s after touch %zu", shown_name(fold_shown(&state)),
			      i);
		if (i == 3) {
			fold_view(&vectors->process, &state, START_MS + 400 * DAY_MS, &view);
			ck_assert(state.closed && view.shown == SHOWN_NONE && view.quiet &&
				  view.band == BAND_NULL);
			ck_assert(view.reported == MAIN_NONE && view.fine == 0 && view.counted == 0);
			ck_close(view.posterior[1], vectors->process.prior[1], "prior", "closed", 0);
		} else if (i > 3) {
			fold_touch(&vectors->process, &alone, &touches[i]);
			check_same(&state, &alone, 0, i);
		}
	}
	free(vectors);
}
END_TEST

START_TEST(the_fine_phase_is_named_only_where_it_carries)
{
	struct vectors *vectors = vectors_read();
	static const struct {
		double pi[PHASE_STATES];
		enum main_phase rep;
		int fine;
	} rows[] = {
		{{.2, .4, .2, .1, .1, 0, 0, 0}, MAIN_EARLY, 1}, /* .4 of .8: just enough */
		{{.2, .39, .21, .1, .1, 0, 0, 0}, MAIN_EARLY, 0},
		{{.2, .42, 0, .19, .19, 0, 0, 0}, MAIN_MID, 0}, /* outside what is reported */
		{{.5, 0, 0, 0, 0, 0, 0, .5}, MAIN_LATE, 7},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct phase_state state;
		struct phase_view view;
		fold_start(&vectors->process, &state);
		memcpy(state.pi, rows[i].pi, sizeof(state.pi));
		state.moved = true;
		state.minute = START_MS / 60000;
		state.rep = rows[i].rep;
		fold_view(&vectors->process, &state, START_MS, &view);
		ck_assert_msg(view.fine == rows[i].fine, "row %zu: %d", i, view.fine);
	}
	free(vectors);
}
END_TEST

START_TEST(a_shorter_process_keeps_its_states_empty_beyond)
{
	struct vectors *vectors = vectors_read();
	vectors->model.states = 4;
	vectors->model.state_main[2] = MAIN_MID;
	vectors->model.state_main[3] = MAIN_LATE;
	vectors->model.prior[0] = .2;
	vectors->model.prior[3] = .25;
	vectors->model.entry[1] = 1;
	vectors->model.entry[2] = vectors->model.entry[3] = 0;
	static struct fold_process process;
	fold_process_init(&process, &vectors->model);
	struct phase_state state;
	fold_start(&process, &state);
	for (uint16_t i = 0; i < 20; i++) {
		struct fold_touch touch = {.ms = START_MS + 5 * DAY_MS * i, .rule = i};
		fold_touch(&process, &state, &touch);
	}
	double sum = 0;
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		ck_assert(k < 4 ? state.pi[k] > 0 : state.pi[k] == 0);
		sum += state.pi[k];
	}
	ck_close(sum, 1, "sum", "four states", 0);
	/* a day's moves out of the last state: back at B/D, out of buying at S/D, never up */
	ck_assert_double_eq_tol(process.moves[0][3][2] * 1440, .25 / 20, 1e-6);
	ck_assert_double_eq_tol(process.moves[0][3][0] * 1440, .20 / 20, 1e-6);
	ck_assert_double_eq_tol(process.moves[0][1][2] * 1440, (.55 + .125) / 20, 1e-5);
	ck_assert_double_eq_tol(process.moves[0][0][1] * 1440, 1. / 90, 1e-6);
	free(vectors);
}
END_TEST

struct steps {
	unsigned count;
	int64_t ms[8];
	uint32_t counted[8];
};

static void on_step(void *context, const struct phase_state *state, const struct fold_touch *touch)
{
	struct steps *steps = context;
	ck_assert(steps->count < 8);
	steps->ms[steps->count] = touch->ms;
	steps->counted[steps->count++] = state->counted;
}

START_TEST(steps_are_told_once_a_millisecond_and_only_where_something_moved)
{
	struct vectors *vectors = vectors_read();
	const struct fold_touch touches[] = {
		{.ms = START_MS, .id = 1, .rule = PRODUCT},	     {.ms = START_MS, .id = 2, .rule = PRICING},
		{.ms = START_MS, .id = 3, .rule = PRICING},	/* a repeat */
		{.ms = START_MS + 5, .id = 4, .rule = PRICING}, /* a repeat */
		{.ms = START_MS + DAY_MS, .id = 5, .rule = PRICING},
	};
	bool scratch[COUNT_OF(touches)], counted[COUNT_OF(touches)];
	struct phase_state state;
	struct steps steps = {0};
	fold_all(&vectors->process, touches, COUNT_OF(touches), scratch, &state, counted, on_step, &steps);
	ck_assert_uint_eq(steps.count, 2);
	ck_assert_int_eq(steps.ms[0], START_MS);
	ck_assert_uint_eq(steps.counted[0], 2);
	ck_assert_int_eq(steps.ms[1], START_MS + DAY_MS);
	ck_assert(counted[0] && counted[1] && !counted[2] && !counted[3] && counted[4]);
	free(vectors);
}
END_TEST

/* A crawler, or nobody: as many rules as a state knows, and one more. */
START_TEST(of_too_many_rules_the_one_touched_longest_ago_is_forgotten)
{
	enum { RULES = PHASE_RECENT_MAX + 1 };
	static struct model_rule rules[RULES];
	static char names[RULES][16];
	static struct fold_touch touches[RULES + 3];
	static struct fold_process process;
	static bool scratch[RULES + 3], counted[RULES + 3];
	static struct phase_state state, all;
	struct vectors *vectors = vectors_read();
	struct model_process model = vectors->model;
	for (unsigned r = 0; r < RULES; r++) {
		snprintf(names[r], sizeof(names[r]), "web.r%u", r);
		rules[r] = (struct model_rule){.name = names[r], .channel = CHANNEL_WEB, .frequency = RULE_NORMAL};
		touches[r] = (struct fold_touch){.ms = START_MS + r, .id = r, .rule = (uint16_t)r};
	}
	model.rules = rules;
	model.rule_count = RULES;
	fold_process_init(&process, &model);
	/* rule 0 was forgotten for the last one, and counts again; rule 1 for rule 0; rule 3 is known still */
	static const uint16_t more[] = {0, 1, 3};
	for (unsigned i = 0; i < COUNT_OF(more); i++) {
		touches[RULES + i] =
			(struct fold_touch){.ms = START_MS + RULES + i, .id = RULES + i, .rule = more[i]};
	}
	fold_start(&process, &state);
	for (unsigned i = 0; i < COUNT_OF(touches); i++) {
		enum fold_result result = fold_touch(&process, &state, &touches[i]);
		ck_assert_int_eq(result, i < COUNT_OF(touches) - 1 ? FOLD_MOVED : FOLD_LEFT_OUT);
		ck_assert_uint_le(state.recent_count, PHASE_RECENT_MAX);
	}
	fold_all(&process, touches, COUNT_OF(touches), scratch, &all, counted, NULL, NULL);
	ck_assert_mem_eq(&all, &state, sizeof(state));
	ck_assert(counted[RULES] && counted[RULES + 1] && !counted[RULES + 2]);
	free(vectors);
}
END_TEST

TEST_MAIN("fold", fold_gives_the_reference_results, weights_are_those_of_the_rule_book,
	  what_counts_is_as_defined_and_folding_on_gives_the_bits_of_refolding,
	  touches_of_one_id_have_an_order_too, a_refused_touch_says_why,
	  a_scanner_that_goes_on_needs_no_more_refolds, many_clicks_on_one_link_stay_cheap,
	  a_confirmed_phase_is_a_fact_and_no_counted_touch,
	  won_or_lost_closes_a_process_and_a_later_touch_opens_it_again,
	  the_fine_phase_is_named_only_where_it_carries, a_shorter_process_keeps_its_states_empty_beyond,
	  steps_are_told_once_a_millisecond_and_only_where_something_moved,
	  of_too_many_rules_the_one_touched_longest_ago_is_forgotten)

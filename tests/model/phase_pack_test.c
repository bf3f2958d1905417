/* core/model/phase_pack.h: what is packed comes back to the bit, and what is not ours is refused. */
#include "core/model/phase_pack.h"

#include <string.h>

#include "tests/table.h"

static struct phase_state some_state(void)
{
	struct phase_state state = {
		.pi = {.1, .2, .3, 1e-300, 5e-324, .05, .04, .31},
		.activity = 3.25,
		.minute = -7,
		.moved = true,
		.rep = MAIN_LATE,
		.counted = 12,
		.confirmed = 1,
		.channels = 10,
		.taken = 70,
		.first_ms = INT64_C(946684800000),
		.counted_ms = INT64_C(1790000000000),
		.started = true,
		.last_ms = INT64_C(1790000001000),
		.recent_count = 2,
		.recent = {{3, INT64_C(1789999000000)}, {255, INT64_C(1790000001000)}},
		.click_count = 3,
		/* a burst leaves no trace but here: its clicks may be far later than last_ms */
		.clicks = {{UINT64_MAX, INT64_C(1799999999999), true},
			   {1, INT64_C(1799999999000), false},
			   {2, INT64_C(1799999998000), true}},
	};
	return state;
}

START_TEST(what_is_packed_comes_back)
{
	struct phase_state state = some_state(), back;
	uint8_t bytes[PHASE_PACK_SIZE_MAX];
	memset(&back, 0, sizeof(back));
	size_t size = phase_pack(&state, bytes);
	ck_assert(phase_unpack(bytes, size, &back));
	ck_assert_mem_eq(back.pi, state.pi, sizeof(state.pi));
	ck_assert_mem_eq(&back.activity, &state.activity, sizeof(double));
	ck_assert_int_eq(back.minute, state.minute);
	ck_assert_int_eq(back.rep, state.rep);
	ck_assert_uint_eq(back.counted, 12);
	ck_assert_uint_eq(back.confirmed, 1);
	ck_assert_uint_eq(back.channels, 10);
	ck_assert_uint_eq(bytes[PHASE_PACK_CHANNELS_AT], 10); /* where a view looks for it */
	ck_assert_uint_eq(back.taken, 70);
	ck_assert_uint_eq(phase_pack_taken(bytes, size), 70);
	ck_assert_uint_eq(phase_pack_taken(bytes, 8), 0);
	ck_assert_int_eq(back.first_ms, state.first_ms);
	ck_assert_int_eq(back.counted_ms, state.counted_ms);
	ck_assert_int_eq(back.last_ms, state.last_ms);
	ck_assert(back.moved && back.started);
	ck_assert_uint_eq(back.recent_count, 2);
	ck_assert_uint_eq(back.click_count, 3);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(back.recent[i].rule, state.recent[i].rule);
		ck_assert_int_eq(back.recent[i].last_ms, state.recent[i].last_ms);
	}
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(back.clicks[i].link, state.clicks[i].link);
		ck_assert_int_eq(back.clicks[i].last_ms, state.clicks[i].last_ms);
		ck_assert(back.clicks[i].left_out == state.clicks[i].left_out);
	}
}
END_TEST

START_TEST(an_empty_state_says_that_nothing_was_reported)
{
	struct phase_state state = {.rep = MAIN_NONE}, back;
	uint8_t bytes[PHASE_PACK_SIZE_MAX];
	ck_assert(phase_unpack(bytes, phase_pack(&state, bytes), &back));
	ck_assert_int_eq(back.rep, MAIN_NONE);
	ck_assert(!back.moved && !back.started);
}
END_TEST

START_TEST(other_bytes_are_refused)
{
	struct phase_state state = some_state(), back;
	uint8_t bytes[PHASE_PACK_SIZE_MAX];
	size_t size = phase_pack(&state, bytes);
	for (size_t cut = 0; cut < size; cut++) {
		ck_assert_msg(!phase_unpack(bytes, cut, &back), "cut at %zu", cut);
	}
	ck_assert(!phase_unpack(bytes, size + 1, &back));
	uint8_t other = bytes[0];
	bytes[0] = 99;
	ck_assert(!phase_unpack(bytes, size, &back));
	bytes[0] = other;
	bytes[2] = 17; /* no such phase */
	ck_assert(!phase_unpack(bytes, size, &back));
	bytes[2] = UINT8_MAX; /* none, but the state has moved */
	ck_assert(!phase_unpack(bytes, size, &back));
	state.channels = 0; /* counted on none */
	ck_assert(!phase_unpack(bytes, phase_pack(&state, bytes), &back));
	state.channels = 10;
	state.taken = 11; /* more counted than left a trace */
	ck_assert(!phase_unpack(bytes, phase_pack(&state, bytes), &back));
	state.counted = state.confirmed = state.channels = 0; /* moved by nothing */
	ck_assert(!phase_unpack(bytes, phase_pack(&state, bytes), &back));
}
END_TEST

TEST_MAIN("phase_pack", what_is_packed_comes_back, an_empty_state_says_that_nothing_was_reported,
	  other_bytes_are_refused)

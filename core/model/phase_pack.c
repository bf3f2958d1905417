#include "core/model/phase_pack.h"

#include <endian.h>
#include <string.h>

#include "core/base/check.h"

/*
 * Layout, version 3: version u8 | flags u8 (1 moved, 2 started, 4 closed, 16 << i click i left out) | rep i8 | clicks u8 | channels u8 | recent u16 | counted u32 |
 * confirmed u32 | taken u32 | minute i64 | first_ms i64 | counted_ms i64 | last_ms i64 | activity f64 | pi 8 × f64 |
 * recent × (rule u16, ms before last_ms u32) | clicks × (link u64, last_ms i64)
 *
 * Clicks of a burst are left out and leave no other trace, so they may be later than last_ms.
 */
#define FLAG_MOVED 1
#define FLAG_STARTED 2
#define FLAG_CLOSED 4
#define FLAG_LEFT_OUT 16 /* of the first click */

static inline void put(uint8_t **at, uint64_t value, unsigned size)
{
	uint64_t wire = htole64(value);
	memcpy(*at, &wire, size);
	*at += size;
}

static inline void put_double(uint8_t **at, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	put(at, bits, 8);
}

static unsigned flags_of(const struct phase_state *state)
{
	unsigned flags = (state->moved ? FLAG_MOVED : 0) | (state->started ? FLAG_STARTED : 0) |
			 (state->closed ? FLAG_CLOSED : 0);
	for (unsigned i = 0; i < state->click_count; i++) {
		flags |= state->clicks[i].left_out ? FLAG_LEFT_OUT << i : 0;
	}
	return flags;
}

size_t phase_pack(const struct phase_state *state, uint8_t ret_bytes[static PHASE_PACK_SIZE_MAX])
{
	CHECK(state->recent_count <= PHASE_RECENT_MAX && state->click_count <= PHASE_CLICKS_MAX &&
	      state->channels <= UINT8_MAX);
	uint8_t *at = ret_bytes;
	put(&at, PHASE_PACK_VERSION, 1);
	put(&at, flags_of(state), 1);
	put(&at, (uint8_t)(int8_t)state->rep, 1);
	put(&at, state->click_count, 1);
	put(&at, state->channels, 1);
	put(&at, state->recent_count, 2);
	put(&at, state->counted, 4);
	put(&at, state->confirmed, 4);
	put(&at, state->taken, 4);
	put(&at, (uint64_t)state->minute, 8);
	put(&at, (uint64_t)state->first_ms, 8);
	put(&at, (uint64_t)state->counted_ms, 8);
	put(&at, (uint64_t)state->last_ms, 8);
	put_double(&at, state->activity);
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		put_double(&at, state->pi[k]);
	}
	for (unsigned i = 0; i < state->recent_count; i++) {
		put(&at, state->recent[i].rule, 2);
		put(&at, (uint64_t)(state->last_ms - state->recent[i].last_ms), 4);
	}
	for (unsigned i = 0; i < state->click_count; i++) {
		put(&at, state->clicks[i].link, 8);
		put(&at, (uint64_t)state->clicks[i].last_ms, 8);
	}
	return (size_t)(at - ret_bytes);
}

static inline uint64_t get(const uint8_t **at, unsigned size)
{
	uint64_t wire = 0;
	memcpy(&wire, *at, size);
	*at += size;
	return le64toh(wire);
}

static inline double get_double(const uint8_t **at)
{
	uint64_t bits = get(at, 8);
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

#define HEAD_SIZE (1 + 1 + 1 + 1 + 1 + 2 + 4 + 4 + 4 + 8 * 4 + 8 + 8 * PHASE_STATES)

#define TAKEN_AT (PHASE_PACK_CHANNELS_AT + 1 + 2 + 4 + 4)

uint32_t phase_pack_taken(const uint8_t *bytes, size_t size)
{
	if (size < HEAD_SIZE || bytes[0] != PHASE_PACK_VERSION) {
		return 0;
	}
	const uint8_t *at = bytes + TAKEN_AT;
	return (uint32_t)get(&at, 4);
}

bool phase_unpack(const uint8_t *bytes, size_t size, struct phase_state *ret_state)
{
	if (size < HEAD_SIZE || bytes[0] != PHASE_PACK_VERSION) {
		return false;
	}
	const uint8_t *at = bytes + 1;
	unsigned flags = (unsigned)get(&at, 1);
	bool moved = (flags & FLAG_MOVED) != 0, closed = (flags & FLAG_CLOSED) != 0;
	int rep = (int)get(&at, 1);
	rep = rep == UINT8_MAX ? MAIN_NONE : rep;
	unsigned click_count = (unsigned)get(&at, 1), channels = (unsigned)get(&at, 1);
	unsigned recent_count = (unsigned)get(&at, 2);
	if (rep >= MAIN_COUNT || moved != (rep != MAIN_NONE) || (moved && closed) ||
	    click_count > PHASE_CLICKS_MAX || recent_count > PHASE_RECENT_MAX ||
	    size != HEAD_SIZE + (size_t)recent_count * 6 + (size_t)click_count * 16) {
		return false;
	}
	uint32_t counted = (uint32_t)get(&at, 4), confirmed = (uint32_t)get(&at, 4), taken = (uint32_t)get(&at, 4);
	if (moved != (counted > 0 || confirmed > 0) || (channels != 0) != (counted > 0) || taken < counted) {
		return false;
	}
	struct phase_state *state = ret_state;
	memset(state, 0, offsetof(struct phase_state, recent));
	state->moved = moved;
	state->closed = closed;
	state->started = (flags & FLAG_STARTED) != 0;
	state->rep = (enum main_phase)rep;
	state->click_count = click_count;
	state->recent_count = recent_count;
	state->counted = counted;
	state->channels = channels;
	state->confirmed = confirmed;
	state->taken = taken;
	state->minute = (int64_t)get(&at, 8);
	state->first_ms = (int64_t)get(&at, 8);
	state->counted_ms = (int64_t)get(&at, 8);
	state->last_ms = (int64_t)get(&at, 8);
	state->activity = get_double(&at);
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		state->pi[k] = get_double(&at);
	}
	for (unsigned i = 0; i < recent_count; i++) {
		state->recent[i].rule = (uint16_t)get(&at, 2);
		state->recent[i].last_ms = state->last_ms - (int64_t)get(&at, 4);
	}
	for (unsigned i = 0; i < click_count; i++) {
		state->clicks[i].link = get(&at, 8);
		state->clicks[i].last_ms = (int64_t)get(&at, 8);
		state->clicks[i].left_out = (flags & (unsigned)FLAG_LEFT_OUT << i) != 0;
	}
	return true;
}

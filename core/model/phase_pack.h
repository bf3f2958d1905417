/*
 * The fold state as bytes: what column phase.fold keeps. Every bit of every double is kept, little end first, so that
 * a state read back goes on with the same bits.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/phase.h"

/* Of the layout. What is stored of another one is passed over, and folded anew where it is needed. View report.contact_phase knows it, too. */
#define PHASE_PACK_VERSION 3
#define PHASE_PACK_CHANNELS_AT 4
#define PHASE_PACK_SIZE_MAX (128 + PHASE_RECENT_MAX * 6 + PHASE_CLICKS_MAX * 16)

/* Returns how many bytes were written. */
size_t phase_pack(const struct phase_state *state, uint8_t ret_bytes[static PHASE_PACK_SIZE_MAX]);
/* Touches that left a trace in a packed state; 0 of bytes that are not ours. */
uint32_t phase_pack_taken(const uint8_t *bytes, size_t size);
/* False when the bytes are not what phase_pack() of this version writes. */
bool phase_unpack(const uint8_t *bytes, size_t size, struct phase_state *ret_state);

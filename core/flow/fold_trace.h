/*
 * What a state remembers of earlier touches: when each rule was touched last (repeats), which links of mails were clicked
 * last (scanners). For fold.c alone; nothing here moves a probability.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/model/phase.h"
#include "core/model/touch.h"

#define FOLD_TRACE_NO_RULE UINT16_MAX

/* The state's clock goes to `ms`; rules and clicks that are too old to matter from there are forgotten. `rule` (or
 * FOLD_TRACE_NO_RULE) was touched now. Returns whether that repeats a touch of at most 30 minutes ago. */
bool fold_trace_leave(struct phase_state *state, int64_t ms, uint16_t rule);
/* Which link a mail click went to; its rule's number stands for one that is not known. */
uint64_t fold_trace_link(const struct fold_touch *touch);
/* Puts a click among the most recent distinct links. Four are enough: whatever link comes next, three others decide. */
void fold_trace_click(struct phase_state *state, const struct phase_click *click);
/* Do the clicks of the last 60 s and this one go to four distinct links? *ret_traces: some of them left a trace. */
bool fold_trace_is_burst(const struct phase_state *state, const struct fold_touch *touch, bool *ret_traces);

/*
 * Why an event is taken for a machine's: what its sender or the collector says, and what it says of itself. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct event;

/* A mask of enum machine_reason, those of MACHINE_FOUND not among them; 0: a person's, as far as the event alone tells. */
uint32_t machine_reasons(const struct event *event);

/* Sent, delivered, clicked: does such a touch tell that another one is a machine's, or is it told so? */
bool machine_is_timed(int action);

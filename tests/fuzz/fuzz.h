/*
 * What libFuzzer calls, and replay.c with the corpora in the tree.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Takes any bytes; a bug ends the process. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What the commands about positions share.
 */
#pragma once
#include <stdint.h>

#define POSITION_BEGINNING INT64_C(-2) /* next_offset where nothing was read yet: the oldest message there is */
#define POSITION_KAFKA_MS_MAX 5000

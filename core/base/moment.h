/*
 * Moments: 64-bit UTC microseconds since 1970 (names end in _us), and RFC 3339 text.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define MOMENT_TEXT_SIZE 32
#define MOMENT_MS_US INT64_C(1000)
#define MOMENT_SECOND_US INT64_C(1000000)
#define MOMENT_DAY_US (INT64_C(86400) * MOMENT_SECOND_US)
#define MOMENT_2000_US INT64_C(946684800000000)
#define MOMENT_POSTGRES_EPOCH_US MOMENT_2000_US /* PostgreSQL counts from 2000-01-01 */

/* The real clock and the one that only goes forward; floor 4 reaches the first through its io_ops. */
int64_t moment_now_us(void);
int64_t moment_monotonic_us(void);

/* "2026-11-25T19:30:00.123456Z"; the fraction is left out when it is zero. Years 0001 to 9999, else "out of range". */
void moment_print(int64_t us, char ret_text[static MOMENT_TEXT_SIZE]);
/* The same without its fraction. */
void moment_print_second(int64_t us, char ret_text[static MOMENT_TEXT_SIZE]);
/* RFC 3339 with an offset or Z, upper or lower case T and Z, up to nine digits of fraction (cut to µs). */
bool moment_read(const char *text, int64_t *ret_us);

/* Floor division: the millisecond and the minute that a moment lies in, also before 1970. */
static inline int64_t moment_floor(int64_t value, int64_t unit)
{
	return value / unit - (value % unit < 0 ? 1 : 0);
}

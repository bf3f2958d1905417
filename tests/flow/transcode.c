/*
 * What json_mapping.py drives: a line "wire HEX" or "json HEX" in, "ok HEX" out (decoded and encoded again), or the outcome
 * and the field.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/decode.h"

#define NOW_US INT64_C(1795600900000000)

static size_t from_hex(const char *hex, uint8_t *ret_bytes)
{
	size_t size = 0;
	for (; isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]); hex += 2) {
		const char digits[] = {hex[0], hex[1], '\0'};
		ret_bytes[size++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return size;
}

static void answer(const struct message *message, struct arena *arena)
{
	struct event *event;
	struct reject reject;
	const uint8_t *bytes;
	size_t size;
	enum outcome outcome = decode_event(message, arena, NULL, &event, &reject);
	if (outcome != OUTCOME_NONE) {
		printf("%s %s\n", outcome_about[outcome].name, reject.field);
		return;
	}
	CHECK(encode_event(event, arena, &bytes, &size));
	printf("ok ");
	for (size_t i = 0; i < size; i++) {
		printf("%02x", bytes[i]);
	}
	printf("\n");
}

int main(void)
{
	static uint8_t bytes[EVENT_MESSAGE_SIZE_MAX];
	static char line[EVENT_MESSAGE_SIZE_MAX * 2 + 8];
	struct arena arena;
	CHECK(arena_init(&arena, (size_t)8 << 20));
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct message message = {.timestamp_us = NOW_US,
					  .form = strncmp(line, "json", 4) == 0 ? FORM_JSON : FORM_PROTOBUF,
					  .value = bytes,
					  .size = from_hex(line + 5, bytes)};
		answer(&message, &arena);
		arena_reset(&arena, (size_t)1 << 20);
	}
	arena_finish(&arena);
	return EXIT_SUCCESS;
}

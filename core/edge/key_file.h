/*
 * The secret that actor ids are keyed with, read from a file (a systemd credential, or a file of root's).
 *
 * The file's bytes are the key as they are, 32 to 128 of them; one newline at its end is not part of it, so that
 * `openssl rand -hex 32 > identity.key` makes a good one. Refused: missing, not a regular file, too short, too long,
 * readable or writable by everybody, writable by the group.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"

#define KEY_FILE_SIZE_MIN 32
#define KEY_FILE_SIZE_MAX 128

/* False: FAIL_FATAL / EXIT_CONFIG, naming the file and why. The caller ends the key with explicit_bzero(). */
bool key_file_read(const char *path, uint8_t ret_bytes[static KEY_FILE_SIZE_MAX], size_t *ret_size,
		   struct fail *fail);
